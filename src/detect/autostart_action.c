#include "detect/autostart_action.h"

#include <strings.h>

/* "boot,logon": each kind of trigger once. */
static const char *triggers_of(const task *t, arena *mem)
{
    buf list;
    buf_init(&list, 256);
    bool seen[TASK_TRIGGER_OTHER + 1] = { false };
    for (size_t i = 0; i < t->trigger_count; i++) {
        task_trigger_kind k = t->triggers[i].kind;
        if (k > TASK_TRIGGER_OTHER || seen[k] || t->triggers[i].enabled == TASK_NO)
            continue;
        seen[k] = true;
        buf_printf(&list, "%s%s", list.len ? "," : "", task_trigger_word(k));
    }
    const char *text = arena_text(mem, buf_bytes(&list));
    buf_done(&list);
    return text;
}

static const char *runs_as(const task *t)
{
    for (size_t i = 0; i < t->principal_count; i++)
        if (*t->principals[i].user || *t->principals[i].group)
            return *t->principals[i].user ? t->principals[i].user : t->principals[i].group;
    return NULL;
}

/* Windows' own tasks by name: what they start, and where its file lies. */
static void judge_name(autostart_pass *p, autostart_entry *e, bool com)
{
    const char *file = looks_path(e->file ? e->file : "", &p->work);
    bool named = false, elsewhere = false;
    size_t at = 0;
    if (e->has_verdict && e->verdict == VERDICT_HOSTILE)
        return;
    for (const known_start *k; (k = autostart_known(&p->run->tasks, e->entry, &at));) {
        named = true;
        bool fits = k->file ? *file && autostart_like(k->file, file) : com;
        if (fits && autostart_in(k->nt, p->nt)) {
            e->has_verdict = true;
            e->verdict = VERDICT_KNOWN;
            e->reason = "windows-task";
            return;
        }
        elsewhere = elsewhere || fits;
    }
    if (e->has_verdict)
        return;
    /* Windows' own folder holds many a task that its features bring: a class of its own library there is known. */
    bool own = strncasecmp(e->entry, "\\Microsoft\\Windows\\", 19) == 0;
    if (own && com && autostart_windows_library(p->run, file)) {
        e->has_verdict = true;
        e->verdict = VERDICT_KNOWN;
        e->reason = "windows-file";
    } else if (elsewhere) {
        e->has_verdict = true;
        e->verdict = VERDICT_UNKNOWN;
        e->reason = "other-version";
    } else if (named && !com) {
        bool system = strncmp(file, "%w\\system32\\", 12) == 0;
        e->has_verdict = true;
        e->verdict = system ? VERDICT_UNKNOWN : VERDICT_SUSPICIOUS;
        e->reason = system ? "not-known" : "other-path";
    }
}

void autostart_note_task(autostart_pass *p, const autostart_row *row, const autostart_source *from, uint32_t record, const task *t, const autostart_entry *like)
{
    autostart_entry base = *like;
    base.as = AS_TASK;
    base.runs_as = base.runs_as ? base.runs_as : runs_as(t);
    base.start = triggers_of(t, &p->work);
    base.disabled = t->settings.enabled == TASK_NO || t->life.state == TASK_RUN_DISABLED;
    if (!t->action_count)
        autostart_note(p, row, from, record, 0, &base);
    for (size_t i = 0; i < t->action_count; i++) {
        const task_action *a = &t->actions[i];
        autostart_entry e = base;
        e.type = task_action_word(a->kind);
        bool com = a->kind == TASK_ACTION_COM;
        if (a->kind == TASK_ACTION_EXEC) {
            bool quoted = a->command[0] == '"' || !strchr(a->command, ' ');
            const char *line = arena_printf(&p->work, quoted ? "%s%s%s" : "\"%s\"%s%s", a->command, *a->arguments ? " " : "", a->arguments);
            autostart_set_command(p, &e, line);
            e.command = *a->arguments ? arena_printf(&p->work, "%s %s", a->command, a->arguments) : a->command;
            e.unquoted = false;
        } else if (com) {
            e.clsid = e.command = a->class_id;
            e.file = autostart_class_file(p, a->class_id);
        } else
            e.command = a->kind == TASK_ACTION_EMAIL ? arena_printf(&p->work, "%s: %s", a->to, a->subject) : a->subject;
        judge_name(p, &e, com);
        autostart_note(p, row, from, record, i, &e);
    }
}
