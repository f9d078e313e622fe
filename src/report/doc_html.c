#include "report/doc_html.h"

#include "base/embedded.h"
#include "report/escape.h"

#include <stdio.h>

#define SHRINKS 5u
#define NAME_HELD 10u           /* characters of a name that stand together when it has no joint */

extern const embedded_file report_files[];
extern const size_t report_files_count;

typedef struct { buf *out; lang first; unsigned shrink; } writer;      /* shrink: limits are halved so many times */

static void put(writer *w, const char *markup)
{
    buf_str(w->out, markup);
}

static void put_escaped(writer *w, const char *text)
{
    escape_html(span_str(text), w->out);
}

static bool same_in_both(both words)
{
    return !words.zh || strcmp(words.en, words.zh) == 0;
}

void html_both(both words, const char *tag, buf *out)
{
    if (same_in_both(words)) {
        escape_html(span_str(words.en), out);
        return;
    }
    buf_printf(out, "<%s lang=\"en\">", tag);
    escape_html(span_str(words.en), out);
    buf_printf(out, "</%s><%s lang=\"zh\">", tag, tag);
    escape_html(span_str(words.zh), out);
    buf_printf(out, "</%s>", tag);
}

static void put_both(writer *w, both words)
{
    html_both(words, "span", w->out);
}

static const char *in_first(const writer *w, both words)
{
    return w->first == LANG_ZH && words.zh ? words.zh : words.en;
}

static both label(const char *id)
{
    return (both){ text_word(id, LANG_EN), text_word(id, LANG_ZH) };
}

/* An attribute that the script exchanges when the language changes. */
static void put_attribute(writer *w, const char *name, both words)
{
    buf_printf(w->out, " %s=\"", name);
    put_escaped(w, in_first(w, words));
    buf_printf(w->out, "\" data-%s-en=\"", name);
    put_escaped(w, words.en);
    buf_printf(w->out, "\" data-%s-zh=\"", name);
    put_escaped(w, words.zh ? words.zh : words.en);
    buf_char(w->out, '"');
}

static void put_id(writer *w, const char *id)
{
    if (id) {
        put(w, " id=\"");
        put_escaped(w, id);
        buf_char(w->out, '"');
    }
}

static void put_class(writer *w, const char *always, const char *tone)
{
    buf_printf(w->out, " class=\"%s%s", always, *always && tone ? " " : "");
    put_escaped(w, tone ? tone : "");
    buf_char(w->out, '"');
}

/* A name may be broken behind its dots and hyphens; where it has none of them for long, anywhere. Without that one host's
 * full name would push a table out of the page, and a cell that breaks words at will would break those that need not. */
static void put_name(writer *w, const char *name)
{
    span s = span_str(name);
    size_t from = 0, held = 0;
    for (size_t at = 0; at < s.len; ) {
        uint32_t c = utf8_take(s, &at);
        bool joint = c == '.' || c == '-' || c == '\\' || c == '/' || c == '_' || c == '@';
        if ((!joint && ++held < NAME_HELD) || at == s.len)
            continue;
        escape_html(span_part(s, from, at - from), w->out);
        put(w, "<wbr>");
        from = at;
        held = 0;
    }
    escape_html(span_part(s, from, SIZE_MAX), w->out);
}

static void put_link(writer *w, const run *r, const char *class)
{
    put(w, "<a");
    put_class(w, class, r->tone);
    put(w, " href=\"#");
    put_escaped(w, r->target ? r->target : "");
    buf_char(w->out, '"');
    if (r->note) {
        put(w, " title=\"");
        put_escaped(w, r->note);
        buf_char(w->out, '"');
    }
    buf_char(w->out, '>');
    if (same_in_both(r->words) && !(r->tone && strcmp(r->tone, "short") == 0))
        put_name(w, r->words.en);
    else
        put_both(w, r->words);
    put(w, "</a>");
}

static void put_run(writer *w, const run *r)
{
    switch (r->kind) {
    case RUN_WORDS:
        put_both(w, r->words);
        return;
    case RUN_STRONG:
        put(w, "<strong>");
        put_both(w, r->words);
        put(w, "</strong>");
        return;
    case RUN_SMALL:
        put(w, "<small>");
        put_both(w, r->words);
        put(w, "</small>");
        return;
    case RUN_CODE:
        put(w, "<code");
        if (r->tone)
            put_class(w, "", r->tone);
        buf_char(w->out, '>');
        put_both(w, r->words);
        put(w, "</code>");
        return;
    case RUN_BADGE:
        put(w, "<span");
        put_class(w, "badge", r->tone);
        buf_char(w->out, '>');
        put_both(w, r->words);
        put(w, "</span>");
        return;
    case RUN_LINK:
        put_link(w, r, "to");
        return;
    case RUN_REFERENCE:
        put_link(w, r, "ev");
        return;
    case RUN_TIME:
        put(w, r->tone ? "<time class=\"end\">" : "<time>");
        put_both(w, r->words);
        if (r->note) {
            put(w, " <small>");
            put_escaped(w, r->note);
            put(w, "</small>");
        }
        put(w, "</time>");
        return;
    case RUN_LINE:
        put(w, "<br>");
        return;
    case RUN_FULL:
        put(w, " <details class=\"full\"><summary>");
        put_both(w, label("report.in-full"));
        put(w, r->tone ? "</summary><code>" : "</summary>");
        put_both(w, r->words);
        put(w, r->tone ? "</code></details>" : "</details>");
        return;
    }
}

static void put_runs(writer *w, const runs *of)
{
    for (const run *r = of->first; r; r = r->next)
        put_run(w, r);
}

/* ---- Lists and tables within their limits ---- */

typedef struct { size_t at, len; unsigned rank; bool left_out, folded; } piece;

static int by_rank(const void *a, const void *b)
{
    const piece *x = *(piece *const *)a, *y = *(piece *const *)b;
    if (x->rank != y->rank)
        return x->rank > y->rank ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* Chooses the pieces that fit into `limit` bytes, the highest ranks first; how many were left out. */
static size_t choose_within(vec *pieces, size_t limit)
{
    vec order;
    vec_init(&order, sizeof(piece *));
    for (size_t i = 0; i < pieces->count; i++)
        *(piece **)vec_push(&order) = vec_at(pieces, i);
    vec_sort(&order, by_rank);
    size_t used = 0, left_out = 0;
    for (size_t i = 0; i < order.count; i++) {
        piece *p = *(piece **)vec_at(&order, i);
        if (limit && p->len > limit - used) {
            p->left_out = true;
            left_out++;
        } else
            used += limit ? p->len : 0;
    }
    vec_done(&order);
    return left_out;
}

/* Puts those of `all` that were chosen, and are folded or not, in their order. */
static void put_chosen(writer *w, const buf *all, const vec *pieces, bool folded)
{
    for (size_t i = 0; i < pieces->count; i++) {
        const piece *p = vec_at(pieces, i);
        if (!p->left_out && p->folded == folded)
            buf_put(w->out, all->at + p->at, p->len);
    }
}

static size_t limit_of(const writer *w, const block *b)
{
    size_t limit = b->limit >> w->shrink;
    return b->limit && !limit ? 1 : limit;
}

static void put_counted(writer *w, const char *id, const char *class, size_t count, size_t printed)
{
    char number[32], on_paper[32];
    snprintf(number, sizeof number, "%zu", count);
    snprintf(on_paper, sizeof on_paper, "%zu", printed);
    arg a[] = { { "count", ARG_NUMBER, number }, { "printed", ARG_NUMBER, on_paper } };
    sentence s = { id, a, 2 };
    buf_printf(w->out, "<p class=\"note %s\">", class);
    for (lang l = LANG_EN; l <= LANG_ZH; l++) {
        buf words;
        buf_init(&words, 1024);
        text_sentence(&s, l, (text_zone){ 0, "UTC" }, &words);
        put(w, l == LANG_EN ? "<span lang=\"en\">" : "<span lang=\"zh\">");
        escape_html(buf_bytes(&words), w->out);
        put(w, "</span>");
        buf_done(&words);
    }
    put(w, "</p>");
}

static void put_left_out(writer *w, size_t count)
{
    if (count)
        put_counted(w, "report.left-out", "left-out", count, 0);
}

/* Paper shows the first rows of what is long; report.css hides the others there, and this line, which says so, elsewhere. */
enum { PRINTED_ROWS = 10, PRINTED_ITEMS = 15 };

static void put_printed(writer *w, const vec *pieces, size_t printed)
{
    size_t shown = 0;
    for (size_t i = 0; i < pieces->count; i++) {
        const piece *p = vec_at(pieces, i);
        shown += !p->left_out && !p->folded;
    }
    if (shown > printed)
        put_counted(w, "report.printed", "printed", shown, printed);
}

static void put_blocks(writer *w, const block *in);

static void put_item(writer *w, const block *b)
{
    put(w, "<li");
    put_id(w, b->id);
    if (b->tone)
        put_class(w, "", b->tone);
    buf_char(w->out, '>');
    put_runs(w, &b->text);
    put_blocks(w, b);
    put(w, "</li>\n");
}

static void put_list(writer *w, const block *b)
{
    const char *tag = b->ordered ? "ol" : "ul";
    buf all;
    vec pieces;
    buf_init(&all, SIZE_MAX);
    vec_init(&pieces, sizeof(piece));
    writer inner = { &all, w->first, w->shrink };
    for (const block *item = b->first; item; item = item->next) {
        piece *p = vec_push(&pieces);
        *p = (piece){ .at = all.len, .rank = item->rank };
        put_item(&inner, item);
        p->len = all.len - p->at;
    }
    buf_printf(w->out, "<%s", tag);
    put_class(w, "", b->tone);
    put(w, ">\n");
    size_t left_out = choose_within(&pieces, limit_of(w, b));
    put_chosen(w, &all, &pieces, false);
    buf_printf(w->out, "</%s>\n", tag);
    put_printed(w, &pieces, PRINTED_ITEMS);
    put_left_out(w, left_out);
    vec_done(&pieces);
    buf_done(&all);
}

static void put_option(writer *w, const char *value, both words)
{
    put(w, "<option value=\"");
    put_escaped(w, value);
    buf_char(w->out, '"');
    if (!same_in_both(words)) {
        put(w, " data-text-en=\"");
        put_escaped(w, words.en);
        put(w, "\" data-text-zh=\"");
        put_escaped(w, words.zh);
        buf_char(w->out, '"');
    }
    buf_char(w->out, '>');
    put_escaped(w, in_first(w, words));
    put(w, "</option>");
}

static void put_choices(writer *w, const char *what, both title, const choice *first)
{
    buf_printf(w->out, "<select data-by=\"%s\"", what);
    put_attribute(w, "aria-label", title);
    buf_char(w->out, '>');
    put_option(w, "", title);
    for (const choice *c = first; c; c = c->next)
        put_option(w, c->value, c->words);
    put(w, "</select>");
}

static void put_filter(writer *w, const table *t)
{
    static const char *const severities[] = { "critical", "high", "medium", "low", "info" };
    put(w, "<div class=\"tools\"><input type=\"search\"");
    put_attribute(w, "placeholder", label("report.filter"));
    put_attribute(w, "aria-label", label("report.filter"));
    put(w, ">");
    put_choices(w, "host", label("report.all-hosts"), t->hosts);
    put_choices(w, "kind", label("report.all-kinds"), t->kinds);
    put(w, "<span class=\"chips\">");
    for (size_t i = 0; i < sizeof severities / sizeof *severities; i++) {
        char id[40];
        snprintf(id, sizeof id, "severity.%s", severities[i]);
        buf_printf(w->out, "<label class=\"chip badge %s\"><input type=\"checkbox\" data-severity=\"%s\" checked>", severities[i], severities[i]);
        put_both(w, label(id));
        put(w, "</label>");
    }
    buf_printf(w->out, "</span><output class=\"shown\">%zu / %zu</output></div>\n", t->row_count, t->row_count);
}

static void put_row(writer *w, const table *t, const row *r)
{
    put(w, "<tr");
    put_id(w, r->id);
    if (t->filtered) {
        if (r->host != SIZE_MAX)
            buf_printf(w->out, " data-host=\"%zu\"", r->host);
        put(w, " data-severity=\"");
        put_escaped(w, r->severity ? r->severity : "");
        put(w, "\" data-kind=\"");
        put_escaped(w, r->kind ? r->kind : "");
        buf_char(w->out, '"');
    }
    buf_char(w->out, '>');
    for (size_t i = 0; i < t->column_count; i++) {
        put(w, "<td");
        if (t->columns[i].tone)
            put_class(w, "", t->columns[i].tone);
        buf_char(w->out, '>');
        put_runs(w, &r->cells[i]);
        put(w, "</td>");
    }
    put(w, "</tr>\n");
}

static void put_rows(writer *w, const table *t, both caption, const buf *all, const vec *pieces, bool folded)
{
    put(w, "<div class=\"scroll\"><table><caption>");
    put_both(w, caption);
    put(w, "</caption>\n<thead><tr>");
    for (size_t i = 0; i < t->column_count; i++) {
        put(w, "<th scope=\"col\"");
        if (t->columns[i].tone)
            put_class(w, "", t->columns[i].tone);
        buf_char(w->out, '>');
        put_both(w, t->columns[i].title);
        put(w, "</th>");
    }
    put(w, "</tr></thead>\n<tbody>\n");
    put_chosen(w, all, pieces, folded);
    put(w, "</tbody></table></div>\n");
}

static void put_table(writer *w, const block *b)
{
    const table *t = b->table;
    bool folded = false;
    buf all;
    vec pieces;
    buf_init(&all, SIZE_MAX);
    vec_init(&pieces, sizeof(piece));
    writer inner = { &all, w->first, w->shrink };
    for (const row *r = t->first; r; r = r->next) {
        piece *p = vec_push(&pieces);
        *p = (piece){ .at = all.len, .rank = r->rank, .folded = r->folded };
        put_row(&inner, t, r);
        folded |= r->folded;
        p->len = all.len - p->at;
    }
    put(w, "<div");
    put_id(w, b->id);
    put_class(w, t->filtered ? "table filtered" : "table", b->tone);
    put(w, ">\n");
    if (t->filtered)
        put_filter(w, t);
    size_t left_out = choose_within(&pieces, limit_of(w, b));
    put_rows(w, t, t->caption, &all, &pieces, false);
    put_printed(w, &pieces, PRINTED_ROWS);
    if (folded) {
        put(w, "<details class=\"more\"><summary>");
        put_both(w, t->folded);
        put(w, "</summary>\n");
        put_rows(w, t, t->caption, &all, &pieces, true);
        put(w, "</details>\n");
    }
    put_left_out(w, left_out);
    put(w, "</div>\n");
    vec_done(&pieces);
    buf_done(&all);
}

static void put_cards(writer *w, const block *b)
{
    put(w, "<dl class=\"cards\">\n");
    for (const block *c = b->first; c; c = c->next) {
        put(w, "<div");
        put_class(w, "card", c->tone);
        put(w, "><dt>");
        put_both(w, c->title);
        put(w, "</dt><dd>");
        put_runs(w, &c->text);
        put(w, "</dd></div>\n");
    }
    put(w, "</dl>\n");
}

static void put_blanks(writer *w, const block *b)
{
    put(w, "<div class=\"blanks\">\n");
    for (const block *item = b->first; item; item = item->next) {
        put(w, "<p><span>");
        put_runs(w, &item->text);
        put(w, "</span><i></i></p>\n");
    }
    put(w, "</div>\n");
}

static void put_section(writer *w, const block *b)
{
    unsigned level = b->level + 1;
    buf_printf(w->out, "<section class=\"level%u\"", b->level);
    put_id(w, b->id);
    buf_printf(w->out, ">\n<h%u>", level);
    if (b->number.en) {
        put(w, "<span class=\"number\">");
        put_both(w, b->number);
        put(w, "</span> ");
    }
    put_both(w, b->title);
    buf_printf(w->out, "</h%u>\n", level);
    put_blocks(w, b);
    put(w, "</section>\n");
}

static void put_blocks(writer *w, const block *in)
{
    for (const block *b = in->first; b; b = b->next)
        switch (b->kind) {
        case BLOCK_SECTION:
            put_section(w, b);
            break;
        case BLOCK_PARAGRAPH:
            put(w, "<p");
            if (b->tone)
                put_class(w, "", b->tone);
            buf_char(w->out, '>');
            put_runs(w, &b->text);
            put(w, "</p>\n");
            break;
        case BLOCK_LIST:
            put_list(w, b);
            break;
        case BLOCK_ITEM:
            put_item(w, b);
            break;
        case BLOCK_TABLE:
            put_table(w, b);
            break;
        case BLOCK_FIGURE:
            put(w, "<figure");
            put_id(w, b->id);
            put(w, "><div class=\"scroll\">");
            buf_span(w->out, b->svg);
            put(w, "</div><figcaption>");
            put_both(w, b->title);
            put(w, "</figcaption></figure>\n");
            break;
        case BLOCK_CARDS:
            put_cards(w, b);
            break;
        case BLOCK_BLANKS:
            put_blanks(w, b);
            break;
        case BLOCK_CARD:
            break;
        }
}

/* ---- The page around it ---- */

static span asset(const char *name)
{
    for (size_t i = 0; i < report_files_count; i++)
        if (strcmp(report_files[i].name, name) == 0)
            return report_files[i].bytes;
    return (span){ 0 };
}

static void put_base64(span bytes, buf *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t three = (uint32_t)bytes.at[i] << 16 | (left > 1 ? (uint32_t)bytes.at[i + 1] << 8 : 0) | (left > 2 ? bytes.at[i + 2] : 0);
        buf_char(out, digits[three >> 18]);
        buf_char(out, digits[three >> 12 & 63]);
        buf_char(out, left > 1 ? digits[three >> 6 & 63] : '=');
        buf_char(out, left > 2 ? digits[three & 63] : '=');
    }
}

static void put_hash(writer *w, span bytes)
{
    uint8_t hash[32];
    sha256_of(bytes, hash);
    put(w, "'sha256-");
    put_base64(span_of(hash, sizeof hash), w->out);
    buf_char(w->out, '\'');
}

static void put_head(writer *w, const doc *d)
{
    put(w, "<!doctype html>\n<html");
    put(w, w->first == LANG_ZH ? " lang=\"zh-CN\" data-lang=\"zh\"" : " lang=\"en\" data-lang=\"en\"");
    put(w, ">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src ");
    put_hash(w, asset("report.css"));
    put(w, "; script-src ");
    put_hash(w, asset("report.js"));
    put(w, "; base-uri 'none'; form-action 'none'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
           "<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    put_escaped(w, in_first(w, d->title));
    put(w, "</title>\n<style>");
    buf_span(w->out, asset("report.css"));
    put(w, "</style>\n</head>\n");
}

static void put_contents(writer *w, const doc *d)
{
    put(w, "<nav class=\"contents\" id=\"contents\"");
    put_attribute(w, "aria-label", label("report.contents"));
    put(w, ">\n<ol>\n");
    for (const block *b = d->root->first; b; b = b->next) {
        if (b->kind != BLOCK_SECTION || b->level != 1)
            continue;
        put(w, "<li><a href=\"#");
        put_escaped(w, b->id);
        put(w, "\">");
        if (b->number.en) {
            put(w, "<span class=\"number\">");
            put_both(w, b->number);
            put(w, "</span> ");
        }
        put_both(w, b->title);
        put(w, "</a>");
        bool open = false;
        for (const block *s = b->first; s; s = s->next) {
            if (s->kind != BLOCK_SECTION || s->level != 2 || !s->id)
                continue;
            put(w, open ? "<li><a href=\"#" : "\n<ol><li><a href=\"#");
            open = true;
            put_escaped(w, s->id);
            put(w, "\">");
            put_both(w, s->title);
            put(w, "</a></li>\n");
        }
        put(w, open ? "</ol></li>\n" : "</li>\n");
    }
    put(w, "</ol>\n</nav>\n");
}

/* `glyph` NULL: its words stand on it. */
static void put_button(writer *w, const char *attributes, both title, const char *glyph)
{
    buf_printf(w->out, "<button type=\"button\" %s", attributes);
    put_attribute(w, "title", title);
    put_attribute(w, "aria-label", title);
    buf_char(w->out, '>');
    if (glyph)
        put(w, glyph);
    else
        put_both(w, title);
    put(w, "</button>");
}

static void put_bar(writer *w)
{
    put(w, "<header class=\"bar\">");
    put_button(w, "class=\"menu\" aria-controls=\"contents\"", label("report.contents"), "☰");
    put(w, "<a class=\"brand\" href=\"#summary\">溯源 <b>Suyuan</b></a><input type=\"search\" id=\"search\" autocomplete=\"off\"");
    put_attribute(w, "placeholder", label("report.search"));
    put_attribute(w, "aria-label", label("report.search"));
    put(w, "><span class=\"switches\"><button type=\"button\" data-to=\"zh\" lang=\"zh-CN\">中文</button>"
           "<button type=\"button\" data-to=\"en\" lang=\"en-GB\">EN</button>");
    put_button(w, "class=\"theme\"", label("report.theme"), "◐");
    put_button(w, "class=\"print\"", label("report.print"), NULL);
    put(w, "</span></header>\n<div id=\"hits\" hidden></div>\n");
}

/* What the script writes itself, in both languages. */
static void put_script_words(writer *w)
{
    static const char *const words[] = { "copy", "copied", "nothing", "more" };
    put(w, "<template id=\"words\"");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char id[40];
        snprintf(id, sizeof id, "report.script-%s", words[i]);
        put_attribute(w, words[i], label(id));
    }
    put(w, "></template>\n");
}

static void put_title(writer *w, const doc *d)
{
    put(w, "<header class=\"title\"><p class=\"kicker\">");
    put_both(w, d->kicker);
    put(w, "</p>\n<h1>");
    put_both(w, d->title);
    put(w, "</h1>\n<p class=\"about\">");
    put_runs(w, &d->about);
    put(w, "</p></header>\n");
}

static void put_page(writer *w, const doc *d)
{
    put_head(w, d);
    put(w, "<body>\n");
    put_bar(w);
    put(w, "<div class=\"page\">\n");
    put_contents(w, d);
    put(w, "<main id=\"main\">\n");
    put_title(w, d);
    put_blocks(w, d->root);
    put(w, "</main>\n</div>\n");
    put_script_words(w);
    put(w, "<script>");
    buf_span(w->out, asset("report.js"));
    put(w, "</script>\n</body>\n</html>\n");
}

void doc_html(const doc *d, lang first, size_t most, buf *out)
{
    size_t before = out->len;
    for (unsigned shrink = 0; ; shrink++) {
        writer w = { out, first, shrink };
        out->len = before;
        put_page(&w, d);
        if (out->len - before <= most || shrink == SHRINKS || out->overflow)
            return;
    }
}
