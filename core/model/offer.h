/* offer.h: what a source says a verb would truly do now, before policy. Pure. */
#pragma once

#include "model/observation.h"

/* Does the upstream let our credential use a verb? */
enum sw_right {
    SW_RIGHT_UNKNOWN = 0, /* not asked, no answer, or one that proves nothing */
    SW_RIGHT_MAY,         /* a question like it was not refused; no upstream promises more */
    SW_RIGHT_NO,          /* refused, in so many words */
};

struct sw_right_seen {
    enum sw_right right;
    char words[512]; /* the upstream's, or why it is not known; empty with UNKNOWN: the upstream has
                        no such verb */
};

struct sw_source_offer {
    bool is_possible;                /* the upstream would accept it in this state */
    char reason[SW_LINE_MAX];        /* why not, when not possible */
    char effect[320];                /* one honest sentence */
    char will_not[320];              /* what it will not do; may be empty */
    struct sw_value to_percent;      /* the percent it leads to */
};
