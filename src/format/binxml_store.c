/* Templates: found by where their definition stands in a chunk, recognised by content over the run.
 *
 * The same template lies at other places in other chunks, and its bytes differ there: they hold offsets of names, and the
 * names themselves where a chunk first uses them. So a reader keeps, for each form it has met, the bytes and the places in
 * them that may differ, and compares what a chunk holds with that; only a form never met is parsed. What it parsed to is
 * then looked up by its canonical bytes in the store, so that every thread and every form share one template. */
#include "format/evtx_reader.h"

#include "base/hash.h"
#include "base/utf16.h"
#include "format/binxml_program.h"

#include <pthread.h>

enum {
    DEFINITION = 24,                 /* next, GUID, size */
    STORE_BYTES = 16 << 20,
    STORE_NAMES = 1 << 16,
    CANONICAL_BYTES = 256 << 10,
    VARIANT_BYTES = 4 << 20,
    VARIANT_BUCKETS = 1024,
    VARIANTS_KEPT = 16384,
};

struct binxml_templates {
    pthread_mutex_t lock;
    arena mem;
    map by_content, names;           /* canonical bytes: index + 1 in `all`; names: their number */
    vec all;                         /* binxml_template * */
    size_t lent;                     /* how many of them may be borrowed by those who have lost theirs */
};

binxml_templates *binxml_templates_new(void)
{
    arena mem;
    arena_init(&mem, STORE_BYTES);
    binxml_templates *t = arena_alloc(&mem, sizeof *t);
    t->mem = mem;
    pthread_mutex_init(&t->lock, NULL);
    map_init(&t->by_content);
    map_init(&t->names);
    vec_init(&t->all, sizeof(binxml_template *));
    return t;
}

void binxml_templates_free(binxml_templates *t)
{
    if (!t)
        return;
    pthread_mutex_destroy(&t->lock);
    map_done(&t->by_content);
    map_done(&t->names);
    vec_done(&t->all);
    arena mem = t->mem;
    arena_done(&mem);
}

void binxml_templates_lend(binxml_templates *t)
{
    pthread_mutex_lock(&t->lock);
    t->lent = t->all.count;
    pthread_mutex_unlock(&t->lock);
}

uint32_t bx_intern(binxml_templates *store, bx_name name)
{
    span key = span_of(name.at, name.len);
    uint64_t *known = map_find(&store->names, key);
    if (known)
        return (uint32_t)*known;
    if (store->names.count >= STORE_NAMES)
        return 0;
    uint64_t *number = map_put(&store->names, key, NULL);
    *number = store->names.count;
    return (uint32_t)*number;
}

/* Of those with this identifier whose slots are not more than there are values, the one with the least canonical bytes:
 * which one that is does not depend on the order in which threads met them. */
static const binxml_template *borrow(binxml_templates *store, uint32_t id)
{
    const binxml_template *best = NULL;
    span best_key = { 0 };
    pthread_mutex_lock(&store->lock);
    for (size_t i = 0; i < store->by_content.count; i++) {
        const map_entry *e = &store->by_content.entries[i];
        const binxml_template *t = *(binxml_template **)vec_at(&store->all, (size_t)e->value - 1);
        if (e->value > store->lent || le32(t->guid) != id)
            continue;
        size_t len = e->key.len < best_key.len ? e->key.len : best_key.len;
        int order = best ? memcmp(e->key.at, best_key.at, len) : -1;
        if (order < 0 || (order == 0 && e->key.len < best_key.len)) {
            best = t;
            best_key = e->key;
        }
    }
    pthread_mutex_unlock(&store->lock);
    return best;
}

/* The shared template that equals `made`; adds it when it is new. NULL when there is no room: then `made` itself serves,
 * for as long as its chunk. */
static const binxml_template *share(binxml_templates *store, const binxml_template *made)
{
    buf key;
    buf_init(&key, CANONICAL_BYTES);
    binxml_template *t = NULL;
    if (bx_canonical(made, &key)) {
        pthread_mutex_lock(&store->lock);
        uint64_t *known = map_find(&store->by_content, buf_bytes(&key));
        if (known) {
            t = *(binxml_template **)vec_at(&store->all, (size_t)*known - 1);
        } else if ((t = arena_alloc(&store->mem, sizeof *t))) {
            memcpy(t->guid, made->guid, sizeof t->guid);
            t->root = bx_copy(made->root, &store->mem);
            if (t->root && bx_describe(t, &store->mem)) {
                t->root_name = bx_intern(store, t->root->name);
                t->json = bx_compile(store, t, &store->mem);
                *(binxml_template **)vec_push(&store->all) = t;
                t->serial = store->all.count;
                *map_put(&store->by_content, buf_bytes(&key), NULL) = t->serial;
            } else {
                t = NULL;
            }
        }
        pthread_mutex_unlock(&store->lock);
    }
    buf_done(&key);
    return t;
}

/* A form of a template that this reader has met. `skip` are places where anything may stand (the link to the next name of
 * the chunk's table), `own` names that stand within the definition, `other` names that stand elsewhere in the chunk. */
typedef enum { PLACE_SKIP, PLACE_OWN, PLACE_OTHER } place_kind;
typedef struct { uint32_t at; uint32_t own; span other; uint8_t kind; } place;

struct evtx_variant {
    evtx_variant *next;
    span definition;                 /* GUID, size and body */
    place *places;
    size_t place_count;
    const binxml_template *template_;
};

static size_t bucket_of(span definition)
{
    return (le32(definition.at) ^ le32(definition.at + 16)) % VARIANT_BUCKETS;
}

/* The name at an offset as it lies: its units, and the bytes of its entry. */
static bool raw_name(span chunk, uint32_t offset, span *units, size_t *bytes)
{
    cursor c = cur_open(chunk);
    cur_seek(&c, offset, "name");
    cur_skip(&c, 6, "name");
    size_t count = cur_count(&c, cur_u16(&c, "name.units"), 2, "name.units");
    *units = cur_bytes(&c, 2 * count, "name");
    cur_skip(&c, 2, "name.end");
    *bytes = 10 + 2 * count;
    return cur_ok(&c);
}

static bool is_variant(const struct evtx_reader *r, const evtx_variant *v, span definition, uint32_t offset)
{
    if (v->definition.len != definition.len)
        return false;
    size_t at = 0;
    for (size_t i = 0; i < v->place_count; i++) {
        const place *p = &v->places[i];
        if (memcmp(v->definition.at + at, definition.at + at, p->at - at) != 0)
            return false;
        at = p->at + 4;
        uint32_t told = le32(definition.at + p->at);
        span units;
        size_t bytes;
        if (p->kind == PLACE_OWN && told != offset + p->own)
            return false;
        if (p->kind == PLACE_OTHER && (!raw_name(r->chunk, told, &units, &bytes) || !span_eq(units, p->other)))
            return false;
    }
    return memcmp(v->definition.at + at, definition.at + at, definition.len - at) == 0;
}

/* Whether a name's entry begins at `at` of the definition: its link is what may differ there. */
static bool has_skip(const place *places, size_t count, uint32_t at)
{
    for (size_t i = 0; i < count; i++)
        if (places[i].kind == PLACE_SKIP && places[i].at == at)
            return true;
    return false;
}

/* `definition` begins at chunk offset `offset`; names holds where in the chunk offsets of names stand, in order. */
static void keep_variant(struct evtx_reader *r, span definition, uint32_t offset, const vec *names, const binxml_template *t)
{
    arena *mem = &r->variant_mem;
    if (r->variant_count >= VARIANTS_KEPT)
        return;
    evtx_variant *v = arena_alloc(mem, sizeof *v);
    place *places = arena_array(mem, 2 * names->count, sizeof *places);
    span copy = arena_span(mem, definition);
    if (!v || !places || copy.len != definition.len)
        return;
    size_t count = 0, end = 0;
    for (size_t i = 0; i < names->count; i++) {
        uint32_t field = *(uint32_t *)vec_at(names, i), told = le32(r->chunk.at + field);
        span units;
        size_t bytes;
        if (field < offset + end || field + 4 > offset + definition.len || !raw_name(r->chunk, told, &units, &bytes))
            return;
        place p = { .at = field - offset };
        if (told == field + 4 || has_skip(places, count, told - offset)) {
            p.kind = PLACE_OWN;
            p.own = told - offset;
        } else if (told + bytes <= offset || told >= offset + definition.len) {
            p.kind = PLACE_OTHER;
            p.other = arena_span(mem, units);
        } else {
            return;                             /* a name made of the definition's own tokens: parsed anew each time */
        }
        places[count++] = p;
        end = p.at + 4;
        if (told == field + 4) {                /* the name follows; first in it the link, which differs */
            places[count++] = (place){ .at = (uint32_t)end, .kind = PLACE_SKIP };
            end += 4;
        }
    }
    *v = (evtx_variant){ r->variants[bucket_of(definition)], copy, places, count, t };
    r->variants[bucket_of(definition)] = v;
    r->variant_count++;
}

static const binxml_template *known_variant(const struct evtx_reader *r, span definition, uint32_t offset)
{
    for (const evtx_variant *v = r->variants[bucket_of(definition)]; v; v = v->next)
        if (is_variant(r, v, definition, offset))
            return v->template_;
    return NULL;
}

static const binxml_template *parse_template(struct evtx_reader *r, uint32_t offset, size_t size, unsigned depth,
                                             binxml_fault *why)
{
    arena *mem = &r->chunk_mem;
    vec names;
    vec_init(&names, sizeof(uint32_t));
    bx_parser p = { .reader = r, .chunk = r->chunk, .mem = mem, .depth = depth, .names = &names };
    bx_node *nodes = NULL;
    binxml_template *made = arena_alloc(mem, sizeof *made);
    const binxml_template *t = NULL;
    span definition = span_part(r->chunk, offset + 4, size + DEFINITION - 4);
    *why = (binxml_fault){ "memory", offset };

    if (made && !bx_parse(&p, offset + DEFINITION, offset + DEFINITION + size, true, &nodes)) {
        *why = p.fault;
    } else if (made && (!nodes || nodes->next)) {
        *why = (binxml_fault){ "template.root", offset };
    } else if (made) {
        memcpy(made->guid, definition.at, sizeof made->guid);
        made->root = nodes;
        if (!p.has_instance)
            t = share(r->store, made);
        if (t)
            keep_variant(r, definition, offset + 4, &names, t);
        else if (bx_describe(made, mem))
            t = made;
    }
    vec_done(&names);
    return t;
}

static const binxml_template *find_template(struct evtx_reader *r, uint32_t offset, uint32_t id, unsigned depth,
                                            binxml_fault *why)
{
    cursor c = cur_open(r->chunk);
    cur_seek(&c, offset, "template.offset");
    cur_skip(&c, 4, "template.next");
    span guid = cur_bytes(&c, 16, "template.guid");
    size_t size = cur_count(&c, cur_u32(&c, "template.size"), 1, "template.size");
    if (cur_ok(&c) && r->recovering && le32(guid.at) != id)
        cur_fail(&c, "template.guid");          /* something else was written over it since */
    if (!cur_ok(&c)) {
        *why = (binxml_fault){ c.failed, c.failed_at };
        return NULL;
    }
    const binxml_template *t = known_variant(r, span_part(r->chunk, offset + 4, size + DEFINITION - 4), offset + 4);
    return t ? t : parse_template(r, offset, size, depth, why);
}

const binxml_template *bx_template_at(struct evtx_reader *r, uint32_t offset, uint32_t id, unsigned depth, binxml_fault *why)
{
    if (offset >= EVTX_CHUNK) {
        *why = (binxml_fault){ "template.offset", offset };
        return r->recovering ? borrow(r->store, id) : NULL;
    }
    uint16_t slot = r->template_slots[offset];
    evtx_met *met = slot ? vec_at(&r->templates, slot - 1u) : NULL;
    if (met && (!r->recovering || (met->template_ && le32(met->template_->guid) == id))) {
        *why = met->open ? (binxml_fault){ "template.loop", offset } : met->fault;
        return met->open ? NULL : met->template_;
    }
    if (depth >= BX_NESTING || r->templates.count >= UINT16_MAX - 1) {
        *why = (binxml_fault){ "template.depth", offset };
        return NULL;
    }
    size_t index = r->templates.count;
    if (met && met->open)
        return NULL;
    *(evtx_met *)vec_push(&r->templates) = (evtx_met){ .offset = offset, .open = true };
    r->template_slots[offset] = (uint16_t)(index + 1);
    const binxml_template *t = find_template(r, offset, id, depth + 1, why);
    if (!t && r->recovering)
        t = borrow(r->store, id);
    met = vec_at(&r->templates, index);
    *met = (evtx_met){ .offset = offset, .template_ = t, .fault = *why };
    return t;
}

/* [MS-EVEN6] 2.2.12: so many bits of a name stand beside it. Asked only where something else may lie there by now. */
static bool hash_is(span units, uint16_t told)
{
    uint32_t hash = 0;
    for (size_t i = 0; i + 1 < units.len; i += 2)
        hash = hash * 65599 + le16(units.at + i);
    return (uint16_t)hash == told;
}

bool bx_name_at(struct evtx_reader *r, uint32_t offset, bx_name *out, size_t *bytes)
{
    if (offset >= EVTX_CHUNK)
        return false;
    uint16_t slot = r->name_slots[offset];
    if (!slot) {
        evtx_name name = { .offset = offset };
        span units;
        name.bad = !raw_name(r->chunk, offset, &units, &name.bytes) || r->names.count >= UINT16_MAX - 1 ||
                   (r->recovering && !hash_is(units, le16(r->chunk.at + offset + 4)));
        if (!name.bad) {
            uint8_t *text = arena_alloc(&r->chunk_mem, UTF16_ROOM(units.len));
            name.bad = !text;
            name.text = (bx_name){ (const char *)text, text ? (uint32_t)(utf16_utf8_at(text, units) - text) : 0 };
        }
        if (r->names.count >= UINT16_MAX - 1)
            return false;
        *(evtx_name *)vec_push(&r->names) = name;
        r->name_slots[offset] = slot = (uint16_t)r->names.count;
    }
    const evtx_name *name = vec_at(&r->names, slot - 1u);
    *out = name->text;
    *bytes = name->bytes;
    return !name->bad;
}

bool bx_is_recovering(const struct evtx_reader *r)
{
    return r->recovering;
}

arena *bx_record_memory(struct evtx_reader *r)
{
    return &r->record_mem;
}

void reader_begin_variants(struct evtx_reader *r)
{
    arena_init(&r->variant_mem, VARIANT_BYTES);
    r->variants = arena_array(&r->variant_mem, VARIANT_BUCKETS, sizeof *r->variants);
    r->variant_count = 0;
}

/* Reads the documents in a record's slots for the templates they bring. */
void reader_meet_nested(const binxml *x)
{
    binxml_value *values = arena_array(bx_record_memory(x->reader), x->slot_count, sizeof *values);
    binxml nested;
    if (values && binxml_slots(x, values))
        for (uint32_t i = 0; i < x->slot_count; i++)
            binxml_nested(x, values[i], &nested);
}

void reader_forget_chunk(struct evtx_reader *r)
{
    for (size_t i = 0; i < r->templates.count; i++)
        r->template_slots[((evtx_met *)vec_at(&r->templates, i))->offset] = 0;
    for (size_t i = 0; i < r->names.count; i++)
        r->name_slots[((evtx_name *)vec_at(&r->names, i))->offset] = 0;
    r->templates.count = r->names.count = 0;
    arena_reset(&r->chunk_mem);
    arena_reset(&r->record_mem);
}
