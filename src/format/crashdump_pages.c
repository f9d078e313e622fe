/* Page frames of a dump: where in the file each lies. */
#include "format/crashdump_inside.h"

void     crashdump_pages_open(crashdump *d) { d->pages = NULL; }
bool     crashdump_page(crashdump *d, uint64_t frame, uint8_t out[4096]) { (void)d, (void)frame, (void)out; return false; }
bool     crashdump_has_memory(const crashdump *d) { return d->pages != NULL; }
uint64_t crashdump_page_count(const crashdump *d) { (void)d; return 0; }
uint64_t crashdump_pages_end(const crashdump *d) { (void)d; return 0; }
