/*
 * fuzz_text.c: whatever comes in, cleaned text is valid UTF-8 without a character that acts or
 * hides, fits its room, and cleaning it again changes nothing.
 */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_character(uint32_t cp)
{
    sw_assert(cp != SW_UTF8_INVALID);
    sw_assert(cp >= 0x20 && !(cp >= 0x7F && cp <= 0x9F));
    sw_assert(cp != 0xAD && cp != 0x61C && cp != 0x180E && cp != 0xFEFF);
    sw_assert(!(cp >= 0x200B && cp <= 0x200F));
    sw_assert(!(cp >= 0x2028 && cp <= 0x202E));
    sw_assert(!(cp >= 0x2060 && cp <= 0x206F));
    sw_assert(!(cp >= 0xFE00 && cp <= 0xFE0F));
    sw_assert(!(cp >= 0xFFF9 && cp <= 0xFFFB));
    sw_assert(!(cp >= 0xE0000 && cp <= 0xE0FFF));
}

static void check_clean(const char *out, size_t len)
{
    int marks = 0;
    for (size_t at = 0; at < len;) {
        uint32_t cp = 0;
        at += sw_utf8_next(out + at, len - at, &cp);
        check_character(cp);
        marks = cp >= 0x300 && cp <= 0x36F ? marks + 1 : 0;
        sw_assert(marks <= 2);
    }
    sw_assert(sw_utf8_is_valid(out, len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char out[512];
    char again[512];
    if (size < 2)
        return 0;
    /* The first two bytes choose the room. */
    size_t room = 1 + (data[0] | (size_t)data[1] << 8) % sizeof(out);
    const char *in = (const char *)data + 2;
    size_t len = sw_text_clean(in, size - 2, out, room);
    sw_assert(len < room && out[len] == '\0' && strlen(out) == len);
    check_clean(out, len);
    sw_assert(sw_text_clean(out, len, again, sizeof(again)) == len);
    sw_assert(memcmp(out, again, len) == 0);
    sw_assert(sw_utf8_cut(in, size - 2, room) <= room);

    struct sw_error err = {0};
    sw_fail(&err, SW_E_PARSE, "%.*s", (int)(size - 2), in);
    check_clean(err.text, strlen(err.text));
    return 0;
}
