/* A shell link: what it would run, from whichever of its parts tells it best. */
#include "cmocka_all.h"
#include "bytes.h"
#include "format/lnk.h"

typedef struct { arena mem; problems noted; buf b; lnk l; } ground;

static int setup(void **state)
{
    static ground g;
    arena_init(&g.mem, 0);
    problems_init(&g.noted, &g.mem);
    buf_init(&g.b, 1 << 20);
    *state = &g;
    return 0;
}

static int teardown(void **state)
{
    ground *g = *state;
    buf_done(&g->b);
    arena_done(&g->mem);
    return 0;
}

static void header(buf *b, uint32_t flags)
{
    put32(b, 76);
    buf_put(b, "\x01\x14\x02\0\0\0\0\0\xC0\0\0\0\0\0\0\x46", 16);
    put32(b, flags);
    put32(b, 0x20);
    put64(b, 132336720000000000);
    put64(b, 0);
    put64(b, 132336730000000000);
    put32(b, 4711);
    put32(b, 0);
    put32(b, 7);
    put16(b, 0x642);
    put_zeros(b, 10);
}

static void file_item(buf *b, const char *name, const char *long_name)
{
    size_t begin = b->len;
    put16(b, 0);
    put8(b, 0x32);
    put8(b, 0);
    put32(b, 0);
    put32(b, 0);
    put16(b, 0x20);
    buf_str(b, name);
    put8(b, 0);
    put_align(b, 2);
    if (long_name) {
        size_t block = b->len;
        put16(b, 0);
        put16(b, 9);
        put32(b, 0xBEEF0004);
        put_zeros(b, 46 - 8);
        put_units(b, long_name);
        put16(b, 0);
        put16(b, (unsigned)(block - begin));
        set16(b, block, (unsigned)(b->len - block));
    } else {
        put16(b, 0);
    }
    set16(b, begin, (unsigned)(b->len - begin));
}

static void items(buf *b)
{
    size_t begin = b->len;
    put16(b, 0);
    put16(b, 20);
    put8(b, 0x1F);
    put_zeros(b, 17);
    put16(b, 25);
    put8(b, 0x2F);
    buf_str(b, "C:\\");
    put_zeros(b, 19);
    file_item(b, "PROGRA~1", "Program Files");
    file_item(b, "a.exe", NULL);
    put16(b, 0);
    set16(b, begin, (unsigned)(b->len - begin - 2));
}

static void local_info(buf *b, const char *base, bool wide)
{
    size_t begin = b->len, volume = wide ? 0x24 : 0x1C, at = volume + 0x14 + 4;
    put32(b, 0);
    put32(b, (uint32_t)volume);
    put32(b, 1);
    put32(b, (uint32_t)volume);
    put32(b, (uint32_t)at);
    put32(b, 0);
    put32(b, 0);
    if (wide) {
        put32(b, (uint32_t)(at + 8));
        put32(b, 0);
    }
    put32(b, 0x18);
    put32(b, 3);
    put32(b, 0xCAFE1234);
    put32(b, 0x10);
    buf_put(b, "DATEN\0\0\0", 8);
    if (wide) {
        buf_put(b, "C:\\\xB9\xFA\0\0\0", 8);
        put_units(b, base);
        put16(b, 0);
    } else {
        buf_str(b, base);
        put8(b, 0);
    }
    set32(b, begin, (uint32_t)(b->len - begin));
}

static void counted(buf *b, const char *ascii)
{
    put16(b, (unsigned)strlen(ascii));
    put_units(b, ascii);
}

static const lnk *read_made(ground *g)
{
    assert_true(lnk_is(buf_bytes(&g->b)));
    assert_true(status_is_ok(lnk_read(&g->mem, buf_bytes(&g->b), &g->noted, &g->l)));
    return &g->l;
}

static void make_all(ground *g)
{
    header(&g->b, 0xFF);
    items(&g->b);
    local_info(&g->b, "C:\\Program Files\\a.exe", false);
    static const char *const texts[] = { "name", "..\\a.exe", "C:\\Temp", "/c \"x y\"", "C:\\i.ico" };
    for (size_t i = 0; i < 5; i++)
        counted(&g->b, texts[i]);
    put32(&g->b, 0x60);
    put32(&g->b, 0xA0000003);
    put32(&g->b, 0x58);
    put32(&g->b, 0);
    buf_put(&g->b, "desktop-1\0\0\0\0\0\0\0", 16);
    put_zeros(&g->b, 64);
    put32(&g->b, 0);
}

static void a_link_of_the_usual_kind(void **state)
{
    ground *g = *state;
    make_all(g);
    const lnk *l = read_made(g);
    assert_string_equal(l->target, "C:\\Program Files\\a.exe");
    assert_string_equal(l->local_path, "C:\\Program Files\\a.exe");
    assert_string_equal(l->item_path, "C:\\Program Files\\a.exe");
    assert_string_equal(l->arguments, "/c \"x y\"");
    assert_string_equal(l->folder, "C:\\Temp");
    assert_string_equal(l->relative_path, "..\\a.exe");
    assert_string_equal(l->name, "name");
    assert_string_equal(l->icon, "C:\\i.ico");
    assert_string_equal(l->machine, "desktop-1");
    assert_string_equal(l->volume_label, "DATEN");
    assert_int_equal(l->volume_serial, 0xCAFE1234);
    assert_int_equal(l->drive_type, 3);
    assert_int_equal(l->created, 132336720000000000);
    assert_int_equal(l->accessed, MOMENT_UNKNOWN);
    assert_int_equal(l->written, 132336730000000000);
    assert_int_equal(l->target_size, 4711);
    assert_int_equal(l->show, 7);
    assert_int_equal(l->hotkey, 0x642);
    assert_int_equal(g->noted.count, 0);
}

static void items_alone_spell_a_path(void **state)
{
    ground *g = *state;
    header(&g->b, 0x81);
    items(&g->b);
    assert_string_equal(read_made(g)->target, "C:\\Program Files\\a.exe");
}

static void a_wide_path_goes_before_a_narrow_one(void **state)
{
    ground *g = *state;
    header(&g->b, 0x82);
    local_info(&g->b, "C:\\wide.exe", true);
    assert_string_equal(read_made(g)->target, "C:\\wide.exe");
}

static void a_path_whose_letters_are_not_known_gives_way_to_another(void **state)
{
    ground *g = *state;
    header(&g->b, 0x83);
    items(&g->b);
    local_info(&g->b, "C:\\\xB9\xFA.exe", false);
    const lnk *l = read_made(g);
    assert_string_equal(l->local_path, "C:\\\xEF\xBF\xBD\xEF\xBF\xBD.exe");
    assert_string_equal(l->target, "C:\\Program Files\\a.exe");
}

static void a_share_is_a_target(void **state)
{
    ground *g = *state;
    header(&g->b, 0x82);
    put32(&g->b, 0x1C + 0x14 + 9 + 12);
    put32(&g->b, 0x1C);
    put32(&g->b, 2);
    put32(&g->b, 0);
    put32(&g->b, 0);
    put32(&g->b, 0x1C);
    put32(&g->b, 0x1C + 0x14 + 9);
    put32(&g->b, 0x14 + 9);
    put32(&g->b, 0);
    put32(&g->b, 0x14);
    put_zeros(&g->b, 8);
    buf_put(&g->b, "\\\\srv\\sh\0", 9);
    buf_put(&g->b, "dir\\x.exe\0\0\0", 12);
    assert_string_equal(read_made(g)->target, "\\\\srv\\sh\\dir\\x.exe");
}

static void an_environment_path_is_a_target(void **state)
{
    ground *g = *state;
    header(&g->b, 0x280);
    put32(&g->b, 0x314);
    put32(&g->b, 0xA0000001);
    put_zeros(&g->b, 260);
    size_t begin = g->b.len;
    put_units(&g->b, "%windir%\\x.exe");
    put_zeros(&g->b, 520 - (g->b.len - begin));
    put32(&g->b, 0);
    assert_string_equal(read_made(g)->target, "%windir%\\x.exe");
}

static void every_torn_link_keeps_what_came_before(void **state)
{
    ground *g = *state;
    make_all(g);
    size_t read = 0, torn = 0;
    for (size_t len = 0; len < g->b.len; len++) {
        uint8_t *exact = test_malloc(len ? len : 1);
        memcpy(exact, g->b.at, len);
        problems noted;
        lnk l;
        problems_init(&noted, &g->mem);
        if (status_is_ok(lnk_read(&g->mem, span_of(exact, len), &noted, &l))) {
            read++;
            torn += noted.count;
        }
        test_free(exact);
    }
    assert_int_equal(read, g->b.len - 76);
    assert_true(torn >= read - 10);                          /* the blocks behind the texts may be missing, at their borders */
    assert_int_equal(lnk_read(&g->mem, span_part(buf_bytes(&g->b), 0, 75), &g->noted, &g->l).code, STATUS_DAMAGED);
    assert_int_equal(lnk_read(&g->mem, span_part(buf_bytes(&g->b), 4, SIZE_MAX), &g->noted, &g->l).code, STATUS_DAMAGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_link_of_the_usual_kind),
        TEST(items_alone_spell_a_path),
        TEST(a_wide_path_goes_before_a_narrow_one),
        TEST(a_path_whose_letters_are_not_known_gives_way_to_another),
        TEST(a_share_is_a_target),
        TEST(an_environment_path_is_a_target),
        TEST(every_torn_link_keeps_what_came_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
