/* policy.h: may this verb be carried out now? Pure; asked for every offer in a
 * snapshot and again on the action's thread just before the intent. */
#pragma once

#include "model/offer.h"

struct sw_policy_input {
    enum sw_verb verb;
    bool is_read_only;
    bool is_right_missing;            /* for certain */
    char right_reason[640];           /* whose right, and the upstream's words */
    bool is_stale;                    /* rollout state older than stale-after, cached, or unknown */
    bool is_halt_pending;             /* a halt is asked and not yet seen */
    enum sw_gate_verdict gates_worst; /* over blocking gates */
    char gate_reason[SW_LINE_MAX];    /* of the gate that decides */
    size_t blocking_open;             /* open blocking checklist items */
    bool is_checklist_known;          /* or none configured */
    int64_t soak_left_s;              /* 0: soak is over or there is none */
    bool has_override;
    const struct sw_source_offer *offer;
};

struct sw_policy_answer {
    bool is_allowed;
    bool can_override;                /* only overridable things are in the way */
    enum sw_code code;                /* REFUSED, STALE, DENIED or OK */
    char reason[640];
};

/* Read-only, a right that is surely missing and an impossible offer cannot be
 * overridden. Halt is refused for nothing but those three. Resume additionally needs fresh data. Advance and
 * complete need fresh data, every blocking gate PASS, no open blocking item
 * and the soak over, or an override. Roll back needs fresh data. */
void sw_policy_judge(const struct sw_policy_input *input, struct sw_policy_answer *answer);
