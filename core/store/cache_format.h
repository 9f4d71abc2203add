/* cache_format.h: what the writer and the reader of the cache agree on; private to them. */
#pragma once

enum { SW_CACHE_FORMAT = 1, SW_CACHE_BYTES_MAX = 16 * 1024 * 1024 };
