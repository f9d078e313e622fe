#include "report/tell.h"

#define TREES_BYTES 260000u

/* ---- What ran ---- */

#define TREE_DEPTH 24u

typedef struct { const json **of; block **item; size_t *parent, *host; size_t count; } tree;

static void fill_item(const report *r, runs *to, const json *p)
{
    put_badge(r, to, "verdict.", tell_is(p, "verdict", "known") ? "" : json_str(p, "verdict"));
    runs_text(to, " ");
    if (tell_is_null(p, "image"))
        runs_words(to, tell_label("unknown"));
    else
        runs_add(to, RUN_CODE, (both){ tell_clip(r, p, "image"), NULL })->tone = "image";
    runs_text(to, " ");
    if (!tell_is_null(p, "start"))
        put_time(r, to, p, "start");
    if (!tell_is_null(p, "account")) {
        runs_text(to, " ");
        runs_add(to, RUN_SMALL, (both){ tell_clip(r, p, "account"), NULL });
    }
    both why = tell_sentence(r, p, "why");
    if (!tell_empty(why)) {
        runs_text(to, " — ");
        runs_words(to, why);
    }
    if (!tell_is_null(p, "command") && strcmp(json_str(p, "command"), json_str(p, "image")) != 0) {
        runs_line(to);
        put_code(r, to, p, "command");
    }
    runs_text(to, " ");
    put_evidence(r, to, p);
}

/* In a circle, or deeper than this, a process begins a tree of its own. */
static bool is_root(const tree *t, size_t i)
{
    size_t depth = 0, at = i;
    for (; t->parent[at] != SIZE_MAX && depth < TREE_DEPTH; depth++)
        at = t->parent[at];
    return depth == 0 || depth == TREE_DEPTH;
}

static block *place_process(const report *r, tree *t, block *list, size_t i)
{
    if (t->item[i])
        return t->item[i];
    block *in = list;
    if (!is_root(t, i)) {
        block *above = place_process(r, t, list, t->parent[i]);
        in = above->last ? above->last : doc_list(above, r->d, false, NULL, 0);
    }
    t->item[i] = doc_item(in, r->d, 0);
    fill_item(r, &t->item[i]->text, t->of[i]);
    return t->item[i];
}

static tree read_processes(const report *r)
{
    tree t = { .count = tell_count(r->c, "processes") };
    t.of = arena_array(r->mem, t.count + 1, sizeof *t.of);
    t.item = arena_array(r->mem, t.count + 1, sizeof *t.item);
    t.parent = arena_array(r->mem, t.count + 1, sizeof *t.parent);
    t.host = arena_array(r->mem, t.count + 1, sizeof *t.host);
    map ids;
    map_init(&ids);
    size_t i = 0;
    bool there;
    for (const json *p = tell_first(r->c, "processes"); p; p = p->next, i++) {
        t.of[i] = p;
        t.host[i] = tell_host(r, p, "host");
        *map_put(&ids, span_str(arena_printf(r->mem, "%zu %s", t.host[i], json_str(p, "id"))), &there) = i;
    }
    for (i = 0; i < t.count; i++) {
        const char *parent = json_str(t.of[i], "parent");
        uint64_t *at = *parent ? map_find(&ids, span_str(arena_printf(r->mem, "%zu %s", t.host[i], parent))) : NULL;
        t.parent[i] = at && *at != i ? (size_t)*at : SIZE_MAX;
    }
    map_done(&ids);
    return t;
}

static void tell_processes(const report *r, block *in)
{
    tree t = read_processes(r);
    size_t limit = TREES_BYTES / (r->host_count ? r->host_count : 1);
    for (size_t h = 0; h < r->host_count; h++) {
        block *list = NULL;
        for (size_t i = 0; i < t.count; i++) {
            if (t.host[i] != h)
                continue;
            if (!list) {
                block *section = doc_section(in, r->d, 3, NULL, (both){ NULL, NULL }, (both){ r->hosts[h].name, NULL });
                list = doc_list(section, r->d, false, "tree", limit < 4000 ? 4000 : limit);
            }
            place_process(r, &t, list, i);
        }
    }
}

/* ---- Findings of one subject as a table ---- */

static void subject_table(const report *r, block *in, both caption, const char *kinds, size_t limit)
{
    static const struct { const char *title, *tone; } columns[] = {
        { "report.host", "name" }, { "report.time", "time" }, { "report.what", "what" }, { "report.detail", "wide" }, { "report.likelihood", "sure" }, { "report.evidence", "ref" },
    };
    table *t = doc_table(in, r->d, NULL, caption, "stack", limit);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        doc_column(t, tell_label(columns[i].title), columns[i].tone);
    size_t n = 0;
    for (const json *f = tell_first(r->c, "findings"); f; f = f->next, n++) {
        if (!tell_is_kind(f, kinds))
            continue;
        row *line = doc_row(t, r->d, NULL, tell_severity(f));
        put_host(r, &line->cells[0], f, "host");
        put_time(r, &line->cells[1], f, "time");
        put_badge(r, &line->cells[2], "severity.", json_str(f, "severity"));
        runs_text(&line->cells[2], " ");
        runs_words(&line->cells[2], tell_word(r, "kind.", json_str(f, "kind")));
        runs_line(&line->cells[2]);
        runs_add(&line->cells[2], RUN_LINK, (both){ arena_printf(r->mem, "F%zu", n + 1), NULL })->target = arena_printf(r->mem, "f%zu", n);
        both title = tell_sentence(r, f, "title");
        if (!tell_empty(title))
            runs_add(&line->cells[3], RUN_STRONG, title);
        runs_line(&line->cells[3]);
        put_sentence(r, &line->cells[3], f, "text");
        put_likelihood(r, &line->cells[4], f, "confidence");
        put_evidence(r, &line->cells[5], f);
    }
}

static void tell_subject(const report *r, block *in, const char *id, const char *number, const char *title, const char *kinds, const char *none)
{
    block *section = doc_section(in, r->d, 2, id, (both){ number, NULL }, tell_label(title));
    size_t hosts, found = tell_kinds(r, kinds, &hosts);
    if (!found) {
        runs_words(doc_paragraph(section, r->d, "note"), tell_label(none));
        return;
    }
    runs_words(doc_paragraph(section, r->d, NULL), tell_say(r, "report.subject-counted", "count", ARG_NUMBER, tell_number(r, found), "hosts", ARG_NUMBER, tell_number(r, hosts), NULL));
    subject_table(r, section, tell_label(title), kinds, 120000);
}

/* ---- What brings it back ---- */

static unsigned verdict_rank(const json *p)
{
    static const char *const verdicts[] = { "known", "unknown", "suspicious", "hostile" };
    for (unsigned i = 0; i < 4; i++)
        if (tell_is(p, "verdict", verdicts[i]))
            return i;
    return 1;
}

static void tell_persistence(const report *r, block *in)
{
    block *section = doc_section(in, r->d, 2, "persistence", (both){ "2.5", NULL }, tell_label("report.comes-back"));
    if (!tell_count(r->c, "persistence")) {
        runs_words(doc_paragraph(section, r->d, "note"), tell_label("report.no-persistence"));
        return;
    }
    static const struct { const char *title, *tone; } columns[] = {
        { "report.host", "name" }, { "report.verdict", NULL }, { "report.location", NULL }, { "report.command", "code" }, { "report.why", "wide" }, { "report.time", "time" }, { "report.evidence", "ref" },
    };
    table *t = doc_table(section, r->d, NULL, tell_label("report.persistence-table"), "stack", 280000);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        doc_column(t, tell_label(columns[i].title), columns[i].tone);
    for (unsigned rank = 4; rank-- > 0; )
        for (const json *p = tell_first(r->c, "persistence"); p; p = p->next) {
            if (verdict_rank(p) != rank)
                continue;
            row *line = doc_row(t, r->d, NULL, rank);
            put_host(r, &line->cells[0], p, "host");
            put_badge(r, &line->cells[1], "verdict.", json_str(p, "verdict"));
            runs_words(&line->cells[2], tell_word(r, "location.", json_str(p, "location")));
            runs_line(&line->cells[2]);
            put_code(r, &line->cells[2], p, "name");
            put_code(r, &line->cells[3], p, "command");
            if (!tell_is_null(p, "file") && !strstr(json_str(p, "command"), json_str(p, "file"))) {
                runs_line(&line->cells[3]);
                put_code(r, &line->cells[3], p, "file");
            }
            if (!tell_is_null(p, "signed")) {
                runs_line(&line->cells[3]);
                runs_add(&line->cells[3], RUN_SMALL, (both){ tell_clip(r, p, "signed"), NULL });
            }
            put_sentence(r, &line->cells[4], p, "why");
            put_time(r, &line->cells[5], p, "time");
            put_evidence(r, &line->cells[6], p);
        }
}

void tell_activity(report *r, block *in)
{
    block *section = doc_section(in, r->d, 2, "ran", (both){ "2.4", NULL }, tell_label("report.what-ran"));
    static const char ran[] = "miner malware-file network-contact fake-system-process process-chain script-execution remote-execution";
    size_t hosts, found = tell_kinds(r, ran, &hosts);
    if (!found && !tell_count(r->c, "processes"))
        runs_words(doc_paragraph(section, r->d, "note"), tell_label("report.nothing-ran"));
    if (tell_count(r->c, "processes")) {
        runs_words(doc_paragraph(section, r->d, NULL), tell_label("report.trees"));
        tell_processes(r, section);
    }
    if (found)
        subject_table(r, section, tell_label("report.ran-table"), ran, 220000);
    tell_persistence(r, in);
    tell_subject(r, in, "accounts", "2.6", "report.accounts",
                 "password-guessing password-spraying logon-after-guessing suspicious-logon account-create account-change admin-group-add credential-theft", "report.no-accounts");
    tell_subject(r, in, "defence", "2.7", "report.defence", "defence-off log-cleared log-gap firewall-change port-proxy unclean-shutdown", "report.no-defence");
}
