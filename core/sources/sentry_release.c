/*
 * sentry_release.c: which releases to ask Sentry for, and in which query.
 *
 * A name is the platform's template with the store's version and build. Names are matched exactly
 * and checked first: nothing that comes from a store can end the quoted value or be a wildcard. Up
 * to four names of one environment go into one query. Pure.
 */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "sources/sentry.h"

/* Source: Sentry docs, "Naming Releases": no newline, tab, slash or backslash, not ".", "..", a
 * space or "latest". A quote or an asterisk would end the quoted value, or be a wildcard. */
static bool is_release_name(const char *name)
{
    static const char *const reserved[] = {"", ".", "..", " ", "latest"};
    for (size_t i = 0; i < SW_ARRAY_LEN(reserved); i++)
        if (strcmp(name, reserved[i]) == 0)
            return false;
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f || strchr("/\\\"*", *c))
            return false;
    return true;
}

/* SW_E_NOT_FOUND: a part the template needs is not known. */
static enum sw_code expand_release(const char *template, const char *version, const char *build,
                                   char out[SENTRY_NAME_SIZE], struct sw_error *err)
{
    struct sw_buf buf;
    sw_buf_init(&buf, SENTRY_NAME_SIZE - 1);
    enum sw_code code = SW_OK;
    for (const char *c = template; *c && code == SW_OK;) {
        bool is_version = sw_text_starts(c, "{version}");
        if (is_version || sw_text_starts(c, "{build}")) {
            const char *part = is_version ? version : build;
            if (!*part)
                code = SW_E_NOT_FOUND;
            sw_buf_add(&buf, part);
            c += strlen(is_version ? "{version}" : "{build}");
        } else if (*c == '{' || *c == '}') {
            code =
                sw_fail(err, SW_E_CONFIG,
                        "release template \"%s\": only {version} and {build} may stand in braces",
                        template);
        } else {
            sw_buf_addc(&buf, *c++);
        }
    }
    if (code == SW_OK && (sw_buf_is_failed(&buf) || !is_release_name(sw_buf_text(&buf))))
        code =
            sw_fail(err, SW_E_CONFIG,
                    "release template \"%s\" gives \"%.60s\" for %s (%s), which no Sentry release "
                    "can be called",
                    template, sw_buf_text(&buf), version, build);
    sw_copy(out, SENTRY_NAME_SIZE, sw_buf_text(&buf));
    sw_buf_clear(&buf);
    return code;
}

static enum sw_code add_ask(struct sentry_asks *asks, const struct sw_target *target,
                            enum sw_side side, struct sw_error *err)
{
    const struct sw_rollout *rollout = target->rollout;
    bool is_new = side == SW_SIDE_NEW;
    struct sentry_ask *ask = &asks->items[asks->count];
    *ask = (struct sentry_ask){
        .target = target, .side = side, .environment = sw_node_str(target->options, "environment")};
    enum sw_code code =
        expand_release(sw_node_str(target->options, "release"),
                       is_new ? rollout->version : rollout->previous_version,
                       is_new ? rollout->build : rollout->previous_build, ask->name, err);
    if (code == SW_OK)
        asks->count++;
    return code;
}

/* Which releases to ask for: the versions come from the store, never from here. *missing is the
 * first platform whose version is not known. */
enum sw_code sentry_collect_asks(const struct sw_flow *flow, struct sentry_asks *asks,
                                 const struct sw_target **missing, struct sw_error *err)
{
    size_t targets = sw_flow_target_count(flow);
    asks->items = sw_xcalloc(targets * 2 + 1, sizeof *asks->items);
    for (size_t i = 0; i < targets; i++) {
        const struct sw_target *target = sw_flow_target(flow, i);
        enum sw_code code = SW_E_NOT_FOUND;
        if (target->rollout && target->rollout->state == SW_STATE_NONE)
            continue; /* no release there: nothing to ask, and nothing wrong */
        if (target->rollout)
            code = add_ask(asks, target, SW_SIDE_NEW, err);
        if (code == SW_E_NOT_FOUND) {
            if (!*missing)
                *missing = target;
            continue;
        }
        if (code == SW_OK)
            code = add_ask(asks, target, SW_SIDE_OLD, err);
        if (code != SW_OK && code != SW_E_NOT_FOUND)
            return code;
    }
    return SW_OK;
}

bool sentry_wants(const struct sentry_ask *ask, enum sw_metric metric)
{
    return ask->target->metric == metric;
}

/* ------------------------------------------------------------------- chunks */

static bool is_plain(const char *name)
{
    for (const char *c = name; *c; c++) {
        bool is_word =
            (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        if (!is_word && !strchr("@+._-", *c))
            return false;
    }
    return true;
}

/* Source: Sentry docs, "Search", multiple values in brackets; no wildcards in sessions. */
enum sw_code sentry_write_query(struct sentry_chunk *chunk, struct sw_error *err)
{
    struct sw_buf buf;
    sw_buf_init(&buf, sizeof chunk->query - 1);
    bool is_list = chunk->count > 1;
    sw_buf_add(&buf, is_list ? "release:[" : "release:");
    for (size_t i = 0; i < chunk->count; i++) {
        const char *quote = is_list && is_plain(chunk->names[i]) ? "" : "\"";
        sw_buf_printf(&buf, "%s%s%s%s", i ? "," : "", quote, chunk->names[i], quote);
    }
    if (is_list)
        sw_buf_addc(&buf, ']');
    sw_copy(chunk->query, sizeof chunk->query, sw_buf_text(&buf));
    bool is_failed = sw_buf_is_failed(&buf);
    sw_buf_clear(&buf);
    return is_failed
               ? sw_fail(err, SW_E_LIMIT, "release names of %s are too long to ask for together",
                         chunk->project)
               : SW_OK;
}

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

int sentry_name_index(const struct sentry_chunk *chunk, const char *name)
{
    for (size_t i = 0; i < chunk->count; i++)
        if (strcmp(chunk->names[i], name) == 0)
            return (int)i;
    return -1;
}

/* Takes the next asks of one environment; false when none is left. chunk->asks has room for all. */
bool sentry_take_chunk(struct sentry_asks *asks, struct sentry_chunk *chunk)
{
    chunk->count = chunk->ask_count = 0;
    for (size_t i = 0; i < asks->count; i++) {
        struct sentry_ask *ask = &asks->items[i];
        if (ask->is_taken)
            continue;
        if (chunk->ask_count == 0)
            chunk->environment = ask->environment;
        else if (!is_same_text(chunk->environment, ask->environment))
            continue;
        if (sentry_name_index(chunk, ask->name) < 0) {
            if (chunk->count == SENTRY_NAMES_MAX)
                continue;
            chunk->names[chunk->count++] = ask->name;
        }
        ask->is_taken = true;
        chunk->asks[chunk->ask_count++] = ask;
    }
    return chunk->ask_count > 0;
}
