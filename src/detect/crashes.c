/* When did this host crash, stop and start? Bug checks, power losses, the last sign of life, planned restarts, boots.
 *
 * Source    System: WER-SystemErrorReporting and Save Dump 1001, Kernel-Power 41, EventLog 6005 6006 6008 6009,
 *           Kernel-General 12 13, User32 1074 1076; Security 4608.
 * Shapes    6008 has a binary of two SYSTEMTIMEs, local and UTC; its texts are in the language and order of the region. */
#include "detect/detect.h"

#include <stdio.h>
#include <strings.h>

typedef struct {
    const profile_node *halves;
    field param[8], binary, code, p[4], sleep, button, major, minor, build;
} crashes_run;

static status setup(const detect_setup *s, void **out)
{
    crashes_run *run = arena_alloc(s->mem, sizeof *run);
    run->halves = profile_get(profile_root(s->facts, "clocks"), "halves");
    for (unsigned i = 1; i < 8; i++)
        run->param[i] = fields_intern(s->names, arena_printf(s->mem, "param%u", i));
    for (unsigned i = 0; i < 4; i++)
        run->p[i] = fields_intern(s->names, arena_printf(s->mem, "BugcheckParameter%u", i + 1));
    run->binary = fields_intern(s->names, "Binary");
    run->code = fields_intern(s->names, "BugcheckCode");
    run->sleep = fields_intern(s->names, "SleepInProgress");
    run->button = fields_intern(s->names, "PowerButtonTimestamp");
    run->major = fields_intern(s->names, "MajorVersion");
    run->minor = fields_intern(s->names, "MinorVersion");
    run->build = fields_intern(s->names, "BuildVersion");
    *out = run;
    return status_ok();
}

/* The n-th parameter from 1: named paramN by newer manifests, unnamed in older ones. */
static char *parameter(const crashes_run *run, const event *ev, unsigned n, arena *mem)
{
    binxml_value v = event_get(ev, run->param[n]);
    return value_text(value_absent(v) ? event_data(ev, n - 1) : v, mem);
}

/* "0x0000007e (0xc0000005, 0x..., 0x..., 0x...)": up to five numbers. */
static size_t hex_numbers(const char *text, uint64_t out[5])
{
    size_t count = 0;
    while (text && count < 5 && (text = strstr(text, "0x"))) {
        text += 2;
        uint64_t n = 0;
        size_t digits = 0;
        for (; digits < 16; digits++, text++) {
            char c = *text | 32;
            unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
            if (digit == 16)
                break;
            n = n << 4 | digit;
        }
        if (digits)
            out[count++] = n;
    }
    return count;
}

static void put_code(detect_act_builder *a, arena *mem, const uint64_t *numbers, size_t count)
{
    static const char *const names[] = { "p1", "p2", "p3", "p4" };
    detect_fact(a, "code", arena_printf(mem, "0x%08llx", (unsigned long long)(numbers[0] & UINT32_MAX)));
    for (size_t i = 1; i < count && i < 5; i++)
        detect_fact(a, names[i - 1], arena_printf(mem, "0x%016llx", (unsigned long long)numbers[i]));
}

static void bug_check(const crashes_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    uint64_t numbers[5];
    size_t count = hex_numbers(parameter(run, ev, 1, mem), numbers);
    if (count == 0)
        return;
    detect_act_builder *a = detect_act(out, ev, "crash.bugcheck");
    put_code(a, mem, numbers, count);
    detect_fact(a, "dump", parameter(run, ev, 2, mem));
    detect_fact(a, "report", parameter(run, ev, 3, mem));
}

static void power(const crashes_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    detect_act_builder *a = detect_act(out, ev, "crash.power");
    uint64_t numbers[5] = { 0 };
    if (value_u64(event_get(ev, run->code), &numbers[0])) {
        size_t count = 1;
        while (count < 5 && value_u64(event_get(ev, run->p[count - 1]), &numbers[count]))
            count++;
        put_code(a, mem, numbers, count);
    }
    uint64_t pressed;
    if (value_u64(event_get(ev, run->button), &pressed))
        detect_fact(a, "button", pressed ? "yes" : "no");
    uint64_t asleep;
    binxml_value sleep = event_get(ev, run->sleep);
    if (value_u64(sleep, &asleep))
        detect_fact(a, "sleep", asleep ? "yes" : "no");
    else
        detect_fact_value(a, "sleep", sleep);
}

/* Up to four numbers of a localised date or time, whatever stands between them. */
static size_t plain_numbers(const char *text, unsigned out[4])
{
    size_t count = 0;
    while (text && *text && count < 4) {
        if (*text < '0' || *text > '9') {
            text++;
            continue;
        }
        unsigned n = 0;
        for (unsigned digits = 0; *text >= '0' && *text <= '9'; text++, digits++)
            n = digits < 6 ? n * 10 + (unsigned)(*text - '0') : n;
        out[count++] = n;
    }
    return count;
}

static bool has_any(const char *text, const profile_node *words)
{
    for (const profile_node *w = words; w; w = w->next)
        if (strcasestr(text, w->text))
            return true;
    return false;
}

/* The local time that 6008's texts tell. Dates come as Y/M/D, M/D/Y or D/M/Y; where both of the last two are possible, the
 * one that lies less far before `after`, the time of the record, is meant. */
static moment local_of_texts(const crashes_run *run, const char *time, const char *date, moment after)
{
    unsigned t[4] = { 0 }, d[4];
    if (!time || !date || plain_numbers(time, t) < 2 || plain_numbers(date, d) != 3)
        return MOMENT_UNKNOWN;
    bool pm = has_any(time, profile_list(run->halves, "evening")), am = has_any(time, profile_list(run->halves, "morning"));
    if (pm && t[0] < 12)
        t[0] += 12;
    if (am && t[0] == 12)
        t[0] = 0;
    moment best = MOMENT_UNKNOWN;
    static const uint8_t orders[][3] = { { 0, 1, 2 }, { 2, 0, 1 }, { 2, 1, 0 } };      /* where year, month and day stand */
    for (size_t i = 0; i < 3; i++) {
        unsigned year = d[orders[i][0]];
        if (year < 100)
            year += 2000;
        if (year < 1990 || year > 2200)
            continue;
        moment m = moment_from_parts((moment_parts){ .year = (int)year, .month = (int)d[orders[i][1]], .day = (int)d[orders[i][2]],
                                                     .hour = (int)t[0], .minute = (int)t[1], .second = (int)t[2] });
        if (!moment_known(m) || (moment_known(after) && m > after + 15 * MOMENT_HOUR))
            continue;
        if (!moment_known(best) || m > best)
            best = m;
    }
    return best;
}

static char *local_text(moment t, arena *mem)
{
    moment_parts p = moment_to_parts(t);
    return arena_printf(mem, "%04d-%02d-%02dT%02d:%02d:%02d", p.year, p.month, p.day, p.hour, p.minute, p.second);
}

static void unexpected(const crashes_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    detect_act_builder *a = detect_act(out, ev, "crash.unexpected");
    binxml_value binary = event_get(ev, run->binary);
    moment local = moment_from_systemtime(span_part(binary.bytes, 0, 16)), utc = moment_from_systemtime(span_part(binary.bytes, 16, 16));
    if (binary.type == BINXML_BINARY && binary.bytes.len >= 32 && moment_known(local) && moment_known(utc)) {
        int64_t apart = (int64_t)(local - utc), minutes = (apart + (apart < 0 ? -1 : 1) * (int64_t)(MOMENT_MINUTE / 2)) / (int64_t)MOMENT_MINUTE;
        detect_fact_time(a, "stopped", utc);
        detect_fact(a, "local", local_text(local, mem));
        detect_fact(a, "basis", "binary");
        if (minutes >= -14 * 60 && minutes <= 14 * 60) {
            detect_fact(a, "zone_minutes", arena_printf(mem, "%lld", (long long)minutes));
            long long m = minutes < 0 ? -minutes : minutes;
            detect_claim(out, ev, "time-zone", arena_printf(mem, "UTC%c%02lld:%02lld", minutes < 0 ? '-' : '+', m / 60, m % 60), "EventLog 6008", "strong");
        }
        return;
    }
    local = local_of_texts(run, value_text(event_data(ev, 0), mem), value_text(event_data(ev, 1), mem), ev->time);
    if (moment_known(local)) {
        detect_fact(a, "local", local_text(local, mem));
        detect_fact(a, "basis", "text");
    }
}

/* "C:\Windows\system32\svchost.exe (HOST)" names the host behind the process. */
static char *without_host(char *process)
{
    size_t len = process ? strlen(process) : 0;
    char *open = len && process[len - 1] == ')' ? strrchr(process, '(') : NULL;
    if (open && open > process && open[-1] == ' ')
        open[-1] = 0;
    return process;
}

static void planned(const crashes_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    bool after = ev->event_id == 1076;
    detect_act_builder *a = detect_act(out, ev, "boot.planned");
    detect_fact(a, "after", after ? "yes" : NULL);
    if (after) {           /* reason, code, ..., comment, user: what a person said later of an unexpected stop */
        detect_fact(a, "reason", parameter(run, ev, 1, mem));
        detect_fact(a, "comment", parameter(run, ev, 5, mem));
        detect_fact(a, "account", parameter(run, ev, 6, mem));
        return;
    }
    detect_fact(a, "process", without_host(parameter(run, ev, 1, mem)));
    detect_fact(a, "reason", parameter(run, ev, 3, mem));
    detect_fact(a, "code", parameter(run, ev, 4, mem));
    detect_fact(a, "type", parameter(run, ev, 5, mem));
    detect_fact(a, "comment", parameter(run, ev, 6, mem));
    detect_fact(a, "account", parameter(run, ev, 7, mem));
}

/* 6009: "6.01.", "7601", "Service Pack 1", "Multiprocessor Free", "17514". */
static char *system_of(const crashes_run *run, const event *ev, arena *mem)
{
    if (ev->event_id == 6009) {
        char *version = value_text(event_data(ev, 0), mem), *build = value_text(event_data(ev, 1), mem), *pack = value_text(event_data(ev, 2), mem);
        unsigned n[4];
        if (plain_numbers(version, n) < 2 || !build)
            return NULL;
        return arena_printf(mem, "%u.%u.%.32s%s%.64s", n[0], n[1], build, pack && *pack ? " " : "", pack ? pack : "");
    }
    uint64_t major, minor, build;
    if (ev->event_id != 12 || !value_u64(event_get(ev, run->major), &major) || !value_u64(event_get(ev, run->minor), &minor) ||
        !value_u64(event_get(ev, run->build), &build))
        return NULL;
    return arena_printf(mem, "%llu.%llu.%llu", (unsigned long long)major, (unsigned long long)minor, (unsigned long long)build);
}

static void step(const void *data, void *state, const event *ev, detect_log *out)
{
    const crashes_run *run = data;
    (void)state;
    switch (ev->event_id) {
    case 1001: bug_check(run, ev, out); break;
    case 41: power(run, ev, out); break;
    case 6008: unexpected(run, ev, out); break;
    case 1074: case 1076: planned(run, ev, out); break;
    case 6006: case 13: detect_act(out, ev, "boot.stop"); break;
    default: detect_fact(detect_act(out, ev, "boot.start"), "os", system_of(run, ev, detect_scratch(out)));
    }
}

static const detect_want wants[] = {
    { "System", "Microsoft-Windows-WER-SystemErrorReporting", 1001 }, { "System", "BugCheck", 1001 }, { "System", "Save Dump", 1001 },
    { "System", "Microsoft-Windows-Kernel-Power", 41 }, { "System", "EventLog", 6008 }, { "System", "EventLog", 6005 },
    { "System", "EventLog", 6006 }, { "System", "EventLog", 6009 }, { "System", "Microsoft-Windows-Kernel-General", 12 },
    { "System", "Microsoft-Windows-Kernel-General", 13 }, { "System", "User32", 1074 }, { "System", "User32", 1076 },
    { "System", "Microsoft-Windows-Eventlog", 6005 }, { "System", "Microsoft-Windows-Eventlog", 6006 }, { "System", "Microsoft-Windows-Eventlog", 6008 },
    { "System", "Microsoft-Windows-Eventlog", 6009 }, { "Security", NULL, 4608 },
};
const detector detect_crashes = { "crashes", wants, sizeof wants / sizeof *wants, setup, NULL, step, NULL };
