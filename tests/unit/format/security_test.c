/* Who may do what, as a security descriptor has it. */
#include "cmocka_all.h"
#include "bytes.h"
#include "format/security.h"

typedef struct { arena mem; problems noted; buf bytes; security s; } ground;

static int setup(void **state)
{
    static ground g;
    arena_init(&g.mem, 0);
    problems_init(&g.noted, &g.mem);
    buf_init(&g.bytes, 1 << 20);
    *state = &g;
    return 0;
}

static int teardown(void **state)
{
    ground *g = *state;
    buf_done(&g->bytes);
    arena_done(&g->mem);
    return 0;
}

/* ---- descriptors made of a few words ---- */

typedef struct { uint8_t type, flags; uint32_t mask; const uint32_t *sid; const char *rest; } ace;

/* A SID as authority, count, numbers. */
static const uint32_t SYSTEM[] = { 5, 1, 18 }, ADMINS[] = { 5, 2, 32, 544 }, USERS[] = { 5, 2, 32, 545 }, EVERYBODY[] = { 1, 1, 0 },
                      INTERACTIVE[] = { 5, 1, 4 }, SERVICES[] = { 5, 1, 6 }, SOMEBODY[] = { 5, 5, 21, 1, 2, 3, 1001 }, DOMAIN_ADMINS[] = { 5, 5, 21, 1, 2, 3, 512 },
                      HIGH[] = { 16, 1, 12288 };

static void put_sid(buf *b, const uint32_t *s)
{
    put8(b, 1);
    put8(b, s[1]);
    put_zeros(b, 5);
    put8(b, s[0]);
    for (uint32_t i = 0; i < s[1]; i++)
        put32(b, s[2 + i]);
}

static void put_list(buf *b, const ace *aces, size_t count)
{
    size_t begin = b->len;
    put16(b, 2);
    put16(b, 0);
    put16(b, (unsigned)count);
    put16(b, 0);
    for (size_t i = 0; i < count; i++) {
        size_t at = b->len;
        put8(b, aces[i].type);
        put8(b, aces[i].flags);
        put16(b, 0);
        put32(b, aces[i].mask);
        if (aces[i].type == SECURITY_ACE_ALLOW_OBJECT) {
            put32(b, 1);
            buf_put(b, "\x40\xc7\xe8\x1d\x16\x2b\xd0\x11\x93\x28\x00\xa0\xc9\x0a\x0b\x0c", 16);
        }
        put_sid(b, aces[i].sid);
        if (aces[i].rest)
            buf_str(b, aces[i].rest);
        set16(b, at + 2, (unsigned)(b->len - at));
    }
    set16(b, begin + 2, (unsigned)(b->len - begin));
}

static void make(ground *g, uint16_t control, const uint32_t *owner, const ace *access, size_t access_count, const ace *audit, size_t audit_count)
{
    buf *b = &g->bytes;
    put8(b, 1);
    put8(b, 0);
    put16(b, 0x8000 | control | (access_count ? 4 : 0) | (audit_count ? 0x10 : 0));
    put_zeros(b, 16);
    if (owner) {
        set32(b, 4, (uint32_t)b->len);
        put_sid(b, owner);
        set32(b, 8, (uint32_t)b->len);
        put_sid(b, SYSTEM);
    }
    if (audit_count) {
        set32(b, 12, (uint32_t)b->len);
        put_list(b, audit, audit_count);
    }
    if (access_count) {
        set32(b, 16, (uint32_t)b->len);
        put_list(b, access, access_count);
    }
}

static const security *read_made(ground *g)
{
    assert_true(status_is_ok(security_read(&g->mem, buf_bytes(&g->bytes), &g->noted, &g->s)));
    return &g->s;
}

static const char *const administrators[] = { "BA", "WD", NULL }, *const system_account[] = { "SY", NULL },
                  *const everybody[] = { "S-1-1-0", NULL };

/* ---- statements ---- */

/* What `sc sdset` is given to hide a service. */
static void a_denied_service_is_hidden_from_administrators(void **state)
{
    ground *g = *state;
    const ace aces[] = { { 1, 0, 0x1002e, INTERACTIVE, NULL }, { 1, 0, 0x1002e, SERVICES, NULL }, { 1, 0, 0x1002e, ADMINS, NULL }, { 0, 0, 0x2018d, INTERACTIVE, NULL },
                         { 0, 0, 0x2018d, SERVICES, NULL }, { 0, 0, 0x201fd, SYSTEM, NULL }, { 0, 0, 0xf01ff, ADMINS, NULL } };
    make(g, 0, ADMINS, aces, 7, NULL, 0);
    const security *s = read_made(g);
    assert_int_equal(security_allowed(s, SECURITY_SERVICE, administrators, 0x4), 0);
    assert_int_equal(security_denied(s, SECURITY_SERVICE, administrators, 0x4), 0x4);
    assert_int_equal(security_denied(s, SECURITY_SERVICE, system_account, 0x4), 0);
    assert_int_equal(security_allowed(s, SECURITY_SERVICE, system_account, 0x5), 0x5);
    assert_int_equal(security_allowed(s, SECURITY_SERVICE, administrators, 0x1), 0x1);
    assert_string_equal(security_sddl(&g->mem, s, SECURITY_SERVICE),
        "O:BAG:SYD:(D;;DCLCSWWPSD;;;IU)(D;;DCLCSWWPSD;;;SU)(D;;DCLCSWWPSD;;;BA)(A;;CCLCSWLOCRRC;;;IU)(A;;CCLCSWLOCRRC;;;SU)"
        "(A;;CCLCSWRPWPDTLOCRRC;;;SY)(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;BA)");
}

static void the_first_entry_that_speaks_of_a_right_decides(void **state)
{
    ground *g = *state;
    const ace aces[] = { { 0, 0, 0x1, ADMINS, NULL }, { 1, 0, 0x3, EVERYBODY, NULL }, { 0, 0, 0x7, ADMINS, NULL } };
    make(g, 0, NULL, aces, 3, NULL, 0);
    assert_int_equal(security_allowed(read_made(g), SECURITY_FILE, administrators, 0x7), 0x5);
}

static void generic_rights_are_spelled_out(void **state)
{
    ground *g = *state;
    const ace aces[] = { { 0, 0, 0x80000000, USERS, NULL }, { 0, 0, 0x10000000, EVERYBODY, NULL } };
    make(g, 0, NULL, aces, 2, NULL, 0);
    const security *s = read_made(g);
    static const char *const users[] = { "BU", NULL };
    assert_int_equal(security_allowed(s, SECURITY_FILE, users, security_all(SECURITY_FILE)), 0x120089);
    assert_int_equal(security_allowed(s, SECURITY_KEY, users, security_all(SECURITY_KEY)), 0x20019);
    assert_int_equal(security_allowed(s, SECURITY_SERVICE, users, security_read_rights(SECURITY_SERVICE)), 0x5);
    assert_int_equal(security_allowed(s, SECURITY_MANAGER, everybody, security_all(SECURITY_MANAGER)), 0xf003f);
    assert_true(security_allowed(s, SECURITY_SERVICE, everybody, security_write_rights(SECURITY_SERVICE)) != 0);
    assert_int_equal(security_allowed(s, SECURITY_SERVICE, users, security_write_rights(SECURITY_SERVICE)), 0);
}

static void entries_that_are_only_inherited_count_for_nobody(void **state)
{
    ground *g = *state;
    const ace aces[] = { { 0, SECURITY_INHERIT_ONLY, 0x1f01ff, EVERYBODY, NULL } };
    make(g, 0, NULL, aces, 1, NULL, 0);
    assert_int_equal(security_allowed(read_made(g), SECURITY_FILE, everybody, 0x1), 0);
}

static void no_list_lets_everybody_in_and_an_empty_one_nobody(void **state)
{
    ground *g = *state;
    make(g, 0, SYSTEM, NULL, 0, NULL, 0);
    assert_int_equal(security_allowed(read_made(g), SECURITY_FILE, everybody, 0x7), 0x7);
    set16(&g->bytes, 2, 0x8004);                             /* a list is promised, and it lies nowhere */
    const security *s = read_made(g);
    assert_true(s->access.null);
    assert_int_equal(security_allowed(s, SECURITY_FILE, everybody, 0x7), 0x7);
    assert_string_equal(security_sddl(&g->mem, s, SECURITY_FILE), "O:SYG:SYD:NO_ACCESS_CONTROL");
    set32(&g->bytes, 16, (uint32_t)g->bytes.len);
    put_list(&g->bytes, NULL, 0);
    s = read_made(g);
    assert_int_equal(security_allowed(s, SECURITY_FILE, everybody, 0x7), 0);
    assert_string_equal(security_sddl(&g->mem, s, SECURITY_FILE), "O:SYG:SYD:");
}

static void text_as_windows_writes_it(void **state)
{
    ground *g = *state;
    const ace access[] = { { 0, 0x10, 0x1f01ff, ADMINS, NULL }, { 0, 0x1b, 0x120089, SYSTEM, NULL }, { 0, 0, 0x1200a9, SOMEBODY, NULL }, { 0, 0, 0x20019, DOMAIN_ADMINS, NULL },
                           { SECURITY_ACE_ALLOW_OBJECT, 0, 0x100, SYSTEM, NULL }, { SECURITY_ACE_ALLOW_CALLBACK, 0, 0x1f01ff, EVERYBODY, "artx" } };
    const ace audit[] = { { SECURITY_ACE_LABEL, 0, 1, HIGH, NULL }, { SECURITY_ACE_AUDIT, 0xc0, 0x2, EVERYBODY, NULL } };
    make(g, 0x1400 | 0x2000, ADMINS, access, 6, audit, 2);
    assert_string_equal(security_sddl(&g->mem, read_made(g), SECURITY_FILE),
        "O:BAG:SYD:PAI(A;ID;FA;;;BA)(A;OICIIOID;FR;;;SY)(A;;0x1200a9;;;S-1-5-21-1-2-3-1001)(A;;CCSWRPRC;;;DA)"
        "(OA;;CR;1de8c740-2b16-11d0-9328-00a0c90a0b0c;;SY)(XA;;FA;;;WD;61727478)S:P(ML;;NW;;;HI)(AU;SAFA;DC;;;WD)");
    assert_int_equal(g->noted.count, 0);
}

static void a_condition_counts_when_it_denies_and_not_when_it_allows(void **state)
{
    ground *g = *state;
    const ace aces[] = { { SECURITY_ACE_ALLOW_CALLBACK, 0, 0x1, EVERYBODY, "artx" }, { SECURITY_ACE_DENY_CALLBACK, 0, 0x2, EVERYBODY, "artx" }, { 0, 0, 0x6, EVERYBODY, NULL } };
    make(g, 0, NULL, aces, 3, NULL, 0);
    assert_int_equal(security_allowed(read_made(g), SECURITY_FILE, everybody, 0x7), 0x4);
}

static void sids_have_texts_and_letters(void **state)
{
    ground *g = *state;
    buf *b = &g->bytes;
    put_sid(b, SOMEBODY);
    assert_string_equal(security_sid_text(&g->mem, buf_bytes(b)), "S-1-5-21-1-2-3-1001");
    assert_null(security_sid_letters(buf_bytes(b)));
    assert_true(security_sid_is(buf_bytes(b), "S-1-5-21-1-2-3-1001"));
    assert_false(security_sid_is(buf_bytes(b), "S-1-5-21-1-2-3-100"));
    assert_false(security_sid_is(buf_bytes(b), "DA"));
    for (size_t cut = 0; cut < b->len; cut++)
        assert_string_equal(security_sid_text(&g->mem, span_part(buf_bytes(b), 0, cut)), "");
    buf_clear(b);
    put_sid(b, DOMAIN_ADMINS);
    assert_string_equal(security_sid_letters(buf_bytes(b)), "DA");
    memset(b->at + 2, 0xff, 6);
    assert_string_equal(security_sid_text(&g->mem, buf_bytes(b)), "S-1-0xffffffffffff-21-1-2-3-512");
}

static void an_entry_that_does_not_fit_ends_its_list_and_is_told(void **state)
{
    ground *g = *state;
    const ace aces[] = { { 0, 0, 1, ADMINS, NULL }, { 1, 0, 1, SYSTEM, NULL } };
    make(g, 0, NULL, aces, 2, NULL, 0);
    buf *b = &g->bytes;
    for (size_t cut = 0; cut < b->len; cut++) {
        uint8_t *exact = test_malloc(cut ? cut : 1);
        memcpy(exact, b->at, cut);
        problems noted;
        security s;
        problems_init(&noted, &g->mem);
        bool read = status_is_ok(security_read(&g->mem, span_of(exact, cut), &noted, &s));
        assert_int_equal(read, cut >= 20);
        if (read)
            assert_true(s.access.torn && noted.count == 1 && s.access.count < 2);
        test_free(exact);
    }
    set16(b, 20 + 8 + 2, 3);                                 /* an entry of three bytes */
    assert_true(read_made(g)->access.torn);
    assert_int_equal(g->s.access.count, 0);
}

static void what_is_no_descriptor_is_refused(void **state)
{
    ground *g = *state;
    make(g, 0, SYSTEM, NULL, 0, NULL, 0);
    set16(&g->bytes, 2, 4);                                  /* not self-relative */
    assert_int_equal(security_read(&g->mem, buf_bytes(&g->bytes), &g->noted, &g->s).code, STATUS_DAMAGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_denied_service_is_hidden_from_administrators),
        TEST(the_first_entry_that_speaks_of_a_right_decides),
        TEST(generic_rights_are_spelled_out),
        TEST(entries_that_are_only_inherited_count_for_nobody),
        TEST(no_list_lets_everybody_in_and_an_empty_one_nobody),
        TEST(text_as_windows_writes_it),
        TEST(a_condition_counts_when_it_denies_and_not_when_it_allows),
        TEST(sids_have_texts_and_letters),
        TEST(an_entry_that_does_not_fit_ends_its_list_and_is_told),
        TEST(what_is_no_descriptor_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
