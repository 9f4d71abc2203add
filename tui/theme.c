/* theme.c: see theme.h. */
#include "theme.h"

#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

#ifndef SLIPWAY_PREFIX
#define SLIPWAY_PREFIX "/usr/local"
#endif

static const char *const role_names[ROLE_COUNT] = {
    [ROLE_TEXT] = "text",     [ROLE_DIM] = "dim",         [ROLE_LABEL] = "label",
    [ROLE_TITLE] = "title",   [ROLE_RULE] = "rule",       [ROLE_KEY] = "key",
    [ROLE_CLOSED] = "closed", [ROLE_OK] = "ok",           [ROLE_WARN] = "warn",
    [ROLE_BAD] = "bad",       [ROLE_ROLLING] = "rolling", [ROLE_HALTED] = "halted",
    [ROLE_STALE] = "stale",   [ROLE_NEW] = "new",         [ROLE_OLD] = "old",
    [ROLE_INPUT] = "input",
};

static const char *const ansi_names[] = {
    "black",        "red",           "green",       "yellow",         "blue",
    "magenta",      "cyan",          "white",       "bright-black",   "bright-red",
    "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan",
    "bright-white", "default",       NULL};

enum { ANSI_RED = 1, ANSI_GREEN, ANSI_YELLOW, ANSI_BLUE, ANSI_MAGENTA, ANSI_CYAN };

const char *theme_role_name(enum role role)
{
    return role_names[(unsigned)role < ROLE_COUNT ? role : ROLE_TEXT];
}

/* --------------------------------------------------------------- compiled in */

#define PLAIN                                                                                      \
    {                                                                                              \
        COLOR_DEFAULT, COLOR_DEFAULT, COLOR_DEFAULT                                                \
    }
#define ANSI(index)                                                                                \
    {                                                                                              \
        COLOR_DEFAULT, COLOR_DEFAULT, (index)                                                      \
    }

/* Only colours 1 to 6 as text: 0, 7, 8 and 15 vanish on one background or the other. */
static const struct theme terminal_theme = {
    .name = "terminal",
    .author = "the Slipway authors",
    .is_dark = true,
    .is_selected_reverse = true,
    .roles = {[ROLE_TEXT] = {.fg = PLAIN},
              [ROLE_DIM] = {.fg = PLAIN, .is_dim = true},
              [ROLE_LABEL] = {.fg = PLAIN, .is_dim = true},
              [ROLE_TITLE] = {.fg = PLAIN, .is_bold = true},
              [ROLE_RULE] = {.fg = PLAIN, .is_dim = true},
              [ROLE_KEY] = {.fg = PLAIN, .is_bold = true},
              [ROLE_CLOSED] = {.fg = PLAIN, .is_dim = true},
              [ROLE_OK] = {.fg = ANSI(ANSI_GREEN)},
              [ROLE_WARN] = {.fg = ANSI(ANSI_YELLOW)},
              [ROLE_BAD] = {.fg = ANSI(ANSI_RED), .is_bold = true},
              [ROLE_ROLLING] = {.fg = ANSI(ANSI_CYAN)},
              [ROLE_HALTED] = {.fg = ANSI(ANSI_MAGENTA), .is_bold = true},
              [ROLE_STALE] = {.fg = ANSI(ANSI_YELLOW), .is_dim = true},
              [ROLE_NEW] = {.fg = ANSI(ANSI_CYAN)},
              [ROLE_OLD] = {.fg = PLAIN, .is_dim = true},
              [ROLE_INPUT] = {.fg = PLAIN, .is_underlined = true}},
    .layers = {PLAIN, PLAIN, PLAIN},
};

void theme_terminal(struct theme *theme)
{
    *theme = terminal_theme;
}

/* --------------------------------------------------------------------- looks */

static int color_at(struct color color, enum color_depth depth)
{
    if (depth == COLOR_NONE)
        return COLOR_DEFAULT;
    /* 0 to 15 stay indices: the nearest grey instead. */
    if (color.rgb != COLOR_DEFAULT && depth == COLOR_TRUE)
        return color.rgb < 16 ? 0x010101 : color.rgb;
    if (color.xterm != COLOR_DEFAULT && depth == COLOR_256)
        return color.xterm;
    if (color.ansi == COLOR_DEFAULT)
        return COLOR_DEFAULT;
    return depth == COLOR_8 ? color.ansi % 8 : color.ansi;
}

const struct theme *theme_of_cell(const struct theme *theme, const struct cell *cell)
{
    const struct theme_set *others = theme->others;
    if (cell->theme == 0 || others == NULL || cell->theme > others->count)
        return theme;
    return &others->items[cell->theme - 1];
}

struct look theme_look(const struct theme *worn, enum color_depth depth, const struct cell *cell)
{
    const struct theme *theme = theme_of_cell(worn, cell);
    const struct style *style = &theme->roles[cell->role < ROLE_COUNT ? cell->role : ROLE_TEXT];
    enum layer layer = cell->layer < LAYER_COUNT ? (enum layer)cell->layer : LAYER_SCREEN;
    struct look look = {.fg = color_at(style->fg, depth),
                        .bg = color_at(theme->layers[layer], depth),
                        .is_bold = style->is_bold,
                        .is_dim = style->is_dim,
                        .is_underlined = style->is_underlined,
                        .is_reverse = cell->is_reverse};
    /* Where the selection has no background of its own, it swaps. */
    bool has_layer = depth >= COLOR_256 && theme->layers[layer].rgb != COLOR_DEFAULT;
    if (layer == LAYER_SELECTED && !has_layer) {
        look.is_reverse = !look.is_reverse;
        look.is_dim = false;
    }
    if (cell->is_reverse)
        look.is_dim = false;
    /* Fewer than 256 colours: nothing but the terminal's own background. */
    if (depth < COLOR_256)
        look.bg = COLOR_DEFAULT;
    return look;
}

/* ----------------------------------------------------------------------- files */

#define INDEX_OPTION(name)                                                                         \
    {                                                                                              \
        .key = name, .type = SW_OPTION_INT, .min = 16, .max = 255,                                 \
        .help = "its index where there are 256; preset: the nearest"                               \
    }

#define STYLE_OPTIONS(help_text)                                                                   \
    {.key = "fg", .type = SW_OPTION_STRING, .is_required = true, .help = help_text},               \
        INDEX_OPTION("fg_256"),                                                                    \
        {.key = "ansi",                                                                            \
         .type = SW_OPTION_CHOICE,                                                                 \
         .choices = ansi_names,                                                                    \
         .preset = "default",                                                                      \
         .help = "the colour where there are only 8 or 16"},                                       \
        {.key = "bold", .type = SW_OPTION_BOOL, .preset = "false", .help = "heavier"},             \
        {.key = "underline", .type = SW_OPTION_BOOL, .preset = "false", .help = "underlined"},     \
        {.key = "dim", .type = SW_OPTION_BOOL, .preset = "false", .help = "lighter"},              \
    {                                                                                              \
        .type = SW_OPTION_END                                                                      \
    }

static const struct sw_option style_options[] = {STYLE_OPTIONS("#rrggbb, or default")};

#define ROLE_OPTION(name, text)                                                                    \
    {                                                                                              \
        .key = name, .type = SW_OPTION_MAP, .is_required = true, .children = style_options,        \
        .help = text                                                                               \
    }

static const struct sw_option role_options[] = {
    ROLE_OPTION("text", "what is read first"),
    ROLE_OPTION("dim", "what is read second: units, times, sources"),
    ROLE_OPTION("label", "words at the left of a row, heads of columns"),
    ROLE_OPTION("title", "names of things, the first line"),
    ROLE_OPTION("rule", "lines and frames"),
    ROLE_OPTION("key", "what can be pressed"),
    ROLE_OPTION("closed", "what cannot be pressed now"),
    ROLE_OPTION("ok", "open gates, complete, seen"),
    ROLE_OPTION("warn", "a warning"),
    ROLE_OPTION("bad", "failing, worse, not seen"),
    ROLE_OPTION("rolling", "a rollout under way"),
    ROLE_OPTION("halted", "halted or rolled back"),
    ROLE_OPTION("stale", "stale, cached or unknown"),
    ROLE_OPTION("new", "the new version in charts"),
    ROLE_OPTION("old", "the version it replaces"),
    ROLE_OPTION("input", "text being typed"),
    {.type = SW_OPTION_END},
};

static const char *const backgrounds[] = {"dark", "light", NULL};

static const struct sw_option theme_options[] = {
    {.key = "name", .type = SW_OPTION_STRING, .is_required = true, .help = "as in `--theme`"},
    {.key = "author", .type = SW_OPTION_STRING, .help = "who made it"},
    {.key = "background",
     .type = SW_OPTION_CHOICE,
     .choices = backgrounds,
     .is_required = true,
     .help = "what it is made for"},
    {.key = "screen",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "background, #rrggbb or default"},
    INDEX_OPTION("screen_256"),
    {.key = "selected", .type = SW_OPTION_STRING, .is_required = true, .help = "of the selection"},
    INDEX_OPTION("selected_256"),
    {.key = "dialog", .type = SW_OPTION_STRING, .is_required = true, .help = "of dialogs"},
    INDEX_OPTION("dialog_256"),
    {.key = "roles",
     .type = SW_OPTION_MAP,
     .is_required = true,
     .children = role_options,
     .help = "one entry for each"},
    {.type = SW_OPTION_END},
};

#define FILE_MAX 600 /* bytes of a name typed, and a little more */

struct reader {
    const char *file;
    struct sw_error *err;
    bool is_bad;
    bool has_first, is_default; /* of the first colour */
};

static enum sw_code fail(struct sw_error *err, enum sw_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static enum sw_code fail(struct sw_error *err, enum sw_code code, const char *fmt, ...)
{
    if (err == NULL)
        return code;
    *err = (struct sw_error){.code = code};
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, args);
    va_end(args);
    return code;
}

static void complain(struct reader *r, const struct sw_node *node, const char *key,
                     const char *what, const char *text)
{
    int line = 0;
    int column = 0;
    sw_node_position(node, key, &line, &column);
    if (!r->is_bad) /* the first is told */
        fail(r->err, SW_E_CONFIG, "%s:%d:%d: error: %s \"%.32s\"", r->file, line, column, what,
             text);
    r->is_bad = true;
}

/* "#rrggbb" or "default", and its index. A theme has RGB throughout or not at all: one colour of
 * the two from the terminal could be anything. */
static struct color read_color(struct reader *r, const struct sw_node *node, const char *key,
                               const char *key_256)
{
    struct color color = {COLOR_DEFAULT, COLOR_DEFAULT, COLOR_DEFAULT};
    const char *given = sw_node_str(node, key);
    const char *text = given != NULL ? given : "";
    bool is_default = strcmp(text, "default") == 0;
    size_t digits = text[0] == '#' ? strspn(text + 1, "0123456789abcdefABCDEF") : 0;
    if (!is_default && (digits != 6 || text[7] != '\0'))
        complain(r, node, key, "a colour is written \"#rrggbb\", or default, not", text);
    else if (is_default != r->is_default && r->has_first)
        complain(r, node, key,
                 r->is_default ? "the other colours are default, so this cannot be"
                               : "the other colours are not default, so this cannot be",
                 text);
    else if (is_default && sw_node_has(node, key_256))
        complain(r, node, key_256, "an index needs a colour, not", text);
    r->is_default = r->has_first ? r->is_default : is_default;
    r->has_first = true;
    if (is_default || r->is_bad)
        return color;
    color.rgb = (int)strtol(text + 1, NULL, 16);
    color.xterm =
        sw_node_has(node, key_256) ? (int)sw_node_int(node, key_256) : color_nearest_256(color.rgb);
    return color;
}

static int ansi_index(const char *name)
{
    for (int i = 0; name != NULL && ansi_names[i] != NULL && i < 16; i++) {
        if (!strcmp(ansi_names[i], name))
            return i;
    }
    return COLOR_DEFAULT;
}

static void read_style(struct reader *r, const struct sw_node *node, struct style *style)
{
    style->fg = read_color(r, node, "fg", "fg_256");
    style->fg.ansi = ansi_index(sw_node_str(node, "ansi"));
    style->is_bold = sw_node_bool(node, "bold");
    style->is_dim = sw_node_bool(node, "dim");
    style->is_underlined = sw_node_bool(node, "underline");
}

static enum sw_code read_theme(const struct sw_document *document, const char *file,
                               struct theme *theme, struct sw_error *err)
{
    struct reader r = {.file = file, .err = err};
    const struct sw_node *root = sw_document_root(document);
    struct theme read = {0};
    tui_format(read.name, sizeof read.name, "%s", sw_node_str(root, "name"));
    read.is_dark = strcmp(sw_node_str(root, "background"), "dark") == 0;
    const char *author = sw_node_str(root, "author");
    tui_format(read.author, sizeof read.author, "%s", author != NULL ? author : "");
    static const char *const layer_keys[LAYER_COUNT][2] = {
        {"screen", "screen_256"}, {"selected", "selected_256"}, {"dialog", "dialog_256"}};
    for (int i = 0; i < LAYER_COUNT; i++)
        read.layers[i] = read_color(&r, root, layer_keys[i][0], layer_keys[i][1]);
    const struct sw_node *roles = sw_node_map(root, "roles");
    for (int i = 0; i < ROLE_COUNT; i++)
        read_style(&r, sw_node_map(roles, role_names[i]), &read.roles[i]);
    if (r.is_bad)
        return SW_E_CONFIG;
    read.is_selected_reverse = r.is_default;
    read.others = theme->others;
    *theme = read;
    return SW_OK;
}

/* The first problem, and how many there are. */
static void tell_problems(const struct sw_problems *problems, struct sw_error *err)
{
    char text[400];
    if (problems->count == 0)
        return;
    sw_problem_text(&problems->items[0], text, sizeof text);
    if (problems->count > 1)
        fail(err, SW_E_CONFIG, "%s (and %zu more)", text, problems->count - 1);
    else
        fail(err, SW_E_CONFIG, "%s", text);
}

enum sw_code theme_parse(const char *text, size_t len, const char *file, struct theme *theme,
                         struct sw_error *err)
{
    struct sw_document *document = NULL;
    struct sw_problems problems = {0};
    enum sw_code code =
        sw_document_parse(text, len, file, theme_options, &document, &problems, err);
    if (code == SW_OK)
        code = read_theme(document, file, theme, err);
    else
        tell_problems(&problems, err);
    sw_problems_free(&problems);
    sw_document_free(document);
    return code;
}

static enum sw_code load_file(const char *path, struct theme *theme, struct sw_error *err)
{
    struct sw_document *document = NULL;
    struct sw_problems problems = {0};
    enum sw_code code = sw_document_load(path, theme_options, &document, &problems, err);
    if (code == SW_OK)
        code = read_theme(document, path, theme, err);
    else
        tell_problems(&problems, err);
    sw_problems_free(&problems);
    sw_document_free(document);
    return code;
}

/* The nth folder where themes may be; false after the last. */
static bool place_of(size_t nth, char *path, size_t size)
{
    const char *data = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    char self[PATH_MAX];
    switch (nth) {
    case 0:
        if (data != NULL && data[0] == '/')
            tui_format(path, size, "%s/slipway/themes", data);
        else
            tui_format(path, size, "%s/.local/share/slipway/themes", home ? home : "");
        return true;
    case 1:
        tui_format(path, size, "%s/share/slipway/themes", SLIPWAY_PREFIX);
        return true;
    case 2: { /* beside a build that was never installed: <top>/.build/<variant>/slipway */
        ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
        self[len > 0 ? len : 0] = '\0';
        for (int i = 0; i < 3 && strrchr(self, '/') != NULL; i++)
            *strrchr(self, '/') = '\0';
        tui_format(path, size, "%s/themes", self);
        return true;
    }
    default:
        return false;
    }
}

enum sw_code theme_load(const char *name, struct theme *theme, struct sw_error *err)
{
    if (name == NULL || name[0] == '\0' || !strcmp(name, terminal_theme.name)) {
        const struct theme_set *others = theme->others;
        theme_terminal(theme);
        theme->others = others;
        return SW_OK;
    }
    if (strchr(name, '/') != NULL)
        return load_file(name, theme, err);
    char folder[PATH_MAX];
    char path[PATH_MAX + FILE_MAX];
    for (size_t i = 0; place_of(i, folder, sizeof folder); i++) {
        tui_format(path, sizeof path, "%s/%s.yaml", folder, name);
        if (access(path, R_OK) == 0)
            return load_file(path, theme, err);
    }
    return fail(err, SW_E_NOT_FOUND,
                "no theme \"%.40s\": there are terminal and the files *.yaml in "
                "$XDG_DATA_HOME/slipway/themes and " SLIPWAY_PREFIX "/share/slipway/themes",
                name);
}

/* ------------------------------------------------------------------------- all */

#define YAML ".yaml"

/* The name in "harbour.yaml"; false: it is none. */
static bool name_of_file(const char *file, char *name, size_t size)
{
    size_t len = strlen(file);
    size_t end = sizeof YAML - 1;
    if (file[0] == '.' || len <= end || len - end >= size || strcmp(file + len - end, YAML) != 0)
        return false;
    tui_format(name, size, "%.*s", (int)(len - end), file);
    return true;
}

void theme_names(theme_name_fn each, void *arg)
{
    char folder[PATH_MAX];
    char name[THEME_NAME];
    bool goes_on = each(arg, terminal_theme.name);
    for (size_t i = 0; goes_on && place_of(i, folder, sizeof folder); i++) {
        DIR *dir = opendir(folder);
        struct dirent *entry;
        while (goes_on && dir != NULL && (entry = readdir(dir)) != NULL) {
            if (name_of_file(entry->d_name, name, sizeof name))
                goes_on = each(arg, name);
        }
        if (dir != NULL)
            closedir(dir);
    }
}

static int by_name(const void *a, const void *b)
{
    const struct theme *left = a;
    const struct theme *right = b;
    return strcmp(left->name, right->name);
}

static bool has_theme(const struct theme_set *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->items[i].name, name) == 0)
            return true;
    }
    return false;
}

static bool add_theme(void *arg, const char *name)
{
    struct theme_set *set = arg;
    struct theme *theme = &set->items[set->count];
    if (has_theme(set, name) || theme_load(name, theme, NULL) != SW_OK)
        return true;
    /* What `:theme` takes is the file's name, whatever the file says. */
    tui_format(theme->name, sizeof theme->name, "%s", name);
    return ++set->count < THEMES_MAX;
}

struct theme_set *theme_set_load(void)
{
    struct theme_set *set = tui_alloc(1, sizeof *set);
    theme_names(add_theme, set);
    qsort(set->items + 1, set->count - 1, sizeof *set->items, by_name);
    return set;
}
