/* Chapter 5, what was asked of each host: how it stands, and every check that is not met or cannot be decided, with what was
 * found where, what is wanted, why, and how to mend it. One row a check: of forty hosts most answer alike. */
#include "report/tell.h"

#include "report/escape.h"

typedef struct { size_t failed, undecided, passed, worst; unsigned points, of; } standing;

static unsigned weight_of(const json *e)
{
    static const unsigned weights[] = { 0, 1, 2, 5, 10 };
    return weights[tell_severity(e)];
}

/* ---- How each host stands ---- */

static void tell_standing(const report *r, block *section)
{
    standing *all = arena_array(r->mem, r->host_count + 1, sizeof *all);
    for (const json *e = tell_first(r->c, "exposure"); e; e = e->next) {
        size_t host = tell_host(r, e, "host");
        if (host == SIZE_MAX)
            continue;
        standing *s = &all[host];
        bool failed = tell_is(e, "state", "failed"), passed = tell_is(e, "state", "passed");
        s->failed += failed;
        s->passed += passed;
        s->undecided += !failed && !passed;
        s->worst += failed && tell_severity(e) >= 3;
        s->of += failed || passed ? weight_of(e) : 0;
        s->points += passed ? weight_of(e) : 0;
    }
    static const struct { const char *title, *tone; } columns[] = {
        { "report.host", "name" }, { "report.standing", NULL }, { "report.failed", "number" }, { "report.failed-grave", "number" }, { "report.not-decided", "number" }, { "report.passed", "number" },
    };
    table *t = doc_table(section, r->d, NULL, tell_label("report.standing-table"), "stack", 60000);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        doc_column(t, tell_label(columns[i].title), columns[i].tone);
    for (size_t i = 0; i < r->host_count; i++) {
        const standing *s = &all[i];
        if (!(s->failed + s->passed + s->undecided))
            continue;
        row *line = doc_row(t, r->d, NULL, (unsigned)s->worst);
        put_host_number(r, &line->cells[0], i);
        runs_text(&line->cells[1], s->of ? arena_printf(r->mem, "%u %%", s->points * 100 / s->of) : "–");
        const size_t numbers[] = { s->failed, s->worst, s->undecided, s->passed };
        for (size_t k = 0; k < 4; k++)
            runs_text(&line->cells[2 + k], tell_figures(r, numbers[k]));
    }
}

/* ---- Check by check ---- */

typedef struct { const json *first; unsigned rank; size_t order; vec of; } check;       /* of: const json * of each host */

static int gravest_first(const void *a, const void *b)
{
    const check *l = a, *r = b;
    if (l->rank != r->rank)
        return l->rank < r->rank ? 1 : -1;
    if (l->of.count != r->of.count)
        return l->of.count < r->of.count ? 1 : -1;
    return (l->order > r->order) - (l->order < r->order);
}

static void gather(const report *r, const char *state, vec *checks)
{
    map of;
    map_init(&of);
    vec_init(checks, sizeof(check));
    for (const json *e = tell_first(r->c, "exposure"); e; e = e->next) {
        bool there;
        if (!tell_is(e, "state", state))
            continue;
        uint64_t *at = map_put(&of, span_str(json_str(e, "check")), &there);
        if (!there) {
            *at = checks->count;
            check *made = vec_push(checks);
            *made = (check){ .first = e, .order = checks->count };
            vec_init(&made->of, sizeof(const json *));
        }
        check *c = vec_at(checks, (size_t)*at);
        *(const json **)vec_push(&c->of) = e;
        c->rank = tell_severity(e) > c->rank ? tell_severity(e) : c->rank;
    }
    map_done(&of);
    vec_sort(checks, gravest_first);
}

static void gather_done(vec *checks)
{
    for (size_t i = 0; i < checks->count; i++)
        vec_done(&((check *)vec_at(checks, i))->of);
    vec_done(checks);
}

static const json *one(const check *c, size_t i)
{
    return *(const json *const *)vec_at(&c->of, i);
}

/* Hosts by what they answer: "0: DBSRV01 DBSRV02". */
static const char *in_setting(const report *r, const char *value, lang l)
{
    buf words;
    buf_init(&words, 1 << 16);
    text_setting(value, l, &words);
    const char *text = escape_clip(r->mem, arena_text(r->mem, buf_bytes(&words)), TELL_WORDS);
    buf_done(&words);
    return text;
}

static both setting_words(const report *r, const char *value)
{
    return (both){ in_setting(r, value, LANG_EN), in_setting(r, value, LANG_ZH) };
}

static void put_answers(const report *r, runs *to, const check *c, const char *name)
{
    bool *done = arena_array(r->mem, c->of.count + 1, sizeof *done);
    for (size_t i = 0; i < c->of.count; i++) {
        if (done[i])
            continue;
        const char *answer = json_str(one(c, i), name);
        runs_line(to);
        if (tell_is_null(one(c, i), name))
            runs_text(to, "–");
        else if (strcmp(in_setting(r, answer, LANG_ZH), tell_clip(r, one(c, i), name)) != 0)
            runs_words(to, setting_words(r, answer));
        else
            put_code(r, to, one(c, i), name);
        for (size_t k = i; k < c->of.count; k++) {
            if (done[k] || strcmp(json_str(one(c, k), name), answer) != 0)
                continue;
            done[k] = true;
            runs_text(to, " ");
            put_host(r, to, one(c, k), "host");
        }
    }
}

static void put_commands(const report *r, runs *to, const check *c)
{
    put_sentence(r, to, c->first, "fix");
    for (size_t i = 0; i < c->of.count; i++) {
        bool said = tell_is_null(one(c, i), "command");
        for (size_t k = 0; k < i && !said; k++)
            said = strcmp(json_str(one(c, k), "command"), json_str(one(c, i), "command")) == 0;
        if (said)
            continue;
        for (const char *at = tell_clip(r, one(c, i), "command"); *at;) {        /* one a line */
            size_t len = strcspn(at, "\n");
            runs_line(to);
            runs_code(to, arena_text(r->mem, span_of(at, len)));
            at += len + (at[len] != 0);
        }
    }
}

/* What limits the answers, or how they came about; each once. */
static void put_notes(const report *r, runs *to, const check *c)
{
    for (size_t i = 0; i < c->of.count; i++) {
        both note = tell_sentence(r, one(c, i), "note");
        bool said = tell_empty(note);
        for (size_t k = 0; k < i && !said; k++)
            said = strcmp(tell_sentence(r, one(c, k), "note").en, note.en) == 0;
        if (said)
            continue;
        runs_line(to);
        runs_words(to, note);
    }
}

static void put_check(const report *r, row *line, const check *c, bool badge)
{
    both title = tell_sentence(r, c->first, "title");
    runs_add(&line->cells[0], RUN_STRONG, tell_empty(title) ? tell_word(r, "check.", json_str(c->first, "check")) : title);
    if (badge) {
        runs_line(&line->cells[0]);
        put_badge(r, &line->cells[0], "severity.", json_str(c->first, "severity"));
    }
}

static void tell_failed(const report *r, block *section)
{
    static const struct { const char *title, *tone; } columns[] = {
        { "report.check", NULL }, { "report.is", NULL }, { "report.wanted", NULL }, { "report.why", "wide" }, { "report.fix", "wide" }, { "report.evidence", "ref" },
    };
    vec checks;
    gather(r, "failed", &checks);
    table *t = checks.count ? doc_table(section, r->d, NULL, tell_label("report.failed-table"), "stack", 400000) : NULL;
    for (size_t i = 0; t && i < sizeof columns / sizeof *columns; i++)
        doc_column(t, tell_label(columns[i].title), columns[i].tone);
    for (size_t i = 0; i < checks.count; i++) {
        const check *c = vec_at(&checks, i);
        row *line = doc_row(t, r->d, NULL, c->rank);
        put_check(r, line, c, true);
        put_answers(r, &line->cells[1], c, "found");
        runs_words(&line->cells[2], tell_is_null(c->first, "wanted") ? (both){ "–", NULL } : setting_words(r, json_str(c->first, "wanted")));
        put_sentence(r, &line->cells[3], c->first, "why");
        put_notes(r, &line->cells[3], c);
        if (!tell_is_null(c->first, "source")) {
            runs_line(&line->cells[3]);
            runs_add(&line->cells[3], RUN_SMALL, tell_say(r, "report.wanted-by", "source", ARG_TEXT, tell_clip(r, c->first, "source"), NULL));
        }
        put_commands(r, &line->cells[4], c);
        put_evidence(r, &line->cells[5], c->first);
    }
    gather_done(&checks);
}

static void tell_undecided(const report *r, block *section)
{
    static const struct { const char *title, *tone; } columns[] = {
        { "report.check", NULL }, { "report.wanted", NULL }, { "report.why-undecided", "wide" }, { "report.how-decided", "wide" }, { "report.hosts", NULL },
    };
    vec checks;
    gather(r, "undecided", &checks);
    table *t = checks.count ? doc_table(section, r->d, NULL, tell_label("report.undecided-table"), "stack", 120000) : NULL;
    for (size_t i = 0; t && i < sizeof columns / sizeof *columns; i++)
        doc_column(t, tell_label(columns[i].title), columns[i].tone);
    for (size_t i = 0; i < checks.count; i++) {
        const check *c = vec_at(&checks, i);
        row *line = doc_row(t, r->d, NULL, c->rank);
        put_check(r, line, c, true);
        runs_words(&line->cells[1], tell_is_null(c->first, "wanted") ? (both){ "–", NULL } : setting_words(r, json_str(c->first, "wanted")));
        put_notes(r, &line->cells[2], c);
        if (runs_empty(&line->cells[2]))
            runs_words(&line->cells[2], tell_label("report.not-in-evidence"));
        put_commands(r, &line->cells[3], c);
        for (size_t k = 0; k < c->of.count; k++) {
            if (k)
                runs_text(&line->cells[4], " ");
            put_host(r, &line->cells[4], one(c, k), "host");
        }
    }
    gather_done(&checks);
}

static void tell_passed(const report *r, block *section)
{
    vec checks;
    gather(r, "passed", &checks);
    if (checks.count) {
        runs *to = doc_paragraph(section, r->d, "note");
        runs_add(to, RUN_STRONG, tell_label("report.passed-list"));
        for (size_t i = 0; i < checks.count; i++) {
            const check *c = vec_at(&checks, i);
            both title = tell_sentence(r, c->first, "title");
            runs_text(to, i ? " · " : " ");
            runs_words(to, tell_empty(title) ? tell_word(r, "check.", json_str(c->first, "check")) : title);
            runs_text(to, arena_printf(r->mem, " (%zu)", c->of.count));
        }
    }
    gather_done(&checks);
}

void tell_exposure(const report *r, block *section)
{
    if (!tell_count(r->c, "exposure")) {
        runs_words(doc_paragraph(section, r->d, "note"), tell_label("report.no-exposure"));
        return;
    }
    runs_words(doc_paragraph(section, r->d, NULL), tell_label("report.exposure-how"));
    tell_standing(r, section);
    tell_failed(r, section);
    tell_undecided(r, section);
    tell_passed(r, section);
}
