/* Which findings have one cause? Those of one logon, of one family, of one process and its children, of one service, of one record:
 * they speak with one voice in the verdict. */
#include "incident/internal.h"

#include <stdlib.h>

typedef struct { const char *key; uint32_t of; } link;

static uint32_t root_of(uint32_t *parent, uint32_t i)
{
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
}

static int by_key(const void *a, const void *b)
{
    const link *l = a, *r = b;
    int order = strcmp(l->key, r->key);
    return order ? order : (l->of > r->of) - (l->of < r->of);
}

static void add(const joined *j, vec *links, uint32_t of, const told *t, const char *what, const char *value)
{
    if (value && value[0])
        *(link *)vec_push(links) = (link){ arena_printf(j->mem, "%u %s %s", t->f.host, what, value), of };
}

/* The system's own sessions are everybody's. */
static bool own_session(const char *logon)
{
    static const char *const systems[] = { "", "0x3e7", "0x3e4", "0x3e5", "0x3e3", "0x0" };
    for (size_t i = 0; i < sizeof systems / sizeof *systems; i++)
        if (strcmp(logon, systems[i]) == 0)
            return false;
    return true;
}

static void links_of(const joined *j, vec *links, uint32_t of, const told *t)
{
    if (t->logon && own_session(t->logon))           /* a logon id is a key while its system runs: a day bounds it */
        add(j, links, of, t, "logon", arena_printf(j->mem, "%s %llu", t->logon, (unsigned long long)(t->f.time / MOMENT_DAY)));
    for (size_t i = 0; i < t->evidence.count; i++) {
        const evidence_ref *r = vec_at(&t->evidence, i);
        if (r->record)
            add(j, links, of, t, "record", arena_printf(j->mem, "%s %llu", r->file, (unsigned long long)r->record));
    }
    if (!t->of)
        return;
    add(j, links, of, t, "family", act_fact(t->of, "family"));
    add(j, links, of, t, "process", act_fact(t->of, "guid"));
    add(j, links, of, t, "process", act_fact(t->of, "parent_guid"));
    if (strcmp(t->of->kind, "service.install") == 0 || strcmp(t->of->kind, "service.run") == 0)
        add(j, links, of, t, "service", act_fact(t->of, "name"));
}

void causes_group(joined *j)
{
    uint32_t n = (uint32_t)j->told.count, *parent = arena_array(j->mem, n, sizeof *parent);
    vec links;
    vec_init(&links, sizeof(link));
    for (uint32_t i = 0; i < n; i++) {
        parent[i] = i;
        links_of(j, &links, i, vec_at(&j->told, i));
    }
    vec_sort(&links, by_key);
    const char **names = arena_array(j->mem, n, sizeof *names);
    for (size_t i = 1; i < links.count; i++) {
        const link *was = vec_at(&links, i - 1), *is = vec_at(&links, i);
        if (strcmp(was->key, is->key) == 0)
            parent[root_of(parent, is->of)] = root_of(parent, was->of);
    }
    /* A group is called by the smallest of its keys, which depends on content alone. */
    for (size_t i = 0; i < links.count; i++) {
        const link *l = vec_at(&links, i);
        uint32_t root = root_of(parent, l->of);
        if (!names[root])
            names[root] = l->key;
    }
    for (uint32_t i = 0; i < n; i++) {
        told *t = vec_at(&j->told, i);
        if (!t->cause)
            t->cause = names[root_of(parent, i)];
    }
    vec_done(&links);
}
