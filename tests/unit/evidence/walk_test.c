#include "made.h"

static void assert_item(const walked *w, const char *unit, const char *path)
{
    assert_string_equal(item_at(w, path)->unit, unit);
}

static void folders_of_hosts_are_units(void **state)
{
    const made_folder *f = *state;
    put_evtx(f, "hosts/DB1/C/Windows/System32/winevt/Logs/Security.evtx");
    put_text(f, "hosts/DB1/readme.txt", "about DB1");
    put_evtx(f, "hosts/DB2/Security.evtx");
    put_evtx(f, "hosts/DB2/old/System.evtx");
    put_evtx(f, "hosts/later/DB3/uploads/auto/C%3A/Windows/System32/winevt/Logs/A%254B.evtx");
    put_text(f, "hosts/notes.txt", "what the customer said");
    walked w = walk(f, "hosts");
    assert_int_equal(w.count, 6);
    assert_item(&w, "DB1", "C/Windows/System32/winevt/Logs/Security.evtx");
    assert_item(&w, "DB1", "readme.txt");
    assert_item(&w, "DB2", "Security.evtx");
    assert_item(&w, "DB2", "old/System.evtx");
    assert_item(&w, "DB3", "uploads/auto/C:/Windows/System32/winevt/Logs/A%4B.evtx");
    assert_item(&w, "hosts", "notes.txt");
    for (size_t i = 1; i < w.count; i++)
        assert_true(strcmp(w.items[i - 1].unit_path, w.items[i].unit_path) <= 0);
    walked_done(&w);
}

/* However a file is pointed at, it is the same file of the same unit. */
static void the_given_path_does_not_matter(void **state)
{
    const made_folder *f = *state;
    put_evtx(f, "DB1/C/Windows/System32/winevt/Logs/Security.evtx");
    static const char *const paths[] = { "", "DB1", "DB1/C", "DB1/C/Windows/System32", "DB1/C/Windows/System32/winevt/Logs", "DB1/C/Windows/System32/winevt/Logs/Security.evtx" };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        walked w = walk(f, paths[i]);
        assert_int_equal(w.count, 1);
        assert_item(&w, "DB1", "C/Windows/System32/winevt/Logs/Security.evtx");
        walked_done(&w);
    }
}

static void a_file_that_two_paths_lead_to_is_there_once(void **state)
{
    const made_folder *f = *state;
    put_evtx(f, "DB1/Security.evtx");
    put_evtx(f, "DB1/System.evtx");
    char all[512], one[512];
    snprintf(all, sizeof all, "%s", f->path);
    snprintf(one, sizeof one, "%s/DB1/../DB1/System.evtx", f->path);
    const char *const both[] = { one, all, one };
    evidence_walk *w;
    assert_true(status_is_ok(evidence_open(both, 3, NULL, &w)));
    assert_int_equal(evidence_count(w), 2);
    assert_string_equal(evidence_entry_at(w, 0)->path, "Security.evtx");
    assert_string_equal(evidence_entry_at(w, 1)->path, "System.evtx");
    assert_string_equal(evidence_entry_at(w, 1)->unit, "DB1");
    assert_int_equal(evidence_total(w), 2 * sizeof EVTX_BEGIN);
    evidence_close(w);
}

static void every_file_has_its_hash_and_its_bytes(void **state)
{
    const made_folder *f = *state;
    put_text(f, "case/abc.txt", "abc");
    put_text(f, "case/none", "");
    walked w = walk(f, "case");
    const evidence_item *abc = item_at(&w, "abc.txt");
    assert_string_equal(abc->sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_holds(abc, "abc", 3);
    assert_int_equal(abc->type, EVIDENCE_TEXT);
    assert_int_equal(item_at(&w, "none")->type, EVIDENCE_EMPTY);
    assert_string_equal(item_at(&w, "none")->sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    char again[65];
    assert_true(evidence_hash(w.walk, 0, again));
    assert_string_equal(again, abc->sha256);
    walked_done(&w);
}

static void links_and_pipes_are_named_and_not_opened(void **state)
{
    const made_folder *f = *state;
    char at[512];
    put_evtx(f, "DB1/Security.evtx");
    put_text(f, "outside/secret.txt", "not evidence");
    snprintf(at, sizeof at, "%s/DB1/link.evtx", f->path);
    assert_int_equal(symlink("../outside/secret.txt", at), 0);
    snprintf(at, sizeof at, "%s/DB1/folder", f->path);
    assert_int_equal(symlink("../outside", at), 0);
    snprintf(at, sizeof at, "%s/DB1/loop", f->path);
    assert_int_equal(symlink(".", at), 0);
    snprintf(at, sizeof at, "%s/DB1/pipe", f->path);
    assert_int_equal(mkfifo(at, 0600), 0);
    walked w = walk(f, "DB1");
    assert_int_equal(w.count, 5);
    static const char *const named[] = { "link.evtx", "folder", "loop", "pipe" };
    for (size_t i = 0; i < 4; i++) {
        const evidence_item *item = item_at(&w, named[i]);
        assert_int_equal(item->state.code, STATUS_UNSUPPORTED);
        assert_null(item->source.read);
        assert_string_equal(item->sha256, "");
    }
    walked_done(&w);
}

static void what_is_not_there_is_an_item_that_says_so(void **state)
{
    const made_folder *f = *state;
    walked w = walk(f, "no/such/Security.evtx");
    assert_int_equal(w.count, 1);
    assert_int_equal(w.items[0].state.code, STATUS_NOT_FOUND);
    assert_string_equal(w.items[0].path, "Security.evtx");
    walked_done(&w);
    w = walk(f, "no/such/");
    assert_int_equal(w.count, 1);
    assert_string_equal(w.items[0].path, "such");
    assert_string_equal(w.items[0].unit, "such");
    walked_done(&w);
}

static void what_may_not_be_read_does_not_stop_the_rest(void **state)
{
    const made_folder *f = *state;
    if (geteuid() == 0)
        skip();                      /* root may read anything */
    char at[512];
    put_evtx(f, "DB1/Security.evtx");
    put_evtx(f, "DB1/System.evtx");
    put_evtx(f, "DB1/shut/x.evtx");
    snprintf(at, sizeof at, "%s/DB1/Security.evtx", f->path);
    assert_int_equal(chmod(at, 0), 0);
    snprintf(at, sizeof at, "%s/DB1/shut", f->path);
    assert_int_equal(chmod(at, 0), 0);
    walked w = walk(f, "DB1");
    assert_int_equal(w.count, 3);
    assert_int_equal(item_at(&w, "Security.evtx")->state.code, STATUS_IO);
    assert_int_equal(item_at(&w, "shut/(folder)")->state.code, STATUS_IO);
    assert_true(status_is_ok(item_at(&w, "System.evtx")->state));
    walked_done(&w);
    chmod(at, 0700);
}

static void folders_nest_only_so_deep(void **state)
{
    const made_folder *f = *state;
    char at[PATH_MAX];
    int len = snprintf(at, sizeof at, "%s/Logs", f->path);
    put_evtx(f, "Logs/x.evtx");
    for (int i = 0; i < 200; i++) {
        len += snprintf(at + len, sizeof at - (size_t)len, "/d");
        assert_int_equal(mkdir(at, 0700), 0);
    }
    walked w = walk(f, "");
    assert_int_equal(w.count, 2);
    size_t deep = strcmp(w.items[0].path, "Logs/x.evtx") == 0;
    assert_int_equal(w.items[deep].state.code, STATUS_LIMIT);
    walked_done(&w);
}

#define in_a_folder(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_a_folder(folders_of_hosts_are_units),
        in_a_folder(the_given_path_does_not_matter),
        in_a_folder(a_file_that_two_paths_lead_to_is_there_once),
        in_a_folder(every_file_has_its_hash_and_its_bytes),
        in_a_folder(links_and_pipes_are_named_and_not_opened),
        in_a_folder(what_is_not_there_is_an_item_that_says_so),
        in_a_folder(what_may_not_be_read_does_not_stop_the_rest),
        in_a_folder(folders_nest_only_so_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
