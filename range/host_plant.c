/* What intruders leave that no log here tells of: the marks of the worm's family on every host it came to (port proxy, firewall
 * rule, Run values, start-up batch), and from a list of known techniques a few that a number chooses. No command of these does
 * anything: they name files that do not exist and hosts that nobody has (.invalid).
 *
 * Source    ATT&CK's descriptions of persistence; public write-ups of the DriveLife family. */
#include "range/host.h"

#include "range/put.h"

#define TEMP    "C:\\Windows\\Temp\\"
#define STARTUP "AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Startup/"

typedef enum { IN_SYSTEM, IN_CONTROL, IN_SERVICES, IN_SOFTWARE, IN_USER, IN_CLASSES } place;

/* One value in one key. {R}: eight letters by chance. kind: the family of points. */
typedef struct {
    const char *kind;
    place in;
    const char *key, *value;
    hive_type type;
    const char *data, *file, *name, *technique;
    int from, to;
} row;

#define PLANT(...) { __VA_ARGS__ },
static const row rows[] = {
#include "range/data/plants.def"
};

static moment after(estate *e, unsigned least, unsigned most)
{
    moment t = host_clock(e, e->w->steps[e->h->step].success) + rng_range(&e->plant, least, most) * MOMENT_SECOND;
    return t < e->end ? t : e->end - MOMENT_MINUTE;
}

static const char *filled(estate *e, const char *text, const char *letters)
{
    const char *at;
    while ((at = strstr(text, "{R}")) != NULL)
        text = host_print(e, "%.*s%s%s", (int)(at - text), text, letters, at + 3);
    return text;
}

static hive *hive_of(estate *e, place in)
{
    return in <= IN_SERVICES   ? e->hives[HIVE_SYSTEM]
           : in == IN_SOFTWARE ? e->hives[HIVE_SOFTWARE]
           : in == IN_USER     ? e->users[0].user
                               : e->users[0].classes;
}

static void plant_row(estate *e, const row *r, moment at)
{
    char letters[9] = { 0 };
    for (int i = 0; i < 8; i++)
        letters[i] = (char)('a' + (int)rng_below(&e->plant, 26));
    hive *h = hive_of(e, r->in);
    hive_clock(h, at);
    const char *key = filled(e, r->key, letters), *value = filled(e, r->value, letters), *data = filled(e, r->data, letters),
               *prefix = r->in == IN_CONTROL    ? "SYSTEM\\ControlSet001\\Control\\"
                         : r->in == IN_SERVICES ? "SYSTEM\\ControlSet001\\Services\\"
                         : r->in == IN_SOFTWARE ? "SOFTWARE\\"
                         : r->in == IN_USER     ? "NTUSER.DAT\\"
                         : r->in == IN_CLASSES  ? "UsrClass.dat\\"
                                                : "SYSTEM\\";
    hive_key *k = hive_at(h, r->in == IN_CONTROL ? e->control : r->in == IN_SERVICES ? e->services : hive_root(h), key);
    if (r->type == HIVE_MULTI)
        hive_multi(h, k, value, data);
    else if (r->type == HIVE_EXPAND)
        hive_expand(h, k, value, data);
    else
        hive_sz(h, k, value, data);
    hive *software = e->hives[HIVE_SOFTWARE];
    hive_clock(software, at);
    if (strcmp(r->kind, "app-init") == 0)
        hive_dword(h, k, "LoadAppInit_DLLs", 1);
    if (strcmp(r->kind, "silent-exit") == 0) {
        hive_dword(h, k, "ReportingMode", 1);
        hive_dword(software, hive_at(software, e->nt, "Image File Execution Options\\notepad.exe"), "GlobalFlag", 0x200);
    }
    if (strcmp(r->kind, "time-providers") == 0)
        hive_dword(h, k, "Enabled", 1);
    if (strcmp(r->kind, "crash-debugger") == 0)
        hive_sz(h, k, "Auto", "1");
    if (strcmp(r->kind, "credential-providers") == 0)
        hive_sz(software, hive_at(software, e->windows, "Authentication\\Credential Providers\\{7B3C1F52-8E0D-4F6A-A1C9-22D7E9F0B6A3}"), "",
                "Helper");
    if (strcmp(r->kind, "network-providers") == 0)
        hive_sz(h, hive_at(h, e->control, "NetworkProvider\\Order"), "ProviderOrder",
                host_print(e, "RDPNP,LanmanWorkstation,webclient,%s", letters));
    told_planted(e, (planted){ .kind = r->kind,
                               .location = host_print(e, "%s%s", prefix, key),
                               .value = value,
                               .name = filled(e, r->name, letters),
                               .command = data,
                               .file = filled(e, r->file, letters),
                               .technique = r->technique,
                               .hostile = true,
                               .at = at });
}

static void plant_task(estate *e, moment at)
{
    unsigned how = (unsigned)rng_below(&e->plant, 4);
    char letters[9] = { 0 };
    for (int i = 0; i < 8; i++)
        letters[i] = (char)('a' + (int)rng_below(&e->plant, 26));
    const char *path = host_print(e, "\\Microsoft\\Windows\\%s\\%s", letters, letters), *file = host_print(e, TEMP "%s.exe", letters);
    static const char *const looks[] = { "task-without-descriptor", "task-index-zero", "task-without-file", "task-without-tree" };
    host_task(e, &(task){ .path = path,
                          .command = file,
                          .arguments = "",
                          .user = "S-1-5-18",
                          .interval = "PT60M",
                          .author = host_print(e, "%s\\%s", e->computer, e->h->admin),
                          .at = at,
                          .highest = true,
                          .no_descriptor = how == 0,
                          .index_zero = how == 1,
                          .no_file = how == 2,
                          .no_tree = how == 3 });
    told_planted(e, (planted){ .kind = looks[how],
                               .location = host_print(e, "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Schedule\\TaskCache\\Tasks\\%s",
                                                      host_guid(e, host_print(e, "task %s", path))),
                               .value = "",
                               .name = path,
                               .command = file,
                               .file = file,
                               .technique = how < 2 ? "T1564" : "T1053.005",
                               .hostile = true,
                               .at = at });
}

/* Services that hide or are hidden in: a failure command, a service DLL of its own group, a descriptor that denies. */
static void plant_service(estate *e, moment at)
{
    hive *h = e->hives[HIVE_SYSTEM];
    hive_clock(h, at);
    unsigned how = (unsigned)rng_below(&e->plant, 4);
    if (how == 0) {
        static const uint8_t run[28] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 0x60, 0xea, 0, 0 };
        hive_key *k = hive_at(h, e->services, "SNMPTRAP");
        hive_sz(h, k, "FailureCommand", "cmd.exe /c start /b " TEMP "updll.exe");
        hive_binary(h, k, "FailureActions", span_of(run, sizeof run));
        told_planted(e, (planted){ .kind = "service-failure",
                                   .location = "SYSTEM\\ControlSet001\\Services\\SNMPTRAP",
                                   .value = "FailureCommand",
                                   .name = "SNMPTRAP",
                                   .command = "cmd.exe /c start /b " TEMP "updll.exe",
                                   .file = TEMP "updll.exe",
                                   .technique = "T1543.003",
                                   .hostile = true,
                                   .at = at });
    } else if (how == 1) {
        hive_key *k = host_service(e, "WinHelpSvc", 0x20, 2, "%SystemRoot%\\System32\\svchost.exe -k netsvcs", "LocalSystem",
                                   "Windows Help Service", at);
        hive_expand(h, hive_at(h, k, "Parameters"), "ServiceDll", "C:\\ProgramData\\winhelp.dll");
        told_planted(e, (planted){ .kind = "service-dll",
                                   .location = "SYSTEM\\ControlSet001\\Services\\WinHelpSvc\\Parameters",
                                   .value = "ServiceDll",
                                   .name = "WinHelpSvc",
                                   .command = "%SystemRoot%\\System32\\svchost.exe -k netsvcs",
                                   .file = "C:\\ProgramData\\winhelp.dll",
                                   .technique = "T1543.003",
                                   .hostile = true,
                                   .at = at });
        hive_clock(e->hives[HIVE_SOFTWARE], at);
        hive_multi(e->hives[HIVE_SOFTWARE], hive_at(e->hives[HIVE_SOFTWARE], e->nt, "Svchost"), "netsvcs",
                   "AeLookupSvc\nCertPropSvc\nSCPolicySvc\nlanmanserver\ngpsvc\nIKEEXT\niphlpsvc\nwuauserv\nBITS\nSENS\nSchedule\nSessionEn"
                   "v\nwinmgmt\nBrowser\nProfSvc\nEapHost\nAppMgmt\nThemes\nAppInfo\nseclogon\nWinHelpSvc");
    } else if (how == 2) {
        hive_key *k =
            host_service(e, "SysTimeSync", 0x10, 2, "cmd.exe /c powershell -w hidden -e " ENCODED, "LocalSystem", "System Time Sync", at);
        hive_binary(h, hive_at(h, k, "Security"), "Security",
                    host_descriptor(e->mem, (const char *const[]){ "S-1-5-4", "S-1-5-6", "S-1-5-32-544", "S-1-5-18" },
                                    (const uint32_t[]){ 0x8001c557, 0x8001c557, 0x8001c557, 0x201fd }, 4));
        told_planted(e, (planted){ .kind = "service-hidden",
                                   .location = "SYSTEM\\ControlSet001\\Services\\SysTimeSync",
                                   .value = "ImagePath",
                                   .name = "SysTimeSync",
                                   .command = "cmd.exe /c powershell -w hidden -e " ENCODED,
                                   .file = "powershell",
                                   .technique = "T1564",
                                   .hostile = true,
                                   .at = at });
    } else {
        hive_key *k = hive_at(h, e->services, "Fax");
        hive_dword(h, k, "Type", 0x10);
        hive_dword(h, k, "Start", 2);
        hive_dword(h, k, "ErrorControl", 1);
        hive_sz(h, k, "DisplayName", "@%systemroot%\\system32\\fxsresm.dll,-118");
        hive_expand(h, k, "ImagePath", "C:\\Windows\\System32\\fxssvc.exe.exe");
        hive_sz(h, k, "ObjectName", "LocalSystem");
        told_planted(e, (planted){ .kind = "service",
                                   .location = "SYSTEM\\ControlSet001\\Services\\Fax",
                                   .value = "ImagePath",
                                   .name = "Fax",
                                   .command = "C:\\Windows\\System32\\fxssvc.exe.exe",
                                   .file = "C:\\Windows\\System32\\fxssvc.exe.exe",
                                   .technique = "T1543.003",
                                   .hostile = true,
                                   .at = at });
    }
}

/* What the family leaves everywhere. */
static void family(estate *e)
{
    hive *h = e->hives[HIVE_SYSTEM], *software = e->hives[HIVE_SOFTWARE];
    moment at = host_clock(e, e->h->ports_at);
    if (moment_known(e->h->ports_at)) {
        hive_clock(h, at);
        host_firewall_rule(e, host_guid(e, "rule DNSd"), "Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=65533|Name=DNSd|");
        hive_clock(h, at + 2 * MOMENT_SECOND);
        hive_sz(h, hive_at(h, e->services, "PortProxy\\v4tov4\\tcp"), "*/65533", "1.1.1.1/53");
        told_planted(e, (planted){ .kind = "firewall-rule",
                                   .location = "SYSTEM\\ControlSet001\\Services\\SharedAccess\\Parameters\\FirewallPolicy\\FirewallRules",
                                   .value = host_guid(e, "rule DNSd"),
                                   .name = "DNSd",
                                   .command = "LPort=65533",
                                   .file = "",
                                   .technique = "T1562.004",
                                   .hostile = true,
                                   .at = at });
        told_planted(e, (planted){ .kind = "port-proxy",
                                   .location = "SYSTEM\\ControlSet001\\Services\\PortProxy\\v4tov4\\tcp",
                                   .value = "*/65533",
                                   .name = "*/65533",
                                   .command = "1.1.1.1/53",
                                   .file = "",
                                   .technique = "T1090.001",
                                   .hostile = true,
                                   .at = at + 2 * MOMENT_SECOND });
    }
    for (size_t i = 0; i < e->w->lefts.count; i++) {
        const left *l = vec_at(&e->w->lefts, i);
        if (l->host != e->h->index || l->kind != LEFT_SERVICE || !moment_known(l->at) || (e->w->seed != 1 && rng_chance(&e->plant, 40)))
            continue;
        const char *file =
            strcmp(l->name, "Ddriver") == 0 ? "C:\\Windows\\System32\\drivers\\svchost.exe" : "C:\\Windows\\System32\\wmiex.exe";
        hive_clock(software, host_clock(e, l->at) + MOMENT_SECOND);
        hive_sz(software, hive_at(software, e->windows, "Run"), l->name, file);
        told_planted(e, (planted){ .kind = "run",
                                   .location = "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run",
                                   .value = l->name,
                                   .name = l->name,
                                   .command = file,
                                   .file = file,
                                   .technique = "T1547.001",
                                   .hostile = true,
                                   .at = host_clock(e, l->at) + MOMENT_SECOND });
    }
    if (e->w->seed == 1 ? e->h->index == 0 : rng_chance(&e->plant, 35)) {
        const char *path = host_print(e, "Users/%s/" STARTUP "run.bat", e->users[0].name);
        host_file(e, path, span_str("cd C:\\Windows\\Temp\r\nstart svchost.exe\r\n"));
        told_planted(
            e, (planted){
                   .kind = "startup-folder",
                   .location = path,
                   .value = "",
                   .name = "run.bat",
                   .command = host_print(e, "C:\\Users\\%s\\AppData\\Roaming\\Microsoft\\Windows\\Start Menu\\Programs\\Startup\\run.bat",
                                         e->users[0].name),
                   .file = host_print(e, "C:\\Users\\%s\\AppData\\Roaming\\Microsoft\\Windows\\Start Menu\\Programs\\Startup\\run.bat",
                                      e->users[0].name),
                   .technique = "T1547.001",
                   .hostile = true,
                   .at = MOMENT_UNKNOWN });
    }
}

void host_plant(estate *e)
{
    bool marked = moment_known(e->h->ports_at);
    told_exposed(e, "port-proxy", marked ? "*/65533 1.1.1.1/53" : "none", marked ? "failed" : "passed");
    told_exposed(e, "firewall-rules", marked ? "DNSd 65533" : "none", marked ? "failed" : "passed");
    if (e->h->step < 0 || host_clock(e, e->w->steps[e->h->step].success) + 10 * MOMENT_MINUTE > e->end)
        return;
    family(e);
    if (e->w->seed == 1) /* the field report's host has what the report names, and no more */
        return;
    size_t n = sizeof rows / sizeof *rows, first = rng_below(&e->plant, n), step = 1 + rng_below(&e->plant, n - 1),
           many = rng_range(&e->plant, 1, 4);
    for (size_t i = 0; i < many; i++) {
        const row *r = &rows[(first + i * step) % n];
        bool again = false;
        for (size_t j = 0; j < i; j++)
            again |= (first + j * step) % n == (first + i * step) % n;
        if (!again && r->from <= (int)e->h->nt && (int)e->h->nt <= r->to)
            plant_row(e, r, after(e, 300, 5400));
    }
    if (rng_chance(&e->plant, 35))
        plant_task(e, after(e, 300, 5400));
    if (rng_chance(&e->plant, 35))
        plant_service(e, after(e, 300, 5400));
}
