/* view_lists.c: the lists of a platform's picture (issues, builds, reviews, alarms, tags), and how
 * old a thing may be. Split from view.c, which makes the rest of it. */
#include "model/view_lists.h"

#include "base/arena.h"

enum { CLOCK_SLACK_MS = 60 * 1000 };

const char *sw_view_text_or_null(struct sw_arena *arena, const char *text)
{
    return text && *text ? sw_arena_strdup(arena, text) : NULL;
}

const char *sw_view_text_or_empty(struct sw_arena *arena, const char *text)
{
    return text && *text ? sw_arena_strdup(arena, text) : "";
}

const struct sw_model_source *sw_view_source(const struct sw_model *model, size_t index)
{
    return index < model->source_count ? &model->sources[index] : NULL;
}

int64_t sw_view_stale_at(const struct sw_model *model, size_t source, int64_t at_ms, int least_s)
{
    const struct sw_model_source *from = sw_view_source(model, source);
    if (at_ms == 0 || !from) return 0;
    int limit_s = from->stale_after_s > least_s ? from->stale_after_s : least_s;
    return at_ms + (int64_t)limit_s * 1000 + 1;
}

bool sw_view_is_too_old(const struct sw_model *model, size_t source, int64_t at_ms, int least_s,
                        int64_t now_ms)
{
    if (at_ms > now_ms + CLOCK_SLACK_MS) return true; /* the clock was set back: no age is known */
    return now_ms >= sw_view_stale_at(model, source, at_ms, least_s);
}

static void view_issues(struct sw_arena *arena, const struct sw_model *model,
                        const struct sw_model_platform *from, struct sw_platform *to)
{
    struct sw_issue *issues = sw_arena_array(arena, from->issue_count, sizeof *issues);
    for (size_t i = 0; i < from->issue_count; i++) {
        const struct sw_issue_seen *it = &from->issues[i].issue;
        const struct sw_model_source *source = sw_view_source(model, from->issues[i].source);
        issues[i] = (struct sw_issue){
            .title = sw_view_text_or_empty(arena, it->title),
            .culprit = sw_view_text_or_empty(arena, it->culprit),
            .id = sw_view_text_or_empty(arena, it->id),
            .events = it->events,
            .users = it->users,
            .first_seen_ms = it->first_seen_ms,
            .is_new = it->is_new,
            .source = source ? sw_arena_strdup(arena, source->id) : "",
        };
    }
    to->issues = issues;
    to->issue_count = from->issue_count;
}

static void view_alarms(struct sw_arena *arena, const struct sw_model *model,
                        const struct sw_model_platform *from, int64_t now_ms,
                        struct sw_platform *to)
{
    struct sw_alarm *alarms = sw_arena_array(arena, from->alarm_count, sizeof *alarms);
    for (size_t i = 0; i < from->alarm_count; i++) {
        const struct sw_alarm_seen *it = &from->alarms[i].alarm;
        const struct sw_model_source *source = sw_view_source(model, from->alarms[i].source);
        alarms[i] = (struct sw_alarm){
            .name = sw_view_text_or_empty(arena, it->name),
            .state = sw_view_text_or_empty(arena, it->state),
            .is_firing = it->is_firing,
            .reason = sw_view_text_or_empty(arena, it->reason),
            .since_ms = it->since_ms,
            .observed_at_ms = it->observed_at_ms,
            .is_stale = sw_view_is_too_old(model, from->alarms[i].source, it->observed_at_ms, 0, now_ms),
            .source = source ? sw_arena_strdup(arena, source->id) : "",
        };
    }
    to->alarms = alarms;
    to->alarm_count = from->alarm_count;
}

static void view_tags(struct sw_arena *arena, const struct sw_model *model,
                      const struct sw_model_platform *from, int64_t now_ms, struct sw_platform *to)
{
    to->tags.note = "";
    if (!from->has_tags) return;
    const struct sw_tags_seen *it = &from->tags;
    struct sw_commit *commits = sw_arena_array(arena, it->shown_count, sizeof *commits);
    for (size_t i = 0; i < it->shown_count; i++)
        commits[i] = (struct sw_commit){
            .id = sw_arena_strdup(arena, it->commits[i].id),
            .subject = sw_arena_strdup(arena, it->commits[i].subject),
            .author = sw_arena_strdup(arena, it->commits[i].author),
            .at_ms = it->commits[i].at_ms,
        };
    to->tags = (struct sw_tags){
        .newest = sw_view_text_or_null(arena, it->newest),
        .newest_commit = sw_view_text_or_null(arena, it->newest_commit),
        .previous = sw_view_text_or_null(arena, it->previous),
        .newest_at_ms = it->newest_at_ms,
        .note = sw_view_text_or_empty(arena, it->note),
        .has_commits = it->has_commits,
        .commit_count = it->commit_count,
        .shown_count = it->shown_count,
        .commits = commits,
        .observed_at_ms = it->observed_at_ms,
        .is_stale = sw_view_is_too_old(model, from->tags_source, it->observed_at_ms, 0, now_ms),
    };
}

static void view_builds(struct sw_arena *arena, const struct sw_model *model,
                        const struct sw_model_platform *from, struct sw_platform *to)
{
    struct sw_build *builds = sw_arena_array(arena, from->build_count, sizeof *builds);
    for (size_t i = 0; i < from->build_count; i++) {
        const struct sw_build_seen *it = &from->builds[i].build;
        const struct sw_model_source *source = sw_view_source(model, from->builds[i].source);
        builds[i] = (struct sw_build){
            .version = sw_view_text_or_empty(arena, it->version),
            .build = sw_view_text_or_empty(arena, it->build),
            .processing = sw_view_text_or_empty(arena, it->processing),
            .internal = sw_view_text_or_empty(arena, it->internal),
            .external = sw_view_text_or_empty(arena, it->external),
            .beta_review = sw_view_text_or_empty(arena, it->beta_review),
            .uploaded_ms = it->uploaded_ms,
            .expires_ms = it->expires_ms,
            .sessions = it->sessions,
            .crashes = it->crashes,
            .installs = it->installs,
            .observed_at_ms = it->observed_at_ms,
            .source = source ? sw_arena_strdup(arena, source->id) : "",
        };
    }
    to->builds = builds;
    to->build_count = from->build_count;
}

static void view_reviews(struct sw_arena *arena, const struct sw_model *model,
                         const struct sw_model_platform *from, struct sw_platform *to)
{
    struct sw_review *reviews = sw_arena_array(arena, from->review_count, sizeof *reviews);
    for (size_t i = 0; i < from->review_count; i++) {
        const struct sw_review_seen *it = &from->reviews[i].review;
        const struct sw_model_source *source = sw_view_source(model, from->reviews[i].source);
        reviews[i] = (struct sw_review){
            .rating = it->rating,
            .title = sw_view_text_or_empty(arena, it->title),
            .body = sw_view_text_or_empty(arena, it->body),
            .territory = sw_view_text_or_empty(arena, it->territory),
            .at_ms = it->at_ms,
            .source = source ? sw_arena_strdup(arena, source->id) : "",
        };
    }
    to->reviews = reviews;
    to->review_count = from->review_count;
}

/* Which sources are configured to feed it, in the order of the configuration. */
static bool is_fed_by(const struct sw_model_platform *platform, size_t source)
{
    if ((platform->has_source && platform->source == source) ||
        (platform->has_alarm_source && platform->alarm_source == source))
        return true;
    for (size_t i = 0; i < platform->health_def_count; i++)
        if (platform->health_defs[i].source == source) return true;
    return false;
}

static void view_sources(struct sw_arena *arena, const struct sw_model *model,
                         const struct sw_model_platform *from, struct sw_platform *to)
{
    const char **ids = sw_arena_array(arena, model->source_count, sizeof *ids);
    for (size_t i = 0; i < model->source_count; i++)
        if (is_fed_by(from, i)) ids[to->source_count++] = sw_arena_strdup(arena, model->sources[i].id);
    to->sources = ids;
}

void sw_view_lists(struct sw_arena *arena, const struct sw_model *model,
                   const struct sw_model_platform *from, int64_t now_ms, struct sw_platform *to)
{
    view_sources(arena, model, from, to);
    view_issues(arena, model, from, to);
    view_builds(arena, model, from, to);
    view_reviews(arena, model, from, to);
    view_alarms(arena, model, from, now_ms, to);
    view_tags(arena, model, from, now_ms, to);
}
