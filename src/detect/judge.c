/* Judging one process start against profiles: core-processes, families, commands, remote-tools, chains. What depends on an image's
 * path alone, or on a command line alone, is found out once a log and remembered: logs say the same things all day. */
#include "detect/looks.h"
#include "detect/process.h"
#include "detect/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { CHAINS = 32, LEVELS = 3, IMAGES = 2048, IMAGE_TEXT = 512, COMMANDS = 1024, COMMAND_TEXT = 2048 };

typedef struct {
    const char *name, *arguments;
    bool for_users, for_services;        /* the session that it runs in, where it is told */
    const profile_node *folders;
    word_table *parents;                 /* NULL: not judged */
} core_process;

typedef struct {
    const char *looks, *finding, *technique, *parent_command;
    severity severity;
    unsigned confidence;
    word_table *parents, *children;
    bool shells;                         /* children: any shell */
} chain;

typedef struct { severity severity; unsigned confidence; const char *technique; } judgement;

struct process_judge {
    commands *commands;
    families *families;
    remote_tools *remote;
    looks *looks;
    core_process *core; size_t core_count;
    word_table *core_names, *not_near, *starters, *bare_shells, *renamed;
    const profile_node *near_to, *also_lawful;
    chain chains[CHAINS]; size_t chain_count;
    judgement bare, rename;
    struct { int wrong_path, near_name, wrong_parent, fake_parent, no_arguments, wrong_session, wrong_account, drivers_folder, temp_folder, alert; } weights;
};

/* What an image's path says of itself. */
typedef struct {
    const char *path, *file;             /* in looks_path's form */
    const core_process *core;            /* whose name it bears */
    bool misplaced, elsewhere;           /* that core file is not at home there; a System32 that is not Windows' */
    const char *near;                    /* the core name that it nearly bears */
    family_hit family;
    bool odd, shell, bare_shell, starter, root, random;      /* root: directly in the Windows folder */
    int folder_points;
    const char *folder_reason;
    uint32_t parent_in, child_in;        /* chains, one bit each */
    const remote_service *service;
    bool caller, called;                 /* ancestries that have it as parent; or as child under any parent */
} image_facts;

/* What a command line says of itself. */
typedef struct {
    const command_rule *hits[COMMAND_HITS], *inner[COMMAND_HITS];
    size_t hit_count, inner_count;
    const char *decoded;
    family_hit family;
} command_facts;

struct process_room {
    arena *mem;
    pattern_room *patterns;
    map images, commands;                /* index in the lists below */
    vec image_list, command_list;        /* image_facts *, command_facts * */
};

static bool read_judgement(const profile_node *row, judgement *out)
{
    bool found;
    out->confidence = (unsigned)profile_number(row, "confidence", &found);
    out->technique = profile_text(row, "technique");
    return severity_from(profile_text(row, "severity"), &out->severity);
}

static int weight(const profile_node *weights, const char *key)
{
    bool found;
    return (int)profile_number(weights, key, &found);
}

static status read_core(process_judge *j, const profile_node *root, arena *mem)
{
    const profile_node *w = profile_get(root, "weights"), *list = profile_get(root, "processes");
    j->weights.wrong_path = weight(w, "wrong_path");
    j->weights.near_name = weight(w, "near_name");
    j->weights.wrong_parent = weight(w, "wrong_parent");
    j->weights.fake_parent = weight(w, "fake_parent");
    j->weights.no_arguments = weight(w, "no_arguments");
    j->weights.wrong_session = weight(w, "wrong_session");
    j->weights.wrong_account = weight(w, "wrong_account");
    j->weights.drivers_folder = weight(w, "drivers_folder");
    j->weights.temp_folder = weight(w, "temp_folder");
    j->weights.alert = weight(w, "alert");
    j->not_near = word_table_of(mem, root, "not_near");
    j->near_to = profile_list(root, "near_to");
    j->also_lawful = profile_list(root, "also_lawful");
    j->core = arena_array(mem, list ? list->count + 1 : 1, sizeof *j->core);
    j->core_names = word_table_new(mem, list ? list->count : 0);
    for (const profile_node *row = list ? list->first : NULL; row; row = row->next) {
        core_process *p = &j->core[j->core_count];
        const char *session = profile_text(row, "session");
        *p = (core_process){ .name = profile_text(row, "name"), .arguments = profile_text(row, "arguments"), .folders = profile_list(row, "paths"),
                             .for_users = session && strcmp(session, "user") == 0, .for_services = session && strcmp(session, "user") != 0 };
        if (profile_get(row, "parents"))
            p->parents = word_table_of(mem, row, "parents");
        word_table_put(j->core_names, p->name, (uint32_t)j->core_count++);
    }
    return status_ok();
}

static status read_chains(process_judge *j, const profile_node *root, arena *mem)
{
    for (const profile_node *row = profile_list(root, "chains"); row; row = row->next) {
        judgement g;
        if (j->chain_count == CHAINS)
            return status_fail(STATUS_LIMIT, "profiles/chains.yml:%u: more than %d chains", row->line, CHAINS);
        if (!read_judgement(row, &g))
            return status_fail(STATUS_BAD_INPUT, "profiles/chains.yml:%u: '%s' is no severity", row->line, profile_text(row, "severity"));
        j->chains[j->chain_count++] = (chain){
            .looks = profile_text(row, "looks"), .finding = profile_text(row, "finding"), .technique = g.technique, .severity = g.severity, .confidence = g.confidence,
            .parent_command = profile_text(row, "parent_command"), .parents = word_table_of(mem, row, "parents"), .children = word_table_of(mem, row, "children"),
            .shells = profile_has(row, "children", "shells") };
    }
    j->starters = word_table_of(mem, root, "starters");
    j->bare_shells = word_table_of(mem, root, "bare_shells");
    j->renamed = word_table_of(mem, root, "renamed");
    if (!read_judgement(profile_get(root, "bare"), &j->bare) || !read_judgement(profile_get(root, "rename"), &j->rename))
        return status_fail(STATUS_BAD_INPUT, "profiles/chains.yml: 'bare' or 'rename' has no severity");
    return status_ok();
}

status process_judge_new(const profile *facts, arena *mem, process_judge **out)
{
    process_judge *j = arena_alloc(mem, sizeof *j);
    const profile_node *core, *chains;
    *out = j;
    status s = profile_need(facts, "core-processes", &core);
    if (status_is_ok(s))
        s = profile_need(facts, "chains", &chains);
    if (status_is_ok(s))
        s = read_core(j, core, mem);
    if (status_is_ok(s))
        s = read_chains(j, chains, mem);
    if (status_is_ok(s))
        s = commands_new(facts, mem, &j->commands);
    if (status_is_ok(s))
        s = families_new(facts, mem, &j->families);
    if (status_is_ok(s))
        s = remote_tools_new(facts, mem, &j->remote);
    if (status_is_ok(s))
        s = looks_new(facts, mem, &j->looks);
    return s;
}

process_room *process_room_new(arena *mem)
{
    process_room *r = arena_alloc(mem, sizeof *r);
    r->mem = mem;
    r->patterns = pattern_room_new(mem);
    map_init(&r->images);
    map_init(&r->commands);
    vec_init(&r->image_list, sizeof(image_facts *));
    vec_init(&r->command_list, sizeof(command_facts *));
    return r;
}

void process_room_done(process_room *r)
{
    map_done(&r->images);
    map_done(&r->commands);
    vec_done(&r->image_list);
    vec_done(&r->command_list);
}

static bool in_folder(const char *path, const char *file, const char *folder)
{
    size_t n = strlen(folder);
    return (size_t)(file - path) == n + 1 && strncasecmp(path, folder, n) == 0;
}

static bool starts_with_any(const char *path, const profile_node *list)
{
    for (; list; list = list->next)
        if (strncasecmp(path, list->text, strlen(list->text)) == 0 || (list->text[0] != '%' && strcasestr(path, list->text)))
            return true;
    return false;
}

/* Does the file of this core name lie where no such file is at home? A path without folders says nothing. */
static bool misplaced(const process_judge *j, const core_process *p, const char *path, const char *file)
{
    if (file == path)
        return false;
    for (const profile_node *folder = p->folders; folder; folder = folder->next)
        if (in_folder(path, file, folder->text))
            return false;
    return !starts_with_any(path, j->also_lawful);
}

static bool below_windows(const char *path) { return strncmp(path, "%w\\", 3) == 0; }

static void judge_folder(const process_judge *j, image_facts *f)
{
    const char *other = strstr(f->path, "\\system32\\");
    f->elsewhere = other && !below_windows(f->path) && !(other - f->path >= 8 && strncmp(other - 8, "\\windows", 8) == 0) && !starts_with_any(f->path, j->also_lawful);
    if (strncmp(f->path, "%w\\system32\\drivers\\", 20) == 0 || strncmp(f->path, "%w\\syswow64\\drivers\\", 20) == 0) {
        f->folder_points = j->weights.drivers_folder;
        f->folder_reason = "drivers_folder";
    } else if (strstr(f->path, "\\temp\\") || strstr(f->path, "\\tmp\\")) {
        f->folder_points = j->weights.temp_folder;
        f->folder_reason = "temp_folder";
    }
}

static void judge_image(const process_judge *j, process_room *room, const char *image, arena *mem, image_facts *f)
{
    f->path = looks_path(image, mem);
    f->file = looks_file(f->path);
    uint32_t id;
    if (word_table_find(j->core_names, f->file, strlen(f->file), &id)) {
        f->core = &j->core[id];
        f->misplaced = misplaced(j, f->core, f->path, f->file);
    } else if (!word_table_has(j->not_near, f->file)) {
        for (const profile_node *name = j->near_to; name && !f->near; name = name->next)
            if (looks_near(j->looks, name->text, f->file))
                f->near = name->text;
    }
    judge_folder(j, f);
    f->family = families_file(j->families, f->path);
    f->odd = looks_odd_folder(j->looks, f->path);
    f->shell = remote_tools_shell(j->remote, f->file);
    f->bare_shell = word_table_has(j->bare_shells, f->file);
    f->starter = word_table_has(j->starters, f->file);
    f->root = below_windows(f->path) && f->file == f->path + 3;
    f->random = f->root && looks_random(j->looks, f->file);
    for (size_t i = 0; i < j->chain_count; i++) {
        f->parent_in |= word_table_has(j->chains[i].parents, f->file) ? 1u << i : 0;
        f->child_in |= (j->chains[i].shells && f->shell) || word_table_has(j->chains[i].children, f->file) ? 1u << i : 0;
    }
    f->service = remote_tools_service(j->remote, room->patterns, NULL, image);
    remote_tools_roles(j->remote, f->file, image, &f->caller, &f->called);
}

static const image_facts *image_of(const process_judge *j, process_room *room, const char *image, arena *mem)
{
    span key = span_str(image);
    uint64_t *at = key.len <= IMAGE_TEXT ? map_find(&room->images, key) : NULL;
    if (at)
        return *(image_facts **)vec_at(&room->image_list, (size_t)*at);
    bool keep = key.len <= IMAGE_TEXT && room->images.count < IMAGES;
    image_facts *f = arena_alloc(keep ? room->mem : mem, sizeof *f);
    judge_image(j, room, image, keep ? room->mem : mem, f);
    if (keep) {
        *map_put(&room->images, key, NULL) = room->image_list.count;
        *(image_facts **)vec_push(&room->image_list) = f;
    }
    return f;
}

static void judge_command_line(const process_judge *j, process_room *room, const char *command, arena *mem, command_facts *f)
{
    f->hit_count = commands_judge(j->commands, room->patterns, command, f->hits);
    f->family = families_text(j->families, command);
    /* What is encoded may be encoded again: the innermost is what runs. */
    const char *text = command;
    for (int level = 0; level < LEVELS; level++) {
        const char *inside = commands_decoded(text, mem);
        if (!inside)
            break;
        const command_rule *hits[COMMAND_HITS];
        size_t count = commands_judge(j->commands, room->patterns, inside, hits);
        for (size_t i = 0; i < count && f->inner_count < COMMAND_HITS; i++)
            f->inner[f->inner_count++] = hits[i];
        if (!f->family.family)
            f->family = families_text(j->families, inside);
        f->decoded = text = inside;
    }
}

static const command_facts *command_of(const process_judge *j, process_room *room, const char *command, arena *mem)
{
    static const uint8_t other[16] = "suyuan commands.";
    uint64_t hash[2] = { hash64(span_str(command)), hash64_keyed(other, span_str(command)) };
    span key = span_of(hash, sizeof hash);
    uint64_t *at = map_find(&room->commands, key);
    if (at)
        return *(command_facts **)vec_at(&room->command_list, (size_t)*at);
    command_facts *f = arena_alloc(mem, sizeof *f);
    judge_command_line(j, room, command, mem, f);
    if (room->commands.count < COMMANDS && (!f->decoded || strlen(f->decoded) <= COMMAND_TEXT)) {
        command_facts *kept = arena_alloc(room->mem, sizeof *kept);
        *kept = *f;
        kept->decoded = arena_str(room->mem, f->decoded);
        *map_put(&room->commands, key, NULL) = room->command_list.count;
        *(command_facts **)vec_push(&room->command_list) = kept;
    }
    return f;
}

/* What is found out, while it is put together. */
typedef struct {
    const process_judge *j;
    arena *mem;
    const process_start *s;
    const image_facts *image, *parent;   /* parent NULL: not told */
    const command_facts *command;        /* NULL: not told */
    buf looks, reasons;
    process_verdict *v;
} judging;

static void add(buf *list, const char *word)
{
    const char *have = buf_text(list);
    size_t len = strlen(word);
    for (const char *at = have; (at = strstr(at, word)); at += len)
        if ((at == have || at[-1] == ',') && (at[len] == 0 || at[len] == ','))
            return;
    if (list->len)
        buf_char(list, ',');
    buf_str(list, word);
}

/* The finding stays the gravest; the first of equals. */
static void find(judging *g, const char *finding, severity s, unsigned confidence, const char *techniques, const char *text)
{
    process_verdict *v = g->v;
    v->suspect = true;
    if (v->finding && (v->severity > s || (v->severity == s && v->confidence >= confidence)))
        return;
    v->finding = finding;
    v->severity = s;
    v->confidence = confidence;
    v->techniques = techniques;
    v->text = text;
}

static bool is_system(const process_start *s)
{
    return (s->logon && strcasecmp(s->logon, "0x3e7") == 0) || (s->sid && strcmp(s->sid, "S-1-5-18") == 0);
}

/* A parent with the right name from the wrong place is a wrong parent, and worse. */
static int parent_points(judging *g, const core_process *p)
{
    const image_facts *parent = g->parent;
    if (!p->parents || !parent)
        return 0;
    bool fake = parent->core && parent->misplaced;
    if (!fake && word_table_has(p->parents, parent->file))
        return 0;
    add(&g->reasons, "wrong_parent");
    if (fake)
        add(&g->reasons, "fake_parent");
    return g->j->weights.wrong_parent + (fake ? g->j->weights.fake_parent : 0);
}

/* Points for what is broken of a core process's facts. */
static int core_points(judging *g, const core_process *p)
{
    const process_judge *j = g->j;
    const process_start *s = g->s;
    int points = 0;
    if (g->image->misplaced) {
        points += j->weights.wrong_path;
        add(&g->reasons, "wrong_path");
    }
    points += parent_points(g, p);
    if (p->arguments && s->command && *s->command && !strcasestr(s->command, p->arguments)) {
        points += j->weights.no_arguments;
        add(&g->reasons, "no_arguments");
    }
    bool told = s->session && *s->session, service = told && strcmp(s->session, "0") == 0;
    if (told && ((p->for_users && service) || (p->for_services && !service))) {
        points += j->weights.wrong_session;
        add(&g->reasons, "wrong_session");
    }
    if (p->for_users && is_system(s) && points > 0) {
        points += j->weights.wrong_account;
        add(&g->reasons, "wrong_account");
    }
    return points;
}

static void judge_core(judging *g)
{
    const process_judge *j = g->j;
    const image_facts *f = g->image;
    int points = f->core ? core_points(g, f->core) : 0;
    if (f->near) {
        points = j->weights.near_name;
        add(&g->reasons, "near_name");
    }
    if (points > 0 && f->folder_reason) {
        points += f->folder_points;
        add(&g->reasons, f->folder_reason);
    }
    if (points < j->weights.alert)
        return;
    add(&g->looks, f->near ? "near-name" : "fake-system");
    int confidence = 55 + 5 * points;
    find(g, "fake-system-process", SEVERITY_CRITICAL, confidence > 95 ? 95 : (unsigned)confidence, "T1036.005", NULL);
}

static void judge_family(judging *g)
{
    family_hit h = g->image->family;
    if (!h.family && g->s->hashes)
        h = families_hashes(g->j->families, g->s->hashes);
    bool by_text = !h.family;
    if (by_text && g->command)
        h = g->command->family;
    if (!h.family)
        return;
    add(&g->looks, "family");
    g->v->family = h.family;
    g->v->family_role = h.role;
    if (h.role && strcmp(h.role, "miner") == 0)
        find(g, "miner", SEVERITY_CRITICAL, h.weight, "T1496 T1036.005", "miner.family");
    else
        find(g, by_text ? "script-execution" : "malware-file", SEVERITY_CRITICAL, h.weight - 1, by_text ? "T1059" : "T1036.005", by_text ? "script-execution.family" : "malware-file.family");
}

static void judge_hits(judging *g, const command_rule *const *hits, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add(&g->looks, hits[i]->looks);
        find(g, hits[i]->finding, hits[i]->severity, hits[i]->confidence, hits[i]->technique, arena_printf(g->mem, "%s.command", hits[i]->finding));
        if (strcmp(hits[i]->finding, "remote-execution") == 0 && !g->v->tool)
            g->v->tool = hits[i]->tool;
    }
}

static void judge_chain(judging *g)
{
    const process_judge *j = g->j;
    const process_start *s = g->s;
    if (!g->parent)
        return;
    for (uint32_t both = g->parent->parent_in & g->image->child_in; both; both &= both - 1) {
        const chain *c = &j->chains[__builtin_ctz(both)];
        if (c->severity < SEVERITY_MEDIUM || (c->parent_command && (!s->parent_command || !strcasestr(s->parent_command, c->parent_command))))
            continue;
        add(&g->looks, c->looks);
        find(g, c->finding, c->severity, c->confidence, c->technique, NULL);
    }
    if (g->image->odd && g->parent->starter) {
        add(&g->looks, "temp-path");
        find(g, "process-chain", SEVERITY_MEDIUM, 55, "T1036.005", "process-chain.odd-folder");
    }
}

/* Does the command line hold nothing but the program? Of none that is known, nothing is said. */
static bool bare(const char *command)
{
    if (!command || !*command)
        return false;
    const char *end = *command == '"' ? strchr(command + 1, '"') : NULL;
    end = end ? end + 1 : command + strcspn(command, " \t");
    return end[strspn(end, " \t")] == 0;
}

/* What no name and no parent betrays: a shell that waits for words where nobody types, a tool under another name, a
 * System32 folder that is not Windows'. */
static void judge_disguise(judging *g)
{
    const process_judge *j = g->j;
    const process_start *s = g->s;
    bool service = !s->session || !*s->session || strcmp(s->session, "0") == 0;
    if (g->image->bare_shell && service && is_system(s) && bare(s->command) && !(g->parent && g->parent->bare_shell)) {
        add(&g->looks, "bare-shell");
        find(g, "process-chain", j->bare.severity, j->bare.confidence, j->bare.technique, "process-chain.bare");
    }
    if (s->original && word_table_has(j->renamed, s->original) && strncasecmp(s->original, g->image->file, strcspn(s->original, ".")) != 0) {
        add(&g->looks, "renamed");
        find(g, "process-chain", j->rename.severity, j->rename.confidence, j->rename.technique, "process-chain.renamed");
    }
    if (g->image->elsewhere) {
        add(&g->looks, "fake-system");
        add(&g->reasons, "wrong_path");
        find(g, "fake-system-process", SEVERITY_HIGH, 75, "T1036.005", NULL);
    }
}

/* A tool of remote execution as parent, or a service program with a name made at random in the Windows folder. */
static void judge_remote(judging *g)
{
    const process_start *s = g->s;
    process_verdict *v = g->v;
    const image_facts *f = g->image, *parent = g->parent;
    const char *parent_file = parent ? parent->file : NULL;
    const remote_ancestry *way = NULL;
    if ((parent && parent->caller) || f->called)
        way = remote_tools_ancestry(g->j->remote, parent_file, s->parent_command, f->file, s->image, s->command);
    const remote_service *service = parent ? parent->service : NULL;
    /* Old logs do not name the parent, and the service manager may have started before the log began. */
    bool manager = parent && strcasecmp(parent_file, "services.exe") == 0, random_start = !way && !service && (manager || (!parent && is_system(s))) && f->random;
    if (way) {
        v->means = way->means;
        v->tool = way->tool;
        v->means_technique = way->technique ? way->technique : "T1021";
        v->means_severity = f->shell ? SEVERITY_HIGH : SEVERITY_MEDIUM;
        v->means_confidence = f->shell ? 80 : 55;
    } else if (service) {
        v->means = "smb-service";
        v->tool = service->tool;
        v->means_technique = "T1569.002 T1021.002";
        v->means_severity = service->admin ? SEVERITY_MEDIUM : SEVERITY_HIGH;
        v->means_confidence = 85;
    } else if (random_start) {
        add(&g->looks, "random-file");
        v->means = "smb-service";
        v->means_technique = "T1569.002 T1021.002";
        v->means_severity = SEVERITY_HIGH;
        v->means_confidence = manager ? 80 : 65;
    }
    if (strstr(buf_text(&g->looks), "output-share")) {
        v->means_severity = SEVERITY_CRITICAL;
        v->means_confidence = 92;
        v->means = v->means ? v->means : "wmi";
        v->means_technique = v->means_technique ? v->means_technique : "T1047";
    }
    if (v->means) {
        v->means_text = arena_printf(g->mem, "remote-execution.%s", v->means);
        v->suspect = true;
    }
}

static bool told(const char *image) { return image && *image && strcmp(image, "-") != 0 && strcmp(image, "?") != 0; }

void process_judge_start(const process_judge *j, process_room *room, const process_start *s, arena *mem, process_verdict *out)
{
    *out = (process_verdict){ 0 };
    judging g = { .j = j, .mem = mem, .s = s, .v = out };
    g.image = image_of(j, room, s->image ? s->image : "", mem);
    g.parent = told(s->parent) ? image_of(j, room, s->parent, mem) : NULL;
    g.command = s->command && *s->command ? command_of(j, room, s->command, mem) : NULL;
    buf_init(&g.looks, NOTE_VALUE);
    buf_init(&g.reasons, NOTE_VALUE);
    if (g.command) {
        memcpy(out->hits, g.command->hits, sizeof out->hits);
        out->hit_count = g.command->hit_count;
        out->decoded = g.command->decoded;
    }
    judge_family(&g);        /* first: of two that weigh the same, the one that names it stays */
    judge_core(&g);
    if (g.command) {
        judge_hits(&g, g.command->hits, g.command->hit_count);
        judge_hits(&g, g.command->inner, g.command->inner_count);
    }
    judge_chain(&g);
    judge_disguise(&g);
    judge_remote(&g);
    out->file = g.image->file;
    out->looks = arena_str(mem, buf_text(&g.looks));
    out->reasons = arena_str(mem, buf_text(&g.reasons));
    buf_done(&g.looks);
    buf_done(&g.reasons);
}
