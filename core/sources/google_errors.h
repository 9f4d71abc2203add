/* google_errors.h: what Google's APIs say when they refuse, in words. For every Google kind. */
#pragma once

#include "sources/source.h"

/* What a refusal means for the flow and for the reader. */
struct google_refusal {
    const char *part;   /* of the message or the reason, any case; NULL: of this status, any text */
    const char *advice; /* may be empty */
    int fault;          /* the kind's own; 0: none */
    int status;         /* HTTP, with a NULL part */
};

/* One API: how its errors are read. The first refusal that fits counts. */
struct google_api {
    const char *title; /* who says so: "Google Play" */
    const struct google_refusal *refusals;
    size_t refusal_count;
    enum sw_code bad_request; /* what a 400 or a 410 is, unless it tells of a quota */
};

/* Sends, and on an error status replaces err by Google's own words with what they mean. doing:
 * "reading the tracks of com.acme.app". *fault (may be NULL) is the refusal's, else 0. */
enum sw_code google_exchange(struct sw_flow *flow, const struct sw_request *request,
                             const struct google_api *api, const char *doing,
                             struct sw_reply *reply, int *fault, struct sw_error *err);
