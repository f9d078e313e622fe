/* Which accounts and groups are there, and what is wrong with them? Of SAM: accounts with their flags and times, the group members,
 * the tricks that hide an account or lend it another's power, the policy of passwords and lockout. Of SECURITY: what is audited.
 *
 * Secrets   A user's V is cut behind its eleventh descriptor and where that one points, before any text is read of it; the F of
 *           Domains\Account before its keys: descriptors of passwords are not even looked at. Of hints and security questions,
 *           only that they are there.
 * Source    J. Metz, winreg-kb (Security Accounts Manager); measured on hives of Windows 7, 8.1 and 10. */
#include "detect/artifact.h"
#include "detect/family.h"
#include "detect/hive_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>

enum {
    ACCOUNTS_MOST = 8192, MEMBERS_MOST = 4096, GROUPS_TOLD = 128,
    V_TABLE = 0x90, V_HOURS = 0x84, V_TEXTS = 0xcc, V_TEXT_MOST = 2048,     /* descriptors up to #11; what they point into */
    F_USED = 0x44, POLICY_USED = 0x56,
    ADMINISTRATOR = 500, GUEST = 501, ALIAS_ADMINISTRATORS = 0x220,
    FLAG_DISABLED = 0x1, FLAG_NORMAL = 0x10, FLAG_COMPUTER = 0x80,
};
static const uint64_t NEVER = 0x7fffffffffffffff;

typedef struct { const profile_node *root; families *families; } accounts_run;

typedef struct {
    uint32_t rid;                       /* of its key */
    regf_key key;
    bool has_f, has_v;
    uint32_t own_rid, primary_group, flags;     /* of F */
    moment last_logon, password_set, last_failure, expires;
    bool never_expires;
    uint32_t failures, logons;
    const char *name, *full_name, *comment, *script;    /* of V; NULL: none */
    const char *listed_as; moment created; bool names_twice;      /* of Users\Names */
    vec groups;                         /* const char *: RIDs of aliases and SIDs of ... that hold it */
    bool administrator;
} account;

typedef struct { const char *member; uint32_t rid; bool in_group, in_index; } membership;

typedef struct {
    const accounts_run *run;
    const hive_view *h;
    detect_log *out;
    arena *mem;
    const char *machine;                /* SID of the host; NULL */
    vec accounts;                       /* account */
    map by_rid;
    vec members; map member_index;      /* membership, by "domain alias-rid member" */
    bool members_cut;
} sam;

static status setup(const detect_setup *s, void **out)
{
    accounts_run *run = arena_alloc(s->mem, sizeof *run);
    *out = run;
    status st = profile_need(s->facts, "settings", &run->root);
    return status_is_ok(st) ? families_new(s->facts, s->mem, &run->families) : st;
}

static bool key_rid(const regf_key *key, arena *mem, uint32_t *out)
{
    const char *name = regf_name_text(key->name, key->latin, mem);
    if (!name || strlen(name) != 8 || strspn(name, "0123456789abcdefABCDEF") != 8)
        return false;
    *out = (uint32_t)strtoul(name, NULL, 16);
    return true;
}

/* ---- One account ---- */

static moment set_time(uint64_t n)
{
    return n >= NEVER ? MOMENT_UNKNOWN : moment_from_filetime(n);
}

static void read_f(account *a, span data)
{
    cursor c = cur_open(span_part(data, 0, F_USED));
    cur_skip(&c, 8, "version");
    uint64_t logon = cur_u64(&c, "logon");
    cur_skip(&c, 8, "logoff");
    uint64_t password = cur_u64(&c, "password"), expires = cur_u64(&c, "expires"), failure = cur_u64(&c, "failure");
    a->own_rid = cur_u32(&c, "rid");
    a->primary_group = cur_u32(&c, "group");
    a->flags = cur_u32(&c, "flags");
    cur_skip(&c, 4, "country");
    a->failures = cur_u16(&c, "failures");
    a->logons = cur_u16(&c, "logons");
    if (!(a->has_f = cur_ok(&c)))
        return;
    a->last_logon = set_time(logon);
    a->password_set = set_time(password);
    a->last_failure = set_time(failure);
    a->expires = set_time(expires);
    a->never_expires = expires == 0 || expires >= NEVER;
}

/* Text, or nothing: bytes that are no text are not told, whatever they are. */
static const char *v_text(span data, span table, size_t descriptor, arena *mem)
{
    cursor c = cur_open(table);
    cur_seek(&c, descriptor * 12, "descriptor");
    uint32_t at = cur_u32(&c, "offset"), len = cur_u32(&c, "length");
    if (!cur_ok(&c) || len == 0 || len % 2 || len > V_TEXT_MOST || at > data.len || data.len - at < V_TEXTS || len > data.len - at - V_TEXTS)
        return NULL;
    span units = span_of(data.at + V_TEXTS + at, len);
    for (size_t i = 0; i + 1 < units.len; i += 2) {
        uint16_t u = le16(units.at + i);
        if (u < 0x20 && u != '\t' && u != '\r' && u != '\n')
            return NULL;
        bool high = u >= 0xd800 && u < 0xdc00, low = u >= 0xdc00 && u < 0xe000;
        if (low || (high && (i + 3 >= units.len || le16(units.at + i + 2) < 0xdc00 || le16(units.at + i + 2) >= 0xe000)))
            return NULL;
        i += high ? 2 : 0;
    }
    return utf16_text(mem, units);
}

/* The parts lie in their order: texts, then the hours (#11), then what is nobody's business. Where the hours begin the record
 * ends for us, so that no text can be made to lie behind it. */
static void read_v(account *a, span data, arena *mem)
{
    span table = span_part(data, 0, V_TABLE);
    if (!(a->has_v = table.len == V_TABLE))
        return;
    data = span_part(data, 0, V_TEXTS + (size_t)le32(table.at + V_HOURS));
    a->name = v_text(data, table, 1, mem);
    a->full_name = v_text(data, table, 2, mem);
    a->comment = v_text(data, table, 3, mem);
    a->script = v_text(data, table, 8, mem);
}

static void read_account(sam *s, const regf_key *key, uint32_t rid)
{
    const regf *hive = s->h->hive;
    bool there;
    uint64_t *at = map_put(&s->by_rid, span_of(&rid, sizeof rid), &there);
    if (there)
        return;
    *at = s->accounts.count;
    account *a = vec_push(&s->accounts);
    *a = (account){ .rid = rid, .key = *key, .last_logon = MOMENT_UNKNOWN, .password_set = MOMENT_UNKNOWN, .last_failure = MOMENT_UNKNOWN, .expires = MOMENT_UNKNOWN, .created = MOMENT_UNKNOWN };
    vec_init(&a->groups, sizeof(const char *));
    regf_value v;
    if (regf_find_value(hive, key, "F", &v))
        read_f(a, regf_data(hive, &v, s->mem));
    if (regf_find_value(hive, key, "V", &v))
        read_v(a, regf_data(hive, &v, s->mem), s->mem);
}

static account *account_of(sam *s, uint32_t rid)
{
    uint64_t *at = map_find(&s->by_rid, span_of(&rid, sizeof rid));
    return at ? vec_at(&s->accounts, *at) : NULL;
}

/* ---- Groups ---- */

static membership *member_of(sam *s, const char *domain, uint32_t rid, const char *member)
{
    const char *key = arena_printf(s->mem, "%s %" PRIu32 " %s", domain, rid, member);
    bool there;
    uint64_t *at = map_find(&s->member_index, span_str(key));
    if (!at && s->members.count == MEMBERS_MOST) {
        s->members_cut = true;
        return NULL;
    }
    if (!at) {
        at = map_put(&s->member_index, span_str(key), &there);
        *at = s->members.count;
        *(membership *)vec_push(&s->members) = (membership){ .member = member, .rid = rid };
    }
    return vec_at(&s->members, *at);
}

/* The account of this host that a SID names. */
static account *local_account(sam *s, const char *sid)
{
    size_t len = s->machine ? strlen(s->machine) : 0;
    if (!len || strncmp(sid, s->machine, len) != 0 || sid[len] != '-' || !sid[len + 1])
        return NULL;
    char *end;
    unsigned long rid = strtoul(sid + len + 1, &end, 10);
    return *end || rid > UINT32_MAX ? NULL : account_of(s, (uint32_t)rid);
}

static void joins(sam *s, const char *sid, uint32_t group)
{
    account *a = local_account(s, sid);
    if (!a)
        return;
    *(const char **)vec_push(&a->groups) = arena_printf(s->mem, "%" PRIu32, group);
    a->administrator = a->administrator || group == ALIAS_ADMINISTRATORS;
}

/* C of an alias: where its name and its members' SIDs are, from 52 on. */
static void alias(sam *s, const char *domain, const regf_key *key, uint32_t rid)
{
    const regf *hive = s->h->hive;
    regf_value v;
    if (!regf_find_value(hive, key, "C", &v) || regf_withheld(hive, key, &v))
        return;
    span data = regf_data(hive, &v, s->mem);
    cursor c = cur_open(data);
    cur_seek(&c, 16, "name");
    uint32_t name_at = cur_u32(&c, "name.offset"), name_len = cur_u32(&c, "name.length");
    cur_seek(&c, 40, "members");
    uint32_t at = cur_u32(&c, "members.offset"), bytes = cur_u32(&c, "members.length"), told = cur_u32(&c, "members.count");
    if (!cur_ok(&c))
        return;
    span rest = span_part(data, 52, SIZE_MAX);
    const char *name = name_len <= V_TEXT_MOST ? utf16_text(s->mem, span_part(rest, name_at, name_len)) : NULL;
    span sids = span_part(rest, at, bytes);
    buf list;
    buf_init(&list, NOTE_VALUE);
    uint32_t count = 0;
    for (size_t from = 0, len; count < told; count++, from += len) {
        const char *sid = hive_sid(span_part(sids, from, SIZE_MAX), &len, s->mem);
        if (!sid)
            break;
        membership *m = member_of(s, domain, rid, sid);
        if (m)
            m->in_group = true;
        joins(s, sid, rid);
        if (count < GROUPS_TOLD)
            buf_printf(&list, "%s%s", count ? "," : "", sid);
    }
    if (count) {
        detect_act_builder *a = detect_act_at(s->out, "group", key->cell, key->written, false);
        detect_fact(a, "group", name);
        detect_fact_u64(a, "rid", rid);
        detect_fact(a, "domain", domain);
        detect_fact_u64(a, "count", count);
        detect_fact(a, "members", arena_text(s->mem, buf_bytes(&list)));
    }
    buf_done(&list);
}

/* Members\<SID of a domain>\<RID of a member in hex>: in its default value the aliases that hold it. */
static void index_of_domain(sam *s, const char *domain, const regf_key *key, const char *sid)
{
    const regf *hive = s->h->hive;
    regf_key member;
    regf_value v;
    regf_keys keys = regf_keys_of(hive, key);
    while (regf_keys_next(&keys, &member)) {
        uint32_t rid;
        if (!key_rid(&member, s->mem, &rid) || !regf_find_value(hive, &member, "", &v) || regf_withheld(hive, &member, &v))
            continue;
        span aliases = regf_data(hive, &v, s->mem);
        const char *who = arena_printf(s->mem, "%s-%" PRIu32, sid, rid);
        for (size_t i = 0; i + 4 <= aliases.len; i += 4) {
            membership *m = member_of(s, domain, le32(aliases.at + i), who);
            if (m)
                m->in_index = true;
        }
    }
}

static void aliases(sam *s, const char *domain)
{
    const regf *hive = s->h->hive;
    regf_key all, key, root = regf_root(hive);
    if (!regf_find(hive, &root, arena_printf(s->mem, "SAM\\Domains\\%s\\Aliases", domain), &all))
        return;
    uint32_t rid;
    regf_keys keys = regf_keys_of(hive, &all);
    while (regf_keys_next(&keys, &key))
        if (key_rid(&key, s->mem, &rid))
            alias(s, domain, &key, rid);
    if (!regf_find(hive, &all, "Members", &all))
        return;
    keys = regf_keys_of(hive, &all);
    while (regf_keys_next(&keys, &key)) {
        const char *sid = regf_name_text(key.name, key.latin, s->mem);
        if (sid && strncmp(sid, "S-1-5-21-", 9) == 0)
            index_of_domain(s, domain, &key, sid);
    }
}

/* A member that only one of the two lists has was put there, or taken away, by hand. SIDs without a domain have no index. */
static void odd_members(sam *s)
{
    for (size_t i = 0; i < s->members.count; i++) {
        const membership *m = vec_at(&s->members, i);
        if (m->in_group == m->in_index || s->members_cut || strncmp(m->member, "S-1-5-21-", 9) != 0)
            continue;
        const account *of = local_account(s, m->member);
        detect_act_builder *a = detect_act_at(s->out, "group", (uint64_t)(i + 1) << 32 | (of ? of->key.cell : 0), of ? of->key.written : MOMENT_UNKNOWN, false);
        detect_fact_u64(a, "rid", m->rid);
        detect_fact(a, "members", m->member);
        detect_fact(a, "account", of ? of->name : NULL);
        detect_fact(a, "looks", m->in_group ? "member-not-indexed" : "member-only-indexed");
        detect_finding(a, "account-change", m->rid == ALIAS_ADMINISTRATORS ? SEVERITY_HIGH : SEVERITY_MEDIUM, 60, "T1098", "account-change.member");
    }
}

/* ---- Names ---- */

/* The default value of Names\<name> has the account's RID as its type. */
static void names(sam *s, const regf_key *users)
{
    const regf *hive = s->h->hive;
    regf_key all, key;
    regf_value v;
    if (!regf_find(hive, users, "Names", &all))
        return;
    regf_keys keys = regf_keys_of(hive, &all);
    while (regf_keys_next(&keys, &key)) {
        const char *name = regf_name_text(key.name, key.latin, s->mem);
        if (!name || !regf_find_value(hive, &key, "", &v))
            continue;
        account *a = account_of(s, v.type);
        if (a) {
            a->names_twice = a->names_twice || a->listed_as;
            a->listed_as = a->listed_as ? a->listed_as : name;
            a->created = moment_known(a->created) ? a->created : key.written;
            continue;
        }
        if (s->accounts.count >= ACCOUNTS_MOST)
            continue;
        detect_act_builder *b = detect_act_at(s->out, "account", key.cell, key.written, false);
        detect_fact(b, "account", name);
        detect_fact_u64(b, "rid", v.type);
        detect_fact(b, "looks", "only-in-names");
        detect_finding(b, "account-change", SEVERITY_MEDIUM, 60, "T1564.002", "account-change.names");
    }
}

static bool own_name(const accounts_run *run, const char *name)
{
    return profile_has(run->root, "account_names_own", name);
}

static void add_word(buf *list, const char *word)
{
    buf_printf(list, "%s%s", buf_bytes(list).len ? "," : "", word);
}

/* What it looks like, and the finding that alone follows from it: the worst one. */
static void judge(sam *s, const account *a, detect_act_builder *b)
{
    buf looks;
    buf_init(&looks, NOTE_VALUE);
    const char *finding = NULL, *text = NULL, *technique = NULL;
    severity worst = SEVERITY_INFO;
    unsigned sure = 0;
    const char *name = a->name ? a->name : a->listed_as;
    size_t len = name ? strlen(name) : 0;
    family_hit hit = name ? families_account(s->run->families, name) : (family_hit){ 0 };
    const struct { bool is; const char *look; severity severity; unsigned sure; const char *technique, *text; } tricks[] = {
        { a->has_f && a->own_rid != a->rid, "rid-of-another", SEVERITY_CRITICAL, 90, "T1098", "account-change.rid" },
        { len && name[len - 1] == '$' && a->has_f && !own_name(s->run, name), a->flags & FLAG_COMPUTER ? "computer-name" : "hidden-name", SEVERITY_HIGH, 80, "T1564.002", "account-change.hidden" },
        { a->rid == GUEST && a->has_f && !(a->flags & FLAG_DISABLED) && a->administrator, "guest-administrator", SEVERITY_HIGH, 85, "T1078.001", "account-change.guest" },
        { a->name && a->listed_as && strcasecmp(a->name, a->listed_as) != 0, "other-name", SEVERITY_HIGH, 75, "T1564.002", "account-change.names" },
        { !a->listed_as, "not-in-names", SEVERITY_HIGH, 75, "T1564.002", "account-change.names" },
        { a->names_twice, "two-names", SEVERITY_HIGH, 75, "T1564.002", "account-change.names" },
        { hit.family != NULL, "family", SEVERITY_HIGH, hit.weight, "T1136.001", "account-change.family" },
    };
    for (size_t i = 0; i < sizeof tricks / sizeof *tricks; i++) {
        if (!tricks[i].is)
            continue;
        add_word(&looks, tricks[i].look);
        if (!finding || tricks[i].severity > worst) {
            finding = "account-change";
            worst = tricks[i].severity;
            sure = tricks[i].sure;
            technique = tricks[i].technique;
            text = tricks[i].text;
        }
    }
    detect_fact(b, "looks", arena_text(s->mem, buf_bytes(&looks)));
    detect_fact(b, "family", hit.family);
    if (finding)
        detect_finding(b, finding, worst, sure, technique, text);
    buf_done(&looks);
}

static const char *flags_words(const sam *s, uint32_t flags)
{
    buf list;
    bool found;
    buf_init(&list, NOTE_VALUE);
    for (const profile_node *n = profile_list(s->run->root, "account_flags"); n; n = n->next)
        if (flags & (uint32_t)profile_number(n, "bit", &found))
            add_word(&list, profile_text(n, "name"));
    const char *text = arena_text(s->mem, buf_bytes(&list));
    buf_done(&list);
    return text;
}

static const char *groups_words(const sam *s, const account *a)
{
    buf list;
    buf_init(&list, NOTE_VALUE);
    for (size_t i = 0; i < a->groups.count && i < GROUPS_TOLD; i++)
        add_word(&list, *(const char **)vec_at(&a->groups, i));
    const char *text = arena_text(s->mem, buf_bytes(&list));
    buf_done(&list);
    return text;
}

static bool has_value(const sam *s, const account *a, const char *name)
{
    regf_value v;
    return regf_find_value(s->h->hive, &a->key, name, &v) && v.size > 0;
}

static void tell(sam *s, const account *a)
{
    detect_act_builder *b = detect_act_at(s->out, "account", a->key.cell, a->key.written, false);
    detect_fact(b, "account", a->name ? a->name : a->listed_as);
    detect_fact(b, "listed_as", a->name && a->listed_as && strcasecmp(a->name, a->listed_as) != 0 ? a->listed_as : NULL);
    detect_fact_u64(b, "rid", a->rid);
    if (s->machine)
        detect_fact(b, "sid", arena_printf(s->mem, "%s-%" PRIu32, s->machine, a->rid));
    detect_fact(b, "full_name", a->full_name);
    detect_fact(b, "comment", a->comment);
    detect_fact(b, "script", a->script ? hive_masked(s->out, a->script) : NULL);
    detect_fact(b, "groups", groups_words(s, a));
    detect_fact_time(b, "created", a->created);
    if (a->has_f) {
        if (a->own_rid != a->rid)
            detect_fact_u64(b, "acts_as", a->own_rid);
        detect_fact(b, "flags", a->flags ? flags_words(s, a->flags) : NULL);
        detect_fact_time(b, "last_logon", a->last_logon);
        detect_fact_time(b, "last_failure", a->last_failure);
        detect_fact_time(b, "password_set", a->password_set);
        detect_fact_time(b, "expires", a->expires);
        detect_fact_u64(b, "logons", a->logons);
        detect_fact_u64(b, "failures", a->failures);
        detect_fact(b, "enabled", a->flags & FLAG_DISABLED ? "no" : "yes");
    }
    regf_value v;
    if (regf_find_value(s->h->hive, &a->key, "InternetUserName", &v) && !regf_withheld(s->h->hive, &a->key, &v)) {
        span data = regf_data(s->h->hive, &v, s->mem);
        detect_fact(b, "internet_account", utf16_text(s->mem, utf16_trim(span_part(data, 0, V_TEXT_MOST))));
    }
    detect_fact(b, "hint", has_value(s, a, "UserPasswordHint") ? "present" : NULL);
    detect_fact(b, "questions", has_value(s, a, "ResetData") ? "present" : NULL);
    detect_fact(b, "hidden_at_logon", has_value(s, a, "UserDontShowInLogonUI") ? "yes" : NULL);
    judge(s, a, b);
}

/* ---- Policy ---- */

static void setting(detect_log *out, const regf_key *key, uint64_t number, const char *name, const char *of, const char *value)
{
    detect_act_builder *a = detect_act_at(out, "setting", (number + 1) << 32 | key->cell, key->written, false);
    detect_fact(a, "name", name);
    detect_fact(a, "of", of);
    detect_fact(a, "value", value);
}

/* Spans are negative, in 100 ns; the least number there is: never. Whole units: Windows stores 42 days as 42.95. */
static uint64_t span_in(uint64_t n, uint64_t unit)
{
    return n == 0x8000000000000000u || (int64_t)n >= 0 ? 0 : (0 - n) / unit;
}

static void policy(sam *s, const regf_key *account)
{
    regf_value v;
    if (!regf_find_value(s->h->hive, account, "F", &v))
        return;
    cursor c = cur_open(span_part(regf_data(s->h->hive, &v, s->mem), 0, POLICY_USED));
    cur_seek(&c, 0x18, "age");
    uint64_t max_age = cur_u64(&c, "age"), min_age = cur_u64(&c, "age.least");
    cur_skip(&c, 8, "logoff");
    uint64_t duration = cur_u64(&c, "lockout.duration"), window = cur_u64(&c, "lockout.window");
    cur_skip(&c, 12, "changes");
    uint32_t properties = cur_u32(&c, "properties");
    uint16_t length = cur_u16(&c, "length"), history = cur_u16(&c, "history"), threshold = cur_u16(&c, "lockout.threshold");
    if (!cur_ok(&c))
        return;
    const struct { const char *name; uint64_t value; } told[] = {
        { "password.length", length }, { "password.complexity", properties & 1 }, { "password.history", history }, { "password.reversible", properties >> 4 & 1 },
        { "password.age", span_in(max_age, MOMENT_DAY) }, { "password.age-least", span_in(min_age, MOMENT_DAY) },
        { "lockout.threshold", threshold }, { "lockout.duration", span_in(duration, MOMENT_MINUTE) }, { "lockout.window", span_in(window, MOMENT_MINUTE) },
        { "lockout.administrator", properties >> 3 & 1 },
    };
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        setting(s->out, account, i, told[i].name, NULL, arena_printf(s->mem, "%" PRIu64, told[i].value));
}

static const char *audited(unsigned bits)
{
    static const char *const words[] = { "none", "success", "failure", "success,failure" };
    return words[bits & 3];
}

static void audit_old(const accounts_run *run, const regf_key *key, span data, detect_log *out)
{
    cursor c = cur_open(data);
    bool on = cur_u32(&c, "on") & 0xff;
    uint64_t number = 0;
    for (const profile_node *n = profile_list(run->root, "audit_policy_old"); n; n = n->next) {
        uint32_t bits = cur_u32(&c, "category");
        if (!cur_ok(&c))
            return;
        setting(out, key, number++, "audit.category", n->text, audited(on ? bits : 0));
    }
}

/* Behind the header a u16 for each subcategory; where the counts of the categories stand, the header says. */
static void audit_new(const accounts_run *run, const regf_key *key, span data, detect_log *out)
{
    cursor footer = cur_open(data), c = cur_open(data);
    cur_seek(&footer, 8, "footer");
    cur_seek(&footer, cur_u16(&footer, "footer"), "footer");
    cur_seek(&c, 12, "policy");
    uint64_t number = 0;
    for (const profile_node *n = profile_list(run->root, "audit_policy"); n; n = n->next) {
        uint16_t count = cur_u16(&footer, "count");
        const profile_node *name = profile_list(n, "subcategories");
        for (uint16_t i = 0; i < count; i++, name = name ? name->next : NULL) {
            uint16_t bits = cur_u16(&c, "subcategory");
            if (!cur_ok(&c) || !cur_ok(&footer))
                return;
            if (name)
                setting(out, key, number++, "audit.subcategory", name->text, audited(bits));
        }
    }
}

static void security(const accounts_run *run, const hive_view *h, detect_log *out)
{
    regf_key key, root = regf_root(h->hive);
    regf_value v;
    if (!regf_find(h->hive, &root, "Policy\\PolAdtEv", &key) || !regf_find_value(h->hive, &key, "", &v) || regf_withheld(h->hive, &key, &v))
        return;
    span data = regf_data(h->hive, &v, detect_scratch(out));
    if (data.len >= 0x76)
        audit_new(run, &key, data, out);
    else
        audit_old(run, &key, data, out);
}

/* ---- All of SAM ---- */

static const char *machine_sid(const sam *s, const regf_key *account)
{
    regf_value v;
    size_t len;
    if (!regf_find_value(s->h->hive, account, "V", &v))
        return NULL;
    span data = regf_data(s->h->hive, &v, s->mem);
    const char *sid = data.len >= 24 ? hive_sid(span_part(data, data.len - 24, 24), &len, s->mem) : NULL;
    return sid && strncmp(sid, "S-1-5-21-", 9) == 0 && len == 24 ? sid : NULL;
}

static void accounts(const accounts_run *run, const hive_view *h, detect_log *out)
{
    sam s = { .run = run, .h = h, .out = out, .mem = detect_scratch(out) };
    regf_key domain, users, key, root = regf_root(h->hive);
    if (!regf_find(h->hive, &root, "SAM\\Domains\\Account", &domain))
        return;
    vec_init(&s.accounts, sizeof(account));
    vec_init(&s.members, sizeof(membership));
    map_init(&s.by_rid);
    map_init(&s.member_index);
    s.machine = machine_sid(&s, &domain);
    policy(&s, &domain);
    if (regf_find(h->hive, &domain, "Users", &users)) {
        uint32_t rid;
        regf_keys keys = regf_keys_of(h->hive, &users);
        while (regf_keys_next(&keys, &key)) {
            if (!key_rid(&key, s.mem, &rid))
                continue;
            if (s.accounts.count < ACCOUNTS_MOST)
                read_account(&s, &key, rid);
            else
                detect_cut(out, "account", 1);
        }
        names(&s, &users);
    }
    aliases(&s, "Builtin");
    aliases(&s, "Account");
    odd_members(&s);
    for (size_t i = 0; i < s.accounts.count; i++) {
        account *a = vec_at(&s.accounts, i);
        tell(&s, a);
        vec_done(&a->groups);
    }
    vec_done(&s.accounts);
    vec_done(&s.members);
    map_done(&s.by_rid);
    map_done(&s.member_index);
}

static void hive(const void *context, const hive_view *h, detect_log *out)
{
    if (h->kind == REGF_SAM)
        accounts(context, h, out);
    else if (h->kind == REGF_SECURITY)
        security(context, h, out);
}

const artifact_question question_accounts = { .name = "host-accounts", .setup = setup, .hive = hive, NULL };
