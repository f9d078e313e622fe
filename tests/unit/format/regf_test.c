/* Hives: what real ones hold, what damage costs. */
#include "cmocka_all.h"
#include "format/regf.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct { arena mem; problems noted; regf *hive; regf_key root; uint8_t *bytes; size_t len; } opened;

static const char *samples(void)
{
    const char *given = getenv("SUYUAN_SAMPLES");
    return given && *given ? given : SOURCE_ROOT "/../shared/samples";
}

/* A sample's bytes, in memory that ends where they do; skips the test when there are none. */
static void load(opened *o, const char *name)
{
    char path[4096];
    struct stat st;
    arena_init(&o->mem, 0);
    problems_init(&o->noted, &o->mem);
    snprintf(path, sizeof path, "%s/%s", samples(), name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        skip();
    assert_int_equal(fstat(fd, &st), 0);
    o->len = (size_t)st.st_size;
    o->bytes = malloc(o->len);
    for (size_t at = 0; at < o->len;) {
        ssize_t got = read(fd, o->bytes + at, o->len - at);
        assert_true(got > 0);
        at += (size_t)got;
    }
    close(fd);
}

static status open_loaded(opened *o)
{
    status s = regf_open(&o->mem, span_of(o->bytes, o->len), NULL, 0, &o->noted, &o->hive);
    if (status_is_ok(s))
        o->root = regf_root(o->hive);
    return s;
}

static void open_sample(opened *o, const char *name)
{
    load(o, name);
    assert_true(status_is_ok(open_loaded(o)));
}

static void done(opened *o)
{
    free(o->bytes);
    arena_done(&o->mem);
}

static void count_below(const regf *h, const regf_key *of, size_t *keys, size_t *values)
{
    regf_key key;
    regf_value value;
    ++*keys;
    for (regf_values i = regf_values_of(h, of); regf_values_next(&i, &value);)
        ++*values;
    for (regf_keys i = regf_keys_of(h, of); regf_keys_next(&i, &key);)
        count_below(h, &key, keys, values);
}

static void clean_hives_have_the_keys_and_values_that_others_count(void **state)
{
    (void)state;
    static const struct { const char *name; regf_kind kind; size_t keys, values; } hives[] = {
        { "registry/regipy/BCD", REGF_BCD, 132, 103 },
        { "registry/regipy/NTUSER.DAT", REGF_USER, 1812, 4094 },
        { "registry/regipy/SAM", REGF_SAM, 65, 70 },
        { "registry/regipy/SECURITY", REGF_SECURITY, 100, 109 },
        { "registry/regipy/SYSTEM", REGF_SYSTEM, 30756, 73456 },
        { "registry/regipy/amcache.hve", REGF_AMCACHE, 2105, 17539 },
        { "artifacts/regf/UsrClass.dat", REGF_CLASSES, 7505, 19987 },
        { "artifacts/misc/NTUSER.DAT", REGF_USER, 1127, 5602 },
    };
    for (size_t i = 0; i < sizeof hives / sizeof *hives; i++) {
        opened o;
        size_t keys = 0, values = 0;
        open_sample(&o, hives[i].name);
        count_below(o.hive, &o.root, &keys, &values);
        assert_int_equal(keys, hives[i].keys);
        assert_int_equal(values, hives[i].values);
        assert_int_equal(regf_which(o.hive), hives[i].kind);
        for (size_t p = 0; p < o.noted.count; p++)
            print_message("%s: %s at %llu: %s\n", hives[i].name, o.noted.items[p].kind, (unsigned long long)o.noted.items[p].offset, o.noted.items[p].text);
        assert_int_equal(o.noted.count, 0);
        done(&o);
    }
}

static void keys_and_values_are_found_by_path_in_any_case(void **state)
{
    (void)state;
    opened o;
    uint64_t current;
    regf_key key, again, parent;
    open_sample(&o, "registry/regipy/SYSTEM");
    assert_true(regf_number_at(o.hive, &o.root, "select", "CURRENT", &current));
    assert_int_equal(current, 1);
    assert_true(regf_find(o.hive, &o.root, "CONTROLSET001\\services\\\\Tcpip\\Parameters\\", &key));
    assert_string_equal(regf_path(o.hive, &key, &o.mem), "ControlSet001\\services\\Tcpip\\Parameters");
    assert_true(regf_key_at(o.hive, key.cell, &again));
    assert_int_equal(again.node, key.node);
    assert_true(regf_parent(o.hive, &key, &parent));
    assert_int_equal(parent.cell, key.parent);
    assert_string_equal(regf_path(o.hive, &o.root, &o.mem), "");
    assert_false(regf_find(o.hive, &o.root, "ControlSet001\\Services\\No such service", &key));
    assert_null(regf_text_at(o.hive, &o.root, "ControlSet001", "no such value", &o.mem));
    done(&o);
}

/* ---- hives made here: one bin, cells one after the other ---- */

enum { BASE = 4096, BINS = 128 << 10, NONE = -1 };
typedef struct { uint8_t *bytes; uint32_t next; opened o; } made;

static void put16(made *m, uint32_t at, uint32_t n) { memcpy(m->bytes + BASE + at, &(uint16_t){ (uint16_t)n }, 2); }
static void put32(made *m, uint32_t at, uint32_t n) { memcpy(m->bytes + BASE + at, &n, 4); }

static void put_base(made *m)
{
    uint32_t sum = 0, word;
    for (size_t i = 0; i < 508; i += 4) {
        memcpy(&word, m->bytes + i, 4);
        sum ^= word;
    }
    memcpy(m->bytes + 508, &sum, 4);
}

static uint32_t cell(made *m, size_t len)
{
    uint32_t at = m->next, size = (uint32_t)(len + 4 + 7) / 8 * 8;
    m->next += size;
    assert_true(m->next < BINS);
    put32(m, at, 0 - size);
    return at;
}

static void set_free(made *m, uint32_t at)
{
    uint32_t size = le32(m->bytes + BASE + at);
    put32(m, at, 0 - size);
}

static uint32_t key(made *m, uint32_t parent, const char *name)
{
    size_t len = strlen(name);
    uint32_t at = cell(m, 76 + len), in = at + 4;
    memcpy(m->bytes + BASE + in, "nk", 2);
    put16(m, in + 2, parent == (uint32_t)NONE ? 0x2C : 0x20);
    memcpy(m->bytes + BASE + in + 4, &(uint64_t){ 133000000000000000ull }, 8);
    put32(m, in + 16, parent);
    for (uint32_t field = 28; field <= 48; field += 4)
        put32(m, in + field, field == 36 ? 0 : (uint32_t)NONE);
    put16(m, in + 72, (uint32_t)len);
    memcpy(m->bytes + BASE + in + 76, name, len);
    return at;
}

static uint32_t value(made *m, const char *name, uint32_t type, uint32_t size, uint32_t data)
{
    size_t len = strlen(name);
    uint32_t at = cell(m, 20 + len), in = at + 4;
    memcpy(m->bytes + BASE + in, "vk", 2);
    put16(m, in + 2, (uint32_t)len);
    put32(m, in + 4, size);
    put32(m, in + 8, data);
    put32(m, in + 12, type);
    put16(m, in + 16, 1);
    memcpy(m->bytes + BASE + in + 20, name, len);
    return at;
}

static uint32_t list(made *m, const char *kind, uint32_t count, const uint32_t *entries)
{
    uint32_t each = kind[1] == 'f' || kind[1] == 'h' ? 8 : 4, at = cell(m, 4 + count * each);
    memcpy(m->bytes + BASE + at + 4, kind, 2);
    put16(m, at + 6, count);
    for (uint32_t i = 0; i < count; i++)
        put32(m, at + 8 + i * each, entries[i]);
    return at;
}

static uint32_t value_list(made *m, uint32_t count, const uint32_t *entries)
{
    uint32_t at = cell(m, 4 * (size_t)count);
    for (uint32_t i = 0; i < count; i++)
        put32(m, at + 4 + 4 * i, entries[i]);
    return at;
}

static void set_keys(made *m, uint32_t of, uint32_t count, uint32_t where) { put32(m, of + 4 + 20, count); put32(m, of + 4 + 28, where); }
static void set_values(made *m, uint32_t of, uint32_t count, uint32_t where) { put32(m, of + 4 + 36, count); put32(m, of + 4 + 40, where); }

static uint32_t begin(made *m)
{
    *m = (made){ .next = 32 };
    m->bytes = calloc(1, BASE + BINS);
    memcpy(m->bytes, "regf", 4);
    memcpy(m->bytes + 4, (uint32_t[]){ 1, 1 }, 8);
    memcpy(m->bytes + 20, (uint32_t[]){ 1, 5, 0, 1, 32, BINS, 1 }, 28);
    memcpy(m->bytes + BASE, "hbin", 4);
    put32(m, 8, BINS);
    return key(m, (uint32_t)NONE, "ROOT");
}

/* What is behind the last cell is one free cell. */
static regf *finish(made *m)
{
    put32(m, m->next, BINS - m->next);
    put_base(m);
    m->o.bytes = m->bytes;
    m->o.len = BASE + BINS;
    arena_init(&m->o.mem, 0);
    problems_init(&m->o.noted, &m->o.mem);
    assert_true(status_is_ok(open_loaded(&m->o)));
    return m->o.hive;
}

static size_t keys_in(const made *m)
{
    size_t keys = 0, values = 0;
    count_below(m->o.hive, &m->o.root, &keys, &values);
    return keys;
}

static size_t values_in(const made *m)
{
    size_t keys = 0, values = 0;
    count_below(m->o.hive, &m->o.root, &keys, &values);
    return values;
}

static bool told(const made *m, const char *kind, uint32_t at)
{
    for (size_t i = 0; i < m->o.noted.count; i++)
        if (strcmp(m->o.noted.items[i].kind, kind) == 0 && m->o.noted.items[i].offset == BASE + at)
            return true;
    return false;
}

/* ---- lists ---- */

static void a_list_that_names_itself_ends(void **state)
{
    (void)state;
    made m;
    uint32_t root = begin(&m), at = list(&m, "ri", 1, (uint32_t[]){ 0 });
    put32(&m, at + 8, at);
    set_keys(&m, root, 1, at);
    finish(&m);
    assert_int_equal(keys_in(&m), 1);
    assert_true(told(&m, "list.signature", root) && told(&m, "key.subkeys", root));
    done(&m.o);
}

static void a_key_below_itself_is_there_once(void **state)
{
    (void)state;
    made m;
    uint32_t root = begin(&m), a = key(&m, root, "a"), b = key(&m, a, "b");
    set_keys(&m, root, 1, list(&m, "lh", 1, &a));
    set_keys(&m, a, 1, list(&m, "lf", 1, &b));
    set_keys(&m, b, 2, list(&m, "li", 2, (uint32_t[]){ a, root }));
    finish(&m);
    assert_int_equal(keys_in(&m), 3);
    assert_true(told(&m, "key.again", a) && told(&m, "key.again", root) && told(&m, "key.subkeys", b));
    done(&m.o);
}

static void a_list_says_more_than_its_cell_holds_and_gives_what_is_there(void **state)
{
    (void)state;
    made m;
    uint32_t root = begin(&m), a = key(&m, root, "a"), at = list(&m, "li", 1, &a);
    put16(&m, at + 6, 60000);
    set_keys(&m, root, 60000, at);
    finish(&m);
    assert_int_equal(keys_in(&m), 2);
    assert_true(told(&m, "list.count", at) && told(&m, "key.subkeys", root));
    done(&m.o);
}

static void lists_of_lists_are_one_deep(void **state)
{
    (void)state;
    made m;
    regf_key found;
    uint32_t root = begin(&m), a = key(&m, root, "a"), b = key(&m, root, "B"), c = key(&m, root, "c");
    uint32_t first = list(&m, "lh", 2, (uint32_t[]){ a, b }), inner = list(&m, "ri", 1, (uint32_t[]){ list(&m, "lh", 1, &c) });
    set_keys(&m, root, 3, list(&m, "ri", 2, (uint32_t[]){ first, inner }));
    finish(&m);
    assert_int_equal(keys_in(&m), 3);
    assert_true(regf_find(m.o.hive, &m.o.root, "b", &found) && found.cell == b);
    assert_false(regf_find(m.o.hive, &m.o.root, "c", &found));
    assert_true(told(&m, "list.signature", root));
    done(&m.o);
}

static void subkeys_in_the_wrong_order_are_found(void **state)
{
    (void)state;
    made m;
    regf_key found;
    uint32_t root = begin(&m), keys[] = { key(&m, root, "run"), key(&m, root, "Alpha"), key(&m, root, "RUNONCE"), key(&m, root, "beta") };
    set_keys(&m, root, 4, list(&m, "lf", 4, keys));
    finish(&m);
    assert_true(regf_find(m.o.hive, &m.o.root, "Run", &found) && found.cell == keys[0]);
    assert_true(regf_find(m.o.hive, &m.o.root, "RunOnce", &found) && found.cell == keys[2]);
    assert_true(regf_find(m.o.hive, &m.o.root, "ALPHA", &found) && found.cell == keys[1]);
    assert_int_equal(m.o.noted.count, 0);
    done(&m.o);
}

static void a_value_list_belongs_to_one_key(void **state)
{
    (void)state;
    made m;
    uint32_t root = begin(&m), a = key(&m, root, "a"), b = key(&m, root, "b"), v = value(&m, "v", REGF_DWORD, 0x80000004, 7);
    uint32_t at = value_list(&m, 2, (uint32_t[]){ v, v });
    set_keys(&m, root, 2, list(&m, "lf", 2, (uint32_t[]){ a, b }));
    set_values(&m, a, 2, at);
    set_values(&m, b, 2, at);
    finish(&m);
    assert_int_equal(values_in(&m), 1);
    assert_true(told(&m, "value.again", v) && told(&m, "list.again", at) && told(&m, "key.values", b));
    done(&m.o);
}

static void overlapping_cells_give_no_more_than_a_hive_can_hold(void **state)
{
    (void)state;
    enum { MANY = 1000 };
    made m;
    uint32_t root = begin(&m), entries[MANY], data = cell(&m, 8 * MANY + 16000);
    for (uint32_t i = 0; i < MANY; i++) {            /* a cell every 8 bytes, each up to the end of all */
        put32(&m, data + 8 * i, 0 - (8 * (MANY - i) + 16000));
        entries[i] = value(&m, "v", REGF_BINARY, 16000, data + 8 * i);
    }
    set_values(&m, root, MANY, value_list(&m, MANY, entries));
    regf *h = finish(&m);
    regf_value v;
    size_t sum = 0;
    for (regf_values i = regf_values_of(h, &m.o.root); regf_values_next(&i, &v);)
        sum += regf_data(h, &v, &m.o.mem).len;
    assert_in_range(sum, 16000, 2 * BINS);
    assert_true(problems_has(&m.o.noted, "hive.overlap"));
    assert_int_equal(values_in(&m), MANY);           /* their names are all there */
    done(&m.o);
}

/* ---- data ---- */

static uint32_t data_cell(made *m, const void *bytes, size_t len)
{
    uint32_t at = cell(m, len);
    memcpy(m->bytes + BASE + at + 4, bytes, len);
    return at;
}

static void big_data_are_put_together(void **state)
{
    (void)state;
    enum { SEGMENT = 16344, SIZE = 2 * SEGMENT + 100 };
    made m;
    uint8_t bytes[SIZE];
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    uint32_t root = begin(&m), segments[3];
    for (uint32_t i = 0; i < 3; i++)
        segments[i] = data_cell(&m, bytes + i * SEGMENT, i < 2 ? SEGMENT : 100);
    uint32_t db = cell(&m, 8);
    memcpy(m.bytes + BASE + db + 4, "db", 2);
    put16(&m, db + 6, 3);
    put32(&m, db + 8, value_list(&m, 3, segments));
    uint32_t whole = value(&m, "whole", REGF_BINARY, SIZE, db);
    set_values(&m, root, 1, value_list(&m, 1, &whole));
    regf *h = finish(&m);
    regf_value v;
    assert_true(regf_find_value(h, &m.o.root, "WHOLE", &v));
    span data = regf_data(h, &v, &m.o.mem);
    assert_int_equal(data.len, SIZE);
    assert_memory_equal(data.at, bytes, SIZE);
    assert_int_equal(m.o.noted.count, 0);

    put32(&m, segments[1], 0);                       /* the second one is gone: what follows has no place */
    assert_true(status_is_ok(open_loaded(&m.o)));
    assert_true(regf_find_value(m.o.hive, &m.o.root, "whole", &v));
    assert_int_equal(regf_data(m.o.hive, &v, &m.o.mem).len, SEGMENT);
    assert_true(told(&m, "value.data", whole));
    done(&m.o);
}

static void before_version_4_large_data_lie_in_one_cell(void **state)
{
    (void)state;
    made m;
    uint8_t bytes[20000];
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes, "db\3", 4);
    uint32_t root = begin(&m), v = value(&m, "v", REGF_BINARY, sizeof bytes, data_cell(&m, bytes, sizeof bytes));
    m.bytes[24] = 3;
    set_values(&m, root, 1, value_list(&m, 1, &v));
    regf *h = finish(&m);
    regf_value found;
    assert_true(regf_find_value(h, &m.o.root, "v", &found));
    assert_int_equal(regf_data(h, &found, &m.o.mem).len, sizeof bytes);
    done(&m.o);
}

static void values_say_texts_and_numbers(void **state)
{
    (void)state;
    static const char parts[] = "a\0\0\0b\0c\0\0\0\0\0z\0", odd[] = "x\0y\0\0\0hidden";
    made m;
    uint32_t root = begin(&m);
    const uint32_t values[] = {
        value(&m, "multi", REGF_MULTI_SZ, sizeof parts - 1, data_cell(&m, parts, sizeof parts - 1)),
        value(&m, "text", REGF_SZ, sizeof odd - 1, data_cell(&m, odd, sizeof odd - 1)),
        value(&m, "two", REGF_SZ, 0x80000004, 'h' | 'i' << 16),
        value(&m, "be", REGF_DWORD_BE, 0x80000004, 0x01000000),
        value(&m, "short", REGF_DWORD, 0x80000002, 5),
        value(&m, "", REGF_BINARY, 8, data_cell(&m, "\1\0\0\0\0\0\0\1", 8)),
    };
    uint64_t number = 0;
    regf_value v;
    set_values(&m, root, 6, value_list(&m, 6, values));
    regf *h = finish(&m);
    assert_string_equal(regf_text_at(h, &m.o.root, "", "multi", &m.o.mem), "a\nbc");
    assert_string_equal(regf_text_at(h, &m.o.root, "", "text", &m.o.mem), "xy");
    assert_true(regf_find_value(h, &m.o.root, "text", &v) && v.size == sizeof odd - 1);
    assert_int_equal(regf_data(h, &v, &m.o.mem).len, sizeof odd - 1);
    assert_string_equal(regf_text_at(h, &m.o.root, "", "two", &m.o.mem), "hi");
    assert_true(regf_number_at(h, &m.o.root, "", "be", &number) && number == 1);
    assert_false(regf_number_at(h, &m.o.root, "", "short", &number));
    assert_true(regf_number_at(h, &m.o.root, "", "", &number) && number == 0x0100000000000001ull);
    assert_false(regf_number_at(h, &m.o.root, "", "text", &number));
    done(&m.o);
}

/* ---- damage ---- */

static void a_root_that_moved_is_found(void **state)
{
    (void)state;
    made m;
    uint32_t root = begin(&m), a = key(&m, root, "a");
    set_keys(&m, root, 1, list(&m, "lf", 1, &a));
    memcpy(m.bytes + 36, &(uint32_t){ 0x7770 }, 4);
    finish(&m);
    assert_int_equal(keys_in(&m), 2);
    assert_true(problems_has(&m.o.noted, "base.root"));
    done(&m.o);
}

static void a_hive_without_any_root_opens_and_holds_nothing(void **state)
{
    (void)state;
    made m;
    uint32_t root = begin(&m);
    regf_key found;
    put16(&m, root + 4, 0);
    regf *h = finish(&m);
    assert_int_equal(m.o.root.cell, REGF_NONE);
    assert_false(regf_find(h, &m.o.root, "a", &found));
    assert_false(regf_find(h, &m.o.root, "", &found));
    assert_int_equal(regf_which(h), REGF_OTHER);
    done(&m.o);
}

static void what_is_no_hive_is_refused(void **state)
{
    (void)state;
    opened o;
    uint8_t bytes[8192] = "MZ";
    arena_init(&o.mem, 0);
    problems_init(&o.noted, &o.mem);
    assert_int_equal(regf_open(&o.mem, span_of(bytes, sizeof bytes), NULL, 0, &o.noted, &o.hive).code, STATUS_DAMAGED);
    assert_int_equal(regf_open(&o.mem, (span){ 0 }, NULL, 0, &o.noted, &o.hive).code, STATUS_DAMAGED);
    assert_true(status_is_ok(regf_open(&o.mem, span_of("regf", 4), NULL, 0, &o.noted, &o.hive)));
    arena_done(&o.mem);
}

/* At a place where a bin begins, at least `from` bytes behind the first. */
static size_t bin_boundary(const opened *o, size_t from)
{
    size_t at = 0;
    while (at < from)
        at += le32(o->bytes + BASE + at + 8);
    return at;
}

static void sectors_that_a_copy_has_too_many_of_cost_nothing(void **state)
{
    (void)state;
    opened whole, torn;
    size_t keys = 0, values = 0, again = 0, values_again = 0;
    open_sample(&whole, "registry/regipy/NTUSER.DAT");
    count_below(whole.hive, &whole.root, &keys, &values);
    load(&torn, "registry/regipy/NTUSER.DAT");
    for (size_t from = 0x20000; from <= 0x60000; from += 0x20000) {
        size_t at = BASE + bin_boundary(&whole, from) + (from / 0x20000 - 1) * 512;
        torn.bytes = realloc(torn.bytes, torn.len + 512);
        memmove(torn.bytes + at + 512, torn.bytes + at, torn.len - at);
        memset(torn.bytes + at, 0xFF, 512);
        torn.len += 512;
    }
    assert_true(status_is_ok(open_loaded(&torn)));
    count_below(torn.hive, &torn.root, &again, &values_again);
    assert_int_equal(again, keys);
    assert_int_equal(values_again, values);
    assert_int_equal(torn.noted.count, 3);
    assert_true(problems_has(&torn.noted, "bin.moved"));
    done(&whole);
    done(&torn);
}

static void pages_that_a_copy_lost_cost_what_lay_there(void **state)
{
    (void)state;
    opened whole, torn;
    size_t keys = 0, values = 0, again = 0, values_again = 0;
    open_sample(&whole, "registry/regipy/NTUSER.DAT");
    count_below(whole.hive, &whole.root, &keys, &values);
    load(&torn, "registry/regipy/NTUSER.DAT");
    size_t from = BASE + bin_boundary(&whole, 0x40000), to = BASE + bin_boundary(&whole, 0x44000);
    memmove(torn.bytes + from, torn.bytes + to, torn.len - to);
    torn.len -= to - from;
    assert_true(status_is_ok(open_loaded(&torn)));
    count_below(torn.hive, &torn.root, &again, &values_again);
    assert_in_range(again, keys * 2 / 3, keys - 1);
    assert_true(problems_has(&torn.noted, "bin.moved"));
    done(&whole);
    done(&torn);
}

static void corrupt_hives_give_what_hangs_together(void **state)
{
    (void)state;
    opened o;
    size_t keys = 0, values = 0;
    open_sample(&o, "artifacts/regf/corrupt_sub_key_list.hiv");
    count_below(o.hive, &o.root, &keys, &values);
    assert_true(keys >= 100 && values >= 99 && problems_has(&o.noted, "key.cell"));
    done(&o);
    open_sample(&o, "registry/regipy/corrupted_system_hive");
    keys = values = 0;
    count_below(o.hive, &o.root, &keys, &values);
    assert_true(keys >= 1600 && values >= 5600 && problems_has(&o.noted, "bin.missing"));
    assert_int_equal(regf_which(o.hive), REGF_SYSTEM);
    done(&o);
}

/* ---- what was deleted ---- */

static void deleted_keys_and_values_come_back(void **state)
{
    (void)state;
    made m;
    regf_lost *lost;
    uint32_t root = begin(&m), a = key(&m, root, "kept"), gone = key(&m, a, "gone"), orphan = key(&m, 0x1F000, "orphan");
    uint32_t v = value(&m, "ImagePath", REGF_BINARY, 8, data_cell(&m, "evil.exe", 8)), values = value_list(&m, 1, &v);
    uint32_t shared = value(&m, "shared", REGF_BINARY, 8, a), kept = value(&m, "kept", REGF_DWORD, 0x80000004, 1);
    set_values(&m, gone, 1, values);
    set_keys(&m, root, 1, list(&m, "lf", 1, &a));
    uint32_t left = value(&m, "left", REGF_DWORD, 0x80000004, 2), of_kept = value_list(&m, 2, (uint32_t[]){ kept, left });
    set_values(&m, a, 1, of_kept);                   /* it had two */
    for (size_t i = 0; i < 6; i++)
        set_free(&m, (uint32_t[]){ gone, orphan, v, values, shared, left }[i]);
    regf *h = finish(&m);
    assert_int_equal(keys_in(&m), 2);
    size_t count = regf_deleted(h, &m.o.mem, &lost);
    assert_int_equal(count, 4);
    assert_string_equal(lost[0].path, "kept");
    assert_false(lost[0].key.deleted);
    assert_true(lost[0].value_count == 1 && lost[0].values[0].cell == left && lost[0].values[0].deleted);
    assert_string_equal(lost[1].path, "kept\\gone");
    assert_true(lost[1].key.deleted && lost[1].value_count == 1 && !lost[1].values[0].uncertain);
    assert_memory_equal(regf_data(h, &lost[1].values[0], &m.o.mem).at, "evil.exe", 8);
    assert_string_equal(lost[2].path, "\\<unknown>\\orphan");
    assert_true(lost[3].key.cell == REGF_NONE && lost[3].values[0].cell == shared && lost[3].values[0].uncertain);
    regf_key same;
    assert_true(regf_key_at(h, gone, &same) && same.deleted);
    done(&m.o);
}

static void deleted_keys_that_hang_on_each_other_have_an_end(void **state)
{
    (void)state;
    made m;
    regf_lost *lost;
    begin(&m);
    uint32_t a = key(&m, 0, "a"), b = key(&m, a, "b");
    put32(&m, a + 4 + 16, b);
    set_free(&m, a);
    set_free(&m, b);
    assert_int_equal(regf_deleted(finish(&m), &m.o.mem, &lost), 2);
    assert_non_null(strstr(lost[0].path, "<unknown>"));
    done(&m.o);
}

static void what_lies_behind_the_end_is_never_live_and_has_no_path(void **state)
{
    (void)state;
    made m;
    regf_lost *lost;
    uint32_t root = begin(&m), a = key(&m, root, "a"), behind, v;
    m.next = BINS / 2 + 64;
    behind = key(&m, a, "behind");
    v = value(&m, "v", REGF_BINARY, 8, a);
    set_values(&m, behind, 1, value_list(&m, 1, &v));
    m.next = 0x100;
    set_keys(&m, root, 2, list(&m, "lf", 2, (uint32_t[]){ a, behind }));
    put32(&m, 8, BINS / 2);
    memcpy(m.bytes + 40, &(uint32_t){ BINS / 2 }, 4);
    regf *h = finish(&m);
    assert_int_equal(regf_about(h).bins_size, BINS / 2);
    assert_int_equal(keys_in(&m), 2);
    assert_int_equal(regf_deleted(h, &m.o.mem, &lost), 1);
    assert_string_equal(lost[0].path, "\\<unknown>\\behind");
    assert_true(lost[0].value_count == 1 && lost[0].values[0].data == REGF_NONE);
    done(&m.o);
}

static void memory_that_is_refused_is_a_status_or_fewer_records(void **state)
{
    (void)state;
    enum { ENOUGH = 1 << 20 };
    made m;
    uint32_t root = begin(&m), a = key(&m, root, "a"), v = value(&m, "v", REGF_SZ, 8, data_cell(&m, "x\0y\0z\0\0", 8));
    uint32_t gone = key(&m, a, "gone");
    set_keys(&m, root, 1, list(&m, "lf", 1, (uint32_t[]){ a }));
    set_values(&m, a, 1, value_list(&m, 1, &v));
    set_free(&m, gone);
    finish(&m);
    bool all = false;
    for (size_t nth = 1; !all; nth++) {
        arena mem;
        problems noted;
        regf_lost *lost;
        regf *h;
        arena_init(&mem, ENOUGH);
        problems_init(&noted, &mem);
        arena_fail_at(&mem, nth);
        status s = regf_open(&mem, span_of(m.bytes, BASE + BINS), NULL, 0, &noted, &h);
        assert_true(status_is_ok(s) || s.code == STATUS_LIMIT);
        if (status_is_ok(s)) {
            regf_key top = regf_root(h);
            size_t count = regf_deleted(h, &mem, &lost);
            char *text = regf_text_at(h, &top, "a", "v", &mem);
            all = !mem.spent;
            assert_true(!all || (count == 1 && strcmp(lost[0].path, "a\\gone") == 0 && strcmp(text, "xyz") == 0));
        }
        arena_done(&mem);
        assert_true(nth < 100);
    }
    done(&m.o);
}

/* ---- secrets ---- */

static bool is_withheld(const opened *o, const char *path, const char *name)
{
    regf_key key;
    regf_value v;
    assert_true(regf_find(o->hive, &o->root, path, &key));
    if (!name)
        return regf_withheld(o->hive, &key, NULL);
    assert_true(regf_find_value(o->hive, &key, name, &v));
    return regf_withheld(o->hive, &key, &v);
}

static void secrets_of_real_hives_are_withheld_and_the_rest_is_not(void **state)
{
    (void)state;
    opened o;
    open_sample(&o, "registry/regipy/SAM");
    assert_true(is_withheld(&o, "SAM\\Domains\\Account\\Users\\000001F4", "V"));
    assert_true(is_withheld(&o, "SAM\\Domains\\Account", "F"));
    assert_false(is_withheld(&o, "SAM\\Domains\\Account\\Users\\000001F4", "F"));
    assert_false(is_withheld(&o, "SAM\\Domains\\Account", "V"));
    done(&o);
    open_sample(&o, "registry/regipy/SECURITY");
    assert_true(is_withheld(&o, "Policy\\Secrets\\DPAPI_SYSTEM\\CurrVal", ""));
    assert_true(is_withheld(&o, "Policy\\PolEKList", ""));
    assert_true(is_withheld(&o, "Cache", "NL$1"));
    assert_false(is_withheld(&o, "Policy\\PolAdtEv", ""));
    done(&o);
    open_sample(&o, "registry/regipy/SYSTEM");
    assert_true(is_withheld(&o, "ControlSet001\\Control\\Lsa\\JD", NULL) && is_withheld(&o, "ControlSet001\\Control\\Lsa\\Data", NULL));
    assert_false(is_withheld(&o, "ControlSet001\\Control\\Lsa", NULL));
    assert_false(is_withheld(&o, "ControlSet001\\Control\\Lsa", "Security Packages"));
    done(&o);
    open_sample(&o, "registry/regipy/NTUSER_with_winscp.DAT");
    assert_false(is_withheld(&o, "Control Panel\\Desktop", "Wallpaper"));
    done(&o);
}

static void secrets_are_withheld_wherever_they_hang(void **state)
{
    (void)state;
    made m;
    uint32_t root = begin(&m), rid = key(&m, root, "000001F4"), logon = key(&m, root, "Winlogon"), secrets = key(&m, root, "Secrets"), inner = key(&m, secrets, "x");
    const uint32_t v = value(&m, "V", REGF_BINARY, 0x80000004, 1), p = value(&m, "defaultpassword", REGF_SZ, 0x80000004, 'a'),
                   long_one = value(&m, "AltDefaultPassword", REGF_SZ, 8, data_cell(&m, "a\0b\0c\0\0", 8)), any = value(&m, "anything", REGF_BINARY, 0x80000001, 1);
    const uint32_t age = value(&m, "MaximumPasswordAge", REGF_DWORD, 0x80000004, 30);
    set_keys(&m, root, 3, list(&m, "lf", 3, (uint32_t[]){ rid, logon, secrets }));
    set_keys(&m, secrets, 1, list(&m, "lf", 1, &inner));
    set_values(&m, rid, 1, value_list(&m, 1, &v));
    set_values(&m, logon, 3, value_list(&m, 3, (uint32_t[]){ p, long_one, age }));
    set_values(&m, inner, 1, value_list(&m, 1, &any));
    finish(&m);
    assert_true(is_withheld(&m.o, "000001F4", "V"));
    assert_true(is_withheld(&m.o, "Winlogon", "AltDefaultPassword"));
    assert_false(is_withheld(&m.o, "Winlogon", "MaximumPasswordAge"));
    assert_true(is_withheld(&m.o, "Secrets\\x", "anything"));
    done(&m.o);
}

static void what_stands_for_a_password_is_withheld(void **state)
{
    (void)state;
    made m;
    uint32_t root = begin(&m), cloud = key(&m, root, "Cloud"), run = key(&m, root, "Run"), cookies = key(&m, root, "AuthCookies"), inner = key(&m, cookies, "DIDC");
    const uint32_t text = data_cell(&m, "a\0b\0c\0\0", 8);
    static const char *const held[] = { "Api.ApiKey", "RefreshToken", "client_secret", "PolicyCookie", "Token2" };
    static const char *const told[] = { "Tokens", "Cookies", "TokenIssuanceUri", "DefaultTokenId" };
    uint32_t values[10], command = value(&m, "UpdateToken", REGF_SZ, 8, text), any = value(&m, "Data", REGF_SZ, 8, text);
    size_t count = 0;
    for (size_t i = 0; i < 5; i++)
        values[count++] = value(&m, held[i], REGF_SZ, 8, text);
    for (size_t i = 0; i < 4; i++)
        values[count++] = value(&m, told[i], REGF_SZ, 8, text);
    values[count++] = value(&m, "PolicyToken", REGF_DWORD, 0x80000004, 30);
    set_keys(&m, root, 3, list(&m, "lf", 3, (uint32_t[]){ cookies, cloud, run }));
    set_keys(&m, cookies, 1, list(&m, "lf", 1, &inner));
    set_values(&m, cloud, (uint32_t)count, value_list(&m, (uint32_t)count, values));
    set_values(&m, run, 1, value_list(&m, 1, &command));
    set_values(&m, inner, 1, value_list(&m, 1, &any));
    finish(&m);
    for (size_t i = 0; i < 5; i++)
        assert_true(is_withheld(&m.o, "Cloud", held[i]));
    for (size_t i = 0; i < 4; i++)
        assert_false(is_withheld(&m.o, "Cloud", told[i]));
    assert_false(is_withheld(&m.o, "Cloud", "PolicyToken"));
    assert_false(is_withheld(&m.o, "Run", "UpdateToken"));
    assert_true(is_withheld(&m.o, "AuthCookies\\DIDC", "Data"));
    done(&m.o);
}

/* ---- transaction logs ---- */

typedef struct { opened hive, log; } dirty;

static void load_dirty(dirty *d)
{
    load(&d->hive, "registry/regipy/transactions_NTUSER.DAT");
    load(&d->log, "registry/regipy/transactions_ntuser.dat.log1");
}

static regf_info replay(dirty *d)
{
    arena_reset(&d->hive.mem);
    problems_init(&d->hive.noted, &d->hive.mem);
    span log = span_of(d->log.bytes, d->log.len);
    assert_true(status_is_ok(regf_open(&d->hive.mem, span_of(d->hive.bytes, d->hive.len), &log, 1, &d->hive.noted, &d->hive.hive)));
    d->hive.root = regf_root(d->hive.hive);
    return regf_about(d->hive.hive);
}

static size_t entry_at(const dirty *d, unsigned nth)
{
    size_t at = 512;
    while (nth--)
        at += le32(d->log.bytes + at + 4);
    return at;
}

static void a_damaged_entry_ends_the_replay_and_keeps_what_came_before(void **state)
{
    (void)state;
    dirty d;
    load_dirty(&d);
    regf_info all = replay(&d);
    assert_true(all.dirty && all.log_entries == 23 && all.last_sequence == 588 && all.bins_size == 925696);
    assert_int_equal(d.hive.noted.count, 0);
    for (size_t place = 0; place < 3; place++) {     /* in its head, in a page, in a hash */
        size_t at = entry_at(&d, 5) + (size_t[]){ 20, 700, 33 }[place];
        d.log.bytes[at] ^= 1;
        regf_info some = replay(&d);
        assert_true(some.log_entries == 5 && some.last_sequence == 570);
        assert_true(problems_has(&d.hive.noted, "log.entry"));
        d.log.bytes[at] ^= 1;
    }
    d.log.len = entry_at(&d, 3) + 100;               /* torn */
    assert_int_equal(replay(&d).log_entries, 3);
    done(&d.hive);
    done(&d.log);
}

static void a_log_that_is_older_than_the_hive_is_not_replayed(void **state)
{
    (void)state;
    dirty d;
    load_dirty(&d);
    free(d.log.bytes);
    arena_done(&d.log.mem);
    load(&d.log, "registry/regipy/transactions_ntuser.dat.log2");
    regf_info about = replay(&d);
    assert_true(about.dirty && about.log_entries == 0 && about.bins_size == 778240);
    assert_true(problems_has(&d.hive.noted, "log.refused"));
    done(&d.hive);
    done(&d.log);
}

static void a_log_in_the_old_format_is_replayed_whole_or_not_at_all(void **state)
{
    (void)state;
    made m;
    uint32_t root = begin(&m), a = key(&m, root, "old"), v = value(&m, "v", REGF_DWORD, 0x80000004, 1);
    uint8_t log[512 + 512 + 512] = { 0 };
    uint64_t number;
    set_keys(&m, root, 1, list(&m, "lf", 1, &a));
    set_values(&m, a, 1, value_list(&m, 1, &v));
    m.bytes[4] = 2;                                  /* primary, not yet secondary: dirty */
    finish(&m);
    memcpy(log, m.bytes, 512);
    log[4] = log[8] = 2;
    log[28] = 1;                                     /* type */
    uint32_t sum = 0;
    for (size_t i = 0; i < 508; i += 4)
        sum ^= le32(log + i);
    memcpy(log + 508, &sum, 4);
    memcpy(log + 512, "DIRT", 4);
    log[516] = 1;                                    /* the first sector: root, key and value lie there */
    memcpy(log + 1024, m.bytes + BASE, 512);
    log[1024 + v + 4 + 8] = 9;
    span whole = span_of(log, sizeof log), torn = span_of(log, sizeof log - 1);
    assert_true(status_is_ok(regf_open(&m.o.mem, span_of(m.bytes, BASE + BINS), &whole, 1, &m.o.noted, &m.o.hive)));
    m.o.root = regf_root(m.o.hive);
    assert_true(regf_number_at(m.o.hive, &m.o.root, "old", "v", &number) && number == 9);
    assert_int_equal(regf_about(m.o.hive).log_entries, 1);
    assert_true(status_is_ok(regf_open(&m.o.mem, span_of(m.bytes, BASE + BINS), &torn, 1, &m.o.noted, &m.o.hive)));
    m.o.root = regf_root(m.o.hive);
    assert_true(regf_number_at(m.o.hive, &m.o.root, "old", "v", &number) && number == 1);
    assert_true(problems_has(&m.o.noted, "log.dirty"));
    done(&m.o);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_hives_have_the_keys_and_values_that_others_count),
        cmocka_unit_test(keys_and_values_are_found_by_path_in_any_case),
        cmocka_unit_test(a_list_that_names_itself_ends),
        cmocka_unit_test(a_key_below_itself_is_there_once),
        cmocka_unit_test(a_list_says_more_than_its_cell_holds_and_gives_what_is_there),
        cmocka_unit_test(lists_of_lists_are_one_deep),
        cmocka_unit_test(subkeys_in_the_wrong_order_are_found),
        cmocka_unit_test(a_value_list_belongs_to_one_key),
        cmocka_unit_test(overlapping_cells_give_no_more_than_a_hive_can_hold),
        cmocka_unit_test(big_data_are_put_together),
        cmocka_unit_test(before_version_4_large_data_lie_in_one_cell),
        cmocka_unit_test(values_say_texts_and_numbers),
        cmocka_unit_test(a_root_that_moved_is_found),
        cmocka_unit_test(a_hive_without_any_root_opens_and_holds_nothing),
        cmocka_unit_test(what_is_no_hive_is_refused),
        cmocka_unit_test(sectors_that_a_copy_has_too_many_of_cost_nothing),
        cmocka_unit_test(pages_that_a_copy_lost_cost_what_lay_there),
        cmocka_unit_test(corrupt_hives_give_what_hangs_together),
        cmocka_unit_test(deleted_keys_and_values_come_back),
        cmocka_unit_test(deleted_keys_that_hang_on_each_other_have_an_end),
        cmocka_unit_test(what_lies_behind_the_end_is_never_live_and_has_no_path),
        cmocka_unit_test(memory_that_is_refused_is_a_status_or_fewer_records),
        cmocka_unit_test(secrets_of_real_hives_are_withheld_and_the_rest_is_not),
        cmocka_unit_test(secrets_are_withheld_wherever_they_hang), cmocka_unit_test(what_stands_for_a_password_is_withheld),
        cmocka_unit_test(a_damaged_entry_ends_the_replay_and_keeps_what_came_before),
        cmocka_unit_test(a_log_that_is_older_than_the_hive_is_not_replayed),
        cmocka_unit_test(a_log_in_the_old_format_is_replayed_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
