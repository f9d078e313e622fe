/* Installed updates, as component based servicing keeps them, and the state of MS17-010 that they decide.
 *
 * Source    numbers of security updates of Windows Server 2008 to 2016 from Microsoft's bulletins; states and names of packages as
 *           Microsoft's servicing documentation gives them. March 2017: 4012598 (2008), 4012212 and 4012215 (2008 R2), 4012214
 *           and 4012217 (2012), 4012213 and 4012216 (2012 R2), 4013429 (2016, build 14393.953). */
#include "range/host.h"

#include "range/pe_write.h"

enum { MS17_010_ABSENT, MS17_010_PRESENT, MS17_010_PENDING, MS17_010_ROLLUP, MS17_010_UNKNOWN };

static void package(estate *e, const char *name, unsigned state, moment at)
{
    hive *h = e->hives[HIVE_SOFTWARE];
    hive_clock(h, at);
    hive_key *k = hive_at(h, e->windows, host_print(e, "Component Based Servicing\\Packages\\%s", name));
    hive_dword(h, k, "CurrentState", state);
    hive_dword(h, k, "InstallTimeHigh", (uint32_t)(at >> 32));
    hive_dword(h, k, "InstallTimeLow", (uint32_t)at);
    hive_sz(h, k, "InstallClient", "WindowsUpdateAgent");
    hive_sz(h, k, "InstallName", host_print(e, "%s.mum", name));
    hive_sz(h, k, "InstallUser", "S-1-5-18");
    hive_dword(h, k, "SelfUpdate", 0);
    hive_dword(h, k, "Visibility", 2);
}

static const char *update_name(estate *e, unsigned kb)
{
    static const char *const numbers[] = { "6.0", "6.1", "6.2", "6.3", "10.0" };
    return host_print(e, "Package_for_KB%u~31bf3856ad364e35~amd64~~%s.1.%u", kb, numbers[e->h->nt], kb % 3);
}

static int patch_state(estate *e)
{
    bool exploited = e->w->seed == 1; /* the field report: the patch was missing */
    for (int i = 0; i < e->w->step_count; i++)
        exploited |= e->w->steps[i].to == e->h->index && e->w->steps[i].by == WAY_EXPLOIT;
    unsigned roll = (unsigned)rng_below(&e->r, 100);
    if (exploited)
        return roll < 80 || e->w->seed == 1 ? MS17_010_ABSENT : MS17_010_PENDING;
    return roll < 45   ? MS17_010_ABSENT
           : roll < 65 ? MS17_010_PRESENT
           : roll < 80 ? MS17_010_ROLLUP
           : roll < 88 ? MS17_010_PENDING
                       : MS17_010_UNKNOWN;
}

/* The server driver of file sharing, where the collector took it: its version says what packages only suggest. */
static bool driver(estate *e, bool patched)
{
    static const unsigned versions[NT_VERSIONS][2][4] = { { { 6, 0, 6002, 19673 }, { 6, 0, 6002, 19743 } },
                                                          { { 6, 1, 7601, 23517 }, { 6, 1, 7601, 24499 } },
                                                          { { 6, 2, 9200, 21976 }, { 6, 2, 9200, 22376 } },
                                                          { { 6, 3, 9600, 18340 }, { 6, 3, 9600, 18895 } },
                                                          { { 10, 0, 14393, 206 }, { 10, 0, 14393, 2273 } } };
    const unsigned *v = versions[e->h->nt][patched];
    if (e->w->seed == 1 ? e->h->index > 1 : !rng_chance(&e->r, 45))
        return false;
    buf b;
    buf_init(&b, 1 << 20);
    pe_driver(&b, "srv.sys", v, host_print(e, "%u.%u.%u.%u", v[0], v[1], v[2], v[3]), e->installed - 90 * MOMENT_DAY);
    host_file(e, "Windows/System32/drivers/srv.sys", buf_bytes(&b));
    buf_done(&b);
    return true;
}

void host_patches(estate *e)
{
    static const unsigned plain[][8] = { { 948465, 955430, 968389, 974318, 2425227, 2509553, 2638806, 2957509 },
                                         { 976902, 2479943, 2506212, 2560656, 2813430, 2871997, 2957509, 3033929 },
                                         { 2742614, 2771744, 2836988, 2871997, 2957509, 3035131, 3061512, 3175024 },
                                         { 2919355, 2919442, 2932046, 2959977, 2967917, 3000850, 3021910, 3173424 },
                                         { 3150513, 3186568, 3192137, 3199986, 3202790, 3211320, 4049065, 4132216 } },
                          march[] = { 4012598, 4012212, 4012214, 4012213, 4013429 };
    static const char *const base[] = { "6.0.6001.18000", "6.1.7601.17514", "6.2.9200.16384", "6.3.9600.16384", "10.0.14393.0" },
                             *const features[] = { "Server-Core-Package",
                                                   "Server-GUI-Package",
                                                   "NetFx3-OnDemand-Package",
                                                   "PowerShell-V2-Package",
                                                   "TerminalServices-Client-Package",
                                                   "RemoteServer-Administration-Tools-Package",
                                                   "SMB1-Package",
                                                   "DirectoryServices-AD-Package",
                                                   "Printing-Foundation-Package",
                                                   "IIS-WebServer-Package",
                                                   "BLB-Client-Package",
                                                   "Telnet-Client-Package",
                                                   "SNMP-Package",
                                                   "WinRE-Package",
                                                   "Help-CoreClientUAUE-Package" };
    int state = patch_state(e);
    hive *h = e->hives[HIVE_SOFTWARE];
    unsigned revision = 0;
    for (size_t i = 0; state != MS17_010_UNKNOWN && i < sizeof features / sizeof *features; i++)
        for (int part = 0; part < 8; part++)
            package(
                e,
                host_print(e, "Microsoft-Windows-%s%s~31bf3856ad364e35~amd64~%s~%s", features[i],
                           (const char *const[]){ "", "-Base", "-Resources", "-WOW64", "-Deployment", "-Common", "-Setup", "-Admin" }[part],
                           part % 2 && e->h->zh ? "zh-CN"
                           : part % 2           ? "en-US"
                                                : "",
                           base[e->h->nt]),
                0x70, e->installed);
    for (unsigned i = 0; state != MS17_010_UNKNOWN && i < 8; i++) {
        const char *name = update_name(e, plain[e->h->nt][i]);
        package(e, name, 0x70, e->installed + (i + 1) * 3 * MOMENT_DAY);
        package(e,
                host_print(e, "Package_%u_for_KB%u~31bf3856ad364e35~amd64~~%s.1.0", 1 + i % 3, plain[e->h->nt][i],
                           e->h->nt == NT_60   ? "6.0"
                           : e->h->nt == NT_61 ? "6.1"
                                               : "6.2"),
                0x70, e->installed + (i + 1) * 3 * MOMENT_DAY);
    }
    if (moment_known(e->h->patch_at)) { /* what the System log says was installed that night */
        static const unsigned night[] = { 2957509, 890830, 2972100 };
        for (size_t i = 0; state != MS17_010_UNKNOWN && i < 3; i++)
            package(e, update_name(e, night[i]), 0x70, e->updated);
    }
    moment spring = moment_from_parts((moment_parts){ .year = 2017, .month = 3, .day = 20 }),
           at = e->installed > spring ? e->installed + 9 * MOMENT_DAY : spring;
    if (state == MS17_010_PRESENT && e->h->nt < NT_100)
        package(e, update_name(e, march[e->h->nt]), 0x70, at);
    if (state == MS17_010_PENDING && e->h->nt < NT_100) {
        package(e, update_name(e, march[e->h->nt]), 0x60, e->updated);
        hive_at(h, e->windows, "Component Based Servicing\\RebootPending");
    }
    if (state == MS17_010_ROLLUP && e->h->nt >= NT_61 && e->h->nt < NT_100)
        package(e,
                host_print(e, "Package_for_RollupFix~31bf3856ad364e35~amd64~~%s",
                           (const char *const[]){ "", "7601.24150.1.2", "9200.22462.1.1", "9600.18821.1.4" }[e->h->nt]),
                0x70, at + 400 * MOMENT_DAY < e->end ? at + 400 * MOMENT_DAY : e->end - MOMENT_DAY);
    if (state == MS17_010_ROLLUP && e->h->nt == NT_60)
        package(e, update_name(e, march[NT_60]), 0x50, at); /* superseded: it had been installed */
    if (e->h->nt >= NT_100) {
        revision = state == MS17_010_PRESENT || state == MS17_010_ROLLUP ? 2273 : 693;
        hive_clock(h, e->updated);
        if (state != MS17_010_UNKNOWN) {
            hive_dword(h, e->nt, "UBR", revision);
            package(e, host_print(e, "Package_for_RollupFix~31bf3856ad364e35~amd64~~14393.%u.1.%u", revision, revision % 9), 0x70,
                    e->updated);
        }
        if (state == MS17_010_PENDING) {
            package(e, "Package_for_RollupFix~31bf3856ad364e35~amd64~~14393.2273.1.5", 0x60, e->updated + MOMENT_DAY);
            hive_at(h, e->windows, "Component Based Servicing\\RebootPending");
        }
    }
    bool unknown = state == MS17_010_UNKNOWN,
         patched = unknown ? rng_chance(&e->r, 50) : state == MS17_010_PRESENT || state == MS17_010_ROLLUP, seen = driver(e, patched);
    static const char *const found[] = { "no package of it", "installed", "waits for a restart", "in a later rollup",
                                         "no list of packages" };
    told_exposed(e, "ms17-010", seen && unknown ? "the driver's version" : found[state],
                 unknown && !seen ? "undecided"
                 : patched        ? "passed"
                                  : "failed");
}
