/* Jobs of the transfer service: what they fetch, and what they run when they have it. */
#include "cmocka_all.h"
#include "bytes.h"
#include "format/bits.h"

typedef struct { arena mem; problems noted; buf b; bits q; } ground;

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

static const char queue_file[] = "\x13\xF7\x2B\xC8\x40\x99\x12\x4A\x9F\x1A\x3A\xAE\xBD\x89\x4E\xEA", queue_part[] = "\x47\x44\x5F\0\xA9\xBD\xBA\x44\x98\x51\xC4\x7B\xB6\xC0\x7A\xCE",
                  transfer[] = "\x36\xDA\x56\x77\x6F\x51\x5A\x43\xAC\xAC\x44\xA2\x48\xFF\xF3\x4D", file_mark[] = "\xE4\xCF\x9E\x51\x46\xD9\x97\x43\xB7\x3E\x26\x85\x13\x05\x1A\xB2",
                  job_win7[] = "\x8C\x93\xEA\x64\x03\x0F\x68\x40\xB4\x6F\xF9\x7F\xE5\x1D\x4D\xCD", job_win10[] = "\xA1\x56\x09\xE1\x43\xAF\xC9\x42\x92\xE6\x6F\x98\x56\xEB\xA7\xF6";
static const uint64_t noon = 132336720000000000ull;

static void text(buf *b, const char *ascii)
{
    put32(b, (uint32_t)strlen(ascii) + 1);
    put_units(b, ascii);
    put16(b, 0);
}

static void file(buf *b, const char *local, const char *url)
{
    text(b, local);
    text(b, url);
    text(b, "C:\\Temp\\BIT1.tmp");
    put64(b, 100);
    put64(b, 1000);
    put8(b, 0);
    text(b, "C:\\");
    text(b, "\\\\?\\Volume{1}\\");
}

static void job_head(buf *b, const char *mark, char id, const char *command, const char *arguments)
{
    buf_put(b, mark, 16);
    put32(b, 0);
    put32(b, 2);
    put32(b, 6);
    put32(b, 0);
    for (size_t i = 0; i < 16; i++)
        buf_char(b, id);
    text(b, "backdoor");
    text(b, "desc");
    text(b, command);
    text(b, arguments);
    text(b, "S-1-5-18");
    put32(b, 3);
    put_zeros(b, 40);
    buf_put(b, transfer, 16);
}

static void job_tail(buf *b, uint32_t errors, size_t each, uint64_t modified)
{
    buf_put(b, transfer, 16);
    put32(b, errors);
    put_zeros(b, errors * each);
    put32(b, 0);
    put32(b, 600);
    put32(b, 86400);
    put64(b, noon);
    put64(b, modified);
    put64(b, noon + 2);
    put_zeros(b, 14);
    put64(b, noon + 3);
    put64(b, noon + 4);
}

static void old_job(buf *b, char id, const char *command)
{
    job_head(b, job_win7, id, command, "-x");
    put32(b, 2);
    file(b, "C:\\Users\\Public\\a.exe", "http://198.51.100.7/a.exe");
    buf_put(b, "\3\0\0\0", 4);
    put_zeros(b, 7);
    file(b, "\\\\srv\\share\\b.exe", "http://198.51.100.7/b.exe");
    job_tail(b, 0, 25, noon + 1);
}

static void queue_head(buf *b)
{
    put_zeros(b, 16);
    buf_put(b, queue_file, 16);
    buf_put(b, queue_part, 16);
    put32(b, 1);
}

static const bits *read_made(ground *g)
{
    assert_true(status_is_ok(bits_read(&g->mem, buf_bytes(&g->b), &g->noted, &g->q)));
    return &g->q;
}

static void a_queue_file_tells_its_jobs_and_those_it_forgot(void **state)
{
    ground *g = *state;
    queue_head(&g->b);
    old_job(&g->b, 'A', "C:\\Windows\\System32\\cmd.exe");
    buf_put(&g->b, queue_part, 16);
    put_zeros(&g->b, 32);
    buf_put(&g->b, queue_file, 16);
    old_job(&g->b, 'B', "");
    assert_true(bits_is(buf_bytes(&g->b)));
    const bits *q = read_made(g);
    assert_false(q->database);
    assert_int_equal(q->job_count, 2);
    const bits_job *j = &q->jobs[0];
    assert_false(j->recovered || j->loose);
    assert_true(q->jobs[1].recovered);
    assert_string_equal(j->id, "{41414141-4141-4141-4141-414141414141}");
    assert_string_equal(j->name, "backdoor");
    assert_string_equal(j->description, "desc");
    assert_string_equal(j->command, "C:\\Windows\\System32\\cmd.exe");
    assert_string_equal(j->arguments, "-x");
    assert_string_equal(j->owner, "S-1-5-18");
    assert_string_equal(bits_state_word(j->state), "transferred");
    assert_string_equal(bits_type_word(j->type), "download");
    assert_int_equal(j->notify, 3);
    assert_int_equal(j->created, noon);
    assert_int_equal(j->modified, noon + 1);
    assert_int_equal(j->completed, noon + 2);
    assert_int_equal(j->expires, noon + 4);
    assert_int_equal(j->file_count, 2);
    assert_string_equal(j->files[0].url, "http://198.51.100.7/a.exe");
    assert_string_equal(j->files[0].local, "C:\\Users\\Public\\a.exe");
    assert_string_equal(j->files[0].temporary, "C:\\Temp\\BIT1.tmp");
    assert_string_equal(j->files[0].volume, "\\\\?\\Volume{1}\\");
    assert_int_equal(j->files[0].done, 100);
    assert_int_equal(j->files[0].size, 1000);
    assert_string_equal(j->files[1].local, "\\\\srv\\share\\b.exe");
    assert_int_equal(q->file_count, 0);
    assert_int_equal(g->noted.count, 0);
}

static void put_database(ground *g, const char *command, uint32_t errors, size_t each, uint64_t modified)
{
    buf *b = &g->b;
    if (b->len == 0) {
        put32(b, 0);
        put32(b, 0x89ABCDEF);
        put_zeros(b, 100);
    }
    job_head(b, job_win10, 'J', command, "");
    put32(b, 1);
    buf_put(b, "FILE-ID-16-BYTES", 16);
    job_tail(b, errors, each, modified);
    put_zeros(b, 64);
}

static void a_database_is_carved_and_files_find_their_job(void **state)
{
    ground *g = *state;
    put_database(g, "", 0, 21, noon + 1);
    put_database(g, "evil.exe", 1, 21, noon + 7);
    put_database(g, "evil.exe", 0, 21, noon + 5);            /* an older writing */
    buf_put(&g->b, "FILE-ID-16-BYTES", 16);
    put_zeros(&g->b, 6);
    buf_put(&g->b, file_mark, 16);
    file(&g->b, "C:\\a.exe", "https://x/a.exe");
    put_zeros(&g->b, 22);
    buf_put(&g->b, file_mark, 16);
    file(&g->b, "C:\\b.exe", "https://x/b.exe");
    const bits *q = read_made(g);
    assert_true(q->database);
    assert_int_equal(q->job_count, 1);
    assert_true(q->jobs[0].loose);
    assert_string_equal(q->jobs[0].command, "evil.exe");
    assert_int_equal(q->jobs[0].modified, noon + 7);
    assert_int_equal(q->jobs[0].file_count, 1);
    assert_string_equal(q->jobs[0].files[0].url, "https://x/a.exe");
    assert_int_equal(q->file_count, 1);
    assert_string_equal(q->files[0].url, "https://x/b.exe");
}

static void errors_of_both_sizes_are_passed_over(void **state)
{
    ground *g = *state;
    static const size_t sizes[] = { 21, 25 };
    for (size_t i = 0; i < 2; i++) {
        buf_clear(&g->b);
        put_database(g, "x", 3, sizes[i], noon + 1);
        const bits *q = read_made(g);
        assert_int_equal(q->jobs[0].created, noon);
        assert_int_equal(q->jobs[0].expires, noon + 4);
    }
}

static void times_that_cannot_be_are_unknown(void **state)
{
    ground *g = *state;
    put_database(g, "x", 0, 21, 1);
    const bits *q = read_made(g);
    assert_int_equal(q->jobs[0].created, MOMENT_UNKNOWN);
    assert_int_equal(q->jobs[0].expires, MOMENT_UNKNOWN);
}

static void every_torn_queue_keeps_what_came_before(void **state)
{
    ground *g = *state;
    queue_head(&g->b);
    old_job(&g->b, 'A', "cmd.exe");
    size_t with_command = 0, most = 0;
    for (size_t len = 0; len <= g->b.len; len++) {
        uint8_t *exact = test_malloc(len ? len : 1);
        memcpy(exact, g->b.at, len);
        problems noted;
        bits q;
        problems_init(&noted, &g->mem);
        if (status_is_ok(bits_read(&g->mem, span_of(exact, len), &noted, &q)) && q.job_count) {
            with_command += *q.jobs[0].command != '\0';
            assert_true(q.jobs[0].file_count >= most);
            most = q.jobs[0].file_count;
            if (!*q.jobs[0].owner)
                assert_true(problems_has(&noted, "bits.job"));
        }
        test_free(exact);
    }
    assert_int_equal(most, 2);
    assert_true(with_command > 100);
}

static void what_is_no_queue_is_refused(void **state)
{
    ground *g = *state;
    put_zeros(&g->b, 4096);
    assert_int_equal(bits_read(&g->mem, buf_bytes(&g->b), &g->noted, &g->q).code, STATUS_DAMAGED);
    assert_false(bits_is(buf_bytes(&g->b)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_queue_file_tells_its_jobs_and_those_it_forgot),
        TEST(a_database_is_carved_and_files_find_their_job),
        TEST(errors_of_both_sizes_are_passed_over),
        TEST(times_that_cannot_be_are_unknown),
        TEST(every_torn_queue_keeps_what_came_before),
        TEST(what_is_no_queue_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
