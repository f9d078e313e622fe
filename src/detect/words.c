#include "detect/words.h"

#include <strings.h>

static uint8_t lower(uint8_t c) { return c >= 'A' && c <= 'Z' ? c | 32 : c; }

struct word_table { const char **words; uint32_t *ids; size_t mask; };

static size_t slot(const word_table *t, const char *text, size_t len)
{
    uint64_t h = 0xcbf29ce484222325;       /* FNV-1a: what is kept in a table comes from profiles, so it cannot be made to collide */
    for (size_t i = 0; i < len; i++)
        h = (h ^ lower((uint8_t)text[i])) * 0x100000001b3;
    size_t at = (size_t)(h ^ h >> 32) & t->mask;
    while (t->words[at] && (strncasecmp(t->words[at], text, len) != 0 || t->words[at][len] != 0))
        at = (at + 1) & t->mask;
    return at;
}

word_table *word_table_new(arena *mem, size_t most)
{
    word_table *t = arena_alloc(mem, sizeof *t);
    size_t size = 8;
    while (size < 2 * most + 1)
        size *= 2;
    t->words = arena_array(mem, size, sizeof *t->words);
    t->ids = arena_array(mem, size, sizeof *t->ids);
    t->mask = size - 1;
    return t;
}

void word_table_put(word_table *t, const char *word, uint32_t id)
{
    size_t at = slot(t, word, strlen(word));
    if (t->words[at])
        return;
    t->words[at] = word;
    t->ids[at] = id;
}

word_table *word_table_of(arena *mem, const profile_node *map, const char *key)
{
    const profile_node *list = profile_get(map, key);
    word_table *t = word_table_new(mem, list ? list->count + 1 : 1);
    uint32_t id = 0;
    if (list && list->text)
        word_table_put(t, list->text, id);
    for (const profile_node *n = list ? list->first : NULL; n; n = n->next)
        if (n->text)
            word_table_put(t, n->text, id++);
    return t;
}

bool word_table_find(const word_table *t, const char *text, size_t len, uint32_t *id)
{
    size_t at = slot(t, text, len);
    if (!t->words[at])
        return false;
    *id = t->ids[at];
    return true;
}

/* States are numbered in order of making, 0 the root; every step is in the table, so a text costs one look a byte. Bytes that
 * stand in no word share class 0. */
struct word_finder {
    uint8_t class[256];
    size_t classes;
    uint16_t *next;                      /* state * classes + class */
    uint16_t *out;                       /* one more than the word that ends in a state, 0: none */
    uint16_t *further;                   /* the state of a shorter word that ends here too, 0: none */
    size_t count;
};

word_finder *word_finder_new(arena *mem, const char *const *words, size_t count)
{
    word_finder *f = arena_alloc(mem, sizeof *f);
    size_t states = 1;
    f->classes = 1;
    f->count = count < WORDS_MOST ? count : WORDS_MOST;
    for (size_t i = 0; i < f->count; i++)
        for (const char *c = words[i]; *c; c++, states++) {
            uint8_t b = lower((uint8_t)*c);
            if (!f->class[b])
                f->class[b] = (uint8_t)f->classes++;
        }
    for (unsigned c = 'A'; c <= 'Z'; c++)
        f->class[c] = f->class[c | 32];
    if (states > UINT16_MAX)
        return NULL;
    f->next = arena_array(mem, states * f->classes, sizeof *f->next);
    f->out = arena_array(mem, states, sizeof *f->out);
    f->further = arena_array(mem, states, sizeof *f->further);
    uint16_t *fall = arena_array(mem, states, sizeof *fall), *queue = arena_array(mem, states, sizeof *queue);
    if (!f->next || !f->out || !f->further || !fall || !queue)
        return NULL;
    uint16_t made = 1;
    for (size_t i = 0; i < f->count; i++) {
        uint16_t at = 0;
        for (const char *c = words[i]; *c; c++) {
            uint16_t *to = &f->next[at * f->classes + f->class[(uint8_t)*c]];
            if (!*to)
                *to = made++;
            at = *to;
        }
        if (at && !f->out[at])
            f->out[at] = (uint16_t)(i + 1);
    }
    size_t first = 0, last = 0;
    for (size_t c = 1; c < f->classes; c++)
        if (f->next[c])
            queue[last++] = f->next[c];
    while (first < last) {
        uint16_t at = queue[first++];
        for (size_t c = 1; c < f->classes; c++) {
            uint16_t *to = &f->next[at * f->classes + c], behind = f->next[fall[at] * f->classes + c];
            if (!*to) {
                *to = behind;
                continue;
            }
            fall[*to] = behind;
            f->further[*to] = f->out[behind] ? behind : f->further[behind];
            queue[last++] = *to;
        }
    }
    return f;
}

void word_finder_scan(const word_finder *f, const char *text, size_t len, words_found *found)
{
    *found = (words_found){ 0 };
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        at = f->next[at * f->classes + f->class[(uint8_t)text[i]]];
        for (size_t s = f->out[at] ? at : f->further[at]; s; s = f->further[s]) {
            size_t word = f->out[s] - 1u;
            found->bits[word / 64] |= 1ull << (word % 64);
            found->any = true;
        }
    }
}

bool word_finder_first(const word_finder *f, const char *text, size_t len, size_t *which)
{
    words_found found;
    word_finder_scan(f, text, len, &found);
    for (size_t i = 0; found.any && i < WORDS_MOST / 64; i++)
        if (found.bits[i]) {
            *which = i * 64 + (size_t)__builtin_ctzll(found.bits[i]);
            return true;
        }
    return false;
}
