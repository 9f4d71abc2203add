/* ref_name.h: a release's name as the last part of a git ref, and back. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { SW_REF_NAME_TEXT = 640 };

/* Percent-encodes all but [A-Za-z0-9._-], and those dots that git does not allow where they are.
 * False when the name is empty or longer than 200 bytes. */
bool sw_ref_name_encode(const char *release, char out[SW_REF_NAME_TEXT]);
/* The reverse; false when it is not what encode writes. */
bool sw_ref_name_decode(const char *name, char *out, size_t size);
