#include "made_wmi.h"

#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>

enum { TABLE = 65 * 16 };
static const uint64_t noon = 132336720000000000ull;

static void hash_of(const made_wmi *m, const char *name, char out[65])
{
    uint8_t units[1024], digest[32];
    size_t len = 0;
    for (; *name; name++) {
        units[len++] = (uint8_t)(*name >= 'a' && *name <= 'z' ? *name - 32 : *name);
        units[len++] = 0;
    }
    if (m->version == 5)
        md5_of(span_of(units, len), digest);
    else
        sha256_of(span_of(units, len), digest);
    hex_of(span_of(digest, m->version == 5 ? 16 : 32), out);
    for (char *c = out; *c; c++)
        *c = (char)(*c >= 'a' ? *c - 32 : *c);
}

void made_wmi_init(made_wmi *m, unsigned version)
{
    *m = (made_wmi){ .version = version, .next_id = 1000, .order = calloc(4096, sizeof(uint32_t)) };
    buf_init(&m->objects, 64 << 20);
    buf_init(&m->index, 64 << 20);
    buf_init(&m->map, 64 << 20);
    buf_init(&m->page, 64 << 20);
}

void made_wmi_done(made_wmi *m)
{
    buf_done(&m->objects);
    buf_done(&m->index);
    buf_done(&m->map);
    buf_done(&m->page);
    free(m->order);
}

static size_t add_entry(made_wmi *m, span bytes, const char *space, const char *middle, const char *last)
{
    char hash[65], middle_hash[65], last_hash[65];
    size_t at = TABLE + m->page.len;
    uint32_t id = m->next_id++;
    m->entries[m->entry_count].id = id;
    m->entries[m->entry_count].size = (uint32_t)bytes.len;
    m->entries[m->entry_count++].at = at;
    buf_span(&m->page, bytes);
    if (space) {
        hash_of(m, space, hash);
        hash_of(m, middle, middle_hash);
        hash_of(m, last, last_hash);
        char *key = m->keys[m->key_count++].key;
        if (strcmp(last, middle) == 0)
            snprintf(key, 400, "NS_%s\\CD_%s.%zu.%u.%zu", hash, last_hash, m->pages, id, bytes.len);
        else
            snprintf(key, 400, "NS_%s\\CI_%s\\IL_%s.%zu.%u.%zu", hash, middle_hash, last_hash, m->pages, id, bytes.len);
    }
    return at;
}

static uint32_t size_of(uint32_t type) { return type & 0x2000 ? 4 : type == 11 || type == 18 ? 2 : type == 17 ? 1 : 4; }

static uint32_t heap_string(buf *heap, const char *text)
{
    uint32_t at = (uint32_t)heap->len;
    bool ascii = true;
    for (const char *c = text; *c; c++)
        ascii &= (*c & 0x80) == 0;
    put8(heap, ascii ? 0 : 1);
    if (ascii) {
        buf_str(heap, text);
        put8(heap, 0);
        return at;
    }
    span s = span_str(text);
    for (size_t i = 0; i < s.len;)
        put16(heap, utf8_take(s, &i));
    put16(heap, 0);
    return at;
}

void made_class(made_wmi *m, const char *space, const char *name, const char *super, const made_field *own, unsigned inherited, uint32_t inherited_bytes)
{
    buf all, heap, refs;
    buf_init(&all, 1 << 20);
    buf_init(&heap, 1 << 20);
    buf_init(&refs, 1 << 20);
    heap_string(&heap, name);
    uint32_t offset = inherited_bytes, count = 0;
    for (; own[count].name; count++) {
        put32(&refs, heap_string(&heap, own[count].name));
        put32(&refs, (uint32_t)heap.len);
        put32(&heap, own[count].type);
        put16(&heap, inherited + count);
        put32(&heap, own[count].number ? own[count].number - 1 : offset);
        put32(&heap, 0);
        put32(&heap, 4);
        offset += size_of(own[count].type);
    }
    uint32_t defaults = (2 * (inherited + count) + 7) / 8 + offset;
    put32(&all, (uint32_t)strlen(super));
    put_units(&all, super);
    put64(&all, noon);
    size_t begin = all.len;
    put32(&all, 0);
    put8(&all, 0);
    put32(&all, 0);
    put32(&all, defaults);
    put32(&all, 4);
    put32(&all, 4);
    put32(&all, count);
    buf_span(&all, buf_bytes(&refs));
    put_zeros(&all, defaults);
    put32(&all, (uint32_t)heap.len | 0x80000000);
    buf_span(&all, buf_bytes(&heap));
    set32(&all, begin, (uint32_t)(all.len - begin));
    add_entry(m, buf_bytes(&all), space, name, name);
    buf_done(&all);
    buf_done(&heap);
    buf_done(&refs);
}

size_t made_object(made_wmi *m, const char *space, const char *class_name, const made_field *fields, uint64_t written)
{
    buf all, heap, values;
    char hash[65];
    uint8_t table[16] = { 0 };
    buf_init(&all, 4 << 20);
    buf_init(&heap, 4 << 20);
    buf_init(&values, 1 << 20);
    hash_of(m, class_name, hash);
    put_units(&all, hash);
    put64(&all, written);
    put64(&all, noon);
    size_t begin = all.len;
    heap_string(&heap, class_name);
    uint32_t count = 0;
    for (; fields[count].name; count++) {
        const made_field *f = &fields[count];
        uint32_t value = f->number;
        if (f->text)
            value = heap_string(&heap, f->text);
        if (f->bytes.len) {
            value = (uint32_t)heap.len;
            put32(&heap, (uint32_t)f->bytes.len);
            buf_span(&heap, f->bytes);
        }
        if (!f->text && !f->bytes.len && !f->number)
            table[count / 4] |= (uint8_t)(3 << 2 * (count % 4));
        if (size_of(f->type) == 4)
            put32(&values, value);
        else if (size_of(f->type) == 2)
            put16(&values, value);
        else
            put8(&values, value);
    }
    put32(&all, 0);
    put8(&all, 0);
    put32(&all, 0);
    buf_put(&all, table, (2 * count + 7) / 8);
    buf_span(&all, buf_bytes(&values));
    put32(&all, 4);
    put8(&all, 1);
    put32(&all, (uint32_t)heap.len | 0x80000000);
    buf_span(&all, buf_bytes(&heap));
    set32(&all, begin, (uint32_t)(all.len - begin));
    char name[64];
    snprintf(name, sizeof name, "object %u", m->next_id);
    size_t at = add_entry(m, buf_bytes(&all), space, class_name, name);
    buf_done(&all);
    buf_done(&heap);
    buf_done(&values);
    return at;
}

/* What does not fit goes on in further pages, whole ones. */
void made_page(made_wmi *m, bool mapped)
{
    size_t begin = m->objects.len;
    for (size_t i = 0; i < m->entry_count; i++) {
        put32(&m->objects, m->entries[i].id);
        put32(&m->objects, (uint32_t)m->entries[i].at);
        put32(&m->objects, m->entries[i].size);
        put32(&m->objects, 0);
    }
    put_zeros(&m->objects, begin + TABLE - m->objects.len);
    buf_span(&m->objects, buf_bytes(&m->page));
    put_align(&m->objects, WMI_PAGE);
    for (size_t page = begin / WMI_PAGE; mapped && page < m->objects.len / WMI_PAGE; page++)
        m->order[m->pages++] = (uint32_t)page;
    m->entry_count = 0;
    buf_clear(&m->page);
}

static void make_index(made_wmi *m)
{
    buf offsets, parts, values, strings;
    buf_init(&offsets, 1 << 20);
    buf_init(&parts, 1 << 20);
    buf_init(&values, 1 << 20);
    buf_init(&strings, 1 << 20);
    for (size_t done = 0; done < m->key_count;) {
        buf_clear(&offsets), buf_clear(&parts), buf_clear(&values), buf_clear(&strings);
        uint32_t keys = 0;
        for (; done < m->key_count && strings.len < 6000; done++, keys++) {
            char key[400], *at = key, *next;
            put16(&offsets, (unsigned)parts.len / 2);
            snprintf(key, sizeof key, "%s", m->keys[done].key);
            unsigned count = 1;
            for (const char *c = key; *c; c++)
                count += *c == '\\';
            put16(&parts, count);
            while ((next = strsep(&at, "\\"))) {
                put16(&parts, (unsigned)values.len / 2);
                put16(&values, (unsigned)strings.len);
                buf_str(&strings, next);
                put8(&strings, 0);
            }
        }
        put32(&m->index, 0xACCC);
        put32(&m->index, (uint32_t)(m->index.len / WMI_PAGE));
        put_zeros(&m->index, 8);
        put32(&m->index, keys);
        put_zeros(&m->index, keys * 4 + (keys + 1) * 4);
        buf_span(&m->index, buf_bytes(&offsets));
        put16(&m->index, (unsigned)parts.len / 2);
        buf_span(&m->index, buf_bytes(&parts));
        put16(&m->index, (unsigned)values.len / 2);
        buf_span(&m->index, buf_bytes(&values));
        put16(&m->index, (unsigned)strings.len);
        buf_span(&m->index, buf_bytes(&strings));
        put_align(&m->index, WMI_PAGE);
    }
    buf_done(&offsets), buf_done(&parts), buf_done(&values), buf_done(&strings);
}

static void make_map(made_wmi *m, const uint32_t *order, size_t count, size_t physical)
{
    put32(&m->map, 0xABCD);
    put32(&m->map, 7);
    if (m->version == 6)
        put64(&m->map, 0);
    put32(&m->map, (uint32_t)physical);
    put32(&m->map, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        put32(&m->map, order ? order[i] : (uint32_t)i);
        put_zeros(&m->map, m->version == 6 ? 20 : 0);
    }
    put32(&m->map, 1);
    put32(&m->map, 0);
    put32(&m->map, 0xDCBA);
}

wmi_files made_files(made_wmi *m)
{
    make_index(m);
    make_map(m, m->order, m->pages, m->objects.len / WMI_PAGE);
    make_map(m, NULL, m->index.len / WMI_PAGE, m->index.len / WMI_PAGE);
    if (m->version == 6)
        put32(&m->map, 1);
    return (wmi_files){ .objects = buf_bytes(&m->objects), .index = buf_bytes(&m->index), .maps = { buf_bytes(&m->map) } };
}

/* ---- the usual ---- */

#define SUBSCRIPTION "root\\subscription"
static const uint8_t administrators[] = { 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0 };
#define CREATOR { .name = "CreatorSID", .type = 0x2011, .bytes = { administrators, sizeof administrators } }

void made_usual_classes(made_wmi *m)
{
    static const made_field none[] = { { 0 } };
    static const made_field filter[] = { { .name = "Name", .type = 8 }, { .name = "CreatorSID", .type = 0x2011 }, { .name = "QueryLanguage", .type = 8 },
                                         { .name = "Query", .type = 8 }, { .name = "EventNamespace", .type = 8 }, { 0 } };
    static const made_field consumer[] = { { .name = "MachineName", .type = 8 }, { .name = "CreatorSID", .type = 0x2011 }, { 0 } };
    static const made_field command[] = { { .name = "Name", .type = 8 }, { .name = "RunInteractively", .type = 11 }, { .name = "CommandLineTemplate", .type = 8 },
                                          { .name = "KillTimeout", .type = 19 }, { 0 } };
    static const made_field binding[] = { { .name = "Filter", .type = 102 }, { .name = "Consumer", .type = 102 }, { .name = "CreatorSID", .type = 0x2011 }, { 0 } };
    static const made_field space[] = { { .name = "Name", .type = 8 }, { 0 } };
    made_class(m, "__SystemClass", "__SystemClass", "", none, 0, 0);
    made_class(m, "__SystemClass", "__EventFilter", "__SystemClass", filter, 0, 0);
    made_class(m, "__SystemClass", "__EventConsumer", "__SystemClass", consumer, 0, 0);
    made_class(m, "__SystemClass", "__FilterToConsumerBinding", "__SystemClass", binding, 0, 0);
    made_class(m, "__SystemClass", "__Namespace", "__SystemClass", space, 0, 0);
    made_class(m, SUBSCRIPTION, "CommandLineEventConsumer", "__EventConsumer", command, 2, 8);
    const made_field here[] = { { .name = "Name", .type = 8, .text = "subscription" }, { 0 } };
    made_object(m, "root", "__Namespace", here, noon);
}

void made_filter(made_wmi *m, const char *space, const char *name, const char *query)
{
    const made_field f[] = { { .name = "Name", .type = 8, .text = name }, CREATOR, { .name = "QueryLanguage", .type = 8, .text = "WQL" },
                             { .name = "Query", .type = 8, .text = query }, { .name = "EventNamespace", .type = 8, .text = "root\\cimv2" }, { 0 } };
    made_object(m, space, "__EventFilter", f, noon);
}

void made_command(made_wmi *m, const char *space, const char *name, const char *command)
{
    const made_field f[] = { { .name = "MachineName", .type = 8 }, CREATOR, { .name = "Name", .type = 8, .text = name }, { .name = "RunInteractively", .type = 11, .number = 0xFFFF },
                             { .name = "CommandLineTemplate", .type = 8, .text = command }, { .name = "KillTimeout", .type = 19, .number = 45 }, { 0 } };
    made_object(m, space, "CommandLineEventConsumer", f, noon + 1);
}

void made_binding(made_wmi *m, const char *space, const char *filter_path, const char *consumer_path)
{
    const made_field f[] = { { .name = "Filter", .type = 102, .text = filter_path }, { .name = "Consumer", .type = 102, .text = consumer_path }, CREATOR, { 0 } };
    made_object(m, space, "__FilterToConsumerBinding", f, noon + 2);
}
