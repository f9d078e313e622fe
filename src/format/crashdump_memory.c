/* Addresses of a dump with pages, translated as the processor would. */
#include "format/crashdump_inside.h"

bool crashdump_pages_read(crashdump *d, uint64_t table, uint64_t address, void *out, size_t len, const char **why)
{
    (void)d, (void)table, (void)address, (void)out, (void)len;
    if (why)
        *why = "absent";
    return false;
}
