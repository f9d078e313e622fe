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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_hives_have_the_keys_and_values_that_others_count),
        cmocka_unit_test(keys_and_values_are_found_by_path_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
