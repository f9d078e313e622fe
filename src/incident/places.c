/* Whose is a place of artifacts? What the hives in it claim decides: the name, the machine SID; else what lies beside it. */
#include "incident/classes.h"

#include <stdlib.h>

/* Notes of an artifact whose file is listed: its place is an atom, not the file. */
bool lies_somewhere(const joined *j, const char *file, const char *computer, const char *channel)
{
    size_t n;
    log_ref log = { file, "", computer, channel };
    return log_is_artifact(&log) && artifacts_of(j, file, NULL, &n);
}

/* Claims are sorted by file. */
static const identity_claim *const *claims_of(const joined *j, const char *file, size_t *count)
{
    const identity_claim *const *claims = j->claims.at;
    size_t low = 0, high = j->claims.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(claims[middle]->file, file) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < j->claims.count && strcmp(claims[end]->file, file) == 0)
        end++;
    *count = end - low;
    return claims ? claims + low : NULL;
}

/* The name that a file claims for its host: of several the one that Windows keeps for itself, else the first. */
static const char *name_claimed(const joined *j, const char *file, bool *is_own_name)
{
    size_t n;
    const identity_claim *const *claims = claims_of(j, file, &n);
    const char *name = NULL;
    bool own = false;
    for (size_t i = 0; i < n; i++) {
        bool is_own = strstr(claims[i]->source, "ComputerName") != NULL;
        if (strcmp(claims[i]->key, "name") == 0 && (!name || (is_own && !own))) {
            name = claims[i]->value;
            own = is_own;
        }
    }
    *is_own_name = own;
    return name;
}

typedef struct { const artifact_file *file; const char *name; bool own; } named_file;

static int by_place(const void *a, const void *b)
{
    const named_file *l = a, *r = b;
    int order = strcmp(l->file->e->unit, r->file->e->unit);
    if (order == 0)
        order = strcmp(l->file->root, r->file->root);
    if (order == 0)
        order = strcmp(l->file->e->path, r->file->e->path);
    return order ? order : strcmp(l->file->e->id, r->file->e->id);
}

static bool same_place(const artifact_file *a, const artifact_file *b)
{
    return strcmp(a->e->unit, b->e->unit) == 0 && strcmp(a->root, b->root) == 0;
}

/* Hives of several machines in one folder: other names where there is no root of a system, or under one and the same path.
 * (Under a root a copy may bear the name from before a renaming.) */
static bool several_hosts(const joined *j, const named_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(first_label(j, files[i].name), first_label(j, files[k].name)) != 0
                && (!files[i].file->anchored || strcmp(files[i].file->e->path, files[k].file->e->path) == 0))
                return true;
    return false;
}

static uint32_t place_atom(classes *c, const artifact_file *f, const char *name)
{
    buf key;
    bool was;
    buf_init(&key, SIZE_MAX);
    buf_printf(&key, "%s\x1f%s\x1f%s", f->e->unit, f->root, folded(c->j, name));
    uint64_t *at = map_put(&c->places, buf_bytes(&key), &was);
    buf_done(&key);
    if (!was) {
        *at = c->atoms.count;
        atom *a = vec_push(&c->atoms);
        *a = (atom){ .file = f->e->id, .name = name, .folded = folded(c->j, name), .label = first_label(c->j, name), .sort = sort_of_name(c->j, name),
                     .first = MOMENT_UNKNOWN, .last = MOMENT_UNKNOWN, .parent = (uint32_t)*at, .next = ATOM_NONE, .tail = (uint32_t)*at,
                     .unit = f->e->unit, .root = f->root };
    }
    atom *a = atom_at(c, (uint32_t)*at);
    if (strcmp(f->e->id, a->file) < 0)
        a->file = f->e->id;
    return (uint32_t)*at;
}

/* Files that tell something. A hive of which nothing is noted makes no host. */
static bool tells(const joined *j, const artifact_file *f)
{
    log_ref log = { f->e->id, f->e->path, "", f->e->channel };
    size_t n;
    if (raw_of_log(j, &log))
        return true;
    claims_of(j, f->e->id, &n);
    return n > 0;
}

void gather_places(classes *c)
{
    vec named;
    vec_init(&named, sizeof(named_file));
    artifact_file *files = c->j->artifacts.at;
    for (size_t i = 0; i < c->j->artifacts.count; i++) {
        bool own;
        const char *name = name_claimed(c->j, files[i].e->id, &own);
        if (name)
            *(named_file *)vec_push(&named) = (named_file){ &files[i], name, own };
    }
    vec_sort(&named, by_place);
    /* What a place is called: as Windows names itself, by the newest hive that says it; where there are several hosts, by none. */
    map called;
    map_init(&called);
    const named_file *all = named.at;
    for (size_t from = 0, end; from < named.count; from = end) {
        const named_file *newest = &all[from];
        for (end = from; end < named.count && same_place(all[from].file, all[end].file); end++) {
            moment l = moment_known(all[end].file->e->last) ? all[end].file->e->last : 0, r = moment_known(newest->file->e->last) ? newest->file->e->last : 0;
            if (all[end].own != newest->own ? all[end].own : l > r)
                newest = &all[end];
        }
        bool torn = several_hosts(c->j, all + from, end - from);
        *map_put(&called, span_str(arena_printf(c->j->mem, "%s\x1f%s", all[from].file->e->unit, all[from].file->root)), &(bool){ false }) =
            torn ? UINT64_MAX : (uint64_t)(newest - all);
    }
    for (size_t i = 0; i < c->j->artifacts.count; i++) {
        const uint64_t *at = map_find(&called, span_str(arena_printf(c->j->mem, "%s\x1f%s", files[i].e->unit, files[i].root)));
        bool is_own;
        const char *own = name_claimed(c->j, files[i].e->id, &is_own);
        const char *name = !at ? "" : *at == UINT64_MAX ? (own ? own : "") : all[*at].name;
        if (!*name && !tells(c->j, &files[i]))
            continue;
        files[i].place = place_atom(c, &files[i], name);
        size_t n;
        const identity_claim *const *claims = claims_of(c->j, files[i].e->id, &n);
        for (size_t k = 0; k < n; k++)
            if (decisive_sid(claims[k]))
                add_sid(c->j, atom_at(c, files[i].place), claims[k]->value);
    }
    map_done(&called);
    vec_done(&named);
}

/* What tells of one place, or of one unit: the class of all that lies there, when it is one. */
typedef struct { uint32_t class; bool several; } beside;

static void lies_beside(classes *c, map *of, vec *all, const char *key, uint32_t at)
{
    bool was;
    uint64_t *where = map_put(of, span_str(key), &was);
    if (!was) {
        *where = all->count;
        *(beside *)vec_push(all) = (beside){ class_of(c, at), false };
    }
    beside *b = vec_at(all, *where);
    b->several |= class_of(c, b->class) != class_of(c, at);
}

static const char *key_of_place(const classes *c, const char *unit, const char *root)
{
    return arena_printf(c->j->mem, "%s\x1f%s", unit, root ? root : "\x1e");
}

/* Where the logs lie, and the places that have a name. */
static void gather_beside(classes *c, map *of, vec *all)
{
    const evidence_file *const *e = c->j->evidence.at;
    map by_file;                                             /* file to the chain of its raw logs: they are sorted by file */
    map_init(&by_file);
    for (size_t i = c->j->raw.count; i-- > 0;)
        *map_put(&by_file, span_str(((const raw_log *)vec_at(&c->j->raw, i))->file), &(bool){ false }) = i;
    for (size_t i = 0; i < c->j->evidence.count; i++) {
        const uint64_t *first = e[i]->id ? map_find(&by_file, span_str(e[i]->id)) : NULL;
        bool anchored;
        const char *root = root_of_path(c->j, e[i]->path, &anchored);
        for (size_t k = first ? *first : c->j->raw.count; k < c->j->raw.count; k++) {
            const raw_log *r = vec_at(&c->j->raw, k);
            if (strcmp(r->file, e[i]->id) != 0)
                break;
            if (!r->computer[0] || strcmp(r->channel, "ForwardedEvents") == 0)
                continue;
            uint32_t at = atom_of(c, r->file, r->computer);
            lies_beside(c, of, all, key_of_place(c, e[i]->unit, root), at);
            lies_beside(c, of, all, key_of_place(c, e[i]->unit, NULL), at);
        }
    }
    for (uint32_t i = 0; i < c->atoms.count; i++) {
        const atom *a = atom_at(c, i);
        if (a->unit && a->folded[0])
            lies_beside(c, of, all, key_of_place(c, a->unit, NULL), i);
    }
    map_done(&by_file);
}

static uint32_t lone(const map *of, const vec *all, const char *key)
{
    const uint64_t *at = map_find(of, span_str(key));
    const beside *b = at ? vec_at(all, *at) : NULL;
    return b && !b->several ? b->class : ATOM_NONE;
}

/* A place that bears no name of its own, or one that an image gave, and that no SID found a host for, belongs to the one host
 * beside it: whose logs lie under the same root, else that is alone in its unit. What nothing names is one host a unit. */
void join_places(classes *c)
{
    for (uint32_t i = 0; i < c->atoms.count; i++) {          /* the machine SID first: it is decisive */
        const atom *a = atom_at(c, i);
        uint32_t found = ATOM_NONE;
        bool one = true;
        for (uint32_t k = 0; a->unit && !a->folded[0] && k < c->atoms.count; k++)
            for (size_t s = 0; k != i && s < a->sid_count; s++)
                if (has_sid(atom_at(c, k), a->sids[s])) {
                    one &= found == ATOM_NONE || class_of(c, found) == class_of(c, k);
                    found = k;
                }
        if (found != ATOM_NONE && one)
            put_together(c, i, found, VETO_NONE);
    }
    map of;
    vec all;
    map_init(&of);
    vec_init(&all, sizeof(beside));
    gather_beside(c, &of, &all);
    for (uint32_t i = 0; i < c->atoms.count; i++) {
        const atom *a = atom_at(c, i);
        if (!a->unit || bears_name(a) || class_of(c, i) != i || a->next != ATOM_NONE)
            continue;
        uint32_t host = lone(&of, &all, key_of_place(c, a->unit, a->root));
        if (host == ATOM_NONE)
            host = lone(&of, &all, key_of_place(c, a->unit, NULL));
        if (host != ATOM_NONE)
            put_together(c, host, i, VETO_SIDS);
    }
    map rest;
    map_init(&rest);
    for (uint32_t i = 0; i < c->atoms.count; i++) {
        const atom *a = atom_at(c, i);
        bool was;
        if (!a->unit || a->folded[0] || class_of(c, i) != i || a->next != ATOM_NONE)
            continue;
        uint64_t *at = map_put(&rest, span_str(a->unit), &was);
        if (!was)
            *at = i;
        else
            put_together(c, (uint32_t)*at, i, VETO_SIDS);
    }
    map_done(&rest);
    map_done(&of);
    vec_done(&all);
}

/* ---- What names no host, beside a single one ---- */

/* The one class that anything names; ATOM_NONE when there is none, or several. */
static uint32_t only_named(const classes *c)
{
    uint32_t found = ATOM_NONE;
    for (uint32_t i = 0; i < c->atoms.count; i++) {
        if (!atom_at(c, i)->folded[0])
            continue;
        if (found != ATOM_NONE && class_of(c, i) != found)
            return ATOM_NONE;
        found = class_of(c, i);
    }
    return found;
}

static const char *key_of_thing(const joined *j, const artifact_file *f)
{
    char *key = arena_printf(j->mem, "%s\x1f%s", f->e->channel ? f->e->channel : "", below_root(f->e->path));
    utf8_lower_ascii(key);
    return key;
}

/* Archives of one machine's folders (its tasks, its WMI repository) name nobody. Where everything else is one host's they are its
 * too, unless they hold another version of what it has: that is another machine, or another time. */
void join_to_only_host(classes *c)
{
    uint32_t host = only_named(c);
    if (host == ATOM_NONE)
        return;
    const artifact_file *files = c->j->artifacts.at;
    map things, other;
    map_init(&things);
    map_init(&other);
    for (size_t i = 0; i < c->j->artifacts.count; i++)
        if (files[i].place != ATOM_NONE && class_of(c, files[i].place) == host)
            *map_put(&things, span_str(key_of_thing(c->j, &files[i])), &(bool){ false }) = i;
    for (size_t i = 0; i < c->j->artifacts.count; i++) {
        if (files[i].place == ATOM_NONE || class_of(c, files[i].place) == host)
            continue;
        const uint64_t *same = map_find(&things, span_str(key_of_thing(c->j, &files[i])));
        if (same && strcmp(files[*same].e->id, files[i].e->id) != 0)
            map_put(&other, span_of(&(uint32_t){ class_of(c, files[i].place) }, sizeof(uint32_t)), &(bool){ false });
    }
    for (uint32_t i = 0; i < c->atoms.count; i++) {
        const atom *a = atom_at(c, i);
        uint32_t class = class_of(c, i);
        if (a->unit && !a->folded[0] && class != host && !map_find(&other, span_of(&class, sizeof class)) && put_together(c, host, i, VETO_SIDS))
            host = class_of(c, host);
    }
    map_done(&things);
    map_done(&other);
}

/* An artifact's notes are told of each host where it lies. */
void host_of_artifacts(joined *j)
{
    for (size_t i = 0; i < j->raw.count; i++) {
        raw_log *r = vec_at(&j->raw, i);
        log_ref log = { r->file, r->path, r->computer, r->channel };
        size_t n;
        const artifact_file *f = log_is_artifact(&log) ? artifacts_of(j, r->file, r->path, &n) : NULL;
        if (!f)
            continue;
        uint32_t *hosts = arena_array(j->mem, n, sizeof *hosts);
        size_t count = 0;
        for (size_t k = 0; k < n; k++) {
            bool there = f[k].host == HOST_NONE;
            for (size_t m = 0; m < count && !there; m++)
                there = hosts[m] == f[k].host;
            if (!there)
                hosts[count++] = f[k].host;
        }
        r->host = count ? hosts[0] : HOST_NONE;
        r->also = hosts + 1;
        r->also_count = count ? count - 1 : 0;
    }
}

/* ---- Whose is a root ---- */

static void root_is(joined *j, const char *unit, const char *root, uint32_t host)
{
    bool was;
    uint64_t *at = map_put(&j->host_of_root, span_str(arena_printf(j->mem, "%s\x1f%s", unit, root)), &was);
    *at = !was || *at == host ? host : HOST_NONE;            /* several hosts' logs in one folder: nobody's */
}

/* What lies beside artifacts of a host is that host's; where there are none, what lies beside its logs. */
void roots_of_hosts(joined *j)
{
    const evidence_file *const *e = j->evidence.at;
    for (size_t i = 0; i < j->artifacts.count; i++) {
        const artifact_file *f = vec_at(&j->artifacts, i);
        if (f->host != HOST_NONE)
            root_is(j, f->e->unit, f->root, f->host);
    }
    size_t of_artifacts = j->host_of_root.count;
    for (size_t i = 0; i < j->evidence.count; i++) {
        bool anchored;
        if (!e[i]->computer || !e[i]->computer[0])
            continue;
        const char *root = root_of_path(j, e[i]->path, &anchored);
        const uint64_t *at = map_find(&j->host_of_root, span_str(arena_printf(j->mem, "%s\x1f%s", e[i]->unit, root)));
        bool by_artifacts = at && at < &j->host_of_root.entries[of_artifacts].value;
        if (!by_artifacts)
            root_is(j, e[i]->unit, root, host_of_name_in(j, e[i]->id, e[i]->computer));
    }
}

uint32_t host_of_place(const joined *j, const char *unit, const char *path)
{
    bool anchored;
    const char *root = root_of_path(j, path, &anchored);
    const uint64_t *at = map_find(&j->host_of_root, span_str(arena_printf(j->mem, "%s\x1f%s", unit, root)));
    return at ? (uint32_t)*at : HOST_NONE;
}
