/* harden.c: credentials in memory stay in this process.
 *
 * Measured as an ordinary user: without it /proc/PID/environ and a debugger's
 * attach are open to every process of the same user; with it both are refused.
 * The leak checker of AddressSanitizer attaches to its own process, so in such
 * a build the process stays open. */
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/macros.h"
#include "slipway.h"

#if defined(__SANITIZE_ADDRESS__)
#define IS_CHECKED_BUILD 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_CHECKED_BUILD 1
#endif
#endif
#ifndef IS_CHECKED_BUILD
#define IS_CHECKED_BUILD 0
#endif

void sw_process_harden(void)
{
    struct rlimit none = {0, 0};
    sw_ignore(setrlimit(RLIMIT_CORE, &none));
    if (!IS_CHECKED_BUILD)
        sw_ignore(prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L));
}
