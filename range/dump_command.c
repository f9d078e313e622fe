#include "range/dump_write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const machines[] = { "x86", "pae", "x64" };
static const struct { const char *name; dump_kind kind; } kinds[] = { { "complete", DUMP_COMPLETE }, { "kernel", DUMP_KERNEL }, { "small", DUMP_SMALL },
    { "bitmap-complete", DUMP_BITMAP_COMPLETE }, { "bitmap-kernel", DUMP_BITMAP_KERNEL }, { "automatic", DUMP_AUTOMATIC }, { "live-kernel", DUMP_LIVE_KERNEL }, { "live-kernel-user", DUMP_LIVE_KERNEL_USER },
    { "live-complete", DUMP_LIVE_COMPLETE } };

static bool read_kind(const char *text, dump_machine *machine, dump_kind *kind)
{
    for (size_t m = 0; m < sizeof machines / sizeof *machines; m++) {
        size_t n = strlen(machines[m]);
        if (strncmp(text, machines[m], n) != 0 || text[n] != '-')
            continue;
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            if (strcmp(text + n + 1, kinds[k].name) == 0) {
                *machine = (dump_machine)m;
                *kind = kinds[k].kind;
                return true;
            }
        }
    }
    return false;
}

/* A worm's children at work on the host, and the driver that stopped it. */
static void add_intruder(dump_plan *p)
{
    static const char windows[] = "\\Device\\HarddiskVolume1\\Windows\\";
    moment at = p->crashed - 3 * MOMENT_HOUR;
    dump_add_process(p, 2212, 604, arena_printf(p->mem, "%sTemp\\svchost.exe", windows), "C:\\Windows\\Temp\\svchost.exe -o stratum+tcp://pool.minexmr.com:4444 -u 44abc -p x", at);
    dump_add_process(p, 2300, 2212, arena_printf(p->mem, "%sSystem32\\cmd.exe", windows), "cmd.exe /c net user guest Str0ngSecret! /add", at + MOMENT_MINUTE);
    dump_add_driver(p, "\\??\\C:\\Windows\\Temp\\WinRing0x64.sys", 0x8000, 0x488c8cbe);
}

typedef struct { dump_machine machine; dump_kind kind; nt_version nt; unsigned build; uint64_t memory; bool large, user, intruder; const char *computer, *out; } wanted;

static bool read_options(int count, char **list, wanted *w, const char **wrong)
{
    for (int i = 3; i < count; i++) {
        *wrong = list[i];
        char *end = NULL;
        const char *value = i + 1 < count ? list[i + 1] : NULL;
        if (strcmp(list[i], "--large-pages") == 0)
            w->large = true;
        else if (strcmp(list[i], "--user-pages") == 0)
            w->user = true;
        else if (strcmp(list[i], "--intruder") == 0)
            w->intruder = true;
        else if (!value)
            return false;
        else if (strcmp(list[i], "-o") == 0)
            w->out = list[++i];
        else if (strcmp(list[i], "--computer") == 0)
            w->computer = list[++i];
        else if (strcmp(list[i], "--os") == 0) {
            if (!nt_parse(list[++i], &w->nt))
                return false;
        } else if (strcmp(list[i], "--build") == 0 || strcmp(list[i], "--memory") == 0) {
            errno = 0;
            unsigned long long n = strtoull(value, &end, 10);
            if (errno || end == value || *end || n > 1u << 20)
                return false;
            if (list[i++][2] == 'b')
                w->build = (unsigned)n;
            else
                w->memory = n << 20;
        } else
            return false;
    }
    return true;
}

int dump_command(int count, char **list)
{
    wanted w = { .nt = NT_61 };
    const char *wrong = "--dump";
    bool ok = count > 2 && (wrong = list[2]) && read_kind(list[2], &w.machine, &w.kind) && read_options(count, list, &w, &wrong);
    if (!ok || !w.out) {
        if (ok)
            fprintf(stderr, "suyuan-range: a dump needs -o FILE\n");
        else
            fprintf(stderr, "suyuan-range: what is '%s'? --help tells the switches\n", wrong);
        return 2;
    }
    arena mem;
    arena_init(&mem, 0);
    dump_plan p;
    dump_plan_new(&mem, w.machine, w.kind, w.nt, moment_from_unix(1589170210, 0), &p);
    p.build = w.build ? w.build : p.build;
    p.memory = w.memory;
    p.large_pages = w.large;
    p.user_pages = w.user;
    p.computer = w.computer;
    if (w.intruder)
        add_intruder(&p);
    dump_place(&p);
    p.at = dump_address(&p, "srv.sys", 0x2f1a4);
    p.exception = 0xc0000005;
    p.parameters[0] = w.machine == DUMP_X64 ? 0xfffffa8012345000 : 0x86123450;
    p.parameters[1] = 1;
    p.parameters[2] = p.at;
    p.callers[p.caller_count++] = dump_address(&p, "srv.sys", 0x2f300);
    p.callers[p.caller_count++] = dump_address(&p, "srvnet.sys", 0x1200);
    p.callers[p.caller_count++] = dump_address(&p, "ntoskrnl.exe", 0x3080);
    status st = dump_write(&p, w.out);
    dump_plan_done(&p);
    arena_done(&mem);
    if (!status_is_ok(st))
        fprintf(stderr, "suyuan-range: %s\n", st.words);
    return status_is_ok(st) ? 0 : 1;
}
