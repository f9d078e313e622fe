#include "cmocka_all.h"

#include "base/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define DATABASE "/usr/share/zoneinfo"

static moment at(const char *text)
{
    moment t = MOMENT_UNKNOWN;
    assert_true(moment_parse(span_str(text), &t));
    return t;
}

static bool refuses(const char *name)
{
    arena mem;
    zone z;
    arena_init(&mem, 0);
    status done = zone_open(&mem, name, &z);
    arena_done(&mem);
    assert_true(status_is_ok(done) || done.code == STATUS_BAD_INPUT);
    return !status_is_ok(done);
}

static void offsets_are_zones(void **state)
{
    static const struct { const char *told, *name; int minutes; } good[] = {
        { "+08:00", "UTC+08:00", 480 }, { "+8", "UTC+08:00", 480 }, { "+0800", "UTC+08:00", 480 }, { "UTC+8", "UTC+08:00", 480 },
        { "utc+08:00", "UTC+08:00", 480 }, { "GMT+8", "UTC+08:00", 480 }, { "-03:30", "UTC-03:30", -210 }, { "UTC", "UTC", 0 },
        { "Z", "UTC", 0 }, { "+00:00", "UTC", 0 }, { "UTC-5", "UTC-05:00", -300 }, { "+5:45", "UTC+05:45", 345 },
    };
    (void)state;
    arena mem;
    zone z;
    arena_init(&mem, 0);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(status_is_ok(zone_open(&mem, good[i].told, &z)));
        assert_string_equal(z.name, good[i].name);
        assert_int_equal(zone_minutes(&z, at("2020-07-01")), good[i].minutes);
        assert_int_equal(zone_minutes(&z, MOMENT_UNKNOWN), good[i].minutes);
    }
    arena_done(&mem);
}

static void what_is_no_zone_is_refused(void **state)
{
    static const char *const bad[] = {
        "", "+", "+19:00", "+08:60", "+8:0", "+080", "+08000", "UTC8", "UTC+", "+08:00x", "Mars/Olympus", "../../etc/passwd",
        "/etc/passwd", "Asia/../Asia/Shanghai", "Asia//Shanghai", "Asia/", "Asia", "Asia/Shanghai\n", "Asia/Shanghai ", ".",
        "posixrules.txt", "zone.tab", "right/Asia/Shanghai",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (!refuses(bad[i]))
            fail_msg("accepted: %s", bad[i]);
}

static void a_missing_database_leaves_offsets_and_the_built_in_zones(void **state)
{
    (void)state;
    arena mem;
    zone z;
    arena_init(&mem, 0);
    assert_true(status_is_ok(zone_open_in(&mem, "/nowhere", "Asia/Shanghai", &z)));
    assert_int_equal(zone_minutes(&z, at("2020-05-11")), 480);
    assert_true(status_is_ok(zone_open_in(&mem, "/nowhere", "+05:30", &z)));
    status done = zone_open_in(&mem, "/nowhere", "Europe/Berlin", &z);
    assert_int_equal(done.code, STATUS_BAD_INPUT);
    assert_non_null(strstr(done.words, "not installed"));
    assert_non_null(strstr(done.words, "Europe/Berlin"));
    arena_done(&mem);
}

/* Rules with and without summer, in both halves of the year, before, between and after the times that the file lists. */
static void named_zones_know_their_summers(void **state)
{
    static const struct { const char *zone, *utc, *local; } known[] = {
        { "Asia/Shanghai", "2020-05-11T04:05:10", "2020-05-11 12:05:10" },
        { "Asia/Shanghai", "1988-07-01T00:00:00", "1988-07-01 09:00:00" },
        { "Europe/Berlin", "2020-03-29T00:59:59", "2020-03-29 01:59:59" },
        { "Europe/Berlin", "2020-03-29T01:00:00", "2020-03-29 03:00:00" },
        { "Europe/Berlin", "2020-10-25T00:59:59", "2020-10-25 02:59:59" },
        { "Europe/Berlin", "2020-10-25T01:00:00", "2020-10-25 02:00:00" },
        { "Europe/Berlin", "2050-07-01T00:00:00", "2050-07-01 02:00:00" },
        { "Europe/Berlin", "2050-12-01T00:00:00", "2050-12-01 01:00:00" },
        { "America/New_York", "2019-07-01T04:00:00", "2019-07-01 00:00:00" },
        { "America/New_York", "2040-11-04T05:59:59", "2040-11-04 01:59:59" },
        { "America/New_York", "2040-11-04T06:00:00", "2040-11-04 01:00:00" },
        { "Australia/Sydney", "2020-01-01T00:00:00", "2020-01-01 11:00:00" },
        { "Australia/Sydney", "2020-07-01T00:00:00", "2020-07-01 10:00:00" },
        { "Australia/Sydney", "2045-01-01T00:00:00", "2045-01-01 11:00:00" },
        { "Asia/Kolkata", "2020-01-01T00:00:00", "2020-01-01 05:30:00" },
        { "Asia/Kathmandu", "2060-01-01T00:00:00", "2060-01-01 05:45:00" },
    };
    (void)state;
    if (access(DATABASE "/Asia/Shanghai", R_OK) != 0)
        skip();
    arena mem;
    zone z;
    char text[ZONE_TEXT];
    arena_init(&mem, 0);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_true(status_is_ok(zone_open(&mem, known[i].zone, &z)));
        assert_string_equal(zone_text(&z, at(known[i].utc), text), known[i].local);
        moment first, last;
        assert_true(zone_to_utc(&z, at(known[i].local), &first, &last));
        assert_true(first == at(known[i].utc) || last == at(known[i].utc));
    }
    assert_string_equal(zone_text(&z, MOMENT_UNKNOWN, text), "");
    arena_done(&mem);
}

static void local_times_may_come_twice_or_never(void **state)
{
    (void)state;
    if (access(DATABASE "/Europe/Berlin", R_OK) != 0)
        skip();
    arena mem;
    zone z;
    moment first, last;
    arena_init(&mem, 0);
    assert_true(status_is_ok(zone_open(&mem, "Europe/Berlin", &z)));
    assert_true(zone_to_utc(&z, at("2020-10-25 02:30"), &first, &last));
    assert_true(first == at("2020-10-25T00:30Z") && last == at("2020-10-25T01:30Z"));
    assert_true(zone_to_utc(&z, at("2020-10-25 03:30"), &first, &last));
    assert_true(first == last && first == at("2020-10-25T02:30Z"));
    assert_false(zone_to_utc(&z, at("2020-03-29 02:30"), &first, &last));
    arena_done(&mem);
}

/* Against the C library, over all that evidence may show. */
static void named_zones_agree_with_the_c_library(void **state)
{
    static const char *const names[] = { "Asia/Shanghai", "Europe/London", "America/Sao_Paulo", "Pacific/Auckland", "Asia/Tehran",
                                         "America/St_Johns", "Africa/Casablanca", "Asia/Tokyo", "America/Nuuk" };
    (void)state;
    if (access(DATABASE "/Asia/Shanghai", R_OK) != 0)
        skip();
    arena mem;
    arena_init(&mem, 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        zone z;
        if (!status_is_ok(zone_open(&mem, names[i], &z)))
            continue;                   /* an older database may not have it */
        setenv("TZ", names[i], 1);
        tzset();
        for (time_t t = 700000000; t < 2600000000; t += 12345 * 7) {
            struct tm tm;
            localtime_r(&t, &tm);
            if (zone_minutes(&z, moment_from_unix(t, 0)) != tm.tm_gmtoff / 60)
                fail_msg("%s at %lld: %d, not %ld", names[i], (long long)t, zone_minutes(&z, moment_from_unix(t, 0)), tm.tm_gmtoff / 60);
        }
    }
    unsetenv("TZ");
    arena_done(&mem);
}

/* Every cut of a zone's file, and every byte of it changed, is read or refused, and never harms. */
static void a_damaged_file_is_refused_or_read(void **state)
{
    (void)state;
    FILE *file = fopen(DATABASE "/Europe/Berlin", "rb");
    if (!file)
        skip();
    static uint8_t bytes[64 << 10];
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    char folder[] = "/tmp/zone-test-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/Zone", folder);
    size_t refused = 0;
    for (size_t i = 0; i < 2 * len; i++) {
        bool cut = i < len;
        uint8_t kept = bytes[i % len];
        bytes[i % len] = cut ? kept : (uint8_t)(kept ^ 0xFF);
        file = fopen(path, "wb");
        assert_int_equal(fwrite(bytes, 1, cut ? i : len, file), cut ? i : len);
        fclose(file);
        bytes[i % len] = kept;
        arena mem;
        zone z;
        moment first, last;
        arena_init(&mem, 1 << 20);
        if (!status_is_ok(zone_open_in(&mem, folder, "Zone", &z)))
            refused++;
        else
            for (moment t = 0; t < 0x7FFFFFFFFFFFFFFF; t += 0x40000000000000)
                zone_to_utc(&z, t, &first, &last);
        arena_done(&mem);
        if (cut)
            assert_int_equal(refused, i + 1);
    }
    assert_true(refused > len);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_are_zones),
        cmocka_unit_test(what_is_no_zone_is_refused),
        cmocka_unit_test(a_missing_database_leaves_offsets_and_the_built_in_zones),
        cmocka_unit_test(named_zones_know_their_summers),
        cmocka_unit_test(local_times_may_come_twice_or_never),
        cmocka_unit_test(named_zones_agree_with_the_c_library),
        cmocka_unit_test(a_damaged_file_is_refused_or_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
