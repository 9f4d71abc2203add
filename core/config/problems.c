/* problems.c: collecting what is wrong with a file, for people and editors.
 *
 * Plain growing array; the order of collection does not matter, because the
 * checks of a configuration run in passes and an editor jumps by position.
 * Guarantee: every text passes sw_text_clean, so a hostile file cannot speak
 * to the terminal through its own error messages. */
#include "config/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

enum { PROBLEMS_KEPT = 1000, PROBLEM_TEXT = 640 };

/* The public struct holds borrowed-looking pointers; both are ours to free. */
static void free_text(const char *text)
{
    union {
        const char *in;
        void *out;
    } pointer = {.in = text};
    free(pointer.out);
}

void sw_problems_add(struct sw_problems *problems, const char *file, int line, int column,
                     bool is_warning, const char *fmt, ...)
{
    if (problems->count >= PROBLEMS_KEPT)
        return;
    char raw[PROBLEM_TEXT];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(raw, sizeof raw, fmt, args);
    va_end(args);
    char clean[PROBLEM_TEXT];
    sw_text_clean_copy(clean, sizeof clean, len < 0 ? "(no text)" : raw);
    if ((problems->count & (problems->count - 1)) == 0) {
        size_t room = problems->count == 0 ? 1 : 2 * problems->count;
        problems->items = sw_xrealloc_array(problems->items, room, sizeof *problems->items);
    }
    problems->items[problems->count++] = (struct sw_problem){
        .file = sw_xstrdup(file),
        .line = line,
        .column = column,
        .is_warning = is_warning,
        .text = sw_xstrdup(clean),
    };
}

size_t sw_problems_errors(const struct sw_problems *problems)
{
    size_t errors = 0;
    for (size_t i = 0; i < problems->count; i++)
        errors += problems->items[i].is_warning ? 0 : 1;
    return errors;
}

static bool is_before(const struct sw_problem *a, const struct sw_problem *b)
{
    if (a->line != b->line)
        return a->line < b->line;
    return a->column < b->column;
}

/* Merge sort: stable, and at most 1,000 long. */
static void sort(struct sw_problem *items, struct sw_problem *spare, size_t count)
{
    if (count < 2)
        return;
    size_t half = count / 2;
    sort(items, spare, half);
    sort(items + half, spare, count - half);
    memcpy(spare, items, count * sizeof *items);
    for (size_t left = 0, right = half, out = 0; out < count; out++) {
        bool take_right = left >= half || (right < count && is_before(&spare[right], &spare[left]));
        items[out] = spare[take_right ? right++ : left++];
    }
}

static const struct sw_problem *first_error(const struct sw_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        if (!problems->items[i].is_warning)
            return &problems->items[i];
    return NULL;
}

enum sw_code sw_problems_finish(struct sw_problems *problems, struct sw_error *err)
{
    if (problems->count == 0)
        return SW_OK;
    struct sw_problem *spare = sw_xcalloc(problems->count, sizeof *spare);
    sort(problems->items, spare, problems->count);
    free(spare);
    size_t errors = sw_problems_errors(problems);
    while (problems->count > SW_PROBLEMS_SHOWN) {
        struct sw_problem *last = &problems->items[--problems->count];
        free_text(last->file);
        free_text(last->text);
    }
    if (errors == 0)
        return SW_OK;
    /* Twenty warnings may stand before the first error: then no error is left to quote. */
    const struct sw_problem *first = first_error(problems);
    char text[PROBLEM_TEXT];
    sw_problem_text(first != NULL ? first : &problems->items[0], text, sizeof text);
    if (errors == 1)
        return sw_fail(err, SW_E_CONFIG, "%s", text);
    return sw_fail(err, SW_E_CONFIG, "%s (and %zu more)", text, errors - 1);
}

void sw_problems_free(struct sw_problems *problems)
{
    if (problems == NULL)
        return;
    for (size_t i = 0; i < problems->count; i++) {
        free_text(problems->items[i].file);
        free_text(problems->items[i].text);
    }
    free(problems->items);
    *problems = (struct sw_problems){0};
}

const char *sw_problem_text(const struct sw_problem *problem, char *buf, size_t size)
{
    const char *what = problem->is_warning ? "warning" : "error";
    char file[1024];
    sw_text_clean_copy(file, sizeof file, problem->file);
    if (problem->file == NULL)
        sw_ignore(sw_format(buf, size, "%s: %s", what, problem->text));
    else if (problem->line == 0)
        sw_ignore(sw_format(buf, size, "%s: %s: %s", file, what, problem->text));
    else
        sw_ignore(sw_format(buf, size, "%s:%d:%d: %s: %s", file, problem->line, problem->column,
                            what, problem->text));
    return buf;
}
