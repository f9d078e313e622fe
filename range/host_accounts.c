/* SAM and SECURITY: accounts, groups, password and audit policy - and secrets that nobody may tell: bytes by chance, laid where
 * Windows lays hashes and keys, each listed in the truth so that a test can search for them.
 *
 * Source    layouts as published descriptions of F, V, C and PolAdtEv have them; rights and groups as Windows Server sets them. */
#include "range/host.h"

#include "range/put.h"

#define NEVER 0x7fffffffffffffffull

typedef struct {
    unsigned rid, flags;
    const char *name, *full, *comment;
    moment created, last_logon, last_failure, set;
    unsigned logons, failures;
    unsigned f_rid; /* what F says; RID, or another's */
    bool hostile, admin, no_names;
    const char *looks;
} user;

static span chance(estate *e, size_t n)
{
    uint8_t *out = arena_alloc(e->mem, n);
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)rng_next(&e->r);
    return span_of(out, n);
}

static void put_time(buf *b, moment t) { put64(b, moment_known(t) ? t : 0); }

static span value_f(estate *e, const user *u)
{
    buf b;
    buf_init(&b, 1 << 10);
    put16(&b, e->h->nt >= NT_100 ? 3 : 2);
    put16(&b, 1);
    put32(&b, 0);
    put_time(&b, u->last_logon);
    put64(&b, 0);
    put_time(&b, u->set);
    put64(&b, NEVER);
    put_time(&b, u->last_failure);
    put32(&b, u->f_rid);
    put32(&b, 513);
    put32(&b, u->flags);
    put16(&b, 0);
    put16(&b, 0);
    put16(&b, u->failures > 0xffff ? 0xffff : u->failures);
    put16(&b, u->logons > 0xffff ? 0xffff : u->logons);
    put_zeros(&b, 80 - b.len);
    span out = arena_span(e->mem, buf_bytes(&b));
    buf_done(&b);
    return out;
}

/* 17 parts; those from the 13th on hold hash material, here chance. */
static span value_v(estate *e, const user *u)
{
    buf head, body;
    buf_init(&head, 1 << 12);
    buf_init(&body, 1 << 16);
    unsigned large = e->h->nt >= NT_100;
    const char *const texts[] = { u->name, u->full, u->comment };
    for (int part = 0; part < 17; part++) {
        size_t at = body.len;
        if (part == 0)
            buf_span(&body, host_descriptor(e->mem, (const char *const[]){ "S-1-1-0", "S-1-5-32-544" },
                                            (const uint32_t[]){ 0x2035b, 0xf07ff }, 2));
        else if (part < 4)
            put_utf16(&body, span_str(texts[part - 1]));
        else if (part == 11)
            buf_put(&body, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 21);
        else if (part == 13) { /* LM: its head alone */
            put32(&body, large ? 0x00020001 : 0x00010001);
        } else if (part >= 14) {
            size_t n = part == 16 ? 0 : large ? 32 : 16;
            put32(&body, large ? 0x00020001 : 0x00010001);
            if (large)
                put_zeros(&body, 4);
            if (n) {
                span s = chance(e, n);
                buf_span(&body, s);
                told_secret(e, host_print(e, "SAM %s V part %d", u->name, part), s, NULL);
            }
        }
        put32(&head, (uint32_t)at);
        put32(&head, (uint32_t)(body.len - at));
        put32(&head, 0);
        while (body.len % 4)
            put8(&body, 0);
    }
    buf_span(&head, buf_bytes(&body));
    span out = arena_span(e->mem, buf_bytes(&head));
    buf_done(&head);
    buf_done(&body);
    return out;
}

static hive_key *domain_of(estate *e, const char *path)
{
    return hive_at(e->hives[HIVE_SAM], hive_root(e->hives[HIVE_SAM]), host_print(e, "SAM\\Domains\\%s", path));
}

static void put_user(estate *e, const user *u)
{
    hive *h = e->hives[HIVE_SAM];
    hive_clock(h, u->created);
    if (!u->no_names)
        hive_value(h, domain_of(e, host_print(e, "Account\\Users\\Names\\%s", u->name)), span_str(""), u->rid, (span){ 0 });
    moment last = u->created;
    if (moment_known(u->last_logon) && u->last_logon > last)
        last = u->last_logon;
    if (moment_known(u->last_failure) && u->last_failure > last)
        last = u->last_failure;
    hive_key *k = domain_of(e, host_print(e, "Account\\Users\\%08X", u->rid));
    hive_clock(h, last);
    hive_binary(h, k, "F", value_f(e, u));
    hive_binary(h, k, "V", value_v(e, u));
    *(sam_account *)vec_push(&e->w->accounts) = (sam_account){ .host = e->h->index,
                                                               .rid = u->rid,
                                                               .name = arena_str(e->w->mem, u->name),
                                                               .groups = u->admin        ? "544,545"
                                                                         : u->rid == 501 ? "546"
                                                                                         : "545",
                                                               .looks = u->looks,
                                                               .disabled = u->flags & 1,
                                                               .hostile = u->hostile,
                                                               .created = u->created,
                                                               .last_logon = u->last_logon,
                                                               .password_set = u->set,
                                                               .logons = u->logons };
}

static void put_alias(estate *e, const char *domain, unsigned rid, const char *name, const char *comment, const char *const *members,
                      size_t count)
{
    buf b, names, sids;
    buf_init(&b, 1 << 16);
    buf_init(&names, 1 << 16);
    buf_init(&sids, 1 << 16);
    span sd = host_descriptor(e->mem, (const char *const[]){ "S-1-1-0", "S-1-5-32-544" }, (const uint32_t[]){ 0x2000c, 0xf001f }, 2);
    put_utf16(&names, span_str(name));
    size_t name_len = names.len;
    put_utf16(&names, span_str(comment));
    size_t comment_len = names.len - name_len;
    while (names.len % 4)
        put8(&names, 0);
    for (size_t i = 0; i < count; i++)
        buf_span(&sids, host_sid(e->mem, members[i]));
    uint32_t at = (uint32_t)sd.len;
    put32(&b, rid);
    put32(&b, 0);
    put32(&b, at);
    put32(&b, 0x00010002);
    put32(&b, at);
    put32(&b, (uint32_t)name_len);
    put32(&b, 0);
    put32(&b, at + (uint32_t)name_len);
    put32(&b, (uint32_t)comment_len);
    put32(&b, 0);
    put32(&b, at + (uint32_t)names.len);
    put32(&b, (uint32_t)sids.len);
    put32(&b, (uint32_t)count);
    buf_span(&b, sd);
    buf_span(&b, buf_bytes(&names));
    buf_span(&b, buf_bytes(&sids));
    hive *h = e->hives[HIVE_SAM];
    hive_binary(h, domain_of(e, host_print(e, "%s\\Aliases\\%08X", domain, rid)), "C", buf_bytes(&b));
    hive_value(h, domain_of(e, host_print(e, "%s\\Aliases\\Names\\%s", domain, name)), span_str(""), rid, (span){ 0 });
    for (size_t i = 0; i < count; i++) { /* the reverse index: which aliases a member is in; two at most here */
        const char *sid = members[i], *dash = strrchr(sid, '-');
        hive_key *k = domain_of(e, host_print(e, "%s\\Aliases\\Members\\%.*s\\%08X", domain, (int)(dash - sid), sid, host_rid(sid)));
        hive_value(h, k, span_str(""), 1, span_of(&(uint32_t){ rid }, 4));
    }
    buf_done(&b);
    buf_done(&names);
    buf_done(&sids);
}

static void password_policy(estate *e)
{
    static const uint8_t lengths[] = { 0, 0, 0, 0, 6, 8, 8, 12 };
    unsigned length = rng_pick(&e->r, lengths), threshold = rng_chance(&e->r, 25) ? 5 : 0;
    bool complex = rng_chance(&e->r, 35), guessed = false;
    for (int i = 0; i < e->w->step_count; i++)
        guessed |= e->w->steps[i].to == e->h->index && e->w->steps[i].access == ACCESS_GUESSED && e->w->steps[i].by != WAY_MSSQL;
    if (guessed || e->w->seed == 1) /* thousands of tries against one account: nothing locked it */
        threshold = 0, length = 0, complex = false;
    hive *h = e->hives[HIVE_SAM];
    buf b;
    buf_init(&b, 1 << 12);
    put16(&b, e->h->nt >= NT_100 ? 3 : 2);
    put16(&b, 1);
    put32(&b, 0);
    put64(&b, e->installed);
    put64(&b, 0x10);
    put64(&b, (uint64_t) - (int64_t)(42 * MOMENT_DAY));
    put64(&b, 0);
    put64(&b, 0x8000000000000000ull);
    put64(&b, (uint64_t) - (int64_t)(30 * MOMENT_MINUTE));
    put64(&b, (uint64_t) - (int64_t)(30 * MOMENT_MINUTE));
    put64(&b, 0);
    put32(&b, 1400);
    put32(&b, complex);
    put16(&b, length);
    put16(&b, 0);
    put16(&b, threshold);
    put16(&b, 0);
    put_zeros(&b, 0x70 - b.len);
    span key = chance(e, 64);
    buf_span(&b, key);
    put_zeros(&b, 240 - b.len);
    hive_clock(h, e->installed + MOMENT_HOUR);
    hive_binary(h, domain_of(e, "Account"), "F", buf_bytes(&b));
    told_secret(e, "SAM Account F key material", key, NULL);
    buf_clear(&b);
    span sid = host_sid(e->mem, e->h->sid),
         sd = host_descriptor(e->mem, (const char *const[]){ "S-1-1-0", "S-1-5-32-544" }, (const uint32_t[]){ 0x20385, 0xf07ff }, 2);
    put32(&b, 0);
    put32(&b, (uint32_t)sd.len);
    put32(&b, 2);
    put32(&b, (uint32_t)sd.len);
    put32(&b, 0);
    put32(&b, 0);
    buf_span(&b, sd);
    buf_span(&b, span_part(sid, sid.len - 12, 12));
    hive_binary(h, domain_of(e, "Account"), "V", buf_bytes(&b));
    buf_done(&b);
    told_exposed(e, "password-length", host_print(e, "%u", length), length >= 8 ? "passed" : "failed");
    told_exposed(e, "password-complexity", complex ? "1" : "0", complex ? "passed" : "failed");
    told_exposed(e, "lockout-threshold", host_print(e, "%u", threshold), threshold ? "passed" : "failed");
}

static void audit_policy(estate *e)
{
    static const uint8_t counts[NT_VERSIONS][9] = { { 5, 9, 11, 3, 4, 6, 6, 4, 4 },
                                                    { 5, 9, 12, 3, 4, 6, 6, 4, 4 },
                                                    { 5, 10, 14, 3, 4, 6, 6, 4, 4 },
                                                    { 5, 10, 14, 3, 5, 6, 6, 4, 4 },
                                                    { 5, 11, 14, 3, 6, 6, 6, 4, 4 } };
    const uint8_t *n = counts[e->h->nt];
    const audit *a = &e->h->audits;
    buf b;
    buf_init(&b, 1 << 10);
    size_t total = 0;
    for (int c = 0; c < 9; c++)
        total += n[c];
    put16(&b, 0);
    put16(&b, 1);
    put16(&b, 9);
    put16(&b, 0);
    put16(&b, (unsigned)(12 + 2 * total));
    put16(&b, 0);
    for (int c = 0; c < 9; c++) {
        for (int i = 0; i < n[c]; i++) {
            unsigned v = c == 0   ? (i == 1 && a->services ? 1
                                     : i == 0 || i == 4    ? 1
                                                           : 0) /* System: extension, state, integrity */
                         : c == 1 ? (!a->logons                   ? 0
                                     : i == 0                     ? 3
                                     : i == 1 || i == 2 || i == 4 ? 1
                                                                  : 0)
                         : c == 2 ? ((i == 4 && a->tasks) || (i == 8 && a->shares) ? 1 : 0) /* other object access; file share */
                         : c == 4 ? (i == 0 && a->processes)
                         : c == 5 ? (i == 0 || i == 1 ? a->logons : 0)
                         : c == 6 ? (a->accounts && (i == 0 || i == 2) ? 1 : 0)
                         : c == 8 ? (a->logons && i == 0 ? 3 : 0)
                                  : 0;
            put16(&b, v);
        }
    }
    for (int c = 0; c < 9; c++)
        put16(&b, n[c]);
    hive *h = e->hives[HIVE_SECURITY];
    hive_value(h, hive_at(h, hive_root(h), "Policy\\PolAdtEv"), span_str(""), HIVE_NONE, buf_bytes(&b));
    buf_done(&b);
    told_exposed(e, "audit-logon", a->logons ? "3" : "0", a->logons ? "passed" : "failed");
    told_exposed(e, "audit-process", a->processes ? "1" : "0", a->processes ? "passed" : "failed");
}

static void name_value(estate *e, const char *key, const char *text)
{
    hive *h = e->hives[HIVE_SECURITY];
    buf b;
    buf_init(&b, 1 << 12);
    unsigned len = 2 * (unsigned)strlen(text);
    put16(&b, len);
    put16(&b, len + 2);
    put32(&b, 8);
    put_utf16(&b, span_str(text));
    put16(&b, 0);
    hive_value(h, hive_at(h, hive_root(h), host_print(e, "Policy\\%s", key)), span_str(""), HIVE_NONE, buf_bytes(&b));
    buf_done(&b);
}

static void secrets(estate *e)
{
    hive *h = e->hives[HIVE_SECURITY];
    const char *const names[] = { "DPAPI_SYSTEM", "NL$KM",
                                  e->w->domain_joined ? "$MACHINE.ACC" : "L$RTMTIMEBOMB_1320153D-8DA3-4e8e-B27B-0D888223A588",
                                  e->h->sql ? "_SC_SQLSERVERAGENT" : "_SC_BackupAgent", "L${8D1C5F46-6C4D-4E2B-9B7A-0C8C35A0B7E1}" };
    span key = chance(e, e->h->nt >= NT_60 ? 172 : 76);
    hive_value(h, hive_at(h, hive_root(h), "Policy\\PolEKList"), span_str(""), HIVE_NONE, key);
    told_secret(e, "SECURITY PolEKList", key, NULL);
    hive_value(h, hive_at(h, hive_root(h), "Policy\\PolRevision"), span_str(""), HIVE_NONE, span_of("\x00\x00\x0a\x00", 4));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        moment at = e->installed + (i + 1) * MOMENT_DAY;
        for (int old = 0; old < 2; old++) {
            span s = chance(e, 60 + 16 * i);
            hive_value(h, hive_at(h, hive_root(h), host_print(e, "Policy\\Secrets\\%s\\%s", names[i], old ? "OldVal" : "CurrVal")),
                       span_str(""), HIVE_NONE, s);
            told_secret(e, host_print(e, "LSA secret %s %s", names[i], old ? "OldVal" : "CurrVal"), s, NULL);
        }
        for (int old = 0; old < 2; old++)
            hive_value(h, hive_at(h, hive_root(h), host_print(e, "Policy\\Secrets\\%s\\%s", names[i], old ? "OupdTime" : "CupdTime")),
                       span_str(""), HIVE_NONE, span_of(&at, 8));
    }
    for (int i = 1; i <= 10; i++) {
        span s = i <= (e->w->domain_joined ? 3 : 0) ? chance(e, 240) : span_of(arena_alloc(e->mem, 168), 168);
        hive_value(h, hive_at(h, hive_root(h), "Cache"), span_str(host_print(e, "NL$%d", i)), HIVE_BINARY, s);
        if (i <= (e->w->domain_joined ? 3 : 0))
            told_secret(e, host_print(e, "cached logon NL$%d", i), s, NULL);
    }
}

static void rights(estate *e)
{
    static const struct {
        const char *sid;
        uint32_t access, luids[12];
    } all[] = { { "S-1-5-32-544", 0x407, { 5, 8, 9, 10, 11, 17, 18, 19, 20, 22, 23, 29 } },
                { "S-1-5-32-545", 0x3, { 23, 19 } },
                { "S-1-5-32-551", 0x7, { 17, 18, 19, 23 } },
                { "S-1-5-32-555", 0x400, { 0 } },
                { "S-1-1-0", 0x2, { 23 } },
                { "S-1-5-19", 0x10, { 3, 5, 21, 23, 29, 30 } },
                { "S-1-5-20", 0x10, { 3, 5, 21, 23, 29, 30 } } };
    hive *h = e->hives[HIVE_SECURITY];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        hive_key *k = hive_at(h, hive_root(h), host_print(e, "Policy\\Accounts\\%s", all[i].sid));
        buf b;
        buf_init(&b, 1 << 10);
        uint32_t n = 0;
        while (n < 12 && all[i].luids[n])
            n++;
        put32(&b, n);
        put32(&b, 0);
        for (uint32_t j = 0; j < n; j++) {
            put32(&b, all[i].luids[j]);
            put32(&b, 0);
            put32(&b, 3);
        }
        hive_value(h, hive_at(h, k, "ActSysAc"), span_str(""), HIVE_NONE, span_of(&all[i].access, 4));
        hive_value(h, hive_at(h, k, "Privilgs"), span_str(""), HIVE_NONE, buf_bytes(&b));
        hive_value(h, hive_at(h, k, "Sid"), span_str(""), HIVE_NONE, host_sid(e->mem, all[i].sid));
        buf_done(&b);
    }
}

static unsigned rid_of(const estate *e, const char *name)
{
    return strcmp(name, e->h->admin) == 0 ? 500 : 1000 + (unsigned)(hash64(span_str(name)) % 400);
}

static user from_life(estate *e, const char *name, moment created)
{
    user u = { .rid = rid_of(e, name),
               .flags = 0x210,
               .name = name,
               .full = "",
               .comment = "",
               .created = created,
               .set = created,
               .last_logon = MOMENT_UNKNOWN,
               .last_failure = MOMENT_UNKNOWN };
    for (size_t i = 0; i < e->h->people.count; i++) {
        const person *p = vec_at(&e->h->people, i);
        if (strcmp(p->name, name) != 0)
            continue;
        u.last_logon = host_clock(e, p->last_logon);
        u.last_failure = host_clock(e, p->last_failure);
        u.logons = p->logons;
        u.failures = p->failures;
    }
    u.f_rid = u.rid;
    return u;
}

void host_accounts(estate *e)
{
    hive *h = e->hives[HIVE_SAM];
    bool zh = e->h->zh;
    const char *admins[16];
    size_t admin_count = 0;
    password_policy(e);
    user admin = from_life(e, e->h->admin, e->installed), guest = { .rid = 501,
                                                                    .f_rid = 501,
                                                                    .flags = 0x215,
                                                                    .name = "Guest",
                                                                    .created = e->installed,
                                                                    .set = MOMENT_UNKNOWN,
                                                                    .last_logon = MOMENT_UNKNOWN,
                                                                    .last_failure = MOMENT_UNKNOWN };
    admin.full = guest.full = "";
    admin.comment = zh ? "管理计算机(域)的内置帐户" : "Built-in account for administering the computer/domain";
    guest.comment = zh ? "供来宾访问计算机或访问域的内置帐户" : "Built-in account for guest access to the computer/domain";
    admin.admin = true;
    admins[admin_count++] = host_print(e, "%s-500", e->h->sid);
    bool guest_on = e->w->seed != 1 && rng_chance(&e->r, 15);
    if (guest_on)
        guest.flags = 0x214;
    unsigned trick = e->h->step >= 0 && e->w->seed != 1 ? (unsigned)rng_below(&e->plant, 100) : 99;
    moment tricked =
        e->h->step >= 0 ? host_clock(e, e->w->steps[e->h->step].success) + 4 * MOMENT_MINUTE + rng_below(&e->plant, 20 * MOMENT_MINUTE) : 0;
    if (tricked >= e->end)
        trick = 99;
    if (trick < 15) { /* Guest, enabled, with the administrator's number in F */
        guest.f_rid = 500;
        guest.flags = 0x214;
        guest.hostile = true;
        guest.looks = "rid-of-another";
        guest.last_failure = tricked;
        guest_on = true;
    }
    put_user(e, &admin);
    put_user(e, &guest);
    for (size_t i = 0; i < e->h->people.count; i++) {
        const person *p = vec_at(&e->h->people, i);
        bool left_behind = strcmp(p->name, e->h->admin) == 0;
        for (size_t j = 0; j < e->w->lefts.count; j++)
            left_behind |=
                ((left *)vec_at(&e->w->lefts, j))->host == e->h->index && strcmp(((left *)vec_at(&e->w->lefts, j))->name, p->name) == 0;
        if (left_behind)
            continue;
        user u = from_life(e, p->name, e->installed + 10 * MOMENT_DAY + (hash64(span_str(p->name)) % 90) * MOMENT_DAY);
        u.admin = strncmp(p->name, "svc_", 4) == 0 || strcmp(p->name, "opsadmin") == 0;
        if (u.admin && admin_count < 14)
            admins[admin_count++] = host_print(e, "%s-%u", e->h->sid, u.rid);
        put_user(e, &u);
    }
    for (size_t i = 0; i < e->w->lefts.count; i++) {
        const left *l = vec_at(&e->w->lefts, i);
        if (l->host != e->h->index || l->kind != LEFT_ACCOUNT || !moment_known(l->at))
            continue;
        user u = from_life(e, l->name, host_clock(e, l->at));
        u.hostile = u.admin = true;
        admins[admin_count++] = host_print(e, "%s-%u", e->h->sid, u.rid);
        put_user(e, &u);
    }
    if (trick >= 15 && trick < 30) { /* a normal account whose name ends like a machine's, and is not shown at logon */
        user u = { .rid = 1401,
                   .f_rid = 1401,
                   .flags = 0x210,
                   .name = "support$",
                   .full = "",
                   .comment = "",
                   .created = tricked,
                   .set = tricked,
                   .last_logon = tricked + MOMENT_MINUTE,
                   .last_failure = MOMENT_UNKNOWN,
                   .logons = 1,
                   .hostile = true,
                   .admin = true,
                   .looks = "hidden-name" };
        admins[admin_count++] = host_print(e, "%s-1401", e->h->sid);
        put_user(e, &u);
        hive_clock(e->hives[HIVE_SOFTWARE], tricked + MOMENT_SECOND);
        hive_dword(e->hives[HIVE_SOFTWARE], hive_at(e->hives[HIVE_SOFTWARE], e->nt, "Winlogon\\SpecialAccounts\\UserList"), "support$", 0);
    } else if (trick >= 30 && trick < 38) { /* a Users key without a name in Names */
        user u = { .rid = 1402,
                   .f_rid = 500,
                   .flags = 0x210,
                   .name = "sqlsvc",
                   .full = "",
                   .comment = "",
                   .created = tricked,
                   .set = tricked,
                   .last_logon = MOMENT_UNKNOWN,
                   .last_failure = MOMENT_UNKNOWN,
                   .hostile = true,
                   .no_names = true,
                   .looks = "rid-of-another,not-in-names" };
        put_user(e, &u);
    }
    hive_clock(h, e->installed);
    const char *group = e->h->group_renamed ? "管理员" : "Administrators";
    put_alias(e, "Builtin", 0x220, group,
              zh ? "管理员对计算机/域有不受限制的完全访问权"
                 : "Administrators have complete and unrestricted access to the computer/domain",
              admins, admin_count);
    put_alias(e, "Builtin", 0x221, "Users", "", (const char *const[]){ "S-1-5-4", "S-1-5-11" }, 2);
    put_alias(e, "Builtin", 0x222, "Guests", "", (const char *const[]){ host_print(e, "%s-501", e->h->sid) }, 1);
    put_alias(e, "Builtin", 0x227, "Backup Operators", "", NULL, 0);
    put_alias(e, "Builtin", 0x22b, "Remote Desktop Users", "", NULL, 0);
    told_exposed(e, "guest-disabled", guest_on ? "enabled" : "disabled", guest_on ? "failed" : "passed");
    told_exposed(e, "administrator-renamed", "Administrator", "failed");
    h = e->hives[HIVE_SECURITY];
    hive_clock(h, e->installed);
    name_value(e, "PolAcDmN", e->computer);
    name_value(e, "PolPrDmN", e->w->domain);
    hive_value(h, hive_at(h, hive_root(h), "Policy\\PolAcDmS"), span_str(""), HIVE_NONE, host_sid(e->mem, e->h->sid));
    hive_value(h, hive_at(h, hive_root(h), "Policy\\PolPrDmS"), span_str(""), HIVE_NONE,
               e->w->domain_joined ? host_sid(e->mem, "S-1-5-21-1004336348-1177238915-682003330") : (span){ 0 });
    audit_policy(e);
    rights(e);
    secrets(e);
}
