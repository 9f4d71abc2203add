/* policy.c: see policy.h. One function a question, asked in the order in which
 * the answers matter; the first no wins. */
#include "model/policy.h"

#include "base/mem.h"

static void refuse(struct sw_policy_answer *answer, enum sw_code code, bool can_override)
{
    answer->is_allowed = false;
    answer->can_override = can_override;
    answer->code = code;
}

static bool refuse_hard(const struct sw_policy_input *in, struct sw_policy_answer *answer)
{
    if (in->is_read_only) {
        refuse(answer, SW_E_REFUSED, false);
        sw_copy(answer->reason, sizeof answer->reason, "read-only: this terminal cannot act");
        return true;
    }
    if (in->is_right_missing) {
        refuse(answer, SW_E_DENIED, false);
        sw_copy(answer->reason, sizeof answer->reason, in->right_reason);
        return true;
    }
    if (!in->offer || !in->offer->is_possible) {
        refuse(answer, SW_E_REFUSED, false);
        sw_copy(answer->reason, sizeof answer->reason,
                in->offer && in->offer->reason[0] ? in->offer->reason : "the store's state is not known");
        return true;
    }
    return false;
}

/* What every verb but halt needs. */
static bool refuse_unsure(const struct sw_policy_input *in, struct sw_policy_answer *answer)
{
    if (in->is_stale) {
        refuse(answer, SW_E_STALE, false);
        sw_copy(answer->reason, sizeof answer->reason,
                "the store's state is stale or unknown; wait until it answers");
        return true;
    }
    if (in->is_halt_pending) {
        refuse(answer, SW_E_REFUSED, false);
        sw_copy(answer->reason, sizeof answer->reason, "a halt is asked and not yet seen");
        return true;
    }
    return false;
}

/* What advance and complete need on top, each of it overridable. */
static bool refuse_unready(const struct sw_policy_input *in, struct sw_policy_answer *answer)
{
    char left[32];
    if (in->has_override) return false;
    if (in->gates_worst != SW_GATE_PASS) {
        bool is_blind = in->gates_worst == SW_GATE_STALE || in->gates_worst == SW_GATE_UNKNOWN;
        refuse(answer, is_blind ? SW_E_STALE : SW_E_REFUSED, true);
        sw_format(answer->reason, sizeof answer->reason, "gate %s: %s",
                  sw_gate_verdict_name(in->gates_worst), in->gate_reason);
        return true;
    }
    if (!in->is_checklist_known) {
        refuse(answer, SW_E_STALE, true);
        sw_copy(answer->reason, sizeof answer->reason, "the checklist could not be read");
        return true;
    }
    if (in->blocking_open > 0) {
        refuse(answer, SW_E_REFUSED, true);
        sw_format(answer->reason, sizeof answer->reason, "%zu blocking checklist item%s open",
                  in->blocking_open, in->blocking_open == 1 ? "" : "s");
        return true;
    }
    if (in->soak_left_s > 0) {
        refuse(answer, SW_E_REFUSED, true);
        sw_format(answer->reason, sizeof answer->reason, "soak: %s left",
                  sw_duration_text(in->soak_left_s, left, sizeof left));
        return true;
    }
    return false;
}

void sw_policy_judge(const struct sw_policy_input *input, struct sw_policy_answer *answer)
{
    *answer = (struct sw_policy_answer){.is_allowed = true};
    if (refuse_hard(input, answer)) return;
    switch (input->verb) {
    case SW_VERB_HALT:
        return;
    case SW_VERB_RESUME:
    case SW_VERB_ROLLBACK:
        (void)refuse_unsure(input, answer);
        return;
    case SW_VERB_ADVANCE:
    case SW_VERB_COMPLETE:
        if (!refuse_unsure(input, answer)) (void)refuse_unready(input, answer);
        return;
    case SW_VERB_NONE:
    case SW_VERB_COUNT:
        break;
    }
    refuse(answer, SW_E_USAGE, false);
    sw_copy(answer->reason, sizeof answer->reason, "no such verb");
}
