#include "format/task_cache.h"

#include "format/security.h"
#include "format/service_actions.h"
#include "format/task_build.h"

static const char *put(const char *made) { return made ? made : ""; }

static bool told(const cursor *c, problems *noted, const char *kind)
{
    if (!cur_ok(c))
        problems_note(noted, kind, PROBLEM_NO_CHUNK, c->failed_at, "%s: the value ends before it, or it is not known", c->failed);
    return cur_ok(c);
}

/* ---- Actions ---- */

enum { ACTION_EXEC = 0x6666, ACTION_COM = 0x7777, ACTION_EMAIL = 0x8888, ACTION_MESSAGE = 0x9999 };

static const char *bstr(arena *mem, cursor *c, const char *field)
{
    uint32_t len = cur_u32(c, field);
    return put(utf16_text(mem, cur_bytes(c, len, field)));
}

static bool action_next(const cursor *c)
{
    cursor look = *c;
    uint16_t magic = cur_u16(&look, "action.magic");
    return magic == ACTION_EXEC || magic == ACTION_COM || magic == ACTION_EMAIL || magic == ACTION_MESSAGE;
}

static void read_email(arena *mem, cursor *c, task_action *a)
{
    const char **const texts[] = { &a->from, &a->to, &a->cc, &a->bcc, &a->reply_to, &a->server, &a->subject, &a->body };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = bstr(mem, c, "action.email");
    size_t files = cur_count(c, cur_u32(c, "action.attachments"), 4, "action.attachments");
    buf list;
    buf_init(&list, 2 * c->all.len + 16);
    for (size_t i = 0; i < files && cur_ok(c); i++) {
        if (i)
            buf_char(&list, '\n');
        utf16_utf8(cur_bytes(c, cur_u32(c, "action.attachment"), "action.attachment"), &list);
    }
    a->attachments = list.len ? put(arena_text(mem, buf_bytes(&list))) : "";
    buf_done(&list);
    size_t headers = cur_count(c, cur_u32(c, "action.headers"), 8, "action.headers");
    for (size_t i = 0; i < 2 * headers && cur_ok(c); i++)
        cur_skip(c, cur_u32(c, "action.header"), "action.header");
}

static void read_action(arena *mem, cursor *c, uint16_t version, task *to)
{
    uint16_t magic = cur_u16(c, "action.magic");
    task_action_kind kind = magic == ACTION_EXEC ? TASK_ACTION_EXEC : magic == ACTION_COM ? TASK_ACTION_COM : magic == ACTION_EMAIL ? TASK_ACTION_EMAIL :
                            magic == ACTION_MESSAGE ? TASK_ACTION_MESSAGE : TASK_ACTION_OTHER;
    if (kind == TASK_ACTION_OTHER)
        cur_fail(c, "action.magic");
    task_action *a = cur_ok(c) ? task_add_action(mem, to, kind) : NULL;
    if (!a) {
        cur_fail(c, "action.many");
        return;
    }
    a->id = bstr(mem, c, "action.id");
    switch (kind) {
    case TASK_ACTION_EXEC:
        a->command = bstr(mem, c, "action.command");
        a->arguments = bstr(mem, c, "action.arguments");
        a->folder = bstr(mem, c, "action.folder");
        if (version == 3 || (version == 2 && cur_left(c) && !action_next(c)))
            cur_skip(c, 2, "action.flags");
        break;
    case TASK_ACTION_COM:
        a->class_id = put(service_guid(mem, cur_bytes(c, 16, "action.class")));
        a->data = bstr(mem, c, "action.data");
        break;
    case TASK_ACTION_EMAIL:
        read_email(mem, c, a);
        break;
    default:
        a->subject = bstr(mem, c, "action.title");
        a->body = bstr(mem, c, "action.text");
    }
}

bool task_cache_actions(arena *mem, span value, problems *noted, task *into)
{
    cursor c = cur_open(value);
    uint16_t version = cur_u16(&c, "actions.version");
    if (cur_left(&c) && !action_next(&c))                    /* Windows 10 says here which principal they run as */
        into->context = bstr(mem, &c, "actions.context");
    while (cur_ok(&c) && cur_left(&c))
        read_action(mem, &c, version, into);
    return told(&c, noted, "cache.actions");
}

/* ---- Triggers: everything begins at a multiple of 8 ---- */

static void align(cursor *c)
{
    size_t over = c->at % 8;
    if (over)
        cur_skip(c, cur_left(c) < 8 - over ? cur_left(c) : 8 - over, "padding");        /* the last may be cut short */
}

static uint8_t wide_u8(cursor *c, const char *field) { uint8_t n = cur_u8(c, field); align(c); return n; }
static uint32_t wide_u32(cursor *c, const char *field) { uint32_t n = cur_u32(c, field); align(c); return n; }

static span wide_bytes(cursor *c, const char *field)
{
    uint32_t len = wide_u32(c, field);
    span s = cur_bytes(c, len, field);
    align(c);
    return s;
}

static const char *wide_text(arena *mem, cursor *c, const char *field)
{
    return put(utf16_text(mem, wide_bytes(c, field)));
}

/* Its length counts letters, without the NUL that follows them. */
static const char *counted_text(arena *mem, cursor *c, const char *field)
{
    uint32_t letters = wide_u32(c, field);
    if (letters == 0)
        return "";
    span units = cur_bytes(c, (size_t)letters * 2 + 2, field);
    align(c);
    return put(utf16_text(mem, utf16_trim(units)));
}

static task_time time_of(cursor *c, const char *field)
{
    bool local = wide_u8(c, field) != 0;
    moment at = moment_from_filetime(cur_u64(c, field));
    return (task_time){ .at = at, .local = local && moment_known(at), .text = "" };
}

typedef struct { uint32_t sid_type; const char *sid, *name; } user_info;

static user_info read_user(arena *mem, cursor *c)
{
    user_info u = { 0, "", "" };
    if (wide_u8(c, "user.skip"))
        return u;
    if (!wide_u8(c, "user.skip sid")) {
        u.sid_type = wide_u32(c, "user.sid type");
        u.sid = put(security_sid_text(mem, wide_bytes(c, "user.sid")));
    }
    u.name = wide_text(mem, c, "user.name");
    return u;
}

static const char *seconds(arena *mem, uint32_t n)
{
    return n && n != UINT32_MAX ? task_duration(mem, n) : "";
}

static task_flag bit(uint32_t flags, uint32_t b) { return flags & b ? TASK_YES : TASK_NO; }

static void read_flags(uint32_t f, task_settings *s, task_principal *p)
{
    s->only_if_idle = bit(f, 0x2);
    s->no_batteries = bit(f, 0x10);
    s->stop_on_batteries = bit(f, 0x20);
    s->start_when_available = bit(f, 0x40);
    s->only_if_network = bit(f, 0x80);
    s->on_demand = bit(f, 0x100);
    s->wake = bit(f, 0x200);
    s->enabled = bit(f, 0x400000);
    s->hidden = bit(f, 0x800000);
    s->hard_terminate = bit(f, 0x40000000);
    s->instances = f & 0x400 ? "Parallel" : f & 0x800 ? "StopExisting" : f & 0x1000 ? "Queue" : f & 0x2000 ? "IgnoreNew" : "";
    if (!p)
        return;
    p->logon_type = f & 0x4000 ? "S4U" : f & 0x10000 ? "InteractiveToken" : f & 0x40000 ? "Password" : f & 0x80000 ? "InteractiveTokenOrPassword" : "";
    p->run_level = f & 0x1000000 ? "HighestAvailable" : "LeastPrivilege";
    p->sid_type = f & 0x8000000 ? "None" : f & 0x10000000 ? "Unrestricted" : "";
}

static void read_optional(arena *mem, cursor *c, task_settings *s)
{
    span all = wide_bytes(c, "settings");
    if (all.len == 0)
        return;
    cursor o = cur_open(all);
    cur_skip(&o, 8, "settings.idle");
    s->limit = seconds(mem, cur_u32(&o, "settings.limit"));
    s->delete_after = seconds(mem, cur_u32(&o, "settings.delete after"));
    uint32_t priority = cur_u32(&o, "settings.priority");
    if (cur_ok(&o) && priority <= 10)
        s->priority = (int)priority;
    s->restart_interval = seconds(mem, cur_u32(&o, "settings.restart"));
    s->restart_count = cur_u32(&o, "settings.restarts");
}

static const char *calendar(arena *mem, uint32_t mode, const uint16_t v[3])
{
    buf out;
    buf_init(&out, 1024);
    if (mode == 1) {
        buf_printf(&out, "daily %u", v[0]);
    } else if (mode == 2) {
        buf_printf(&out, "weekly %u", v[0]);
        task_put_days(&out, v[1]);
    } else if (mode == 3) {
        buf_str(&out, "monthly");
        task_put_month_days(&out, v[0] | (uint32_t)v[1] << 16);
        task_put_months(&out, v[2]);
    } else if (mode == 4) {
        buf_str(&out, "monthly");
        task_put_weeks(&out, v[1]);
        task_put_days(&out, v[0]);
        task_put_months(&out, v[2]);
    }
    const char *words = out.len ? put(arena_text(mem, buf_bytes(&out))) : "";
    buf_done(&out);
    return words;
}

static const char *trigger_id(arena *mem, cursor *c, uint8_t version)
{
    if (version < 0x16)
        return "";
    const char *id = bstr(mem, c, "trigger.id");
    align(c);
    return id;
}

static void read_time(arena *mem, cursor *c, uint8_t version, task_trigger *t)
{
    t->start = time_of(c, "trigger.start");
    t->end = time_of(c, "trigger.end");
    time_of(c, "trigger.time");
    t->interval = seconds(mem, cur_u32(c, "trigger.interval"));
    t->duration = seconds(mem, cur_u32(c, "trigger.duration"));
    t->limit = seconds(mem, cur_u32(c, "trigger.limit"));
    uint32_t mode = cur_u32(c, "trigger.mode");
    uint16_t v[4];
    for (size_t i = 0; i < 4; i++)
        v[i] = cur_u16(c, "trigger.values");
    cur_skip(c, 1, "trigger.stop at end");
    t->enabled = cur_u8(c, "trigger.enabled") ? TASK_YES : TASK_NO;
    cur_skip(c, 6, "trigger");
    t->delay = seconds(mem, cur_u32(c, "trigger.delay"));
    cur_skip(c, 4, "trigger");
    t->kind = mode == 0 ? TASK_TRIGGER_TIME : TASK_TRIGGER_CALENDAR;
    t->name = task_trigger_word(t->kind);
    t->schedule = calendar(mem, mode, v);
    t->id = trigger_id(mem, c, version);
}

static void read_generic(arena *mem, cursor *c, uint8_t version, task_trigger *t)
{
    t->start = time_of(c, "trigger.start");
    t->end = time_of(c, "trigger.end");
    t->delay = seconds(mem, cur_u32(c, "trigger.delay"));
    t->limit = seconds(mem, cur_u32(c, "trigger.limit"));
    t->interval = seconds(mem, cur_u32(c, "trigger.interval"));
    t->duration = seconds(mem, cur_u32(c, "trigger.duration"));
    cur_skip(c, 8, "trigger.duration");
    t->enabled = wide_u8(c, "trigger.enabled") ? TASK_YES : TASK_NO;
    cur_skip(c, 8, "trigger");
    t->id = trigger_id(mem, c, version);
}

static void read_event(arena *mem, cursor *c, task_trigger *t)
{
    t->subscription = counted_text(mem, c, "trigger.subscription");
    cur_skip(c, 8, "trigger.event");
    counted_text(mem, c, "trigger.event");
    size_t queries = cur_count(c, wide_u32(c, "trigger.queries"), 16, "trigger.queries");
    for (size_t i = 0; i < 2 * queries && cur_ok(c); i++)
        counted_text(mem, c, "trigger.query");
}

static const char *session_state(uint32_t n)
{
    static const char *const words[] = { "", "ConsoleConnect", "ConsoleDisconnect", "RemoteConnect", "RemoteDisconnect", "SessionLock", "SessionUnlock",
                                         "SessionLock", "SessionUnlock" };
    return n < sizeof words / sizeof *words ? words[n] : "";
}

static const char *user_of(user_info u) { return *u.name ? u.name : u.sid; }

static void read_trigger(arena *mem, cursor *c, uint8_t version, task *to)
{
    static const struct { uint32_t magic; task_trigger_kind kind; } kinds[] = {
        { 0xFFFF, TASK_TRIGGER_BOOT }, { 0xAAAA, TASK_TRIGGER_LOGON }, { 0xDDDD, TASK_TRIGGER_TIME }, { 0xCCCC, TASK_TRIGGER_EVENT }, { 0xEEEE, TASK_TRIGGER_IDLE },
        { 0x8888, TASK_TRIGGER_REGISTRATION }, { 0x7777, TASK_TRIGGER_SESSION }, { 0x6666, TASK_TRIGGER_WNF },
    };
    uint32_t magic = wide_u32(c, "trigger.magic");
    size_t k = 0, count = sizeof kinds / sizeof *kinds;
    while (k < count && kinds[k].magic != magic)
        k++;
    task_trigger *t = k < count && cur_ok(c) ? task_add_trigger(mem, to, kinds[k].kind) : NULL;
    if (!t) {
        cur_fail(c, k < count ? "trigger.many" : "trigger.magic");
        return;
    }
    if (t->kind == TASK_TRIGGER_TIME) {
        read_time(mem, c, version, t);
        return;
    }
    read_generic(mem, c, version, t);
    if (t->kind == TASK_TRIGGER_LOGON) {
        t->user = user_of(read_user(mem, c));
    } else if (t->kind == TASK_TRIGGER_SESSION) {
        t->state = session_state(wide_u32(c, "trigger.session"));
        t->user = user_of(read_user(mem, c));
    } else if (t->kind == TASK_TRIGGER_EVENT) {
        read_event(mem, c, t);
    } else if (t->kind == TASK_TRIGGER_WNF) {
        span name = cur_bytes(c, 8, "trigger.state");
        char hex[17] = "";
        hex_of(name, hex);
        for (char *h = hex; *h; h++)
            *h = (char)(*h >= 'a' ? *h - 'a' + 'A' : *h);
        t->state = put(arena_str(mem, hex));
        wide_bytes(c, "trigger.state data");
    }
}

bool task_cache_triggers(arena *mem, span value, problems *noted, task *into)
{
    cursor c = cur_open(value);
    uint8_t version = wide_u8(&c, "triggers.version");
    time_of(&c, "triggers.start");
    time_of(&c, "triggers.end");
    uint32_t flags = wide_u32(&c, "triggers.flags");
    wide_u32(&c, "triggers.checksum");
    const char *principal = version >= 0x16 ? wide_text(mem, &c, "triggers.principal") : "";
    const char *shown = version >= 0x17 ? wide_text(mem, &c, "triggers.display name") : "";
    user_info user = read_user(mem, &c);
    if (!cur_ok(&c))
        return told(&c, noted, "cache.triggers");
    task_principal *p = task_add_principal(mem, into);
    read_flags(flags, &into->settings, p);
    if (p) {
        enum { SID_GROUP = 2, SID_ALIAS = 4 };
        const char *who = *user.sid ? user.sid : user.name;
        p->id = principal;
        p->name = *user.sid && *user.name ? user.name : shown;
        *(user.sid_type == SID_GROUP || user.sid_type == SID_ALIAS ? &p->group : &p->user) = who;
    }
    read_optional(mem, &c, &into->settings);
    while (cur_ok(&c) && cur_left(&c))
        read_trigger(mem, &c, version, into);
    return told(&c, noted, "cache.triggers");
}

/* ---- DynamicInfo ---- */

bool task_cache_dynamic(span value, problems *noted, task *into)
{
    static const task_run_state states[] = { TASK_RUN_UNKNOWN, TASK_RUN_DISABLED, TASK_RUN_QUEUED, TASK_RUN_READY, TASK_RUN_RUNNING };
    cursor c = cur_open(value);
    cur_skip(&c, 4, "dynamic.version");
    moment registered = moment_from_filetime(cur_u64(&c, "dynamic.registered")), ran = moment_from_filetime(cur_u64(&c, "dynamic.last run"));
    uint32_t state = cur_u32(&c, "dynamic.state"), result = cur_u32(&c, "dynamic.result");
    if (!told(&c, noted, "cache.dynamic"))
        return false;
    into->life = (task_life){ .registered = registered, .last_run = ran, .last_success = MOMENT_UNKNOWN, .has_result = moment_known(ran), .result = result,
                              .state = state < sizeof states / sizeof *states ? states[state] : TASK_RUN_UNKNOWN };
    if (cur_left(&c))
        into->life.last_success = moment_from_filetime(cur_u64(&c, "dynamic.last success"));
    return told(&c, noted, "cache.dynamic");
}
