#include "report/tell.h"

#define FIRST_STEPS 8u
#define FIRST_UNKNOWNS 6u
#define MANY_HOSTS 12u
#define NAMES 4u                        /* of what brings it back */

static both plain(const char *text)
{
    return (both){ text, NULL };
}

static void put_link(runs *to, const char *target, both words)
{
    runs_add(to, RUN_LINK, words)->target = target;
}

static void card_crashes(const report *r, block *cards)
{
    const json *of = tell_main_stop(r);
    if (!of)
        return;
    runs *to = doc_card(cards, r->d, tell_stops_words(r, "why"), "crash");
    const json *best;
    runs_add(to, RUN_STRONG, tell_cause(r, of, &best));
    if (best) {
        runs_text(to, " ");
        put_likelihood(r, to, best, "score");
    }
    runs_line(to);
    size_t hosts = 0;
    told_stops all = tell_stops(r, SIZE_MAX);
    for (size_t i = 0; i < r->host_count; i++) {
        told_stops n = tell_stops(r, i);
        hosts += n.blue + n.unclean > 0;
    }
    runs_add(to, RUN_SMALL, tell_say(r, "report.crashes-counted", "blue", ARG_NUMBER, all.blue ? tell_number(r, all.blue) : NULL, "unclean", ARG_NUMBER, all.unclean ? tell_number(r, all.unclean) : NULL,
                                    "also", ARG_TEXT, all.blue && all.unclean ? "yes" : NULL, "hosts", ARG_NUMBER, tell_number(r, hosts), NULL));
    runs_text(to, " ");
    put_link(to, "crashes", tell_label("report.proof"));
}

static void card_entry(const report *r, block *cards)
{
    const json *entry = json_get(r->c, "entry");
    runs *to = doc_card(cards, r->d, tell_label("report.way-in"), "entry");
    if (!entry || entry->kind == JSON_NULL) {
        runs_add(to, RUN_STRONG, tell_nobody(r));
        runs_line(to);
        put_sentence(r, to, r->c, "entry_unknown");
        return;
    }
    runs_add(to, RUN_STRONG, tell_word(r, "", json_str(entry, "access")));
    runs_text(to, " · ");
    runs_words(to, tell_word(r, "", json_str(entry, "means")));
    runs_text(to, " ");
    put_likelihood(r, to, entry, "confidence");
    runs_line(to);
    put_host(r, to, entry, "host");
    runs_text(to, " ← ");
    put_place(r, to, json_get(entry, "source"));
    if (!tell_is_null(entry, "account")) {
        runs_line(to);
        put_code(r, to, entry, "account");
    }
    runs_line(to);
    put_time(r, to, entry, "time");
    runs_text(to, " ");
    put_link(to, "entry", tell_label("report.proof"));
}

/* Guessing and attacks that came before the first success on a host, in the same story. */
static bool first_tries(const report *r, size_t host, moment *tried, moment *success)
{
    if (host == SIZE_MAX || !tell_time(r->hosts[host].of, "first_seen", success))
        return false;
    *tried = *success;
    for (const json *f = tell_first(r->c, "findings"); f; f = f->next) {
        moment t;
        if (tell_host(r, f, "host") == host && tell_is_hostile(r, f) && tell_severity(f) >= SEVERITY_MEDIUM && tell_is_kind(f, "password-guessing password-spraying exploit-attempt port-scan")
            && tell_time(f, "time", &t) && t < *tried)
            *tried = t;
    }
    return *tried < *success;
}

static void card_first(const report *r, block *cards)
{
    const json *first = json_get(r->c, "first_host");
    runs *to = doc_card(cards, r->d, tell_label("report.first-host"), "first");
    if (!first || first->kind == JSON_NULL) {
        runs_add(to, RUN_STRONG, tell_nobody(r));
        runs_line(to);
        put_sentence(r, to, r->c, "first_host_unknown");
        return;
    }
    put_host(r, to, first, "host");
    runs_text(to, " ");
    put_likelihood(r, to, first, "confidence");
    moment tried, success;
    if (first_tries(r, tell_host(r, first, "host"), &tried, &success)) {
        runs_line(to);
        runs_add(to, RUN_SMALL, tell_say(r, "report.first-tried", "tried", ARG_TIME, tell_iso(r, tried), "time", ARG_TIME, tell_iso(r, success), NULL));
    }
    for (const json *other = tell_first(first, "alternatives"); other; other = other->next) {
        runs_line(to);
        runs_add(to, RUN_SMALL, tell_label("report.or"));
        runs_text(to, " ");
        put_place(r, to, json_get(other, "host"));
        runs_text(to, " ");
        put_likelihood(r, to, other, "confidence");
    }
}

static void card_spread(const report *r, block *cards)
{
    size_t hosts[4] = { 0 };
    static const char *const states[] = { "yes", "suspected", "unknown", "no" };
    runs *to = doc_card(cards, r->d, tell_label("report.reach"), "spread");
    for (size_t i = 0; i < r->host_count; i++)
        for (size_t k = 0; k < 4; k++)
            hosts[k] += tell_is(r->hosts[i].of, "infected", states[k]);
    for (size_t k = 0; k < 4; k++) {
        if (!hosts[k])
            continue;
        runs_add(to, RUN_STRONG, plain(tell_number(r, hosts[k])));
        runs_text(to, " ");
        put_badge(r, to, "infected.", states[k]);
        runs_text(to, "  ");
    }
    runs_line(to);
    runs_add(to, RUN_SMALL, tell_say(r, "report.steps-counted", "steps", ARG_NUMBER, tell_number(r, tell_count(r->c, "spread")), NULL));
    runs_text(to, " ");
    put_link(to, "spread", tell_label("report.proof"));
}

static void card_comeback(const report *r, block *cards)
{
    told_comeback back = tell_comeback(r);
    runs *to = doc_card(cards, r->d, tell_label("report.comes-back"), "persistence");
    runs_words(to, back.counted);
    for (size_t i = 0; i < back.name_count && i < NAMES; i++) {
        runs_line(to);
        runs_words(to, back.names[i]);
    }
    if (back.name_count > NAMES)
        runs_add(to, RUN_SMALL, plain(arena_printf(r->mem, " +%zu", back.name_count - NAMES)));
    runs_text(to, " ");
    put_link(to, "persistence", tell_label("report.proof"));
}

static size_t hosts_without_evidence(const report *r)
{
    size_t dark = 0;
    for (size_t i = 0; i < r->host_count; i++) {
        const json *collected = json_get(r->hosts[i].of, "collected");
        dark += collected && collected->kind == JSON_BOOL && !collected->truth;
    }
    return dark;
}

static void card_unknown(const report *r, block *cards)
{
    runs *to = doc_card(cards, r->d, tell_label("report.not-known"), "unknown");
    size_t dark = hosts_without_evidence(r);
    runs_words(to, tell_say(r, "report.unknowns-counted", "count", ARG_NUMBER, tell_number(r, tell_count(r->c, "unknowns")),
                            "dark", ARG_NUMBER, dark ? tell_number(r, dark) : NULL, NULL));
    runs_text(to, " ");
    put_link(to, "unknowns", tell_label("report.details"));
}

static const json *way_to(const report *r, size_t host)
{
    for (const json *e = tell_first(r->c, "spread"); e; e = e->next)
        if (tell_host(r, e, "to") == host)
            return e;
    return NULL;
}

static void put_texts(const report *r, runs *to, const json *of, const char *list, size_t most)
{
    size_t n = 0;
    for (const json *t = tell_first(of, list); t && n < most; t = t->next, n++) {
        runs_line(to);
        runs_code(to, tell_text(r, t));
    }
}

static void put_host_row(const report *r, row *line, size_t i, size_t found)
{
    const json *h = r->hosts[i].of;
    put_host_number(r, &line->cells[0], i);
    put_texts(r, &line->cells[1], h, "addresses", 3);
    if (!tell_empty(tell_role(r, h)))
        runs_words(&line->cells[2], tell_role(r, h));
    if (!tell_is_null(h, "os")) {
        runs_line(&line->cells[2]);
        runs_add(&line->cells[2], RUN_SMALL, plain(tell_clip(r, h, "os")));
    }
    put_badge(r, &line->cells[3], "infected.", json_str(h, "infected"));
    const json *collected = json_get(h, "collected");
    if (collected && collected->kind == JSON_BOOL && !collected->truth) {
        runs_line(&line->cells[3]);
        runs_add(&line->cells[3], RUN_SMALL, tell_label("report.not-collected"));
    }
    if (!tell_is_null(h, "first_seen"))
        put_time(r, &line->cells[4], h, "first_seen");
    else
        runs_text(&line->cells[4], "–");
    const json *way = way_to(r, i);
    if (way) {
        put_place(r, &line->cells[5], json_get(way, "from"));
        runs_line(&line->cells[5]);
        put_how_in(r, &line->cells[5], way, "short.");
    } else
        runs_text(&line->cells[5], "–");
    told_stops stops = tell_stops(r, i);
    if (stops.blue + stops.unclean)
        runs_words(&line->cells[6], tell_stops_counted(r, stops));
    else
        runs_text(&line->cells[6], "0");
    runs_text(&line->cells[7], tell_number(r, found));
}

static unsigned concern(const json *host)
{
    static const char *const states[] = { "yes", "suspected", "unknown" };
    for (unsigned k = 0; k < 3; k++)
        if (tell_is(host, "infected", states[k]))
            return k;
    return 3;
}

/* Those that it concerns first; of many hosts the others are folded. */
static void host_table(const report *r, block *in)
{
    table *t = doc_table(in, r->d, "hosts", tell_label("report.hosts"), "stack", 300000);
    static const struct { const char *title, *tone; } columns[] = {
        { "report.host", "name" }, { "report.address", "code" }, { "report.system", NULL }, { "report.state", NULL },
        { "report.first-act", "time" }, { "report.reached-by", NULL }, { "report.stops", "short" }, { "report.findings", "number" },
    };
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        doc_column(t, tell_label(columns[i].title), columns[i].tone);
    size_t *found = arena_array(r->mem, r->host_count + 1, sizeof *found);
    for (const json *f = tell_first(r->c, "findings"); f; f = f->next) {
        size_t host = tell_host(r, f, "host");
        if (host != SIZE_MAX && tell_severity(f) >= SEVERITY_MEDIUM && !tell_is_match(f))
            found[host]++;
    }
    folding fold;
    tell_fold(&fold, r->host_count, MANY_HOSTS, 0);
    for (unsigned k = 0; k < 4; k++)
        for (size_t i = 0; i < r->host_count; i++) {
            const json *h = r->hosts[i].of;
            if (concern(h) != k)
                continue;
            row *line = doc_row(t, r->d, NULL, 4 - k);
            if (k >= 2)
                tell_fold_row(&fold, line, "", tell_word(r, "infected.", json_str(h, "infected")));
            put_host_row(r, line, i, found[i]);
        }
    tell_folded(r, &fold, t);
}

/* The hosts of a step, twelve at most. */
static void put_step_hosts(const report *r, runs *to, const told_step *step)
{
    const char *action = tell_sentence(r, step->of, "action").en;
    size_t n = 0;
    for (const json *p = tell_first(r->c, "plan"); p && n < 12; p = p->next) {
        if (!tell_is(p, "phase", step->phase) || strcmp(tell_sentence(r, p, "action").en, action) != 0)
            continue;
        if (n++)
            runs_text(to, " ");
        put_host(r, to, p, "host");
    }
    if (step->hosts > n)
        runs_add(to, RUN_SMALL, plain(arena_printf(r->mem, " +%zu", step->hosts - n)));
}

static void first_steps(const report *r, block *in)
{
    block *section = doc_section(in, r->d, 3, "first-steps", plain(NULL), tell_label("report.do-first"));
    block *list = doc_list(section, r->d, true, "steps", 0);
    told_step steps[FIRST_STEPS];
    size_t count = tell_first_steps(r, FIRST_STEPS, steps);
    for (size_t i = 0; i < count; i++) {
        runs *to = &doc_item(list, r->d, 0)->text;
        put_badge(r, to, "phase.", steps[i].phase);
        runs_text(to, " ");
        runs_add(to, RUN_STRONG, tell_short(r, tell_sentence(r, steps[i].of, "action")));
        runs_text(to, "  ");
        put_step_hosts(r, to, &steps[i]);
    }
    if (!list->first)
        runs_words(doc_paragraph(section, r->d, "note"), tell_label("report.no-plan"));
    else
        put_link(doc_paragraph(section, r->d, "note"), "plan", tell_label("report.whole-plan"));
}

static void first_unknowns(const report *r, block *in)
{
    block *section = doc_section(in, r->d, 3, "first-unknowns", plain(NULL), tell_label("report.not-known"));
    block *list = doc_list(section, r->d, false, NULL, 0);
    size_t sorts, shown = 0, all = tell_count(r->c, "unknowns");
    const told_unknown *u = tell_unknown_sorts(r, &sorts);
    for (size_t i = 0; i < sorts && i < FIRST_UNKNOWNS; i++) {
        runs *to = &doc_item(list, r->d, 0)->text;
        put_sentence(r, to, u[i].of, "text");
        if (u[i].more) {
            runs_text(to, " ");
            runs_add(to, RUN_SMALL, tell_say(r, "report.alike", "count", ARG_NUMBER, tell_number(r, u[i].more), NULL));
        }
        shown += 1 + u[i].more;
    }
    if (!all)
        runs_words(doc_paragraph(section, r->d, "note"), tell_label("report.no-unknowns"));
    else if (all > shown)
        put_link(doc_paragraph(section, r->d, "note"), "unknowns", tell_say(r, "report.more-unknowns", "count", ARG_NUMBER, tell_number(r, all - shown), NULL));
    else
        put_link(doc_paragraph(section, r->d, "note"), "unknowns", tell_label("report.details"));
}

static void tell_title(report *r)
{
    const json *scene = json_get(r->c, "scene");
    r->d->kicker = tell_label("report.kicker");
    r->d->title = tell_say(r, "report.title", "customer", ARG_TEXT, tell_is_null(scene, "customer") ? NULL : tell_clip(r, scene, "customer"), NULL);
    uint64_t records = 0, recovered = 0, n;
    for (const json *e = tell_first(r->c, "evidence"); e; e = e->next) {
        if (!tell_is(e, "kind", "evtx") && !tell_is(e, "kind", "jsonl"))                        /* a hive's keys are no records */
            continue;
        if (json_uint(json_get(e, "records"), &n) && records <= UINT64_MAX - n)
            records += n;
        if (json_uint(json_get(e, "recovered"), &n) && recovered <= UINT64_MAX - n)
            recovered += n;
    }
    records = records <= UINT64_MAX - recovered ? records + recovered : UINT64_MAX;
    size_t dark = hosts_without_evidence(r);
    moment made;
    runs_words(&r->d->about, tell_say(r, "report.about", "hosts", ARG_NUMBER, tell_number(r, r->host_count - dark), "dark", ARG_NUMBER, dark ? tell_number(r, dark) : NULL, "files", ARG_NUMBER, tell_number(r, tell_count(r->c, "evidence")),
                                      "records", ARG_NUMBER, tell_number(r, records), "recovered", ARG_NUMBER, recovered ? tell_number(r, recovered) : NULL, "zone", ARG_TEXT, r->zone.name,
                                      "made", ARG_TIME, tell_time(r->c, "made", &made) ? tell_iso(r, made) : NULL,
                                      "version", ARG_TEXT, tell_clip(r, json_get(r->c, "tool"), "version"), NULL));
}

/* What the words beside the claims mean, where they are met first. */
static void likelihood_legend(const report *r, block *in)
{
    size_t count;
    const told_band *bands = tell_likelihoods(r, &count);
    runs *to = doc_paragraph(in, r->d, "note");
    put_link(to, "likelihoods", tell_label("report.likelihood-legend"));
    for (size_t i = 0; i < count; i++) {
        both range = tell_band_range(r, &bands[i]);
        runs_words(to, (both){ arena_printf(r->mem, "%s%s %s", i ? " · " : " ", bands[i].words.en, range.en), arena_printf(r->mem, "%s%s %s", i ? " · " : " ", bands[i].words.zh, range.zh) });
    }
}

void tell_summary(report *r)
{
    tell_title(r);
    block *section = doc_section(r->d->root, r->d, 1, "summary", plain(NULL), tell_label("report.summary"));
    both headline = tell_sentence(r, r->c, "headline");
    runs_words(doc_paragraph(section, r->d, "lead"), tell_empty(headline) ? tell_label("report.no-headline") : headline);
    block *cards = doc_cards(section, r->d);
    card_crashes(r, cards);
    card_entry(r, cards);
    card_first(r, cards);
    card_spread(r, cards);
    card_comeback(r, cards);
    card_unknown(r, cards);
    likelihood_legend(r, section);
    first_steps(r, section);
    host_table(r, section);
    first_unknowns(r, section);
}
