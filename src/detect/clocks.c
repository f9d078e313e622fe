/* Was the clock changed, and by whom? Is it in step with a time server? (Security 4616, Kernel-General 1, W32Time.)
 *
 * Hostile   Steps that a time service makes all day are left out: profiles/clocks.yml says which changes count. */
#include "detect/detect.h"
#include "detect/subject.h"

typedef struct {
    field name, domain, process, previous, now, old_time, source, difference, offset, message, reason;
    moment least, least_back;
} clocks_run;

static status setup(const detect_setup *s, void **out)
{
    clocks_run *run = arena_alloc(s->mem, sizeof *run);
    fields *f = s->names;
    run->name = fields_intern(f, "SubjectUserName");
    run->domain = fields_intern(f, "SubjectDomainName");
    run->process = fields_intern(f, "ProcessName");
    run->previous = fields_intern(f, "PreviousTime");
    run->now = fields_intern(f, "NewTime");
    run->old_time = fields_intern(f, "OldTime");
    run->source = fields_intern(f, "TimeSource");
    run->difference = fields_intern(f, "TimeDifferenceMilliseconds");
    run->offset = fields_intern(f, "TimeOffsetSeconds");
    run->message = fields_intern(f, "ErrorMessage");
    run->reason = fields_intern(f, "Reason");
    const profile_node *change = profile_get(profile_root(s->facts, "clocks"), "change");
    bool found;
    run->least = (moment)profile_duration(change, "least", &found) * MOMENT_SECOND;
    run->least_back = (moment)profile_duration(change, "least_back", &found) * MOMENT_SECOND;
    *out = run;
    return status_ok();
}

static void changed(const clocks_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    moment old, now;
    if (!value_moment(event_get(ev, ev->event_id == 4616 ? run->previous : run->old_time), &old) || !value_moment(event_get(ev, run->now), &now))
        return;
    bool back = now < old;
    if (back ? old - now < run->least_back : now - old < run->least)
        return;
    detect_act_builder *a = detect_act(out, ev, "clock.change");
    detect_fact_time(a, "old", old);
    detect_fact_time(a, "new", now);
    detect_fact_value(a, "process", event_get(ev, run->process));
    detect_fact_value(a, "reason", event_get(ev, run->reason));
    if (ev->event_id == 4616)
        detect_fact(a, "account", detect_account(ev, run->domain, run->name, mem));
    else
        detect_fact(a, "account", sid_text(ev->user_sid, mem));
}

/* Which of W32Time's events say what. */
static const char *state_of(uint32_t id)
{
    switch (id) {
    case 35: case 37: return "synced";
    case 50: case 52: return "stepped";
    default: return "lost";
    }
}

/* "server (ntp.d|0.0.0.0:123->10.3.58.4:123)": the name, else the whole. */
static char *server_of(char *text)
{
    char *open = text ? strstr(text, " (") : NULL;
    if (open && open > text)
        *open = 0;
    return text;
}

static void synced(const clocks_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    detect_act_builder *a = detect_act(out, ev, "clock.sync");
    detect_fact(a, "state", state_of(ev->event_id));
    detect_fact(a, "source", server_of(value_text(event_get(ev, run->source), mem)));
    uint64_t n;
    if (value_u64(event_get(ev, run->difference), &n))
        detect_fact(a, "offset", arena_printf(mem, "%llu.%03llu", (unsigned long long)n / 1000, (unsigned long long)n % 1000));
    else
        detect_fact_value(a, "offset", event_get(ev, run->offset));
    detect_fact_value(a, "detail", event_get(ev, run->message));
}

static void step(const void *data, void *state, const event *ev, detect_log *out)
{
    (void)state;
    if (ev->event_id == 4616 || ev->event_id == 1)
        changed(data, ev, out);
    else
        synced(data, ev, out);
}

#define W32TIME "Microsoft-Windows-Time-Service"
static const detect_want wants[] = {
    { "Security", NULL, 4616 }, { "System", "Microsoft-Windows-Kernel-General", 1 },
    { "System", W32TIME, 24 }, { "System", W32TIME, 35 }, { "System", W32TIME, 36 }, { "System", W32TIME, 37 }, { "System", W32TIME, 47 },
    { "System", W32TIME, 50 }, { "System", W32TIME, 52 }, { "System", W32TIME, 129 }, { "System", W32TIME, 134 },
};
const detector detect_clocks = { "clocks", wants, sizeof wants / sizeof *wants, setup, NULL, step, NULL };
