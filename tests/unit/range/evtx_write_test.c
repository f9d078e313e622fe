/* The EVTX writer, held against two independent readers: evtxexport (libevtx-utils) and evtx_dump (the evtx crate). */
#include "range/evtx_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const moment noon = 132336720000000000ull;      /* 2020-05-11T12:00:00Z */
static char folder[] = "/tmp/suyuan-evtx-XXXXXX";

typedef struct { arena mem; char path[64]; evtx_writer *w; } log;

static void begin(log *l, const char *name, const evtx_writer_opts *opts)
{
    arena_init(&l->mem, 0);
    snprintf(l->path, sizeof l->path, "%s/%s.evtx", folder, name);
    l->w = evtx_writer_open(&l->mem, l->path, opts);
}

static void finish(log *l)
{
    status s = evtx_writer_close(l->w);
    assert_string_equal(s.words, "");
    assert_true(status_is_ok(s));
    arena_done(&l->mem);
}

static void put_logon_failure(evtx_writer *w, unsigned n, const char *user)
{
    assert_true(evtx_put(w, &(evtx_out){
        .provider = EVTX_AUDITING, .guid = EVTX_AUDITING_GUID, .channel = "Security", .computer = "数据库-1", .id = 4625, .task = 12544,
        .keywords = 0x8010000000000000, .time = noon + n * MOMENT_SECOND, .pid = 520, .tid = 1000 + n,
        .fields = EVTX_FIELDS(evtx_sid("SubjectUserSid", "S-1-0-0"), evtx_str("TargetUserName", user), evtx_hex32("Status", 0xc000006d),
                              evtx_u32("LogonType", 10), evtx_size("ProcessId", 0x1f4), evtx_hex64("SubjectLogonId", 0x3e7),
                              evtx_guid("LogonGuid", "{00112233-4455-6677-8899-AABBCCDDEEFF}"), evtx_str("IpAddress", "192.168.100.9")) }));
}

static void put_service_state(evtx_writer *w, unsigned n)
{
    static const uint8_t tail[4] = { 0xde, 0xad, 0xbe, 0xef };
    assert_true(evtx_put(w, &(evtx_out){
        .provider = "Service Control Manager", .guid = "{555908d1-a6d7-4695-8e1e-26931d2012f4}", .source = "Service Control Manager",
        .channel = "System", .computer = "DB1", .id = 7036, .qualifiers = 16384, .level = 4, .keywords = 0x8080000000000000,
        .time = noon + n * MOMENT_SECOND, .pid = 500, .tid = 600,
        .fields = EVTX_FIELDS(evtx_str("param1", "Windows 更新 <&\">"), evtx_str("param2", "正在运行"), evtx_bin("Binary", span_of(tail, 4))) }));
}

static void put_unclean_stop(evtx_writer *w, unsigned n)
{
    static const uint8_t times[4] = { 1, 2, 3, 4 };
    assert_true(evtx_put(w, &(evtx_out){
        .kind = EVTX_CLASSIC, .provider = "EventLog", .channel = "System", .computer = "DB1", .id = 6008, .qualifiers = 32768, .level = 2,
        .keywords = 0x80000000000000, .time = noon + n * MOMENT_SECOND, .binary = span_of(times, 4),
        .fields = EVTX_FIELDS(evtx_str(NULL, "12:15:03"), evtx_str(NULL, "\xe2\x80\x8e" "2020/\xe2\x80\x8e" "5/\xe2\x80\x8e" "11"), evtx_str(NULL, "")) }));
}

static void put_cleared(evtx_writer *w)
{
    assert_true(evtx_put(w, &(evtx_out){
        .kind = EVTX_USERDATA, .provider = "Microsoft-Windows-Eventlog", .guid = "{fc65ddd8-d6ef-4962-83d5-6e5cfe9ce148}", .channel = "Security",
        .computer = "DB1", .id = 1102, .level = 4, .task = 104, .keywords = 0x4020000000000000, .time = noon, .pid = 800, .tid = 900,
        .user = "S-1-5-21-1-2-3-500", .activity = "{00112233-4455-6677-8899-aabbccddeeff}",
        .element = "LogFileCleared", .xmlns = "http://manifests.microsoft.com/win/2004/08/windows/eventlog",
        .fields = EVTX_FIELDS(evtx_sid("SubjectUserSid", "S-1-5-21-1-2-3-500"), evtx_str("SubjectUserName", "管理员"), evtx_hex64("SubjectLogonId", 0x1234)) }));
}

static void put_types(evtx_writer *w)
{
    static const uint8_t words[4] = { 1, 0, 2, 0 };
    assert_true(evtx_put(w, &(evtx_out){
        .provider = "Suyuan-Test", .guid = "{00112233-4455-6677-8899-aabbccddeeff}", .channel = "Test", .computer = "DB1", .id = 1, .level = 4, .time = noon, .pid = 1, .tid = 2,
        .element = "AllTypes",
        .fields = EVTX_FIELDS(evtx_str("empty", ""), evtx_str("none", NULL), evtx_u16("u16", 65535), evtx_u64("u64", 18446744073709551615ull), evtx_bool("yes", true),
                              evtx_time("when", noon), { .name = "local", .type = EVTX_SYSTIME, .number = noon }, { .name = "i8", .type = EVTX_I8, .number = (uint64_t)-5 },
                              { .name = "words", .type = 0x86, .bytes = span_of(words, 4) }, { .name = "lines", .type = EVTX_STRS, .text = "one\ntwo" },
                              { .name = "ansi", .type = EVTX_ASTR, .text = "plain" }, evtx_str("pair", "\xf0\x9f\x98\x80")) }));
}

static void put_nothing(evtx_writer *w)
{
    assert_true(evtx_put(w, &(evtx_out){ .provider = "Suyuan-Test", .channel = "Test", .computer = "DB1", .id = 2, .level = 4, .time = noon }));
}

/* What a reader prints, in an arena; NULL when it is not installed. Anything on standard error is a failure. */
static char *read_by(arena *mem, const char *tool, const char *arguments, const char *path)
{
    char command[512], errors[64];
    const char *from_environment = strcmp(tool, "evtx_dump") == 0 ? getenv("SUYUAN_EVTX_DUMP") : NULL;
    if (from_environment)
        tool = from_environment;
    snprintf(command, sizeof command, "command -v '%s' >/dev/null", tool);
    if (system(command) != 0)
        return NULL;
    snprintf(errors, sizeof errors, "%s/errors", folder);
    snprintf(command, sizeof command, "'%s' %s '%s' 2>'%s'", tool, arguments, path, errors);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    buf out;
    char piece[4096];
    buf_init(&out, 64 << 20);
    for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;)
        buf_put(&out, piece, n);
    assert_int_equal(pclose(f), 0);
    struct stat st;
    assert_int_equal(stat(errors, &st), 0);
    assert_int_equal(st.st_size, 0);
    char *text = arena_text(mem, buf_bytes(&out));
    buf_done(&out);
    return text;
}

static size_t count_of(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, what)) != NULL; p += strlen(what))
        n++;
    return n;
}

static void assert_has(const char *text, const char *what)
{
    if (!strstr(text, what))
        fail_msg("missing: %s\nin: %.3000s", what, text);
}

static void write_mixed(const char *name, char path[64])
{
    log l;
    begin(&l, name, NULL);
    for (unsigned i = 0; i < 300; i++) {
        put_logon_failure(l.w, i, i % 3 ? "Administrator" : "管理员");
        put_service_state(l.w, i);
        put_unclean_stop(l.w, i);
        if (i % 50 == 0) {
            put_cleared(l.w);
            put_types(l.w);
            put_nothing(l.w);
        }
    }
    memcpy(path, l.path, sizeof l.path);
    finish(&l);
}

static void evtx_dump_reads_every_record(void **state)
{
    (void)state;
    arena mem;
    char path[64];
    arena_init(&mem, 0);
    write_mixed("mixed", path);
    char *out = read_by(&mem, "evtx_dump", "-o jsonl -t 1", path);
    if (!out) {
        arena_done(&mem);
        skip();
    }
    assert_int_equal(count_of(out, "\n"), 918);
    assert_int_equal(count_of(out, "\"EventID\":4625"), 300);
    assert_int_equal(count_of(out, "\"TargetUserName\":\"管理员\""), 100);
    assert_has(out, "\"Computer\":\"数据库-1\"");
    assert_has(out, "\"Status\":\"0xc000006d\"");
    assert_has(out, "\"ProcessId\":\"0x1f4\"");
    assert_has(out, "\"LogonGuid\":\"{00112233-4455-6677-8899-aabbccddeeff}\"");
    assert_has(out, "\"Provider\":{\"#attributes\":{\"Name\":\"Microsoft-Windows-Security-Auditing\",\"Guid\":\"{54849625-5478-4994-a5ba-3e3b0328c30d}\"}}");
    assert_has(out, "{\"#attributes\":{\"Qualifiers\":16384},\"#text\":7036}");
    assert_has(out, "\"param1\":\"Windows 更新 <&\\\">\",\"param2\":\"正在运行\",\"Binary\":\"DEADBEEF\"");
    assert_has(out, "\"Data\":{\"#text\":[\"12:15:03\",\"\xe2\x80\x8e" "2020/\xe2\x80\x8e" "5/\xe2\x80\x8e" "11\",\"\"]},\"Binary\":\"01020304\"");
    assert_has(out, "\"UserData\":{\"LogFileCleared\":{\"#attributes\":{\"xmlns\":\"http://manifests.microsoft.com/win/2004/08/windows/eventlog\"},"
                    "\"SubjectUserSid\":\"S-1-5-21-1-2-3-500\",\"SubjectUserName\":\"管理员\",\"SubjectLogonId\":\"0x1234\"}}");
    assert_has(out, "\"Security\":{\"#attributes\":{\"UserID\":\"S-1-5-21-1-2-3-500\"}}");
    assert_has(out, "\"u16\":65535,\"u64\":18446744073709551615,\"yes\":true,\"when\":\"2020-05-11T12:00:00.0000000Z\"");
    assert_has(out, "\"i8\":-5");
    assert_has(out, "\"pair\":\"\xf0\x9f\x98\x80\"");
    arena_done(&mem);
}

static void evtxexport_reads_every_record(void **state)
{
    (void)state;
    arena mem;
    char path[64];
    arena_init(&mem, 0);
    write_mixed("mixed", path);
    char *out = read_by(&mem, "evtxexport", "-f xml", path);
    if (!out) {
        arena_done(&mem);
        skip();
    }
    assert_int_equal(count_of(out, "<Event xmlns="), 918);
    assert_int_equal(count_of(out, ">4625</EventID>"), 300);
    assert_int_equal(count_of(out, ">管理员</Data>"), 100);
    assert_has(out, "正在运行");
    assert_has(out, "<Data>12:15:03</Data>");
    assert_has(out, "<LogFileCleared xmlns=\"http://manifests.microsoft.com/win/2004/08/windows/eventlog\">");
    char *info = read_by(&mem, "evtxinfo", "", path);
    assert_has(info, "Number of records\t\t: 918");
    assert_null(strstr(info, "corrupted"));
    assert_null(strstr(info, "dirty"));
    assert_has(info, "Number of recovered records\t: 0");
    arena_done(&mem);
}

static void a_full_log_forgets_its_oldest_records(void **state)
{
    (void)state;
    arena mem;
    arena_init(&mem, 0);
    log l;
    begin(&l, "ring", &(evtx_writer_opts){ .max_bytes = 4096 + 4 * 65536, .first_record = 5000 });
    for (unsigned i = 0; i < 2000; i++)
        put_logon_failure(l.w, i, "sa");
    uint64_t first = evtx_writer_first(l.w);
    assert_true(first > 6000 && first < 7000);
    assert_int_equal(evtx_writer_next(l.w), 7000);
    assert_int_equal(evtx_writer_first_time(l.w), noon + (first - 5000) * MOMENT_SECOND);
    char path[64];
    memcpy(path, l.path, sizeof path);
    finish(&l);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 4096 + 4 * 65536);
    char *out = read_by(&mem, "evtx_dump", "-o jsonl -t 1", path);
    if (!out) {
        arena_done(&mem);
        skip();
    }
    assert_int_equal(count_of(out, "\n"), 7000 - first);
    char *oldest = arena_printf(&mem, "\"EventRecordID\":%u,", (unsigned)first);
    assert_in_range(strstr(out, oldest) - out, 0, 1200);
    arena_done(&mem);
}

static void a_cleared_log_starts_empty_and_counts_on(void **state)
{
    (void)state;
    arena mem;
    arena_init(&mem, 0);
    log l;
    begin(&l, "cleared", NULL);
    for (unsigned i = 0; i < 500; i++)
        put_logon_failure(l.w, i, "sa");
    evtx_writer_clear(l.w);
    assert_int_equal(evtx_writer_first(l.w), 501);
    assert_int_equal(evtx_writer_first_time(l.w), MOMENT_UNKNOWN);
    put_cleared(l.w);
    put_service_state(l.w, 1);
    char path[64];
    memcpy(path, l.path, sizeof path);
    finish(&l);
    char *out = read_by(&mem, "evtx_dump", "-o jsonl -t 1", path);
    if (!out) {
        arena_done(&mem);
        skip();
    }
    assert_int_equal(count_of(out, "\n"), 2);
    assert_has(out, "\"EventRecordID\":501,");
    arena_done(&mem);
}

static void a_copy_holds_what_stood_in_the_log_then(void **state)
{
    (void)state;
    arena mem;
    char copy[64];
    arena_init(&mem, 0);
    log l;
    begin(&l, "copied", NULL);
    snprintf(copy, sizeof copy, "%s/copy.evtx", folder);
    for (unsigned i = 0; i < 300; i++) {
        put_service_state(l.w, i);
        if (i == 199)
            assert_true(evtx_writer_copy(l.w, copy));
    }
    finish(&l);
    char *out = read_by(&mem, "evtx_dump", "-o jsonl -t 1", copy);
    if (!out) {
        arena_done(&mem);
        skip();
    }
    assert_int_equal(count_of(out, "\n"), 200);
    arena_done(&mem);
}

static void memory_and_file_hold_the_same_bytes(void **state)
{
    (void)state;
    arena mem;
    char path[64];
    buf out, file;
    arena_init(&mem, 0);
    buf_init(&out, 64 << 20);
    buf_init(&file, 64 << 20);
    evtx_writer *w = evtx_writer_buf(&mem, &out, NULL);
    log l;
    begin(&l, "same", NULL);
    for (unsigned i = 0; i < 200; i++) {
        put_logon_failure(w, i, "sa");
        put_logon_failure(l.w, i, "sa");
    }
    memcpy(path, l.path, sizeof path);
    assert_true(status_is_ok(evtx_writer_close(w)));
    finish(&l);
    FILE *f = fopen(path, "rb");
    char piece[4096];
    for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;)
        buf_put(&file, piece, n);
    fclose(f);
    assert_true(span_eq(buf_bytes(&out), buf_bytes(&file)));
    assert_int_equal(out.len % 65536, 4096);
    buf_done(&out);
    buf_done(&file);
    arena_done(&mem);
}

static void a_record_that_no_chunk_holds_is_refused_with_words(void **state)
{
    (void)state;
    arena mem;
    buf out;
    arena_init(&mem, 0);
    buf_init(&out, 1 << 20);
    char *long_text = arena_alloc(&mem, 40000);
    memset(long_text, 'x', 39999);
    evtx_writer *w = evtx_writer_buf(&mem, &out, NULL);
    assert_true(evtx_put_named(w, "P", "C", 1, "H", noon, "a", "short", NULL));
    assert_false(evtx_put_named(w, "P", "C", 1, "H", noon, "a", long_text, NULL));
    status s = evtx_writer_close(w);
    assert_int_equal(s.code, STATUS_LIMIT);
    assert_non_null(strstr(s.words, "does not fit"));
    buf_done(&out);
    arena_done(&mem);
}

static int make_folder(void **state) { (void)state; return mkdtemp(folder) ? 0 : -1; }
static int remove_folder(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evtx_dump_reads_every_record),
        cmocka_unit_test(evtxexport_reads_every_record),
        cmocka_unit_test(a_full_log_forgets_its_oldest_records),
        cmocka_unit_test(a_cleared_log_starts_empty_and_counts_on),
        cmocka_unit_test(a_copy_holds_what_stood_in_the_log_then),
        cmocka_unit_test(memory_and_file_hold_the_same_bytes),
        cmocka_unit_test(a_record_that_no_chunk_holds_is_refused_with_words),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
