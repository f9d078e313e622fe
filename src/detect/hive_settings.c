/* How is this host set? The settings of profiles/settings.yml, read where each stands; the updates that SOFTWARE lists; and the
 * firewall's rules that somebody made for himself. What was looked for and is not set is noted too: audit tells it from what
 * nobody could look for, and from what may have stood in a list that is damaged. */
#include "detect/artifact.h"
#include "detect/family.h"
#include "detect/hive_text.h"
#include "detect/looks.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>

enum { OF_MOST = 512, PATH_PARTS = 24, PACKAGES_MOST = 8192, RULES_MOST = 4096, RULE_PARTS = 64, SEEN_MOST = 1u << 20 };

typedef enum { READ_NUMBER, READ_TEXT, READ_LIST, READ_TIME, READ_UNIX, READ_PRESENT } reading_kind;

typedef struct {
    const char *name;
    regf_kind hive;
    bool control;                       /* the key stands below the current control set */
    const char *parts[PATH_PARTS];      /* of the key */
    size_t part_count;
    const char *value;                  /* NULL: the key itself is asked for */
    reading_kind read;
    const profile_node *node;           /* with its `only` */
    bool only;
    const char *with, *with_is;
} wanted_setting;

typedef struct {
    wanted_setting *items;
    size_t count;
    const profile_node *root;
    families *families;
    looks *looks;
} settings_run;

static bool read_kind(const char *word, reading_kind *out)
{
    static const char *const words[] = { "number", "text", "list", "time", "unix", "present" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (word && strcmp(word, words[i]) == 0) {
            *out = (reading_kind)i;
            return true;
        }
    return false;
}

static bool hive_kind(const char *word, regf_kind *out)
{
    static const regf_kind kinds[] = { REGF_SYSTEM, REGF_SOFTWARE, REGF_SAM, REGF_SECURITY, REGF_USER };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (word && strcmp(word, regf_kind_word(kinds[i])) == 0) {
            *out = kinds[i];
            return true;
        }
    return false;
}

static bool split_key(const char *key, arena *mem, wanted_setting *w)
{
    for (const char *at = key; at && *at;) {
        size_t len = strcspn(at, "\\");
        if (w->part_count == PATH_PARTS || len == 0)
            return false;
        w->parts[w->part_count++] = arena_text(mem, span_of(at, len));
        at += len + (at[len] != 0);
    }
    w->control = w->part_count && strcmp(w->parts[0], "CCS") == 0;
    return w->part_count > 0;
}

static status setup(const detect_setup *s, void **out)
{
    settings_run *run = arena_alloc(s->mem, sizeof *run);
    status st = profile_need(s->facts, "settings", &run->root);
    if (status_is_ok(st))
        st = families_new(s->facts, s->mem, &run->families);
    if (status_is_ok(st))
        st = looks_new(s->facts, s->mem, &run->looks);
    if (!status_is_ok(st))
        return st;
    const profile_node *list = profile_get(run->root, "settings");
    run->items = arena_array(s->mem, list->count ? list->count : 1, sizeof *run->items);
    for (const profile_node *n = list->first; n; n = n->next) {
        wanted_setting *w = &run->items[run->count++];
        w->name = profile_text(n, "name");
        w->value = profile_text(n, "value");
        w->node = n;
        w->only = profile_get(n, "only") != NULL;
        w->with = profile_text(profile_get(n, "with"), "value");
        w->with_is = profile_text(profile_get(n, "with"), "is");
        if (!hive_kind(profile_text(n, "hive"), &w->hive) || !read_kind(profile_text(n, "read"), &w->read) || !split_key(profile_text(n, "key"), s->mem, w))
            return status_fail(STATUS_BAD_INPUT, "profiles/settings.yml:%u: its hive, key or way of reading is not known", n->line);
    }
    *out = run;
    return st;
}

/* ---- A setting ---- */

typedef struct {
    const settings_run *run;
    const wanted_setting *want;
    const hive_view *h;
    detect_log *out;
    size_t number;                      /* of the setting: what is absent has no cell of its own */
    size_t found, dropped;
    bool unsure;                        /* a list on the way to it is damaged: it may have been there */
} search;

static bool all_subkeys(const regf *hive, const regf_key *key)
{
    regf_key child;
    uint32_t count = 0;
    for (regf_keys keys = regf_keys_of(hive, key); regf_keys_next(&keys, &child);)
        count++;
    return count == key->subkey_count;
}

static bool all_values(const regf *hive, const regf_key *key)
{
    regf_value v;
    uint32_t count = 0;
    for (regf_values values = regf_values_of(hive, key); regf_values_next(&values, &v);)
        count++;
    return count == key->value_count;
}

static detect_act_builder *begin(search *s, const regf_key *key, uint64_t record, const char *of)
{
    detect_act_builder *a = detect_act_at(s->out, "setting", record, key ? key->written : MOMENT_UNKNOWN, false);
    detect_fact(a, "name", s->want->name);
    detect_fact(a, "of", of);
    if (key)
        detect_fact(a, "key", regf_path(s->h->hive, key, detect_scratch(s->out)));
    return a;
}

static void note_absent(search *s, const regf_key *key, const char *of)
{
    uint64_t place = (uint64_t)(s->number + 1) << 32 | (key ? key->cell : 0);
    detect_fact(begin(s, key, place, of), "absent", "yes");
}

static const char *joined(arena *mem, const char *of, const char *more)
{
    return *of ? arena_printf(mem, "%s %s", of, more) : more;
}

/* The value in words; NULL when it is not what was expected: then it is as good as unknown, and nothing is said. */
static const char *value_words(const search *s, const regf_key *key, const regf_value *v)
{
    arena *mem = detect_scratch(s->out);
    if (s->want->read == READ_PRESENT || regf_withheld(s->h->hive, key, v))
        return "present";
    uint64_t n;
    char iso[MOMENT_TEXT];
    switch (s->want->read) {
    case READ_NUMBER:
        return hive_number(s->h->hive, v, mem, &n) ? arena_printf(mem, "%" PRIu64, n) : NULL;
    case READ_TIME:
        if (!regf_number(s->h->hive, v, &n) || !moment_known(moment_from_filetime(n)))
            return NULL;
        return arena_str(mem, moment_iso(moment_from_filetime(n), iso));
    case READ_UNIX:
        if (!regf_number(s->h->hive, v, &n) || n == 0 || n > UINT32_MAX)
            return NULL;
        return arena_str(mem, moment_iso(moment_from_unix((int64_t)n, 0), iso));
    default: {
        char *text = regf_text(s->h->hive, v, mem);
        for (char *p = text; p && *p; p++)
            if (*p == '\n' || *p == '\r')
                *p = s->want->read == READ_LIST ? ',' : ' ';
        return text;
    }
    }
}

static void note_value(search *s, const regf_key *key, const regf_value *v, const char *of)
{
    if (++s->found > OF_MOST) {
        s->dropped++;
        return;
    }
    const char *words = value_words(s, key, v);
    if (!words)
        return;
    detect_act_builder *a = begin(s, key, v->cell, of);
    if (*words)
        detect_fact(a, "value", s->want->read == READ_TEXT ? hive_masked(s->out, words) : words);
    else
        detect_fact(a, "empty", "yes");
}

static bool wanted_name(const search *s, const char *name)
{
    if (!s->want->only)
        return true;
    const profile_node *only = profile_get(s->want->node, "only");
    for (const profile_node *n = only->first; n; n = n->next)
        if (hive_like(n->text, name))
            return true;
    return false;
}

static void at_key(search *s, const regf_key *key, const char *of)
{
    const regf *hive = s->h->hive;
    arena *mem = detect_scratch(s->out);
    if (!s->want->value) {
        s->found++;
        detect_fact(begin(s, key, key->cell, of), "value", "present");
        return;
    }
    regf_value v;
    if (strcmp(s->want->value, "*") != 0) {
        uint64_t other;
        bool counts = !s->want->with || (regf_find_value(hive, key, s->want->with, &v) && hive_number(hive, &v, mem, &other)
                                         && strcmp(arena_printf(mem, "%" PRIu64, other), s->want->with_is) == 0);
        if (counts && regf_find_value(hive, key, s->want->value, &v))
            note_value(s, key, &v, of);
        else if (!all_values(hive, key))
            s->unsure = true;
        else if (++s->found <= OF_MOST)
            note_absent(s, key, of);
        return;
    }
    regf_values values = regf_values_of(hive, key);
    while (regf_values_next(&values, &v)) {
        const char *name = regf_name_text(v.name, v.latin, mem);
        if (name && *name && wanted_name(s, name))
            note_value(s, key, &v, joined(mem, of, name));
    }
    s->unsure = s->unsure || !all_values(hive, key);
}

/* `only` speaks of the values when all of them are asked for, else of the last key that * stands for. */
static bool wanted_key(const search *s, size_t part, const char *name)
{
    if (s->want->value && strcmp(s->want->value, "*") == 0)
        return true;
    for (size_t i = part + 1; i < s->want->part_count; i++)
        if (strcmp(s->want->parts[i], "*") == 0)
            return true;
    return wanted_name(s, name);
}

static void below(search *s, regf_key at, size_t part, const char *of)
{
    const regf *hive = s->h->hive;
    arena *mem = detect_scratch(s->out);
    regf_key child;
    for (; part < s->want->part_count && strcmp(s->want->parts[part], "*") != 0; part++, at = child)
        if (!regf_find(hive, &at, s->want->parts[part], &child)) {
            s->unsure = s->unsure || !all_subkeys(hive, &at);
            return;
        }
    if (part == s->want->part_count) {
        at_key(s, &at, of);
        return;
    }
    regf_keys keys = regf_keys_of(hive, &at);
    while (regf_keys_next(&keys, &child)) {
        const char *name = regf_name_text(child.name, child.latin, mem);
        if (name && wanted_key(s, part, name))
            below(s, child, part + 1, joined(mem, of, name));
    }
    s->unsure = s->unsure || !all_subkeys(hive, &at);
}

static void look_for(const settings_run *run, size_t number, const hive_view *h, detect_log *out)
{
    search s = { .run = run, .want = &run->items[number], .h = h, .out = out, .number = number };
    regf_key at = s.want->control ? h->control : regf_root(h->hive);
    if (s.want->control && !h->has_control)
        return;
    below(&s, at, s.want->control ? 1 : 0, h->kind == REGF_USER ? h->user : "");
    if (s.found == 0 && !s.unsure)
        note_absent(&s, NULL, h->kind == REGF_USER ? h->user : "");
    if (s.dropped)
        detect_cut(out, "setting", s.dropped);
}

/* ---- Updates ---- */

/* "Package_for_KB4012212~31bf…", "Package_2_for_KB4012212_…": the number; else the name without its public key. */
static const char *package_name(const char *name, arena *mem)
{
    for (const char *p = name; (p = strcasestr(p, "KB")); p += 2) {
        size_t digits = strspn(p + 2, "0123456789");
        if (digits >= 6 && digits <= 8)
            return arena_printf(mem, "KB%.*s", (int)digits, p + 2);
    }
    const char *tilde = strchr(name, '~'), *version = strrchr(name, '~');
    if (strncasecmp(name, "Package_for_", 12) == 0 && tilde)
        return arena_printf(mem, "%.*s %s", (int)(tilde - name - 12), name + 12, version + 1);
    return name;
}

typedef struct { const char *name; const char *state; uint64_t rank; moment installed, written; uint32_t cell; const char *key; } package;

static bool package_wanted(const settings_run *run, const char *name)
{
    if (strncasecmp(name, "Package_", 8) == 0 && isdigit((unsigned char)name[8]))
        return strcasestr(name, "_for_KB") != NULL;
    for (const profile_node *n = profile_list(run->root, "packages"); n; n = n->next)
        if (strncasecmp(name, n->text, strlen(n->text)) == 0)
            return true;
    return false;
}

static void take_package(vec *all, map *index, const package *p)
{
    bool there;
    uint64_t *at = map_put(index, span_str(p->name), &there);
    if (!there) {
        if (all->count == PACKAGES_MOST)
            return;
        *at = all->count;
        *(package *)vec_push(all) = *p;
        return;
    }
    package *kept = *at < all->count ? vec_at(all, *at) : NULL;
    if (kept && p->rank > kept->rank)
        *kept = *p;
}

static moment two_halves(const regf *hive, const regf_key *key)
{
    uint64_t high, low;
    if (!regf_number_at(hive, key, "", "InstallTimeHigh", &high) || !regf_number_at(hive, key, "", "InstallTimeLow", &low))
        return MOMENT_UNKNOWN;
    return moment_from_filetime((high & UINT32_MAX) << 32 | (low & UINT32_MAX));
}

static void components(const settings_run *run, const hive_view *h, arena *mem, vec *all, map *index)
{
    regf_key packages, key, root = regf_root(h->hive);
    if (!regf_find(h->hive, &root, "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\Packages", &packages))
        return;
    regf_keys keys = regf_keys_of(h->hive, &packages);
    while (regf_keys_next(&keys, &key)) {
        const char *name = regf_name_text(key.name, key.latin, mem);
        if (!name || !package_wanted(run, name))
            continue;
        uint64_t state;
        package p = { .name = package_name(name, mem), .state = "unknown", .installed = two_halves(h->hive, &key), .written = key.written, .cell = key.cell, .key = name };
        if (regf_number_at(h->hive, &key, "", "CurrentState", &state)) {
            const char *word = profile_text(profile_get(run->root, "package_states"), arena_printf(mem, "%" PRIu64, state));
            p.state = word ? word : arena_printf(mem, "%" PRIu64, state);
            p.rank = state + 1;
        }
        take_package(all, index, &p);
    }
}

/* Of Windows 2003 and XP: Updates\<product>\<service pack>\KBn, and HotFix\KBn. */
static void hotfixes_below(const hive_view *h, const regf_key *at, unsigned depth, arena *mem, vec *all, map *index)
{
    regf_key key;
    regf_keys keys = regf_keys_of(h->hive, at);
    while (regf_keys_next(&keys, &key)) {
        const char *name = regf_name_text(key.name, key.latin, mem);
        if (!name)
            continue;
        size_t digits = strncasecmp(name, "KB", 2) == 0 || strncasecmp(name, "Q", 1) == 0 ? strspn(name + 1 + (*name == 'K' || *name == 'k'), "0123456789") : 0;
        if (digits >= 6)
            take_package(all, index, &(package){ .name = package_name(name, mem), .state = "installed", .rank = 113, .installed = MOMENT_UNKNOWN, .written = key.written, .cell = key.cell, .key = name });
        else if (depth > 0)
            hotfixes_below(h, &key, depth - 1, mem, all, index);
    }
}

static void packages(const settings_run *run, const hive_view *h, detect_log *out)
{
    arena *mem = detect_scratch(out);
    vec all;
    map index;
    vec_init(&all, sizeof(package));
    map_init(&index);
    components(run, h, mem, &all, &index);
    regf_key at, root = regf_root(h->hive);
    if (regf_find(h->hive, &root, "Microsoft\\Updates", &at))
        hotfixes_below(h, &at, 2, mem, &all, &index);
    if (regf_find(h->hive, &root, "Microsoft\\Windows NT\\CurrentVersion\\HotFix", &at))
        hotfixes_below(h, &at, 0, mem, &all, &index);
    for (size_t i = 0; i < all.count; i++) {
        const package *p = vec_at(&all, i);
        detect_act_builder *a = detect_act_at(out, "patch", p->cell, p->written, false);
        detect_fact(a, "package", p->name);
        detect_fact(a, "state", p->state);
        detect_fact_time(a, "installed", p->installed);
        detect_fact(a, "key", p->key);
    }
    if (index.count > all.count)
        detect_cut(out, "patch", index.count - all.count);
    vec_done(&all);
    map_done(&index);
}

/* ---- Rules of the firewall ---- */

typedef struct { const char *action, *active, *direction, *protocol, *ports, *remote, *application, *service, *name, *profile; } rule;

/* "v2.10|Action=Allow|Active=TRUE|Dir=In|…": keys may repeat; the first port and application count, the others are added. */
static rule read_rule(char *text, arena *mem)
{
    rule r = { .action = "", .active = "", .direction = "", .protocol = "", .ports = "", .remote = "", .application = "", .service = "", .name = "", .profile = "" };
    const struct { const char *key; const char **to; } keys[] = {
        { "Action", &r.action }, { "Active", &r.active }, { "Dir", &r.direction }, { "Protocol", &r.protocol }, { "LPort", &r.ports }, { "RA4", &r.remote },
        { "App", &r.application }, { "Svc", &r.service }, { "Name", &r.name }, { "Profile", &r.profile },
    };
    size_t parts = 0;
    for (char *at = text; at && *at && parts < RULE_PARTS; parts++) {
        char *end = strchr(at, '|');
        if (end)
            *end = 0;
        char *equal = strchr(at, '=');
        if (equal) {
            *equal = 0;
            for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
                if (strcasecmp(at, keys[i].key) == 0)
                    *keys[i].to = **keys[i].to ? arena_printf(mem, "%s,%s", *keys[i].to, equal + 1) : equal + 1;
        }
        at = end ? end + 1 : NULL;
    }
    return r;
}

/* What somebody other than Windows and its installers would want: a family's rule or port, a program from a folder in which none
 * is at home, or a way in to Remote Desktop, file sharing or SQL Server for everybody. */
static void judge_rule(const settings_run *run, detect_log *out, const regf_key *key, const regf_value *v, const rule *r, const char *id)
{
    arena *mem = detect_scratch(out);
    bool active = strcasecmp(r->active, "FALSE") != 0, allow = strcasecmp(r->action, "Allow") == 0, in = strcasecmp(r->direction, "Out") != 0;
    family_hit hit = families_firewall_rule(run->families, r->name);
    char *end;
    for (const char *at = r->ports; !hit.family && *at; at = *end ? end + 1 : end) {
        unsigned long long port = strtoull(at, &end, 10);
        if (end == at)
            break;
        if (port)
            hit = families_port(run->families, port);
    }
    char *path = *r->application && strcasecmp(r->application, "System") != 0 ? looks_path(r->application, mem) : NULL;
    if (!hit.family && path)
        hit = families_file(run->families, path);
    bool odd = path && allow && in && looks_odd_folder(run->looks, path);
    static const char *const doors[] = { "3389", "445", "139", "135", "1433", "22", "5985" };
    bool door = false;
    for (size_t i = 0; i < sizeof doors / sizeof *doors; i++)
        door = door || strcmp(r->ports, doors[i]) == 0;
    bool made = *id == '{' && *r->name != '@';          /* not one that came with Windows */
    if (!hit.family && !odd && !(door && allow && in && active && (made || !*r->remote)))
        return;
    detect_act_builder *a = detect_act_at(out, "firewall.rule", v->cell, key->written, false);
    detect_fact(a, "rule", *r->name ? r->name : id);
    detect_fact(a, "action", allow ? "allow" : "block");
    detect_fact(a, "direction", in ? "in" : "out");
    detect_fact(a, "active", active ? "yes" : "no");
    detect_fact(a, "protocol", strcmp(r->protocol, "6") == 0 ? "tcp" : strcmp(r->protocol, "17") == 0 ? "udp" : r->protocol);
    detect_fact(a, "port", r->ports);
    detect_fact(a, "remote", *r->remote ? r->remote : "any");
    detect_fact(a, "application", r->application);
    detect_fact(a, "profile", r->profile);
    detect_fact(a, "made", made ? "yes" : NULL);
    detect_fact(a, "key", regf_name_text(v->name, v->latin, mem));
    detect_fact(a, "looks", hit.family ? "family" : odd ? "temp-path" : NULL);
    detect_fact(a, "family", hit.family);
    if (active && (hit.family || odd))
        detect_finding(a, "firewall-change", hit.family ? SEVERITY_HIGH : SEVERITY_MEDIUM, hit.family ? hit.weight : 60, "T1562.004", "firewall-change.rule");
}

static void rules_of(const settings_run *run, const hive_view *h, const regf_key *from, const char *path, detect_log *out)
{
    arena *mem = detect_scratch(out);
    regf_key key;
    regf_value v;
    if (!regf_find(h->hive, from, path, &key))
        return;
    size_t count = 0;
    regf_values values = regf_values_of(h->hive, &key);
    while (regf_values_next(&values, &v)) {
        if (++count > RULES_MOST) {
            detect_cut(out, "firewall.rule", 1);
            continue;
        }
        char *text = regf_text(h->hive, &v, mem), *id = regf_name_text(v.name, v.latin, mem);
        if (!text || strncasecmp(text, "v2.", 3) != 0)
            continue;
        rule r = read_rule(text, mem);
        judge_rule(run, out, &key, &v, &r, id ? id : "");
    }
}

/* Of Windows 2003: "3389:TCP:*:Enabled:@xpsp2res.dll,-22009", and programs the same way with their path first. */
static void old_list(const settings_run *run, const hive_view *h, const char *path, bool programs, detect_log *out)
{
    arena *mem = detect_scratch(out);
    regf_key key;
    regf_value v;
    if (!h->has_control || !regf_find(h->hive, &h->control, path, &key))
        return;
    regf_values values = regf_values_of(h->hive, &key);
    for (size_t count = 0; regf_values_next(&values, &v) && count < RULES_MOST; count++) {
        const char *text = regf_text(h->hive, &v, mem);
        const char *rest = text ? text : "";
        if (programs && strlen(rest) > 2 && rest[1] == ':')
            rest += 2;
        size_t first = strcspn(rest, ":");
        if (!rest[first])
            continue;
        rule r = { .action = "Allow", .active = strcasestr(rest + first, ":Disabled") ? "FALSE" : "TRUE", .direction = "In", .protocol = "", .ports = "", .remote = "", .application = "", .service = "", .name = "", .profile = "" };
        const char *name = strrchr(rest, ':');
        r.name = name ? name + 1 : "";
        if (programs) {
            r.application = arena_printf(mem, "%.*s", (int)(rest + first - text), text);
        } else {
            r.ports = arena_printf(mem, "%.*s", (int)first, rest);
            r.protocol = strncasecmp(rest + first + 1, "UDP", 3) == 0 ? "17" : "6";
            const char *scope = strchr(rest + first + 1, ':');
            if (scope && scope[1] != '*')
                r.remote = arena_printf(mem, "%.*s", (int)strcspn(scope + 1, ":"), scope + 1);
        }
        judge_rule(run, out, &key, &v, &r, "{");
    }
}

static void rules(const settings_run *run, const hive_view *h, detect_log *out)
{
    static const char *const profiles[] = { "DomainProfile", "StandardProfile" };
    arena *mem = detect_scratch(out);
    if (h->kind == REGF_SOFTWARE) {
        regf_key root = regf_root(h->hive);
        rules_of(run, h, &root, "Policies\\Microsoft\\WindowsFirewall\\FirewallRules", out);
        return;
    }
    if (!h->has_control)
        return;
    rules_of(run, h, &h->control, "Services\\SharedAccess\\Parameters\\FirewallPolicy\\FirewallRules", out);
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
        const char *policy = arena_printf(mem, "Services\\SharedAccess\\Parameters\\FirewallPolicy\\%s", profiles[i]);
        old_list(run, h, arena_printf(mem, "%s\\GloballyOpenPorts\\List", policy), false, out);
        old_list(run, h, arena_printf(mem, "%s\\AuthorizedApplications\\List", policy), true, out);
    }
}

static void hive(const void *context, const hive_view *h, detect_log *out)
{
    const settings_run *run = context;
    for (size_t i = 0; i < run->count; i++)
        if (run->items[i].hive == h->kind)
            look_for(run, i, h, out);
    if (h->kind == REGF_SOFTWARE)
        packages(run, h, out);
    if (h->kind == REGF_SYSTEM || h->kind == REGF_SOFTWARE)
        rules(run, h, out);
}

const artifact_question question_settings = { .name = "settings", .setup = setup, .hive = hive, NULL };
