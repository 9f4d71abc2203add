/*
 * zone_file.c: the rules of a named zone, read from tzdata's own file, for times that a source
 * states in a zone of its own. The display zone (zone.c) belongs to the process; this does not
 * touch it, so any thread may ask for any zone.
 *
 * A file (RFC 8536) holds a first block with 32-bit times, which is skipped, a second one with the
 * transitions in 64 bits, and a footer, a POSIX TZ text such as "PST8PDT,M3.2.0,M11.1.0", for the
 * times after the last transition. Rules by the day of the year (Jn, n) are not read: no zone of
 * tzdata uses them in a footer.
 */
#include "base/zone_file.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { FILE_MAX_BYTES = 64 * 1024, HEAD_BYTES = 44, TYPE_BYTES = 6, FOOTER_TEXT = 96 };

/* One side of the rule of summer time: week 1..5 of a month, weekday 0 Sunday. */
struct turn {
    int month, week, weekday;
    int64_t at_s; /* local time of day */
};

struct zone {
    size_t count, type_count;
    const unsigned char *times, *indices, *types; /* in the file's bytes */
    bool has_footer, has_summer;
    int64_t standard_s, summer_s; /* east of UTC */
    struct turn to_summer, to_standard;
};

/* ----------------------------------------------------------------------- footer */

static bool read_number(const char **at, int64_t max, int64_t *out)
{
    if (!isdigit((unsigned char)**at))
        return false;
    for (*out = 0; isdigit((unsigned char)**at); (*at)++) {
        *out = *out * 10 + (**at - '0');
        if (*out > max)
            return false;
    }
    return true;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool read_clock(const char **at, int64_t *out)
{
    int64_t hours, part;
    int sign = **at == '-' ? -1 : 1;
    *at += **at == '-' || **at == '+';
    if (!read_number(at, 167, &hours))
        return false;
    *out = hours * 3600;
    for (int64_t unit = 60; unit >= 1 && **at == ':'; unit /= 60) {
        (*at)++;
        if (!read_number(at, 59, &part))
            return false;
        *out += part * unit;
    }
    *out *= sign;
    return true;
}

static bool skip_name(const char **at)
{
    const char *from = *at;
    if (**at == '<') {
        *at = strchr(*at, '>');
        if (*at == NULL)
            return false;
        (*at)++;
        return true;
    }
    while (isalpha((unsigned char)**at))
        (*at)++;
    return *at - from >= 3;
}

/* ",M3.2.0/2": the 2nd Sunday of March at 2:00, which is also meant without a time. */
static bool read_turn(const char **at, struct turn *out)
{
    int64_t month, week, weekday;
    if (strncmp(*at, ",M", 2) != 0)
        return false;
    *at += 2;
    if (!read_number(at, 12, &month) || *(*at)++ != '.' || !read_number(at, 5, &week) ||
        *(*at)++ != '.' || !read_number(at, 6, &weekday) || month < 1 || week < 1)
        return false;
    *out = (struct turn){(int)month, (int)week, (int)weekday, 2 * 3600};
    if (**at != '/')
        return true;
    (*at)++;
    return read_clock(at, &out->at_s);
}

static bool read_footer(const char *text, struct zone *zone)
{
    const char *at = text;
    int64_t west;
    if (!skip_name(&at) || !read_clock(&at, &west))
        return false;
    zone->standard_s = -west;
    zone->has_footer = true;
    if (*at == '\0')
        return true;
    if (!skip_name(&at))
        return false;
    zone->summer_s = zone->standard_s + 3600;
    if (*at != ',') {
        if (!read_clock(&at, &west))
            return false;
        zone->summer_s = -west;
    }
    zone->has_summer = true;
    return read_turn(&at, &zone->to_summer) && read_turn(&at, &zone->to_standard) && *at == '\0';
}

/* Local seconds since 1970 of a turn in a year. */
static int64_t turn_in(const struct turn *turn, int year)
{
    int64_t first = sw_days_from_civil(year, turn->month, 1);
    int64_t next = turn->month == 12 ? sw_days_from_civil(year + 1, 1, 1)
                                     : sw_days_from_civil(year, turn->month + 1, 1);
    /* 1970-01-01 was a Thursday; times here are later. */
    int64_t day = first + (turn->weekday - (first + 4) % 7 + 7) % 7 + 7 * (turn->week - 1);
    while (day >= next)
        day -= 7;
    return day * 86400 + turn->at_s;
}

static int64_t footer_offset(const struct zone *zone, int64_t utc_s)
{
    struct sw_civil civil;
    if (!zone->has_summer)
        return zone->standard_s;
    sw_civil_utc((utc_s + zone->standard_s) * SW_SECOND_MS, &civil);
    int64_t from = turn_in(&zone->to_summer, civil.year) - zone->standard_s;
    int64_t to = turn_in(&zone->to_standard, civil.year) - zone->summer_s;
    bool is_summer = from < to ? utc_s >= from && utc_s < to : utc_s >= from || utc_s < to;
    return is_summer ? zone->summer_s : zone->standard_s;
}

/* ------------------------------------------------------------------------- file */

static int64_t big_endian(const unsigned char *at, size_t bytes)
{
    uint64_t value = at[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return (int64_t)value;
}

/* The six counts of a block's head, in the file's order. */
struct block {
    size_t isut, isstd, leap, time, type, chars;
    size_t bytes; /* behind the head */
};

static bool read_head(const unsigned char *at, size_t left, size_t time_bytes, struct block *out)
{
    size_t counts[6];
    if (left < HEAD_BYTES || memcmp(at, "TZif", 4) != 0 || at[4] < '2')
        return false;
    for (size_t i = 0; i < 6; i++) {
        int64_t count = big_endian(at + 20 + 4 * i, 4);
        if (count < 0 || count > FILE_MAX_BYTES)
            return false;
        counts[i] = (size_t)count;
    }
    *out = (struct block){.isut = counts[0],
                          .isstd = counts[1],
                          .leap = counts[2],
                          .time = counts[3],
                          .type = counts[4],
                          .chars = counts[5]};
    out->bytes = out->time * (time_bytes + 1) + out->type * TYPE_BYTES + out->chars +
                 out->leap * (time_bytes + 4) + out->isstd + out->isut;
    return out->type > 0 && out->bytes <= left - HEAD_BYTES;
}

static bool parse(const unsigned char *bytes, size_t len, struct zone *zone)
{
    struct block first, second;
    char footer[FOOTER_TEXT];
    if (!read_head(bytes, len, 4, &first))
        return false;
    size_t skipped = HEAD_BYTES + first.bytes;
    const unsigned char *at = bytes + skipped;
    if (!read_head(at, len - skipped, 8, &second))
        return false;
    zone->count = second.time;
    zone->type_count = second.type;
    zone->times = at + HEAD_BYTES;
    zone->indices = zone->times + 8 * second.time;
    zone->types = zone->indices + second.time;
    const unsigned char *end = at + HEAD_BYTES + second.bytes;
    size_t left = (size_t)(bytes + len - end);
    if (left < 2 || end[0] != '\n' || end[left - 1] != '\n' || left - 2 >= sizeof footer)
        return false;
    memcpy(footer, end + 1, left - 2);
    footer[left - 2] = '\0';
    return footer[0] == '\0' || read_footer(footer, zone);
}

static int64_t type_offset(const struct zone *zone, size_t type)
{
    return type < zone->type_count ? big_endian(zone->types + TYPE_BYTES * type, 4) : 0;
}

static int64_t offset_ms_at(const void *arg, int64_t utc_ms)
{
    const struct zone *zone = arg;
    int64_t utc_s = utc_ms / SW_SECOND_MS;
    size_t low = 0, high = zone->count; /* how many transitions are not later */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (big_endian(zone->times + 8 * middle, 8) <= utc_s)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == zone->count && zone->has_footer)
        return footer_offset(zone, utc_s) * SW_SECOND_MS;
    return type_offset(zone, low == 0 ? 0 : zone->indices[low - 1]) * SW_SECOND_MS;
}

enum sw_code sw_zone_named_to_utc(const char *name, const struct sw_civil *civil, int64_t *out_ms,
                                  struct sw_error *err)
{
    char path[SW_ZONE_PATH_TEXT];
    struct zone zone = {0};
    enum sw_code code = sw_zone_check(name, err);
    if (code != SW_OK)
        return code;
    if (!sw_zone_path(name, path)) { /* only UTC is known without a file */
        *out_ms = sw_civil_to_utc(civil);
        return SW_OK;
    }
    unsigned char *bytes = sw_xcalloc(FILE_MAX_BYTES, 1);
    FILE *file = fopen(path, "rbe");
    size_t len = file != NULL ? fread(bytes, 1, FILE_MAX_BYTES, file) : 0;
    if (file != NULL)
        sw_ignore(fclose(file));
    if (parse(bytes, len, &zone))
        *out_ms = sw_zone_resolve(civil, offset_ms_at, &zone);
    else
        code = sw_fail(err, SW_E_PARSE, "time zone \"%.40s\": %s cannot be read as tzdata", name,
                       path);
    free(bytes);
    return code;
}
