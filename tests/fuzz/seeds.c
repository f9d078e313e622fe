/* Makes inputs for the fuzz targets to begin from, small ones:  fuzz_seeds DIR  writes DIR/evtx/..., DIR/archive/...,
 * DIR/regf/..., DIR/hive/... and DIR/crash_memory/... */
#include "range/dump_write.h"
#include "range/evtx_write.h"
#include "range/regf_write.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { HEADER = 4096, CHUNK = 65536, ROOM = 1 << 20, MEMORY_ROOM = 4 << 20 };
static const moment noon = 132336720000000000ull;      /* 2020-05-11T12:00:00Z */
static const char *folder;

static void require(bool kept, const char *what)
{
    if (!kept) {
        perror(what);
        exit(1);
    }
}

static void put_file(const char *target, const char *name, span bytes)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, target);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/%s", folder, target, name);
    FILE *to = fopen(path, "wb");
    require(to != NULL, path);
    require(fwrite(bytes.at, 1, bytes.len, to) == bytes.len && fclose(to) == 0, path);
}

/* ---- logs ---- */

static void logon(evtx_writer *w, uint32_t id, moment t, const char *user, const char *source, uint64_t type)
{
    evtx_put(w, &(evtx_out){
        .provider = EVTX_AUDITING, .guid = EVTX_AUDITING_GUID, .channel = "Security", .computer = "DB1", .id = id, .task = 12544,
        .keywords = 0x8010000000000000, .time = t, .pid = 520, .tid = 1000,
        .fields = EVTX_FIELDS(evtx_sid("SubjectUserSid", "S-1-0-0"), evtx_str("TargetUserName", user), evtx_str("TargetDomainName", "DB1"),
                              evtx_hex32("Status", 0xc000006d), evtx_hex32("SubStatus", 0xc000006a), evtx_u32("LogonType", type),
                              evtx_hex64("TargetLogonId", 0x4f2a1), evtx_str("WorkstationName", "WIN-A"), evtx_str("IpAddress", source), evtx_str("IpPort", "4711")) });
}

static void security(evtx_writer *w)
{
    for (unsigned i = 0; i < 6; i++)
        logon(w, 4625, noon + i * MOMENT_SECOND, i % 2 ? "sa" : "Administrator", "203.0.113.9", 10);
    logon(w, 4624, noon + MOMENT_MINUTE, "Administrator", "203.0.113.9", 10);
    evtx_put(w, &(evtx_out){
        .provider = EVTX_AUDITING, .guid = EVTX_AUDITING_GUID, .channel = "Security", .computer = "DB1", .id = 4688, .version = 2, .task = 13312,
        .keywords = 0x8020000000000000, .time = noon + 2 * MOMENT_MINUTE, .pid = 4, .tid = 8,
        .fields = EVTX_FIELDS(evtx_sid("SubjectUserSid", "S-1-5-18"), evtx_str("SubjectUserName", "DB1$"), evtx_hex64("SubjectLogonId", 0x3e7),
                              evtx_hex64("NewProcessId", 0x1f4), evtx_str("NewProcessName", "C:\\Windows\\svchost.exe"),
                              evtx_str("CommandLine", "cmd /c powershell -enc ZQBjAGgAbwAgADEA & net user a Secret1! /add"),
                              evtx_str("ParentProcessName", "C:\\Windows\\System32\\services.exe")) });
    evtx_put(w, &(evtx_out){
        .kind = EVTX_USERDATA, .provider = "Microsoft-Windows-Eventlog", .guid = "{fc65ddd8-d6ef-4962-83d5-6e5cfe9ce148}", .channel = "Security",
        .computer = "DB1", .id = 1102, .level = 4, .time = noon + 3 * MOMENT_MINUTE, .pid = 1, .tid = 2, .element = "LogFileCleared",
        .xmlns = "http://manifests.microsoft.com/win/2004/08/windows/eventlog",
        .fields = EVTX_FIELDS(evtx_sid("SubjectUserSid", "S-1-5-21-1-2-3-500"), evtx_str("SubjectUserName", "Administrator"), evtx_hex64("SubjectLogonId", 0x4f2a1)) });
}

static void system_log(evtx_writer *w)
{
    static const uint8_t times[16] = { 0xe4, 7, 5, 0, 1, 0, 11, 0, 12, 0, 15, 0, 3, 0, 0, 0 };
    evtx_put(w, &(evtx_out){
        .provider = "Service Control Manager", .guid = "{555908d1-a6d7-4695-8e1e-26931d2012f4}", .source = "Service Control Manager",
        .channel = "System", .computer = "DB1", .id = 7045, .qualifiers = 16384, .level = 4, .time = noon, .pid = 500, .tid = 600, .user = "S-1-5-18",
        .fields = EVTX_FIELDS(evtx_str("ServiceName", "XpuqZtRk"), evtx_str("ImagePath", "%SystemRoot%\\ZVDEcBZe.exe"), evtx_str("ServiceType", "user mode service"),
                              evtx_str("StartType", "auto start"), evtx_str("AccountName", "LocalSystem")) });
    evtx_put(w, &(evtx_out){
        .kind = EVTX_CLASSIC, .provider = "EventLog", .channel = "System", .computer = "DB1", .id = 6008, .qualifiers = 32768, .level = 2,
        .time = noon + MOMENT_HOUR, .binary = span_of(times, sizeof times), .fields = EVTX_FIELDS(evtx_str(NULL, "12:15:03"), evtx_str(NULL, "2020/5/11"), evtx_str(NULL, "")) });
    evtx_put(w, &(evtx_out){
        .provider = "Microsoft-Windows-WER-SystemErrorReporting", .source = "BugCheck", .channel = "System", .computer = "DB1", .id = 1001, .level = 2,
        .time = noon + MOMENT_HOUR + MOMENT_MINUTE,
        .fields = EVTX_FIELDS(evtx_str("param1", "0x00000050 (0xffffffffffffffd0, 0x1, 0x2, 0x0)"), evtx_str("param2", "C:\\Windows\\MEMORY.DMP"), evtx_str("param3", "051120-1")) });
}

static void all_types(evtx_writer *w)
{
    static const uint8_t systemtime[16] = { 0xe4, 7, 5, 0, 1, 0, 11, 0, 12, 0, 15, 0, 3, 0, 9, 0 }, units[] = { 'a', 0, 0, 0xd8, 'b', 0 }, halves[8] = { 0, 0, 0, 0, 0, 0, 0xf0, 0x3f };
    evtx_field raw[] = {
        { .name = "astring", .type = EVTX_ASTR, .text = "caf" }, { .name = "i8", .type = EVTX_I8, .number = (uint64_t)-1 }, { .name = "u8", .type = EVTX_U8, .number = 255 },
        { .name = "i16", .type = EVTX_I16, .number = (uint64_t)-2 }, { .name = "i32", .type = EVTX_I32, .number = (uint64_t)-3 }, { .name = "i64", .type = EVTX_I64, .number = (uint64_t)-4 },
        { .name = "f64", .type = EVTX_F64, .bytes = span_of(halves, 8) }, { .name = "f32", .type = EVTX_F32, .bytes = span_of(halves + 4, 4) },
        { .name = "systemtime", .type = EVTX_SYSTIME, .bytes = span_of(systemtime, 16) }, { .name = "strings", .type = EVTX_STRS, .text = "one\ntwo\nthree" },
        { .name = "broken", .type = EVTX_STR, .bytes = span_of(units, sizeof units) }, evtx_bool("bool", true), evtx_time("time", noon), evtx_size("size", 4096),
        evtx_guid("guid", "{00112233-4455-6677-8899-AABBCCDDEEFF}"), evtx_sid("sid", "S-1-5-21-1-2-3-500"), evtx_hex64("hex64", 0x3e7), evtx_str("null", NULL), evtx_u16("u16", 7),
        evtx_bin("bin", span_of(systemtime, 5)), evtx_str("markup", "<&\"'>\n\t"),
    };
    for (unsigned i = 0; i < 2; i++)
        evtx_put(w, &(evtx_out){ .provider = "Provider", .channel = "Application", .computer = "DB1", .id = i + 1, .time = noon, .pid = 1, .tid = 2,
                                 .activity = "{00112233-4455-6677-8899-AABBCCDDEEFF}", .fields = raw, .field_count = sizeof raw / sizeof *raw });
}

static span make_log(arena *mem, buf *out, void (*life)(evtx_writer *))
{
    buf_init(out, ROOM);
    evtx_writer *w = evtx_writer_buf(mem, out, NULL);
    life(w);
    require(status_is_ok(evtx_writer_close(w)), "a log");
    return buf_bytes(out);
}

static uint32_t u32_at(const uint8_t *at) { return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24; }

/* A chunk without file header, up to its free space, of even length: the target fills it up. */
static void put_log(arena *mem, const char *name, void (*life)(evtx_writer *))
{
    buf out;
    span log = make_log(mem, &out, life), chunk = span_part(log, HEADER, CHUNK);
    size_t end = (u32_at(chunk.at + 48) + 1) / 2 * 2;
    put_file("evtx", name, span_part(chunk, 0, end));
    buf_done(&out);
}

/* A log that was cleared or went round: the chain of its records ends early, and older ones lie behind. */
static void put_slack(arena *mem, const char *name, void (*life)(evtx_writer *))
{
    enum { KEPT = 3, FIRST = 512, LAST_ID = 16, LAST_NUMBER = 32, LAST_OFFSET = 44, FREE_OFFSET = 48 };
    buf out;
    span log = make_log(mem, &out, life);
    uint8_t *chunk = (uint8_t *)log.at + HEADER;
    size_t end = (u32_at(chunk + FREE_OFFSET) + 1) / 2 * 2;
    uint32_t last = FIRST;
    for (int i = 1; i < KEPT; i++)
        last += u32_at(chunk + last + 4);
    uint32_t after = last + u32_at(chunk + last + 4);
    memcpy(chunk + LAST_OFFSET, &last, 4);
    memcpy(chunk + FREE_OFFSET, &after, 4);
    chunk[LAST_ID] = chunk[LAST_NUMBER] = KEPT;
    put_file("evtx", name, span_of(chunk, end));
    buf_done(&out);
}

/* ---- archives ---- */

typedef struct { struct archive *to; uint8_t *bytes; size_t len; } packed;

static void begin(packed *p, int format, int (*filter)(struct archive *), const char *options)
{
    *p = (packed){ .to = archive_write_new(), .bytes = malloc(ROOM) };
    require(archive_write_set_format(p->to, format) == ARCHIVE_OK, "format");
    require(!filter || filter(p->to) == ARCHIVE_OK, "filter");
    require(!options || archive_write_set_options(p->to, options) == ARCHIVE_OK, "options");
    archive_write_set_bytes_in_last_block(p->to, 1);
    require(archive_write_open_memory(p->to, p->bytes, ROOM, &p->len) == ARCHIVE_OK, "open");
}

static void add(packed *p, const char *name, span bytes)
{
    struct archive_entry *e = archive_entry_new();
    archive_entry_copy_pathname(e, name);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, 0644);
    archive_entry_set_mtime(e, 1589198400, 0);
    archive_entry_set_size(e, (la_int64_t)bytes.len);
    require(archive_write_header(p->to, e) >= ARCHIVE_WARN, "header");
    require(archive_write_data(p->to, bytes.at, bytes.len) == (la_ssize_t)bytes.len, "data");
    archive_entry_free(e);
}

static span done(packed *p)
{
    require(archive_write_close(p->to) >= ARCHIVE_WARN, "close");
    archive_write_free(p->to);
    return span_of(p->bytes, p->len);
}

static void put_archive(const char *name, int format, int (*filter)(struct archive *), const char *options, span log)
{
    packed inner, outer;
    begin(&inner, ARCHIVE_FORMAT_ZIP, NULL, NULL);
    add(&inner, "C/Windows/System32/winevt/Logs/System.evtx", log);
    add(&inner, "../../etc/passwd", span_str("no"));
    span in = done(&inner);
    begin(&outer, format, filter, options);
    add(&outer, "C%3A/Windows/\xe6\x97\xa5\xe5\xbf\x97.evtx", log);
    add(&outer, "/absolute/\x1b[31m.txt", span_str("words\n"));
    add(&outer, "nested.zip", in);
    put_file("archive", name, done(&outer));
    free(inner.bytes);
    free(outer.bytes);
}

/* ---- hives ---- */

static hive *make_hive(arena *mem, unsigned minor)
{
    hive *h = hive_new(mem, &(hive_options){ .minor = minor, .root = "ROOT", .file = "SYSTEM", .clock = noon });
    hive_dword(h, hive_at(h, hive_root(h), "Select"), "Current", 1);
    hive_key *service = hive_at(h, hive_root(h), "ControlSet001\\Services\\\xe6\x9c\x8d\xe5\x8a\xa1");
    hive_expand(h, service, "ImagePath", "%SystemRoot%\\a.exe");
    hive_multi(h, service, "DependOnService", "a\nb");
    hive_class(h, hive_at(h, hive_root(h), "ControlSet001\\Control\\Lsa\\JD"), "00112233");
    hive_sz(h, hive_at(h, hive_root(h), "Winlogon"), "DefaultPassword", "secret");
    hive_key *gone = hive_at(h, hive_root(h), "gone");
    hive_binary(h, gone, "", span_str("what was there"));
    hive_qword(h, service, "gone too", 5);
    hive_commit(h);
    hive_drop(h, gone);
    hive_drop_value(h, service, "gone too");
    hive_commit(h);
    return h;
}

/* Zeros at the end are left out: the target fills up. */
static span trimmed(span s)
{
    while (s.len && s.at[s.len - 1] == 0)
        s.len--;
    s.len += s.len % 2;
    return s;
}

static void put_hive(arena *mem, const char *name, unsigned minor)
{
    buf out;
    hive *h = make_hive(mem, minor);
    buf_init(&out, ROOM);
    hive_bytes(h, &out);
    put_file("regf", name, trimmed(buf_bytes(&out)));
    buf_done(&out);
    hive_done(h);
}

/* ---- hives that the questions find something in: tests/fuzz/hive.c ---- */

static void system_questions(hive *h)
{
    hive_key *root = hive_root(h), *set = hive_at(h, root, "ControlSet001");
    hive_dword(h, hive_at(h, root, "Select"), "Current", 1);
    hive_sz(h, hive_at(h, set, "Control\\ComputerName\\ComputerName"), "ComputerName", "DB1");
    hive_key *service = hive_at(h, set, "Services\\Bad");
    hive_dword(h, service, "Type", 16);
    hive_dword(h, service, "Start", 2);
    hive_expand(h, service, "ImagePath", "%SystemRoot%\\Temp\\svchost.exe -k x");
    hive_key *card = hive_at(h, set, "Services\\Tcpip\\Parameters\\Interfaces\\{00000000-0000-0000-0000-000000000001}");
    hive_multi(h, card, "IPAddress", "192.0.2.1");
    hive_sz(h, hive_at(h, set, "Services\\PortProxy\\v4tov4\\tcp"), "*/65533", "1.1.1.1/53");
    hive_dword(h, hive_at(h, set, "Services\\LanmanServer\\Parameters"), "SMB1", 1);
    hive_sz(h, hive_at(h, set, "Services\\SharedAccess\\Parameters\\FirewallPolicy\\FirewallRules"), "{1}", "v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=65533|Name=DNSd|");
}

static void sam_questions(hive *h)
{
    static const uint8_t user[0xcc + 24] = { [0x0c] = 0, [0x10] = 10 }, fixed[80] = { 2, 0, 1, 0, [0x30] = 0xf4, 1, [0x38] = 0x10, 2 };
    hive_key *account = hive_at(h, hive_root(h), "SAM\\Domains\\Account"), *one = hive_at(h, account, "Users\\000001F4");
    hive_binary(h, account, "F", span_of(fixed, sizeof fixed));
    hive_binary(h, one, "F", span_of(fixed, sizeof fixed));
    hive_binary(h, one, "V", span_of(user, sizeof user));
    hive_value(h, hive_at(h, account, "Users\\Names\\admin$"), span_str(""), 0x1f4, span_str(""));
}

static void software_questions(hive *h)
{
    hive_key *nt = hive_at(h, hive_root(h), "Microsoft\\Windows NT\\CurrentVersion"), *cache = hive_at(h, nt, "Schedule\\TaskCache");
    hive_at(h, hive_root(h), "Classes");
    hive_sz(h, nt, "CurrentVersion", "6.1");
    hive_sz(h, hive_at(h, hive_root(h), "Microsoft\\Windows\\CurrentVersion\\Run"), "x", "cmd.exe /c C:\\Windows\\Temp\\x.bat");
    hive_sz(h, hive_at(h, hive_root(h), "Classes\\CLSID\\{00000000-0000-0000-0000-000000000001}\\InprocServer32"), "", "C:\\x\\y.dll");
    hive_key *task = hive_at(h, cache, "Tasks\\{00000000-0000-0000-0000-000000000002}"), *tree = hive_at(h, cache, "Tree\\T");
    static const uint8_t actions[] = { 1, 0, 0x66, 0x66, 0, 0, 0, 0, 4, 0, 0, 0, 'a', 0, 'b', 0, 0, 0, 0, 0, 0, 0, 0, 0 };
    hive_sz(h, task, "Path", "\\T");
    hive_binary(h, task, "Actions", span_of(actions, sizeof actions));
    hive_binary(h, task, "Hash", span_of("0123456789abcdef0123456789abcdef", 32));
    hive_sz(h, tree, "Id", "{00000000-0000-0000-0000-000000000002}");
}

static void put_questions(arena *mem, const char *name, void (*fill)(hive *))
{
    buf out;
    hive *h = hive_new(mem, &(hive_options){ .minor = 5, .root = "ROOT", .file = name, .clock = noon });
    fill(h);
    hive_commit(h);
    buf_init(&out, ROOM);
    hive_bytes(h, &out);
    put_file("hive", name, trimmed(buf_bytes(&out)));
    buf_done(&out);
    hive_done(h);
}

static void put_dirty_hive(arena *mem, const char *name, hive_log_kind kind)
{
    buf out, part[3];
    hive *h = make_hive(mem, 5);
    hive_log(h);
    hive_dword(h, hive_find(h, hive_root(h), "Select"), "Current", 2);
    hive_commit(h);
    hive_sz(h, hive_at(h, hive_root(h), "new"), "v", "new");
    hive_commit(h);
    for (size_t i = 0; i < 3; i++)
        buf_init(&part[i], ROOM);
    hive_bytes_dirty(h, kind, &part[0], &part[1], &part[2]);
    buf_init(&out, ROOM);
    buf_str(&out, "LOGS");
    span parts[3] = { trimmed(buf_bytes(&part[0])), buf_bytes(&part[1]), buf_bytes(&part[2]) };
    for (size_t i = 0; i < 3; i++)
        buf_put(&out, &(uint32_t){ (uint32_t)parts[i].len }, 4);
    for (size_t i = 0; i < 3; i++) {
        buf_span(&out, parts[i]);
        buf_done(&part[i]);
    }
    put_file("regf", name, buf_bytes(&out));
    buf_done(&out);
    hive_done(h);
}

/* ---- memory of crash dumps: as pieces of a sparse file, tests/fuzz/crash_memory.c ---- */

static void put_pieces(buf *out, span file)
{
    enum { PIECE = 32 };
    buf_put(out, &(uint32_t){ (uint32_t)file.len }, 4);
    static const uint8_t zeros[PIECE];
    for (size_t at = 0; at < file.len;) {
        size_t n = 0;
        while (at + n < file.len && n < 0x8000 && memcmp(file.at + at + n, zeros, file.len - at - n < PIECE ? file.len - at - n : PIECE) != 0)
            n += PIECE;
        if (n == 0) {
            at += PIECE;
            continue;
        }
        n = n < file.len - at ? n : file.len - at;
        buf_put(out, &(uint32_t){ (uint32_t)at }, 4);
        buf_put(out, &(uint16_t){ (uint16_t)n }, 2);
        buf_put(out, file.at + at, n);
        at += n;
    }
}

typedef struct { size_t at; uint64_t value; size_t bytes; } lie;

static void put_dump(const char *name, dump_machine machine, dump_kind kind, nt_version nt, lie l)
{
    char path[1024];
    arena mem;
    arena_init(&mem, 0);
    dump_plan p;
    dump_plan_new(&mem, machine, kind, nt, noon, &p);
    p.drivers.count = 4;
    p.processes.count = 4;
    dump_place(&p);
    snprintf(path, sizeof path, "%s/made.dmp", folder);
    require(status_is_ok(dump_write(&p, path)), path);
    FILE *f = fopen(path, "rb");
    require(f != NULL, path);
    uint8_t *bytes = malloc(MEMORY_ROOM);
    size_t len = fread(bytes, 1, MEMORY_ROOM, f);
    fclose(f);
    remove(path);
    if (l.bytes)
        memcpy(bytes + l.at, &l.value, l.bytes);
    buf out;
    buf_init(&out, MEMORY_ROOM);
    put_pieces(&out, span_of(bytes, len));
    put_file("crash_memory", name, buf_bytes(&out));
    buf_done(&out);
    free(bytes);
    dump_plan_done(&p);
    arena_done(&mem);
}

static void dumps(void)
{
    const lie none = { 0, 0, 0 };
    put_dump("x64-complete", DUMP_X64, DUMP_COMPLETE, NT_61, none);
    put_dump("x64-kernel", DUMP_X64, DUMP_KERNEL, NT_61, none);
    put_dump("x64-bitmap", DUMP_X64, DUMP_BITMAP_KERNEL, NT_100, none);
    put_dump("pae-kernel", DUMP_PAE, DUMP_KERNEL, NT_60, none);
    put_dump("x86-complete", DUMP_X86, DUMP_COMPLETE, NT_60, none);
    put_dump("runs-never-written", DUMP_X64, DUMP_COMPLETE, NT_61, (lie){ 0x88, 0x45474150, 4 });
    put_dump("run-beyond-everything", DUMP_X64, DUMP_COMPLETE, NT_61, (lie){ 0x98, UINT64_MAX - 3, 8 });
    put_dump("bits-beyond-everything", DUMP_X64, DUMP_BITMAP_KERNEL, NT_100, (lie){ 0x2030, 1ull << 63, 8 });
    put_dump("first-page-in-the-map", DUMP_PAE, DUMP_KERNEL, NT_60, (lie){ 0x100c, 0x1010, 4 });
    put_dump("build-unknown", DUMP_X64, DUMP_KERNEL, NT_61, (lie){ 0xc, 31000, 4 });
}

int main(int argc, char **argv)
{
    require(argc == 2, "usage: fuzz_seeds DIR");
    require(setlocale(LC_CTYPE, "C.UTF-8") != NULL, "C.UTF-8");
    folder = argv[1];
    arena mem;
    buf out;
    arena_init(&mem, 0);
    put_log(&mem, "security.chunk", security);
    put_log(&mem, "system.chunk", system_log);
    put_log(&mem, "types.chunk", all_types);
    put_slack(&mem, "slack.chunk", security);
    span log = make_log(&mem, &out, system_log);
    put_file("evtx", "system.evtx", span_part(log, 0, HEADER + 4096));
    span part = span_part(log, 0, HEADER + 2048);
    put_archive("log.zip", ARCHIVE_FORMAT_ZIP, NULL, NULL, part);
    put_archive("log.tar", ARCHIVE_FORMAT_TAR_PAX_RESTRICTED, NULL, NULL, part);
    put_archive("log.tar.gz", ARCHIVE_FORMAT_TAR_GNUTAR, archive_write_add_filter_gzip, NULL, part);
    put_archive("log.tar.xz", ARCHIVE_FORMAT_TAR_USTAR, archive_write_add_filter_xz, NULL, part);
    put_archive("log.tar.zst", ARCHIVE_FORMAT_TAR_USTAR, archive_write_add_filter_zstd, NULL, part);
    put_archive("log.7z", ARCHIVE_FORMAT_7ZIP, NULL, NULL, part);
    buf_done(&out);
    put_hive(&mem, "small.hive", 5);
    put_hive(&mem, "nt4.hive", 3);
    put_questions(&mem, "SYSTEM", system_questions);
    put_questions(&mem, "SAM", sam_questions);
    put_questions(&mem, "SOFTWARE", software_questions);
    put_dirty_hive(&mem, "old.log", HIVE_LOG_OLD);
    put_dirty_hive(&mem, "new.log", HIVE_LOG_NEW);
    dumps();
    arena_done(&mem);
    return 0;
}
