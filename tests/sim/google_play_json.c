/* Tracks and releases as Android Publisher v3 writes and reads them: see google_play.h.
 * Source: discovery document androidpublisher v3, revision 20260416. */
#include "google.h"
#include "google_play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTE_CHARACTERS_MAX = 500 };

/* ---- writing ---------------------------------------------------------------------------- */

static json_t *codes_json(const struct play_release *release)
{
    json_t *codes = json_array();

    for (size_t i = 0; i < release->n_codes; i++) {
        char text[24];
        snprintf(text, sizeof text, "%lld", (long long)release->codes[i]);
        json_array_append_new(codes, json_string(text));
    }
    return codes;
}

/* Absent fields are missing, never null. */
static json_t *release_json(const struct play_release *release)
{
    json_t *object = json_object();

    if (release->name[0] != '\0')
        json_object_set_new(object, "name", json_string(release->name));
    if (release->n_codes > 0)
        json_object_set_new(object, "versionCodes", codes_json(release));
    if (release->notes_json != NULL)
        json_object_set_new(object, "releaseNotes",
                            json_loads(release->notes_json, 0, NULL));
    json_object_set_new(object, "status", json_string(play_status_text(release->status)));
    if (release->fraction > 0)
        json_object_set_new(object, "userFraction", json_real(release->fraction));
    if (release->countries_json != NULL)
        json_object_set_new(object, "countryTargeting",
                            json_loads(release->countries_json, 0, NULL));
    if (release->priority >= 0)
        json_object_set_new(object, "inAppUpdatePriority", json_integer(release->priority));
    return object;
}

json_t *play_track_json(const struct play_track *track)
{
    json_t *object = json_pack("{s:s}", "track", track->name);
    json_t *releases = json_array();

    for (size_t i = 0; i < track->n_releases; i++)
        if (!track->releases[i].is_hidden)
            json_array_append_new(releases, release_json(&track->releases[i]));
    if (json_array_size(releases) > 0)
        json_object_set(object, "releases", releases);
    json_decref(releases);
    return object;
}

static const char *lifecycle(const struct play_release *release)
{
    if (release->status == PLAY_DRAFT)
        return "RELEASE_LIFECYCLE_STATE_DRAFT";
    if (release->is_unsent)
        return "RELEASE_LIFECYCLE_STATE_NOT_SENT_FOR_REVIEW";
    if (release->is_held && !release->is_in_review)
        return "RELEASE_LIFECYCLE_STATE_APPROVED_NOT_PUBLISHED";
    if (release->is_in_review)
        return "RELEASE_LIFECYCLE_STATE_IN_REVIEW";
    return "RELEASE_LIFECYCLE_STATE_PUBLISHED";
}

json_t *play_summaries_json(const struct play_track *track)
{
    json_t *releases = json_array();

    for (size_t i = 0; i < track->n_releases; i++) {
        const struct play_release *r = &track->releases[i];
        json_t *artifacts = json_array();
        for (size_t c = 0; c < r->n_codes; c++)
            json_array_append_new(artifacts,
                                  json_pack("{s:I}", "versionCode", (json_int_t)r->codes[c]));
        if (r->is_hidden)
            json_decref(artifacts);
        else
            json_array_append_new(releases,
                                  json_pack("{s:s, s:s, s:o, s:s}", "releaseName", r->name, "track",
                                            track->name, "activeArtifacts", artifacts,
                                            "releaseLifecycleState", lifecycle(r)));
    }
    return json_pack("{s:o}", "releases", releases);
}

/* ---- written reviews -------------------------------------------------------------------- */

/* Absent fields are missing. Names of authors are made up by nobody here: the field stays away. */
json_t *play_review_json(const struct play_review *review)
{
    char seconds[24];

    snprintf(seconds, sizeof seconds, "%lld", (long long)(review->at_ms / 1000));
    json_t *comment = json_pack("{s:s, s:i, s:{s:s, s:i}}", "text", review->text, "starRating",
                                review->stars, "lastModified", "seconds", seconds, "nanos",
                                (int)(review->at_ms % 1000) * 1000000);
    if (review->language[0] != '\0')
        json_object_set_new(comment, "reviewerLanguage", json_string(review->language));
    if (review->code > 0)
        json_object_set_new(comment, "appVersionCode", json_integer(review->code));
    return json_pack("{s:s, s:[{s:o}]}", "reviewId", review->id, "comments", "userComment",
                     comment);
}

/* ---- reading ---------------------------------------------------------------------------- */

struct reader {
    struct sim_reply *rp;
    char where[64]; /* "track.releases[0]" */
};

static bool bad_value(struct reader *reader, const char *field)
{
    google_fail(reader->rp, 400, "INVALID_ARGUMENT", NULL, "Invalid value at '%s.%s'",
                reader->where, field);
    return false;
}

static bool read_name(struct reader *reader, json_t *value, struct play_release *out)
{
    const char *text = json_string_value(value);

    if (value == NULL)
        return true;
    return text != NULL && sim_copy(out->name, sizeof out->name, text) ? true
                                                                       : bad_value(reader, "name");
}

/* int64 as a string, or as a number: both are proto3 JSON. */
static bool read_code(json_t *value, int64_t *out)
{
    const char *text = json_string_value(value);
    char *end = NULL;

    if (json_is_integer(value))
        *out = json_integer_value(value);
    else if (text != NULL && text[0] >= '0' && text[0] <= '9')
        *out = strtoll(text, &end, 10);
    else
        return false;
    return *out > 0 && *out <= 2100000000LL * 100 && (end == NULL || *end == '\0');
}

static bool read_codes(struct reader *reader, json_t *value, struct play_release *out)
{
    if (value == NULL)
        return true;
    if (!json_is_array(value) || json_array_size(value) > PLAY_CODES_MAX)
        return bad_value(reader, "version_codes");
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!read_code(json_array_get(value, i), &out->codes[out->n_codes++]))
            return bad_value(reader, "version_codes");
    return true;
}

static bool read_status(struct reader *reader, json_t *value, struct play_release *out)
{
    const char *text = json_string_value(value);

    out->status = text == NULL ? PLAY_UNSPECIFIED : play_status_parse(text);
    if (value == NULL || (text != NULL && (out->status != PLAY_UNSPECIFIED ||
                                           strcmp(text, "statusUnspecified") == 0)))
        return true;
    return bad_value(reader, "status");
}

/* 0 means absent inside, so a 0 that was sent becomes -1: both are refused, in other words. */
static bool read_fraction(struct reader *reader, json_t *value, struct play_release *out)
{
    if (value == NULL)
        return true;
    if (!json_is_number(value))
        return bad_value(reader, "user_fraction");
    double f = json_number_value(value);
    out->fraction = f > 0 ? f : -1;
    return true;
}

static bool read_priority(struct reader *reader, json_t *value, struct play_release *out)
{
    if (value == NULL)
        return true;
    if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > 5)
        return bad_value(reader, "in_app_update_priority");
    out->priority = (int)json_integer_value(value);
    return true;
}

static size_t utf8_length(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static bool read_notes(struct reader *reader, json_t *value, struct play_release *out)
{
    static const char *const known[] = {"language", "text", NULL};

    if (value == NULL)
        return true;
    if (!json_is_array(value))
        return bad_value(reader, "release_notes");
    for (size_t i = 0; i < json_array_size(value); i++) {
        json_t *note = json_array_get(value, i);
        const char *text = json_string_value(json_object_get(note, "text"));
        char *where = sim_printf("%s.release_notes[%zu]", reader->where, i);
        bool is_unknown = json_is_object(note) &&
                          google_refuse_unknown_field(note, where, known, reader->rp);
        free(where);
        if (is_unknown)
            return false;
        if (text == NULL || json_string_value(json_object_get(note, "language")) == NULL)
            return bad_value(reader, "release_notes");
        if (utf8_length(text) > NOTE_CHARACTERS_MAX) {
            google_fail(reader->rp, 400, "INVALID_ARGUMENT", "badRequest",
                        "Release notes are too long (max 500 characters)."); /* UNCONFIRMED text */
            return false;
        }
    }
    out->notes_json = sim_json_text(value);
    return true;
}

static bool read_countries(struct reader *reader, json_t *value, struct play_release *out)
{
    static const char *const known[] = {"countries", "includeRestOfWorld", NULL};

    if (value == NULL)
        return true;
    if (!json_is_object(value))
        return bad_value(reader, "country_targeting");
    if (google_refuse_unknown_field(value, "track.releases.country_targeting", known, reader->rp))
        return false;
    out->countries_json = sim_json_text(value);
    return true;
}

static bool read_release(struct reader *reader, json_t *object, struct play_release *out)
{
    static const char *const known[] = {"name",         "versionCodes",     "status",
                                        "userFraction", "releaseNotes",     "inAppUpdatePriority",
                                        "countryTargeting", NULL};

    *out = (struct play_release){.priority = -1};
    if (!json_is_object(object))
        return bad_value(reader, "");
    if (google_refuse_unknown_field(object, reader->where, known, reader->rp))
        return false;
    return read_name(reader, json_object_get(object, "name"), out) &&
           read_codes(reader, json_object_get(object, "versionCodes"), out) &&
           read_status(reader, json_object_get(object, "status"), out) &&
           read_fraction(reader, json_object_get(object, "userFraction"), out) &&
           read_priority(reader, json_object_get(object, "inAppUpdatePriority"), out) &&
           read_notes(reader, json_object_get(object, "releaseNotes"), out) &&
           read_countries(reader, json_object_get(object, "countryTargeting"), out);
}

static bool codes_exist(const struct play_store *store, const struct play_release *release,
                        struct sim_reply *rp)
{
    for (size_t i = 0; i < release->n_codes; i++)
        if (!play_has_code(store, release->codes[i])) {
            google_fail(rp, 404, "NOT_FOUND", "apkVersionCodeNotFound",
                        "APK version codes could not be found: %lld.",
                        (long long)release->codes[i]);
            return false;
        }
    return true;
}

bool play_track_read(json_t *body, const struct play_store *store, const char *track_name,
                     struct play_track *out, bool *has_releases, struct sim_reply *rp)
{
    static const char *const known[] = {"track", "releases", NULL};
    json_t *named = json_object_get(body, "track");
    json_t *releases = json_object_get(body, "releases");
    struct reader reader = {.rp = rp, .where = "track"};

    *out = (struct play_track){.n_releases = 0};
    *has_releases = releases != NULL;
    if (google_refuse_unknown_field(body, "track", known, rp))
        return false;
    if (named != NULL && (json_string_value(named) == NULL ||
                          strcmp(json_string_value(named), track_name) != 0))
        return bad_value(&reader, "track"); /* must be the one of the path; text UNCONFIRMED */
    if (releases != NULL &&
        (!json_is_array(releases) || json_array_size(releases) > PLAY_RELEASES_MAX))
        return bad_value(&reader, "releases");
    sim_copy(out->name, sizeof out->name, track_name);
    for (size_t i = 0; i < json_array_size(releases); i++) {
        struct play_release *release = &out->releases[out->n_releases++];
        snprintf(reader.where, sizeof reader.where, "track.releases[%zu]", i);
        if (!read_release(&reader, json_array_get(releases, i), release) ||
            !codes_exist(store, release, rp)) {
            play_track_clear(out);
            return false;
        }
    }
    return true;
}
