/* What did SQL Server see? Logons refused and granted, and the options and statements that run programs.
 *
 * Source    Application, providers MSSQLSERVER and MSSQL$INSTANCE: 18456 18470 18486 18487 18488 (refused), 18453 18454 (granted),
 *           15457 (option changed), 33205 (audit).
 * Shapes    Values have no names: login, reason in the server's language, "[CLIENT: address]" (localised too; older servers
 *           put the last two together). */
#include "detect/attempts.h"
#include "detect/subject.h"

#include <strings.h>

typedef struct { attempt_facts *facts; const profile_node *root; } mssql_run;
typedef struct { attempts *tries; } mssql_state;

static status setup(const detect_setup *s, void **out)
{
    mssql_run *run = arena_alloc(s->mem, sizeof *run);
    run->root = profile_root(s->facts, "logons");
    *out = run;
    return attempt_facts_new(s->facts, s->mem, &run->facts);
}

static void *start(const void *data, arena *mem)
{
    const mssql_run *run = data;
    mssql_state *p = arena_alloc(mem, sizeof *p);
    p->tries = attempts_new(run->facts, mem);
    return p;
}

/* What stands in brackets behind the last value's colon: an address, or words for "this machine". */
static void put_client(attempt *t, const event *ev, arena *mem)
{
    for (size_t i = event_data_count(ev); i > 1; i--) {
        char *text = value_text(event_data(ev, i - 1), mem), *open = text ? strrchr(text, '[') : NULL, *close = open ? strchr(open, ']') : NULL;
        if (!close)
            continue;
        *close = 0;
        char *at = strchr(open, ':'), *wide = strstr(open, "\xef\xbc\x9a");
        at = wide && (!at || wide < at) ? wide + 3 : at ? at + 1 : NULL;
        if (!at)
            continue;
        at += strspn(at, " ");
        at[strcspn(at, "%")] = 0;
        if (*at == '<')
            t->source_local = true;
        else
            t->source = detect_address(at, &t->source_local);
        return;
    }
}

static const char *reason_of(const mssql_run *run, const event *ev, arena *mem)
{
    bool found;
    for (const profile_node *n = profile_list(run->root, "mssql_numbers"); n; n = n->next)
        if (profile_number(n, "id", &found) == ev->event_id)
            return profile_text(n, "means");
    for (size_t i = 1; i < event_data_count(ev); i++) {
        char *text = value_text(event_data(ev, i), mem);
        for (const profile_node *r = profile_list(run->root, "mssql_reasons"); text && r; r = r->next)
            for (const profile_node *w = profile_list(r, "words"); w; w = w->next)
                if (strcasestr(text, w->text))
                    return profile_text(r, "means");
    }
    return "other";
}

static void logon(const mssql_run *run, mssql_state *p, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    attempt t = { .protocol = "mssql", .account = value_text(event_data(ev, 0), mem) };
    put_client(&t, ev, mem);
    if (ev->event_id != 18453 && ev->event_id != 18454) {
        t.reason = reason_of(run, ev, mem);
        attempts_failed(p->tries, ev, &t, out);
        return;
    }
    t.package = ev->event_id == 18454 ? "sql" : "windows";
    if (t.account && *t.account && !attempt_of_system(run->facts, t.account, NULL))
        attempts_succeeded(p->tries, ev, &t, out);
}

static void option(const mssql_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    char *name = value_text(event_data(ev, 0), mem), *old = value_text(event_data(ev, 1), mem), *now = value_text(event_data(ev, 2), mem);
    for (const profile_node *o = profile_list(run->root, "mssql_options"); name && o; o = o->next) {
        if (strcasecmp(profile_text(o, "name"), name) != 0)
            continue;
        bool on = now && strcmp(now, "0") != 0 && (!old || strcmp(old, now) != 0), found;
        detect_act_builder *a = detect_act(out, ev, "remote.exec");
        detect_fact(a, "means", "mssql");
        detect_fact(a, "tool", name);
        detect_fact(a, "old", old);
        detect_fact(a, "new", now);
        detect_fact(a, "account", sid_text(ev->user_sid, mem));
        detect_fact(a, "technique", profile_text(o, "technique"));
        severity s = SEVERITY_LOW;
        if (on && severity_from(profile_text(o, "severity"), &s) && s >= SEVERITY_MEDIUM)
            detect_finding(a, "remote-execution", s, (unsigned)profile_number(o, "confidence", &found), profile_text(o, "technique"), "remote-execution.mssql-option");
        return;
    }
}

/* "statement:EXEC xp_cmdshell 'whoami'" among lines of the audit record. */
static char *line_of(char *text, const char *name, arena *mem)
{
    size_t len = strlen(name);
    for (char *at = strstr(text, name); at; at = strstr(at + 1, name)) {
        if (at > text && at[-1] != '\n' && at[-1] != '\r')
            continue;
        const char *value = at + len, *end = value + strcspn(value, "\r\n");
        if (strcmp(name, "statement:") == 0) {       /* it may have several lines, up to the next name */
            const char *next = strstr(value, "\nadditional_information:");
            end = next ? next : end;
        }
        return end > value ? arena_text(mem, span_of(value, (size_t)(end - value))) : NULL;
    }
    return NULL;
}

static void audited(const mssql_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    char *text = value_text(event_data(ev, 0), mem);
    char *statement = text ? line_of(text, "statement:", mem) : NULL;
    for (const profile_node *s = profile_list(run->root, "mssql_statements"); statement && s; s = s->next) {
        if (!strcasestr(statement, s->text))
            continue;
        bool local;
        const char *source = detect_address(line_of(text, "client_ip:", mem), &local);
        detect_act_builder *a = detect_act(out, ev, "remote.exec");
        detect_fact(a, "means", "mssql");
        detect_fact(a, "tool", s->text);
        detect_fact(a, "command", statement);
        detect_fact(a, "account", line_of(text, "server_principal_name:", mem));
        detect_fact(a, "source", source);
        detect_fact(a, "technique", "T1505.001");
        detect_finding(a, "remote-execution", SEVERITY_HIGH, 80, "T1505.001 T1059", "remote-execution.mssql-statement");
        return;
    }
}

static void step(const void *data, void *state, const event *ev, detect_log *out)
{
    if (ev->event_id == 15457)
        option(data, ev, out);
    else if (ev->event_id == 33205)
        audited(data, ev, out);
    else
        logon(data, state, ev, out);
}

static void finish(const void *data, void *state, detect_log *out)
{
    (void)data;
    attempts_end(((mssql_state *)state)->tries, out);
}

#define MSSQL(id) { "Application", "MSSQL*", id }
static const detect_want wants[] = {
    MSSQL(18456), MSSQL(18470), MSSQL(18486), MSSQL(18487), MSSQL(18488), MSSQL(18453), MSSQL(18454), MSSQL(15457), MSSQL(33205),
};
const detector detect_mssql = { "mssql", wants, sizeof wants / sizeof *wants, setup, start, step, finish };
