#include "report/tell.h"

#include <string.h>
#include <strings.h>

#define LONG_LIST 40u                   /* open questions, from which those of one sort are folded */
#define ALIKE 4u

/* ---- What cannot be known ---- */

static void tell_unknowns(const report *r)
{
    block *chapter = doc_section(r->d->root, r->d, 1, "unknowns", tell_label("report.number-7"), tell_label("report.chapter-7"));
    if (!tell_count(r->c, "unknowns")) {
        runs_words(doc_paragraph(chapter, r->d, "note"), tell_label("report.no-unknowns"));
        return;
    }
    runs_words(doc_paragraph(chapter, r->d, NULL), tell_label("report.unknowns-how"));
    table *t = doc_table(chapter, r->d, NULL, tell_label("report.unknowns-table"), "stack", 120000);
    doc_column(t, tell_label("report.host"), "name");
    doc_column(t, tell_label("report.not-known"), "wide");
    doc_column(t, tell_label("report.decides"), "wide");
    folding fold;
    tell_fold(&fold, tell_count(r->c, "unknowns"), LONG_LIST, ALIKE);
    for (const json *u = tell_first(r->c, "unknowns"); u; u = u->next) {
        row *line = doc_row(t, r->d, NULL, 0);
        tell_fold_row(&fold, line, json_str(u, "what"), (both){ NULL, NULL });
        put_host(r, &line->cells[0], u, "host");
        put_sentence(r, &line->cells[1], u, "text");
        put_sentence(r, &line->cells[2], u, "decides");
    }
    tell_folded(r, &fold, t);
}

/* ---- Appendix A: evidence ---- */

static void put_problems(const report *r, runs *to, const json *e)
{
    uint64_t dropped = 0;
    json_uint(json_get(e, "problems_dropped"), &dropped);
    size_t all = tell_count(e, "problems"), shown = 0;
    for (const json *p = tell_first(e, "problems"); p && shown < 2; p = p->next, shown++) {
        runs_line(to);
        put_code(r, to, p, "kind");
        runs_text(to, " ");
        runs_add(to, RUN_SMALL, (both){ tell_clip(r, p, "text"), NULL });
    }
    if (all + dropped > shown)
        runs_add(to, RUN_SMALL, (both){ arena_printf(r->mem, " +%llu", (unsigned long long)(all - shown + dropped)), NULL });
    if (json_get(e, "read") && !json_get(e, "read")->truth) {
        runs_line(to);
        runs_add(to, RUN_BADGE, tell_label("report.not-read"))->tone = "medium";
        runs_text(to, " ");
        runs_add(to, RUN_SMALL, (both){ tell_clip(r, e, "why"), NULL });
    }
}

static void tell_evidence(const report *r)
{
    block *chapter = doc_section(r->d->root, r->d, 1, "evidence", tell_label("report.letter-a"), tell_label("report.chapter-a"));
    runs_words(doc_paragraph(chapter, r->d, NULL), tell_label("report.evidence-how"));
    static const struct { const char *title, *tone; } columns[] = {
        { "report.number", "number" }, { "report.host", "name" }, { "report.file", "code" }, { "report.bytes", "number" }, { "report.records", "number" },
        { "report.time-span", "time" }, { "report.hash", "hash" }, { "report.remark", NULL },
    };
    table *t = doc_table(chapter, r->d, NULL, tell_label("report.evidence-table"), "stack", 560000);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        doc_column(t, tell_label(columns[i].title), columns[i].tone);
    size_t n = 0;
    for (const json *e = tell_first(r->c, "evidence"); e; e = e->next, n++) {
        uint64_t bytes = 0, records = 0, recovered = 0;
        json_uint(json_get(e, "bytes"), &bytes);
        json_uint(json_get(e, "records"), &records);
        json_uint(json_get(e, "recovered"), &recovered);
        row *line = doc_row(t, r->d, arena_printf(r->mem, "e%zu", n), records > 0);
        runs_text(&line->cells[0], arena_printf(r->mem, "E%zu", n + 1));
        put_host(r, &line->cells[1], e, "host");
        runs_code(&line->cells[2], tell_clip(r, e, "path"));
        runs_line(&line->cells[2]);
        runs_add(&line->cells[2], RUN_SMALL, tell_word(r, "file.", json_str(e, "kind")));
        if (!tell_is_null(e, "unit"))
            runs_add(&line->cells[2], RUN_SMALL, (both){ arena_printf(r->mem, " · %s", tell_clip(r, e, "unit")), NULL });
        runs_text(&line->cells[3], tell_figures(r, bytes));
        runs_text(&line->cells[4], tell_figures(r, records));
        if (recovered) {
            runs_line(&line->cells[4]);
            runs_add(&line->cells[4], RUN_SMALL, tell_say(r, "report.recovered", "n", ARG_NUMBER, tell_number(r, recovered), NULL));
        }
        if (!tell_is_null(e, "first")) {
            put_time(r, &line->cells[5], e, "first");
            put_time(r, &line->cells[5], e, "last");
            line->cells[5].last->tone = "end";
        }
        runs_code(&line->cells[6], tell_clip(r, e, "sha256"));
        put_problems(r, &line->cells[7], e);
    }
}

/* ---- Appendix B: what to look for and to block ---- */

static unsigned type_rank(const char *type)
{
    static const char *const wanted[] = { "address", "domain", "hash", "file", "process", "service", "task", "registry", "account" };
    for (unsigned i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (strcmp(type, wanted[i]) == 0)
            return i + 1;
    return 0;
}

typedef struct { const json *entity; bool *on; size_t hosts, first; unsigned severity; } indicator;

static int by_type(const void *a, const void *b)
{
    const indicator *x = a, *y = b;
    unsigned left = type_rank(json_str(x->entity, "type")), right = type_rank(json_str(y->entity, "type"));
    if (left != right)
        return left < right ? -1 : 1;
    if (x->hosts != y->hosts)
        return x->hosts > y->hosts ? -1 : 1;
    return strcmp(json_str(x->entity, "value"), json_str(y->entity, "value"));
}

/* Windows' own shells and tools, which attackers use and nobody can block; and paths in the detectors' short form, which stand
 * beside the same file written out. */
static bool is_windows_own(const char *value)
{
    static const char *const own[] = { "cmd.exe", "powershell.exe", "powershell", "pwsh.exe", "net.exe", "net1.exe", "netsh.exe", "schtasks.exe", "sc.exe", "reg.exe", "wmic.exe", "certutil.exe",
                                       "rundll32.exe", "regsvr32.exe", "mshta.exe", "wscript.exe", "cscript.exe", "at.exe", "whoami.exe", "explorer.exe", "mmc.exe", "services.exe", "wmiprvse.exe",
                                       "system" };
    if (strncmp(value, "%w\\", 3) == 0)
        return true;
    const char *file = strrchr(value, '\\');
    bool folder = !file || strcasestr(value, "\\Windows\\System32\\") || strcasestr(value, "\\Windows\\SysWOW64\\") || strncasecmp(value, "C:\\Windows\\", 11) == 0;
    for (size_t i = 0; folder && i < sizeof own / sizeof *own; i++)
        if (strcasecmp(file ? file + 1 : value, own[i]) == 0)
            return true;
    return false;
}

static void gather_indicators(const report *r, vec *out)
{
    map seen;
    map_init(&seen);
    size_t n = 0;
    for (const json *f = tell_first(r->c, "findings"); f; f = f->next, n++) {
        if (tell_severity(f) < SEVERITY_MEDIUM || tell_is_match(f))
            continue;
        for (const json *e = tell_first(f, "entities"); e; e = e->next) {
            if (!type_rank(json_str(e, "type")) || tell_is_null(e, "value") || is_windows_own(json_str(e, "value")))
                continue;
            bool there;
            uint64_t *at = map_put(&seen, span_str(arena_printf(r->mem, "%s\n%s", json_str(e, "type"), json_str(e, "value"))), &there);
            if (!there) {
                *at = out->count;
                *(indicator *)vec_push(out) = (indicator){ .entity = e, .on = arena_array(r->mem, r->host_count + 1, sizeof(bool)), .first = n };
            }
            indicator *i = vec_at(out, (size_t)*at);
            size_t host = tell_host(r, f, "host");
            if (tell_severity(f) > i->severity)
                i->severity = tell_severity(f);
            if (host != SIZE_MAX && !i->on[host]) {
                i->on[host] = true;
                i->hosts++;
            }
        }
    }
    map_done(&seen);
}

static void tell_indicators(const report *r)
{
    block *chapter = doc_section(r->d->root, r->d, 1, "indicators", tell_label("report.letter-b"), tell_label("report.chapter-b"));
    vec all;
    vec_init(&all, sizeof(indicator));
    gather_indicators(r, &all);
    vec_sort(&all, by_type);
    if (!all.count)
        runs_words(doc_paragraph(chapter, r->d, "note"), tell_label("report.no-indicators"));
    else {
        runs_words(doc_paragraph(chapter, r->d, NULL), tell_label("report.indicators-how"));
        table *t = doc_table(chapter, r->d, NULL, tell_label("report.chapter-b"), "stack", 150000);
        doc_column(t, tell_label("report.type"), "name");
        doc_column(t, tell_label("report.value"), "code");
        doc_column(t, tell_label("report.hosts"), NULL);
        doc_column(t, tell_label("report.finding"), NULL);
        for (size_t i = 0; i < all.count; i++) {
            const indicator *x = vec_at(&all, i);
            row *line = doc_row(t, r->d, NULL, x->severity);
            runs_words(&line->cells[0], tell_word(r, "entity.", json_str(x->entity, "type")));
            put_code(r, &line->cells[1], x->entity, "value");
            size_t shown = 0;
            for (size_t h = 0; h < r->host_count && shown < 5; h++)
                if (x->on[h]) {
                    if (shown++)
                        runs_text(&line->cells[2], " ");
                    runs_add(&line->cells[2], RUN_LINK, (both){ r->hosts[h].name, NULL })->target = r->hosts[h].anchor;
                }
            if (x->hosts > shown)
                runs_add(&line->cells[2], RUN_SMALL, (both){ arena_printf(r->mem, " +%zu", x->hosts - shown), NULL });
            runs_add(&line->cells[3], RUN_LINK, (both){ arena_printf(r->mem, "F%zu", x->first + 1), NULL })->target = arena_printf(r->mem, "f%zu", x->first);
        }
    }
    vec_done(&all);
}

/* ---- Appendix C: how it was done ---- */

static void likelihood_table(const report *r, block *in)
{
    size_t count;
    const told_band *bands = tell_likelihoods(r, &count);
    table *t = doc_table(in, r->d, "likelihoods", tell_label("report.likelihood-table"), "facts", 0);
    doc_column(t, tell_label("report.words"), "name");
    doc_column(t, tell_label("report.means"), NULL);
    for (size_t i = 0; i < count; i++) {
        row *line = doc_row(t, r->d, NULL, 0);
        runs_words(&line->cells[0], bands[i].words);
        runs_words(&line->cells[1], tell_band_range(r, &bands[i]));
    }
}

static void tell_method(const report *r)
{
    block *chapter = doc_section(r->d->root, r->d, 1, "method", tell_label("report.letter-c"), tell_label("report.chapter-c"));
    static const char *const points[] = { "report.method-evidence", "report.method-hosts", "report.method-time", "report.method-causes", "report.method-absence", "report.method-secrets" };
    block *list = doc_list(chapter, r->d, false, NULL, 0);
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        runs_words(&doc_item(list, r->d, 0)->text, tell_label(points[i]));
    likelihood_table(r, chapter);
    const json *tool = json_get(r->c, "tool");
    runs *p = doc_paragraph(chapter, r->d, "note");
    runs_words(p, tell_say(r, "report.tool", "version", ARG_TEXT, tell_clip(r, tool, "version"), "rules", ARG_TEXT, tell_clip(r, tool, "rules"),
                           "profiles", ARG_TEXT, tell_clip(r, tool, "profiles"), NULL));
}

static void tell_signatures(const report *r)
{
    block *chapter = doc_section(r->d->root, r->d, 1, "signatures", (both){ NULL, NULL }, tell_label("report.signatures"));
    runs_words(doc_paragraph(chapter, r->d, NULL), tell_label("report.sign-how"));
    block *blanks = doc_blanks(chapter, r->d);
    static const char *const labels[] = { "report.sign-number", "report.sign-responder", "report.sign-reviewer", "report.sign-customer" };
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        runs_words(&doc_item(blanks, r->d, 0)->text, tell_label(labels[i]));
        if (i > 0)
            runs_words(&doc_item(blanks, r->d, 0)->text, tell_label("report.sign-date"));
    }
}

void tell_annex(report *r)
{
    tell_unknowns(r);
    tell_evidence(r);
    tell_indicators(r);
    tell_method(r);
    tell_signatures(r);
}
