/* What the System log tells of hardware, changes and surroundings; and that the same numbers of others say nothing. */
#include "made_log.h"

#define WHEA "Microsoft-Windows-WHEA-Logger"

static void put_unnamed(made *m, const char *provider, uint32_t id, const char *first, const char *second)
{
    made_put(m, (evtx_out){ .kind = EVTX_CLASSIC, .provider = provider, .channel = SYSTEM, .id = id, .fields = EVTX_FIELDS(evtx_str(NULL, first), evtx_str(NULL, second)) });
}

static void fatal_errors_are_told_and_corrected_ones_counted(void **state)
{
    (void)state;
    made *m = made_begin();
    made_put(m, (evtx_out){ .provider = WHEA, .channel = SYSTEM, .id = 18, .fields = EVTX_FIELDS(evtx_u32("ErrorSource", 3), evtx_u32("ApicId", 2), evtx_u32("MCABank", 5), evtx_hex64("MciStat", 0xbe00000000800400)) });
    made_put(m, (evtx_out){ .provider = WHEA, .channel = SYSTEM, .id = 46, .fields = EVTX_FIELDS(evtx_u32("ErrorSource", 3), evtx_hex64("PhysicalAddress", 0x1234000), evtx_u16("Module", 4)) });
    for (int i = 0; i < 7; i++)
        made_put(m, (evtx_out){ .provider = WHEA, .channel = SYSTEM, .id = i < 5 ? 47 : 19, .fields = EVTX_FIELDS(evtx_u32("ErrorSource", 1)) });
    made_put(m, (evtx_out){ .provider = "Microsoft-Windows-Kernel-Power", .channel = SYSTEM, .id = 86, .fields = EVTX_FIELDS(evtx_str("ThermalZoneDeviceInstance", "ACPI\\ThermalZone\\TZ00"), evtx_u32("_CRT", 378)) });
    made_put(m, (evtx_out){ .provider = "Microsoft-Windows-Kernel-Power", .channel = SYSTEM, .id = 125, .fields = EVTX_FIELDS(evtx_u32("_CRT", 378)) });      /* trip points of a start */
    made_put(m, (evtx_out){ .provider = "Somebody", .channel = SYSTEM, .id = 18, .fields = EVTX_FIELDS(evtx_u32("ErrorSource", 3)) });
    made_read(m);
    assert_int_equal(made_acts(m, "hardware.fault"), 3);
    assert_fact(made_act(m, "hardware.fault", 0), "state", "processor");
    assert_fact(made_act(m, "hardware.fault", 0), "bank", "5");
    assert_fact(made_act(m, "hardware.fault", 1), "state", "memory");
    assert_fact(made_act(m, "hardware.fault", 2), "state", "heat");
    assert_fact(made_act(m, "hardware.fault", 2), "device", "ACPI\\ThermalZone\\TZ00");
    assert_int_equal(made_tally(m, "hardware.trouble", "what", "corrected-memory"), 5);
    assert_int_equal(made_tally(m, "hardware.trouble", "what", "corrected-processor"), 2);
    made_end(m);
}

static void disks_are_counted_by_device_and_a_number_alone_is_none(void **state)
{
    (void)state;
    made *m = made_begin();
    for (int i = 0; i < 4; i++)
        put_unnamed(m, "disk", i ? 153 : 7, "\\Device\\Harddisk0\\DR0", "");
    put_unnamed(m, "iaStorV", 129, "\\Device\\RaidPort0", "");
    put_unnamed(m, "Microsoft-Windows-Time-Service", 129, "time.windows.com", "");
    put_unnamed(m, "Ntfs", 55, "", "C:");
    put_unnamed(m, "Microsoft-Windows-Ntfs", 98, "C:", "");
    put_unnamed(m, "disk", 52, "\\Device\\Harddisk1\\DR1", "");
    made_read(m);
    assert_int_equal(made_tally(m, "hardware.trouble", "device", "\\Device\\Harddisk0\\DR0"), 4);
    assert_int_equal(made_tally(m, "hardware.trouble", "what", "disk-reset"), 1);
    assert_int_equal(made_tally(m, "hardware.trouble", "what", "volume-corrupt"), 1);
    assert_int_equal(made_tally(m, "hardware.trouble", NULL, NULL), 6);
    assert_int_equal(made_acts(m, "hardware.fault"), 1);
    assert_fact(made_act(m, "hardware.fault", 0), "state", "disk-failing");
    assert_fact(made_act(m, "hardware.fault", 0), "device", "\\Device\\Harddisk1\\DR1");
    made_end(m);
}

static void the_memory_test_says_clean_or_bad(void **state)
{
    (void)state;
    static const uint32_t ids[] = { 1101, 1201, 1102, 1202 };
    made *m = made_begin();
    for (size_t i = 0; i < 4; i++)
        made_put(m, (evtx_out){ .provider = "Microsoft-Windows-MemoryDiagnostics-Results", .channel = SYSTEM, .id = ids[i], .fields = EVTX_FIELDS(evtx_u32("NumBadPages", i < 2 ? 0 : 17)) });
    made_read(m);
    assert_int_equal(made_acts(m, "memory.test"), 4);
    assert_fact(made_act(m, "memory.test", 1), "state", "clean");
    assert_fact(made_act(m, "memory.test", 2), "state", "errors");
    assert_fact(made_act(m, "memory.test", 3), "pages", "17");
    made_end(m);
}

static void changes_are_told_with_their_names(void **state)
{
    (void)state;
    made *m = made_begin();
    made_put(m, (evtx_out){ .provider = "Microsoft-Windows-WindowsUpdateClient", .channel = SYSTEM, .id = 19, .fields = EVTX_FIELDS(evtx_str("updateTitle", "Security Update (KB4012212)")) });
    made_put(m, (evtx_out){ .provider = "Microsoft-Windows-WindowsUpdateClient", .channel = SYSTEM, .id = 20, .fields = EVTX_FIELDS(evtx_hex32("errorCode", 0x80070643), evtx_str("updateTitle", "Update (KB2999226)")) });
    made_put(m, (evtx_out){ .provider = "Microsoft-Windows-Servicing", .channel = "Setup", .id = 2, .fields = EVTX_FIELDS(evtx_str("PackageIdentifier", "KB4012212")) });
    made_put(m, (evtx_out){ .provider = "Microsoft-Windows-Servicing", .channel = "Application", .id = 2, .fields = EVTX_FIELDS(evtx_str("PackageIdentifier", "KB1")) });
    made_put(m, (evtx_out){ .provider = "Microsoft-Windows-UserPnp", .channel = SYSTEM, .id = 20003, .fields = EVTX_FIELDS(evtx_str("ServiceName", "b57nd60a"), evtx_str("DriverFileName", "\\SystemRoot\\system32\\DRIVERS\\b57nd60a.sys")) });
    made_put(m, (evtx_out){ .provider = "Microsoft-Windows-Kernel-PnP", .channel = SYSTEM, .id = 219, .fields = EVTX_FIELDS(evtx_str("DriverName", "WUDFRd"), evtx_hex32("Status", 0xc0000365)) });
    made_put(m, (evtx_out){ .provider = "Microsoft Antimalware", .channel = SYSTEM, .id = 2000, .fields = EVTX_FIELDS(evtx_str("Product Name", "Microsoft Antimalware"), evtx_str("Current Signature Version", "1.2.3")) });
    made_put(m, (evtx_out){ .provider = "Elsewhere", .channel = SYSTEM, .id = 19, .fields = EVTX_FIELDS(evtx_str("updateTitle", "x")) });
    made_read(m);
    assert_int_equal(made_acts(m, "update"), 3);
    assert_fact(made_act_of(m, "update", "state", "installed"), "title", "Security Update (KB4012212)");
    assert_fact(made_act_of(m, "update", "state", "failed"), "error", "0x80070643");
    assert_fact(made_act_of(m, "update", "state", "package"), "title", "KB4012212");
    assert_int_equal(made_acts(m, "driver.install"), 1);
    assert_fact(made_act(m, "driver.install", 0), "file", "\\SystemRoot\\system32\\DRIVERS\\b57nd60a.sys");
    assert_fact(made_act(m, "driver.fail", 0), "device", "WUDFRd");
    assert_fact(made_act(m, "protection.update", 0), "version", "1.2.3");
    assert_int_equal(made_found(m, NULL), 0);
    made_end(m);
}

static void exhaustion_the_cluster_guests_and_the_supply(void **state)
{
    (void)state;
    made *m = made_begin();
    made_put(m, (evtx_out){ .kind = EVTX_USERDATA, .provider = "Microsoft-Windows-Resource-Exhaustion-Detector", .channel = SYSTEM, .id = 2004, .element = "MemoryExhaustionInfo", .xmlns = "urn:x",
                            .fields = EVTX_FIELDS(evtx_u64("SystemCommitCharge", 17000000), evtx_str("Name", "sqlservr.exe")) });
    put_unnamed(m, "srv", 2019, "\\Device\\LanmanServer", "");
    made_put(m, (evtx_out){ .provider = "Microsoft-Windows-FailoverClustering", .channel = SYSTEM, .id = 1135, .fields = EVTX_FIELDS(evtx_str("NodeName", "DB2")) });
    made_put(m, (evtx_out){ .provider = "Microsoft-Windows-Hyper-V-Worker", .channel = "Microsoft-Windows-Hyper-V-Worker-Admin", .id = 18590, .fields = EVTX_FIELDS(evtx_str("VmName", "DB1"), evtx_hex32("ErrorCode0", 0x50)) });
    made_put(m, (evtx_out){ .provider = "Microsoft-Windows-Kernel-Power", .channel = SYSTEM, .id = 105, .fields = EVTX_FIELDS(evtx_bool("AcOnline", false)) });
    put_unnamed(m, "UPS", 3230, "DB1", "");
    put_unnamed(m, "srvnet", 2018, "x", "");
    made_read(m);
    assert_int_equal(made_acts(m, "resource.low"), 2);
    assert_fact(made_act_of(m, "resource.low", "state", "commit"), "process", "sqlservr.exe");
    assert_fact(made_act_of(m, "resource.low", "state", "nonpaged-pool"), "device", "\\Device\\LanmanServer");
    assert_fact(made_act(m, "cluster.fault", 0), "node", "DB2");
    assert_fact(made_act(m, "guest.crash", 0), "guest", "DB1");
    assert_int_equal(made_acts(m, "power.supply"), 2);
    assert_fact(made_act_of(m, "power.supply", "state", "source"), "mains", "no");
    made_end(m);
}

static void whatever_stands_in_the_fields(void **state)
{
    (void)state;
    made *m = made_begin();
    made_hostile_fields(m, SYSTEM, WHEA, 18, "ErrorSource", "ApicId", "MCABank", "MciStat", "MciAddr");
    made_hostile_fields(m, SYSTEM, "Microsoft-Windows-WindowsUpdateClient", 19, "updateTitle", "errorCode");
    made_hostile_fields(m, SYSTEM, "disk", 153, "Binary");
    made_hostile_fields(m, SYSTEM, "Microsoft-Windows-Resource-Exhaustion-Detector", 2004, "Name", "Process_1_Name", "SystemCommitCharge");
    made_read(m);
    assert_true(made_acts(m, "hardware.fault") > 0);
    made_end(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fatal_errors_are_told_and_corrected_ones_counted),
        cmocka_unit_test(disks_are_counted_by_device_and_a_number_alone_is_none),
        cmocka_unit_test(the_memory_test_says_clean_or_bad),
        cmocka_unit_test(changes_are_told_with_their_names),
        cmocka_unit_test(exhaustion_the_cluster_guests_and_the_supply),
        cmocka_unit_test(whatever_stands_in_the_fields),
    };
    return cmocka_run_group_tests(tests, made_set_up, made_tear_down);
}
