/* Inside of event: an event of an export, as a list of values by name. */
#pragma once
#include "event/event.h"

typedef struct flat_event {
    field *names; binxml_value *values; const char **labels; size_t count, room;     /* names: FIELD_NONE for those that nobody asked for */
    binxml_value *data; size_t data_count;
    uint32_t *place, *stamp, epoch; size_t field_count;          /* by field: index of its value, when stamped */
} flat_event;

binxml_value  flat_get(const flat_event *f, field name);
arena        *event_view_flat(event_view *v, flat_event *flat);  /* the view shows this from now on; the arena of its record, emptied */
const fields *event_view_fields(const event_view *v);
size_t        fields_count(const fields *f);
field         fields_find(const fields *f, const char *name);
field         fields_find_spaced(const fields *f, const char *name, arena *mem);
