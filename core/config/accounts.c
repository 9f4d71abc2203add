/* accounts.c: the `sources` of a configuration.
 *
 * Which keys an entry may have follows from its kind, so the kind is looked at
 * first, raw, and the table is put together then. Checked here: unique ids, the
 * address (a credential goes there), one place for each secret, and that in a
 * simulation nothing leaves this machine. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/loader.h"
#include "config/url.h"

static bool is_any(const struct sw_kind_info *kind, unsigned what)
{
    (void)kind;
    (void)what;
    return true;
}

static bool find_kind(const struct sw_loader *loader, const char *name, size_t *kind)
{
    for (size_t i = 0; i < loader->kind_count; i++) {
        if (strcmp(loader->kinds[i].name, name) == 0) {
            *kind = i;
            return true;
        }
    }
    return false;
}

static void unknown_kind(struct sw_loader *loader, const struct sw_yaml *at,
                         const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 1], list[256];
    const char **names = sw_arena_array(loader->arena, loader->kind_count + 1, sizeof *names);
    for (size_t i = 0; i < loader->kind_count; i++)
        names[i] = loader->kinds[i].name;
    const char *near = sw_text_nearest(at->text, names);
    sw_check_error(loader->check, at, "%s: there is no source kind \"%.32s\" (there are: %s)%s%s%s",
                   sw_place_key_text(place, "kind", where, sizeof where), at->text,
                   sw_loader_kinds(loader, is_any, 0, list, sizeof list),
                   near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
                   near != NULL ? "\"?" : "");
}

/* ---------------------------------------------------------------- addresses */

/* A kind signed for a region is addressed by host alone: the signature covers the path "/". */
static bool is_regional(const struct sw_kind_info *kind)
{
    return sw_schema_has_key(kind->account_options, "region");
}

/* "https://monitoring.{region}.amazonaws.com": {key} stands for the account's own value. */
static const char *fill_in(struct sw_loader *loader, const char *pattern,
                           const struct sw_node *node)
{
    struct sw_buf out;
    sw_buf_init(&out, SW_URL_TEXT);
    while (*pattern != '\0') {
        size_t plain = strcspn(pattern, "{");
        sw_ignore(sw_buf_addn(&out, pattern, plain));
        pattern += plain;
        size_t len = strcspn(pattern, "}");
        if (*pattern == '\0' || pattern[len] == '\0')
            break;
        const char *key = sw_arena_strndup(loader->arena, pattern + 1, len - 1);
        const char *value = sw_node_knows(node, key) ? sw_node_str(node, key) : NULL;
        sw_ignore(sw_buf_add(&out, value != NULL ? value : ""));
        pattern += len + 1;
    }
    const char *text = sw_arena_strdup(loader->arena, sw_buf_text(&out));
    sw_buf_clear(&out);
    return text;
}

static void check_simulated(struct sw_loader *loader, const struct sw_node *node, const char *key,
                            const struct sw_url *url, const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 1];
    if (!loader->config->is_simulation || url->is_loopback)
        return;
    sw_check_error(loader->check, sw_node_at(node, key),
                   "%s is %s, but with `simulation` every address must be 127.0.0.1 or [::1]",
                   sw_place_key_text(place, key, where, sizeof where), url->text);
}

/* The address under `key`, checked; preset stands in when it is absent. NULL: none or wrong. */
static const char *read_url(struct sw_loader *loader, const struct sw_node *node, const char *key,
                            const char *preset, bool may_have_path, const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 1], why[160];
    struct sw_url url;
    const char *text = sw_node_has(node, key) ? sw_node_str(node, key) : preset;
    if (text == NULL)
        return NULL;
    sw_place_key_text(place, key, where, sizeof where);
    /* The address itself is not repeated: somebody may have put a password into it. */
    if (!sw_url_check(text, &url, why, sizeof why)) {
        sw_check_error(loader->check, sw_node_at(node, key), "%s %s", where, why);
        return NULL;
    }
    if (url.has_path && !may_have_path) {
        sw_check_error(loader->check, sw_node_at(node, key),
                       "%s must not have a path: requests of this kind are signed for \"/\"",
                       where);
        return NULL;
    }
    check_simulated(loader, node, key, &url, place);
    return sw_arena_strdup(loader->arena, url.text);
}

static void read_addresses(struct sw_loader *loader, const struct sw_kind_info *kind,
                           const struct sw_node *node, struct sw_config_source *source,
                           const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 1];
    if (!sw_node_knows(node, "base_url"))
        return;
    const char *preset = kind->base_url != NULL ? fill_in(loader, kind->base_url, node) : NULL;
    if (preset == NULL && !sw_node_has(node, "base_url") &&
        sw_yaml_get(sw_node_at(node, NULL), "base_url") == NULL)
        sw_check_error(loader->check, sw_node_at(node, NULL), "missing key \"base_url\" %s",
                       sw_place_in_text(place, where, sizeof where));
    source->base_url = read_url(loader, node, "base_url", preset, !is_regional(kind), place);
    if (sw_node_knows(node, "token_url"))
        sw_ignore(read_url(loader, node, "token_url", NULL, true, place) != NULL);
}

static void check_ca_file(struct sw_loader *loader, const struct sw_node *node,
                          struct sw_config_source *source, const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 1];
    struct stat about;
    if (!sw_node_knows(node, "ca_file") || !sw_node_has(node, "ca_file"))
        return;
    const char *path = sw_loader_path(loader, node, "ca_file");
    if (path == NULL)
        return;
    if (stat(path, &about) != 0 || !S_ISREG(about.st_mode) || access(path, R_OK) != 0)
        sw_check_error(loader->check, sw_node_at(node, "ca_file"), "%s: %s is no readable file",
                       sw_place_key_text(place, "ca_file", where, sizeof where), path);
    source->ca_file = path;
}

/* ------------------------------------------------------------------ secrets */

static bool is_variable(const char *name)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
    return name[0] != '\0' && strchr(first, name[0]) != NULL && name[len] == '\0';
}

/* The place itself; its text never goes into a message, it may be the secret pasted here. */
static void check_place(struct sw_loader *loader, const struct sw_node *node,
                        const struct sw_option *option, const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 1];
    const struct sw_yaml *at = sw_node_at(node, option->key);
    if (!sw_node_has(node, option->key))
        return;
    sw_place_key_text(place, option->key, where, sizeof where);
    if (option->type == SW_OPTION_STRINGS) {
        if (sw_node_count(node, option->key) == 0 ||
            sw_node_str_at(node, option->key, 0)[0] == '\0')
            sw_check_error(loader->check, at, "%s: the command is empty", where);
        return;
    }
    const char *text = sw_node_str(node, option->key);
    size_t len = strlen(option->key);
    char path[SW_PATH_TEXT];
    if (strcmp(option->key + len - 4, "_env") == 0 && !is_variable(text))
        sw_check_error(loader->check, at, "%s must be the name of an environment variable", where);
    else if (strcmp(option->key + len - 5, "_file") == 0 &&
             (text[0] == '\0' || sw_fs_expand(text, path, NULL) != SW_OK))
        sw_check_error(loader->check, at, "%s must be the path of a file", where);
}

static void check_secret(struct sw_loader *loader, const struct sw_node *node, const char *stem,
                         const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 8], other[64], keys[200] = "", given[200] = "";
    size_t places = 0;
    const struct sw_option *table = sw_node_table(node);
    for (; table->type != SW_OPTION_END; table++) {
        if (!sw_schema_is_secret(sw_node_table(node), table, other, sizeof other) ||
            strcmp(other, stem) != 0)
            continue;
        size_t len = strlen(keys);
        sw_ignore(
            sw_format(keys + len, sizeof keys - len, "%s%s", len > 0 ? ", " : "", table->key));
        check_place(loader, node, table, place);
        if (sw_yaml_get(sw_node_at(node, NULL), table->key) == NULL)
            continue;
        len = strlen(given);
        sw_ignore(sw_format(given + len, sizeof given - len, "%s%s", places++ > 0 ? " and " : "",
                            table->key));
    }
    sw_place_key_text(place, NULL, where, sizeof where);
    if (places == 0)
        sw_check_error(loader->check, sw_node_at(node, NULL), "%s needs exactly one of: %s", where,
                       keys);
    else if (places > 1)
        sw_check_error(loader->check, sw_node_at(node, NULL), "%s has %s; give exactly one", where,
                       given);
}

static void check_secrets(struct sw_loader *loader, const struct sw_node *node,
                          const struct sw_place *place)
{
    const struct sw_option *table = sw_node_table(node);
    char stem[64], seen[4][64];
    size_t count = 0;
    for (const struct sw_option *option = table; option->type != SW_OPTION_END; option++) {
        if (!sw_schema_is_secret(table, option, stem, sizeof stem))
            continue;
        size_t i = 0;
        while (i < count && strcmp(seen[i], stem) != 0)
            i++;
        if (i < count || count == SW_ARRAY_LEN(seen))
            continue;
        sw_ignore(sw_copy(seen[count++], sizeof seen[0], stem));
        check_secret(loader, node, stem, place);
    }
}

/* ------------------------------------------------------------------ entries */

static int longest(int a, int b, int c)
{
    int most = a > b ? a : b;
    return most > c ? most : c;
}

static void read_times(struct sw_loader *loader, const struct sw_node *node,
                       struct sw_config_source *source, const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 1];
    const char *slowest = loader->kinds[source->kind].slowest_key;
    int slowest_s = slowest != NULL ? (int)sw_node_int(node, slowest) : 0;
    source->interval_s = (int)sw_node_int(node, "interval");
    source->stale_after_s = (int)sw_node_int(node, "stale_after");
    /* A longer interval alone must not make every figure stale between two polls. */
    if (!sw_node_has(node, "stale_after"))
        source->stale_after_s =
            longest(source->stale_after_s, 3 * source->interval_s, 2 * slowest_s);
    if (source->stale_after_s < source->interval_s)
        sw_check_error(loader->check, sw_node_at(node, "stale_after"),
                       "%s is shorter than the interval (%d s): every figure would always be stale",
                       sw_place_key_text(place, "stale_after", where, sizeof where),
                       source->interval_s);
    /* It is read by the first poll after it is due. */
    else if (slowest_s > 0 && source->stale_after_s < slowest_s + source->interval_s)
        sw_check_error(loader->check, sw_node_at(node, "stale_after"),
                       "%s is shorter than %s and interval together (%d s): figures would be stale "
                       "between two readings on schedule",
                       sw_place_key_text(place, "stale_after", where, sizeof where), slowest,
                       slowest_s + source->interval_s);
}

static void check_unique(struct sw_loader *loader, size_t index, const struct sw_yaml *list)
{
    const struct sw_config_source *sources = loader->config->sources;
    for (size_t i = 0; i < index; i++) {
        if (sources[i].id == NULL || strcmp(sources[i].id, sources[index].id) != 0)
            continue;
        sw_check_error(loader->check, sw_yaml_get(list->items[index], "id"),
                       "source id \"%.32s\" is used twice (first at line %d)", sources[index].id,
                       sw_yaml_get(list->items[i], "id")->line);
        return;
    }
}

static void read_account(struct sw_loader *loader, size_t index, const struct sw_yaml *list,
                         const struct sw_place *place)
{
    struct sw_config_source *source = &loader->config->sources[index];
    const struct sw_yaml *at = list->items[index];
    char where[SW_PLACE_TEXT + 8];
    size_t kind = 0;
    source->id = sw_loader_text(at, "id");
    if (at->kind != SW_YAML_MAP) {
        sw_check_error(loader->check, at, "%s must be a mapping (key: value)",
                       sw_place_key_text(place, NULL, where, sizeof where));
        return;
    }
    const char *name = sw_loader_text(at, "kind");
    if (name == NULL) {
        sw_check_error(loader->check, at, "missing key \"kind\" %s (which upstream)",
                       sw_place_in_text(place, where, sizeof where));
        return;
    }
    if (!find_kind(loader, name, &kind)) {
        unknown_kind(loader, sw_yaml_get(at, "kind"), place);
        return;
    }
    const struct sw_node *node =
        sw_check_map(loader->check, at, sw_loader_table(loader, kind, SW_SCHEMA_ACCOUNT), place);
    source->kind = kind;
    source->options = node;
    loader->has_kind[index] = true;
    if (source->id != NULL && sw_loader_check_id(loader, sw_yaml_get(at, "id"), source->id, "id"))
        check_unique(loader, index, list);
    read_addresses(loader, &loader->kinds[kind], node, source, place);
    check_ca_file(loader, node, source, place);
    check_secrets(loader, node, place);
    read_times(loader, node, source, place);
}

void sw_load_accounts(struct sw_loader *loader)
{
    struct sw_config *config = loader->config;
    const struct sw_yaml *list = sw_node_any(loader->root, "sources");
    const struct sw_place here = {.key = "sources"};
    if (list == NULL)
        return;
    if (list->kind != SW_YAML_LIST || list->count == 0 || list->count > 500) {
        sw_check_error(loader->check, list, "sources must be a list of 1 to 500 entries");
        return;
    }
    config->source_count = list->count;
    config->sources = sw_arena_array(loader->arena, list->count, sizeof *config->sources);
    loader->has_kind = sw_arena_array(loader->arena, list->count, sizeof *loader->has_kind);
    loader->is_used = sw_arena_array(loader->arena, list->count, sizeof *loader->is_used);
    for (size_t i = 0; i < list->count; i++) {
        struct sw_place place = {.up = &here, .index = i};
        place.id = sw_loader_text(list->items[i], "id");
        read_account(loader, i, list, &place);
    }
}
