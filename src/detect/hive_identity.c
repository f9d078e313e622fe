/* Whose hives are these? Names, own addresses with the times of their leases, hardware addresses, domain, Windows version, time
 * zone, role, the installation's SID, and whose profile is whose.
 *
 * Shapes    A claim's time is the last write of the key that says so; of an address that DHCP gave, the lease's two times. */
#include "detect/artifact.h"
#include "detect/hive_text.h"
#include "detect/subject.h"

#include <arpa/inet.h>
#include <inttypes.h>

enum { INTERFACES_MOST = 256, PROFILES_MOST = 4096 };
static const int64_t LEASES_BEGIN = 631152000;      /* 1990: an earlier lease is a clock that was never set */

typedef struct { const profile_node *root; } identity_run;

static status setup(const detect_setup *s, void **out)
{
    identity_run *run = arena_alloc(s->mem, sizeof *run);
    *out = run;
    return profile_need(s->facts, "settings", &run->root);
}

static bool key_at(const hive_view *h, const regf_key *from, const char *path, regf_key *out)
{
    return regf_find(h->hive, from, path, out);
}

static const char *text_at(const hive_view *h, const regf_key *from, const char *value, detect_log *out)
{
    const char *text = regf_text_at(h->hive, from, "", value, detect_scratch(out));
    return text && *text ? text : NULL;
}

static void claim(detect_log *out, const regf_key *key, const char *what, const char *value, const char *source, const char *strength)
{
    if (value && *value)
        detect_claim_at(out, key->written, key->cell, what, value, source, strength);
}

/* ---- SYSTEM ---- */

static void names(const hive_view *h, detect_log *out)
{
    regf_key key;
    if (key_at(h, &h->control, "Control\\ComputerName\\ComputerName", &key))
        claim(out, &key, "name", text_at(h, &key, "ComputerName", out), "SYSTEM ComputerName", "strong");
    if (!key_at(h, &h->control, "Services\\Tcpip\\Parameters", &key))
        return;
    const char *name = text_at(h, &key, "NV Hostname", out), *domain = text_at(h, &key, "NV Domain", out);
    if (!name)
        name = text_at(h, &key, "Hostname", out);
    if (!domain)
        domain = text_at(h, &key, "Domain", out);
    claim(out, &key, "name", name && domain ? arena_printf(detect_scratch(out), "%s.%s", name, domain) : name, "SYSTEM Tcpip", "strong");
}

static void address(detect_log *out, const regf_key *key, const char *text, const char *source, moment from, moment to)
{
    uint8_t b[4];
    bool local;
    const char *plain = detect_address(text, &local);
    if (!plain || inet_pton(AF_INET, plain, b) != 1 || b[0] == 0 || b[0] >= 224 || (b[0] == 169 && b[1] == 254))
        return;
    detect_claim_at(out, from, key->cell, "address", plain, source, "strong");
    if (moment_known(to) && to != from)
        detect_claim_at(out, to, key->cell, "address", plain, source, "strong");
}

static moment lease_time(const hive_view *h, const regf_key *key, const char *value)
{
    uint64_t seconds;
    if (!regf_number_at(h->hive, key, "", value, &seconds) || seconds > UINT32_MAX || (int64_t)seconds < LEASES_BEGIN)
        return MOMENT_UNKNOWN;
    return moment_from_unix((int64_t)seconds, 0);
}

/* Addresses that DHCP gave stay in the key when others are set by hand later: their lease says when they were the host's. */
static void interface(const hive_view *h, const regf_key *key, detect_log *out)
{
    uint64_t dhcp;
    const char *given = text_at(h, key, "DhcpIPAddress", out);
    if (given) {
        moment from = lease_time(h, key, "LeaseObtainedTime"), to = lease_time(h, key, "LeaseTerminatesTime");
        if (!moment_known(from))
            from = key->written;
        address(out, key, given, "SYSTEM Tcpip DHCP", from, moment_known(to) && to > from ? to : from);
    }
    if (!regf_number_at(h->hive, key, "", "EnableDHCP", &dhcp) || dhcp != 0)
        return;
    char *set = regf_text_at(h->hive, key, "", "IPAddress", detect_scratch(out));
    for (char *at = set; at && *at;) {
        char *end = strchr(at, '\n');
        if (end)
            *end = 0;
        address(out, key, at, "SYSTEM Tcpip", key->written, MOMENT_UNKNOWN);
        at = end ? end + 1 : NULL;
    }
}

/* One level of keys below an interface: a network each that it was connected to. */
static void interfaces(const hive_view *h, detect_log *out)
{
    regf_key all, key, below;
    if (!key_at(h, &h->control, "Services\\Tcpip\\Parameters\\Interfaces", &all))
        return;
    size_t count = 0, dropped = 0;
    regf_keys keys = regf_keys_of(h->hive, &all);
    while (regf_keys_next(&keys, &key)) {
        if (++count > INTERFACES_MOST) {
            dropped++;
            continue;
        }
        interface(h, &key, out);
        regf_keys networks = regf_keys_of(h->hive, &key);
        while (regf_keys_next(&networks, &below)) {
            if (++count > INTERFACES_MOST)
                dropped++;
            else
                interface(h, &below, out);
        }
    }
    if (dropped)
        detect_cut(out, "address", dropped);
}

/* Addresses of hardware that its maker gave; those that software made up (second bit of the first byte) say nothing. */
static void hardware(const hive_view *h, detect_log *out)
{
    regf_key all, key, kernel;
    regf_value v;
    if (!key_at(h, &h->control, "Control\\NetworkSetup2\\Interfaces", &all))
        return;
    size_t count = 0;
    regf_keys keys = regf_keys_of(h->hive, &all);
    while (regf_keys_next(&keys, &key) && ++count <= INTERFACES_MOST) {
        if (!key_at(h, &key, "Kernel", &kernel) || !regf_find_value(h->hive, &kernel, "PermanentAddress", &v) || v.size != 6)
            continue;
        span b = regf_data(h->hive, &v, detect_scratch(out));
        static const uint8_t none[6];
        if (b.len != 6 || b.at[0] & 3 || memcmp(b.at, none, 6) == 0)
            continue;
        claim(out, &kernel, "mac", arena_printf(detect_scratch(out), "%02X-%02X-%02X-%02X-%02X-%02X", b.at[0], b.at[1], b.at[2], b.at[3], b.at[4], b.at[5]),
              "SYSTEM NetworkSetup2", "strong");
    }
}

static void time_zone(const hive_view *h, detect_log *out)
{
    regf_key key;
    uint64_t number;
    if (!key_at(h, &h->control, "Control\\TimeZoneInformation", &key) || !regf_number_at(h->hive, &key, "", "Bias", &number))
        return;
    int32_t bias = (int32_t)(uint32_t)number;       /* UTC = local + bias */
    if (bias < -14 * 60 || bias > 14 * 60)
        return;
    const char *name = text_at(h, &key, "TimeZoneKeyName", out);
    if (!name)
        name = text_at(h, &key, "StandardName", out);
    if (name && *name == '@')
        name = NULL;
    unsigned minutes = (unsigned)(bias < 0 ? -bias : bias);
    claim(out, &key, "time-zone", arena_printf(detect_scratch(out), "UTC%c%02u:%02u%s%s", bias > 0 ? '-' : '+', minutes / 60, minutes % 60, name ? " " : "", name ? name : ""),
          "SYSTEM TimeZoneInformation", "strong");
}

static void role(const identity_run *run, const hive_view *h, detect_log *out)
{
    regf_key key, service;
    if (key_at(h, &h->control, "Control\\ProductOptions", &key)) {
        const char *type = text_at(h, &key, "ProductType", out);
        if (type && strcasecmp(type, "LanmanNT") == 0) {
            claim(out, &key, "role", "domain-controller", "SYSTEM ProductOptions", "decisive");
            return;
        }
    }
    if (!key_at(h, &h->control, "Services", &key))
        return;
    regf_keys keys = regf_keys_of(h->hive, &key);
    while (regf_keys_next(&keys, &service)) {
        const char *name = regf_name_text(service.name, service.latin, detect_scratch(out));
        for (const profile_node *n = profile_list(run->root, "database_services"); n && name; n = n->next)
            if (hive_like(n->text, name)) {
                claim(out, &service, "role", "database", "SYSTEM Services", "decisive");
                return;
            }
    }
}

/* ---- SOFTWARE ---- */

static void version(const hive_view *h, detect_log *out)
{
    arena *mem = detect_scratch(out);
    regf_key key, root = regf_root(h->hive);
    if (!key_at(h, &root, "Microsoft\\Windows NT\\CurrentVersion", &key))
        return;
    const char *product = text_at(h, &key, "ProductName", out), *pack = text_at(h, &key, "CSDVersion", out);
    claim(out, &key, "os", product && pack ? arena_printf(mem, "%s %s", product, pack) : product, "SOFTWARE CurrentVersion", "strong");
    const char *build = text_at(h, &key, "CurrentBuildNumber", out), *old = text_at(h, &key, "CurrentVersion", out);
    uint64_t major, minor;
    if (!build)
        build = text_at(h, &key, "CurrentBuild", out);
    if (!build || strspn(build, "0123456789") != strlen(build))
        return;
    if (regf_number_at(h->hive, &key, "", "CurrentMajorVersionNumber", &major) && regf_number_at(h->hive, &key, "", "CurrentMinorVersionNumber", &minor))
        old = arena_printf(mem, "%" PRIu64 ".%" PRIu64, major, minor);
    if (old && *old)
        claim(out, &key, "os-build", arena_printf(mem, "%s.%s", old, build), "SOFTWARE CurrentVersion", "strong");
}

static moment halves(const hive_view *h, const regf_key *key, const char *high_name, const char *low_name)
{
    uint64_t high, low;
    if (!regf_number_at(h->hive, key, "", high_name, &high) || !regf_number_at(h->hive, key, "", low_name, &low))
        return MOMENT_UNKNOWN;
    return moment_from_filetime((high & UINT32_MAX) << 32 | (low & UINT32_MAX));
}

static void profiles(const hive_view *h, detect_log *out)
{
    arena *mem = detect_scratch(out);
    regf_key all, key, root = regf_root(h->hive);
    if (!key_at(h, &root, "Microsoft\\Windows NT\\CurrentVersion\\ProfileList", &all))
        return;
    size_t count = 0;
    regf_keys keys = regf_keys_of(h->hive, &all);
    while (regf_keys_next(&keys, &key)) {
        const char *sid = regf_name_text(key.name, key.latin, mem), *path = text_at(h, &key, "ProfileImagePath", out);
        if (!sid || strncmp(sid, "S-1-", 4) != 0)
            continue;
        if (++count > PROFILES_MOST) {
            detect_cut(out, "profile", 1);
            continue;
        }
        detect_act_builder *a = detect_act_at(out, "profile", key.cell, key.written, false);
        detect_fact(a, "sid", sid);
        detect_fact(a, "folder", path);
        detect_fact_time(a, "loaded", halves(h, &key, "LocalProfileLoadTimeHigh", "LocalProfileLoadTimeLow"));
        detect_fact_time(a, "unloaded", halves(h, &key, "LocalProfileUnloadTimeHigh", "LocalProfileUnloadTimeLow"));
        const char *name = path ? path + strlen(path) : "";
        while (path && name > path && name[-1] != '\\')
            name--;
        if (*name && !strchr(sid, '.'))                 /* ".bak": Windows put it aside */
            claim(out, &key, "profile", arena_printf(mem, "%s=%s", sid, name), "SOFTWARE ProfileList", "strong");
    }
}

/* ---- SAM and SECURITY ---- */

/* Of Domains\Account!V nothing but the SID at its end is looked at. */
static void sam(const hive_view *h, detect_log *out)
{
    regf_key account, root = regf_root(h->hive);
    regf_value v;
    if (!key_at(h, &root, "SAM\\Domains\\Account", &account) || !regf_find_value(h->hive, &account, "V", &v))
        return;
    span data = regf_data(h->hive, &v, detect_scratch(out));
    if (data.len < 24)
        return;
    const uint8_t *sid = data.at + data.len - 24;
    static const uint8_t domain[] = { 1, 4, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0 };
    if (memcmp(sid, domain, sizeof domain) == 0)
        claim(out, &account, "machine-sid", arena_printf(detect_scratch(out), "S-1-5-21-%" PRIu32 "-%" PRIu32 "-%" PRIu32, le32(sid + 12), le32(sid + 16), le32(sid + 20)),
              "SAM Account", "decisive");
}

static span default_of(const hive_view *h, const regf_key *policy, const char *name, regf_key *key, detect_log *out)
{
    regf_value v;
    if (!key_at(h, policy, name, key) || !regf_find_value(h->hive, key, "", &v) || regf_withheld(h->hive, key, &v))
        return (span){ 0 };
    return regf_data(h->hive, &v, detect_scratch(out));
}

/* u16 length, u16 room, u32 where, UTF-16. */
static const char *counted_name(span data, arena *mem)
{
    cursor c = cur_open(data);
    uint16_t len = cur_u16(&c, "length");
    cur_skip(&c, 2, "room");
    uint32_t at = cur_u32(&c, "offset");
    cur_seek(&c, at, "name");
    span name = cur_bytes(&c, len, "name");
    return cur_ok(&c) && name.len ? utf16_text(mem, utf16_trim(name)) : NULL;
}

static void security(const hive_view *h, detect_log *out)
{
    arena *mem = detect_scratch(out);
    regf_key policy, key, root = regf_root(h->hive);
    size_t len;
    if (!key_at(h, &root, "Policy", &policy))
        return;
    span data = default_of(h, &policy, "PolAcDmN", &key, out);
    if (data.len)
        claim(out, &key, "name", counted_name(data, mem), "SECURITY PolAcDmN", "strong");
    /* A domain controller has its domain's SID there: many hosts share it. */
    data = default_of(h, &policy, "PolAcDmS", &key, out);
    const char *sid = hive_sid(data, &len, mem);
    regf_key primary;
    const char *domain = hive_sid(default_of(h, &policy, "PolPrDmS", &primary, out), &len, mem);
    if (sid && strncmp(sid, "S-1-5-21-", 9) == 0 && !(domain && strcmp(sid, domain) == 0))
        claim(out, &key, "machine-sid", sid, "SECURITY PolAcDmS", "decisive");
    data = default_of(h, &policy, "PolPrDmN", &key, out);
    if (data.len)
        claim(out, &key, "domain", counted_name(data, mem), "SECURITY PolPrDmN", "strong");
    if (!key_at(h, &policy, "PolPrDmS", &key))
        return;
    detect_act_builder *a = detect_act_at(out, "setting", key.cell, key.written, false);
    detect_fact(a, "name", "os.domain-sid");
    detect_fact(a, "key", "Policy\\PolPrDmS");
    if (domain)
        detect_fact(a, "value", domain);
    else
        detect_fact(a, "absent", "yes");
}

static void hive(const void *context, const hive_view *h, detect_log *out)
{
    regf_info about = regf_about(h->hive);
    if (about.transaction) {
        detect_act_builder *a = detect_act_at(out, "hive.state", regf_root(h->hive).cell, about.written, false);
        detect_fact(a, "transaction", "yes");
    }
    if (h->kind == REGF_SYSTEM && h->has_control) {
        names(h, out);
        interfaces(h, out);
        hardware(h, out);
        time_zone(h, out);
        role(context, h, out);
    } else if (h->kind == REGF_SOFTWARE) {
        version(h, out);
        profiles(h, out);
    } else if (h->kind == REGF_SAM) {
        sam(h, out);
    } else if (h->kind == REGF_SECURITY) {
        security(h, out);
    }
}

const artifact_question question_identity = { .name = "identity", .setup = setup, .hive = hive, NULL };
