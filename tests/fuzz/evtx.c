/* The event log decoder over any bytes, as a log, as one chunk, and carved: JSON by program and by walker, XML, and the event
 * view. What programs and the walker write must be the same. */
#include "event/event.h"
#include "format/binxml_program.h"

#include "base/utf16.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_LIMIT = EVTX_HEADER + 3 * EVTX_CHUNK };

typedef struct { field names[4]; event_view *view; buf fast, slow, xml; } state;

static void look_at(state *s, const evtx_record *r)
{
    binxml_fault why;
    event ev;
    buf_clear(&s->fast);
    buf_clear(&s->slow);
    buf_clear(&s->xml);
    if (bx_run(&r->xml, &s->fast) &&
        (!binxml_json_walked(&r->xml, &s->slow, &why) || !span_eq(buf_bytes(&s->fast), buf_bytes(&s->slow))))
        abort();
    if (binxml_xml(&r->xml, &s->xml, &why) && !utf8_valid(buf_bytes(&s->xml)))
        abort();
    if (!event_of(s->view, r, &ev))
        return;
    for (size_t i = 0; i < sizeof s->names / sizeof *s->names; i++) {
        uint64_t n;
        moment t;
        binxml_value v = event_get(&ev, s->names[i]);
        value_u64(v, &n);
        value_moment(v, &t);
        value_has(v, "cmd");
    }
    for (size_t i = event_data_count(&ev); i-- > 0 && i < 64;)
        value_is(event_data(&ev, i), "x");
}

static void read_all(state *s, evtx_reader *reader, const evtx *log, problems *noted)
{
    evtx_record record;
    for (size_t i = 0; i < log->chunk_count; i++) {
        if (!evtx_chunk_load(reader, log, i, noted))
            continue;
        while (evtx_next(reader, &record))
            look_at(s, &record);
        while (evtx_next_recovered(reader, &record))
            look_at(s, &record);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > FILE_LIMIT)
        return 0;
    arena mem;
    problems noted;
    evtx log;
    span bytes = span_of(data, size);
    arena_init(&mem, 256 << 20);
    problems_init(&noted, &mem);
    fields *names = fields_new(&mem);
    state s = { .names = { fields_intern(names, "TargetUserName"), fields_intern(names, "Data"), fields_intern(names, "Image"),
                           fields_intern(names, "LogFileCleared@xmlns") } };
    s.view = event_view_new(names);
    buf_init(&s.fast, 64 << 20);
    buf_init(&s.slow, 64 << 20);
    buf_init(&s.xml, 64 << 20);
    binxml_templates *store = binxml_templates_new();
    evtx_reader *reader = evtx_reader_new(store);
    if (status_is_ok(evtx_open(&mem, evtx_source_bytes(&bytes), &noted, &log))) {
        evtx_meet_templates(reader, &log);
        binxml_templates_lend(store);
        if (status_is_ok(evtx_carve(&mem, &noted, &log)))
            read_all(&s, reader, &log, &noted);
    } else {
        evtx carved = { .source = evtx_source_bytes(&bytes) };
        if (status_is_ok(evtx_carve(&mem, &noted, &carved)))
            read_all(&s, reader, &carved, &noted);
    }
    evtx_reader_free(reader);
    binxml_templates_free(store);
    event_view_free(s.view);
    buf_done(&s.fast);
    buf_done(&s.slow);
    buf_done(&s.xml);
    arena_done(&mem);
    return 0;
}
