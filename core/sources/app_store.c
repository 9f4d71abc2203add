/* app_store.c: phased releases on the App Store, for iOS with the Watch inside its bundle.
 *
 * A platform is an app's bundle id and a store platform (IOS, MAC_OS, TV_OS, VISION_OS; there is
 * none for the Watch: its app ships in the iOS build and shares version, review and phase). What is
 * read is in app_store_read.c, what it means in app_store_state.c (the state table), what a verb
 * sends in app_store_act.c. Here: the options, and for each verb one honest sentence.
 *
 * Guarantees: what Apple cannot do (another percent, a roll back, keeping people from updating by
 * hand) is said before the key is pressed; the pause budget is in the sentence; ids address every
 * write. It never removes an app from sale, never cancels a review, never deletes a phase (which
 * would release to everybody).
 *
 * Sources: App Store Connect Help "Release a version update in phases" (30 days of pause; who gets
 * it all the same); App Store Connect API, OpenAPI document 4.4.1 (no endpoint serves an older
 * version again), "Identifying Rate Limits" (3,500 an hour); read 2026-01. */
#include "sources/app_store.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

/* ------------------------------------------------------------------ offers */

static void no(struct sw_source_offer *out, const char *reason)
{
    sw_copy(out->reason, sizeof(out->reason), reason);
}

static struct sw_value percent(double value)
{
    return (struct sw_value){value, true};
}

static bool has_phase(const struct sw_rollout *rollout)
{
    return rollout->pause_days_total.is_known;
}

static bool is_word(const struct sw_rollout *rollout, const char *word)
{
    return sw_text_starts(rollout->raw_state, word);
}

static bool is_phase(const struct sw_rollout *rollout, const char *word)
{
    char part[48];
    sw_format(part, sizeof(part), ", %s", word);
    return strstr(rollout->raw_state, part) != NULL;
}

static void budget_text(const struct sw_rollout *rollout, char *out, size_t size)
{
    double used = rollout->pause_days_used.value, total = rollout->pause_days_total.value;
    if (rollout->pause_days_used.is_known)
        sw_format(out, size, "Pause budget: %.0f of %.0f days used, %.0f left", used, total,
                  total > used ? total - used : 0);
    else
        sw_format(out, size, "Pause budget: %.0f days, how many are used is not known", total);
}

static void offer_halt_phase(const struct sw_rollout *rollout, struct sw_source_offer *out)
{
    char budget[96], at[32];
    budget_text(rollout, budget, sizeof(budget));
    out->is_possible = true;
    out->to_percent = rollout->percent_set;
    if (rollout->state == SW_STATE_HALTED)
        sw_format(
            out->effect, sizeof(out->effect),
            "It was halted when last read: Slipway reads it again, and sends the halt only if "
            "it is not. %s.",
            budget);
    else if (is_phase(rollout, "ACTIVE"))
        sw_format(out->effect, sizeof(out->effect),
                  "Apple widens the automatic updates to %s no further than %s of those who have "
                  "them on. %s.",
                  rollout->version, sw_percent_text(rollout->percent_set, true, at, sizeof(at)),
                  budget);
    else
        sw_format(out->effect, sizeof(out->effect),
                  "Asks Apple to pause the phased release of %s before its first day; should Apple "
                  "refuse, its words are shown. %s.",
                  rollout->version, budget);
    sw_format(out->will_not, sizeof(out->will_not),
              "It keeps nobody from %s: new installs and updates by hand get it all the same, and "
              "who has it keeps it.",
              rollout->version);
}

static bool is_off_sale(const struct sw_rollout *rollout)
{
    return strstr(rollout->raw_state, "removed from sale") != NULL;
}

/* Whether it is on sale is read every few minutes only: that never closes a halt. */
static void offer_halt_off_sale(const struct sw_rollout *rollout, struct sw_source_offer *out)
{
    out->is_possible = true;
    sw_format(out->effect, sizeof(out->effect),
              "No territory sold the app when last looked, which ends a phased release; its word "
              "for %s is still ACTIVE, and Apple is asked to pause it all the same.",
              rollout->version);
    sw_copy(out->will_not, sizeof(out->will_not),
            "It puts nothing back on sale and takes nothing from it.");
}

static void offer_halt(const struct sw_rollout *rollout, struct sw_source_offer *out)
{
    switch (rollout->state) {
    case SW_STATE_ROLLING:
    case SW_STATE_HALTED:
    case SW_STATE_UNKNOWN:
        if (has_phase(rollout))
            offer_halt_phase(rollout, out);
        else
            no(out, "it has no phased release: everybody gets it, and Apple cannot stop that");
        return;
    case SW_STATE_COMPLETE:
        no(out, "everybody gets it: Apple can halt only a phased release under way; ship a higher "
                "version, or remove the app from sale by hand");
        return;
    case SW_STATE_FAILED:
        if (is_off_sale(rollout) && is_phase(rollout, "ACTIVE")) {
            offer_halt_off_sale(rollout, out);
            return;
        }
        break;
    case SW_STATE_NONE:
    case SW_STATE_BUILDING:
    case SW_STATE_TESTING:
    case SW_STATE_IN_REVIEW:
    case SW_STATE_READY:
    case SW_STATE_ROLLED_BACK:
    case SW_STATE_COUNT:
        break;
    }
    no(out, "it is not out: there is nothing to halt");
}

static void offer_resume(const struct sw_rollout *rollout, struct sw_source_offer *out)
{
    char at[32];
    if (rollout->state != SW_STATE_HALTED) {
        no(out, "only a halted phased release can be resumed");
        return;
    }
    out->is_possible = true;
    out->to_percent = rollout->percent_set;
    sw_format(out->effect, sizeof(out->effect),
              "Apple goes on with %s from %s of automatic updates, one step a day.",
              rollout->version, sw_percent_text(rollout->percent_set, true, at, sizeof(at)));
    sw_copy(out->will_not, sizeof(out->will_not), "The days of pause used do not come back.");
}

/* What a release does to the version that is still on its way. */
static void ending_text(const struct sw_rollout *rollout, char *out, size_t size)
{
    const struct sw_other_version *other = &rollout->other;
    char at[32];
    bool is_phasing =
        other->version[0] && (other->state == SW_STATE_ROLLING || other->state == SW_STATE_HALTED);
    if (is_phasing)
        sw_format(out, size, "ENDS the phased release of %s (%s, %s) for good", other->version,
                  sw_state_name(other->state),
                  sw_percent_text(other->percent_set, true, at, sizeof(at)));
    else
        sw_copy(out, size, "Ends the phased release of the version before, if one runs");
}

static void offer_release(const struct sw_rollout *rollout, struct sw_source_offer *out)
{
    char ending[160];
    ending_text(rollout, ending, sizeof(ending));
    out->is_possible = true;
    out->to_percent = percent(has_phase(rollout) ? 1 : 100);
    if (has_phase(rollout))
        sw_format(out->effect, sizeof(out->effect),
                  "Releases %s: new installs and updates by hand get it, automatic updates begin "
                  "with 1%% and Apple widens them to 100%% over 7 days. %s.",
                  rollout->version, ending);
    else
        sw_format(out->effect, sizeof(out->effect),
                  "Releases %s to EVERYBODY at once: it has no phased release. %s.",
                  rollout->version, ending);
    sw_copy(out->will_not, sizeof(out->will_not),
            "It cannot be taken back, and is not in the store at once: Apple needs minutes to "
            "hours.");
}

/* Why an approved version cannot be released by us. */
static const char *why_not_released(const struct sw_rollout *rollout)
{
    if (is_word(rollout, "PENDING_CONTRACT"))
        return "a contract must be accepted in App Store Connect first";
    return "Apple releases it by itself";
}

static void offer_advance(const struct sw_rollout *rollout, struct sw_source_offer *out)
{
    switch (rollout->state) {
    case SW_STATE_READY:
        if (is_word(rollout, "PENDING_DEVELOPER_RELEASE"))
            offer_release(rollout, out);
        else
            no(out, why_not_released(rollout));
        return;
    case SW_STATE_ROLLING:
        no(out, "Apple widens it by itself, one step a day (1, 2, 5, 10, 20, 50, 100%), and takes "
                "no other percent; complete gives it to everybody");
        return;
    case SW_STATE_HALTED:
        no(out, "it is halted: resume it, and Apple goes on by itself");
        return;
    case SW_STATE_COMPLETE:
        no(out, "everybody gets it already");
        return;
    case SW_STATE_IN_REVIEW:
        no(out, "Apple is reviewing it");
        return;
    case SW_STATE_BUILDING:
    case SW_STATE_TESTING:
        no(out, "it is being prepared: submit it for review in App Store Connect first");
        return;
    case SW_STATE_FAILED:
        no(out, is_word(rollout, "PREPARE_FOR_SUBMISSION")
                    ? "Apple could not process its build: upload another one"
                    : "it was rejected, withdrawn or removed from sale");
        return;
    case SW_STATE_UNKNOWN:
    case SW_STATE_NONE:
    case SW_STATE_ROLLED_BACK:
    case SW_STATE_COUNT:
        break;
    }
    no(out, "its state is not known");
}

static void offer_complete(const struct sw_rollout *rollout, struct sw_source_offer *out)
{
    if (rollout->state == SW_STATE_HALTED) {
        no(out, "it is halted: resume it first");
        return;
    }
    if (rollout->state == SW_STATE_COMPLETE) {
        no(out, "everybody gets it already");
        return;
    }
    if (rollout->state != SW_STATE_ROLLING || !is_phase(rollout, "ACTIVE")) {
        no(out, "no phased release is under way");
        return;
    }
    out->is_possible = true;
    out->to_percent = percent(100);
    sw_format(out->effect, sizeof(out->effect),
              "Gives %s to all users with automatic updates now. Irreversible.", rollout->version);
    sw_copy(out->will_not, sizeof(out->will_not),
            "It cannot be halted afterwards: Apple knows no halt of a complete release.");
}

static void offer(const struct sw_target *target, const struct sw_rollout *rollout,
                  enum sw_verb verb, struct sw_source_offer *out)
{
    (void)target;
    *out = (struct sw_source_offer){0};
    if (!rollout->identity[0] && rollout->state != SW_STATE_NONE && verb != SW_VERB_ROLLBACK) {
        no(out, rollout->version[0] ? "the store has no version of it yet, only testers have it"
                                    : "no version is known to address");
        return;
    }
    switch (verb) {
    case SW_VERB_HALT:
        offer_halt(rollout, out);
        break;
    case SW_VERB_RESUME:
        offer_resume(rollout, out);
        break;
    case SW_VERB_ADVANCE:
        offer_advance(rollout, out);
        break;
    case SW_VERB_COMPLETE:
        offer_complete(rollout, out);
        break;
    case SW_VERB_ROLLBACK:
        no(out, "Apple has no roll back: halt it, ship a higher version, and ask for an expedited "
                "review on Apple's web form");
        break;
    case SW_VERB_NONE:
    case SW_VERB_COUNT:
        no(out, "no such verb");
        break;
    }
}

/* ------------------------------------------------------------------- table */

/* Apple has look-alikes on other hosts of its own: the enterprise programme's API, which wants
 * another audience in the token, and the private one behind App Store Connect's own pages, which
 * has more fields. Source: fastlane (enterprise keys; iris), read 2026-01. */
static bool is_other_apple_host(const char *base_url)
{
    static const char apple[] = ".apple.com", ours[] = "api.appstoreconnect.apple.com";
    const char *at = base_url ? strstr(base_url, "://") : NULL;
    const char *host = at ? at + 3 : "";
    size_t len = strcspn(host, "/:?#");
    bool is_apple = len >= sizeof(apple) - 1 &&
                    strncasecmp(host + len - (sizeof(apple) - 1), apple, sizeof(apple) - 1) == 0;
    return is_apple && (len != sizeof(ours) - 1 || strncasecmp(host, ours, len) != 0);
}

static enum sw_code auth_open(const struct sw_node *account, const char *base_url,
                              struct sw_auth **out, struct sw_error *err)
{
    if (is_other_apple_host(base_url))
        return sw_fail(err, SW_E_CONFIG,
                       "base_url: of Apple's hosts only api.appstoreconnect.apple.com is "
                       "supported, neither the enterprise programme's nor the private API of the "
                       "web pages");
    return sw_auth_app_store_open(account, out, err);
}

static void unit_key(const struct sw_target *target, char *key, size_t size)
{
    sw_copy(key, size, sw_node_str(target->options, "bundle_id"));
}

static const struct sw_option account_options[] = {
    {.key = "issuer_id",
     .type = SW_OPTION_STRING,
     .help = "issuer of a team key; left out for an individual key",
     .example = "57246542-96fe-1a63-e053-0824d011072a"},
    {.key = "key_id",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "id of the API key",
     .example = "2X9R4HXF34"},
    SW_SECRET_OPTIONS("key", "API key (AuthKey_….p8)"),
    {0},
};

static const char *const platforms[] = {"IOS", "MAC_OS", "TV_OS", "VISION_OS", NULL};

static const struct sw_option rollout_options[] = {
    {.key = "bundle_id",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "bundle id of the app",
     .example = "com.acme.app"},
    {.key = "app_id",
     .type = SW_OPTION_STRING,
     .help = "Apple's numeric id of the app; looked up by bundle id when left out"},
    {.key = "platform",
     .type = SW_OPTION_CHOICE,
     .choices = platforms,
     .preset = "IOS",
     .help = "which of the app's store platforms; the Watch is in IOS"},
    {0},
};

static const struct sw_option health_options[] = {
    {.key = "bundle_id",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "bundle id of the app whose written reviews are counted; its rollout must be this "
             "source's",
     .example = "com.acme.app"},
    {0},
};

const struct sw_source_kind sw_source_app_store = {
    .name = "app_store",
    .title = "App Store Connect",
    .summary = "phased releases: day, percent, pause budget; halt, resume, release, complete; "
               "builds and written reviews",
    .can = SW_CAN_ROLLOUT | SW_CAN_HEALTH | SW_CAN_ACT,
    .base_url = "https://api.appstoreconnect.apple.com",
    .account_options = account_options,
    .rollout_options = rollout_options,
    .health_options = health_options,
    .metrics = 1u << SW_METRIC_ONE_STAR_SHARE,
    .interval_s = 60,
    .stale_after_s = 300,
    /* 3,500 an hour for all programs with this key; bursts are refused long before. */
    .budget = {.per_minute = 50, .burst = 10, .concurrent = 1},
    /* A page of 200 versions with builds and phases is about half of it. */
    .body_max_bytes = 1024 * 1024,
    .operations = asc_operations,
    .operation_count = ASC_OPERATION_COUNT,
    /* A requested release is PROCESSING_FOR_DISTRIBUTION within minutes. */
    .seen_timeout_s = {[SW_VERB_ADVANCE] = 600},
    .auth_open = auth_open,
    .unit_key = unit_key,
    .observe = asc_observe,
    .offer = offer,
    .act = asc_act,
    .is_seen = asc_is_seen,
    .rights = asc_rights,
};
