/* The laws of digests, held over surveys of made logs: any order, the same twice, any split of whole files, any number of
 * threads, any way to point at a file. */
#include "survey/survey.h"

#include "range/evtx_write.h"
#include "range/regf_write.h"

#include <archive.h>
#include <archive_entry.h>
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static arena mem;
static profile *facts;
static char folder[256];

static int make_folder(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/suyuan-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static int remove_folder(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *in_folder(const char *path)
{
    char *full = arena_printf(&mem, "%s/%s", folder, path);
    for (char *slash = strchr(full + strlen(folder) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(full, 0700);
        *slash = '/';
    }
    return full;
}

/* A Security log with guessing, successes, accounts, services; of a size that has several blocks. */
static void make_security(const char *path, const char *computer, uint64_t seed, size_t records)
{
    arena own;
    arena_init(&own, 0);
    evtx_writer *w = evtx_writer_open(&own, in_folder(path), NULL);
    moment t = 132000000000000000ull + seed * MOMENT_DAY;
    for (size_t i = 0; i < records; i++, t += MOMENT_SECOND * (1 + (i * seed) % 7)) {
        char source[32], user[32];
        snprintf(source, sizeof source, "10.0.%u.%u", (unsigned)(seed % 200), (unsigned)(i * 7 % 5 + 1));
        snprintf(user, sizeof user, "user%u", (unsigned)(i * 31 % 40));
        if (i % 97 == 13)
            evtx_put_named(w, EVTX_AUDITING, "Security", 4720, computer, t, "TargetUserName", user, "TargetSid", "S-1-5-21-1-2-3-1001", "SubjectUserName", "admin", NULL);
        else if (i % 50 == 49)
            evtx_put(w, &(evtx_out){ .provider = EVTX_AUDITING, .channel = "Security", .computer = computer, .id = 4624, .time = t,
                     .fields = EVTX_FIELDS(evtx_str("TargetUserName", user), evtx_str("TargetDomainName", computer), evtx_u32("LogonType", 3), evtx_str("IpAddress", source), evtx_hex64("TargetLogonId", i + 4096)) });
        else
            evtx_put(w, &(evtx_out){ .provider = EVTX_AUDITING, .channel = "Security", .computer = computer, .id = 4625, .time = t,
                     .fields = EVTX_FIELDS(evtx_str("TargetUserName", user), evtx_u32("LogonType", 3), evtx_str("IpAddress", source), evtx_hex32("SubStatus", 0xc000006a)) });
    }
    assert_true(status_is_ok(evtx_writer_close(w)));
    arena_done(&own);
}

static void make_system(const char *path, const char *computer, uint64_t seed, size_t records)
{
    arena own;
    arena_init(&own, 0);
    evtx_writer *w = evtx_writer_open(&own, in_folder(path), NULL);
    moment t = 132000000000000000ull + seed * MOMENT_DAY;
    for (size_t i = 0; i < records; i++, t += MOMENT_MINUTE) {
        char name[32];
        snprintf(name, sizeof name, "service%u", (unsigned)(i % 11));
        evtx_put_named(w, "Service Control Manager", "System", i % 3 ? 7036 : 7045, computer, t, "ServiceName", name, "ImagePath", "%SystemRoot%\\tmp.exe", "StartType", "auto start", NULL);
    }
    assert_true(status_is_ok(evtx_writer_close(w)));
    arena_done(&own);
}

static void make_hosts(void)
{
    make_security("DB1/C/Windows/System32/winevt/Logs/Security.evtx", "DB1", 1, 2500);
    make_system("DB1/C/Windows/System32/winevt/Logs/System.evtx", "DB1", 1, 300);
    make_security("DB1/C/Windows/System32/winevt/Logs/Archive-Security.evtx", "DB1", 2, 400);
    make_security("DB2/Security.evtx", "DB2", 3, 1500);
    make_system("DB2/System.evtx", "DB2", 3, 100);
    FILE *text = fopen(in_folder("DB2/notes.txt"), "w");
    fputs("taken on site\n", text);
    fclose(text);
}

typedef struct { digest *all; survey_counts counts; size_t units; const char *names[64]; } surveyed;

static status gather(void *context, digest *d, bool was_there)
{
    surveyed *s = context;
    assert_false(was_there);
    s->names[s->units++] = arena_str(&mem, digest_heading(d)->unit);
    digest_merge(s->all, d);
    digest_free(d);
    return status_ok();
}

static const digest_head no_head = { .unit = "all", .tool = "t" };

static surveyed survey_with(survey_options o, const char *const *paths, size_t count)
{
    surveyed s = { .all = digest_new(&no_head) };
    o.paths = paths;
    o.path_count = count;
    o.facts = facts;
    if (!o.since)
        o.since = MOMENT_UNKNOWN;
    if (!o.until)
        o.until = MOMENT_UNKNOWN;
    const survey_sink sink = { .context = &s, .each = gather };
    status done = survey_run(&o, &sink, &s.counts);
    assert_string_equal(done.words, "");
    digest_sort(s.all);
    return s;
}

static surveyed survey_of(const char *path, unsigned threads)
{
    const char *full = *path ? arena_printf(&mem, "%s/%s", folder, path) : folder;
    return survey_with((survey_options){ .threads = threads }, &full, 1);
}

static void assert_same(digest *a, digest *b)
{
    buf of_a, of_b;
    buf_init(&of_a, DIGEST_BYTES);
    buf_init(&of_b, DIGEST_BYTES);
    assert_true(status_is_ok(digest_lines(a, &of_a)));
    assert_true(status_is_ok(digest_lines(b, &of_b)));
    if (!span_eq(buf_bytes(&of_a), buf_bytes(&of_b))) {
        size_t at = 0;
        while (at < of_a.len && at < of_b.len && of_a.at[at] == of_b.at[at])
            at++;
        size_t from = at > 300 ? at - 300 : 0;
        fail_msg("digests differ:\n%.500s\n---\n%.500s", (const char *)buf_text(&of_a) + from, (const char *)buf_text(&of_b) + from);
    }
    buf_done(&of_a);
    buf_done(&of_b);
}

static void a_survey_tells_what_is_there(void **state)
{
    (void)state;
    make_hosts();
    surveyed s = survey_of("", 2);
    assert_int_equal(s.units, 2);
    assert_string_equal(s.names[0], "DB1");
    assert_string_equal(s.names[1], "DB2");
    assert_int_equal(s.counts.units, 2);
    assert_int_equal(s.counts.files, 6);
    assert_int_equal(s.counts.logs, 5);
    assert_int_equal(s.counts.records, 2500 + 300 + 400 + 1500 + 100);
    assert_int_equal(s.counts.unreadable, 0);
    size_t files, acts, tallies, blocks, claims;
    const evidence_file *e = digest_evidence(s.all, &files);
    digest_tallies(s.all, &tallies);
    digest_acts(s.all, &acts);
    digest_blocks(s.all, &blocks);
    digest_claims(s.all, &claims);
    assert_true(acts > 50 && tallies > 100 && blocks >= 8 && claims >= 2);
    for (size_t i = 0; i < files; i++)
        if (strcmp(e[i].path, "System.evtx") == 0) {
            assert_string_equal(e[i].computer, "DB2");
            assert_string_equal(e[i].channel, "System");
            assert_int_equal(e[i].records, 100);
            assert_int_equal(e[i].first_record, 1);
            assert_int_equal(e[i].last_record, 100);
            assert_true(e[i].read);
        } else if (strcmp(e[i].path, "notes.txt") == 0) {
            assert_false(e[i].read);
            assert_string_equal(e[i].kind, "text");
        }
    digest_free(s.all);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    make_hosts();
    surveyed one = survey_of("", 1);
    for (unsigned threads = 2; threads <= 9; threads += 3) {
        surveyed many = survey_of("", threads);
        assert_same(one.all, many.all);
        assert_memory_equal(&one.counts, &many.counts, sizeof one.counts);
        digest_free(many.all);
    }
    digest_free(one.all);
}

static void the_same_twice_counts_once(void **state)
{
    (void)state;
    make_hosts();
    surveyed once = survey_of("", 2), again = survey_of("", 2), twice = survey_of("", 2);
    digest_merge(twice.all, again.all);
    digest_sort(twice.all);
    assert_same(once.all, twice.all);
    digest_free(once.all);
    digest_free(again.all);
    digest_free(twice.all);
}

/* Every file alone, in random groups and orders, gives what the whole gives. */
static void any_split_of_whole_files_gives_the_same(void **state)
{
    (void)state;
    make_hosts();
    static const char *const files[] = {
        "DB1/C/Windows/System32/winevt/Logs/Security.evtx", "DB1/C/Windows/System32/winevt/Logs/System.evtx",
        "DB1/C/Windows/System32/winevt/Logs/Archive-Security.evtx", "DB2/Security.evtx", "DB2/System.evtx", "DB2/notes.txt",
    };
    enum { FILES = sizeof files / sizeof *files };
    surveyed whole = survey_of("", 2);
    uint64_t dice = 7;
    for (int round = 0; round < 8; round++) {
        digest *joined = digest_new(&no_head);
        const char *groups[FILES][FILES];
        size_t counts[FILES] = { 0 };
        for (size_t i = 0; i < FILES; i++) {
            dice = dice * 6364136223846793005ull + 1442695040888963407ull;
            size_t to = round == 0 ? i : (size_t)(dice >> 33) % (1 + (size_t)round % 4);
            groups[to][counts[to]++] = arena_printf(&mem, "%s/%s", folder, files[(i * 5 + (size_t)round) % FILES]);
        }
        for (size_t to = FILES; to-- > 0;) {
            if (!counts[to])
                continue;
            surveyed part = survey_with((survey_options){ .threads = 1 + (unsigned)round % 3 }, groups[to], counts[to]);
            digest_merge(joined, part.all);
            digest_free(part.all);
        }
        digest_sort(joined);
        assert_same(whole.all, joined);
        digest_free(joined);
    }
    digest_free(whole.all);
}

/* ---- Hives ---- */

static void put_values(hive *h, const char *key, const char *value)
{
    hive_sz(h, hive_at(h, hive_root(h), key), value, "made");
    hive_commit(h);
}

/* A user's hive whose last change is in its logs only, two clean ones, and a log that lost its hive. */
static void make_hives(void)
{
    arena own;
    arena_init(&own, 0);
    moment t = 132000000000000000ull;
    hive *user = hive_new(&own, &(hive_options){ .minor = 5, .root = "ROOT", .file = "NTUSER.DAT", .clock = t });
    put_values(user, "Software\\Microsoft\\Windows\\CurrentVersion\\Run", "first");
    put_values(user, "Control Panel\\Desktop", "other");
    put_values(user, "Environment", "TEMP");
    hive_log(user);
    hive_clock(user, t + MOMENT_DAY);
    put_values(user, "Software\\Microsoft\\Windows\\CurrentVersion\\Run", "second");
    put_values(user, "Environment", "TMP");
    assert_true(status_is_ok(hive_save_dirty(user, HIVE_LOG_NEW, in_folder("HV/C/Users/bob/NTUSER.DAT"))));
    assert_true(status_is_ok(hive_save_dirty(user, HIVE_LOG_NEW, in_folder("HV/stray/NTUSER.DAT"))));
    hive_done(user);
    remove(in_folder("HV/stray/NTUSER.DAT"));
    rename(in_folder("HV/C/Users/bob/NTUSER.DAT.LOG1"), in_folder("HV/C/Users/bob/ntuser.dat.LOG1"));
    static const char *const names[] = { "SAM", "SOFTWARE" };
    for (size_t i = 0; i < 2; i++) {
        hive *h = hive_new(&own, &(hive_options){ .minor = 3, .root = "ROOT", .file = names[i], .clock = t });
        put_values(h, i ? "Microsoft\\Windows NT\\CurrentVersion" : "SAM\\Domains\\Account\\Users", "x");
        assert_true(status_is_ok(hive_save(h, in_folder(arena_printf(&own, "HV/C/Windows/System32/config/%s", names[i])))));
        hive_done(h);
    }
    arena_done(&own);
}

static const evidence_file *evidence_of(const digest *d, const char *path)
{
    size_t count;
    const evidence_file *e = digest_evidence(d, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(e[i].path, path) == 0)
            return &e[i];
    fail_msg("no line of %s", path);
    return NULL;
}

static void a_hive_is_read_with_the_logs_beside_it(void **state)
{
    (void)state;
    make_hives();
    surveyed with = survey_of("HV", 2);
    const evidence_file *hive = evidence_of(with.all, "C/Users/bob/NTUSER.DAT"), *log = evidence_of(with.all, "C/Users/bob/ntuser.dat.LOG1");
    assert_true(hive->read && log->read);
    assert_string_equal(hive->channel, "registry/NTUSER");
    assert_null(log->channel);
    assert_int_equal(with.counts.artifacts, 3);
    assert_int_equal(with.counts.records, 0);
    const evidence_file *stray = evidence_of(with.all, "stray/NTUSER.DAT.LOG1");
    assert_false(stray->read);
    assert_non_null(strstr(stray->why, "without its hive"));
    remove(in_folder("HV/C/Users/bob/ntuser.dat.LOG1"));
    remove(in_folder("HV/C/Users/bob/NTUSER.DAT.LOG2"));
    surveyed without = survey_of("HV", 2);
    assert_true(evidence_of(without.all, "C/Users/bob/NTUSER.DAT")->last < hive->last);        /* the newest keys are in the logs only */
    digest_free(with.all);
    digest_free(without.all);
}

static void threads_and_splits_change_nothing_of_hives(void **state)
{
    (void)state;
    make_hives();
    surveyed one = survey_of("HV", 1), many = survey_of("HV", 4);
    assert_same(one.all, many.all);
    const char *config[] = { in_folder("HV/C/Windows") }, *user[] = { in_folder("HV/C/Users") };
    surveyed a = survey_with((survey_options){ .threads = 2 }, config, 1), b = survey_with((survey_options){ .threads = 1 }, user, 1);
    digest_merge(a.all, b.all);
    digest_sort(a.all);
    static const char *const paths[] = { "C/Users/bob/NTUSER.DAT", "C/Users/bob/ntuser.dat.LOG1", "C/Windows/System32/config/SAM" };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_int_equal(evidence_file_compare(evidence_of(one.all, paths[i]), evidence_of(a.all, paths[i])), 0);
    digest_free(one.all);
    digest_free(many.all);
    digest_free(a.all);
    digest_free(b.all);
}

static void pack(const char *from, const char *to);

/* Members come one by one: a hive waits for its logs, whatever comes first. */
static void a_hive_in_an_archive_is_read_with_its_logs(void **state)
{
    (void)state;
    make_hives();
    pack("HV", "hives/HV.zip");
    surveyed lying = survey_of("HV", 2);
    for (unsigned threads = 1; threads <= 3; threads++) {
        surveyed packed = survey_of("hives", threads);
        size_t count;
        const evidence_file *e = digest_evidence(lying.all, &count);
        assert_int_equal(count, 7);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(evidence_file_compare(&e[i], evidence_of(packed.all, e[i].path)), 0);
        digest_free(packed.all);
    }
    digest_free(lying.all);
}

/* Packs what lies below `from` in the test's folder into a zip; 7z, tar and others are held to zip by the tests of evidence. */
static struct archive *packing;
static size_t packing_from;

static int pack_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)ftw;
    if (kind != FTW_F)
        return 0;
    struct archive_entry *e = archive_entry_new();
    archive_entry_set_pathname(e, path + packing_from);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_size(e, st->st_size);
    archive_write_header(packing, e);
    archive_entry_free(e);
    uint8_t block[65536];
    FILE *from = fopen(path, "rb");
    for (size_t n; (n = fread(block, 1, sizeof block, from)) > 0;)
        archive_write_data(packing, block, n);
    fclose(from);
    return 0;
}

static void pack(const char *from, const char *to)
{
    const char *full = in_folder(from), *zip = in_folder(to);
    packing_from = strlen(full) + 1;
    packing = archive_write_new();
    archive_write_set_format_zip(packing);
    assert_int_equal(archive_write_open_filename(packing, zip), ARCHIVE_OK);
    nftw(full, pack_one, 16, FTW_PHYS);
    assert_int_equal(archive_write_close(packing), ARCHIVE_OK);
    archive_write_free(packing);
}

/* The lines of what is in an archive are those of the folder that was packed; the archive itself is a line more. */
static void an_archive_tells_what_its_folder_tells(void **state)
{
    (void)state;
    make_hosts();
    pack("DB1", "packed/DB1.zip");
    surveyed from_folder = survey_of("DB1", 2);
    for (unsigned threads = 1; threads <= 4; threads++) {
        surveyed from_zip = survey_of("packed", threads);
        assert_string_equal(from_zip.names[0], "DB1");
        assert_int_equal(from_zip.counts.files, from_folder.counts.files + 1);
        digest *without = digest_new(&no_head);
        digest_merge(without, from_zip.all);
        digest *with = digest_new(&no_head);
        digest_merge(with, from_folder.all);
        size_t count;
        const evidence_file *e = digest_evidence(from_zip.all, &count);
        for (size_t i = 0; i < count; i++)
            if (strcmp(e[i].kind, "archive") == 0)
                digest_add_evidence(with, &e[i]);
        digest_sort(with);
        digest_sort(without);
        assert_same(with, without);
        digest_free(with);
        digest_free(without);
        digest_free(from_zip.all);
    }
    digest_free(from_folder.all);
}

static void records_outside_the_window_are_not_seen(void **state)
{
    (void)state;
    make_hosts();
    const char *path = in_folder("DB2/System.evtx");
    moment begin = 132000000000000000ull + 3 * MOMENT_DAY;
    surveyed s = survey_with((survey_options){ .since = begin + 10 * MOMENT_MINUTE, .until = begin + 30 * MOMENT_MINUTE, .threads = 1 }, &path, 1);
    size_t count;
    const evidence_file *e = digest_evidence(s.all, &count);
    assert_int_equal(count, 1);
    assert_int_equal(e->records, 20);
    assert_int_equal(e->first_record, 11);
    assert_int_equal(e->last_record, 30);
    assert_true(e->first == begin + 10 * MOMENT_MINUTE);
    const act *a = digest_acts(s.all, &count);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++)
        assert_true(a[i].record >= 11 && a[i].record <= 30);
    digest_free(s.all);
}

static void damage_is_told_with_its_file_and_costs_no_neighbour(void **state)
{
    (void)state;
    make_system("DB1/System.evtx", "DB1", 1, 1000);
    make_system("DB1/good.evtx", "DB1", 2, 100);
    const char *path = in_folder("DB1/System.evtx");
    FILE *f = fopen(path, "r+b");
    fseek(f, 4096 + 5000, SEEK_SET);
    for (int i = 0; i < 64; i++)
        fputc(0xff, f);
    fclose(f);
    FILE *none = fopen(in_folder("DB1/none.evtx"), "wb");
    fwrite("ElfFile", 1, 8, none);
    fclose(none);
    surveyed s = survey_of("DB1", 2);
    size_t count;
    const evidence_file *e = digest_evidence(s.all, &count);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++)
        if (strcmp(e[i].path, "System.evtx") == 0) {
            assert_true(e[i].problem_count > 0);
            assert_true(e[i].records > 980 && e[i].records < 1000);
        } else if (strcmp(e[i].path, "good.evtx") == 0) {
            assert_int_equal(e[i].records, 100);
            assert_int_equal(e[i].problem_count, 0);
        } else {
            assert_int_equal(e[i].records, 0);
        }
    digest_free(s.all);
}

static void what_cannot_be_read_is_listed_and_counted(void **state)
{
    (void)state;
    make_system("DB1/System.evtx", "DB1", 1, 10);
    FILE *hive = fopen(in_folder("DB1/SYSTEM"), "wb");
    fwrite("regf and so on", 1, 14, hive);
    fclose(hive);
    FILE *prefetch = fopen(in_folder("DB1/CMD.EXE-1.pf"), "wb");
    fwrite("\x17\0\0\0SCCA", 1, 8, prefetch);
    fclose(prefetch);
    FILE *torn = fopen(in_folder("DB1/torn.zip"), "wb");
    fwrite("PK\x03\x04\0\0\0\0 torn", 1, 13, torn);
    fclose(torn);
    assert_int_equal(symlink("System.evtx", in_folder("DB1/link")), 0);
    surveyed s = survey_of("DB1", 1);
    assert_int_equal(s.counts.files, 5);
    assert_int_equal(s.counts.unreadable, 2);
    assert_int_equal(s.counts.not_read, 1);
    assert_int_equal(s.counts.named_count, 1);
    assert_string_equal(s.counts.named[0].kind, "prefetch");
    size_t count;
    const evidence_file *e = digest_evidence(s.all, &count);
    for (size_t i = 0; i < count; i++) {
        bool is_log = strcmp(e[i].path, "System.evtx") == 0;
        assert_int_equal(e[i].read, is_log);
        assert_true(is_log == (e[i].why == NULL));
        if (strcmp(e[i].path, "torn.zip") == 0)
            assert_string_equal(e[i].problems[0].kind, "file.unreadable");
    }
    digest_free(s.all);
}

typedef struct { digest *all; size_t given, there; size_t stop_after; } folder_state;

static status take_named(void *context, digest *d, const char *name)
{
    folder_state *f = context;
    struct stat st;
    char path[512];
    snprintf(path, sizeof path, "%s/out/%s.digest", folder, name);
    assert_int_equal(stat(path, &st), 0);
    digest_merge(f->all, d);
    digest_free(d);
    f->given++;
    return f->stop_after && f->given == f->stop_after ? status_fail(STATUS_IO, "cut off") : status_ok();
}

static survey_counts survey_into(folder_state *f, const char *out)
{
    const char *paths[] = { arena_printf(&mem, "%s/hosts", folder) };
    survey_counts counts = { 0 };
    survey_options o = { .paths = paths, .path_count = 1, .since = MOMENT_UNKNOWN, .until = MOMENT_UNKNOWN, .threads = 2, .facts = facts };
    f->all = digest_new(&no_head);
    status s = survey_folder(&o, arena_printf(&mem, "%s/%s", folder, out), take_named, f, &counts);
    assert_true(status_is_ok(s) || f->stop_after);
    digest_sort(f->all);
    return counts;
}

static void a_survey_that_was_cut_off_goes_on(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        make_system(arena_printf(&mem, "hosts/DB%d/System.evtx", i), "DB", (uint64_t)i, 200);
    folder_state cut = { .stop_after = 2 };
    survey_into(&cut, "out");
    assert_int_equal(cut.given, 2);
    folder_state rest = { 0 };
    survey_counts counts = survey_into(&rest, "out");
    assert_int_equal(rest.given, 4);
    assert_int_equal(counts.units, 4);
    assert_int_equal(counts.kept, 2);
    assert_int_equal(counts.records, 800);
    folder_state again = { 0 };
    counts = survey_into(&again, "out");
    assert_int_equal(counts.kept, 4);
    assert_int_equal(counts.records, 800);
    assert_same(rest.all, again.all);

    /* What was made of other bytes is not taken for it. */
    make_system("hosts/DB0/System.evtx", "DB", 9, 200);
    folder_state changed = { 0 };
    counts = survey_into(&changed, "out");
    assert_int_equal(counts.kept, 3);
    digest_free(cut.all);
    digest_free(rest.all);
    digest_free(again.all);
    digest_free(changed.all);
}

static void a_torn_digest_is_made_again(void **state)
{
    (void)state;
    make_system("hosts/DB1/System.evtx", "DB1", 1, 200);
    folder_state first = { 0 };
    survey_into(&first, "out");
    char command[600];
    snprintf(command, sizeof command, "for f in '%s'/out/*.digest; do truncate -s 100 \"$f\"; done", folder);
    assert_int_equal(system(command), 0);
    folder_state second = { 0 };
    survey_counts counts = survey_into(&second, "out");
    assert_int_equal(counts.kept, 0);
    assert_same(first.all, second.all);
    digest_free(first.all);
    digest_free(second.all);
}

static void nothing_is_written_into_evidence(void **state)
{
    (void)state;
    make_system("hosts/DB1/System.evtx", "DB1", 1, 20);
    const char *paths[] = { arena_printf(&mem, "%s/hosts", folder) };
    static const char *const inside[] = { "hosts", "hosts/", "hosts/out", "hosts/DB1/out", "hosts/../hosts/out", "hosts/./out/" };
    static const char *const outside[] = { "out", "hosts2", "hosts/../out", "hosts/DB1/../../out" };
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
        assert_int_equal(survey_outside(paths, 1, arena_printf(&mem, "%s/%s", folder, inside[i])).code, STATUS_BAD_INPUT);
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        assert_string_equal(survey_outside(paths, 1, arena_printf(&mem, "%s/%s", folder, outside[i])).words, "");
}

/* The digest tells nothing of where it was made, and holds no clock: two places, the same bytes. */
static void a_digest_does_not_know_where_it_was_made(void **state)
{
    (void)state;
    make_system("here/DB1/System.evtx", "DB1", 1, 200);
    make_system("there/other/DB1/System.evtx", "DB1", 1, 200);
    surveyed a = survey_of("here", 1), b = survey_of("there", 1);
    assert_same(a.all, b.all);
    buf lines;
    buf_init(&lines, DIGEST_BYTES);
    assert_true(status_is_ok(digest_lines(a.all, &lines)));
    assert_null(strstr(buf_text(&lines), folder));
    buf_done(&lines);
    digest_free(a.all);
    digest_free(b.all);
}

/* Failures under names that never come twice, from addresses and workstations that never do. */
static void make_flood(const char *path, size_t records)
{
    arena own;
    arena_init(&own, 0);
    evtx_writer *w = evtx_writer_open(&own, in_folder(path), NULL);
    moment t = 132000000000000000ull;
    uint64_t dice = records;
    for (size_t i = 0; i < records; i++, t += MOMENT_SECOND / 10) {
        char user[32], source[32], client[32];
        dice = dice * 6364136223846793005ull + 1442695040888963407ull;
        snprintf(user, sizeof user, "u%llx", (unsigned long long)(dice >> 16));
        snprintf(source, sizeof source, "%u.%u.%u.%u", 1 + (unsigned)(dice >> 58), (unsigned)(dice >> 50 & 255), (unsigned)(dice >> 42 & 255), (unsigned)(dice >> 34 & 255));
        snprintf(client, sizeof client, "W%llx", (unsigned long long)(dice >> 20));
        evtx_put(w, &(evtx_out){ .provider = EVTX_AUDITING, .channel = "Security", .computer = "DB1", .id = 4625, .time = t,
                 .fields = EVTX_FIELDS(evtx_str("TargetUserName", user), evtx_u32("LogonType", 3), evtx_str("WorkstationName", client), evtx_str("IpAddress", source), evtx_hex32("SubStatus", 0xc0000064)) });
    }
    assert_true(status_is_ok(evtx_writer_close(w)));
    arena_done(&own);
}

static uint64_t flood_total(digest *d)
{
    size_t count;
    uint64_t total = 0;
    const tally *t = digest_tallies(d, &count);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; strcmp(t[i].kind, "logon.failure") == 0 && j < t[i].bucket_count; j++)
            total += t[i].buckets[j].count;
    return total;
}

/* However many names an attacker tries: the digest stays small, no failure is lost, and what is no longer told apart is said. */
static void a_flood_of_random_names_stays_within_bounds(void **state)
{
    (void)state;
    enum { FEW = 20000, MANY = 60000, MOST_TEXT = 6 << 20 };
    make_flood("few/DB1/Security.evtx", FEW);
    make_flood("many/DB1/Security.evtx", MANY);
    surveyed few = survey_of("few", 1), many = survey_of("many", 1);
    assert_int_equal(flood_total(few.all), FEW);
    assert_int_equal(flood_total(many.all), MANY);
    size_t ways_of_few, ways_of_many, cuts;
    digest_tallies(few.all, &ways_of_few);
    digest_tallies(many.all, &ways_of_many);
    assert_true(ways_of_few >= 1000);
    assert_true(ways_of_many < ways_of_few + MANY / BLOCK_RECORDS + 100);
    const digest_cut *cut = digest_cuts(many.all, &cuts);
    uint64_t dropped = 0;
    for (size_t i = 0; i < cuts; i++)
        dropped += strcmp(cut[i].kind, "logon.failure") == 0 ? cut[i].dropped : 0;
    assert_true(dropped > MANY / 2);
    buf lines;
    buf_init(&lines, DIGEST_BYTES);
    assert_true(status_is_ok(digest_lines(many.all, &lines)));
    assert_true(lines.len < MOST_TEXT);
    buf_done(&lines);
    digest_free(few.all);
    digest_free(many.all);
}

int main(void)
{
#define in_a_folder(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        in_a_folder(a_survey_tells_what_is_there),
        in_a_folder(threads_change_nothing),
        in_a_folder(the_same_twice_counts_once),
        in_a_folder(any_split_of_whole_files_gives_the_same),
        in_a_folder(an_archive_tells_what_its_folder_tells),
        in_a_folder(records_outside_the_window_are_not_seen),
        in_a_folder(damage_is_told_with_its_file_and_costs_no_neighbour),
        in_a_folder(what_cannot_be_read_is_listed_and_counted),
        in_a_folder(a_hive_is_read_with_the_logs_beside_it),
        in_a_folder(threads_and_splits_change_nothing_of_hives),
        in_a_folder(a_hive_in_an_archive_is_read_with_its_logs),
        in_a_folder(a_survey_that_was_cut_off_goes_on),
        in_a_folder(a_torn_digest_is_made_again),
        in_a_folder(nothing_is_written_into_evidence),
        in_a_folder(a_digest_does_not_know_where_it_was_made),
        in_a_folder(a_flood_of_random_names_stays_within_bounds),
    };
    arena_init(&mem, 0);
    if (!status_is_ok(profile_open(NULL, &mem, &facts)))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_done(&mem);
    return failed;
}
