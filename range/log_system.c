/* The System log: services, stops, boots, crashes.
 *
 * Source    the order of a boot's records and the shape of 6005 to 6013 as published logs of 6.1 have them. 7045 is not
 *           written on 6.0 and Kernel-Power 41 begins with 6.1. */
#include "range/range.h"

#include <stdio.h>

#define SCM      "Service Control Manager"
#define SCM_GUID "{555908d1-a6d7-4695-8e1e-26931d2012f4}"

static moment whole_second(const sim *s, moment t) { return (t + (moment)s->h->clock_off) / MOMENT_SECOND * MOMENT_SECOND; }

/* "name/4" in UTF-16LE with a NUL, as the service control manager appends it. */
static span service_tail(sim *s, const char *key, unsigned state)
{
    const char *text = sim_print(s, "%s/%u", key, state);
    size_t n = strlen(text);
    uint8_t *out = arena_alloc(&s->scratch, 2 * n + 2);
    for (size_t i = 0; i < n; i++)
        out[2 * i] = (uint8_t)text[i];
    return span_of(out, 2 * n + 2);
}

static uint64_t scm(sim *s, unsigned id, unsigned level, const char *user_sid, const evtx_field *fields, size_t count)
{
    return pen(s, CH_SYSTEM,
               &(evtx_out){ .provider = SCM,
                            .guid = SCM_GUID,
                            .source = SCM,
                            .id = id,
                            .qualifiers = level == 2 ? 49152 : 16384,
                            .level = (uint8_t)level,
                            .keywords = 0x8080000000000000,
                            .pid = s->services_pid,
                            .tid = s->services_pid + 4 * (uint32_t)rng_range(&s->r, 10, 300),
                            .user = user_sid,
                            .fields = fields,
                            .field_count = count });
}

uint64_t log_service_state(sim *s, const char *key, const char *shown, bool running)
{
    return scm(s, 7036, 4, NULL,
               FIELDS_OF(evtx_str("param1", shown ? shown : service_shown(key, s->h->zh)),
                         evtx_str("param2", windows_word(running ? WORD_RUNNING : WORD_STOPPED, s->h->zh)),
                         evtx_bin("Binary", service_tail(s, key, running ? 4 : 1))));
}

uint64_t log_service_installed(sim *s, const char *user_sid, const char *name, const char *image, bool automatic)
{
    if (s->h->nt == NT_60)
        return 0;
    return scm(s, 7045, 4, user_sid,
               FIELDS_OF(evtx_str("ServiceName", name), evtx_str("ImagePath", image),
                         evtx_str("ServiceType", windows_word(WORD_USER_SERVICE, s->h->zh)),
                         evtx_str("StartType", windows_word(automatic ? WORD_AUTO : WORD_DEMAND, s->h->zh)),
                         evtx_str("AccountName", "LocalSystem")));
}

static void kernel_general(sim *s, unsigned id, const evtx_field *fields, size_t count)
{
    pen(s, CH_SYSTEM,
        &(evtx_out){ .provider = "Microsoft-Windows-Kernel-General",
                     .guid = "{a68ca8b7-004f-d7b6-a698-07e2de0f1f5d}",
                     .id = id,
                     .level = 4,
                     .keywords = 0x8000000000000000,
                     .pid = 4,
                     .tid = 8,
                     .user = id == 12 ? "S-1-5-18" : NULL,
                     .fields = fields,
                     .field_count = count });
}

static void filter_manager(sim *s, const char *name)
{
    const nt_info *nt = &nt_table[s->h->nt];
    pen(s, CH_SYSTEM,
        &(evtx_out){ .provider = "Microsoft-Windows-FilterManager",
                     .guid = "{f3c5e28e-63f6-49c7-a204-e48a1bc4b09d}",
                     .id = 6,
                     .level = 4,
                     .keywords = 0x8000000000000000,
                     .pid = 4,
                     .tid = 8,
                     .user = "S-1-5-18",
                     .fields = EVTX_FIELDS(evtx_hex32("FinalStatus", 0), evtx_u16("DeviceVersionMajor", nt->major),
                                           evtx_u16("DeviceVersionMinor", nt->minor), evtx_u16("DeviceNameLength", strlen(name)),
                                           evtx_str("DeviceName", name), evtx_time("DeviceTime", 128919962650000000ull)) });
}

static uint64_t event_log(sim *s, unsigned id, unsigned level, const evtx_field *fields, size_t count, span binary)
{
    return pen(s, CH_SYSTEM,
               &(evtx_out){ .kind = EVTX_CLASSIC,
                            .provider = "EventLog",
                            .id = id,
                            .qualifiers = 32768,
                            .level = (uint8_t)level,
                            .keywords = 0x80000000000000,
                            .time = whole_second(s, s->now),
                            .fields = fields,
                            .field_count = count,
                            .binary = binary });
}

void log_uptime(sim *s)
{
    const nt_info *nt = &nt_table[s->h->nt];
    const char *parts = sim_print(s, "1.1|0|%s|%s|Multiprocessor Free|%s|%08x|Not Available|Not Available|0|4|8192|409|%s|", nt->name,
                                  sim_print(s, "%u.%u.%u Build %u %s", nt->major, nt->minor, nt->build, nt->build, nt->pack_name), nt->lab,
                                  0x2f6d1a40u + nt->build, s->computer);
    size_t n = strlen(parts);
    uint8_t *binary = arena_alloc(&s->scratch, 2 * n + 2);
    for (size_t i = 0; i < n; i++)
        binary[2 * i] = parts[i] == '|' ? 0 : (uint8_t)parts[i];
    event_log(s, 6013, 4,
              FIELDS_OF(evtx_str(NULL, ""), evtx_str(NULL, ""), evtx_str(NULL, ""), evtx_str(NULL, ""),
                        evtx_str(NULL, sim_print(s, "%u", (unsigned)((s->now - s->booted) / MOMENT_SECOND))), evtx_str(NULL, "60"),
                        evtx_str(NULL, sim_print(s, "%d %s", -s->w->zone_minutes, s->h->zh ? s->w->zone_zh : s->w->zone_en))),
              span_of(binary, 2 * n + 2));
}

void log_renamed(sim *s, const char *from, const char *to)
{
    event_log(s, 6011, 4, FIELDS_OF(evtx_str(NULL, from), evtx_str(NULL, to)), (span){ 0 });
}

/* 6008 tells the last heartbeat, up to a minute before the end: in words of the system's language, and in two SYSTEMTIMEs,
 * local and UTC, with the uptime's bookkeeping behind them. */
static void unclean_stop(sim *s, moment died)
{
    char time[32], date[48];
    uint8_t binary[64] = { 0 };
    uint32_t up = (uint32_t)((died - s->booted) / MOMENT_SECOND), numbers[8] = { 0x960, 60, 1, 0x960, 0, 1200, 1, up / 80 };
    moment beat = died - rng_below(&s->r, 55 * MOMENT_SECOND);
    windows_time_text(sim_local(s, beat), s->h->zh, time, date);
    windows_systemtime(sim_local(s, beat), binary);
    windows_systemtime(beat + (moment)s->h->clock_off, binary + 16);
    memcpy(binary + 32, numbers, 32);
    event_log(s, 6008, 2,
              FIELDS_OF(evtx_str(NULL, time), evtx_str(NULL, date), evtx_str(NULL, ""), evtx_str(NULL, ""),
                        evtx_str(NULL, sim_print(s, "%u", up)), evtx_str(NULL, ""), evtx_str(NULL, "")),
              span_of(binary, 64));
}

static void kernel_power_41(sim *s, moment at, const host *h, bool crashed)
{
    const uint64_t *p = h->crash_parameters;
    evtx_field f[] = { evtx_u32("BugcheckCode", crashed ? h->crash_code : 0),
                       evtx_hex64("BugcheckParameter1", crashed ? p[0] : 0),
                       evtx_hex64("BugcheckParameter2", crashed ? p[1] : 0),
                       evtx_hex64("BugcheckParameter3", crashed ? p[2] : 0),
                       evtx_hex64("BugcheckParameter4", crashed ? p[3] : 0),
                       evtx_bool("SleepInProgress", false),
                       evtx_u64("PowerButtonTimestamp", h->button ? s->now : 0),
                       { .name = "BootAppStatus", .type = EVTX_HEX32 } };
    if (h->nt == NT_60)
        return;
    pen(s, CH_SYSTEM,
        &(evtx_out){ .provider = "Microsoft-Windows-Kernel-Power",
                     .guid = "{331c3b3a-2005-44c2-ac5e-77220c37d6b4}",
                     .id = 41,
                     .version = h->nt >= NT_62 ? 3 : 2,
                     .level = 1,
                     .task = 63,
                     .keywords = 0x8000000000000002,
                     .time = at + (moment)h->clock_off,
                     .pid = 4,
                     .tid = 8,
                     .user = "S-1-5-18",
                     .fields = f,
                     .field_count = h->nt >= NT_62 ? 8 : 7 });
}

static void bug_check(sim *s)
{
    const host *h = s->h;
    const uint64_t *p = h->crash_parameters;
    char day[MOMENT_TEXT];
    moment_iso(sim_local(s, s->now), day);
    evtx_field f[] = {
        evtx_str("param1", sim_print(s, "0x%08x (0x%016llx, 0x%016llx, 0x%016llx, 0x%016llx)", h->crash_code, (unsigned long long)p[0],
                                     (unsigned long long)p[1], (unsigned long long)p[2], (unsigned long long)p[3])),
        evtx_str("param2", "C:\\Windows\\MEMORY.DMP"),
        evtx_str("param3", sim_print(s, "%.2s%.2s%.2s-%05u-01", day + 5, day + 8, day + 2, (unsigned)rng_range(&s->r, 11000, 64000)))
    };
    pen(s, CH_SYSTEM,
        &(evtx_out){ .provider = "Microsoft-Windows-WER-SystemErrorReporting",
                     .guid = "{ABCE23E7-DE45-4366-8631-84FA6C525952}",
                     .source = "BugCheck",
                     .id = 1001,
                     .qualifiers = 16384,
                     .level = 2,
                     .keywords = 0x80000000000000,
                     .time = whole_second(s, s->now),
                     .fields = f,
                     .field_count = h->nt == NT_60 ? 2 : 3 });
}

/* The kernel's own records carry earlier times than 6009 and 6005, though they come behind them. */
void log_boot(sim *s, bool clean)
{
    const nt_info *nt = &nt_table[s->h->nt];
    bool crashed = !clean && s->h->crash_at != MOMENT_UNKNOWN && s->down_until == s->h->reboot_at;
    moment died = crashed ? s->h->crash_at : s->h->power_cut_at, kernel = s->now;
    uint8_t opened[24] = { 0 };
    kernel_general(s, 12,
                   FIELDS_OF(evtx_u32("MajorVersion", nt->major), evtx_u32("MinorVersion", nt->minor), evtx_u32("BuildVersion", nt->build),
                             evtx_u32("QfeVersion", nt->qfe), evtx_u32("ServiceVersion", nt->pack), evtx_u32("BootMode", 0),
                             evtx_time("StartTime", s->now + (moment)s->h->clock_off)));
    sim_pass(s, 3 * MOMENT_SECOND, 5 * MOMENT_SECOND);
    filter_manager(s, "FileInfo");
    sim_pass(s, 30 * MOMENT_SECOND, 60 * MOMENT_SECOND);
    windows_systemtime(s->now + (moment)s->h->clock_off, opened);
    if (!clean)
        unclean_stop(s, died);
    s->booted = kernel;
    event_log(s, 6009, 4,
              FIELDS_OF(evtx_str(NULL, nt->long_number), evtx_str(NULL, sim_print(s, "%u", nt->build)), evtx_str(NULL, nt->pack_name),
                        evtx_str(NULL, "Multiprocessor Free"), evtx_str(NULL, sim_print(s, "%u", nt->revision))),
              (span){ 0 });
    event_log(s, 6005, 4, NULL, 0, span_of(opened, 24));
    log_uptime(s);
    if (!clean)
        kernel_power_41(s, kernel + 15 * MOMENT_SECOND, s->h, crashed && s->h->crash_code);
    for (const service_name *v = services_boot; v->key; v++) {
        bool sql = strstr(v->key, "SQL") != NULL;
        if (sql && !s->h->sql)
            continue;
        if (strcmp(v->key, "Spooler") == 0 && crashed && s->h->crash_code)
            bug_check(s);
        log_service_state(s, v->key, NULL, true);
        sim_pass(s, MOMENT_SECOND / 20, sql ? 20 * MOMENT_SECOND : MOMENT_SECOND);
    }
}

void log_stop(sim *s, const char *process, const char *user, const char *user_sid)
{
    const char *reason = windows_word(strcmp(user, "NT AUTHORITY\\SYSTEM") == 0 ? WORD_PLANNED : WORD_PLANNED_OTHER, s->h->zh),
               *verb = windows_word(WORD_RESTART, s->h->zh);
    const char *code = strcmp(user, "NT AUTHORITY\\SYSTEM") == 0 ? "0x80020002" : "0x85000000",
               *who = sim_print(s, "%s (%s)", process, s->computer);
    static const uint8_t binary[40] = { 2, 0, 2, 0x80 };
    if (s->h->nt <= NT_61)
        pen(s, CH_SYSTEM,
            &(evtx_out){ .kind = EVTX_CLASSIC,
                         .provider = "USER32",
                         .id = 1074,
                         .qualifiers = 32768,
                         .level = 4,
                         .keywords = 0x80000000000000,
                         .time = whole_second(s, s->now),
                         .user = user_sid,
                         .fields = EVTX_FIELDS(evtx_str(NULL, who), evtx_str(NULL, s->computer), evtx_str(NULL, reason),
                                               evtx_str(NULL, code), evtx_str(NULL, verb), evtx_str(NULL, ""), evtx_str(NULL, user)),
                         .binary = span_of(binary, 40) });
    else
        pen(s, CH_SYSTEM,
            &(evtx_out){ .provider = "User32",
                         .guid = "{b0aa8734-56f7-41cc-b2f4-de228e98b946}",
                         .source = "User32",
                         .id = 1074,
                         .qualifiers = 32768,
                         .level = 4,
                         .keywords = 0x8080000000000000,
                         .pid = 540,
                         .tid = 600,
                         .user = user_sid,
                         .fields = EVTX_FIELDS(evtx_str("param1", who), evtx_str("param2", s->computer), evtx_str("param3", reason),
                                               evtx_str("param4", code), evtx_str("param5", verb), evtx_str("param6", ""),
                                               evtx_str("param7", user)) });
    sim_pass(s, 10 * MOMENT_SECOND, 30 * MOMENT_SECOND);
    for (const service_name *v = services_boot; v->key; v++)
        if (rng_chance(&s->r, 40) && (s->h->sql || !strstr(v->key, "SQL")))
            log_service_state(s, v->key, NULL, false);
    event_log(s, 6006, 4, NULL, 0, span_of("\x01\x00\x00\x00\xa1\x64\x02", 8));
    if (s->h->audits.logons)
        pen(s, CH_SECURITY,
            &(evtx_out){ .kind = EVTX_USERDATA,
                         .provider = "Microsoft-Windows-Eventlog",
                         .guid = "{fc65ddd8-d6ef-4962-83d5-6e5cfe9ce148}",
                         .id = 1100,
                         .level = 4,
                         .task = 103,
                         .keywords = 0x4020000000000000,
                         .pid = s->svchost_pid,
                         .tid = 1500,
                         .element = "ServiceShutdown",
                         .xmlns = "http://manifests.microsoft.com/win/2004/08/windows/eventlog" });
    kernel_general(s, 13, FIELDS_OF(evtx_time("StopTime", s->now + (moment)s->h->clock_off)));
}

void log_time_source(sim *s, bool chosen)
{
    const char *server = sim_print(s, "%s.local (ntp.d|0.0.0.0:123->%s1:123)", "time", s->w->network);
    pen(s, CH_SYSTEM,
        &(evtx_out){ .provider = "Microsoft-Windows-Time-Service",
                     .guid = "{06edcfeb-0fd0-4e53-acca-a6f8bbf81bcb}",
                     .id = chosen ? 35 : 37,
                     .level = 4,
                     .keywords = 0x8000000000000000,
                     .pid = s->svchost_pid + 100,
                     .tid = 2464,
                     .user = "S-1-5-19",
                     .element = chosen ? "TMP_EVENT_TIME_SOURCE_CHOSEN" : "TMP_EVENT_TIME_SOURCE_REACHABLE",
                     .fields = EVTX_FIELDS(evtx_str("TimeSource", server)) });
}

void log_update(sim *s, const char *title)
{
    evtx_field f[] = { evtx_str("updateTitle", title), evtx_guid("updateGuid", sim_guid(s)),
                       evtx_u32("updateRevisionNumber", rng_range(&s->r, 100, 210)),
                       evtx_guid("serviceGuid", "{9482f4b4-e343-43b6-b170-9a65bc822c77}") };
    pen(s, CH_SYSTEM,
        &(evtx_out){ .provider = "Microsoft-Windows-WindowsUpdateClient",
                     .guid = "{945a8954-c147-4acd-923f-40c45405a658}",
                     .id = 19,
                     .version = s->h->nt >= NT_62,
                     .level = 4,
                     .task = 1,
                     .opcode = 13,
                     .keywords = 0x8000000000000018,
                     .pid = s->svchost_pid,
                     .tid = 3192,
                     .user = "S-1-5-18",
                     .fields = f,
                     .field_count = s->h->nt >= NT_62 ? 4 : 3 });
}
