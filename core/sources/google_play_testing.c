/* google_play_testing.c: where versions stand on the testing tracks beside the platform's own. Pure
 * but for the report.
 *
 * The edit's one tracks.list shows every track of the app, so this costs no request. Testing tracks
 * are those of the same form factor (the part of the name before the colon) but production and the
 * platform's own: `internal` and `qa` (two names of one: what the team has), `beta` (open), `alpha`
 * and other names (closed). A testing track that cannot be read never hides production.
 *
 * Sources: Google "APKs and Tracks" (track names, form factors); Android Publisher v3 discovery
 * document, revision 20260416; read 2026-01. */
#include "sources/google_play.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

enum { BUILDS_MAX = 8 };

/* ------------------------------------------------------------------- names */

/* "beta" of "wear:beta". */
static const char *plain_name(const char *track)
{
    const char *colon = strchr(track, ':');
    return colon ? colon + 1 : track;
}

static bool is_same_form(const char *a, const char *b)
{
    size_t len = (size_t)(plain_name(a) - a);
    return len == (size_t)(plain_name(b) - b) && strncmp(a, b, len) == 0;
}

bool gplay_is_internal(const char *track)
{
    return strcmp(plain_name(track), "internal") == 0 || strcmp(plain_name(track), "qa") == 0;
}

bool gplay_is_same_track(const char *a, const char *b)
{
    return strcmp(a, b) == 0 ||
           (gplay_is_internal(a) && gplay_is_internal(b) && is_same_form(a, b));
}

void gplay_track_synonym(const char *track, char *out, size_t size)
{
    const char *plain = plain_name(track);
    sw_format(out, size, "%.*s%s", (int)(plain - track), track,
              strcmp(plain, "qa") == 0 ? "internal" : "qa");
}

/* ----------------------------------------------------------------- reading */

static void test_add(struct gplay_tests *out, const char *track, const struct gplay_release *from)
{
    if (out->count == GPLAY_TESTS_MAX || from->code == 0)
        return;
    struct gplay_test *test = &out->items[out->count++];
    *test = (struct gplay_test){
        .code = from->code, .status = from->status, .fraction = from->fraction};
    sw_text_clean_copy(test->track, sizeof(test->track), track);
    sw_copy(test->name, sizeof(test->name), from->name);
    sw_copy(test->status_word, sizeof(test->status_word), from->status_word);
}

void gplay_tests_read(const json_t *list, const char *own, struct gplay_tests *out)
{
    size_t i;
    json_t *item;
    out->count = 0;
    struct gplay_track *track = sw_xcalloc(1, sizeof(*track));
    json_array_foreach(json_object_get(list, "tracks"), i, item)
    {
        const char *name = json_string_value(json_object_get(item, "track"));
        if (!name || !is_same_form(name, own) || gplay_is_same_track(name, own) ||
            strcmp(plain_name(name), "production") == 0 ||
            gplay_track_parse(item, track, NULL) != SW_OK)
            continue;
        for (size_t k = 0; k < track->count; k++)
            test_add(out, name, &track->releases[k]);
    }
    free(track);
}

json_t *gplay_tests_json(const struct gplay_tests *tests)
{
    json_t *list = json_array();
    for (size_t i = 0; i < tests->count; i++) {
        const struct gplay_test *test = &tests->items[i];
        json_t *json = json_pack("{s:s, s:s, s:I, s:s}", "track", test->track, "name", test->name,
                                 "code", (json_int_t)test->code, "status", test->status_word);
        if (test->fraction.is_known)
            json_object_set_new(json, "fraction", json_real(test->fraction.value));
        json_array_append_new(list, json);
    }
    return list;
}

static bool test_from_json(const json_t *json, struct gplay_test *out)
{
    char status[SW_WORD_MAX];
    double fraction = 0;
    *out = (struct gplay_test){0};
    if (sw_json_text(json, "track", SW_REQUIRED, out->track, sizeof(out->track), NULL) != SW_OK ||
        sw_json_text(json, "name", SW_REQUIRED, out->name, sizeof(out->name), NULL) != SW_OK ||
        sw_json_int(json, "code", SW_REQUIRED, &out->code, NULL) != SW_OK || out->code <= 0 ||
        sw_json_text(json, "status", SW_REQUIRED, status, sizeof(status), NULL) != SW_OK)
        return false;
    out->status = gplay_status_of(status);
    sw_copy(out->status_word, sizeof(out->status_word), status);
    bool has_fraction = sw_json_num(json, "fraction", SW_OPTIONAL, &fraction, NULL) == SW_OK;
    out->fraction = (struct sw_value){fraction, has_fraction && fraction > 0 && fraction < 1};
    return true;
}

void gplay_handle_tests(const char *handle, struct gplay_tests *out)
{
    SW_JSON json_t *json = NULL;
    size_t i;
    json_t *item;
    out->count = 0;
    if (!handle || sw_json_parse(handle, strlen(handle), NULL, &json, NULL) != SW_OK)
        return;
    json_array_foreach(json_object_get(json, "testing"), i, item)
        if (out->count < GPLAY_TESTS_MAX && test_from_json(item, &out->items[out->count]))
            out->count++;
}

/* ----------------------------------------------------------------- judging */

/* "completed", "in progress at 20%". */
static void words_of(const struct gplay_test *test, char *out, size_t size)
{
    char number[32];
    bool is_staged = test->status == GPLAY_IN_PROGRESS;
    sw_copy(out, size, is_staged ? "in progress" : test->status_word);
    size_t len = strlen(out);
    if (test->fraction.is_known)
        sw_format(out + len, size - len, " at %s",
                  sw_percent_text((struct sw_value){gplay_percent(test->fraction.value), true}, true,
                                  number, sizeof(number)));
}

/* What testers have comes before a draft, then the higher version code. */
static const struct gplay_test *newest(const struct gplay_tests *tests)
{
    const struct gplay_test *best = NULL;
    for (size_t i = 0; i < tests->count; i++) {
        const struct gplay_test *test = &tests->items[i];
        bool is_draft = test->status == GPLAY_DRAFT;
        bool is_best_draft = best && best->status == GPLAY_DRAFT;
        if (!best || (is_best_draft && !is_draft) ||
            (is_best_draft == is_draft && test->code > best->code))
            best = test;
    }
    return best;
}

void gplay_judge_testing(const struct gplay_tests *tests, struct sw_rollout *out)
{
    char words[SW_WORD_MAX];
    const struct gplay_test *test = newest(tests);
    if (out->state != SW_STATE_NONE || !test)
        return;
    words_of(test, words, sizeof(words));
    out->state = SW_STATE_TESTING;
    sw_format(out->raw_state, sizeof(out->raw_state), "no release; %s %s", test->track, words);
    gplay_label(test->name, out->version, sizeof(out->version));
    sw_format(out->build, sizeof(out->build), "%" PRId64, test->code);
    sw_copy(out->identity, sizeof(out->identity), out->build);
    out->percent_set = (struct sw_value){0, true};
}

/* ------------------------------------------------------------------ report */

static void build_add(struct sw_build_seen *builds, size_t *count, const struct gplay_test *test,
                      int64_t now_ms)
{
    char code[SW_WORD_MAX], words[SW_WORD_MAX], entry[2 * SW_WORD_MAX];
    size_t at = 0;
    sw_format(code, sizeof(code), "%" PRId64, test->code);
    while (at < *count && strcmp(builds[at].build, code) != 0)
        at++;
    struct sw_build_seen *build = &builds[at];
    if (at == *count) {
        *build = (struct sw_build_seen){
            .sessions = -1, .crashes = -1, .installs = -1, .observed_at_ms = now_ms};
        gplay_label(test->name, build->version, sizeof(build->version));
        sw_copy(build->build, sizeof(build->build), code);
        ++*count;
    }
    words_of(test, words, sizeof(words));
    char *to = gplay_is_internal(test->track) ? build->internal : build->external;
    size_t len = strlen(to);
    sw_format(entry, sizeof(entry), "%s%s %s", len > 0 ? ", " : "", test->track, words);
    sw_copy(to + len, SW_WORD_MAX - len, entry);
}

static int compare_builds(const void *a, const void *b)
{
    int64_t x = gplay_code(((const struct sw_build_seen *)a)->build);
    int64_t y = gplay_code(((const struct sw_build_seen *)b)->build);
    return (x < y) - (x > y);
}

void gplay_tests_report(struct sw_flow *flow, const struct sw_target *target,
                        const struct gplay_track *own, const struct sw_rollout *rollout,
                        const struct gplay_tests *tests)
{
    struct sw_build_seen builds[GPLAY_TESTS_MAX];
    size_t count = 0;
    int64_t code = gplay_code(rollout->identity);
    for (size_t i = 0; i < tests->count; i++) {
        const struct gplay_test *test = &tests->items[i];
        bool is_newer = test->code > code && !gplay_track_find(own, test->code);
        if (test->code == code || is_newer || rollout->state == SW_STATE_TESTING)
            build_add(builds, &count, test, sw_flow_now(flow));
    }
    qsort(builds, count, sizeof(builds[0]), compare_builds);
    sw_flow_report_builds(flow, target, builds, count < BUILDS_MAX ? count : BUILDS_MAX);
}
