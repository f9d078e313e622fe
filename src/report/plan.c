#include "report/tell.h"

#define PLAN_BYTES 900000u
#define LONG_PLAN 40u                   /* steps of one host, from which those of one phase are folded */
#define ALIKE 8u

static void put_labelled(const report *r, runs *to, const char *label, const json *step, const char *name)
{
    both words = tell_sentence(r, step, name);
    if (tell_empty(words))
        return;
    runs_line(to);
    runs_add(to, RUN_SMALL, tell_label(label));
    runs_text(to, " ");
    runs_words(to, words);
}

static both system_words(const report *r, const char *system)
{
    if (strcmp(system, "any") == 0)
        return tell_label("report.any-system");
    return tell_say(r, "report.since-system", "version", ARG_TEXT, system, NULL);
}

/* Where the commands of the second system only say again those of the first: how many there are of one. 0: they differ, or there is one system. */
static size_t same_for_all(const json *step)
{
    const json *commands = json_get(step, "commands"), *c = tell_first(step, "commands"), *second = c;
    size_t half = commands && c ? commands->count / 2 : 0;
    if (!half || commands->count % 2)
        return 0;
    for (size_t i = 0; i < half; i++)
        second = second->next;
    if (strcmp(json_str(c, "system"), json_str(second, "system")) == 0)
        return 0;
    const char *first = json_str(c, "system"), *other = json_str(second, "system");
    for (size_t i = 0; i < half; i++, c = c->next, second = second->next)
        if (strcmp(json_str(c, "command"), json_str(second, "command")) != 0 || !tell_is(c, "system", first) || !tell_is(second, "system", other))
            return 0;
    return half;
}

static void put_step(const report *r, row *line, const json *step, size_t number)
{
    runs_text(&line->cells[0], "☐ ");
    runs_text(&line->cells[0], tell_number(r, number));
    put_badge(r, &line->cells[1], "phase.", json_str(step, "phase"));
    both action = tell_sentence(r, step, "action");
    if (!tell_empty(action))
        runs_add(&line->cells[2], RUN_STRONG, tell_short(r, action));
    both target = { tell_clip(r, step, "target"), NULL };
    if (*target.en && (!strstr(action.en, target.en) || tell_short(r, target).en != target.en)) {       /* else it stands there already */
        runs_line(&line->cells[2]);
        put_code(r, &line->cells[2], step, "target");
    }
    put_labelled(r, &line->cells[2], "report.step-why", step, "why");
    put_labelled(r, &line->cells[2], "report.step-risk", step, "risk");
    put_labelled(r, &line->cells[2], "report.step-undo", step, "undo");
    const char *before = "any";
    size_t alike = same_for_all(step);
    if (alike) {
        runs_line(&line->cells[3]);
        runs_add(&line->cells[3], RUN_SMALL, tell_label("report.any-system"));
    }
    size_t n_command = 0;
    for (const json *c = tell_first(step, "commands"); c; c = c->next) {
        if (alike && n_command++ == alike)
            break;
        if (alike)
            before = json_str(c, "system");
        if (!tell_is(c, "system", before)) {
            before = json_str(c, "system");
            runs_line(&line->cells[3]);
            runs_add(&line->cells[3], RUN_SMALL, system_words(r, tell_clip(r, c, "system")));
        }
        runs_line(&line->cells[3]);
        put_code(r, &line->cells[3], c, "command");
    }
    const uint64_t *n = map_find(&r->finding_of, span_str(json_str(step, "finding")));
    if (n)
        runs_add(&line->cells[4], RUN_LINK, (both){ arena_printf(r->mem, "F%llu", (unsigned long long)*n + 1), NULL })->target = arena_printf(r->mem, "f%llu", (unsigned long long)*n);
}

static void tell_host_plan(const report *r, block *chapter, size_t host, size_t share)
{
    size_t number = 0, all = 0;
    table *t = NULL;
    folding fold;
    for (const json *step = tell_first(r->c, "plan"); step; step = step->next)
        all += tell_host(r, step, "host") == host;
    tell_fold(&fold, all, LONG_PLAN, ALIKE);
    size_t fair = PLAN_BYTES / tell_count(r->c, "plan") * all;          /* one host may need more than the others together */
    share = fair > share ? fair : share;
    for (const json *step = tell_first(r->c, "plan"); step; step = step->next) {
        if (tell_host(r, step, "host") != host)
            continue;
        if (!t) {
            static const struct { const char *title, *tone; } columns[] = {
                { "report.number", "number" }, { "report.phase", NULL }, { "report.step", "wide" }, { "report.commands", "commands" }, { "report.finding", NULL },
            };
            both name = host == SIZE_MAX ? tell_label("report.whole-site") : (both){ r->hosts[host].name, NULL };
            block *section = doc_section(chapter, r->d, 2, host == SIZE_MAX ? "plan-all" : arena_printf(r->mem, "plan%zu", host), (both){ NULL, NULL }, name);
            t = doc_table(section, r->d, NULL, host == SIZE_MAX ? tell_label("report.plan-all") : tell_say(r, "report.plan-of", "host", ARG_HOST, r->hosts[host].name, NULL), "stack", share);
            for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
                doc_column(t, tell_label(columns[i].title), columns[i].tone);
        }
        row *line = doc_row(t, r->d, NULL, 0);
        tell_fold_row(&fold, line, json_str(step, "phase"), tell_word(r, "phase.", json_str(step, "phase")));
        put_step(r, line, step, ++number);
    }
    if (t)
        tell_folded(r, &fold, t);
    else
        map_done(&fold.groups);
}

void tell_plan(report *r)
{
    block *chapter = doc_section(r->d->root, r->d, 1, "plan", tell_label("report.number-6"), tell_label("report.chapter-6"));
    if (!tell_count(r->c, "plan")) {
        runs_words(doc_paragraph(chapter, r->d, "note"), tell_label("report.no-plan"));
        return;
    }
    runs_words(doc_paragraph(chapter, r->d, NULL), tell_label("report.plan-how"));
    size_t share = PLAN_BYTES / (r->host_count + 1);
    tell_host_plan(r, chapter, SIZE_MAX, share);
    for (size_t i = 0; i < r->host_count; i++)
        tell_host_plan(r, chapter, i, share);
    tell_tools(r, chapter);
}
