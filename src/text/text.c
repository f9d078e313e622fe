#include "text/text.h"

#include "text/catalogue.h"

#include <stdio.h>
#include <stdlib.h>

#define NESTING 8       /* of conditional parts */

static const char *words_of(const text_entry *e, lang l)
{
    return l == LANG_ZH ? e->zh : e->en;
}

bool text_known(const char *id)
{
    return catalogue_find(id) != NULL;
}

const char *text_word(const char *word, lang l)
{
    char id[96];
    if (!word)
        return "";
    size_t len = strlen(word);
    if (len >= sizeof id - sizeof "word.")
        return word;
    memcpy(id, "word.", 5);
    memcpy(id + 5, word, len + 1);
    const text_entry *e = catalogue_find(id);
    return e ? words_of(e, l) : word;
}

/* ICD 203, page 3. Its bands share their ends: 5, 20 and 95 belong to the upper one, 45, 55 and 80 to the one nearer even. */
unsigned text_rounded(unsigned percent)
{
    unsigned rounded = (percent + 2) / 5 * 5;
    return rounded < 5 ? 5 : rounded > 95 ? 95 : rounded;
}

const char *text_likelihood(unsigned percent, lang l)
{
    unsigned shown = text_rounded(percent);
    return text_word(shown >= 95 ? "likelihood.almost-certain" :
                     shown > 80  ? "likelihood.very-likely" :
                     shown > 55  ? "likelihood.likely" :
                     shown >= 45 ? "likelihood.even" :
                     shown > 20  ? "likelihood.unlikely" :
                     shown > 5   ? "likelihood.very-unlikely" : "likelihood.almost-no-chance", l);
}

void text_time(moment t, text_zone zone, buf *out)
{
    if (!moment_known(t))
        return;
    int64_t shift = (int64_t)zone.minutes * (int64_t)MOMENT_MINUTE;
    if (shift < 0 && t < (moment)-shift)
        shift = 0;
    moment_parts p = moment_to_parts(t + (moment)shift);
    buf_printf(out, "%04d-%02d-%02d %02d:%02d:%02d", p.year, p.month, p.day, p.hour, p.minute, p.second);
}

void text_number(uint64_t n, buf *out)
{
    char digits[32];
    size_t at = sizeof digits;
    unsigned put = 0;
    do {
        if (put && put % 3 == 0)
            digits[--at] = ',';
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
        put++;
    } while (n);
    buf_put(out, digits + at, sizeof digits - at);
}

void text_duration(uint64_t seconds, lang l, buf *out)
{
    static const struct { uint64_t length; const char *word; } units[] = {
        { 86400, "unit.day" }, { 3600, "unit.hour" }, { 60, "unit.minute" }, { 1, "unit.second" },
    };
    size_t count = sizeof units / sizeof *units, first = 0;
    while (first + 1 < count && seconds < units[first].length)
        first++;
    for (size_t i = first; i < count && i < first + 2; i++) {
        uint64_t n = seconds / units[i].length;
        seconds %= units[i].length;
        if (i > first && n == 0)
            break;
        if (i > first)
            buf_char(out, ' ');
        text_number(n, out);
        buf_char(out, ' ');
        buf_str(out, text_word(units[i].word, l));
    }
}

static void put_percent(const char *value, lang l, buf *out)
{
    unsigned long p = strtoul(value, NULL, 10);
    if (p > 100)
        p = 100;
    char number[16];
    snprintf(number, sizeof number, "%u", text_rounded((unsigned)p));
    arg args[] = { { "words", ARG_TEXT, text_likelihood((unsigned)p, l) }, { "percent", ARG_TEXT, number } };
    sentence s = { "text.percent", args, 2 };
    text_sentence(&s, l, (text_zone){ 0, "UTC" }, out);
}

static bool is_number(const char *value)
{
    return *value && strlen(value) < 19 && value[strspn(value, "0123456789")] == 0;
}

static void put_list(const char *value, lang l, buf *out)
{
    size_t items = 1, n = 0;
    for (const char *p = value; *p; p++)
        items += *p == '\n';
    for (const char *p = value; ; n++) {
        size_t len = strcspn(p, "\n");
        if (n > 0)
            buf_str(out, l == LANG_ZH ? (n + 1 == items ? "和" : "、") : (n + 1 == items ? " and " : ", "));
        buf_put(out, p, len);
        if (!p[len])
            return;
        p += len + 1;
    }
}

static void put_value(const char *value, arg_kind kind, lang l, text_zone zone, buf *out)
{
    moment t;
    switch (kind) {
    case ARG_NUMBER:
        if (is_number(value))
            text_number(strtoull(value, NULL, 10), out);
        else
            buf_str(out, value);
        return;
    case ARG_TIME:
        if (moment_parse(span_str(value), &t))
            text_time(t, zone, out);
        else
            buf_str(out, value);
        return;
    case ARG_DURATION:
        if (is_number(value))
            text_duration(strtoull(value, NULL, 10), l, out);
        else
            buf_str(out, value);
        return;
    case ARG_PERCENT:
        put_percent(value, l, out);
        return;
    case ARG_WORD:
        buf_str(out, text_word(value, l));
        return;
    case ARG_LIST:
        put_list(value, l, out);
        return;
    case ARG_TEXT:
    case ARG_HOST:
        break;
    }
    buf_str(out, value);
}

/* "random-name,temp-path": words of the fact `looks`, each by its own entry. */
static void put_looks(const char *value, lang l, buf *out)
{
    const char *comma = l == LANG_ZH ? "、" : ", ";
    for (const char *p = value; *p; ) {
        char id[96];
        size_t len = strcspn(p, ",\n");
        snprintf(id, sizeof id, "look.%.*s", (int)(len < 80 ? len : 80), p);
        const char *words = text_word(id, l);
        if (p != value)
            buf_str(out, comma);
        buf_str(out, words == id ? id + strlen("look.") : words);
        p += len;
        p += strspn(p, ",\n ");
    }
}

static void put_kind(const char *value, lang l, buf *out)
{
    char id[96];
    snprintf(id, sizeof id, "kind.%.80s", value);
    const char *words = text_word(id, l);
    buf_str(out, words == id ? value : words);
}

static const char *setting_word(const char *prefix, span value, lang l)
{
    char id[96];
    if (value.len > 80)
        return NULL;
    snprintf(id, sizeof id, "%s%.*s", prefix, (int)value.len, (const char *)value.at);
    const char *words = text_word(id, l);
    return words == id ? NULL : words;
}

/* "installed", "lockout.threshold: 0", "60 d". */
void text_setting(const char *value, lang l, buf *out)
{
    const char *words = setting_word("wanted.", span_str(value), l), *colon = strstr(value, ": ");
    const char *name = colon ? setting_word("setting.", span_of(value, (size_t)(colon - value)), l) : NULL;
    size_t len = strlen(value);
    if (words) {
        buf_str(out, words);
    } else if (name) {
        const char *what = setting_word("wanted.", span_str(strcmp(colon + 2, "-") == 0 ? "absent" : colon + 2), l);
        buf_str(out, name);
        buf_str(out, l == LANG_ZH ? "：" : ": ");
        buf_str(out, what ? what : colon + 2);
    } else if (len > 2 && strcmp(value + len - 2, " d") == 0 && value[len - 3] >= '0' && value[len - 3] <= '9') {
        buf_put(out, value, len - 1);
        buf_str(out, text_word("unit.day", l));
    } else {
        buf_str(out, value);
    }
}

/* Titles of documents stay as they are; of the words around them each that the catalogue knows is put in the reader's language. */
void text_basis(const char *source, lang l, buf *out)
{
    enum { PHRASES = 32 };
    for (const char *at = source; *at;) {
        const text_entry *e = NULL;
        char id[32];
        for (int i = 1; l == LANG_ZH && !e && i <= PHRASES; i++) {
            snprintf(id, sizeof id, "basis.%d", i);
            const text_entry *one = catalogue_find(id);
            e = one && strncmp(at, one->en, strlen(one->en)) == 0 ? one : NULL;
        }
        if (e)
            buf_str(out, words_of(e, l));
        else
            buf_char(out, *at);
        at += e ? strlen(e->en) : 1;
    }
}

static const arg *find(const sentence *s, span name)
{
    for (size_t i = 0; i < s->arg_count; i++)
        if (span_is(name, s->args[i].name))
            return s->args[i].value && *s->args[i].value ? &s->args[i] : NULL;
    return NULL;
}

static bool kind_from(span word, arg_kind *out)
{
    static const struct { const char *word; arg_kind kind; } kinds[] = {
        { "word", ARG_WORD }, { "time", ARG_TIME }, { "number", ARG_NUMBER },
        { "duration", ARG_DURATION }, { "percent", ARG_PERCENT }, { "list", ARG_LIST },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (span_is(word, kinds[i].word)) {
            *out = kinds[i].kind;
            return true;
        }
    return false;
}

static void put_argument(const sentence *s, span name, span kind, lang l, text_zone zone, buf *out)
{
    const arg *a = find(s, name);
    if (span_is(kind, "s")) {
        if (!a || strcmp(a->value, "1") != 0)
            buf_char(out, 's');
        return;
    }
    if (!a) {
        buf_char(out, '?');
        return;
    }
    if (span_is(kind, "looks")) {
        put_looks(a->value, l, out);
        return;
    }
    if (span_is(kind, "kind")) {
        put_kind(a->value, l, out);
        return;
    }
    if (span_is(kind, "basis")) {
        text_basis(a->value, l, out);
        return;
    }
    if (span_is(kind, "sentence")) {
        const text_entry *e = catalogue_find(a->value);
        buf_str(out, e ? words_of(e, l) : a->value);
        return;
    }
    if (span_is(kind, "setting")) {
        text_setting(a->value, l, out);
        return;
    }
    arg_kind as = a->kind;
    if (kind.len)
        kind_from(kind, &as);
    put_value(a->value, as, l, zone, out);
}

/* ---- Chinese is set without blanks, but for those between it and Latin letters and digits ---- */

/* Of the text that is being filled in: what the catalogue says, and what an argument brought. */
typedef struct { size_t from, to; bool given; } piece;

static bool is_full_width(uint32_t c)
{
    return c >= 0x2e80 && c != UTF8_INVALID;
}

static bool is_full_mark(uint32_t c)
{
    return (c >= 0x3000 && c <= 0x303f) || (c >= 0xff00 && c <= 0xff60);
}

static bool is_latin(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '\\' || c == '%' || c == '/' || c == '$' || c == '.' || c == '-';
}

/* The first or last character of a text, 0 when it is empty. */
static uint32_t first_of(span text)
{
    size_t at = 0;
    return text.len ? utf8_take(text, &at) : 0;
}

static uint32_t last_of(span text)
{
    size_t at = text.len;
    while (at > 0 && text.len - at < 4 && (text.at[--at] & 0xc0) == 0x80)
        ;
    return text.len ? utf8_take(text, &at) : 0;
}

static bool needs_no_blank(uint32_t before, uint32_t behind)
{
    return (is_full_width(before) && is_full_width(behind)) || is_full_mark(before) || is_full_mark(behind);
}

static bool needs_blank(uint32_t before, uint32_t behind)
{
    return (is_full_width(before) && !is_full_mark(before) && is_latin(behind)) || (is_latin(before) && is_full_width(behind) && !is_full_mark(behind));
}

/* A catalogue cannot know whether what is put into a gap is Chinese. Only its own blanks beside a gap go: arguments are evidence. */
static void set_blanks(buf *out, size_t start, const vec *pieces)
{
    buf all;
    buf_init(&all, SIZE_MAX);
    buf_put(&all, out->at + start, out->len - start);
    out->len = start;
    for (size_t i = 0; i < pieces->count; i++) {
        const piece *p = vec_at(pieces, i);
        span text = span_part(buf_bytes(&all), p->from - start, p->to - p->from), next = { 0 };
        if (i + 1 < pieces->count) {
            const piece *behind = vec_at(pieces, i + 1);
            next = span_part(buf_bytes(&all), behind->from - start, behind->to - behind->from);
        }
        uint32_t before = last_of(span_part(buf_bytes(out), start, SIZE_MAX));
        if (!p->given && text.len && text.at[0] == ' ' && needs_no_blank(before, text.len > 1 ? first_of(span_part(text, 1, SIZE_MAX)) : first_of(next)))
            text = span_part(text, 1, SIZE_MAX);
        if (!p->given && text.len > 1 && text.at[text.len - 1] == ' ' && next.len && needs_no_blank(last_of(span_part(text, 0, text.len - 1)), first_of(next)))
            text = span_part(text, 0, text.len - 1);
        if (before && needs_blank(before, first_of(text)))
            buf_char(out, ' ');
        buf_span(out, text);
    }
    buf_done(&all);
}

static void add_piece(vec *pieces, size_t from, const buf *out, bool given)
{
    if (out->len > from)
        *(piece *)vec_push(pieces) = (piece){ from, out->len, given };
}

void text_fill(const char *words, const sentence *s, lang l, text_zone zone, buf *out)
{
    bool shown[NESTING + 1] = { true };
    unsigned depth = 0;
    size_t start = out->len;
    const char *p = words;
    vec pieces;
    vec_init(&pieces, sizeof(piece));
    while (*p) {
        size_t plain = strcspn(p, "{"), from = out->len;
        if (shown[depth])
            buf_put(out, p, plain);
        add_piece(&pieces, from, out, false);
        p += plain;
        if (!*p)
            break;
        size_t len = strcspn(++p, "}");
        span inside = span_of(p, len);
        p += len + (p[len] == '}');
        if (span_is(inside, "/")) {
            depth -= depth > 0;
            continue;
        }
        size_t name_len = 0;
        while (name_len < inside.len && !strchr("?!:", inside.at[name_len]))
            name_len++;
        span name = span_part(inside, 0, name_len), rest = span_part(inside, name_len + 1, SIZE_MAX);
        char mark = name_len < inside.len ? (char)inside.at[name_len] : 0;
        from = out->len;
        if (mark == '?' || mark == '!') {
            bool open = shown[depth] && (find(s, name) != NULL) == (mark == '?');
            if (depth < NESTING)
                depth++;
            shown[depth] = open;
            if (open)
                buf_span(out, rest);
            add_piece(&pieces, from, out, false);
        } else if (shown[depth]) {
            put_argument(s, name, rest, l, zone, out);
            add_piece(&pieces, from, out, true);
        }
    }
    if (l == LANG_ZH && pieces.count > 1 && !out->overflow)
        set_blanks(out, start, &pieces);
    vec_done(&pieces);
}

void text_sentence(const sentence *s, lang l, text_zone zone, buf *out)
{
    if (!s || !s->id)
        return;
    const text_entry *e = catalogue_find(s->id);
    if (e) {
        text_fill(words_of(e, l), s, l, zone, out);
        return;
    }
    buf_printf(out, "[%s", s->id);
    for (size_t i = 0; i < s->arg_count; i++)
        buf_printf(out, "%s %s=%s", i ? "," : ":", s->args[i].name, s->args[i].value ? s->args[i].value : "");
    buf_char(out, ']');
}
