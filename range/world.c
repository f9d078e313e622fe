/* Rolls a world: what the switches do not say, the number decides. */
#include "range/crash.h"

#include <stdio.h>

#define MINUTES(n) ((moment)(n)*MOMENT_MINUTE)

static bool said_or(int said, rng *r, unsigned percent)
{
    bool roll = rng_chance(r, percent);
    return said == BY_SEED ? roll : said != 0;
}
static int number_or(int said, rng *r, int from, int to)
{
    int roll = (int)rng_range(r, (uint64_t)from, (uint64_t)to);
    return said == BY_SEED ? roll : said;
}

static const char *random_letters(world *w, rng *r, unsigned n, bool capitals)
{
    char *out = arena_alloc(w->mem, n + 1);
    for (unsigned i = 0; i < n; i++)
        out[i] = (char)((capitals || rng_chance(r, 50) ? 'A' : 'a') + (int)rng_below(r, 26));
    return out;
}

/* Addresses of the world outside are those that RFC 5737 keeps for documents: they belong to nobody. */
static const char *outside_address(world *w, rng *r)
{
    static const char *const nets[] = { "203.0.113.", "198.51.100.", "192.0.2." };
    return arena_printf(w->mem, "%s%u", rng_pick(r, nets), (unsigned)rng_range(r, 2, 250));
}

static const char *outside_workstation(world *w, rng *r)
{
    switch (rng_below(r, 4)) {
    case 0:
        return "";
    case 1:
        return arena_printf(w->mem, "WIN-%s", random_letters(w, r, 11, true));
    case 2:
        return random_letters(w, r, 16, false);
    default:
        return arena_printf(w->mem, "DESKTOP-%s", random_letters(w, r, 7, true));
    }
}

static void roll_days(world *w, rng *r)
{
    static const struct {
        int minutes;
        const char *en, *zh, *iso;
    } zones[] = { { 480, "China Standard Time", "中国标准时间", "+08:00" },
                  { 540, "Tokyo Standard Time", "东京标准时间", "+09:00" },
                  { 180, "E. Africa Standard Time", "E. Africa Standard Time", "+03:00" },
                  { 0, "UTC", "协调世界时", "+00:00" } };
    int days = number_or(w->sw.days, r, 4, 10);
    size_t zone = w->seed == 1 || rng_chance(r, 65) ? 0 : rng_below(r, 4);
    w->zone_minutes = zones[zone].minutes;
    w->zone_en = zones[zone].en;
    w->zone_zh = zones[zone].zh;
    w->zone_iso = zones[zone].iso;
    moment local = moment_from_parts((moment_parts){ .year = 2019, .month = 3, .day = 1, .hour = 0 }) + rng_below(r, 640) * MOMENT_DAY
                   + rng_below(r, 24) * MOMENT_HOUR;
    if (w->seed == 1)
        local = moment_from_parts((moment_parts){ .year = 2020, .month = 5, .day = 13, .hour = 18 });
    w->to = local - (moment)((int64_t)w->zone_minutes * (int64_t)MOMENT_MINUTE);
    w->from = w->to - (moment)days * MOMENT_DAY;
    w->scan_first = w->from + rng_below(r, 4 * MOMENT_DAY) + 19 * MOMENT_HOUR;
}

static void roll_neighbours(world *w, rng *r)
{
    const char *net = w->network;
    w->jump = (neighbour){ "JUMP01", arena_printf(w->mem, "%s10", net), "opsadmin" };
    w->scanner = (neighbour){ "VULNSCAN", arena_printf(w->mem, "%s20", net), "scan" };
    w->backup = (neighbour){ "BACKUP01", arena_printf(w->mem, "%s30", net), "svc_backup" };
    w->monitor = (neighbour){ "MONITOR01", arena_printf(w->mem, "%s50", net), "svc_monitor" };
    w->stale = (neighbour){ "REPORT01", arena_printf(w->mem, "%s60", net), "svc_report" };
    for (unsigned i = 0; i < 4; i++)
        w->apps[i] =
            (neighbour){ arena_printf(w->mem, "APP%02u", i + 1), arena_printf(w->mem, "%s%u", net, 41 + i), i % 2 ? "erp" : "webapp" };
    w->domain_joined = w->seed != 1 && rng_chance(r, 35);
    w->domain = w->domain_joined ? "CORP" : "WORKGROUP";
    w->stale_minutes = (unsigned[]){ 10, 15, 30, 60 }[rng_below(r, 4)];
}

static void roll_host(world *w, int i, rng *r, int language, bool one_system, nt_version common, audit audits)
{
    static const nt_version systems[] = { NT_60, NT_61, NT_61, NT_62, NT_63, NT_100 };
    static const char *const roles[] = { "SQLDB", "DBSRV", "ERPDB", "HISDB", "DATA" };
    host *h = &w->hosts[i];
    const char *role = roles[w->seed % 5];
    *h = (host){ .index = i,
                 .delivered = i < w->delivered,
                 .step = -1,
                 .rename_at = MOMENT_UNKNOWN,
                 .clear_at = MOMENT_UNKNOWN,
                 .crash_at = MOMENT_UNKNOWN,
                 .reboot_at = MOMENT_UNKNOWN,
                 .patch_at = MOMENT_UNKNOWN,
                 .power_cut_at = MOMENT_UNKNOWN,
                 .copy_at = MOMENT_UNKNOWN };
    h->ports_at = h->stopped_at = MOMENT_UNKNOWN;
    vec_init(&h->people, sizeof(person));
    vec_init(&h->gone, sizeof(gone_service));
    h->name = arena_printf(w->mem, "%s%02d", role, i + 1);
    h->address = arena_printf(w->mem, "%s%u", w->network, 101 + (unsigned)i * 3);
    h->sid = arena_printf(w->mem, "S-1-5-21-%u-%u-%u", (unsigned)rng_range(r, 300000000, 4200000000u),
                          (unsigned)rng_range(r, 300000000, 4200000000u), (unsigned)rng_range(r, 300000000, 4200000000u));
    nt_version own = rng_pick(r, systems);
    h->nt = w->sw.os_count ? w->sw.os[(size_t)i % w->sw.os_count] : one_system ? common : own;
    h->zh = language == 1 || (language == 2 && i % 2 == 0);
    h->sql = w->seed == 1 || rng_chance(r, 75);
    h->sql_logins = rng_chance(r, 50);
    h->sql_zh = h->zh && rng_chance(r, 50);
    h->has_shell = h->nt >= NT_61 || rng_chance(r, 40);
    h->group_renamed = h->zh && rng_chance(r, 30);
    h->tasks_kept = h->nt <= NT_61 || rng_chance(r, 70);
    h->sessions_kept = w->seed == 1 || rng_chance(r, 85);
    h->admin = "Administrator";
    h->audits = audits;
    if (h->nt == NT_60)
        h->audits.command_lines = false;
    h->security_bytes = 0;
    if (rng_chance(r, 35))
        h->patch_at = w->from + MINUTES(rng_range(r, 600, 1800));
    if (rng_chance(r, 8))
        h->power_cut_at = w->from + MINUTES(rng_range(r, 1900, 2800));
}

static void roll_hosts(world *w, rng *r)
{
    static const nt_version systems[] = { NT_60, NT_61, NT_61, NT_62, NT_63, NT_100 };
    int language = w->sw.language == BY_SEED ? (w->seed == 1 ? 1 : (int)(rng_below(r, 5) * 3 / 5)) : w->sw.language;
    unsigned policy = (unsigned)rng_below(r, 100);
    audit audits = { .logons = true,
                     .accounts = true,
                     .processes = policy >= 30,
                     .command_lines = policy >= 50,
                     .services = policy >= 65,
                     .tasks = policy >= 65,
                     .shares = policy >= 65 };
    bool one = rng_chance(r, 50);
    nt_version common = rng_pick(r, systems);
    if (w->seed == 1)
        audits = (audit){ true, true, true, true, true, true, true };
    if (said_or(w->sw.audit_off, r, w->seed == 1 ? 0 : 8))
        audits = (audit){ 0 };
    w->network = arena_printf(w->mem, "192.168.%u.", w->seed == 1 ? 100 : (unsigned)rng_range(r, 2, 230));
    roll_neighbours(w, r);
    for (int i = 0; i < w->host_count; i++)
        roll_host(w, i, r, language, one, common, audits);
    if (w->seed == 1) { /* the four servers of the field report: two of each Windows Server 2008 */
        static const nt_version four[] = { NT_61, NT_60, NT_61, NT_60 };
        for (int i = 0; i < w->host_count && i < 4; i++) {
            w->hosts[i].address = i == 0 ? "192.168.188.199" : arena_printf(w->mem, "192.168.100.%d", i);
            if (!w->sw.os_count)
                w->hosts[i].nt = four[i];
            w->hosts[i].audits.command_lines = w->hosts[i].nt != NT_60;
            w->hosts[i].has_shell = w->hosts[i].tasks_kept = true;
            w->hosts[i].sql_logins = i % 2 == 0;
            w->hosts[i].power_cut_at = MOMENT_UNKNOWN;
        }
    }
    w->stale_host = (int)rng_below(r, (uint64_t)w->delivered);
}

static void roll_crash(host *h, rng *r, moment at)
{
    static const unsigned codes[] = { 0x50, 0xd1, 0x7e, 0x1e, 0x0a, 0x19, 0xc2 };
    uint64_t kernel = 0xfffff80001600000ull + rng_below(r, 0x500000), driver = 0xfffff88002000000ull + rng_below(r, 0x3000000),
             pool = 0xfffffa8006000000ull + rng_below(r, 0x2000000) * 16;
    h->crash_at = at;
    h->reboot_at = at + MINUTES(2) + rng_below(r, MINUTES(5));
    h->crash_code = rng_pick(r, codes);
    uint64_t p[4] = { pool, 2, 0, driver };
    switch (h->crash_code) {
    case 0x50:
        p[1] = 0;
        p[2] = driver;
        p[3] = 0;
        break;
    case 0x7e:
        p[0] = 0xffffffffc0000005ull;
        p[1] = driver;
        p[2] = driver + 0x1358;
        p[3] = driver + 0xbb0;
        break;
    case 0x1e:
        p[0] = 0xffffffffc0000005ull;
        p[1] = kernel;
        p[2] = 0;
        p[3] = pool;
        break;
    case 0x0a:
        p[3] = kernel;
        break;
    case 0x19:
        p[0] = 0x20;
        p[1] = pool;
        p[2] = pool + 0x420;
        p[3] = 0x5420006;
        break;
    case 0xc2:
        p[0] = 7;
        p[1] = 0x1097;
        p[2] = 0x4430004;
        p[3] = pool;
        break;
    default:
        break;
    }
    memcpy(h->crash_parameters, p, sizeof p);
}

static step *add_step(world *w)
{
    step *st = &w->steps[w->step_count++];
    memset(st, 0, sizeof *st);
    for (int i = 0; i < SHOWS_KINDS; i++)
        vec_init(&st->marks[i], sizeof(mark));
    return st;
}

static void add_left(world *w, int host, left_kind kind, const char *name, const char *what, int intruder)
{
    left *l = vec_push(&w->lefts);
    *l = (left){ .host = host, .kind = kind, .name = name, .what = what, .intruder = intruder, .at = MOMENT_UNKNOWN };
    vec_init(&l->marks, sizeof(mark));
}

static void leave_worm(world *w, int i)
{
    add_left(w, i, LEFT_SERVICE, "Ddriver", NULL, 1);
    add_left(w, i, LEFT_SERVICE, "WebServers", NULL, 1);
    add_left(w, i, LEFT_TASK, "\\Ddrivers", NULL, 1);
    add_left(w, i, LEFT_TASK, "\\WebServers", NULL, 1);
    add_left(w, i, LEFT_TASK, "\\DnsScan", NULL, 1);
    add_left(w, i, LEFT_TASK, "\\Microsoft\\windows\\Bluetooths", NULL, 1);
    add_left(w, i, LEFT_ACCOUNT, "k8h3d", "created", 1);
}

/* When the first tries begin, so that the last of them comes just before the success. */
static void guess_before(step *st, rng *r, bool slow, unsigned least, unsigned most, moment gap)
{
    st->tries = (unsigned)rng_range(r, least, most);
    st->begin = st->success - (slow ? st->tries * gap : st->tries * gap + MINUTES(1));
}

static void first_step(world *w, rng *r, int host, moment success, bool slow, bool source_empty)
{
    step *st = add_step(w);
    st->from = FROM_OUTSIDE;
    st->to = host;
    st->intruder = 1;
    st->address = outside_address(w, r);
    st->workstation = outside_workstation(w, r);
    int rolled = (int)rng_below(r, WAYS);
    st->by = (way)(w->sw.entry == BY_SEED ? (w->seed == 1 ? WAY_RDP : rolled) : w->sw.entry);
    if (st->by == WAY_MSSQL)
        w->hosts[host].sql = true;
    st->success = success;
    st->access = st->by == WAY_EXPLOIT ? ACCESS_EXPLOIT : ACCESS_GUESSED;
    st->account = st->by == WAY_MSSQL ? "sa" : st->by == WAY_EXPLOIT ? NULL : w->hosts[host].admin;
    st->source_shown = st->by == WAY_EXPLOIT ? rng_chance(r, 50) : !source_empty || st->by == WAY_MSSQL || st->by == WAY_RDP;
    if (st->by == WAY_EXPLOIT)
        st->begin = success;
    else if (slow)
        guess_before(st, r, true, 40, 160, MINUTES(rng_range(r, 12, 40)));
    else
        guess_before(st, r, false, w->seed == 1 ? 4200 : 250, w->seed == 1 ? 4400 : 1400, MOMENT_SECOND * rng_range(r, 3, 12) / 4);
    if (st->begin < w->from + MOMENT_HOUR)
        st->begin = w->from + MOMENT_HOUR;
    w->hosts[host].step = w->step_count - 1;
}

/* Number 1 has one step of each kind that leaves a source: SMB guessing, MSSQL guessing, and a password known by then. */
static void next_step(world *w, rng *r, int from, int to, moment success)
{
    step *st = add_step(w);
    host *h = &w->hosts[to];
    unsigned kind = (unsigned)rng_below(r, 100);
    if (w->seed == 1 && w->step_count <= 4)
        kind = (const unsigned[]){ 0, 40, 20, 99, 40 }[w->step_count - 1];
    st->from = from;
    st->to = to;
    st->intruder = 1;
    st->address = w->hosts[from].address;
    st->workstation = w->hosts[from].name;
    st->success = success;
    st->source_shown = true;
    if (kind < 20) {
        st->by = WAY_EXPLOIT;
        st->access = ACCESS_EXPLOIT;
        st->begin = success;
        st->source_shown = rng_chance(r, 60);
    } else if (kind < 35 && h->sql) {
        st->by = WAY_MSSQL;
        st->access = ACCESS_GUESSED;
        st->account = "sa";
        guess_before(st, r, false, 30, 200, MOMENT_SECOND / 2);
    } else if (kind < 70) {
        st->by = WAY_SMB;
        st->access = ACCESS_GUESSED;
        st->account = h->admin;
        guess_before(st, r, false, 25, 220, MOMENT_SECOND / 2);
    } else {
        st->by = WAY_SMB;
        st->access = ACCESS_KNOWN;
        st->account = h->admin;
        st->begin = success;
    }
    h->step = w->step_count - 1;
}

static void second_intruder(world *w, rng *r, moment latest)
{
    int to = (int)rng_below(r, (uint64_t)w->delivered);
    step *st = add_step(w);
    st->from = FROM_OUTSIDE;
    st->to = to;
    st->intruder = 2;
    st->address = outside_address(w, r);
    st->workstation = outside_workstation(w, r);
    st->by = rng_chance(r, 50) ? WAY_RDP : WAY_SMB;
    st->access = ACCESS_GUESSED;
    st->account = w->hosts[to].admin;
    st->source_shown = true;
    st->success = latest - MOMENT_HOUR * rng_range(r, 14, 40);
    guess_before(st, r, false, 200, 800, MOMENT_SECOND);
    add_left(w, to, LEFT_ACCOUNT, "sqladm", "created", 2);
    add_left(w, to, LEFT_TASK, "\\SysUpdate", NULL, 2);
}

static void roll_attack(world *w, rng *r)
{
    bool slow = said_or(w->sw.slow, r, w->seed == 1 ? 0 : 12), empty = said_or(w->sw.source_empty, r, w->seed == 1 ? 0 : 15);
    bool dark_first = w->host_count > w->delivered && rng_chance(r, 50);
    int order[HOSTS_MOST], count = w->host_count;
    moment t = w->to - MOMENT_HOUR * rng_range(r, 26, 40) - rng_below(r, MOMENT_HOUR);
    if (w->seed == 1)
        t = moment_from_parts(
            (moment_parts){ .year = 2020, .month = 5, .day = 12, .hour = 0, .minute = 29, .second = 31, .ticks = 4180000 });
    for (int i = 0; i < count; i++)
        order[i] = i;
    for (int i = count - 1; i > 0 && w->seed != 1; i--) {
        int j = (int)rng_below(r, (uint64_t)i + 1), keep = order[i];
        order[i] = order[j];
        order[j] = keep;
    }
    for (int i = 0; i < count; i++) { /* whether a dark host comes first was decided above */
        bool dark = order[i] >= w->delivered;
        if (dark == dark_first) {
            int keep = order[0];
            order[0] = order[i];
            order[i] = keep;
            break;
        }
    }
    first_step(w, r, order[0], t, slow, empty);
    for (int i = 1; i < count; i++) {
        int parent = order[rng_chance(r, 55) ? i - 1 : (int)rng_below(r, (uint64_t)i)];
        moment after = w->steps[w->hosts[parent].step].success;
        t = (after > t ? after : t) + MINUTES(rng_range(r, 12, 60)) + rng_below(r, MOMENT_MINUTE);
        if (w->seed == 1) {
            static const uint64_t seconds[] = { 0, 31 * 60 + 6, 77 * 60 + 48, 158 * 60 + 42 }; /* the last at 11:08:13 */
            static const int parents[] = { 0, 0, 1, 0 };
            if (i < 4) {
                parent = parents[i];
                t = w->steps[0].success + seconds[i] * MOMENT_SECOND;
            }
        }
        next_step(w, r, parent, order[i], t);
    }
    for (int i = 0; i < count; i++)
        leave_worm(w, i);
    moment crash = t + MINUTES(rng_range(r, 20, 150));
    if (w->seed == 1)
        crash = moment_from_parts((moment_parts){ .year = 2020, .month = 5, .day = 12, .hour = 4, .minute = 5, .second = 10 });
    for (int i = 0; i < count; i++) {
        bool falls = w->seed == 1 || rng_chance(r, 85);
        moment at = crash + (i ? rng_below(r, MINUTES(28)) : 0);
        if (w->seed == 1 && i == 1)
            at = crash + MINUTES(10) + 23 * MOMENT_SECOND;
        if (falls)
            roll_crash(&w->hosts[order[i]], r, at);
    }
    if (said_or(w->sw.intruders == BY_SEED ? BY_SEED : w->sw.intruders > 1, r, w->seed == 1 ? 0 : 10))
        second_intruder(w, r, w->steps[0].begin);
}

static void roll_troubles(world *w, rng *r)
{
    bool cleared = said_or(w->sw.cleared, r, w->seed == 1 ? 0 : 12), rolled = said_or(w->sw.rolled, r, w->seed == 1 ? 0 : 12),
         renamed = said_or(w->sw.renamed, r, w->seed == 1 ? 0 : 12);
    bool overlap = said_or(w->sw.overlap, r, w->seed == 1 ? 0 : 15);
    int off = (int)rng_range(r, 1, 10) * (rng_chance(r, 50) ? 1 : -1);
    bool has_off = rng_chance(r, w->seed == 1 ? 0 : 15);
    int first = w->step_count ? w->steps[0].to : 0, one = (int)rng_below(r, (uint64_t)w->delivered);
    if (w->sw.clock_given) {
        off = w->sw.clock_off;
        has_off = off != 0;
    }
    if (has_off)
        w->hosts[one].clock_off = (int64_t)off * (int64_t)MOMENT_HOUR;
    if (cleared && w->step_count && first < w->delivered)
        w->hosts[first].clear_at = w->steps[0].success + MINUTES(rng_range(r, 40, 100));
    if (rolled) {
        host *h = &w->hosts[first < w->delivered ? first : one];
        double after =
            w->step_count ? (double)((w->to - w->steps[0].success) / MOMENT_SECOND) / (double)((w->to - w->from) / MOMENT_SECOND) : 0.3;
        h->security_bytes = 4096 + 65536 * (1 + (uint64_t)(w->bytes_per_host * 0.5 * after * 0.6 / 65536));
    }
    if (renamed) {
        host *h = &w->hosts[(int)rng_below(r, (uint64_t)w->delivered)];
        h->later_name = arena_printf(w->mem, "%sX", h->name);
        h->rename_at = w->from + (w->to - w->from) / 5 + rng_below(r, MOMENT_HOUR);
    }
    if (overlap) {
        host *h = &w->hosts[(int)rng_below(r, (uint64_t)w->delivered)];
        h->overlap = true;
        h->copy_at = w->from + (w->to - w->from) * rng_range(r, 40, 90) / 100;
    }
}

status world_make(arena *mem, const switches *sw, world **out)
{
    world *w = arena_alloc(mem, sizeof *w);
    rng r = rng_of(sw->seed, "world", 0), attack = rng_of(sw->seed, "attack", 0), trouble = rng_of(sw->seed, "trouble", 0),
        scenario = rng_of(sw->seed, "crash", 0);
    *out = w;
    w->mem = mem;
    w->sw = *sw;
    if (sw->crash != BY_SEED)
        crash_scene(&w->sw);
    w->seed = sw->crash == BY_SEED ? sw->seed : sw->seed + 10080;        /* number 1 is the field report's incident; 10080 keeps all small remainders */
    vec_init(&w->lefts, sizeof(left));
    vec_init(&w->passing, sizeof(passing));
    vec_init(&w->planted, sizeof(planted));
    vec_init(&w->secrets, sizeof(secret));
    vec_init(&w->exposed, sizeof(exposed));
    vec_init(&w->accounts, sizeof(sam_account));
    vec_init(&w->states, sizeof(host_state));
    vec_init(&w->stops, sizeof(crash_stop));
    if (w->seed == 1 && sw->crash == BY_SEED) {
        w->sw.days = sw->days == BY_SEED ? 21 : sw->days;
        w->sw.hosts = sw->hosts == BY_SEED ? 4 : sw->hosts;
        w->sw.undelivered = sw->undelivered == BY_SEED ? 0 : sw->undelivered;
        w->sw.size = sw->size > 0 ? sw->size : 160;
    }
    w->delivered = number_or(w->sw.hosts, &r, 2, 6);
    unsigned dark = (unsigned)rng_below(&r, 100);
    w->host_count = w->delivered + (w->sw.undelivered == BY_SEED ? (dark < 65 ? 0 : dark < 90 ? 1 : 2) : w->sw.undelivered);
    if (w->delivered < 1 || w->host_count > HOSTS_MOST)
        return status_fail(STATUS_BAD_INPUT, "between 1 and %d hosts, those not delivered included", HOSTS_MOST);
    double size = w->sw.size > 0 ? w->sw.size : 5 + (double)rng_below(&r, 9);
    w->bytes_per_host = size * 1e6 / w->delivered;
    roll_days(w, &r);
    roll_hosts(w, &r);
    if (w->to - w->from < 2 * MOMENT_DAY)
        return status_fail(STATUS_BAD_INPUT, "at least 2 days");
    if (!said_or(w->sw.no_attack, &attack, w->seed == 1 ? 0 : 8))
        roll_attack(w, &attack);
    else if (rng_chance(&attack, 40))
        roll_crash(&w->hosts[0], &attack, w->from + (w->to - w->from) / 2 + rng_below(&attack, MOMENT_HOUR));
    roll_troubles(w, &trouble);
    if (w->sw.crash != BY_SEED)
        crash_roll(w, &scenario);
    return status_ok();
}
