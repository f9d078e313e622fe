#include "../with_arena.h"

#include "profile/scene.h"

#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const scene *parsed(const char *text)
{
    const scene *s = NULL;
    status done = scene_parse(&mem, "scene.yml", span_str(text), &s);
    if (!status_is_ok(done))
        fail_msg("%s", done.words);
    return s;
}

static const char *error_of(const char *text)
{
    const scene *s;
    status done = scene_parse(&mem, "scene.yml", span_str(text), &s);
    assert_true(status_is_ok(done) || done.code == STATUS_BAD_INPUT);
    return status_is_ok(done) ? "" : arena_str(&mem, done.words);
}

static void assert_time(moment t, const char *wanted)
{
    char text[MOMENT_TEXT];
    assert_string_equal(moment_iso(t, text), wanted);
}

static const char full[] =
    "customer: 某公司\n"
    "time_zone: +08:00\n"
    "network: |\n"
    "  firewall - core - servers\n"
    "  VPN\n"
    "team: [responder, administrator]\n"
    "hosts:\n"
    "  - name: SQL01\n"
    "    addresses: [192.0.2.1, 2001:DB8::1]\n"
    "    role: database\n"
    "    protection: antivirus\n"
    "  - name: SQL02\n"
    "    addresses: 192.0.2.2\n"
    "claims:\n"
    "  - {host: sql01, what: blue-screen, value: 2020-05-11 12:05:10, precision: 5m}\n"
    "  - {host: 2001:db8:0::1, what: slow, value: 2020-05-11 12:05}\n"
    "  - {host: ELSEWHERE, what: os, value: Windows Server 2008 R2}\n"
    "  - {host: 192.0.2.2, what: open-port, value: 445/tcp}\n";

static void a_scene_is_read_as_it_was_told(void **state)
{
    (void)state;
    const scene *s = parsed(full);
    assert_string_equal(s->customer, "某公司");
    assert_string_equal(s->network, "firewall - core - servers\nVPN\n");
    assert_string_equal(s->zone.name, "UTC+08:00");
    assert_int_equal(s->team_count, 2);
    assert_string_equal(s->team[1], "administrator");
    assert_int_equal(s->host_count, 2);
    assert_string_equal(s->hosts[0].addresses[1], "2001:db8::1");
    assert_string_equal(s->hosts[0].role, "database");
    assert_string_equal(s->hosts[1].addresses[0], "192.0.2.2");
    assert_null(s->hosts[1].role);
    assert_int_equal(s->claim_count, 4);

    assert_int_equal(s->claims[0].index, 0);
    assert_int_equal(s->claims[0].what, SCENE_BLUE_SCREEN);
    assert_time(s->claims[0].time, "2020-05-11T04:05:10.0000000Z");
    assert_time(s->claims[0].from, "2020-05-11T04:00:10.0000000Z");
    assert_time(s->claims[0].until, "2020-05-11T04:10:10.0000000Z");
    assert_int_equal(s->claims[0].precision, 300);
    assert_string_equal(s->claims[0].precision_told, "5m");

    assert_int_equal(s->claims[1].index, 0);
    assert_int_equal(s->claims[1].precision, 60);
    assert_null(s->claims[1].precision_told);
    assert_time(s->claims[1].from, "2020-05-11T04:04:00.0000000Z");

    assert_true(s->claims[2].index == SCENE_NO_HOST);
    assert_string_equal(s->claims[2].value, "Windows Server 2008 R2");
    assert_false(moment_known(s->claims[2].time));
    assert_false(moment_known(s->claims[2].from));

    assert_int_equal(s->claims[3].index, 1);
    assert_int_equal(s->claims[3].port, 445);
    assert_int_equal(s->claims[3].line, 18);
}

static void the_least_scene_is_its_zone(void **state)
{
    (void)state;
    const scene *s = parsed("time_zone: UTC\ncustomer:\nhosts: []\nclaims:\n");
    assert_null(s->customer);
    assert_int_equal(s->host_count + s->claim_count + s->team_count, 0);
}

static void every_kind_of_claim_has_its_word(void **state)
{
    (void)state;
    static const char *const words[] = { "blue-screen", "restart", "slow", "first-seen", "nobody-logged-on",
                                         "os", "antivirus", "patch", "open-port", "account" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *value = scene_has_time((scene_what)i) ? "2020-05-11 12:05" : "3389";
        const scene *s = parsed(arena_printf(&mem, "time_zone: UTC\nclaims: [{host: h, what: %s, value: %s}]\n", words[i], value));
        assert_int_equal(s->claims[0].what, i);
        assert_string_equal(scene_word(s->claims[0].what), words[i]);
        assert_int_equal(moment_known(s->claims[0].time), i < 5);
    }
}

#define HOSTS "time_zone: +08:00\nhosts:\n"
#define CLAIM "time_zone: +08:00\nclaims:\n - host: h\n"

static void every_mistake_is_refused_with_its_line(void **state)
{
    static const struct { const char *text, *words; } bad[] = {
        { "customer: x\n", "scene.yml: 'time_zone' is not chosen: in which zone are the told times? Write its name, as in Asia/Shanghai, or an offset, as in +08:00" },
        { "time_zone:\n", "scene.yml: 'time_zone' is not chosen: in which zone are the told times? Write its name, as in Asia/Shanghai, or an offset, as in +08:00" },
        { "# time_zone: UTC\n", "scene.yml:1: there is nothing in it" },
        { "customer: x\ntime_zone: Mars/Olympus\n", "scene.yml:2: 'Mars/Olympus' is no time zone of the database in /usr/share/zoneinfo" },
        { "time_zone: ../x\n", "scene.yml:1: '../x' is no time zone; give a name, as in Asia/Shanghai, or an offset, as in +08:00" },
        { "time_zone: UTC\nhots: []\n", "scene.yml:2: unknown key 'hots'" },
        { "time_zone: UTC\ncustomer: [x]\n", "scene.yml:2: 'customer' must be a text" },
        { "time_zone: UTC\nteam: {a: b}\n", "scene.yml:2: 'team' must be a list of texts" },
        { "time_zone: UTC\nhosts: SQL01\n", "scene.yml:2: 'hosts' must be a list" },
        { "time_zone: UTC\nclaims: {a: b}\n", "scene.yml:2: 'claims' must be a list" },
        { "time_zone: UTC\ntime_zone: UTC\n", "scene.yml:2: this key stands twice" },
        { HOSTS " - role: x\n", "scene.yml:3: the key 'name' is missing" },
        { HOSTS " - name: a\n   adresses: [192.0.2.1]\n", "scene.yml:4: unknown key 'adresses'" },
        { HOSTS " - name: a b\n", "scene.yml:3: 'name' must be a name of at most 255 letters, without blanks" },
        { HOSTS " - name: ''\n", "scene.yml:3: 'name' must be a name of at most 255 letters, without blanks" },
        { HOSTS " - name: \"a\\x1b[31m\"\n", "scene.yml:3: 'name' must be a name of at most 255 letters, without blanks" },
        { HOSTS " - name: a\n - name: A\n", "scene.yml:4: the host A stands here twice" },
        { HOSTS " - name: a\n   addresses:\n    - 192.0.2.1\n    - 192.0.2.256\n", "scene.yml:6: '192.0.2.256' is no address" },
        { HOSTS " - {name: a, addresses: 192.0.2.1}\n - name: b\n   addresses: [192.0.2.1]\n",
          "scene.yml:5: the address 192.0.2.1 belongs to a already" },
        { CLAIM "   what: os\n", "scene.yml:3: the key 'value' is missing" },
        { CLAIM "   value: x\n", "scene.yml:3: the key 'what' is missing" },
        { "time_zone: UTC\nclaims:\n - what: os\n   value: x\n", "scene.yml:3: the key 'host' is missing" },
        { CLAIM "   what: blue screen\n   value: x\n", "scene.yml:4: 'what' must be one of blue-screen, restart, slow, first-seen, "
          "nobody-logged-on, os, antivirus, patch, open-port, account" },
        { CLAIM "   what: os\n   value: ''\n", "scene.yml:5: 'value' is empty" },
        { CLAIM "   what: os\n   value: x\n   precision: 5m\n", "scene.yml:6: 'precision' belongs to a time, and os has none" },
        { CLAIM "   what: restart\n   value: 2020-05-11 12:05\n   precision: 5\n",
          "scene.yml:6: 'precision' must be a duration such as 30s, 5m, 1h, 2d" },
        { CLAIM "   what: restart\n   value: 2020-05-11 12:05\n   precision: 367d\n", "scene.yml:6: 'precision' must be at most 366d" },
        { CLAIM "   what: restart\n   when: x\n", "scene.yml:5: unknown key 'when'" },
        { "time_zone: UTC\nclaims: [{host: 'a b', what: os, value: x}]\n", "scene.yml:2: 'host' must be a name or an address" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (strstr(bad[i].words, "database in") && access("/usr/share/zoneinfo", R_OK) != 0)
            continue;
        assert_string_equal(error_of(bad[i].text), bad[i].words);
    }
}

static void a_told_time_is_date_and_time_and_no_more(void **state)
{
    static const char *const bad[] = { "2020-05-11", "12:05", "2020-05-11 12:05:10.5", "2020-05-11 12:05Z", "2020-05-11 12:05+08:00",
                                       "2020-02-30 12:05", "2020-05-11 24:05", "2020-5-11 12:05", "11.05.2020 12:05", "yesterday",
                                       "2020-05-11  12:05", "2020-05-11 12:5:10", "2020-05-11 1205:10" };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_string_equal(error_of(arena_printf(&mem, CLAIM "   what: slow\n   value: '%s'\n", bad[i])),
                            "scene.yml:5: 'value' must be a local time, as in 2020-05-11 12:05 or 2020-05-11 12:05:10");
}

static void a_port_is_a_port(void **state)
{
    static const char *const bad[] = { "0", "65536", "-1", "rdp", "445/icmp", "445 tcp", "99999999999999999999", "+80" };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_string_equal(error_of(arena_printf(&mem, CLAIM "   what: open-port\n   value: '%s'\n", bad[i])),
                            "scene.yml:5: 'value' must be a port, as in 3389 or 3389/tcp");
}

static void a_time_that_clocks_showed_twice_or_never(void **state)
{
    (void)state;
    if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) != 0)
        skip();
    const scene *s = parsed("time_zone: Europe/Berlin\nclaims: [{host: h, what: slow, value: 2020-10-25 02:30, precision: 1m}]\n");
    assert_time(s->claims[0].from, "2020-10-25T00:29:00.0000000Z");
    assert_time(s->claims[0].until, "2020-10-25T01:31:00.0000000Z");
    assert_string_equal(error_of("time_zone: Europe/Berlin\nclaims:\n - host: h\n   what: slow\n   value: 2020-03-29 02:30\n"),
                        "scene.yml:5: no clock in Europe/Berlin showed 2020-03-29 02:30");
}

static void gb18030_is_read_like_utf_8(void **state)
{
    (void)state;
    iconv_t how = iconv_open("GB18030", "UTF-8");
    if (how == (iconv_t)-1)
        skip();
    char told[sizeof full], *in = (char *)full, *at = told;
    size_t in_left = sizeof full - 1, left = sizeof told;
    assert_true(iconv(how, &in, &in_left, &at, &left) != (size_t)-1);
    iconv_close(how);
    const scene *s;
    assert_true(status_is_ok(scene_parse(&mem, "scene.yml", span_of(told, (size_t)(at - told)), &s)));
    assert_string_equal(s->customer, "某公司");
    assert_int_equal(s->claims[3].line, 18);
    assert_string_equal(error_of("time_zone: UTC\ncustomer: \xFF\xFF\n"), "scene.yml:2: neither UTF-8 nor GB18030");
    const scene *marked = parsed("\xEF\xBB\xBF" "time_zone: UTC\r\ncustomer: x\r\n");
    assert_string_equal(marked->customer, "x");
}

/* As it is printed, and with its examples taken for real. */
static void the_template_is_a_scene_in_both_languages(void **state)
{
    static const char *const languages[] = { "en", "zh", "zh-CN", NULL };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const char *text = scene_template(languages[i]);
        assert_non_null(strstr(error_of(text), "'time_zone' is not chosen"));     /* nobody takes another's zone unseen */

        char *real = arena_str(&mem, text);
        for (char *line = real; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
            if (strncmp(line, "#  ", 3) == 0)
                line[0] = ' ';
        const scene *s = parsed(real);
        assert_int_equal(s->host_count, 1);
        assert_int_equal(s->team_count, 2);
        assert_int_equal(s->claim_count, 2);
        assert_int_equal(s->claims[1].index, 0);
        assert_non_null(s->network);
        for (int what = SCENE_BLUE_SCREEN; what <= SCENE_ACCOUNT; what++)
            assert_non_null(strstr(text, scene_word((scene_what)what)));
    }
    assert_string_not_equal(scene_template("en"), scene_template("zh"));
}

static void a_file_that_is_not_there_is_an_error_of_the_system(void **state)
{
    (void)state;
    const scene *s;
    assert_int_equal(scene_read(&mem, "/nowhere/scene.yml", &s).code, STATUS_IO);
    char path[] = "/tmp/scene-test-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, full, sizeof full - 1), sizeof full - 1);
    close(file);
    assert_true(status_is_ok(scene_read(&mem, path, &s)));
    assert_int_equal(s->claim_count, 4);
    unlink(path);
}

static void the_arena_may_end_anywhere(void **state)
{
    (void)state;
    size_t nth = 1;
    for (;; nth++) {
        arena small;
        const scene *s;
        arena_init(&small, 1 << 20);
        arena_fail_at(&small, nth);
        status done = scene_parse(&small, "scene.yml", span_str(full), &s);
        arena_done(&small);
        if (status_is_ok(done))
            break;
        assert_int_equal(done.code, STATUS_LIMIT);
    }
    assert_true(nth > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_scene_is_read_as_it_was_told, begin, end),
        cmocka_unit_test_setup_teardown(the_least_scene_is_its_zone, begin, end),
        cmocka_unit_test_setup_teardown(every_kind_of_claim_has_its_word, begin, end),
        cmocka_unit_test_setup_teardown(every_mistake_is_refused_with_its_line, begin, end),
        cmocka_unit_test_setup_teardown(a_told_time_is_date_and_time_and_no_more, begin, end),
        cmocka_unit_test_setup_teardown(a_port_is_a_port, begin, end),
        cmocka_unit_test_setup_teardown(a_time_that_clocks_showed_twice_or_never, begin, end),
        cmocka_unit_test_setup_teardown(gb18030_is_read_like_utf_8, begin, end),
        cmocka_unit_test_setup_teardown(the_template_is_a_scene_in_both_languages, begin, end),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_there_is_an_error_of_the_system, begin, end),
        cmocka_unit_test_setup_teardown(the_arena_may_end_anywhere, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
