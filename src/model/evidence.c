#include "model/evidence.h"

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* NULL and "" are the same nothing. */
static int compare_text(const char *a, const char *b)
{
    return a == b ? 0 : strcmp(a ? a : "", b ? b : "");
}

int evidence_file_compare(const void *a_, const void *b_)
{
    const evidence_file *a = a_, *b = b_;
    int order = compare_text(a->path, b->path);
    if (!order)
        order = compare_text(a->sha256, b->sha256);
    if (!order)
        order = compare_text(a->unit, b->unit);
    if (!order)
        order = compare_u64(a->bytes, b->bytes);
    if (!order)
        order = compare_text(a->kind, b->kind);
    if (!order)
        order = a->read - b->read;
    if (!order)
        order = compare_text(a->why, b->why);
    if (!order)
        order = compare_text(a->computer, b->computer);
    if (!order)
        order = compare_text(a->channel, b->channel);
    const uint64_t numbers[][2] = {
        { a->records, b->records }, { a->recovered, b->recovered }, { a->first_record, b->first_record }, { a->last_record, b->last_record },
        { a->first, b->first }, { a->last, b->last }, { a->problems_dropped, b->problems_dropped }, { a->problem_count, b->problem_count },
    };
    for (size_t i = 0; !order && i < sizeof numbers / sizeof *numbers; i++)
        order = compare_u64(numbers[i][0], numbers[i][1]);
    for (size_t i = 0; !order && i < a->problem_count; i++) {
        const problem *p = &a->problems[i], *q = &b->problems[i];
        order = compare_u64(p->offset, q->offset);
        if (!order)
            order = compare_u64(p->chunk, q->chunk);
        if (!order)
            order = compare_text(p->kind, q->kind);
        if (!order)
            order = compare_text(p->text, q->text);
    }
    return order;
}

bool evidence_file_lost(const evidence_file *e)
{
    for (size_t i = 0; i < e->problem_count; i++) {
        const char *kind = e->problems[i].kind;
        if (strncmp(kind, "file.", 5) == 0 && strcmp(kind, "file.name") != 0)
            return true;
    }
    return false;
}

bool evidence_problem_costs(const char *kind)
{
    static const char *const costly[] = { "header.torn", "chunk.unreadable", "chunk.signature", "chunk.torn", "record.header", "record.document", "record.unreadable",
                                         "xml.torn", "job.torn", "wmi.object" };
    for (size_t i = 0; i < sizeof costly / sizeof *costly; i++)
        if (strcmp(kind, costly[i]) == 0)
            return true;
    return strncmp(kind, "dump.", 5) == 0 || strncmp(kind, "mdmp.", 5) == 0;      /* of a memory dump nothing is there twice */
}

/* Of very many problems only the first are kept: what the others cost is not known, so it is not nothing. */
bool evidence_file_damaged(const evidence_file *e)
{
    bool costs = e->problems_dropped > 0;
    for (size_t i = 0; i < e->problem_count; i++)
        costs |= evidence_problem_costs(e->problems[i].kind);
    return costs && !evidence_file_lost(e);
}

bool evidence_file_passed(const evidence_file *e)
{
    return !e->read && !evidence_file_lost(e) && strcmp(e->kind, "text") != 0 && strcmp(e->kind, "other") != 0 && strcmp(e->kind, "program") != 0 && strcmp(e->kind, "link") != 0 && strcmp(e->kind, "empty") != 0;
}
