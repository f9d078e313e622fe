/* Every sentence a person reads: text id and arguments to words, in English and Chinese.
 *
 * Shapes    A catalogue entry is (id, en, zh), one TEXT(id, en, zh) in src/text/catalogue/<room or subject>.def; a new .def
 *           file is named by one line in catalogue/all.h. In the words of an entry
 *             {name}              stands for the argument, written by its kind (model/case.h);
 *             {name:how}          writes it as word, time, number, duration, percent or list, whatever kind it came as
 *                                 (facts of notes come as plain text); as looks (the words of that fact, with commas
 *                                 between), kind (of a finding) setting (what a check found or wants),
 *                                 basis (where a wanted value comes from) or sentence (the id of one without arguments); {name:s} is "s" unless the number is 1;
 *             {name?before}…{/}   is there only when the argument is given and not empty ("{source?from }{source}{/}");
 *             {name!before}…{/}   is there only when it is not. These nest.
 *           Both languages name the same arguments. An argument that is not given is written "?".
 *           In Chinese a blank of the catalogue beside an argument goes where both sides are full-width, and one is put
 *           between Chinese and the Latin letters or digits of an argument.
 *           Times are written in the given zone, "2020-05-11 12:05:10", the zone named once by the page.
 *           Percentages become the words of ICD 203 ("very likely") with the number rounded to 5 %.
 * Hostile   Arguments are evidence: put as they are; whoever writes the page escapes. */
#pragma once
#include "base/base.h"
#include "model/case.h"

typedef enum { LANG_EN, LANG_ZH } lang;
typedef struct { int minutes; const char *name; } text_zone;

bool        text_known(const char *id);
void        text_sentence(const sentence *s, lang l, text_zone zone, buf *out);       /* "" for no sentence; an unknown id is put in brackets */
void        text_fill(const char *words, const sentence *args, lang l, text_zone zone, buf *out);   /* words that are not in the catalogue, args->id unused */
const char *text_word(const char *word, lang l);          /* a single word or label of the catalogue ("word.rdp"); the word itself when unknown */
unsigned    text_rounded(unsigned percent);               /* to 5 %, and never below 5 nor above 95: no more is claimed */
const char *text_likelihood(unsigned percent, lang l);    /* the word of the rounded number, so that one number has one word */
void        text_setting(const char *value, lang l, buf *out);      /* what a check found or wants, in words where there are any */
void        text_basis(const char *source, lang l, buf *out);       /* where a wanted value comes from: titles as they are, the words around them in the language */
void        text_time(moment t, text_zone zone, buf *out);                            /* "" when unknown */
void        text_number(uint64_t n, buf *out);                                        /* "4,211" */
void        text_duration(uint64_t seconds, lang l, buf *out);                        /* the two largest units */
