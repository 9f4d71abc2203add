/* offer.h: what a source says a verb would truly do now, before policy. Pure. */
#pragma once

#include "model/observation.h"

struct sw_source_offer {
    bool is_possible;                /* the upstream would accept it in this state */
    char reason[SW_LINE_MAX];        /* why not, when not possible */
    char effect[320];                /* one honest sentence */
    char will_not[320];              /* what it will not do; may be empty */
    struct sw_value to_percent;      /* the percent it leads to */
};
