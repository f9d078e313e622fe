/* Whom programs talked to, what they scanned, and what became of the firewall. */
#include "made_log.h"

#include <stdio.h>

#define FIREWALL "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall"
#define S32 "C:\\Windows\\System32\\"

static void connected(made *m, const char *image, bool initiated, const char *source, unsigned source_port, const char *dest, unsigned dest_port, const char *host)
{
    made_event(m, SYSMON, 3, evtx_str("Image", image), evtx_str("User", "NT AUTHORITY\\SYSTEM"), evtx_str("Protocol", "tcp"), evtx_bool("Initiated", initiated),
               evtx_str("SourceIp", source), evtx_u16("SourcePort", source_port), evtx_str("DestinationIp", dest), evtx_str("DestinationHostname", host), evtx_u16("DestinationPort", dest_port));
}

static void filtered(made *m, const char *application, bool out, const char *source, const char *source_port, const char *dest, const char *dest_port)
{
    made_event(m, SECURITY, 5156, evtx_u64("ProcessID", 1234), evtx_str("Application", application), evtx_str("Direction", out ? "%%14593" : "%%14592"), evtx_str("SourceAddress", source),
               evtx_str("SourcePort", source_port), evtx_str("DestAddress", dest), evtx_str("DestPort", dest_port), evtx_u32("Protocol", 6));
}

static void ordinary_traffic_is_counted(void **state)
{
    (void)state;
    made *m = made_begin();
    connected(m, "C:\\Program Files\\Mozilla Firefox\\firefox.exe", true, "10.0.0.5", 50000, "93.184.216.34", 443, "example.com");
    connected(m, S32 "svchost.exe", true, "10.0.0.5", 50001, "10.0.0.1", 53, "");
    connected(m, S32 "svchost.exe", false, "10.0.0.9", 50002, "10.0.0.5", 3389, "");        /* the remote end first, ... */
    connected(m, S32 "svchost.exe", false, "10.0.0.5", 3389, "10.0.0.9", 50002, "");        /* ... and as old versions have it */
    filtered(m, "\\device\\harddiskvolume1\\windows\\system32\\svchost.exe", false, "10.0.0.5", "445", "10.0.0.9", "50111");
    made_event(m, SYSMON, 22, evtx_str("QueryName", "www.baidu.com"), evtx_str("Image", "C:\\Program Files\\浏览器\\浏览器.exe"));
    made_read(m);
    assert_int_equal(made_acts(m, NULL), 0);
    assert_int_equal(made_tally(m, "connect.in", "source", "10.0.0.9"), 3);
    assert_int_equal(made_tally(m, "connect.in", "port", "3389"), 2);
    assert_int_equal(made_tally(m, "connect.out", NULL, NULL), 2);
    made_end(m);
}

static void known_names_addresses_and_pools_are_contacts(void **state)
{
    (void)state;
    made *m = made_begin();
    made_event(m, SYSMON, 22, evtx_str("QueryName", "v.beahh.com"), evtx_str("Image", S32 "svchost.exe"));
    made_event(m, SYSMON, 22, evtx_str("QueryName", "notbeahh.com"), evtx_str("Image", S32 "svchost.exe"));
    connected(m, S32 "wbem\\矿.exe", true, "10.0.0.5", 1, "172.104.7.85", 80, "");
    made_event(m, SYSMON, 22, evtx_str("QueryName", "pool.supportxmr.com."), evtx_str("Image", "C:\\Windows\\Temp\\taskmgr.exe"));
    connected(m, "C:\\Windows\\Temp\\taskmgr.exe", true, "10.0.0.5", 2, "203.0.113.7", 3333, "");
    connected(m, "C:\\Program Files\\game\\game.exe", true, "10.0.0.5", 3, "203.0.113.7", 3333, "");
    connected(m, "C:\\Windows\\Temp\\taskmgr.exe", true, "10.0.0.5", 4, "10.0.0.7", 3333, "");
    made_read(m);
    assert_int_equal(made_acts(m, "net.contact"), 4);
    const act *a = made_act_of(m, "net.contact", "name", "v.beahh.com");
    assert_finding(a, "network-contact", SEVERITY_HIGH);
    assert_fact(a, "family", "drivelife");
    assert_fact(made_act_of(m, "net.contact", "dest", "172.104.7.85"), "why", "family-address");
    assert_finding(made_act_of(m, "net.contact", "why", "pool-name"), "miner", SEVERITY_MEDIUM);
    assert_fact(made_act_of(m, "net.contact", "why", "pool-port"), "dest", "203.0.113.7");
    made_end(m);
}

static void many_targets_in_ten_minutes_are_a_scan(void **state)
{
    (void)state;
    made *m = made_begin();
    for (unsigned i = 1; i <= 150; i++) {
        char dest[20];
        snprintf(dest, sizeof dest, "192.168.100.%u", i);
        connected(m, "C:\\Windows\\Temp\\svchost.exe", true, "192.168.100.200", 40000 + i, dest, 445, "");
        connected(m, "C:\\Tools\\nmap.exe", true, "192.168.100.200", 40000 + i, dest, 445, "");
        connected(m, S32 "backup.exe", true, "192.168.100.200", 40000 + i, i % 2 ? "192.168.100.1" : "192.168.100.2", 445, "");
        filtered(m, "\\device\\harddiskvolume1\\windows\\temp\\scan.exe", true, "192.168.100.200", "1", dest, "1433");
    }
    for (unsigned i = 1; i <= 150; i++) {              /* one a minute is no scan */
        char dest[20];
        snprintf(dest, sizeof dest, "192.168.101.%u", i);
        m->time += MOMENT_MINUTE;
        connected(m, "C:\\Tools\\monitor.exe", true, "192.168.100.200", 40000 + i, dest, 3389, "");
    }
    made_read(m);
    assert_int_equal(made_acts(m, "connect.scan"), 2);
    const act *a = made_act_of(m, "connect.scan", "port", "445");
    assert_fact(a, "image", "C:\\Windows\\Temp\\svchost.exe");
    assert_fact(a, "targets", "150");
    assert_fact(a, "first_target", "192.168.100.1");
    assert_finding(a, "port-scan", SEVERITY_HIGH);
    assert_fact(made_act_of(m, "connect.scan", "port", "1433"), "image", "\\device\\harddiskvolume1\\windows\\temp\\scan.exe");
    made_end(m);
}

static void programs_without_end_do_not_hide_a_scan(void **state)
{
    (void)state;
    made *m = made_begin();
    for (unsigned i = 0; i < 1000; i++) {
        char image[60];
        snprintf(image, sizeof image, "C:\\Windows\\Temp\\p%u.exe", i);
        connected(m, image, true, "10.0.0.5", 1, "10.0.0.6", 445, "");
    }
    m->time += MOMENT_HOUR;
    for (unsigned i = 1; i <= 100; i++) {
        char dest[20];
        snprintf(dest, sizeof dest, "10.0.1.%u", i);
        connected(m, "C:\\Windows\\Temp\\worm.exe", true, "10.0.0.5", 1, dest, 445, "");
    }
    made_read(m);
    assert_non_null(made_act_of(m, "connect.scan", "image", "C:\\Windows\\Temp\\worm.exe"));
    made_end(m);
}

static void remote_desktop_over_the_loopback_is_a_tunnel(void **state)
{
    (void)state;
    made *m = made_begin();
    connected(m, "C:\\Users\\Public\\plink.exe", true, "127.0.0.1", 49186, "127.0.0.2", 3389, "");
    connected(m, S32 "mstsc.exe", true, "127.0.0.1", 49187, "127.0.0.2", 3389, "");
    filtered(m, "\\device\\harddiskvolume1\\users\\张三\\frpc.exe", true, "::1", "49271", "::1", "3389");
    made_read(m);
    assert_int_equal(made_found(m, "port-proxy"), 2);
    made_end(m);
}

static void rule(made *m, uint32_t id, const char *name, const char *application, const char *ports, const char *by)
{
    made_event(m, FIREWALL, id, evtx_str("RuleId", "{1}"), evtx_str("RuleName", name), evtx_u32("Origin", 1), evtx_str("ApplicationPath", application), evtx_u32("Direction", 1),
               evtx_u32("Protocol", 6), evtx_str("LocalPorts", ports), evtx_u32("Action", id == 2006 ? 2 : 3), evtx_sid("ModifyingUser", "S-1-5-18"), evtx_str("ModifyingApplication", by));
}

static void rules_of_installers_are_not_noted(void **state)
{
    (void)state;
    made *m = made_begin();
    rule(m, 2004, "文件和打印机共享", "C:\\Program Files\\办公\\office.exe", "8080", S32 "svchost.exe");
    rule(m, 2005, "Google Chrome", "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe", "5353", "C:\\Program Files\\Google\\setup.exe");
    rule(m, 2006, "Skype", "C:\\Program Files\\Skype\\skype.exe", "", S32 "svchost.exe");
    made_event(m, SECURITY, 4946, evtx_str("ProfileChanged", "All"), evtx_str("RuleId", "x"), evtx_str("RuleName", "Core Networking"));
    made_event(m, SECURITY, 4950, evtx_str("ProfileChanged", "Domain"), evtx_str("SettingType", "Enable Windows Firewall"), evtx_str("SettingValue", "Yes"));
    made_read(m);
    assert_int_equal(made_acts(m, NULL), 0);
    made_end(m);
}

static void the_worms_rules_are_named_also_those_that_shut_rivals_out(void **state)
{
    (void)state;
    static const struct { uint32_t id; const char *name, *ports, *change; } rules[] = {
        { 2004, "DNSd", "65533", "added" }, { 2004, "deny445", "445", "added" }, { 2004, "deny135", "135", "added" }, { 2004, "anything", "80,65532", "added" },
        { 2005, "DNS2", "", "changed" }, { 2006, "deny445", "", "deleted" }, { 2097, "SDNSd", "65529", "added" },
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        made *m = made_begin();
        rule(m, rules[i].id, rules[i].name, "", rules[i].ports, S32 "netsh.exe");
        made_read(m);
        const act *a = made_act(m, "firewall.change", 0);
        assert_finding(a, "firewall-change", SEVERITY_HIGH);
        assert_fact(a, "family", "drivelife");
        assert_fact(a, "change", rules[i].change);
        assert_fact(a, "direction", "in");
        made_end(m);
    }
    made *m = made_begin();
    made_event(m, SECURITY, 4948, evtx_str("ProfileChanged", "所有"), evtx_str("RuleId", "x"), evtx_str("RuleName", "deny445"));
    made_read(m);
    assert_finding(made_act(m, "firewall.change", 0), "firewall-change", SEVERITY_HIGH);
    made_end(m);
}

static void a_firewall_switched_off_is_grave_in_any_language(void **state)
{
    (void)state;
    static const uint8_t off[4] = { 0 }, on[4] = { 1 };
    made *m = made_begin();
    made_event(m, FIREWALL, 2003, evtx_u32("Profiles", 1), evtx_u32("SettingType", 1), evtx_u32("SettingValueSize", 4), evtx_bin("SettingValue", span_of(off, 4)), evtx_str("SettingValueString", "否"),
               evtx_str("ModifyingApplication", S32 "netsh.exe"));
    made_event(m, FIREWALL, 2003, evtx_u32("Profiles", 1), evtx_u32("SettingType", 1), evtx_u32("SettingValueSize", 4), evtx_bin("SettingValue", span_of(on, 4)), evtx_str("SettingValueString", "是"));
    made_event(m, FIREWALL, 2003, evtx_u32("Profiles", 1), evtx_u32("SettingType", 7), evtx_u32("SettingValueSize", 4), evtx_bin("SettingValue", span_of(off, 4)), evtx_str("SettingValueString", "否"));
    made_event(m, SECURITY, 4950, evtx_str("ProfileChanged", "域"), evtx_str("SettingType", "启用 Windows 防火墙"), evtx_str("SettingValue", "否"));
    made_event(m, FIREWALL, 2033, evtx_str("ModifyingApplication", S32 "netsh.exe"));
    made_read(m);
    assert_int_equal(made_acts(m, "firewall.change"), 3);
    assert_int_equal(made_found(m, "firewall-change"), 3);
    made_end(m);
}

static void hostile_records_are_borne(void **state)
{
    (void)state;
    made *m = made_begin();
    made_hostile_fields(m, SYSMON, NULL, 3, "Image", "Initiated", "SourceIp", "SourcePort", "DestinationIp", "DestinationPort", "DestinationHostname");
    made_hostile_fields(m, SYSMON, NULL, 22, "QueryName", "Image");
    made_hostile_fields(m, SECURITY, NULL, 5156, "Application", "Direction", "SourceAddress", "SourcePort", "DestAddress", "DestPort");
    made_hostile_fields(m, FIREWALL, NULL, 2004, "RuleName", "ApplicationPath", "LocalPorts", "ModifyingApplication", "Action", "Direction");
    made_hostile_fields(m, FIREWALL, NULL, 2003, "SettingType", "SettingValue", "Profiles");
    made_hostile_fields(m, FIREWALL, NULL, 2033, "ModifyingApplication");
    made_hostile_fields(m, SECURITY, NULL, 4950, "SettingType", "SettingValue", "ProfileChanged");
    connected(m, "C:\\Windows\\Temp\\x.exe", true, "10.0.0.5", 1, "::ffff:203.0.113.9", 3333, ".");
    rule(m, 2004, "x", "", "99999999999999999999,,,65533", S32 "netsh.exe");
    made_read(m);
    assert_non_null(made_act_of(m, "net.contact", "dest", "203.0.113.9"));
    made_end(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_traffic_is_counted),
        cmocka_unit_test(known_names_addresses_and_pools_are_contacts),
        cmocka_unit_test(many_targets_in_ten_minutes_are_a_scan),
        cmocka_unit_test(programs_without_end_do_not_hide_a_scan),
        cmocka_unit_test(remote_desktop_over_the_loopback_is_a_tunnel),
        cmocka_unit_test(rules_of_installers_are_not_noted),
        cmocka_unit_test(the_worms_rules_are_named_also_those_that_shut_rivals_out),
        cmocka_unit_test(a_firewall_switched_off_is_grave_in_any_language),
        cmocka_unit_test(hostile_records_are_borne),
    };
    return cmocka_run_group_tests(tests, made_set_up, made_tear_down);
}
