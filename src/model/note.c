#include "model/note.h"

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* NULL and "" are the same nothing. */
static int compare_text(const char *a, const char *b)
{
    if (a == b)
        return 0;
    return strcmp(a ? a : "", b ? b : "");
}

static int compare_facts(const fact *a, size_t a_count, const fact *b, size_t b_count)
{
    if (a == b && a_count == b_count)
        return 0;
    for (size_t i = 0; i < a_count && i < b_count; i++) {
        int order = compare_text(a[i].name, b[i].name);
        if (!order)
            order = compare_text(a[i].value, b[i].value);
        if (order)
            return order;
    }
    return compare_u64(a_count, b_count);
}

static int compare_place(const log_ref *a, const log_ref *b)
{
    if (a == b)
        return 0;
    int order = compare_text(a->computer, b->computer);
    return order ? order : compare_text(a->channel, b->channel);
}

static int compare_file(const log_ref *a, const log_ref *b)
{
    if (a == b)
        return 0;
    int order = compare_text(a->file, b->file);
    return order ? order : compare_text(a->path, b->path);
}

int log_compare(const void *a_, const void *b_)
{
    const log_ref *a = a_, *b = b_;
    int order = compare_place(a, b);
    return order ? order : compare_file(a, b);
}

/* Copies of one record, from whatever files, stand beside each other; the one that was not carved comes first. */
int act_compare(const void *a_, const void *b_)
{
    const act *a = a_, *b = b_;
    int order = compare_place(a->log, b->log);
    if (!order)
        order = compare_u64(a->record, b->record);
    if (!order)
        order = compare_u64(a->time, b->time);
    if (!order)
        order = compare_text(a->kind, b->kind);
    if (!order)
        order = a->recovered - b->recovered;
    if (!order)
        order = compare_file(a->log, b->log);
    if (!order)
        order = compare_u64(a->offset, b->offset);
    if (!order)
        order = compare_facts(a->facts, a->fact_count, b->facts, b->fact_count);
    if (!order)
        order = compare_text(a->finding, b->finding);
    if (!order)
        order = compare_u64(a->severity, b->severity);
    if (!order)
        order = compare_u64(a->confidence, b->confidence);
    if (!order)
        order = compare_text(a->techniques, b->techniques);
    return order ? order : compare_text(a->text, b->text);
}

static int compare_bucket(const tally_bucket *a, const tally_bucket *b)
{
    int order = compare_u64(a->start, b->start);
    if (!order)
        order = compare_u64(a->count, b->count);
    if (!order)
        order = compare_u64(a->record, b->record);
    if (!order)
        order = compare_u64(a->first, b->first);
    return order ? order : compare_u64(a->last, b->last);
}

/* Copies of one block, from whatever files, stand beside each other. */
int tally_compare(const void *a_, const void *b_)
{
    const tally *a = a_, *b = b_;
    int order = compare_place(a->log, b->log);
    if (!order)
        order = compare_text(a->kind, b->kind);
    if (!order)
        order = compare_u64(a->block, b->block);
    if (!order)
        order = compare_facts(a->key, a->key_count, b->key, b->key_count);
    if (!order)
        order = compare_file(a->log, b->log);
    if (!order)
        order = compare_u64(a->width, b->width);
    for (size_t i = 0; !order && i < a->bucket_count && i < b->bucket_count; i++)
        order = compare_bucket(&a->buckets[i], &b->buckets[i]);
    return order ? order : compare_u64(a->bucket_count, b->bucket_count);
}

int block_compare(const void *a_, const void *b_)
{
    const log_block *a = a_, *b = b_;
    int order = compare_place(a->log, b->log);
    if (!order)
        order = compare_u64(a->block, b->block);
    if (!order)
        order = compare_file(a->log, b->log);
    if (!order)
        order = compare_u64(a->records, b->records);
    if (!order)
        order = compare_u64(a->first_record, b->first_record);
    if (!order)
        order = compare_u64(a->last_record, b->last_record);
    if (!order)
        order = compare_u64(a->first, b->first);
    if (!order)
        order = compare_u64(a->last, b->last);
    for (size_t i = 0; !order && i < a->anchor_count && i < b->anchor_count; i++) {
        order = compare_u64(a->anchors[i].record, b->anchors[i].record);
        if (!order)
            order = compare_u64(a->anchors[i].time, b->anchors[i].time);
    }
    return order ? order : compare_u64(a->anchor_count, b->anchor_count);
}

int claim_compare(const void *a_, const void *b_)
{
    const identity_claim *a = a_, *b = b_;
    int order = compare_text(a->computer, b->computer);
    if (!order)
        order = compare_text(a->key, b->key);
    if (!order)
        order = compare_text(a->value, b->value);
    if (!order)
        order = compare_text(a->file, b->file);
    if (!order)
        order = compare_u64(a->from, b->from);
    if (!order)
        order = compare_u64(a->to, b->to);
    if (!order)
        order = compare_u64(a->record, b->record);
    if (!order)
        order = compare_text(a->channel, b->channel);
    if (!order)
        order = compare_text(a->source, b->source);
    return order ? order : compare_text(a->strength, b->strength);
}

const char *note_fact(const fact *facts, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(facts[i].name, name) == 0)
            return facts[i].value ? facts[i].value : "";
    return "";
}

static const char *const severities[] = { "info", "low", "medium", "high", "critical" };

const char *severity_word(severity s)
{
    return severities[s];
}

bool severity_from(const char *word, severity *out)
{
    for (size_t i = 0; word && i < sizeof severities / sizeof *severities; i++)
        if (strcmp(severities[i], word) == 0) {
            *out = (severity)i;
            return true;
        }
    return false;
}
