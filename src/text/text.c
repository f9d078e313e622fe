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
const char *text_likelihood(unsigned percent, lang l)
{
    return text_word(percent >= 95 ? "likelihood.almost-certain" :
                     percent > 80  ? "likelihood.very-likely" :
                     percent > 55  ? "likelihood.likely" :
                     percent >= 45 ? "likelihood.even" :
                     percent >= 20 ? "likelihood.unlikely" :
                     percent >= 5  ? "likelihood.very-unlikely" : "likelihood.almost-no-chance", l);
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
    unsigned long rounded = (p + 2) / 5 * 5;
    rounded = rounded < 5 ? 5 : rounded > 95 ? 95 : rounded;
    char number[16];
    snprintf(number, sizeof number, "%lu", rounded);
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
    arg_kind as = a->kind;
    if (kind.len)
        kind_from(kind, &as);
    put_value(a->value, as, l, zone, out);
}

void text_fill(const char *words, const sentence *s, lang l, text_zone zone, buf *out)
{
    bool shown[NESTING + 1] = { true };
    unsigned depth = 0;
    const char *p = words;
    while (*p) {
        size_t plain = strcspn(p, "{");
        if (shown[depth])
            buf_put(out, p, plain);
        p += plain;
        if (!*p)
            return;
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
        if (mark == '?' || mark == '!') {
            bool open = shown[depth] && (find(s, name) != NULL) == (mark == '?');
            if (depth < NESTING)
                depth++;
            shown[depth] = open;
            if (open)
                buf_span(out, rest);
        } else if (shown[depth])
            put_argument(s, name, rest, l, zone, out);
    }
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
