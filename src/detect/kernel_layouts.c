#include "detect/kernel_layouts.h"

#include <stdlib.h>

#define OBJECT_MOST 0x2000

static uint32_t offset_of(const profile_node *row, const char *key)
{
    bool found;
    int64_t n = profile_number(row, key, &found);
    return found && n > 0 && n < OBJECT_MOST ? (uint32_t)n : 0;
}

static status row_of(const profile_node *row, crashdump_layout *out)
{
    bool from, to;
    int64_t first = profile_number(row, "from", &from), last = profile_number(row, "to", &to);
    *out = (crashdump_layout){ .name = profile_text(row, "name"), .build_from = (uint32_t)first, .build_to = (uint32_t)last, .wide = profile_true(row, "wide"),
                               .pid = offset_of(row, "pid"), .links = offset_of(row, "links"), .image = offset_of(row, "image"), .parent = offset_of(row, "parent"),
                               .created = offset_of(row, "created"), .exited = offset_of(row, "exited"), .peb = offset_of(row, "peb"),
                               .audit_name = offset_of(row, "audit"), .table = offset_of(row, "table") };
    size_t sizes = 0;
    for (const profile_node *s = profile_list(row, "sizes"); s && sizes < 2; s = s->next)
        out->process_size[sizes++] = (uint32_t)strtoul(s->text, NULL, 0);
    const uint32_t needed[] = { out->pid, out->links, out->image, out->parent, out->created, out->peb, out->audit_name, out->table };
    uint32_t size = out->process_size[0] ? out->process_size[0] : OBJECT_MOST;
    bool sound = first > 0 && first <= last && last <= UINT32_MAX;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        sound = sound && needed[i] > 0 && needed[i] < size;
    if (!sound || out->links != out->pid + (out->wide ? 8 : 4) || (out->exited && out->exited <= out->created) || out->exited >= size ||
        out->exited % 8 != 0 || out->created % 8 != 0)
        return status_fail(STATUS_BAD_INPUT, "profiles/kernel-layouts.yml:%u: no structure has its fields there", row->line);
    return status_ok();
}

status kernel_layouts_new(const profile *facts, arena *mem, const crashdump_layout **out, size_t *count)
{
    const profile_node *root;
    status st = profile_need(facts, "kernel-layouts", &root);
    if (!status_is_ok(st))
        return st;
    const profile_node *rows = profile_get(root, "layouts");
    crashdump_layout *all = arena_array(mem, rows->count + 1, sizeof *all);
    size_t n = 0;
    for (const profile_node *row = rows->first; row && status_is_ok(st); row = row->next) {
        st = row_of(row, &all[n]);
        for (size_t i = 0; i < n && status_is_ok(st); i++)
            if (all[i].wide == all[n].wide && all[i].build_from <= all[n].build_to && all[n].build_from <= all[i].build_to)
                st = status_fail(STATUS_BAD_INPUT, "profiles/kernel-layouts.yml:%u: a build of it stands in a row before", row->line);
        n++;
    }
    *out = all;
    *count = n;
    return st;
}
