#include "report/tell.h"

static void put_way(const report *r, row *line, const json *way)
{
    put_how(r, &line->cells[0], way);
    put_host(r, &line->cells[1], way, "host");
    runs_line(&line->cells[1]);
    if (!tell_is_null(way, "time"))
        put_time(r, &line->cells[1], way, "time");
    put_place(r, &line->cells[2], json_get(way, "source"));
    runs_line(&line->cells[2]);
    put_code(r, &line->cells[2], way, "account");
    put_likelihood(r, &line->cells[3], way, "confidence");
    put_sentence(r, &line->cells[4], way, "why");
    put_evidence(r, &line->cells[5], way);
}

static void way_table(const report *r, block *in, both caption, const json *first, const json *rest)
{
    static const struct { const char *title, *tone; } columns[] = {
        { "report.way", "name" }, { "report.host-time", NULL }, { "report.source-account", "code" }, { "report.likelihood", "sure" }, { "report.why", "wide" }, { "report.evidence", "ref" },
    };
    table *t = doc_table(in, r->d, NULL, caption, "stack", 80000);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        doc_column(t, tell_label(columns[i].title), columns[i].tone);
    if (first)
        put_way(r, doc_row(t, r->d, NULL, 100), first);
    for (; rest; rest = rest->next)
        put_way(r, doc_row(t, r->d, NULL, tell_percent(rest, "confidence")), rest);
}

static void tell_first_host(const report *r, block *in)
{
    block *section = doc_section(in, r->d, 3, "first-host", (both){ NULL, NULL }, tell_label("report.first-host"));
    const json *first = json_get(r->c, "first_host");
    runs *p = doc_paragraph(section, r->d, NULL);
    if (!first || first->kind != JSON_OBJECT) {
        runs_add(p, RUN_STRONG, tell_nobody(r));
        runs_text(p, " ");
        put_sentence(r, p, r->c, "first_host_unknown");
        return;
    }
    put_host(r, p, first, "host");
    runs_text(p, " ");
    put_likelihood(r, p, first, "confidence");
    runs_text(p, "  ");
    put_sentence(r, p, first, "why");
    for (const json *other = tell_first(first, "alternatives"); other; other = other->next) {
        runs_line(p);
        runs_words(p, tell_label("report.otherwise"));
        runs_text(p, " ");
        put_place(r, p, json_get(other, "host"));
        runs_text(p, " ");
        put_likelihood(r, p, other, "confidence");
    }
}

static void spread_table(const report *r, block *in)
{
    static const struct { const char *title, *tone; } columns[] = {
        { "report.number", "number" }, { "report.time", "time" }, { "report.from", "name" }, { "report.to", "name" }, { "report.way-account", "code" },
        { "report.likelihood", "sure" }, { "report.why", "wide" }, { "report.evidence", "ref" },
    };
    table *t = doc_table(in, r->d, "spread-table", tell_label("report.spread-table"), "stack", 150000);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        doc_column(t, tell_label(columns[i].title), columns[i].tone);
    size_t n = 0;
    for (const json *e = tell_first(r->c, "spread"); e; e = e->next) {
        row *line = doc_row(t, r->d, arena_printf(r->mem, "s%zu", n), tell_percent(e, "confidence"));
        runs_text(&line->cells[0], tell_number(r, ++n));
        put_time(r, &line->cells[1], e, "time");
        put_place(r, &line->cells[2], json_get(e, "from"));
        for (const json *other = tell_first(e, "alternatives"); other; other = other->next) {
            runs_line(&line->cells[2]);
            runs_add(&line->cells[2], RUN_SMALL, tell_label("report.or"));
            runs_text(&line->cells[2], " ");
            put_place(r, &line->cells[2], json_get(other, "from"));
            runs_text(&line->cells[2], " ");
            put_likelihood(r, &line->cells[2], other, "confidence");
        }
        put_host(r, &line->cells[3], e, "to");
        put_how(r, &line->cells[4], e);
        if (!tell_is_null(e, "account")) {
            runs_line(&line->cells[4]);
            put_code(r, &line->cells[4], e, "account");
        }
        put_likelihood(r, &line->cells[5], e, "confidence");
        put_sentence(r, &line->cells[6], e, "why");
        put_evidence(r, &line->cells[7], e);
    }
}

static void tell_spread(const report *r, block *in)
{
    block *section = doc_section(in, r->d, 2, "spread", DOC_NUMBERED, tell_label("report.spread"));
    const json *edges = json_get(r->c, "spread");
    if (!tell_count(r->c, "spread")) {
        runs_words(doc_paragraph(section, r->d, "note"), tell_label("report.no-spread"));
        return;
    }
    bool empty;
    span svg = figure_spread(r, edges, &empty);
    if (!empty)
        doc_figure(section, r->d, "spread-figure", tell_label("report.spread-figure"), svg);
    spread_table(r, section);
}

void tell_entry(report *r, block *in)
{
    block *section = doc_section(in, r->d, 2, "entry", DOC_NUMBERED, tell_label("report.way-in"));
    const json *entry = json_get(r->c, "entry");
    if (entry && entry->kind == JSON_OBJECT) {
        size_t host = tell_host(r, entry, "host");
        moment t;
        runs *p = doc_paragraph(section, r->d, "answer");
        runs_words(p, tell_say(r, "report.entered", "host", ARG_HOST, host != SIZE_MAX ? r->hosts[host].name : NULL,
                               "time", ARG_TIME, tell_time(entry, "time", &t) ? tell_iso(r, t) : NULL,
                               "access", ARG_WORD, tell_is_null(entry, "access") ? "unknown" : tell_clip(r, entry, "access"),
                               "means", ARG_WORD, tell_is_null(entry, "means") ? "unknown" : tell_clip(r, entry, "means"),
                               "account", ARG_TEXT, tell_clip(r, entry, "account"), NULL));
        runs_text(p, " ");
        put_likelihood(r, p, entry, "confidence");
        way_table(r, section, tell_label("report.way-table"), entry, tell_first(entry, "alternatives"));
    } else {
        runs *p = doc_paragraph(section, r->d, "answer");
        runs_add(p, RUN_STRONG, tell_nobody(r));
        runs_text(p, " ");
        put_sentence(r, p, r->c, "entry_unknown");
    }
    if (tell_count(r->c, "entries"))
        way_table(r, section, tell_label("report.further-ways"), NULL, tell_first(r->c, "entries"));
    tell_first_host(r, section);
    tell_spread(r, in);
}
