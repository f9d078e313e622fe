/* Port scans over any bytes: texts are UTF-8, lists keep their limits. */
#include "format/nmap.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool kept)
{
    if (!kept)
        abort();
}

static void text(const char *s) { require(s && utf8_valid(span_str(s))); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena mem;
    problems noted;
    nmap scan;
    arena_init(&mem, 256 << 20);
    problems_init(&noted, &mem);
    nmap_is(span_of(data, size));
    if (status_is_ok(nmap_read(&mem, span_of(data, size), &noted, &scan))) {
        require(scan.host_count <= NMAP_HOSTS);
        text(scan.arguments);
        for (size_t i = 0; i < scan.host_count; i++) {
            const nmap_host *h = &scan.hosts[i];
            require(h->port_count <= NMAP_PORTS);
            text(h->mac);
            for (size_t k = 0; k < h->address_count; k++)
                text(h->addresses[k]);
            for (size_t k = 0; k < h->name_count; k++)
                text(h->names[k]);
            for (size_t k = 0; k < h->port_count; k++)
                text(h->ports[k].number), text(h->ports[k].protocol), text(h->ports[k].state), text(h->ports[k].service), text(h->ports[k].product);
        }
    }
    arena_done(&mem);
    return 0;
}
