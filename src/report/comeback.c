/* What brings it back: every autostart point that is not known to be ordinary, with who made it, when, and whether it is still there.
 * Of the known ones a count a host is enough; case.json has them all. */
#include "report/tell.h"

enum { LONG_LIST = 60, ALIKE = 6 };

static unsigned verdict_rank(const json *p)
{
    static const char *const verdicts[] = { "known", "unknown", "suspicious", "hostile" };
    for (unsigned i = 0; i < 4; i++)
        if (tell_is(p, "verdict", verdicts[i]))
            return i;
    return 1;
}

static void put_small(const report *r, runs *to, both words)
{
    (void)r;
    if (tell_empty(words))
        return;
    runs_line(to);
    runs_add(to, RUN_SMALL, words);
}

static void put_place_of(const report *r, runs *to, const json *p)
{
    runs_words(to, tell_word(r, "location.", json_str(p, "location")));
    runs_line(to);
    put_code(r, to, p, "name");
    if (!tell_is_null(p, "user"))
        put_small(r, to, tell_say(r, "report.of-user", "user", ARG_TEXT, tell_clip(r, p, "user"), NULL));
    const char *point = json_str(p, "point"), *id = arena_printf(r->mem, "autostart.%s", point);
    if (*point && verdict_rank(p) >= 2 && text_known(id))
        put_small(r, to, tell_say(r, id, NULL));
}

static void put_program(const report *r, runs *to, const json *p)
{
    put_code(r, to, p, "command");
    if (!tell_is_null(p, "file") && !strstr(json_str(p, "command"), json_str(p, "file"))) {
        runs_line(to);
        put_code(r, to, p, "file");
    }
    if (!tell_is_null(p, "signed"))
        put_small(r, to, (both){ tell_clip(r, p, "signed"), NULL });
    if (!tell_is_null(p, "sha256"))
        put_small(r, to, tell_say(r, "report.file-there", "hash", ARG_TEXT, tell_clip(r, p, "sha256"), NULL));
}

static void put_time_words(const report *r, runs *to, const json *p, const char *name, const char *id)
{
    moment t;
    if (tell_time(p, name, &t))
        put_small(r, to, tell_say(r, id, "time", ARG_TIME, tell_iso(r, t), NULL));
}

/* Who made it, in which session; the last write of its key; what remembers it when it is gone. */
static void put_making(const report *r, runs *to, const json *p)
{
    put_sentence(r, to, p, "why");
    const char *by = tell_clip(r, p, "by"), *from = tell_clip(r, p, "from"), *logon = tell_clip(r, p, "logon");
    if (*by || *from)
        put_small(r, to, tell_say(r, "report.made-by", "by", ARG_TEXT, by, "from", ARG_TEXT, from, "logon", ARG_TEXT, logon, NULL));
    put_time_words(r, to, p, "written", "report.key-written");
    if (tell_is(p, "origin", "free-cell") || tell_is(p, "origin", "older-copy") || (tell_is(p, "origin", "log") && tell_is(p, "state", "deleted")))
        put_small(r, to, tell_label(arena_printf(r->mem, "report.remembered-%s", json_str(p, "origin"))));
}

/* "DBSRV01 388 · DBSRV02 324": what is ordinary there. */
static void tell_known(const report *r, block *section)
{
    size_t *known = arena_array(r->mem, r->host_count + 1, sizeof *known), all = 0;
    for (const json *p = tell_first(r->c, "persistence"); p; p = p->next) {
        size_t host = tell_host(r, p, "host");
        if (verdict_rank(p) == 0 && host != SIZE_MAX) {
            known[host]++;
            all++;
        }
    }
    if (!all)
        return;
    runs *to = doc_paragraph(section, r->d, "note");
    runs_words(to, tell_say(r, "report.known-autostarts", "count", ARG_NUMBER, tell_number(r, all), NULL));
    for (size_t i = 0; i < r->host_count; i++)
        if (known[i]) {
            runs_text(to, " ");
            put_host_number(r, to, i);
            runs_text(to, arena_printf(r->mem, " %s", tell_figures(r, known[i])));
        }
}

void tell_persistence(const report *r, block *in)
{
    block *section = doc_section(in, r->d, 2, "persistence", DOC_NUMBERED, tell_label("report.comes-back"));
    size_t shown = 0;
    for (const json *p = tell_first(r->c, "persistence"); p; p = p->next)
        shown += verdict_rank(p) > 0;
    tell_known(r, section);
    if (!shown) {
        runs_words(doc_paragraph(section, r->d, "note"), tell_label("report.no-persistence"));
        return;
    }
    static const struct { const char *title, *tone; } columns[] = {
        { "report.host", "name" }, { "report.verdict", NULL }, { "report.location", "code" }, { "report.command", "code" }, { "report.why", "wide" }, { "report.time", "time" }, { "report.evidence", "ref" },
    };
    table *t = doc_table(section, r->d, NULL, tell_label("report.persistence-table"), "stack", 700000);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        doc_column(t, tell_label(columns[i].title), columns[i].tone);
    /* What is not known is counted; of the others, what is alike on one host is shown so many times. */
    folding fold;
    tell_fold(&fold, shown, LONG_LIST, ALIKE);
    for (unsigned rank = 4; rank-- > 1; )
        for (const json *p = tell_first(r->c, "persistence"); p; p = p->next) {
            if (verdict_rank(p) != rank)
                continue;
            row *line = doc_row(t, r->d, NULL, rank);
            const char *group = rank < 2 ? json_str(p, "verdict") : arena_printf(r->mem, "%s %s %s", json_str(p, "host"), json_str(p, "location"), json_str(p, "verdict"));
            tell_fold_row(&fold, line, group, tell_word(r, "verdict.", json_str(p, "verdict")));
            put_host(r, &line->cells[0], p, "host");
            put_badge(r, &line->cells[1], "verdict.", json_str(p, "verdict"));
            if (tell_is(p, "state", "deleted") || tell_is(p, "state", "disabled")) {
                runs_line(&line->cells[1]);
                put_badge(r, &line->cells[1], "standing.", json_str(p, "state"));
            }
            put_place_of(r, &line->cells[2], p);
            put_program(r, &line->cells[3], p);
            put_making(r, &line->cells[4], p);
            put_time(r, &line->cells[5], p, "time");
            put_evidence(r, &line->cells[6], p);
        }
    tell_folded(r, &fold, t);
}
