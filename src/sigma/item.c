/* One item of a selection: a field, its modifiers, its values, to predicates.
 *
 * Source    Sigma specification 2.1.0, appendix "modifiers"; order and meaning as pySigma has them. */
#include "sigma/engine.h"

#include "base/fold.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

typedef enum { OP_EQUAL, OP_CONTAINS, OP_STARTS, OP_ENDS, OP_REGEX, OP_CIDR, OP_NUMBER, OP_EXISTS, OP_REF, OP_TIME } item_op;
typedef enum { WIDE_NOT, WIDE_LE, WIDE_BE, WIDE_BOM } wide_kind;

typedef struct {
    const char *field;
    item_op op;
    bool has_op, starts, ends, contains;
    bool all, cased, neq, windash, base64, base64offset, expand, re_i, re_m, re_s;
    wide_kind wide;
    number_op number;
    time_part time;
    unsigned line;
} item;

static const char *take_word(const char **at, arena *mem)
{
    const char *from = *at, *bar = strchr(from, '|');
    *at = bar ? bar + 1 : NULL;
    return arena_text(mem, bar ? span_of(from, (size_t)(bar - from)) : span_str(from));
}

static bool set_op(builder *b, item *it, item_op op, const char *word)
{
    if (it->has_op)
        build_fail(b, it->line, "modifier '%s' does not go with the one before it", word);
    it->has_op = true;
    it->op = op;
    return !b->wrong;
}

static void read_modifier(builder *b, item *it, const char *word)
{
    static const char *const numbers[] = { "lt", "lte", "gt", "gte" };
    static const char *const times[] = { "minute", "hour", "day", "week", "month", "year" };
    for (size_t i = 0; i < 4; i++)
        if (strcmp(word, numbers[i]) == 0) {
            it->number = (number_op)i;
            set_op(b, it, OP_NUMBER, word);
            return;
        }
    for (size_t i = 0; i < 6; i++)
        if (strcmp(word, times[i]) == 0) {
            it->time = (time_part)i;
            set_op(b, it, OP_TIME, word);
            return;
        }
    bool is_re = it->op == OP_REGEX && it->has_op;
    if (strcmp(word, "contains") == 0)
        it->contains = true;
    else if (strcmp(word, "startswith") == 0)
        it->starts = true;
    else if (strcmp(word, "endswith") == 0)
        it->ends = true;
    else if (strcmp(word, "all") == 0)
        it->all = true;
    else if (strcmp(word, "cased") == 0)
        it->cased = true;
    else if (strcmp(word, "neq") == 0)
        it->neq = true;
    else if (strcmp(word, "windash") == 0)
        it->windash = true;
    else if (strcmp(word, "base64") == 0)
        it->base64 = true;
    else if (strcmp(word, "base64offset") == 0)
        it->base64offset = true;
    else if (strcmp(word, "expand") == 0)
        it->expand = true;
    else if (strcmp(word, "wide") == 0 || strcmp(word, "utf16le") == 0)
        it->wide = WIDE_LE;
    else if (strcmp(word, "utf16be") == 0)
        it->wide = WIDE_BE;
    else if (strcmp(word, "utf16") == 0)
        it->wide = WIDE_BOM;
    else if (strcmp(word, "re") == 0)
        set_op(b, it, OP_REGEX, word);
    else if (strcmp(word, "cidr") == 0)
        set_op(b, it, OP_CIDR, word);
    else if (strcmp(word, "exists") == 0)
        set_op(b, it, OP_EXISTS, word);
    else if (strcmp(word, "fieldref") == 0)
        set_op(b, it, OP_REF, word);
    else if (is_re && (strcmp(word, "i") == 0 || strcmp(word, "ignorecase") == 0))
        it->re_i = true;
    else if (is_re && (strcmp(word, "m") == 0 || strcmp(word, "multiline") == 0))
        it->re_m = true;
    else if (is_re && (strcmp(word, "s") == 0 || strcmp(word, "dotall") == 0))
        it->re_s = true;
    else
        build_fail(b, it->line, "unknown modifier '%s'", word);
}

static void read_key(builder *b, item *it, const profile_node *node)
{
    arena *mem = b->all->mem;
    const char *rest = node->key;
    it->line = node->line;
    it->field = take_word(&rest, mem);
    while (rest && !b->wrong)
        read_modifier(b, it, take_word(&rest, mem));
    if (b->wrong)
        return;
    if (it->starts + it->ends + it->contains > 1)
        build_fail(b, it->line, "only one of contains, startswith and endswith may be told");
    bool is_text = it->op == OP_EQUAL;
    if (!is_text && it->op != OP_REGEX && it->op != OP_REF && (it->starts || it->ends || it->contains))
        build_fail(b, it->line, "contains, startswith and endswith are for texts");
    if (!is_text && (it->windash || it->base64 || it->base64offset || it->wide))
        build_fail(b, it->line, "windash and encodings are for texts");
    if (it->wide && !it->base64 && !it->base64offset)
        build_fail(b, it->line, "UTF-16 without base64 stands in no field of an event");
    if (it->base64 && it->base64offset)
        build_fail(b, it->line, "base64 and base64offset together");
}

/* ---- encodings ---- */

static span encode_wide(arena *mem, span text, wide_kind kind)
{
    uint8_t *out = arena_alloc(mem, 2 * text.len + 4);
    size_t n = 0;
    if (!out)
        return (span){ 0 };
    if (kind == WIDE_BOM) {
        out[n++] = 0xff;
        out[n++] = 0xfe;
    }
    for (size_t at = 0; at < text.len;) {
        uint32_t c = utf8_take(text, &at);
        uint16_t units[2];
        size_t count = 1;
        if (c == UTF8_INVALID)
            c = 0xfffd;
        units[0] = (uint16_t)c;
        if (c > 0xffff) {
            units[0] = (uint16_t)(0xd800 + ((c - 0x10000) >> 10));
            units[1] = (uint16_t)(0xdc00 + ((c - 0x10000) & 0x3ff));
            count = 2;
        }
        for (size_t i = 0; i < count; i++) {
            out[n++] = (uint8_t)(kind == WIDE_BE ? units[i] >> 8 : units[i]);
            out[n++] = (uint8_t)(kind == WIDE_BE ? units[i] : units[i] >> 8);
        }
    }
    return span_of(out, n);
}

/* Base64 of the bytes behind `shift` unknown ones, without the characters that those or what follows has a part in. */
static char *encode_base64(arena *mem, span bytes, unsigned shift, bool whole)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = bytes.len + shift, n = 0;
    char *out = arena_alloc(mem, (len + 2) / 3 * 4 + 1);
    if (!out)
        return NULL;
    for (size_t i = 0; i < len; i += 3) {
        uint32_t three = 0;
        for (size_t k = 0; k < 3; k++)
            three = three << 8 | (i + k >= shift && i + k < len ? bytes.at[i + k - shift] : 0);
        for (unsigned k = 0; k < 4; k++)
            out[n++] = digits[three >> (18 - 6 * k) & 63];
    }
    if (whole) {
        for (size_t pad = (3 - len % 3) % 3; pad; pad--)
            out[n - pad] = '=';
        return out;
    }
    static const unsigned from[3] = { 0, 2, 3 }, cut[3] = { 0, 3, 2 };
    n -= cut[len % 3];
    if (n < from[shift])
        return NULL;
    out[n] = '\0';
    return out + from[shift];
}

/* ---- values ---- */

static const node *glob_node(builder *b, const item *it, const char *text, bool cased, bool literal)
{
    arena *mem = b->all->mem;
    predicate p = { .kind = PRED_GLOB, .cased = cased };
    if (literal) {
        buf escaped;                                     /* what was encoded has no wildcards */
        buf_init(&escaped, 1 << 20);
        for (const char *c = text; *c; c++) {
            if (*c == '*' || *c == '?' || *c == '\\')
                buf_char(&escaped, '\\');
            buf_char(&escaped, *c);
        }
        text = arena_str(mem, buf_text(&escaped));
        buf_done(&escaped);
    }
    if (!text || !glob_read(mem, text, cased, it->windash, &p.g)) {
        build_fail(b, it->line, "too large");
        return NULL;
    }
    glob_open(mem, &p.g, it->contains || it->ends, it->contains || it->starts);
    if (!*it->field)
        glob_open(mem, &p.g, true, true);
    p.kind = *it->field ? PRED_GLOB : PRED_KEYWORD;
    p.field = *it->field ? build_field(b, it->field) : UINT32_MAX;
    return build_pred(b, &p);
}

static const node *encoded(builder *b, const item *it, const char *text)
{
    arena *mem = b->all->mem;
    const char *plain = glob_plain(mem, text);
    if (!plain) {
        build_fail(b, it->line, "a value that is encoded may have no wildcards");
        return NULL;
    }
    span bytes = span_str(plain);
    if (it->wide)
        bytes = encode_wide(mem, bytes, it->wide);
    if (it->base64)
        return glob_node(b, it, encode_base64(mem, bytes, 0, true), true, true);
    const node *of[3];
    size_t count = 0;
    for (unsigned shift = 0; shift < 3 && !b->wrong; shift++) {
        const char *part = encode_base64(mem, bytes, shift, false);
        if (part && *part)
            of[count++] = glob_node(b, it, part, true, true);
    }
    return b->wrong ? NULL : build_node(b, NODE_OR, of, count);
}

static bool read_number(const char *text, double *out)
{
    char *end;
    if (!*text || text[strspn(text, "0123456789abcdefxABCDEFX.+-")])
        return false;
    *out = strtod(text, &end);
    return end != text && *end == '\0';
}

static const node *cidr_node(builder *b, const item *it, const char *text)
{
    predicate p = { .kind = PRED_CIDR, .field = build_field(b, it->field) };
    char address[64];
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    unsigned long bits = 0;
    if (len < sizeof address) {
        memcpy(address, text, len);
        address[len] = '\0';
        p.v6 = strchr(address, ':') != NULL;
        bits = p.v6 ? 128 : 32;
        char *end = NULL;
        unsigned long told = slash ? strtoul(slash + 1, &end, 10) : bits;
        if (inet_pton(p.v6 ? AF_INET6 : AF_INET, address, p.net) == 1 && (!slash || (end != slash + 1 && *end == '\0')) && told <= bits) {
            p.bits = (unsigned)told;
            return build_pred(b, &p);
        }
    }
    build_fail(b, it->line, "'%s' is no network", text);
    return NULL;
}

static const node *regex_node(builder *b, const item *it, const char *text)
{
    arena *mem = b->all->mem;
    predicate p = { .kind = *it->field ? PRED_REGEX : PRED_KEYWORD, .field = *it->field ? build_field(b, it->field) : UINT32_MAX };
    if (it->starts || it->ends)
        text = arena_printf(mem, it->starts ? "\\A(?:%s)" : "(?:%s)\\z", text);
    status s = regex_new(mem, text, (it->re_i ? REGEX_CASELESS : 0u) | (it->re_m ? REGEX_MULTILINE : 0u) | (it->re_s ? REGEX_DOTALL : 0u), &p.re);
    if (!status_is_ok(s)) {
        build_fail(b, it->line, "regular expression: %s", s.words);
        return NULL;
    }
    p.need = regex_need(mem, text);
    /* two are the same when text and flags are */
    p.g.parts = arena_alloc(mem, sizeof(glob_part));
    const char *key = arena_printf(mem, "%d%d%d%s", it->re_i, it->re_m, it->re_s, text);
    if (p.g.parts && key)
        p.g.parts[0] = (glob_part){ (const uint8_t *)key, (uint32_t)strlen(key), true };
    p.g.count = 1;
    return build_pred(b, &p);
}

static const node *word_node(builder *b, const item *it, const char *text)
{
    predicate p = { .field = UINT32_MAX };
    switch (it->op) {
    case OP_EQUAL:
        return it->base64 || it->base64offset ? encoded(b, it, text) : glob_node(b, it, text, it->cased, false);
    case OP_REGEX:
        return regex_node(b, it, text);
    case OP_CIDR:
        return cidr_node(b, it, text);
    case OP_NUMBER:
    case OP_TIME:
        p = (predicate){ .kind = it->op == OP_NUMBER ? PRED_NUMBER : PRED_TIME, .op = it->op == OP_NUMBER ? (uint8_t)it->number : (uint8_t)it->time };
        p.field = build_field(b, it->field);
        if (!read_number(text, &p.number)) {
            build_fail(b, it->line, "'%s' is no number", text);
            return NULL;
        }
        return build_pred(b, &p);
    case OP_REF:
        p = (predicate){ .kind = PRED_REF, .cased = it->cased, .field = build_field(b, it->field), .other = build_field(b, text),
                         .op = it->starts ? REF_STARTS : it->ends ? REF_ENDS : it->contains ? REF_CONTAINS : REF_EQUAL };
        return build_pred(b, &p);
    case OP_EXISTS:
        p = (predicate){ .kind = PRED_PRESENT, .field = build_field(b, it->field) };
        if (strcmp(text, "true") == 0 || strcmp(text, "yes") == 0)
            return build_pred(b, &p);
        if (strcmp(text, "false") == 0 || strcmp(text, "no") == 0)
            return build_not(b, build_pred(b, &p));
        build_fail(b, it->line, "exists is true or false, not '%s'", text);
        return NULL;
    default:
        return NULL;
    }
}

/* The values that a placeholder stands for; the text itself when it has none. */
static const node *expanded(builder *b, const item *it, const char *text)
{
    arena *mem = b->all->mem;
    const char *from = strchr(text, '%'), *to = from ? strchr(from + 1, '%') : NULL;
    if (!it->expand || !to)
        return word_node(b, it, text);
    const char *name = arena_text(mem, span_of(from + 1, (size_t)(to - from - 1)));
    const profile_node *values = profile_get(b->all->values, name);
    if (!values) {
        build_fail(b, it->line, "no values are given for the placeholder %%%s%%", name);
        return NULL;
    }
    vec of;
    vec_init(&of, sizeof(const node *));
    const profile_node *first = values->kind == PROFILE_WORD ? values : values->first;
    for (const profile_node *v = first; v && !b->wrong; v = values->kind == PROFILE_WORD ? NULL : v->next) {
        if (v->kind != PROFILE_WORD) {
            build_fail(b, it->line, "the values of %%%s%% are no words", name);
            break;
        }
        const char *whole = arena_printf(mem, "%.*s%s%s", (int)(from - text), text, v->text, to + 1);
        const node *made = strlen(whole) > strlen(text) + 4096 ? NULL : expanded(b, it, whole);
        if (made)
            *(const node **)vec_push(&of) = made;
    }
    const node *all = b->wrong ? NULL : build_node(b, NODE_OR, of.at, of.count);
    vec_done(&of);
    return all;
}

static bool is_null(const profile_node *v)
{
    return v->kind == PROFILE_WORD && !v->quoted && (!*v->text || strcmp(v->text, "~") == 0 || strcmp(v->text, "null") == 0 || strcmp(v->text, "Null") == 0 || strcmp(v->text, "NULL") == 0);
}

static const node *value_node(builder *b, const item *it, const profile_node *v)
{
    if (v->kind != PROFILE_WORD) {
        build_fail(b, v->line, "a word was expected");
        return NULL;
    }
    if (is_null(v)) {
        if (it->has_op || it->starts || it->ends || it->contains || !*it->field) {
            build_fail(b, v->line, "null goes with no modifier");
            return NULL;
        }
        return build_pred(b, &(predicate){ .kind = PRED_ABSENT, .field = build_field(b, it->field) });
    }
    return expanded(b, it, v->text);
}

static const node *values_node(builder *b, const item *it, const profile_node *values)
{
    if (values->kind == PROFILE_MAP) {
        build_fail(b, values->line, "values were expected, not keys");
        return NULL;
    }
    const node *made;
    if (values->kind == PROFILE_WORD) {
        if (it->all) {
            build_fail(b, it->line, "'all' asks for a list");
            return NULL;
        }
        made = value_node(b, it, values);
    } else {
        vec of;
        vec_init(&of, sizeof(const node *));
        if (it->all && values->count < 2)
            build_fail(b, it->line, "'all' asks for more than one value");
        if (!values->count)
            build_fail(b, it->line, "an empty list");
        for (const profile_node *v = values->first; v && !b->wrong; v = v->next)
            *(const node **)vec_push(&of) = value_node(b, it, v);
        made = b->wrong ? NULL : build_node(b, it->all ? NODE_AND : NODE_OR, of.at, of.count);
        vec_done(&of);
    }
    if (b->wrong || !it->neq)
        return made;
    const node *both[2] = { build_pred(b, &(predicate){ .kind = PRED_PRESENT, .field = build_field(b, it->field) }), build_not(b, made) };
    return build_node(b, NODE_AND, both, 2);
}

const node *item_build(builder *b, const profile_node *of)
{
    item it = { 0 };
    read_key(b, &it, of);
    if (!b->wrong && !*it.field && (it.op == OP_CIDR || it.op == OP_NUMBER || it.op == OP_REF || it.op == OP_TIME || it.op == OP_EXISTS || it.neq))
        build_fail(b, it.line, "this modifier asks for a field");
    return b->wrong ? NULL : values_node(b, &it, of);
}

const node *keyword_build(builder *b, const profile_node *value, bool all)
{
    item it = { .field = "", .line = value->line, .all = all };
    return values_node(b, &it, value);
}
