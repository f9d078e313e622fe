/* Scheduled tasks as the scheduler itself keeps them: three kinds of keys under TaskCache that must agree. What stands in one of them
 * only, or cannot be read by those who administer the host, runs all the same and is in no list. */
#include "detect/autostart.h"

#include "detect/autostart_action.h"
#include "format/security.h"
#include "format/task_cache.h"

#include <strings.h>

#define CACHE "Microsoft\\Windows NT\\CurrentVersion\\Schedule\\TaskCache"

typedef struct { regf_key key; const char *path; bool has_index, has_descriptor, unreadable; uint64_t index; } tree_task;

typedef struct { autostart_pass *p; const autostart_row *row; map tree; vec tasks; } cache;      /* tree: index in tasks by GUID, small letters */

/* ---- Tree ---- */

/* Whether the system and administrators may read it: one that they may not read is in no list that they see. */
static bool kept_from_admins(autostart_pass *p, span bytes)
{
    static const char *const admins[] = { "BA", NULL }, *const systems[] = { "SY", NULL };
    security s;
    problems noted;
    problems_init(&noted, &p->work);
    if (!status_is_ok(security_read(&p->work, bytes, &noted, &s)) || !s.access.present || s.access.null || s.access.torn)
        return false;
    uint32_t wanted = security_read_rights(SECURITY_FILE);
    return security_denied(&s, SECURITY_FILE, admins, wanted) || security_denied(&s, SECURITY_FILE, systems, wanted) ||
           (!security_allowed(&s, SECURITY_FILE, admins, wanted) && !security_allowed(&s, SECURITY_FILE, systems, wanted));
}

static void walk_tree(cache *c, const regf_key *at, const char *path, unsigned depth)
{
    regf_keys all = regf_keys_of(c->p->view->hive, at);
    for (regf_key one; depth < 64 && regf_keys_next(&all, &one);) {
        const char *name = regf_name_text(one.name, one.latin, c->p->mem);
        const char *below = arena_printf(c->p->mem, "%s\\%s", path, name);
        char *id = regf_text_at(c->p->view->hive, &one, "", "Id", c->p->mem);
        if (id && *id) {
            tree_task t = { .key = one, .path = below };
            regf_value sd;
            t.has_index = regf_number_at(c->p->view->hive, &one, "", "Index", &t.index);
            t.has_descriptor = regf_find_value(c->p->view->hive, &one, "SD", &sd) && sd.size > 0;
            t.unreadable = t.has_descriptor && kept_from_admins(c->p, regf_data(c->p->view->hive, &sd, &c->p->work));
            bool was;
            utf8_lower_ascii(id);
            *map_put(&c->tree, span_str(id), &was) = c->tasks.count;
            *(tree_task *)vec_push(&c->tasks) = t;
            arena_reset(&c->p->work);
        }
        walk_tree(c, &one, below, depth + 1);
    }
}

/* ---- Tasks ---- */

static span bytes_of(autostart_pass *p, const autostart_source *from, const char *name)
{
    regf_value v;
    return autostart_value(p, from, name, &v) ? regf_data(p->view->hive, &v, &p->work) : (span){ 0 };
}

static bool in_some_class(autostart_pass *p, const char *id)
{
    static const char *const classes[] = { "Boot", "Logon", "Plain", "Maintenance" };
    regf_key root = regf_root(p->view->hive), there;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (regf_find(p->view->hive, &root, arena_printf(&p->work, CACHE "\\%s\\%s", classes[i], id), &there))
            return true;
    return false;
}

static const char *hidden_how(const tree_task *t, bool in_class)
{
    if (!t)
        return in_class ? "orphan" : "orphan-no-class";
    if (!t->has_descriptor)
        return "no-descriptor";
    if (t->has_index && t->index == 0)
        return "index-zero";
    if (t->unreadable)
        return "unreadable-for-admins";
    return in_class ? NULL : "no-class";
}

static void read_task(cache *c, const autostart_source *from, const char *id)
{
    autostart_pass *p = c->p;
    task t;
    problems noted;
    problems_init(&noted, &p->work);
    task_init(&t);
    span actions = bytes_of(p, from, "Actions"), triggers = bytes_of(p, from, "Triggers"), life = bytes_of(p, from, "DynamicInfo");
    bool read = actions.len && task_cache_actions(&p->work, actions, &noted, &t);
    if (triggers.len)
        task_cache_triggers(&p->work, triggers, &noted, &t);
    if (life.len)
        task_cache_dynamic(life, &noted, &t);
    const char *name = autostart_text(p, from, "Path"), *uri = autostart_text(p, from, "URI"), *author = autostart_text(p, from, "Author");
    if (!name || !*name)
        name = uri && *uri ? uri : id;
    if (author && *author)
        t.author = author;
    char *small = arena_str(&p->work, id);
    utf8_lower_ascii(small);
    const uint64_t *at = from->lost ? NULL : map_find(&c->tree, span_str(small));
    const tree_task *tree = at ? vec_at(&c->tasks, (size_t)*at) : NULL;
    const char *hidden = from->lost ? NULL : hidden_how(tree, in_some_class(p, id));
    span hash = bytes_of(p, from, "Hash");
    char definition[65] = "";
    if (hash.len == 32)                          /* older ones keep a checksum of four bytes */
        hex_of(hash, definition);
    autostart_entry e = { .entry = name, .hidden = hidden, .definition = definition, .unreadable = actions.len && !read && !t.action_count };
    if (hidden && (strcmp(hidden, "no-descriptor") == 0 || strcmp(hidden, "index-zero") == 0 || strcmp(hidden, "unreadable-for-admins") == 0)) {
        e.has_verdict = true;
        e.verdict = VERDICT_HOSTILE;
        e.reason = "hidden-task";
    } else if (hidden) {
        e.has_verdict = true;
        e.verdict = VERDICT_SUSPICIOUS;
        e.reason = "half-a-task";
    }
    autostart_note_task(p, c->row, from, from->key.cell, &t, &e);
    arena_reset(&p->work);
}

static void read_lost_tasks(cache *c)
{
    static const char tasks[] = CACHE "\\Tasks\\";
    for (size_t i = 0; i < c->p->lost_count; i++) {
        const regf_lost *l = &c->p->lost[i];
        if (l->key.cell == REGF_NONE || !l->path || strncasecmp(l->path, tasks, sizeof tasks - 1) != 0 || !autostart_is_class(l->path + sizeof tasks - 1))
            continue;
        autostart_source from = { .key = l->key, .path = l->path, .values = l->values, .value_count = l->value_count, .lost = true };
        read_task(c, &from, l->path + sizeof tasks - 1);
    }
}

/* A name in the tree whose task is gone: half deleted, or somebody's trick. */
static void note_missing(cache *c, const regf_key *tasks, bool has_tasks)
{
    for (size_t i = 0; i < c->tree.count; i++) {
        regf_key there;
        const tree_task *t = vec_at(&c->tasks, (size_t)c->tree.entries[i].value);
        const char *id = arena_text(&c->p->work, c->tree.entries[i].key);
        if (has_tasks && regf_find(c->p->view->hive, tasks, id, &there))
            continue;
        autostart_source from = { .key = t->key, .path = arena_printf(&c->p->work, CACHE "\\Tree%s", t->path) };
        autostart_entry e = { .entry = t->path, .hidden = "no-definition", .clsid = NULL, .has_verdict = true, .verdict = VERDICT_UNKNOWN, .reason = "half-a-task", .as = AS_TASK };
        autostart_note(c->p, c->row, &from, t->key.cell, 0, &e);
        arena_reset(&c->p->work);
    }
}

void autostart_tasks(autostart_pass *p, const autostart_row *row)
{
    cache c = { .p = p, .row = row };
    regf_key root = regf_root(p->view->hive), tree, tasks;
    map_init(&c.tree);
    vec_init(&c.tasks, sizeof(tree_task));
    if (regf_find(p->view->hive, &root, CACHE "\\Tree", &tree))
        walk_tree(&c, &tree, "", 0);
    bool has_tasks = regf_find(p->view->hive, &root, CACHE "\\Tasks", &tasks);
    if (has_tasks) {
        regf_keys all = regf_keys_of(p->view->hive, &tasks);
        for (regf_key one; regf_keys_next(&all, &one);) {
            const char *id = regf_name_text(one.name, one.latin, p->mem);
            autostart_source from = { .key = one, .path = arena_printf(p->mem, CACHE "\\Tasks\\%s", id) };
            read_task(&c, &from, id);
        }
    }
    note_missing(&c, &tasks, has_tasks);
    read_lost_tasks(&c);
    map_done(&c.tree);
    vec_done(&c.tasks);
}
