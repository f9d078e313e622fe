/* The view of one record. A template's shape - which slot or constant stands for which field - is worked out when the
 * template is first met; after that a record costs one pass over its slots' sizes, and a field a look-up in two arrays. */
#include "event/event.h"

#include "event/flat.h"

#include "base/utf16.h"

enum { LAYERS = 8, SHAPE_BYTES = 64 << 20, NO_PLACE = 0 };

/* ---- names ---- */

enum { BUCKETS = 256 };
typedef struct field_name { const char *text; field id; struct field_name *next; } field_name;
struct fields { arena *mem; field_name *buckets[BUCKETS]; const char **list; size_t count, room; };

fields *fields_new(arena *mem)
{
    fields *f = arena_alloc(mem, sizeof *f);
    if (f)
        f->mem = mem;
    return f;
}

static size_t bucket_of(const char *name)
{
    size_t hash = 5381;
    while (*name)
        hash = hash * 33 + (unsigned char)*name++;
    return hash % BUCKETS;
}

field fields_find(const fields *f, const char *name)
{
    for (const field_name *n = f->buckets[bucket_of(name)]; n; n = n->next)
        if (strcmp(n->text, name) == 0)
            return n->id;
    return FIELD_NONE;
}

field fields_intern(fields *f, const char *name)
{
    field known = fields_find(f, name);
    if (known != FIELD_NONE || f->count >= FIELD_NONE)
        return known;
    if (f->count == f->room) {
        size_t room = f->room ? 2 * f->room : 64;
        const char **list = arena_array(f->mem, room, sizeof *list);
        if (!list)
            return FIELD_NONE;
        if (f->count)
            memcpy(list, f->list, f->count * sizeof *list);
        f->list = list;
        f->room = room;
    }
    field_name *n = arena_alloc(f->mem, sizeof *n);
    const char *text = n ? arena_str(f->mem, name) : NULL;
    if (!text)
        return FIELD_NONE;
    *n = (field_name){ text, (field)f->count, f->buckets[bucket_of(name)] };
    f->buckets[bucket_of(name)] = n;
    f->list[f->count++] = text;
    return n->id;
}

const char *fields_name(const fields *f, field id)
{
    return id < f->count ? f->list[id] : "";
}

/* ---- shapes ---- */

typedef enum {
    SYS_PROVIDER, SYS_GUID, SYS_SOURCE, SYS_EVENT_ID, SYS_VERSION, SYS_LEVEL, SYS_TASK, SYS_OPCODE, SYS_KEYWORDS, SYS_TIME,
    SYS_RECORD_ID, SYS_ACTIVITY, SYS_PROCESS, SYS_THREAD, SYS_CHANNEL, SYS_COMPUTER, SYS_USER, SYS_COUNT, SYS_NONE = SYS_COUNT
} system_field;

static const struct { const char *element, *attribute; } system_names[SYS_COUNT] = {
    [SYS_PROVIDER] = { "Provider", "Name" }, [SYS_GUID] = { "Provider", "Guid" },
    [SYS_SOURCE] = { "Provider", "EventSourceName" }, [SYS_EVENT_ID] = { "EventID", NULL },
    [SYS_VERSION] = { "Version", NULL }, [SYS_LEVEL] = { "Level", NULL }, [SYS_TASK] = { "Task", NULL },
    [SYS_OPCODE] = { "Opcode", NULL }, [SYS_KEYWORDS] = { "Keywords", NULL }, [SYS_TIME] = { "TimeCreated", "SystemTime" },
    [SYS_RECORD_ID] = { "EventRecordID", NULL }, [SYS_ACTIVITY] = { "Correlation", "ActivityID" },
    [SYS_PROCESS] = { "Execution", "ProcessID" }, [SYS_THREAD] = { "Execution", "ThreadID" },
    [SYS_CHANNEL] = { "Channel", NULL }, [SYS_COMPUTER] = { "Computer", NULL }, [SYS_USER] = { "Security", "UserID" },
};

/* Numbers of places are one more than their index; NO_PLACE is none. */
typedef struct {
    const binxml_place *places;
    uint32_t system[SYS_COUNT];
    uint32_t *by_field;
    size_t field_count;
    uint32_t *data;                  /* unnamed Data */
    size_t data_count;
    struct { uint32_t place; field name; } *values;      /* all outside of System */
    size_t value_count;
} shape;

typedef struct {
    binxml xml;
    const shape *of;
    binxml_value *slots;
    vec room;                        /* where they lie */
} layer;

struct event_view {
    const fields *names;
    arena mem, record_mem;           /* shapes of the run; of one record */
    vec shapes;                      /* shape *, by serial */
    layer layers[LAYERS];
    size_t layer_count;              /* 1 until a field beyond System is asked for */
    bool opened;
    binxml_fault fault;
    flat_event *flat;                /* of an export; NULL: a record of a log */
};

event_view *event_view_new(const fields *names)
{
    arena mem;
    arena_init(&mem, SHAPE_BYTES);
    event_view *v = arena_alloc(&mem, sizeof *v);
    v->names = names;
    v->mem = mem;
    arena_init(&v->record_mem, SHAPE_BYTES);
    vec_init(&v->shapes, sizeof(shape *));
    for (size_t i = 0; i < LAYERS; i++)
        vec_init(&v->layers[i].room, sizeof(binxml_value));
    return v;
}

void event_view_free(event_view *v)
{
    if (!v)
        return;
    vec_done(&v->shapes);
    for (size_t i = 0; i < LAYERS; i++)
        vec_done(&v->layers[i].room);
    arena_done(&v->record_mem);
    arena mem = v->mem;
    arena_done(&mem);
}

binxml_fault event_fault(const event_view *v)
{
    return v->fault;
}

static system_field system_of(const binxml_place *p)
{
    if (p->depth != 3 || strcmp(p->path[1], "System") != 0)
        return SYS_NONE;
    system_field i = 0;
    for (; i < SYS_COUNT; i++)
        if (strcmp(p->path[2], system_names[i].element) == 0 &&
            (p->attribute ? system_names[i].attribute && strcmp(p->attribute, system_names[i].attribute) == 0
                          : !system_names[i].attribute))
            break;
    return i;
}

/* System is in the struct; RenderingInfo repeats it in words. */
static bool is_beside_data(const binxml_place *p)
{
    size_t at = strcmp(p->path[0], "Event") == 0 ? 1 : 0;
    return p->depth > at && (strcmp(p->path[at], "System") == 0 || strcmp(p->path[at], "RenderingInfo") == 0);
}

/* Defender writes "Threat Name" where everybody says ThreatName. */
field fields_find_spaced(const fields *names, const char *name, arena *mem)
{
    field known = fields_find(names, name);
    if (known != FIELD_NONE || !strchr(name, ' '))
        return known;
    char *closed = arena_str(mem, name), *to = closed;
    for (const char *c = name; closed && *c; c++)
        if (*c != ' ')
            *to++ = *c;
    if (!closed)
        return FIELD_NONE;
    *to = '\0';
    return fields_find(names, closed);
}

static field field_of(const fields *names, const binxml_place *p, arena *mem)
{
    const char *element = p->path[p->depth - 1];
    if (!p->attribute)
        return fields_find_spaced(names, p->name && p->name[0] ? p->name : element, mem);
    if (p->name && strcmp(p->attribute, "Name") == 0)
        return FIELD_NONE;
    const char *name = arena_printf(mem, "%s@%s", element, p->attribute);
    return name ? fields_find(names, name) : FIELD_NONE;
}

/* What names a value, and is none. */
static bool is_label(const binxml_place *p)
{
    return p->attribute && ((strcmp(p->attribute, "Name") == 0 && p->slot < 0) || strncmp(p->attribute, "xmlns", 5) == 0);
}

static shape *make_shape(event_view *v, const binxml_template *t, arena *mem)
{
    size_t count;
    const binxml_place *places = binxml_places(t, &count);
    shape *s = arena_alloc(mem, sizeof *s);
    if (!s)
        return NULL;
    s->places = places;
    s->field_count = v->names->count;
    s->by_field = arena_array(mem, s->field_count, sizeof *s->by_field);
    s->data = arena_array(mem, count, sizeof *s->data);
    s->values = arena_array(mem, count, sizeof *s->values);
    if (!s->by_field || !s->data || !s->values)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const binxml_place *p = &places[i];
        uint32_t number = (uint32_t)i + 1;
        system_field system = system_of(p);
        if (system != SYS_NONE && !s->system[system])
            s->system[system] = number;
        if (is_beside_data(p))
            continue;
        if (!p->attribute && !(p->name && p->name[0]) && strcmp(p->path[p->depth - 1], "Data") == 0)
            s->data[s->data_count++] = number;
        field f = field_of(v->names, p, &v->record_mem);
        bool is_new = f != FIELD_NONE && !s->by_field[f];
        if (is_new)
            s->by_field[f] = number;
        if (!is_label(p)) {
            s->values[s->value_count].place = number;
            s->values[s->value_count++].name = is_new ? f : FIELD_NONE;
        }
    }
    return s;
}

static const shape *shape_of(event_view *v, const binxml_template *t)
{
    uint64_t serial = binxml_template_serial(t);
    if (serial == 0)
        return make_shape(v, t, &v->record_mem);
    while (v->shapes.count <= serial)
        vec_push(&v->shapes);
    shape **known = vec_at(&v->shapes, (size_t)serial);
    if (!*known)
        *known = make_shape(v, t, &v->mem);
    return *known ? *known : make_shape(v, t, &v->record_mem);      /* more templates than are remembered */
}

static bool open_layer(event_view *v, layer *l, const binxml *xml)
{
    l->xml = *xml;
    l->of = shape_of(v, xml->template_);
    while (l->room.count < xml->slot_count)
        vec_push(&l->room);
    l->slots = l->room.at;
    return l->of && binxml_slots(xml, l->slots);
}

/* ---- values ---- */

static const binxml_value absent = { BINXML_NULL, { NULL, 0 } };

static binxml_value value_at(const layer *l, uint32_t number)
{
    if (number == NO_PLACE)
        return absent;
    const binxml_place *p = &l->of->places[number - 1];
    if (p->depends_on >= 0 && (uint32_t)p->depends_on < l->xml.slot_count && p->depends_on != p->slot &&
        l->slots[p->depends_on].type == BINXML_NULL)
        return absent;
    if (p->slot < 0)
        return p->constant;
    return (uint32_t)p->slot < l->xml.slot_count ? l->slots[p->slot] : absent;
}

/* The documents in the record's slots, and those in theirs, as they come. */
static void open_rest(event_view *v)
{
    v->opened = true;
    for (size_t i = 0; i < v->layer_count && v->layer_count < LAYERS; i++) {
        const layer *l = &v->layers[i];
        for (uint32_t slot = 0; slot < l->xml.slot_count && v->layer_count < LAYERS; slot++) {
            binxml nested;
            if (l->slots[slot].type == BINXML_BINXML && binxml_nested(&l->xml, l->slots[slot], &nested) &&
                open_layer(v, &v->layers[v->layer_count], &nested))
                v->layer_count++;
        }
    }
}

static span text_units(binxml_value v)
{
    if (v.type != BINXML_WSTRING)
        return (span){ 0 };
    size_t len = 0;
    for (; len + 8 <= v.bytes.len; len += 8) {           /* four units a turn, none of them a NUL */
        uint64_t four = le64(v.bytes.at + len);
        if ((four - 0x0001000100010001) & ~four & 0x8000800080008000)
            break;
    }
    while (len + 1 < v.bytes.len && (v.bytes.at[len] || v.bytes.at[len + 1]))
        len += 2;
    return span_of(v.bytes.at, len);
}

static uint64_t number_at(const layer *l, system_field of, uint64_t otherwise)
{
    uint64_t n;
    return value_u64(value_at(l, l->of->system[of]), &n) ? n : otherwise;
}

static span text_at(const layer *l, system_field of)
{
    return text_units(value_at(l, l->of->system[of]));
}

static span bytes_at(const layer *l, system_field of, uint8_t type)
{
    binxml_value v = value_at(l, l->of->system[of]);
    return v.type == type && (type != BINXML_GUID || v.bytes.len == 16) ? v.bytes : (span){ 0 };
}

bool event_of(event_view *v, const evtx_record *record, event *out)
{
    layer *l = &v->layers[0];
    v->layer_count = 1;
    v->opened = false;
    v->flat = NULL;
    v->fault = (binxml_fault){ "slots", (size_t)(record->xml.fragment.at - record->xml.chunk.at) };
    arena_reset(&v->record_mem);
    if (!open_layer(v, l, &record->xml)) {
        v->layer_count = 0;
        return false;
    }
    *out = (event){
        .provider = text_at(l, SYS_PROVIDER), .event_source = text_at(l, SYS_SOURCE), .channel = text_at(l, SYS_CHANNEL),
        .computer = text_at(l, SYS_COMPUTER),
        .event_id = (uint32_t)number_at(l, SYS_EVENT_ID, 0), .version = (uint8_t)number_at(l, SYS_VERSION, 0),
        .level = (uint8_t)number_at(l, SYS_LEVEL, 0), .opcode = (uint8_t)number_at(l, SYS_OPCODE, 0),
        .task = (uint16_t)number_at(l, SYS_TASK, 0), .keywords = number_at(l, SYS_KEYWORDS, 0),
        .record_id = number_at(l, SYS_RECORD_ID, record->id),
        .process_id = (uint32_t)number_at(l, SYS_PROCESS, 0), .thread_id = (uint32_t)number_at(l, SYS_THREAD, 0),
        .user_sid = bytes_at(l, SYS_USER, BINXML_SID), .provider_guid = bytes_at(l, SYS_GUID, BINXML_GUID),
        .activity_id = bytes_at(l, SYS_ACTIVITY, BINXML_GUID),
        .offset = record->offset, .chunk = record->chunk, .recovered = record->recovered, .view = v,
    };
    if (!value_moment(value_at(l, l->of->system[SYS_TIME]), &out->time))
        out->time = moment_from_filetime(record->written);
    return true;
}

binxml_value event_get(const event *ev, field name)
{
    event_view *v = ev->view;
    if (v->flat)
        return flat_get(v->flat, name);
    if (!v->opened)
        open_rest(v);
    for (size_t i = v->layer_count; i-- > 0;) {
        const layer *l = &v->layers[i];
        if (name < l->of->field_count && l->of->by_field[name]) {
            binxml_value value = value_at(l, l->of->by_field[name]);
            if (value.type != BINXML_NULL || value.bytes.at)
                return value;
        }
    }
    return absent;
}

void event_get_all(const event *ev, const field *names, size_t count, binxml_value *out)
{
    event_view *v = ev->view;
    if (!v->flat && !v->opened)
        open_rest(v);
    for (size_t i = 0; i < count; i++)
        out[i] = v->flat ? flat_get(v->flat, names[i]) : absent;
    if (v->flat)
        return;
    for (size_t k = v->layer_count; k-- > 0;) {
        const layer *l = &v->layers[k];
        const uint32_t *by_field = l->of->by_field;
        for (size_t i = 0; i < count; i++)
            if (names[i] < l->of->field_count && by_field[names[i]] && out[i].type == BINXML_NULL && !out[i].bytes.at)
                out[i] = value_at(l, by_field[names[i]]);
    }
}

/* An array in a <Data> is as many <Data> as it has items. */
static size_t data_of(const layer *l, size_t wanted, binxml_value *out)
{
    size_t count = 0;
    for (size_t i = 0; i < l->of->data_count; i++) {
        binxml_value v = value_at(l, l->of->data[i]), item;
        const binxml_place *p = &l->of->places[l->of->data[i] - 1];
        if (v.type == BINXML_NULL && (!v.bytes.at || p->depends_on >= 0))
            continue;                           /* left out of the document */
        if (!(v.type & BINXML_ARRAY)) {
            if (count++ == wanted)
                *out = v;
            continue;
        }
        binxml_items items = binxml_items_of(v);
        while (binxml_items_next(&items, &item))
            if (count++ == wanted)
                *out = item;
    }
    return count;
}

size_t event_data_count(const event *ev)
{
    event_view *v = ev->view;
    if (v->flat)
        return v->flat->data_count;
    size_t count = 0;
    if (!v->opened)
        open_rest(v);
    for (size_t i = 0; i < v->layer_count; i++)
        count += data_of(&v->layers[i], SIZE_MAX, NULL);
    return count;
}

binxml_value event_data(const event *ev, size_t index)
{
    event_view *v = ev->view;
    if (v->flat)
        return index < v->flat->data_count ? v->flat->data[index] : absent;
    binxml_value out = absent;
    if (!v->opened)
        open_rest(v);
    for (size_t i = 0; i < v->layer_count; i++) {
        size_t here = data_of(&v->layers[i], index, &out);
        if (index < here)
            return out;
        index -= here;
    }
    return absent;
}

bool event_values_next(const event *ev, event_values *i)
{
    event_view *v = ev->view;
    while (v->flat && i->at < v->flat->count) {
        i->value = v->flat->values[i->at];
        i->name = v->flat->names[i->at++];
        if (i->value.type != BINXML_NULL)
            return true;
    }
    if (v->flat)
        return false;
    if (!v->opened)
        open_rest(v);
    for (; i->layer < v->layer_count; i->layer++, i->at = 0) {
        const layer *l = &v->layers[i->layer];
        while (i->at < l->of->value_count) {
            i->value = value_at(l, l->of->values[i->at].place);
            i->name = l->of->values[i->at++].name;
            if (i->value.type != BINXML_NULL && i->value.type != BINXML_BINXML)
                return true;
        }
    }
    return false;
}

const char *event_values_label(const event *ev, const event_values *i)
{
    const event_view *v = ev->view;
    if (v->flat)
        return v->flat->labels[i->at - 1];
    const shape *s = v->layers[i->layer].of;
    const binxml_place *p = &s->places[s->values[i->at - 1].place - 1];
    return p->attribute ? p->attribute : p->name && *p->name ? p->name : p->path[p->depth - 1];
}

arena *event_view_flat(event_view *v, flat_event *flat)
{
    arena_reset(&v->record_mem);
    v->layer_count = 0;
    v->flat = flat;
    return &v->record_mem;
}

const fields *event_view_fields(const event_view *v) { return v->names; }
size_t fields_count(const fields *f) { return f->count; }
