#include "detect/family.h"

#include "detect/words.h"

#include <stdio.h>
#include <strings.h>

/* One list of all families: what each of its words stands for, and the words ready for look-ups. */
typedef struct { family_hit *hits; word_table *whole; word_finder *inside; } family_list;

struct families { family_list files, parts, services, tasks, actions, run_values, accounts, domains, addresses, ports, rules, marks, hashes; };

static size_t count_of(const profile_node *families, const char *key)
{
    size_t n = 0;
    for (const profile_node *family = families; family; family = family->next)
        for (const profile_node *word = profile_list(family, key); word; word = word->next)
            n++;
    return n;
}

/* `weight` 0: each row is a map with its own path, role and weight. */
static family_list list_of(arena *mem, const profile_node *families, const char *key, unsigned weight, bool inside)
{
    size_t most = count_of(families, key), n = 0;
    const char **words = arena_array(mem, most + 1, sizeof *words);
    family_list l = { .hits = arena_array(mem, most + 1, sizeof *l.hits), .whole = word_table_new(mem, most) };
    bool found;
    for (const profile_node *family = families; family; family = family->next)
        for (const profile_node *row = profile_list(family, key); row; row = row->next) {
            words[n] = weight ? row->text : profile_text(row, "path");
            l.hits[n] = (family_hit){ profile_text(family, "id"), weight ? key : profile_text(row, "role"), weight ? weight : (unsigned)profile_number(row, "weight", &found) };
            word_table_put(l.whole, words[n], (uint32_t)n);
            n++;
        }
    if (inside)
        l.inside = word_finder_new(mem, words, n);
    return l;
}

status families_new(const profile *facts, arena *mem, families **out)
{
    const profile_node *root;
    status s = profile_need(facts, "families", &root);
    const profile_node *all = profile_list(root, "families");
    families *f = arena_alloc(mem, sizeof *f);
    *out = f;
    f->files = list_of(mem, all, "files", 0, false);
    f->parts = list_of(mem, all, "file_parts", 70, true);
    f->services = list_of(mem, all, "services", 85, false);
    f->tasks = list_of(mem, all, "tasks", 80, false);
    f->actions = list_of(mem, all, "task_actions", 90, false);
    f->run_values = list_of(mem, all, "run_values", 80, false);
    f->accounts = list_of(mem, all, "accounts", 90, false);
    f->domains = list_of(mem, all, "domains", 90, false);
    f->addresses = list_of(mem, all, "addresses", 50, false);
    f->ports = list_of(mem, all, "ports", 70, false);
    f->rules = list_of(mem, all, "firewall_rules", 70, false);
    f->marks = list_of(mem, all, "text", 90, true);
    f->hashes = list_of(mem, all, "sha256", 99, false);
    if (!f->parts.inside || !f->marks.inside)
        return status_fail(STATUS_LIMIT, "profiles/families.yml: too many words to find in texts");
    return s;
}

static family_hit whole(const family_list *l, const char *value, size_t len)
{
    uint32_t id;
    return value && len && word_table_find(l->whole, value, len, &id) ? l->hits[id] : (family_hit){ 0 };
}

static family_hit equal(const family_list *l, const char *value) { return whole(l, value, value ? strlen(value) : 0); }

static family_hit inside(const family_list *l, const char *value)
{
    size_t which;
    return value && word_finder_first(l->inside, value, strlen(value), &which) ? l->hits[which] : (family_hit){ 0 };
}

family_hit families_file(const families *f, const char *path)
{
    family_hit h = equal(&f->files, path);
    if (h.family)
        return h;
    h = inside(&f->parts, path);
    h.role = h.family ? "file" : NULL;
    return h;
}

family_hit families_service(const families *f, const char *name) { return equal(&f->services, name); }
family_hit families_task(const families *f, const char *name) { return equal(&f->tasks, name); }
family_hit families_task_action(const families *f, const char *command) { return whole(&f->actions, command, command ? strcspn(command, " ") : 0); }
family_hit families_run_value(const families *f, const char *name) { return equal(&f->run_values, name); }
family_hit families_account(const families *f, const char *name) { return equal(&f->accounts, name); }
family_hit families_address(const families *f, const char *address) { return equal(&f->addresses, address); }
family_hit families_firewall_rule(const families *f, const char *name) { return equal(&f->rules, name); }
family_hit families_text(const families *f, const char *text) { return inside(&f->marks, text); }

/* "MD5=...,SHA256=...,IMPHASH=...", or the hash alone. */
family_hit families_hashes(const families *f, const char *hashes)
{
    const char *at = hashes ? strcasestr(hashes, "sha256=") : NULL;
    at = at ? at + 7 : hashes;
    return whole(&f->hashes, at, at ? strcspn(at, ", ") : 0);
}

/* The name itself, then what it lies below: "a.b.c", "b.c", "c". */
family_hit families_domain(const families *f, const char *name)
{
    size_t len = name ? strlen(name) : 0;
    if (len == 0)
        return (family_hit){ 0 };
    if (name[len - 1] == '.')
        len--;
    for (const char *at = name, *end = name + len; at < end;) {
        family_hit h = whole(&f->domains, at, (size_t)(end - at));
        if (h.family)
            return h;
        const char *dot = memchr(at, '.', (size_t)(end - at));
        at = dot ? dot + 1 : end;
    }
    return (family_hit){ 0 };
}

family_hit families_port(const families *f, uint64_t port)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)port);
    return equal(&f->ports, digits);
}

struct remote_tools {
    remote_service *services; size_t service_count;
    remote_pipe *pipes; size_t pipe_count;
    remote_ancestry *ancestries; size_t ancestry_count;
    remote_call *calls; size_t call_count;
    word_table *shells, *innocent;
};

static status expression(const profile_node *row, const char *key, arena *mem, pattern **out)
{
    const char *text = profile_text(row, key);
    if (!text)
        return status_ok();
    status s = pattern_new(mem, text, out);
    return status_is_ok(s) ? s : status_fail(s.code, "profiles/remote-tools.yml:%u: %.200s", row->line, s.words);
}

status remote_tools_new(const profile *facts, arena *mem, remote_tools **out)
{
    remote_tools *t = arena_alloc(mem, sizeof *t);
    const profile_node *root;
    status s = profile_need(facts, "remote-tools", &root);
    const profile_node *services = profile_get(root, "services"), *pipes = profile_get(root, "pipes"), *ways = profile_get(root, "ancestries");
    t->shells = word_table_of(mem, root, "shells");
    t->innocent = word_table_of(mem, root, "innocent_children");
    t->services = arena_array(mem, services ? services->count : 0, sizeof *t->services);
    t->pipes = arena_array(mem, pipes ? pipes->count : 0, sizeof *t->pipes);
    t->ancestries = arena_array(mem, ways ? ways->count : 0, sizeof *t->ancestries);
    for (const profile_node *row = services ? services->first : NULL; row && status_is_ok(s); row = row->next) {
        remote_service *r = &t->services[t->service_count++];
        *r = (remote_service){ .tool = profile_text(row, "tool"), .word = profile_text(row, "word"), .admin = profile_true(row, "admin") };
        s = expression(row, "name", mem, &r->name);
        if (status_is_ok(s))
            s = expression(row, "path", mem, &r->path);
    }
    for (const profile_node *row = pipes ? pipes->first : NULL; row && status_is_ok(s); row = row->next) {
        remote_pipe *r = &t->pipes[t->pipe_count++];
        *r = (remote_pipe){ .means = profile_text(row, "means"), .tool = profile_text(row, "tool"), .technique = profile_text(row, "technique") };
        s = expression(row, "pipe", mem, &r->pipe);
    }
    for (const profile_node *row = ways ? ways->first : NULL; row; row = row->next)
        t->ancestries[t->ancestry_count++] = (remote_ancestry){
            .means = profile_text(row, "means"), .tool = profile_text(row, "tool"), .technique = profile_text(row, "technique"), .parent = profile_text(row, "parent"),
            .parent_command = profile_text(row, "parent_command"), .image = profile_text(row, "image"), .image_path = profile_text(row, "image_path"), .command = profile_text(row, "command") };
    const profile_node *calls = profile_get(root, "calls");
    t->calls = arena_array(mem, calls ? calls->count : 0, sizeof *t->calls);
    for (const profile_node *row = calls ? calls->first : NULL; row; row = row->next)
        t->calls[t->call_count++] = (remote_call){ .means = profile_text(row, "means"), .service = profile_text(row, "service"), .process = profile_text(row, "process"), .technique = profile_text(row, "technique") };
    *out = t;
    return s;
}

const remote_service *remote_tools_service(const remote_tools *t, pattern_room *room, const char *name, const char *path)
{
    for (size_t i = 0; i < t->service_count; i++) {
        const remote_service *r = &t->services[i];
        if ((r->name && name && pattern_matches(r->name, room, name, strlen(name))) || (r->path && path && pattern_matches(r->path, room, path, strlen(path))))
            return r;
    }
    return NULL;
}

const remote_pipe *remote_tools_pipe(const remote_tools *t, pattern_room *room, const char *pipe)
{
    while (*pipe == '\\')
        pipe++;
    for (size_t i = 0; i < t->pipe_count; i++)
        if (pattern_matches(t->pipes[i].pipe, room, pipe, strlen(pipe)))
            return &t->pipes[i];
    return NULL;
}

const remote_ancestry *remote_tools_ancestry(const remote_tools *t, const char *parent, const char *parent_command, const char *image, const char *path, const char *command)
{
    for (size_t i = 0; i < t->ancestry_count; i++) {
        const remote_ancestry *a = &t->ancestries[i];
        if (a->parent && (!parent || strcasecmp(a->parent, parent) != 0))
            continue;
        if (a->image && (!image || strcasecmp(a->image, image) != 0))
            continue;
        if (a->image_path && (!path || strncasecmp(path, a->image_path, strlen(a->image_path)) != 0))
            continue;
        if (a->command && (!command || !strcasestr(command, a->command)))
            continue;
        if (a->parent_command && (!parent_command || !strcasestr(parent_command, a->parent_command)))
            continue;
        if (!a->image && image && word_table_has(t->innocent, image))
            continue;
        return a;
    }
    return NULL;
}

void remote_tools_roles(const remote_tools *t, const char *file, const char *path, bool *parent, bool *child)
{
    *parent = *child = false;
    for (size_t i = 0; i < t->ancestry_count; i++) {
        const remote_ancestry *a = &t->ancestries[i];
        *parent = *parent || (a->parent && strcasecmp(a->parent, file) == 0);
        *child = *child || (!a->parent && (!a->image || strcasecmp(a->image, file) == 0) && (!a->image_path || strncasecmp(path, a->image_path, strlen(a->image_path)) == 0));
    }
}

const remote_call *remote_tools_call(const remote_tools *t, const char *service_name, const char *process)
{
    for (size_t i = 0; i < t->call_count; i++) {
        const remote_call *c = &t->calls[i];
        if (c->process && strcasecmp(c->process, process) == 0)
            return c;
        if (c->service && strncasecmp(c->service, service_name, strlen(c->service)) == 0)
            return c;
    }
    return NULL;
}

bool remote_tools_shell(const remote_tools *t, const char *image) { return word_table_has(t->shells, image); }
