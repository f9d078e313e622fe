#include "detect/family.h"

#include <stdio.h>
#include <strings.h>

struct families { const profile_node *first; };

status families_new(const profile *facts, arena *mem, families **out)
{
    const profile_node *root;
    status s = profile_need(facts, "families", &root);
    families *f = arena_alloc(mem, sizeof *f);
    f->first = profile_list(root, "families");
    *out = f;
    return s;
}

static family_hit hit(const profile_node *family, const char *role, unsigned weight)
{
    return (family_hit){ profile_text(family, "id"), role, weight };
}

/* The first family whose list `key` holds a word that `same` takes for `value`. */
static family_hit find(const families *f, const char *key, const char *value, unsigned weight, bool (*same)(const char *word, const char *value))
{
    if (value && *value)
        for (const profile_node *family = f->first; family; family = family->next)
            for (const profile_node *word = profile_list(family, key); word; word = word->next)
                if (word->text && same(word->text, value))
                    return hit(family, key, weight);
    return (family_hit){ 0 };
}

static bool equal(const char *word, const char *value) { return strcasecmp(word, value) == 0; }
static bool inside(const char *word, const char *value) { return strcasestr(value, word) != NULL; }
static bool below(const char *domain, const char *name)
{
    size_t d = strlen(domain), n = strlen(name);
    if (n > 0 && name[n - 1] == '.')
        n--;
    return n >= d && strncasecmp(name + n - d, domain, d) == 0 && (n == d || name[n - d - 1] == '.');
}
/* A marker stands alone as an action; it may bear a path or an extension it never had. */
static bool starts_word(const char *word, const char *value)
{
    size_t n = strlen(word);
    return strncasecmp(word, value, n) == 0 && (value[n] == 0 || value[n] == ' ');
}

family_hit families_file(const families *f, const char *path)
{
    bool found;
    for (const profile_node *family = f->first; path && family; family = family->next) {
        for (const profile_node *file = profile_list(family, "files"); file; file = file->next)
            if (strcasecmp(profile_text(file, "path"), path) == 0)
                return hit(family, profile_text(file, "role"), (unsigned)profile_number(file, "weight", &found));
        for (const profile_node *part = profile_list(family, "file_parts"); part; part = part->next)
            if (strcasestr(path, part->text))
                return hit(family, "file", 70);
    }
    return (family_hit){ 0 };
}

family_hit families_service(const families *f, const char *name) { return find(f, "services", name, 85, equal); }
family_hit families_task(const families *f, const char *name) { return find(f, "tasks", name, 80, equal); }
family_hit families_task_action(const families *f, const char *command) { return find(f, "task_actions", command, 90, starts_word); }
family_hit families_run_value(const families *f, const char *name) { return find(f, "run_values", name, 80, equal); }
family_hit families_account(const families *f, const char *name) { return find(f, "accounts", name, 90, equal); }
family_hit families_domain(const families *f, const char *name) { return find(f, "domains", name, 90, below); }
family_hit families_address(const families *f, const char *address) { return find(f, "addresses", address, 50, equal); }
family_hit families_firewall_rule(const families *f, const char *name) { return find(f, "firewall_rules", name, 70, equal); }
family_hit families_text(const families *f, const char *text) { return find(f, "text", text, 90, inside); }

family_hit families_port(const families *f, uint64_t port)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)port);
    return find(f, "ports", digits, 70, equal);
}

family_hit families_hashes(const families *f, const char *hashes) { return find(f, "sha256", hashes, 99, inside); }

struct remote_tools {
    remote_service *services; size_t service_count;
    remote_pipe *pipes; size_t pipe_count;
    remote_ancestry *ancestries; size_t ancestry_count;
    remote_call *calls; size_t call_count;
    const profile_node *root;
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
    status s = profile_need(facts, "remote-tools", &t->root);
    const profile_node *services = profile_get(t->root, "services"), *pipes = profile_get(t->root, "pipes"), *ways = profile_get(t->root, "ancestries");
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
    const profile_node *calls = profile_get(t->root, "calls");
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
        if (!a->image && image && profile_has(t->root, "innocent_children", image))
            continue;
        return a;
    }
    return NULL;
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

bool remote_tools_shell(const remote_tools *t, const char *image) { return image && profile_has(t->root, "shells", image); }
