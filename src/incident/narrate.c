/* The story in order: of each episode the acts that carry it, each with its sentence, how sure it is, and its evidence. What happens
 * many times on a host is told once, with its number; how much is left out is not hidden: the findings list has it all. */
#include "incident/story.h"

#include <stdlib.h>

static const struct { const char *kind; unsigned rank; } order_of[] = {
    { "password-guessing", 1 }, { "password-spraying", 1 }, { "exploit-attempt", 1 }, { "logon-after-guessing", 2 }, { "remote-execution", 3 },
    { "fake-system-process", 4 }, { "process-chain", 4 }, { "miner", 4 }, { "malware-file", 4 }, { "script-execution", 4 }, { "service-install", 5 }, { "task-create", 5 },
};

typedef struct { uint32_t index, episode; moment time; } chosen;

static int by_time(const void *a, const void *b)
{
    const chosen *l = a, *r = b;
    if (l->episode != r->episode)
        return l->episode < r->episode ? -1 : 1;
    if (l->time != r->time)
        return l->time < r->time ? -1 : 1;
    return (l->index > r->index) - (l->index < r->index);
}

bool told_worth(const told *t)
{
    if (t->innocent || !moment_known(t->f.time))
        return false;
    if (t->f.severity >= SEVERITY_HIGH)
        return true;
    for (size_t i = 0; i < sizeof order_of / sizeof *order_of; i++)
        if (strcmp(order_of[i].kind, t->f.kind) == 0)
            return t->f.severity >= SEVERITY_MEDIUM;
    return false;
}

/* Of a host's findings of one kind in one episode the first few are told. */
static bool enough(const joined *j, const chosen *have, size_t count, const told *t)
{
    size_t same = 0;
    for (size_t i = 0; i < count; i++) {
        const told *o = finding_at(j, have[i].index);
        same += o->f.host == t->f.host && o->f.episode == t->f.episode && strcmp(o->f.kind, t->f.kind) == 0;
    }
    return same >= (size_t)weight(j, "story.told-of-kind");
}

static story_step *step_new(joined *j, size_t *room)
{
    suyuan_case *c = j->out;
    if (c->story_count == *room) {
        size_t more = *room ? *room * 2 : 64;
        story_step *all = arena_array(j->mem, more, sizeof *all);
        if (c->story_count)
            memcpy(all, c->story, c->story_count * sizeof *all);
        c->story = all;
        *room = more;
    }
    return &c->story[c->story_count++];
}

static int by_episode_time(const void *a, const void *b)
{
    const story_step *l = a, *r = b;
    if (l->episode != r->episode)
        return l->episode < r->episode ? -1 : 1;
    if (l->time != r->time)
        return l->time < r->time ? -1 : 1;
    if (l->host != r->host)
        return l->host < r->host ? -1 : 1;
    int order = strcmp(l->text.id ? l->text.id : "", r->text.id ? r->text.id : "");
    return order ? order : (int)(l->finding_count > r->finding_count) - (int)(l->finding_count < r->finding_count);
}

static void edges_told(joined *j, size_t *room)
{
    const suyuan_case *c = j->out;
    for (size_t i = 0; i < c->spread_count; i++) {
        const edge *e = &c->spread[i];
        *step_new(j, room) = (story_step){ .episode = e->episode, .host = e->to, .time = e->time, .text = e->why, .confidence = e->confidence, .evidence = e->evidence, .evidence_count = e->evidence_count };
    }
    const entry_way *entries[2] = { c->entry, c->entries };
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < (k ? c->entries_count : c->entry ? 1 : 0); i++) {
            const entry_way *e = &entries[k][i];
            *step_new(j, room) = (story_step){ .episode = e->episode, .host = e->host, .time = e->time, .text = e->why, .confidence = e->confidence, .evidence = e->evidence, .evidence_count = e->evidence_count };
        }
}

/* Crashes of a host in an episode's days stand in its story: that is what the customer saw. */
static void crashes_told(joined *j, size_t *room)
{
    suyuan_case *c = j->out;
    for (size_t i = 0; i < c->episode_count; i++)
        for (size_t k = 0; k < c->crash_count; k++) {
            const crash *x = &c->crashes[k];
            bool hit = false;
            for (size_t h = 0; h < c->episodes[i].host_count; h++)
                hit = hit || c->episodes[i].hosts[h] == x->host;
            if (!hit || x->time < c->episodes[i].from || x->time > c->episodes[i].to + MOMENT_DAY)
                continue;
            *step_new(j, room) = (story_step){ .episode = c->episodes[i].number, .host = x->host, .time = x->time, .confidence = 90, .evidence = x->evidence, .evidence_count = x->evidence_count,
                                               .text = say(j, x->code ? "story.crash" : "story.stop", "host", ARG_HOST, host_name(j, x->host), "code", ARG_TEXT, x->code, "name", ARG_TEXT, x->code_name, "time", ARG_TIME, write_time(j, x->time),
                                                           "alive", ARG_TEXT, x->sign_of_life ? "yes" : NULL, NULL) };
        }
}

void narrate(story *s)
{
    joined *j = s->j;
    chosen *all = arena_array(j->mem, j->told.count, sizeof *all);
    size_t count = 0, room = 0;
    for (uint32_t i = 0; i < j->told.count; i++) {
        const told *t = finding_at(j, i);
        if (t->f.episode && told_worth(t) && !enough(j, all, count, t))
            all[count++] = (chosen){ i, t->f.episode, t->f.time };
    }
    qsort(all, count, sizeof *all, by_time);
    for (size_t i = 0; i < count; i++) {
        const told *t = finding_at(j, all[i].index);
        story_step *step = step_new(j, &room);
        *step = (story_step){ .episode = t->f.episode, .host = t->f.host, .time = t->f.time, .text = t->f.text, .confidence = t->f.confidence, .evidence_count = t->evidence.count };
        step->findings = arena_alloc(j->mem, sizeof *step->findings);
        step->findings[0] = all[i].index;
        step->finding_count = 1;
        step->evidence = arena_array(j->mem, t->evidence.count, sizeof *step->evidence);
        if (t->evidence.count)
            memcpy(step->evidence, t->evidence.at, t->evidence.count * sizeof *step->evidence);
    }
    edges_told(j, &room);
    crashes_told(j, &room);
    if (j->out->story_count)
        qsort(j->out->story, j->out->story_count, sizeof *j->out->story, by_episode_time);
}
