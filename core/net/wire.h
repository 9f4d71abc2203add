/* wire.h: one request as it goes out, and what is known of it afterwards.
 *
 * Made by the channel for one attempt, on the flow's thread; the transport
 * reads the first part and fills the second. Everything is borrowed for the
 * time of the attempt. */
#pragma once

#include "net/exchange.h"
#include "net/origin.h"
#include "net/secret.h"

/* What makes a request ours. Wiped and released by wire_credential_clear. */
struct wire_credential {
    struct sw_secret *bearer;     /* Authorization: Bearer; NULL: none */
    char aws_scope[160];          /* "aws:amz:<region>:<service>"; empty: not signed */
    struct sw_secret *aws_key_id; /* with aws_scope always; */
    struct sw_secret *aws_secret;
    struct sw_secret *aws_token;  /* NULL: none */
};
void wire_credential_clear(struct wire_credential *credential);

struct wire_call {
    /* ---- what to send */
    const struct sw_request *request;
    const struct origin *origin;
    const char *url;               /* whole, with the query */
    const char *ca_file;           /* NULL: the system's */
    struct wire_credential credential;
    size_t body_max_bytes;
    int64_t deadline_mono_ms;
    bool is_action;                /* own connections */
    bool is_lookup_skipped;        /* go to the address that answered last, where one is known */
    void *pool;                    /* of the channel's connections when is_action; the transport's */

    /* ---- guarded by the transport's lock */
    bool is_cancelled;

    /* ---- what happened */
    bool is_sent;                  /* a byte may have left */
    bool is_lookup_failed;         /* the name could not be looked up, or not in time */
    int64_t queued_ms;             /* REAL */
    int64_t first_byte_ms;         /* REAL, when the first byte of the request left; 0: never */
    int64_t total_ms;
    size_t body_bytes;             /* of the reply, decompressed */
};
