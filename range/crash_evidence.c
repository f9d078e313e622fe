/* What a scenario leaves beside the logs: dumps, and what hives keep; and the truth about it. */
#include "range/crash.h"

#include <errno.h>
#include <sys/stat.h>

static bool ends_so(const char *path, const char *name)
{
    size_t n = strlen(path), k = strlen(name);
    return n >= k && strcmp(path + n - k, name) == 0;
}

static const char *file_of(const char *path)
{
    const char *name = path;
    for (const char *p = path; *p; p++)
        name = *p == '\\' ? p + 1 : name;
    return name;
}

void crash_plan_dump(world *w, const crash_stop *c, arena *mem, dump_plan *out)
{
    const host *h = &w->hosts[c->host];
    dump_plan_new(mem, DUMP_X64, c->small ? DUMP_SMALL : h->nt >= NT_62 ? DUMP_BITMAP_KERNEL : DUMP_KERNEL, h->nt, c->at, out);
    out->uptime = (3 + (w->seed + (uint64_t)c->host) % 20) * MOMENT_DAY;
    out->code = c->code;
    memcpy(out->parameters, c->parameters, sizeof c->parameters);
    bool there = false;
    for (size_t i = 0; c->driver && i < out->drivers.count; i++)
        there |= ends_so(((dump_driver *)vec_at(&out->drivers, i))->path, file_of(c->driver));
    if (c->driver && !there)
        dump_add_driver(out, c->driver, 0x2e000, 0x4a5bc000 + (uint32_t)(w->seed % 4096) * 86400 / 16);
    dump_place(out);
    if (c->driver) {
        uint64_t at = dump_address(out, file_of(c->driver), 0x14a20);
        if (!at)
            at = dump_address(out, file_of(c->driver), 0x1420);
        if (!c->in_callers)
            out->at = at;
        out->callers[out->caller_count++] = at + 0x30;
    }
    out->callers[out->caller_count++] = dump_address(out, "ntoskrnl.exe", 0x3080);
    if (c->code == 0x7e || c->code == 0x1e || c->code == 0x3b)
        out->exception = 0xc0000005;
}

static status folder(const char *path)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST ? status_ok() : status_fail(STATUS_IO, "%s: %s", path, strerror(errno));
}

status crash_dumps(world *w, host *h, arena *mem)
{
    const char *at = arena_printf(mem, "%s/hosts/%s", w->sw.out, h->name);
    unsigned number = 0;
    for (size_t i = 0; i < w->stops.count; i++) {
        const crash_stop *c = vec_at(&w->stops, i);
        if (c->host != h->index || !c->dumped || !c->code)
            continue;
        const char *const folders[] = { "", "/C", "/C/Windows", "/C/Windows/Minidump" };
        status st = status_ok();
        for (size_t k = 0; k < 4 && status_is_ok(st); k++)
            st = folder(arena_printf(mem, "%s%s", at, folders[k]));
        if (!status_is_ok(st))
            return st;
        char day[MOMENT_TEXT];
        moment_iso(c->at, day);
        dump_plan p;
        crash_plan_dump(w, c, mem, &p);
        /* A complete or kernel dump is overwritten by the next one; small ones stay. */
        bool last = true;
        for (size_t k = i + 1; k < w->stops.count; k++)
            last &= ((const crash_stop *)vec_at(&w->stops, k))->host != c->host;
        if (c->small || last)
            st = dump_write(&p, c->small ? arena_printf(mem, "%s/C/Windows/Minidump/%.2s%.2s%.2s-%05u-%02u.dmp", at, day + 5, day + 8, day + 2, 14000 + number * 137, 1u)
                                         : arena_printf(mem, "%s/C/Windows/MEMORY.DMP", at));
        number++;
        dump_plan_done(&p);
        if (!status_is_ok(st))
            return st;
    }
    return status_ok();
}

void crash_hives(estate *e)
{
    for (size_t i = 0; i < e->w->stops.count; i++) {
        const crash_stop *c = vec_at(&e->w->stops, i);
        if (c->host != e->h->index)
            continue;
        if (c->nmi)
            hive_dword(e->hives[HIVE_SYSTEM], hive_at(e->hives[HIVE_SYSTEM], e->control, "CrashControl"), "NMICrashDump", 1);
        if (c->miner)
            host_service(e, "WinRing0_1_2_0", 1, 3, "\\??\\C:\\Windows\\Temp\\WinRing0x64.sys", NULL, "WinRing0_1_2_0", host_clock(e, c->at - 3 * MOMENT_HOUR));
        else if (c->driver && ends_so(c->driver, "bxvbda.sys"))
            host_service(e, "b06bdrv", 1, 3, "System32\\DRIVERS\\bxvbda.sys", NULL, "Broadcom NetXtreme II VBD", host_clock(e, c->driver_new ? c->at - 10 * MOMENT_HOUR : e->installed));
    }
}

static void time_of(json_writer *j, const char *key, moment t)
{
    char text[MOMENT_TEXT];
    json_key(j, key);
    json_text(j, moment_iso(t, text));
}

void crash_truth(const world *w, json_writer *j)
{
    json_key(j, "crash_causes");
    json_object(j);
    json_key(j, "scenario");
    json_text(j, crash_scenarios[w->sw.crash]);
    json_key(j, "stops");
    json_array(j);
    for (size_t i = 0; i < w->stops.count; i++) {
        const crash_stop *c = vec_at(&w->stops, i);
        json_object(j);
        json_key(j, "host");
        json_text(j, w->hosts[c->host].name);
        time_of(j, "time", c->at);
        json_key(j, "code");
        if (c->code)
            json_text(j, arena_printf(w->mem, "0x%08x", c->code));
        else
            json_null(j);
        json_key(j, "dump");
        json_bool(j, c->dumped && c->code);
        json_key(j, "causes");
        json_text(j, c->causes);
        json_key(j, "decidable");
        json_bool(j, c->decidable);
        json_key(j, "why");
        json_text(j, c->why);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
}
