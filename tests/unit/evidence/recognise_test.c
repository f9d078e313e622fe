#include "evidence/evidence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const char *samples(void)
{
    const char *told = getenv("SUYUAN_SAMPLES");
    return told ? told : SOURCE_ROOT "/../shared/samples";
}

static evidence_type of_file(const char *path)
{
    uint8_t first[EVIDENCE_FIRST];
    FILE *from = fopen(path, "rb");
    if (!from)
        fail_msg("cannot open %s", path);
    size_t len = fread(first, 1, sizeof first, from);
    fseek(from, 0, SEEK_END);
    long size = ftell(from);
    fclose(from);
    return evidence_recognise(span_of(first, len), (uint64_t)size);
}

static void real_files_are_what_they_are(void **state)
{
    static const struct { const char *path; evidence_type type; } known[] = {
        { "artifacts/misc/SysEvent.Evt", EVIDENCE_EVT },
        { "artifacts/misc/NTUSER.DAT", EVIDENCE_REGISTRY },
        { "artifacts/regf/SAM", EVIDENCE_REGISTRY },
        { "artifacts/misc/image.E01", EVIDENCE_DISK_IMAGE },
        { "artifacts/misc/image.qcow2", EVIDENCE_DISK_IMAGE },
        { "artifacts/misc/image.vhd", EVIDENCE_DISK_IMAGE },
        { "artifacts/misc/image.vmdk", EVIDENCE_DISK_IMAGE },
        { "artifacts/misc/test.pcap", EVIDENCE_PCAP },
        { "artifacts/misc/wintask.job", EVIDENCE_JOB },
        { "artifacts/misc/powershell_transcript.txt", EVIDENCE_TEXT },
        { "artifacts/misc/windows_firewall.log", EVIDENCE_TEXT },
        { "artifacts/winprefetch/CMD.EXE-087B4001.pf", EVIDENCE_PREFETCH },
        { "artifacts/winprefetch/BYTECODEGENERATOR.EXE-C1E9BCE6.pf", EVIDENCE_PREFETCH },
        { "artifacts/mft/entry_single_file", EVIDENCE_MFT },
        { "artifacts/recycler/$II3DF3L.zip", EVIDENCE_OTHER },
        { "extra/evt/dissect-TestLog.evt", EVIDENCE_EVT },
        { "extra/artifacts/mft/DFR-16.MFT", EVIDENCE_MFT },
        { "extra/incidents/zeus-win7/System.evtx", EVIDENCE_EVTX },
        { "extra/incidents/zeus-win7/fast.log.xz", EVIDENCE_ARCHIVE },
        { "extra/incidents/aptsim-win10/APTSimulatorVM_EventLogs.7z", EVIDENCE_ARCHIVE },
        { "extra/incidents/aptsim-win10/Tasks.zip", EVIDENCE_ARCHIVE },
        { "extra/formats/nxlog-json/T1053.005-attack_data.tar.gz", EVIDENCE_ARCHIVE },
        { "extra/crash/user-minidump/breakpad-ascii_read_av.dmp", EVIDENCE_MINIDUMP },
        { "MANIFEST.tsv", EVIDENCE_TEXT },
    };
    (void)state;
    char path[1024];
    snprintf(path, sizeof path, "%s/MANIFEST.tsv", samples());
    FILE *there = fopen(path, "rb");
    if (!there)
        skip();
    fclose(there);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        snprintf(path, sizeof path, "%s/%s", samples(), known[i].path);
        evidence_type got = of_file(path);
        if (got != known[i].type)
            fail_msg("%s is taken for %s", known[i].path, evidence_type_word(got));
    }
}

static evidence_type of(const void *bytes, size_t len)
{
    return evidence_recognise(span_of(bytes, len), len);
}
#define OF(text) of(text, sizeof(text) - 1)

static void text_is_told_by_what_it_says(void **state)
{
    (void)state;
    assert_int_equal(OF("{\"Event\": 1}\n{\"Event\": 2}\n"), EVIDENCE_JSONL);
    assert_int_equal(OF("\xef\xbb\xbf {\"Event\": 1}"), EVIDENCE_JSONL);
    assert_int_equal(OF("[ {\"Event\": 1}, {} ]"), EVIDENCE_JSONL);
    assert_int_equal(OF("[section]\nkey=1\n"), EVIDENCE_TEXT);
    assert_int_equal(OF("\xff\xfeh\0i\0"), EVIDENCE_TEXT);
    assert_int_equal(OF("\xd6\xf7\xbb\xfa"), EVIDENCE_TEXT);
    assert_int_equal(OF("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">"), EVIDENCE_TASK_XML);
    assert_int_equal(OF("<Task>no schema</Task>"), EVIDENCE_TEXT);
    static const char wide[] = "<Task xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">";
    char units[2 + 2 * sizeof wide] = "\xff\xfe";
    for (size_t i = 0; i < sizeof wide - 1; i++)
        units[2 + 2 * i] = wide[i];
    assert_int_equal(of(units, 2 + 2 * (sizeof wide - 1)), EVIDENCE_TASK_XML);
    assert_int_equal(of(units + 2, 2 * (sizeof wide - 1)), EVIDENCE_TASK_XML);
}

static void artifacts_of_a_host_are_known_by_their_beginnings(void **state)
{
    (void)state;
    uint8_t b[16384] = { 0 };
    memcpy(b, "\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46", 20);
    assert_int_equal(of(b, 76), EVIDENCE_LINK);
    memset(b, 0, sizeof b);
    memcpy(b + 16, "\x13\xF7\x2B\xC8\x40\x99\x12\x4A\x9F\x1A\x3A\xAE\xBD\x89\x4E\xEA", 16);
    assert_int_equal(of(b, 4096), EVIDENCE_BITS);
    memset(b, 0, sizeof b);
    memcpy(b, "MZ", 2);
    b[60] = 0x80;
    assert_int_not_equal(of(b, 4096), EVIDENCE_PROGRAM);
    memcpy(b + 0x80, "PE\0\0", 4);
    assert_int_equal(of(b, 4096), EVIDENCE_PROGRAM);
    memset(b, 0, sizeof b);
    memcpy(b, "\xcd\xab\0\0\x05\0\0\0\x10\0\0\0\x10\0\0\0\x10\0\0\0", 20);
    assert_int_equal(of(b, 80), EVIDENCE_WMI);
    memcpy(b, "\xcc\xac\0\0\x05\0\0\0\0\0\0\0\x10\0\0\0", 16);
    assert_int_equal(of(b, 8192), EVIDENCE_WMI);
    assert_int_equal(of(b, 8000), EVIDENCE_OTHER);
    /* A page of objects: entries that lie one behind the other, and the first one right behind the table. */
    memset(b, 0, sizeof b);
    memcpy(b, "\x01\0\0\0\x30\0\0\0\x10\0\0\0\0\0\0\0\x02\0\0\0\x40\0\0\0\x20\0\0\0\0\0\0\0", 32);
    assert_int_equal(of(b, 16384), EVIDENCE_WMI);
    assert_int_equal(of(b, 16000), EVIDENCE_OTHER);
    b[20] = 0x41;
    assert_int_equal(of(b, 16384), EVIDENCE_OTHER);
}

static void a_signature_alone_is_not_enough_where_it_is_weak(void **state)
{
    (void)state;
    assert_int_equal(OF("FILE this is a text that begins so"), EVIDENCE_TEXT);
    assert_int_equal(OF("\0\0\0\0\0\0\0\0"), EVIDENCE_OTHER);
    uint8_t sector[512] = { 0 };
    sector[510] = 0x55;
    sector[511] = 0xaa;
    assert_int_equal(of(sector, sizeof sector), EVIDENCE_OTHER);
    sector[446] = 0x80;
    sector[446 + 4] = 7;
    sector[446 + 9] = 8;                         /* first sector 2048 */
    sector[446 + 13] = 8;                        /* 2048 sectors */
    assert_int_equal(evidence_recognise(span_of(sector, sizeof sector), 4096 * 512), EVIDENCE_DISK_IMAGE);
    assert_int_equal(evidence_recognise(span_of(sector, sizeof sector), 512), EVIDENCE_OTHER);
    assert_int_equal(of("", 0), EVIDENCE_EMPTY);
}

static void any_beginning_is_safe(void **state)
{
    (void)state;
    static const char *const begins[] = { "ElfFile", "FILE0", "MAM", "PK\x03", "BZh91AY&SY", "\x00\x05\x01\x00", "\xff\xfe", "[", "{" };
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        for (size_t len = 0; len <= strlen(begins[i]); len++) {
            char *exact = malloc(len + !len);
            memcpy(exact, begins[i], len);
            assert_non_null(evidence_type_word(evidence_recognise(span_of(exact, len), 1 << 20)));
            free(exact);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_files_are_what_they_are),
        cmocka_unit_test(text_is_told_by_what_it_says),
        cmocka_unit_test(artifacts_of_a_host_are_known_by_their_beginnings),
        cmocka_unit_test(a_signature_alone_is_not_enough_where_it_is_weak),
        cmocka_unit_test(any_beginning_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
