/* buckets_file.h: a platform's table of buckets as a file of its own in the cache directory.
 *
 * The first line says whose counts they are and has a digest of the rest, which is one line a slot,
 * as `slipway verdict` reads them. A file that is damaged or of another format is ignored whole, and
 * the table begins anew. At most 1 MiB: 14 days in buckets of five minutes are 0.2 MiB. */
#pragma once

#include "base/buf.h"
#include "model/buckets.h"

enum { SW_BUCKETS_BYTES_MAX = 1024 * 1024 };

/* Initialises *out, which the caller clears in every case. Errors: SW_E_LIMIT. */
enum sw_code sw_buckets_encode(const struct sw_buckets *buckets, struct sw_buf *out,
                               struct sw_error *err);
/* *out must be zeroed; it stays so on an error. Errors: SW_E_PARSE, SW_E_LIMIT. */
enum sw_code sw_buckets_decode(const char *text, size_t len, struct sw_buckets *out,
                               struct sw_error *err);
/* Errors beside those of decode: SW_E_NOT_FOUND (there is none), SW_E_IO, SW_E_DENIED. */
enum sw_code sw_buckets_read(const char *path, struct sw_buckets *out, struct sw_error *err);
