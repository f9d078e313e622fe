/* Judging one process start against profiles: core-processes, families, commands, remote-tools, chains. */
#include "detect/looks.h"
#include "detect/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

struct process_judge {
    commands *commands;
    families *families;
    remote_tools *remote;
    looks *looks;
    const profile_node *core, *chains;
    struct { int wrong_path, near_name, wrong_parent, fake_parent, no_arguments, wrong_session, wrong_account, drivers_folder, temp_folder, alert; } weights;
};

static int weight(const profile_node *weights, const char *key)
{
    bool found;
    return (int)profile_number(weights, key, &found);
}

status process_judge_new(const profile *facts, arena *mem, process_judge **out)
{
    process_judge *j = arena_alloc(mem, sizeof *j);
    status s = profile_need(facts, "core-processes", &j->core);
    if (status_is_ok(s))
        s = profile_need(facts, "chains", &j->chains);
    const profile_node *w = profile_get(j->core, "weights");
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
    *out = j;
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

/* What is found out, while it is put together. */
typedef struct { const process_judge *j; arena *mem; const process_start *s; char *path, *parent_path; const char *file, *parent_file; buf looks, reasons; process_verdict *v; } judging;

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

static bool is_system(const process_start *s)
{
    return (s->logon && strcasecmp(s->logon, "0x3e7") == 0) || (s->sid && strcmp(s->sid, "S-1-5-18") == 0);
}

static const profile_node *core_of(const process_judge *j, const char *file)
{
    for (const profile_node *p = profile_list(j->core, "processes"); p; p = p->next)
        if (strcasecmp(profile_text(p, "name"), file) == 0)
            return p;
    return NULL;
}

/* Does the file of this core name lie where no such file is at home? A path without folders says nothing. */
static bool misplaced(const process_judge *j, const profile_node *p, const char *path, const char *file)
{
    if (file == path)
        return false;
    for (const profile_node *folder = profile_list(p, "paths"); folder; folder = folder->next)
        if (in_folder(path, file, folder->text))
            return false;
    return !starts_with_any(path, profile_list(j->core, "also_lawful"));
}

/* A parent with the right name from the wrong place is a wrong parent, and worse. */
static int parent_points(judging *g, const profile_node *p)
{
    const process_judge *j = g->j;
    const char *parent = g->parent_file;
    if (!profile_get(p, "parents") || !parent || !*parent || strcmp(parent, "-") == 0 || strcmp(parent, "?") == 0)
        return 0;
    const profile_node *core = core_of(j, parent);
    bool fake = core && misplaced(j, core, g->parent_path, parent);
    if (!fake && profile_has(p, "parents", parent))
        return 0;
    add(&g->reasons, "wrong_parent");
    if (fake)
        add(&g->reasons, "fake_parent");
    return j->weights.wrong_parent + (fake ? j->weights.fake_parent : 0);
}

/* Points for what is broken of a core process's facts. */
static int core_points(judging *g, const profile_node *p)
{
    const process_judge *j = g->j;
    const process_start *s = g->s;
    int points = 0;
    if (misplaced(j, p, g->path, g->file)) {
        points += j->weights.wrong_path;
        add(&g->reasons, "wrong_path");
    }
    points += parent_points(g, p);
    const char *arguments = profile_text(p, "arguments");
    if (arguments && s->command && *s->command && !strcasestr(s->command, arguments)) {
        points += j->weights.no_arguments;
        add(&g->reasons, "no_arguments");
    }
    const char *session = profile_text(p, "session");
    if (session && s->session && *s->session && (strcmp(session, "user") == 0) == (strcmp(s->session, "0") == 0)) {
        points += j->weights.wrong_session;
        add(&g->reasons, "wrong_session");
    }
    if (session && strcmp(session, "user") == 0 && is_system(s) && points > 0) {
        points += j->weights.wrong_account;
        add(&g->reasons, "wrong_account");
    }
    return points;
}

static int folder_points(judging *g)
{
    if (strncasecmp(g->path, "%w\\system32\\drivers\\", 20) == 0 || strncasecmp(g->path, "%w\\syswow64\\drivers\\", 20) == 0) {
        add(&g->reasons, "drivers_folder");
        return g->j->weights.drivers_folder;
    }
    if (strcasestr(g->path, "\\temp\\") || strcasestr(g->path, "\\tmp\\")) {
        add(&g->reasons, "temp_folder");
        return g->j->weights.temp_folder;
    }
    return 0;
}

static void judge_core(judging *g)
{
    const process_judge *j = g->j;
    const profile_node *core = core_of(j, g->file);
    int points = core ? core_points(g, core) : 0;
    const char *near = NULL;
    if (!core && !profile_has(j->core, "not_near", g->file))
        for (const profile_node *name = profile_list(j->core, "near_to"); name && !near; name = name->next)
            if (looks_near(j->looks, name->text, g->file))
                near = name->text;
    if (near) {
        points = j->weights.near_name;
        add(&g->reasons, "near_name");
    }
    if (points > 0)
        points += folder_points(g);
    if (points < j->weights.alert)
        return;
    add(&g->looks, near ? "near-name" : "fake-system");
    int confidence = 55 + 5 * points;
    find(g, "fake-system-process", SEVERITY_CRITICAL, confidence > 95 ? 95 : (unsigned)confidence, "T1036.005", NULL);
}

static void judge_family(judging *g)
{
    const process_judge *j = g->j;
    family_hit h = families_file(j->families, g->path);
    if (!h.family && g->s->hashes)
        h = families_hashes(j->families, g->s->hashes);
    bool by_text = !h.family && g->s->command;
    if (by_text)
        h = families_text(j->families, g->s->command);
    if (!h.family && g->v->decoded)
        h = families_text(j->families, g->v->decoded);
    if (!h.family)
        return;
    add(&g->looks, "family");
    g->v->family = h.family;
    g->v->family_role = h.role;
    bool miner = h.role && strcmp(h.role, "miner") == 0;
    if (miner)
        find(g, "miner", SEVERITY_CRITICAL, h.weight, "T1496 T1036.005", "miner.family");
    else
        find(g, by_text ? "script-execution" : "malware-file", SEVERITY_CRITICAL, h.weight - 1, by_text ? "T1059" : "T1036.005", by_text ? "script-execution.family" : "malware-file.family");
}

static size_t judge_command(judging *g, pattern_room *room, const char *text, const command_rule *hits[COMMAND_HITS])
{
    size_t count = text && *text ? commands_judge(g->j->commands, room, text, hits) : 0;
    for (size_t i = 0; i < count; i++) {
        add(&g->looks, hits[i]->looks);
        find(g, hits[i]->finding, hits[i]->severity, hits[i]->confidence, hits[i]->technique, arena_printf(g->mem, "%s.command", hits[i]->finding));
        if (strcmp(hits[i]->finding, "remote-execution") == 0 && !g->v->tool)
            g->v->tool = hits[i]->tool;
    }
    return count;
}

static bool child_fits(const judging *g, const profile_node *chain)
{
    for (const profile_node *c = profile_list(chain, "children"); c; c = c->next)
        if (strcmp(c->text, "shells") == 0 ? remote_tools_shell(g->j->remote, g->file) : strcasecmp(c->text, g->file) == 0)
            return true;
    return false;
}

static void judge_chain(judging *g)
{
    const profile_node *root = g->j->chains;
    bool found;
    for (const profile_node *c = profile_list(root, "chains"); c && g->parent_file; c = c->next) {
        severity s;
        const char *command = profile_text(c, "parent_command");
        if (!profile_has(c, "parents", g->parent_file) || !child_fits(g, c) || !severity_from(profile_text(c, "severity"), &s) || s < SEVERITY_MEDIUM)
            continue;
        if (command && (!g->s->parent_command || !strcasestr(g->s->parent_command, command)))
            continue;
        add(&g->looks, profile_text(c, "looks"));
        find(g, profile_text(c, "finding"), s, (unsigned)profile_number(c, "confidence", &found), profile_text(c, "technique"), NULL);
    }
    bool odd = looks_odd_folder(g->j->looks, g->path);
    if (odd && g->parent_file && profile_has(root, "starters", g->parent_file)) {
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

static void judged_by(judging *g, const char *key, const char *looks, const char *text)
{
    const profile_node *how = profile_get(g->j->chains, key);
    bool found;
    severity s;
    if (!severity_from(profile_text(how, "severity"), &s))
        return;
    add(&g->looks, looks);
    find(g, "process-chain", s, (unsigned)profile_number(how, "confidence", &found), profile_text(how, "technique"), text);
}

/* What no name and no parent betrays: a shell that waits for words where nobody types, a tool under another name, a
 * System32 folder that is not Windows'. */
static void judge_disguise(judging *g)
{
    const process_judge *j = g->j;
    const process_start *s = g->s;
    bool service = (s->session && strcmp(s->session, "0") == 0) || (!s->session && is_system(s));
    if (service && is_system(s) && bare(s->command) && profile_has(j->chains, "bare_shells", g->file) && !(g->parent_file && profile_has(j->chains, "bare_shells", g->parent_file)))
        judged_by(g, "bare", "bare-shell", "process-chain.bare");
    if (s->original && profile_has(j->chains, "renamed", s->original)) {
        size_t stem = strcspn(s->original, ".");
        if (strncasecmp(s->original, g->file, stem) != 0)
            judged_by(g, "rename", "renamed", "process-chain.renamed");
    }
    const char *at = strcasestr(g->path, "\\system32\\");
    if (at && strncasecmp(g->path, "%w\\", 3) != 0 && !(at - g->path >= 8 && strncasecmp(at - 8, "\\windows", 8) == 0) && !starts_with_any(g->path, profile_list(j->core, "also_lawful"))) {
        add(&g->looks, "fake-system");
        add(&g->reasons, "wrong_path");
        find(g, "fake-system-process", SEVERITY_HIGH, 75, "T1036.005", NULL);
    }
}

/* A tool of remote execution as parent, or a service program with a name made at random in the Windows folder. */
static void judge_remote(judging *g, pattern_room *room)
{
    const process_start *s = g->s;
    process_verdict *v = g->v;
    bool shell = remote_tools_shell(g->j->remote, g->file);
    const remote_ancestry *way = remote_tools_ancestry(g->j->remote, g->parent_file, s->parent_command, g->file, s->image, s->command);
    const remote_service *service = s->parent ? remote_tools_service(g->j->remote, room, NULL, s->parent) : NULL;
    /* Old logs do not name the parent, and the service manager may have started before the log began. */
    bool told = g->parent_file && *g->parent_file && strcmp(g->parent_file, "-") != 0, manager = told && strcasecmp(g->parent_file, "services.exe") == 0;
    bool random_start = false;
    if (!way && !service && (manager || (!told && is_system(s))) && strncasecmp(g->path, "%w\\", 3) == 0 && g->file == g->path + 3)
        random_start = looks_random(g->j->looks, g->file);
    if (way) {
        v->means = way->means;
        v->tool = way->tool;
        v->means_technique = way->technique ? way->technique : "T1021";
        v->means_severity = shell ? SEVERITY_HIGH : SEVERITY_MEDIUM;
        v->means_confidence = shell ? 80 : 55;
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

void process_judge_start(const process_judge *j, pattern_room *room, const process_start *s, arena *mem, process_verdict *out)
{
    *out = (process_verdict){ 0 };
    judging g = { .j = j, .mem = mem, .s = s, .v = out };
    g.path = looks_path(s->image, mem);
    g.file = looks_file(g.path);
    g.parent_path = s->parent ? looks_path(s->parent, mem) : NULL;
    g.parent_file = s->parent ? looks_file(g.parent_path) : NULL;
    buf_init(&g.looks, NOTE_VALUE);
    buf_init(&g.reasons, NOTE_VALUE);
    const command_rule *inner[COMMAND_HITS];
    out->decoded = s->command ? commands_decoded(s->command, mem) : NULL;
    judge_family(&g);        /* first: of two that weigh the same, the one that names it stays */
    judge_core(&g);
    out->hit_count = judge_command(&g, room, s->command, out->hits);
    judge_command(&g, room, out->decoded, inner);
    judge_chain(&g);
    judge_disguise(&g);
    judge_remote(&g, room);
    out->looks = arena_str(mem, buf_text(&g.looks));
    out->reasons = arena_str(mem, buf_text(&g.reasons));
    buf_done(&g.looks);
    buf_done(&g.reasons);
}
