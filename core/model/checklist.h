/* checklist.h: a Markdown task list as a release checklist. Pure.
 *
 * Reads `- [ ] text` and `- [x] text` items (also `*`, `+`, `1.`), nested by
 * indentation, under ATX headings (the phase). Behind the text, in any order:
 * `{#id}` names the item, `!blocking` makes it block advance and complete,
 * `@name` is its owner, `T-5` / `T+7` its due day. Without `{#id}` the id is a
 * slug of heading and text. Anything else in the file is ignored. */
#pragma once

#include "slipway.h"

struct sw_checklist_entry {
    char *id, *text, *phase, *owner, *due; /* owner, due: NULL when absent */
    int depth;
    int line;                              /* 1-based, in the file */
    bool is_done_in_file;
    bool is_blocking;
};

struct sw_checklist_doc {
    size_t count;
    struct sw_checklist_entry *entries;
};

/* Parses a whole file of at most 1 MiB and 2,000 items. Errors: SW_E_PARSE
 * (duplicate id, malformed tag, with the line), SW_E_LIMIT. */
enum sw_code sw_checklist_parse(const char *text, size_t len, const char *name,
                                struct sw_checklist_doc *out, struct sw_error *err);
void sw_checklist_doc_clear(struct sw_checklist_doc *doc);
