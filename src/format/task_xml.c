#include "format/task_xml.h"

#include "format/task_build.h"
#include "format/xml.h"

#include <stdlib.h>

typedef struct { arena *mem; problems *noted; task *to; } reader;

static task_flag flag(arena *mem, const xml *of, const char *path)
{
    const char *word = xml_text(mem, of, path);
    if (strcasecmp(word, "true") == 0 || strcmp(word, "1") == 0)
        return TASK_YES;
    return strcasecmp(word, "false") == 0 || strcmp(word, "0") == 0 ? TASK_NO : TASK_UNSAID;
}

static bool number(const char *word, uint32_t *out)
{
    char *end;
    unsigned long n = strtoul(word, &end, 10);
    if (*word < '0' || *word > '9' || *end || n > UINT32_MAX)
        return false;
    *out = (uint32_t)n;
    return true;
}

static void read_registration(reader *r, const xml *x)
{
    task *t = r->to;
    t->uri = xml_text(r->mem, x, "URI");
    t->author = xml_text(r->mem, x, "Author");
    t->description = xml_text(r->mem, x, "Description");
    t->source = xml_text(r->mem, x, "Source");
    t->documentation = xml_text(r->mem, x, "Documentation");
    t->security = xml_text(r->mem, x, "SecurityDescriptor");
    t->date = task_time_of(xml_text(r->mem, x, "Date"));
}

/* ---- triggers ---- */

static const struct { const char *element; task_trigger_kind kind; } trigger_kinds[] = {
    { "BootTrigger", TASK_TRIGGER_BOOT }, { "LogonTrigger", TASK_TRIGGER_LOGON }, { "TimeTrigger", TASK_TRIGGER_TIME },
    { "CalendarTrigger", TASK_TRIGGER_CALENDAR }, { "IdleTrigger", TASK_TRIGGER_IDLE }, { "RegistrationTrigger", TASK_TRIGGER_REGISTRATION },
    { "EventTrigger", TASK_TRIGGER_EVENT }, { "SessionStateChangeTrigger", TASK_TRIGGER_SESSION }, { "WnfStateChangeTrigger", TASK_TRIGGER_WNF },
};

static task_trigger_kind trigger_kind(const char *element)
{
    for (size_t i = 0; i < sizeof trigger_kinds / sizeof *trigger_kinds; i++)
        if (strcmp(trigger_kinds[i].element, element) == 0)
            return trigger_kinds[i].kind;
    return TASK_TRIGGER_OTHER;
}

static uint32_t bits_of_elements(const xml *of, int (*bit)(const char *))
{
    uint32_t bits = 0;
    for (const xml *x = of ? of->first : NULL; x; x = x->next) {
        int at = bit(x->name);
        bits |= at >= 0 ? 1u << at : 0;
    }
    return bits;
}

static uint32_t bits_of_texts(arena *mem, const xml *of, const char *element, uint32_t last, uint32_t last_bit)
{
    uint32_t bits = 0, n;
    for (const xml *x = xml_child(of, element); x; x = xml_sibling(x, element)) {
        const char *word = xml_text(mem, x, "");
        if (strcasecmp(word, "Last") == 0)
            bits |= 1u << last_bit;
        else if (number(word, &n) && n >= 1 && n <= last)
            bits |= 1u << (n - 1);
    }
    return bits;
}

static void put_every(reader *r, buf *out, const xml *x, const char *word, const char *element)
{
    uint32_t every = 1;
    number(xml_text(r->mem, x, element), &every);
    buf_printf(out, "%s %u", word, every);
}

static const char *schedule_of(reader *r, const xml *trigger)
{
    const xml *x;
    buf out;
    buf_init(&out, 4096);
    if ((x = xml_child(trigger, "ScheduleByDay"))) {
        put_every(r, &out, x, "daily", "DaysInterval");
    } else if ((x = xml_child(trigger, "ScheduleByWeek"))) {
        put_every(r, &out, x, "weekly", "WeeksInterval");
        task_put_days(&out, bits_of_elements(xml_child(x, "DaysOfWeek"), task_day_of));
    } else if ((x = xml_child(trigger, "ScheduleByMonth"))) {
        buf_str(&out, "monthly");
        task_put_month_days(&out, bits_of_texts(r->mem, xml_child(x, "DaysOfMonth"), "Day", 31, 31));
        task_put_months(&out, bits_of_elements(xml_child(x, "Months"), task_month_of));
    } else if ((x = xml_child(trigger, "ScheduleByMonthDayOfWeek"))) {
        buf_str(&out, "monthly");
        task_put_weeks(&out, bits_of_texts(r->mem, xml_child(x, "Weeks"), "Week", 4, 4));
        task_put_days(&out, bits_of_elements(xml_child(x, "DaysOfWeek"), task_day_of));
        task_put_months(&out, bits_of_elements(xml_child(x, "Months"), task_month_of));
    }
    const char *words = out.len ? arena_text(r->mem, buf_bytes(&out)) : "";
    buf_done(&out);
    return words ? words : "";
}

static void many(reader *r, const xml *x, const char *what)
{
    problems_note(r->noted, "task.many", PROBLEM_NO_CHUNK, 0, "line %u: more than %u %s", x->line, TASK_LIST, what);
}

static void read_triggers(reader *r, const xml *list)
{
    for (const xml *x = list ? list->first : NULL; x; x = x->next) {
        task_trigger *t = task_add_trigger(r->mem, r->to, trigger_kind(x->name));
        if (!t) {
            many(r, x, "triggers");
            return;
        }
        t->name = x->name;
        t->id = xml_get(x, "id");
        t->enabled = flag(r->mem, x, "Enabled");
        t->start = task_time_of(xml_text(r->mem, x, "StartBoundary"));
        t->end = task_time_of(xml_text(r->mem, x, "EndBoundary"));
        t->interval = xml_text(r->mem, x, "Repetition/Interval");
        t->duration = xml_text(r->mem, x, "Repetition/Duration");
        const char *delay = xml_text(r->mem, x, "Delay");
        t->delay = *delay ? delay : xml_text(r->mem, x, "RandomDelay");
        t->limit = xml_text(r->mem, x, "ExecutionTimeLimit");
        t->user = xml_text(r->mem, x, "UserId");
        t->subscription = xml_text(r->mem, x, "Subscription");
        const char *state = xml_text(r->mem, x, "StateChange");
        t->state = *state ? state : xml_text(r->mem, x, "StateName");
        t->schedule = schedule_of(r, x);
    }
}

/* ---- principals, settings, actions ---- */

static const char *joined(reader *r, const xml *list, const char *element, char between)
{
    const xml *x = xml_child(list, element);
    if (!x)
        return "";
    buf out;
    buf_init(&out, XML_BYTES);
    for (; x; x = xml_sibling(x, element)) {
        if (out.len)
            buf_char(&out, between);
        buf_str(&out, xml_text(r->mem, x, ""));
    }
    const char *words = arena_text(r->mem, buf_bytes(&out));
    buf_done(&out);
    return words ? words : "";
}

static void read_principals(reader *r, const xml *list)
{
    for (const xml *x = xml_child(list, "Principal"); x; x = xml_sibling(x, "Principal")) {
        task_principal *p = task_add_principal(r->mem, r->to);
        if (!p) {
            many(r, x, "principals");
            return;
        }
        p->id = xml_get(x, "id");
        p->user = xml_text(r->mem, x, "UserId");
        p->group = xml_text(r->mem, x, "GroupId");
        p->name = xml_text(r->mem, x, "DisplayName");
        p->logon_type = xml_text(r->mem, x, "LogonType");
        p->run_level = xml_text(r->mem, x, "RunLevel");
        p->sid_type = xml_text(r->mem, x, "ProcessTokenSidType");
        p->privileges = joined(r, xml_child(x, "RequiredPrivileges"), "Privilege", ',');
    }
}

static void read_settings(reader *r, const xml *x)
{
    uint32_t n;
    task_settings *s = &r->to->settings;
    s->enabled = flag(r->mem, x, "Enabled");
    s->hidden = flag(r->mem, x, "Hidden");
    s->on_demand = flag(r->mem, x, "AllowStartOnDemand");
    s->wake = flag(r->mem, x, "WakeToRun");
    s->start_when_available = flag(r->mem, x, "StartWhenAvailable");
    s->only_if_idle = flag(r->mem, x, "RunOnlyIfIdle");
    s->only_if_network = flag(r->mem, x, "RunOnlyIfNetworkAvailable");
    s->no_batteries = flag(r->mem, x, "DisallowStartIfOnBatteries");
    s->stop_on_batteries = flag(r->mem, x, "StopIfGoingOnBatteries");
    s->hard_terminate = flag(r->mem, x, "AllowHardTerminate");
    s->unified = flag(r->mem, x, "UseUnifiedSchedulingEngine");
    s->maintenance = xml_child(x, "MaintenanceSettings") ? TASK_YES : TASK_UNSAID;
    s->instances = xml_text(r->mem, x, "MultipleInstancesPolicy");
    s->limit = xml_text(r->mem, x, "ExecutionTimeLimit");
    s->delete_after = xml_text(r->mem, x, "DeleteExpiredTaskAfter");
    s->restart_interval = xml_text(r->mem, x, "RestartOnFailure/Interval");
    if (number(xml_text(r->mem, x, "RestartOnFailure/Count"), &n))
        s->restart_count = n;
    if (number(xml_text(r->mem, x, "Priority"), &n) && n <= 10)
        s->priority = (int)n;
}

static void read_exec(reader *r, const xml *x, task_action *a)
{
    a->command = xml_text(r->mem, x, "Command");
    a->arguments = xml_text(r->mem, x, "Arguments");
    a->folder = xml_text(r->mem, x, "WorkingDirectory");
}

static void read_com(reader *r, const xml *x, task_action *a)
{
    a->class_id = xml_text(r->mem, x, "ClassId");
    a->data = xml_text(r->mem, x, "Data");
}

static void read_email(reader *r, const xml *x, task_action *a)
{
    a->from = xml_text(r->mem, x, "From");
    a->to = xml_text(r->mem, x, "To");
    a->cc = xml_text(r->mem, x, "Cc");
    a->bcc = xml_text(r->mem, x, "Bcc");
    a->reply_to = xml_text(r->mem, x, "ReplyTo");
    a->server = xml_text(r->mem, x, "Server");
    a->subject = xml_text(r->mem, x, "Subject");
    a->body = xml_text(r->mem, x, "Body");
    a->attachments = joined(r, xml_child(x, "Attachments"), "File", '\n');
}

static void read_message(reader *r, const xml *x, task_action *a)
{
    a->subject = xml_text(r->mem, x, "Title");
    a->body = xml_text(r->mem, x, "Body");
}

static const struct { const char *element; task_action_kind kind; void (*read)(reader *, const xml *, task_action *); } action_kinds[] = {
    { "Exec", TASK_ACTION_EXEC, read_exec }, { "ComHandler", TASK_ACTION_COM, read_com },
    { "SendEmail", TASK_ACTION_EMAIL, read_email }, { "ShowMessage", TASK_ACTION_MESSAGE, read_message },
};

static void read_actions(reader *r, const xml *list)
{
    for (const xml *x = list ? list->first : NULL; x; x = x->next) {
        size_t k = 0, kinds = sizeof action_kinds / sizeof *action_kinds;
        while (k < kinds && strcmp(action_kinds[k].element, x->name) != 0)
            k++;
        task_action *a = task_add_action(r->mem, r->to, k < kinds ? action_kinds[k].kind : TASK_ACTION_OTHER);
        if (!a) {
            many(r, x, "actions");
            return;
        }
        a->id = xml_get(x, "id");
        if (k < kinds)
            action_kinds[k].read(r, x, a);
    }
}

status task_xml_read(arena *mem, span bytes, problems *noted, task *out)
{
    xml *root;
    status s = xml_parse(mem, bytes, noted, &root);
    if (!status_is_ok(s))
        return s;
    if (strcmp(root->name, "Task") != 0)
        return status_fail(STATUS_UNSUPPORTED, "XML, but no task: its first element is %.64s", root->name);
    task_init(out);
    reader r = { mem, noted, out };
    out->version = xml_get(root, "version");
    out->data = xml_text(mem, root, "Data");
    read_registration(&r, xml_child(root, "RegistrationInfo"));
    read_triggers(&r, xml_child(root, "Triggers"));
    read_principals(&r, xml_child(root, "Principals"));
    read_settings(&r, xml_child(root, "Settings"));
    const xml *actions = xml_child(root, "Actions");
    out->context = xml_get(actions, "Context");
    read_actions(&r, actions);
    return mem->spent ? status_fail(STATUS_LIMIT, "the task takes more memory than it may") : status_ok();
}
