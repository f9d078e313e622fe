/* Writes hives of every shape into a folder, each with what it must hold: NAME.expected, a line a key ("K", path, last write in
 * whole seconds) or value ("V", path, name, type, hex). A line's parts are separated by tabs.  usage: made_hives FOLDER */
#include "range/regf_inside.h"

static void list_key(const hive *h, const hive_key *k, const char *path, arena *mem, buf *out)
{
    buf_printf(out, "K\t%s\t%lld\n", path, (long long)moment_to_unix(k->written));
    for (uint32_t i = 0; i < k->value_count; i++) {
        const value *v = &k->values[i];
        char *hex = arena_alloc(mem, 2 * v->data.len + 1);
        hex_of(v->data, hex);
        buf_printf(out, "V\t%s\t%s\t%u\t%s\n", path, arena_text(mem, v->name), (unsigned)v->type, hex);
    }
    for (uint32_t i = 0; i < k->count; i++)
        list_key(h, k->below[i], arena_printf(mem, "%s\\%s", path, arena_text(mem, k->below[i]->name)), mem, out);
}

static bool told(const hive *h, const char *path, arena *mem)
{
    buf out;
    buf_init(&out, 1 << 28);
    list_key(h, h->root, "", mem, &out);
    status st = put_file(arena_printf(mem, "%s.expected", path), buf_bytes(&out));
    buf_done(&out);
    return status_is_ok(st);
}

static void fill(hive *h, arena *mem)
{
    uint8_t bytes[50000];
    hive_key *k = hive_at(h, hive_root(h), "Kinds");
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    hive_sz(h, k, "", "the default value");
    hive_sz(h, k, "text", "plain");
    hive_sz(h, k, "中文", "数据库日志归档");
    hive_sz(h, k, "Grün", "ümlaut");
    hive_sz(h, k, "clef", "\xf0\x9d\x84\x9e");
    hive_expand(h, k, "expand", "%SystemRoot%\\System32\\a.dll");
    hive_multi(h, k, "multi", "one\ntwo\nthree");
    hive_multi(h, k, "none of many", "");
    hive_dword(h, k, "dword", 0x12345678);
    hive_qword(h, k, "qword", 0x123456789abcdef0ull);
    hive_binary(h, k, "empty", (span){ 0 });
    for (size_t n = 1; n < 9; n++)
        hive_binary(h, k, arena_printf(mem, "bytes %zu", n), span_of(bytes, n));
    for (size_t i = 0; i < 6; i++) {
        static const size_t sizes[] = { 4000, 4060, 4064, 16344, 16345, 50000 };
        hive_binary(h, k, arena_printf(mem, "large %zu", sizes[i]), span_of(bytes, sizes[i]));
    }
    hive_value(h, k, span_str("odd type"), 0x1f4, span_of(bytes, 0));
    hive_class(h, hive_at(h, k, "Classed"), "a class name");
    for (int i = 0; i < 2300; i++) {
        hive_clock(h, h->clock + MOMENT_SECOND);
        hive_dword(h, hive_at(h, hive_root(h), arena_printf(mem, "Many\\Key %d", i * 7919 % 2300)), "n", (uint32_t)i);
    }
    for (int i = 0; i < 40; i++)
        hive_sz(h, hive_at(h, hive_root(h), arena_printf(mem, "Deep%s", i % 2 ? "\\A\\b\\C\\d\\E" : "\\a\\B\\c\\D\\e")), arena_printf(mem, "v%d", i), "x");
    hive_sz(h, hive_at(h, hive_root(h), "软件\\Ünicode"), "名", "值");
}

static void change(hive *h, int round)
{
    hive_clock(h, h->clock + 10 * MOMENT_MINUTE);
    if (round == 0) {
        hive_sz(h, hive_at(h, hive_root(h), "Many\\Key 12\\New below"), "first", "only in the log");
        hive_sz(h, hive_at(h, hive_root(h), "Kinds"), "text", "a text that no longer fits where the old one stood");
    } else if (round == 1) {
        hive_drop_value(h, hive_at(h, hive_root(h), "Kinds"), "dword");
        hive_dword(h, hive_at(h, hive_root(h), "Kinds"), "qword", 1);
    } else {
        uint8_t bytes[30000] = { 3, 1, 4 };
        hive_binary(h, hive_at(h, hive_root(h), "Grown"), "bytes", span_of(bytes, sizeof bytes));
    }
    hive_commit(h);
}

int main(int count, char **list)
{
    static const struct { const char *name; hive_options o; int kind; } all[] = {
        { "minor3", { .minor = 3, .base_dates = true }, -1 }, { "minor5", { .minor = 5 }, -1 }, { "minor6", { .minor = 6, .sequence = 77 }, -1 },
        { "plain", { .minor = 3, .plain_lists = true }, -1 }, { "deleted", { .minor = 5 }, -2 },
        { "old", { .minor = 3, .sequence = 40, .base_dates = true }, HIVE_LOG_OLD }, { "new", { .minor = 5, .sequence = 500 }, HIVE_LOG_NEW } };
    bool good = count == 2;
    for (size_t i = 0; good && i < sizeof all / sizeof *all; i++) {
        arena mem;
        arena_init(&mem, 0);
        hive_options o = all[i].o;
        o.root = "ROOT";
        o.file = "\\SystemRoot\\System32\\Config\\MADE";
        o.clock = moment_from_parts((moment_parts){ .year = 2020, .month = 5, .day = 12, .hour = 1 });
        hive *h = hive_new(&mem, &o);
        const char *path = arena_printf(&mem, "%s/%s", list[1], all[i].name);
        fill(h, &mem);
        hive_commit(h);
        if (all[i].kind == -2) {
            hive_key *gone = hive_at(h, hive_root(h), "Services\\KxQz");
            hive_expand(h, gone, "ImagePath", "%systemroot%\\qzwsxedc.exe");
            hive_commit(h);
            hive_clock(h, h->clock + MOMENT_HOUR);
            hive_drop(h, gone);
            hive_commit(h);
        }
        if (all[i].kind >= 0) {
            hive_log(h);
            for (int round = 0; round < 3; round++)
                change(h, round);
            good = status_is_ok(hive_save_dirty(h, (hive_log_kind)all[i].kind, path));
        } else {
            good = status_is_ok(hive_save(h, path));
        }
        good = good && told(h, path, &mem);
        hive_done(h);
        arena_done(&mem);
    }
    return good ? 0 : 1;
}
