/* SOFTWARE: what the system calls itself, what starts with it, what is installed, who has a profile - and the thousands of
 * classes and components among which the few that matter stand.
 *
 * Source    places and defaults as Microsoft's documentation and published hives of Windows Server 2008 to 2016 have them. */
#include "range/host.h"

typedef struct {
    const char *key, *value, *text;
    int from;
} text_row; /* as in host_system.c; from: first nt_version */

#define ROW(...) { __VA_ARGS__ },
static const text_row rows[] = {
#include "range/data/software.def"
};

/* Classes that others refer to by number, with the files that public lists give them. */
#define CLASS(...) { __VA_ARGS__ },
static const struct {
    const char *clsid, *name, *file;
} classes[] = {
#include "range/data/classes.def"
};

static void put_class(estate *e, hive *h, const char *clsid, const char *name, const char *file)
{
    hive_key *k = hive_at(h, hive_root(h), host_print(e, "Classes\\CLSID\\%s", clsid)), *s = hive_at(h, k, "InprocServer32");
    hive_sz(h, k, "", name);
    hive_expand(h, s, "", host_print(e, "%%SystemRoot%%\\system32\\%s", file));
    hive_sz(h, s, "ThreadingModel", "Both");
}

/* The mass of a SOFTWARE hive. Numbers of its own: they name nothing that exists. */
static void mass(estate *e, hive *h)
{
    static const char *const files[] = { "ole32.dll",   "shell32.dll",  "oleaut32.dll",   "msxml3.dll",  "msxml6.dll",
                                         "mshtml.dll",  "urlmon.dll",   "dxtmsft.dll",    "quartz.dll",  "wbem\\wbemprox.dll",
                                         "certenc.dll", "catsrvut.dll", "es.dll",         "netcfgx.dll", "mmcndmgr.dll",
                                         "mstscax.dll", "propsys.dll",  "thumbcache.dll", "wuapi.dll",   "taskschd.dll",
                                         "comsvcs.dll", "rdpencom.dll", "upnp.dll",       "qdvd.dll",    "dskquota.dll" },
                             *const extensions[] = { "bmp", "gif", "jpg", "png", "ico", "xml", "htm", "css", "log", "ini",
                                                     "inf", "dll", "sys", "cat", "cer", "crt", "pfx", "zip", "cab", "msi",
                                                     "msp", "wav", "mp3", "avi", "wmv", "rtf", "doc", "xls", "ppt", "pdf",
                                                     "csv", "bak", "mdf", "ldf", "trn", "sql", "ps1", "vbs", "wsf", "reg",
                                                     "lnk", "url", "scr", "cpl", "msc", "chm", "hlp", "ttf", "otf", "fon" };
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        put_class(e, h, classes[i].clsid, classes[i].name, classes[i].file);
    for (unsigned i = 0; i < 3000; i++) {
        put_class(e, h, host_guid(e, host_print(e, "class %u", i)), host_print(e, "Class %u", i),
                  files[i % (sizeof files / sizeof *files)]);
        hive_key *k = hive_at(h, hive_root(h), host_print(e, "Classes\\Interface\\%s", host_guid(e, host_print(e, "interface %u", i))));
        hive_sz(h, k, "", host_print(e, "IInterface%u", i));
        hive_sz(h, hive_at(h, k, "ProxyStubClsid32"), "", "{00020424-0000-0000-C000-000000000046}");
        hive_sz(h, hive_at(h, k, "NumMethods"), "", host_print(e, "%u", 3 + i % 40));
    }
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++) {
        hive_key *k = hive_at(h, hive_root(h), host_print(e, "Classes\\.%s", extensions[i]));
        hive_sz(h, k, "", host_print(e, "%sfile", extensions[i]));
        hive_sz(h, k, "PerceivedType", i < 5 ? "image" : "document");
        hive_expand(h, hive_at(h, hive_root(h), host_print(e, "Classes\\%sfile\\DefaultIcon", extensions[i])), "",
                    host_print(e, "%%SystemRoot%%\\system32\\imageres.dll,-%u", (unsigned)i + 60));
        hive_expand(
            h, hive_at(h, hive_root(h), host_print(e, "Classes\\%sfile\\shell\\open\\command", extensions[i])), "",
            i < 5
                ? "%SystemRoot%\\System32\\rundll32.exe \"%ProgramFiles%\\Windows Photo Viewer\\PhotoViewer.dll\", ImageView_Fullscreen %1"
                : "%SystemRoot%\\system32\\NOTEPAD.EXE %1");
    }
    for (unsigned i = 0; i < 420; i++) {
        static const char *const areas[] = { "Kernel",     "TaskScheduler", "TerminalServices", "WMI",          "GroupPolicy",
                                             "Dhcp",       "DNS-Client",    "NetworkProfile",   "Diagnosis",    "WinRM",
                                             "PowerShell", "Bits-Client",   "PrintService",     "CodeIntegrity" };
        const char *name = host_print(e, "Microsoft-Windows-%s-Part%u/%s", areas[i % 14], i / 14, i % 2 ? "Operational" : "Admin");
        hive_key *k = hive_at(h, e->windows, host_print(e, "WINEVT\\Channels\\%s", name));
        hive_sz(h, k, "OwningPublisher", host_guid(e, name));
        hive_dword(h, k, "Enabled", i % 3 != 0);
        hive_dword(h, k, "MaxSize", 1052672);
        hive_sz(h, k, "ChannelAccess", "O:BAG:SYD:(A;;0xf0007;;;SY)(A;;0x7;;;BA)(A;;0x1;;;SO)");
        hive_sz(h, hive_at(h, e->windows, host_print(e, "WINEVT\\Publishers\\%s", host_guid(e, name))), "", name);
    }
    for (unsigned i = 0; i < 6000; i++) {
        const char *a = host_guid(e, host_print(e, "component %u", i)), *b = host_guid(e, host_print(e, "product %u", i % 9));
        hive_sz(h,
                hive_at(h, e->windows,
                        host_print(e, "Installer\\UserData\\S-1-5-18\\Components\\%.8s%.4s%.4s%.16s", a + 1, a + 10, a + 15, a + 20)),
                host_print(e, "%.8s%.4s%.4s%.16s", b + 1, b + 10, b + 15, b + 20),
                host_print(e, "C:\\Program Files\\Common Files\\Component %u\\library%u.dll", i % 60, i));
    }
}

static void version(estate *e, hive *h)
{
    const nt_info *nt = &nt_table[e->h->nt];
    static const char *const numbers[] = { "6.0", "6.1", "6.2", "6.3", "6.3" };
    hive_key *k = e->nt;
    char build[16];
    snprintf(build, sizeof build, "%u", nt->build);
    hive_sz(h, k, "ProductName", nt->name);
    hive_sz(h, k, "CurrentVersion", numbers[e->h->nt]);
    hive_sz(h, k, "CurrentBuild", build);
    hive_sz(h, k, "CurrentBuildNumber", build);
    hive_sz(h, k, "CurrentType", "Multiprocessor Free");
    hive_sz(h, k, "EditionID", "ServerStandard");
    hive_sz(h, k, "InstallationType", "Server");
    hive_sz(h, k, "SystemRoot", "C:\\Windows");
    hive_sz(h, k, "RegisteredOwner", e->h->zh ? "Windows 用户" : "Windows User");
    hive_sz(h, k, "BuildLab", nt->lab);
    if (*nt->pack_name)
        hive_sz(h, k, "CSDVersion", nt->pack_name);
    if (e->h->nt >= NT_100) {
        hive_dword(h, k, "CurrentMajorVersionNumber", 10);
        hive_dword(h, k, "CurrentMinorVersionNumber", 0);
        hive_sz(h, k, "ReleaseId", "1607");
        hive_binary(h, k, "InstallTime", span_of(&e->installed, 8));
    }
    hive_dword(h, k, "InstallDate", (uint32_t)moment_to_unix(e->installed));
    hive_sz(h, hive_at(h, hive_root(h), "Microsoft\\Cryptography"), "MachineGuid", host_guid(e, "machine"));
}

static void uninstall(estate *e, const char *key, const char *name, const char *publisher, const char *number, moment at)
{
    hive *h = e->hives[HIVE_SOFTWARE];
    moment_parts p = moment_to_parts(at);
    hive_clock(h, at);
    hive_key *k = hive_at(h, e->windows, host_print(e, "Uninstall\\%s", key));
    hive_sz(h, k, "DisplayName", name);
    hive_sz(h, k, "Publisher", publisher);
    hive_sz(h, k, "DisplayVersion", number);
    hive_sz(h, k, "InstallDate", host_print(e, "%04d%02d%02d", p.year, p.month, p.day));
    hive_sz(h, k, "UninstallString", host_print(e, "MsiExec.exe /X%s", host_guid(e, name)));
}

static void installed(estate *e, hive *h)
{
    moment at = e->installed + 2 * MOMENT_DAY;
    hive_key *run = hive_at(h, e->windows, "Run");
    uninstall(e, host_guid(e, "avp"), "Kaspersky Anti-Virus 8.0 for Windows Servers Enterprise Edition", "Kaspersky Lab", "8.0.2.213", at);
    uninstall(e, host_guid(e, "klnagent"), "Kaspersky Security Center Network Agent", "Kaspersky Lab", "10.3.407", at + MOMENT_HOUR);
    uninstall(e, host_guid(e, "vmtools"), "VMware Tools", "VMware, Inc.", "10.0.9.3917699", at + 2 * MOMENT_HOUR);
    uninstall(e, host_guid(e, "vc"), "Microsoft Visual C++ 2008 Redistributable - x64 9.0.30729.4148", "Microsoft Corporation",
              "9.0.30729.4148", at + 2 * MOMENT_HOUR);
    hive_sz(h, run, "VMware User Process", "\"C:\\Program Files\\VMware\\VMware Tools\\vmtoolsd.exe\" -n vmusr");
    hive_sz(h, hive_at(h, hive_root(h), "Wow6432Node\\Microsoft\\Windows\\CurrentVersion\\Run"), "AVP",
            "\"C:\\Program Files (x86)\\Kaspersky Lab\\Kaspersky Anti-Virus 8.0 For Windows Servers Enterprise Edition\\kavtray.exe\"");
    if (e->h->nt >= NT_100)
        hive_expand(h, run, "WindowsDefender", "\"%ProgramFiles%\\Windows Defender\\MSASCuiL.exe\"");
    if (e->h->sql) {
        uninstall(e, "Microsoft SQL Server 10 Release", "Microsoft SQL Server 2008 (64-bit)", "Microsoft Corporation", "10.0.5500.0",
                  e->installed + 5 * MOMENT_DAY);
        hive_key *k = hive_at(h, hive_root(h), "Microsoft\\Microsoft SQL Server\\MSSQL10.MSSQLSERVER\\MSSQLServer");
        bool mixed = e->h->sql_logins || rng_chance(&e->r, 30);
        for (int i = 0; i < e->w->step_count; i++)
            mixed |= e->w->steps[i].to == e->h->index && e->w->steps[i].by == WAY_MSSQL;
        hive_sz(h, hive_at(h, hive_root(h), "Microsoft\\Microsoft SQL Server\\Instance Names\\SQL"), "MSSQLSERVER", "MSSQL10.MSSQLSERVER");
        hive_dword(h, k, "LoginMode", mixed ? 2 : 1);
        hive_dword(h, k, "AuditLevel", e->h->sql_logins ? 3 : 2);
        hive_sz(h, hive_at(h, k, "SuperSocketNetLib\\Tcp\\IPAll"), "TcpPort", "1433");
        hive_sz(h, hive_at(h, k, "SuperSocketNetLib\\Tcp\\IPAll"), "TcpDynamicPorts", "");
        hive_sz(h, hive_at(h, k, "Parameters"), "SQLArg0",
                "-dC:\\Program Files\\Microsoft SQL Server\\MSSQL10.MSSQLSERVER\\MSSQL\\DATA\\master.mdf");
        hive_sz(h, hive_at(h, hive_root(h), "Microsoft\\Microsoft SQL Server\\MSSQL10.MSSQLSERVER\\Setup"), "Version", "10.0.5500.0");
        hive_sz(h, hive_at(h, hive_root(h), "Microsoft\\Microsoft SQL Server\\MSSQL10.MSSQLSERVER\\Setup"), "Edition",
                "Enterprise Edition");
        told_exposed(e, "mssql-mode", mixed ? "2" : "1", mixed ? "failed" : "passed");
    }
    if (rng_chance(&e->r, 30)) { /* an administrator's own script: odd, and not hostile */
        hive_clock(h, at + 20 * MOMENT_DAY);
        hive_sz(h, run, "MapDrives", "cmd.exe /c D:\\Tools\\mapdrives.cmd");
        told_planted(e, (planted){ .kind = "run",
                                   .location = "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run",
                                   .value = "MapDrives",
                                   .name = "MapDrives",
                                   .command = "cmd.exe /c D:\\Tools\\mapdrives.cmd",
                                   .file = "D:\\Tools\\mapdrives.cmd",
                                   .technique = "T1547.001",
                                   .at = at + 20 * MOMENT_DAY });
    }
}

static void automatic_logon(estate *e, hive *h)
{
    hive_key *k = hive_at(h, e->nt, "Winlogon");
    bool on = rng_chance(&e->r, 20);
    hive_sz(h, k, "AutoAdminLogon", on ? "1" : "0");
    hive_sz(h, k, "DefaultUserName", e->h->admin);
    hive_sz(h, k, "DefaultDomainName", e->computer);
    if (on) {
        const char *word = host_print(e, "Kx%08X!pw", (unsigned)rng_next(&e->r));
        hive_sz(h, k, "DefaultPassword", word);
        told_secret(e, "Winlogon DefaultPassword", span_str(word), word);
    }
    told_exposed(e, "auto-logon", on ? "1" : "0", on ? "failed" : "passed");
}

static void policies(estate *e, hive *h)
{
    bool uac = rng_chance(&e->r, 60), defender_off = e->h->nt >= NT_100 && rng_chance(&e->r, 30);
    hive_dword(h, hive_at(h, e->windows, "Policies\\System"), "EnableLUA", uac);
    told_exposed(e, "uac", uac ? "1" : "0", uac ? "passed" : "failed");
    if (e->h->nt >= NT_61)
        hive_dword(h, hive_at(h, e->windows, "Policies\\System\\Audit"), "ProcessCreationIncludeCmdLine_Enabled",
                   e->h->audits.command_lines);
    if (e->h->nt >= NT_100) {
        hive_key *k = hive_at(h, hive_root(h), "Microsoft\\Windows Defender");
        moment updated = e->end - rng_range(&e->r, 1, 40) * MOMENT_DAY;
        hive_dword(h, k, "DisableAntiSpyware", defender_off);
        hive_binary(h, hive_at(h, k, "Signature Updates"), "SignaturesLastUpdated", span_of(&updated, 8));
        hive_dword(h, hive_at(h, k, "Real-Time Protection"), "DisableRealtimeMonitoring", defender_off);
        hive_at(h, k, "Exclusions\\Paths");
        hive_dword(h, hive_at(h, k, "Exclusions\\Paths"), "D:\\Data", 0); /* the database's folder: what its vendor advises */
    }
    hive_dword(h, hive_at(h, e->windows, "Policies\\Explorer"), "NoDriveTypeAutoRun", 0x91);
    told_exposed(e, "autorun", "145", "failed");
    told_exposed(e, "antivirus", "AVP", "passed");
}

static void profiles(estate *e, hive *h)
{
    static const struct {
        const char *sid, *path;
    } own[] = { { "S-1-5-18", "%systemroot%\\system32\\config\\systemprofile" },
                { "S-1-5-19", "C:\\Windows\\ServiceProfiles\\LocalService" },
                { "S-1-5-20", "C:\\Windows\\ServiceProfiles\\NetworkService" } };
    hive_key *list = hive_at(h, e->nt, "ProfileList");
    hive_expand(h, list, "ProfilesDirectory", "%SystemDrive%\\Users");
    hive_expand(h, list, "Default", "%SystemDrive%\\Users\\Default");
    for (size_t i = 0; i < 3; i++) {
        hive_key *k = hive_at(h, list, own[i].sid);
        hive_expand(h, k, "ProfileImagePath", own[i].path);
        hive_dword(h, k, "State", 0);
        hive_binary(h, k, "Sid", host_sid(e->mem, own[i].sid));
    }
}

void host_software(estate *e)
{
    hive *h = e->hives[HIVE_SOFTWARE];
    e->windows = hive_at(h, hive_root(h), "Microsoft\\Windows\\CurrentVersion");
    e->nt = hive_at(h, hive_root(h), "Microsoft\\Windows NT\\CurrentVersion");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *t = rows[i].text;
        hive_key *k = rows[i].from <= (int)e->h->nt ? hive_at(h, hive_root(h), rows[i].key) : NULL;
        if (!k)
            continue;
        if (*t == '#')
            hive_dword(h, k, rows[i].value, (uint32_t)strtoul(t + 1, NULL, 0));
        else if (*t == '*')
            hive_multi(h, k, rows[i].value, t + 1);
        else if (*t == '%')
            hive_expand(h, k, rows[i].value, t);
        else
            hive_sz(h, k, rows[i].value, t);
    }
    version(e, h);
    mass(e, h);
    profiles(e, h);
    automatic_logon(e, h);
    policies(e, h);
    installed(e, h);
}
