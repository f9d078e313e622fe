#include "made_case.h"

#include "profile/scene.h"

#include <stdio.h>

#define T0 132336435100000000ull      /* 2020-05-11 04:05:10 UTC */

typedef struct { arena *mem; const char *hostile; } maker;

static const char *hurt(const maker *m, const char *text)
{
    return arena_printf(m->mem, "%s%s", text, m->hostile);
}

static sentence say(const maker *m, const char *id, const char *value)
{
    sentence s = { .id = id, .args = arena_array(m->mem, 1, sizeof(arg)), .arg_count = 1 };
    s.args[0] = (arg){ "what", ARG_TEXT, hurt(m, value) };
    return s;
}

static evidence_ref *refer(const maker *m, const char *file, uint64_t record, size_t *count)
{
    evidence_ref *r = arena_array(m->mem, 2, sizeof *r);
    r[0] = (evidence_ref){ .file = file, .channel = hurt(m, "Security"), .record = record, .offset = record * 512, .time = T0 + record * MOMENT_SECOND };
    r[1] = (evidence_ref){ .file = file, .key = hurt(m, "HKLM\\SOFTWARE\\Run"), .time = MOMENT_UNKNOWN };
    *count = 2;
    return r;
}

static hypothesis *suppose(const maker *m, size_t *count)
{
    hypothesis *h = arena_array(m->mem, 2, sizeof *h);
    h[0] = (hypothesis){ .cause = "cause.exploit", .score = 85, .prior = -2.5, .points = 1.75, .for_ = arena_array(m->mem, 2, sizeof(cause_term)), .for_count = 2 };
    h[0].for_[0] = (cause_term){ say(m, "made.for", "an attack minutes before"), 1.25, 0 };
    h[0].for_[1] = (cause_term){ say(m, "made.for", "module srv.sys"), 3, 2 };
    h[1] = (hypothesis){ .cause = hurt(m, "cause.hardware"), .score = 5, .against = arena_array(m->mem, 1, sizeof(cause_term)), .against_count = 1 };
    h[1].against[0] = (cause_term){ say(m, "made.against", "no machine check"), -0.7, 0 };
    *count = 2;
    return h;
}

static void make_host(const maker *m, suyuan_case *c, uint32_t i)
{
    host *h = &c->hosts[i];
    h->id = arena_printf(m->mem, "%016x", 0xabc000 + i);
    h->names = arena_array(m->mem, 1, sizeof *h->names);
    h->names[h->name_count++] = hurt(m, arena_printf(m->mem, "DB-%02u", i + 1));
    h->addresses = arena_array(m->mem, 1, sizeof *h->addresses);
    h->addresses[h->address_count++] = arena_printf(m->mem, "10.20.%u.%u", i / 200, i % 200 + 1);
    h->os = hurt(m, "Windows Server 2008");
    h->role = hurt(m, "database");
    h->first_seen = T0 + i * MOMENT_MINUTE;
    h->time_zone = "UTC+08:00";
    h->infected = (infection)(i % 4);
    h->collected = i % 7 != 6;
    h->crash_count = 1;
    h->covered = arena_array(m->mem, 2, sizeof *h->covered);
    h->covered_count = 2;
    h->covered[0] = (coverage){ .channel = hurt(m, "Security"), .from = T0 - MOMENT_DAY, .to = T0 + MOMENT_DAY, .records = 100000, .missing = 3, .note = say(m, "made.note", "rolled over") };
    h->covered[1] = (coverage){ .channel = "System", .from = MOMENT_UNKNOWN, .to = MOMENT_UNKNOWN };
    h->notes = arena_array(m->mem, 1, sizeof *h->notes);
    h->notes[h->note_count++] = say(m, "made.note", "one host");
    h->clock_low = -300;
    h->clock_high = 300;
}

static void make_file(const maker *m, suyuan_case *c, uint32_t i)
{
    evidence_file *f = &c->evidence[i];
    f->id = arena_printf(m->mem, "%016x", 0xe000 + i);
    f->sha256 = arena_printf(m->mem, "%016x%048x", 0xe000 + i, 7);
    f->path = hurt(m, "winevt/Logs/Security.evtx");
    f->unit = hurt(m, "unit");
    f->bytes = 69632 + i;
    f->kind = "evtx";
    f->read = true;
    f->computer = hurt(m, "DB");
    f->records = 1000;
    f->first_record = 1;
    f->last_record = 1000;
    f->first = T0;
    f->last = T0 + MOMENT_DAY;
    f->channel = hurt(m, "Security");
    problem *p = arena_array(m->mem, 1, sizeof *p);
    *p = (problem){ "chunk.checksum", 3, 200704, hurt(m, "checksum of the chunk is wrong") };
    f->problems = p;
    f->problem_count = 1;
    c->evidence_host[i] = i;
}

static void make_finding(const maker *m, suyuan_case *c, size_t at, uint32_t h)
{
    static const char *const kinds[] = { "password-guessing", "logon-after-guessing", "service-install", "task-create", "miner", "crash", "fake-system-process", "log-cleared" };
    finding *f = &c->findings[at];
    f->id = arena_printf(m->mem, "%016zx", 0xf000 + at);
    f->kind = kinds[at % 8];
    f->host = h;
    f->time = T0 + at * MOMENT_SECOND;
    f->end = at % 3 ? MOMENT_UNKNOWN : f->time + MOMENT_MINUTE;
    f->count = at % 50 + 1;
    f->severity = (severity)(at % 5);
    f->confidence = (unsigned)(at * 7 % 101);
    f->techniques = arena_array(m->mem, 1, sizeof *f->techniques);
    f->techniques[f->technique_count++] = "T1110.001";
    f->title = say(m, "made.title", "a title");
    f->text = say(m, "made.text", "a sentence of some length about what was found on this host, and why it matters here");
    f->facts = arena_array(m->mem, 1, sizeof *f->facts);
    f->facts[f->fact_count++] = (fact){ "tries", hurt(m, "4211") };
    f->entities = arena_array(m->mem, 2, sizeof *f->entities);
    f->entities[f->entity_count++] = (entity){ "account", hurt(m, "DB\\sa") };
    f->entities[f->entity_count++] = (entity){ "address", "10.20.0.1" };
    f->evidence = refer(m, c->evidence[h].id, at + 1, &f->evidence_count);
    f->source = "guessing";
    f->episode = 1;
}

static void make_told(const maker *m, suyuan_case *c)
{
    scene *s = arena_alloc(m->mem, sizeof *s);
    s->customer = hurt(m, "a hospital");
    s->network = hurt(m, "firewall - core - servers");
    s->zone = (zone){ "UTC+08:00", 480, NULL };
    s->team = arena_array(m->mem, 1, sizeof *s->team);
    s->team[s->team_count++] = hurt(m, "responder");
    s->hosts = arena_array(m->mem, 1, sizeof *s->hosts);
    s->hosts[s->host_count++] = (scene_host){ .name = hurt(m, "DB-01"), .role = hurt(m, "database"), .protection = hurt(m, "antivirus") };
    c->scene = s;
    c->claims = arena_array(m->mem, 2, sizeof *c->claims);
    c->claims[0] = (claim){ .host = 0, .what = "blue-screen", .told = hurt(m, "2020-05-11 12:15"), .precision = "5m", .found = hurt(m, "2020-05-11 12:05:10"),
                            .verdict = "contradicted", .why = say(m, "made.why", "ten minutes apart") };
    c->claims[0].evidence = refer(m, c->evidence[0].id, 1, &c->claims[0].evidence_count);
    c->claims[1] = (claim){ .host = HOST_NONE, .what = "antivirus", .told = hurt(m, "yes") };
    c->claim_count = 2;
}

static void make_ways(const maker *m, suyuan_case *c)
{
    size_t count;
    entry_way *e = arena_array(m->mem, 2, sizeof *e);
    for (size_t i = 0; i < 2; i++) {
        e[i] = (entry_way){ .host = 0, .time = T0, .access = "guessed-password", .means = i ? "mssql" : "rdp", .account = hurt(m, "DB\\administrator"),
                            .source = { HOST_NONE, hurt(m, "203.0.113.7"), false }, .confidence = i ? 15 : 85, .why = say(m, "made.why", "4,211 failures before"), .episode = 1 };
        e[i].evidence = refer(m, c->evidence[0].id, 9, &count);
        e[i].evidence_count = count;
    }
    e[0].alternatives = &e[1];
    e[0].alternative_count = 1;
    c->entry = &e[0];
    c->entries = &e[1];
    c->entries_count = 1;
    first_host *f = c->first = arena_alloc(m->mem, sizeof *f);
    *f = (first_host){ .host = 0, .confidence = 75, .why = say(m, "made.why", "the earliest act"), .alternatives = arena_array(m->mem, 1, sizeof *f->alternatives), .alternative_count = 1 };
    f->alternatives[0].where = (place){ HOST_NONE, hurt(m, "10.20.9.9"), false };
    f->alternatives[0].confidence = 20;
}

static void make_spread(const maker *m, suyuan_case *c)
{
    c->spread = arena_array(m->mem, c->host_count, sizeof *c->spread);
    c->spread_count = c->host_count;
    for (uint32_t i = 0; i < c->host_count; i++) {
        edge *e = &c->spread[i];
        *e = (edge){ .from = { i ? (i - 1) / 3 : HOST_NONE, NULL, i == 0 }, .to = i, .time = T0 + i * MOMENT_MINUTE, .access = "known-credential",
                     .means = i % 2 ? "smb-service" : "rdp", .account = hurt(m, "DB\\administrator"), .confidence = 90, .why = say(m, "made.why", "service installed"), .episode = 1 };
        e->evidence = refer(m, c->evidence[i].id, 77, &e->evidence_count);
        e->alternatives = arena_array(m->mem, 1, sizeof *e->alternatives);
        e->alternatives[0].from = (place){ HOST_NONE, hurt(m, "10.20.9.9"), false };
        e->alternatives[0].confidence = 10;
        e->alternative_count = i % 5 == 0;
    }
}

static void make_rest(const maker *m, suyuan_case *c)
{
    uint32_t n = c->host_count < UINT32_MAX ? (uint32_t)c->host_count : 0;
    c->processes = arena_array(m->mem, n * 4, sizeof *c->processes);
    c->crashes = arena_array(m->mem, n, sizeof *c->crashes);
    c->persistence = arena_array(m->mem, n * 5, sizeof *c->persistence);
    c->exposure = arena_array(m->mem, n * 5, sizeof *c->exposure);
    c->plan = arena_array(m->mem, n * 8, sizeof *c->plan);
    c->unknowns = arena_array(m->mem, n, sizeof *c->unknowns);
    c->story = arena_array(m->mem, n * 6, sizeof *c->story);
    static const char *const phases[] = { "contain", "stop", "persistence", "files", "accounts", "close", "verify", "watch" };
    static const char *const verdicts[] = { "hostile", "suspicious", "unknown", "known" };
    for (uint32_t i = 0; i < n; i++) {
        const char *file = c->evidence[i].id;
        for (unsigned k = 0; k < 4; k++) {
            process *p = &c->processes[c->process_count++];
            *p = (process){ .host = i, .id = arena_printf(m->mem, "p%u-%u", i, k), .parent = k ? arena_printf(m->mem, "p%u-0", i) : NULL, .start = T0 + k * MOMENT_SECOND,
                            .image = hurt(m, "C:\\Windows\\Temp\\svchost.exe"), .command = hurt(m, "svchost.exe -o pool"), .account = hurt(m, "SYSTEM"), .session = "0",
                            .verdict = verdicts[k], .why = say(m, "made.why", "from the wrong folder") };
            p->evidence = refer(m, file, k + 1, &p->evidence_count);
        }
        crash *x = &c->crashes[c->crash_count++];
        *x = (crash){ .host = i, .time = T0 + i * MOMENT_MINUTE, .code = "0x00000050", .code_name = "PAGE_FAULT_IN_NONPAGED_AREA", .parameters = { "0x1", "0x2", "0x3", "0x4" },
                      .module = hurt(m, "srv.sys"), .verdict = say(m, "made.verdict", "an attack"), .time_basis = say(m, "made.basis", "System 6008") };
        x->state = "proven";
        x->booted = x->time + 3 * MOMENT_MINUTE;
        x->decides = say(m, "made.decides", "the dump");
        x->dump = arena_alloc(m->mem, sizeof *x->dump);
        *x->dump = (crash_dump){ .path = hurt(m, "C/Windows/MEMORY.DMP"), .type = "kernel", .module = hurt(m, "srv.sys"), .process = hurt(m, "System"), .callers = arena_array(m->mem, 1, sizeof(char *)),
                                 .caller_count = 1, .evidence = { .file = file, .channel = "crash-dump", .time = x->time } };
        x->dump->callers[0] = hurt(m, "srvnet.sys");
        x->hypotheses = suppose(m, &x->hypothesis_count);
        x->evidence = refer(m, file, 3, &x->evidence_count);
        for (unsigned k = 0; k < 5; k++) {
            persistence *p = &c->persistence[c->persistence_count++];
            *p = (persistence){ .host = i, .location = hurt(m, "service"), .name = hurt(m, "Ddriver"), .command = hurt(m, "C:\\Windows\\drivers\\svchost.exe"),
                                .verdict = verdicts[k % 4], .why = say(m, "made.why", "a name of the family"), .time = T0 };
            p->evidence = refer(m, file, 4, &p->evidence_count);
            c->exposure[c->exposure_count++] = (exposure){ .host = i, .check = hurt(m, "lockout"), .found = hurt(m, "0"), .wanted = "5", .severity = SEVERITY_HIGH,
                                                           .state = k % 2 ? "passed" : "failed", .fix = say(m, "made.fix", "lock after five tries") };
        }
        for (unsigned k = 0; k < 8; k++) {
            plan_step *p = &c->plan[c->plan_count++];
            *p = (plan_step){ .host = i, .phase = phases[k], .action = say(m, "made.do", "disable the service"), .target = hurt(m, "Ddriver"), .why = say(m, "made.why", "it comes back"),
                              .risk = say(m, "made.risk", "none"), .undo = say(m, "made.undo", "enable it"), .commands = arena_array(m->mem, 2, sizeof(plan_command)), .command_count = 2,
                              .finding = i * 4 + k % 4 };
            p->commands[0] = (plan_command){ "6.0", hurt(m, "sc config Ddriver start= disabled") };
            p->commands[1] = (plan_command){ "6.2", hurt(m, "Set-Service Ddriver -StartupType Disabled") };
        }
        for (unsigned k = 0; k < 6; k++) {
            story_step *s = &c->story[c->story_count++];
            *s = (story_step){ .episode = 1, .host = i, .time = T0 + i * MOMENT_MINUTE + k * MOMENT_SECOND, .text = say(m, "made.step", "something happened here that the story tells"),
                               .confidence = 80, .findings = arena_array(m->mem, 1, sizeof(uint32_t)), .finding_count = 1 };
            s->findings[0] = i * 4 + k % 4;
            s->evidence = refer(m, file, k + 1, &s->evidence_count);
        }
        c->unknowns[c->unknown_count++] = (unknown){ .host = i, .what = hurt(m, "coverage"), .text = say(m, "made.unknown", "the log begins too late"), .decides = say(m, "made.decides", "a backup") };
    }
    uint32_t *all = arena_array(m->mem, n, sizeof *all);
    for (uint32_t i = 0; i < n; i++)
        all[i] = i;
    crash_cluster *k = c->clusters = arena_alloc(m->mem, sizeof *k);
    c->cluster_count = 1;
    *k = (crash_cluster){ .hosts = all, .host_count = n, .from = T0, .to = T0 + n * MOMENT_MINUTE, .probability = 1.5e-7, .verdict = say(m, "made.verdict", "no coincidence") };
    k->hypotheses = suppose(m, &k->hypothesis_count);
    c->episodes = arena_alloc(m->mem, sizeof *c->episodes);
    c->episodes[0] = (episode){ .number = 1, .label = hurt(m, "A"), .from = T0, .to = T0 + MOMENT_DAY, .hosts = all, .host_count = n, .title = say(m, "made.title", "the intrusion"), .hostile = true };
    c->episode_count = 1;
}

suyuan_case *made_case(arena *mem, uint32_t hosts, const char *hostile)
{
    maker m = { mem, hostile };
    suyuan_case *c = arena_alloc(mem, sizeof *c);
    c->tool_version = "0.1.0";
    c->rules_hash = c->profiles_hash = "00ff";
    c->zone = "UTC+08:00";
    c->zone_minutes = 480;
    c->headline = say(&m, "made.headline", "what happened here");
    if (hosts == 0)
        return c;
    c->evidence = arena_array(mem, hosts, sizeof *c->evidence);
    c->evidence_host = arena_array(mem, hosts, sizeof *c->evidence_host);
    c->hosts = arena_array(mem, hosts, sizeof *c->hosts);
    c->evidence_count = c->host_count = hosts;
    for (uint32_t i = 0; i < hosts; i++) {
        make_host(&m, c, i);
        make_file(&m, c, i);
    }
    c->findings = arena_array(mem, hosts * 25ul, sizeof *c->findings);
    c->finding_count = hosts * 25ul;
    for (size_t i = 0; i < c->finding_count; i++)
        make_finding(&m, c, i, (uint32_t)(i % hosts));
    make_told(&m, c);
    make_ways(&m, c);
    make_spread(&m, c);
    make_rest(&m, c);
    return c;
}
