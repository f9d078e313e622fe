/* Lists of words from profiles, made ready for evidence: whole words by a table, words inside a text in one pass over it. ASCII
 * letters in any case.
 *
 * Owns      Everything lives in the arena given; the words must live as long (profiles do). Read-only once made, so threads
 *           share them.
 * Hostile   Texts are evidence: a look-up costs their length, whatever they hold. */
#pragma once
#include "profile/profile.h"

/* Whole words. Of equal words the first one counts. */
typedef struct word_table word_table;
word_table *word_table_new(arena *mem, size_t most);
void        word_table_put(word_table *t, const char *word, uint32_t id);
word_table *word_table_of(arena *mem, const profile_node *map, const char *key);   /* of a list there; ids count from 0 */
bool        word_table_find(const word_table *t, const char *text, size_t len, uint32_t *id);
static inline bool word_table_has(const word_table *t, const char *text) { uint32_t id; return text && word_table_find(t, text, strlen(text), &id); }

/* Words inside a text: Aho and Corasick's machine. */
#define WORDS_MOST 1024u
typedef struct { uint64_t bits[WORDS_MOST / 64]; bool any; } words_found;
typedef struct word_finder word_finder;
word_finder *word_finder_new(arena *mem, const char *const *words, size_t count);      /* at most WORDS_MOST words, none empty */
void         word_finder_scan(const word_finder *f, const char *text, size_t len, words_found *found);   /* sets all of `found` */
bool         word_finder_first(const word_finder *f, const char *text, size_t len, size_t *which);       /* the lowest of those inside */
static inline bool words_found_has(const words_found *w, size_t which) { return w->bits[which / 64] >> (which % 64) & 1; }
