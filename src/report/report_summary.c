#include "report/report.h"

#include "report/escape.h"
#include "report/tell.h"

#define WIDTH 100u                      /* columns of the terminal that is written for */

/* Lines are gathered first, so that each part can be given its share of them. */
typedef struct { arena *mem; vec lines; lang l; } sheet;

/* Full-width characters take two columns of a terminal (East Asian Width W and F, as Unicode has it). */
static unsigned columns_of(uint32_t c)
{
    bool wide = (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0x303e) || (c >= 0x3041 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
                (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) || (c >= 0xffe0 && c <= 0xffe6) ||
                (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
    return wide ? 2 : 1;
}

/* Chinese may be broken between any two characters, but not before a closing mark nor behind an opening one. */
static bool may_not_begin(uint32_t c)
{
    return c == 0x3002 || c == 0xff0c || c == 0x3001 || c == 0xff1b || c == 0xff1a || c == 0xff09 || c == 0x201d || c == 0xff1f || c == 0xff01 ||
           c == ',' || c == ')' || c == ']' || c == '%';
}

static bool may_not_end(uint32_t c)
{
    return c == 0xff08 || c == 0x201c || c == '(' || c == '[';
}

static void add_line(sheet *s, span first, unsigned indent)
{
    *(const char **)vec_push(&s->lines) = arena_printf(s->mem, "%*s%.*s", (int)indent, "", (int)first.len, (const char *)first.at);
}

/* Breaks at blanks, and between full-width characters; what has neither is broken where the line is full. */
static void add_wrapped(sheet *s, const char *mark, const char *utf8, unsigned most)
{
    buf plain;
    buf_init(&plain, 65536);
    buf_str(&plain, mark);
    escape_plain(span_str(utf8), &plain);
    span text = arena_span(s->mem, buf_bytes(&plain));
    buf_done(&plain);
    unsigned indent = 0, hang = (unsigned)strlen(mark), written = 0;
    for (const char *p = mark; *p; p++)
        hang -= ((uint8_t)*p & 0xc0) == 0x80;
    while (text.len) {
        size_t at = 0, fits = 0, full = text.len;
        unsigned used = indent;
        bool last_wide = false;
        uint32_t last = 0;
        while (at < text.len) {
            size_t before = at;
            uint32_t c = utf8_take(text, &at);
            unsigned columns = columns_of(c);
            if (before && (c == ' ' || ((columns == 2 || last_wide) && !may_not_begin(c) && !may_not_end(last))))
                fits = before;
            if (used + columns > WIDTH) {
                full = before;
                break;
            }
            used += columns;
            last_wide = columns == 2;
            last = c;
            if (at == text.len)
                fits = at;
        }
        if (fits == 0)
            fits = full;
        if (++written == most && fits < text.len) {
            add_line(s, span_str(arena_printf(s->mem, "%.*s …", (int)fits, (const char *)text.at)), indent);
            return;
        }
        add_line(s, span_part(text, 0, fits), indent);
        text = span_part(text, fits, SIZE_MAX);
        while (text.len && text.at[0] == ' ')
            text = span_part(text, 1, SIZE_MAX);
        indent = hang;
    }
}

static const char *in(const sheet *s, both words)
{
    return s->l == LANG_ZH && words.zh ? words.zh : words.en;
}

static void add_head(sheet *s, const char *label)
{
    *(const char **)vec_push(&s->lines) = "";
    *(const char **)vec_push(&s->lines) = in(s, tell_label(label));
}

static void add_more(sheet *s, size_t left)
{
    if (left)
        *(const char **)vec_push(&s->lines) = arena_printf(s->mem, "  … +%zu", left);
}

static const char *time_text(const report *r, const json *of, const char *name)
{
    moment t;
    if (!tell_time(of, name, &t))
        return "";
    buf words;
    buf_init(&words, 64);
    text_time(t, r->zone, &words);
    const char *out = arena_printf(r->mem, "%s  ", buf_text(&words));
    buf_done(&words);
    return out;
}

/* "likely, about 70 %" in few columns. */
static const char *likely(const report *r, const sheet *s, const json *of, const char *name)
{
    if (tell_is_null(of, name))
        return "";
    unsigned p = tell_percent(of, name), rounded = (p + 2) / 5 * 5;
    rounded = rounded < 5 ? 5 : rounded > 95 ? 95 : rounded;
    return arena_printf(r->mem, " [%s, %u %%]", text_likelihood(p, s->l), rounded);
}

static unsigned host_weight(const json *h)
{
    return tell_is(h, "infected", "yes") ? 3 : tell_is(h, "infected", "suspected") ? 2 : tell_is(h, "infected", "unknown") ? 1 : 0;
}

static void add_hosts(const report *r, sheet *s, size_t most)
{
    add_head(s, "report.text-hosts");
    size_t shown = 0;
    for (unsigned weight = 4; weight-- > 0; )
        for (size_t i = 0; i < r->host_count; i++) {
            const json *h = r->hosts[i].of;
            if (host_weight(h) != weight || shown == most)
                continue;
            const char *address = tell_text(r, tell_first(h, "addresses"));
            uint64_t crashes = 0;
            json_uint(json_get(h, "crashes"), &crashes);
            both state = tell_word(r, "infected.", json_str(h, "infected"));
            const char *crashed = crashes ? in(s, tell_say(r, "report.text-crashes", "count", ARG_NUMBER, tell_number(r, crashes), NULL)) : "";
            bool named = strcmp(address, r->hosts[i].name) != 0 && *address;
            add_wrapped(s, "  ", arena_printf(r->mem, "%s%s%s%s  %s%s%s", r->hosts[i].name, named ? " (" : "", named ? address : "", named ? ")" : "", in(s, state), *crashed ? ", " : "", crashed), 1);
            shown++;
        }
    add_more(s, r->host_count - shown);
}

/* Ordinary administration is told in the report; here only where there is nothing else. */
static bool is_hostile(const report *r, const json *step)
{
    uint64_t of = 0, number;
    if (!json_uint(json_get(step, "episode"), &of))
        return true;
    for (const json *e = tell_first(r->c, "episodes"); e; e = e->next)
        if (json_uint(json_get(e, "number"), &number) && number == of) {
            const json *hostile = json_get(e, "hostile");
            return !hostile || hostile->kind != JSON_BOOL || hostile->truth;
        }
    return true;
}

/* As many steps, from the beginning, as `lines` hold. */
static void add_story(const report *r, sheet *s, size_t lines)
{
    bool any = false;
    for (const json *step = tell_first(r->c, "story"); step; step = step->next)
        any = any || is_hostile(r, step);
    size_t end = s->lines.count + lines, left = 0;
    add_head(s, "report.text-story");
    for (const json *step = tell_first(r->c, "story"); step; step = step->next) {
        if (any && !is_hostile(r, step))
            continue;
        if (left || s->lines.count + 3 > end)
            left++;
        else
            add_wrapped(s, "  ", arena_printf(r->mem, "%s%s", time_text(r, step, "time"), in(s, tell_sentence(r, step, "text"))), 2);
    }
    if (!tell_count(r->c, "story"))
        add_wrapped(s, "  ", in(s, tell_label("report.no-story")), 1);
    add_more(s, left);
}

static void add_entry(const report *r, sheet *s)
{
    const json *entry = json_get(r->c, "entry"), *first = json_get(r->c, "first_host");
    add_head(s, "report.text-entry");
    if (entry && entry->kind == JSON_OBJECT) {
        size_t host = tell_host(r, entry, "host");
        add_wrapped(s, "  ", arena_printf(r->mem, "%s%s ← %s%s%s: %s, %s%s", time_text(r, entry, "time"), host != SIZE_MAX ? r->hosts[host].name : "?",
                                          in(s, tell_place(r, json_get(entry, "source"))), tell_is_null(entry, "account") ? "" : ", ", tell_clip(r, entry, "account"),
                                          in(s, tell_word(r, "", json_str(entry, "access"))), in(s, tell_word(r, "", json_str(entry, "means"))), likely(r, s, entry, "confidence")), 2);
    } else
        add_wrapped(s, "  ", arena_printf(r->mem, "%s %s", in(s, tell_label("report.undecided")), in(s, tell_sentence(r, r->c, "entry_unknown"))), 2);
    if (first && first->kind == JSON_OBJECT) {
        size_t host = tell_host(r, first, "host");
        add_wrapped(s, "  ", arena_printf(r->mem, "%s: %s%s", in(s, tell_label("report.first-host")), host != SIZE_MAX ? r->hosts[host].name : "?", likely(r, s, first, "confidence")), 1);
    }
}

static void add_plan(const report *r, sheet *s, size_t most)
{
    static const char *const phases[] = { "contain", "stop", "persistence", "accounts", "close" };
    size_t shown = 0;
    map told;
    map_init(&told);
    add_head(s, "report.text-first");
    for (size_t k = 0; k < sizeof phases / sizeof *phases; k++)
        for (const json *p = tell_first(r->c, "plan"); p && shown < most; p = p->next) {
            both action = tell_sentence(r, p, "action");
            bool there;
            if (!tell_is(p, "phase", phases[k]) || tell_empty(action))
                continue;
            map_put(&told, span_str(action.en), &there);
            if (there)
                continue;
            size_t host = tell_host(r, p, "host");
            add_wrapped(s, arena_printf(r->mem, "  %zu. ", ++shown), arena_printf(r->mem, "%s%s%s", host != SIZE_MAX ? r->hosts[host].name : "", host != SIZE_MAX ? ": " : "", in(s, action)), 1);
        }
    if (!shown)
        add_wrapped(s, "  ", in(s, tell_label("report.no-plan")), 1);
    map_done(&told);
}

static void add_unknowns(const report *r, sheet *s, size_t most)
{
    size_t shown = 0, all = tell_count(r->c, "unknowns");
    add_head(s, "report.text-unknown");
    for (const json *u = tell_first(r->c, "unknowns"); u && shown < most; u = u->next, shown++)
        add_wrapped(s, "  - ", in(s, tell_sentence(r, u, "text")), 1);
    if (!all)
        add_wrapped(s, "  ", in(s, tell_label("report.no-unknowns")), 1);
    add_more(s, all - shown);
}

static void add_all(sheet *to, const sheet *from)
{
    for (size_t i = 0; i < from->lines.count; i++)
        *(const char **)vec_push(&to->lines) = *(const char *const *)vec_at(&from->lines, i);
}

status report_summary(const json *c, lang l, unsigned max_lines, buf *out)
{
    arena mem;
    arena_init(&mem, 0);
    report r;
    status ok = tell_open(&r, &mem, c);
    if (status_is_ok(ok)) {
        sheet s = { .mem = &mem, .l = l }, rest = s;
        vec_init(&s.lines, sizeof(const char *));
        vec_init(&rest.lines, sizeof(const char *));
        both headline = tell_sentence(&r, r.c, "headline");
        add_wrapped(&s, "", in(&s, tell_empty(headline) ? tell_label("report.no-headline") : headline), 3);
        add_hosts(&r, &s, 6);
        add_entry(&r, &rest);
        add_plan(&r, &rest, 4);
        add_unknowns(&r, &rest, 4);
        size_t used = s.lines.count + rest.lines.count;
        add_story(&r, &s, used < max_lines ? max_lines - used : 0);
        add_all(&s, &rest);
        for (size_t i = 0; i < s.lines.count && i < max_lines; i++) {
            buf_str(out, *(const char *const *)vec_at(&s.lines, i));
            buf_char(out, '\n');
        }
        vec_done(&s.lines);
        vec_done(&rest.lines);
    }
    tell_done(&r);
    arena_done(&mem);
    return ok;
}
