#include "range/windows.h"

#include <stdio.h>

const nt_info nt_table[NT_VERSIONS] = {
    { "6.0", "Windows Server (R) 2008 Standard", "6.00.", 6, 0, 6002, 2, 18881, 18005, "Service Pack 2", "6002.vistasp2_gdr.130707-1535", "2.0" },
    { "6.1", "Windows Server 2008 R2 Standard", "6.01.", 6, 1, 7601, 1, 17727, 17514, "Service Pack 1", "7601.win7sp1_gdr.130828-1532", "2.0" },
    { "6.2", "Windows Server 2012 Standard", "6.02.", 6, 2, 9200, 0, 16384, 0, "", "9200.win8_rtm.120725-1247", "3.0" },
    { "6.3", "Windows Server 2012 R2 Standard", "6.03.", 6, 3, 9600, 0, 17031, 0, "", "9600.winblue_r3.140827-1500", "4.0" },
    { "10.0", "Windows Server 2016 Standard", "10.00.", 10, 0, 14393, 0, 693, 0, "", "14393.693.amd64fre.rs1_release.161220-1747", "5.1.14393.693" },
};

bool nt_parse(const char *number, nt_version *out)
{
    for (int i = 0; i < NT_VERSIONS; i++) {
        if (strcmp(nt_table[i].number, number) == 0) {
            *out = (nt_version)i;
            return true;
        }
    }
    return false;
}

const service_name services_daily[] = {
    { "WinHttpAutoProxySvc", "WinHTTP Web Proxy Auto-Discovery Service", "WinHTTP Web Proxy Auto-Discovery Service" },
    { "AeLookupSvc", "Application Experience", "Application Experience" },
    { "sppsvc", "Software Protection", "Software Protection" },
    { "TrustedInstaller", "Windows Modules Installer", "Windows Modules Installer" },
    { "BITS", "Background Intelligent Transfer Service", "Background Intelligent Transfer Service" },
    { "wuauserv", "Windows Update", "Windows Update" },
    { "swprv", "Microsoft Software Shadow Copy Provider", "Microsoft Software Shadow Copy Provider" },
    { "VSS", "Volume Shadow Copy", "Volume Shadow Copy" },
    { "wmiApSrv", "WMI Performance Adapter", "WMI Performance Adapter" },
    { "PerfHost", "Performance Counter DLL Host", "Performance Counter DLL 主机" },
    { "MSDTC", "Distributed Transaction Coordinator", "Distributed Transaction Coordinator" },
    { NULL, NULL, NULL },
};

const service_name services_boot[] = {
    { "PlugPlay", "Plug and Play", "Plug and Play" },
    { "DcomLaunch", "DCOM Server Process Launcher", "DCOM Server Process Launcher" },
    { "RpcSs", "Remote Procedure Call (RPC)", "Remote Procedure Call (RPC)" },
    { "eventlog", "Windows Event Log", "Windows Event Log" },
    { "gpsvc", "Group Policy Client", "Group Policy Client" },
    { "ProfSvc", "User Profile Service", "User Profile Service" },
    { "EventSystem", "COM+ Event System", "COM+ Event System" },
    { "SENS", "System Event Notification Service", "System Event Notification Service" },
    { "SamSs", "Security Accounts Manager", "Security Accounts Manager" },
    { "lmhosts", "TCP/IP NetBIOS Helper", "TCP/IP NetBIOS Helper" },
    { "Dnscache", "DNS Client", "DNS Client" },
    { "Schedule", "Task Scheduler", "Task Scheduler" },
    { "Spooler", "Print Spooler", "Print Spooler" },
    { "BFE", "Base Filtering Engine", "Base Filtering Engine" },
    { "MpsSvc", "Windows Firewall", "Windows Firewall" },
    { "LanmanWorkstation", "Workstation", "Workstation" },
    { "LanmanServer", "Server", "Server" },
    { "CryptSvc", "Cryptographic Services", "Cryptographic Services" },
    { "TermService", "Remote Desktop Services", "Remote Desktop Services" },
    { "W32Time", "Windows Time", "Windows Time" },
    { "Winmgmt", "Windows Management Instrumentation", "Windows Management Instrumentation" },
    { "AVP", "Kaspersky Anti-Virus Service", "Kaspersky 反病毒服务" },
    { "klnagent", "Kaspersky Security Center Network Agent", "卡巴斯基网络代理" },
    { "MSSQLSERVER", "SQL Server (MSSQLSERVER)", "SQL Server (MSSQLSERVER)" },
    { "SQLSERVERAGENT", "SQL Server Agent (MSSQLSERVER)", "SQL Server 代理 (MSSQLSERVER)" },
    { NULL, NULL, NULL },
};

const char *service_shown(const char *key, bool zh)
{
    for (int list = 0; list < 2; list++)
        for (const service_name *s = list ? services_boot : services_daily; s->key; s++)
            if (strcmp(s->key, key) == 0)
                return zh ? s->zh : s->en;
    return key;
}

const char *windows_word(word_id w, bool zh)
{
    static const char *const words[WORDS][2] = {
        [WORD_RUNNING] = { "running", "正在运行" },
        [WORD_STOPPED] = { "stopped", "停止" },
        [WORD_DEMAND] = { "demand start", "按需启动" },
        [WORD_AUTO] = { "auto start", "自动启动" },
        [WORD_DISABLED] = { "disabled", "已禁用" },
        [WORD_USER_SERVICE] = { "user mode service", "用户模式服务" },
        [WORD_RESTART] = { "restart", "重新启动" },
        [WORD_POWER_OFF] = { "power off", "关闭电源" },
        [WORD_PLANNED] = { "Operating System: Recovery (Planned)", "操作系统: 恢复(计划内)" },
        [WORD_PLANNED_OTHER] = { "Other (Planned)", "其他(计划内)" },
        [WORD_LOCAL] = { "LOCAL", "本地" },
        [WORD_ZONE] = { "China Standard Time", "中国标准时间" },
    };
    return words[w][zh];
}

void windows_time_text(moment local, bool zh, char time[32], char date[48])
{
    moment_parts p = moment_to_parts(local);
    unsigned twelve = (unsigned)(p.hour % 12 ? p.hour % 12 : 12);
    if (zh) {
        snprintf(time, 32, "%d:%02d:%02d", p.hour, p.minute, p.second);
        snprintf(date, 48, "\xe2\x80\x8e%d/\xe2\x80\x8e%d/\xe2\x80\x8e%d", p.year, p.month, p.day);
    } else {
        snprintf(time, 32, "%u:%02d:%02d %s", twelve, p.minute, p.second, p.hour < 12 ? "AM" : "PM");
        snprintf(date, 48, "\xe2\x80\x8e%d/\xe2\x80\x8e%d/\xe2\x80\x8e%d", p.month, p.day, p.year);
    }
}

void windows_systemtime(moment t, uint8_t out[16])
{
    moment_parts p = moment_to_parts(t);
    unsigned v[8] = { (unsigned)p.year, (unsigned)p.month, (unsigned)((t / MOMENT_DAY + 1) % 7), (unsigned)p.day,
                      (unsigned)p.hour, (unsigned)p.minute, (unsigned)p.second, p.ticks / 10000 };
    for (unsigned i = 0; i < 8; i++) {
        out[2 * i] = (uint8_t)v[i];
        out[2 * i + 1] = (uint8_t)(v[i] >> 8);
    }
}
