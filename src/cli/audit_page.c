/* The audit as one page in the report's dress. */
#include "cli/audit_print.h"
#include "report/doc_html.h"

#include <stdio.h>

#define PAGE_BYTES (16u << 20)

typedef struct { const suyuan_case *c; arena *mem; doc *d; } page;

static both words(const page *p, const sentence *s)
{
    if (!s->id)
        return (both){ "", NULL };
    text_zone zone = { p->c->zone_minutes, p->c->zone };
    buf en, zh;
    buf_init(&en, 1 << 16);
    buf_init(&zh, 1 << 16);
    text_sentence(s, LANG_EN, zone, &en);
    text_sentence(s, LANG_ZH, zone, &zh);
    both out = { arena_str(p->mem, buf_text(&en)), arena_str(p->mem, buf_text(&zh)) };
    buf_done(&en);
    buf_done(&zh);
    return out;
}

static both word(const page *p, const char *prefix, const char *id)
{
    const char *whole = arena_printf(p->mem, "%s%s", prefix, id);
    return (both){ text_word(whole, LANG_EN), text_word(whole, LANG_ZH) };
}

static both plain(const page *p, const char *text)
{
    return (both){ arena_str(p->mem, text ? text : ""), NULL };
}

static void put_commands(runs *to, const page *p, const char *command)
{
    for (const char *at = command; at && *at;) {
        const char *end = strchr(at, '\n');
        runs_line(to);
        runs_code(to, arena_text(p->mem, end ? span_of(at, (size_t)(end - at)) : span_str(at)));
        at = end ? end + 1 : NULL;
    }
}

static const char *setting(const page *p, const char *value, lang l)
{
    buf words;
    buf_init(&words, 1 << 16);
    text_setting(value, l, &words);
    const char *text = arena_text(p->mem, buf_bytes(&words));
    buf_done(&words);
    return text;
}

static const char *basis(const page *p, const char *source, lang l)
{
    buf words;
    buf_init(&words, 1 << 16);
    text_basis(source ? source : "", l, &words);
    const char *text = arena_text(p->mem, buf_bytes(&words));
    buf_done(&words);
    return text;
}

static void put_check(const page *p, table *t, const exposure *e)
{
    static const char *const tones[] = { "info", "low", "medium", "high", "critical" };
    bool failed = strcmp(e->state, "failed") == 0;
    row *line = doc_row(t, p->d, NULL, failed ? 8 + (unsigned)e->severity : 1);
    runs_words(&line->cells[0], words(p, &e->title));
    runs_line(&line->cells[0]);
    runs_add(&line->cells[0], RUN_SMALL, plain(p, e->check));
    runs_add(&line->cells[1], RUN_BADGE, word(p, "state.", e->state))->tone = arena_str(p->mem, e->state);
    if (failed) {
        runs_line(&line->cells[1]);
        runs_add(&line->cells[1], RUN_BADGE, word(p, "severity.", severity_word(e->severity)))->tone = tones[e->severity];
    }
    if (e->found && *e->found)
        runs_words(&line->cells[2], (both){ setting(p, e->found, LANG_EN), setting(p, e->found, LANG_ZH) });
    else
        runs_text(&line->cells[2], "\xe2\x80\x93");
    if (e->note.id) {
        runs_line(&line->cells[2]);
        runs_add(&line->cells[2], RUN_SMALL, words(p, &e->note));
    }
    runs_words(&line->cells[3], (both){ arena_str(p->mem, audit_wanted(e, LANG_EN)), arena_str(p->mem, audit_wanted(e, LANG_ZH)) });
    runs_words(&line->cells[4], words(p, &e->why));
    runs_words(&line->cells[5], words(p, &e->fix));
    put_commands(&line->cells[5], p, e->command);
    runs_add(&line->cells[6], RUN_SMALL, (both){ basis(p, e->source, LANG_EN), basis(p, e->source, LANG_ZH) });
}

static void put_host(const page *p, uint32_t i)
{
    const host *h = &p->c->hosts[i];
    audit_score s = audit_score_of(p->c, i);
    const char *name = h->name_count ? h->names[0] : h->id;
    block *section = doc_section(p->d->root, p->d, 1, arena_printf(p->mem, "h%u", i), (both){ "", NULL }, plain(p, name));
    buf about;
    buf_init(&about, 1 << 16);
    buf_str(&about, h->os ? h->os : "");
    for (size_t k = 0; k < h->address_count; k++)
        buf_printf(&about, "%s%s", about.len ? " · " : "", h->addresses[k]);
    if (about.len)
        runs_words(doc_paragraph(section, p->d, "note"), plain(p, buf_text(&about)));
    buf_done(&about);
    if (s.failed + s.passed + s.undecided == 0) {
        runs_words(doc_paragraph(section, p->d, NULL), word(p, "audit.", "nothing"));
        return;
    }
    block *cards = doc_cards(section, p->d);
    const struct { const char *label; uint64_t n; bool known; } figures[] = {
        { "points", s.of ? s.points * 100u / s.of : 0, s.of > 0 }, { "failed", s.failed, true }, { "passed", s.passed, true }, { "undecided", s.undecided, true },
    };
    for (size_t k = 0; k < sizeof figures / sizeof *figures; k++)
        runs_text(doc_card(cards, p->d, word(p, "audit.", figures[k].label), NULL), figures[k].known ? arena_printf(p->mem, "%llu", (unsigned long long)figures[k].n) : "\xe2\x80\x93");
    table *t = doc_table(section, p->d, NULL, plain(p, name), "stack", 0);
    static const struct { const char *label, *tone; } columns[] = {
        { "check", NULL }, { "state", NULL }, { "found", "code" }, { "wanted", NULL }, { "why", "wide" }, { "remedy", "wide" }, { "source", NULL },
    };
    for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
        doc_column(t, word(p, "audit.", columns[k].label), columns[k].tone);
    static const char *const states[] = { "failed", "undecided", "passed" };
    for (size_t k = 0; k < 3; k++)
        for (int level = SEVERITY_CRITICAL; level >= SEVERITY_INFO; level--)
            for (size_t n = 0; n < p->c->exposure_count; n++) {
                const exposure *e = &p->c->exposure[n];
                if (e->host == i && (int)e->severity == level && strcmp(e->state, states[k]) == 0)
                    put_check(p, t, e);
            }
}

void audit_page(const suyuan_case *c, lang l, arena *mem, buf *out)
{
    page p = { c, mem, doc_new(mem) };
    p.d->title = word(&p, "audit.", "title");
    p.d->kicker = word(&p, "audit.", "kicker");
    p.d->about.mem = mem;
    const char *baseline = c->exposure_count ? c->exposure[0].baseline : NULL;
    char named[2][64];
    if (baseline)
        runs_words(&p.d->about, (both){ arena_printf(mem, "%s %s", text_word("audit.baseline", LANG_EN), audit_baseline_word(baseline, named[0], sizeof named[0], LANG_EN)),
                                        arena_printf(mem, "%s %s", text_word("audit.baseline", LANG_ZH), audit_baseline_word(baseline, named[1], sizeof named[1], LANG_ZH)) });
    for (uint32_t i = 0; i < c->host_count; i++)
        if (c->hosts[i].collected)
            put_host(&p, i);
    doc_html(p.d, l, PAGE_BYTES, out);
}
