#include "made.h"

#include "base/hash.h"

#include <dirent.h>

enum { ROOM = 8 << 20 };

static void put_archive(const made_folder *f, const char *path, made_archive *a)
{
    span bytes = archive_end(a);
    put_file(f, path, bytes.at, bytes.len);
    archive_drop(a);
}

static made_archive zip_of_a_host(void)
{
    made_archive a = archive_new(archive_write_set_format_zip, NULL, ROOM, NULL);
    archive_begin(&a);
    archive_add(&a, "uploads/auto/C%3A/Windows/System32/winevt/Logs/Security.evtx", EVTX_BEGIN, sizeof EVTX_BEGIN);
    archive_add(&a, "results/notes.txt", "hello", 5);
    return a;
}

static void an_archive_is_a_unit_whose_paths_begin_at_its_root(void **state)
{
    const made_folder *f = *state;
    made_archive a = zip_of_a_host();
    put_archive(f, "cases/DB1.zip", &a);
    walked w = walk(f, "cases");
    assert_int_equal(w.count, 3);
    const evidence_item *log = item_at(&w, "uploads/auto/C:/Windows/System32/winevt/Logs/Security.evtx");
    assert_string_equal(log->unit, "DB1");
    assert_true(log->member);
    assert_int_equal(log->type, EVIDENCE_EVTX);
    assert_holds(log, EVTX_BEGIN, sizeof EVTX_BEGIN);
    char sum[65];
    uint8_t hash[32];
    sha256_of(span_of(EVTX_BEGIN, sizeof EVTX_BEGIN), hash);
    hex_of(span_of(hash, 32), sum);
    assert_string_equal(log->sha256, sum);
    const evidence_item *archive = item_at(&w, "DB1.zip");
    assert_int_equal(archive->type, EVIDENCE_ARCHIVE);
    assert_false(archive->member);
    assert_int_equal(strlen(archive->sha256), 64);
    assert_true(status_is_ok(archive->state));
    walked_done(&w);
}

static void every_format_gives_the_same_files(void **state)
{
    const made_folder *f = *state;
    static const struct { const char *name; int (*format)(struct archive *); int (*filter)(struct archive *); } formats[] = {
        { "x.zip", archive_write_set_format_zip, NULL },
        { "x.7z", archive_write_set_format_7zip, NULL },
        { "x.tar", archive_write_set_format_pax_restricted, archive_write_add_filter_none },
        { "old.tar", archive_write_set_format_v7tar, archive_write_add_filter_none },
        { "x.tar.gz", archive_write_set_format_ustar, archive_write_add_filter_gzip },
        { "x.tar.xz", archive_write_set_format_gnutar, archive_write_add_filter_xz },
        { "x.tar.bz2", archive_write_set_format_pax, archive_write_add_filter_bzip2 },
        { "x.tar.zst", archive_write_set_format_pax, archive_write_add_filter_zstd },
        { "x.tar.lz4", archive_write_set_format_pax, archive_write_add_filter_lz4 },
    };
    static const char chinese[] = "\xe6\x97\xa5\xe5\xbf\x97/\xe5\xae\x89\xe5\x85\xa8.evtx";
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        made_archive a = archive_new(formats[i].format, formats[i].filter, ROOM, NULL);
        archive_begin(&a);
        archive_add(&a, "Logs/Security.evtx", EVTX_BEGIN, sizeof EVTX_BEGIN);
        archive_add(&a, chinese, EVTX_BEGIN, 8);
        put_archive(f, formats[i].name, &a);
        walked w = walk(f, formats[i].name);
        assert_int_equal(w.count, 3);
        assert_holds(item_at(&w, "Logs/Security.evtx"), EVTX_BEGIN, sizeof EVTX_BEGIN);
        assert_holds(item_at(&w, chinese), EVTX_BEGIN, 8);
        assert_string_equal(w.items[0].unit, i == 3 ? "old" : "x");
        walked_done(&w);
    }
}

static void a_packed_file_is_the_file(void **state)
{
    const made_folder *f = *state;
    made_archive a = archive_new(archive_write_set_format_raw, archive_write_add_filter_gzip, ROOM, NULL);
    archive_begin(&a);
    archive_add(&a, "ignored", EVTX_BEGIN, sizeof EVTX_BEGIN);
    put_archive(f, "Security.evtx.gz", &a);
    walked w = walk(f, "Security.evtx.gz");
    assert_int_equal(w.count, 2);
    assert_holds(item_at(&w, "Security.evtx"), EVTX_BEGIN, sizeof EVTX_BEGIN);
    walked_done(&w);
}

/* depth 1: a zip with one log; each further level packs the one before. */
static void make_nested(const made_folder *f, unsigned depth)
{
    made_archive inner = archive_new(archive_write_set_format_zip, NULL, ROOM, NULL);
    archive_begin(&inner);
    archive_add(&inner, "Security.evtx", EVTX_BEGIN, sizeof EVTX_BEGIN);
    for (unsigned i = 1; i < depth; i++) {
        span bytes = archive_end(&inner);
        made_archive outer = archive_new(archive_write_set_format_zip, NULL, ROOM, NULL);
        archive_begin(&outer);
        archive_add(&outer, "in.zip", bytes.at, bytes.len);
        archive_drop(&inner);
        inner = outer;
    }
    put_archive(f, "DB1.zip", &inner);
}

static void archives_in_archives_are_opened_four_deep(void **state)
{
    const made_folder *f = *state;
    make_nested(f, 4);
    walked w = walk(f, "DB1.zip");
    assert_int_equal(w.count, 5);
    assert_holds(item_at(&w, "in.zip/in.zip/in.zip/Security.evtx"), EVTX_BEGIN, sizeof EVTX_BEGIN);
    walked_done(&w);

    make_nested(f, 5);
    w = walk(f, "DB1.zip");
    assert_int_equal(w.count, 5);
    const evidence_item *deep = item_at(&w, "in.zip/in.zip/in.zip/in.zip");
    assert_int_equal(deep->state.code, STATUS_LIMIT);
    assert_int_equal(strlen(deep->sha256), 64);
    walked_done(&w);
}

static void hostile_names_stay_inside(void **state)
{
    const made_folder *f = *state;
    made_archive a = archive_new(archive_write_set_format_pax, archive_write_add_filter_none, ROOM, NULL);
    archive_begin(&a);
    archive_add(&a, "../../up.evtx", EVTX_BEGIN, 8);
    archive_add(&a, "/root.evtx", EVTX_BEGIN, 8);
    archive_add(&a, "C:\\Windows\\drive.evtx", EVTX_BEGIN, 8);
    archive_add(&a, "esc\x1b[2J.evtx", EVTX_BEGIN, 8);
    archive_add(&a, "line\nbreak.evtx", EVTX_BEGIN, 8);
    archive_add(&a, "good.evtx", EVTX_BEGIN, 8);
    put_archive(f, "in/bad.tar", &a);
    walked w = walk(f, "in");
    static const char *const names[] = { "(..)/(..)/up.evtx", "root.evtx", "C:/Windows/drive.evtx", "esc%1B[2J.evtx", "line%0Abreak.evtx" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_holds(item_at(&w, names[i]), EVTX_BEGIN, 8);
        assert_int_equal(item_at(&w, names[i])->remark.code, STATUS_DAMAGED);
    }
    assert_true(status_is_ok(item_at(&w, "good.evtx")->remark));
    walked_done(&w);

    /* Nothing was written: neither beside the archive nor above it. */
    char at[512];
    size_t files = 0;
    snprintf(at, sizeof at, "%s/in", f->path);
    DIR *dir = opendir(at);
    for (struct dirent *d = readdir(dir); d; d = readdir(dir))
        files += d->d_name[0] != '.';
    closedir(dir);
    assert_int_equal(files, 1);
}

static void gbk_names_of_a_chinese_windows_are_read(void **state)
{
    const made_folder *f = *state;
    made_archive a = archive_new(archive_write_set_format_zip, NULL, ROOM, NULL);
    archive_begin(&a);
    archive_add(&a, "\xc8\xd5\xd6\xbe/\xb0\xb2\xc8\xab.evtx", EVTX_BEGIN, 8);
    put_archive(f, "gbk.zip", &a);
    walked w = walk(f, "gbk.zip");
    assert_holds(item_at(&w, "\xe6\x97\xa5\xe5\xbf\x97/\xe5\xae\x89\xe5\x85\xa8.evtx"), EVTX_BEGIN, 8);
    walked_done(&w);
}

static void links_in_an_archive_are_named_only(void **state)
{
    const made_folder *f = *state;
    made_archive a = archive_new(archive_write_set_format_pax, archive_write_add_filter_none, ROOM, NULL);
    archive_begin(&a);
    archive_add_zeros_behind(&a, "link.evtx", AE_IFLNK, NULL, 0, 0);
    archive_add_zeros_behind(&a, "pipe", AE_IFIFO, NULL, 0, 0);
    archive_add(&a, "x.evtx", EVTX_BEGIN, 8);
    put_archive(f, "links.tar", &a);
    walked w = walk(f, "links.tar");
    assert_int_equal(w.count, 4);
    assert_int_equal(item_at(&w, "link.evtx")->state.code, STATUS_UNSUPPORTED);
    assert_int_equal(item_at(&w, "pipe")->state.code, STATUS_UNSUPPORTED);
    assert_null(item_at(&w, "link.evtx")->source.read);
    assert_holds(item_at(&w, "x.evtx"), EVTX_BEGIN, 8);
    walked_done(&w);
}

/* 3 GiB of zeros in some 13 MB: over 200 times its size, and over the gigabyte that any archive may have. */
static void a_bomb_is_named_and_what_came_before_it_is_read(void **state)
{
    const made_folder *f = *state;
    made_archive a = archive_new(archive_write_set_format_zip, NULL, 32 << 20, "zip:compression-level=1");
    archive_begin(&a);
    archive_add(&a, "before.evtx", EVTX_BEGIN, sizeof EVTX_BEGIN);
    archive_add_zeros_behind(&a, "bomb.evtx", AE_IFREG, EVTX_BEGIN, 8, (size_t)3 << 30);
    archive_add(&a, "behind.evtx", EVTX_BEGIN, sizeof EVTX_BEGIN);
    put_archive(f, "bomb.zip", &a);
    walked w = walk_with(f, "bomb.zip", (evidence_options){ .kinds = EVIDENCE_KIND(EVIDENCE_EVTX) });
    assert_holds(item_at(&w, "before.evtx"), EVTX_BEGIN, sizeof EVTX_BEGIN);
    assert_int_equal(item_at(&w, "bomb.evtx")->state.code, STATUS_LIMIT);
    assert_null(item_at(&w, "bomb.evtx")->source.read);
    assert_int_equal(item_at(&w, "bomb.zip")->state.code, STATUS_LIMIT);
    assert_int_equal(w.count, 3);
    walked_done(&w);
}

static void all_archives_together_have_a_limit(void **state)
{
    const made_folder *f = *state;
    for (int i = 0; i < 3; i++) {
        char name[32];
        made_archive a = archive_new(archive_write_set_format_zip, NULL, ROOM, NULL);
        archive_begin(&a);
        archive_add_zeros_behind(&a, "x.evtx", AE_IFREG, EVTX_BEGIN, 8, 600000);
        snprintf(name, sizeof name, "all/%d.zip", i);
        put_archive(f, name, &a);
    }
    walked w = walk_with(f, "all", (evidence_options){ .max_expanded = 1300000 });
    size_t limited = 0;
    for (size_t i = 0; i < w.count; i++)
        limited += w.items[i].state.code == STATUS_LIMIT;
    assert_int_equal(limited, 2);                /* the third archive and its member */
    walked_done(&w);
}

static void an_archive_of_a_million_files_is_not_read_to_its_end(void **state)
{
    const made_folder *f = *state;
    enum { FILES = 210000 };
    made_archive a = archive_new(archive_write_set_format_ustar, archive_write_add_filter_gzip, 64 << 20, NULL);
    archive_begin(&a);
    for (int i = 0; i < FILES; i++)
        archive_add(&a, "x", NULL, 0);
    put_archive(f, "many.tar.gz", &a);
    char full[512];
    snprintf(full, sizeof full, "%s/many.tar.gz", f->path);
    const char *const paths[] = { full };
    evidence_walk *w;
    evidence_item item;
    size_t count = 0;
    status last = status_ok();
    assert_true(status_is_ok(evidence_open(paths, 1, NULL, &w)));
    while (evidence_next(w, &item)) {
        last = item.state;
        count++;
        evidence_release(&item);
    }
    assert_int_equal(last.code, STATUS_LIMIT);
    assert_int_equal(count, 200001);
    evidence_close(w);
}

static made_archive encrypted(const char *how)
{
    made_archive a = archive_new(archive_write_set_format_zip, NULL, ROOM, NULL);
    char option[64];
    snprintf(option, sizeof option, "zip:encryption=%s", how);
    assert_int_equal(archive_write_set_options(a.to, option), ARCHIVE_OK);
    assert_int_equal(archive_write_set_passphrase(a.to, "infected"), ARCHIVE_OK);
    archive_begin(&a);
    archive_add(&a, "Security.evtx", EVTX_BEGIN, sizeof EVTX_BEGIN);
    return a;
}

static void an_encrypted_archive_wants_its_password(void **state)
{
    const made_folder *f = *state;
    static const char *const ways[] = { "zipcrypt", "aes128", "aes256" };
    for (size_t i = 0; i < 3; i++) {
        made_archive a = encrypted(ways[i]);
        put_archive(f, "secret.zip", &a);
        walked w = walk(f, "secret.zip");
        assert_int_equal(item_at(&w, "Security.evtx")->state.code, STATUS_BAD_INPUT);
        assert_non_null(strstr(item_at(&w, "Security.evtx")->state.words, "password"));
        assert_null(item_at(&w, "Security.evtx")->source.read);
        walked_done(&w);

        w = walk_with(f, "secret.zip", (evidence_options){ .password = "infected" });
        assert_holds(item_at(&w, "Security.evtx"), EVTX_BEGIN, sizeof EVTX_BEGIN);
        walked_done(&w);

        w = walk_with(f, "secret.zip", (evidence_options){ .password = "wrong" });
        assert_false(status_is_ok(item_at(&w, "Security.evtx")->state));
        walked_done(&w);
    }
}

/* Wherever an archive was cut off: what came before is read, and the cut is said. */
static void a_torn_archive_keeps_what_came_before(void **state)
{
    const made_folder *f = *state;
    enum { BYTES = 300000 };
    uint8_t *noise = malloc(BYTES);
    uint64_t x = 1;
    for (size_t i = 0; i < BYTES; i++)
        noise[i] = (uint8_t)((x = x * 6364136223846793005ull + 1) >> 56);
    memcpy(noise, EVTX_BEGIN, 8);
    made_archive a = archive_new(archive_write_set_format_ustar, archive_write_add_filter_gzip, ROOM, NULL);
    archive_begin(&a);
    archive_add(&a, "first.evtx", EVTX_BEGIN, sizeof EVTX_BEGIN);
    archive_add(&a, "second.evtx", noise, BYTES);
    span whole = archive_end(&a);
    assert_true(whole.len > BYTES);

    put_file(f, "torn.tar.gz", whole.at, whole.len - 100000);
    walked w = walk(f, "torn.tar.gz");
    assert_int_equal(w.count, 3);
    assert_holds(item_at(&w, "first.evtx"), EVTX_BEGIN, sizeof EVTX_BEGIN);
    const evidence_item *second = item_at(&w, "second.evtx");
    assert_true(status_is_ok(second->state));
    assert_int_equal(second->remark.code, STATUS_DAMAGED);
    assert_true(second->size > 100000 && second->size < BYTES);
    uint8_t *got = malloc(second->size);
    assert_int_equal(second->source.read(second->source.context, 0, got, second->size), second->size);
    assert_memory_equal(got, noise, second->size);
    free(got);
    assert_int_equal(item_at(&w, "torn.tar.gz")->state.code, STATUS_DAMAGED);
    walked_done(&w);

    for (size_t len = 0; len < whole.len; len += 1 + whole.len / 97) {
        put_file(f, "torn.tar.gz", whole.at, len);
        w = walk(f, "torn.tar.gz");
        assert_true(w.count >= 1 && w.count <= 3);
        walked_done(&w);
    }
    free(noise);
    archive_drop(&a);
}

static void what_only_begins_like_an_archive_is_damaged(void **state)
{
    const made_folder *f = *state;
    put_file(f, "x.zip", "PK\x03\x04\0\0\0\0 and then nothing that makes sense", 40);
    walked w = walk(f, "x.zip");
    assert_int_equal(w.count, 1);
    assert_int_equal(w.items[0].state.code, STATUS_DAMAGED);
    walked_done(&w);
}

static size_t files_in(const char *folder)
{
    size_t files = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *d = readdir(dir); d; d = readdir(dir))
        files += d->d_name[0] != '.';
    closedir(dir);
    return files;
}

static void a_large_member_lies_in_a_file_that_nobody_sees(void **state)
{
    const made_folder *f = *state;
    enum { LARGE_BYTES = 40 << 20 };
    char tmp[512];
    snprintf(tmp, sizeof tmp, "%s/tmp", f->path);
    mkdir(tmp, 0700);
    made_archive a = archive_new(archive_write_set_format_zip, NULL, ROOM, NULL);
    archive_begin(&a);
    archive_add_zeros_behind(&a, "large.evtx", AE_IFREG, EVTX_BEGIN, 8, LARGE_BYTES);
    archive_add(&a, "small.evtx", EVTX_BEGIN, 8);
    put_archive(f, "large.zip", &a);

    const char *before = getenv("TMPDIR");
    char *kept = before ? strdup(before) : NULL;
    setenv("TMPDIR", tmp, 1);
    walked w = walk(f, "large.zip");
    if (kept)
        setenv("TMPDIR", kept, 1);
    else
        unsetenv("TMPDIR");
    free(kept);

    const evidence_item *large = item_at(&w, "large.evtx");
    assert_true(status_is_ok(large->state));
    assert_int_equal(large->source.size, LARGE_BYTES + 8);
    char got[16];
    assert_int_equal(large->source.read(large->source.context, 0, got, 16), 16);
    assert_memory_equal(got, "ElfFile\0\0\0\0\0\0\0\0\0", 16);
    assert_int_equal(large->source.read(large->source.context, LARGE_BYTES, got, 16), 8);
    assert_int_equal(large->source.read(large->source.context, UINT64_MAX, got, 16), 0);
    assert_holds(item_at(&w, "small.evtx"), EVTX_BEGIN, 8);
    assert_int_equal(files_in(tmp), 0);
    walked_done(&w);
}

static void only_the_kinds_asked_for_are_kept(void **state)
{
    const made_folder *f = *state;
    made_archive a = zip_of_a_host();
    put_archive(f, "DB1.zip", &a);
    walked w = walk_with(f, "DB1.zip", (evidence_options){ .kinds = EVIDENCE_KIND(EVIDENCE_EVTX) });
    const evidence_item *notes = item_at(&w, "results/notes.txt");
    assert_null(notes->source.read);
    assert_int_equal(notes->size, 5);
    assert_string_equal(notes->sha256, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    walked_done(&w);
}

#define in_a_folder(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_a_folder(an_archive_is_a_unit_whose_paths_begin_at_its_root),
        in_a_folder(every_format_gives_the_same_files),
        in_a_folder(a_packed_file_is_the_file),
        in_a_folder(archives_in_archives_are_opened_four_deep),
        in_a_folder(hostile_names_stay_inside),
        in_a_folder(gbk_names_of_a_chinese_windows_are_read),
        in_a_folder(links_in_an_archive_are_named_only),
        in_a_folder(a_bomb_is_named_and_what_came_before_it_is_read),
        in_a_folder(all_archives_together_have_a_limit),
        in_a_folder(an_archive_of_a_million_files_is_not_read_to_its_end),
        in_a_folder(an_encrypted_archive_wants_its_password),
        in_a_folder(a_torn_archive_keeps_what_came_before),
        in_a_folder(what_only_begins_like_an_archive_is_damaged),
        in_a_folder(a_large_member_lies_in_a_file_that_nobody_sees),
        in_a_folder(only_the_kinds_asked_for_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
