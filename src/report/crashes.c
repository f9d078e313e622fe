#include "report/tell.h"

#include <stdio.h>

#define CLUSTERS 12u
#define APART 12u                /* stops whose causes are told one by one */

/* Log-odds, with the sign that people see first: "+3.0", "−0.7". */
static both points(const report *r, const json *of, const char *name)
{
    double n = json_number(json_get(of, name), 0);
    return (both){ arena_printf(r->mem, "%s%.1f", n < 0 ? "−" : "+", n < 0 ? -n : n), NULL };
}

static void put_points(const report *r, runs *to, const json *hypothesis, const char *side, const char *tone)
{
    for (const json *s = tell_first(hypothesis, side); s; s = s->next) {
        const char *en = json_str(s, "en"), *zh = json_str(s, "zh");
        runs_line(to);
        runs_add(to, RUN_BADGE, points(r, s, "points"))->tone = tone;
        runs_text(to, " ");
        runs_words(to, (both){ *en ? en : zh, *zh ? zh : en });
        uint64_t hosts;
        if (json_uint(json_get(s, "hosts"), &hosts) && hosts > 1) {
            runs_text(to, " ");
            runs_add(to, RUN_SMALL, tell_say(r, "report.term-hosts", "hosts", ARG_NUMBER, tell_number(r, hosts), NULL));
        }
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
        runs_line(&line->cells[1]);
        runs_add(&line->cells[1], RUN_SMALL, tell_say(r, "report.points", "prior", ARG_TEXT, points(r, h, "prior").en, "points", ARG_TEXT, points(r, h, "points").en, NULL));
        put_points(r, &line->cells[2], h, "for", "for");
        put_points(r, &line->cells[3], h, "against", "against");
    }
}

/* "4 in 10 million" says more than 0.0000004. */
static both chance_in_words(const report *r, double p)
{
    if (!(p < 1))                       /* a case may be anybody's */
        p = 1;
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

both tell_cause(const report *r, const json *stop, const json **best)
{
    const json *first = tell_first(stop, "hypotheses"), *second = first ? first->next : NULL;
    *best = NULL;
    if (!first || tell_is(stop, "state", "undecided"))
        return tell_label("report.cause-undecided");
    both one = tell_word(r, strncmp(json_str(first, "cause"), "cause.", 6) == 0 ? "" : "cause.", json_str(first, "cause"));
    if (second && tell_is(stop, "state", "two")) {
        both other = tell_word(r, "cause.", json_str(second, "cause"));
        return (both){ arena_printf(r->mem, "%s; %s", one.en, other.en), arena_printf(r->mem, "%s；%s", one.zh ? one.zh : one.en, other.zh ? other.zh : other.en) };
    }
    *best = first;
    return one;
}

/* What the dump says, in the cell of the bug check. */
static void put_dump(const report *r, runs *to, const json *crash)
{
    const json *d = json_get(crash, "dump");
    if (!d || d->kind != JSON_OBJECT)
        return;
    static const struct { const char *key, *label; } facts[] = {
        { "path", "report.dump" }, { "module_path", "report.dump-module" }, { "process", "report.dump-process" },
    };
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        if (tell_is_null(d, facts[i].key))
            continue;
        runs_line(to);
        runs_add(to, RUN_SMALL, tell_label(facts[i].label));
        runs_text(to, " ");
        put_code(r, to, d, facts[i].key);
    }
    if (!tell_count(d, "callers"))
        return;
    runs_line(to);
    runs_add(to, RUN_SMALL, tell_label("report.dump-callers"));
    for (const json *c = tell_first(d, "callers"); c; c = c->next) {
        runs_text(to, " ");
        runs_code(to, tell_text(r, c));
    }
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
            both means = tell_sentence(r, check, "meaning");
            if (!tell_empty(means)) {
                runs_add(&line->cells[2], RUN_SMALL, means);
                runs_line(&line->cells[2]);
            }
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
        put_dump(r, &line->cells[2], c);
        size_t n = 0;
        for (const json *h = tell_first(c, "hypotheses"); h && n < 2; h = h->next, n++) {
            const char *cause = json_str(h, "cause");
            runs_line(&line->cells[3]);
            runs_words(&line->cells[3], tell_word(r, strncmp(cause, "cause.", 6) == 0 ? "" : "cause.", cause));
            runs_text(&line->cells[3], " ");
            put_likelihood(r, &line->cells[3], h, "score");
        }
        put_sentence(r, &line->cells[4], c, "verdict");
        both decides = tell_sentence(r, c, "decides");
        if (!tell_empty(decides)) {
            runs_line(&line->cells[4]);
            runs_add(&line->cells[4], RUN_SMALL, decides);
        }
        put_evidence(r, &line->cells[5], c);
    }
}

static void causes_of(const report *r, block *in, const json *crash)
{
    const json *check = json_get(crash, "bugcheck");
    size_t host = tell_host(r, crash, "host");
    if (tell_count(crash, "hypotheses"))
        hypothesis_table(r, in, crash, tell_say(r, "report.causes-of", "host", ARG_HOST, host != SIZE_MAX ? r->hosts[host].name : NULL, "blue", ARG_TEXT,
                                                check && check->kind == JSON_OBJECT ? "yes" : NULL, NULL));
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
    const json *main = number ? NULL : tell_main_stop(r);
    if (main) {
        put_sentence(r, doc_paragraph(section, r->d, "answer"), main, "verdict");
        both decides = tell_sentence(r, main, "decides");
        if (!tell_empty(decides))
            runs_words(doc_paragraph(section, r->d, NULL), decides);
        causes_of(r, section, main);
    }
    crash_table(r, section);
    runs_words(doc_paragraph(section, r->d, "note"), tell_label("report.points-explained"));
    size_t told = 0;
    for (const json *c = tell_first(r->c, "crashes"); c && told < APART; c = c->next, told++)
        if (c != main)
            causes_of(r, section, c);
}
