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
    return c == 0x3002 || c == 0xff0c || c == 0x3001 || c == 0xff1b || c == 0xff1a || c == 0xff09 || c == 0x201d || c == 0xff1f || c == 0xff01 || c == 0xff3d ||
           c == ',' || c == ')' || c == ']' || c == '%';
}

static bool may_not_end(uint32_t c)
{
    return c == 0xff08 || c == 0xff3b || c == 0x201c || c == '(' || c == '[';
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
        size_t at = 0, fits = 0, full = text.len, cut = 0;      /* cut: where room is left for an ellipsis */
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
            if (used + 2 <= WIDTH)
                cut = at;
            last_wide = columns == 2;
            last = c;
            if (at == text.len)
                fits = at;
        }
        if (fits == 0)
            fits = full;
        if (++written == most && fits < text.len) {
            add_line(s, span_str(arena_printf(s->mem, "%.*s …", (int)cut, (const char *)text.at)), indent);
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

/* Marks that stand between what the summary puts side by side. */
static const char *colon(const sheet *s) { return s->l == LANG_ZH ? "：" : ": "; }
static const char *comma(const sheet *s) { return s->l == LANG_ZH ? "，" : ", "; }

static const char *in_brackets(const report *r, const sheet *s, const char *words)
{
    return !*words ? "" : arena_printf(r->mem, s->l == LANG_ZH ? "（%s）" : " (%s)", words);
}

static void add_all(sheet *to, const sheet *from)
{
    for (size_t i = 0; i < from->lines.count; i++)
        *(const char **)vec_push(&to->lines) = *(const char *const *)vec_at(&from->lines, i);
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
    unsigned p = text_rounded(tell_percent(of, name));
    return arena_printf(r->mem, s->l == LANG_ZH ? "［%s，%u%%］" : " [%s, %u %%]", text_likelihood(p, s->l), p);
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
            both state = tell_word(r, "infected.", json_str(h, "infected"));
            const char *crashed = in(s, tell_stops_counted(r, tell_stops(r, i)));
            add_wrapped(s, "  ", arena_printf(r->mem, "%s%s  %s%s%s", r->hosts[i].name, in_brackets(r, s, strcmp(address, r->hosts[i].name) != 0 ? address : ""), in(s, state),
                                              *crashed ? comma(s) : "", crashed), 1);
            shown++;
        }
    add_more(s, r->host_count - shown);
}

/* What a story of few lines must not lack, in order; then what else is new, new on its host, or grave. */
static const char *const telling[] = {
    "logon-after-guessing", "password-guessing", "exploit-attempt", "miner", "crash", "password-spraying", "remote-execution", "fake-system-process",
    "service-install", "account-create", "task-create", "credential-theft", "log-cleared", "defence-off",
};
enum { TELLING = sizeof telling / sizeof *telling, NEW_KIND = TELLING, NEW_ON_HOST, GRAVE, REST, WEIGHTS };

static unsigned weigh_kind(const char *kind)
{
    for (unsigned i = 0; i < TELLING; i++)
        if (strcmp(kind, telling[i]) == 0)
            return i;
    return NEW_KIND;
}

static bool is_spread(const report *r, const json *step)
{
    for (const json *e = tell_first(r->c, "spread"); e; e = e->next)
        if (strcmp(json_str(e, "time"), json_str(step, "time")) == 0 && strcmp(json_str(e, "to"), json_str(step, "host")) == 0)
            return *json_str(step, "time") != '\0';
    return false;
}

static unsigned weigh_step(const report *r, const json *step, map *seen)
{
    unsigned best = tell_count(step, "findings") == 0 && is_spread(r, step) ? 2 : REST;         /* behind how they got in */
    const json *ids = json_get(step, "findings");
    for (const json *id = ids && ids->kind == JSON_ARRAY ? ids->first : NULL; id; id = id->next) {
        const uint64_t *n = id->kind == JSON_STRING ? map_find(&r->finding_of, id->text) : NULL;
        const json *f = n ? r->findings[*n] : NULL;
        if (!f || tell_severity(f) < SEVERITY_MEDIUM)
            continue;
        const char *kind = json_str(f, "kind");
        bool kind_known, host_known;
        map_put(seen, span_str(kind), &kind_known);
        map_put(seen, span_str(arena_printf(r->mem, "%s %zu", kind, tell_host(r, f, "host"))), &host_known);
        unsigned weight = !kind_known ? weigh_kind(kind) : !host_known ? NEW_ON_HOST : tell_severity(f) >= SEVERITY_HIGH ? GRAVE : REST;
        best = weight < best ? weight : best;
    }
    return best;
}

/* In order, and of the steps those that say most, as many as `lines` hold. */
/* The question that was asked first has its line. */
#define CLUSTERS_SHOWN 3u

static void add_crashes(const report *r, sheet *s)
{
    const json *cluster = tell_first(r->c, "crash_clusters"), *of = tell_main_stop(r), *best;
    if (!of)
        return;
    *(const char **)vec_push(&s->lines) = "";
    if (!cluster || !cluster->next) {
        both cause = tell_cause(r, of, &best);
        add_wrapped(s, "", arena_printf(r->mem, "%s%s%s%s", in(s, tell_stops_words(r, "why")), colon(s), in(s, cause), best ? likely(r, s, best, "score") : ""), 1);
        return;
    }
    for (size_t n = 0; cluster && n < CLUSTERS_SHOWN; cluster = cluster->next, n++) {
        moment from;
        both cause = tell_cause(r, cluster, &best);
        const char *when = tell_time(json_get(cluster, "window"), "from", &from) ? tell_iso(r, from) : NULL;
        add_wrapped(s, "", arena_printf(r->mem, "%s%s%s%s", in(s, tell_say(r, "report.cluster-why", "hosts", ARG_NUMBER, tell_number(r, tell_count(cluster, "hosts")), "from", ARG_TIME, when, NULL)), colon(s),
                                        in(s, cause), best ? likely(r, s, best, "score") : ""), 1);
    }
}

/* What brings it back: how much, and the names that most hosts have. */
static void add_comeback(const report *r, sheet *s)
{
    told_comeback back = tell_comeback(r);
    if (!back.hostile && !back.suspicious)
        return;
    if (!tell_count(r->c, "crashes"))
        *(const char **)vec_push(&s->lines) = "";
    buf names;
    buf_init(&names, 4096);
    for (size_t i = 0; i < back.name_count && i < 4; i++)
        buf_printf(&names, "%s%s", i ? (s->l == LANG_ZH ? "、" : ", ") : colon(s), in(s, back.names[i]));
    add_wrapped(s, "", arena_printf(r->mem, "%s%s%s%s", in(s, tell_label("report.comes-back")), colon(s), in(s, back.counted), buf_text(&names)), 2);
    buf_done(&names);
}

static void add_story(const report *r, sheet *s, size_t lines)
{
    size_t all = tell_count(r->c, "story"), left = 0, i = 0;
    unsigned *weight = arena_array(r->mem, all + 1, sizeof *weight);
    const char **text = arena_array(r->mem, all + 1, sizeof *text);
    sheet *told = arena_array(r->mem, all + 1, sizeof *told);
    map seen;
    map_init(&seen);
    for (const json *step = tell_first(r->c, "story"); step; step = step->next, i++) {
        weight[i] = !tell_is_hostile(r, step) ? WEIGHTS : weigh_step(r, step, &seen);
        const char *time = time_text(r, step, "time"), *words = in(s, tell_short(r, tell_step(r, step)));
        bool begins_so = *time && strncmp(words, time, strlen(time) - 2) == 0;          /* "05:27 to 08:29, ...": once is enough */
        text[i] = arena_printf(r->mem, "%s%s", begins_so ? "" : time, words);
        left += weight[i] < WEIGHTS;
    }
    map_done(&seen);
    /* Whose times these are is said where they begin. */
    *(const char **)vec_push(&s->lines) = "";
    *(const char **)vec_push(&s->lines) = arena_printf(s->mem, s->l == LANG_ZH ? "%s（时间：%s）" : "%s (times of %s)", in(s, tell_label("report.text-story")), r->zone.name);
    size_t room = lines > 3 ? lines - 3 : 0;            /* the head, and how many are left */
    unsigned each = left > room ? 1 : 2;
    for (unsigned w = 0; w < WEIGHTS; w++)
        for (i = 0; i < all; i++) {
            if (weight[i] != w || room == 0)
                continue;
            told[i] = (sheet){ .mem = s->mem, .l = s->l };
            vec_init(&told[i].lines, sizeof(const char *));
            add_wrapped(&told[i], "  ", text[i], room < 2 ? 1 : each);
            room -= told[i].lines.count;
            left--;
        }
    for (i = 0; i < all; i++)
        if (told[i].mem) {
            add_all(s, &told[i]);
            vec_done(&told[i].lines);
        }
    if (!all)
        add_wrapped(s, "  ", in(s, tell_label("report.no-story")), 1);
    add_more(s, left);
}

static void add_entry(const report *r, sheet *s)
{
    const json *entry = json_get(r->c, "entry"), *first = json_get(r->c, "first_host");
    add_head(s, "report.text-entry");
    if (entry && entry->kind == JSON_OBJECT) {
        size_t host = tell_host(r, entry, "host");
        add_wrapped(s, "  ", arena_printf(r->mem, "%s%s ← %s%s%s%s%s%s%s%s", time_text(r, entry, "time"), host != SIZE_MAX ? r->hosts[host].name : "?",
                                          in(s, tell_place(r, json_get(entry, "source"))), tell_is_null(entry, "account") ? "" : comma(s), tell_clip(r, entry, "account"), colon(s),
                                          in(s, tell_word(r, "", json_str(entry, "access"))), comma(s), in(s, tell_word(r, "", json_str(entry, "means"))), likely(r, s, entry, "confidence")), 2);
    } else
        add_wrapped(s, "  ", arena_printf(r->mem, s->l == LANG_ZH || tell_empty(tell_sentence(r, r->c, "entry_unknown")) ? "%s%s" : "%s %s", in(s, tell_nobody(r)), in(s, tell_sentence(r, r->c, "entry_unknown"))), 2);
    if (first && first->kind == JSON_OBJECT) {
        size_t host = tell_host(r, first, "host");
        add_wrapped(s, "  ", arena_printf(r->mem, "%s%s%s%s", in(s, tell_label("report.first-host")), colon(s), host != SIZE_MAX ? r->hosts[host].name : "?", likely(r, s, first, "confidence")), 1);
    }
}

static void add_plan(const report *r, sheet *s, size_t most)
{
    told_step *steps = arena_array(r->mem, most, sizeof *steps);
    size_t count = tell_first_steps(r, most, steps);
    add_head(s, "report.text-first");
    for (size_t i = 0; i < count; i++) {
        size_t host = tell_host(r, steps[i].of, "host"), more = steps[i].hosts - 1;
        const char *where = host == SIZE_MAX ? "" : more ? arena_printf(r->mem, "%s +%zu%s", r->hosts[host].name, more, colon(s)) : arena_printf(r->mem, "%s%s", r->hosts[host].name, colon(s));
        add_wrapped(s, arena_printf(r->mem, "  %zu. ", i + 1), arena_printf(r->mem, "%s%s", where, in(s, tell_short(r, tell_sentence(r, steps[i].of, "action")))), 1);
    }
    if (!count)
        add_wrapped(s, "  ", in(s, tell_label("report.no-plan")), 1);
}

static void add_unknowns(const report *r, sheet *s, size_t most)
{
    size_t sorts, shown = 0, all = tell_count(r->c, "unknowns");
    const told_unknown *u = tell_unknown_sorts(r, &sorts);
    add_head(s, "report.text-unknown");
    for (size_t i = 0; i < sorts && i < most; i++) {
        const char *text = in(s, tell_sentence(r, u[i].of, "text"));
        add_wrapped(s, "  - ", u[i].more ? arena_printf(r->mem, s->l == LANG_ZH ? "（+%zu）%s" : "(+%zu) %s", u[i].more, text) : text, 1);
        shown += 1 + u[i].more;
    }
    if (!all)
        add_wrapped(s, "  ", in(s, tell_label("report.no-unknowns")), 1);
    add_more(s, all - shown);
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
        add_crashes(&r, &s);
        add_comeback(&r, &s);
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
