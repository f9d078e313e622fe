#include "report/escape.h"
#include "report/tell.h"

/* ---- Chapter 3: what follows ---- */

static runs *answer(const report *r, table *t, const char *question, const char *section, const char *target)
{
    row *line = doc_row(t, r->d, NULL, 0);
    runs_words(&line->cells[0], tell_label(question));
    runs_add(&line->cells[3], RUN_LINK, (both){ section, NULL })->target = target;
    return line->cells;
}

static void answer_entry(const report *r, table *t)
{
    runs *cells = answer(r, t, "report.q-entry", "2.2", "entry");
    const json *entry = json_get(r->c, "entry");
    if (!entry || entry->kind != JSON_OBJECT) {
        runs_add(&cells[1], RUN_STRONG, tell_nobody(r));
        runs_line(&cells[1]);
        put_sentence(r, &cells[1], r->c, "entry_unknown");
        return;
    }
    put_how(r, &cells[1], entry);
    runs_text(&cells[1], " · ");
    put_place(r, &cells[1], json_get(entry, "source"));
    runs_text(&cells[1], " → ");
    put_host(r, &cells[1], entry, "host");
    if (!tell_is_null(entry, "account")) {
        runs_text(&cells[1], " ");
        put_code(r, &cells[1], entry, "account");
    }
    put_likelihood(r, &cells[2], entry, "confidence");
}

static void answer_first(const report *r, table *t)
{
    runs *cells = answer(r, t, "report.q-begin", "2.2", "first-host");
    const json *first = json_get(r->c, "first_host");
    if (!first || first->kind != JSON_OBJECT) {
        runs_add(&cells[1], RUN_STRONG, tell_nobody(r));
        runs_line(&cells[1]);
        put_sentence(r, &cells[1], r->c, "first_host_unknown");
        return;
    }
    put_host(r, &cells[1], first, "host");
    if (!tell_is_null(first, "time")) {
        runs_text(&cells[1], " · ");
        put_time(r, &cells[1], first, "time");
    }
    put_likelihood(r, &cells[2], first, "confidence");
}

static void answer_crashes(const report *r, table *t)
{
    const json *of = tell_main_stop(r);
    if (!of)
        return;
    runs *cells = answer(r, t, tell_stops(r, SIZE_MAX).blue ? "report.q-crashed" : "report.q-stopped", "2.1", "crashes");
    put_sentence(r, &cells[1], of, "verdict");
    const json *best;
    tell_cause(r, of, &best);
    if (best)
        put_likelihood(r, &cells[2], best, "score");
}

static void answer_spread(const report *r, table *t)
{
    runs *cells = answer(r, t, "report.q-spread", "2.3", "spread");
    if (!tell_count(r->c, "spread")) {
        runs_words(&cells[1], tell_label("report.no-spread"));
        return;
    }
    size_t n = 0;
    for (const json *e = tell_first(r->c, "spread"); e && n < 12; e = e->next, n++) {
        runs_line(&cells[1]);
        put_place(r, &cells[1], json_get(e, "from"));
        runs_text(&cells[1], " → ");
        put_host(r, &cells[1], e, "to");
        runs_text(&cells[1], " · ");
        put_how(r, &cells[1], e);
        runs_text(&cells[1], " · ");
        put_likelihood(r, &cells[1], e, "confidence");
    }
    if (tell_count(r->c, "spread") > n) {
        runs_line(&cells[1]);
        runs_words(&cells[1], tell_say(r, "report.more", "count", ARG_NUMBER, tell_number(r, tell_count(r->c, "spread") - n), NULL));
    }
}

/* Findings that say the same of the same thing, on however many hosts. */
typedef struct { both title; const char *thing; bool *on; size_t hosts, place; unsigned severity; } same;

static int by_weight(const void *a, const void *b)
{
    const same *x = a, *y = b;
    if (x->severity != y->severity)
        return x->severity > y->severity ? -1 : 1;
    if (x->hosts != y->hosts)
        return x->hosts > y->hosts ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

/* What a finding is about, so that it is the same on every host: an account without its host's name, else what best tells
 * one service, task or program from the next. */
static const char *thing_of(const report *r, const json *finding)
{
    static const char *const types[] = { "service", "task", "file", "process", "registry", "domain" };
    bool account = tell_is_kind(finding, "account-create account-change admin-group-add");
    for (size_t k = 0; k < sizeof types / sizeof *types; k++)
        for (const json *e = tell_first(finding, "entities"); e; e = e->next) {
            if (!tell_is(e, "type", account ? "account" : types[k]))
                continue;
            const char *value = tell_clip(r, e, "value"), *slash = account ? strrchr(value, '\\') : NULL;
            return slash ? slash + 1 : escape_clip(r->mem, value, 90);
        }
    return "";
}

static void gather_same(const report *r, const char *kinds, vec *out)
{
    map seen;
    map_init(&seen);
    for (const json *f = tell_first(r->c, "findings"); f; f = f->next) {
        both title = tell_sentence(r, f, "title");
        if (!tell_is_kind(f, kinds) || tell_severity(f) < SEVERITY_MEDIUM || tell_empty(title) || !tell_is_hostile(r, f))
            continue;
        const char *thing = thing_of(r, f);
        bool there;
        uint64_t *at = map_put(&seen, span_str(arena_printf(r->mem, "%s\n%s", title.en, thing)), &there);
        if (!there) {
            *at = out->count;
            *(same *)vec_push(out) = (same){ .title = title, .thing = thing, .on = arena_array(r->mem, r->host_count + 1, sizeof(bool)), .place = out->count };
        }
        same *s = vec_at(out, (size_t)*at);
        size_t host = tell_host(r, f, "host");
        if (tell_severity(f) > s->severity)
            s->severity = tell_severity(f);
        if (host != SIZE_MAX && !s->on[host]) {
            s->on[host] = true;
            s->hosts++;
        }
    }
    map_done(&seen);
    vec_sort(out, by_weight);
}

static void answer_counted(const report *r, table *t, const char *question, const char *section, const char *target, const char *kinds, const char *none)
{
    enum { SHOWN = 7 };
    runs *cells = answer(r, t, question, section, target);
    size_t hosts, found = tell_kinds(r, kinds, &hosts);
    if (!found) {
        runs_words(&cells[1], tell_label(none));
        return;
    }
    vec all;
    vec_init(&all, sizeof(same));
    gather_same(r, kinds, &all);
    for (size_t i = 0; i < all.count && i < SHOWN; i++) {
        const same *s = vec_at(&all, i);
        runs_line(&cells[1]);
        runs_words(&cells[1], s->title);
        runs_text(&cells[1], " ");
        runs_code(&cells[1], s->thing);
        runs_text(&cells[1], " ");
        runs_add(&cells[1], RUN_SMALL, tell_say(r, "report.on-hosts", "hosts", ARG_NUMBER, tell_number(r, s->hosts), NULL));
    }
    if (all.count > SHOWN) {
        runs_line(&cells[1]);
        runs_words(&cells[1], tell_say(r, "report.more", "count", ARG_NUMBER, tell_number(r, all.count - SHOWN), NULL));
    }
    if (!all.count)
        runs_words(&cells[1], tell_say(r, "report.subject-counted", "count", ARG_NUMBER, tell_number(r, found), "hosts", ARG_NUMBER, tell_number(r, hosts), NULL));
    vec_done(&all);
}

void tell_conclusion(report *r)
{
    block *chapter = doc_section(r->d->root, r->d, 1, "conclusion", tell_label("report.number-3"), tell_label("report.chapter-3"));
    both headline = tell_sentence(r, r->c, "headline");
    runs_words(doc_paragraph(chapter, r->d, "answer"), tell_empty(headline) ? tell_label("report.no-headline") : headline);
    table *t = doc_table(chapter, r->d, NULL, tell_label("report.answers"), "stack", 120000);
    doc_column(t, tell_label("report.question"), "name");
    doc_column(t, tell_label("report.answer"), "wide");
    doc_column(t, tell_label("report.likelihood"), "sure");
    doc_column(t, tell_label("report.proof"), "number");
    answer_crashes(r, t);
    answer_first(r, t);
    answer_entry(r, t);
    answer_counted(r, t, "report.q-ran", "2.4", "ran", "miner malware-file fake-system-process process-chain script-execution network-contact remote-execution", "report.nothing-ran");
    answer_counted(r, t, "report.q-back", "2.5", "persistence", "service-install task-create run-key startup-file wmi-persistence autostart-other account-create admin-group-add", "report.no-persistence");
    answer_spread(r, t);
    runs *cells = answer(r, t, "report.q-unknown", "7", "unknowns");
    runs_words(&cells[1], tell_say(r, "report.unknowns-counted", "count", ARG_NUMBER, tell_number(r, tell_count(r->c, "unknowns")), NULL));
}

/* ---- Chapter 4: what threatens ---- */

static void threat(const report *r, block *list, both words, const char *kinds)
{
    block *item = doc_item(list, r->d, 0);
    runs_words(&item->text, words);
    size_t shown = 0, n = 0;
    for (const json *f = tell_first(r->c, "findings"); f && kinds && shown < 6; f = f->next, n++) {
        if (!tell_is_kind(f, kinds))
            continue;
        runs_text(&item->text, " ");
        runs_add(&item->text, RUN_LINK, (both){ arena_printf(r->mem, "F%zu", n + 1), NULL })->target = arena_printf(r->mem, "f%zu", n);
        shown++;
    }
}

static void threat_of_kinds(const report *r, block *list, const char *id, const char *kinds)
{
    size_t hosts, found = tell_kinds(r, kinds, &hosts);
    if (found)
        threat(r, list, tell_say(r, id, "count", ARG_NUMBER, tell_number(r, found), "hosts", ARG_NUMBER, tell_number(r, hosts), NULL), kinds);
}

/* An account name without its domain or machine. */
static span bare_account(const json *edge)
{
    const char *account = json_str(edge, "account"), *slash = strrchr(account, '\\');
    return span_str(slash ? slash + 1 : account);
}

/* The same account name let the attacker into several hosts: their passwords are alike, or it is one of the domain. */
static void threat_same_password(const report *r, block *list)
{
    map accounts;
    map_init(&accounts);
    bool there;
    for (const json *e = tell_first(r->c, "spread"); e; e = e->next)
        if (bare_account(e).len)
            ++*map_put(&accounts, bare_account(e), &there);
    for (size_t i = 0; i < accounts.count; i++)
        if (accounts.entries[i].value > 1)
            threat(r, list, tell_say(r, "report.threat-same-password", "account", ARG_TEXT, arena_text(r->mem, span_part(accounts.entries[i].key, 0, 80)),
                                     "hosts", ARG_NUMBER, tell_number(r, accounts.entries[i].value), NULL), NULL);
    map_done(&accounts);
}

static void threat_inside(const report *r, block *list)
{
    size_t inside = 0;
    for (const json *e = tell_first(r->c, "spread"); e; e = e->next)
        inside += tell_host(r, e, "from") != SIZE_MAX;
    if (inside)
        threat(r, list, tell_say(r, "report.threat-inside", "count", ARG_NUMBER, tell_number(r, inside), NULL), NULL);
}

static void threat_dark(const report *r, block *list)
{
    size_t dark = 0;
    for (size_t i = 0; i < r->host_count; i++) {
        const json *collected = json_get(r->hosts[i].of, "collected");
        dark += collected && collected->kind == JSON_BOOL && !collected->truth;
    }
    if (dark)
        threat(r, list, tell_say(r, "report.threat-dark", "count", ARG_NUMBER, tell_number(r, dark), NULL), NULL);
}

static void threat_settings(const report *r, block *list)
{
    size_t failed = 0;
    for (const json *e = tell_first(r->c, "exposure"); e; e = e->next)
        failed += tell_is(e, "state", "failed");
    if (failed)
        threat(r, list, tell_say(r, "report.threat-settings", "count", ARG_NUMBER, tell_number(r, failed), NULL), NULL);
}

static block *threats(const report *r, block *chapter, const char *title)
{
    block *section = doc_section(chapter, r->d, 2, NULL, DOC_NUMBERED, tell_label(title));
    return doc_list(section, r->d, true, NULL, 0);
}

static void or_none(const report *r, block *list)
{
    if (!list->first)
        runs_words(&doc_item(list, r->d, 0)->text, tell_label("report.threat-none"));
}

void tell_threats(report *r)
{
    block *chapter = doc_section(r->d->root, r->d, 1, "threats", tell_label("report.number-4"), tell_label("report.chapter-4"));
    block *list = threats(r, chapter, "report.threats-people");
    threat_of_kinds(r, list, "report.threat-weak-password", "logon-after-guessing");
    threat_same_password(r, list);
    threat_inside(r, list);
    threat_dark(r, list);
    or_none(r, list);
    list = threats(r, chapter, "report.threats-hosts");
    threat_of_kinds(r, list, "report.threat-comes-back", "service-install task-create run-key startup-file wmi-persistence autostart-other");
    threat_of_kinds(r, list, "report.threat-accounts", "account-create admin-group-add");
    threat_of_kinds(r, list, "report.threat-credentials", "credential-theft");
    threat_of_kinds(r, list, "report.threat-defence", "defence-off firewall-change port-proxy");
    threat_of_kinds(r, list, "report.threat-exploit", "exploit-attempt patch-missing");
    threat_of_kinds(r, list, "report.threat-miner", "miner");
    threat_settings(r, list);
    or_none(r, list);
    list = threats(r, chapter, "report.threats-watching");
    threat_of_kinds(r, list, "report.threat-logs", "log-cleared log-gap");
    if (tell_count(r->c, "unknowns"))
        threat(r, list, tell_say(r, "report.threat-unknown", "count", ARG_NUMBER, tell_number(r, tell_count(r->c, "unknowns")), NULL), NULL);
    or_none(r, list);
}

/* ---- Chapter 5: what keeps it out ---- */

/* Steps of the plan that close a way in; what several hosts need is one row. */
static void close_table(const report *r, block *section)
{
    table *t = NULL;
    map lines;
    map_init(&lines);
    row *rows[64];
    for (const json *p = tell_first(r->c, "plan"); p; p = p->next) {
        both action = tell_sentence(r, p, "action");
        if (!tell_is(p, "phase", "close") || tell_empty(action))
            continue;
        if (!t) {
            t = doc_table(section, r->d, NULL, tell_label("report.close-table"), "stack", 60000);
            doc_column(t, tell_label("report.step"), "wide");
            doc_column(t, tell_label("report.why"), "wide");
            doc_column(t, tell_label("report.hosts"), NULL);
        }
        uint64_t *line = map_find(&lines, span_str(action.en));
        if (!line && lines.count == sizeof rows / sizeof *rows)
            continue;
        bool there;
        line = map_put(&lines, span_str(action.en), &there);
        if (!there) {
            *line = lines.count - 1;
            row *one = rows[*line] = doc_row(t, r->d, NULL, 0);
            runs_add(&one->cells[0], RUN_STRONG, tell_short(r, action));
            put_sentence(r, &one->cells[1], p, "why");
        } else
            runs_text(&rows[*line]->cells[2], " ");
        put_host(r, &rows[*line]->cells[2], p, "host");
    }
    map_done(&lines);
}

/* Advice that holds for any site of this sort, and the kinds of finding that make it urgent at this one. */
static const struct { const char *subject, *text, *kinds; } advice[] = {
    { "report.for-accounts", "report.advice-length", "password-guessing password-spraying logon-after-guessing" },
    { "report.for-accounts", "report.advice-lockout", "password-guessing password-spraying logon-after-guessing" },
    { "report.for-accounts", "report.advice-guest", "account-create account-change admin-group-add" },
    { "report.for-accounts", "report.advice-administrator", "logon-after-guessing suspicious-logon" },
    { "report.for-accounts", "report.advice-unique", "remote-execution credential-theft" },
    { "report.for-system", "report.advice-patches", "exploit-attempt patch-missing crash" },
    { "report.for-system", "report.advice-smb1", "exploit-attempt patch-missing" },
    { "report.for-system", "report.advice-rdp-idle", "suspicious-logon logon-after-guessing" },
    { "report.for-system", "report.advice-rdp-open", "password-guessing logon-after-guessing exposed-service" },
    { "report.for-system", "report.advice-antivirus", "defence-off malware-file miner" },
    { "report.for-system", "report.advice-netbios", "port-scan exposed-service" },
    { "report.for-system", "report.advice-shares", "remote-execution" },
    { "report.for-system", "report.advice-mssql", "" },
    { "report.for-system", "report.advice-logs", "log-cleared log-gap" },
    { "report.for-products", "report.advice-monitoring", "remote-execution port-scan password-guessing" },
    { "report.for-products", "report.advice-scanning", "exploit-attempt patch-missing weak-setting" },
    { "report.for-products", "report.advice-endpoint", "miner malware-file fake-system-process defence-off" },
};

static bool guesses_at_mssql(const report *r)
{
    for (const json *f = tell_first(r->c, "findings"); f; f = f->next)
        for (const json *e = tell_first(f, "entities"); e; e = e->next)
            if (tell_is(e, "type", "protocol") && tell_is(e, "value", "mssql"))
                return true;
    return false;
}

void tell_hardening(report *r)
{
    block *chapter = doc_section(r->d->root, r->d, 1, "hardening", tell_label("report.number-5"), tell_label("report.chapter-5"));
    block *exposure = doc_section(chapter, r->d, 2, "exposure", DOC_NUMBERED, tell_label("report.exposure"));
    tell_exposure(r, exposure);
    close_table(r, exposure);
    static const char *const subjects[] = { "report.for-accounts", "report.for-system", "report.for-products" };
    for (size_t k = 0; k < sizeof subjects / sizeof *subjects; k++) {
        block *section = doc_section(chapter, r->d, 2, arena_printf(r->mem, "advice%zu", k + 1), DOC_NUMBERED, tell_label(subjects[k]));
        table *t = doc_table(section, r->d, NULL, tell_label(subjects[k]), "facts", 0);
        doc_column(t, tell_label("report.advice"), "wide");
        doc_column(t, tell_label("report.here"), "mark");
        for (size_t i = 0; i < sizeof advice / sizeof *advice; i++) {
            if (strcmp(advice[i].subject, subjects[k]) != 0)
                continue;
            size_t hosts;
            bool here = advice[i].kinds[0] ? tell_kinds(r, advice[i].kinds, &hosts) > 0 : guesses_at_mssql(r);
            row *line = doc_row(t, r->d, NULL, 0);
            runs_words(&line->cells[0], tell_label(advice[i].text));
            if (here)
                runs_add(&line->cells[1], RUN_BADGE, tell_label("report.applies-here"))->tone = "high";
        }
    }
}
