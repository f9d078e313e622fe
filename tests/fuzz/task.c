/* Tasks over any bytes, as XML, as a .job file and as each value of the task cache. Every text that comes out is UTF-8 inside its
 * arena, lists keep their limit, and a time is one that exists. */
#include "format/task_cache.h"
#include "format/task_job.h"
#include "format/task_xml.h"
#include "format/xml.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool kept)
{
    if (!kept)
        abort();
}

static void texts(const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        require(list[i] && utf8_valid(span_str(list[i])));
}

static void time_of(task_time t)
{
    char text[MOMENT_TEXT];
    texts(&t.text, 1);
    moment_iso(t.at, text);
    require(moment_known(t.at) || !t.local);
}

static void check(const task *t)
{
    texts((const char *const[]){ t->version, t->uri, t->author, t->description, t->source, t->documentation, t->security, t->context, t->data,
                                 t->settings.instances, t->settings.limit, t->settings.delete_after, t->settings.restart_interval }, 13);
    time_of(t->date);
    require(t->trigger_count <= TASK_LIST && t->action_count <= TASK_LIST && t->principal_count <= TASK_LIST);
    require(t->settings.priority >= -1 && t->settings.priority <= 10);
    for (size_t i = 0; i < t->trigger_count; i++) {
        const task_trigger *r = &t->triggers[i];
        texts((const char *const[]){ r->name, r->id, r->interval, r->duration, r->delay, r->limit, r->schedule, r->user, r->subscription, r->state, task_trigger_word(r->kind) }, 11);
        time_of(r->start);
        time_of(r->end);
    }
    for (size_t i = 0; i < t->principal_count; i++) {
        const task_principal *p = &t->principals[i];
        texts((const char *const[]){ p->id, p->user, p->group, p->name, p->logon_type, p->run_level, p->sid_type, p->privileges }, 8);
    }
    for (size_t i = 0; i < t->action_count; i++) {
        const task_action *a = &t->actions[i];
        texts((const char *const[]){ a->id, a->command, a->arguments, a->folder, a->class_id, a->data, a->from, a->to, a->cc, a->bcc, a->reply_to, a->server,
                                     a->subject, a->body, a->attachments, task_action_word(a->kind) }, 16);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena mem;
    problems noted;
    task t;
    span bytes = span_of(data, size);
    arena_init(&mem, 64 << 20);
    problems_init(&noted, &mem);
    if (status_is_ok(task_xml_read(&mem, bytes, &noted, &t)))
        check(&t);
    if (status_is_ok(task_job_read(&mem, bytes, &noted, &t)))
        check(&t);
    task_init(&t);
    task_cache_actions(&mem, bytes, &noted, &t);
    task_cache_triggers(&mem, bytes, &noted, &t);
    task_cache_dynamic(bytes, &noted, &t);
    check(&t);
    arena_done(&mem);
    return 0;
}
