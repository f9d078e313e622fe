/* Rolls a scenario: who stops, when, by which code, and what of it was delivered. */
#include "range/crash.h"

const char *const crash_scenarios[CRASH_SCENARIOS + 1] = { "smb-attack", "miner-driver", "bad-memory",  "new-driver",    "update",       "power-cut", "operator",
                                                           "two-causes", "one-host",     "before-attack", "logs-cleared", "dump-only", NULL };

#define MINUTES(n) ((moment)(n) * MOMENT_MINUTE)
#define VENDOR "\\SystemRoot\\system32\\DRIVERS\\"
#define SRV "\\SystemRoot\\System32\\DRIVERS\\srv.sys"
#define MINER_DRIVER "\\??\\C:\\Windows\\Temp\\WinRing0x64.sys"

static bool with_dumps(const world *w) { return (w->seed & 1) == 0; }
static bool with_hives(const world *w) { return !w->sw.no_hives; }

void crash_scene(switches *sw)
{
    static const nt_version systems[] = { NT_60, NT_61, NT_63, NT_100, NT_61 };
    crash_scenario what = (crash_scenario)sw->crash;
    bool attack = what == CRASH_SMB_ATTACK || what == CRASH_ONE_HOST || what == CRASH_BEFORE_ATTACK || what == CRASH_LOGS_CLEARED;
    bool several = what == CRASH_SMB_ATTACK || what == CRASH_POWER_CUT || (what == CRASH_UPDATE && sw->seed % 3 == 0);
    sw->no_attack = !attack;
    sw->entry = sw->entry == BY_SEED ? WAY_EXPLOIT : sw->entry;
    sw->hosts = sw->hosts == BY_SEED ? (what == CRASH_POWER_CUT && sw->seed % 4 == 3 ? 1 : several ? 2 + (int)(sw->seed % 3) : 1) : sw->hosts;
    if (what == CRASH_TWO_CAUSES && sw->seed % 3 == 2)
        sw->hosts = 2;
    sw->days = sw->days == BY_SEED ? 20 : sw->days;
    sw->size = sw->size > 0 ? sw->size : 1.2 * sw->hosts;
    sw->undelivered = sw->cleared = sw->rolled = sw->audit_off = sw->renamed = sw->overlap = sw->source_empty = sw->scene = 0;
    sw->intruders = 1;
    sw->clock_given = true;
    sw->clock_off = 0;
    if (sw->language == BY_SEED)
        sw->language = (int)(sw->seed / 3 % 2);
    if (!sw->os_count)
        sw->os[sw->os_count++] = systems[sw->seed / 2 % 5];
    sw->no_hives |= what == CRASH_DUMP_ONLY || (sw->seed / 2) % 2 == 0;
}

bool crash_keeps(const world *w, channel_id c)
{
    (void)c;
    return w->sw.crash != CRASH_DUMP_ONLY;
}

/* ---- What a code says ---- */

static uint64_t somewhere(rng *r) { return 0xfffffa8000000000ull + rng_below(r, 0x10000000) * 16; }

static void set_code(world *w, crash_stop *c, rng *r, unsigned code)
{
    dump_plan p;
    arena mem;
    c->code = code;
    arena_init(&mem, 0);
    crash_plan_dump(w, c, &mem, &p);
    uint64_t at = p.at ? p.at : dump_address(&p, "ntoskrnl.exe", 0x7a3c0), data = somewhere(r), *to = c->parameters;
    dump_plan_done(&p);
    arena_done(&mem);
    to[0] = data;
    to[1] = 2;
    to[2] = 0;
    to[3] = at;
    switch (code) {
    case 0x50: to[1] = 0; to[2] = at; to[3] = 0; break;
    case 0x7e: to[0] = 0xffffffffc0000005ull; to[1] = at; to[2] = somewhere(r); to[3] = somewhere(r); break;
    case 0x1e: to[0] = 0xffffffffc0000005ull; to[1] = at; to[3] = data; break;
    case 0x3b: to[0] = 0xc0000005; to[1] = at; to[2] = somewhere(r); to[3] = 0; break;
    case 0x19: to[0] = 0x20; to[1] = data; to[2] = data + 0x420; to[3] = 0x5420006; break;
    case 0xc2: to[0] = 7; to[1] = 0x1097; to[2] = 0x4430004; to[3] = data; break;
    case 0x1a: to[0] = 0x41790; to[1] = data; to[2] = 0xffff; to[3] = 0; break;
    case 0x124: to[0] = 0; to[1] = data; to[2] = 0xb2000000; to[3] = 0x00070f0f; break;
    case 0x9c: to[0] = 0; to[1] = data; to[2] = 0xb2000000; to[3] = 0x00070f0f; break;
    case 0xe2: case 0x80: to[0] = code == 0x80 ? 0x4f4454 : 0; to[1] = to[2] = to[3] = 0; break;
    case 0x4d: to[0] = 0x1d3; to[1] = 0x1d3; to[2] = 1; to[3] = 0x12; break;
    default: break;
    }
}

static crash_stop *add(world *w, int host, moment at, rng *r)
{
    crash_stop *c = vec_push(&w->stops);
    *c = (crash_stop){ .host = host, .at = at, .back = at + MINUTES(2) + rng_below(r, MINUTES(5)), .dumped = with_dumps(w), .small = w->seed % 8 >= 4 };
    return c;
}

static void settle(crash_stop *c, const char *causes, bool decidable, const char *why)
{
    c->causes = causes;
    c->decidable = decidable;
    c->why = why;
}

static unsigned pick(rng *r, const unsigned *codes, size_t count) { return codes[rng_below(r, count)]; }
#define PICK(r, ...) pick(r, (const unsigned[]){ __VA_ARGS__ }, sizeof (const unsigned[]){ __VA_ARGS__ } / sizeof(unsigned))

/* ---- Scenarios ---- */

static void smb_attack(world *w, rng *r)
{
    for (int i = 0; i < w->delivered; i++) {
        host *h = &w->hosts[i];
        moment t = w->steps[h->step].success + MINUTES(20) + rng_below(r, MINUTES(40));
        crash_stop *c = add(w, i, w->delivered == 1 ? t : w->steps[w->step_count - 1].success + MINUTES(15) + rng_below(r, MINUTES(25)), r);
        c->driver = rng_chance(r, 70) ? SRV : "\\SystemRoot\\System32\\DRIVERS\\srvnet.sys";
        set_code(w, c, r, PICK(r, 0x50, 0xd1, 0x7e, 0x19, 0xc2));
        c->in_callers = c->code == 0x19 || c->code == 0xc2;
        bool shown = c->dumped || w->delivered > 1;
        settle(c, "attack", shown, shown ? "hostile acts before it, on each host that fell, or the module in its dump" : "of one host alone, its code and what ran before it do not tell an attack from a bad driver");
    }
}

static void miner_driver(world *w, rng *r)
{
    crash_stop *c = add(w, 0, w->to - MOMENT_DAY * 2 - rng_below(r, MOMENT_DAY), r);
    c->driver = MINER_DRIVER;
    c->miner = true;
    set_code(w, c, r, PICK(r, 0xd1, 0x3b, 0x7e, 0x50));
    bool logged = w->hosts[0].nt != NT_60 || w->hosts[0].audits.services;
    settle(c, "malware", c->dumped || logged || with_hives(w), c->dumped || logged ? "a driver in the folder of temporary files was installed, or is at fault in the dump" : "nothing delivered names the driver");
}

static void bad_memory(world *w, rng *r)
{
    moment t = w->to - MOMENT_DAY * 2 - rng_below(r, MOMENT_DAY);
    bool reports = w->seed % 3 != 2;
    for (int i = 0; i < 3; i++) {
        crash_stop *c = add(w, 0, t - (moment)(2 - i) * MINUTES(60 * 31), r);
        static const char *const victims[] = { VENDOR "e1q62x64.sys", "\\SystemRoot\\System32\\Drivers\\Ntfs.sys", NULL };
        c->driver = victims[i];
        c->memory_errors = reports ? 2 + 3 * i : 0;
        c->fatal = reports && i == 2;
        c->tested = w->seed % 3 == 1 && i == 2;
        set_code(w, c, r, (const unsigned[]){ 0x50, 0x24, 0x1a }[i]);
        if (reports && i == 2)
            set_code(w, c, r, PICK(r, 0x124, 0x1a, 0x9c));
        bool shown = c->fatal || c->tested || c->memory_errors >= 5;
        settle(c, "hardware", shown, shown ? "the hardware reported its errors" : "ever another code and module is a hint, no more");
    }
}

static void new_driver(world *w, rng *r)
{
    crash_stop *c = add(w, 0, w->to - MOMENT_DAY * 2 - rng_below(r, MOMENT_DAY), r);
    c->driver = VENDOR "bxvbda.sys";
    c->driver_new = w->seed % 4 != 3;
    set_code(w, c, r, PICK(r, 0xd1, 0x7e, 0x0a, 0x3b));
    bool shown = c->dumped || c->driver_new;
    settle(c, "driver", shown, shown ? "its installation hours before, or the module in the dump" : "a code that many things make");
}

static void update(world *w, rng *r)
{
    moment t = w->to - MOMENT_DAY * 2 - rng_below(r, MOMENT_HOUR);
    for (int i = 0; i < w->delivered; i++) {
        crash_stop *c = add(w, i, t + (moment)i * MINUTES(17), r);
        c->updated = true;
        set_code(w, c, r, PICK(r, 0x7e, 0x50, 0x3b, 0x7b));
        settle(c, "update", true, "the first start after the update ended in it");
    }
}

static void power_cut(world *w, rng *r)
{
    moment t = w->to - MOMENT_DAY * 2 - rng_below(r, MOMENT_DAY);
    bool told = w->seed % 2 == 0;
    for (int i = 0; i < w->delivered; i++) {
        crash_stop *c = add(w, i, t + (moment)i * 3 * MOMENT_SECOND, r);
        c->back = t + MINUTES(rng_range(r, 6, 20));
        c->dumped = false;
        c->supply = told;
        bool shown = told || w->delivered > 1;
        settle(c, "power", shown, shown ? "several hosts within seconds and no code, or the supply told of it" : "one host that stopped without a word");
    }
}

static void operator_reset(world *w, rng *r)
{
    crash_stop *c = add(w, 0, w->to - MOMENT_DAY * 2 - rng_below(r, MOMENT_DAY), r);
    unsigned kind = (unsigned)(w->seed % 3);
    bool reset = kind == 0 && w->hosts[0].nt != NT_60;
    if (reset) {
        c->button = true;
        c->dumped = false;
    } else if (kind == 1) {
        c->nmi = true;
        set_code(w, c, r, 0x80);
    } else
        set_code(w, c, r, 0xe2);
    bool shown = reset || c->code == 0xe2 || with_hives(w);
    settle(c, "operator", shown, shown ? "the button, its setting, or a code that only a person makes" : "without the setting the code may be the hardware's");
}

static void two_causes(world *w, rng *r)
{
    moment t = w->to - MOMENT_DAY * 2 - rng_below(r, MOMENT_DAY);
    crash_stop *c = add(w, 0, t, r);
    if (w->delivered == 2) {                       /* of two hosts, each its own, minutes apart */
        c->fatal = true;
        c->memory_errors = 8;
        set_code(w, c, r, 0x124);
        settle(c, "hardware", true, "the hardware reported it");
        crash_stop *other = add(w, 1, t + MINUTES(4), r);
        other->driver = VENDOR "bxvbda.sys";
        other->driver_new = true;
        set_code(w, other, r, 0xd1);
        settle(other, "driver", true, "its installation hours before, or the module in the dump");
        return;
    }
    /* A miner brings its driver and heats the processor until the firmware stops the machine. */
    c->miner = c->heat = true;
    c->dumped = false;
    bool logged = w->hosts[0].nt != NT_60 || w->hosts[0].audits.services || with_hives(w);
    settle(c, logged ? "malware,hardware" : "hardware", true, "it was shut down by heat, and the miner that made it came with a driver");
}

static void before_attack(world *w, rng *r)
{
    crash_stop *c = add(w, 0, w->from + MOMENT_DAY * 2 + rng_below(r, MOMENT_DAY), r);
    c->driver = VENDOR "bxvbda.sys";
    c->driver_new = w->seed % 4 >= 2;
    set_code(w, c, r, PICK(r, 0x50, 0xd1, 0x7e));
    bool shown = c->dumped || c->driver_new;
    settle(c, "driver", shown, shown ? "its installation hours before, or the module in the dump" : "a code that many things make, weeks before the attack");
}

static void logs_cleared(world *w, rng *r)
{
    smb_attack(w, r);
    for (size_t i = 0; i < w->stops.count; i++) {
        crash_stop *c = vec_at(&w->stops, i);
        c->small = false;
        settle(c, "attack", c->dumped && with_hives(w), c->dumped ? "the module in its dump, and what the intruder left" : "the logs of it were cleared, and no dump was delivered");
    }
}

static void dump_only(world *w, rng *r)
{
    static const struct { const char *driver; unsigned code; const char *causes; bool decidable; } kinds[] = {
        { VENDOR "bxvbda.sys", 0xd1, "driver", true },
        { VENDOR "klif.sys", 0x7e, "antivirus", true },
        { MINER_DRIVER, 0x3b, "malware", true },
        { SRV, 0x50, "attack", false },
        { NULL, 0x0a, "driver", false },
        { NULL, 0x124, "hardware", true },
    };
    size_t k = (size_t)(w->seed % 6);
    crash_stop *c = add(w, 0, w->to - MOMENT_DAY * 2 - rng_below(r, MOMENT_DAY), r);
    c->dumped = true;
    c->driver = kinds[k].driver;
    set_code(w, c, r, kinds[k].code);
    settle(c, kinds[k].causes, kinds[k].decidable, kinds[k].decidable ? "the module at fault, or a code that one thing makes" : "the dump alone does not say who made it so");
}

void crash_roll(world *w, rng *r)
{
    static void (*const scenes[CRASH_SCENARIOS])(world *, rng *) = { smb_attack, miner_driver,  bad_memory, new_driver,    update,       power_cut, operator_reset,
                                                                     two_causes, smb_attack,    before_attack, logs_cleared, dump_only };
    for (int i = 0; i < w->host_count; i++) {
        w->hosts[i].crash_at = w->hosts[i].reboot_at = w->hosts[i].power_cut_at = w->hosts[i].patch_at = MOMENT_UNKNOWN;
    }
    scenes[w->sw.crash](w, r);
}
