/* The checklist: every form of item, every tag, and what is nearly one and must not be lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/macros.h"
#include "model/checklist.h"

/* One line for each item: depth, box, blocking, id, text, phase, owner, due. */
static char *summary(const struct sw_checklist_doc *doc)
{
    struct sw_buf out;
    sw_buf_init(&out, 1 << 20);
    sw_buf_add(&out, "");
    for (size_t i = 0; i < doc->count; i++) {
        const struct sw_checklist_entry *entry = &doc->entries[i];
        sw_buf_printf(&out, "%d %d%c%c %s|%s|%s|%s|%s\n", entry->line, entry->depth,
                      entry->is_done_in_file ? 'x' : '_', entry->is_blocking ? '!' : '_', entry->id,
                      entry->text, entry->phase, entry->owner != NULL ? entry->owner : "-",
                      entry->due != NULL ? entry->due : "-");
    }
    return sw_buf_take(&out);
}

static void accept_is(const char *text, const char *wanted)
{
    struct sw_checklist_doc doc;
    struct sw_error err = {0};
    if (sw_checklist_parse(text, strlen(text), "R.md", &doc, &err) != SW_OK)
        fail_msg("refused: %s\n%s", err.text, text);
    char *said = summary(&doc);
    if (strcmp(said != NULL ? said : "", wanted) != 0)
        fail_msg("input:\n%s\nsaid:\n%s\nwanted:\n%s", text, said, wanted);
    free(said);
    sw_checklist_doc_clear(&doc);
    assert_int_equal(doc.count, 0);
}

static void every_form_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"", ""},
        {"just prose\n\n- a list\n- [link](x)\n- [x](y)\n- [a]: b\n- [a] reference\n", ""},
        {"- [ ] One\n", "1 0__ one|One||-|-\n"},
        {"* [x] One\r\n+ [X] Two\r\n1. [ ] Three\n22) [ ] Four", "1 0x_ one|One||-|-\n"
                                                                 "2 0x_ two|Two||-|-\n"
                                                                 "3 0__ three|Three||-|-\n"
                                                                 "4 0__ four|Four||-|-\n"},
        {"# Release\n## Pre-release (T\xe2\x88\x92"
         "7 days) ##\n- [ ] Code freeze on `release/vX`\n",
         "3 0__ pre-release-t-7-days-code-freeze-on-release-vx|Code freeze on "
         "`release/vX`|Pre-release (T\xe2\x88\x92"
         "7 days)|-|-\n"},
        {"## C#\n- [ ] a\n####### no heading\n- [ ] b\n#tag\n- [ ] c\n", "2 0__ c-a|a|C#|-|-\n"
                                                                         "4 0__ c-b|b|C#|-|-\n"
                                                                         "6 0__ c-c|c|C#|-|-\n"},
        /* tags, in any order */
        {"- [ ] Load test {#load} !blocking @qa T-5\n- [ ] Other T+7 @web !blocking {#o.1_x}\n",
         "1 0_! load|Load test||@qa|T-5\n2 0_! o.1_x|Other||@web|T+7\n"},
        {"- [ ] ask @bob about it @ops\n- [ ] the T-shirt T-shirt\n- [ ] wait!\n- [ ] a ! b !\n",
         "1 0__ ask-bob-about-it|ask @bob about it||@ops|-\n"
         "2 0__ the-t-shirt-t-shirt|the T-shirt T-shirt||-|-\n"
         "3 0__ wait|wait!||-|-\n"
         "4 0__ a-b|a ! b !||-|-\n"},
        /* nesting */
        {"- [ ] a\n  - [ ] b\n\t- [ ] c\n    - [ ] d\n  - [ ] e\n- [ ] f\n# h\n  - [ ] g\n",
         "1 0__ a|a||-|-\n2 1__ b|b||-|-\n3 2__ c|c||-|-\n4 2__ d|d||-|-\n5 1__ e|e||-|-\n"
         "6 0__ f|f||-|-\n8 0__ h-g|g|h|-|-\n"},
        /* what is not there for people */
        {"```\n- [ ] code\n```\n~~~~ md\n- [ ] x\n~~~\n- [ ] y\n~~~~\n- [ ] real\n<!-- - [ ] no "
         "-->\n"
         "<!--\n- [ ] no\n-->\n- [ ] too\n",
         "9 0__ real|real||-|-\n14 0__ too|too||-|-\n"},
        {"```never closed\n- [ ] code\n", ""},
        {"``` `x` ```\n- [ ] real\n", "2 0__ real|real||-|-\n"},
        /* text of other people */
        {"- [ ] a\x1b[31m\xe2\x80\xae{x}\n",
         "1 0__ a-31m-x|a\xef\xbf\xbd[31m\xef\xbf\xbd{x}||-|-\n"},
        {"- [ ] \xe7\x99\xba\xe8\xa1\x8c\n",
         "1 0__ \xe7\x99\xba\xe8\xa1\x8c|\xe7\x99\xba\xe8\xa1\x8c||-|-\n"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++)
        accept_is(cases[i].text, cases[i].wanted);
}

static void what_is_nearly_right_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"- [ ] a {#x}\n- [ ] b\n- [ ] c {#x}\n",
         "R.md:3: two items have the id \"x\" (first at line 1)"},
        {"- [ ] a\n- [ ] A!\n",
         "R.md:2: two items have the id \"a\" (first at line 1); give one of them {#id}"},
        {"- [ ] a {#}\n", "R.md:1: an id is written {#name}"},
        {"- [ ] a {#b c}\n", "R.md:1: {#id} and !blocking stand behind the text"},
        {"- [ ] a {#b\n", "R.md:1: an id is written {#name}"},
        {"- [ ] a {#-b}\n", "R.md:1: an id is written {#name}"},
        {"- [ ] a {#b} more\n", "R.md:1: {#id} and !blocking stand behind the text"},
        {"- [ ] a{#b}\n", "R.md:1: {#id} and !blocking stand behind the text"},
        {"- [ ] a {#b} {#c}\n", "R.md:1: this item has two ids"},
        {"- [ ] a !bloking\n", "R.md:1: the only tag with ! is !blocking"},
        {"- [ ] a !blocking until noon\n", "R.md:1: {#id} and !blocking stand behind the text"},
        {"- [ ] a @b @c\n", "R.md:1: this item has two owners"},
        {"- [ ] a T-5 T-6\n", "R.md:1: this item has two due days"},
        {"- [ ] a T-5d\n", "R.md:1: a due day is written T-5 or T+7"},
        {"- [ ] a T-5000\n", "R.md:1: a due day is written T-5 or T+7"},
        {"- [ ] !blocking\n", "R.md:1: this item has no text"},
        {"- [ ]\n", "R.md:1: this item has no text"},
        {"- [ ] ***\n", "R.md:1: no id can be made of this text"},
        {"- [] a\n", "R.md:1: this is nearly a task"},
        {"- [-] a\n", "R.md:1: this is nearly a task"},
        {"- [ ]a\n", "R.md:1: this is nearly a task"},
        {"- [x]a\n", "R.md:1: this is nearly a task"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_checklist_doc doc;
        struct sw_error err = {0};
        enum sw_code code =
            sw_checklist_parse(cases[i].text, strlen(cases[i].text), "R.md", &doc, &err);
        if (code != SW_E_PARSE || strstr(err.text, cases[i].wanted) != err.text)
            fail_msg("%s: %d, %s", cases[i].text, (int)code, err.text);
        assert_int_equal(doc.count, 0);
        assert_null(doc.entries);
    }
}

static void long_texts_are_cut(void **state)
{
    (void)state;
    struct sw_buf text;
    struct sw_checklist_doc doc;
    sw_buf_init(&text, 1 << 20);
    sw_buf_add(&text, "- [ ] ");
    for (int i = 0; i < 1000; i++)
        sw_buf_add(&text, "\xc3\xa9");
    assert_int_equal(sw_checklist_parse(sw_buf_text(&text), text.len, "R.md", &doc, NULL), SW_OK);
    assert_true(strlen(doc.entries[0].text) < 400);
    assert_true(strlen(doc.entries[0].id) <= 80);
    assert_int_equal(strlen(doc.entries[0].id) % 2, 0);
    sw_checklist_doc_clear(&doc);
    sw_buf_clear(&text);
}

static void limits_hold(void **state)
{
    (void)state;
    struct sw_buf text;
    struct sw_checklist_doc doc;
    sw_buf_init(&text, 2 << 20);
    for (int i = 0; i < 2000; i++)
        sw_buf_printf(&text, "- [ ] item {#i%d}\n", i);
    assert_int_equal(sw_checklist_parse(sw_buf_text(&text), text.len, "R.md", &doc, NULL), SW_OK);
    assert_int_equal(doc.count, 2000);
    sw_checklist_doc_clear(&doc);
    sw_buf_add(&text, "- [ ] more\n");
    assert_int_equal(sw_checklist_parse(sw_buf_text(&text), text.len, "R.md", &doc, NULL),
                     SW_E_LIMIT);
    sw_buf_reset(&text);
    for (int i = 0; i <= 1 << 20; i++)
        sw_buf_addc(&text, 'a');
    assert_int_equal(sw_checklist_parse(sw_buf_text(&text), text.len, "R.md", &doc, NULL),
                     SW_E_LIMIT);
    sw_buf_clear(&text);
    sw_checklist_doc_clear(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_is_read),
        cmocka_unit_test(what_is_nearly_right_is_refused),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
