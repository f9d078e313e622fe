/* Making what the case is made of: sentences with their arguments, findings with their evidence, stable ids. */
#include "incident/internal.h"

#include <stdarg.h>
#include <stdlib.h>

/* ---- Sentences ---- */

sentence say(const joined *j, const char *id, ...)
{
    arg args[16];
    size_t count = 0;
    va_list list;
    va_start(list, id);
    for (const char *name; (name = va_arg(list, const char *)) != NULL;) {
        arg_kind kind = (arg_kind)va_arg(list, int);
        const char *value = va_arg(list, const char *);
        if (value && value[0] && count < sizeof args / sizeof *args)
            args[count++] = (arg){ name, kind, value };
    }
    va_end(list);
    sentence s = { .id = id, .arg_count = count, .args = arena_array(j->mem, count, sizeof *s.args) };
    if (count)
        memcpy(s.args, args, count * sizeof *args);
    return s;
}

sentence say_facts(const joined *j, const char *id, const fact *facts, size_t count)
{
    sentence s = { .id = id, .args = arena_array(j->mem, count, sizeof *s.args) };
    for (size_t i = 0; i < count; i++)
        if (facts[i].value && facts[i].value[0])
            s.args[s.arg_count++] = (arg){ facts[i].name, ARG_TEXT, facts[i].value };
    return s;
}

sentence say_more(const joined *j, sentence s, const char *name, arg_kind kind, const char *value)
{
    if (!value || !value[0])
        return s;
    arg *args = arena_array(j->mem, s.arg_count + 1, sizeof *args);
    if (s.arg_count)
        memcpy(args, s.args, s.arg_count * sizeof *args);
    args[s.arg_count++] = (arg){ name, kind, value };
    s.args = args;
    return s;
}

const char *write_u64(const joined *j, uint64_t n)
{
    return arena_printf(j->mem, "%llu", (unsigned long long)n);
}

const char *write_time(const joined *j, moment t)
{
    char text[MOMENT_TEXT];
    return moment_known(t) ? arena_str(j->mem, moment_iso(t, text)) : NULL;
}

const char *write_list(const joined *j, const char *const *items, size_t count, size_t most)
{
    buf out;
    buf_init(&out, SIZE_MAX);
    for (size_t i = 0; i < count && i < most; i++) {
        if (i)
            buf_char(&out, '\n');
        buf_str(&out, items[i]);
    }
    if (count > most)
        buf_str(&out, "\n…");
    const char *text = arena_text(j->mem, buf_bytes(&out));
    buf_done(&out);
    return text;
}

const char *write_hash(const joined *j, const char *prefix, ...)
{
    sha256 *h = sha256_begin();
    sha256_add(h, span_str(prefix));
    va_list list;
    va_start(list, prefix);
    for (const char *part; (part = va_arg(list, const char *)) != NULL;) {
        sha256_add(h, span_of("\x1f", 1));
        sha256_add(h, span_str(part));
    }
    va_end(list);
    uint8_t digest[32];
    char hex[65];
    sha256_end(h, digest);
    hex_of(span_of(digest, 8), hex);
    return arena_str(j->mem, hex);
}

const char *host_name(const joined *j, uint32_t host)
{
    return host == HOST_NONE ? NULL : host_of(j, host)->names[0].name;
}

/* ---- Findings ---- */

told *finding_in(vec *all, uint32_t host, const char *kind, moment time, const char *subject)
{
    told *t = vec_push(all);
    *t = (told){ .f = { .kind = kind, .host = host, .time = time, .end = MOMENT_UNKNOWN, .count = 1, .source = "incident" }, .subject = subject };
    vec_init(&t->entities, sizeof(entity));
    vec_init(&t->evidence, sizeof(evidence_ref));
    vec_init(&t->facts, sizeof(fact));
    vec_init(&t->techniques, sizeof(const char *));
    return t;
}

told *finding_new(joined *j, uint32_t host, const char *kind, moment time, const char *subject)
{
    return finding_in(&j->told, host, kind, time, subject);
}

void finding_fact(joined *j, told *t, const char *name, const char *value)
{
    (void)j;
    if (value && value[0])
        *(fact *)vec_push(&t->facts) = (fact){ name, value };
}

/* Repetitions of one finding may name ever another account: a person reads no more of them, and a hostile digest costs no more. */
enum { ENTITIES_MOST = 64 };

void finding_entity(joined *j, told *t, const char *type, const char *value)
{
    (void)j;
    if (!value || !value[0])
        return;
    if (t->entities.count >= ENTITIES_MOST) {
        t->entities_dropped = true;
        return;
    }
    for (size_t i = 0; i < t->entities.count; i++) {
        const entity *e = vec_at(&t->entities, i);
        if (strcmp(e->type, type) == 0 && strcmp(e->value, value) == 0)
            return;
    }
    *(entity *)vec_push(&t->entities) = (entity){ type, value };
}

void finding_technique(joined *j, told *t, const char *ids)
{
    while (ids && *ids) {
        size_t n = strcspn(ids, " ,");
        bool known = n == 0;
        for (size_t i = 0; i < t->techniques.count && !known; i++) {
            const char *was = *(const char *const *)vec_at(&t->techniques, i);
            known = strlen(was) == n && memcmp(was, ids, n) == 0;
        }
        if (!known)
            *(const char **)vec_push(&t->techniques) = arena_text(j->mem, span_of(ids, n));
        ids += n;
        ids += strspn(ids, " ,");
    }
}

evidence_ref ref_of_act(const joined *j, const act *a)
{
    evidence_ref r = { .file = a->log->file, .channel = a->log->channel, .record = a->record, .offset = a->offset, .time = a->time };
    if (act_is_state(a)) {                           /* its record is a cell: a person finds the key */
        const char *key = act_fact(a, "key"), *value = act_fact(a, "value");
        r.key = !key[0] ? a->log->path : value[0] && strcmp(a->kind, "autostart") == 0 ? arena_printf(j->mem, "%s\\%s", key, value) : key;
    }
    return r;
}

static bool same_ref(const evidence_ref *a, const evidence_ref *b)
{
    return strcmp(a->file, b->file) == 0 && a->record == b->record && strcmp(a->channel ? a->channel : "", b->channel ? b->channel : "") == 0;
}

void finding_ref(told *t, evidence_ref r)
{
    for (size_t i = 0; i < t->evidence.count; i++)
        if (same_ref(vec_at(&t->evidence, i), &r))
            return;
    *(evidence_ref *)vec_push(&t->evidence) = r;
}

void finding_act(joined *j, told *t, const act *a)
{
    finding_ref(t, ref_of_act(j, a));
}

void finding_tally(joined *j, told *t, const joined_tally *of, moment from, moment to)
{
    const joined_bucket *first = NULL, *last = NULL;
    (void)j;
    for (size_t i = 0; i < of->bucket_count; i++) {
        const joined_bucket *b = &of->buckets[i];
        if ((moment_known(from) && b->last < from) || (moment_known(to) && b->first > to))
            continue;
        if (!first)
            first = b;
        last = b;
    }
    if (first)
        finding_ref(t, (evidence_ref){ .file = first->log->file, .channel = of->channel, .record = first->record, .time = first->first });
    if (last && last != first)
        finding_ref(t, (evidence_ref){ .file = last->log->file, .channel = of->channel, .record = last->record, .time = last->first });
}

const told *finding_at(const joined *j, size_t i)
{
    return vec_at(&j->told, i);
}

const told *findings_of(const joined *j, uint32_t host, const char *kind, size_t nth)
{
    size_t count;
    const uint32_t *all = findings_of_host(j, host, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(finding_at(j, all[i])->f.kind, kind) == 0 && nth-- == 0)
            return finding_at(j, all[i]);
    return NULL;
}
