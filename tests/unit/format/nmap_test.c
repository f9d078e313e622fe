/* What port scans say. Counts of real ones are those of another reader of XML. */
#include "format/nmap.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

typedef struct { arena mem; problems noted; nmap scan; buf bytes; } opened;

static status open_text(opened *o, span text)
{
    arena_init(&o->mem, 0);
    problems_init(&o->noted, &o->mem);
    return nmap_read(&o->mem, text, &o->noted, &o->scan);
}

static void open_sample(opened *o, const char *name)
{
    const char *given = getenv("SUYUAN_SAMPLES");
    char path[4096];
    snprintf(path, sizeof path, "%s/extra/formats/nmap/%s", given && *given ? given : SOURCE_ROOT "/../shared/samples", name);
    buf_init(&o->bytes, 64u << 20);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        print_message("%s is not there: skipped\n", name);
        skip();
    }
    uint8_t block[65536];
    for (ssize_t n; (n = read(fd, block, sizeof block)) > 0;)
        buf_put(&o->bytes, block, (size_t)n);
    close(fd);
    assert_true(nmap_is(buf_bytes(&o->bytes)));
    assert_true(status_is_ok(open_text(o, buf_bytes(&o->bytes))));
}

static void done(opened *o)
{
    arena_done(&o->mem);
    buf_done(&o->bytes);
}

static void real_scans_have_their_hosts_and_ports(void **state)
{
    (void)state;
    static const struct { const char *name; size_t hosts, up, ports, open; int64_t start; } rows[] = {
        { "defectdojo-issue4406.xml", 1, 1, 25, 25, 1619688396 }, { "libnmap-1_host_ping.xml", 1, 1, 0, 0, 1607282135 }, { "libnmap-1_hosts_banner_ports_notsyn.xml", 1, 1, 4, 2, 1361738522 },
        { "libnmap-2_hosts_version.xml", 2, 2, 9, 8, 1361737689 }, { "libnmap-full_sudo5.xml", 256, 4, 11, 11, 1399586528 }, { "libnmap-os_scan6.xml", 256, 3, 11, 11, 1399586136 },
        { "libnmap-dionaea_scan.xml", 1, 1, 16, 16, 1606064907 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        opened o;
        open_sample(&o, rows[i].name);
        size_t up = 0, ports = 0, open = 0;
        for (size_t k = 0; k < o.scan.host_count; k++) {
            const nmap_host *h = &o.scan.hosts[k];
            up += h->up;
            ports += h->port_count;
            for (size_t p = 0; p < h->port_count; p++)
                open += strcmp(h->ports[p].state, "open") == 0;
        }
        assert_int_equal(o.scan.host_count, rows[i].hosts);
        assert_int_equal(up, rows[i].up);
        assert_int_equal(ports, rows[i].ports);
        assert_int_equal(open, rows[i].open);
        assert_int_equal(moment_to_unix(o.scan.started), rows[i].start);
        done(&o);
    }
}

static void a_script_that_found_ms17_010_is_believed(void **state)
{
    (void)state;
    opened o;
    open_sample(&o, "libnmap-dionaea_scan.xml");
    assert_true(o.scan.hosts[0].vulnerable);
    assert_string_equal(o.scan.hosts[0].mac, "02:42:AC:1C:01:03");
    assert_int_equal(o.scan.hosts[0].address_count, 1);
    assert_string_equal(o.scan.hosts[0].addresses[0], "172.28.1.3");
    done(&o);
    static const char safe[] = "<nmaprun start='1'><host><status state='up'/><address addr='10.0.0.1' addrtype='ipv4'/>"
                               "<hostscript><script id='smb-vuln-ms17-010' output='NOT VULNERABLE'/></hostscript></host></nmaprun>";
    opened s = { 0 };
    assert_true(status_is_ok(open_text(&s, span_str(safe))));
    assert_false(s.scan.hosts[0].vulnerable);
    arena_done(&s.mem);
}

static void what_is_no_scan_is_refused_and_a_torn_one_kept(void **state)
{
    (void)state;
    opened o = { 0 };
    assert_int_equal(open_text(&o, span_str("<Task/>")).code, STATUS_UNSUPPORTED);
    arena_done(&o.mem);
    assert_int_equal(open_text(&o, span_str("nothing")).code, STATUS_DAMAGED);
    arena_done(&o.mem);
    assert_true(status_is_ok(open_text(&o, span_str("<nmaprun start='5'><host><status state='up'/><address addr='10.0.0.1' addrtype='ipv4'/><ports><port portid='445' protocol='tcp'><state state='open'/></port><port"))));
    assert_int_equal(o.scan.host_count, 1);
    assert_string_equal(o.scan.hosts[0].ports[0].number, "445");
    assert_true(o.noted.count > 0);
    arena_done(&o.mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_scans_have_their_hosts_and_ports),
        cmocka_unit_test(a_script_that_found_ms17_010_is_believed),
        cmocka_unit_test(what_is_no_scan_is_refused_and_a_torn_one_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
