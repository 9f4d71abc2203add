/* test_background.c: what a terminal's answer says about its background, and what is left of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "background.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct answer {
    const char *bytes;
    enum background is;
};

static const struct answer answers[] = {
    {"\033]11;rgb:0000/0000/0000\033\\", BACKGROUND_DARK},
    {"\033]11;rgb:ffff/ffff/ffff\033\\\033[?62;c", BACKGROUND_LIGHT},
    {"\033]11;rgb:ff/ff/ff\007", BACKGROUND_LIGHT},
    {"\033]11;rgb:f/f/f\007", BACKGROUND_LIGHT},
    {"\033]11;rgb:0/0/2\007", BACKGROUND_DARK},
    {"\033]11;rgb:fdfd/f6f6/e3e3\033\\", BACKGROUND_LIGHT},
    {"\033]11;rgb:FDFD/F6F6/E3E3\033\\", BACKGROUND_LIGHT},
    {"\033]11;rgb:0000/2b2b/3636\033\\", BACKGROUND_DARK},
    {"\033]11;rgba:ffff/ffff/ffff/ffff\033\\", BACKGROUND_LIGHT},
    {"q\033[Ajj\033]11;rgb:ffff/ffff/ffff\007", BACKGROUND_LIGHT},
    {"\033]11;rgb:zz/zz/zz\007\033]11;rgb:ffff/ffff/ffff\007", BACKGROUND_LIGHT},
    /* no answer */
    {"", BACKGROUND_UNKNOWN},
    {"\033[?62;c", BACKGROUND_UNKNOWN},
    {"\033]11;rgb:ffff/ffff/ffff", BACKGROUND_UNKNOWN}, /* cut: more digits may come */
    {"\033]11;rgb:ffff/ffff/\007", BACKGROUND_UNKNOWN},
    {"\033]11;rgb:ffff/ffff\007", BACKGROUND_UNKNOWN},
    {"\033]11;rgb:fffff/ffff/ffff\007", BACKGROUND_UNKNOWN},
    {"\033]11;rgb:zz/zz/zz\007", BACKGROUND_UNKNOWN},
    {"\033]11;#ffffff\007", BACKGROUND_UNKNOWN},
    {"\033]11;?\033\\", BACKGROUND_UNKNOWN}, /* an echo of the question */
    {"\033]10;rgb:ffff/ffff/ffff\007", BACKGROUND_UNKNOWN},
    {"]11;rgb:ffff/ffff/ffff\007", BACKGROUND_UNKNOWN},
    {"\033]11;", BACKGROUND_UNKNOWN},
    {"\033]11;rgb:", BACKGROUND_UNKNOWN},
};

static void answers_are_read_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        /* Cut to size, so that a sanitizer sees a byte too many. */
        size_t len = strlen(answers[i].bytes);
        char exact[80];
        memcpy(exact + sizeof exact - len, answers[i].bytes, len);
        enum background found = background_of_answer(exact + sizeof exact - len, len);
        if (found != answers[i].is)
            fail_msg("answer %zu gave %d", i, (int)found);
    }
}

static void the_fence_is_known(void **state)
{
    static const char *const fences[] = {"\033[?6c", "\033[?62;1;4c", "hh\033]11;x\007\033[?1;2c"};
    static const char *const none[] = {"",        "\033[?",         "\033[?62;1",
                                       "\033[6c", "\033[?2026;2$y", "c"};
    (void)state;
    for (size_t i = 0; i < COUNT(fences); i++)
        assert_true(background_is_fenced(fences[i], strlen(fences[i])));
    for (size_t i = 0; i < COUNT(none); i++)
        assert_false(background_is_fenced(none[i], strlen(none[i])));
}

static void colorfgbg_is_its_last_number(void **state)
{
    static const struct answer told[] = {
        {"15;0", BACKGROUND_DARK},          {"0;15", BACKGROUND_LIGHT},
        {"0;default;15", BACKGROUND_LIGHT}, {"12;8", BACKGROUND_DARK},
        {"0;7", BACKGROUND_LIGHT},          {"7;6", BACKGROUND_DARK},
        {"15;default", BACKGROUND_UNKNOWN}, {"15", BACKGROUND_UNKNOWN},
        {"", BACKGROUND_UNKNOWN},           {"0;16", BACKGROUND_UNKNOWN},
        {"0;-1", BACKGROUND_UNKNOWN},       {"0;1x", BACKGROUND_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(told); i++)
        if (background_of_colorfgbg(told[i].bytes) != told[i].is)
            fail_msg("COLORFGBG=%s", told[i].bytes);
    assert_int_equal(background_of_colorfgbg(NULL), BACKGROUND_UNKNOWN);
}

/* Wherever the end of the time cuts an answer, its rest is swallowed when it comes. */
static void an_answer_cut_anywhere_leaves_no_key(void **state)
{
    static const char *const whole[] = {"\033]11;rgb:cccc/cccc/cccc\033\\\033[?62;22c",
                                        "\033]11;rgb:cccc/cccc/cccc\007\033[?62;22c"};
    (void)state;
    for (size_t i = 0; i < COUNT(whole); i++) {
        size_t len = strlen(whole[i]);
        for (size_t cut = 0; cut <= len; cut++) {
            struct key_filter filter = {0};
            for (size_t at = 0; at < len; at++) {
                /* The first part at 1 s, the rest half a second later. */
                bool is_more = at + 1 != cut && at + 1 < len;
                int key = key_filter_feed(&filter, whole[i][at], is_more, at < cut ? 1000 : 1500);
                if (key != KEY_NOTHING && key != KEY_ESCAPE)
                    fail_msg("answer %zu cut after %zu: '%c' came through", i, cut, key);
            }
            assert_int_equal(key_filter_feed(&filter, 'q', false, 1600), 'q');
        }
    }
}

static void without_a_configuration_there_is_a_pair(void **state)
{
    (void)state;
    assert_string_equal(background_theme(NULL, BACKGROUND_LIGHT), "light");
    assert_string_equal(background_theme(NULL, BACKGROUND_DARK), "dark");
    assert_string_equal(background_theme(NULL, BACKGROUND_UNKNOWN), "dark");
    assert_true(background_is_auto("auto"));
    assert_false(background_is_auto("autumn"));
    assert_false(background_is_auto(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_read_strictly),
        cmocka_unit_test(the_fence_is_known),
        cmocka_unit_test(colorfgbg_is_its_last_number),
        cmocka_unit_test(an_answer_cut_anywhere_leaves_no_key),
        cmocka_unit_test(without_a_configuration_there_is_a_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
