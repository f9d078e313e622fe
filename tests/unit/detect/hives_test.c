/* What the questions asked of hives note: of real ones, held against what was measured on them by other readers, and of made
 * ones, with the tricks that real ones show too seldom. */
#include "detect/artifact.h"
#include "range/put.h"
#include "range/regf_write.h"
#include "text/text.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define MADE_AT 132336432000000000ull       /* 2020-05-11T04:00:00Z */
#define SID_ADMINS 0x220u

static arena kept;
static const detect_run *run;

typedef struct { arena mem; vec acts, claims; uint64_t cut; } told;

static void take_act(void *context, const act *a)
{
    told *t = context;
    act copy = *a;
    copy.facts = arena_array(&t->mem, a->fact_count ? a->fact_count : 1, sizeof *copy.facts);
    for (size_t i = 0; i < a->fact_count; i++) {
        copy.facts[i] = (fact){ arena_str(&t->mem, a->facts[i].name), arena_str(&t->mem, a->facts[i].value) };
        assert_true(utf8_valid(span_str(a->facts[i].value)));
    }
    copy.kind = arena_str(&t->mem, a->kind);
    copy.finding = arena_str(&t->mem, a->finding);
    copy.text = copy.techniques = NULL;
    copy.log = NULL;
    assert_true(a->record != 0);
    if (a->finding) {
        assert_true(text_known(arena_printf(&t->mem, "%s.title", a->text ? a->text : a->finding)));
        assert_true(text_known(arena_printf(&t->mem, "%s.text", a->text ? a->text : a->finding)));
    }
    *(act *)vec_push(&t->acts) = copy;
}

static void take_claim(void *context, const identity_claim *c)
{
    told *t = context;
    identity_claim copy = *c;
    copy.key = arena_str(&t->mem, c->key);
    copy.value = arena_str(&t->mem, c->value);
    copy.source = arena_str(&t->mem, c->source);
    copy.strength = arena_str(&t->mem, c->strength);
    *(identity_claim *)vec_push(&t->claims) = copy;
}

static void take_cut(void *context, const log_ref *log, const char *kind, uint64_t dropped)
{
    (void)log;
    (void)kind;
    ((told *)context)->cut += dropped;
}

/* False when it is no hive any more. */
static bool ask(told *t, span bytes)
{
    problems noted;
    regf *h;
    arena_init(&t->mem, 0);
    vec_init(&t->acts, sizeof(act));
    vec_init(&t->claims, sizeof(identity_claim));
    t->cut = 0;
    problems_init(&noted, &t->mem);
    if (!status_is_ok(regf_open(&t->mem, bytes, NULL, 0, &noted, &h)))
        return false;
    detect_artifact *a = detect_artifact_new(run, "0123456789abcdef", "Windows/System32/config/HIVE", "registry/HIVE");
    detect_artifact_hive(a, h);
    detect_sink sink = { t, take_act, NULL, NULL, take_claim, take_cut };
    detect_artifact_end(a, &sink);
    return true;
}

static void end(told *t)
{
    vec_done(&t->acts);
    vec_done(&t->claims);
    arena_done(&t->mem);
}

static const char *fact_of(const act *a, const char *name)
{
    return note_fact(a->facts, a->fact_count, name);
}

static const act *act_with(const told *t, const char *kind, const char *name, const char *value, const char *name2, const char *value2)
{
    for (size_t i = 0; i < t->acts.count; i++) {
        const act *a = vec_at(&t->acts, i);
        if (strcmp(a->kind, kind) == 0 && strcmp(fact_of(a, name), value) == 0 && (!name2 || strcmp(fact_of(a, name2), value2) == 0))
            return a;
    }
    return NULL;
}

static const act *account(const told *t, const char *rid)
{
    const act *a = act_with(t, "account", "rid", rid, NULL, NULL);
    if (!a)
        fail_msg("there is no account with the RID %s", rid);
    return a;
}

static void assert_setting(const told *t, const char *name, const char *of, const char *value)
{
    const act *a = act_with(t, "setting", "name", name, of ? "of" : NULL, of);
    if (!a)
        fail_msg("nothing is said of %s %s", name, of ? of : "");
    else if (value ? strcmp(fact_of(a, "value"), value) != 0 : strcmp(fact_of(a, "absent"), "yes") != 0)
        fail_msg("%s: '%s', expected '%s'", name, fact_of(a, "value"), value ? value : "(absent)");
}

static const identity_claim *claimed(const told *t, const char *key, const char *value)
{
    for (size_t i = 0; i < t->claims.count; i++) {
        const identity_claim *c = vec_at(&t->claims, i);
        if (strcmp(c->key, key) == 0 && strcmp(c->value, value) == 0)
            return c;
    }
    fail_msg("there is no claim %s = %s", key, value);
    return NULL;
}

static size_t claims_of(const told *t, const char *key)
{
    size_t n = 0;
    for (size_t i = 0; i < t->claims.count; i++)
        n += strcmp(((const identity_claim *)vec_at(&t->claims, i))->key, key) == 0;
    return n;
}

#define assert_fact(a, name, value) assert_string_equal(fact_of(a, name), value)

/* ---- Real hives ---- */

static span sample(const char *name, buf *bytes)
{
    const char *given = getenv("SUYUAN_SAMPLES");
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", given && *given ? given : SOURCE_ROOT "/../shared/samples", name);
    buf_init(bytes, 256u << 20);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        print_message("%s is not there: skipped\n", name);
        skip();
    }
    uint8_t block[65536];
    for (ssize_t n; (n = read(fd, block, sizeof block)) > 0;)
        buf_put(bytes, block, (size_t)n);
    close(fd);
    return buf_bytes(bytes);
}

static void accounts_of_windows_7(void **state)
{
    (void)state;
    buf bytes;
    told t;
    assert_true(ask(&t, sample("registry/regipy/SAM", &bytes)));
    assert_string_equal(claimed(&t, "machine-sid", "S-1-5-21-1760460187-1592185332-161725925")->strength, "decisive");
    const act *guest = account(&t, "501");
    assert_fact(guest, "account", "Guest");
    assert_fact(guest, "flags", "disabled,no-password-needed,normal,never-expires");      /* 0x215 */
    assert_fact(guest, "enabled", "no");
    assert_fact(guest, "groups", "546");
    assert_fact(guest, "last_logon", "");                                                 /* never: not a date */
    assert_fact(guest, "logons", "0");
    assert_null(guest->finding);
    const act *owner = account(&t, "1000");
    assert_fact(owner, "account", "Preston");
    assert_fact(owner, "groups", "544,545");
    assert_fact(owner, "logons", "4");
    assert_fact(owner, "last_logon", "2014-09-30T02:59:34.3166928Z");
    assert_fact(owner, "sid", "S-1-5-21-1760460187-1592185332-161725925-1000");
    assert_fact(account(&t, "500"), "password_set", "2010-11-20T21:56:34.7436870Z");
    /* 30 minutes, and no threshold: nothing is ever locked. */
    assert_setting(&t, "lockout.duration", NULL, "30");
    assert_setting(&t, "lockout.window", NULL, "30");
    assert_setting(&t, "lockout.threshold", NULL, "0");
    assert_setting(&t, "password.length", NULL, "0");
    assert_setting(&t, "password.complexity", NULL, "0");
    const act *admins = act_with(&t, "group", "rid", "544", NULL, NULL);
    assert_non_null(admins);
    assert_fact(admins, "count", "2");
    assert_fact(act_with(&t, "group", "rid", "568", NULL, NULL), "members", "S-1-5-17");  /* one of the short SIDs */
    for (size_t i = 0; i < t.acts.count; i++)
        assert_null(((const act *)vec_at(&t.acts, i))->finding);
    end(&t);
    buf_done(&bytes);
}

static void a_stock_age_of_42_days_is_42(void **state)
{
    (void)state;
    buf bytes;
    told t;
    assert_true(ask(&t, sample("artifacts/regf/SAM", &bytes)));
    assert_setting(&t, "password.age", NULL, "42");
    assert_setting(&t, "password.history", NULL, "24");
    assert_setting(&t, "password.length", NULL, "7");
    const act *a = account(&t, "1001");
    assert_fact(a, "hint", "present");                      /* and not what it says */
    assert_fact(a, "flags", "no-password-needed,normal,never-expires");
    end(&t);
    buf_done(&bytes);
}

static void what_windows_10_audits_by_itself(void **state)
{
    (void)state;
    buf bytes;
    told t;
    assert_true(ask(&t, sample("registry/regipy/SECURITY", &bytes)));
    static const struct { const char *of, *value; } logons[] = {
        { "Logon", "success,failure" }, { "Logoff", "success" }, { "Account Lockout", "success" }, { "IPsec Main Mode", "none" }, { "Special Logon", "success" }, { "IPsec Quick Mode", "none" },
        { "IPsec Extended Mode", "none" }, { "Other Logon/Logoff Events", "none" }, { "Network Policy Server", "success,failure" }, { "User / Device Claims", "none" }, { "Group Membership", "none" },
        { "Process Creation", "none" }, { "Audit Policy Change", "success" }, { "User Account Management", "success" }, { "Security Group Management", "success" }, { "Credential Validation", "none" },
    };
    size_t count = 0;
    for (size_t i = 0; i < sizeof logons / sizeof *logons; i++)
        assert_setting(&t, "audit.subcategory", logons[i].of, logons[i].value);
    for (size_t i = 0; i < t.acts.count; i++)
        count += strcmp(fact_of(vec_at(&t.acts, i), "name"), "audit.subcategory") == 0;
    assert_int_equal(count, 5 + 11 + 14 + 3 + 6 + 6 + 6 + 4 + 4);
    claimed(&t, "name", "DESKTOP-M964FJN");
    claimed(&t, "domain", "WORKGROUP");
    assert_setting(&t, "os.domain-sid", NULL, NULL);
    end(&t);
    buf_done(&bytes);
}

static void settings_of_windows_7_to_10(void **state)
{
    (void)state;
    static const struct { const char *hive, *name, *of, *value; } rows[] = {
        { "SYSTEM", "rdp.nla", NULL, "0" }, { "SYSTEM", "rdp.layer", NULL, "1" }, { "SYSTEM", "rdp.encryption", NULL, "2" }, { "SYSTEM", "rdp.deny", NULL, "0" },
        { "SYSTEM", "smb1.driver", NULL, "present" }, { "SYSTEM", "smb1.driver-start", NULL, "3" }, { "SYSTEM", "smb1.client-start", NULL, "3" }, { "SYSTEM", "smb1.server", NULL, NULL },
        { "SYSTEM", "wdigest", NULL, "1" }, { "SYSTEM", "crash.dump", NULL, "2" }, { "SYSTEM", "os.service-pack", NULL, "256" }, { "SYSTEM", "log.size", "Security", "4194304" },
        { "SYSTEM", "log.retention", "Security", "4294967295" }, { "SYSTEM", "netbios.interface", "Tcpip_{698E50A9-4F58-4D86-B61D-F42E58DCACF6}", "0" }, { "SYSTEM", "antivirus.service", "McShield", "2" },
        { "SYSTEM", "rdp.idle", NULL, NULL }, { "SYSTEM", "smb.auto-share-server", NULL, NULL }, { "SYSTEM", "port-proxy", NULL, NULL },
        { "SYSTEM_2", "rdp.nla", NULL, "1" }, { "SYSTEM_2", "rdp.layer", NULL, "1" }, { "SYSTEM_2", "smb1.driver-start", NULL, "2" }, { "SYSTEM_2", "smb1.client-start", NULL, "2" },
        { "SYSTEM_2", "crash.dump", NULL, "7" }, { "SYSTEM_2", "log.size", "Security", "20971520" }, { "SYSTEM_2", "wdigest", NULL, NULL }, { "SYSTEM_2", "rdp.deny", NULL, "1" },
        { "SYSTEM_B", "rdp.nla", NULL, "1" }, { "SYSTEM_B", "rdp.layer", NULL, "2" }, { "SYSTEM_B", "smb1.driver", NULL, NULL }, { "SYSTEM_B", "smb1.client", NULL, NULL }, { "SYSTEM_B", "crash.dump", NULL, "7" },
        { "SYSTEM_B", "smb.guest", NULL, "0" }, { "SYSTEM_B", "antivirus.service", "WinDefend", "2" },
    };
    const char *opened = "";
    buf bytes;
    told t;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(opened, rows[i].hive) != 0) {
            if (*opened) {
                end(&t);
                buf_done(&bytes);
            }
            opened = rows[i].hive;
            assert_true(ask(&t, sample(arena_printf(&kept, "registry/regipy/%s", opened), &bytes)));
        }
        assert_setting(&t, rows[i].name, rows[i].of, rows[i].value);
    }
    end(&t);
    buf_done(&bytes);
}

static void who_the_real_hosts_are(void **state)
{
    (void)state;
    buf bytes;
    told t;
    assert_true(ask(&t, sample("registry/regipy/SYSTEM", &bytes)));
    claimed(&t, "name", "WKS-WIN732BITA");
    claimed(&t, "name", "WKS-WIN732BITA.shieldbase.local");
    assert_string_equal(claimed(&t, "address", "10.3.58.5")->source, "SYSTEM Tcpip");
    claimed(&t, "time-zone", "UTC-05:00 Eastern Standard Time");
    assert_int_equal(claims_of(&t, "role"), 0);
    end(&t);
    buf_done(&bytes);
    assert_true(ask(&t, sample("registry/regipy/SYSTEM_2", &bytes)));
    const identity_claim *lease = claimed(&t, "address", "192.168.56.103");
    assert_string_equal(lease->source, "SYSTEM Tcpip DHCP");
    assert_int_equal(lease->from, moment_from_unix(1449890802, 0));
    assert_int_equal(lease->to, moment_from_unix(1449892002, 0));
    end(&t);
    buf_done(&bytes);
    /* A lease of 1970 is a clock that was never set: the key's own time counts. */
    assert_true(ask(&t, sample("registry/regipy/SYSTEM_B", &bytes)));
    assert_true(claimed(&t, "address", "192.168.0.7")->from > MADE_AT - 3 * 365 * MOMENT_DAY);
    claimed(&t, "mac", "EC-F4-BB-48-7F-ED");
    end(&t);
    buf_done(&bytes);
}

/* ---- Made hives ---- */

typedef struct { arena mem; hive *h; buf image; } making;

/* One at a time: the hive keeps the arena's address. */
static making *make(const char *file)
{
    static making m;
    m = (making){ 0 };
    arena_init(&m.mem, 0);
    m.h = hive_new(&m.mem, &(hive_options){ .minor = 5, .root = "ROOT", .file = file, .clock = MADE_AT });
    return &m;
}

static void asked(making *m, told *t)
{
    hive_commit(m->h);
    buf_init(&m->image, 64u << 20);
    hive_bytes(m->h, &m->image);
    assert_true(ask(t, buf_bytes(&m->image)));
}

static void made_end(making *m, told *t)
{
    end(t);
    hive_done(m->h);
    buf_done(&m->image);
    arena_done(&m->mem);
}

static const uint8_t hash_material[] = "\x01HASHhashHASHhash\x02NTLMntlmNTLMntlm\x03KEYSkeysKEYSkeys";
static const uint8_t machine[24] = { 1, 4, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0 };

typedef struct { const char *name; uint32_t rid, own_rid, flags; bool listed; const char *listed_as; bool name_in_hash; } user;

static void put_user(making *m, const user *u)
{
    hive_key *users = hive_at(m->h, hive_root(m->h), "SAM\\Domains\\Account\\Users");
    hive_key *key = hive_at(m->h, users, arena_printf(&m->mem, "%08X", u->rid));
    buf f, v;
    buf_init(&f, 256);
    put64(&f, 2);
    for (int i = 0; i < 5; i++)
        put64(&f, i == 3 ? 0x7fffffffffffffff : 0);
    put32(&f, u->own_rid ? u->own_rid : u->rid);
    put32(&f, 513);
    put32(&f, u->flags);
    put_zeros(&f, 80 - f.len);
    hive_binary(m->h, key, "F", buf_bytes(&f));
    buf text;
    buf_init(&text, 4096);
    for (const char *c = u->name; *c; c++)
        put16(&text, (unsigned char)*c);
    size_t name_len = text.len, hash_at = text.len;
    buf_put(&text, hash_material, sizeof hash_material - 1);
    buf_init(&v, 8192);
    for (int part = 0; part < 17; part++) {
        bool name = part == 1, hash = part >= 13;
        put32(&v, part >= 2 || (name && u->name_in_hash) ? (uint32_t)hash_at : 0);
        put32(&v, hash ? 16 : name ? u->name_in_hash ? 48 : (uint32_t)name_len : 0);
        put32(&v, 0);
    }
    buf_span(&v, buf_bytes(&text));
    hive_binary(m->h, key, "V", buf_bytes(&v));
    if (u->listed)
        hive_value(m->h, hive_at(m->h, users, arena_printf(&m->mem, "Names\\%s", u->listed_as ? u->listed_as : u->name)), span_str(""), u->rid, (span){ 0 });
    buf_done(&f);
    buf_done(&v);
    buf_done(&text);
}

static void put_group(making *m, uint32_t rid, const uint32_t *members, size_t count, bool indexed)
{
    hive_key *aliases = hive_at(m->h, hive_root(m->h), "SAM\\Domains\\Builtin\\Aliases");
    buf c;
    buf_init(&c, 4096);
    put32(&c, rid);
    for (int i = 0; i < 12; i++)
        put32(&c, i == 9 ? 0 : i == 10 ? (uint32_t)count * 28 : i == 11 ? (uint32_t)count : 0);
    for (size_t i = 0; i < count; i++) {
        uint8_t sid[28];
        memcpy(sid, machine, 24);
        sid[1] = 5;
        memcpy(sid + 24, &members[i], 4);
        buf_put(&c, sid, sizeof sid);
        if (indexed)
            hive_value(m->h, hive_at(m->h, aliases, arena_printf(&m->mem, "Members\\S-1-5-21-1-2-3\\%08X", members[i])), span_str(""), 1, span_of(&rid, 4));
    }
    hive_binary(m->h, hive_at(m->h, aliases, arena_printf(&m->mem, "%08X", rid)), "C", buf_bytes(&c));
    buf_done(&c);
}

static making *make_sam(void)
{
    making *m = make("SAM");
    buf v;
    buf_init(&v, 256);
    put_zeros(&v, 64);
    buf_put(&v, machine, sizeof machine);
    hive_binary(m->h, hive_at(m->h, hive_root(m->h), "SAM\\Domains\\Account"), "V", buf_bytes(&v));
    buf_done(&v);
    return m;
}

static bool looks(const act *a, const char *word)
{
    const char *list = fact_of(a, "looks");
    const char *at = strstr(list, word);
    size_t len = strlen(word);
    return at && (at == list || at[-1] == ',') && (at[len] == 0 || at[len] == ',');
}

static void the_tricks_with_accounts_are_seen(void **state)
{
    (void)state;
    making *m = make_sam();
    static const user users[] = {
        { "Administrator", 500, 0, 0x210, true, NULL, false },
        { "Gast", 501, 0, 0x214, true, NULL, false },
        { "hijacker", 1001, 500, 0x210, true, NULL, false },
        { "helper$", 1002, 0, 0x210, true, NULL, false },
        { "HomeGroupUser$", 1003, 0, 0x210, true, NULL, false },
        { "ghost", 1004, 0, 0x210, false, NULL, false },
        { "twin", 1005, 0, 0x210, true, "sibling", false },
        { "fake$", 1006, 500, 0x80, true, NULL, false },
        { "honest", 1007, 0, 0x10, true, NULL, false },
    };
    for (size_t i = 0; i < sizeof users / sizeof *users; i++)
        put_user(m, &users[i]);
    hive_value(m->h, hive_at(m->h, hive_root(m->h), "SAM\\Domains\\Account\\Users\\Names\\nobody"), span_str(""), 1099, (span){ 0 });
    put_group(m, SID_ADMINS, (const uint32_t[]){ 500, 501 }, 2, true);
    put_group(m, 0x22b, (const uint32_t[]){ 1007 }, 1, false);
    told t;
    asked(m, &t);
    assert_null(account(&t, "500")->finding);
    assert_null(account(&t, "1003")->finding);
    assert_null(account(&t, "1007")->finding);
    const act *a = account(&t, "1001");
    assert_true(looks(a, "rid-of-another"));
    assert_fact(a, "acts_as", "500");
    assert_string_equal(a->finding, "account-change");
    assert_int_equal(a->severity, SEVERITY_CRITICAL);
    assert_true(looks(account(&t, "1002"), "hidden-name"));
    assert_true(looks(account(&t, "1004"), "not-in-names"));
    assert_true(looks(account(&t, "1005"), "other-name"));
    assert_fact(account(&t, "1005"), "listed_as", "sibling");
    assert_true(looks(account(&t, "1006"), "computer-name") && looks(account(&t, "1006"), "rid-of-another"));
    assert_true(looks(account(&t, "501"), "guest-administrator"));
    assert_true(looks(account(&t, "1099"), "only-in-names"));
    const act *odd = act_with(&t, "group", "looks", "member-not-indexed", NULL, NULL);
    assert_non_null(odd);
    assert_fact(odd, "account", "honest");
    assert_fact(odd, "rid", "555");
    size_t odd_count = 0;
    for (size_t i = 0; i < t.acts.count; i++)
        odd_count += strncmp(fact_of(vec_at(&t.acts, i), "looks"), "member-", 7) == 0;
    assert_int_equal(odd_count, 1);
    made_end(m, &t);
}

static void told_anywhere(const told *t, const char *needle)
{
    for (size_t i = 0; i < t->acts.count; i++) {
        const act *a = vec_at(&t->acts, i);
        for (size_t k = 0; k < a->fact_count; k++)
            if (strcasestr(a->facts[k].value, needle))
                fail_msg("%s of %s tells '%s'", a->facts[k].name, a->kind, a->facts[k].value);
    }
    for (size_t i = 0; i < t->claims.count; i++)
        if (strcasestr(((const identity_claim *)vec_at(&t->claims, i))->value, needle))
            fail_msg("a claim tells '%s'", needle);
}

/* Neither as it stands, nor in hexadecimal; and not when a record says that its name lies where the hashes are. */
static void nothing_of_a_hash_is_told(void **state)
{
    (void)state;
    making *m = make_sam();
    put_user(m, &(user){ "owner", 1001, 0, 0x210, true, NULL, false });
    put_user(m, &(user){ "pointed", 1002, 0, 0x210, true, NULL, true });
    hive_key *key = hive_at(m->h, hive_root(m->h), "SAM\\Domains\\Account\\Users\\000003E9");
    hive_sz(m->h, key, "UserPasswordHint", "the-hint-itself");
    hive_sz(m->h, key, "ResetData", "{\"answer\":\"the-answer-itself\"}");
    told t;
    asked(m, &t);
    assert_fact(account(&t, "1001"), "account", "owner");
    assert_fact(account(&t, "1002"), "account", "pointed");          /* as it is listed: the record's own name lies where hashes are */
    assert_fact(account(&t, "1001"), "hint", "present");
    assert_fact(account(&t, "1001"), "questions", "present");
    static const char *const needles[] = { "HASHhash", "NTLMntlm", "KEYSkeys", "4841534868617368", "4e544c4d", "the-hint", "the-answer" };
    for (size_t i = 0; i < sizeof needles / sizeof *needles; i++)
        told_anywhere(&t, needles[i]);
    made_end(m, &t);
}

static void stored_logons_are_present_and_no_more(void **state)
{
    (void)state;
    making *m = make("SOFTWARE");
    hive_key *root = hive_root(m->h), *winlogon = hive_at(m->h, root, "Microsoft\\Windows NT\\CurrentVersion\\Winlogon");
    hive_at(m->h, root, "Classes");
    hive_sz(m->h, winlogon, "AutoAdminLogon", "1");
    hive_sz(m->h, winlogon, "DefaultPassword", "Winter2020!");
    hive_dword(m->h, hive_at(m->h, winlogon, "SpecialAccounts\\UserList"), "support$", 0);
    hive_key *nt = hive_at(m->h, root, "Microsoft\\Windows NT\\CurrentVersion");
    hive_sz(m->h, nt, "ProductName", "Windows Server 2008 R2 Standard");
    hive_sz(m->h, nt, "CSDVersion", "Service Pack 1");
    hive_sz(m->h, nt, "CurrentVersion", "6.1");
    hive_sz(m->h, nt, "CurrentBuildNumber", "7601");
    hive_key *profile = hive_at(m->h, nt, "ProfileList\\S-1-5-21-1-2-3-1001");
    hive_expand(m->h, profile, "ProfileImagePath", "C:\\Users\\anna");
    hive_at(m->h, nt, "ProfileList\\S-1-5-21-1-2-3-1002.bak");
    told t;
    asked(m, &t);
    assert_setting(&t, "logon.automatic", NULL, "1");
    assert_setting(&t, "logon.stored", NULL, "present");
    assert_setting(&t, "logon.hidden-account", "support$", "0");
    told_anywhere(&t, "Winter2020");
    claimed(&t, "os", "Windows Server 2008 R2 Standard Service Pack 1");
    claimed(&t, "os-build", "6.1.7601");
    claimed(&t, "profile", "S-1-5-21-1-2-3-1001=anna");
    assert_int_equal(claims_of(&t, "profile"), 1);
    made_end(m, &t);
}

static void updates_are_told_by_their_furthest_state(void **state)
{
    (void)state;
    making *m = make("SOFTWARE");
    hive_key *root = hive_root(m->h), *packages = hive_at(m->h, root, "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\Packages");
    hive_at(m->h, root, "Classes");
    hive_sz(m->h, hive_at(m->h, root, "Microsoft\\Windows NT\\CurrentVersion"), "CurrentVersion", "6.1");
    static const struct { const char *name; uint32_t state; } rows[] = {
        { "Package_for_KB4012212~31bf3856ad364e35~amd64~~6.1.1.0", 0x40 }, { "Package_2_for_KB4012212~31bf3856ad364e35~amd64~~6.1.1.0", 0x70 },
        { "Package_for_RollupFix~31bf3856ad364e35~amd64~~7601.24000.1.8", 0x70 }, { "Package_for_KB3000001~31bf3856ad364e35~amd64~~6.1.1.0", 0x60 },
        { "Microsoft-Windows-Foundation-Package~31bf3856ad364e35~amd64~~6.1.7601.17514", 0x70 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hive_key *k = hive_at(m->h, packages, rows[i].name);
        hive_dword(m->h, k, "CurrentState", rows[i].state);
        hive_dword(m->h, k, "InstallTimeHigh", (uint32_t)(MADE_AT >> 32));
        hive_dword(m->h, k, "InstallTimeLow", (uint32_t)MADE_AT);
    }
    hive_at(m->h, root, "Microsoft\\Updates\\Windows Server 2003\\SP3\\KB4012598");
    told t;
    asked(m, &t);
    const act *p = act_with(&t, "patch", "package", "KB4012212", NULL, NULL);
    assert_non_null(p);
    assert_fact(p, "state", "installed");
    assert_fact(p, "installed", "2020-05-11T04:00:00.0000000Z");
    assert_fact(act_with(&t, "patch", "package", "KB3000001", NULL, NULL), "state", "install-pending");
    assert_non_null(act_with(&t, "patch", "package", "RollupFix 7601.24000.1.8", "state", "installed"));
    assert_non_null(act_with(&t, "patch", "package", "KB4012598", "state", "installed"));
    size_t count = 0;
    for (size_t i = 0; i < t.acts.count; i++)
        count += strcmp(((const act *)vec_at(&t.acts, i))->kind, "patch") == 0;
    assert_int_equal(count, 4);
    made_end(m, &t);
}

static making *make_system(hive_key **control, hive_key **services)
{
    making *m = make("SYSTEM");
    hive_key *root = hive_root(m->h);
    hive_dword(m->h, hive_at(m->h, root, "Select"), "Current", 2);
    hive_at(m->h, root, "ControlSet001");
    *control = hive_at(m->h, root, "ControlSet002\\Control");
    *services = hive_at(m->h, root, "ControlSet002\\Services");
    return m;
}

static void the_network_of_a_made_host(void **state)
{
    (void)state;
    hive_key *control, *services;
    making *m = make_system(&control, &services);
    hive_sz(m->h, hive_at(m->h, control, "ComputerName\\ComputerName"), "ComputerName", "DB1");
    hive_key *zone = hive_at(m->h, control, "TimeZoneInformation");
    hive_dword(m->h, zone, "Bias", (uint32_t)-480);
    hive_sz(m->h, zone, "TimeZoneKeyName", "China Standard Time");
    hive_sz(m->h, hive_at(m->h, control, "ProductOptions"), "ProductType", "ServerNT");
    hive_at(m->h, services, "MSSQLSERVER");
    hive_key *card = hive_at(m->h, services, "Tcpip\\Parameters\\Interfaces\\{11111111-2222-3333-4444-555555555555}");
    hive_dword(m->h, card, "EnableDHCP", 0);
    hive_multi(m->h, card, "IPAddress", "192.168.100.1\n10.0.0.1");
    hive_sz(m->h, card, "DhcpIPAddress", "169.254.3.4");
    hive_sz(m->h, hive_at(m->h, services, "PortProxy\\v4tov4\\tcp"), "0.0.0.0/65532", "1.1.1.1/53");
    hive_key *rules = hive_at(m->h, services, "SharedAccess\\Parameters\\FirewallPolicy\\FirewallRules");
    hive_sz(m->h, rules, "{AAAAAAAA-0000-0000-0000-000000000001}", "v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=65529|Name=SDNSd|");
    hive_sz(m->h, rules, "{AAAAAAAA-0000-0000-0000-000000000002}", "v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3389|Name=rdp|");
    hive_sz(m->h, rules, "{AAAAAAAA-0000-0000-0000-000000000003}", "v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=8443|Name=business|App=C:\\Program Files\\Business\\server.exe|");
    told t;
    asked(m, &t);
    claimed(&t, "name", "DB1");
    claimed(&t, "address", "192.168.100.1");
    claimed(&t, "address", "10.0.0.1");
    assert_int_equal(claims_of(&t, "address"), 2);          /* one that the host gave itself names nobody */
    claimed(&t, "time-zone", "UTC+08:00 China Standard Time");
    claimed(&t, "role", "database");
    assert_setting(&t, "port-proxy", "v4tov4 tcp 0.0.0.0/65532", "1.1.1.1/53");
    const act *r = act_with(&t, "firewall.rule", "rule", "SDNSd", NULL, NULL);
    assert_non_null(r);
    assert_fact(r, "looks", "family");
    assert_string_equal(r->finding, "firewall-change");
    r = act_with(&t, "firewall.rule", "rule", "rdp", NULL, NULL);
    assert_non_null(r);
    assert_fact(r, "remote", "any");
    assert_null(r->finding);
    assert_null(act_with(&t, "firewall.rule", "rule", "business", NULL, NULL));
    made_end(m, &t);
}

static void the_audit_policy_of_windows_2003(void **state)
{
    (void)state;
    making *m = make("SECURITY");
    hive_at(m->h, hive_root(m->h), "Policy\\Accounts");
    uint32_t policy[11] = { 1, 0, 3, 0, 0, 0, 0, 1, 0, 2, 9 };
    hive_value(m->h, hive_at(m->h, hive_root(m->h), "Policy\\PolAdtEv"), span_str(""), 3, span_of(policy, sizeof policy));
    told t;
    asked(m, &t);
    assert_setting(&t, "audit.category", "System", "none");
    assert_setting(&t, "audit.category", "Logon", "success,failure");
    assert_setting(&t, "audit.category", "Account Management", "success");
    assert_setting(&t, "audit.category", "Account Logon", "failure");
    made_end(m, &t);
}

/* A value whose cell is spoilt may have said anything: that it is not set is not said. */
static void what_a_damaged_list_may_have_held_is_not_absent(void **state)
{
    (void)state;
    hive_key *control, *services;
    making *m = make_system(&control, &services);
    hive_dword(m->h, hive_at(m->h, services, "LanmanServer\\Parameters"), "SMB1", 0);
    hive_dword(m->h, hive_at(m->h, services, "LanmanWorkstation\\Parameters"), "Other", 0);
    told t;
    asked(m, &t);
    assert_setting(&t, "smb1.server", NULL, "0");
    assert_setting(&t, "smb.signing-server", NULL, NULL);
    end(&t);
    uint8_t *name = memmem(m->image.at, m->image.len, "SMB1", 4);
    assert_non_null(name);
    assert_memory_equal(name - 20, "vk", 2);
    name[-20] = '?';
    assert_true(ask(&t, buf_bytes(&m->image)));
    assert_null(act_with(&t, "setting", "name", "smb1.server", NULL, NULL));
    assert_null(act_with(&t, "setting", "name", "smb.signing-server", NULL, NULL));
    assert_setting(&t, "smb.signing-client", NULL, NULL);       /* its key is whole */
    made_end(m, &t);
}

/* Whatever a hive says, the questions end, and within their bounds. */
static void broken_hives_are_survived(void **state)
{
    (void)state;
    static const char *const names[] = { "registry/regipy/SAM", "registry/regipy/SECURITY" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        buf bytes;
        span all = sample(names[i], &bytes);
        uint8_t *copy = arena_alloc(&kept, all.len);
        uint64_t seed = 7;
        for (unsigned round = 0; round < 150; round++) {
            memcpy(copy, all.at, all.len);
            for (unsigned k = 0; k < 40; k++) {
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                copy[4096 + (seed >> 33) % (all.len - 4096)] = (uint8_t)(seed >> 20);
            }
            told t;
            ask(&t, span_of(copy, round % 3 ? all.len : all.len / 2 + round * 16));
            assert_true(t.acts.count < 3 * ACTS_KEPT_OF_ARTIFACT);
            end(&t);
        }
        buf_done(&bytes);
    }
}

static int set_up(void **state)
{
    (void)state;
    profile *facts;
    detect_run *made = NULL;
    arena_init(&kept, 0);
    status s = profile_open(NULL, &kept, &facts);
    if (status_is_ok(s))
        s = detect_run_new(facts, &kept, &made);
    if (!status_is_ok(s))
        print_error("%s\n", s.words);
    run = made;
    return !status_is_ok(s);
}

static int tear_down(void **state)
{
    (void)state;
    arena_done(&kept);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts_of_windows_7),
        cmocka_unit_test(a_stock_age_of_42_days_is_42),
        cmocka_unit_test(what_windows_10_audits_by_itself),
        cmocka_unit_test(settings_of_windows_7_to_10),
        cmocka_unit_test(who_the_real_hosts_are),
        cmocka_unit_test(the_tricks_with_accounts_are_seen),
        cmocka_unit_test(nothing_of_a_hash_is_told),
        cmocka_unit_test(stored_logons_are_present_and_no_more),
        cmocka_unit_test(updates_are_told_by_their_furthest_state),
        cmocka_unit_test(the_network_of_a_made_host),
        cmocka_unit_test(the_audit_policy_of_windows_2003),
        cmocka_unit_test(what_a_damaged_list_may_have_held_is_not_absent),
        cmocka_unit_test(broken_hives_are_survived),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
