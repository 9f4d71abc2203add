/*
 * random.c: see random.h.
 */
#include "base/random.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/assert.h"

void sw_random_bytes(void *out, size_t len)
{
    unsigned char *at = out;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            sw_die("the kernel gives no random bytes (getrandom, errno %d)", errno);
        at += got;
        len -= (size_t)got;
    }
}

double sw_random_unit(void)
{
    uint64_t bits = 0;
    sw_random_bytes(&bits, sizeof(bits));
    return (double)(bits >> 11) * 0x1p-53;
}

void sw_uuid4(char out[SW_UUID_TEXT])
{
    unsigned char b[16];
    sw_random_bytes(b, sizeof(b));
    b[6] = (unsigned char)((b[6] & 0x0FU) | 0x40U); /* version 4 */
    b[8] = (unsigned char)((b[8] & 0x3FU) | 0x80U); /* the RFC's variant */
    snprintf(out, SW_UUID_TEXT,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}
