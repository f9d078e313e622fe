/* Services and drivers: what comes with that Windows Server, and what its owner installed.
 *
 * Source    names, images and service DLLs as published hives of 6.1, 6.3 and 10.0 have them (data/); SQL Server 2008's and
 *           Kaspersky's as their documentation names them. */
#include "range/host.h"

typedef struct {
    const char *name;
    int from, to;
    unsigned type, start, error;
    const char *image, *dll, *account, *group, *shown;
} stock_service;
typedef struct {
    const char *name;
    int from, to;
    unsigned type, start, error;
    const char *file, *group, *shown;
} stock_driver;

#define SERVICE(name, from, to, type, start, error, image, dll, account, group, shown)                                                     \
    { name, from, to, type, start, error, image, dll, account, group, shown },
static const stock_service stock_services[] = {
#include "range/data/services.def"
};
#define DRIVER(name, from, to, type, start, error, file, group, shown) { name, from, to, type, start, error, file, group, shown },
static const stock_driver stock_drivers[] = {
#include "range/data/drivers.def"
};

static const char *below_system(estate *e, const char *path, const char *with)
{
    return strpbrk(path, "%:") || !*path ? path : host_print(e, "%s%%SystemRoot%%\\system32\\%s", with, path);
}

/* What a server starts by itself though a client would not. */
static unsigned start_of(const stock_service *s, nt_version nt)
{
    static const char *const by_itself[] = { "TermService", "RemoteRegistry", "Netlogon_", "W32Time", "LanmanServer", "MSDTC", "UALSVC" };
    for (size_t i = 0; i < sizeof by_itself / sizeof *by_itself; i++)
        if (strcmp(by_itself[i], s->name) == 0)
            return 2;
    return strcmp(s->name, "WinRM") == 0 && nt >= NT_62                        ? 2
           : strcmp(s->name, "SysMain") == 0 || strcmp(s->name, "Themes") == 0 ? 4
                                                                               : s->start;
}

static void put_service(estate *e, hive_key *services, const stock_service *s)
{
    hive *h = e->hives[HIVE_SYSTEM];
    hive_key *k = hive_at(h, services, s->name);
    bool shared = strncmp(s->image, "-k ", 3) == 0;
    unsigned start = start_of(s, e->h->nt);
    static const uint8_t restart[44] = { 0x80, 0x51, 1,    0,    0, 0, 0, 0, 0, 0, 0,    0,    3, 0, 0, 0, 20, 0, 0, 0, 1, 0,
                                         0,    0,    0x60, 0xea, 0, 0, 1, 0, 0, 0, 0xc0, 0xd4, 1, 0, 0, 0, 0,  0, 0, 0, 0, 0 };
    if (s->shown[0] == '@')
        hive_sz(h, k, "DisplayName", below_system(e, s->shown + 1, "@")[0] == '@' ? below_system(e, s->shown + 1, "@") : s->shown);
    else
        hive_sz(h, k, "DisplayName", s->shown);
    if (*s->group)
        hive_sz(h, k, "Group", s->group);
    hive_expand(h, k, "ImagePath", shared ? host_print(e, "%%SystemRoot%%\\System32\\svchost.exe %s", s->image) : s->image);
    if (s->shown[0] == '@')
        hive_sz(h, k, "Description", host_print(e, "@%%SystemRoot%%\\system32\\%s.dll,-101", s->name));
    hive_sz(h, k, "ObjectName", *s->account ? host_print(e, "NT AUTHORITY\\%s", s->account) : "LocalSystem");
    hive_dword(h, k, "ErrorControl", s->error);
    hive_dword(h, k, "Start", start);
    hive_dword(h, k, "Type", s->type);
    if (shared)
        hive_dword(h, k, "ServiceSidType", 1);
    if (start == 2)
        hive_binary(h, k, "FailureActions", span_of(restart, sizeof restart));
    if (shared)
        hive_multi(h, k, "RequiredPrivileges", "SeChangeNotifyPrivilege\nSeImpersonatePrivilege\nSeCreateGlobalPrivilege");
    if (*s->dll) {
        hive_key *p = hive_at(h, k, "Parameters");
        hive_expand(h, p, "ServiceDll", below_system(e, s->dll, ""));
        hive_dword(h, p, "ServiceDllUnloadOnStop", 1);
    }
    if (e->h->nt >= NT_61 && start == 3 && hash64(span_str(s->name)) % 3 == 0) { /* started on demand by a trigger */
        hive_key *t = hive_at(h, k, "TriggerInfo\\0");
        static const uint8_t network[16] = {
            0x16, 0x28, 0x7a, 0x2d, 0x5e, 0x0c, 0xfc, 0x45, 0x9c, 0xe7, 0x57, 0x0e, 0x5e, 0xcd, 0xe9, 0xc9
        };
        hive_dword(h, t, "Type", 7);
        hive_dword(h, t, "Action", 1);
        hive_binary(h, t, "GUID", span_of(network, 16));
    }
    hive_binary(h, hive_at(h, k, "Security"), "Security",
                host_descriptor(e->mem, (const char *const[]){ "S-1-5-18", "S-1-5-32-544", "S-1-5-4", "S-1-5-6" },
                                (const uint32_t[]){ 0x201fd, 0xf01ff, 0x2018d, 0x2018d }, 4));
}

static void put_driver(estate *e, hive_key *services, const stock_driver *d)
{
    hive *h = e->hives[HIVE_SYSTEM];
    hive_key *k = hive_at(h, services, d->name);
    bool rooted = d->file[0] == '\\';
    if (*d->shown)
        hive_sz(h, k, "DisplayName", d->shown);
    if (*d->group)
        hive_sz(h, k, "Group", d->group);
    if (*d->file)
        hive_expand(h, k, "ImagePath",
                    strchr(d->file + 1, '\\') ? d->file
                                              : host_print(e, "%ssystem32\\drivers\\%s", rooted ? "\\SystemRoot\\" : "", d->file + rooted));
    hive_dword(h, k, "ErrorControl", d->error);
    hive_dword(h, k, "Start", strcmp(d->name, "srv") == 0 && e->h->smb1_off ? 4 : d->start);
    hive_dword(h, k, "Type", d->type);
    if (hash64(span_str(d->name)) % 4 == 0)
        hive_dword(h, k, "Tag", (uint32_t)(hash64(span_str(d->name)) % 40));
    if (d->start < 3 && *d->file)
        hive_at(h, k, "Parameters");
}

hive_key *host_service(estate *e, const char *name, unsigned type, unsigned start, const char *image, const char *account,
                       const char *shown, moment at)
{
    hive *h = e->hives[HIVE_SYSTEM];
    hive_clock(h, at);
    hive_key *k = hive_at(h, e->services, name);
    hive_dword(h, k, "Type", type);
    hive_dword(h, k, "Start", start);
    hive_dword(h, k, "ErrorControl", 1);
    hive_expand(h, k, "ImagePath", image);
    hive_sz(h, k, "DisplayName", shown);
    if (account) {
        if (strstr(image, "(x86)"))
            hive_dword(h, k, "WOW64", 1);
        hive_sz(h, k, "ObjectName", account);
    }
    return k;
}

static void owners_services(estate *e)
{
    moment at = e->installed + 2 * MOMENT_DAY;
#define KAV "C:\\Program Files (x86)\\Kaspersky Lab\\"
    host_service(e, "AVP", 0x10, 2, "\"" KAV "Kaspersky Anti-Virus 8.0 For Windows Servers Enterprise Edition\\avp.exe\" -r", "LocalSystem",
                 service_shown("AVP", e->h->zh), at);
    host_service(e, "klnagent", 0x10, 2, "\"" KAV "NetworkAgent\\klnagent.exe\"", "LocalSystem", service_shown("klnagent", e->h->zh), at);
    host_service(e, "KLIF", 2, 1, "system32\\DRIVERS\\klif.sys", NULL, "Kaspersky Lab Driver", at);
    host_service(e, "klim6", 1, 3, "system32\\DRIVERS\\klim6.sys", NULL, "Kaspersky Anti-Virus NDIS 6 Filter", at);
    host_service(e, "VMTools", 0x10, 2, "\"C:\\Program Files\\VMware\\VMware Tools\\vmtoolsd.exe\"", "LocalSystem", "VMware Tools Service",
                 at + MOMENT_HOUR);
    host_service(e, "vmci", 1, 0, "system32\\DRIVERS\\vmci.sys", NULL, "VMware VMCI Bus Driver", at + MOMENT_HOUR);
    host_service(e, "vmxnet3ndis6", 1, 3, "system32\\DRIVERS\\vmxnet3n61x64.sys", NULL, "vmxnet3 NDIS 6 Ethernet Adapter Driver",
                 at + MOMENT_HOUR);
    if (e->h->sql) {
#define SQL "C:\\Program Files\\Microsoft SQL Server\\MSSQL10.MSSQLSERVER\\MSSQL\\Binn\\"
        at = e->installed + 5 * MOMENT_DAY;
        host_service(e, "MSSQLSERVER", 0x10, 2, "\"" SQL "sqlservr.exe\" -sMSSQLSERVER", "NT AUTHORITY\\SYSTEM",
                     service_shown("MSSQLSERVER", e->h->zh), at);
        host_service(e, "SQLSERVERAGENT", 0x10, 2, "\"" SQL "SQLAGENT.EXE\" -i MSSQLSERVER", "NT AUTHORITY\\SYSTEM",
                     service_shown("SQLSERVERAGENT", e->h->zh), at);
        host_service(e, "SQLBrowser", 0x10, 4, "\"C:\\Program Files (x86)\\Microsoft SQL Server\\90\\Shared\\sqlbrowser.exe\"",
                     "NT AUTHORITY\\LOCAL SERVICE", "SQL Server Browser", at);
        host_service(e, "SQLWriter", 0x10, 2, "\"C:\\Program Files\\Microsoft SQL Server\\90\\Shared\\sqlwriter.exe\"", "LocalSystem",
                     "SQL Server VSS Writer", at);
    }
    if (rng_chance(&e->r, 40)) /* an administrator's own service, without quotes around a path with blanks */
        host_service(e, "BackupAgent", 0x10, 2, "D:\\Tools\\Backup Agent\\agent.exe -service", "LocalSystem", "Backup Agent",
                     at + 30 * MOMENT_DAY);
    if (rng_chance(&e->r, 30)) {
        hive_key *k = host_service(e, "zabbix_agentd", 0x10, 2,
                                   "\"C:\\zabbix\\bin\\zabbix_agentd.exe\" --config \"C:\\zabbix\\conf\\zabbix_agentd.conf\"",
                                   "LocalSystem", "Zabbix Agent", at + 40 * MOMENT_DAY);
        static const uint8_t restart[28] = {
            0x80, 0x51, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0, 0x60, 0xea, 0, 0
        };
        hive_binary(e->hives[HIVE_SYSTEM], k, "FailureActions", span_of(restart, 28));
    }
}

/* ControlSet001, and on old systems the set of the last good boot beside it. */
void host_services(estate *e)
{
    hive *h = e->hives[HIVE_SYSTEM];
    int nt = (int)e->h->nt;
    e->h->smb1_off = e->h->step < 0 && rng_chance(&e->r, 20);
    e->control = hive_at(h, hive_root(h), "ControlSet001\\Control");
    e->services = hive_at(h, hive_root(h), "ControlSet001\\Services");
    for (int set = 1; set <= (e->h->nt <= NT_61 ? 2 : 1); set++) {
        hive_key *services = hive_at(h, hive_root(h), host_print(e, "ControlSet00%d\\Services", set));
        for (size_t i = 0; i < sizeof stock_services / sizeof *stock_services; i++)
            if (stock_services[i].from <= nt && nt <= stock_services[i].to)
                put_service(e, services, &stock_services[i]);
        for (size_t i = 0; i < sizeof stock_drivers / sizeof *stock_drivers; i++)
            if (stock_drivers[i].from <= nt && nt <= stock_drivers[i].to)
                put_driver(e, services, &stock_drivers[i]);
        hive_key *now = e->services;
        rng before = e->r;
        e->services = services;
        owners_services(e);
        e->services = now;
        e->r = set == 1 && e->h->nt <= NT_61 ? before : e->r;
    }
}
