/* checklist.c: a Markdown task list as a release checklist.
 *
 * Line by line: fences and comments are skipped, a heading names the phase, a
 * list item with a box is an item. Tags are taken from the end of its text as
 * long as the last word is one.
 *
 * What looks like an item or a tag and is not quite one is an error with its
 * line, never skipped: a lost `!blocking` would open an advance, and a lost
 * item would be forgotten. Anything else is prose and ignored.
 * Source of the forms: GitHub Flavored Markdown Spec, 4.2 (headings), 4.5
 * (fences), 5.2 (list items), 5.3 (task list items). */
#include "model/checklist.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

enum {
    FILE_MAX = 1 << 20,
    ITEMS_MAX = 2000,
    TEXT_MAX = 400,
    ID_MAX = 80,
    WORD_MAX = 64,
    NEST_MAX = 32,
    TAB_WIDTH = 4,
};

struct parser {
    const char *name;
    struct sw_checklist_doc *out;
    size_t room;
    int line; /* 1-based */
    char phase[TEXT_MAX];
    char fence; /* '`' or '~' inside a fence, else 0 */
    size_t fence_len;
    bool is_comment;       /* inside <!-- --> */
    int indents[NEST_MAX]; /* of the items around this one */
    int depth;
    struct sw_error *err;
};

/* One line without its end; not NUL-ended. */
struct span {
    const char *at;
    size_t len;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static struct span trim(struct span span)
{
    while (span.len > 0 && is_blank(span.at[0])) {
        span.at++;
        span.len--;
    }
    while (span.len > 0 && is_blank(span.at[span.len - 1]))
        span.len--;
    return span;
}

static struct span skip(struct span span, size_t count)
{
    return (struct span){.at = span.at + count, .len = span.len - count};
}

static size_t run_of(struct span span, char c)
{
    size_t count = 0;
    while (count < span.len && span.at[count] == c)
        count++;
    return count;
}

static enum sw_code wrong(const struct parser *parser, const char *text)
{
    return sw_fail(parser->err, SW_E_PARSE, "%s:%d: %s", parser->name, parser->line, text);
}

/* --------------------------------------------------------------------- tags */

struct tags {
    char id[ID_MAX + 1];
    char owner[WORD_MAX + 1];
    char due[8];
    bool is_blocking;
};

/* The last word of the text, or an empty span. */
static struct span last_word(struct span text)
{
    size_t start = text.len;
    while (start > 0 && !is_blank(text.at[start - 1]))
        start--;
    return skip(text, start);
}

static bool is_id(struct span word)
{
    if (word.len == 0 || word.len > WORD_MAX || (!is_letter(word.at[0]) && !is_digit(word.at[0])))
        return false;
    for (size_t i = 0; i < word.len; i++)
        if (!is_letter(word.at[i]) && !is_digit(word.at[i]) && strchr("._-", word.at[i]) == NULL)
            return false;
    return true;
}

static enum sw_code take_id(const struct parser *parser, struct span word, struct tags *tags)
{
    struct span id = {.at = word.at + 2, .len = word.len - 3};
    if (word.at[word.len - 1] != '}' || word.len < 4 || !is_id(id))
        return wrong(parser, "an id is written {#name}, of at most 64 letters, digits, . _ and -");
    if (tags->id[0] != '\0')
        return wrong(parser, "this item has two ids");
    memcpy(tags->id, id.at, id.len);
    tags->id[id.len] = '\0';
    return SW_OK;
}

static enum sw_code take_owner(const struct parser *parser, struct span word, struct tags *tags)
{
    if (tags->owner[0] != '\0')
        return wrong(parser, "this item has two owners");
    sw_text_clean(word.at, word.len, tags->owner, sizeof tags->owner);
    return SW_OK;
}

/* T-5, T+7: days before and after the release. */
static enum sw_code take_due(const struct parser *parser, struct span word, struct tags *tags)
{
    bool is_ok = word.len >= 3 && word.len <= 5;
    for (size_t i = 2; i < word.len; i++)
        is_ok = is_ok && is_digit(word.at[i]);
    if (!is_ok)
        return wrong(parser, "a due day is written T-5 or T+7");
    if (tags->due[0] != '\0')
        return wrong(parser, "this item has two due days");
    memcpy(tags->due, word.at, word.len);
    tags->due[word.len] = '\0';
    return SW_OK;
}

static bool equals(struct span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.at, text, span.len) == 0;
}

/* *is_tag false: the word belongs to the text. */
static enum sw_code take_tag(const struct parser *parser, struct span word, struct tags *tags,
                             bool *is_tag)
{
    *is_tag = true;
    if (word.len >= 2 && memcmp(word.at, "{#", 2) == 0)
        return take_id(parser, word, tags);
    if (word.len >= 2 && word.at[0] == '!' && is_letter(word.at[1])) {
        if (!equals(word, "!blocking"))
            return wrong(parser, "the only tag with ! is !blocking");
        tags->is_blocking = true;
        return SW_OK;
    }
    if (word.len >= 2 && word.len <= WORD_MAX && word.at[0] == '@')
        return take_owner(parser, word, tags);
    if (word.len >= 3 && word.at[0] == 'T' && (word.at[1] == '-' || word.at[1] == '+') &&
        is_digit(word.at[2]))
        return take_due(parser, word, tags);
    *is_tag = false;
    return SW_OK;
}

static bool contains(struct span span, const char *text)
{
    return span.len > 0 && memmem(span.at, span.len, text, strlen(text)) != NULL;
}

static enum sw_code take_tags(const struct parser *parser, struct span *text, struct tags *tags)
{
    bool is_tag = true;
    while (text->len > 0 && is_tag) {
        struct span word = last_word(*text);
        enum sw_code code = take_tag(parser, word, tags, &is_tag);
        if (code != SW_OK)
            return code;
        if (is_tag)
            *text = trim((struct span){.at = text->at, .len = text->len - word.len});
    }
    if (contains(*text, "{#") || contains(*text, " !blocking"))
        return wrong(parser, "{#id} and !blocking stand behind the text, with blanks around them");
    if (text->len == 0)
        return wrong(parser, "this item has no text");
    return SW_OK;
}

/* -------------------------------------------------------------------- items */

/* Letters and digits; beyond ASCII all but punctuation, arrows, signs and the replacement mark. */
static bool is_slug_char(uint32_t c)
{
    if (c < 0x80)
        return is_letter((char)c) || is_digit((char)c);
    bool is_sign = c < 0xc0 || (c >= 0x2000 && c <= 0x2bff) || (c >= 0x3000 && c <= 0x303f);
    return !is_sign && c != 0xfffd && c != SW_UTF8_INVALID;
}

/* Lower case, everything between words one '-'. */
static void add_slug(char *slug, const char *text)
{
    size_t len = strlen(slug), left = strlen(text), used;
    bool is_gap = len > 0;
    for (; left > 0 && len + 5 < ID_MAX; text += used, left -= used) {
        uint32_t c;
        used = sw_utf8_next(text, left, &c);
        if (!is_slug_char(c)) {
            is_gap = len > 0;
            continue;
        }
        if (is_gap)
            slug[len++] = '-';
        is_gap = false;
        memcpy(slug + len, text, used);
        if (c < 0x80 && is_letter(*text))
            slug[len] = (char)(*text | 0x20);
        len += used;
    }
    slug[len] = '\0';
}

static enum sw_code check_unique(const struct parser *parser, const char *id, bool is_slug)
{
    for (size_t i = 0; i < parser->out->count; i++) {
        const struct sw_checklist_entry *other = &parser->out->entries[i];
        if (strcmp(other->id, id) == 0)
            return sw_fail(parser->err, SW_E_PARSE,
                           "%s:%d: two items have the id \"%s\" (first at line %d)%s", parser->name,
                           parser->line, id, other->line,
                           is_slug ? "; give one of them {#id}" : "");
    }
    return SW_OK;
}

static char *copy_or_null(const char *text)
{
    return text[0] != '\0' ? sw_xstrdup(text) : NULL;
}

/* How deep, by the indents of the items around it. */
static int nest(struct parser *parser, int indent)
{
    while (parser->depth > 0 && parser->indents[parser->depth - 1] >= indent)
        parser->depth--;
    int depth = parser->depth;
    if (parser->depth < NEST_MAX)
        parser->indents[parser->depth++] = indent;
    return depth;
}

static enum sw_code add_item(struct parser *parser, struct span text, int indent, bool is_done)
{
    struct sw_checklist_doc *out = parser->out;
    struct tags tags = {.is_blocking = false};
    char clean[TEXT_MAX];
    if (out->count >= ITEMS_MAX)
        return sw_fail(parser->err, SW_E_LIMIT, "%s:%d: a checklist has at most %d items",
                       parser->name, parser->line, (int)ITEMS_MAX);
    text = trim(text);
    enum sw_code code = take_tags(parser, &text, &tags);
    if (code != SW_OK)
        return code;
    sw_text_clean(text.at, text.len, clean, sizeof clean);
    bool is_slug = tags.id[0] == '\0';
    if (is_slug) {
        add_slug(tags.id, parser->phase);
        add_slug(tags.id, clean);
        /* What stood between two marks is gone: they may stack up where they did not before. */
        char slug[sizeof tags.id];
        sw_text_clean_copy(slug, sizeof slug, tags.id);
        sw_ignore(sw_copy(tags.id, sizeof tags.id, slug));
    }
    if (clean[0] == '\0')
        return wrong(parser, "this item has no text");
    if (tags.id[0] == '\0')
        return wrong(parser, "no id can be made of this text; give it {#id}");
    code = check_unique(parser, tags.id, is_slug);
    if (code != SW_OK)
        return code;
    if (out->count == parser->room) {
        parser->room = parser->room == 0 ? 32 : 2 * parser->room;
        out->entries = sw_xrealloc_array(out->entries, parser->room, sizeof *out->entries);
    }
    out->entries[out->count++] = (struct sw_checklist_entry){
        .id = sw_xstrdup(tags.id),
        .text = sw_xstrdup(clean),
        .phase = sw_xstrdup(parser->phase),
        .owner = copy_or_null(tags.owner),
        .due = copy_or_null(tags.due),
        .depth = nest(parser, indent),
        .line = parser->line,
        .is_done_in_file = is_done,
        .is_blocking = tags.is_blocking,
    };
    return SW_OK;
}

/* "- ", "* ", "+ ", "12. ", "12) ": its length, or 0. */
static size_t marker_len(struct span line)
{
    size_t len = 0;
    while (len < line.len && len < 9 && is_digit(line.at[len]))
        len++;
    bool is_number = len > 0 && len < line.len && (line.at[len] == '.' || line.at[len] == ')');
    bool is_bullet = len == 0 && line.len > 0 && strchr("-*+", line.at[0]) != NULL;
    if (!is_number && !is_bullet)
        return 0;
    len++;
    return len < line.len && is_blank(line.at[len]) ? len : 0;
}

/* The line from its box on, "[ ] text". What is nearly a box is an error. */
static enum sw_code read_box(struct parser *parser, struct span line, int indent)
{
    size_t inside = line.len > 1 && line.at[1] == ']' ? 0 : 1;
    if (line.len < inside + 2 || line.at[inside + 1] != ']')
        return SW_OK; /* a link or prose */
    char mark = inside == 0 ? '\0' : line.at[1];
    char behind = line.len > inside + 2 ? line.at[inside + 2] : '\0';
    if (behind == '(' || behind == '[' || behind == ':')
        return SW_OK; /* a link with a name of one letter */
    bool is_box = mark == ' ' || mark == 'x' || mark == 'X';
    if (!is_box && (is_letter(mark) || is_digit(mark)))
        return SW_OK;
    if (!is_box || (behind != '\0' && !is_blank(behind)))
        return wrong(parser, "this is nearly a task: write \"- [ ] text\" or \"- [x] text\"");
    return add_item(parser, skip(line, 3), indent, mark != ' ');
}

/* -------------------------------------------------------------------- lines */

/* True when the line belongs to a fence: its start, its inside or its end. */
static bool is_fenced(struct parser *parser, struct span line)
{
    char c = line.len > 0 ? line.at[0] : '\0';
    size_t len = c == '`' || c == '~' ? run_of(line, c) : 0;
    if (parser->fence == '\0') {
        /* A line of `code` with the same mark again is no fence. */
        if (len < 3 || (c == '`' && memchr(line.at + len, '`', line.len - len) != NULL))
            return false;
        parser->fence = c;
        parser->fence_len = len;
        return true;
    }
    if (c == parser->fence && len >= parser->fence_len && len == line.len)
        parser->fence = '\0';
    return true;
}

/* Comments that begin a line; one that begins behind an item's text is text. */
static bool is_comment(struct parser *parser, struct span line)
{
    if (!parser->is_comment && (line.len < 4 || memcmp(line.at, "<!--", 4) != 0))
        return false;
    struct span rest = parser->is_comment ? line : skip(line, 4);
    parser->is_comment = !contains(rest, "-->");
    return true;
}

static bool read_heading(struct parser *parser, struct span line)
{
    size_t level = run_of(line, '#');
    if (level == 0 || level > 6 || (level < line.len && !is_blank(line.at[level])))
        return false;
    struct span text = trim(skip(line, level));
    size_t len = text.len;
    while (len > 0 && text.at[len - 1] == '#')
        len--;
    /* Closing marks count only behind a blank: "C#" keeps its own. */
    if (len < text.len && (len == 0 || is_blank(text.at[len - 1])))
        text = trim((struct span){.at = text.at, .len = len});
    sw_text_clean(text.at, text.len, parser->phase, sizeof parser->phase);
    parser->depth = 0;
    return true;
}

static int indent_of(struct span *line)
{
    int indent = 0;
    while (line->len > 0 && is_blank(line->at[0])) {
        indent += line->at[0] == '\t' ? TAB_WIDTH - indent % TAB_WIDTH : 1;
        *line = skip(*line, 1);
    }
    return indent;
}

static enum sw_code read_line(struct parser *parser, struct span line)
{
    int indent = indent_of(&line);
    line = trim(line);
    if (is_comment(parser, line) || is_fenced(parser, line) || line.len == 0 ||
        (indent < TAB_WIDTH && read_heading(parser, line)))
        return SW_OK;
    size_t marker = marker_len(line);
    if (marker == 0)
        return SW_OK;
    struct span text = trim(skip(line, marker));
    return text.len > 0 && text.at[0] == '[' ? read_box(parser, text, indent) : SW_OK;
}

enum sw_code sw_checklist_parse(const char *text, size_t len, const char *name,
                                struct sw_checklist_doc *out, struct sw_error *err)
{
    struct parser parser = {.name = name, .out = out, .err = err};
    enum sw_code code = SW_OK;
    *out = (struct sw_checklist_doc){0};
    if (len > FILE_MAX)
        return sw_fail(err, SW_E_LIMIT, "%s: a checklist is at most 1 MiB", name);
    for (size_t at = 0; at < len && code == SW_OK;) {
        const char *end = memchr(text + at, '\n', len - at);
        struct span line = {.at = text + at,
                            .len = end != NULL ? (size_t)(end - text) - at : len - at};
        at += line.len + 1;
        if (line.len > 0 && line.at[line.len - 1] == '\r')
            line.len--;
        parser.line++;
        code = read_line(&parser, line);
    }
    if (code != SW_OK)
        sw_checklist_doc_clear(out);
    return code;
}

void sw_checklist_doc_clear(struct sw_checklist_doc *doc)
{
    if (doc == NULL)
        return;
    for (size_t i = 0; i < doc->count; i++) {
        struct sw_checklist_entry *entry = &doc->entries[i];
        free(entry->id);
        free(entry->text);
        free(entry->phase);
        free(entry->owner);
        free(entry->due);
    }
    free(doc->entries);
    *doc = (struct sw_checklist_doc){0};
}
