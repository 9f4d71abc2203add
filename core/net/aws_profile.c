/* aws_profile.c: see aws_profile.h.
 * Source: AWS notes, "Credentials and region", and AWS SDKs reference guide, "Shared config and
 * credentials files", read 2026-01: `key = value`, comments at the start of a line, indented lines
 * are nested settings of the line above, [default] is not inherited. */
#include "net/aws_profile.h"

#include <string.h>
#include <strings.h>

#include "base/macros.h"

struct piece {
    const char *at;
    size_t len;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct piece trim(const char *at, size_t len)
{
    while (len > 0 && is_blank(*at))
        at++, len--;
    while (len > 0 && is_blank(at[len - 1]))
        len--;
    return (struct piece){at, len};
}

static bool is_text(struct piece piece, const char *text)
{
    return strlen(text) == piece.len && memcmp(piece.at, text, piece.len) == 0;
}

/* "[profile \"my name\"]" and the like: is it the section wanted? */
static bool is_section(struct piece line, const char *name, bool is_config_file)
{
    const char *close = memchr(line.at, ']', line.len);
    if (!close)
        return false;
    struct piece title = trim(line.at + 1, (size_t)(close - line.at) - 1);
    bool has_word = title.len > 8 && strncmp(title.at, "profile", 7) == 0 && is_blank(title.at[7]);
    if (is_config_file && !has_word && strcmp(name, "default") != 0)
        return false;
    if (is_config_file && has_word)
        title = trim(title.at + 8, title.len - 8);
    if (title.len >= 2 && (title.at[0] == '"' || title.at[0] == '\'') &&
        title.at[title.len - 1] == title.at[0])
        title = (struct piece){title.at + 1, title.len - 2};
    return is_text(title, name);
}

static void keep(char *out, size_t size, struct piece value, struct aws_profile *profile)
{
    if (value.len >= size) {
        profile->is_too_long = true;
        return;
    }
    memcpy(out, value.at, value.len);
    out[value.len] = '\0';
}

static void note_other(struct piece key, struct aws_profile *profile)
{
    static const char *const others[] = {"role_arn",
                                         "sso_session",
                                         "sso_start_url",
                                         "credential_process",
                                         "web_identity_token_file",
                                         "login_session"};
    for (size_t i = 0; i < SW_ARRAY_LEN(others); i++)
        if (is_text(key, others[i]))
            keep(profile->other, sizeof(profile->other), key, profile);
}

static void set(struct piece key, struct piece value, struct aws_profile *profile)
{
    if (is_text(key, "aws_access_key_id"))
        keep(profile->access_key_id, sizeof(profile->access_key_id), value, profile);
    else if (is_text(key, "aws_secret_access_key"))
        keep(profile->secret_key, sizeof(profile->secret_key), value, profile);
    else if (is_text(key, "aws_session_token"))
        keep(profile->session_token, sizeof(profile->session_token), value, profile);
    else if (is_text(key, "region"))
        keep(profile->region, sizeof(profile->region), value, profile);
    else
        note_other(key, profile);
}

void aws_profile_parse(const char *text, size_t len, const char *name, bool is_config_file,
                       struct aws_profile *out)
{
    bool is_inside = false;
    const char *end = text + len;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *next = newline ? newline + 1 : end;
        bool is_nested = is_blank(*text) && *text != '\r';
        struct piece line = trim(text, (size_t)((newline ? newline : end) - text));
        text = next;
        if (line.len == 0 || line.at[0] == '#' || line.at[0] == ';' || is_nested)
            continue;
        if (line.at[0] == '[') {
            is_inside = is_section(line, name, is_config_file);
            out->is_found |= is_inside;
            continue;
        }
        const char *equals = memchr(line.at, '=', line.len);
        if (is_inside && equals)
            set(trim(line.at, (size_t)(equals - line.at)),
                trim(equals + 1, (size_t)(line.at + line.len - equals) - 1), out);
    }
}
