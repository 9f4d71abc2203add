/* config.c: the configuration as the engine uses it: read, checked whole, immutable.
 *
 * The file must be ours and writable by nobody else: it decides where
 * credentials are sent and which commands run. It is opened once, and what was
 * opened is what is checked and read.
 *
 * Then the passes of loader.h: each adds its problems and goes on, and with one
 * error nothing comes out at all. Everything lives in the document's arena.
 * Not done here: reading secrets, looking into the repository, any network. */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/fs.h"
#include "base/mem.h"
#include "config/loader.h"
#include "config/pattern.h"

/* ------------------------------------------------------------ loader's tools */

const struct sw_option *sw_loader_table(struct sw_loader *loader, size_t kind,
                                        enum sw_schema_part part)
{
    const struct sw_option **table = &loader->tables[kind][part];
    if (*table == NULL)
        *table = sw_schema_of_kind(loader->arena, &loader->kinds[kind], part);
    return *table;
}

const char *sw_loader_text(const struct sw_yaml *map, const char *key)
{
    const struct sw_yaml *value = sw_yaml_get(map, key);
    return value != NULL && value->kind == SW_YAML_SCALAR && value->text[0] != '\0' ? value->text
                                                                                    : NULL;
}

bool sw_loader_check_id(struct sw_loader *loader, const struct sw_yaml *at, const char *id,
                        const char *what)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t len = strlen(id);
    if (len > 0 && len <= 32 && strchr(first, id[0]) != NULL &&
        strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len)
        return true;
    sw_check_error(loader->check, at,
                   "%s: \"%.40s\" must be 1 to 32 of a-z, 0-9, - and _, and begin with a letter or "
                   "a digit",
                   what, id);
    return false;
}

const char *sw_loader_path(struct sw_loader *loader, const struct sw_node *node, const char *key)
{
    char path[SW_PATH_TEXT];
    struct sw_error err = {0};
    const char *text = sw_node_str(node, key);
    if (text == NULL)
        return NULL;
    if (text[0] == '\0' || sw_fs_expand(text, path, &err) != SW_OK) {
        sw_check_error(loader->check, sw_node_at(node, key), "%s: %s", key,
                       text[0] == '\0' ? "the path is empty" : err.text);
        return NULL;
    }
    return sw_arena_strdup(loader->arena, path);
}

const char *sw_loader_kinds(const struct sw_loader *loader,
                            bool (*is_fit)(const struct sw_kind_info *kind, unsigned what),
                            unsigned what, char *buf, size_t size)
{
    buf[0] = '\0';
    for (size_t i = 0; i < loader->kind_count; i++) {
        size_t len = strlen(buf);
        if (is_fit(&loader->kinds[i], what))
            sw_ignore(sw_format(buf + len, size - len, "%s%s", len > 0 ? ", " : "",
                                loader->kinds[i].name));
    }
    if (buf[0] == '\0')
        sw_ignore(sw_copy(buf, size, "none"));
    return buf;
}

/* ------------------------------------------------------------------- the file */

static enum sw_code no_such_file(const char *path, struct sw_error *err)
{
    return sw_fail(err, SW_E_CONFIG,
                   "there is no configuration at %s; `slipway init` writes a commented one, "
                   "`--config FILE` names another",
                   path);
}

static enum sw_code check_file(const char *path, int fd, struct sw_error *err)
{
    struct stat about;
    if (fstat(fd, &about) != 0)
        return sw_fail_errno(err, SW_E_CONFIG, errno, "reading %s", path);
    if (!S_ISREG(about.st_mode))
        return sw_fail(err, SW_E_CONFIG, "%s is not a regular file", path);
    if (about.st_uid != geteuid())
        return sw_fail(err, SW_E_CONFIG,
                       "%s belongs to another user (uid %lu); it decides where credentials go, so "
                       "it must be yours",
                       path, (unsigned long)about.st_uid);
    if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return sw_fail(err, SW_E_CONFIG,
                       "%s may be written by others (mode %04o); run: chmod go-w %s", path,
                       (unsigned)about.st_mode & 07777u, path);
    return SW_OK;
}

static enum sw_code read_all(const char *path, int fd, struct sw_buf *text, struct sw_error *err)
{
    char chunk[16384];
    ssize_t got;
    while ((got = read(fd, chunk, sizeof chunk)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return sw_fail_errno(err, SW_E_CONFIG, errno, "reading %s", path);
        if (!sw_buf_addn(text, chunk, (size_t)got))
            return sw_fail(err, SW_E_CONFIG, "%s is larger than 1 MiB", path);
    }
    return SW_OK;
}

static enum sw_code read_file(const char *path, struct sw_buf *text, struct sw_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return no_such_file(path, err);
    if (fd < 0)
        return sw_fail_errno(err, SW_E_CONFIG, errno, "reading %s", path);
    enum sw_code code = check_file(path, fd, err);
    if (code == SW_OK)
        code = read_all(path, fd, text, err);
    close(fd);
    return code;
}

static enum sw_code find_path(const char *given, char out[SW_PATH_TEXT], struct sw_error *err)
{
    char named[SW_PATH_TEXT];
    enum sw_code code = given != NULL ? sw_fs_expand(given, named, err)
                                      : sw_fs_xdg(SW_XDG_CONFIG, "slipway/config.yaml", named, err);
    if (code != SW_OK)
        return code;
    char *real SW_AUTO_FREE = realpath(named, NULL);
    if (real == NULL)
        return errno == ENOENT || errno == ENOTDIR
                   ? no_such_file(named, err)
                   : sw_fail_errno(err, SW_E_CONFIG, errno, "reading %s", named);
    if (sw_copy(out, SW_PATH_TEXT, real))
        return sw_fail(err, SW_E_CONFIG, "the path of %s is too long", named);
    return SW_OK;
}

/* ----------------------------------------------------------------- its parts */

static void read_release(struct sw_loader *loader)
{
    struct sw_config *config = loader->config;
    const struct sw_node *node = sw_node_map(loader->root, "release");
    struct sw_error err = {0};
    config->release_tags = "v*";
    config->zone = "UTC";
    if (node == NULL)
        return;
    const char *name = sw_node_str(node, "name");
    config->release_name = strcmp(name, "auto") == 0 ? NULL : name;
    config->release_tags = sw_node_str(node, "tags");
    config->zone = sw_node_str(node, "timezone");
    if (name[0] == '\0' || strlen(name) > 64)
        sw_check_error(loader->check, sw_node_at(node, "name"),
                       "release.name must have 1 to 64 characters");
    if (config->release_tags[0] == '\0' || strlen(config->release_tags) > SW_PATTERN_MAX)
        sw_check_error(loader->check, sw_node_at(node, "tags"),
                       "release.tags must have 1 to %d characters", (int)SW_PATTERN_MAX);
    if (sw_zone_check(config->zone, &err) != SW_OK)
        sw_check_error(loader->check, sw_node_at(node, "timezone"), "release.timezone: %s",
                       err.text);
}

static void read_captain(struct sw_loader *loader)
{
    const struct sw_node *node = sw_node_map(loader->root, "captain");
    if (node == NULL)
        return;
    static const char *const keys[] = {"name", "email"};
    for (size_t i = 0; i < SW_ARRAY_LEN(keys); i++) {
        const char *text = sw_node_str(node, keys[i]);
        /* What git takes as the border of a name and a mail cannot be part of them. */
        if (text != NULL && (text[0] == '\0' || strlen(text) > 120 || strpbrk(text, "<>") != NULL))
            sw_check_error(loader->check, sw_node_at(node, keys[i]),
                           "captain.%s must have 1 to 120 characters, < and > not among them",
                           keys[i]);
    }
    loader->config->captain_name = sw_node_str(node, "name");
    loader->config->captain_email = sw_node_str(node, "email");
}

static void read_repository(struct sw_loader *loader)
{
    struct sw_config *config = loader->config;
    const struct sw_node *repository = sw_node_map(loader->root, "repository");
    const struct sw_node *checklist = sw_node_map(loader->root, "checklist");
    if (repository != NULL)
        config->repository = sw_loader_path(loader, repository, "path");
    if (checklist == NULL)
        return;
    config->checklist_file = sw_node_str(checklist, "file");
    config->checklist_ref = sw_node_str(checklist, "ref");
    const char *file = config->checklist_file;
    if (sw_yaml_get(sw_node_at(loader->root, NULL), "repository") == NULL)
        sw_check_error(loader->check, sw_node_at(checklist, NULL),
                       "checklist is read from the repository: give repository.path");
    if (file != NULL && (file[0] == '\0' || file[0] == '/' || strstr(file, "..") != NULL))
        sw_check_error(loader->check, sw_node_at(checklist, "file"),
                       "checklist.file must be a path inside the repository");
}

static void read_ui(struct sw_loader *loader)
{
    loader->config->ui = sw_node_map(loader->root, "ui");
    loader->config->theme =
        loader->config->ui != NULL ? sw_node_str(loader->config->ui, "theme") : "terminal";
}

static void read_guard(struct sw_loader *loader)
{
    const struct sw_node *node = sw_node_map(loader->root, "guard");
    if (node == NULL)
        return;
    /* Somebody may sleep soundly because of it. */
    sw_check_warning(loader->check, sw_node_at(node, NULL),
                     "guard: nothing acts on this section yet, there is no `slipway guard`");
    for (size_t i = 0; i < sw_node_count(node, "halt_on"); i++) {
        const char *word = sw_node_str_at(node, "halt_on", i);
        if (strcmp(word, "fail") != 0 && strcmp(word, "worse") != 0)
            sw_check_error(loader->check, sw_node_at(node, "halt_on")->items[i],
                           "guard.halt_on: \"%.32s\" is not one of: fail, worse", word);
    }
    if (sw_node_has(node, "notify_cmd") && sw_node_count(node, "notify_cmd") == 0)
        sw_check_error(loader->check, sw_node_at(node, "notify_cmd"),
                       "guard.notify_cmd: the command is empty");
}

static void read_simulation(struct sw_loader *loader)
{
    struct sw_config *config = loader->config;
    const struct sw_node *node = sw_node_map(loader->root, "simulation");
    if (node == NULL)
        return;
    config->is_simulation = true;
    config->clock = (struct sw_clock){
        .real_ms = sw_node_int(node, "real"),
        .world_ms = sw_node_int(node, "world"),
        .speed = sw_node_num(node, "speed"),
    };
}

/* ------------------------------------------------------------------- loading */

static struct sw_config *build(struct sw_loader *loader)
{
    struct sw_arena *arena = sw_check_arena(loader->check);
    loader->arena = arena;
    loader->config = sw_arena_alloc(arena, sizeof *loader->config);
    loader->tables = sw_arena_array(arena, loader->kind_count + 1, sizeof *loader->tables);
    loader->root = sw_check_map(loader->check, sw_check_tree(loader->check), sw_schema_root, NULL);
    if (loader->root == NULL)
        return NULL;
    read_captain(loader);
    read_release(loader);
    read_repository(loader);
    read_ui(loader);
    read_guard(loader);
    read_simulation(loader);
    sw_load_accounts(loader);
    sw_load_platforms(loader);
    sw_load_gates(loader);
    return loader->config;
}

static struct sw_config *parse(const char *text, size_t len, const char *path,
                               const struct sw_kind_info *kinds, size_t kind_count,
                               struct sw_problems *problems)
{
    struct sw_loader loader = {.kinds = kinds, .kind_count = kind_count};
    char hash[SW_SHA256_TEXT];
    loader.check = sw_check_open(text, len, path, problems);
    if (loader.check == NULL)
        return NULL;
    struct sw_config *config = build(&loader);
    if (config != NULL) {
        config->path = sw_arena_strdup(loader.arena, path);
        sw_sha256_hex(path, strlen(path), hash);
        sw_ignore(sw_copy(config->hash, sizeof config->hash, hash));
    }
    struct sw_document *document = sw_check_take(loader.check, loader.root, problems);
    if (document == NULL || config == NULL) {
        sw_document_free(document);
        return NULL;
    }
    config->document = document;
    return config;
}

enum sw_code sw_config_parse(const char *text, size_t len, const char *path,
                             const struct sw_kind_info *kinds, size_t kind_count,
                             struct sw_config **out, struct sw_problems *problems,
                             struct sw_error *err)
{
    struct sw_problems found = {0};
    *out = parse(text, len, path, kinds, kind_count, &found);
    enum sw_code code = sw_problems_finish(&found, err);
    if (problems != NULL)
        *problems = found;
    else
        sw_problems_free(&found);
    return code;
}

enum sw_code sw_config_load(const char *path, const struct sw_kind_info *kinds, size_t kind_count,
                            struct sw_config **out, struct sw_problems *problems,
                            struct sw_error *err)
{
    char absolute[SW_PATH_TEXT];
    struct sw_error local = {0};
    struct sw_buf text;
    *out = NULL;
    if (problems != NULL)
        *problems = (struct sw_problems){0};
    sw_buf_init(&text, SW_YAML_BYTES_MAX);
    enum sw_code code = find_path(path, absolute, &local);
    if (code == SW_OK)
        code = read_file(absolute, &text, &local);
    if (code == SW_OK) {
        code = sw_config_parse(sw_buf_text(&text), text.len, absolute, kinds, kind_count, out,
                               problems, err);
    } else {
        code = sw_fail(err, SW_E_CONFIG, "%s", local.text);
        if (problems != NULL)
            sw_problems_add(problems, NULL, 0, 0, false, "%s", local.text);
    }
    sw_buf_clear(&text);
    return code;
}

void sw_config_free(struct sw_config *config)
{
    if (config != NULL)
        sw_document_free(config->document);
}
