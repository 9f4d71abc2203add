/*
 * fuzz_checklist.c: whatever a checklist holds, its items have different ids and clean texts, or
 * there is an error and no item at all.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/text.h"
#include "model/checklist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
    char again[512];
    size_t len = strlen(text);
    sw_assert(sw_utf8_is_valid(text, len));
    sw_text_clean(text, len, again, sizeof again);
    sw_assert(strcmp(text, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_checklist_doc doc;
    struct sw_error err = {0};
    enum sw_code code = sw_checklist_parse((const char *)data, size, "R.md", &doc, &err);
    sw_assert(code == SW_OK || (doc.count == 0 && err.text[0] != '\0'));
    for (size_t i = 0; i < doc.count; i++) {
        const struct sw_checklist_entry *entry = &doc.entries[i];
        sw_assert(entry->id[0] != '\0' && strlen(entry->id) <= 80 && entry->text[0] != '\0');
        sw_assert(entry->depth >= 0 && (i == 0 || entry->line > doc.entries[i - 1].line));
        check_text(entry->id);
        check_text(entry->text);
        check_text(entry->phase);
        check_text(entry->owner != NULL ? entry->owner : "");
        for (size_t other = 0; other < i && i < 100; other++)
            sw_assert(strcmp(entry->id, doc.entries[other].id) != 0);
    }
    sw_checklist_doc_clear(&doc);
    return 0;
}
