/* view_lists.h: what view.c and view_lists.c share. Private to them. */
#pragma once

#include "model/model.h"

struct sw_arena;

/* Empty text is no text. */
const char *sw_view_text_or_null(struct sw_arena *arena, const char *text);
const char *sw_view_text_or_empty(struct sw_arena *arena, const char *text);

/* NULL: no such source. */
const struct sw_model_source *sw_view_source(const struct sw_model *model, size_t index);
/* When something read at at_ms becomes too old, least_s (0: none) being the least it stands; 0: no
 * time is known. */
int64_t sw_view_stale_at(const struct sw_model *model, size_t source, int64_t at_ms, int least_s);
bool sw_view_is_too_old(const struct sw_model *model, size_t source, int64_t at_ms, int least_s,
                        int64_t now_ms);

void sw_view_lists(struct sw_arena *arena, const struct sw_model *model,
                   const struct sw_model_platform *from, int64_t now_ms, struct sw_platform *to);
