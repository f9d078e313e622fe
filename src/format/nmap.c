#include "format/nmap.h"

#include "format/xml.h"

#include <stdlib.h>

bool nmap_is(span first_bytes)
{
    span head = span_part(first_bytes, 0, 4096);
    return memmem(head.at ? head.at : (const uint8_t *)"", head.len, "<nmaprun", 8) != NULL;
}

static bool is(const char *text, const char *word)
{
    return strcmp(text, word) == 0;
}

static size_t count_of(const xml *first, const char *name, size_t most)
{
    size_t n = 0;
    for (const xml *x = first; x && n < most; x = x->next)
        n += is(x->name, name);
    return n;
}

/* <script id="smb-vuln-ms17-010" output="… State: VULNERABLE …">, the state also in an elem of its own. */
static bool says_vulnerable(const xml *scripts)
{
    for (const xml *x = scripts; x; x = x->next) {
        if (!is(x->name, "script") || !is(xml_get(x, "id"), "smb-vuln-ms17-010"))
            continue;
        const char *output = xml_get(x, "output");
        if (strstr(output, "VULNERABLE") && !strstr(output, "NOT VULNERABLE"))
            return true;
        for (const xml *t = x->first; t; t = t->next)
            for (const xml *e = t->first; e; e = e->next)
                if (is(e->name, "elem") && is(xml_get(e, "key"), "state") && strncmp(e->text, "VULNERABLE", 10) == 0)
                    return true;
    }
    return false;
}

static void read_ports(arena *mem, const xml *ports, problems *noted, nmap_host *h)
{
    size_t room = count_of(ports->first, "port", NMAP_PORTS + 1);
    if (room > NMAP_PORTS) {
        problems_note(noted, "nmap.many", PROBLEM_NO_CHUNK, ports->line, "a host has more than %u ports", NMAP_PORTS);
        room = NMAP_PORTS;
    }
    h->ports = arena_array(mem, room ? room : 1, sizeof *h->ports);
    for (const xml *x = ports->first; x && h->port_count < room; x = x->next) {
        if (!is(x->name, "port"))
            continue;
        const xml *state = xml_child(x, "state"), *service = xml_child(x, "service");
        h->ports[h->port_count++] = (nmap_port){
            .number = xml_get(x, "portid"), .protocol = xml_get(x, "protocol"), .state = state ? xml_get(state, "state") : "",
            .service = service ? xml_get(service, "name") : "", .product = service ? xml_get(service, "product") : "",
        };
        h->vulnerable = h->vulnerable || says_vulnerable(x->first);
    }
}

static void read_host(arena *mem, const xml *of, problems *noted, nmap_host *h)
{
    size_t addresses = count_of(of->first, "address", 64);
    const xml *status = xml_child(of, "status"), *names = xml_child(of, "hostnames"), *ports = xml_child(of, "ports"), *scripts = xml_child(of, "hostscript");
    *h = (nmap_host){ .mac = "", .up = status && is(xml_get(status, "state"), "up") };
    h->addresses = arena_array(mem, addresses + 1, sizeof *h->addresses);
    for (const xml *x = of->first; x && h->address_count < addresses; x = x->next) {
        if (!is(x->name, "address"))
            continue;
        if (is(xml_get(x, "addrtype"), "mac"))
            h->mac = xml_get(x, "addr");
        else
            h->addresses[h->address_count++] = xml_get(x, "addr");
    }
    size_t room = names ? count_of(names->first, "hostname", 64) : 0;
    h->names = arena_array(mem, room + 1, sizeof *h->names);
    for (const xml *x = names ? names->first : NULL; x && h->name_count < room; x = x->next)
        if (is(x->name, "hostname"))
            h->names[h->name_count++] = xml_get(x, "name");
    if (ports && !(status && is(xml_get(status, "state"), "down")))
        read_ports(mem, ports, noted, h);
    h->vulnerable = h->vulnerable || (scripts && says_vulnerable(scripts->first));
}

status nmap_read(arena *mem, span bytes, problems *noted, nmap *out)
{
    xml *root;
    status s = xml_parse(mem, bytes, noted, &root);
    if (!status_is_ok(s))
        return s;
    if (!is(root->name, "nmaprun"))
        return status_fail(STATUS_UNSUPPORTED, "XML, and no scan of nmap: <%.64s>", root->name);
    size_t room = count_of(root->first, "host", NMAP_HOSTS + 1);
    if (room > NMAP_HOSTS) {
        problems_note(noted, "nmap.many", PROBLEM_NO_CHUNK, root->line, "more than %u hosts", NMAP_HOSTS);
        room = NMAP_HOSTS;
    }
    *out = (nmap){ .started = MOMENT_UNKNOWN, .arguments = xml_get(root, "args"), .hosts = arena_array(mem, room ? room : 1, sizeof *out->hosts) };
    long long start = strtoll(xml_get(root, "start"), NULL, 10);
    if (start > 0 && start < 253402300800)
        out->started = moment_from_unix(start, 0);
    for (const xml *x = root->first; x && out->host_count < room; x = x->next)
        if (is(x->name, "host"))
            read_host(mem, x, noted, &out->hosts[out->host_count++]);
    return status_ok();
}
