/* SYSTEM beside its services: who the host is, how it is set, and what every such Windows has there.
 *
 * Source    places and defaults of Windows Server 2008 to 2016 as Microsoft's documentation and published hives have them. */
#include "range/host.h"

#include "range/put.h"

typedef struct {
    const char *key, *value, *text;
} text_row; /* a text beginning with '#': a number; '%': to be expanded */

static void put_rows(estate *e, hive *h, hive_key *from, const text_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        hive_key *k = hive_at(h, from, rows[i].key);
        if (rows[i].text[0] == '#')
            hive_dword(h, k, rows[i].value, (uint32_t)strtoul(rows[i].text + 1, NULL, 0));
        else if (rows[i].text[0] == '%')
            hive_expand(h, k, rows[i].value, rows[i].text);
        else
            hive_sz(h, k, rows[i].value, rows[i].text);
    }
    (void)e;
}
#define ROWS(rows) rows, sizeof rows / sizeof *rows

static void names_and_zone(estate *e, hive *h)
{
    static const struct {
        const char *en;
        int minutes;
    } zones[] = { { "China Standard Time", 480 }, { "Tokyo Standard Time", 540 }, { "E. Africa Standard Time", 180 }, { "UTC", 0 } };
    hive_key *k = hive_at(h, e->control, "ComputerName\\ComputerName");
    if (e->h->later_name && strcmp(e->computer, e->h->later_name) == 0)
        hive_clock(h, host_clock(e, e->h->rename_at));
    hive_sz(h, k, "ComputerName", e->computer);
    hive_sz(h, hive_at(h, e->services, "Tcpip\\Parameters"), "NV Hostname", e->computer);
    hive_sz(h, hive_at(h, e->services, "Tcpip\\Parameters"), "Hostname", e->computer);
    hive_clock(h, e->installed);
    hive_sz(h, hive_at(h, e->services, "Tcpip\\Parameters"), "Domain", e->w->domain_joined ? "corp.local" : "");
    hive_sz(h, hive_at(h, e->services, "Tcpip\\Parameters"), "NV Domain", e->w->domain_joined ? "corp.local" : "");
    hive_expand(h, hive_at(h, e->services, "Tcpip\\Parameters"), "DataBasePath", "%SystemRoot%\\System32\\drivers\\etc");
    k = hive_at(h, e->control, "TimeZoneInformation");
    for (size_t i = 0; i < 4; i++) {
        if (zones[i].minutes != e->w->zone_minutes)
            continue;
        hive_dword(h, k, "Bias", (uint32_t)-zones[i].minutes);
        hive_dword(h, k, "ActiveTimeBias", (uint32_t)-zones[i].minutes);
        hive_dword(h, k, "DaylightBias", 0);
        hive_dword(h, k, "StandardBias", 0);
        hive_sz(h, k, "StandardName", "@tzres.dll,-572");
        hive_sz(h, k, "DaylightName", "@tzres.dll,-571");
        hive_sz(h, k, "TimeZoneKeyName", zones[i].en);
        hive_dword(h, k, "DynamicDaylightTimeDisabled", 0);
    }
    k = hive_at(h, e->control, "ProductOptions");
    hive_sz(h, k, "ProductType", "ServerNT");
    hive_multi(h, k, "ProductSuite", "Terminal Server");
    k = hive_at(h, e->control, "Windows");
    hive_sz(h, k, "SystemDirectory", "%SystemRoot%\\System32");
    hive_dword(h, k, "CSDVersion", 0x100 * nt_table[e->h->nt].pack);
    hive_dword(h, k, "ErrorMode", 0);
    moment stopped = moment_known(e->h->stopped_at) ? host_clock(e, e->h->stopped_at) : host_clock(e, e->w->from) - 5 * MOMENT_DAY;
    hive_clock(h, stopped);
    hive_binary(h, k, "ShutdownTime", span_of(&stopped, 8));
    hive_clock(h, e->installed);
}

static uint32_t unix_of(moment t) { return (uint32_t)moment_to_unix(t); }

static void network(estate *e, hive *h)
{
    const char *guid = host_guid(e, "adapter"), *gateway = host_print(e, "%s254", e->w->network);
    hive_key *k = hive_at(h, e->services, host_print(e, "Tcpip\\Parameters\\Interfaces\\%s", guid));
    moment leased = e->end - rng_range(&e->r, 1, 90) * MOMENT_HOUR;
    hive_dword(h, k, "EnableDHCP", e->h->dhcp);
    if (e->h->dhcp) {
        hive_clock(h, leased);
        hive_sz(h, k, "DhcpIPAddress", e->h->address);
        hive_sz(h, k, "DhcpSubnetMask", "255.255.255.0");
        hive_sz(h, k, "DhcpServer", gateway);
        hive_multi(h, k, "DhcpDefaultGateway", gateway);
        hive_sz(h, k, "DhcpNameServer", host_print(e, "%s2", e->w->network));
        hive_dword(h, k, "Lease", 8 * 86400);
        hive_dword(h, k, "LeaseObtainedTime", unix_of(leased));
        hive_dword(h, k, "T1", unix_of(leased + 4 * MOMENT_DAY));
        hive_dword(h, k, "T2", unix_of(leased + 7 * MOMENT_DAY));
        hive_dword(h, k, "LeaseTerminatesTime", unix_of(leased + 8 * MOMENT_DAY));
        hive_clock(h, e->installed);
    } else {
        hive_multi(h, k, "IPAddress", e->h->address);
        hive_multi(h, k, "SubnetMask", "255.255.255.0");
        hive_multi(h, k, "DefaultGateway", gateway);
        hive_sz(h, k, "NameServer", host_print(e, "%s2", e->w->network));
    }
    hive_dword(h, k, "RegistrationEnabled", 1);
    hive_key *c = hive_at(h, e->control, host_print(e, "Network\\{4D36E972-E325-11CE-BFC1-08002BE10318}\\%s\\Connection", guid));
    hive_sz(h, c, "Name", e->h->zh ? "本地连接" : "Local Area Connection");
    hive_dword(h, c, "DefaultNameResourceId", 1803);
    hive_key *a = hive_at(h, e->control, "Class\\{4D36E972-E325-11CE-BFC1-08002bE10318}\\0007");
    hive_sz(h, a, "DriverDesc", "vmxnet3 Ethernet Adapter");
    hive_sz(h, a, "NetCfgInstanceId", guid);
    hive_key *nb = hive_at(h, e->services, host_print(e, "NetBT\\Parameters\\Interfaces\\Tcpip_%s", guid));
    bool off = rng_chance(&e->r, 15);
    hive_multi(h, nb, "NameServerList", "");
    hive_dword(h, nb, "NetbiosOptions", off ? 2 : 0);
    told_exposed(e, "netbios", off ? "2" : "0", off ? "passed" : "failed");
}

static void sharing(estate *e, hive *h)
{
    hive_key *k = hive_at(h, e->services, "LanmanServer\\Parameters");
    bool sign = rng_chance(&e->r, 15), shares_off = rng_chance(&e->r, 12);
    hive_dword(h, k, "EnableAuthenticateUserSharing", 0);
    hive_multi(h, k, "NullSessionPipes", "");
    hive_dword(h, k, "autodisconnect", 15);
    hive_dword(h, k, "enableforcedlogoff", 1);
    hive_dword(h, k, "enablesecuritysignature", sign);
    hive_dword(h, k, "requiresecuritysignature", sign);
    hive_dword(h, k, "restrictnullsessaccess", 1);
    if (shares_off)
        hive_dword(h, k, "AutoShareServer", 0);
    if (e->h->smb1_off)
        hive_dword(h, k, "SMB1", 0);
    hive_multi(h, hive_at(h, e->services, "LanmanServer\\Shares"), "Backup",
               "CSCFlags=0\nMaxUses=4294967295\nPath=D:\\Backup\nPermissions=0\nType=0");
    told_exposed(e, "smb-signing", sign ? "1" : "0", sign ? "passed" : "failed");
    if (!e->w->domain_joined) /* the report asks for it outside domains only */
        told_exposed(e, "default-shares", shares_off ? "0" : "absent", shares_off ? "passed" : "failed");
    told_exposed(e, "smb1-server", e->h->smb1_off ? "0" : "absent", e->h->smb1_off ? "passed" : "failed");
}

static void remote_desktop(estate *e, hive *h)
{
    hive_key *k = hive_at(h, e->control, "Terminal Server"), *t = hive_at(h, k, "WinStations\\RDP-Tcp");
    bool nla = e->h->nt >= NT_63 ? rng_chance(&e->r, 70) : rng_chance(&e->r, 15), idle = rng_chance(&e->r, 15);
    for (int i = 0; i < e->w->step_count; i++) /* a way in without NLA needs it off, one with it on */
        if (e->w->steps[i].to == e->h->index && (e->w->steps[i].by == WAY_RDP || e->w->steps[i].by == WAY_RDP_NLA))
            nla = e->w->steps[i].by == WAY_RDP_NLA;
    hive_dword(h, k, "fDenyTSConnections", 0);
    hive_dword(h, k, "fSingleSessionPerUser", 1);
    hive_dword(h, k, "TSAppCompat", 0);
    hive_dword(h, k, "DeleteTempDirsOnExit", 1);
    hive_sz(h, hive_at(h, k, "Wds\\rdpwd"), "StartupPrograms", "rdpclip");
    hive_sz(h, hive_at(h, k, "AddIns\\Clip Redirector"), "Name", "rdpclip");
    hive_dword(h, t, "PortNumber", 3389);
    hive_dword(h, t, "UserAuthentication", nla);
    hive_dword(h, t, "SecurityLayer", e->h->nt >= NT_100 ? 2 : 1);
    hive_dword(h, t, "MinEncryptionLevel", 2);
    hive_dword(h, t, "MaxIdleTime", idle ? 900000 : 0);
    hive_dword(h, t, "fInheritMaxIdleTime", !idle);
    hive_dword(h, t, "MaxDisconnectionTime", 0);
    hive_dword(h, t, "fEnableWinStation", 1);
    hive_dword(h, t, "fInheritInitialProgram", 1);
    hive_sz(h, t, "InitialProgram", "");
    hive_sz(h, t, "WdPrefix", "RDP");
    told_exposed(e, "rdp-nla", nla ? "1" : "0", nla ? "passed" : "failed");
    told_exposed(e, "rdp-idle", idle ? "900000" : "0", idle ? "passed" : "failed");
}

static void hex_class(estate *e, hive *h, hive_key *lsa, const char *name)
{
    const char *text = host_print(e, "%08x", (unsigned)rng_next(&e->r));
    hive_class(h, hive_at(h, lsa, name), text);
    told_secret(e, host_print(e, "class name of Lsa\\%s", name), span_str(text), text);
}

/* Communities stand where elsewhere names of values and of keys stand; by the host's name, not by chance. */
static void communities(estate *e, hive *h)
{
    hive_key *parameters = hive_at(h, e->services, "SNMP\\Parameters");
    static const char *const uses[] = { "read", "trap" };
    for (int i = 0; i < 2; i++) {
        const char *word = host_print(e, "comm%012llx", (unsigned long long)hash64(span_str(host_print(e, "%s %s %llu", uses[i], e->h->sid, (unsigned long long)e->w->seed))) >> 16);
        if (i == 0)
            hive_dword(h, hive_at(h, parameters, "ValidCommunities"), word, 4);
        else
            hive_sz(h, hive_at(h, hive_at(h, parameters, "TrapConfiguration"), word), "1", "192.0.2.9");
        told_secret(e, host_print(e, "SNMP community to %s", uses[i]), span_str(word), word);
    }
}

static void local_security(estate *e, hive *h)
{
    communities(e, h);
    hive_key *k = hive_at(h, e->control, "Lsa");
    bool anonymous = rng_chance(&e->r, 15), wdigest = rng_chance(&e->r, 12);
    hive_multi(h, k, "Authentication Packages", "msv1_0");
    hive_multi(h, k, "Notification Packages", e->h->nt <= NT_60 ? "scecli\nrassfm" : "scecli");
    hive_multi(h, k, "Security Packages",
               e->h->nt <= NT_60   ? "kerberos\nmsv1_0\nschannel\nwdigest\ntspkg"
               : e->h->nt <= NT_62 ? "kerberos\nmsv1_0\nschannel\nwdigest\ntspkg\npku2u"
                                   : "\"\"");
    if (e->h->nt >= NT_63)
        hive_multi(h, hive_at(h, k, "OSConfig"), "Security Packages", "kerberos\nmsv1_0\nschannel\nwdigest\ntspkg\npku2u");
    hive_dword(h, k, "LimitBlankPasswordUse", 1);
    hive_dword(h, k, "NoLmHash", 1);
    hive_dword(h, k, "restrictanonymous", anonymous);
    hive_dword(h, k, "restrictanonymoussam", 1);
    hive_dword(h, k, "everyoneincludesanonymous", 0);
    hive_dword(h, k, "forceguest", 0);
    hive_dword(h, k, "SecureBoot", 1);
    hive_dword(h, k, "auditbasedirectories", 0);
    static const char *const parts[] = { "JD", "Skew1", "GBG", "Data" };
    for (size_t i = 0; i < 4; i++)
        hex_class(e, h, k, parts[i]);
    hive_sz(h, hive_at(h, e->control, "SecurityProviders"), "SecurityProviders", "credssp.dll");
    hive_key *w = hive_at(h, e->control, "SecurityProviders\\WDigest");
    hive_dword(h, w, "Negotiate", 0);
    if (wdigest)
        hive_dword(h, w, "UseLogonCredential", 1);
    told_exposed(e, "anonymous-shares", anonymous ? "1" : "0", anonymous ? "passed" : "failed");
    told_exposed(e, "wdigest", wdigest ? "1" : "absent", wdigest || e->h->nt < NT_63 ? "failed" : "passed");
    if (e->h->nt >= NT_63)
        told_exposed(e, "lsa-protection", "absent", "failed");
}

static void firewall(estate *e, hive *h)
{
    static const char *const profiles[] = { "DomainProfile", "StandardProfile", "PublicProfile" };
    bool on = rng_chance(&e->r, 55);
    hive_key *k = hive_at(h, e->services, "SharedAccess\\Parameters\\FirewallPolicy");
    for (size_t i = 0; i < 3; i++) {
        hive_key *p = hive_at(h, k, profiles[i]);
        hive_dword(h, p, "EnableFirewall", on);
        hive_dword(h, p, "DisableNotifications", 1);
    }
    for (size_t i = 0; i < 3; i++)
        told_exposed(e, (const char *const[]){ "firewall-domain", "firewall-private", "firewall-public" }[i], on ? "1" : "0",
                     on ? "passed" : "failed");
    static const struct {
        const char *id, *port, *app, *name;
    } rules[] = { { "RemoteDesktop-In-TCP", "3389", "System", "@FirewallAPI.dll,-28753" },
                  { "FPS-SMB-In-TCP", "445", "System", "@FirewallAPI.dll,-28511" },
                  { "FPS-NB_Session-In-TCP", "139", "System", "@FirewallAPI.dll,-28503" },
                  { "FPS-RPCSS-In-TCP", "RPC-EPMap", "%SystemRoot%\\system32\\svchost.exe", "@FirewallAPI.dll,-28539" },
                  { "RemoteSvcAdmin-In-TCP", "RPC", "%SystemRoot%\\system32\\services.exe", "@FirewallAPI.dll,-29503" },
                  { "WMI-RPCSS-In-TCP", "135", "%SystemRoot%\\system32\\svchost.exe", "@FirewallAPI.dll,-34252" },
                  { "WINRM-HTTP-In-TCP", "5985", "System", "@FirewallAPI.dll,-30253" },
                  { "RemoteTask-In-TCP", "RPC", "%SystemRoot%\\system32\\svchost.exe", "@FirewallAPI.dll,-33253" },
                  { "RemoteEventLogSvc-In-TCP", "RPC", "%SystemRoot%\\system32\\svchost.exe", "@FirewallAPI.dll,-29253" },
                  { "NETDIS-LLMNR-In-UDP", "5355", "%SystemRoot%\\system32\\svchost.exe", "@FirewallAPI.dll,-32801" } };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        host_firewall_rule(e, rules[i].id,
                           host_print(e, "Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=%s|App=%s|Name=%s|", rules[i].port, rules[i].app,
                                      rules[i].name));
    host_firewall_rule(e, host_guid(e, "rule sql"), "Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=1433|Name=SQL Server|");
    host_firewall_rule(e, host_guid(e, "rule agent"),
                       "Action=Allow|Active=TRUE|Dir=In|Protocol=17|LPort=15000|App=C:\\Program Files (x86)\\Kaspersky "
                       "Lab\\NetworkAgent\\klnagent.exe|Name=Kaspersky Network Agent|");
}

void host_firewall_rule(estate *e, const char *id, const char *rule)
{
    hive *h = e->hives[HIVE_SYSTEM];
    hive_sz(h, hive_at(h, e->services, "SharedAccess\\Parameters\\FirewallPolicy\\FirewallRules"), id,
            host_print(e, "v2.%s|%s",
                       e->h->nt == NT_60   ? "0"
                       : e->h->nt == NT_61 ? "10"
                       : e->h->nt == NT_62 ? "20"
                       : e->h->nt == NT_63 ? "22"
                                           : "26",
                       rule));
}

static void logs(estate *e, hive *h)
{
    static const char *const names[] = { "Application", "Security", "System", "Windows PowerShell" };
    bool large = rng_chance(&e->r, 25);
    for (size_t i = 0; i < 4; i++) {
        hive_key *k = hive_at(h, e->services, host_print(e, "eventlog\\%s", names[i]));
        hive_dword(h, k, "MaxSize",
                   i == 1 && large                  ? 0x0c000000
                   : i == 1 && e->h->security_bytes ? (uint32_t)e->h->security_bytes
                   : i == 3                         ? 15728640
                                                    : 20971520);
        hive_dword(h, k, "Retention", 0);
        hive_expand(h, k, "File", host_print(e, "%%SystemRoot%%\\system32\\winevt\\Logs\\%s.evtx", names[i]));
    }
    told_exposed(e, "log-size-security", large ? "201326592" : e->h->security_bytes ? "small" : "20971520", large ? "passed" : "failed");
}

static const text_row stock_rows[] = {
    { "Session Manager\\SubSystems", "Required", "Debug" },
    { "Session Manager\\SubSystems", "Windows",
      "%SystemRoot%\\system32\\csrss.exe ObjectDirectory=\\Windows SharedSection=1024,20480,768 Windows=On SubSystemType=Windows "
      "ServerDll=basesrv,1 ServerDll=winsrv:UserServerDllInitialization,3 ServerDll=winsrv:ConServerDllInitialization,2 ServerDll=sxssrv,4 "
      "ProfileControl=Off MaxRequestThreads=16" },
    { "Session Manager\\Environment", "ComSpec", "%SystemRoot%\\system32\\cmd.exe" },
    { "Session Manager\\Environment", "Path",
      "%SystemRoot%\\system32;%SystemRoot%;%SystemRoot%\\System32\\Wbem;%SystemRoot%\\System32\\WindowsPowerShell\\v1.0\\" },
    { "Session Manager\\Environment", "PATHEXT", ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC" },
    { "Session Manager\\Environment", "windir", "%SystemRoot%" },
    { "Session Manager\\Environment", "PROCESSOR_ARCHITECTURE", "AMD64" },
    { "Session Manager\\Memory Management", "ClearPageFileAtShutdown", "#0" },
    { "Session Manager\\Memory Management\\PrefetchParameters", "EnablePrefetcher", "#0" },
    { "CrashControl", "CrashDumpEnabled", "#2" },
    { "CrashControl", "AutoReboot", "#1" },
    { "CrashControl", "LogEvent", "#1" },
    { "CrashControl", "Overwrite", "#1" },
    { "CrashControl", "DumpFile", "%SystemRoot%\\MEMORY.DMP" },
    { "CrashControl", "MinidumpDir", "%SystemRoot%\\Minidump" },
    { "SafeBoot", "AlternateShell", "cmd.exe" },
    { "NetworkProvider\\Order", "ProviderOrder", "RDPNP,LanmanWorkstation,webclient" },
    { "NetworkProvider\\HwOrder", "ProviderOrder", "RDPNP,LanmanWorkstation,webclient" },
    { "Print\\Monitors\\Local Port", "Driver", "localspl.dll" },
    { "Print\\Monitors\\Standard TCP/IP Port", "Driver", "tcpmon.dll" },
    { "Print\\Monitors\\USB Monitor", "Driver", "usbmon.dll" },
    { "Print\\Monitors\\WSD Port", "Driver", "WSDMon.dll" },
    { "Print\\Providers\\Internet Print Provider", "Name", "inetpp.dll" },
    { "Print\\Providers\\LanMan Print Services", "Name", "win32spl.dll" },
    { "Print\\Environments\\Windows x64\\Print Processors\\winprint", "Driver", "winprint.dll" },
    { "LsaExtensionConfig\\LsaSrv", "Extensions", "lsasrv.dll" },
    { "ContentIndex\\Language\\Neutral", "WBreakerClass", "{369647e0-17b0-11ce-9950-00aa004bbb1f}" },
    { "FileSystem", "NtfsDisableLastAccessUpdate", "#1" },
    { "Keyboard Layout\\DosKeybCodes", "00000804", "ch" },
    { "Power", "HibernateEnabled", "#0" },
};
static const text_row service_rows[] = {
    { "W32Time\\TimeProviders\\NtpClient", "DllName", "%systemroot%\\system32\\w32time.dll" },
    { "W32Time\\TimeProviders\\NtpClient", "Enabled", "#1" },
    { "W32Time\\TimeProviders\\NtpServer", "DllName", "%systemroot%\\system32\\w32time.dll" },
    { "W32Time\\TimeProviders\\NtpServer", "Enabled", "#0" },
    { "W32Time\\Parameters", "NtpServer", "time.local,0x9" },
    { "W32Time\\Parameters", "Type", "NTP" },
    { "RDPNP\\NetworkProvider", "ProviderPath", "%SystemRoot%\\System32\\drprov.dll" },
    { "LanmanWorkstation\\NetworkProvider", "ProviderPath", "%SystemRoot%\\System32\\ntlanman.dll" },
    { "WebClient\\NetworkProvider", "ProviderPath", "%SystemRoot%\\System32\\davclnt.dll" },
    { "WinSock2\\Parameters", "Current_Protocol_Catalog", "Protocol_Catalog9" },
    { "WinSock2\\Parameters", "Current_NameSpace_Catalog", "NameSpace_Catalog5" },
    { "WinSock2\\Parameters\\NameSpace_Catalog5\\Catalog_Entries\\000000000001", "LibraryPath", "%SystemRoot%\\System32\\mswsock.dll" },
    { "WinSock2\\Parameters\\NameSpace_Catalog5\\Catalog_Entries\\000000000002", "LibraryPath", "%SystemRoot%\\System32\\winrnr.dll" },
    { "WinSock2\\Parameters\\NameSpace_Catalog5\\Catalog_Entries\\000000000003", "LibraryPath", "%SystemRoot%\\system32\\NLAapi.dll" },
    { "Netlogon\\Parameters", "DisablePasswordChange", "#0" },
    { "LanmanWorkstation\\Parameters", "EnableSecuritySignature", "#1" },
    { "LanmanWorkstation\\Parameters", "RequireSecuritySignature", "#0" },
};

static void stock(estate *e, hive *h, int set)
{
    static const char *const known[] = { "advapi32", "clbcatq",  "COMDLG32", "DifxApi", "gdi32",   "IERTUTIL", "IMAGEHLP",
                                         "IMM32",    "kernel32", "LPK",      "MSCTF",   "MSVCRT",  "NORMALIZ", "NSI",
                                         "ole32",    "OLEAUT32", "PSAPI",    "rpcrt4",  "sechost", "Setupapi", "SHELL32",
                                         "SHLWAPI",  "URLMON",   "user32",   "USP10",   "WININET", "WLDAP32",  "WS2_32" },
                             *const safe[] = { "AppMgmt",
                                               "Base",
                                               "BFE",
                                               "Boot Bus Extender",
                                               "Boot file system",
                                               "CryptSvc",
                                               "DcomLaunch",
                                               "EFS",
                                               "EventLog",
                                               "File system",
                                               "Filter",
                                               "HelpSvc",
                                               "KeyIso",
                                               "Netlogon",
                                               "NTDS",
                                               "PCI Configuration",
                                               "PlugPlay",
                                               "PNP Filter",
                                               "Primary disk",
                                               "ProfSvc",
                                               "RpcEptMapper",
                                               "RpcSs",
                                               "sacsvr",
                                               "SCSI Class",
                                               "System Bus Extender",
                                               "SWPRV",
                                               "TBS",
                                               "TrustedInstaller",
                                               "VDS",
                                               "vga.sys",
                                               "vgasave.sys",
                                               "vmms",
                                               "volmgr.sys",
                                               "volmgrx.sys",
                                               "WinDefend",
                                               "WinMgmt" };
    put_rows(e, h, e->control, ROWS(stock_rows));
    put_rows(e, h, e->services, ROWS(service_rows));
    hive_multi(h, hive_at(h, e->control, "Session Manager"), "BootExecute", "autocheck autochk *");
    hive_multi(h, hive_at(h, e->control, "Session Manager"), "SetupExecute", "");
    hive_dword(h, hive_at(h, e->control, "Session Manager"), "ProtectionMode", 1);
    hive_key *k = hive_at(h, e->control, "Session Manager\\KnownDLLs");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        hive_sz(h, k, known[i], host_print(e, "%s.dll", known[i]));
    hive_expand(h, k, "DllDirectory", "%SystemRoot%\\system32");
    hive_expand(h, k, "DllDirectory32", "%SystemRoot%\\syswow64");
    for (size_t i = 0; i < sizeof safe / sizeof *safe; i++)
        for (int n = 0; n < 2; n++)
            hive_sz(h, hive_at(h, e->control, host_print(e, "SafeBoot\\%s\\%s", n ? "Network" : "Minimal", safe[i])), "",
                    strchr(safe[i], '.') ? "Driver" : "Service");
    for (unsigned i = 1; i <= 10; i++) {
        uint8_t packed[888] = { 0 };
        const char *path = i < 7 ? "%SystemRoot%\\system32\\mswsock.dll" : "%SystemRoot%\\System32\\mswsock.dll";
        memcpy(packed, path, strlen(path));
        for (int bits = 0; bits < 2; bits++)
            hive_binary(h,
                        hive_at(h, e->services,
                                host_print(e, "WinSock2\\Parameters\\Protocol_Catalog9\\Catalog_Entries%s\\%012u", bits ? "64" : "", i)),
                        "PackedCatalogItem", span_of(packed, sizeof packed));
    }
    for (unsigned i = 0; i < 190; i++) { /* keyboard layouts and code pages: what every Windows has in numbers */
        unsigned language = 0x401 + i % 0x60 + 0x400 * (i / 0x60);
        hive_key *l = hive_at(h, e->control, host_print(e, "Keyboard Layouts\\%08x", language));
        hive_sz(h, l, "Layout File", host_print(e, "KBD%c%c.DLL", 'A' + i % 26, 'A' + i / 26 % 26));
        hive_sz(h, l, "Layout Text", host_print(e, "Layout %u", i));
        hive_sz(h, l, "Layout Display Name", host_print(e, "@%%SystemRoot%%\\system32\\input.dll,-%u", 5000 + i));
        hive_sz(h, hive_at(h, e->control, "Nls\\CodePage"), host_print(e, "%u", 10000 + i * 101),
                host_print(e, "c_%u.nls", 10000 + i * 101));
        hive_sz(h, hive_at(h, e->control, "Nls\\Locale"), host_print(e, "%08x", language), "1");
    }
    for (unsigned i = 0; i < 400; i++) { /* an instance of a driver each */
        static const char *const kinds[] = { "{4D36E97D-E325-11CE-BFC1-08002BE10318}", "{4D36E967-E325-11CE-BFC1-08002BE10318}",
                                             "{36FC9E60-C465-11CF-8056-444553540000}", "{71A27CDD-812A-11D0-BEC7-08002BE2092F}",
                                             "{4D36E96B-E325-11CE-BFC1-08002BE10318}" };
        hive_key *c = hive_at(h, e->control, host_print(e, "Class\\%s\\%04u", kinds[i % 5], i / 5));
        hive_sz(h, c, "DriverDesc", host_print(e, "System device %u", i));
        hive_sz(h, c, "InfPath", "machine.inf");
        hive_sz(h, c, "InfSection", "NO_DRV");
        hive_sz(h, c, "ProviderName", "Microsoft");
        hive_sz(h, c, "DriverDate", "6-21-2006");
        hive_sz(h, c, "DriverVersion",
                host_print(e, "%u.%u.%u.16384", nt_table[e->h->nt].major, nt_table[e->h->nt].minor, nt_table[e->h->nt].build));
        hive_sz(h, c, "MatchingDeviceId", host_print(e, "*pnp%04x", 0x800 + i));
    }
    for (unsigned i = 0; i < 400; i++) {
        static const char *const buses[] = { "PCI\\VEN_15AD&DEV_%04X&SUBSYS_197615AD&REV_01", "ACPI\\PNP%04X", "ROOT\\LEGACY_DEV%04X",
                                             "STORAGE\\Volume%04X", "SW\\{eeab7790-c514-11d1-b42b-00805fc1270e}%04X" };
        hive_key *d = hive_at(h, hive_root(h),
                              host_print(e, "ControlSet00%d\\Enum\\%s\\3&18d45aa6&0&%02X", set, host_print(e, buses[i % 5], 0x740 + i), i));
        hive_sz(h, d, "DeviceDesc", host_print(e, "@machine.inf,%%*pnp%04x.devicedesc%%;System device %u", 0x740 + i, i));
        hive_multi(h, d, "HardwareID", host_print(e, "PCI\\VEN_15AD&DEV_%04X\nPCI\\CC_0880", 0x740 + i));
        hive_sz(h, d, "ClassGUID", "{4d36e97d-e325-11ce-bfc1-08002be10318}");
        hive_sz(h, d, "Driver", host_print(e, "{4d36e97d-e325-11ce-bfc1-08002be10318}\\%04u", i));
        hive_dword(h, d, "ConfigFlags", 0);
    }
}

void host_system(estate *e)
{
    hive *h = e->hives[HIVE_SYSTEM];
    int sets = e->h->nt <= NT_61 ? 2 : 1;
    hive_key *control = e->control, *services = e->services;
    size_t told = e->w->exposed.count, secrets = e->w->secrets.count;
    rng before = e->r;
    for (int set = sets; set >= 1; set--) { /* the last good set first: what counts is told once, of the one in use */
        e->r = before;
        e->w->exposed.count = told;
        e->w->secrets.count = secrets;
        e->control = set == 1 ? control : hive_at(h, hive_root(h), "ControlSet002\\Control");
        e->services = set == 1 ? services : hive_at(h, hive_root(h), "ControlSet002\\Services");
        hive_clock(h, e->installed);
        stock(e, h, set);
        names_and_zone(e, h);
        network(e, h);
        sharing(e, h);
        remote_desktop(e, h);
        local_security(e, h);
        firewall(e, h);
        logs(e, h);
    }
    hive_key *k = hive_at(h, hive_root(h), "Select");
    hive_dword(h, k, "Current", 1);
    hive_dword(h, k, "Default", 1);
    hive_dword(h, k, "Failed", 0);
    hive_dword(h, k, "LastKnownGood", sets == 2 ? 2 : 1);
    k = hive_at(h, hive_root(h), "Setup");
    hive_sz(h, k, "CmdLine", "");
    hive_dword(h, k, "SetupType", 0);
    hive_dword(h, k, "SystemSetupInProgress", 0);
    hive_dword(h, k, "OOBEInProgress", 0);
    uint8_t disk[12] = { 0x1a, 0x2b, 0x3c, 0x4d, 0, 0, 0x10 };
    hive_binary(h, hive_at(h, hive_root(h), "MountedDevices"), "\\DosDevices\\C:", span_of(disk, 12));
    disk[6] = 0x50;
    hive_binary(h, hive_at(h, hive_root(h), "MountedDevices"), "\\DosDevices\\D:", span_of(disk, 12));
}
