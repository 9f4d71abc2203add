/*
 * Google Play's tracks: what is published, and what a commit may turn it into.
 * Rules from Google "APKs and Tracks", "Edits", Play Console Help "Halting a fully rolled-out
 * release", the Android Publisher v3 discovery document, and error texts seen with live accounts
 * (named where they are used). Pure. Edits (working copies) live in the dialect, google_play.c.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PLAY_TRACKS_MAX = 12, PLAY_RELEASES_MAX = 8, PLAY_CODES_MAX = 4, PLAY_REVIEWS_MAX = 1024 };

enum play_status { PLAY_UNSPECIFIED, PLAY_DRAFT, PLAY_IN_PROGRESS, PLAY_HALTED, PLAY_COMPLETED };

struct play_release {
    char name[64];
    int64_t codes[PLAY_CODES_MAX];
    size_t n_codes;
    enum play_status status;
    double fraction;      /* userFraction; 0 = absent */
    int priority;         /* inAppUpdatePriority; -1 = absent */
    char *notes_json;     /* releaseNotes as sent, or NULL */
    char *countries_json; /* countryTargeting as sent, or NULL */
    bool is_in_review;    /* sent, not published yet */
    bool is_unsent;       /* waits in the console (changesNotSentForReview) */
    bool is_held;         /* approved, waits in the console (managed publishing) */
    enum play_status live_status; /* of one that waits there: what users get until then */
    double live_fraction;
    bool was_published;   /* has been given to users */
    bool is_hidden;       /* superseded: a possible fallback, not shown by tracks.get */
};

struct play_track {
    char name[40];
    struct play_release releases[PLAY_RELEASES_MAX]; /* newest first */
    size_t n_releases;
};

/* A written review of a production version. */
struct play_review {
    char id[24];
    int64_t code;      /* 0 = the device did not tell */
    int stars;
    int64_t at_ms;     /* lastModified */
    char language[8];
    char text[160];    /* a tab between title and body, where there is a title */
};

struct play_store {
    char package[64];
    int64_t next_change;  /* counts commits and console changes: open edits die by it */
    bool is_review_running;   /* something of this app is with Google's reviewers */
    bool needs_manual_send;   /* commits must carry changesNotSentForReview */
    bool is_managed;          /* managed publishing: what is approved waits for a person */
    bool is_draft_app;        /* never published: drafts only */
    struct play_review reviews[PLAY_REVIEWS_MAX]; /* a ring, oldest first from n_reviews */
    size_t n_reviews;         /* written so far */
    int review_minutes;       /* a new release waits so long for its review; 0 = not at all */
    int64_t review_end_ms;    /* 0 = none running, or one without an end */
    int64_t library[16];      /* version codes uploaded and not on a track */
    size_t n_library;
    struct play_track tracks[PLAY_TRACKS_MAX];
    size_t n_tracks;
};

void play_release_copy(struct play_release *out, const struct play_release *from);
void play_release_clear(struct play_release *release);
void play_track_copy(struct play_track *out, const struct play_track *from);
void play_track_clear(struct play_track *track);
void play_store_clear(struct play_store *store);

struct play_track *play_track_find(struct play_track *tracks, size_t n, const char *name);
const char *play_status_text(enum play_status status); /* "inProgress" */
enum play_status play_status_parse(const char *text);  /* UNSPECIFIED = unknown word */
/* Percent of eligible users given this version code by the track. */
double play_percent(const struct play_track *track, int64_t code);

/* What Google refuses: HTTP code, status word, reason, message. */
struct play_refusal {
    int http;
    const char *status;
    const char *reason;
    char message[256];
};

/* Judges `wanted` (PUT tracks) against `current` and writes the resulting track into `out`, which
 * the caller clears. False: refused, `out` is empty. */
bool play_track_update(const struct play_track *current, const struct play_track *wanted,
                       struct play_track *out, struct play_refusal *refusal);

/* Puts an edit's tracks into force at `now_ms`: new releases are published at once, or go to
 * review first, or wait in the console when `is_unsent`. */
void play_commit(struct play_store *store, const struct play_track *tracks, size_t n_tracks,
                 bool is_unsent, int64_t now_ms);
/* A person presses publish or send in the console: everything that waits there goes live. */
void play_publish(struct play_store *store);
void play_review_add(struct play_store *store, int64_t code, int stars, const char *language,
                     const char *text, int64_t at_ms);
/* The i-th newest, NULL = there are not so many. */
const struct play_review *play_review_at(const struct play_store *store, size_t i);
/* Internal testing, of any form factor: "internal" and "qa" name it. */
bool play_is_internal(const char *track);
/* Ends a review when its time has come. */
void play_advance(struct play_store *store, int64_t now_ms);
/* True when the app has an artifact of this version code. */
bool play_has_code(const struct play_store *store, int64_t code);
