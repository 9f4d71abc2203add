/* secret_place.c: which of file, environment and command holds a credential, and reading it. */
#include "net/secret_place.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"

enum { CMD_TIMEOUT_MS = 10000 };

static _Atomic(struct sw_log *) warnings;

void sw_secret_use_log(struct sw_log *log)
{
    if (log)
        sw_log_set_redactor(log, secret_redact, NULL);
    atomic_store(&warnings, log);
}

static const char *key_name(char buf[64], const char *name, const char *suffix)
{
    sw_format(buf, 64, "%s_%s", name, suffix);
    return buf;
}

bool sw_secret_is_configured(const struct sw_node *node, const char *name, char *why, size_t size)
{
    char key[64];
    int count = 0;
    count += sw_node_has(node, key_name(key, name, "file"));
    count += sw_node_has(node, key_name(key, name, "env"));
    count += sw_node_has(node, key_name(key, name, "cmd"));
    if (count == 1)
        return true;
    sw_format(why, size, "needs exactly one of: %s_file, %s_env, %s_cmd (%s)", name, name, name,
              count == 0 ? "there is none" : "there are several");
    return false;
}

enum sw_code secret_place_init(struct secret_place *place, const struct sw_node *node,
                               const char *name, struct sw_error *err)
{
    char why[160];
    char key[64];
    *place = (struct secret_place){0};
    if (!sw_secret_is_configured(node, name, why, sizeof(why)))
        return sw_fail(err, SW_E_CONFIG, "%s", why);
    sw_copy(place->name, sizeof(place->name), name);
    if (sw_node_has(node, key_name(key, name, "file"))) {
        place->file = sw_xstrdup(sw_node_str(node, key));
        return SW_OK;
    }
    if (sw_node_has(node, key_name(key, name, "env"))) {
        place->env = sw_xstrdup(sw_node_str(node, key));
        return SW_OK;
    }
    size_t count = sw_node_count(node, key_name(key, name, "cmd"));
    if (count == 0)
        return sw_fail(err, SW_E_CONFIG, "%s is an empty list; name a program", key);
    place->argv = sw_xcalloc(count + 1, sizeof(*place->argv));
    for (size_t i = 0; i < count; i++)
        place->argv[i] = sw_xstrdup(sw_node_str_at(node, key, i));
    return SW_OK;
}

void secret_place_clear(struct secret_place *place)
{
    free(place->file);
    free(place->env);
    for (char **arg = place->argv; arg && *arg; arg++)
        free(*arg);
    free(place->argv);
    *place = (struct secret_place){0};
}

static enum sw_code read_file(const struct secret_place *place, bool whole_file,
                              struct sw_secret **out, struct sw_error *err)
{
    char path[SW_PATH_TEXT];
    enum sw_code code = sw_fs_expand(place->file, path, err);
    return code != SW_OK ? code : secret_file_read(path, false, whole_file, out, err);
}

/* Environments are inherited by children and shown to the same user's programs. */
static enum sw_code read_env(const struct secret_place *place, bool whole_file,
                             struct sw_secret **out, struct sw_error *err)
{
    const char *value = getenv(place->env);
    if (!value)
        return sw_fail(err, SW_E_CONFIG, "the environment variable %s (%s_env) is not set", place->env,
                       place->name);
    sw_log_write(atomic_load(&warnings), SW_LOG_WARN, "secret",
                 "%s is read from the environment (%s), which every child process inherits; a file "
                 "of mode 0600 or a command is safer",
                 place->name, place->env);
    return secret_take(sw_xstrdup(value), strlen(value), whole_file, place->env, out, err);
}

enum sw_code secret_place_read(const struct secret_place *place, bool whole_file,
                               const atomic_bool *is_cancelled, struct sw_secret **out,
                               struct sw_error *err)
{
    *out = NULL;
    if (place->file)
        return read_file(place, whole_file, out, err);
    if (place->env)
        return read_env(place, whole_file, out, err);
    return secret_cmd_read(place->argv, CMD_TIMEOUT_MS, whole_file, is_cancelled, out, err);
}

enum sw_code sw_secret_read(const struct sw_node *node, const char *name, bool whole_file,
                            struct sw_secret **out, struct sw_error *err)
{
    struct secret_place place;
    *out = NULL;
    enum sw_code code = secret_place_init(&place, node, name, err);
    if (code == SW_OK)
        code = secret_place_read(&place, whole_file, NULL, out, err);
    secret_place_clear(&place);
    return code;
}

enum sw_code secret_take(char *bytes, size_t len, bool whole_file, const char *from,
                         struct sw_secret **out, struct sw_error *err)
{
    size_t used = len;
    if (!whole_file) {
        const char *newline = memchr(bytes, '\n', len);
        used = newline ? (size_t)(newline - bytes) : len;
        while (used > 0 && strchr(" \t\r", bytes[used - 1]))
            used--;
    }
    enum sw_code code = SW_OK;
    if (used == 0)
        code = sw_fail(err, SW_E_CONFIG, "%s holds no credential: it is empty", from);
    else if (used > SECRET_MAX_BYTES)
        code = sw_fail(err, SW_E_CONFIG, "%s is larger than %d bytes: that is no credential", from,
                       SECRET_MAX_BYTES);
    else if (memchr(bytes, '\0', used))
        code = sw_fail(err, SW_E_CONFIG, "%s holds a NUL byte: that is no credential", from);
    else
        *out = secret_new(bytes, used);
    explicit_bzero(bytes, len);
    free(bytes);
    return code;
}
