/* Every sentence a person reads: text id and arguments to words, in English and Chinese.
 *
 * Shapes    A catalogue entry is (id, en, zh); "{name}" stands for an argument, "{name?with}…{/}" for a part that is there only
 *           when the argument is given. Entries live in src/text/catalogue/<room or subject>.def, one TEXT(id, en, zh) each.
 *           Times are written in the given zone, "2020-05-11 12:05:10", the zone named once by the page.
 *           Percentages become the words of ICD 203 ("very likely"), rounded to 5 %.
 * Hostile   Arguments are evidence: put as they are; whoever writes the page escapes. */
#pragma once
#include "base/base.h"
#include "model/case.h"

typedef enum { LANG_EN, LANG_ZH } lang;
typedef struct { int minutes; const char *name; } text_zone;

bool        text_known(const char *id);
void        text_sentence(const sentence *s, lang l, text_zone zone, buf *out);       /* "" for no sentence; an unknown id is put in brackets */
const char *text_word(const char *word, lang l);          /* a single word or label of the catalogue ("word.rdp"); the word itself when unknown */
const char *text_likelihood(unsigned percent, lang l);
void        text_time(moment t, text_zone zone, buf *out);
