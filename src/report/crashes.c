#include "report/tell.h"

#include <stdio.h>

#define CLUSTERS 12u

static void put_points(runs *to, const json *hypothesis, const char *side, const char *tone)
{
    for (const json *s = tell_first(hypothesis, side); s; s = s->next) {
        const char *en = json_str(s, "en"), *zh = json_str(s, "zh");
        runs_line(to);
        runs_add(to, RUN_BADGE, (both){ tone[0] == 'f' ? "+" : "−", NULL })->tone = tone;
        runs_text(to, " ");
        runs_words(to, (both){ *en ? en : zh, *zh ? zh : en });
    }
    if (!tell_count(hypothesis, side))
        runs_text(to, "–");
}

static void hypothesis_table(const report *r, block *in, const json *of, both caption)
{
    table *t = doc_table(in, r->d, NULL, caption, "stack", 60000);
    doc_column(t, tell_label("report.cause"), "name");
    doc_column(t, tell_label("report.likelihood"), "sure");
    doc_column(t, tell_label("report.speaks-for"), "wide");
    doc_column(t, tell_label("report.speaks-against"), "wide");
    for (const json *h = tell_first(of, "hypotheses"); h; h = h->next) {
        row *line = doc_row(t, r->d, NULL, tell_percent(h, "score"));
        const char *cause = json_str(h, "cause");
        runs_add(&line->cells[0], RUN_STRONG, tell_word(r, strncmp(cause, "cause.", 6) == 0 ? "" : "cause.", cause));
        put_likelihood(r, &line->cells[1], h, "score");
        put_points(&line->cells[2], h, "for", "for");
        put_points(&line->cells[3], h, "against", "against");
    }
}

/* "4 in 10 million" says more than 0.0000004. */
static both chance_in_words(const report *r, double p)
{
    if (p >= 0.01)
        return (both){ arena_printf(r->mem, "%u %%", (unsigned)(p * 100 + 0.5)), NULL };
    if (p <= 0)
        return tell_label("report.below-all");
    unsigned power = 0;
    while (p < 1 && power < 12) {
        p *= 10;
        power++;
    }
    return (both){ arena_printf(r->mem, "%u × 10⁻%s", (unsigned)(p + 0.5) ? (unsigned)(p + 0.5) : 1, (const char *const[]){ "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹", "¹⁰", "¹¹", "¹²" }[power]), NULL };
}

static void tell_cluster(const report *r, block *in, const json *cluster, size_t number)
{
    moment from, to;
    const json *window = json_get(cluster, "window");
    bool timed = tell_time(window, "from", &from) && tell_time(window, "to", &to) && to >= from;
    runs *p = doc_paragraph(in, r->d, number ? NULL : "answer");
    put_sentence(r, p, cluster, "verdict");
    p = doc_paragraph(in, r->d, NULL);
    runs_words(p, tell_say(r, "report.cluster", "hosts", ARG_NUMBER, tell_number(r, tell_count(cluster, "hosts")),
                           "from", ARG_TIME, timed ? tell_iso(r, from) : NULL, "to", ARG_TIME, timed ? tell_iso(r, to) : NULL,
                           "blue", ARG_TEXT, tell_all_blue(r, cluster) ? "yes" : NULL, "length", ARG_DURATION, timed ? tell_number(r, (to - from) / MOMENT_SECOND) : NULL, NULL));
    runs_text(p, " ");
    for (const json *h = tell_first(cluster, "hosts"); h; h = h->next) {
        put_place(r, p, h);
        if (h->next)
            runs_text(p, " ");
    }
    runs_text(p, " ");
    if (!tell_is_null(cluster, "probability")) {
        runs_words(p, tell_label("report.by-chance"));
        runs_text(p, " ");
        runs_add(p, RUN_STRONG, chance_in_words(r, json_number(json_get(cluster, "probability"), 0)));
    }
    if (tell_count(cluster, "hypotheses"))
        hypothesis_table(r, in, cluster, tell_label(tell_all_blue(r, cluster) ? "report.causes-together" : "report.causes-of-stops"));
}

static void crash_table(const report *r, block *in)
{
    table *t = doc_table(in, r->d, "crash-table", tell_stops_words(r, "table"), "stack", 220000);
    static const struct { const char *title, *tone; } columns[] = {
        { "report.host", "name" }, { "report.time", "time" }, { "report.bug-check", "check" }, { "report.causes", "causes" },
        { "report.verdict", "wide" }, { "report.evidence", "ref" },
    };
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        doc_column(t, tell_label(columns[i].title), columns[i].tone);
    for (const json *c = tell_first(r->c, "crashes"); c; c = c->next) {
        row *line = doc_row(t, r->d, NULL, 1);
        const json *check = json_get(c, "bugcheck");
        put_host(r, &line->cells[0], c, "host");
        put_time(r, &line->cells[1], c, "time");
        both basis = tell_sentence(r, c, "time_basis");
        if (!tell_empty(basis))
            runs_add(&line->cells[1], RUN_SMALL, basis);
        if (check && check->kind == JSON_OBJECT) {
            runs_code(&line->cells[2], tell_clip(r, check, "code"));
            runs_line(&line->cells[2]);
            runs_add(&line->cells[2], RUN_SMALL, (both){ tell_clip(r, check, "name"), NULL });
            runs_line(&line->cells[2]);
            for (const json *p = tell_first(check, "parameters"); p; p = p->next)
                runs_add(&line->cells[2], RUN_SMALL, (both){ arena_printf(r->mem, "%s ", tell_text(r, p)), NULL });
        } else
            runs_words(&line->cells[2], tell_label("report.no-bug-check"));
        if (!tell_is_null(c, "module")) {
            runs_line(&line->cells[2]);
            runs_add(&line->cells[2], RUN_SMALL, tell_label("report.module"));
            runs_text(&line->cells[2], " ");
            put_code(r, &line->cells[2], c, "module");
        }
        size_t n = 0;
        for (const json *h = tell_first(c, "hypotheses"); h && n < 2; h = h->next, n++) {
            const char *cause = json_str(h, "cause");
            runs_line(&line->cells[3]);
            runs_words(&line->cells[3], tell_word(r, strncmp(cause, "cause.", 6) == 0 ? "" : "cause.", cause));
            runs_text(&line->cells[3], " ");
            put_likelihood(r, &line->cells[3], h, "score");
        }
        put_sentence(r, &line->cells[4], c, "verdict");
        put_evidence(r, &line->cells[5], c);
    }
}

/* The question that the customer asked comes first: an answer that anybody understands, then the proof. */
void tell_crashes(report *r, block *in)
{
    block *section = doc_section(in, r->d, 2, "crashes", DOC_NUMBERED, tell_stops_words(r, "why"));
    if (!tell_count(r->c, "crashes")) {
        runs_words(doc_paragraph(section, r->d, "note"), tell_label("report.no-crashes"));
        return;
    }
    const json *cluster = tell_first(r->c, "crash_clusters");
    size_t number = 0;
    for (; cluster && number < CLUSTERS; cluster = cluster->next)
        tell_cluster(r, section, cluster, number++);
    if (!number) {
        const json *of = tell_main_stop(r), *check = json_get(of, "bugcheck");
        size_t host = tell_host(r, of, "host");
        put_sentence(r, doc_paragraph(section, r->d, "answer"), of, "verdict");
        if (tell_count(of, "hypotheses"))
            hypothesis_table(r, section, of, tell_say(r, "report.causes-of", "host", ARG_HOST, host != SIZE_MAX ? r->hosts[host].name : NULL,
                                                      "blue", ARG_TEXT, check && check->kind == JSON_OBJECT ? "yes" : NULL, NULL));
    }
    crash_table(r, section);
}
