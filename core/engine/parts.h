/* parts.h: what a core is put together from; tests put in their own.
 *
 * sw_core_open uses the registry of source kinds and curl. A test gives its own kinds, a transport
 * instead of the network, and short times. */
#pragma once

#include "net/channel.h"
#include "sources/source.h"

/* How long things take; REAL milliseconds. */
struct sw_tuning {
    int64_t publish_gap_ms; /* between two snapshots at least */
    int64_t cache_gap_ms;   /* between two writes of the cache at least */
    int64_t watch_gap_ms;   /* between two looks at the ledger's head */
    int64_t drain_ms;       /* what actions get at the end */
    int64_t read_first_ms;  /* first wait of a read-back; doubles up to ... */
    int64_t read_max_ms;
    int64_t resend_after_ms; /* a halt that reads as not taken is sent again this long after it was
                                accepted; doubles up to a minute */
    int64_t settle_gap_ms;   /* between the two reads that prove an old intent not taken */
    int64_t settle_patience_ms; /* a request may be at work that long after its intent */
    int64_t seen_timeout_ms;    /* 0: as the source kind says */
    int64_t release_wait_ms;    /* an action waits for the release's name from git */
    int64_t halt_read_ms; /* a halt with known ids waits so long for its re-read, then goes blind */
};
extern const struct sw_tuning sw_tuning_default;

struct sw_parts {
    const struct sw_source_kind *const *kinds; /* ended by NULL */
    const struct sw_transport *transport;      /* NULL: curl */
    const struct sw_tuning *tuning;            /* NULL: the default */
};

/* sw_core_open with other parts; they must outlive the core. */
enum sw_code sw_core_open_parts(const struct sw_open_options *options, const struct sw_parts *parts,
                                struct sw_core **out, struct sw_problems *problems,
                                struct sw_error *err);
