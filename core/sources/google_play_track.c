/* google_play_track.c: tracks and review states as Google writes them, and the handle. Pure.
 *
 * Strict where a wrong value would mean something else (a fraction out of range is an error, not
 * an absent one: a halted release without a fraction was at 100 %), lenient where Google is: an
 * absent field is missing, an unknown status word is kept and shown. Text is cleaned here.
 *
 * Sources: Android Publisher v3 discovery document, revision 20260416 (Track, TrackRelease,
 * ReleaseSummary), read 2026-01. */
#include "sources/google_play.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

#define LIFE_PREFIX "RELEASE_LIFECYCLE_STATE_"

static const struct {
    const char *word;
    enum gplay_status status;
} status_words[] = {{"draft", GPLAY_DRAFT},
                    {"inProgress", GPLAY_IN_PROGRESS},
                    {"halted", GPLAY_HALTED},
                    {"completed", GPLAY_COMPLETED}};

static const struct {
    const char *word;
    enum gplay_life life;
} life_words[] = {
    {"DRAFT", GPLAY_LIFE_DRAFT},           {"NOT_SENT_FOR_REVIEW", GPLAY_LIFE_NOT_SENT},
    {"IN_REVIEW", GPLAY_LIFE_IN_REVIEW},   {"APPROVED_NOT_PUBLISHED", GPLAY_LIFE_APPROVED},
    {"NOT_APPROVED", GPLAY_LIFE_REJECTED}, {"PUBLISHED", GPLAY_LIFE_PUBLISHED}};

enum gplay_status gplay_status_of(const char *word)
{
    for (size_t i = 0; i < SW_ARRAY_LEN(status_words); i++)
        if (strcmp(status_words[i].word, word) == 0)
            return status_words[i].status;
    return GPLAY_STATUS_UNKNOWN;
}

static enum gplay_life life_of(const char *word)
{
    for (size_t i = 0; i < SW_ARRAY_LEN(life_words); i++)
        if (strcmp(life_words[i].word, word) == 0)
            return life_words[i].life;
    return GPLAY_LIFE_OTHER;
}

/* ----------------------------------------------------------------- numbers */

int64_t gplay_code(const char *text)
{
    int64_t code = 0;
    if (!text || !isdigit((unsigned char)*text) || *text == '0' || strlen(text) > 18)
        return 0;
    for (const char *c = text; *c; c++) {
        if (!isdigit((unsigned char)*c))
            return 0;
        code = code * 10 + (*c - '0');
    }
    return code;
}

/* ----------------------------------------------------------------- reading */

static enum sw_code code_add(struct gplay_release *release, int64_t code, struct sw_error *err)
{
    if (release->code_count == GPLAY_CODES_MAX)
        return sw_fail(err, SW_E_LIMIT, "a release of more than %d version codes", GPLAY_CODES_MAX);
    release->codes[release->code_count++] = code;
    if (code > release->code)
        release->code = code;
    return SW_OK;
}

/* int64 in a string, as Google writes it; a number is taken as well. */
static enum sw_code codes_parse(const json_t *array, struct gplay_release *release,
                                struct sw_error *err)
{
    size_t i;
    const json_t *item;
    json_array_foreach(array, i, item)
    {
        int64_t code = json_is_integer(item) ? (int64_t)json_integer_value(item)
                                             : gplay_code(json_string_value(item));
        if (code <= 0)
            return sw_fail(err, SW_E_PARSE, "versionCodes[%zu] is no version code", i);
        enum sw_code added = code_add(release, code, err);
        if (added != SW_OK)
            return added;
    }
    return SW_OK;
}

/* Absent and wrong differ here: without a fraction a halted release was at 100 %. */
static enum sw_code fraction_parse(const json_t *release, struct sw_value *out,
                                   struct sw_error *err)
{
    double fraction = 0;
    enum sw_code code = sw_json_num(release, "userFraction", SW_OPTIONAL, &fraction, err);
    if (code == SW_E_NOT_FOUND)
        return SW_OK;
    if (code != SW_OK)
        return code;
    if (!(fraction > 0 && fraction < 1))
        return sw_fail(err, SW_E_PARSE, "userFraction %g is not between 0 and 1", fraction);
    *out = (struct sw_value){fraction, true};
    return SW_OK;
}

/* SW_E_NOT_FOUND only says that an optional thing is not there. */
static bool is_bad(enum sw_code code)
{
    return code != SW_OK && code != SW_E_NOT_FOUND;
}

/* Of a track or of the handle. The fraction is a share of the users in these countries only. */
static void countries_parse(const json_t *release, struct gplay_release *out)
{
    json_t *targeting = NULL, *countries = NULL;
    bool is_rest_too = false;
    struct sw_buf text;
    if (sw_json_obj(release, "countryTargeting", SW_OPTIONAL, &targeting, NULL) != SW_OK)
        return;
    sw_ignore(sw_json_bool(targeting, "includeRestOfWorld", SW_OPTIONAL, &is_rest_too, NULL));
    if (!is_rest_too && sw_json_arr(targeting, "countries", SW_OPTIONAL, &countries, NULL) == SW_OK)
        out->country_count = json_array_size(countries);
    sw_buf_init(&text, GPLAY_COUNTRIES_MAX - 1);
    if (sw_json_write(targeting, &text, SW_JSON_COMPACT, NULL) == SW_OK)
        sw_copy(out->countries, sizeof(out->countries), sw_buf_text(&text));
    sw_buf_clear(&text);
}

static enum sw_code release_parse(const json_t *json, struct gplay_release *out,
                                  struct sw_error *err)
{
    *out = (struct gplay_release){0};
    json_t *codes = NULL;
    const char *status = "";
    enum sw_code code = sw_json_text(json, "name", SW_OPTIONAL, out->name, sizeof(out->name), err);
    if (!is_bad(code))
        code = sw_json_str(json, "status", SW_OPTIONAL, &status, err);
    if (!is_bad(code))
        code = sw_json_arr(json, "versionCodes", SW_OPTIONAL, &codes, err);
    if (!is_bad(code))
        code = codes_parse(codes, out, err);
    if (!is_bad(code))
        code = fraction_parse(json, &out->fraction, err);
    if (is_bad(code))
        return code;
    countries_parse(json, out);
    out->status = gplay_status_of(status);
    sw_text_clean_copy(out->status_word, sizeof(out->status_word), status);
    return SW_OK;
}

enum sw_code gplay_track_parse(const json_t *track, struct gplay_track *out, struct sw_error *err)
{
    out->count = 0;
    json_t *releases = NULL;
    enum sw_code code = sw_json_arr(track, "releases", SW_OPTIONAL, &releases, err);
    if (is_bad(code))
        return code;
    size_t i;
    const json_t *item;
    json_array_foreach(releases, i, item)
    {
        if (out->count == GPLAY_RELEASES_MAX)
            return sw_fail(err, SW_E_LIMIT, "a track of more than %d releases", GPLAY_RELEASES_MAX);
        code = release_parse(item, &out->releases[out->count], err);
        if (code != SW_OK)
            return sw_error_prefix(err, "releases[%zu]", i);
        out->count++;
    }
    return SW_OK;
}

static enum sw_code life_parse(const json_t *json, struct gplay_release *out, struct sw_error *err)
{
    *out = (struct gplay_release){.status = GPLAY_UNREAD};
    json_t *artifacts = NULL;
    const char *life = "";
    enum sw_code code =
        sw_json_text(json, "releaseName", SW_OPTIONAL, out->name, sizeof(out->name), err);
    if (!is_bad(code))
        code = sw_json_str(json, "releaseLifecycleState", SW_OPTIONAL, &life, err);
    if (!is_bad(code))
        code = sw_json_arr(json, "activeArtifacts", SW_OPTIONAL, &artifacts, err);
    if (is_bad(code))
        return code;
    size_t i;
    const json_t *item;
    json_array_foreach(artifacts, i, item)
    {
        int64_t version_code = 0;
        code = sw_json_int_lenient(item, "versionCode", SW_REQUIRED, &version_code, err);
        if (code == SW_OK && version_code > 0)
            code = code_add(out, version_code, err);
        if (code != SW_OK)
            return code;
    }
    if (sw_text_starts(life, LIFE_PREFIX))
        life += strlen(LIFE_PREFIX);
    out->life = life_of(life);
    out->was_published = out->life == GPLAY_LIFE_PUBLISHED;
    sw_text_clean_copy(out->life_word, sizeof(out->life_word), life);
    return SW_OK;
}

/* Two entries of one code (a published release and a change to it) become one: the change's
 * state, and the memory of having been published. UNCONFIRMED that Google lists them so. */
static void life_add(struct gplay_track *out, const struct gplay_release *life)
{
    for (size_t i = 0; i < out->count; i++) {
        struct gplay_release *known = &out->releases[i];
        if (known->code != life->code)
            continue;
        bool was_published = known->was_published || life->was_published;
        if (life->life != GPLAY_LIFE_PUBLISHED)
            *known = *life;
        known->was_published = was_published;
        return;
    }
    out->releases[out->count++] = *life;
}

enum sw_code gplay_lives_parse(const json_t *list, struct gplay_track *out, struct sw_error *err)
{
    out->count = 0;
    json_t *releases = NULL;
    enum sw_code code = sw_json_arr(list, "releases", SW_OPTIONAL, &releases, err);
    if (is_bad(code))
        return code;
    size_t i;
    const json_t *item;
    json_array_foreach(releases, i, item)
    {
        struct gplay_release life;
        if (out->count == GPLAY_RELEASES_MAX)
            return sw_fail(err, SW_E_LIMIT, "more than %d releases in a track", GPLAY_RELEASES_MAX);
        code = life_parse(item, &life, err);
        if (code != SW_OK)
            return sw_error_prefix(err, "releases[%zu]", i);
        if (life.code > 0)
            life_add(out, &life);
    }
    return SW_OK;
}

const struct gplay_release *gplay_track_find(const struct gplay_track *track, int64_t code)
{
    for (size_t i = 0; code > 0 && i < track->count; i++)
        for (size_t k = 0; k < track->releases[i].code_count; k++)
            if (track->releases[i].codes[k] == code)
                return &track->releases[i];
    return NULL;
}

void gplay_track_merge(struct gplay_track *track, const struct gplay_track *lives)
{
    for (size_t i = 0; i < lives->count; i++) {
        const struct gplay_release *life = &lives->releases[i];
        struct gplay_release *known = NULL;
        for (size_t k = 0; k < track->count && !known; k++)
            if (gplay_track_find(track, life->code) == &track->releases[k])
                known = &track->releases[k];
        if (known) {
            known->life = life->life;
            known->was_published |= life->was_published;
            sw_copy(known->life_word, sizeof(known->life_word), life->life_word);
        } else if (track->count < GPLAY_RELEASES_MAX) {
            track->releases[track->count++] = *life;
        }
    }
}

static int compare_codes(const void *a, const void *b)
{
    const struct gplay_release *const *x = a, *const *y = b;
    return ((*x)->code > (*y)->code) - ((*x)->code < (*y)->code);
}

void gplay_lives_digest(const struct gplay_track *lives, char out[GPLAY_DIGEST_MAX])
{
    const struct gplay_release *sorted[GPLAY_RELEASES_MAX];
    for (size_t i = 0; i < lives->count; i++)
        sorted[i] = &lives->releases[i];
    qsort(sorted, lives->count, sizeof(sorted[0]), compare_codes);
    struct sw_buf buf;
    sw_buf_init(&buf, GPLAY_DIGEST_MAX - 1);
    for (size_t i = 0; i < lives->count; i++)
        sw_buf_printf(&buf, "%" PRId64 ":%d ", sorted[i]->code, (int)sorted[i]->life);
    sw_copy(out, GPLAY_DIGEST_MAX, sw_buf_text(&buf));
    sw_buf_clear(&buf);
}

/* ------------------------------------------------------------------ handle */

void gplay_countries_put(const struct gplay_release *release, json_t *json)
{
    json_t *targeting = NULL;
    if (release->countries[0] && sw_json_parse(release->countries, strlen(release->countries), NULL,
                                               &targeting, NULL) == SW_OK)
        json_object_set_new(json, "countryTargeting", targeting);
}

static json_t *handle_release(const struct gplay_release *release)
{
    json_t *codes = json_array();
    for (size_t i = 0; i < release->code_count; i++) {
        char text[24];
        sw_format(text, sizeof(text), "%" PRId64, release->codes[i]);
        json_array_append_new(codes, json_string(text));
    }
    json_t *json = json_pack("{s:s, s:o}", "name", release->name, "codes", codes);
    if (release->status != GPLAY_UNREAD)
        json_object_set_new(json, "status", json_string(release->status_word));
    if (release->life != GPLAY_LIFE_ABSENT)
        json_object_set_new(json, "life", json_string(release->life_word));
    if (release->fraction.is_known)
        json_object_set_new(json, "fraction", json_real(release->fraction.value));
    if (release->was_published)
        json_object_set_new(json, "published", json_true());
    gplay_countries_put(release, json);
    return json;
}

char *gplay_handle_write(const char *package, const char *track_name, int64_t code,
                         const struct gplay_track *track, const struct gplay_tests *tests,
                         const char *digest)
{
    char code_text[24];
    sw_format(code_text, sizeof(code_text), "%" PRId64, code);
    json_t *releases = json_array();
    for (size_t i = 0; i < track->count; i++)
        json_array_append_new(releases, handle_release(&track->releases[i]));
    SW_JSON json_t *json =
        json_pack("{s:i, s:s, s:s, s:s, s:s, s:o}", "v", 1, "package", package, "track", track_name,
                  "code", code_text, "digest", digest ? digest : "", "releases", releases);
    if (json && tests && tests->count > 0)
        json_object_set_new(json, "testing", gplay_tests_json(tests));
    struct sw_buf buf;
    sw_buf_init(&buf, 65536);
    char *text = NULL;
    if (json && sw_json_write(json, &buf, SW_JSON_COMPACT, NULL) == SW_OK)
        text = sw_buf_take(&buf);
    sw_buf_clear(&buf);
    return text;
}

static bool is_field(const json_t *json, const char *key, const char *expected)
{
    const char *text = NULL;
    return sw_json_str(json, key, SW_REQUIRED, &text, NULL) == SW_OK &&
           (!expected || strcmp(text, expected) == 0);
}

static bool handle_release_read(const json_t *json, struct gplay_release *out)
{
    *out = (struct gplay_release){.status = GPLAY_UNREAD};
    json_t *codes = NULL;
    const char *status = NULL, *life = NULL;
    double fraction = 0;
    bool was_published = false;
    enum sw_code code = sw_json_num(json, "fraction", SW_OPTIONAL, &fraction, NULL);
    if (is_bad(code) || (code == SW_OK && !(fraction > 0 && fraction < 1)))
        return false;
    out->fraction = (struct sw_value){fraction, code == SW_OK};
    if (is_bad(sw_json_text(json, "name", SW_OPTIONAL, out->name, sizeof(out->name), NULL)) ||
        is_bad(sw_json_bool(json, "published", SW_OPTIONAL, &was_published, NULL)) ||
        is_bad(sw_json_str(json, "status", SW_OPTIONAL, &status, NULL)) ||
        is_bad(sw_json_str(json, "life", SW_OPTIONAL, &life, NULL)) ||
        sw_json_arr(json, "codes", SW_REQUIRED, &codes, NULL) != SW_OK ||
        codes_parse(codes, out, NULL) != SW_OK)
        return false;
    out->was_published = was_published;
    countries_parse(json, out);
    if (status) {
        out->status = gplay_status_of(status);
        sw_text_clean_copy(out->status_word, sizeof(out->status_word), status);
    }
    if (life) {
        out->life = life_of(life);
        sw_text_clean_copy(out->life_word, sizeof(out->life_word), life);
    }
    return true;
}

bool gplay_handle_read(const char *handle, const char *package, const char *track_name,
                       struct gplay_track *out, int64_t *code, char digest[GPLAY_DIGEST_MAX])
{
    out->count = 0;
    SW_JSON json_t *json = NULL;
    if (!handle || sw_json_parse(handle, strlen(handle), NULL, &json, NULL) != SW_OK)
        return false;
    int64_t version = 0;
    const char *code_text = NULL, *digest_text = NULL;
    json_t *releases = NULL;
    if (sw_json_int(json, "v", SW_REQUIRED, &version, NULL) != SW_OK || version != 1 ||
        !is_field(json, "package", package) || !is_field(json, "track", track_name) ||
        sw_json_str(json, "code", SW_REQUIRED, &code_text, NULL) != SW_OK ||
        sw_json_str(json, "digest", SW_REQUIRED, &digest_text, NULL) != SW_OK ||
        sw_json_arr(json, "releases", SW_REQUIRED, &releases, NULL) != SW_OK ||
        json_array_size(releases) > GPLAY_RELEASES_MAX)
        return false;
    size_t i;
    const json_t *item;
    json_array_foreach(releases, i, item) if (!handle_release_read(
                                                  item, &out->releases[out->count++])) return false;
    *code = gplay_code(code_text);
    if (digest)
        sw_copy(digest, GPLAY_DIGEST_MAX, digest_text);
    return true;
}
