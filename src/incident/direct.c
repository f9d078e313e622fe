/* What does one record prove alone? Acts that their detector calls a finding become one, with their evidence, and with what
 * ties them to others: account, session, source, means. */
#include "incident/internal.h"

#include <stdio.h>

/* Of each kind of act: what makes one differ from the next. */
static const struct { const char *act, *first, *second; } subjects[] = {
    { "service.install", "name", "path" },        { "service.change", "name", "new" },      { "task.create", "name", NULL },
    { "service.run", "name", NULL },
    { "task.update", "name", NULL },              { "task.run", "name", NULL },             { "process.start", "image", "command" },
    { "script.block", "text", "command" },        { "remote.exec", "means", "command" },    { "share.write", "share", "file" },
    { "file.drop", "file", NULL },                { "log.clear", "channel", NULL },         { "audit.change", "subcategory", "change" },
    { "av.detect", "threat", "file" },            { "defence.off", "what", "new" },         { "net.contact", "dest", "name" },
    { "firewall.change", "rule", "port" },        { "portproxy.change", "listen", "command" }, { "registry.autostart", "key", "value" },
    { "startup.file", "file", NULL },             { "wmi.subscribe", "name", "part" },      { "credential.access", "what", "image" },
    { "exploit.attempt", "what", "source" },      { "connect.scan", "image", "port" },      { "account.create", "account", "sid" },
    { "account.enable", "account", "sid" },       { "account.reset", "account", "sid" },    { "account.delete", "account", "sid" },
    { "account.change", "account", "sid" },       { "account.rename", "account", "sid" },   { "group.add", "member_sid", "group_sid" },
    { "autostart", "key", "entry" },              { "account", "account", "rid" },          { "group", "members", "rid" },
    { "firewall.rule", "rule", "port" },
};

/* What a fact is when it stands as an entity. */
static const struct { const char *act, *fact, *type; } entity_kinds[] = {
    { "", "account", "account" },      { "", "by", "account" },          { "", "member", "account" },     { "", "source", "address" },
    { "", "dest", "address" },         { "", "image", "file" },          { "", "file", "file" },          { "", "path", "file" },
    { "", "command", "process" },      { "", "key", "registry" },        { "service.install", "name", "service" },
    { "service.change", "name", "service" }, { "service.run", "name", "service" }, { "task.create", "name", "task" }, { "task.update", "name", "task" },
    { "task.run", "name", "task" },    { "net.contact", "name", "domain" },
};

/* How far an act of this kind shows that the attacker got on this host. */
static const struct { const char *finding; reach how_far; } reaches[] = {
    { "exploit-attempt", REACH_ATTEMPT },      { "suspicious-logon", REACH_ACCESS },     { "remote-execution", REACH_EXECUTION },
    { "fake-system-process", REACH_EXECUTION },{ "process-chain", REACH_EXECUTION },     { "script-execution", REACH_EXECUTION },
    { "miner", REACH_EXECUTION },              { "malware-file", REACH_EXECUTION },      { "service-install", REACH_PERSISTENCE },
    { "task-create", REACH_PERSISTENCE },      { "run-key", REACH_PERSISTENCE },         { "startup-file", REACH_PERSISTENCE },
    { "wmi-persistence", REACH_PERSISTENCE },  { "autostart-other", REACH_PERSISTENCE }, { "account-create", REACH_PERSISTENCE },
    { "admin-group-add", REACH_PERSISTENCE },  { "firewall-change", REACH_EXECUTION },   { "port-proxy", REACH_PERSISTENCE },
    { "defence-off", REACH_EXECUTION },        { "credential-theft", REACH_EXECUTION },  { "log-cleared", REACH_EXECUTION },
    { "network-contact", REACH_EXECUTION },    { "port-scan", REACH_EXECUTION },
};

static const char *subject_of(const joined *j, const act *a)
{
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        if (strcmp(subjects[i].act, a->kind) != 0)
            continue;
        const char *first = act_fact(a, subjects[i].first), *second = subjects[i].second ? act_fact(a, subjects[i].second) : "";
        char *text = arena_printf(j->mem, "%s\x1f%s", first, second);
        utf8_lower_ascii(text);
        return strlen(text) > 200 ? write_hash(j, text, NULL) : text;
    }
    return a->kind;
}

static reach reach_of(const char *finding)
{
    for (size_t i = 0; i < sizeof reaches / sizeof *reaches; i++)
        if (strcmp(reaches[i].finding, finding) == 0)
            return reaches[i].how_far;
    return REACH_NONE;
}

static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = list; (at = strstr(at, word)) != NULL; at += n)
        if ((at == list || at[-1] == ',' || at[-1] == ' ') && (at[n] == '\0' || at[n] == ','))
            return true;
    return false;
}

bool act_looks(const act *a, const char *word)
{
    return has_word(act_fact(a, "looks"), word);
}

static const char *means_of(const act *a)
{
    static const char *const by_service[] = { "psexec", "remcom", "paexec", "winexe", "smbexec" };
    if (act_fact(a, "means")[0])
        return act_fact(a, "means");
    if (strcmp(a->kind, "service.install") == 0)
        for (size_t i = 0; i < sizeof by_service / sizeof *by_service; i++)
            if (act_looks(a, by_service[i]))
                return "smb-service";
    return strcmp(a->kind, "share.write") == 0 ? "smb-file" : NULL;
}

severity severity_as_sure(const joined *j, severity s, unsigned confidence)
{
    if (s == SEVERITY_CRITICAL && confidence < weight(j, "finding.critical-from"))
        s = SEVERITY_HIGH;
    return s == SEVERITY_HIGH && confidence < weight(j, "finding.high-from") ? SEVERITY_MEDIUM : s;
}

static double weight_of(const joined *j, const act *a)
{
    char name[64];
    snprintf(name, sizeof name, "host.by-severity-%s", severity_word(severity_as_sure(j, a->severity, a->confidence)));
    return weight(j, name) * a->confidence / 100;
}

typedef struct { uint32_t host; const char *logon; const act *a; } session;

static int by_logon(const void *a, const void *b)
{
    const session *l = a, *r = b;
    if (l->host != r->host)
        return l->host < r->host ? -1 : 1;
    int order = strcasecmp(l->logon, r->logon);
    return order ? order : (l->a->time > r->a->time) - (l->a->time < r->a->time);
}

static void sessions_index(joined *j)
{
    vec_init(&j->sessions, sizeof(session));
    for (uint32_t host = 0; host < host_total(j); host++) {
        size_t n;
        const act *const *acts = acts_of(j, host, "logon.session", &n);
        for (size_t i = 0; i < n; i++)
            if (act_fact(acts[i], "source")[0] && act_fact(acts[i], "logon")[0])
                *(session *)vec_push(&j->sessions) = (session){ host, act_fact(acts[i], "logon"), acts[i] };
    }
    vec_sort(&j->sessions, by_logon);
}

/* The latest remote session with this logon id that had begun by t. */
const act *session_of(const joined *j, uint32_t host, const char *logon, moment t)
{
    size_t low = 0, high = j->sessions.count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const session *s = vec_at(&j->sessions, mid);
        int order = s->host != host ? (s->host < host ? -1 : 1) : strcasecmp(s->logon, logon);
        if (order < 0 || (order == 0 && s->a->time <= t))
            low = mid + 1;
        else
            high = mid;
    }
    const session *s = low ? vec_at(&j->sessions, low - 1) : NULL;
    return s && s->host == host && strcasecmp(s->logon, logon) == 0 ? s->a : NULL;
}

/* Which remote session did it? The one with its logon id; else the only one of its account (of anybody, when no account is told)
 * that began seconds before. Services and tasks do not tell who asked for them from where. */
static void attribute(joined *j, told *t)
{
    if (t->source || t->how_far < REACH_EXECUTION)
        return;
    const act *session = t->logon && moment_known(t->f.time) ? session_of(j, t->f.host, t->logon, t->f.time + MOMENT_SECOND) : NULL;
    if (session && t->f.time > session->time && t->f.time - session->time >= MOMENT_DAY)
        session = NULL;
    /* The system itself asked for it: whoever was logged on nearby did not. */
    const char *by = act_fact(t->of, "by_sid");
    bool own = by[0] && account_is_system(act_fact(t->of, "by"), by);
    if (!session && !own && (strcmp(t->of->kind, "service.install") == 0 || strcmp(t->of->kind, "remote.exec") == 0))
        session = session_before(j, t->f.host, t->account, t->f.time + MOMENT_SECOND, weight_span(j, "direct.session-before"));
    if (session && by[0] && act_fact(session, "sid")[0] && strcmp(act_fact(session, "sid"), by) != 0)
        session = NULL;
    if (!session)
        return;
    t->source = act_fact(session, "source");
    t->workstation = act_fact(session, "workstation")[0] ? act_fact(session, "workstation") : t->workstation;
    t->account = t->account ? t->account : act_fact(session, "account");
    t->logon = t->logon ? t->logon : act_fact(session, "logon")[0] ? act_fact(session, "logon") : NULL;
    finding_fact(j, t, "source", t->source);
    finding_entity(j, t, "address", t->source);
    finding_entity(j, t, "account", act_fact(session, "account"));
    finding_act(j, t, session);
}

told *finding_from_act(joined *j, uint32_t host, const act *a, const char *kind)
{
    told *t = finding_new(j, host, kind, a->time, subject_of(j, a));
    t->of = a;
    t->f.severity = severity_as_sure(j, a->severity, a->confidence);
    t->f.confidence = a->confidence;
    t->f.source = a->kind;
    /* What antivirus found was on the host; that it ran is another matter. A log service that stops may have been stopped. */
    t->how_far = strcmp(a->kind, "av.detect") == 0 ? REACH_ACCESS : strcmp(a->kind, "log.stop") == 0 ? REACH_NONE : reach_of(kind);
    if (strcmp(kind, "exploit-attempt") == 0 && a->severity == SEVERITY_CRITICAL)        /* the record shows that it worked */
        t->how_far = REACH_EXECUTION;
    t->weight = a->finding ? weight_of(j, a) : 0;
    t->source = act_fact(a, "source")[0] ? act_fact(a, "source") : NULL;
    t->account = act_fact(a, "account")[0] ? act_fact(a, "account") : act_fact(a, "by")[0] ? act_fact(a, "by") : NULL;
    t->logon = act_fact(a, "logon")[0] ? act_fact(a, "logon") : NULL;
    t->workstation = act_fact(a, "client")[0] ? act_fact(a, "client") : NULL;
    t->means = means_of(a);
    for (size_t i = 0; i < a->fact_count; i++)
        finding_fact(j, t, a->facts[i].name, a->facts[i].value);
    for (size_t i = 0; i < sizeof entity_kinds / sizeof *entity_kinds; i++)
        if (!entity_kinds[i].act[0] || strcmp(entity_kinds[i].act, a->kind) == 0)
            finding_entity(j, t, entity_kinds[i].type, act_fact(a, entity_kinds[i].fact));
    finding_technique(j, t, a->techniques);
    finding_act(j, t, a);
    attribute(j, t);
    const char *text = a->text ? a->text : kind;
    t->f.title = say_facts(j, arena_printf(j->mem, "%s.title", text), a->facts, a->fact_count);
    t->f.text = say_facts(j, arena_printf(j->mem, "%s.text", text), a->facts, a->fact_count);
    return t;
}

/* Names of the services whose installation a record tells. */
static void services_installed(const joined *j, uint32_t host, map *names)
{
    size_t n;
    const act *const *acts = acts_of(j, host, "service.install", &n);
    for (size_t i = 0; i < n; i++) {
        char *name = arena_str(j->mem, act_fact(acts[i], "name"));
        utf8_lower_ascii(name);
        map_put(names, span_str(name), NULL);
    }
}

static bool told_by_installation(const joined *j, const act *a, const map *installed)
{
    if (strcmp(a->kind, "service.run") != 0)
        return false;
    char *name = arena_str(j->mem, act_fact(a, "name"));
    utf8_lower_ascii(name);
    return map_find(installed, span_str(name)) != NULL;
}

void direct_find(joined *j)
{
    sessions_index(j);
    for (uint32_t i = 0; i < host_total(j); i++) {
        const joined_host *h = host_of(j, i);
        map installed;
        map_init(&installed);
        services_installed(j, i, &installed);
        for (size_t k = 0; k < h->act_count; k++)
            if (h->acts[k]->finding && h->acts[k]->finding[0] && !act_is_state(h->acts[k]) && strncmp(h->acts[k]->kind, "crash.", 6) != 0       /* stops are told by crashes.c */
                && !told_by_installation(j, h->acts[k], &installed))
                finding_from_act(j, i, h->acts[k], h->acts[k]->finding);
        map_done(&installed);
    }
}
