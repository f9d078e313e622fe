#include "format/task_job.h"

#include "format/task_build.h"

enum { FIXED = 68, TRIGGER = 48 };
enum { DELETE_WHEN_DONE = 2, DISABLED = 4, ONLY_IF_IDLE = 0x10, NO_BATTERIES = 0x40, STOP_ON_BATTERIES = 0x80, HIDDEN = 0x200, WAKE = 0x1000, ONLY_IF_LOGGED_ON = 0x2000 };

static bool known_product(uint16_t v)
{
    return v == 0x0400 || v == 0x0500 || v == 0x0501 || (v >= 0x0600 && v <= 0x0603) || v == 0x0a00;
}

bool task_job_is(span first_bytes, uint64_t size)
{
    cursor c = cur_open(first_bytes);
    uint16_t product = cur_u16(&c, "job.product"), version = cur_u16(&c, "job.version");
    cur_skip(&c, 16, "job.id");
    uint16_t name = cur_u16(&c, "job.name"), triggers = cur_u16(&c, "job.triggers");
    return cur_ok(&c) && known_product(product) && version == 1 && name == FIXED + 2 && triggers > name && triggers < size;
}

static const char *text(arena *mem, cursor *c, const char *field)
{
    uint16_t units = cur_u16(c, field);
    const char *out = utf16_text(mem, utf16_trim(cur_bytes(c, (size_t)units * 2, field)));
    return out ? out : "";
}

static task_time date(cursor *c, const char *field, uint16_t hour, uint16_t minute)
{
    moment_parts p = { .year = cur_u16(c, field), .month = cur_u16(c, field), .day = cur_u16(c, field), .hour = hour, .minute = minute };
    moment at = p.year ? moment_from_parts(p) : MOMENT_UNKNOWN;
    return (task_time){ .at = at, .local = moment_known(at), .text = "" };
}

static const char *schedule(arena *mem, uint32_t type, const uint16_t v[3])
{
    buf out;
    buf_init(&out, 1024);
    if (type == 1) {
        buf_printf(&out, "daily %u", v[0]);
    } else if (type == 2) {
        buf_printf(&out, "weekly %u", v[0]);
        task_put_days(&out, v[1]);
    } else if (type == 3) {
        buf_str(&out, "monthly");
        task_put_month_days(&out, v[0] | (uint32_t)v[1] << 16);
        task_put_months(&out, v[2]);
    } else if (type == 4) {
        buf_str(&out, "monthly");
        task_put_weeks(&out, v[0] >= 1 && v[0] <= 5 ? 1u << (v[0] - 1) : 0);
        task_put_days(&out, v[1]);
        task_put_months(&out, v[2]);
    }
    const char *words = out.len ? arena_text(mem, buf_bytes(&out)) : "";
    buf_done(&out);
    return words ? words : "";
}

static void read_trigger(arena *mem, cursor c, task *to)
{
    static const task_trigger_kind kinds[] = { TASK_TRIGGER_TIME, TASK_TRIGGER_CALENDAR, TASK_TRIGGER_CALENDAR, TASK_TRIGGER_CALENDAR,
                                               TASK_TRIGGER_CALENDAR, TASK_TRIGGER_IDLE, TASK_TRIGGER_BOOT, TASK_TRIGGER_LOGON };
    cursor later = c;
    cur_skip(&later, 16, "trigger.clock");
    uint16_t hour = cur_u16(&later, "trigger.hour"), minute = cur_u16(&later, "trigger.minute");
    uint32_t duration = cur_u32(&later, "trigger.duration"), interval = cur_u32(&later, "trigger.interval"), flags = cur_u32(&later, "trigger.flags");
    uint32_t type = cur_u32(&later, "trigger.type");
    uint16_t v[3];
    for (size_t i = 0; i < 3; i++)
        v[i] = cur_u16(&later, "trigger.values");
    task_trigger *t = task_add_trigger(mem, to, type < sizeof kinds / sizeof *kinds ? kinds[type] : TASK_TRIGGER_OTHER);
    if (!t)
        return;
    cur_skip(&c, 4, "trigger.size");
    t->start = date(&c, "trigger.start", hour, minute);
    t->end = date(&c, "trigger.end", 0, 0);
    t->enabled = flags & 4 ? TASK_NO : TASK_YES;
    t->interval = interval ? task_duration(mem, (uint64_t)interval * 60) : "";
    t->duration = duration ? task_duration(mem, (uint64_t)duration * 60) : "";
    t->schedule = schedule(mem, type, v);
}

static void read_triggers(arena *mem, span bytes, uint16_t at, problems *noted, task *to)
{
    cursor c = cur_open(bytes);
    cur_seek(&c, at, "triggers");
    size_t n = cur_u16(&c, "triggers.count");
    for (size_t i = 0; i < n && cur_ok(&c); i++) {
        span trigger = cur_bytes(&c, TRIGGER, "trigger");
        if (trigger.len)
            read_trigger(mem, cur_open(trigger), to);
    }
    if (!cur_ok(&c))
        problems_note(noted, "job.torn", PROBLEM_NO_CHUNK, c.failed_at, "%s: the file ends before it", c.failed);
    else if (to->trigger_count < n)
        problems_note(noted, "task.many", PROBLEM_NO_CHUNK, at, "more than %u triggers", TASK_LIST);
}

static void read_texts(arena *mem, span bytes, uint16_t at, problems *noted, task *to)
{
    cursor c = cur_open(bytes);
    cur_seek(&c, at, "job.command");
    task_action *a = task_add_action(mem, to, TASK_ACTION_EXEC);
    if (!a)
        return;
    a->command = text(mem, &c, "job.command");
    a->arguments = text(mem, &c, "job.arguments");
    a->folder = text(mem, &c, "job.folder");
    to->author = text(mem, &c, "job.author");
    to->description = text(mem, &c, "job.comment");
    if (!cur_ok(&c))
        problems_note(noted, "job.torn", PROBLEM_NO_CHUNK, c.failed_at, "%s: the file ends before it", c.failed);
}

static task_run_state state_of(uint32_t status, uint32_t flags)
{
    if (flags & DISABLED || status == 0x41302)
        return TASK_RUN_DISABLED;
    return status == 0x41300 ? TASK_RUN_READY : status == 0x41301 ? TASK_RUN_RUNNING : status == 0x41303 || status == 0x41305 ? TASK_RUN_NEVER : TASK_RUN_UNKNOWN;
}

static int priority_of(uint32_t classes)
{
    return classes & 0x100 ? 0 : classes & 0x80 ? 1 : classes & 0x20 ? 5 : classes & 0x40 ? 9 : -1;
}

status task_job_read(arena *mem, span bytes, problems *noted, task *out)
{
    cursor c = cur_open(bytes);
    uint16_t product = cur_u16(&c, "job.product");
    cur_skip(&c, 18, "job.id");
    uint16_t name = cur_u16(&c, "job.name"), triggers = cur_u16(&c, "job.triggers"), retries = cur_u16(&c, "job.retries"),
             retry_minutes = cur_u16(&c, "job.retry minutes");
    cur_skip(&c, 4, "job.idle");
    uint32_t priority = cur_u32(&c, "job.priority"), longest = cur_u32(&c, "job.longest run"), exit_code = cur_u32(&c, "job.exit code"),
             state = cur_u32(&c, "job.state"), flags = cur_u32(&c, "job.flags");
    span ran = cur_bytes(&c, 16, "job.last run");
    if (!cur_ok(&c) || !task_job_is(bytes, bytes.len))
        return status_fail(STATUS_DAMAGED, "no .job file");

    task_init(out);
    const char *version = arena_printf(mem, "%u.%u", product >> 8, product & 0xff);
    out->version = version ? version : "";
    read_texts(mem, bytes, name, noted, out);
    read_triggers(mem, bytes, triggers, noted, out);
    task_settings *s = &out->settings;
    s->enabled = flags & DISABLED ? TASK_NO : TASK_YES;
    s->hidden = flags & HIDDEN ? TASK_YES : TASK_NO;
    s->wake = flags & WAKE ? TASK_YES : TASK_NO;
    s->only_if_idle = flags & ONLY_IF_IDLE ? TASK_YES : TASK_NO;
    s->no_batteries = flags & NO_BATTERIES ? TASK_YES : TASK_NO;
    s->stop_on_batteries = flags & STOP_ON_BATTERIES ? TASK_YES : TASK_NO;
    s->delete_after = flags & DELETE_WHEN_DONE ? "PT0S" : "";
    s->limit = longest >= 0xfffffffe ? "PT0S" : task_duration(mem, longest / 1000);
    s->restart_count = retries;
    s->restart_interval = retry_minutes ? task_duration(mem, (uint64_t)retry_minutes * 60) : "";
    s->priority = priority_of(priority);
    task_principal *p = task_add_principal(mem, out);
    if (p && flags & ONLY_IF_LOGGED_ON)
        p->logon_type = "InteractiveToken";
    out->life.last_run = moment_from_systemtime(ran);
    out->life.local = moment_known(out->life.last_run);
    out->life.has_result = out->life.local;
    out->life.result = exit_code;
    out->life.state = state_of(state, flags);
    return mem->spent ? status_fail(STATUS_LIMIT, "the task takes more memory than it may") : status_ok();
}
