/* SOFTWARE: what the system calls itself, what starts with it, what is installed, who has a profile - and the thousands of
 * classes and components among which the few that matter stand.
 *
 * Source    places and defaults as Microsoft's documentation and published hives of Windows Server 2008 to 2016 have them. */
#include "range/host.h"

typedef struct { const char *key, *value, *text; int from; } text_row;       /* as in host_system.c; from: first nt_version */

static const text_row rows[] = {
    { "Microsoft\\Windows NT\\CurrentVersion\\Winlogon", "Shell", "explorer.exe", 0 },
    { "Microsoft\\Windows NT\\CurrentVersion\\Winlogon", "Userinit", "C:\\Windows\\system32\\userinit.exe,", 0 },
    { "Microsoft\\Windows NT\\CurrentVersion\\Winlogon", "VMApplet", "SystemPropertiesPerformance.exe /pagefile", 0 },
    { "Microsoft\\Windows NT\\CurrentVersion\\Winlogon", "LegalNoticeCaption", "", 0 }, { "Microsoft\\Windows NT\\CurrentVersion\\Winlogon", "CachedLogonsCount", "10", 0 }, { "Microsoft\\Windows NT\\CurrentVersion\\Winlogon", "PasswordExpiryWarning", "#5", 0 },
    { "Microsoft\\Windows NT\\CurrentVersion\\Winlogon", "DisableCAD", "#0", 0 }, { "Microsoft\\Windows NT\\CurrentVersion\\Winlogon", "scremoveoption", "0", 0 },
    { "Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\AlternateShells\\AvailableShells", "90000", "explorer.exe", 2 }, { "Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\AlternateShells\\AvailableShells", "60000", "cmd.exe /c \"cd /d \"%USERPROFILE%\" & start cmd.exe /k runonce.exe /AlternateShellStartup\"", 2 },
    { "Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\GPExtensions\\{35378EAC-683F-11D2-A89A-00C04FBBCFA2}", "DllName", "gpsvc.dll", 0 }, { "Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\GPExtensions\\{827D319E-6EAC-11D2-A4EA-00C04F79F83A}", "DllName", "scecli.dll", 0 },
    { "Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\GPExtensions\\{25537BA6-77A8-11D2-9B6C-0000F8080861}", "DllName", "fdeploy.dll", 0 }, { "Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\GPExtensions\\{42B5FAAE-6536-11D2-AE5A-0000F87571E3}", "DllName", "gpscript.dll", 0 },
    { "Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\GPExtensions\\{F3CCC681-B74C-4060-9F26-CD84525DCA2A}", "DllName", "auditcse.dll", 1 }, { "Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\GPExtensions\\{AADCED64-746C-4633-A97C-D61349046527}", "DllName", "gpprefcl.dll", 1 },
    { "Microsoft\\Windows NT\\CurrentVersion\\Windows", "AppInit_DLLs", "", 0 }, { "Microsoft\\Windows NT\\CurrentVersion\\Windows", "LoadAppInit_DLLs", "#0", 0 }, { "Microsoft\\Windows NT\\CurrentVersion\\Windows", "RequireSignedAppInit_DLLs", "#1", 2 },
    { "Microsoft\\Windows NT\\CurrentVersion\\Windows", "IconServiceLib", "IconCodecService.dll", 0 }, { "Microsoft\\Windows NT\\CurrentVersion\\Windows", "Spooler", "yes", 0 }, { "Microsoft\\Windows NT\\CurrentVersion\\Windows", "DdeSendTimeout", "#0", 0 },
    { "Microsoft\\Windows NT\\CurrentVersion\\AeDebug", "UserDebuggerHotKey", "#0", 0 }, { "Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options\\DllNXOptions", "bcmsdk.dll", "#1", 0 }, { "Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options\\IEInstal.exe", "DisableExceptionChainValidation", "#0", 0 },
    { "Microsoft\\Windows NT\\CurrentVersion\\Drivers32", "midimapper", "midimap.dll", 0 }, { "Microsoft\\Windows NT\\CurrentVersion\\Drivers32", "wavemapper", "msacm32.drv", 0 }, { "Microsoft\\Windows NT\\CurrentVersion\\Drivers32", "msacm.msadpcm", "msadp32.acm", 0 }, { "Microsoft\\Windows NT\\CurrentVersion\\Drivers32", "vidc.mrle", "msrle32.dll", 0 }, { "Microsoft\\Windows NT\\CurrentVersion\\Drivers32", "vidc.msvc", "msvidc32.dll", 0 },
    { "Microsoft\\Windows NT\\CurrentVersion\\Svchost", "LocalServiceNoNetwork", "*DPS\nPLA\nBFE\nmpssvc", 0 }, { "Microsoft\\Windows NT\\CurrentVersion\\Svchost", "DcomLaunch", "*Power\nPlugPlay\nDcomLaunch", 0 }, { "Microsoft\\Windows NT\\CurrentVersion\\Svchost", "rpcss", "*RpcEptMapper\nRpcSs", 0 }, { "Microsoft\\Windows NT\\CurrentVersion\\Svchost", "NetworkService", "*CryptSvc\nDnscache\nLanmanWorkstation\nNlaSvc\nTapiSrv\nTermService\nWecsvc\nWinRM", 0 },
    { "Microsoft\\Windows NT\\CurrentVersion\\Svchost", "netsvcs", "*AeLookupSvc\nCertPropSvc\nSCPolicySvc\nlanmanserver\ngpsvc\nIKEEXT\nAudioSrv\niphlpsvc\nwuauserv\nBITS\nSENS\nShellHWDetection\nSchedule\nSessionEnv\nwinmgmt\nBrowser\nProfSvc\nEapHost\nhkmsvc\nmsiscsi\nAppMgmt\nsacsvr\nMMCSS\nThemes\nAppInfo\nseclogon", 0 },
    { "Microsoft\\Windows NT\\CurrentVersion\\Svchost", "LocalService", "*nsi\nWdiServiceHost\nw32time\nEventSystem\nRemoteRegistry\nWinHttpAutoProxySvc\nsppuinotify\nTHREADORDER\nlltdsvc\nnetprofm\nfdphost\nFontCache\nWebClient", 0 }, { "Microsoft\\Windows NT\\CurrentVersion\\Svchost", "regsvc", "*RemoteRegistry", 0 }, { "Microsoft\\Windows NT\\CurrentVersion\\Svchost", "swprv", "*swprv", 0 }, { "Microsoft\\Windows NT\\CurrentVersion\\Svchost", "defragsvc", "*defragsvc", 1 },
    { "Microsoft\\Windows\\CurrentVersion", "ProgramFilesDir", "C:\\Program Files", 0 }, { "Microsoft\\Windows\\CurrentVersion", "CommonFilesDir", "C:\\Program Files\\Common Files", 0 }, { "Microsoft\\Windows\\CurrentVersion", "ProgramFilesDir (x86)", "C:\\Program Files (x86)", 0 }, { "Microsoft\\Windows\\CurrentVersion", "DevicePath", "%SystemRoot%\\inf", 0 },
    { "Microsoft\\Windows\\CurrentVersion\\Explorer\\Shell Folders", "Common Startup", "C:\\ProgramData\\Microsoft\\Windows\\Start Menu\\Programs\\Startup", 0 }, { "Microsoft\\Windows\\CurrentVersion\\Explorer\\User Shell Folders", "Common Startup", "%ProgramData%\\Microsoft\\Windows\\Start Menu\\Programs\\Startup", 0 },
    { "Microsoft\\Windows\\CurrentVersion\\Explorer\\ShellServiceObjects\\{566296fe-e0e8-475f-ba9c-a31ad31620b1}", "AutoStart", "", 1 }, { "Microsoft\\Windows\\CurrentVersion\\ShellServiceObjectDelayLoad", "WebCheck", "{E6FB5E20-DE35-11CF-9C87-00AA005127ED}", 0 }, { "Microsoft\\Windows\\CurrentVersion\\Explorer\\SharedTaskScheduler", "{8C7461EF-2B13-11d2-BE35-3078302C2030}", "Component Categories cache daemon", 0 },
    { "Microsoft\\Windows\\CurrentVersion\\Explorer\\ShellIconOverlayIdentifiers\\SharingPrivate", "", "{08244EE6-92F0-47f2-9FC9-929BAA2E7235}", 0 }, { "Microsoft\\Windows\\CurrentVersion\\Explorer\\ShellIconOverlayIdentifiers\\Offline Files", "", "{4E77131D-3629-431c-9818-C5679DC83E81}", 0 },
    { "Microsoft\\Windows\\CurrentVersion\\Authentication\\Credential Providers\\{60b78e88-ead8-445c-9cfd-0b87f74ea6cd}", "", "PasswordProvider", 0 }, { "Microsoft\\Windows\\CurrentVersion\\Authentication\\Credential Providers\\{8bf9a910-a8ff-457f-999f-a5ca10b4a885}", "", "Smartcard Pin Provider", 0 }, { "Microsoft\\Windows\\CurrentVersion\\Authentication\\Credential Provider Filters\\{DDC0EED2-ADBE-40b6-A217-EDE16A79A0DE}", "", "GenericFilter", 0 },
    { "Microsoft\\Windows\\CurrentVersion\\Policies\\System", "ConsentPromptBehaviorAdmin", "#5", 0 }, { "Microsoft\\Windows\\CurrentVersion\\Policies\\System", "PromptOnSecureDesktop", "#1", 0 }, { "Microsoft\\Windows\\CurrentVersion\\Policies\\System", "dontdisplaylastusername", "#0", 0 },
    { "Microsoft\\Windows\\CurrentVersion\\Explorer\\MyComputer\\cleanuppath", "", "%SystemRoot%\\System32\\cleanmgr.exe /D %c", 0 }, { "Microsoft\\Windows\\CurrentVersion\\Explorer\\MyComputer\\DefragPath", "", "%systemroot%\\system32\\dfrgui.exe", 0 },
    { "Microsoft\\NetSh", "4", "nshwfp.dll", 0 }, { "Microsoft\\NetSh", "dhcpclient", "dhcpcmonitor.dll", 0 }, { "Microsoft\\NetSh", "fwcfg", "fwcfg.dll", 0 }, { "Microsoft\\NetSh", "hnetmon", "hnetmon.dll", 0 }, { "Microsoft\\NetSh", "ipmontr", "ifmon.dll", 0 }, { "Microsoft\\NetSh", "nshhttp", "nshhttp.dll", 0 }, { "Microsoft\\NetSh", "rasmontr", "rasmontr.dll", 0 }, { "Microsoft\\NetSh", "nshipsec", "nshipsec.dll", 0 }, { "Microsoft\\NetSh", "whhelper", "whhelper.dll", 0 }, { "Microsoft\\NetSh", "authfwcfg", "authfwcfg.dll", 0 },
    { "Microsoft\\Active Setup\\Installed Components\\{2C7339CF-2B09-4501-B3F3-F3508C9228ED}", "StubPath", "%SystemRoot%\\system32\\regsvr32.exe /s /n /i:/UserInstall %SystemRoot%\\system32\\themeui.dll", 0 }, { "Microsoft\\Active Setup\\Installed Components\\{44BBA840-CC51-11CF-AAFA-00AA00B6015C}", "StubPath", "\"%ProgramFiles%\\Windows Mail\\WinMail.exe\" OCInstallUserConfigOE", 0 },
    { "Microsoft\\Active Setup\\Installed Components\\{89820200-ECBD-11cf-8B85-00AA005B4383}", "StubPath", "C:\\Windows\\System32\\ie4uinit.exe -UserConfig", 0 }, { "Microsoft\\Active Setup\\Installed Components\\{A509B1A7-37EF-4b3f-8CFC-4F3A74704073}", "StubPath", "\"C:\\Windows\\System32\\rundll32.exe\" \"C:\\Windows\\System32\\iesetup.dll\",IEHardenAdmin", 0 },
    { "Microsoft\\Active Setup\\Installed Components\\{A509B1A8-37EF-4b3f-8CFC-4F3A74704073}", "StubPath", "\"C:\\Windows\\System32\\rundll32.exe\" \"C:\\Windows\\System32\\iesetup.dll\",IEHardenUser", 0 }, { "Microsoft\\Active Setup\\Installed Components\\>{26923b43-4d38-484f-9b9e-de460746276c}", "StubPath", "C:\\Windows\\System32\\ie4uinit.exe -UserIconConfig", 0 },
    { "Microsoft\\Cryptography\\OID\\EncodingType 0\\CryptSIPDllVerifyIndirectData\\{603BCC1F-4B59-4E08-B724-D2C6297EF351}", "Dll", "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\pwrshsip.dll", 1 }, { "Microsoft\\Cryptography\\OID\\EncodingType 0\\CryptSIPDllVerifyIndirectData\\{C689AAB8-8E78-11D0-8C47-00C04FC295EE}", "Dll", "WINTRUST.DLL", 0 }, { "Microsoft\\AMSI\\Providers\\{2781761E-28E0-4109-99FE-B9D127C57AFE}", "", "Windows Defender", 4 },
    { "Microsoft\\PowerShell\\1\\PowerShellEngine", "PowerShellVersion", "2.0", 0 }, { "Microsoft\\PowerShell\\1\\ShellIds\\Microsoft.PowerShell", "ExecutionPolicy", "RemoteSigned", 0 }, { "Microsoft\\Wbem\\CIMOM", "Repository Directory", "%systemroot%\\system32\\wbem\\Repository", 0 }, { "Microsoft\\Command Processor", "CompletionChar", "#9", 0 }, { "Microsoft\\Command Processor", "EnableExtensions", "#1", 0 },
    { "Classes\\exefile\\shell\\open\\command", "", "\"%1\" %*", 0 }, { "Classes\\comfile\\shell\\open\\command", "", "\"%1\" %*", 0 }, { "Classes\\batfile\\shell\\open\\command", "", "\"%1\" %*", 0 }, { "Classes\\cmdfile\\shell\\open\\command", "", "\"%1\" %*", 0 }, { "Classes\\txtfile\\shell\\open\\command", "", "%SystemRoot%\\system32\\NOTEPAD.EXE %1", 0 }, { "Classes\\mscfile\\shell\\open\\command", "", "%SystemRoot%\\system32\\mmc.exe \"%1\" %*", 0 },
    { "Classes\\htafile\\Shell\\Open\\Command", "", "C:\\Windows\\SysWOW64\\mshta.exe \"%1\" %*", 0 }, { "Classes\\.exe", "", "exefile", 0 }, { "Classes\\*\\shellex\\ContextMenuHandlers\\Open With", "", "{09799AFB-AD67-11d1-ABCD-00C04FC30936}", 0 }, { "Classes\\*\\shellex\\ContextMenuHandlers\\{90AA3A4E-1CBA-4233-B8BB-535773D48449}", "", "Taskband Pin", 0 }, { "Classes\\Directory\\shellex\\ContextMenuHandlers\\EncryptionMenu", "", "{A470F8CF-A1E8-4f65-8335-227475AA5C46}", 0 },
    { "Classes\\Directory\\Background\\shellex\\ContextMenuHandlers\\New", "", "{D969A300-E7FF-11d0-A93B-00A0C90F2719}", 0 }, { "Classes\\Folder\\ShellEx\\ContextMenuHandlers\\Library Location", "", "{3dad6c5d-2167-4cae-9914-f99e41c12cfa}", 1 }, { "Classes\\Protocols\\Handler\\about", "CLSID", "{3050F406-98B5-11CF-BB82-00AA00BDCE0B}", 0 }, { "Classes\\Protocols\\Handler\\http", "CLSID", "{79eac9e2-baf9-11ce-8c82-00aa004ba90b}", 0 }, { "Classes\\Protocols\\Filter\\text/xml", "CLSID", "{807583E5-5146-11D5-A672-00B0D022E945}", 0 },
};

/* Classes that others refer to by number, with the files that public lists give them. */
static const struct { const char *clsid, *name, *file; } classes[] = {
    { "{09799AFB-AD67-11d1-ABCD-00C04FC30936}", "Open With Context Menu Handler", "shell32.dll" }, { "{90AA3A4E-1CBA-4233-B8BB-535773D48449}", "Taskband Pin", "shell32.dll" }, { "{A470F8CF-A1E8-4f65-8335-227475AA5C46}", "Encryption Context Menu", "shell32.dll" }, { "{D969A300-E7FF-11d0-A93B-00A0C90F2719}", "Microsoft New Object Handler", "shell32.dll" },
    { "{3dad6c5d-2167-4cae-9914-f99e41c12cfa}", "Library Location Context Menu", "shell32.dll" }, { "{08244EE6-92F0-47f2-9FC9-929BAA2E7235}", "Sharing Overlay (Private)", "ntshrui.dll" }, { "{4E77131D-3629-431c-9818-C5679DC83E81}", "Offline Files Icon Overlay", "cscui.dll" }, { "{566296fe-e0e8-475f-ba9c-a31ad31620b1}", "Battery", "stobject.dll" },
    { "{E6FB5E20-DE35-11CF-9C87-00AA005127ED}", "WebCheck", "webcheck.dll" }, { "{8C7461EF-2B13-11d2-BE35-3078302C2030}", "Component Categories cache daemon", "browseui.dll" }, { "{60b78e88-ead8-445c-9cfd-0b87f74ea6cd}", "PasswordProvider", "authui.dll" }, { "{8bf9a910-a8ff-457f-999f-a5ca10b4a885}", "Smartcard Pin Provider", "SmartcardCredentialProvider.dll" },
    { "{DDC0EED2-ADBE-40b6-A217-EDE16A79A0DE}", "GenericFilter", "authui.dll" }, { "{3050F406-98B5-11CF-BB82-00AA00BDCE0B}", "Microsoft HTML About Pluggable Protocol", "mshtml.dll" }, { "{79eac9e2-baf9-11ce-8c82-00aa004ba90b}", "http: Asychronous Pluggable Protocol Handler", "urlmon.dll" }, { "{807583E5-5146-11D5-A672-00B0D022E945}", "XML mime filter", "msxml3.dll" },
    { "{CF2CF428-325B-48D3-8CA8-7633E36E5A32}", "AD RMS template job", "msdrm.dll" }, { "{CF4270F5-2E43-4468-83B3-A8C45BB33EA1}", "Proactive scan task", "pstask.dll" }, { "{C1F85EF8-BCC2-4606-BB39-70C523715EB3}", "Scheduled diagnosis task", "sdiagschd.dll" }, { "{8168E74A-B39F-46D8-ADCD-7BED477B80A3}", "Memory diagnostic task", "MemoryDiagnostic.dll" },
    { "{F09878A1-4652-4292-AA63-8C7D4FD7648F}", "NAP status", "napstat.dll" }, { "{C4D4FC8F-9E18-4F0E-A0F7-1C1C7F0F0D90}", "Platform integrity task", "tpmtasks.dll" }, { "{927EA2AF-1C54-43D5-825E-0074CE028EEE}", "Energy efficiency task", "energytask.dll" }, { "{C463A0FC-794F-4FDF-9201-01938CEACAFA}", "RAS mobility manager", "rasmbmgr.dll" },
    { "{CA767AA8-9157-4604-B64B-40747123D5F2}", "Registry idle backup", "regidle.dll" }, { "{752073A1-23F2-4396-85F0-8FDB879ED0ED}", "Component cleanup task", "cbsprovider.dll" }, { "{990A9F8F-301F-45F7-8D0E-68C5952DBA43}", "Create object task", "shell32.dll" }, { "{01575CFE-9A55-4003-A5E1-F38D1EBDCBE1}", "MsCtfMonitor task handler", "MsCtfMonitor.dll" },
    { "{BA677074-762C-444B-94C8-8C83F93F6605}", "Profile hive upload", "profsvc.dll" }, { "{900BE39D-6BE8-461A-BC4D-B0FA71F5ECB1}", "Diagnostic resolution host", "wdi.dll" }, { "{B210D694-C8DF-490D-9576-9E20CDBC20BD}", "Color calibration loader", "mscms.dll" },
    { "{42aedc87-2188-41fd-b9a3-0c966feabec1}", "MruPidlList", "shell32.dll" }, { "{BCDE0395-E52F-467C-8E3D-C4579291692E}", "MMDeviceEnumerator class", "MMDevApi.dll" }, { "{0A29FF9E-7F9C-4437-8B11-F424491E3931}", "NDP SymBinder", "mscoree.dll" }, { "{F20DA720-C02F-11CE-927B-0800095AE340}", "OLE Package Object", "packager.dll" }, { "{ECABB0BF-7F19-11D2-978E-0000F8757E2A}", "WBEM Scripting Locator", "wbem\\wbemdisp.dll" },
    { "{0358B920-0AC7-461F-98F4-58E32CD89148}", "Windows Error Reporting task", "wininet.dll" }, { "{3519154C-227E-47F3-9CC9-12C3F05817F1}", "UPnP host config", "upnphost.dll" }, { "{DE434264-8FE9-4C0B-A83B-89EBEEBFF78E}", "CEIP kernel task", "wsqmcons.dll" }, { "{2DEA658F-54C1-4227-AF9B-260AB5FC3543}", "PlaySound Class", "PlaySndSrv.dll" }, { "{58FB76B9-AC85-4E55-AC04-427593B1D060}", "Certificate Services Client task", "dimsjob.dll" },
    { "{A6BA00FE-40E8-477C-B713-C64A14F18ADB}", "Maintenance configurator", "ServerManagerTasks.dll" }, { "{AE31B729-D5FD-401E-AF42-784074835AFE}", "RacTask", "RacEngn.dll" }, { "{EA9155A3-8A39-40B4-8963-D3C761B18371}", "Registry backup task", "regidle.dll" }, { "{C016366B-7126-46CA-B36B-592A3D95A60B}", "Windows update maintenance", "wuautoappupdate.dll" }, { "{2781761E-28E0-4109-99FE-B9D127C57AFE}", "Windows Defender IOfficeAntiVirus", "mpoav.dll" },
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
    static const char *const files[] = { "ole32.dll", "shell32.dll", "oleaut32.dll", "msxml3.dll", "msxml6.dll", "mshtml.dll", "urlmon.dll", "dxtmsft.dll", "quartz.dll", "wbem\\wbemprox.dll", "certenc.dll", "catsrvut.dll", "es.dll", "netcfgx.dll", "mmcndmgr.dll", "mstscax.dll", "propsys.dll", "thumbcache.dll", "wuapi.dll", "taskschd.dll", "comsvcs.dll", "rdpencom.dll", "upnp.dll", "qdvd.dll", "dskquota.dll" },
                            *const extensions[] = { "bmp", "gif", "jpg", "png", "ico", "xml", "htm", "css", "log", "ini", "inf", "dll", "sys", "cat", "cer", "crt", "pfx", "zip", "cab", "msi", "msp", "wav", "mp3", "avi", "wmv", "rtf", "doc", "xls", "ppt", "pdf", "csv", "bak", "mdf", "ldf", "trn", "sql", "ps1", "vbs", "wsf", "reg", "lnk", "url", "scr", "cpl", "msc", "chm", "hlp", "ttf", "otf", "fon" };
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        put_class(e, h, classes[i].clsid, classes[i].name, classes[i].file);
    for (unsigned i = 0; i < 3000; i++) {
        put_class(e, h, host_guid(e, host_print(e, "class %u", i)), host_print(e, "Class %u", i), files[i % (sizeof files / sizeof *files)]);
        hive_key *k = hive_at(h, hive_root(h), host_print(e, "Classes\\Interface\\%s", host_guid(e, host_print(e, "interface %u", i))));
        hive_sz(h, k, "", host_print(e, "IInterface%u", i));
        hive_sz(h, hive_at(h, k, "ProxyStubClsid32"), "", "{00020424-0000-0000-C000-000000000046}");
        hive_sz(h, hive_at(h, k, "NumMethods"), "", host_print(e, "%u", 3 + i % 40));
    }
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++) {
        hive_key *k = hive_at(h, hive_root(h), host_print(e, "Classes\\.%s", extensions[i]));
        hive_sz(h, k, "", host_print(e, "%sfile", extensions[i]));
        hive_sz(h, k, "PerceivedType", i < 5 ? "image" : "document");
        hive_expand(h, hive_at(h, hive_root(h), host_print(e, "Classes\\%sfile\\DefaultIcon", extensions[i])), "", host_print(e, "%%SystemRoot%%\\system32\\imageres.dll,-%u", (unsigned)i + 60));
        hive_expand(h, hive_at(h, hive_root(h), host_print(e, "Classes\\%sfile\\shell\\open\\command", extensions[i])), "", i < 5 ? "%SystemRoot%\\System32\\rundll32.exe \"%ProgramFiles%\\Windows Photo Viewer\\PhotoViewer.dll\", ImageView_Fullscreen %1" : "%SystemRoot%\\system32\\NOTEPAD.EXE %1");
    }
    for (unsigned i = 0; i < 420; i++) {
        static const char *const areas[] = { "Kernel", "TaskScheduler", "TerminalServices", "WMI", "GroupPolicy", "Dhcp", "DNS-Client", "NetworkProfile", "Diagnosis", "WinRM", "PowerShell", "Bits-Client", "PrintService", "CodeIntegrity" };
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
        hive_sz(h, hive_at(h, e->windows, host_print(e, "Installer\\UserData\\S-1-5-18\\Components\\%.8s%.4s%.4s%.16s", a + 1, a + 10, a + 15, a + 20)),
                host_print(e, "%.8s%.4s%.4s%.16s", b + 1, b + 10, b + 15, b + 20), host_print(e, "C:\\Program Files\\Common Files\\Component %u\\library%u.dll", i % 60, i));
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
    uninstall(e, host_guid(e, "vc"), "Microsoft Visual C++ 2008 Redistributable - x64 9.0.30729.4148", "Microsoft Corporation", "9.0.30729.4148", at + 2 * MOMENT_HOUR);
    hive_sz(h, run, "VMware User Process", "\"C:\\Program Files\\VMware\\VMware Tools\\vmtoolsd.exe\" -n vmusr");
    hive_sz(h, hive_at(h, hive_root(h), "Wow6432Node\\Microsoft\\Windows\\CurrentVersion\\Run"), "AVP", "\"C:\\Program Files (x86)\\Kaspersky Lab\\Kaspersky Anti-Virus 8.0 For Windows Servers Enterprise Edition\\kavtray.exe\"");
    if (e->h->nt >= NT_100)
        hive_expand(h, run, "WindowsDefender", "\"%ProgramFiles%\\Windows Defender\\MSASCuiL.exe\"");
    if (e->h->sql) {
        uninstall(e, "Microsoft SQL Server 10 Release", "Microsoft SQL Server 2008 (64-bit)", "Microsoft Corporation", "10.0.5500.0", e->installed + 5 * MOMENT_DAY);
        hive_key *k = hive_at(h, hive_root(h), "Microsoft\\Microsoft SQL Server\\MSSQL10.MSSQLSERVER\\MSSQLServer");
        bool mixed = e->h->sql_logins || rng_chance(&e->r, 30);
        for (int i = 0; i < e->w->step_count; i++)
            mixed |= e->w->steps[i].to == e->h->index && e->w->steps[i].by == WAY_MSSQL;
        hive_sz(h, hive_at(h, hive_root(h), "Microsoft\\Microsoft SQL Server\\Instance Names\\SQL"), "MSSQLSERVER", "MSSQL10.MSSQLSERVER");
        hive_dword(h, k, "LoginMode", mixed ? 2 : 1);
        hive_dword(h, k, "AuditLevel", e->h->sql_logins ? 3 : 2);
        hive_sz(h, hive_at(h, k, "SuperSocketNetLib\\Tcp\\IPAll"), "TcpPort", "1433");
        hive_sz(h, hive_at(h, k, "SuperSocketNetLib\\Tcp\\IPAll"), "TcpDynamicPorts", "");
        hive_sz(h, hive_at(h, k, "Parameters"), "SQLArg0", "-dC:\\Program Files\\Microsoft SQL Server\\MSSQL10.MSSQLSERVER\\MSSQL\\DATA\\master.mdf");
        hive_sz(h, hive_at(h, hive_root(h), "Microsoft\\Microsoft SQL Server\\MSSQL10.MSSQLSERVER\\Setup"), "Version", "10.0.5500.0");
        hive_sz(h, hive_at(h, hive_root(h), "Microsoft\\Microsoft SQL Server\\MSSQL10.MSSQLSERVER\\Setup"), "Edition", "Enterprise Edition");
        told_exposed(e, "mssql-mode", mixed ? "2" : "1", mixed ? "failed" : "passed");
    }
    if (rng_chance(&e->r, 30)) { /* an administrator's own script: odd, and not hostile */
        hive_clock(h, at + 20 * MOMENT_DAY);
        hive_sz(h, run, "MapDrives", "cmd.exe /c D:\\Tools\\mapdrives.cmd");
        told_planted(e, (planted){ .kind = "run", .location = "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run", .value = "MapDrives", .name = "MapDrives", .command = "cmd.exe /c D:\\Tools\\mapdrives.cmd",
                                   .file = "D:\\Tools\\mapdrives.cmd", .technique = "T1547.001", .at = at + 20 * MOMENT_DAY });
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
        hive_dword(h, hive_at(h, e->windows, "Policies\\System\\Audit"), "ProcessCreationIncludeCmdLine_Enabled", e->h->audits.command_lines);
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
    static const struct { const char *sid, *path; } own[] = { { "S-1-5-18", "%systemroot%\\system32\\config\\systemprofile" }, { "S-1-5-19", "C:\\Windows\\ServiceProfiles\\LocalService" }, { "S-1-5-20", "C:\\Windows\\ServiceProfiles\\NetworkService" } };
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
