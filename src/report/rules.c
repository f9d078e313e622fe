#include "report/tell.h"

#define RULES_BYTES 220000u
#define LONG_LIST 30u                   /* from which rules that matched on many hosts are folded */
#define ALIKE 4u

bool tell_is_match(const json *finding)
{
    return tell_is_kind(finding, "rule-match");
}

static const char *joined_names(const report *r, const json *facts, const char *name)
{
    buf out;
    buf_init(&out, 64 << 10);
    for (const char *at = tell_clip(r, facts, name); *at; at++)
        if (*at == '\n')
            buf_str(&out, " · ");
        else
            buf_char(&out, (uint8_t)*at);
    const char *text = arena_str(r->mem, buf_text(&out));
    buf_done(&out);
    return text;
}

/* Names of the rules that stand with a finding. */
void put_rules(const report *r, runs *to, const json *finding)
{
    const json *facts = json_get(finding, "facts");
    if (tell_is_null(facts, "rules"))
        return;
    runs_line(to);
    runs_add(to, RUN_SMALL, (both){ arena_printf(r->mem, "Sigma: %s", joined_names(r, facts, "rules")), arena_printf(r->mem, "Sigma 规则：%s", joined_names(r, facts, "rules_zh")) });
}

static void put_match(const report *r, row *line, const json *f, size_t number)
{
    const json *facts = json_get(f, "facts");
    runs_text(&line->cells[0], arena_printf(r->mem, "F%zu", number + 1));
    put_badge(r, &line->cells[1], "severity.", json_str(f, "severity"));
    runs_text(&line->cells[1], " ");
    runs_add(&line->cells[1], RUN_STRONG, tell_short(r, (both){ tell_clip(r, facts, "title"), tell_is_null(facts, "title_zh") ? NULL : tell_clip(r, facts, "title_zh") }));
    runs_line(&line->cells[1]);
    runs_add(&line->cells[1], RUN_SMALL, (both){ tell_clip(r, facts, "rule"), NULL });
    for (const json *t = tell_first(f, "techniques"); t; t = t->next)
        runs_add(&line->cells[1], RUN_SMALL, (both){ arena_printf(r->mem, " %s", tell_text(r, t)), NULL });
    put_host(r, &line->cells[2], f, "host");
    put_time(r, &line->cells[3], f, "time");
    if (!tell_is_null(f, "end")) {
        put_time(r, &line->cells[3], f, "end");
        line->cells[3].last->tone = "end";
    }
    put_sentence(r, &line->cells[4], f, "text");
    put_evidence(r, &line->cells[5], f);
}

void tell_rules(const report *r, block *in)
{
    size_t hosts, count = tell_kinds(r, "rule-match", &hosts), n = 0;
    if (tell_is_null(json_get(r->c, "tool"), "rules"))
        return;
    block *section = doc_section(in, r->d, 2, "rules", DOC_NUMBERED, tell_label("report.rules"));
    if (!count) {
        runs_words(doc_paragraph(section, r->d, "note"), tell_label("report.no-rules"));
        return;
    }
    runs_words(doc_paragraph(section, r->d, NULL), tell_say(r, "report.rules-how", "count", ARG_NUMBER, tell_number(r, count), "hosts", ARG_NUMBER, tell_number(r, hosts), NULL));
    static const struct { const char *title, *tone; } columns[] = {
        { "report.number", "number" }, { "report.rule", "wide" }, { "report.host", "name" }, { "report.time", "time" }, { "report.detail", "wide" }, { "report.evidence", "ref" },
    };
    table *t = doc_table(section, r->d, "rules-table", tell_label("report.rules"), "stack", RULES_BYTES);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        doc_column(t, tell_label(columns[i].title), columns[i].tone);
    folding fold;
    tell_fold(&fold, count, LONG_LIST, ALIKE);
    unsigned rank = (unsigned)count;
    for (const json *f = tell_first(r->c, "findings"); f; f = f->next, n++) {
        if (!tell_is_match(f))
            continue;
        row *line = doc_row(t, r->d, arena_printf(r->mem, "f%zu", n), rank--);       /* in the order of the case: the rarest and gravest first */
        tell_fold_row(&fold, line, json_str(json_get(f, "facts"), "rule"), tell_word(r, "severity.", json_str(f, "severity")));
        put_match(r, line, f, n);
    }
    tell_folded(r, &fold, t);
}
