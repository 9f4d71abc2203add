/* google_play.c: staged rollouts on Google Play's tracks, for phones, Wear OS and other forms.
 *
 * A platform is a package and a track ("production", "wear:production"). What is read and how is
 * in google_play_read.c, what it means in google_play_state.c (the state table), what a verb
 * sends in google_play_act.c, and what edits do to other programs in google_play_edit.c. Here:
 * the options, and for each verb one honest sentence about what it would do now.
 *
 * Guarantees: a release is addressed by version code, never by name or position; no review is
 * cancelled and nothing is left waiting for a person without saying so; what Play cannot do (take
 * a version off a device, lower a percentage, act at once) is in the sentence.
 * It does not upload, create or promote releases; vitals are another kind (play_vitals.c).
 *
 * Sources: Google "APKs and Tracks", Play Console Help "Halting a fully rolled-out release" and
 * "Release app updates with staged rollouts" (the group of users stays the same), Google "Quotas"
 * (3,000 queries a minute); read 2026-01. */
#include "sources/google_play.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* ------------------------------------------------------------------ offers */

/* What an offer is made from. */
struct stand {
    const struct sw_rollout *rollout;
    char name[2 * SW_WORD_MAX + 32]; /* "2.15.3 (code 2025011401)" */
    char before[SW_WORD_MAX + 48];   /* what is served instead */
    bool is_draft;                   /* nobody is served it and no review runs */
    bool is_waiting;                 /* something of it waits for a review or a person */
    bool has_before;                 /* a release to serve instead was seen */
    bool is_internal;                /* on the internal testing track */
    struct sw_value next;            /* the plan's next stage */
};

static void stand_init(struct stand *stand, const struct sw_target *target,
                       const struct sw_rollout *rollout)
{
    static const char *const waiting[] = {"NOT_SENT_FOR_REVIEW", "IN_REVIEW",
                                          "APPROVED_NOT_PUBLISHED", "NOT_APPROVED"};
    *stand = (struct stand){.rollout = rollout,
                            .has_before = rollout->previous_build[0] != '\0',
                            .is_internal = gplay_is_internal(gplay_track_name(target))};
    if (rollout->version[0])
        sw_format(stand->name, sizeof(stand->name), "%s (code %s)", rollout->version,
                  rollout->identity);
    else
        sw_format(stand->name, sizeof(stand->name), "version code %s", rollout->identity);
    if (rollout->previous_version[0])
        sw_copy(stand->before, sizeof(stand->before), rollout->previous_version);
    else
        sw_copy(stand->before, sizeof(stand->before), "the completed release before it");
    stand->is_draft =
        sw_text_starts(rollout->raw_state, "draft") || sw_text_starts(rollout->raw_state, "DRAFT");
    for (size_t i = 0; i < SW_ARRAY_LEN(waiting); i++)
        if (!stand->is_draft && strstr(rollout->raw_state, waiting[i]))
            stand->is_waiting = true;
    if (target->plan)
        stand->next = sw_plan_next_percent(target->plan, rollout->percent_set);
}

static void no(struct sw_source_offer *out, const char *reason)
{
    sw_copy(out->reason, sizeof(out->reason), reason);
}

static struct sw_value percent(double value)
{
    return (struct sw_value){value, true};
}

static const char *percent_word(struct sw_value value, char buf[32])
{
    return sw_percent_text(value, true, buf, 32);
}

/* Google "Concurrency considerations": a commit knows no "only mine". */
static void sends_all(struct sw_source_offer *out)
{
    size_t len = strlen(out->effect);
    sw_copy(out->effect + len, sizeof(out->effect) - len,
            " All that waits in the Console is sent along.");
}

static void keeps(const struct stand *stand, struct sw_source_offer *out)
{
    sw_format(out->will_not, sizeof(out->will_not),
              "It takes %s off no device: who has it keeps it, until a higher version code comes.",
              stand->name);
}

/* Halting what everybody gets: Play's own roll back. */
static void offer_halt_complete(const struct stand *stand, struct sw_source_offer *out)
{
    if (stand->is_internal) {
        no(out, "Play cannot halt on the internal testing track: give testers a higher version code");
        return;
    }
    out->is_possible = true;
    out->to_percent = percent(0);
    sw_format(out->effect, sizeof(out->effect),
              "Halts the completed release %s: within hours Play serves %s to new users and to "
              "those who have not updated yet.",
              stand->name, stand->before);
    sends_all(out);
    sw_format(out->will_not, sizeof(out->will_not), "It takes it off no device.%s",
              stand->has_before ? " Play refuses should the release before it not be served."
                                : " No earlier completed release was ever seen here: without one "
                                  "Play refuses.");
}

static void offer_halt_staged(const struct stand *stand, struct sw_source_offer *out)
{
    char kept[32];
    out->is_possible = true;
    out->to_percent = stand->rollout->percent_set;
    sw_format(out->effect, sizeof(out->effect),
              "Within hours Play gives %s to no more users and serves %s to the rest; %s is kept "
              "to resume from.%s",
              stand->name, stand->before, percent_word(stand->rollout->percent_set, kept),
              stand->is_waiting ? " A change to it waits: should Play refuse, you are asked whether "
                                  "to cancel the review."
                                : "");
    sends_all(out);
    keeps(stand, out);
}

static void offer_halt(const struct stand *stand, struct sw_source_offer *out)
{
    switch (stand->rollout->state) {
    case SW_STATE_COMPLETE:
        offer_halt_complete(stand, out);
        return;
    case SW_STATE_ROLLING:
        offer_halt_staged(stand, out);
        return;
    case SW_STATE_HALTED:
    case SW_STATE_ROLLED_BACK:
        out->is_possible = true;
        out->to_percent = stand->rollout->percent_set;
        sw_copy(out->effect, sizeof(out->effect),
                "It was halted when last read: Slipway reads it again, and sends the halt only if "
                "it is not.");
        keeps(stand, out);
        return;
    case SW_STATE_NONE:
        no(out, "the track has no release");
        return;
    case SW_STATE_FAILED:
        no(out, "Google did not approve it: nobody is served it");
        return;
    case SW_STATE_READY:
    case SW_STATE_IN_REVIEW:
        if (stand->is_draft) {
            no(out, "it is a draft: nobody is served it");
            return;
        }
        break;
    case SW_STATE_TESTING:
        no(out, "it is on testing tracks only: this track has no release to halt");
        return;
    case SW_STATE_UNKNOWN:
    case SW_STATE_BUILDING:
    case SW_STATE_COUNT:
        break;
    }
    out->is_possible = true;
    sw_format(out->effect, sizeof(out->effect),
              "Asks Play to halt %s although its state is %s; should Play refuse, its words are "
              "shown and a person must halt it in the Play Console.",
              stand->name, stand->rollout->raw_state[0] ? stand->rollout->raw_state : "not known");
    keeps(stand, out);
}

static void offer_resume(const struct stand *stand, struct sw_source_offer *out)
{
    const struct sw_rollout *rollout = stand->rollout;
    if (rollout->state != SW_STATE_HALTED && rollout->state != SW_STATE_ROLLED_BACK) {
        no(out, "only a halted rollout can be resumed");
        return;
    }
    bool is_staged = rollout->state == SW_STATE_HALTED && rollout->percent_set.is_known;
    char to[32];
    out->is_possible = true;
    out->to_percent = is_staged ? rollout->percent_set : percent(100);
    if (is_staged)
        sw_format(out->effect, sizeof(out->effect),
                  "Within hours Play gives %s to %s of users again, the same ones as before.",
                  stand->name, percent_word(rollout->percent_set, to));
    else
        sw_format(out->effect, sizeof(out->effect),
                  "Within hours Play gives %s to everybody again: it was halted at 100%%.",
                  stand->name);
    sends_all(out);
    sw_copy(out->will_not, sizeof(out->will_not), "Play chooses no other users for the new try.");
}

static void offer_complete(const struct stand *stand, struct sw_source_offer *out)
{
    out->is_possible = true;
    out->to_percent = percent(100);
    sw_format(out->effect, sizeof(out->effect), "Within hours Play gives %s to everybody%s.",
              stand->name, stand->is_draft ? ", once Google has reviewed it" : "");
    sends_all(out);
    sw_copy(out->will_not, sizeof(out->will_not),
            "It can not be lowered to a percentage again: a completed release can only be halted "
            "as a whole.");
}

/* Why neither advance nor complete is possible; NULL: they are. */
static const char *why_not_wider(const struct stand *stand)
{
    switch (stand->rollout->state) {
    case SW_STATE_ROLLING:
    case SW_STATE_READY:
        break;
    case SW_STATE_HALTED:
        return "it is halted: resume it first";
    case SW_STATE_ROLLED_BACK:
        return "it is rolled back: resume it, or ship a higher version code";
    case SW_STATE_COMPLETE:
        return "everybody gets it already";
    case SW_STATE_IN_REVIEW:
        return "Google is reviewing it";
    case SW_STATE_FAILED:
        return "Google did not approve it";
    case SW_STATE_NONE:
        return "the track has no release";
    case SW_STATE_TESTING:
        return "it is on testing tracks only: promote it in the Play Console";
    case SW_STATE_UNKNOWN:
    case SW_STATE_BUILDING:
    case SW_STATE_COUNT:
        return "its state is not known";
    }
    if (stand->is_waiting)
        return "a change to it waits for a review, or for a person in the Play Console";
    return NULL;
}

static void offer_advance(const struct stand *stand, struct sw_source_offer *out)
{
    char from[32], to[32];
    const char *why = why_not_wider(stand);
    if (!why && !stand->next.is_known)
        why = "the plan has no further stage: complete gives it to everybody";
    if (why) {
        no(out, why);
        return;
    }
    if (stand->next.value >= 100) {
        offer_complete(stand, out);
        return;
    }
    out->is_possible = true;
    out->to_percent = stand->next;
    sw_format(out->effect, sizeof(out->effect), "Within hours Play gives %s to %s of users%s%s%s.",
              stand->name, percent_word(stand->next, to), stand->is_draft ? "" : " instead of ",
              stand->is_draft ? "" : percent_word(stand->rollout->percent_set, from),
              stand->is_draft ? ", once Google has reviewed it" : "");
    sends_all(out);
    sw_copy(out->will_not, sizeof(out->will_not),
            "The percentage can not be lowered again, only halted.");
}

static void offer_rollback(const struct stand *stand, struct sw_source_offer *out)
{
    switch (stand->rollout->state) {
    case SW_STATE_COMPLETE:
        offer_halt_complete(stand, out);
        return;
    case SW_STATE_ROLLING:
        offer_halt_staged(stand, out);
        return;
    case SW_STATE_HALTED:
        no(out, "it is halted: Play serves the release before it to everybody else already");
        return;
    case SW_STATE_ROLLED_BACK:
        no(out, "it is rolled back already");
        return;
    case SW_STATE_UNKNOWN:
    case SW_STATE_NONE:
    case SW_STATE_BUILDING:
    case SW_STATE_TESTING:
    case SW_STATE_IN_REVIEW:
    case SW_STATE_READY:
    case SW_STATE_FAILED:
    case SW_STATE_COUNT:
        break;
    }
    no(out, "nothing of it is known to be served");
}

static void offer(const struct sw_target *target, const struct sw_rollout *rollout,
                  enum sw_verb verb, struct sw_source_offer *out)
{
    struct stand stand;
    *out = (struct sw_source_offer){0};
    stand_init(&stand, target, rollout);
    if (!rollout->identity[0] && rollout->state != SW_STATE_NONE) {
        no(out, "no version code is known to address");
        return;
    }
    switch (verb) {
    case SW_VERB_HALT:
        offer_halt(&stand, out);
        break;
    case SW_VERB_RESUME:
        offer_resume(&stand, out);
        break;
    case SW_VERB_ADVANCE:
        offer_advance(&stand, out);
        break;
    case SW_VERB_COMPLETE:
        if (why_not_wider(&stand))
            no(out, why_not_wider(&stand));
        else
            offer_complete(&stand, out);
        break;
    case SW_VERB_ROLLBACK:
        offer_rollback(&stand, out);
        break;
    case SW_VERB_NONE:
    case SW_VERB_COUNT:
        no(out, "no such verb");
        break;
    }
}

/* ------------------------------------------------------------------- table */

static enum sw_code auth_open(const struct sw_node *account, const char *base_url,
                              struct sw_auth **out, struct sw_error *err)
{
    (void)base_url;
    return sw_auth_google_open(account, "https://www.googleapis.com/auth/androidpublisher", out,
                               err);
}

static void unit_key(const struct sw_target *target, char *key, size_t size)
{
    sw_copy(key, size, gplay_package(target));
}

/* Google "Concurrency considerations": one open edit for an account and an app. */
static void advise(const char *principal, bool is_contested, char *out, size_t size)
{
    const char *who = principal ? principal : "of the key file";
    if (is_contested)
        sw_format(out, size,
                  "ANOTHER PROGRAM USES the service account %s: it has ended an edit of ours, and "
                  "ours end its uploads (\"This Edit has been deleted\"). Give Slipway one of its "
                  "own, and wallboard and captain different ones",
                  who);
    else
        sw_format(out, size,
                  "the service account %s should be Slipway's own: each edit read ends an edit that "
                  "CI has open with the same one. Wallboard and captain should use different ones",
                  who);
}

static const struct sw_option account_options[] = {
    SW_SECRET_OPTIONS("key", "service account key (JSON)"),
    {.key = "token_url",
     .type = SW_OPTION_STRING,
     .help = "where to get tokens, instead of the key file's token_uri"},
    {.key = "edit_interval",
     .type = SW_OPTION_DURATION,
     .min = 60,
     .max = 3600,
     .preset = "5m",
     .help = "how often the percent is read; each read opens and drops an edit, which kills an "
             "edit another program has open with the same service account"},
    {.key = "reviews_interval",
     .type = SW_OPTION_DURATION,
     .min = 900,
     .max = 21600,
     .preset = "15m",
     .help = "how often written reviews are read, where a platform's health asks for them; the "
             "quota is 200 reads an hour for each app"},
    {0},
};

static const struct sw_option rollout_options[] = {
    {.key = "package",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "package name of the app",
     .example = "com.acme.app"},
    {.key = "track",
     .type = SW_OPTION_STRING,
     .preset = "production",
     .help = "track; other forms carry a prefix, as in wear:production",
     .example = "production"},
    {0},
};

static const struct sw_option health_options[] = {
    {.key = "package",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "package name of the app",
     .example = "com.acme.app"},
    {0},
};

const struct sw_source_kind sw_source_google_play = {
    .name = "google_play",
    .title = "Google Play",
    .summary = "staged rollouts on Play's tracks: percent, review state, all verbs; the one-star "
               "share of written reviews",
    .can = SW_CAN_ROLLOUT | SW_CAN_ACT | SW_CAN_HEALTH,
    .base_url = "https://androidpublisher.googleapis.com",
    .account_options = account_options,
    .rollout_options = rollout_options,
    .health_options = health_options,
    .metrics = 1u << SW_METRIC_ONE_STAR_SHARE,
    .interval_s = 60,
    /* Twice the edit_interval preset: a rollout is as old as its last edit read. */
    .stale_after_s = 600,
    .advise = advise,
    .slowest_key = "edit_interval",
    .budget = {.per_minute = 600, .burst = 30, .concurrent = 4},
    .operations = gplay_operations,
    .operation_count = GPLAY_OPERATION_COUNT,
    .auth_open = auth_open,
    .unit_key = unit_key,
    .observe = gplay_observe,
    .offer = offer,
    .act = gplay_act,
    .is_seen = gplay_is_seen,
    .rights = gplay_rights,
    .is_asking_rights_felt = true,
};
