/* The kernel's own lists in a dump's memory. */
#include "format/crashdump_inside.h"

void   crashdump_kernel_modules(crashdump *d) { (void)d; }
void   crashdump_kernel_unloaded(crashdump *d) { (void)d; }
bool   crashdump_debugger_block(crashdump *d, crashdump_debugger *out) { (void)d; *out = (crashdump_debugger){ 0 }; return false; }
const char *crashdump_build_lab(crashdump *d) { (void)d; return NULL; }
size_t crashdump_processes(crashdump *d, const crashdump_layout *layouts, size_t layout_count, const crashdump_process **out, const char **layout_name)
{
    (void)layouts, (void)layout_count;
    *out = d->processes;
    *layout_name = d->layout_name;
    return d->process_count;
}
