/* The document: what a report says, apart from how it looks. Chapters build it, a writer (doc_html.h) puts it on paper.
 *
 * Shapes    A tree of blocks. Text is runs; every run has its words in both languages, or in none when it is evidence
 *           (both.zh NULL: the same in both). A row and an item have a rank: when a table or list has a limit, what ranks
 *           lowest is left out, and how many were is said; what stays keeps its order.
 * Owns      All of it lives in the arena of doc_new, and so must every text that is put into it. */
#pragma once
#include "base/base.h"

typedef struct { const char *en, *zh; } both;

typedef enum {
    RUN_WORDS, RUN_STRONG, RUN_SMALL,
    RUN_CODE,           /* evidence as it stands: a path, a command */
    RUN_BADGE,          /* a word with a tone: "critical" */
    RUN_LINK,           /* to the block, row or item of the name `target` */
    RUN_REFERENCE,      /* a link to evidence; `note` says where in it */
    RUN_TIME,           /* words: in the zone; `note`: UTC */
    RUN_LINE,           /* a line of its own begins */
    RUN_FULL,           /* what was shortened before, whole, for whoever asks; tone "code" when it is evidence */
} run_kind;

typedef struct run run;
struct run { run_kind kind; both words; const char *tone, *target, *note; run *next; };
typedef struct { arena *mem; run *first, *last; } runs;

typedef struct row row;
struct row { const char *id; unsigned rank; runs *cells; size_t host; const char *severity, *kind; unsigned episode; bool folded; row *next; };   /* host SIZE_MAX: of none; folded: shown when asked for */
typedef struct { both title; const char *tone; } column;                       /* tone: "time", "code", "wide", "number" */
typedef struct choice { const char *value; both words; struct choice *next; } choice;   /* of a filter */
typedef struct {
    both caption;
    column columns[12]; size_t column_count;
    row *first, *last; size_t row_count;
    bool filtered;                          /* rows can be searched, and chosen by host, severity and kind */
    choice *hosts, *kinds;
    both folded;                            /* what stands over the rows that are folded: "240 more: ..." */
} table;

typedef enum { BLOCK_SECTION, BLOCK_PARAGRAPH, BLOCK_LIST, BLOCK_ITEM, BLOCK_TABLE, BLOCK_FIGURE, BLOCK_CARDS, BLOCK_CARD, BLOCK_BLANKS } block_kind;
typedef struct block block;
struct block {
    block_kind kind;
    const char *id, *tone;
    both title;                             /* of a section, figure, card; a label to be filled in */
    both number;                            /* of a section: "第二章", "2.1"; none when number.en is NULL */
    unsigned level;                         /* of a section: 1 chapter, 2, 3 */
    unsigned rank;
    bool ordered;                           /* a list with numbers */
    runs text;
    table *table;
    span svg;
    size_t limit;                           /* bytes that a table or list may take when written; 0: none */
    block *first, *last, *next;
};

typedef struct { arena *mem; block *root; both title, kicker; runs about; unsigned chapters, sections; } doc;      /* about: the lines below the title */

doc   *doc_new(arena *mem);
/* Chapters bring their number; a section of level 2 is given DOC_NUMBERED, or none: what is left out then leaves no hole. */
#define DOC_NUMBERED ((both){ "", NULL })
block *doc_section(block *in, doc *d, unsigned level, const char *id, both number, both title);
runs  *doc_paragraph(block *in, doc *d, const char *tone);                     /* tone: NULL, "lead", "note" */
block *doc_list(block *in, doc *d, bool ordered, const char *tone, size_t limit);
block *doc_item(block *list, doc *d, unsigned rank);
table *doc_table(block *in, doc *d, const char *id, both caption, const char *tone, size_t limit);
void   doc_column(table *t, both title, const char *tone);
row   *doc_row(table *t, doc *d, const char *id, unsigned rank);               /* its cells are empty, one a column */
void   doc_figure(block *in, doc *d, const char *id, both caption, span svg);
block *doc_cards(block *in, doc *d);
runs  *doc_card(block *cards, doc *d, both label, const char *tone);
block *doc_blanks(block *in, doc *d);                                          /* lines to be filled in by hand: one item a label */

run   *runs_add(runs *to, run_kind kind, both words);
void   runs_words(runs *to, both words);
void   runs_text(runs *to, const char *same);                                 /* the same in both languages */
void   runs_code(runs *to, const char *evidence);                             /* nothing for NULL or "" */
void   runs_line(runs *to);                                                    /* nothing at the beginning */
static inline bool runs_empty(const runs *r) { return r->first == NULL; }
