/*
 * Sentry's search syntax, as far as sessions, releases and issues need it: terms `key:value`,
 * quotes, lists `[a,b]`, negation `!`, AND by juxtaposition, OR. Parentheses are not understood.
 * Source: Sentry "Search Query Syntax", "Searchable Properties", read 2026.
 */
#include "sentry.h"

#include <stdlib.h>
#include <string.h>

struct cursor {
    const char *at;
};

static void skip_blanks(struct cursor *c)
{
    c->at += strspn(c->at, " \t\n");
}

/* A value up to one of `stops`, or in quotes. False: unfinished or too long. */
static bool read_value(struct cursor *c, const char *stops, struct sentry_term *term)
{
    if (term->n_values == SENTRY_VALUES_MAX)
        return false;
    char *out = term->values[term->n_values++];
    size_t cap = sizeof term->values[0] - 1;
    size_t n = 0;
    bool is_quoted = *c->at == '"';

    c->at += is_quoted;
    while (*c->at != '\0' && (is_quoted ? *c->at != '"' : strchr(stops, *c->at) == NULL)) {
        if (is_quoted && *c->at == '\\' && c->at[1] != '\0')
            c->at++;
        if (n == cap)
            return false;
        term->has_wildcard = term->has_wildcard || *c->at == '*';
        out[n++] = *c->at++;
    }
    out[n] = '\0';
    if (is_quoted && *c->at++ != '"')
        return false;
    return n > 0 || is_quoted;
}

static bool read_list(struct cursor *c, struct sentry_term *term)
{
    c->at++; /* '[' */
    for (;;) {
        skip_blanks(c);
        if (!read_value(c, ",] ", term))
            return false;
        skip_blanks(c);
        if (*c->at == ']') {
            c->at++;
            return true;
        }
        if (*c->at++ != ',')
            return false;
    }
}

static bool read_term(struct cursor *c, struct sentry_term *term)
{
    term->is_negated = *c->at == '!';
    c->at += term->is_negated;

    size_t key_bytes = *c->at == '"' ? 0 : strcspn(c->at, ": \t\n\"");
    if (key_bytes > 0 && c->at[key_bytes] == ':') {
        if (key_bytes >= sizeof term->key)
            return false;
        memcpy(term->key, c->at, key_bytes);
        term->key[key_bytes] = '\0';
        c->at += key_bytes + 1;
        return *c->at == '[' ? read_list(c, term) : read_value(c, " \t\n", term);
    }
    return read_value(c, " \t\n", term);
}

static bool take_word(struct cursor *c, const char *word)
{
    size_t n = strlen(word);

    if (strncmp(c->at, word, n) != 0 || (c->at[n] != ' ' && c->at[n] != '\0'))
        return false;
    c->at += n;
    return true;
}

bool sentry_query_parse(const char *text, struct sentry_query *out)
{
    struct cursor c = {.at = text};
    bool is_alternative = false;

    out->n = 0;
    for (skip_blanks(&c); *c.at != '\0'; skip_blanks(&c)) {
        if (take_word(&c, "AND"))
            continue;
        if (take_word(&c, "OR")) {
            if (out->n == 0 || is_alternative)
                return false;
            is_alternative = true;
            continue;
        }
        if (*c.at == '(' || *c.at == ')' || out->n == SENTRY_TERMS_MAX)
            return false;
        struct sentry_term *term = &out->terms[out->n++];
        memset(term, 0, sizeof *term);
        term->begins_alternative = is_alternative;
        is_alternative = false;
        if (!read_term(&c, term))
            return false;
    }
    return !is_alternative;
}

bool sentry_query_matches(const struct sentry_query *query,
                          bool (*match)(const struct sentry_term *term, const void *context),
                          const void *context)
{
    bool all = true;

    for (size_t i = 0; i < query->n; i++) {
        const struct sentry_term *term = &query->terms[i];
        if (term->begins_alternative) {
            if (all)
                return true;
            all = true;
        }
        all = all && match(term, context) != term->is_negated;
    }
    return all;
}

bool sentry_term_has(const struct sentry_term *term, const char *value)
{
    for (size_t i = 0; i < term->n_values; i++)
        if (strcmp(term->values[i], value) == 0)
            return true;
    return false;
}

int sentry_release_term(const struct sentry_term *term, const struct world_version *version)
{
    char package[128];

    if (strcmp(term->key, "release") == 0)
        return sentry_term_has(term, version->release);
    if (strcmp(term->key, "release.version") == 0)
        return sentry_term_has(term, version->version);
    if (strcmp(term->key, "release.build") == 0)
        return sentry_term_has(term, version->build);
    if (strcmp(term->key, "release.package") == 0) {
        size_t n = strcspn(version->release, "@");
        memcpy(package, version->release, n);
        package[n] = '\0';
        return sentry_term_has(term, package);
    }
    return -1;
}
