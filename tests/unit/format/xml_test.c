/* XML in any of Windows' encodings becomes a tree, whatever its prolog says; what is torn, deep or greedy has its end. */
#include "cmocka_all.h"
#include "format/xml.h"

typedef struct { arena mem; problems noted; } ground;

static int setup(void **state)
{
    static ground g;
    arena_init(&g.mem, 256 << 20);
    problems_init(&g.noted, &g.mem);
    *state = &g;
    return 0;
}

static int teardown(void **state)
{
    arena_done(&((ground *)*state)->mem);
    return 0;
}

static xml *parsed(ground *g, span bytes)
{
    xml *root = NULL;
    assert_true(status_is_ok(xml_parse(&g->mem, bytes, &g->noted, &root)));
    return root;
}

/* ASCII as 16-bit units. */
static span units(ground *g, const char *ascii, bool big, bool mark)
{
    size_t len = strlen(ascii), at = 0;
    uint8_t *out = arena_alloc(&g->mem, 2 * len + 2);
    if (mark) {
        out[at++] = big ? 0xFE : 0xFF;
        out[at++] = big ? 0xFF : 0xFE;
    }
    for (size_t i = 0; i < len; i++) {
        out[at + big] = (uint8_t)ascii[i];
        at += 2;
    }
    return span_of(out, at);
}

static void a_document_becomes_a_tree(void **state)
{
    ground *g = *state;
    const xml *root = parsed(g, span_str("<a x='1' n:y='&lt;2'>\n <b>one</b><!-- no --><n:c><b>  two\t</b></n:c> tail<b>three</b><d/></a>"));
    assert_string_equal(root->name, "a");
    assert_string_equal(xml_get(root, "x"), "1");
    assert_string_equal(xml_get(root, "y"), "<2");
    assert_string_equal(xml_get(root, "z"), "");
    assert_string_equal(xml_text(&g->mem, root, "b"), "one");
    assert_string_equal(xml_text(&g->mem, root, "c/b"), "two");
    assert_string_equal(xml_text(&g->mem, root, ""), "tail");
    assert_string_equal(xml_text(&g->mem, root, "d"), "");
    assert_string_equal(xml_text(&g->mem, root, "no/such"), "");
    assert_string_equal(xml_sibling(xml_child(root, "b"), "b")->text, "three");
    assert_null(xml_sibling(xml_child(root, "c"), "c"));
    assert_int_equal(xml_child(root, "c")->line, 2);
    assert_ptr_equal(xml_at(root, "c/b")->parent, xml_child(root, "c"));
    assert_int_equal(g->noted.count, 0);
}

static void every_encoding_gives_the_same_tree_whatever_the_prolog_says(void **state)
{
    ground *g = *state;
    static const char *const prologs[] = { "", "<?xml version=\"1.0\" encoding=\"UTF-16\"?>", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<?xml version=\"1.0\" encoding=\"GB2312\"?>" };
    for (size_t i = 0; i < sizeof prologs / sizeof *prologs; i++) {
        const char *all = arena_printf(&g->mem, "%s<t><u>word</u></t>", prologs[i]);
        const span forms[] = { span_str(all), span_str(arena_printf(&g->mem, "\xEF\xBB\xBF%s", all)), units(g, all, false, true), units(g, all, false, false),
                               units(g, all, true, true), units(g, all, true, false) };
        for (size_t f = 0; f < sizeof forms / sizeof *forms; f++)
            assert_string_equal(xml_text(&g->mem, parsed(g, forms[f]), "u"), "word");
    }
    assert_int_equal(g->noted.count, 0);
}

static void big_endian_pairs_stay_together(void **state)
{
    ground *g = *state;
    uint8_t bytes[2 * 700];
    size_t at = 0;
    for (const char *c = "<a>"; *c; c++, at += 2)
        bytes[at] = 0, bytes[at + 1] = (uint8_t)*c;
    for (size_t i = 0; i < 300; i++, at += 4)
        memcpy(bytes + at, "\xD8\x3D\xDE\x00", 4);           /* U+1F600 */
    for (const char *c = "</a>"; *c; c++, at += 2)
        bytes[at] = 0, bytes[at + 1] = (uint8_t)*c;
    const xml *root = parsed(g, span_of(bytes, at));
    assert_int_equal(strlen(root->text), 300 * 4);
    for (size_t i = 0; i < 300; i++)
        assert_memory_equal(root->text + 4 * i, "\xF0\x9F\x98\x80", 4);
}

static void zeros_behind_the_end_are_no_damage(void **state)
{
    ground *g = *state;
    assert_string_equal(parsed(g, span_of("<a>x</a>\n\0\0\0", 12))->text, "x");
    assert_int_equal(g->noted.count, 0);
}

static void what_breaks_off_keeps_what_came_before(void **state)
{
    ground *g = *state;
    const xml *root = parsed(g, span_str("<a><b>one</b><c>two<d"));
    assert_string_equal(xml_text(&g->mem, root, "b"), "one");
    assert_string_equal(xml_text(&g->mem, root, "c"), "two");
    assert_true(problems_has(&g->noted, "xml.torn"));
}

static void bytes_that_are_no_text_are_told(void **state)
{
    ground *g = *state;
    assert_string_equal(parsed(g, span_str("<a>\xB9\xFA</a>"))->text, "\xEF\xBF\xBD\xEF\xBF\xBD");
    assert_int_equal(g->noted.count, 1);
    assert_true(problems_has(&g->noted, "xml.encoding"));
}

static void no_entity_multiplies(void **state)
{
    ground *g = *state;
    xml *root;
    static const char entities[] = "<!DOCTYPE a [<!ENTITY x 'lol'><!ENTITY y '&x;&x;&x;'>]><a>&y;</a>";
    assert_int_equal(xml_parse(&g->mem, span_str(entities), &g->noted, &root).code, STATUS_DAMAGED);
    assert_true(problems_has(&g->noted, "xml.entity"));
    static const char defaults[] = "<!DOCTYPE a [<!ATTLIST b x CDATA 'long long'>]><a><b/></a>";
    assert_int_equal(xml_parse(&g->mem, span_str(defaults), &g->noted, &root).code, STATUS_DAMAGED);
    assert_string_equal(parsed(g, span_str("<!DOCTYPE nmaprun><nmaprun>1</nmaprun>"))->text, "1");
}

static void depth_has_a_limit_and_costs_only_what_lies_below(void **state)
{
    ground *g = *state;
    buf out;
    buf_init(&out, 1 << 20);
    for (unsigned i = 0; i < 2 * XML_DEPTH; i++)
        buf_str(&out, "<a>");
    for (unsigned i = 0; i < 2 * XML_DEPTH; i++)
        buf_str(&out, i == 2 * XML_DEPTH - 1 ? "<last/></a>" : "</a>");
    const xml *x = parsed(g, buf_bytes(&out));
    buf_done(&out);
    assert_non_null(xml_child(x, "last"));
    unsigned depth = 1;
    for (; xml_child(x, "a"); x = xml_child(x, "a"))
        depth++;
    assert_int_equal(depth, XML_DEPTH);
    assert_int_equal(g->noted.count, 1);
    assert_true(problems_has(&g->noted, "xml.deep"));
}

static void memory_that_is_spent_is_a_limit(void **state)
{
    ground *g = *state;
    for (size_t nth = 1; nth < 8; nth++) {
        arena small;
        problems noted;
        xml *root;
        arena_init(&small, 1 << 20);
        problems_init(&noted, &g->mem);
        arena_fail_at(&small, nth);
        assert_int_equal(xml_parse(&small, span_str("<a x='1'>t<b y='2'>u</b></a>"), &noted, &root).code, STATUS_LIMIT);
        arena_done(&small);
    }
}

static void what_is_no_xml_is_refused(void **state)
{
    ground *g = *state;
    xml *root;
    static const char *const none[] = { "", "   ", "text", "\xFF\xFE", "MZ\x90", "<", "<?xml version='1.0'?>" };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(xml_parse(&g->mem, span_str(none[i]), &g->noted, &root).code, STATUS_DAMAGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_document_becomes_a_tree),
        TEST(every_encoding_gives_the_same_tree_whatever_the_prolog_says),
        TEST(big_endian_pairs_stay_together),
        TEST(zeros_behind_the_end_are_no_damage),
        TEST(what_breaks_off_keeps_what_came_before),
        TEST(bytes_that_are_no_text_are_told),
        TEST(no_entity_multiplies),
        TEST(depth_has_a_limit_and_costs_only_what_lies_below),
        TEST(memory_that_is_spent_is_a_limit),
        TEST(what_is_no_xml_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
