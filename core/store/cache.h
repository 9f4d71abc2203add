/* cache.h: the facts of the last picture as a file, for an instant first paint.
 *
 * What is kept are the model's facts (rollouts with the handles their verbs need, readings, trends,
 * issues, alarms, tags, the checklist's text), not the snapshot: the reader judges them anew, with
 * their age. Everything read from a cache is marked as cached. The ledger is not in it: it has its
 * own place. A cache that is damaged, foreign or of another format is ignored whole. */
#pragma once

#include "base/buf.h"
#include "model/model.h"

/* Initialises *out and writes the facts into it; the caller clears it in every case.
 * Errors: SW_E_LIMIT (more than 16 MiB). */
enum sw_code sw_cache_encode(const struct sw_model *model, int64_t now_ms, struct sw_buf *out,
                             struct sw_error *err);

/* Puts the facts into a model that has its definitions and no facts. Platforms and sources are
 * found by id; facts are taken only where the platform is bound to what they were read of. On an
 * error the model is as before. Errors: SW_E_PARSE, SW_E_LIMIT. */
enum sw_code sw_cache_decode(const char *text, size_t len, struct sw_model *model,
                             struct sw_error *err);

/* Initialises *out. Errors: SW_E_NOT_FOUND (there is none), SW_E_IO, SW_E_DENIED, SW_E_LIMIT. */
enum sw_code sw_cache_read(const char *path, struct sw_buf *out, struct sw_error *err);
/* Whole or not at all; makes the directories. */
enum sw_code sw_cache_write(const char *path, const struct sw_buf *text, struct sw_error *err);
