#include "range/crash.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

static const struct {
    const char *name, *file;
} channels[CHANNELS] = {
    [CH_SECURITY] = { "Security", "Security" },
    [CH_SYSTEM] = { "System", "System" },
    [CH_APPLICATION] = { "Application", "Application" },
    [CH_TASKS] = { "Microsoft-Windows-TaskScheduler/Operational", "Microsoft-Windows-TaskScheduler%4Operational" },
    [CH_SESSIONS] = { "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
                      "Microsoft-Windows-TerminalServices-LocalSessionManager%4Operational" },
    [CH_CONNECTIONS] = { "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational",
                         "Microsoft-Windows-TerminalServices-RemoteConnectionManager%4Operational" },
    [CH_POWERSHELL] = { "Windows PowerShell", "Windows PowerShell" },
    [CH_SCRIPTS] = { "Microsoft-Windows-PowerShell/Operational", "Microsoft-Windows-PowerShell%4Operational" },
    [CH_RDP] = { "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS/Operational",
                 "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS%4Operational" },
    [CH_FIREWALL] = { "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall",
                      "Microsoft-Windows-Windows Firewall With Advanced Security%4Firewall" },
};

static bool kept_here(const world *w, const host *h, channel_id c)
{
    if (w->sw.crash != BY_SEED && !crash_keeps(w, c))
        return false;
    switch (c) {
    case CH_TASKS:
        return h->tasks_kept;
    case CH_SESSIONS:
    case CH_CONNECTIONS:
        return h->sessions_kept;
    case CH_POWERSHELL:
        return h->has_shell;
    case CH_SCRIPTS:
        return h->nt >= NT_100;
    case CH_RDP:
        return h->nt >= NT_62 && h->sessions_kept;
    default:
        return true;
    }
}

static bool act_earlier(const act *a, const act *b) { return a->at != b->at ? a->at < b->at : a->order < b->order; }

static void queue_push(sim *s, act a)
{
    a.order = s->order++;
    vec_push(&s->queue);
    act *heap = s->queue.at;
    size_t i = s->queue.count - 1;
    for (; i > 0 && act_earlier(&a, &heap[(i - 1) / 2]); i = (i - 1) / 2)
        heap[i] = heap[(i - 1) / 2];
    heap[i] = a;
}

static bool queue_pop(sim *s, act *out)
{
    act *heap = s->queue.at;
    if (!s->queue.count)
        return false;
    *out = heap[0];
    act last = heap[--s->queue.count];
    size_t n = s->queue.count, i = 0;
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && act_earlier(&heap[child + 1], &heap[child]))
            child++;
        if (!act_earlier(&heap[child], &last))
            break;
        heap[i] = heap[child];
    }
    if (n)
        heap[i] = last;
    return true;
}

void sim_at(sim *s, moment at, void (*run)(sim *, const act *), const void *what, uint64_t n)
{
    queue_push(s, (act){ .at = at, .run = run, .what = what, .n = n });
}
void sim_in(sim *s, moment span, void (*run)(sim *, const act *), const void *what, uint64_t n) { sim_at(s, s->now + span, run, what, n); }
void sim_session(sim *s, moment span, void (*run)(sim *, const act *), const void *what, uint64_t n)
{
    queue_push(s, (act){ .at = s->now + span, .run = run, .what = what, .n = n, .boot = s->boot + 1 });
}

void sim_pass(sim *s, moment least, moment most) { s->now += rng_range(&s->r, least, most); }
bool sim_up(const sim *s) { return s->down_until == MOMENT_UNKNOWN; }
uint64_t sim_logon_id(sim *s) { return s->logon_next += rng_range(&s->r, 0x1c0, 0x4000); }

/* The processes that live as long as the boot: nothing else gets their numbers. */
static bool pid_taken(const sim *s, uint32_t pid)
{
    return pid == s->services_pid || pid == s->lsass_pid || pid == s->svchost_pid || pid == s->schedule_pid || pid == s->sql_pid
           || pid == s->spooler_pid || pid == s->fake_pid || pid == WINLOGON_PID;
}

uint32_t sim_pid(sim *s)
{
    s->pid_next += 4 * (uint32_t)rng_range(&s->r, 1, 24);
    if (s->pid_next > 9000)
        s->pid_next = 1400 + s->pid_next % 400 / 4 * 4;
    while (pid_taken(s, s->pid_next))
        s->pid_next += 4;
    return s->pid_next;
}

const char *sim_print(sim *s, const char *format, ...)
{
    char text[2048];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return arena_str(&s->scratch, text);
}

const char *sim_guid(sim *s)
{
    uint64_t a = rng_next(&s->r), b = rng_next(&s->r);
    return sim_print(s, "{%08x-%04x-4%03x-%04x-%012llx}", (unsigned)(a >> 32), (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
                     (unsigned)(0x8000 | (b >> 48 & 0x3fff)), (unsigned long long)(b & 0xffffffffffffull));
}

const char *sim_account_sid(sim *s, const char *user)
{
    if (strcmp(user, "SYSTEM") == 0)
        return "S-1-5-18";
    if (strcmp(user, s->h->admin) == 0)
        return sim_print(s, "%s-500", s->h->sid);
    return sim_print(s, "%s-%u", s->h->sid, 1000 + (unsigned)(hash64(span_str(user)) % 400));
}

moment sim_local(const sim *s, moment t)
{
    return t + (moment)s->h->clock_off + (moment)((int64_t)s->w->zone_minutes * (int64_t)MOMENT_MINUTE);
}

unsigned sim_hour(const sim *s, moment t)
{
    return (unsigned)((t + (moment)((int64_t)s->w->zone_minutes * (int64_t)MOMENT_MINUTE)) / MOMENT_HOUR % 24);
}

bool sim_working(const sim *s, moment t)
{
    unsigned day = (unsigned)((t + (moment)((int64_t)s->w->zone_minutes * (int64_t)MOMENT_MINUTE)) / MOMENT_DAY % 7); /* 0: Monday */
    unsigned hour = sim_hour(s, t);
    return day < 5 && hour >= 9 && hour < 18;
}

uint64_t pen(sim *s, channel_id c, evtx_out *e)
{
    evtx_writer *to = s->log[c];
    if (!to)
        return 0;
    s->now += rng_range(&s->r, 4000, 150000);
    e->channel = channels[c].name;
    e->computer = s->computer;
    if (!e->time)
        e->time = s->now + (moment)s->h->clock_off;
    uint64_t id = evtx_writer_next(to);
    return evtx_put(to, e) ? id : 0;
}

static void mark_add(vec *marks, channel_id channel, uint64_t id)
{
    if (!id)
        return;
    mark *m = vec_push(marks);
    *m = (mark){ channel, id };
}
void mark_step(step *st, shows what, channel_id channel, uint64_t id)
{
    mark_add(&st->marks[what], channel, id);
}
void mark_left(sim *s, const char *name, channel_id channel, uint64_t id)
{
    for (size_t i = 0; i < s->w->lefts.count; i++) {
        left *l = vec_at(&s->w->lefts, i);
        if (l->host == s->h->index && strcmp(l->name, name) == 0)
            mark_add(&l->marks, channel, id);
    }
}

void left_now(sim *s, const char *name)
{
    for (size_t i = 0; i < s->w->lefts.count; i++) {
        left *l = vec_at(&s->w->lefts, i);
        if (l->host == s->h->index && strcmp(l->name, name) == 0 && !moment_known(l->at))
            l->at = s->now;
    }
}

person *sim_person(sim *s, const char *user)
{
    for (size_t i = 0; i < s->h->people.count; i++) {
        person *p = vec_at(&s->h->people, i);
        if (strcmp(p->name, user) == 0)
            return p;
    }
    person *p = vec_push(&s->h->people);
    *p = (person){ .name = arena_str(s->w->mem, user), .last_logon = MOMENT_UNKNOWN, .last_failure = MOMENT_UNKNOWN };
    return p;
}

static bool mark_kept(const host *h, const mark *m)
{
    return h->kept[m->channel].written
           && ((m->id >= h->kept[m->channel].first && m->id < h->kept[m->channel].next)
               || (m->id >= h->kept[m->channel].copy_first && m->id < h->kept[m->channel].copy_next));
}
size_t step_shown(const world *w, const step *st, shows what)
{
    size_t n = 0;
    for (size_t i = 0; i < st->marks[what].count; i++)
        n += mark_kept(&w->hosts[st->to], vec_at(&st->marks[what], i));
    return n;
}
bool left_shown(const world *w, const left *l)
{
    for (size_t i = 0; i < l->marks.count; i++)
        if (mark_kept(&w->hosts[l->host], vec_at(&l->marks, i)))
            return true;
    return false;
}

static status make_folder(const char *path)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST ? status_ok() : status_fail(STATUS_IO, "%s: %s", path, strerror(errno));
}

static const char *log_path(arena *mem, const world *w, const host *h, const char *folder, channel_id c)
{
    return arena_printf(mem, "%s/hosts/%s/%s/%s.evtx", w->sw.out, h->name, folder, channels[c].file);
}

/* A log keeps counting from where the host's earlier life left it, so no log but a new machine's begins with record 1. */
static void open_logs(sim *s, arena *mem)
{
    for (int c = 0; c < CHANNELS; c++) {
        rng r = rng_of(s->w->seed, "log", (uint64_t)(s->h->index * CHANNELS + c));
        if (!kept_here(s->w, s->h, (channel_id)c))
            continue;
        uint64_t before = c == CH_SECURITY ? 200000 : c == CH_FIREWALL ? 40 : 3000;
        evtx_writer_opts opts = { .first_record = rng_range(&r, before / 3, before),
                                  .dirty = s->w->seed != 1 && rng_chance(&r, 40),
                                  .max_bytes = c == CH_SECURITY ? s->h->security_bytes : 0 };
        s->log[c] = evtx_writer_open(mem, log_path(mem, s->w, s->h, "Logs", (channel_id)c), &opts);
    }
}

static void copy_logs(sim *s, const act *a)
{
    (void)a;
    for (int c = 0; c < CHANNELS; c++) {
        if (!s->log[c] || evtx_writer_first(s->log[c]) == evtx_writer_next(s->log[c]))
            continue;
        if (evtx_writer_copy(s->log[c], log_path(&s->scratch, s->w, s->h, "Backup", (channel_id)c))) {
            s->h->kept[c].copy_first = evtx_writer_first(s->log[c]);
            s->h->kept[c].copy_next = evtx_writer_next(s->log[c]);
        }
    }
}

static status close_logs(sim *s, arena *mem)
{
    status out = status_ok();
    for (int c = 0; c < CHANNELS; c++) {
        if (!s->log[c])
            continue;
        s->h->kept[c].first = evtx_writer_first(s->log[c]);
        s->h->kept[c].next = evtx_writer_next(s->log[c]);
        s->h->kept[c].from = evtx_writer_first_time(s->log[c]);
        s->h->kept[c].written = s->h->kept[c].next > s->h->kept[c].first;
        bool empty = !s->h->kept[c].written;
        status st = evtx_writer_close(s->log[c]);
        if (status_is_ok(out))
            out = st;
        if (empty)
            remove(log_path(mem, s->w, s->h, "Logs", (channel_id)c));
    }
    return out;
}

status sim_run(world *w, host *h, arena *mem)
{
    sim s = { .w = w, .h = h, .r = rng_of(w->seed, "life", (uint64_t)h->index), .down_until = MOMENT_UNKNOWN, .computer = h->name };
    status st = make_folder(w->sw.out);
    if (status_is_ok(st))
        st = make_folder(arena_printf(mem, "%s/hosts", w->sw.out));
    if (status_is_ok(st))
        st = make_folder(arena_printf(mem, "%s/hosts/%s", w->sw.out, h->name));
    if (status_is_ok(st))
        st = make_folder(arena_printf(mem, "%s/hosts/%s/Logs", w->sw.out, h->name));
    if (status_is_ok(st) && h->overlap)
        st = make_folder(arena_printf(mem, "%s/hosts/%s/Backup", w->sw.out, h->name));
    if (!status_is_ok(st))
        return st;
    arena_init(&s.scratch, 0);
    vec_init(&s.queue, sizeof(act));
    s.now = w->from;
    s.booted = w->from - rng_range(&s.r, 3, 40) * MOMENT_DAY;
    s.pid_next = 3000;
    s.services_pid = 4 * (uint32_t)rng_range(&s.r, 110, 140);
    s.lsass_pid = s.services_pid + 12;
    s.svchost_pid = s.services_pid + 180;
    s.schedule_pid = s.services_pid + 420;
    s.spooler_pid = s.services_pid + 800;
    s.sql_pid = s.services_pid + 1100;
    s.logon_next = rng_range(&s.r, 0x200000, 0x9000000);
    s.session_next = 1;
    open_logs(&s, mem);
    life_begin(&s);
    attack_begin(&s);
    if (w->sw.crash != BY_SEED)
        crash_begin(&s);
    if (h->overlap)
        sim_at(&s, h->copy_at, copy_logs, NULL, 0);
    for (act a; queue_pop(&s, &a) && a.at < w->to;) {
        if (a.boot && (a.boot != s.boot + 1 || !sim_up(&s)))
            continue;
        if (s.now < a.at)
            s.now = a.at;
        a.run(&s, &a);
        arena_reset(&s.scratch);
    }
    vec_done(&s.queue);
    arena_done(&s.scratch);
    return close_logs(&s, mem);
}
