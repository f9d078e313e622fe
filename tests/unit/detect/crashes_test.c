/* When hosts stopped and started, whether their clocks were touched, and who they say they are. */
#include "made_log.h"

#define WER "Microsoft-Windows-WER-SystemErrorReporting"
#define GENERAL "Microsoft-Windows-Kernel-General"
#define W32TIME "Microsoft-Windows-Time-Service"

static const identity_claim *claim_of(const made *m, const char *key, const char *value)
{
    for (size_t i = 0; i < m->claims.count; i++) {
        const identity_claim *c = vec_at(&m->claims, i);
        if (strcmp(c->key, key) == 0 && (!value || strcmp(c->value, value) == 0))
            return c;
    }
    return NULL;
}

static void put_classic(made *m, uint32_t id, span binary, const char *const *texts, size_t count)
{
    evtx_field fields[8];
    for (size_t i = 0; i < count; i++)
        fields[i] = evtx_str(NULL, texts[i]);
    made_put(m, (evtx_out){ .kind = EVTX_CLASSIC, .provider = "EventLog", .channel = SYSTEM, .id = id, .qualifiers = 32768, .fields = fields, .field_count = count,
                            .binary = binary });
}
#define CLASSIC(m, id, binary, ...) put_classic(m, id, binary, (const char *const[]){ __VA_ARGS__ }, sizeof (const char *const[]){ __VA_ARGS__ } / sizeof(char *))

static void a_bug_check_is_read_and_programs_of_the_same_number_are_not(void **state)
{
    (void)state;
    made *m = made_begin();
    made_put(m, (evtx_out){ .provider = WER, .source = "BugCheck", .channel = SYSTEM, .id = 1001, .qualifiers = 16384,
                            .fields = EVTX_FIELDS(evtx_str("param1", "0x00000050 (0xfffff8a00f0e1000, 0x0000000000000000, 0xfffff88003b2a4c7, 0x0000000000000002)"),
                                                  evtx_str("param2", "C:\\Windows\\MEMORY.DMP"), evtx_str("param3", "051120-12345-01")) });
    made_put(m, (evtx_out){ .provider = "hpdskflt", .channel = SYSTEM, .id = 1001, .fields = EVTX_FIELDS(evtx_str("param1", "0x1 (0x2, 0x3, 0x4, 0x5)")) });
    made_put(m, (evtx_out){ .provider = "Windows Error Reporting", .channel = "Application", .id = 1001, .fields = EVTX_FIELDS(evtx_str(NULL, "0x50")) });
    made_put(m, (evtx_out){ .kind = EVTX_CLASSIC, .provider = "Save Dump", .channel = SYSTEM, .id = 1001,
                            .fields = EVTX_FIELDS(evtx_str(NULL, "0x000000d1 (0x0000000c, 0x00000002, 0x00000000, 0xf7a2b3c4)"), evtx_str(NULL, "C:\\WINDOWS\\MEMORY.DMP")) });
    made_read(m);
    assert_int_equal(made_acts(m, "crash.bugcheck"), 2);
    const act *a = made_act(m, "crash.bugcheck", 0);
    assert_fact(a, "code", "0x00000050");
    assert_fact(a, "p1", "0xfffff8a00f0e1000");
    assert_fact(a, "p4", "0x0000000000000002");
    assert_fact(a, "dump", "C:\\Windows\\MEMORY.DMP");
    assert_fact(a, "report", "051120-12345-01");
    assert_fact(made_act(m, "crash.bugcheck", 1), "code", "0x000000d1");
    assert_fact(made_act(m, "crash.bugcheck", 1), "p4", "0x00000000f7a2b3c4");
    made_end(m);
}

static void lost_power_keeps_its_code_even_when_it_is_nought(void **state)
{
    (void)state;
    made *m = made_begin();
    for (uint64_t code = 0; code < 2; code++)
        made_put(m, (evtx_out){ .provider = "Microsoft-Windows-Kernel-Power", .channel = SYSTEM, .id = 41,
                                .fields = EVTX_FIELDS(evtx_u32("BugcheckCode", code ? 126 : 0), evtx_hex64("BugcheckParameter1", code), evtx_hex64("BugcheckParameter2", 0),
                                                      evtx_hex64("BugcheckParameter3", 0), evtx_hex64("BugcheckParameter4", 0), evtx_bool("SleepInProgress", false),
                                                      evtx_u64("PowerButtonTimestamp", code)) });
    made_read(m);
    assert_fact(made_act(m, "crash.power", 0), "code", "0x00000000");
    assert_fact(made_act(m, "crash.power", 0), "button", "no");
    assert_fact(made_act(m, "crash.power", 1), "code", "0x0000007e");
    assert_fact(made_act(m, "crash.power", 1), "p1", "0x0000000000000001");
    assert_fact(made_act(m, "crash.power", 1), "button", "yes");
    assert_fact(made_act(m, "crash.power", 1), "sleep", "no");
    made_end(m);
}

/* Two SYSTEMTIMEs: 2020-05-11 12:05:10.250, local and UTC of China. */
static const uint8_t china[] = { 0xe4, 7, 5, 0, 1, 0, 11, 0, 12, 0, 5, 0, 10, 0, 250, 0, 0xe4, 7, 5, 0, 1, 0, 11, 0, 4, 0, 5, 0, 10, 0, 250, 0, 0x60, 9, 0, 0 };

static void the_true_time_of_a_stop_is_in_its_binary(void **state)
{
    (void)state;
    made *m = made_begin();
    m->time = MADE_START + MOMENT_HOUR;
    CLASSIC(m, 6008, span_of(china, sizeof china), "12:05:10", "\xe2\x80\x8e" "2020/\xe2\x80\x8e" "5/\xe2\x80\x8e" "11");
    made_read(m);
    const act *a = made_act(m, "crash.unexpected", 0);
    assert_fact(a, "stopped", "2020-05-11T04:05:10.2500000Z");
    assert_fact(a, "local", "2020-05-11T12:05:10");
    assert_fact(a, "zone_minutes", "480");
    assert_fact(a, "basis", "binary");
    assert_non_null(claim_of(m, "time-zone", "UTC+08:00"));
    made_end(m);
}

static void without_it_the_texts_are_read_whatever_the_region(void **state)
{
    (void)state;
    static const struct { const char *time, *date, *local; } of[] = {
        { "12:05:10", "\xe2\x80\x8e" "2020/\xe2\x80\x8e" "5/\xe2\x80\x8e" "11", "2020-05-11T12:05:10" },      /* zh, with marks of direction */
        { "12:05:10", "2020-05-11", "2020-05-11T12:05:10" },
        { "12:05:10 PM", "5/11/2020", "2020-05-11T12:05:10" },
        { "12:05:10 AM", "5/11/2020", "2020-05-11T00:05:10" },
        { "1:05:10 PM", "5/11/2020", "2020-05-11T13:05:10" },
        { "\xe4\xb8\x8b\xe5\x8d\x88 01:05:10", "2020/5/11", "2020-05-11T13:05:10" },                          /* 下午 */
        { "12:05:10", "11.05.2020", "2020-05-11T12:05:10" },                                                  /* de: the month that lies less far back */
        { "12:05:10", "28/04/2020", "2020-04-28T12:05:10" },
        { "12:05:10", "4/28/20", "2020-04-28T12:05:10" },
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        made *m = made_begin();
        m->time = MADE_START + 2 * MOMENT_HOUR;
        CLASSIC(m, 6008, (span){ 0 }, of[i].time, of[i].date);
        made_read(m);
        assert_fact(made_act(m, "crash.unexpected", 0), "local", of[i].local);
        assert_fact(made_act(m, "crash.unexpected", 0), "basis", "text");
        assert_no_fact(made_act(m, "crash.unexpected", 0), "stopped");
        made_end(m);
    }
}

static void a_stop_that_tells_nothing_is_noted_all_the_same(void **state)
{
    (void)state;
    static const uint8_t nonsense[32] = { 0xff, 0xff, 0xff, 0xff };
    made *m = made_begin();
    CLASSIC(m, 6008, (span){ 0 }, "", "");
    CLASSIC(m, 6008, span_of(nonsense, sizeof nonsense), "99:99:99", "99/99/9999");
    CLASSIC(m, 6008, span_of(china, 12), "x", "y");
    made_read(m);
    assert_int_equal(made_acts(m, "crash.unexpected"), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_no_fact(made_act(m, "crash.unexpected", i), "local");
        assert_no_fact(made_act(m, "crash.unexpected", i), "basis");
    }
    made_end(m);
}

static void starts_stops_and_planned_restarts(void **state)
{
    (void)state;
    made *m = made_begin();
    made_put(m, (evtx_out){ .provider = "User32", .channel = SYSTEM, .id = 1074,
                            .fields = EVTX_FIELDS(evtx_str("param1", "C:\\Windows\\system32\\shutdown.exe (DB1)"), evtx_str("param2", "DB1"),
                                                  evtx_str("param3", "\xe6\xb2\xa1\xe6\x9c\x89\xe6\x89\xbe\xe5\x88\xb0"), evtx_str("param4", "0x800000ff"),
                                                  evtx_str("param5", "\xe9\x87\x8d\xe6\x96\xb0\xe5\x90\xaf\xe5\x8a\xa8"), evtx_str("param6", ""), evtx_str("param7", "DB1\\Administrator")) });
    CLASSIC(m, 6006, (span){ 0 }, "");
    CLASSIC(m, 6009, (span){ 0 }, "6.00.", "6002", "Service Pack 2", "Multiprocessor Free", "0");
    CLASSIC(m, 6005, (span){ 0 }, "");
    made_put(m, (evtx_out){ .provider = GENERAL, .channel = SYSTEM, .id = 12,
                            .fields = EVTX_FIELDS(evtx_u32("MajorVersion", 6), evtx_u32("MinorVersion", 1), evtx_u32("BuildVersion", 7601), evtx_time("StartTime", MADE_START)) });
    made_put(m, (evtx_out){ .provider = GENERAL, .channel = SYSTEM, .id = 13, .fields = EVTX_FIELDS(evtx_time("StopTime", MADE_START)) });
    made_put(m, (evtx_out){ .channel = SECURITY, .id = 4608 });
    made_put(m, (evtx_out){ .provider = "Microsoft-Windows-Winlogon", .channel = "Application", .id = 6005 });
    made_put(m, (evtx_out){ .provider = "Elsewhere", .channel = SYSTEM, .id = 6005 });
    made_read(m);
    assert_int_equal(made_acts(m, "boot.start"), 4);
    assert_int_equal(made_acts(m, "boot.stop"), 2);
    const act *a = made_act(m, "boot.planned", 0);
    assert_fact(a, "process", "C:\\Windows\\system32\\shutdown.exe");
    assert_fact(a, "account", "DB1\\Administrator");
    assert_fact(a, "type", "\xe9\x87\x8d\xe6\x96\xb0\xe5\x90\xaf\xe5\x8a\xa8");
    assert_no_fact(a, "comment");
    assert_non_null(made_act_of(m, "boot.start", "os", "6.0.6002 Service Pack 2"));
    assert_non_null(claim_of(m, "os-build", "6.0.6002"));
    assert_string_equal(claim_of(m, "os", NULL)->value, "Windows Vista SP2 / Server 2008 SP2");
    made_end(m);
}

static void a_clock_that_was_set_is_told_from_one_that_is_kept(void **state)
{
    (void)state;
    static const int64_t steps[] = { 5, -1, 3600, -28800, 59 };      /* seconds */
    made *m = made_begin();
    for (size_t i = 0; i < 5; i++) {
        made_event(m, SECURITY, 4616, evtx_sid("SubjectUserSid", "S-1-5-21-1-2-3-500"), evtx_str("SubjectUserName", "Administrator"), evtx_str("SubjectDomainName", "DB1"),
                   evtx_time("PreviousTime", MADE_START), evtx_time("NewTime", MADE_START + (moment)(steps[i] * (int64_t)MOMENT_SECOND)), evtx_str("ProcessName", "C:\\Windows\\System32\\cmd.exe"));
        made_put(m, (evtx_out){ .provider = GENERAL, .channel = SYSTEM, .id = 1, .user = "S-1-5-19",
                                .fields = EVTX_FIELDS(evtx_time("NewTime", MADE_START + (moment)(steps[i] * (int64_t)MOMENT_SECOND)), evtx_time("OldTime", MADE_START)) });
    }
    made_read(m);
    assert_int_equal(made_acts(m, "clock.change"), 4);
    const act *a = made_act_of(m, "clock.change", "account", "DB1\\Administrator");
    assert_non_null(a);
    assert_fact(a, "process", "C:\\Windows\\System32\\cmd.exe");
    assert_fact(a, "old", "2020-05-11T04:00:00.0000000Z");
    assert_fact(a, "new", "2020-05-11T05:00:00.0000000Z");
    assert_non_null(made_act_of(m, "clock.change", "new", "2020-05-10T20:00:00.0000000Z"));
    made_end(m);
}

static void time_servers_are_named(void **state)
{
    (void)state;
    made *m = made_begin();
    made_put(m, (evtx_out){ .provider = W32TIME, .channel = SYSTEM, .id = 35, .fields = EVTX_FIELDS(evtx_str("TimeSource", "dc1.corp.local (ntp.d|0.0.0.0:123->10.0.0.1:123)")) });
    made_put(m, (evtx_out){ .provider = W32TIME, .channel = SYSTEM, .id = 50, .fields = EVTX_FIELDS(evtx_u32("TimeDifferenceMilliseconds", 5250)) });
    made_put(m, (evtx_out){ .provider = W32TIME, .channel = SYSTEM, .id = 134, .fields = EVTX_FIELDS(evtx_str("ErrorMessage", "\xe4\xb8\x8d\xe7\x9f\xa5\xe9\x81\x93")) });
    made_put(m, (evtx_out){ .provider = "Elsewhere", .channel = SYSTEM, .id = 35, .fields = EVTX_FIELDS(evtx_str("TimeSource", "x")) });
    made_read(m);
    assert_int_equal(made_acts(m, "clock.sync"), 3);
    assert_fact(made_act(m, "clock.sync", 0), "state", "synced");
    assert_fact(made_act(m, "clock.sync", 0), "source", "dc1.corp.local");
    assert_fact(made_act(m, "clock.sync", 1), "offset", "5.250");
    assert_fact(made_act(m, "clock.sync", 2), "state", "lost");
    made_end(m);
}

static void put_logon(made *m, const char *sid, const char *domain, const char *subject, const char *subject_domain)
{
    made_event(m, SECURITY, 4624, evtx_str("SubjectUserName", subject), evtx_str("SubjectDomainName", subject_domain), evtx_sid("TargetUserSid", sid),
               evtx_str("TargetUserName", "Administrator"), evtx_str("TargetDomainName", domain), evtx_hex64("TargetLogonId", 0x1000), evtx_u32("LogonType", 2));
}

static void a_host_says_who_it_is(void **state)
{
    (void)state;
    static const char texts[] = "1\0.1\0Windows Server 2008 R2 Enterprise\0" "6.1.7601 Build 7601 Service Pack 1\0Multiprocessor Free\0x\0x\0x\0x\0x\0x\0DB1.corp.local\0";
    uint8_t binary[2 * sizeof texts];
    for (size_t i = 0; i < sizeof texts; i++) {
        binary[2 * i] = (uint8_t)texts[i];
        binary[2 * i + 1] = 0;
    }
    made *m = made_begin();
    m->computer = "DB1.corp.local";
    CLASSIC(m, 6013, span_of(binary, sizeof binary), "", "", "", "", "1039089", "60", "-480 China Standard Time");
    CLASSIC(m, 6011, (span){ 0 }, "WIN-CMUL35D0HFB", "DB1");
    put_logon(m, "S-1-5-21-1004336348-1177238915-682003330-500", "DB1", "DB1$", "CORP");
    put_logon(m, "S-1-5-21-99-98-97-1105", "CORP", "DB1$", "CORP");        /* an account of the domain says nothing of the host */
    put_logon(m, "S-1-5-18", "NT AUTHORITY", "DB1$", "CORP");
    made_event(m, SYSMON, 3, evtx_str("Initiated", "true"), evtx_str("SourceIp", "10.0.0.1"), evtx_str("DestinationIp", "10.0.0.2"), evtx_u32("DestinationPort", 445));
    made_event(m, SYSMON, 3, evtx_str("Initiated", "false"), evtx_str("SourceIp", "10.0.0.66"), evtx_str("DestinationIp", "10.0.0.1"), evtx_u32("DestinationPort", 445));
    made_event(m, SECURITY, 5156, evtx_str("Direction", "%%14593"), evtx_str("SourceAddress", "fe80::1"), evtx_str("DestAddress", "fe80::2"));
    made_event(m, SECURITY, 5156, evtx_str("Direction", "%%14593"), evtx_str("SourceAddress", "10.0.1.1"), evtx_str("DestAddress", "10.0.0.2"));
    static const uint8_t card[] = { 0x64, 0x31, 0x50, 0x99, 0x49, 0xac };
    made_put(m, (evtx_out){ .provider = "Microsoft-Windows-Dhcp-Client", .channel = "Microsoft-Windows-Dhcp-Client/Admin", .id = 1005,
                            .fields = EVTX_FIELDS(evtx_u32("Address", 0x0900000a), evtx_u32("HWLength", 6), evtx_bin("HWAddress", span_of(card, sizeof card))) });
    made_read(m);
    assert_non_null(claim_of(m, "mac", "64-31-50-99-49-AC"));
    assert_non_null(claim_of(m, "address", "10.0.0.9"));
    assert_non_null(claim_of(m, "os", "Windows Server 2008 R2 Enterprise"));
    assert_non_null(claim_of(m, "time-zone", "UTC+08:00 China Standard Time"));
    assert_non_null(claim_of(m, "name", "WIN-CMUL35D0HFB"));
    assert_non_null(claim_of(m, "name", "DB1"));
    assert_string_equal(claim_of(m, "machine-sid", NULL)->value, "S-1-5-21-1004336348-1177238915-682003330");
    assert_string_equal(claim_of(m, "machine-sid", NULL)->strength, "decisive");
    assert_null(claim_of(m, "machine-sid", "S-1-5-21-99-98-97"));
    assert_non_null(claim_of(m, "domain", "CORP"));
    assert_non_null(claim_of(m, "address", "10.0.0.1"));
    assert_non_null(claim_of(m, "address", "10.0.1.1"));
    assert_null(claim_of(m, "address", "10.0.0.66"));
    assert_null(claim_of(m, "address", "fe80::1"));
    assert_int_equal(made_acts(m, "host.rename"), 1);
    assert_fact(made_act(m, "host.rename", 0), "old", "WIN-CMUL35D0HFB");
    made_end(m);
}

static void a_claim_covers_all_its_records(void **state)
{
    (void)state;
    made *m = made_begin();
    for (int i = 0; i < 100; i++)
        made_event(m, SYSMON, 3, evtx_str("Initiated", "true"), evtx_str("SourceIp", i < 50 ? "10.0.0.1" : "10.0.0.77"), evtx_str("DestinationIp", "10.0.0.2"), evtx_u32("DestinationPort", 80));
    made_read(m);
    const identity_claim *first = claim_of(m, "address", "10.0.0.1"), *second = claim_of(m, "address", "10.0.0.77");
    assert_true(first->from == MADE_START && first->to == MADE_START + 49 * MOMENT_SECOND);
    assert_true(second->from == MADE_START + 50 * MOMENT_SECOND && second->to == MADE_START + 99 * MOMENT_SECOND);
    made_end(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bug_check_is_read_and_programs_of_the_same_number_are_not),
        cmocka_unit_test(lost_power_keeps_its_code_even_when_it_is_nought),
        cmocka_unit_test(the_true_time_of_a_stop_is_in_its_binary),
        cmocka_unit_test(without_it_the_texts_are_read_whatever_the_region),
        cmocka_unit_test(a_stop_that_tells_nothing_is_noted_all_the_same),
        cmocka_unit_test(starts_stops_and_planned_restarts),
        cmocka_unit_test(a_clock_that_was_set_is_told_from_one_that_is_kept),
        cmocka_unit_test(time_servers_are_named),
        cmocka_unit_test(a_host_says_who_it_is),
        cmocka_unit_test(a_claim_covers_all_its_records),
    };
    return cmocka_run_group_tests(tests, made_set_up, made_tear_down);
}
