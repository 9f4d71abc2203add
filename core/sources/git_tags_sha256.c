/*
 * git_tags_sha256.c: the tags of a SHA-256 repository, read from its files.
 *
 * libgit2 1.5 refuses to open one (measured), so that only what needs no objects can be shown: the
 * names and what they point at. Dates, commits and the checklist need objects and stay unknown.
 * Format: packed-refs and one file for each loose ref. Source: Git, "gitrepository-layout" and
 * "git-pack-refs", read 2026-01. Links are not followed; nothing is written.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "sources/git_tags.h"

enum { ID_LEN = 64, DEPTH_MAX = 16, CONFIG_MAX = 1 << 20, PACKED_MAX = 16 << 20, LOOSE_MAX = 4096 };

/* The folder with config and refs: PATH/.git, or PATH itself when it is bare. */
static enum sw_code git_dir(const char *path, char out[SW_PATH_TEXT], struct sw_error *err)
{
    struct stat at;
    enum sw_code code = sw_fs_join(path, ".git", out, err);
    if (code == SW_OK && (lstat(out, &at) != 0 || !S_ISDIR(at.st_mode)))
        code = sw_format(out, SW_PATH_TEXT, "%s", path)
                   ? sw_fail(err, SW_E_LIMIT, "the repository's path is too long")
                   : SW_OK;
    return code;
}

/* One line of the configuration, blanks aside: objectformat = sha256. */
static bool is_sha256_line(const char *line, size_t len)
{
    char text[64] = "";
    size_t used = 0;
    for (size_t i = 0; i < len && used + 1 < sizeof text; i++)
        if (!strchr(" \t\r\"", line[i]))
            text[used++] = line[i];
    return sw_text_eq_nocase(text, "objectformat=sha256");
}

bool git_sha256_is(const char *path)
{
    char dir[SW_PATH_TEXT], file[SW_PATH_TEXT];
    struct sw_buf config;
    bool is_it = false;
    sw_buf_init(&config, CONFIG_MAX);
    if (git_dir(path, dir, NULL) == SW_OK && sw_fs_join(dir, "config", file, NULL) == SW_OK &&
        sw_fs_read(file, CONFIG_MAX, &config, NULL) == SW_OK)
        for (const char *line = sw_buf_text(&config); *line && !is_it;) {
            size_t len = strcspn(line, "\n");
            is_it = is_sha256_line(line, len);
            line += len + (line[len] == '\n');
        }
    sw_buf_clear(&config);
    return is_it;
}

/* 64 hexadecimal digits at the front of text. */
static bool read_id(const char *text, char id[ID_LEN + 1])
{
    if (strspn(text, "0123456789abcdef") != ID_LEN)
        return false;
    memcpy(id, text, ID_LEN);
    id[ID_LEN] = '\0';
    return true;
}

static void add_loose(const char *file, const char *name, struct git_tag_list *list)
{
    struct sw_buf text;
    char id[ID_LEN + 1];
    sw_buf_init(&text, LOOSE_MAX);
    if (sw_fs_read(file, LOOSE_MAX, &text, NULL) == SW_OK && read_id(sw_buf_text(&text), id))
        git_tag_list_add(list, name, id);
    sw_buf_clear(&text);
}

/* prefix: the name so far, "" or "ios/". An unreadable folder has no tags. */
static void add_folder(const char *path, const char *prefix, int depth, struct git_tag_list *list)
{
    DIR *dir = depth < DEPTH_MAX ? opendir(path) : NULL;
    if (!dir)
        return;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        char file[SW_PATH_TEXT], name[SW_PATH_TEXT];
        struct stat at;
        if (entry->d_name[0] == '.' || sw_fs_join(path, entry->d_name, file, NULL) != SW_OK ||
            sw_format(name, sizeof name, "%s%s", prefix, entry->d_name) || lstat(file, &at) != 0)
            continue;
        if (S_ISREG(at.st_mode))
            add_loose(file, name, list);
        else if (S_ISDIR(at.st_mode) &&
                 !sw_format(name, sizeof name, "%s%s/", prefix, entry->d_name))
            add_folder(file, name, depth + 1, list);
    }
    closedir(dir);
}

static bool has(const struct git_tag_list *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list->items[i].name, name) == 0)
            return true;
    return false;
}

/* "<id> refs/tags/<name>"; comments and peeled ids (^) stand between. A loose ref wins. */
static void add_packed(char *text, struct git_tag_list *list)
{
    static const char prefix[] = " refs/tags/";
    size_t loose = list->count;
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        char id[ID_LEN + 1];
        if (!read_id(line, id) || !sw_text_starts(line + ID_LEN, prefix))
            continue;
        const char *name = line + ID_LEN + sizeof prefix - 1;
        if (*name && !has(list, loose, name))
            git_tag_list_add(list, name, id);
    }
}

enum sw_code git_sha256_tags(const char *path, struct git_tag_list *list, struct sw_error *err)
{
    char dir[SW_PATH_TEXT], file[SW_PATH_TEXT];
    struct sw_buf packed;
    enum sw_code code = git_dir(path, dir, err);
    if (code == SW_OK)
        code = sw_fs_join(dir, "refs/tags", file, err);
    if (code != SW_OK)
        return code;
    add_folder(file, "", 0, list);
    sw_buf_init(&packed, PACKED_MAX);
    code = sw_fs_join(dir, "packed-refs", file, err);
    if (code == SW_OK)
        code = sw_fs_read(file, PACKED_MAX, &packed, err);
    if (code == SW_OK && packed.data)
        add_packed(packed.data, list);
    if (code == SW_E_NOT_FOUND) {
        sw_error_clear(err);
        code = SW_OK; /* nothing packed */
    }
    sw_buf_clear(&packed);
    return code;
}
