#include "range/wmi_write.h"

#include "range/put.h"

#define PAGE 8192u
enum { ENTRY = 16 }; /* of the table before the records, which ends with one of zeros */
#define SUBSCRIPTION "root\\subscription"

enum { TEXT = 8, BOOLEAN = 11, UINT32 = 19, REFERENCE = 102, BYTES = 0x2011 };
typedef struct {
    const char *name;
    uint32_t type;
    const char *text;
    span bytes;
    uint32_t number;
} field; /* text NULL, no bytes, 0: not set */

typedef struct {
    buf table, records;
    char keys[40][420];
    size_t key_count;
    uint32_t next_id;
} repository;

static void hash_of(const char *name, char out[65])
{
    uint8_t digest[32];
    buf units;
    buf_init(&units, 1 << 12);
    for (; *name; name++)
        put16(&units, *name >= 'a' && *name <= 'z' ? (unsigned)*name - 32 : (unsigned char)*name);
    sha256_of(buf_bytes(&units), digest);
    hex_of(span_of(digest, 32), out);
    for (char *c = out; *c; c++)
        *c = (char)(*c >= 'a' ? *c - 32 : *c);
    buf_done(&units);
}

/* key: of an instance what names it; NULL for a class. */
static void add_record(repository *r, const char *space, const char *class_name, const char *key, span bytes)
{
    char a[65], b[65], c[65];
    uint32_t id = r->next_id++;
    put32(&r->table, id);
    put32(&r->table, (uint32_t)r->records.len); /* behind the table, whose size is known at the end */
    put32(&r->table, (uint32_t)bytes.len);
    put32(&r->table, 0);
    buf_span(&r->records, bytes);
    hash_of(space, a);
    hash_of(class_name, b);
    hash_of(key ? key : "", c);
    if (key)
        snprintf(r->keys[r->key_count++], 420, "NS_%s\\CI_%s\\IL_%s.0.%u.%zu", a, b, c, id, bytes.len);
    else
        snprintf(r->keys[r->key_count++], 420, "NS_%s\\CD_%s.0.%u.%zu", a, b, id, bytes.len);
}

static uint32_t size_of(uint32_t type) { return type == BOOLEAN ? 2 : 4; }

static uint32_t heap_text(buf *heap, const char *text)
{
    uint32_t at = (uint32_t)heap->len;
    put8(heap, 0);
    buf_str(heap, text);
    put8(heap, 0);
    return at;
}

static void set_length(buf *b, size_t at) { memcpy(b->at + at, &(uint32_t){ (uint32_t)(b->len - at) }, 4); }

/* own: up to one without name; behind `inherited` properties of `bytes`. */
static void add_class(repository *r, const char *space, const char *name, const char *super, const field *own, uint32_t inherited,
                      uint32_t bytes, moment made)
{
    buf all, heap, properties;
    buf_init(&all, 1 << 16);
    buf_init(&heap, 1 << 16);
    buf_init(&properties, 1 << 16);
    heap_text(&heap, name);
    uint32_t count = 0;
    for (; own[count].name; count++) {
        put32(&properties, heap_text(&heap, own[count].name));
        put32(&properties, (uint32_t)heap.len);
        put32(&heap, own[count].type);
        put16(&heap, inherited + count);
        put32(&heap, bytes);
        put32(&heap, 0);
        put32(&heap, 4);
        bytes += size_of(own[count].type);
    }
    uint32_t defaults = (2 * (inherited + count) + 7) / 8 + bytes;
    put32(&all, (uint32_t)strlen(super));
    put_utf16(&all, span_str(super));
    put64(&all, made);
    size_t begin = all.len;
    put32(&all, 0);
    put8(&all, 0);
    put32(&all, 0);
    put32(&all, defaults);
    put32(&all, 4);
    put32(&all, 4);
    put32(&all, count);
    buf_span(&all, buf_bytes(&properties));
    put_zeros(&all, defaults);
    put32(&all, (uint32_t)heap.len | 0x80000000);
    buf_span(&all, buf_bytes(&heap));
    set_length(&all, begin);
    add_record(r, space, name, NULL, buf_bytes(&all));
    buf_done(&all);
    buf_done(&heap);
    buf_done(&properties);
}

static void add_object(repository *r, const char *space, const char *class_name, const char *key, const field *fields, moment written,
                       moment made)
{
    buf all, heap, values;
    char hash[65];
    uint8_t unset[8] = { 0 };
    uint32_t count = 0;
    buf_init(&all, 1 << 16);
    buf_init(&heap, 1 << 16);
    buf_init(&values, 1 << 12);
    hash_of(class_name, hash);
    put_utf16(&all, span_str(hash));
    put64(&all, written);
    put64(&all, made);
    size_t begin = all.len;
    heap_text(&heap, class_name);
    for (; fields[count].name; count++) {
        const field *f = &fields[count];
        uint32_t v = f->number;
        if (f->text) {
            v = heap_text(&heap, f->text);
        } else if (f->bytes.len) {
            v = (uint32_t)heap.len;
            put32(&heap, (uint32_t)f->bytes.len);
            buf_span(&heap, f->bytes);
        } else if (!v) {
            unset[count / 4] |= (uint8_t)(3u << 2 * (count % 4));
        }
        buf_put(&values, &v, size_of(f->type));
    }
    put32(&all, 0);
    put8(&all, 0);
    put32(&all, 0);
    buf_put(&all, unset, (2 * count + 7) / 8);
    buf_span(&all, buf_bytes(&values));
    put32(&all, 4);
    put8(&all, 1);
    put32(&all, (uint32_t)heap.len | 0x80000000);
    buf_span(&all, buf_bytes(&heap));
    set_length(&all, begin);
    add_record(r, space, class_name, key, buf_bytes(&all));
    buf_done(&all);
    buf_done(&heap);
    buf_done(&values);
}

static void classes(repository *r, moment made)
{
    static const field none[] = { { 0 } }, space[] = { { .name = "Name", .type = TEXT }, { 0 } },
                       filter[] = { { .name = "Name", .type = TEXT },           { .name = "CreatorSID", .type = BYTES },
                                    { .name = "QueryLanguage", .type = TEXT },  { .name = "Query", .type = TEXT },
                                    { .name = "EventNamespace", .type = TEXT }, { 0 } },
                       consumer[] = { { .name = "MachineName", .type = TEXT }, { .name = "CreatorSID", .type = BYTES }, { 0 } },
                       command[] = { { .name = "Name", .type = TEXT },
                                     { .name = "RunInteractively", .type = BOOLEAN },
                                     { .name = "CommandLineTemplate", .type = TEXT },
                                     { .name = "KillTimeout", .type = UINT32 },
                                     { 0 } },
                       event_log[] = { { .name = "Name", .type = TEXT },
                                       { .name = "SourceName", .type = TEXT },
                                       { .name = "EventType", .type = UINT32 },
                                       { 0 } },
                       binding[] = { { .name = "Filter", .type = REFERENCE },
                                     { .name = "Consumer", .type = REFERENCE },
                                     { .name = "CreatorSID", .type = BYTES },
                                     { 0 } };
    add_class(r, "__SystemClass", "__SystemClass", "", none, 0, 0, made);
    add_class(r, "__SystemClass", "__EventFilter", "__SystemClass", filter, 0, 0, made);
    add_class(r, "__SystemClass", "__EventConsumer", "__SystemClass", consumer, 0, 0, made);
    add_class(r, "__SystemClass", "__FilterToConsumerBinding", "__SystemClass", binding, 0, 0, made);
    add_class(r, "__SystemClass", "__Namespace", "__SystemClass", space, 0, 0, made);
    add_class(r, SUBSCRIPTION, "CommandLineEventConsumer", "__EventConsumer", command, 2, 8, made);
    add_class(r, SUBSCRIPTION, "NTEventLogEventConsumer", "__EventConsumer", event_log, 2, 8, made);
    add_object(r, "root", "__Namespace", "subscription", (const field[]){ { .name = "Name", .type = TEXT, .text = "subscription" }, { 0 } },
               made, made);
}

static void subscribe(repository *r, const wmi_subscription *s, moment made)
{
    char from[300], to[300], key[620];
    field creator = { .name = "CreatorSID", .type = BYTES, .bytes = s->creator };
    snprintf(from, sizeof from, "__EventFilter.Name=\"%s\"", s->filter);
    snprintf(to, sizeof to, "%s.Name=\"%s\"", s->class_name, s->consumer);
    snprintf(key, sizeof key, "%s%s", from, to);
    add_object(r, SUBSCRIPTION, "__EventFilter", s->filter,
               (const field[]){ { .name = "Name", .type = TEXT, .text = s->filter },
                                creator,
                                { .name = "QueryLanguage", .type = TEXT, .text = "WQL" },
                                { .name = "Query", .type = TEXT, .text = s->query },
                                { .name = "EventNamespace", .type = TEXT, .text = "root\\cimv2" },
                                { 0 } },
               s->written, made);
    if (s->command)
        add_object(r, SUBSCRIPTION, s->class_name, s->consumer,
                   (const field[]){ { .name = "MachineName", .type = TEXT },
                                    creator,
                                    { .name = "Name", .type = TEXT, .text = s->consumer },
                                    { .name = "RunInteractively", .type = BOOLEAN },
                                    { .name = "CommandLineTemplate", .type = TEXT, .text = s->command },
                                    { .name = "KillTimeout", .type = UINT32, .number = 45 },
                                    { 0 } },
                   s->written, made);
    else
        add_object(r, SUBSCRIPTION, s->class_name, s->consumer,
                   (const field[]){ { .name = "MachineName", .type = TEXT },
                                    creator,
                                    { .name = "Name", .type = TEXT, .text = s->consumer },
                                    { .name = "SourceName", .type = TEXT, .text = s->source },
                                    { .name = "EventType", .type = UINT32, .number = 1 },
                                    { 0 } },
                   s->written, made);
    add_object(
        r, SUBSCRIPTION, "__FilterToConsumerBinding", key,
        (const field[]){
            { .name = "Filter", .type = REFERENCE, .text = from }, { .name = "Consumer", .type = REFERENCE, .text = to }, creator, { 0 } },
        s->written, made);
}

static int by_text(const void *a, const void *b) { return strcmp(a, b); }

static void put_index(repository *r, buf *out)
{
    buf offsets, parts, values, strings;
    buf *all[] = { &offsets, &parts, &values, &strings };
    for (size_t i = 0; i < 4; i++)
        buf_init(all[i], 1 << 16);
    qsort(r->keys, r->key_count, sizeof *r->keys, by_text);
    for (size_t i = 0; i < r->key_count; i++) {
        unsigned count = 1;
        for (const char *c = r->keys[i]; *c; c++)
            count += *c == '\\';
        put16(&offsets, (unsigned)parts.len / 2);
        put16(&parts, count);
        for (const char *p = r->keys[i]; *p;) {
            size_t n = strcspn(p, "\\");
            put16(&parts, (unsigned)values.len / 2);
            put16(&values, (unsigned)strings.len);
            buf_put(&strings, p, n);
            put8(&strings, 0);
            p += n + (p[n] == '\\');
        }
    }
    put32(out, 0xaccc);
    put_zeros(out, 12);
    put32(out, (uint32_t)r->key_count);
    put_zeros(out, r->key_count * 4 + (r->key_count + 1) * 4);
    buf_span(out, buf_bytes(&offsets));
    put16(out, (unsigned)parts.len / 2);
    buf_span(out, buf_bytes(&parts));
    put16(out, (unsigned)values.len / 2);
    buf_span(out, buf_bytes(&values));
    put16(out, (unsigned)strings.len);
    buf_span(out, buf_bytes(&strings));
    put_zeros(out, (PAGE - out->len % PAGE) % PAGE);
    for (size_t i = 0; i < 4; i++)
        buf_done(all[i]);
}

static void put_map(buf *out, uint32_t pages)
{
    put32(out, 0xabcd);
    put32(out, 7);
    put64(out, 0);
    put32(out, pages);
    put32(out, pages);
    for (uint32_t i = 0; i < pages; i++) {
        put32(out, i);
        put_zeros(out, 20);
    }
    put32(out, 1);
    put32(out, 0);
    put32(out, 0xdcba);
}

void wmi_repository(const wmi_subscription *all, size_t count, moment made, buf *objects, buf *index, buf *map)
{
    repository r = { .next_id = 1000 };
    buf_init(&r.table, PAGE);
    buf_init(&r.records, 1 << 20);
    classes(&r, made);
    for (size_t i = 0; i < count; i++)
        subscribe(&r, &all[i], made);
    uint32_t begins = (uint32_t)r.table.len + ENTRY;
    for (size_t at = 4; at < r.table.len; at += ENTRY) {
        uint32_t offset;
        memcpy(&offset, r.table.at + at, 4);
        offset += begins;
        memcpy(r.table.at + at, &offset, 4);
    }
    buf_span(objects, buf_bytes(&r.table));
    put_zeros(objects, ENTRY);
    buf_span(objects, buf_bytes(&r.records));
    put_zeros(objects, (PAGE - objects->len % PAGE) % PAGE);
    put_index(&r, index);
    put_map(map, (uint32_t)(objects->len / PAGE));
    put_map(map, (uint32_t)(index->len / PAGE));
    put32(map, 1);
    buf_done(&r.table);
    buf_done(&r.records);
}
