/*
 * random.h: random bytes from the kernel. Thread-safe; ends the program when the kernel has none.
 */
#pragma once

#include <stddef.h>

#define SW_UUID_TEXT 37

void sw_random_bytes(void *out, size_t len);
/* 0 <= x < 1, for jitter. */
double sw_random_unit(void);
/* RFC 9562 version 4, lower case. */
void sw_uuid4(char out[SW_UUID_TEXT]);
