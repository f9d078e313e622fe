#include "format/task_build.h"

void task_init(task *t)
{
    *t = (task){ .version = "", .uri = "", .author = "", .description = "", .source = "", .documentation = "", .security = "", .date = task_no_time(),
                 .context = "", .data = "",
                 .settings = { .instances = "", .limit = "", .delete_after = "", .restart_interval = "", .priority = -1 },
                 .life = { .registered = MOMENT_UNKNOWN, .last_run = MOMENT_UNKNOWN, .last_success = MOMENT_UNKNOWN } };
}

task_time task_no_time(void)
{
    return (task_time){ .at = MOMENT_UNKNOWN, .text = "" };
}

task_time task_time_of(const char *text)
{
    task_time t = { .at = MOMENT_UNKNOWN, .text = text };
    if (!moment_parse(span_str(text), &t.at))
        t.at = MOMENT_UNKNOWN;
    const char *clock = strchr(text, 'T');
    t.local = moment_known(t.at) && !(clock && strpbrk(clock, "Zz+-"));
    return t;
}

task_trigger *task_add_trigger(arena *mem, task *t, task_trigger_kind kind)
{
    task_trigger *new = task_grow(mem, (void **)&t->triggers, &t->trigger_count, sizeof *new);
    if (new)
        *new = (task_trigger){ .kind = kind, .name = task_trigger_word(kind), .id = "", .start = task_no_time(), .end = task_no_time(), .interval = "",
                               .duration = "", .delay = "", .limit = "", .schedule = "", .user = "", .subscription = "", .state = "" };
    return new;
}

task_principal *task_add_principal(arena *mem, task *t)
{
    task_principal *new = task_grow(mem, (void **)&t->principals, &t->principal_count, sizeof *new);
    if (new)
        *new = (task_principal){ .id = "", .user = "", .group = "", .name = "", .logon_type = "", .run_level = "", .sid_type = "", .privileges = "" };
    return new;
}

task_action *task_add_action(arena *mem, task *t, task_action_kind kind)
{
    task_action *new = task_grow(mem, (void **)&t->actions, &t->action_count, sizeof *new);
    if (new)
        *new = (task_action){ .kind = kind, .id = "", .command = "", .arguments = "", .folder = "", .class_id = "", .data = "", .from = "", .to = "",
                              .cc = "", .bcc = "", .reply_to = "", .server = "", .subject = "", .body = "", .attachments = "" };
    return new;
}

void *task_grow(arena *mem, void **list, size_t *count, size_t each)
{
    if (*count >= TASK_LIST)
        return NULL;
    if ((*count & (*count - 1)) == 0) {                      /* the list is full at each power of two */
        void *larger = arena_array(mem, *count ? *count * 2 : 1, each);
        if (!larger)
            return NULL;
        if (*count)
            memcpy(larger, *list, *count * each);
        *list = larger;
    }
    return (uint8_t *)*list + (*count)++ * each;
}

const char *task_trigger_word(task_trigger_kind k)
{
    static const char *const words[] = { "boot", "logon", "time", "calendar", "idle", "registration", "event", "session", "wnf", "other" };
    return words[k];
}

const char *task_action_word(task_action_kind k)
{
    static const char *const words[] = { "exec", "com", "email", "message", "other" };
    return words[k];
}

/* ---- words of schedules ---- */

static const char *const days[] = { "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday" };
static const char *const months[] = { "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december" };
static const char *const weeks[] = { "first", "second", "third", "fourth", "last" };

static void put_set(buf *out, uint32_t bits, const char *const *words, unsigned count)
{
    const char *between = " ";
    for (unsigned i = 0; i < count; i++) {
        if (!(bits >> i & 1))
            continue;
        buf_str(out, between);
        if (words)
            buf_str(out, words[i]);
        else if (i == 31)
            buf_str(out, "last");
        else
            buf_u64(out, i + 1);
        between = ",";
    }
}

void task_put_days(buf *out, uint32_t bits) { put_set(out, bits, days, 7); }
void task_put_months(buf *out, uint32_t bits) { put_set(out, bits, months, 12); }
void task_put_weeks(buf *out, uint32_t bits) { put_set(out, bits, weeks, 5); }
void task_put_month_days(buf *out, uint32_t bits) { put_set(out, bits, NULL, 32); }

static int find(const char *const *words, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(words[i], name) == 0)
            return (int)i;
    return -1;
}

int task_day_of(const char *name) { return find(days, 7, name); }
int task_month_of(const char *name) { return find(months, 12, name); }

const char *task_duration(arena *mem, uint64_t seconds)
{
    uint64_t d = seconds / 86400, h = seconds / 3600 % 24, m = seconds / 60 % 60, s = seconds % 60;
    char text[64];
    buf out;
    buf_init(&out, sizeof text);
    buf_str(&out, "P");
    if (d)
        buf_printf(&out, "%lluD", (unsigned long long)d);
    if (h || m || s || !d)
        buf_str(&out, "T");
    if (h)
        buf_printf(&out, "%lluH", (unsigned long long)h);
    if (m)
        buf_printf(&out, "%lluM", (unsigned long long)m);
    if (s || seconds == 0)
        buf_printf(&out, "%lluS", (unsigned long long)s);
    const char *made = arena_text(mem, buf_bytes(&out));
    buf_done(&out);
    return made ? made : "";
}
