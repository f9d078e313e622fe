#include "base/moment.h"

#include "base/cursor.h"

#define UNIX_EPOCH 11644473600ll     /* seconds from 1601-01-01 to 1970-01-01 */
#define LAST_SECOND (int64_t)((MOMENT_UNKNOWN - 1) / MOMENT_SECOND)

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in(int year, int month)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days since 1601-01-01. 1601 begins a cycle of 400 years, so no constant corrects for where the count began. */
static int64_t days_until(int year, int month, int day)
{
    static const uint16_t before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    int64_t y = year - 1601;
    return y * 365 + y / 4 - y / 100 + y / 400 + before[month - 1] + (month > 2 && is_leap(year)) + day - 1;
}

moment moment_from_unix(int64_t seconds, uint32_t nanoseconds)
{
    if (seconds < -UNIX_EPOCH || seconds > LAST_SECOND - UNIX_EPOCH || nanoseconds >= 1000000000)
        return MOMENT_UNKNOWN;
    uint64_t ticks = nanoseconds / 100, whole = (uint64_t)(seconds + UNIX_EPOCH) * MOMENT_SECOND;
    return whole > MOMENT_UNKNOWN - 1 - ticks ? MOMENT_UNKNOWN : whole + ticks;
}

int64_t moment_to_unix(moment t)
{
    return (int64_t)(t / MOMENT_SECOND) - UNIX_EPOCH;
}

moment moment_from_parts(moment_parts p)
{
    if (p.year < 1601 || p.year > 60056 || p.month < 1 || p.month > 12 || p.day < 1 || p.day > days_in(p.year, p.month) ||
        p.hour < 0 || p.hour > 23 || p.minute < 0 || p.minute > 59 || p.second < 0 || p.second > 59 ||
        p.ticks >= MOMENT_SECOND)
        return MOMENT_UNKNOWN;
    int64_t seconds = days_until(p.year, p.month, p.day) * 86400 + p.hour * 3600 + p.minute * 60 + p.second;
    return moment_from_unix(seconds - UNIX_EPOCH, p.ticks * 100);
}

moment_parts moment_to_parts(moment t)
{
    uint64_t seconds = t / MOMENT_SECOND, days = seconds / 86400;
    unsigned in_day = (unsigned)(seconds % 86400);

    uint64_t cycles = days / 146097, rest = days % 146097;              /* 400 years */
    uint64_t centuries = rest / 36524 < 3 ? rest / 36524 : 3;           /* the fourth has a day more */
    rest -= centuries * 36524;
    uint64_t fours = rest / 1461;
    rest -= fours * 1461;
    uint64_t years = rest / 365 < 3 ? rest / 365 : 3;                   /* so has the fourth year */
    rest -= years * 365;

    moment_parts p = {
        .year = (int)(1601 + cycles * 400 + centuries * 100 + fours * 4 + years),
        .month = 1,
        .hour = (int)(in_day / 3600), .minute = (int)(in_day / 60 % 60), .second = (int)(in_day % 60),
        .ticks = (uint32_t)(t % MOMENT_SECOND),
    };
    while (rest >= (uint64_t)days_in(p.year, p.month))
        rest -= (uint64_t)days_in(p.year, p.month++);
    p.day = (int)rest + 1;
    return p;
}

moment moment_from_systemtime(span bytes16)
{
    if (bytes16.len != 16)
        return MOMENT_UNKNOWN;
    cursor c = cur_open(bytes16);
    moment_parts p = { .year = cur_u16(&c, "year"), .month = cur_u16(&c, "month") };
    cur_skip(&c, 2, "day of week");
    p.day = cur_u16(&c, "day");
    p.hour = cur_u16(&c, "hour");
    p.minute = cur_u16(&c, "minute");
    p.second = cur_u16(&c, "second");
    p.ticks = cur_u16(&c, "milliseconds") * 10000u;
    return moment_from_parts(p);
}

static char *put_digits(char *at, unsigned value, unsigned digits)
{
    for (unsigned i = digits; i-- > 0; value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + digits;
}

const char *moment_iso(moment t, char out[MOMENT_TEXT])
{
    if (!moment_known(t)) {
        out[0] = '\0';
        return out;
    }
    moment_parts p = moment_to_parts(t);
    char *at = put_digits(out, (unsigned)p.year, p.year > 9999 ? 5 : 4);
    *at++ = '-';
    at = put_digits(at, (unsigned)p.month, 2);
    *at++ = '-';
    at = put_digits(at, (unsigned)p.day, 2);
    *at++ = 'T';
    at = put_digits(at, (unsigned)p.hour, 2);
    *at++ = ':';
    at = put_digits(at, (unsigned)p.minute, 2);
    *at++ = ':';
    at = put_digits(at, (unsigned)p.second, 2);
    *at++ = '.';
    at = put_digits(at, p.ticks, 7);
    *at++ = 'Z';
    *at = '\0';
    return out;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool take(span *text, char c)
{
    if (text->len == 0 || text->at[0] != (uint8_t)c)
        return false;
    *text = span_part(*text, 1, SIZE_MAX);
    return true;
}

/* Between `least` and `most` digits. */
static bool take_number(span *text, unsigned least, unsigned most, int *out)
{
    int value = 0;
    unsigned digits = 0;
    while (digits < most && digits < text->len && is_digit(text->at[digits]))
        value = value * 10 + (text->at[digits++] - '0');
    if (digits < least)
        return false;
    *text = span_part(*text, digits, SIZE_MAX);
    *out = value;
    return true;
}

static bool take_fraction(span *text, uint32_t *ticks)
{
    unsigned digits = 0;
    uint32_t unit = MOMENT_SECOND / 10;
    for (; digits < text->len && is_digit(text->at[digits]); digits++, unit /= 10)
        *ticks += (uint32_t)(text->at[digits] - '0') * unit;     /* unit is 0 from the eighth digit on */
    *text = span_part(*text, digits, SIZE_MAX);
    return digits >= 1 && digits <= 9;
}

static bool take_zone(span *text, int64_t *seconds_east)
{
    *seconds_east = 0;
    if (text->len == 0 || take(text, 'Z'))
        return true;
    int sign = take(text, '+') ? 1 : take(text, '-') ? -1 : 0, hours, minutes;
    if (!sign || !take_number(text, 2, 2, &hours) || !take(text, ':') || !take_number(text, 2, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *seconds_east = sign * (hours * 3600 + minutes * 60);
    return true;
}

bool moment_parse(span text, moment *out)
{
    moment_parts p = { 0 };
    int64_t seconds_east = 0;
    if (!take_number(&text, 4, 5, &p.year) || !take(&text, '-') || !take_number(&text, 2, 2, &p.month) ||
        !take(&text, '-') || !take_number(&text, 2, 2, &p.day))
        return false;
    if (text.len) {
        if (!(take(&text, 'T') || take(&text, ' ')) || !take_number(&text, 2, 2, &p.hour) || !take(&text, ':') ||
            !take_number(&text, 2, 2, &p.minute))
            return false;
        if (take(&text, ':')) {
            if (!take_number(&text, 2, 2, &p.second))
                return false;
            if (take(&text, '.') && !take_fraction(&text, &p.ticks))
                return false;
        }
        if (!take_zone(&text, &seconds_east) || text.len)
            return false;
    }
    moment local = moment_from_parts(p);
    if (!moment_known(local))
        return false;
    moment t = moment_from_unix(moment_to_unix(local) - seconds_east, p.ticks * 100);
    if (!moment_known(t))
        return false;
    *out = t;
    return true;
}
