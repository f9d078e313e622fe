#include "cli/audit_print.h"

#include <stdio.h>

enum { WORDS = 1 << 16 };

audit_score audit_score_of(const suyuan_case *c, uint32_t host)
{
    audit_score s = { 0 };
    for (size_t i = 0; i < c->exposure_count; i++) {
        const exposure *e = &c->exposure[i];
        if (e->host != host)
            continue;
        bool failed = strcmp(e->state, "failed") == 0, passed = strcmp(e->state, "passed") == 0;
        s.failed += failed;
        s.passed += passed;
        s.undecided += !failed && !passed;
        s.of += failed || passed ? audit_points(e->severity) : 0;
        s.points += passed ? audit_points(e->severity) : 0;
    }
    return s;
}

static bool asked(const audit_score *s)
{
    return s->failed + s->passed + s->undecided > 0;
}

static unsigned percent(const audit_score *s)
{
    return s->of ? s->points * 100 / s->of : 0;
}

static text_zone zone_of(const suyuan_case *c)
{
    return (text_zone){ c->zone_minutes, c->zone };
}

static void put_sentence(const suyuan_case *c, const sentence *s, lang l, buf *out)
{
    if (s->id)
        text_sentence(s, l, zone_of(c), out);
}

/* Words for a label of the audit: "found". */
static const char *label(const char *id, lang l)
{
    char whole[64];
    snprintf(whole, sizeof whole, "audit.%s", id);
    return text_word(whole, l);
}

const char *audit_wanted(const exposure *e, lang l)
{
    char id[96];
    snprintf(id, sizeof id, "wanted.%s", e->wanted ? e->wanted : "");
    const char *words = text_word(id, l);
    return words == id ? e->wanted : words;
}

const char *audit_baseline_word(const char *baseline, char *room, size_t size, lang l)
{
    snprintf(room, size, "baseline.%s", baseline);
    const char *words = text_word(room, l);
    return words == room ? baseline : words;
}

/* ---- For a person ---- */

static void put_line(buf *out, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    for (const char *at = value; at;) {
        const char *end = strchr(at, '\n');
        buf_printf(out, "    %s%s%.*s\n", at == value ? name : "", at == value ? "  " : "      ", end ? (int)(end - at) : (int)strlen(at), at);
        at = end ? end + 1 : NULL;
    }
}

static void put_words(const suyuan_case *c, const sentence *s, const char *name, lang l, buf *out)
{
    buf words;
    buf_init(&words, WORDS);
    put_sentence(c, s, l, &words);
    put_line(out, name, buf_text(&words));
    buf_done(&words);
}

static void put_setting(const char *name, const char *value, lang l, buf *out)
{
    buf words;
    buf_init(&words, WORDS);
    text_setting(value ? value : "", l, &words);
    put_line(out, name, buf_text(&words));
    buf_done(&words);
}

static void put_check(const suyuan_case *c, const exposure *e, lang l, buf *out)
{
    bool failed = strcmp(e->state, "failed") == 0, passed = strcmp(e->state, "passed") == 0;
    char state[48], level[48];
    snprintf(state, sizeof state, "state.%s", e->state);
    snprintf(level, sizeof level, "severity.%s", severity_word(e->severity));
    buf_printf(out, "  [%s%s%s] ", text_word(state, l), failed ? ", " : "", failed ? text_word(level, l) : "");
    put_sentence(c, &e->title, l, out);
    if (passed && e->found && *e->found)
        {
        buf_str(out, ": ");
        text_setting(e->found, l, out);
    }
    buf_printf(out, "  (%s)\n", e->check);
    if (passed) {
        put_words(c, &e->note, label("note", l), l, out);
        return;
    }
    put_setting(label("found", l), e->found, l, out);
    put_line(out, label("wanted", l), audit_wanted(e, l));
    put_words(c, &e->note, label("note", l), l, out);
    put_words(c, &e->why, label("why", l), l, out);
    put_words(c, &e->fix, label("policy", l), l, out);
    put_line(out, label("command", l), e->command);
    buf basis;
    buf_init(&basis, WORDS);
    text_basis(e->source ? e->source : "", l, &basis);
    put_line(out, label("source", l), buf_text(&basis));
    buf_done(&basis);
    buf_char(out, '\n');
}

static void put_heading(const suyuan_case *c, uint32_t i, const audit_score *s, const char *baseline, lang l, buf *out)
{
    const host *h = &c->hosts[i];
    buf_printf(out, "%s%s", i ? "\n" : "", h->name_count ? h->names[0] : h->id);
    if (h->os && *h->os)
        buf_printf(out, " · %s", h->os);
    for (size_t k = 0; k < h->address_count && k < 4; k++)
        buf_printf(out, " · %s", h->addresses[k]);
    buf_char(out, '\n');
    if (!asked(s)) {
        buf_printf(out, "  %s\n", label("nothing", l));
        return;
    }
    char named[64];
    char points[16], failed[24], passed[24], undecided[24];
    snprintf(points, sizeof points, "%u", percent(s));
    snprintf(failed, sizeof failed, "%zu", s->failed);
    snprintf(passed, sizeof passed, "%zu", s->passed);
    snprintf(undecided, sizeof undecided, "%zu", s->undecided);
    arg args[] = { { "points", ARG_TEXT, points }, { "failed", ARG_TEXT, failed }, { "passed", ARG_TEXT, passed }, { "undecided", ARG_TEXT, undecided }, { "baseline", ARG_TEXT, audit_baseline_word(baseline, named, sizeof named, l) } };
    sentence words = { s->of ? "audit.score" : "audit.no-score", args, sizeof args / sizeof *args };
    buf_str(out, "  ");
    text_sentence(&words, l, zone_of(c), out);
    buf_str(out, "\n\n");
}

/* In the order of a person's questions: what is wrong, worst first; what is not known; what is right. */
static size_t in_order(const suyuan_case *c, uint32_t host, const exposure **out)
{
    static const char *const states[] = { "failed", "undecided", "passed" };
    size_t count = 0;
    for (size_t k = 0; k < 3; k++)
        for (int level = SEVERITY_CRITICAL; level >= SEVERITY_INFO; level--)
            for (size_t i = 0; i < c->exposure_count; i++)
                if (c->exposure[i].host == host && (int)c->exposure[i].severity == level && strcmp(c->exposure[i].state, states[k]) == 0)
                    out[count++] = &c->exposure[i];
    return count;
}

/* ---- For programs ---- */

static void put_key(const suyuan_case *c, json_writer *j, const char *key, const sentence *s, lang l)
{
    buf words;
    buf_init(&words, WORDS);
    put_sentence(c, s, l, &words);
    json_key(j, key);
    json_text(j, s->id ? buf_text(&words) : NULL);
    buf_done(&words);
}

static void put_text(json_writer *j, const char *key, const char *value)
{
    json_key(j, key);
    json_text(j, value);
}

static void put_json(const suyuan_case *c, uint32_t host, const exposure *e, lang l, buf *out)
{
    json_writer j;
    json_begin(&j, out);
    json_object(&j);
    put_text(&j, "host", c->hosts[host].name_count ? c->hosts[host].names[0] : c->hosts[host].id);
    put_text(&j, "check", e->check);
    put_text(&j, "state", e->state);
    put_text(&j, "severity", severity_word(e->severity));
    put_text(&j, "found", e->found);
    put_text(&j, "wanted", e->wanted);
    put_key(c, &j, "title", &e->title, l);
    put_key(c, &j, "why", &e->why, l);
    put_key(c, &j, "note", &e->note, l);
    put_key(c, &j, "policy", &e->fix, l);
    json_key(&j, "commands");
    json_array(&j);
    for (const char *at = e->command; at && *at;) {         /* one a line */
        size_t len = strcspn(at, "\n");
        json_bytes(&j, span_of(at, len));
        at += len + (at[len] == '\n');
    }
    json_end_array(&j);
    put_text(&j, "baseline", e->baseline);
    buf basis;
    buf_init(&basis, WORDS);
    text_basis(e->source ? e->source : "", l, &basis);
    put_text(&j, "source", e->source ? buf_text(&basis) : NULL);
    buf_done(&basis);
    json_end_object(&j);
    buf_char(out, '\n');
}

static void put_score(const suyuan_case *c, uint32_t host, const audit_score *s, buf *out)
{
    json_writer j;
    json_begin(&j, out);
    json_object(&j);
    put_text(&j, "host", c->hosts[host].name_count ? c->hosts[host].names[0] : c->hosts[host].id);
    json_key(&j, "score");
    if (s->of)
        json_u64(&j, percent(s));
    else
        json_null(&j);
    const struct { const char *key; uint64_t n; } counts[] = { { "points", s->points }, { "of", s->of }, { "failed", s->failed }, { "passed", s->passed }, { "undecided", s->undecided } };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        json_key(&j, counts[i].key);
        json_u64(&j, counts[i].n);
    }
    json_end_object(&j);
    buf_char(out, '\n');
}

static void put_cell(buf *out, const char *text, bool last)
{
    buf_char(out, '"');
    if (text && strchr("=+-@\t\r", *text) && *text)
        buf_char(out, '\'');
    for (const char *p = text ? text : ""; *p; p++) {
        if (*p == '"')
            buf_char(out, '"');
        buf_char(out, *p);
    }
    buf_str(out, last ? "\"\r\n" : "\",");
}

static void put_words_cell(const suyuan_case *c, const sentence *s, lang l, buf *out)
{
    buf words;
    buf_init(&words, WORDS);
    put_sentence(c, s, l, &words);
    put_cell(out, buf_text(&words), false);
    buf_done(&words);
}

static void put_row(const suyuan_case *c, uint32_t host, const exposure *e, lang l, buf *out)
{
    put_cell(out, c->hosts[host].name_count ? c->hosts[host].names[0] : c->hosts[host].id, false);
    put_cell(out, e->check, false);
    put_cell(out, e->state, false);
    put_cell(out, severity_word(e->severity), false);
    put_cell(out, e->found, false);
    put_cell(out, e->wanted, false);
    put_words_cell(c, &e->title, l, out);
    put_words_cell(c, &e->why, l, out);
    put_words_cell(c, &e->note, l, out);
    put_words_cell(c, &e->fix, l, out);
    put_cell(out, e->command, false);
    buf basis;
    buf_init(&basis, WORDS);
    text_basis(e->source ? e->source : "", l, &basis);
    put_cell(out, buf_text(&basis), true);
    buf_done(&basis);
}

void audit_print(const suyuan_case *c, audit_format f, lang l, buf *out)
{
    arena mem;
    arena_init(&mem, 0);
    const exposure **order = arena_array(&mem, c->exposure_count + 1, sizeof *order);
    if (f == AUDIT_CSV)
        buf_str(out, "host,check,state,severity,found,wanted,title,why,note,policy,command,source\r\n");
    for (uint32_t i = 0; i < c->host_count; i++) {
        if (!c->hosts[i].collected)
            continue;
        audit_score score = audit_score_of(c, i);
        size_t count = in_order(c, i, order);
        if (f == AUDIT_TABLE)
            put_heading(c, i, &score, count ? order[0]->baseline : "", l, out);
        for (size_t k = 0; k < count; k++) {
            if (f == AUDIT_TABLE)
                put_check(c, order[k], l, out);
            else if (f == AUDIT_JSONL)
                put_json(c, i, order[k], l, out);
            else
                put_row(c, i, order[k], l, out);
        }
        if (f == AUDIT_JSONL)
            put_score(c, i, &score, out);
    }
    arena_done(&mem);
}
