#include "report/doc.h"

#include <assert.h>

static block *add(block *in, doc *d, block_kind kind)
{
    block *b = arena_alloc(d->mem, sizeof *b);
    b->kind = kind;
    b->text.mem = d->mem;
    if (in->last)
        in->last->next = b;
    else
        in->first = b;
    in->last = b;
    return b;
}

doc *doc_new(arena *mem)
{
    doc *d = arena_alloc(mem, sizeof *d);
    d->mem = d->about.mem = mem;
    d->root = arena_alloc(mem, sizeof *d->root);
    return d;
}

block *doc_section(block *in, doc *d, unsigned level, const char *id, both number, both title)
{
    block *b = add(in, d, BLOCK_SECTION);
    b->level = level;
    b->id = id;
    b->number = number;
    if (level == 1 && number.en) {
        d->chapters++;
        d->sections = 0;
    } else if (level == 2 && number.en)
        b->number = (both){ arena_printf(d->mem, "%u.%u", d->chapters, ++d->sections), NULL };
    b->title = title;
    return b;
}

runs *doc_paragraph(block *in, doc *d, const char *tone)
{
    block *b = add(in, d, BLOCK_PARAGRAPH);
    b->tone = tone;
    return &b->text;
}

block *doc_list(block *in, doc *d, bool ordered, const char *tone, size_t limit)
{
    block *b = add(in, d, BLOCK_LIST);
    b->ordered = ordered;
    b->tone = tone;
    b->limit = limit;
    return b;
}

block *doc_item(block *list, doc *d, unsigned rank)
{
    block *b = add(list, d, BLOCK_ITEM);
    b->rank = rank;
    return b;
}

table *doc_table(block *in, doc *d, const char *id, both caption, const char *tone, size_t limit)
{
    block *b = add(in, d, BLOCK_TABLE);
    b->id = id;
    b->tone = tone;
    b->limit = limit;
    b->table = arena_alloc(d->mem, sizeof *b->table);
    b->table->caption = caption;
    return b->table;
}

void doc_column(table *t, both title, const char *tone)
{
    assert(t->column_count < sizeof t->columns / sizeof *t->columns && !t->first);
    t->columns[t->column_count++] = (column){ title, tone };
}

row *doc_row(table *t, doc *d, const char *id, unsigned rank)
{
    row *r = arena_alloc(d->mem, sizeof *r);
    r->id = id;
    r->rank = rank;
    r->host = SIZE_MAX;
    r->cells = arena_array(d->mem, t->column_count, sizeof *r->cells);
    for (size_t i = 0; i < t->column_count; i++)
        r->cells[i].mem = d->mem;
    if (t->last)
        t->last->next = r;
    else
        t->first = r;
    t->last = r;
    t->row_count++;
    return r;
}

void doc_figure(block *in, doc *d, const char *id, both caption, span svg)
{
    block *b = add(in, d, BLOCK_FIGURE);
    b->id = id;
    b->title = caption;
    b->svg = svg;
}

block *doc_cards(block *in, doc *d)
{
    return add(in, d, BLOCK_CARDS);
}

runs *doc_card(block *cards, doc *d, both label, const char *tone)
{
    block *b = add(cards, d, BLOCK_CARD);
    b->title = label;
    b->tone = tone;
    return &b->text;
}

block *doc_blanks(block *in, doc *d)
{
    return add(in, d, BLOCK_BLANKS);
}

run *runs_add(runs *to, run_kind kind, both words)
{
    run *r = arena_alloc(to->mem, sizeof *r);
    r->kind = kind;
    r->words = words;
    if (to->last)
        to->last->next = r;
    else
        to->first = r;
    to->last = r;
    return r;
}

void runs_words(runs *to, both words)
{
    runs_add(to, RUN_WORDS, words);
}

void runs_text(runs *to, const char *same)
{
    runs_add(to, RUN_WORDS, (both){ same, NULL });
}

void runs_code(runs *to, const char *evidence)
{
    if (evidence && *evidence)
        runs_add(to, RUN_CODE, (both){ evidence, NULL });
}

void runs_line(runs *to)
{
    if (to->last && to->last->kind != RUN_LINE)
        runs_add(to, RUN_LINE, (both){ "", NULL });
}
