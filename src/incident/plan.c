/* The first plan: of each host that was hit, what to do in the order in which nothing comes back (contain, stop what restarts, what
 * brings it back, files, accounts, the way in, proof, watch). Each step is asked for by a finding. What is done, and with which
 * commands, stands in profiles/plan.yml.
 *
 * Hostile   Names come from evidence and would stand in commands that a person copies: a name with a letter that a shell
 *           reads gives no command. */
#include "incident/story.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct { plan_step step; unsigned phase, order; const char *action; } draft;
typedef struct { const joined *j; const profile_node *root; vec drafts; map wanted; uint32_t host; bool old; const char *user; } planning;

static const char *const phases[] = { "contain", "stop", "persistence", "files", "accounts", "close", "verify", "watch" };

static unsigned phase_rank(const char *phase)
{
    unsigned i = 0;
    while (i < sizeof phases / sizeof *phases && strcmp(phases[i], phase) != 0)
        i++;
    return i;
}

static const profile_node *action_of(const planning *p, const char *id)
{
    for (const profile_node *a = profile_list(p->root, "actions"); a; a = a->next)
        if (strcmp(profile_text(a, "id"), id) == 0)
            return a;
    return NULL;
}

static bool safe(const planning *p, const char *name)
{
    const char *letters = profile_text(p->root, "safe");
    return letters && name[strspn(name, letters)] == 0;
}

/* {name}, {value} and {user} put in; {escaped} is the name as WQL wants it. NULL when a name is not safe in a shell. */
static const char *filled(const planning *p, const char *template_, const char *name, const char *value)
{
    buf out;
    buf_init(&out, 8192);
    const char *result = NULL;
    bool good = true;
    for (const char *at = template_; *at;) {
        if (strncmp(at, "{name}", 6) == 0) {
            good = good && name && safe(p, name);
            buf_str(&out, name ? name : "");
            at += 6;
        } else if (strncmp(at, "{value}", 7) == 0) {
            good = good && value && safe(p, value);
            buf_str(&out, value ? value : "");
            at += 7;
        } else if (strncmp(at, "{user}", 6) == 0) {
            good = good && p->user && safe(p, p->user);
            buf_str(&out, p->user ? p->user : "");
            at += 6;
        } else if (strncmp(at, "{escaped}", 9) == 0) {
            good = good && name && safe(p, name);
            for (const char *c = name; c && *c; c++)
                buf_str(&out, *c == '\\' ? "\\\\" : (char[2]){ *c, 0 });
            at += 9;
        } else {
            buf_char(&out, *at++);
        }
    }
    if (good && !out.overflow)
        result = arena_str(p->j->mem, buf_text(&out));
    buf_done(&out);
    return result;
}

static void commands_of(const planning *p, const profile_node *action, const char *name, const char *value, plan_step *step)
{
    static const struct { const char *key, *system; } sets[] = { { "old", "6.0" }, { "new", "6.2" } };
    step->commands = arena_array(p->j->mem, 16, sizeof *step->commands);
    for (size_t i = 0; i < 2; i++)
        for (const profile_node *c = profile_list(action, sets[i].key); c && step->command_count < 16; c = c->next) {
            const char *command = filled(p, c->text, name, value);
            if (!command) {
                step->command_count = 0;
                return;
            }
            step->commands[step->command_count++] = (plan_command){ sets[i].system, command };
        }
}

enum { SHOWN_MOST = 60 };

/* A name that no person reads to its end (encoded commands as names of services) is cut in the sentence; `target` has all of it. */
static const char *shortened(const joined *j, const char *name)
{
    size_t n = name ? strlen(name) : 0;
    if (n <= SHOWN_MOST)
        return name;
    for (n = SHOWN_MOST; n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80;)
        n--;
    return arena_printf(j->mem, "%.*s…", (int)n, name);
}

/* One step; the same action on the same target is asked for once, by its first finding. */
static draft *want(planning *p, const char *id, const char *name, const char *value, uint32_t finding)
{
    const profile_node *action = action_of(p, id);
    if (!action)
        return NULL;
    bool once = profile_true(action, "once") || !name;
    char *key = arena_printf(p->j->mem, "%u\x1f%s\x1f%s\x1f%s", p->host, id, once ? "" : name, once || !value ? "" : value);
    bool found;
    utf8_lower_ascii(key);
    map_put(&p->wanted, span_str(key), &found);
    if (found)
        return NULL;
    const joined *j = p->j;
    draft *d = vec_push(&p->drafts);
    d->phase = phase_rank(profile_text(action, "phase"));
    d->order = (unsigned)profile_number(action, "order", &found);
    d->action = id;
    d->step = (plan_step){ .host = p->host, .phase = profile_text(action, "phase"), .target = name, .finding = finding };
    const char *shown = shortened(j, name);
    d->step.action = say(j, arena_printf(j->mem, "plan.%s", id), "name", ARG_TEXT, shown, "value", ARG_TEXT, value, NULL);
    d->step.why = finding == UINT32_MAX ? say(j, "plan.why-host", NULL) : say(j, "plan.why-finding", "id", ARG_TEXT, finding_at(j, finding)->f.id, "kind", ARG_WORD, finding_at(j, finding)->f.kind, NULL);
    d->step.risk = say(j, arena_printf(j->mem, "plan.%s.risk", id), "name", ARG_TEXT, shown, NULL);
    d->step.undo = say(j, arena_printf(j->mem, "plan.%s.undo", id), "name", ARG_TEXT, shown, "value", ARG_TEXT, value, NULL);
    commands_of(p, action, name, value, &d->step);
    return d;
}

/* A system's own file is never a target: the hostile act was to call it. */
static bool own_file(const planning *p, const char *path)
{
    const char *file = strrchr(path, '\\');
    return profile_has(p->root, "own_tools", file ? file + 1 : path);
}

/* Right in Windows' own folder of programs, where a name alone does not tell whose a file is. */
static bool in_system_folder(const char *path)
{
    static const char folder[] = "\\Windows\\System32\\";
    const char *at = strcasestr(path, folder);
    return at && !strchr(at + sizeof folder - 1, '\\');
}

static bool hostile_file(const told *t)
{
    static const char *const kinds[] = { "fake-system-process", "miner", "malware-file" };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(t->f.kind, kinds[i]) == 0)
            return true;
    return false;
}

/* The account that was made; a machine's own is never one to be disabled. */
static bool made_account(const told *t)
{
    const char *name = told_fact(t, "account");
    size_t n = name ? strlen(name) : 0;
    return n > 0 && name[n - 1] != '$';
}

/* A path as Windows writes it: detectors tell the Windows folder as %w. */
static const char *written_out(const planning *p, const char *path)
{
    return strncmp(path, "%w\\", 3) == 0 ? arena_printf(p->j->mem, "C:\\Windows\\%s", path + 3) : path;
}

/* Port of "address/port" or a bare port. */
static const char *port_of(const planning *p, const char *listen)
{
    const char *slash = strrchr(listen, '/');
    const char *port = slash ? slash + 1 : listen;
    return port[0] && port[strspn(port, "0123456789")] == 0 ? arena_str(p->j->mem, port) : listen;
}

/* The host's own registry says that it is there no more: nothing is left to be stopped. */
static bool is_gone(const planning *p, const char *where, const char *name)
{
    const suyuan_case *c = p->j->out;
    for (size_t i = 0; i < c->persistence_count; i++) {
        const persistence *e = &c->persistence[i];
        if (e->host == p->host && e->name && e->location && strcmp(e->location, where) == 0 && strcasecmp(e->name, name) == 0)
            return strcmp(e->state, "deleted") == 0;
    }
    return false;
}

static void by_finding(planning *p, uint32_t i)
{
    const told *t = finding_at(p->j, i);
    const char *source = t->f.source ? t->f.source : "", *name = told_fact(t, "name");
    if (t->innocent || t->f.severity < SEVERITY_MEDIUM)
        return;
    if ((strcmp(source, "service.install") == 0 || strcmp(source, "service.run") == 0) && name) {
        if (!is_gone(p, ENTRY_SERVICES, name)) {
            want(p, "service-disable", name, NULL, i);
            want(p, "service-delete", name, NULL, i);
        }
        const char *file = told_fact(t, "file");
        if (file && !own_file(p, file) && (t->f.severity >= SEVERITY_HIGH))
            want(p, "file-quarantine", written_out(p, file), NULL, i);
    } else if (strncmp(source, "task.", 5) == 0 && name && t->f.severity >= SEVERITY_MEDIUM) {
        want(p, "task-disable", name, NULL, i);
        want(p, "task-delete", name, NULL, i);
    } else if (strcmp(source, "registry.autostart") == 0 && told_fact(t, "key") && t->f.severity >= SEVERITY_HIGH) {
        const char *key = told_fact(t, "key"), *last = strrchr(key, '\\');
        want(p, "value-delete", last ? arena_text(p->j->mem, span_of(key, (size_t)(last - key))) : key, told_fact(t, "value"), i);
    } else if (strcmp(source, "wmi.subscribe") == 0) {
        want(p, "wmi-delete", name, NULL, i);
    } else if (strcmp(source, "startup.file") == 0 && told_fact(t, "file")) {
        want(p, "startup-delete", told_fact(t, "file"), NULL, i);
    } else if (strcmp(t->f.kind, "port-proxy") == 0 && told_fact(t, "listen")) {
        want(p, "portproxy-delete", port_of(p, told_fact(t, "listen")), NULL, i);
    } else if (strcmp(t->f.kind, "firewall-change") == 0 && told_fact(t, "rule")) {
        want(p, "firewall-delete", told_fact(t, "rule"), NULL, i);
    } else if (strcmp(source, "account.create") == 0 && t->f.severity >= SEVERITY_HIGH && made_account(t)) {
        want(p, "account-disable", account_name(told_fact(t, "account")), NULL, i);
    } else if (strcmp(t->f.kind, "logon-after-guessing") == 0 && t->account) {
        want(p, strcasecmp(account_name(t->account), "sa") == 0 ? "sa-reset" : "account-reset", account_name(t->account), NULL, i);
        want(p, "lockout", NULL, NULL, i);
        if (t->means && strcmp(t->means, "rdp") == 0)
            want(p, "rdp-close", NULL, NULL, i);
        if (t->means && strcmp(t->means, "mssql") == 0)
            want(p, "mssql-close", NULL, NULL, i);
    } else if (strcmp(t->f.kind, "credential-theft") == 0 && t->f.severity >= SEVERITY_HIGH) {
        want(p, "credentials-all", NULL, NULL, i);
    }
    const char *image = told_fact(t, "image") ? told_fact(t, "image") : told_fact(t, "file");
    if (hostile_file(t) && image && !own_file(p, image)) {
        if (told_fact(t, "image"))
            want(p, "process-end", written_out(p, image), NULL, i);
        want(p, "file-quarantine", written_out(p, image), NULL, i);
    }
    if (t->how_far >= REACH_ACCESS && t->source && !address_inside(p->j, t->source))
        want(p, "block-source", t->source, NULL, i);
}

/* ---- What the host's own state asks for ---- */

static void because_of_entry(const planning *p, draft *d, const persistence *e)
{
    if (d)
        d->step.why = say(p->j, "plan.why-entry", "written", ARG_TIME, write_time(p->j, e->written), NULL);
}

/* A registry entry: of the machine by its key, of a user through the hive of the profile, which is loaded for it. */
static void by_key(planning *p, const persistence *e)
{
    const char *key = e->location ? e->location : "";
    if (strncasecmp(key, "HKLM\\", 5) == 0 && e->value && e->value[0]) {
        because_of_entry(p, want(p, "value-delete", key, e->value, UINT32_MAX), e);
    } else if (strncasecmp(key, "HKU\\", 4) == 0 && e->user && e->value && e->value[0] && strchr(key + 4, '\\')) {
        p->user = e->user;
        because_of_entry(p, want(p, "user-value-delete", arena_printf(p->j->mem, "%s%s", e->user, strchr(key + 4, '\\')), e->value, UINT32_MAX), e);
        p->user = NULL;
    } else if (e->name) {
        because_of_entry(p, want(p, "entry-remove", e->name, key, UINT32_MAX), e);
    }
}

/* What a finding asked for already is not asked for again. What is gone needs no step. */
static void by_entry(planning *p, const persistence *e)
{
    if (strcmp(e->verdict, "hostile") != 0 || strcmp(e->state, "deleted") == 0 || e->host != p->host || strcmp(e->origin, "log") == 0)
        return;
    const char *name = e->name ? e->name : "", *where = e->location ? e->location : "";
    bool startup = where[0] && e->point && strcmp(e->point, "startup-folder") == 0;      /* its place is the file's path */
    if (strcmp(where, ENTRY_SERVICES) == 0) {
        because_of_entry(p, want(p, "service-disable", name, NULL, UINT32_MAX), e);
        because_of_entry(p, want(p, "service-delete", name, NULL, UINT32_MAX), e);
    } else if (strcmp(where, ENTRY_TASKS) == 0) {
        because_of_entry(p, want(p, "task-disable", name, NULL, UINT32_MAX), e);
        because_of_entry(p, want(p, "task-delete", name, NULL, UINT32_MAX), e);
    } else if (strcmp(where, ENTRY_WMI) == 0) {
        because_of_entry(p, want(p, "wmi-delete", name, NULL, UINT32_MAX), e);
    } else if (startup || (!where[0] && e->file)) {
        because_of_entry(p, want(p, "startup-delete", startup ? where : e->file, NULL, UINT32_MAX), e);
    } else {
        by_key(p, e);
    }
    /* What a start-up file starts is at work still, and is started again by whoever finds it. */
    const char *target = startup && e->target ? e->target : "";
    if (target[0] && target[1] == ':' && target[2] == '\\' && !own_file(p, target) && !in_system_folder(target)) {
        because_of_entry(p, want(p, "process-end", target, NULL, UINT32_MAX), e);
        because_of_entry(p, want(p, "file-quarantine", target, NULL, UINT32_MAX), e);
    }
    bool path = e->file && e->file[0] && e->file[1] == ':' && e->file[2] == '\\';
    if (path && !(startup && strcasecmp(e->file, where) == 0) && !own_file(p, e->file) && e->reason && strcmp(e->reason, "family") == 0)
        because_of_entry(p, want(p, "file-quarantine", e->file, NULL, UINT32_MAX), e);
}

static bool is_one_of(const char *word, const char *words)
{
    size_t n = strlen(word);
    for (const char *at = words; (at = strstr(at, word)) != NULL; at += n)
        if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
            return true;
    return false;
}

/* Checks that a step of the plan mends by itself, and which; "" : a step of its own. */
static const char *action_for(const char *check)
{
    static const struct { const char *checks, *action; } known[] = {
        { "ms17-010", "patch-smb" }, { "smb1-server smb1-only", "smb1-off" }, { "password-length lockout-threshold lockout-duration lockout-window", "lockout" },
        { "firewall-rules", "firewall-delete" }, { "port-proxy", "portproxy-delete" }, { "mssql-shell", "mssql-close" }, { "audit-logon audit-process", "audit-on" },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (is_one_of(check, known[i].checks))
            return known[i].action;
    return "";
}

/* What can be set again as it stands: no list, no count, and not what another setting decided. */
static bool plain_value(const char *found)
{
    return found && *found && !strpbrk(found, " :=,()\n") && strcmp(found, "present") != 0 && strcmp(found, "absent") != 0;
}

/* A grave check that is not met: mended by a step of its own, with the command that the audit gives for this version. */
static void by_check(planning *p, const exposure *e)
{
    if (e->host != p->host || strcmp(e->state, "failed") != 0 || e->severity < SEVERITY_HIGH)
        return;
    const char *action = action_for(e->check);
    bool named = strcmp(action, "firewall-delete") == 0 || strcmp(action, "portproxy-delete") == 0;      /* findings name what is to go */
    draft *d = named ? NULL : want(p, *action ? action : "setting", *action ? NULL : e->check, NULL, UINT32_MAX);
    if (!d)
        return;
    const joined *j = p->j;
    d->step.why = e->why;
    if (*action)
        return;
    const char *check = arena_printf(j->mem, "check.%s", e->check);
    d->step.action = say(j, "plan.setting", "check", ARG_WORD, check, "wanted", ARG_TEXT, e->wanted, NULL);
    d->step.undo = plain_value(e->found) ? say(j, "plan.setting.undo", "found", ARG_TEXT, e->found, NULL) : (sentence){ 0 };
    d->step.commands = arena_array(j->mem, 16, sizeof *d->step.commands);
    for (const char *at = e->command ? e->command : ""; *at && d->step.command_count < 16;) {
        size_t len = strcspn(at, "\n");
        d->step.commands[d->step.command_count++] = (plan_command){ "any", arena_text(j->mem, span_of(at, len)) };
        at += len + (at[len] != 0);
    }
}

static bool smb1_is_off(const joined *j, uint32_t host)
{
    for (size_t i = 0; i < j->out->exposure_count; i++)
        if (j->out->exposure[i].host == host && strcmp(j->out->exposure[i].check, "smb1-server") == 0)
            return strcmp(j->out->exposure[i].state, "passed") == 0;
    return false;
}

static void by_state(planning *p)
{
    const suyuan_case *c = p->j->out;
    for (size_t i = 0; i < c->persistence_count; i++)
        by_entry(p, &c->persistence[i]);
    for (size_t i = 0; i < c->exposure_count; i++)
        by_check(p, &c->exposure[i]);
    bool hives = false;
    const artifact_file *files = p->j->artifacts.at;
    for (size_t i = 0; i < p->j->artifacts.count && !hives; i++)
        hives = files[i].host == p->host;
    if (hives)
        want(p, "verify-state", NULL, NULL, UINT32_MAX);
}

static int by_host_phase(const void *a, const void *b)
{
    const draft *l = a, *r = b;
    if (l->step.host != r->step.host)
        return l->step.host < r->step.host ? -1 : 1;
    if (l->phase != r->phase)
        return l->phase < r->phase ? -1 : 1;
    if (l->order != r->order)
        return l->order < r->order ? -1 : 1;
    return strcmp(l->step.target ? l->step.target : "", r->step.target ? r->step.target : "");
}

void plan_make(joined *j)
{
    planning p = { .j = j, .root = profile_root(j->facts, "plan") };
    vec_init(&p.drafts, sizeof(draft));
    map_init(&p.wanted);
    for (p.host = 0; p.host < host_total(j); p.host++) {
        const joined_host *h = host_of(j, p.host);
        if (!h->collected || (h->infected != INFECTED_YES && h->infected != INFECTED_SUSPECTED))
            continue;
        want(&p, "preserve", NULL, NULL, UINT32_MAX);
        if (h->infected == INFECTED_YES)
            want(&p, "isolate", NULL, NULL, UINT32_MAX);
        size_t count;
        const uint32_t *all = findings_of_host(j, p.host, &count);
        for (size_t i = 0; i < count; i++)
            by_finding(&p, all[i]);
        by_state(&p);
        if (h->infected == INFECTED_YES) {
            want(&p, "patch-smb", NULL, NULL, UINT32_MAX);
            if (!smb1_is_off(j, p.host))
                want(&p, "smb1-off", NULL, NULL, UINT32_MAX);
            want(&p, "audit-on", NULL, NULL, UINT32_MAX);
        }
        want(&p, "scan", NULL, NULL, UINT32_MAX);
        want(&p, "check-again", NULL, NULL, UINT32_MAX);
        want(&p, "watch", NULL, NULL, UINT32_MAX);
    }
    vec_sort(&p.drafts, by_host_phase);
    j->out->plan = arena_array(j->mem, p.drafts.count, sizeof *j->out->plan);
    for (size_t i = 0; i < p.drafts.count; i++)
        j->out->plan[j->out->plan_count++] = ((const draft *)vec_at(&p.drafts, i))->step;
    map_done(&p.wanted);
    vec_done(&p.drafts);
}
