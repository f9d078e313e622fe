/* What an entry amounts to: hostile, suspicious, unknown or known, and the one reason that weighed most. */
#include "detect/autostart.h"

#include <strings.h>

enum { LEVELS = 3 };

typedef struct { autostart_pass *p; const autostart_row *row; const autostart_entry *e; autostart_judged j; buf looks; arena *mem; } judging;

static void look(judging *g, const char *word)
{
    const char *have = buf_text(&g->looks);
    size_t len = strlen(word);
    for (const char *at = have; (at = strstr(at, word)); at += len)
        if ((at == have || at[-1] == ',') && (at[len] == 0 || at[len] == ','))
            return;
    if (g->looks.len)
        buf_char(&g->looks, ',');
    buf_str(&g->looks, word);
}

/* The graver verdict stays; of equals the first. */
static void hold(judging *g, verdict v, const char *reason, unsigned confidence)
{
    if (g->j.reason && g->j.verdict >= v)
        return;
    g->j.verdict = v;
    g->j.reason = reason;
    g->j.confidence = confidence;
}

static bool given(const char *text) { return text && *text; }

/* ---- Families, command lines ---- */

static bool of_family(judging *g, family_hit h)
{
    if (!h.family)
        return false;
    look(g, "family");
    g->j.family = h.family;
    hold(g, h.weight >= 60 ? VERDICT_HOSTILE : VERDICT_SUSPICIOUS, "family", h.weight);
    return true;
}

static void judge_family(judging *g, const char *file, const char *target)
{
    const families *f = g->p->run->families;
    const autostart_entry *e = g->e;
    const char *name = given(e->family_name) ? e->family_name : e->entry;
    if (e->as == AS_SERVICE && given(name) && of_family(g, families_service(f, name)))
        return;
    if (e->as == AS_RUN && given(name) && of_family(g, families_run_value(f, name)))
        return;
    if (e->as == AS_TASK && given(name) && (of_family(g, families_task(f, name)) || (given(e->command) && of_family(g, families_task_action(f, e->command)))))
        return;
    if (of_family(g, families_file(f, file)) || of_family(g, families_file(f, target)))
        return;
    if (given(e->command))
        of_family(g, families_text(f, e->command));
}

static void judge_command(judging *g)
{
    const char *text = g->e->command;
    for (int level = 0; given(text) && level <= LEVELS; level++) {
        const command_rule *hits[COMMAND_HITS];
        size_t count = commands_judge(g->p->run->commands, g->p->room, text, hits);
        for (size_t i = 0; i < count; i++)
            look(g, hits[i]->looks);
        const command_rule *worst = commands_worst(hits, count);
        if (worst && worst->severity >= SEVERITY_HIGH)
            hold(g, VERDICT_HOSTILE, "command", worst->confidence);
        else if (worst && worst->severity == SEVERITY_MEDIUM)
            hold(g, VERDICT_SUSPICIOUS, "command", worst->confidence);
        text = commands_decoded(text, g->mem);
        if (text) {
            g->j.decoded = text;
            if (!g->j.family)
                of_family(g, families_text(g->p->run->families, text));
        }
    }
}

/* ---- Files ---- */

static bool at_home(const autostart_run *r, const core_name *c, const char *path, const char *file)
{
    for (const profile_node *f = c->folders; f; f = f->next) {
        size_t n = strlen(f->text);
        if ((size_t)(file - path) == n + 1 && strncasecmp(path, f->text, n) == 0)
            return true;
    }
    for (const profile_node *f = r->also_lawful; f; f = f->next)
        if (strncasecmp(path, f->text, strlen(f->text)) == 0)
            return true;
    return false;
}

bool autostart_core_elsewhere(const autostart_run *r, const char *path)
{
    const char *file = looks_file(path);
    uint32_t id;
    return *file && file != path && word_table_find(r->core_names, file, strlen(file), &id) && !at_home(r, &r->core[id], path, file);
}

/* Folders are odd for libraries as they are for programs, but for those where drivers and fonts are at home. */
static bool odd_folder(judging *g, const char *path, const char *file)
{
    static const char *const own[] = { "%w\\system32\\drivers\\", "%w\\syswow64\\drivers\\", "%w\\fonts\\", "%w\\inf\\", "%w\\help\\", "%w\\media\\" };
    const looks *l = g->p->run->looks;
    const char *dot = strrchr(file, '.');
    if (looks_odd_folder(l, path) || file == path || !dot)
        return file != path && looks_odd_folder(l, path);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strncmp(path, own[i], strlen(own[i])) == 0)
            return false;
    return looks_odd_folder(l, arena_printf(g->mem, "%.*s.exe", (int)(dot - path), path));
}

static void judge_file(judging *g, const char *path)
{
    const autostart_run *r = g->p->run;
    const char *file = looks_file(path);
    if (!*file)
        return;
    if (autostart_core_elsewhere(r, path)) {
        look(g, "fake-system");
        hold(g, VERDICT_HOSTILE, "fake-name", 88);
    } else if (autostart_like("*.exe", file) && !word_table_has(r->not_near, file) && !(file != path && word_table_has(r->core_names, file))) {
        for (const profile_node *n = r->near_to; n; n = n->next)
            if (looks_near(r->looks, n->text, file)) {
                look(g, "near-name");
                hold(g, VERDICT_HOSTILE, "near-name", 80);
                break;
            }
    }
    if (!g->e->in_place && odd_folder(g, path, file)) {
        /* Programs that a user installed for himself lie in a folder of their own there, and start with his logon. */
        bool own = g->e->as == AS_RUN && *g->p->user && autostart_like("?:\\users\\*\\appdata\\roaming\\*\\*", path);
        look(g, "temp-path");
        if (looks_carried(r->looks, path)) {
            hold(g, VERDICT_UNKNOWN, "carried-driver", 0);
            return;
        }
        hold(g, own ? VERDICT_UNKNOWN : g->row->odd, "odd-folder", g->row->odd == VERDICT_HOSTILE ? 78 : 55);
    }
}

static bool library_shape(autostart_shape s)
{
    return s == SHAPE_LIBRARY || s == SHAPE_LIBRARIES || s == SHAPE_LIBRARY_NAME || (s >= SHAPE_CLASS && s <= SHAPE_CLASS_SERVER) || s == SHAPE_OFFICE_ADD_IN;
}

static bool of_product(const autostart_run *r, const char *path)
{
    for (size_t i = 0; i < r->product_count; i++)
        if (autostart_like(r->products[i].file, path))
            return true;
    return false;
}

/* A random file directly in the Windows folder, or under a random name: what worms leave. Names of drivers are made of short marks
 * that look like dice, and in the folders of programs somebody chose a name. */
static void judge_dice(judging *g, const char *path)
{
    const looks *l = g->p->run->looks;
    const char *file = looks_file(path);
    bool service = g->e->as == AS_SERVICE, root = strncmp(path, "%w\\", 3) == 0 && file == path + 3;
    bool named = service || g->e->as == AS_TASK || (library_shape(g->row->shape) && g->row->naming == ENTRY_KEY && !autostart_is_class(g->e->entry));
    bool name = named && given(g->e->entry) && looks_random(l, g->e->entry), random = *file && looks_random(l, file);
    if (name)
        look(g, "random-name");
    if (random)
        look(g, "random-file");
    /* Windows keeps none of its services there; tools of remote administration do, and are told as such. */
    bool tool = g->e->has_verdict && g->e->reason && strcmp(g->e->reason, "remote-tool") == 0;
    if (service && root && !tool && g->row != g->p->run->driver)
        hold(g, VERDICT_SUSPICIOUS, "windows-root", 60);
    if (random && root)
        hold(g, VERDICT_HOSTILE, "random-name", name ? 85 : 72);
    else if (random && name && g->row != g->p->run->driver && !autostart_like("?:\\program files*", path) && !of_product(g->p->run, path))
        hold(g, VERDICT_SUSPICIOUS, "random-name", 55);
}

/* A script that somebody put into a folder of its own, where an administrator keeps his: neither among Windows' files, nor with a
 * user's, nor where nothing that starts is at home. */
static bool script_has_a_place(judging *g, const char *script)
{
    const char *file = looks_file(script), *dot = strrchr(file, '.'), *command = given(g->e->command) ? g->e->command : "";
    return dot && dot != file && autostart_like("?:\\*\\*", script) && !autostart_like("?:\\users\\*", script) && !autostart_like("?:\\programdata\\*", script)
           && !odd_folder(g, script, file) && !strpbrk(command, "&|<>^;");
}

static void judge_script(judging *g, const char *path, const char *script)
{
    const char *file = looks_file(path);
    static const char *const hosts[] = { "cmd.exe", "powershell.exe", "pwsh.exe", "wscript.exe", "cscript.exe", "mshta.exe", "%comspec%", "bitsadmin.exe", "certutil.exe", "installutil.exe", "msbuild.exe" };
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (strcmp(hosts[i], file) == 0) {
            look(g, strstr(file, "powershell") || strstr(file, "pwsh") ? "powershell" : "shell");
            /* "cmd /c del ...": a command of the interpreter's own, and nothing behind it. */
            bool inner = i == 0 && !given(g->e->target) && given(g->e->command) && !strpbrk(g->e->command, "&|<>^");
            bool placed = i < 5 && script_has_a_place(g, script);
            hold(g, (inner || placed) && g->row->script < VERDICT_HOSTILE ? VERDICT_UNKNOWN : g->row->script, "script-host", g->row->script == VERDICT_HOSTILE ? 80 : 50);
        }
}

/* ---- What is normal, what is known ---- */

typedef enum { NORMAL_NO, NORMAL_ELSEWHERE, NORMAL_YES } normal_match;

static normal_match judge_normal(judging *g, const char *file)
{
    const autostart_entry *e = g->e;
    const char *data = e->data ? e->data : e->command;
    char *plain = given(data) ? autostart_plain(data, g->mem) : "";
    normal_match best = NORMAL_NO;
    for (size_t i = 0; i < g->row->normal_count && best != NORMAL_YES; i++) {
        const autostart_normal *n = &g->row->normals[i];
        if (n->entry && !autostart_like(n->entry, e->entry ? e->entry : ""))
            continue;
        if (n->data && !autostart_like(n->data, plain))
            continue;
        if (n->file && !(*file && autostart_like(n->file, file)))
            continue;
        best = autostart_in(n->nt, g->p->nt) ? NORMAL_YES : NORMAL_ELSEWHERE;
    }
    return best;
}

bool autostart_windows_library(const autostart_run *r, const char *path)
{
    const char *file = looks_file(path);
    size_t folder = (size_t)(file - path);
    bool system = (folder == 12 && (strncmp(path, "%w\\system32\\", 12) == 0 || strncmp(path, "%w\\syswow64\\", 12) == 0));
    return system && word_table_has(r->libraries, file);
}

static bool is_program(const autostart_run *r, const char *path, unsigned nt)
{
    for (size_t i = 0; i < r->program_count; i++)
        if (autostart_like(r->programs[i].file, path) && autostart_in(r->programs[i].nt, nt))
            return true;
    return false;
}

static bool is_hostile_here(judging *g)
{
    const autostart_entry *e = g->e;
    for (size_t i = 0; i < g->row->hostile_count; i++) {
        const autostart_hostile *h = &g->row->hostiles[i];
        const char *text = h->on_entry ? e->entry : e->command;
        if (given(text) && pattern_matches(h->match, g->p->room, text, strlen(text)))
            return true;
    }
    return false;
}

autostart_judged autostart_judge(autostart_pass *p, const autostart_row *row, const autostart_entry *e)
{
    judging g = { .p = p, .row = row, .e = e, .mem = &p->work };
    buf_init(&g.looks, NOTE_VALUE);
    const char *file = looks_path(given(e->file) ? e->file : "", g.mem), *target = looks_path(given(e->target) ? e->target : "", g.mem);
    judge_family(&g, file, target);
    normal_match normal = g.j.family || e->unreadable ? NORMAL_NO : judge_normal(&g, file);
    bool said_known = e->has_verdict && e->verdict == VERDICT_KNOWN;
    if (normal == NORMAL_YES || (said_known && !g.j.family)) {
        hold(&g, VERDICT_KNOWN, normal == NORMAL_YES ? "normal" : e->reason, 0);
    } else {
        if (e->has_verdict && !said_known)
            hold(&g, e->verdict, e->reason, e->verdict == VERDICT_HOSTILE ? 80 : 55);
        if (is_hostile_here(&g))
            hold(&g, VERDICT_HOSTILE, "hostile-here", 85);
        judge_command(&g);
        judge_file(&g, file);
        judge_file(&g, target);
        judge_dice(&g, *target && strncmp(file, "%w\\system32\\", 12) == 0 ? target : file);
        if (!e->switched_off)
            judge_script(&g, file, target);
        bool clean = !g.j.reason || g.j.verdict <= VERDICT_UNKNOWN;
        if (e->unreadable)
            hold(&g, VERDICT_UNKNOWN, "unreadable", 0);
        else if (clean && !g.j.reason && row->shape == SHAPE_COMMAND && is_program(p->run, file, p->nt))
            hold(&g, VERDICT_KNOWN, "windows-file", 0);
        else if (clean && !g.j.reason && library_shape(row->shape) && row->otherwise == VERDICT_UNKNOWN && autostart_windows_library(p->run, file))
            hold(&g, VERDICT_KNOWN, "windows-file", 0);
        else if (normal == NORMAL_ELSEWHERE)
            hold(&g, VERDICT_UNKNOWN, "other-version", 0);
        else if (clean && e->harmless)
            hold(&g, VERDICT_UNKNOWN, "starts-nothing", 0);
        else if (clean && e->switched_off)
            hold(&g, VERDICT_UNKNOWN, "switched-off", 0);
        else if (clean && (row->otherwise > VERDICT_UNKNOWN))
            hold(&g, row->otherwise, "not-normal", row->otherwise == VERDICT_HOSTILE ? 75 : 50);
        else if (of_product(p->run, file))
            hold(&g, VERDICT_UNKNOWN, "product", 0);
        else
            hold(&g, VERDICT_UNKNOWN, given(e->clsid) && !*file ? "class-elsewhere" : "not-known", 0);
    }
    if (e->unquoted && g.j.verdict != VERDICT_KNOWN)
        look(&g, "unquoted-path");
    g.j.looks = arena_text(g.mem, buf_bytes(&g.looks));
    buf_done(&g.looks);
    return g.j;
}
