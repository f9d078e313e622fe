/* WMI repositories over any bytes: twelve bytes say how many of the rest are OBJECTS.DATA, how many INDEX.BTR, and how many a map; read
 * with all of them, and carved from the objects alone. Texts are UTF-8, and what is live has an index. */
#include "format/wmi.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool kept)
{
    if (!kept)
        abort();
}

static void text(const char *s) { require(s && utf8_valid(span_str(s))); }

static void record(const wmi *w, const wmi_record *r)
{
    require(r->standing != WMI_LIVE || w->indexed);
    require(r->standing == WMI_LIVE || !*r->space);
    text(r->space);
    text(r->creator);
}

static void check(const wmi *w)
{
    for (size_t i = 0; i < w->filter_count; i++) {
        const wmi_filter *f = &w->filters[i];
        record(w, &f->record);
        text(f->name), text(f->query), text(f->language), text(f->event_space);
    }
    for (size_t i = 0; i < w->consumer_count; i++) {
        const wmi_consumer *c = &w->consumers[i];
        record(w, &c->record);
        text(c->class_name), text(c->name), text(c->command), text(c->program), text(c->folder), text(c->engine), text(c->script), text(c->script_file);
        text(c->file), text(c->text), text(wmi_consumer_word(c->kind));
        for (size_t k = 0; k < c->property_count; k++)
            text(c->properties[k].name), text(c->properties[k].value);
    }
    for (size_t i = 0; i < w->binding_count; i++) {
        const wmi_binding *b = &w->bindings[i];
        record(w, &b->record);
        text(b->consumer), text(b->consumer_class), text(b->filter), text(b->consumer_path), text(b->filter_path);
    }
    for (size_t i = 0; i < w->space_count; i++)
        text(w->spaces[i].name);
    for (size_t i = 0; i < w->provider_count; i++)
        text(w->providers[i].name), text(w->providers[i].class_id), text(w->providers[i].host);
}

static void read_files(const wmi_files *files)
{
    arena mem;
    problems noted;
    wmi w;
    arena_init(&mem, 256 << 20);
    problems_init(&noted, &mem);
    if (status_is_ok(wmi_read(&mem, files, &noted, &w)))
        check(&w);
    arena_done(&mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cursor c = cur_open(span_of(data, size));
    size_t lengths[3];
    for (size_t i = 0; i < 3; i++)
        lengths[i] = cur_u32(&c, "length");
    span rest = span_part(c.all, 12, SIZE_MAX), parts[3];
    for (size_t i = 0; i < 3; i++) {
        parts[i] = span_part(rest, 0, lengths[i]);
        rest = span_part(rest, lengths[i], SIZE_MAX);
    }
    read_files(&(wmi_files){ .objects = parts[0], .index = parts[1], .maps = { parts[2] } });
    read_files(&(wmi_files){ .objects = parts[0] });
    wmi_objects_is(parts[0], parts[0].len);
    wmi_index_is(parts[1], parts[1].len);
    wmi_map_is(parts[2]);
    return 0;
}
