/*
 * replies.h: fuzz input as the replies of an upstream, for sources behind a test flow.
 *
 * The input is cut at lines holding a single "%" into replies, served in order whatever is asked. A
 * reply that begins with three digits and a blank has that status, else 200; "000 " is a request
 * that times out. When they are used up, or after 200 of them, all requests do.
 */
#pragma once

#include "support/flow.h"

struct replies {
    const char *at;
    size_t left;
    size_t served;
};

void replies_init(struct replies *replies, const uint8_t *data, size_t size);
/* For flow_perform_with, with a struct replies. */
enum sw_code replies_perform(void *arg, const struct sw_request *request, struct sw_reply *reply,
                             struct sw_error *err);

/* Asserts what holds for every report, whatever came in: figures are unknown or in range, texts are
 * clean, no reading is of the future. */
void replies_check(const struct sw_flow *flow, size_t targets, int64_t now_ms);
/* The same for an error's text. */
void replies_check_error(enum sw_code code, const struct sw_error *err);

/* Asks a kind that acts for every verb's offer: each has an effect or a reason, never both. */
void replies_check_offers(const struct sw_source_kind *kind, const struct sw_target *target,
                          const struct sw_rollout *rollout);
/* Takes the next reply's text for something else than a reply (a handle); free it. NULL: none. */
char *replies_take(struct replies *replies);
