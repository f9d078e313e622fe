/* Whom did programs talk to? Sysmon 3 and 22, Security 5156: contacts worth blocking, connections by service port, scans. */
#include "detect/detect.h"
#include "detect/family.h"
#include "detect/looks.h"
#include "detect/seen.h"
#include "detect/subject.h"
#include "detect/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { SEEN = 8192, WINDOWS = 256, TARGETS = 512, RDP = 3389 };

typedef struct {
    families *families;
    looks *looks;
    word_table *scan_lawful, *tunnel_lawful;
    word_finder *pools;
    uint8_t ports[65536 / 8 * 3];        /* one bit a port: of services, of pools, of scans */
    unsigned scan_targets;
    field image, initiated, source_ip, source_port, dest_ip, dest_port, dest_host, query, dest_port_5156, application, direction, source_address, dest_address;
} network_run;

/* Distinct targets of one (image, port) in the running ten minutes, and the best ten minutes so far. */
typedef struct { uint64_t key; moment from; uint32_t targets[TARGETS]; unsigned count; event best; unsigned best_count; char image[512], first[64]; uint64_t port; } scan_window;
typedef struct { seen contacts; scan_window *windows[WINDOWS]; size_t window_count; arena *mem; } network_state;

typedef enum { SERVICES, POOLS, SCANS } port_list;

static void mark_ports(network_run *run, port_list which, const profile_node *list)
{
    for (; list; list = list->next) {
        unsigned long port = strtoul(list->text, NULL, 10);
        if (port < 65536)
            run->ports[which * 8192 + port / 8] |= (uint8_t)(1u << (port % 8));
    }
}

static bool in_ports(const network_run *run, port_list which, uint64_t port)
{
    return port < 65536 && (run->ports[which * 8192 + port / 8] >> (port % 8) & 1);
}

static status setup(const detect_setup *s, void **out)
{
    network_run *run = arena_alloc(s->mem, sizeof *run);
    fields *f = s->names;
    run->image = fields_intern(f, "Image");
    run->initiated = fields_intern(f, "Initiated");
    run->source_ip = fields_intern(f, "SourceIp");
    run->source_port = fields_intern(f, "SourcePort");
    run->dest_ip = fields_intern(f, "DestinationIp");
    run->dest_port = fields_intern(f, "DestinationPort");
    run->dest_host = fields_intern(f, "DestinationHostname");
    run->query = fields_intern(f, "QueryName");
    run->dest_port_5156 = fields_intern(f, "DestPort");
    run->application = fields_intern(f, "Application");
    run->direction = fields_intern(f, "Direction");
    run->source_address = fields_intern(f, "SourceAddress");
    run->dest_address = fields_intern(f, "DestAddress");
    const profile_node *root;
    status st = profile_need(s->facts, "network", &root);
    const profile_node *scan = profile_get(root, "scan"), *pools = profile_get(root, "pool_names");
    bool found;
    run->scan_targets = (unsigned)profile_number(scan, "targets", &found);
    run->scan_lawful = word_table_of(s->mem, root, "scan_lawful");
    run->tunnel_lawful = word_table_of(s->mem, root, "tunnel_lawful");
    mark_ports(run, SERVICES, profile_list(root, "service_ports"));
    mark_ports(run, POOLS, profile_list(root, "pool_ports"));
    mark_ports(run, SCANS, profile_list(scan, "ports"));
    size_t count = 0;
    const char **names = arena_array(s->mem, pools ? pools->count + 1 : 1, sizeof *names);
    for (const profile_node *n = pools ? pools->first : NULL; n; n = n->next)
        names[count++] = n->text;
    run->pools = word_finder_new(s->mem, names, count);
    *out = run;
    if (status_is_ok(st) && !run->pools)
        st = status_fail(STATUS_LIMIT, "profiles/network.yml: too many pool names");
    if (status_is_ok(st))
        st = families_new(s->facts, s->mem, &run->families);
    return status_is_ok(st) ? looks_new(s->facts, s->mem, &run->looks) : st;
}

static void *start(const void *run, arena *mem)
{
    (void)run;
    network_state *p = arena_alloc(mem, sizeof *p);
    seen_init(&p->contacts, "net.contact", SEEN);
    p->mem = mem;
    return p;
}

static void note_contact(const event *ev, detect_log *out, network_state *p, const char *dest, uint64_t port, const char *name, const char *image, family_hit h, const char *why)
{
    arena *mem = detect_scratch(out);
    if (!seen_first(&p->contacts, out, arena_printf(mem, "%s\n%s\n%s", dest ? dest : "", name ? name : "", image ? image : "")))
        return;
    detect_act_builder *a = detect_act(out, ev, "net.contact");
    detect_fact(a, "dest", dest);
    if (port)
        detect_fact_u64(a, "port", port);
    detect_fact(a, "name", name);
    detect_fact(a, "image", image);
    detect_fact(a, "indicator", h.role);
    detect_fact(a, "family", h.family);
    detect_fact(a, "why", why);
    bool pool = strncmp(why, "pool", 4) == 0;
    detect_finding(a, pool ? "miner" : "network-contact", h.family ? SEVERITY_HIGH : SEVERITY_MEDIUM, h.family ? h.weight : pool && name ? 80 : 45, pool ? "T1496" : "T1071", pool ? "miner.pool" : "network-contact.known");
}

/* The window of a program and port. When all are taken, the one that has shown least gives way, if its ten minutes are over. */
static scan_window *window_of(network_state *p, const char *image, uint64_t port, moment now)
{
    char key[600];
    int n = snprintf(key, sizeof key, "%.511s\n%" PRIu64, image, port);
    uint64_t h = hash64(span_of(key, (size_t)n));
    scan_window *least = NULL;
    for (size_t i = 0; i < p->window_count; i++) {
        scan_window *w = p->windows[i];
        if (w->key == h)
            return w;
        bool over = now < w->from || now - w->from > 10 * MOMENT_MINUTE;
        if (over && (!least || w->best_count < least->best_count))
            least = w;
    }
    scan_window *w = least;
    if (p->window_count < WINDOWS)
        w = p->windows[p->window_count++] = arena_alloc(p->mem, sizeof *w);
    if (w) {
        *w = (scan_window){ .key = h, .from = MOMENT_UNKNOWN, .port = port };
        snprintf(w->image, sizeof w->image, "%s", image);
    }
    return w;
}

/* Windows follow one another; a scan that spans two shows in the fuller one. */
static void scanned(const network_run *run, network_state *p, const event *ev, detect_log *out, const char *image, uint64_t port, const char *dest)
{
    if (!moment_known(ev->time) || word_table_has(run->scan_lawful, looks_file(looks_path(image, detect_scratch(out)))))
        return;
    scan_window *w = window_of(p, image, port, ev->time);
    if (!w) {
        detect_cut(out, "connect.scan", 1);
        return;
    }
    if (!moment_known(w->from) || ev->time < w->from || ev->time - w->from > 10 * MOMENT_MINUTE) {
        w->from = ev->time;
        w->count = 0;
    }
    uint32_t h = (uint32_t)hash64(span_str(dest));
    for (unsigned i = 0; i < w->count; i++)
        if (w->targets[i] == h)
            return;
    if (w->count == TARGETS)
        return;
    w->targets[w->count++] = h;
    if (w->count <= w->best_count)
        return;
    w->best_count = w->count;
    w->best = *ev;
    if (w->count == 1)
        snprintf(w->first, sizeof w->first, "%s", dest);
}

/* A program that reaches Remote Desktop of its own host carries somebody's session from elsewhere. */
static void tunnelled(const network_run *run, network_state *p, const event *ev, detect_log *out, const char *image, const char *dest)
{
    arena *mem = detect_scratch(out);
    if (!image || word_table_has(run->tunnel_lawful, looks_file(looks_path(image, mem))) || !seen_first(&p->contacts, out, arena_printf(mem, "tunnel\n%s", image)))
        return;
    detect_act_builder *a = detect_act(out, ev, "net.contact");
    detect_fact(a, "dest", dest);
    detect_fact_u64(a, "port", RDP);
    detect_fact(a, "image", image);
    detect_fact(a, "why", "rdp-tunnel");
    detect_finding(a, "port-proxy", SEVERITY_HIGH, 75, "T1572", "port-proxy.tunnel");
}

static void outgoing(const network_run *run, network_state *p, const event *ev, detect_log *out, const char *image, const char *dest, uint64_t port, const char *name)
{
    size_t which;
    family_hit h = name ? families_domain(run->families, name) : (family_hit){ 0 };
    if (h.family)
        note_contact(ev, out, p, dest, port, name, image, h, "family-domain");
    else if (dest && (h = families_address(run->families, dest)).family)
        note_contact(ev, out, p, dest, port, name, image, h, "family-address");
    else if (name && word_finder_first(run->pools, name, strlen(name), &which))
        note_contact(ev, out, p, dest, port, name, image, (family_hit){ 0 }, "pool-name");
    if (!dest)
        return;
    bool service = in_ports(run, SERVICES, port), outside = address_is_public(dest);
    if (outside && in_ports(run, POOLS, port) && image && looks_odd_folder(run->looks, looks_path(image, detect_scratch(out))))
        note_contact(ev, out, p, dest, port, name, image, (family_hit){ 0 }, "pool-port");
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, port);
    detect_count(out, ev, "connect.out", "image", image, "port", port ? digits : NULL, "dest", service || outside ? dest : NULL, NULL);
    if (in_ports(run, SCANS, port) && image)
        scanned(run, p, ev, out, image, port, dest);
}

static void incoming(const network_run *run, const event *ev, detect_log *out, const char *source, uint64_t port)
{
    bool local = false;
    const char *from = detect_address(source, &local);
    if (!from || local || !in_ports(run, SERVICES, port))
        return;
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, port);
    detect_count(out, ev, "connect.in", "port", digits, "source", from, NULL);
}

static void step(const void *context, void *state, const event *ev, detect_log *out)
{
    const network_run *run = context;
    network_state *p = state;
    arena *mem = detect_scratch(out);
    if (ev->event_id == 22) {
        char *name = value_text(event_get(ev, run->query), mem);
        if (name && *name)
            outgoing(run, p, ev, out, value_text(event_get(ev, run->image), mem), NULL, 0, name);
        return;
    }
    bool sysmon = ev->event_id == 3, local = false;
    char *source = value_text(event_get(ev, sysmon ? run->source_ip : run->source_address), mem);
    char *dest = value_text(event_get(ev, sysmon ? run->dest_ip : run->dest_address), mem);
    char *image = value_text(event_get(ev, sysmon ? run->image : run->application), mem);
    uint64_t source_port = 0, dest_port = 0;
    value_u64(event_get(ev, run->source_port), &source_port);
    value_u64(event_get(ev, sysmon ? run->dest_port : run->dest_port_5156), &dest_port);
    if (!source || !dest)
        return;
    bool out_going;
    if (sysmon) {
        uint64_t initiated = 0;
        binxml_value v = event_get(ev, run->initiated);
        out_going = value_is(v, "true") || (value_u64(v, &initiated) && initiated);
        if (value_is(v, "false"))
            out_going = false;
    } else {
        out_going = value_is(event_get(ev, run->direction), "%%14593");
    }
    if (out_going) {
        char *name = sysmon ? value_text(event_get(ev, run->dest_host), mem) : NULL;
        const char *to = detect_address(dest, &local);
        if (local && dest_port == RDP)
            tunnelled(run, p, ev, out, image, dest);
        if (!local)
            outgoing(run, p, ev, out, image, to, dest_port, name && *name && strcmp(name, "-") != 0 ? name : NULL);
        return;
    }
    /* Old Sysmon and 5156 inbound put the own end first, newer Sysmon the remote one: the own end is the one with the
     * service's port. */
    bool own_first = in_ports(run, SERVICES, source_port) && !in_ports(run, SERVICES, dest_port);
    incoming(run, ev, out, own_first ? dest : source, own_first ? source_port : dest_port);
}

static void finish(const void *context, void *state, detect_log *out)
{
    const network_run *run = context;
    network_state *p = state;
    for (size_t i = 0; i < p->window_count; i++) {
        scan_window *w = p->windows[i];
        if (w->best_count < run->scan_targets)
            continue;
        detect_act_builder *a = detect_act(out, &w->best, "connect.scan");
        detect_fact(a, "image", w->image);
        detect_fact_u64(a, "port", w->port);
        detect_fact_u64(a, "targets", w->best_count);
        detect_fact(a, "first_target", w->first);
        detect_finding(a, "port-scan", SEVERITY_HIGH, w->best_count >= 4 * run->scan_targets ? 85 : 70, "T1046 T1210", NULL);
    }
    seen_done(&p->contacts);
}

#define SYSMON "Microsoft-Windows-Sysmon/Operational"
static const detect_want wants[] = { { SYSMON, NULL, 3 }, { SYSMON, NULL, 22 }, { "Security", NULL, 5156 } };
const detector detect_network = { "network", wants, sizeof wants / sizeof *wants, setup, start, step, finish };
