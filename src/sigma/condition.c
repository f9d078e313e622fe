/* Selections and the condition over them. */
#include "sigma/engine.h"

#include <stdarg.h>
#include <stdio.h>

void build_fail(builder *b, unsigned line, const char *format, ...)
{
    if (b->wrong)
        return;
    char words[256];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    b->wrong = true;
    b->line = line;
    b->reason = arena_str(b->all->mem, words);
}

static const node always = { NODE_TRUE, 0, NULL, 0 }, never = { NODE_FALSE, 0, NULL, 0 };

static node *new_node(builder *b, node_kind kind, size_t count)
{
    b->nodes += 1 + count;
    node *n = b->nodes <= RULE_NODES ? arena_alloc(b->all->mem, sizeof *n) : NULL;
    const node **of = n && count ? arena_array(b->all->mem, count, sizeof *of) : NULL;
    if (!n || (count && !of)) {
        build_fail(b, 0, "too large");
        return NULL;
    }
    n->kind = kind;
    n->of = of;
    return n;
}

const node *build_node(builder *b, node_kind kind, const node **of, size_t count)
{
    node_kind absorbs = kind == NODE_AND ? NODE_FALSE : NODE_TRUE, neutral = kind == NODE_AND ? NODE_TRUE : NODE_FALSE;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!of[i])
            return NULL;
        if (of[i]->kind == absorbs)
            return of[i];
        if (of[i]->kind != neutral)
            kept += of[i]->kind == kind ? of[i]->count : 1;
    }
    if (kept == 0)
        return kind == NODE_AND ? &always : &never;
    node *n = new_node(b, kind, kept);
    if (!n)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (of[i]->kind == kind)
            for (uint32_t k = 0; k < of[i]->count; k++)
                n->of[n->count++] = of[i]->of[k];
        else if (of[i]->kind != neutral)
            n->of[n->count++] = of[i];
    }
    return n->count == 1 ? n->of[0] : n;
}

const node *build_not(builder *b, const node *of)
{
    if (!of)
        return NULL;
    if (of->kind == NODE_TRUE || of->kind == NODE_FALSE)
        return of->kind == NODE_TRUE ? &never : &always;
    if (of->kind == NODE_NOT)
        return of->of[0];
    node *n = new_node(b, NODE_NOT, 1);
    if (n)
        n->of[n->count++] = of;
    return n;
}

/* Equal predicates are one. */
const node *build_pred(builder *b, const predicate *p)
{
    const uint32_t head[] = { p->kind, p->op, p->cased, p->field, p->other, p->bits, p->v6, p->g.open_start, p->g.open_end, p->g.count, p->re != NULL };
    buf key;
    buf_init(&key, 8 << 20);
    buf_put(&key, head, sizeof head);
    buf_put(&key, &p->number, sizeof p->number);
    buf_put(&key, p->net, sizeof p->net);
    for (uint32_t i = 0; i < p->g.count; i++) {
        buf_put(&key, &p->g.parts[i].len, sizeof p->g.parts[i].len);
        buf_put(&key, p->g.parts[i].at, p->g.parts[i].len);
    }
    bool was;
    uint64_t *at = map_put(&b->all->pred_index, buf_bytes(&key), &was);
    buf_done(&key);
    if (!was) {
        *at = b->all->preds.count;
        *(predicate *)vec_push(&b->all->preds) = *p;
    }
    uint32_t number = (uint32_t)*at;
    node *n = new_node(b, NODE_PRED, 0);
    if (n)
        n->pred = number;
    return n;
}

/* ---- selections ---- */

static const node *map_node(builder *b, const profile_node *map)
{
    vec of;
    vec_init(&of, sizeof(const node *));
    for (const profile_node *n = map->first; n && !b->wrong; n = n->next)
        *(const node **)vec_push(&of) = item_build(b, n);
    if (!map->count)
        build_fail(b, map->line, "an empty selection");
    const node *made = b->wrong ? NULL : build_node(b, NODE_AND, of.at, of.count);
    vec_done(&of);
    return made;
}

const node *selection_build(builder *b, const profile_node *selection)
{
    if (selection->kind == PROFILE_MAP)
        return map_node(b, selection);
    if (selection->kind == PROFILE_WORD)
        return keyword_build(b, selection, false);
    vec of;
    vec_init(&of, sizeof(const node *));
    if (!selection->count)
        build_fail(b, selection->line, "an empty selection");
    for (const profile_node *n = selection->first; n && !b->wrong; n = n->next)
        *(const node **)vec_push(&of) = n->kind == PROFILE_LIST ? selection_build(b, n) : n->kind == PROFILE_MAP ? map_node(b, n) : keyword_build(b, n, false);
    const node *made = b->wrong ? NULL : build_node(b, NODE_OR, of.at, of.count);
    vec_done(&of);
    return made;
}

/* ---- the condition ---- */

typedef struct { builder *b; const char *at; unsigned line, depth; } parser;

static void skip_blanks(parser *p)
{
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r')
        p->at++;
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '*' || c == '.' || (c & 0x80);
}

static span peek_word(parser *p)
{
    skip_blanks(p);
    size_t len = 0;
    while (is_name(p->at[len]))
        len++;
    return span_of(p->at, len);
}

static bool word_is(span word, const char *lower)
{
    if (word.len != strlen(lower))
        return false;
    for (size_t i = 0; i < word.len; i++)
        if ((word.at[i] | 32) != lower[i])
            return false;
    return true;
}

static bool take(parser *p, const char *lower)
{
    span word = peek_word(p);
    if (!word_is(word, lower))
        return false;
    p->at += word.len;
    return true;
}

static const node *selection_named(builder *b, const profile_node *n)
{
    for (size_t i = 0; i < b->named_count; i++)
        if (strcmp(b->named[i].name, n->key) == 0)
            return b->named[i].made;
    const node *made = selection_build(b, n);
    if (made && b->named_count < b->named_room) {
        b->named[b->named_count].name = n->key;
        b->named[b->named_count++].made = made;
    }
    return made;
}

static bool name_fits(span pattern, const char *name)
{
    size_t at = 0, len = strlen(name), star = SIZE_MAX, mark = 0, i = 0;
    while (i < len) {
        if (at < pattern.len && pattern.at[at] == '*') {
            star = at++;
            mark = i;
        } else if (at < pattern.len && pattern.at[at] == (uint8_t)name[i]) {
            at++;
            i++;
        } else if (star != SIZE_MAX) {
            at = star + 1;
            i = ++mark;
        } else {
            return false;
        }
    }
    while (at < pattern.len && pattern.at[at] == '*')
        at++;
    return at == pattern.len;
}

/* `1 of x*`, `all of them`, `2 of ...` is not in the specification. */
static const node *of_node(parser *p, bool all)
{
    span word = peek_word(p);
    p->at += word.len;
    vec of;
    vec_init(&of, sizeof(const node *));
    bool them = word_is(word, "them");
    for (const profile_node *n = p->b->detection->first; n && !p->b->wrong; n = n->next) {
        if (strcmp(n->key, "condition") == 0 || strcmp(n->key, "timeframe") == 0)
            continue;
        if (them ? n->key[0] != '_' : name_fits(word, n->key))
            *(const node **)vec_push(&of) = selection_named(p->b, n);
    }
    if (of.count == 0)
        build_fail(p->b, p->line, "no selection is called '%.*s'", (int)word.len, (const char *)word.at);
    const node *made = p->b->wrong ? NULL : build_node(p->b, all ? NODE_AND : NODE_OR, of.at, of.count);
    vec_done(&of);
    return made;
}

static const node *or_node(parser *p);

static const node *atom_node(parser *p)
{
    builder *b = p->b;
    skip_blanks(p);
    if (*p->at == '(') {
        p->at++;
        if (++p->depth > RULE_DEPTH) {
            build_fail(b, p->line, "the condition is nested too deeply");
            return NULL;
        }
        const node *in = or_node(p);
        p->depth--;
        skip_blanks(p);
        if (!b->wrong && *p->at != ')')
            build_fail(b, p->line, "condition: a closing parenthesis is missing");
        p->at++;
        return b->wrong ? NULL : in;
    }
    span word = peek_word(p);
    parser ahead = *p;
    ahead.at += word.len;
    if ((word_is(word, "1") || word_is(word, "any") || word_is(word, "all")) && take(&ahead, "of")) {
        p->at = ahead.at;
        return of_node(p, word_is(word, "all"));
    }
    if (word.len == 0 || memchr(word.at, '*', word.len)) {
        build_fail(b, p->line, "condition: a selection was expected at '%.20s'", p->at);
        return NULL;
    }
    const char *name = arena_text(b->all->mem, word);
    const profile_node *n = profile_get(b->detection, name);
    if (!n || strcmp(name, "condition") == 0) {
        build_fail(b, p->line, "condition: there is no selection '%s'", name);
        return NULL;
    }
    p->at += word.len;
    return selection_named(b, n);
}

static const node *not_node(parser *p)
{
    if (!take(p, "not"))
        return atom_node(p);
    if (++p->depth > RULE_DEPTH) {
        build_fail(p->b, p->line, "the condition is nested too deeply");
        return NULL;
    }
    const node *made = build_not(p->b, not_node(p));
    p->depth--;
    return made;
}

static const node *and_node(parser *p)
{
    vec of;
    vec_init(&of, sizeof(const node *));
    do
        *(const node **)vec_push(&of) = not_node(p);
    while (!p->b->wrong && take(p, "and"));
    const node *made = p->b->wrong ? NULL : build_node(p->b, NODE_AND, of.at, of.count);
    vec_done(&of);
    return made;
}

static const node *or_node(parser *p)
{
    vec of;
    vec_init(&of, sizeof(const node *));
    do
        *(const node **)vec_push(&of) = and_node(p);
    while (!p->b->wrong && take(p, "or"));
    const node *made = p->b->wrong ? NULL : build_node(p->b, NODE_OR, of.at, of.count);
    vec_done(&of);
    return made;
}

static const node *text_node(builder *b, const profile_node *condition)
{
    if (condition->kind != PROFILE_WORD) {
        build_fail(b, condition->line, "the condition is no text");
        return NULL;
    }
    parser p = { .b = b, .at = condition->text, .line = condition->line };
    if (strchr(condition->text, '|')) {
        build_fail(b, condition->line, "aggregations in a condition are no longer Sigma: a correlation rule is needed");
        return NULL;
    }
    const node *made = or_node(&p);
    skip_blanks(&p);
    if (!b->wrong && *p.at)
        build_fail(b, condition->line, "condition: nothing was expected at '%.20s'", p.at);
    return b->wrong ? NULL : made;
}

const node *condition_build(builder *b, const profile_node *condition)
{
    if (condition->kind != PROFILE_LIST)
        return text_node(b, condition);
    vec of;
    vec_init(&of, sizeof(const node *));
    for (const profile_node *n = condition->first; n && !b->wrong; n = n->next)
        *(const node **)vec_push(&of) = text_node(b, n);
    const node *made = b->wrong ? NULL : build_node(b, NODE_OR, of.at, of.count);
    vec_done(&of);
    return made;
}
