#include "../with_arena.h"

#include "profile/schema.h"
#include "profile/tree.h"

static const char *parse_error(const char *text)
{
    const profile_node *root;
    status done = tree_parse(&mem, "x.yml", span_str(text), TREE_FACTS, &root);
    return status_is_ok(done) ? "" : arena_str(&mem, done.words);
}

static const profile_node *parsed(const char *text)
{
    const profile_node *root = NULL;
    status done = tree_parse(&mem, "x.yml", span_str(text), TREE_FACTS, &root);
    if (!status_is_ok(done))
        fail_msg("%s", done.words);
    return root;
}

static void a_tree_has_the_file_s_order_kinds_and_lines(void **state)
{
    (void)state;
    const profile_node *root = parsed("# about\na: one\nb:\n  - two\n  - 'three'\nc:\n  d: {e: 4, f: [5, 6]}\n");
    assert_int_equal(root->kind, PROFILE_MAP);
    assert_int_equal(root->count, 3);
    const profile_node *a = root->first, *b = a->next, *c = b->next;
    assert_string_equal(a->key, "a");
    assert_string_equal(a->text, "one");
    assert_int_equal(a->line, 2);
    assert_null(a->first);
    assert_int_equal(b->kind, PROFILE_LIST);
    assert_int_equal(b->line, 3);
    assert_string_equal(b->first->text, "two");
    assert_false(b->first->quoted);
    assert_null(b->first->key);
    assert_int_equal(b->first->next->line, 5);
    assert_true(b->first->next->quoted);
    assert_int_equal(c->count, 1);
    assert_string_equal(profile_text(profile_get(c, "d"), "e"), "4");
    assert_int_equal(profile_get(profile_get(c, "d"), "f")->count, 2);
    assert_null(c->next);
}

static void words_are_read_as_what_is_asked_for(void **state)
{
    (void)state;
    const profile_node *root = parsed("n: -12\nh: 0xC000006A\nr: 0.25\nd: 5m\nt: true\nw: [A, bc]\nlone: Word\nbig: 9223372036854775808\n");
    bool found;
    assert_int_equal(profile_number(root, "n", &found), -12);
    assert_true(found);
    assert_true(profile_number(root, "h", &found) == 0xC000006A);
    assert_int_equal(profile_number(root, "r", &found), 0);
    assert_false(found);
    assert_int_equal(profile_number(root, "big", &found), 0);
    assert_false(found);
    assert_int_equal(profile_number(root, "absent", &found), 0);
    assert_false(found);
    assert_true(profile_real(root, "r", &found) == 0.25);
    assert_true(found);
    assert_int_equal(profile_duration(root, "d", &found), 300);
    assert_true(profile_true(root, "t"));
    assert_false(profile_true(root, "n"));
    assert_true(profile_has(root, "w", "BC"));
    assert_false(profile_has(root, "w", "b"));
    assert_true(profile_has(root, "lone", "word"));
    assert_false(profile_has(root, "absent", "word"));
    assert_null(profile_text(root, "w"));
    assert_null(profile_list(NULL, "w"));
    assert_null(profile_get(profile_get(root, "n"), "n"));
}

static void durations_have_a_unit(void **state)
{
    (void)state;
    int64_t s;
    assert_true(tree_read_duration("30s", &s) && s == 30);
    assert_true(tree_read_duration("2h", &s) && s == 7200);
    assert_true(tree_read_duration("1d", &s) && s == 86400);
    assert_true(tree_read_duration("999999999d", &s) && s == 999999999 * 86400ll);
    static const char *const bad[] = { "", "5", "m", "-5m", "5 m", "5mm", "1000000000s", "1w", "0.5h" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(tree_read_duration(bad[i], &s));
}

static void what_is_not_read_is_refused_with_its_line(void **state)
{
    static const struct { const char *text, *words; } bad[] = {
        { "", "x.yml:1: there is nothing in it" },
        { "# only\n", "x.yml:1: there is nothing in it" },
        { "- a\n", "x.yml:1: keys were expected" },
        { "word\n", "x.yml:1: keys were expected" },
        { "a: 1\nb: 2\na: 3\n", "x.yml:3: this key stands twice" },
        { "a: 1\nb:\nc: 2\n", "x.yml:2: a value is missing here" },
        { "a: 1\nb: ~\n", "x.yml:2: a value is missing here" },
        { "a:\n  - 1\n  -\n", "x.yml:3: a value is missing here" },
        { "a: 1\n? [b]\n: 2\n", "x.yml:2: a key must be a word" },
        { "a: &x 1\n", "x.yml:1: anchors and tags are not read here" },
        { "a: 1\nb: &x [1]\n", "x.yml:2: anchors and tags are not read here" },
        { "a: 1\nb: *x\n", "x.yml:2: aliases are not read here" },
        { "a: 1\nb: !!int 3\n", "x.yml:2: anchors and tags are not read here" },
        { "a: 1\n---\nb: 2\n", "x.yml:2: a second document" },
        { "a: \"x\\0y\"\n", "x.yml:1: a NUL in a value" },
        { "\"a\\0\": 1\n", "x.yml:1: a NUL in a key" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_string_equal(parse_error(bad[i].text), bad[i].words);
    /* What libyaml says of these is its own affair; the line is ours. */
    assert_memory_equal(parse_error("a: 1\nb: [1,\n  2\n"), "x.yml:4:", 8);
    assert_memory_equal(parse_error("a: 1\n\tb: 2\n"), "x.yml:2:", 8);
    assert_string_not_equal(parse_error("a: \xFF\n"), "");
}

static void depth_and_size_are_bounded(void **state)
{
    (void)state;
    assert_string_equal(parse_error("a: [[[[[[[[[[[[[[1]]]]]]]]]]]]]]\n"), "");
    assert_string_equal(parse_error("a: [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]\n"), "x.yml:1: nested too deeply");
    static char large[TREE_BYTES + 1];
    memset(large, '#', sizeof large);
    const profile_node *root;
    assert_int_equal(tree_parse(&mem, "x.yml", span_of(large, sizeof large), TREE_FACTS, &root).code, STATUS_BAD_INPUT);

    /* The arena may end anywhere. */
    const char *text = "a: [1, 2]\nb: {c: d}\n";
    size_t nth = 1;
    for (;; nth++) {
        arena small;
        arena_init(&small, 1 << 20);
        arena_fail_at(&small, nth);
        status done = tree_parse(&small, "x.yml", span_str(text), TREE_FACTS, &root);
        arena_done(&small);
        if (status_is_ok(done))
            break;
        assert_int_equal(done.code, STATUS_LIMIT);
    }
    assert_true(nth > 10);
}

static void in_a_form_what_is_empty_is_not_there(void **state)
{
    (void)state;
    const profile_node *root;
    assert_true(status_is_ok(tree_parse(&mem, "x.yml", span_str("a:\nb: ~\nc: ''\nd: 1\n"), TREE_FORM, &root)));
    assert_int_equal(root->count, 2);
    assert_string_equal(profile_text(root, "c"), "");
    assert_string_equal(profile_text(root, "d"), "1");
    status done = tree_parse(&mem, "x.yml", span_str("a:\n -\n"), TREE_FORM, &root);
    assert_string_equal(done.words, "x.yml:2: a value is missing here");
}

static const schema_key keys[] = {
    { "*", "about", SCHEMA_TEXT, SCHEMA_OPTIONAL },
    { "f", "n", SCHEMA_NUMBER, SCHEMA_REQUIRED },
    { "f", "r", SCHEMA_REAL, SCHEMA_OPTIONAL },
    { "f", "d", SCHEMA_DURATION, SCHEMA_OPTIONAL },
    { "f", "b", SCHEMA_BOOL, SCHEMA_OPTIONAL },
    { "f", "t", SCHEMA_TEXTS, SCHEMA_OPTIONAL },
    { "f", "list", SCHEMA_LIST, SCHEMA_OPTIONAL },
    { "f", "list[]", SCHEMA_MAP, SCHEMA_OPTIONAL },
    { "f", "list[].name", SCHEMA_TEXT, SCHEMA_REQUIRED },
    { "f", "any", SCHEMA_MAP, SCHEMA_OPTIONAL },
    { "f", "any.*", SCHEMA_MAP, SCHEMA_OPTIONAL },
    { "f", "any.*.x", SCHEMA_NUMBER, SCHEMA_REQUIRED },
    { "f", "any.special", SCHEMA_TEXT, SCHEMA_OPTIONAL },
    { "other", "only-there", SCHEMA_TEXT, SCHEMA_REQUIRED },
};

static const char *schema_error(const char *text)
{
    status done = schema_check(keys, sizeof keys / sizeof *keys, "f", "f.yml", parsed(text));
    return status_is_ok(done) ? "" : arena_str(&mem, done.words);
}

static void a_file_is_held_against_its_schema_by_line(void **state)
{
    static const struct { const char *text, *words; } cases[] = {
        { "n: 1\n", "" },
        { "about: x\nn: 0x1F\nr: -0.5\nd: 3h\nb: false\nt: [a, b]\nlist:\n - name: q\nany:\n  one: {x: 1}\n  special: y\n", "" },
        { "n: 1\nt: lone\nlist: []\nany: {}\n", "" },
        { "about: x\n", "f.yml:1: the key 'n' is missing" },
        { "n: 1\npth: 2\n", "f.yml:2: unknown key 'pth'" },
        { "n: 1\nonly-there: 2\n", "f.yml:2: unknown key 'only-there'" },
        { "n: one\n", "f.yml:1: 'n' must be a whole number" },
        { "n: '1'\n", "f.yml:1: 'n' must be a whole number" },
        { "n: 99999999999999999999\n", "f.yml:1: 'n' must be a whole number" },
        { "n: 1\nr: x\n", "f.yml:2: 'r' must be a number" },
        { "n: 1\nr: 1-2\n", "f.yml:2: 'r' must be a number" },
        { "n: 1\nd: 5\n", "f.yml:2: 'd' must be a duration such as 30s, 5m, 1h, 2d" },
        { "n: 1\nb: yes\n", "f.yml:2: 'b' must be true or false" },
        { "n: 1\nt: {a: b}\n", "f.yml:2: 't' must be a list of texts" },
        { "n: 1\nt:\n - [a]\n", "f.yml:2: 't' must be a list of texts" },
        { "n: 1\nlist: x\n", "f.yml:2: 'list' must be a list" },
        { "n: 1\nlist:\n - x\n", "f.yml:3: here must be keys and values" },
        { "n: 1\nlist:\n - name: x\n - {}\n", "f.yml:4: the key 'name' is missing" },
        { "n: 1\nlist:\n - name: x\n   nam: y\n", "f.yml:4: unknown key 'nam'" },
        { "n: 1\nany:\n  two:\n    y: 1\n", "f.yml:4: unknown key 'y'" },
        { "n: 1\nany:\n  two: {}\n", "f.yml:3: the key 'x' is missing" },
        { "n: 1\nany:\n  two: 3\n", "f.yml:3: 'two' must be keys and values" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(schema_error(cases[i].text), cases[i].words);
    assert_true(schema_knows(keys, sizeof keys / sizeof *keys, "other"));
    assert_false(schema_knows(keys, sizeof keys / sizeof *keys, "others"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_tree_has_the_file_s_order_kinds_and_lines, begin, end),
        cmocka_unit_test_setup_teardown(words_are_read_as_what_is_asked_for, begin, end),
        cmocka_unit_test_setup_teardown(durations_have_a_unit, begin, end),
        cmocka_unit_test_setup_teardown(what_is_not_read_is_refused_with_its_line, begin, end),
        cmocka_unit_test_setup_teardown(depth_and_size_are_bounded, begin, end),
        cmocka_unit_test_setup_teardown(in_a_form_what_is_empty_is_not_there, begin, end),
        cmocka_unit_test_setup_teardown(a_file_is_held_against_its_schema_by_line, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
