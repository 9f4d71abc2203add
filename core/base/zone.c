/*
 * zone.c: the display zone of time.h. The conversion back to UTC is done here and not by mktime,
 * whose answer for a time that exists twice depends on what was asked before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/thread.h"
#include "base/time.h"
#include "base/zone_file.h"

#define NAME_TEXT 64

/* Written before the first thread starts, read-only afterwards. */
static char zone_name[NAME_TEXT];

static bool is_plain_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len < NAME_TEXT && name[0] != '/' && strstr(name, "..") == NULL &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
               len;
}

bool sw_zone_path(const char *name, char path[SW_ZONE_PATH_TEXT])
{
    const char *const dirs[] = {getenv("TZDIR"), "/usr/share/zoneinfo", "/usr/lib/zoneinfo",
                                "/usr/share/lib/zoneinfo"};
    for (size_t i = 0; i < SW_ARRAY_LEN(dirs); i++) {
        if (dirs[i] == NULL || sw_format(path, SW_ZONE_PATH_TEXT, "%s/%s", dirs[i], name))
            continue;
        if (access(path, R_OK) == 0)
            return true;
    }
    return false;
}

enum sw_code sw_zone_check(const char *name, struct sw_error *err)
{
    char path[SW_ZONE_PATH_TEXT];
    if (!is_plain_name(name))
        return sw_fail(err, SW_E_PARSE, "\"%.40s\" is not a time zone name such as Europe/Madrid",
                       name);
    if (strcmp(name, "UTC") != 0 && !sw_zone_path(name, path))
        return sw_fail(err, SW_E_NOT_FOUND,
                       "time zone \"%.40s\" is not known on this machine (is tzdata installed?)",
                       name);
    return SW_OK;
}

enum sw_code sw_zone_set(const char *name, struct sw_error *err)
{
    enum sw_code code = sw_zone_check(name, err);
    if (code != SW_OK || strcmp(name, zone_name) == 0)
        return code;
    if (sw_thread_any_started())
        return sw_fail(err, SW_E_BUSY,
                       "the time zone cannot change from %s to %s while running: restart",
                       zone_name[0] != '\0' ? zone_name : "the system's", name);
    if (setenv("TZ", name, 1) != 0)
        return sw_fail(err, SW_E_INTERNAL, "setting the time zone \"%s\" failed", name);
    tzset();
    sw_copy(zone_name, sizeof(zone_name), name);
    return SW_OK;
}

const char *sw_zone_name(void)
{
    return zone_name[0] != '\0' ? zone_name : NULL;
}

void sw_zone_local(int64_t ms, struct sw_civil *out)
{
    struct tm local = {0};
    time_t seconds = (time_t)(ms / SW_SECOND_MS - (ms % SW_SECOND_MS < 0 ? 1 : 0));
    if (localtime_r(&seconds, &local) == NULL) {
        sw_civil_utc(ms, out);
        return;
    }
    *out = (struct sw_civil){
        .year = local.tm_year + 1900,
        .month = local.tm_mon + 1,
        .day = local.tm_mday,
        .hour = local.tm_hour,
        .minute = local.tm_min,
        .second = local.tm_sec,
        .weekday = local.tm_wday == 0 ? 7 : local.tm_wday,
        .offset_s = (int)local.tm_gmtoff,
    };
    sw_copy(out->abbrev, sizeof(out->abbrev), local.tm_zone);
}

static int64_t offset_ms_at(const void *zone, int64_t utc_ms)
{
    struct sw_civil local = {0};
    (void)zone;
    sw_zone_local(utc_ms, &local);
    return local.offset_s * SW_SECOND_MS;
}

int64_t sw_zone_resolve(const struct sw_civil *civil, sw_zone_offset_fn offset_at, const void *zone)
{
    int64_t as_if_utc = sw_civil_to_utc(civil);
    int64_t offset_before = offset_at(zone, as_if_utc - SW_DAY_MS);
    int64_t offset_after = offset_at(zone, as_if_utc + SW_DAY_MS);
    int64_t by_before = as_if_utc - offset_before;
    int64_t by_after = as_if_utc - offset_after;
    bool is_before = offset_at(zone, by_before) == offset_before;
    bool is_after = offset_at(zone, by_after) == offset_after;
    if (is_before && is_after)
        return by_before < by_after ? by_before : by_after;
    /* Neither holds in the gap of spring: the old offset moves the time forward by the gap. */
    return is_after ? by_after : by_before;
}

int64_t sw_zone_to_utc(const struct sw_civil *civil)
{
    return sw_zone_resolve(civil, offset_ms_at, NULL);
}
