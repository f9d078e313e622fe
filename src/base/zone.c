#include "base/zone.h"

#include "base/cursor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char system_database[] = "/usr/share/zoneinfo";

enum { FILE_BYTES = 256 << 10, NAME_BYTES = 64, DAY = 86400 };

/* When a year's change comes: the w-th (5: last) weekday d of month m, or a day of the year. */
typedef struct {
    char kind;                      /* 'M'; 'J': day 1 to 365, 29 February never counted; '0': day 0 to 365 */
    int month, week, day;
    int64_t seconds;                /* of local time after midnight of that day, -167 to 167 hours */
} change;

struct zone_rules {
    size_t count;
    int64_t *times;                 /* seconds of Unix, ascending */
    int *minutes;                   /* from times[i] on */
    int before;                     /* earlier than times[0] */
    bool has_tail, has_summer;      /* what holds after the last of them; without a tail the last one goes on */
    int standard, summer;
    change to_summer, to_standard;
};

/* Offsets. */

static bool take_small_number(const char **at, int most, int *out)
{
    int value = 0, digits = 0;
    for (; digits < 3 && **at >= '0' && **at <= '9'; digits++)
        value = value * 10 + *(*at)++ - '0';
    *out = value;
    return digits > 0 && value <= most;
}

static bool skip_word(const char **at, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i < len; i++)
        if (((*at)[i] & ~0x20) != word[i])          /* a NUL differs from every letter */
            return false;
    *at += len;
    return true;
}

/* "+08:00", "+8", "+0800", each also behind "UTC" or "GMT"; these alone, and "Z", are 0. */
static bool read_offset(const char *name, int *minutes)
{
    const char *at = name;
    bool named = skip_word(&at, "UTC") || skip_word(&at, "GMT") || (strlen(at) == 1 && skip_word(&at, "Z"));
    *minutes = 0;
    if (named && *at == '\0')
        return true;
    int sign = *at == '+' ? 1 : *at == '-' ? -1 : 0, hours, rest = 0;
    if (!sign)
        return false;
    at++;
    size_t digits = strspn(at, "0123456789");
    if (digits == 4) {
        hours = (at[0] - '0') * 10 + at[1] - '0';
        at += 2;
        if (!take_small_number(&at, 59, &rest))
            return false;
    } else {
        if (digits > 2 || !take_small_number(&at, 18, &hours))
            return false;
        if (*at == ':' && (strlen(++at) != 2 || !take_small_number(&at, 59, &rest)))
            return false;
    }
    *minutes = sign * (hours * 60 + rest);
    return *at == '\0' && hours * 60 + rest <= 18 * 60;
}

const char *zone_offset_text(int minutes, char out[ZONE_TEXT])
{
    int far = minutes < 0 ? -minutes : minutes;
    snprintf(out, ZONE_TEXT, "%c%02d:%02d", minutes < 0 ? '-' : '+', far / 60 % 100, far % 60);
    return out;
}

/* The rule behind the last change: a POSIX TZ text, as in "CET-1CEST,M3.5.0,M10.5.0/3". */

static bool skip_zone_name(const char **at)
{
    bool quoted = **at == '<';
    const char *from = *at += quoted;
    while ((**at | 0x20) >= 'a' && (**at | 0x20) <= 'z' ? true : quoted && **at && strchr("+-0123456789", **at))
        (*at)++;
    if (*at - from < 3)
        return false;
    if (quoted && *(*at)++ != '>')
        return false;
    return true;
}

static bool take_time(const char **at, int most_hours, int64_t *seconds)
{
    int sign = 1, hours, minutes = 0, rest = 0;
    if (**at == '+' || **at == '-')
        sign = *(*at)++ == '-' ? -1 : 1;
    if (!take_small_number(at, most_hours, &hours))
        return false;
    if (**at == ':') {
        ++*at;
        if (!take_small_number(at, 59, &minutes))
            return false;
        if (**at == ':') {
            ++*at;
            if (!take_small_number(at, 59, &rest))
                return false;
        }
    }
    *seconds = sign * (hours * 3600 + minutes * 60 + rest);
    return true;
}

static bool take_change(const char **at, change *out)
{
    out->kind = '0';
    if (*(*at)++ != ',')
        return false;
    if (**at == 'M' || **at == 'J')
        out->kind = *(*at)++;
    if (out->kind == 'M') {
        if (!take_small_number(at, 12, &out->month) || out->month < 1 || *(*at)++ != '.' ||
            !take_small_number(at, 5, &out->week) || out->week < 1 || *(*at)++ != '.' || !take_small_number(at, 6, &out->day))
            return false;
    } else if (!take_small_number(at, 365, &out->day) || (out->kind == 'J' && out->day < 1)) {
        return false;
    }
    out->seconds = 2 * 3600;
    if (**at != '/')
        return true;
    ++*at;
    return take_time(at, 167, &out->seconds);
}

static bool read_tail(const char *text, zone_rules *rules)
{
    int64_t west, summer_west;
    const char *at = text;
    if (!skip_zone_name(&at) || !take_time(&at, 24, &west))
        return false;
    rules->standard = (int)(-west / 60);
    rules->has_tail = true;
    if (*at == '\0')
        return true;
    if (!skip_zone_name(&at))
        return false;
    summer_west = west - 3600;
    if (*at != ',' && !take_time(&at, 24, &summer_west))
        return false;
    rules->summer = (int)(-summer_west / 60);
    rules->has_summer = true;
    return take_change(&at, &rules->to_summer) && take_change(&at, &rules->to_standard) && *at == '\0';
}

static int64_t day_number(int year, int month, int day)
{
    return moment_to_unix(moment_from_parts((moment_parts){ .year = year, .month = month, .day = day })) / DAY;
}

/* Seconds of local time from the epoch, as if local time were UTC. The year is 1970 or later. */
static int64_t change_in(const change *c, int year)
{
    int64_t first = day_number(year, 1, 1), day;
    if (c->kind == 'M') {
        int64_t month = day_number(year, c->month, 1);
        int64_t next = c->month == 12 ? day_number(year + 1, 1, 1) : day_number(year, c->month + 1, 1);
        day = month + (c->day - (month + 4) % 7 + 7) % 7 + 7 * (c->week - 1);       /* day 0 was a Thursday */
        if (day >= next)
            day -= 7;
    } else if (c->kind == 'J') {
        bool after_leap_day = c->day >= 60 && day_number(year, 3, 1) - first == 60;
        day = first + c->day - 1 + after_leap_day;
    } else {
        day = first + c->day;
    }
    return day * DAY + c->seconds;
}

static int tail_minutes(const zone_rules *rules, int64_t seconds)
{
    moment local = moment_from_unix(seconds + rules->standard * 60, 0);
    if (!rules->has_summer || !moment_known(local))
        return rules->standard;
    int year = moment_to_parts(local).year;
    if (year < 1970 || year > 60000)
        return rules->standard;
    int64_t begins = change_in(&rules->to_summer, year) - rules->standard * 60;
    int64_t ends = change_in(&rules->to_standard, year) - rules->summer * 60;
    bool summer = begins < ends ? seconds >= begins && seconds < ends : seconds >= begins || seconds < ends;
    return summer ? rules->summer : rules->standard;
}

/* TZif: numbers are big-endian. */

static uint32_t cur_be32(cursor *c, const char *field)
{
    return __builtin_bswap32(cur_u32(c, field));
}

typedef struct { uint8_t version; uint32_t utc_flags, standard_flags, leaps, times, types, letters; } tz_header;

static tz_header read_header(cursor *c)
{
    tz_header h = { 0 };
    if (!span_is(cur_bytes(c, 4, "signature"), "TZif"))
        cur_fail(c, "signature");
    h.version = cur_u8(c, "version");
    cur_skip(c, 15, "reserved");
    h.utc_flags = cur_be32(c, "utc flags");
    h.standard_flags = cur_be32(c, "standard flags");
    h.leaps = cur_be32(c, "leap seconds");
    h.times = cur_be32(c, "times");
    h.types = cur_be32(c, "types");
    h.letters = cur_be32(c, "letters");
    return h;
}

static void skip_block(cursor *c, const tz_header *h, size_t time_size)
{
    cur_skip(c, cur_count(c, h->times, time_size + 1, "times") * (time_size + 1), "times");
    cur_skip(c, cur_count(c, h->types, 6, "types") * 6, "types");
    cur_skip(c, h->letters, "letters");
    cur_skip(c, cur_count(c, h->leaps, time_size + 4, "leap seconds") * (time_size + 4), "leap seconds");
    cur_skip(c, h->standard_flags, "standard flags");
    cur_skip(c, h->utc_flags, "utc flags");
}

static int type_minutes(cursor *types, const tz_header *h, uint8_t type)
{
    cursor c = *types;
    if (type >= h->types)
        cur_fail(&c, "type");
    cur_skip(&c, (size_t)type * 6, "type");
    int32_t seconds = (int32_t)cur_be32(&c, "offset");
    if (seconds < -26 * 3600 || seconds > 26 * 3600)
        cur_fail(&c, "offset");
    if (!cur_ok(&c))
        cur_fail(types, c.failed);
    return cur_ok(&c) ? seconds / 60 : 0;
}

static zone_rules *read_rules(arena *mem, span bytes, cursor *c)
{
    *c = cur_open(bytes);
    tz_header h = read_header(c);
    skip_block(c, &h, 4);
    if (h.version < '2')
        cur_fail(c, "version");
    h = read_header(c);
    if (h.leaps || h.types == 0)
        cur_fail(c, h.leaps ? "leap seconds" : "types");      /* "right/" zones count other seconds than we do */

    size_t count = cur_count(c, h.times, 9, "times");
    zone_rules *rules = arena_alloc(mem, sizeof *rules);
    int64_t *times = arena_array(mem, count, sizeof *times);
    int *minutes = arena_array(mem, count, sizeof *minutes);
    if (!rules || !times || !minutes) {
        cur_fail(c, "memory");
        return NULL;
    }
    *rules = (zone_rules){ .count = count, .times = times, .minutes = minutes };
    for (size_t i = 0; i < count && cur_ok(c); i++) {
        times[i] = (int64_t)__builtin_bswap64(cur_u64(c, "time"));
        if (i && times[i] <= times[i - 1])
            cur_fail(c, "order of times");
    }
    span type_of = cur_bytes(c, count, "type of time");
    cursor types = *c;
    rules->before = type_minutes(&types, &h, 0);
    for (size_t i = 0; i < count && cur_ok(&types); i++)
        minutes[i] = type_minutes(&types, &h, type_of.len ? type_of.at[i] : 0);
    if (!cur_ok(&types))
        cur_fail(c, types.failed);

    h.times = 0;                    /* they are behind us */
    skip_block(c, &h, 8);
    span tail = cur_bytes(c, cur_left(c), "rule");
    if (tail.len < 2 || tail.at[0] != '\n' || tail.at[tail.len - 1] != '\n')
        cur_fail(c, "rule");
    char *text = cur_ok(c) ? arena_text(mem, span_part(tail, 1, tail.len - 2)) : NULL;
    if (text && *text && !read_tail(text, rules))
        cur_fail(c, "rule");
    return rules;
}

/* Names. */

static bool is_safe_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
    size_t len = strlen(name);
    return len && len < NAME_BYTES && name[strspn(name, allowed)] == '\0' && name[0] != '/' && name[len - 1] != '/' &&
           !strstr(name, "//");
}

static status read_zone_file(arena *mem, const char *path, span *out)
{
    FILE *file = fopen(path, "rbe");
    if (!file)
        return status_fail(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, "%s: %s", path, strerror(errno));
    status done = status_ok();
    uint8_t *bytes = arena_alloc(mem, FILE_BYTES);
    size_t len = bytes ? fread(bytes, 1, FILE_BYTES, file) : 0;
    if (!bytes || len == FILE_BYTES)
        done = status_fail(STATUS_BAD_INPUT, "%s: not a file of at most %d bytes", path, FILE_BYTES);
    else if (ferror(file))
        done = status_fail(STATUS_BAD_INPUT, "%s: not a time zone", path);      /* a folder, for example */
    fclose(file);
    *out = span_of(bytes, len);
    return done;
}

static status open_builtin(const char *database, const char *name, zone *out)
{
    static const struct { const char *name; int minutes; } known[] = {
        { "Asia/Shanghai", 480 }, { "Asia/Hong_Kong", 480 }, { "Asia/Taipei", 480 }, { "Asia/Singapore", 480 },
        { "Asia/Tokyo", 540 }, { "Asia/Seoul", 540 }, { "Etc/UTC", 0 },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0) {
            *out = (zone){ .name = known[i].name, .minutes = known[i].minutes };
            return status_ok();
        }
    return status_fail(STATUS_BAD_INPUT, "the time zone database is not installed (%s), so '%s' is not known; give the offset, "
                       "as in +08:00", database, name);
}

static status open_named(arena *mem, const char *database, const char *name, zone *out)
{
    if (!is_safe_name(name))
        return status_fail(STATUS_BAD_INPUT, "'%.60s' is no time zone; give a name, as in Asia/Shanghai, or an offset, as in +08:00", name);
    if (access(database, F_OK) != 0)
        return open_builtin(database, name, out);

    const char *path = arena_printf(mem, "%s/%s", database, name), *kept = arena_str(mem, name);
    if (!path || !kept)
        return status_fail(STATUS_LIMIT, "time zone: no memory");
    span bytes = { 0 };
    status done = read_zone_file(mem, path, &bytes);
    if (done.code == STATUS_NOT_FOUND)
        return status_fail(STATUS_BAD_INPUT, "'%s' is no time zone of the database in %s", name, database);
    if (!status_is_ok(done))
        return done;
    cursor c;
    zone_rules *rules = read_rules(mem, bytes, &c);
    if (!cur_ok(&c))
        return status_fail(STATUS_BAD_INPUT, "%s: not a time zone that can be read (%s)", path, c.failed);
    *out = (zone){ .name = kept, .minutes = rules->has_tail ? rules->standard : rules->before, .rules = rules };
    return done;
}

status zone_open_in(arena *mem, const char *database, const char *name, zone *out)
{
    int minutes;
    if (!read_offset(name, &minutes))
        return open_named(mem, database, name, out);
    char offset[ZONE_TEXT];
    const char *shown = minutes ? arena_printf(mem, "UTC%s", zone_offset_text(minutes, offset)) : "UTC";
    if (!shown)
        return status_fail(STATUS_LIMIT, "time zone: no memory");
    *out = (zone){ .name = shown, .minutes = minutes };
    return status_ok();
}

status zone_open(arena *mem, const char *name, zone *out)
{
    return zone_open_in(mem, system_database, name, out);
}

/* Times. */

int zone_minutes(const zone *z, moment t)
{
    const zone_rules *rules = z->rules;
    if (!rules || !moment_known(t))
        return z->minutes;
    int64_t seconds = moment_to_unix(t);
    if (rules->has_tail && (rules->count == 0 || seconds >= rules->times[rules->count - 1]))
        return tail_minutes(rules, seconds);
    size_t low = 0, high = rules->count;            /* times[low - 1] <= seconds < times[high] */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rules->times[middle] <= seconds)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? rules->minutes[low - 1] : rules->before;
}

/* `t` moved by so many minutes; it stays within what a moment can be. */
static moment moved(moment t, int minutes)
{
    uint64_t by = (uint64_t)(minutes < 0 ? -minutes : minutes) * MOMENT_MINUTE;
    if (minutes < 0)
        return t < by ? 0 : t - by;
    return t > MOMENT_UNKNOWN - 1 - by ? MOMENT_UNKNOWN - 1 : t + by;
}

bool zone_to_utc(const zone *z, moment local, moment *first, moment *last)
{
    /* An offset that held a day before or after is the only one that can hold now: no zone changes twice in two days. */
    int around[2] = { zone_minutes(z, moved(local, -24 * 60)), zone_minutes(z, moved(local, 24 * 60)) };
    bool found = false;
    for (int i = 0; i < 2; i++) {
        moment t = moved(local, -around[i]);
        if (zone_minutes(z, t) != around[i])
            continue;
        *first = found && *first < t ? *first : t;
        *last = found && *last > t ? *last : t;
        found = true;
    }
    return found;
}

moment_parts zone_parts(const zone *z, moment t)
{
    return moment_to_parts(moved(t, zone_minutes(z, t)));
}

const char *zone_text(const zone *z, moment t, char out[ZONE_TEXT])
{
    out[0] = '\0';
    if (!moment_known(t))
        return out;
    moment_parts p = zone_parts(z, t);
    snprintf(out, ZONE_TEXT, "%04u-%02u-%02u %02u:%02u:%02u", (unsigned)p.year % 100000, (unsigned)p.month % 100,
             (unsigned)p.day % 100, (unsigned)p.hour % 100, (unsigned)p.minute % 100, (unsigned)p.second % 100);
    return out;
}
