/* Memory of kernel dumps: pages, tables, the kernel's lists. The dumps are written by range, which shares nothing with the reader
 * but published facts; each is read as a file of bytes, so that a test can break it first. */
#include "detect/kernel_layouts.h"
#include "range/dump_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct {
    arena mem;
    dump_plan plan;
    uint8_t *bytes; size_t len;
    problems noted;
    crashdump *dump;
    const crashdump_layout *layouts; size_t layout_count;
} made;

static arena facts_mem;
static const crashdump_layout *layouts;
static size_t layout_count;
static const moment crashed = 132336438100000000ull;

static int64_t read_bytes(void *context, uint64_t at, void *out, size_t len)
{
    const made *m = context;
    if (at >= m->len)
        return 0;
    size_t n = m->len - at < len ? (size_t)(m->len - at) : len;
    memcpy(out, m->bytes + at, n);
    return (int64_t)n;
}

static void plan(made *m, dump_machine machine, dump_kind kind, nt_version nt)
{
    *m = (made){ 0 };
    arena_init(&m->mem, 0);
    dump_plan_new(&m->mem, machine, kind, nt, crashed, &m->plan);
    m->plan.computer = "DB-01";
}

static void write_plan(made *m)
{
    char path[] = "/tmp/suyuan-dump-XXXXXX";
    close(mkstemp(path));
    dump_place(&m->plan);
    status st = dump_write(&m->plan, path);
    assert_true(status_is_ok(st));
    FILE *f = fopen(path, "rb");
    fseek(f, 0, SEEK_END);
    m->len = (size_t)ftell(f);
    rewind(f);
    m->bytes = malloc(m->len);
    assert_int_equal(fread(m->bytes, 1, m->len, f), m->len);
    fclose(f);
    remove(path);
}

static void open_made(made *m)
{
    m->layouts = layouts;
    m->layout_count = layout_count;
    problems_init(&m->noted, &m->mem);
    assert_true(status_is_ok(crashdump_open(&m->mem, (source){ m, read_bytes, m->len }, &m->noted, &m->dump)));
}

/* One that has ended and is still listed. */
static void end_one(made *m) { ((dump_process *)vec_at(&m->plan.processes, 7))->exited = crashed - MOMENT_MINUTE; }

static void make(made *m, dump_machine machine, dump_kind kind, nt_version nt)
{
    plan(m, machine, kind, nt);
    write_plan(m);
    open_made(m);
}

static void drop(made *m)
{
    dump_plan_done(&m->plan);
    free(m->bytes);
    arena_done(&m->mem);
}

static size_t processes(made *m, const crashdump_process **all, const char **layout) { return crashdump_processes(m->dump, m->layouts, m->layout_count, all, layout); }

static void put(made *m, size_t at, uint64_t value, size_t bytes) { memcpy(m->bytes + at, &value, bytes); }

/* Where in the file a kernel address of a complete dump lies: the reader's own way, before the test breaks something there. */
static size_t file_of(made *m, uint64_t address)
{
    uint8_t here[64];
    assert_true(crashdump_read(m->dump, 0, address, here, sizeof here, NULL));
    for (size_t at = 0; at + sizeof here <= m->len; at += 8)
        if (memcmp(m->bytes + at, here, sizeof here) == 0)
            return at;
    fail_msg("an address that is read lies nowhere in the file");
    return 0;
}

static void no_pages(made *m, const char *kind)
{
    open_made(m);
    assert_false(crashdump_has_memory(m->dump));
    assert_true(problems_has(&m->noted, kind));
    const crashdump_module *modules;
    assert_int_equal(crashdump_modules(m->dump, &modules), 0);
    drop(m);
}

/* ---- What was written is read ---- */

static void same_lists(made *m, bool user)
{
    const crashdump_module *modules;
    size_t count = crashdump_modules(m->dump, &modules);
    assert_int_equal(count, m->plan.drivers.count);
    for (size_t i = 0; i < count; i++) {
        const dump_driver *d = vec_at(&m->plan.drivers, i);
        char version[48];
        snprintf(version, sizeof version, "%u.%u.%u.%u", d->version[0], d->version[1], d->version[2], d->version[3]);
        assert_string_equal(modules[i].path, d->path);
        assert_int_equal(modules[i].base, d->base);
        assert_int_equal(modules[i].size, d->size);
        assert_int_equal(modules[i].time_stamp, d->stamp);
        assert_string_equal(modules[i].version, version);
    }
    assert_ptr_equal(crashdump_module_at(m->dump, modules[5].base + 0x10), &modules[5]);

    const crashdump_unloaded *gone;
    size_t unloaded = crashdump_unloaded_modules(m->dump, &gone);
    assert_int_equal(unloaded, m->plan.unloaded.count);
    for (size_t i = 0; i < unloaded; i++) {
        const dump_unloaded *u = vec_at(&m->plan.unloaded, unloaded - 1 - i);
        assert_string_equal(gone[i].name, u->name);
        assert_int_equal(gone[i].from, u->from);
        assert_int_equal(gone[i].to, u->from + u->size);
        assert_int_equal(gone[i].unloaded, u->at);
    }

    const crashdump_process *all;
    const char *layout;
    count = processes(m, &all, &layout);
    assert_int_equal(count, m->plan.processes.count);
    assert_non_null(layout);
    for (size_t i = 0; i < count; i++) {
        const dump_process *p = vec_at(&m->plan.processes, i);
        assert_int_equal(all[i].pid, p->pid);
        assert_true(all[i].parent_known);
        assert_int_equal(all[i].parent, p->parent);
        assert_int_equal(all[i].created, p->created);
        assert_int_equal(all[i].exited, p->exited);
        if (!p->path) {
            assert_string_equal(all[i].name, "System");
            continue;
        }
        assert_string_equal(all[i].path, p->path);
        if (user && !p->paged_out)
            assert_string_equal(all[i].command, p->command), assert_string_equal(all[i].computer, "DB-01");
        else
            assert_null(all[i].command);
    }
    assert_string_equal(crashdump_build_lab(m->dump), m->plan.lab);
}

static void every_kind_and_version_gives_back_what_was_written(void **state)
{
    (void)state;
    static const dump_kind kinds[] = { DUMP_COMPLETE, DUMP_KERNEL, DUMP_BITMAP_COMPLETE, DUMP_BITMAP_KERNEL, DUMP_AUTOMATIC };
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        for (int machine = DUMP_X86; machine <= DUMP_X64; machine++) {
            for (int nt = NT_60; nt < NT_VERSIONS; nt++) {
                made m;
                plan(&m, (dump_machine)machine, kinds[k], (nt_version)nt);
                end_one(&m);
                write_plan(&m);
                open_made(&m);
                same_lists(&m, kinds[k] == DUMP_COMPLETE || kinds[k] == DUMP_BITMAP_COMPLETE);
                assert_int_equal(m.noted.count, 0);
                drop(&m);
            }
        }
    }
}

static void what_debuggers_write_is_read(void **state)
{
    (void)state;
    for (int kind = DUMP_LIVE_KERNEL; kind <= DUMP_LIVE_COMPLETE; kind++) {
        made m;
        make(&m, DUMP_X64, (dump_kind)kind, NT_100);
        same_lists(&m, kind != DUMP_LIVE_KERNEL);
        assert_int_equal(m.noted.count, 0);
        put(&m, 0x2018, UINT64_MAX, 8);
        no_pages(&m, "dump.pages");
        plan(&m, DUMP_X64, (dump_kind)kind, NT_100);
        write_plan(&m);
        put(&m, 0x2038, UINT64_MAX, 8);                      /* a run beyond everything: what comes after it is lost, nothing else */
        no_pages(&m, "dump.runs");
    }
}

static void newer_builds_have_their_rows(void **state)
{
    (void)state;
    static const struct { unsigned build; const char *name; } builds[] = { { 17763, "10.0.17763" }, { 19041, "10.0.19041" }, { 20348, "10.0.20348" }, { 26100, "10.0.26100" } };
    for (size_t i = 0; i < sizeof builds / sizeof *builds; i++) {
        made m;
        plan(&m, DUMP_X64, DUMP_KERNEL, NT_100);
        m.plan.build = builds[i].build;
        m.plan.user_pages = true;
        write_plan(&m);
        open_made(&m);
        same_lists(&m, true);
        const crashdump_process *all;
        const char *layout;
        processes(&m, &all, &layout);
        assert_string_equal(layout, builds[i].name);
        drop(&m);
    }
}

static void large_pages_are_walked(void **state)
{
    (void)state;
    for (int machine = DUMP_X86; machine <= DUMP_X64; machine++) {
        made m;
        plan(&m, (dump_machine)machine, DUMP_COMPLETE, NT_61);
        m.plan.large_pages = true;
        write_plan(&m);
        open_made(&m);
        same_lists(&m, true);
        drop(&m);
    }
}

static void a_command_line_in_the_page_file_is_not_guessed(void **state)
{
    (void)state;
    for (int machine = DUMP_X86; machine <= DUMP_X64; machine++) {
        made m;
        plan(&m, (dump_machine)machine, DUMP_COMPLETE, NT_60);
        ((dump_process *)vec_at(&m.plan.processes, 3))->paged_out = true;
        write_plan(&m);
        open_made(&m);
        same_lists(&m, true);
        const crashdump_process *all;
        const char *layout, *why = "";
        processes(&m, &all, &layout);
        uint8_t b;
        assert_false(crashdump_read(m.dump, all[3].table, machine == DUMP_X64 ? 0x2a1000 : 0x151000, &b, 1, &why));
        assert_string_equal(why, "paged-out");
        drop(&m);
    }
}

static void the_process_that_ran_is_known(void **state)
{
    (void)state;
    made m;
    plan(&m, DUMP_X64, DUMP_KERNEL, NT_61);
    m.plan.current = 676;
    write_plan(&m);
    open_made(&m);
    crashdump_process p;
    assert_true(crashdump_current(m.dump, m.layouts, m.layout_count, &p));
    assert_int_equal(p.pid, 676);
    drop(&m);
}

/* ---- Versions that nobody knows ---- */

static void an_unknown_build_is_inferred_from_its_debugger_block(void **state)
{
    (void)state;
    for (int nt = NT_60; nt < NT_VERSIONS; nt++) {
        made m;
        plan(&m, DUMP_X64, DUMP_COMPLETE, (nt_version)nt);
        m.plan.build = 31000;
        write_plan(&m);
        open_made(&m);
        m.layout_count = 0;                                  /* and no row of another version to lean on */
        const crashdump_process *all;
        const char *layout;
        size_t n = processes(&m, &all, &layout);
        assert_string_equal(layout, "inferred");
        m.layouts = NULL;
        assert_int_equal(n, m.plan.processes.count);
        same_lists(&m, true);
        drop(&m);
    }
}

static void a_row_that_the_debugger_block_contradicts_is_not_used(void **state)
{
    (void)state;
    made m;
    plan(&m, DUMP_X64, DUMP_COMPLETE, NT_61);
    m.plan.build = 9600;                                     /* the header says 6.3, the structures are 6.3's */
    write_plan(&m);
    put(&m, 0xc, 7601, 4);                                   /* and now the header lies */
    open_made(&m);
    const crashdump_process *all;
    const char *layout;
    assert_int_equal(processes(&m, &all, &layout), m.plan.processes.count);
    assert_string_equal(layout, "inferred");
    drop(&m);
}

static void an_unknown_build_without_a_debugger_block_is_named(void **state)
{
    (void)state;
    made m;
    plan(&m, DUMP_X64, DUMP_COMPLETE, NT_61);
    m.plan.build = 31000;
    write_plan(&m);
    put(&m, 0x80, 0, 8);
    open_made(&m);
    const crashdump_process *all;
    const char *layout;
    assert_int_equal(processes(&m, &all, &layout), 0);
    assert_null(layout);
    assert_true(problems_has(&m.noted, "dump.layout"));
    drop(&m);
}

/* ---- Hostile ---- */

static void tables_of_runs_that_cannot_be_true_are_refused(void **state)
{
    (void)state;
    static const uint32_t counts[] = { 0x45474150, 44, 0xffffffff, 0 };
    for (size_t i = 0; i < 4; i++) {
        made m;
        plan(&m, DUMP_X64, DUMP_COMPLETE, NT_61);
        write_plan(&m);
        put(&m, 0x88, counts[i], 4);
        no_pages(&m, "dump.runs");
    }
    made m;
    plan(&m, DUMP_X64, DUMP_COMPLETE, NT_61);
    write_plan(&m);
    put(&m, 0x98, UINT64_MAX - 3, 8);                        /* base and count overflow */
    put(&m, 0xa0, 16, 8);
    no_pages(&m, "dump.runs");
}

static void bitmaps_that_cannot_be_true_are_refused(void **state)
{
    (void)state;
    static const struct { size_t at; uint64_t value; const char *kind; } lies[] = {
        { 0x2030, 1ull << 63, "dump.bitmap" }, { 0x2030, 1ull << 31, "dump.bitmap" }, { 0x2030, 0, "dump.bitmap" }, { 0x2028, 1ull << 40, "dump.bitmap" },
        { 0x2020, 0x2040, "dump.pages" }, { 0x2020, UINT64_MAX, "dump.pages" }, { 0x2000, 0, "dump.pages" } };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        made m;
        plan(&m, DUMP_X64, DUMP_BITMAP_KERNEL, NT_100);
        write_plan(&m);
        put(&m, lies[i].at, lies[i].value, 8);
        no_pages(&m, lies[i].kind);
    }
    static const struct { size_t at; uint32_t value; const char *kind; } old[] = { { 0x1010, UINT32_MAX, "dump.bitmap" }, { 0x100c, 0x1010, "dump.pages" }, { 0x1000, 0, "dump.pages" } };
    for (size_t i = 0; i < sizeof old / sizeof *old; i++) {
        made m;
        plan(&m, DUMP_PAE, DUMP_KERNEL, NT_60);
        write_plan(&m);
        put(&m, old[i].at, old[i].value, 4);
        no_pages(&m, old[i].kind);
    }
}

static void a_bitmap_that_miscounts_is_told_and_read(void **state)
{
    (void)state;
    made m;
    plan(&m, DUMP_X64, DUMP_KERNEL, NT_60);
    write_plan(&m);
    put(&m, 0x2014, 7, 4);
    open_made(&m);
    same_lists(&m, false);
    assert_true(problems_has(&m.noted, "dump.count"));
    drop(&m);
}

/* Of every length: no crash, no hang, and what is behind the end is not there. */
static void a_truncated_dump_keeps_what_it_has(void **state)
{
    (void)state;
    static const dump_kind kinds[] = { DUMP_COMPLETE, DUMP_KERNEL, DUMP_BITMAP_KERNEL };
    for (size_t k = 0; k < 3; k++) {
        made m;
        plan(&m, DUMP_X64, kinds[k], NT_61);
        write_plan(&m);
        size_t whole = m.len;
        for (size_t part = 1; part < 24; part++) {
            m.len = 0x2000 + (whole - 0x2000) * part / 24;
            open_made(&m);
            const crashdump_process *all;
            const char *layout;
            size_t n = processes(&m, &all, &layout);
            assert_true(n <= m.plan.processes.count);
            assert_true(problems_has(&m.noted, "dump.torn"));
        }
        drop(&m);
    }
}

static void a_list_that_is_cut_is_read_from_both_ends(void **state)
{
    (void)state;
    made m;
    make(&m, DUMP_X64, DUMP_COMPLETE, NT_61);
    const crashdump_process *all;
    const char *layout;
    size_t n = processes(&m, &all, &layout);
    uint64_t links = all[4].object + 0x188;
    size_t at = file_of(&m, links);
    put(&m, at, 0xfffffa80ffff0000, 8);                      /* forward: nowhere */
    open_made(&m);
    assert_int_equal(processes(&m, &all, &layout), n);
    assert_true(problems_has(&m.noted, "dump.list"));
    drop(&m);
}

static void lists_that_run_in_circles_end(void **state)
{
    (void)state;
    made m;
    make(&m, DUMP_X64, DUMP_COMPLETE, NT_61);
    const crashdump_process *all;
    const char *layout;
    processes(&m, &all, &layout);
    uint64_t third = all[3].object + 0x188, head = m.dump ? crashdump_about(m.dump)->active_processes : 0, modules = crashdump_about(m.dump)->loaded_modules;
    size_t at = file_of(&m, third), head_at = file_of(&m, head), modules_at = file_of(&m, modules);
    put(&m, at, third, 8);                                   /* an entry that names itself */
    put(&m, at + 8, third, 8);
    put(&m, modules_at, modules + 1, 8);                     /* a list that steps into its own head */
    open_made(&m);
    size_t n = processes(&m, &all, &layout);
    assert_true(n >= 4 && n <= m.plan.processes.count);
    const crashdump_module *list;
    assert_true(crashdump_modules(m.dump, &list) <= m.plan.drivers.count);
    assert_true(problems_has(&m.noted, "dump.list"));
    put(&m, head_at, head, 8);
    put(&m, head_at + 8, head, 8);
    open_made(&m);
    assert_int_equal(processes(&m, &all, &layout), 0);
    drop(&m);
}

/* A top table all of whose entries point to itself: a walk reads it four times, finds a page, and that is all. */
static void tables_that_name_themselves_end(void **state)
{
    (void)state;
    for (int machine = DUMP_X86; machine <= DUMP_X64; machine++) {
        made m;
        make(&m, (dump_machine)machine, DUMP_COMPLETE, NT_61);
        uint64_t table = crashdump_about(m.dump)->table;
        size_t at = (machine == DUMP_X64 ? 0x2000 : 0x1000) + (0x9e + table / 4096 - 0x100) * 4096, each = machine == DUMP_X86 ? 4 : 8;
        for (size_t i = 0; i < 4096; i += each)
            put(&m, at + i, table | 1, each);
        open_made(&m);
        const crashdump_process *all;
        const char *layout;
        uint8_t b;
        assert_int_equal(processes(&m, &all, &layout), 0);
        assert_true(crashdump_read(m.dump, 0, 0x1234, &b, 1, NULL));
        drop(&m);
    }
}

static void a_prototype_that_leads_to_itself_ends(void **state)
{
    (void)state;
    made m;
    plan(&m, DUMP_X64, DUMP_COMPLETE, NT_61);
    write_plan(&m);
    open_made(&m);
    /* The self-map shows entries as memory: the entry of this address lies at its own place there, and is made to name that place. */
    uint64_t address = 0x2a1000, table;
    const crashdump_process *all;
    const char *layout, *why = "";
    processes(&m, &all, &layout);
    table = all[2].table;
    uint64_t entry_at = 0xfffff68000000000 + (address >> 12) * 8;
    uint8_t entry[8], b;
    assert_true(crashdump_read(m.dump, table, entry_at, entry, 8, NULL));
    size_t at = 0;
    for (size_t i = 0x2000; i + 8 <= m.len && at == 0; i += 8)
        if (memcmp(m.bytes + i, entry, 8) == 0 && le64(entry) != 0)
            at = i;
    assert_int_not_equal(at, 0);
    put(&m, at, entry_at << 16 | 0x400, 8);
    put(&m, 0x10, table, 8);                                 /* the self-map of this process is the one that is followed */
    open_made(&m);
    assert_false(crashdump_read(m.dump, table, address, &b, 1, &why));
    assert_string_equal(why, "paged-out");
    drop(&m);
}

static void five_levels_and_other_processors_are_refused_by_name(void **state)
{
    (void)state;
    made m;
    plan(&m, DUMP_X64, DUMP_COMPLETE, NT_100);
    write_plan(&m);
    put(&m, 0x20, 0xff20000012345678, 8);
    no_pages(&m, "dump.tables");
    plan(&m, DUMP_X64, DUMP_COMPLETE, NT_100);
    write_plan(&m);
    put(&m, 0x30, 0xaa64, 4);
    no_pages(&m, "dump.tables");
}

/* Bits of the file turned over in turn, by a fixed sequence: nothing crashes, and memory stays in bounds. */
static void any_damage_is_survived(void **state)
{
    (void)state;
    for (int machine = DUMP_X86; machine <= DUMP_X64; machine++) {
        made m;
        plan(&m, (dump_machine)machine, DUMP_KERNEL, NT_61);
        write_plan(&m);
        uint64_t x = 88172645463325252ull;
        for (size_t turn = 0; turn < 60; turn++) {
            for (size_t i = 0; i < 40; i++) {
                x ^= x << 13, x ^= x >> 7, x ^= x << 17;
                m.bytes[8 + (x >> 8) % (m.len - 8)] ^= (uint8_t)(1u << (x & 7));
            }
            arena mem;
            arena_init(&mem, 64 << 20);
            problems noted;
            problems_init(&noted, &mem);
            crashdump *d;
            if (status_is_ok(crashdump_open(&mem, (source){ &m, read_bytes, m.len }, &noted, &d))) {
                const crashdump_module *modules;
                const crashdump_process *all;
                const crashdump_unloaded *gone;
                const char *layout;
                crashdump_modules(d, &modules);
                crashdump_unloaded_modules(d, &gone);
                crashdump_processes(d, NULL, 0, &all, &layout);
            }
            arena_done(&mem);
        }
        drop(&m);
    }
}

static int read_layouts(void **state)
{
    (void)state;
    profile *facts;
    arena_init(&facts_mem, 0);
    return status_is_ok(profile_open(NULL, &facts_mem, &facts)) && status_is_ok(kernel_layouts_new(facts, &facts_mem, &layouts, &layout_count)) ? 0 : 1;
}

static int drop_layouts(void **state)
{
    (void)state;
    arena_done(&facts_mem);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_and_version_gives_back_what_was_written),
        cmocka_unit_test(what_debuggers_write_is_read),
        cmocka_unit_test(newer_builds_have_their_rows),
        cmocka_unit_test(large_pages_are_walked),
        cmocka_unit_test(a_command_line_in_the_page_file_is_not_guessed),
        cmocka_unit_test(the_process_that_ran_is_known),
        cmocka_unit_test(an_unknown_build_is_inferred_from_its_debugger_block),
        cmocka_unit_test(a_row_that_the_debugger_block_contradicts_is_not_used),
        cmocka_unit_test(an_unknown_build_without_a_debugger_block_is_named),
        cmocka_unit_test(tables_of_runs_that_cannot_be_true_are_refused),
        cmocka_unit_test(bitmaps_that_cannot_be_true_are_refused),
        cmocka_unit_test(a_bitmap_that_miscounts_is_told_and_read),
        cmocka_unit_test(a_truncated_dump_keeps_what_it_has),
        cmocka_unit_test(a_list_that_is_cut_is_read_from_both_ends),
        cmocka_unit_test(lists_that_run_in_circles_end),
        cmocka_unit_test(tables_that_name_themselves_end),
        cmocka_unit_test(a_prototype_that_leads_to_itself_ends),
        cmocka_unit_test(five_levels_and_other_processors_are_refused_by_name),
        cmocka_unit_test(any_damage_is_survived),
    };
    return cmocka_run_group_tests(tests, read_layouts, drop_layouts);
}
