/* What a file is, by its bytes. Names lie: a log is a log under any name. */
#include "evidence/evidence.h"

#include "base/cursor.h"
#include "base/utf16.h"
#include "format/bits.h"
#include "format/pe.h"
#include "format/task_job.h"
#include "format/wmi.h"

#include <string.h>
#include <strings.h>

typedef struct { uint16_t at; uint8_t len; const char *bytes; evidence_type type; } magic;

static const magic magics[] = {
    { 0, 8, "ElfFile\0", EVIDENCE_EVTX },
    { 0, 8, "ElfChnk\0", EVIDENCE_EVTX_CHUNK },
    { 0, 8, "\x30\0\0\0LfLe", EVIDENCE_EVT },
    { 0, 4, "regf", EVIDENCE_REGISTRY },
    { 0, 8, "PAGEDUMP", EVIDENCE_CRASH_DUMP },
    { 0, 8, "PAGEDU64", EVIDENCE_CRASH_DUMP },
    { 0, 4, "MDMP", EVIDENCE_MINIDUMP },
    { 4, 4, "SCCA", EVIDENCE_PREFETCH },
    { 0, 4, "MAM\x04", EVIDENCE_PREFETCH },
    { 0, 4, "FILE", EVIDENCE_MFT },                      /* with its structure: is_mft */
    { 4, 4, "\xef\xcd\xab\x89", EVIDENCE_ESE },
    { 0, 8, "EVF\x09\x0d\x0a\xff\x00", EVIDENCE_DISK_IMAGE },
    { 0, 8, "EVF2\x0d\x0a\x81\x00", EVIDENCE_DISK_IMAGE },
    { 0, 4, "QFI\xfb", EVIDENCE_DISK_IMAGE },
    { 0, 8, "conectix", EVIDENCE_DISK_IMAGE },
    { 0, 8, "vhdxfile", EVIDENCE_DISK_IMAGE },
    { 0, 4, "KDMV", EVIDENCE_DISK_IMAGE },
    { 0, 21, "# Disk DescriptorFile", EVIDENCE_DISK_IMAGE },
    { 64, 4, "\x7f\x10\xda\xbe", EVIDENCE_DISK_IMAGE },  /* VDI */
    { 512, 8, "EFI PART", EVIDENCE_DISK_IMAGE },
    { 3, 8, "NTFS    ", EVIDENCE_DISK_IMAGE },
    { 3, 8, "EXFAT   ", EVIDENCE_DISK_IMAGE },
    { 3, 8, "-FVE-FS-", EVIDENCE_DISK_IMAGE },
    { 0, 4, "\xd4\xc3\xb2\xa1", EVIDENCE_PCAP },
    { 0, 4, "\xa1\xb2\xc3\xd4", EVIDENCE_PCAP },
    { 0, 4, "\x4d\x3c\xb2\xa1", EVIDENCE_PCAP },
    { 0, 4, "\xa1\xb2\x3c\x4d", EVIDENCE_PCAP },
    { 0, 4, "\x0a\x0d\x0d\x0a", EVIDENCE_PCAP },
    { 0, 20, "\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46", EVIDENCE_LINK },
    { 0, 4, "PK\x03\x04", EVIDENCE_ARCHIVE },
    { 0, 4, "PK\x05\x06", EVIDENCE_ARCHIVE },
    { 0, 6, "PK00PK", EVIDENCE_ARCHIVE },
    { 0, 6, "7z\xbc\xaf\x27\x1c", EVIDENCE_ARCHIVE },
    { 0, 6, "Rar!\x1a\x07", EVIDENCE_ARCHIVE },
    { 0, 8, "MSCF\0\0\0\0", EVIDENCE_ARCHIVE },
    { 0, 3, "\x1f\x8b\x08", EVIDENCE_ARCHIVE },
    { 0, 6, "\xfd" "7zXZ\0", EVIDENCE_ARCHIVE },
    { 0, 4, "\x28\xb5\x2f\xfd", EVIDENCE_ARCHIVE },
    { 0, 4, "\x04\x22\x4d\x18", EVIDENCE_ARCHIVE },
    { 257, 5, "ustar", EVIDENCE_ARCHIVE },
};

/* An entry of the master file table: the array of fixups lies behind the header and inside the entry, which is 1 or 4 KiB. */
static bool is_mft(cursor c)
{
    cur_seek(&c, 4, "mft.fixups");
    uint16_t fixups = cur_u16(&c, "mft.fixups"), count = cur_u16(&c, "mft.fixup count");
    cur_seek(&c, 0x18, "mft.used");
    uint32_t used = cur_u32(&c, "mft.used"), allocated = cur_u32(&c, "mft.allocated");
    return cur_ok(&c) && (fixups == 0x2a || fixups == 0x30) && count >= 2 && count <= 9 && used <= allocated && (allocated == 1024 || allocated == 4096);
}

static bool is_bzip2(span s)
{
    return s.len >= 10 && memcmp(s.at, "BZh", 3) == 0 && s.at[3] >= '1' && s.at[3] <= '9' && memcmp(s.at + 4, "1AY&SY", 6) == 0;
}

/* A tar of before POSIX has no magic, but a checksum: the sum of the header's bytes, with blanks where it stands itself. */
static bool is_old_tar(span s)
{
    if (s.len < 512 || s.at[0] == 0)
        return false;
    uint32_t sum = 0, told = 0;
    for (size_t i = 0; i < 512; i++)
        sum += i >= 148 && i < 156 ? ' ' : s.at[i];
    size_t i = 148;
    while (i < 156 && s.at[i] == ' ')
        i++;
    size_t digits = 0;
    for (; i < 156 && s.at[i] >= '0' && s.at[i] <= '7'; i++, digits++)
        told = told * 8 + (uint32_t)(s.at[i] - '0');
    return digits && told == sum;
}

/* A partition table of its own time: at least one partition, flags that are flags, sizes that fit the file. */
static bool is_disk(span s, uint64_t size)
{
    if (s.len < 512 || s.at[510] != 0x55 || s.at[511] != 0xaa)
        return false;
    unsigned partitions = 0;
    for (size_t i = 0; i < 4; i++) {
        const uint8_t *p = s.at + 446 + 16 * i;
        if ((p[0] & 0x7f) != 0)
            return false;
        uint64_t first = le32(p + 8), count = le32(p + 12);
        if (p[4] == 0)
            continue;
        if (first == 0 || count == 0 || (first + count) * 512 > size + (1u << 20))
            return false;
        partitions++;
    }
    return partitions > 0;
}

/* A boot sector of FAT: a jump, 512 to 4096 bytes a sector, and the name of the file system. */
static bool is_fat(span s)
{
    return s.len >= 512 && s.at[510] == 0x55 && s.at[511] == 0xaa && (s.at[0] == 0xeb || s.at[0] == 0xe9) &&
           (memcmp(s.at + 0x36, "FAT", 3) == 0 || memcmp(s.at + 0x52, "FAT32", 5) == 0);
}

static bool holds(const char *text, const char *what)
{
    return strcasestr(text, what) != NULL;
}

/* Text in any of the encodings that Windows writes, as far as the first bytes tell. NUL-terminated UTF-8 in `out`, or false. */
static bool as_text(span s, buf *out)
{
    if (s.len >= 2 && (memcmp(s.at, "\xff\xfe", 2) == 0 || (s.at[0] >= 0x20 && s.at[0] < 0x7f && s.at[1] == 0 && s.len >= 8 && s.at[3] == 0))) {
        utf16_utf8(span_part(s, s.at[0] == 0xff ? 2 : 0, SIZE_MAX), out);
    } else {
        if (s.len >= 3 && memcmp(s.at, "\xef\xbb\xbf", 3) == 0)
            s = span_part(s, 3, SIZE_MAX);
        buf_span(out, s);
    }
    size_t controls = 0;
    for (size_t i = 0; i < out->len; i++) {
        uint8_t c = out->at[i];
        if (c == 0)
            return false;
        controls += c < 0x20 && !strchr("\t\n\r\f\x1b\b", c);
    }
    return controls * 100 <= out->len;
}

static evidence_type text_kind(const char *text)
{
    const char *begin = text + strspn(text, " \t\r\n");
    if (*begin == '{')
        return EVIDENCE_JSONL;
    if (*begin == '[' && begin[1 + strspn(begin + 1, " \t\r\n")] == '{')
        return EVIDENCE_JSONL;
    if (holds(begin, "<Task") && holds(begin, "schemas.microsoft.com/windows/2004/02/mit/task"))
        return EVIDENCE_TASK_XML;
    return EVIDENCE_TEXT;
}

evidence_type evidence_recognise(span first, uint64_t size)
{
    if (size == 0)
        return EVIDENCE_EMPTY;
    span page = span_part(first, 0, EVIDENCE_FIRST);         /* the objects of WMI are told by a page of 8 KiB */
    first = span_part(first, 0, EVIDENCE_FIRST / 2);
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        const magic *m = &magics[i];
        if (!span_eq(span_part(first, m->at, m->len), span_of(m->bytes, m->len)))
            continue;
        if (m->type != EVIDENCE_MFT || is_mft(cur_open(first)))
            return m->type;
    }
    if (wmi_objects_is(page, size) || wmi_map_is(first) || wmi_index_is(first, size))
        return EVIDENCE_WMI;
    if (pe_is(first, size))
        return EVIDENCE_PROGRAM;
    if (is_bzip2(first) || is_old_tar(first))
        return EVIDENCE_ARCHIVE;
    if (is_fat(first) || is_disk(first, size))
        return EVIDENCE_DISK_IMAGE;
    if (bits_is(first))
        return EVIDENCE_BITS;
    if (task_job_is(first, size))
        return EVIDENCE_JOB;

    buf text;
    buf_init(&text, 2 * EVIDENCE_FIRST);
    evidence_type type = as_text(first, &text) ? text_kind(buf_text(&text)) : EVIDENCE_OTHER;
    buf_done(&text);
    return type;
}

const char *evidence_type_word(evidence_type t)
{
    static const char *const words[] = {
        [EVIDENCE_EVTX] = "evtx", [EVIDENCE_EVTX_CHUNK] = "evtx", [EVIDENCE_EVT] = "evt", [EVIDENCE_REGISTRY] = "registry",
        [EVIDENCE_TASK_XML] = "task", [EVIDENCE_JOB] = "job", [EVIDENCE_CRASH_DUMP] = "crash-dump", [EVIDENCE_MINIDUMP] = "minidump",
        [EVIDENCE_DISK_IMAGE] = "disk-image", [EVIDENCE_PREFETCH] = "prefetch", [EVIDENCE_MFT] = "mft", [EVIDENCE_JSONL] = "jsonl",
        [EVIDENCE_PCAP] = "pcap", [EVIDENCE_ESE] = "ese", [EVIDENCE_LINK] = "link", [EVIDENCE_PROGRAM] = "program",
        [EVIDENCE_WMI] = "wmi", [EVIDENCE_BITS] = "bits", [EVIDENCE_ARCHIVE] = "archive", [EVIDENCE_TEXT] = "text", [EVIDENCE_EMPTY] = "empty",
        [EVIDENCE_OTHER] = "other",
    };
    return words[t];
}
