#include "report/tell.h"

static void put_known(const report *r, table *t, const char *title, const json *of, const char *name)
{
    if (tell_is_null(of, name))
        return;
    row *line = doc_row(t, r->d, NULL, 0);
    runs_words(&line->cells[0], tell_label(title));
    runs_text(&line->cells[1], tell_clip(r, of, name));
}

static void tell_network(const report *r, block *in, const json *scene)
{
    block *section = doc_section(in, r->d, 2, "scene-network", DOC_NUMBERED, tell_label("report.network"));
    if (!scene || scene->kind == JSON_NULL) {
        runs_words(doc_paragraph(section, r->d, "note"), tell_label("report.no-scene"));
        return;
    }
    table *t = doc_table(section, r->d, NULL, tell_label("report.told"), "facts", 0);
    doc_column(t, tell_label("report.item"), "name");
    doc_column(t, tell_label("report.content"), NULL);
    put_known(r, t, "report.customer", scene, "customer");
    put_known(r, t, "report.topology", scene, "network");
    put_known(r, t, "report.zone", scene, "time_zone");
    if (tell_count(scene, "team")) {
        row *line = doc_row(t, r->d, NULL, 0);
        runs_words(&line->cells[0], tell_label("report.team"));
        for (const json *m = tell_first(scene, "team"); m; m = m->next) {
            runs_line(&line->cells[1]);
            runs_text(&line->cells[1], tell_text(r, m));
        }
    }
}

/* Told and found side by side: a host of the scene is one of the case when they share a name or an address. */
static bool shares(const json *told, const char *name, const json *found, const char *list)
{
    const char *one = json_str(told, name);
    for (const json *f = tell_first(found, list); f; f = f->next) {
        if (*one && f->kind == JSON_STRING && strcasecmp(one, (const char *)f->text.at) == 0)
            return true;
        for (const json *a = tell_first(told, "addresses"); a; a = a->next)
            if (f->kind == JSON_STRING && span_eq(a->text, f->text))
                return true;
    }
    return false;
}

static size_t host_told(const report *r, const json *told)
{
    for (size_t i = 0; i < r->host_count; i++)
        if (shares(told, "name", r->hosts[i].of, "names") || shares(told, "name", r->hosts[i].of, "addresses"))
            return i;
    return SIZE_MAX;
}

static void tell_environment(const report *r, block *in, const json *scene)
{
    block *section = doc_section(in, r->d, 2, "scene-hosts", DOC_NUMBERED, tell_label("report.environment"));
    table *t = doc_table(section, r->d, NULL, tell_label("report.hosts-told"), "stack", 200000);
    static const char *const titles[] = { "report.host", "report.address", "report.role", "report.protection", "report.system-found" };
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        doc_column(t, tell_label(titles[i]), i == 0 ? "name" : i == 1 ? "code" : NULL);
    for (const json *h = tell_first(scene, "hosts"); h; h = h->next) {
        row *line = doc_row(t, r->d, NULL, 0);
        size_t host = host_told(r, h);
        if (host != SIZE_MAX)
            runs_add(&line->cells[0], RUN_LINK, (both){ tell_is_null(h, "name") ? r->hosts[host].name : tell_clip(r, h, "name"), NULL })->target = r->hosts[host].anchor;
        else
            runs_text(&line->cells[0], tell_clip(r, h, "name"));
        for (const json *a = tell_first(h, "addresses"); a; a = a->next) {
            runs_line(&line->cells[1]);
            runs_code(&line->cells[1], tell_text(r, a));
        }
        if (tell_is_null(h, "role"))
            runs_text(&line->cells[2], "–");
        else
            runs_words(&line->cells[2], tell_role(r, h));
        runs_text(&line->cells[3], tell_is_null(h, "protection") ? "–" : tell_clip(r, h, "protection"));
        if (host != SIZE_MAX && !tell_is_null(r->hosts[host].of, "os"))
            runs_text(&line->cells[4], tell_clip(r, r->hosts[host].of, "os"));
        else
            runs_words(&line->cells[4], tell_label("unknown"));
    }
}

static void tell_claims(const report *r, block *in)
{
    block *section = doc_section(in, r->d, 2, "claims", DOC_NUMBERED, tell_label("report.claims"));
    if (!tell_count(r->c, "claims")) {
        runs_words(doc_paragraph(section, r->d, "note"), tell_label("report.no-claims"));
        return;
    }
    runs_words(doc_paragraph(section, r->d, NULL), tell_label("report.claims-how"));
    table *t = doc_table(section, r->d, NULL, tell_label("report.claims-table"), "stack", 100000);
    static const struct { const char *title, *tone; } columns[] = {
        { "report.host", "name" }, { "report.what", NULL }, { "report.told-value", NULL }, { "report.found", NULL }, { "report.verdict", NULL }, { "report.why", "wide" }, { "report.evidence", "ref" },
    };
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        doc_column(t, tell_label(columns[i].title), columns[i].tone);
    for (const json *c = tell_first(r->c, "claims"); c; c = c->next) {
        row *line = doc_row(t, r->d, NULL, tell_is(c, "verdict", "contradicted") ? 2 : 1);
        put_host(r, &line->cells[0], c, "host");
        runs_words(&line->cells[1], tell_word(r, "claim.", json_str(c, "what")));
        runs_text(&line->cells[2], tell_clip(r, c, "told"));
        if (!tell_is_null(c, "precision"))
            runs_add(&line->cells[2], RUN_SMALL, (both){ arena_printf(r->mem, " ± %s", tell_clip(r, c, "precision")), NULL });
        moment found;
        if (strlen(json_str(c, "found")) > 19 && tell_time(c, "found", &found))
            put_time(r, &line->cells[3], c, "found");
        else
            runs_text(&line->cells[3], tell_is_null(c, "found") ? "–" : tell_clip(r, c, "found"));
        put_badge(r, &line->cells[4], "verdict.", json_str(c, "verdict"));
        put_sentence(r, &line->cells[5], c, "why");
        put_evidence(r, &line->cells[6], c);
    }
}

/* What was done is for the responder to write: the evidence does not know. */
static void tell_outcome(const report *r, block *in)
{
    block *section = doc_section(in, r->d, 2, "outcome", DOC_NUMBERED, tell_label("report.outcome"));
    table *t = doc_table(section, r->d, NULL, tell_label("report.outcome-table"), "facts", 0);
    doc_column(t, tell_label("report.item"), "name");
    doc_column(t, tell_label("report.content"), NULL);
    row *line = doc_row(t, r->d, NULL, 0);
    runs_words(&line->cells[0], tell_label("report.problem"));
    both headline = tell_sentence(r, r->c, "headline");
    runs_words(&line->cells[1], tell_empty(headline) ? tell_label("report.no-headline") : headline);
    line = doc_row(t, r->d, NULL, 0);
    runs_words(&line->cells[0], tell_label("report.result"));
    runs_add(&line->cells[1], RUN_SMALL, tell_label("report.to-be-filled"));
    line = doc_row(t, r->d, NULL, 0);
    runs_words(&line->cells[0], tell_label("report.remains"));
    size_t failed = 0;
    for (const json *e = tell_first(r->c, "exposure"); e; e = e->next)
        failed += tell_is(e, "state", "failed");
    runs_words(&line->cells[1], tell_say(r, "report.remains-counted", "failed", ARG_NUMBER, tell_number(r, failed), "unknown", ARG_NUMBER, tell_number(r, tell_count(r->c, "unknowns")), NULL));
    runs_text(&line->cells[1], " ");
    runs_add(&line->cells[1], RUN_LINK, tell_label("report.chapter-5"))->target = "hardening";
    runs_text(&line->cells[1], " · ");
    runs_add(&line->cells[1], RUN_LINK, tell_label("report.not-known"))->target = "unknowns";
}

void tell_scene(report *r)
{
    const json *scene = json_get(r->c, "scene");
    block *chapter = doc_section(r->d->root, r->d, 1, "scene", tell_label("report.number-1"), tell_label("report.chapter-1"));
    tell_network(r, chapter, scene);
    if (tell_count(scene, "hosts"))
        tell_environment(r, chapter, scene);
    tell_claims(r, chapter);
    tell_outcome(r, chapter);
}
