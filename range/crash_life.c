/* What a scenario leaves in the logs of a host: stops and what comes before and after them.
 *
 * Source    fields as the public manifests of Windows 7 and 10 list them; disk, UPS and Save Dump records have unnamed data. */
#include "range/crash.h"

#define WHEA "Microsoft-Windows-WHEA-Logger"
#define WHEA_GUID "{c26c4f3c-3f66-4e99-8f8a-39405cfed220}"

static void system_event(sim *s, const char *provider, const char *guid, unsigned id, unsigned level, const evtx_field *fields, size_t count)
{
    pen(s, CH_SYSTEM,
        &(evtx_out){ .provider = provider, .guid = guid, .id = id, .level = (uint8_t)level, .keywords = 0x8000000000000000, .pid = 4, .tid = 48, .user = "S-1-5-18",
                     .fields = fields, .field_count = count });
}

static const crash_stop *stop_of(const act *a) { return a->what; }

static void stops(sim *s, const act *a)
{
    const crash_stop *c = stop_of(a);
    s->h->crash_at = c->at;
    s->h->reboot_at = c->back;
    s->h->crash_code = c->code;
    s->h->button = c->button;
    memcpy(s->h->crash_parameters, c->parameters, sizeof c->parameters);
    if (c->heat && sim_up(s))
        system_event(s, "Microsoft-Windows-Kernel-Power", "{331c3b3a-2005-44c2-ac5e-77220c37d6b4}", 86, 1,
                     FIELDS_OF(evtx_u32("ThermalZoneDeviceInstanceLength", 20), evtx_str("ThermalZoneDeviceInstance", "ACPI\\ThermalZone\\TZ00"), evtx_time("ShutdownTime", s->now), evtx_u32("_CRT", 3732)));
    life_crash(s, a);
}

static void corrected(sim *s, const act *a)
{
    (void)a;
    if (sim_up(s))
        system_event(s, WHEA, WHEA_GUID, 47, 3,
                     FIELDS_OF(evtx_u32("ErrorSource", 1), evtx_hex64("PhysicalAddress", 0x1f3a2c40 + rng_below(&s->r, 64) * 64), evtx_u16("Node", 0), evtx_u16("Card", 1), evtx_u16("Module", 2), evtx_u32("ErrorType", 2)));
}

/* Of the last run: the firmware kept it, the next start writes it down. */
static void machine_check(sim *s, const act *a)
{
    const crash_stop *c = stop_of(a);
    if (!sim_up(s)) {
        sim_in(s, MOMENT_MINUTE, machine_check, c, 0);
        return;
    }
    if (c->code == 0x1a)
        system_event(s, WHEA, WHEA_GUID, 46, 2, FIELDS_OF(evtx_u32("ErrorSource", 3), evtx_hex64("PhysicalAddress", 0x1f3a2c40), evtx_u16("Node", 0), evtx_u16("Card", 1), evtx_u16("Module", 2), evtx_u32("ErrorType", 3)));
    else
        system_event(s, WHEA, WHEA_GUID, 18, 2, FIELDS_OF(evtx_u32("ErrorSource", 3), evtx_u32("ApicId", 4), evtx_u32("MCABank", 5), evtx_hex64("MciStat", 0xb200000000070f0f), evtx_hex64("MciAddr", 0), evtx_u32("ErrorType", 10)));
}

static void memory_test(sim *s, const act *a)
{
    (void)a;
    if (sim_up(s))
        system_event(s, "Microsoft-Windows-MemoryDiagnostics-Results", "{5f92bc59-248f-4111-86a9-e393e12c6139}", 1202, 2, FIELDS_OF(evtx_u32("LaunchType", 1), evtx_u32("NumPagesTested", 1048000), evtx_u32("NumBadPages", 3)));
}

static void driver_comes(sim *s, const act *a)
{
    const char *file = stop_of(a)->driver ? stop_of(a)->driver : "\\SystemRoot\\system32\\DRIVERS\\bxvbda.sys";
    if (sim_up(s))
        system_event(s, "Microsoft-Windows-UserPnp", "{96f4a050-7e31-453c-88be-9634f4e02139}", 20003, 4,
                     FIELDS_OF(evtx_str("ServiceName", "b06bdrv"), evtx_str("DriverFileName", file), evtx_str("DeviceInstanceID", "PCI\\VEN_14E4&DEV_1639\\5&2B0F1A22&0&0008"), evtx_bool("PrimaryService", true),
                               evtx_bool("UpdateService", false), evtx_u32("AddServiceStatus", 0)));
}

static void miner_comes(sim *s, const act *a)
{
    (void)a;
    if (!sim_up(s))
        return;
    static const char file[] = "C:\\Windows\\Temp\\WinRing0x64.sys", run[] = "C:\\Windows\\Temp\\xmrig.exe";
    logon who = { .user = s->h->admin, .domain = s->computer, .type = 3, .id = 0x3e7 };
    log_service_audit(s, &who, "WinRing0_1_2_0", file, 3);
    if (s->h->nt != NT_60)
        pen(s, CH_SYSTEM,
            &(evtx_out){ .provider = "Service Control Manager", .guid = "{555908d1-a6d7-4695-8e1e-26931d2012f4}", .source = "Service Control Manager", .id = 7045, .qualifiers = 16384, .level = 4,
                         .keywords = 0x8080000000000000, .pid = s->services_pid, .tid = s->services_pid + 60, .user = "S-1-5-18",
                         .fields = EVTX_FIELDS(evtx_str("ServiceName", "WinRing0_1_2_0"), evtx_str("ImagePath", file), evtx_str("ServiceType", s->h->zh ? "内核模式驱动程序" : "kernel mode driver"),
                                               evtx_str("StartType", windows_word(WORD_DEMAND, s->h->zh)), evtx_str("AccountName", "")) });
    log_process(s, NULL, run, "C:\\Windows\\Temp\\xmrig.exe -o stratum+tcp://pool.example.net:3333 -u 4x --donate-level=1", s->services_pid, "C:\\Windows\\System32\\services.exe", NULL);
}

/* An update is installed, the host restarts for it, and the start does not last. */
static void update_comes(sim *s, const act *a)
{
    (void)a;
    if (!sim_up(s))
        return;
    log_update(s, s->h->nt >= NT_100 ? "2019-06 Cumulative Update for Windows Server 2016 (1607) x64 (KB4503267)" : "Security Update for Windows Server x64 Edition (KB4499175)");
    sim_pass(s, MOMENT_MINUTE, 2 * MOMENT_MINUTE);
    log_stop(s, "C:\\Windows\\servicing\\TrustedInstaller.exe", "NT AUTHORITY\\SYSTEM", "S-1-5-18");
    s->h->stopped_at = s->now;
    life_down(s, 3 * MOMENT_MINUTE, true);
}

static void supply_fails(sim *s, const act *a)
{
    (void)a;
    if (sim_up(s))
        pen(s, CH_SYSTEM, &(evtx_out){ .kind = EVTX_CLASSIC, .provider = "UPS", .id = 3230, .qualifiers = 32768, .level = 3, .keywords = 0x80000000000000, .fields = EVTX_FIELDS(evtx_str(NULL, s->computer)) });
}

static void clear_all(sim *s, const act *a)
{
    (void)a;
    logon who = { .user = s->h->admin, .domain = s->computer, .type = 10, .admin = true };
    if (!sim_up(s))
        return;
    log_security_cleared(s, &who);
    evtx_writer_clear(s->log[CH_SYSTEM]);
    pen(s, CH_SYSTEM,
        &(evtx_out){ .kind = EVTX_USERDATA, .provider = "Microsoft-Windows-Eventlog", .guid = "{fc65ddd8-d6ef-4962-83d5-6e5cfe9ce148}", .id = 104, .level = 4, .task = 104, .keywords = 0x8000000000000000,
                     .pid = s->svchost_pid, .tid = 1500, .element = "LogFileCleared", .xmlns = "http://manifests.microsoft.com/win/2004/08/windows/eventlog",
                     .fields = EVTX_FIELDS(evtx_str("SubjectUserName", who.user), evtx_str("SubjectDomainName", s->computer), evtx_str("Channel", "System"), evtx_str("BackupPath", "")) });
}

void crash_begin(sim *s)
{
    for (size_t i = 0; i < s->w->stops.count; i++) {
        const crash_stop *c = vec_at(&s->w->stops, i);
        if (c->host != s->h->index)
            continue;
        sim_at(s, c->at, stops, c, 0);
        for (int k = 0; k < c->memory_errors; k++)
            sim_at(s, c->at - MOMENT_HOUR - rng_below(&s->r, 20 * MOMENT_HOUR), corrected, c, 0);
        if (c->fatal)
            sim_at(s, c->back + 2 * MOMENT_MINUTE, machine_check, c, 0);
        if (c->tested)
            sim_at(s, c->back + 5 * MOMENT_HOUR, memory_test, c, 0);
        if (c->driver_new)
            sim_at(s, c->at - 2 * MOMENT_HOUR - rng_below(&s->r, 14 * MOMENT_HOUR), driver_comes, c, 0);
        if (c->miner)
            sim_at(s, c->at - MOMENT_HOUR - rng_below(&s->r, 5 * MOMENT_HOUR), miner_comes, c, 0);
        if (c->updated)
            sim_at(s, c->at - 12 * MOMENT_MINUTE, update_comes, c, 0);
        if (c->supply)
            sim_at(s, c->at - 4 * MOMENT_MINUTE, supply_fails, c, 0);
        if (s->w->sw.crash == CRASH_LOGS_CLEARED)
            sim_at(s, c->back + 90 * MOMENT_MINUTE, clear_all, c, 0);
    }
}
