/* What a port scan saw: the XML that nmap writes (-oX).
 *
 * Format    nmap.dtd as its manual has it: nmaprun, host, status, address, hostnames, ports, port, state, service, script.
 * Shapes    A host that is said to be down has no ports. States are nmap's words: open, closed, filtered, open|filtered, unfiltered. Of scripts
 *           only the verdict about MS17-010 is kept (smb-vuln-ms17-010).
 * Owns      Everything lives in `mem`.
 * Hostile   As format/xml.h; NMAP_HOSTS hosts and NMAP_PORTS ports of one, the rest is noted ("nmap.many").
 * Fails     STATUS_DAMAGED: no XML; STATUS_UNSUPPORTED: XML, but no scan. */
#pragma once
#include "base/base.h"

#define NMAP_HOSTS 65536u
#define NMAP_PORTS 65536u

typedef struct { const char *number, *protocol, *state, *service, *product; } nmap_port;      /* "" where it is not told */
typedef struct {
    const char **addresses; size_t address_count;        /* of the network; hardware addresses apart */
    const char *mac;
    const char **names; size_t name_count;
    bool up, vulnerable;                                 /* to MS17-010, as its script says */
    nmap_port *ports; size_t port_count;
} nmap_host;
typedef struct { moment started; const char *arguments; nmap_host *hosts; size_t host_count; } nmap;

bool   nmap_is(span first_bytes);
status nmap_read(arena *mem, span bytes, problems *noted, nmap *out);
