/* Who is this host? Names and renames, own addresses, the installation's SID, domain, Windows version, zone, role.
 *
 * Source    EventLog 6009 6011 6013, Kernel-General 12; Security 4624 4672 4720 4768 4769 5156; Sysmon 3; Tcpip 4199;
 *           Dhcp-Client 1001 to 1007; MSSQL startup and logon records.
 * Shapes    A claim is made with the first and the last record that says so; records in between only move its end. */
#include "detect/detect.h"
#include "detect/subject.h"

#include <strings.h>

enum { OWN_SIDS = 16, OWN_TEXT = 80 };

typedef struct {
    const profile_node *builds;
    field name, domain, sid, target_name, target_domain, target_sid, created_sid, binary, initiated, source_ip, source_address, direction, major, minor, build, dhcp_address, hardware;
} identity_run;

/* A saying that repeats: told again when it changes and at the end. */
typedef struct { char text[OWN_TEXT]; event last; } saying;

typedef struct {
    uint8_t sids[OWN_SIDS][24]; size_t sid_count;      /* prefixes of machine SIDs already claimed */
    saying address, domain, role;
} identity_state;

static status setup(const detect_setup *s, void **out)
{
    identity_run *run = arena_alloc(s->mem, sizeof *run);
    fields *f = s->names;
    run->builds = profile_get(profile_root(s->facts, "windows-builds"), "builds");
    run->name = fields_intern(f, "SubjectUserName");
    run->domain = fields_intern(f, "SubjectDomainName");
    run->sid = fields_intern(f, "SubjectUserSid");
    run->target_name = fields_intern(f, "TargetUserName");
    run->target_domain = fields_intern(f, "TargetDomainName");
    run->target_sid = fields_intern(f, "TargetUserSid");
    run->created_sid = fields_intern(f, "TargetSid");
    run->binary = fields_intern(f, "Binary");
    run->initiated = fields_intern(f, "Initiated");
    run->source_ip = fields_intern(f, "SourceIp");
    run->source_address = fields_intern(f, "SourceAddress");
    run->direction = fields_intern(f, "Direction");
    run->major = fields_intern(f, "MajorVersion");
    run->minor = fields_intern(f, "MinorVersion");
    run->build = fields_intern(f, "BuildVersion");
    run->dhcp_address = fields_intern(f, "Address");
    run->hardware = fields_intern(f, "HWAddress");
    *out = run;
    return status_ok();
}

static void *start(const void *run, arena *mem)
{
    (void)run;
    return arena_alloc(mem, sizeof(identity_state));
}

static void flush(detect_log *out, saying *s, const char *key, const char *source, const char *strength)
{
    if (*s->text)
        detect_claim(out, &s->last, key, s->text, source, strength);
    *s->text = 0;
}

static void say(detect_log *out, saying *s, const event *ev, const char *key, const char *text, const char *source, const char *strength)
{
    if (!text || !*text || strlen(text) >= OWN_TEXT)
        return;
    if (strcmp(s->text, text) != 0) {
        flush(out, s, key, source, strength);
        detect_claim(out, ev, key, text, source, strength);
        memcpy(s->text, text, strlen(text) + 1);
    }
    s->last = *ev;
}

/* The computer's name without its domain, as UTF-16. */
static span label_of(const event *ev)
{
    span name = utf16_trim(ev->computer);
    for (size_t i = 0; i + 1 < name.len; i += 2)
        if (le16(name.at + i) == '.')
            return span_part(name, 0, i);
    return name;
}

static bool same_units(span a, span b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i + 1 < a.len; i += 2) {
        unsigned x = le16(a.at + i), y = le16(b.at + i);
        if (x >= 'a' && x <= 'z')
            x -= 32;
        if (y >= 'a' && y <= 'z')
            y -= 32;
        if (x != y)
            return false;
    }
    return true;
}

/* An account that the host itself has: its SID without the last number is the installation's. */
static void own_account(identity_state *p, const event *ev, detect_log *out, field sid_field, field domain_field)
{
    binxml_value sid = event_get(ev, sid_field);
    static const uint8_t issued[] = { 1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0 };        /* S-1-5-21-a-b-c-rid */
    if (sid.type != BINXML_SID || sid.bytes.len != 28 || memcmp(sid.bytes.at, issued, sizeof issued) != 0)
        return;
    for (size_t i = 0; i < p->sid_count; i++)
        if (memcmp(p->sids[i], sid.bytes.at, 24) == 0)
            return;
    if (!same_units(value_utf16(event_get(ev, domain_field)), label_of(ev)) || p->sid_count == OWN_SIDS)
        return;
    memcpy(p->sids[p->sid_count++], sid.bytes.at, 24);
    char *text = sid_text(sid.bytes, detect_scratch(out)), *rid = text ? strrchr(text, '-') : NULL;
    if (rid) {
        *rid = 0;
        detect_claim(out, ev, "machine-sid", text, ev->event_id == 4720 ? "Security 4720" : ev->event_id == 4672 ? "Security 4672" : "Security 4624", "decisive");
    }
}

/* The host's own account, HOST$, acts under its domain's name. */
static void own_domain(const identity_run *run, identity_state *p, const event *ev, detect_log *out)
{
    span name = value_utf16(event_get(ev, run->name)), label = label_of(ev);
    if (name.len != label.len + 2 || le16(name.at + name.len - 2) != '$' || !same_units(span_part(name, 0, label.len), label))
        return;
    char *domain = value_text(event_get(ev, run->domain), detect_scratch(out));
    if (domain && strcmp(domain, "-") != 0)
        say(out, &p->domain, ev, "domain", domain, "Security HOST$", "strong");
}

static void own_address(const identity_run *run, identity_state *p, const event *ev, detect_log *out)
{
    bool sysmon = ev->event_id == 3, local;
    if (sysmon) {
        uint64_t initiated = 0;
        binxml_value v = event_get(ev, run->initiated);
        if (!value_is(v, "true") && !(value_u64(v, &initiated) && initiated))
            return;
    } else if (!value_is(event_get(ev, run->direction), "%%14593")) {
        return;
    }
    const char *address = detect_address(value_text(event_get(ev, sysmon ? run->source_ip : run->source_address), detect_scratch(out)), &local);
    if (!address || strncmp(address, "169.254.", 8) == 0 || strncasecmp(address, "fe80:", 5) == 0 || strncasecmp(address, "ff", 2) == 0 ||
        strncmp(address, "127.", 4) == 0)
        return;
    say(out, &p->address, ev, "address", address, sysmon ? "Sysmon 3 own end" : "Security 5156 own end", "decisive");
}

static void version(const identity_run *run, const event *ev, detect_log *out, uint64_t major, uint64_t minor, uint64_t build, const char *source)
{
    arena *mem = detect_scratch(out);
    detect_claim(out, ev, "os-build", arena_printf(mem, "%llu.%llu.%llu", (unsigned long long)major, (unsigned long long)minor, (unsigned long long)build), source, "strong");
    bool found;
    for (const profile_node *b = run->builds ? run->builds->first : NULL; b; b = b->next)
        if ((uint64_t)profile_number(b, "build", &found) == build)
            detect_claim(out, ev, "os", profile_text(b, "name"), source, "weak");
}

static uint64_t leading_number(const char *text, const char **rest)
{
    uint64_t n = 0;
    while (text && *text >= '0' && *text <= '9' && n < 1000000)
        n = n * 10 + (uint64_t)(*text++ - '0');
    *rest = text;
    return n;
}

/* 6009: "6.01.", "7601". */
static void boot_version(const identity_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    const char *rest, *text = value_text(event_data(ev, 0), mem);
    uint64_t major = leading_number(text, &rest), minor = rest && *rest == '.' ? leading_number(rest + 1, &rest) : 0;
    uint64_t build = leading_number(value_text(event_data(ev, 1), mem), &rest);
    if (major && build)
        version(run, ev, out, major, minor, build, "EventLog 6009");
}

/* 6013: uptime, "60", "-480 China Standard Time"; its binary lists texts, the third is the product, the last the full name. */
static void uptime(const identity_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    for (size_t i = event_data_count(ev); i > 0; i--) {
        const char *text = value_text(event_data(ev, i - 1), mem), *rest;
        if (!text || !*text)
            continue;
        bool west = *text != '-';
        uint64_t bias = leading_number(text + !west, &rest);
        if (*rest != ' ' || bias > 14 * 60 || rest == text + !west)
            break;
        detect_claim(out, ev, "time-zone", arena_printf(mem, "UTC%c%02u:%02u%s", west && bias ? '-' : '+', (unsigned)bias / 60, (unsigned)bias % 60, rest),
                     "EventLog 6013", "strong");
        break;
    }
    binxml_value binary = event_get(ev, run->binary);
    if (binary.type != BINXML_BINARY)
        return;
    size_t count = 0;
    const char *last = NULL;
    for (size_t i = 0, from = 0; i + 1 < binary.bytes.len && count < 64; i += 2) {
        if (le16(binary.bytes.at + i) != 0)
            continue;
        const char *text = utf16_text(mem, span_part(binary.bytes, from, i - from));
        from = i + 2;
        count++;
        if (count == 3 && strncmp(text, "Windows", 7) == 0)
            detect_claim(out, ev, "os", text, "EventLog 6013", "strong");
        if (*text)
            last = text;
    }
    if (last && count > 10 && strlen(last) < 256 && strchr(last, '.'))
        detect_claim(out, ev, "name", last, "EventLog 6013", "strong");
}

static void renamed(const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    char *old = value_text(event_data(ev, 0), mem), *now = value_text(event_data(ev, 1), mem);
    detect_act_builder *a = detect_act(out, ev, "host.rename");
    detect_fact(a, "old", old);
    detect_fact(a, "new", now);
    detect_claim(out, ev, "name", old, "EventLog 6011", "strong");
    detect_claim(out, ev, "name", now, "EventLog 6011", "strong");
}

/* Tcpip 4199: somebody else has our address: the address, and the other's hardware address. */
static void conflict(const event *ev, detect_log *out)
{
    bool local;
    const char *address = detect_address(value_text(event_data(ev, 1), detect_scratch(out)), &local);
    detect_claim(out, ev, "address", address, "Tcpip 4199", "strong");
}

/* Dhcp-Client: the card's hardware address, and its address as a number whose bytes are in the network's order. */
static void lease(const identity_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    binxml_value card = event_get(ev, run->hardware), address = event_get(ev, run->dhcp_address);
    const uint8_t *b = card.bytes.at;
    if (card.type == BINXML_BINARY && card.bytes.len == 6)
        detect_claim(out, ev, "mac", arena_printf(mem, "%02X-%02X-%02X-%02X-%02X-%02X", b[0], b[1], b[2], b[3], b[4], b[5]), "Dhcp-Client", "strong");
    uint64_t n;
    if (address.bytes.len == 4 && value_u64(address, &n) && n && (n & 0xffff) != (169 | 254 << 8))
        detect_claim(out, ev, "address", arena_printf(mem, "%u.%u.%u.%u", (unsigned)n & 255, (unsigned)(n >> 8) & 255, (unsigned)(n >> 16) & 255, (unsigned)(n >> 24) & 255),
                     "Dhcp-Client", "strong");
}

static void kernel_version(const identity_run *run, const event *ev, detect_log *out)
{
    uint64_t major, minor, build;
    if (value_u64(event_get(ev, run->major), &major) && value_u64(event_get(ev, run->minor), &minor) && value_u64(event_get(ev, run->build), &build))
        version(run, ev, out, major, minor, build, "Kernel-General 12");
}

static void step(const void *data, void *state, const event *ev, detect_log *out)
{
    const identity_run *run = data;
    identity_state *p = state;
    switch (ev->event_id) {
    case 4624: case 4720:
        own_account(p, ev, out, ev->event_id == 4624 ? run->target_sid : run->created_sid, run->target_domain);
        own_domain(run, p, ev, out);
        break;
    case 4672: own_account(p, ev, out, run->sid, run->domain); break;
    case 3: case 5156: own_address(run, p, ev, out); break;
    case 4768: case 4769: say(out, &p->role, ev, "role", "domain-controller", "Security 4768", "decisive"); break;
    case 6009: boot_version(run, ev, out); break;
    case 6011: renamed(ev, out); break;
    case 6013: uptime(run, ev, out); break;
    case 4199: conflict(ev, out); break;
    case 1001: case 1002: case 1003: case 1005: case 1006: case 1007: lease(run, ev, out); break;
    case 12: kernel_version(run, ev, out); break;
    default: say(out, &p->role, ev, "role", "database", "Application MSSQL", "decisive");
    }
}

static void finish(const void *data, void *state, detect_log *out)
{
    identity_state *p = state;
    (void)data;
    flush(out, &p->address, "address", p->address.last.event_id == 3 ? "Sysmon 3 own end" : "Security 5156 own end", "decisive");
    flush(out, &p->domain, "domain", "Security HOST$", "strong");
    bool dc = strcmp(p->role.text, "domain-controller") == 0;
    flush(out, &p->role, "role", dc ? "Security 4768" : "Application MSSQL", "decisive");
}

#define DHCP "Microsoft-Windows-Dhcp-Client"
static const detect_want wants[] = {
    { "Security", NULL, 4624 }, { "Security", NULL, 4672 }, { "Security", NULL, 4720 }, { "Security", NULL, 4768 }, { "Security", NULL, 4769 },
    { "Security", NULL, 5156 }, { "Microsoft-Windows-Sysmon/Operational", NULL, 3 }, { "System", "EventLog", 6009 }, { "System", "EventLog", 6011 },
    { "System", "EventLog", 6013 }, { "System", "Microsoft-Windows-Eventlog", 6009 }, { "System", "Microsoft-Windows-Eventlog", 6011 },
    { "System", "Microsoft-Windows-Eventlog", 6013 }, { "System", "Microsoft-Windows-Kernel-General", 12 }, { "System", "Tcpip", 4199 },
    { NULL, DHCP, 1001 }, { NULL, DHCP, 1002 }, { NULL, DHCP, 1003 }, { NULL, DHCP, 1005 }, { NULL, DHCP, 1006 }, { NULL, DHCP, 1007 },
    { "Application", "MSSQL*", 17162 }, { "Application", "MSSQL*", 17126 }, { "Application", "MSSQL*", 18456 }, { "Application", "MSSQL*", 18453 },
    { "Application", "MSSQL*", 18454 },
};
const detector detect_identity = { "identity", wants, sizeof wants / sizeof *wants, setup, start, step, finish };
