/* The Security log. Versions of events by system, and whose auditing they need: range.h and windows.h tell.
 *
 * Source    field names and types: published logs of 6.0 to 10.0. 4624 has no ImpersonationLevel before 6.2; 4688 has no
 *           CommandLine on 6.0, and parent, target and label only on 10.0; 5140 has no ObjectType and AccessMask on 6.0. */
#include "range/range.h"

#include <stdio.h>

#define NO_GUID "{00000000-0000-0000-0000-000000000000}"
#define PRIVILEGES                                                                                                                         \
    "SeSecurityPrivilege\r\n\t\t\tSeBackupPrivilege\r\n\t\t\tSeRestorePrivilege\r\n\t\t\tSeTakeOwnershipPrivilege\r\n\t\t\tSeDebugPrivile" \
    "ge\r\n\t\t\t"                                                                                                                         \
    "SeSystemEnvironmentPrivilege\r\n\t\t\tSeLoadDriverPrivilege\r\n\t\t\tSeImpersonatePrivilege"
#define SYSTEM_PRIVILEGES                                                                                                                  \
    "SeAssignPrimaryTokenPrivilege\r\n\t\t\tSeTcbPrivilege\r\n\t\t\tSeSecurityPrivilege\r\n\t\t\tSeTakeOwnershipPrivilege\r\n\t\t\tSeLoad" \
    "DriverPrivilege\r\n\t\t\t"                                                                                                            \
    "SeBackupPrivilege\r\n\t\t\tSeRestorePrivilege\r\n\t\t\tSeDebugPrivilege\r\n\t\t\tSeAuditPrivilege\r\n\t\t\tSeSystemEnvironmentPrivil" \
    "ege\r\n\t\t\tSeImpersonatePrivilege"

uint64_t log_audit(sim *s, unsigned id, unsigned version, unsigned task, bool success, const evtx_field *fields, size_t count)
{
    bool kernel = id == 4688 || id == 5140;
    return pen(s, CH_SECURITY,
               &(evtx_out){ .provider = EVTX_AUDITING,
                            .guid = EVTX_AUDITING_GUID,
                            .id = id,
                            .version = (uint8_t)version,
                            .task = (uint16_t)task,
                            .keywords = success ? 0x8020000000000000 : 0x8010000000000000,
                            .pid = kernel ? 4 : s->lsass_pid,
                            .tid = kernel ? 60 : s->lsass_pid + 4 * (uint32_t)rng_range(&s->r, 8, 40),
                            .fields = fields,
                            .field_count = count });
}

static const char *machine_account(sim *s) { return sim_print(s, "%s$", s->computer); }
static const char *or_dash(const char *text) { return text ? text : "-"; }
static const char *port_text(sim *s, unsigned port) { return port ? sim_print(s, "%u", port) : "-"; }

/* What the system itself fills in for a kind of logon. */
typedef struct {
    const char *process, *package, *image;
    bool by_system;
} logon_kind;
static logon_kind kind_of(const logon *l)
{
    switch (l->type) {
    case 2:
    case 7:
        return (logon_kind){ "User32 ", "Negotiate", "C:\\Windows\\System32\\winlogon.exe", true };
    case 10:
        return (logon_kind){ "User32 ", "Negotiate", "C:\\Windows\\System32\\winlogon.exe", true };
    case 5:
        return (logon_kind){ "Advapi  ", "Negotiate", "C:\\Windows\\System32\\services.exe", true };
    case 4:
        return (logon_kind){ "Advapi  ", "Negotiate", "C:\\Windows\\System32\\svchost.exe", true };
    default:
        return (logon_kind){ "NtLmSsp ", "NTLM", "-", false };
    }
}

/* Whether it is an account of the host's own SAM. */
static bool is_local_person(const sim *s, const logon *l)
{
    return !l->sid && (!l->domain || strcmp(l->domain, s->computer) == 0 || !*l->domain) && (l->type == 3 || l->type == 10 || l->type == 2)
           && strcmp(l->user, "ANONYMOUS LOGON") != 0;
}

uint64_t log_logon(sim *s, logon *l)
{
    logon_kind k = kind_of(l);
    const char *sid = l->sid ? l->sid : sim_account_sid(s, l->user), *package = l->package ? l->package : k.package;
    bool ntlm = strcmp(package, "NTLM") == 0, anonymous = strcmp(l->user, "ANONYMOUS LOGON") == 0;
    uint64_t record;
    if (!l->id)
        l->id = sim_logon_id(s);
    if (is_local_person(s, l)) {
        person *p = sim_person(s, l->user);
        p->last_logon = s->now;
        p->logons++;
        p->failures = 0;
    }
    if (!s->h->audits.logons)
        return 0;
    evtx_field f[28] = {
        evtx_sid("SubjectUserSid", k.by_system ? "S-1-5-18" : "S-1-0-0"),
        evtx_str("SubjectUserName", k.by_system ? machine_account(s) : "-"),
        evtx_str("SubjectDomainName", k.by_system ? s->w->domain : "-"),
        evtx_hex64("SubjectLogonId", k.by_system ? 0x3e7 : 0),
        evtx_sid("TargetUserSid", sid),
        evtx_str("TargetUserName", l->user),
        evtx_str("TargetDomainName", l->domain ? l->domain : s->computer),
        evtx_hex64("TargetLogonId", l->id),
        evtx_u32("LogonType", l->type),
        evtx_str("LogonProcessName", l->process ? l->process : k.process),
        evtx_str("AuthenticationPackageName", package),
        evtx_str("WorkstationName", l->workstation                                ? l->workstation
                                    : k.by_system && l->type != 5 && l->type != 4 ? s->computer
                                                                                  : ""),
        evtx_guid("LogonGuid", strcmp(package, "Kerberos") == 0 ? sim_guid(s) : NO_GUID),
        evtx_str("TransmittedServices", "-"),
        evtx_str("LmPackageName", ntlm ? (anonymous ? "NTLM V1" : "NTLM V2") : "-"),
        evtx_u32("KeyLength", ntlm && !anonymous ? 128 : 0),
        evtx_size("ProcessId", k.by_system ? (l->pid         ? l->pid
                                              : l->type == 5 ? s->services_pid
                                                             : WINLOGON_PID)
                                           : 0),
        evtx_str("ProcessName", l->image ? l->image : k.image),
        evtx_str("IpAddress", or_dash(l->address)),
        evtx_str("IpPort", l->address ? port_text(s, l->port) : "-"),
        evtx_str("ImpersonationLevel", "%%1833"),
        evtx_str("RestrictedAdminMode", "-"),
        evtx_str("TargetOutboundUserName", "-"),
        evtx_str("TargetOutboundDomainName", "-"),
        evtx_str("VirtualAccount", "%%1843"),
        evtx_hex64("TargetLinkedLogonId", 0),
        evtx_str("ElevatedToken", l->admin ? "%%1842" : "%%1843"),
    };
    unsigned version = s->h->nt >= NT_100 ? 2 : s->h->nt >= NT_62 ? 1 : 0;
    record = log_audit(s, 4624, version, 12544, true, f, version == 2 ? 27 : version == 1 ? 21 : 20);
    if (l->admin) {
        bool system = strcmp(sid, "S-1-5-18") == 0;
        evtx_field p[] = { evtx_sid("SubjectUserSid", sid), evtx_str("SubjectUserName", l->user),
                           evtx_str("SubjectDomainName", l->domain ? l->domain : s->computer), evtx_hex64("SubjectLogonId", l->id),
                           evtx_str("PrivilegeList", system ? SYSTEM_PRIVILEGES : PRIVILEGES) };
        log_audit(s, 4672, 0, 12548, true, p, 5);
    }
    return record;
}

uint64_t log_logon_failed(sim *s, const logon *l, uint32_t status, uint32_t sub)
{
    logon_kind k = kind_of(l);
    if (sub == 0xc000006a && is_local_person(s, l)) {
        person *p = sim_person(s, l->user);
        p->last_failure = s->now;
        p->failures++;
    }
    if (!s->h->audits.logons)
        return 0;
    return log_audit(s, 4625, 0, 12544, false,
                     FIELDS_OF(evtx_sid("SubjectUserSid", k.by_system ? "S-1-5-18" : "S-1-0-0"),
                               evtx_str("SubjectUserName", k.by_system ? machine_account(s) : "-"),
                               evtx_str("SubjectDomainName", k.by_system ? s->w->domain : "-"),
                               evtx_hex64("SubjectLogonId", k.by_system ? 0x3e7 : 0), evtx_sid("TargetUserSid", "S-1-0-0"),
                               evtx_str("TargetUserName", l->user), evtx_str("TargetDomainName", l->domain ? l->domain : ""),
                               evtx_hex32("Status", status),
                               evtx_str("FailureReason", sub == 0xc0000234   ? "%%2307"
                                                         : sub == 0xc0000072 ? "%%2310"
                                                                             : "%%2313"),
                               evtx_hex32("SubStatus", sub), evtx_u32("LogonType", l->type),
                               evtx_str("LogonProcessName", l->process ? l->process : k.process),
                               evtx_str("AuthenticationPackageName", l->package ? l->package : k.package),
                               evtx_str("WorkstationName", l->workstation ? l->workstation
                                                           : k.by_system  ? s->computer
                                                                          : ""),
                               evtx_str("TransmittedServices", "-"), evtx_str("LmPackageName", "-"), evtx_u32("KeyLength", 0),
                               evtx_size("ProcessId", k.by_system ? (l->type == 5 ? s->services_pid : WINLOGON_PID) : 0),
                               evtx_str("ProcessName", l->image ? l->image : k.image), evtx_str("IpAddress", or_dash(l->address)),
                               evtx_str("IpPort", l->address ? port_text(s, l->port) : "-")));
}

void log_logoff(sim *s, const logon *l)
{
    if (!s->h->audits.logons)
        return;
    if (l->type == 10 || l->type == 2)
        log_audit(s, 4647, 0, 12545, true,
                  FIELDS_OF(evtx_sid("TargetUserSid", l->sid ? l->sid : sim_account_sid(s, l->user)), evtx_str("TargetUserName", l->user),
                            evtx_str("TargetDomainName", l->domain ? l->domain : s->computer), evtx_hex64("TargetLogonId", l->id)));
    log_audit(s, 4634, 0, 12545, true,
              FIELDS_OF(evtx_sid("TargetUserSid", l->sid ? l->sid : sim_account_sid(s, l->user)), evtx_str("TargetUserName", l->user),
                        evtx_str("TargetDomainName", l->domain ? l->domain : s->computer), evtx_hex64("TargetLogonId", l->id),
                        evtx_u32("LogonType", l->type)));
}

void log_ntlm(sim *s, const char *user, const char *workstation, uint32_t status)
{
    if (!s->h->audits.logons)
        return;
    log_audit(s, 4776, 0, 14336, status == 0,
              FIELDS_OF(evtx_str("PackageName", "MICROSOFT_AUTHENTICATION_PACKAGE_V1_0"), evtx_str("TargetUserName", user),
                        evtx_str("Workstation", workstation ? workstation : ""), evtx_hex32("Status", status)));
}

void log_explicit(sim *s, const logon *who, const logon *as, const char *target, const char *image)
{
    if (!s->h->audits.logons)
        return;
    log_audit(s, 4648, 0, 12544, true,
              FIELDS_OF(evtx_sid("SubjectUserSid", who ? sim_account_sid(s, who->user) : "S-1-5-18"),
                        evtx_str("SubjectUserName", who ? who->user : machine_account(s)),
                        evtx_str("SubjectDomainName", who ? s->computer : s->w->domain),
                        evtx_hex64("SubjectLogonId", who ? who->id : 0x3e7), evtx_guid("LogonGuid", NO_GUID),
                        evtx_str("TargetUserName", as->user), evtx_str("TargetDomainName", as->domain ? as->domain : s->computer),
                        evtx_guid("TargetLogonGuid", NO_GUID), evtx_str("TargetServerName", target), evtx_str("TargetInfo", target),
                        evtx_size("ProcessId", WINLOGON_PID), evtx_str("ProcessName", image), evtx_str("IpAddress", or_dash(as->address)),
                        evtx_str("IpPort", as->address ? port_text(s, as->port) : "-")));
}

uint64_t log_share(sim *s, const logon *l, const char *share, const char *path)
{
    if (!s->h->audits.shares)
        return 0;
    evtx_field f[] = { evtx_sid("SubjectUserSid", l->sid ? l->sid : sim_account_sid(s, l->user)),
                       evtx_str("SubjectUserName", l->user),
                       evtx_str("SubjectDomainName", l->domain ? l->domain : s->computer),
                       evtx_hex64("SubjectLogonId", l->id),
                       evtx_str("ObjectType", "File"),
                       evtx_str("IpAddress", or_dash(l->address)),
                       evtx_str("IpPort", port_text(s, l->port)),
                       evtx_str("ShareName", share),
                       evtx_str("ShareLocalPath", path),
                       evtx_hex32("AccessMask", 1),
                       evtx_str("AccessList", "%%4416\r\n\t\t\t\t") };
    if (s->h->nt > NT_60)
        return log_audit(s, 5140, 1, 12808, true, f, 11);
    f[4] = f[5];
    f[5] = f[6];
    f[6] = f[7];
    return log_audit(s, 5140, 0, 12808, true, f, 7);
}

uint32_t log_process(sim *s, const logon *who, const char *image, const char *command, uint32_t parent, const char *parent_image,
                     uint64_t *record)
{
    uint32_t pid = sim_pid(s);
    uint64_t id = 0;
    if (s->h->audits.processes) {
        unsigned version = s->h->nt >= NT_100 ? 2 : s->h->audits.command_lines && s->h->nt > NT_60 ? 1 : 0;
        const char *user = who ? who->user : machine_account(s);
        evtx_field f[] = { evtx_sid("SubjectUserSid", who ? who->sid ? who->sid : sim_account_sid(s, who->user) : "S-1-5-18"),
                           evtx_str("SubjectUserName", user),
                           evtx_str("SubjectDomainName", who ? (who->domain ? who->domain : s->computer) : s->w->domain),
                           evtx_hex64("SubjectLogonId", who ? who->id : 0x3e7),
                           evtx_size("NewProcessId", pid),
                           evtx_str("NewProcessName", image),
                           evtx_str("TokenElevationType", "%%1936"),
                           evtx_size("ProcessId", parent),
                           evtx_str("CommandLine", s->h->audits.command_lines ? command : ""),
                           evtx_sid("TargetUserSid", "S-1-0-0"),
                           evtx_str("TargetUserName", "-"),
                           evtx_str("TargetDomainName", "-"),
                           evtx_hex64("TargetLogonId", 0),
                           evtx_str("ParentProcessName", parent_image),
                           evtx_sid("MandatoryLabel", who ? "S-1-16-12288" : "S-1-16-16384") };
        id = log_audit(s, 4688, version, 13312, true, f, version == 2 ? 15 : version == 1 ? 9 : 8);
    }
    if (record)
        *record = id;
    return pid;
}

uint32_t log_desktop(sim *s, const logon *who)
{
    static const char userinit[] = "C:\\Windows\\System32\\userinit.exe";
    uint32_t parent = log_process(s, who, userinit, "C:\\Windows\\system32\\userinit.exe", WINLOGON_PID, "C:\\Windows\\System32\\winlogon.exe", NULL);
    return log_process(s, who, "C:\\Windows\\explorer.exe", "C:\\Windows\\Explorer.EXE", parent, userinit, NULL);
}

static void subject(sim *s, const logon *by, evtx_field out[4])
{
    out[0] = evtx_sid("SubjectUserSid", by ? by->sid ? by->sid : sim_account_sid(s, by->user) : "S-1-5-18");
    out[1] = evtx_str("SubjectUserName", by ? by->user : machine_account(s));
    out[2] = evtx_str("SubjectDomainName", by ? (by->domain ? by->domain : s->computer) : s->w->domain);
    out[3] = evtx_hex64("SubjectLogonId", by ? by->id : 0x3e7);
}

uint64_t log_service_audit(sim *s, const logon *l, const char *name, const char *file, unsigned start)
{
    evtx_field f[9];
    if (!s->h->audits.services)
        return 0;
    subject(s, l, f);
    f[4] = evtx_str("ServiceName", name);
    f[5] = evtx_str("ServiceFileName", file);
    f[6] = evtx_hex32("ServiceType", 0x10);
    f[7] = evtx_u32("ServiceStartType", start);
    f[8] = evtx_str("ServiceAccount", "LocalSystem");
    return log_audit(s, 4697, 0, 12289, true, f, 9);
}

uint64_t log_task_audit(sim *s, const logon *l, const char *task, const char *command, const char *arguments, const char *interval)
{
    evtx_field f[6];
    char when[MOMENT_TEXT];
    if (!s->h->audits.tasks)
        return 0;
    moment_iso(sim_local(s, s->now), when);
    when[19] = 0;
    subject(s, l, f);
    f[4] = evtx_str("TaskName", task);
    f[5] = evtx_str("TaskContent",
                    sim_print(s,
                              "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n<Task version=\"1.2\" "
                              "xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\r\n  <RegistrationInfo>\r\n"
                              "    <Date>%s</Date>\r\n    <Author>%s</Author>\r\n  </RegistrationInfo>\r\n  <Triggers>\r\n    "
                              "<TimeTrigger>\r\n      <Repetition>\r\n        <Interval>%s</Interval>\r\n"
                              "        <StopAtDurationEnd>false</StopAtDurationEnd>\r\n      </Repetition>\r\n      "
                              "<StartBoundary>%s</StartBoundary>\r\n      <Enabled>true</Enabled>\r\n    </TimeTrigger>\r\n"
                              "  </Triggers>\r\n  <Principals>\r\n    <Principal id=\"Author\">\r\n      "
                              "<RunLevel>HighestAvailable</RunLevel>\r\n      <UserId>S-1-5-18</UserId>\r\n    </Principal>\r\n"
                              "  </Principals>\r\n  <Settings>\r\n    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>\r\n    "
                              "<Hidden>false</Hidden>\r\n    <Enabled>true</Enabled>\r\n  </Settings>\r\n"
                              "  <Actions Context=\"Author\">\r\n    <Exec>\r\n      <Command>%s</Command>\r\n      "
                              "<Arguments>%s</Arguments>\r\n    </Exec>\r\n  </Actions>\r\n</Task>",
                              when, l ? sim_print(s, "%s\\%s", s->computer, l->user) : machine_account(s), interval, when, command,
                              arguments));
    return log_audit(s, 4698, 0, 12804, true, f, 6);
}

static void account_fields(sim *s, const logon *by, const char *name, const char *sid, evtx_field out[7])
{
    out[0] = evtx_str("TargetUserName", name);
    out[1] = evtx_str("TargetDomainName", s->computer);
    out[2] = evtx_sid("TargetSid", sid);
    subject(s, by, out + 3);
}

uint64_t log_account_created(sim *s, const logon *by, const char *name, const char *sid)
{
    evtx_field f[25];
    if (!s->h->audits.accounts)
        return 0;
    account_fields(s, by, name, sid, f);
    static const struct {
        const char *name, *value;
    } rest[] = { { "PrivilegeList", "-" },        { "SamAccountName", NULL },     { "DisplayName", "%%1793" },
                 { "UserPrincipalName", "-" },    { "HomeDirectory", "%%1793" },  { "HomePath", "%%1793" },
                 { "ScriptPath", "%%1793" },      { "ProfilePath", "%%1793" },    { "UserWorkstations", "%%1793" },
                 { "PasswordLastSet", "%%1794" }, { "AccountExpires", "%%1794" }, { "PrimaryGroupId", "513" },
                 { "AllowedToDelegateTo", "-" } };
    size_t n = 7;
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        f[n++] = evtx_str(rest[i].name, rest[i].value ? rest[i].value : name);
    f[n++] = evtx_hex32("OldUacValue", 0);
    f[n++] = evtx_hex32("NewUacValue", 0x15);
    f[n++] = evtx_str("UserAccountControl", "\r\n\t\t%%2080\r\n\t\t%%2082\r\n\t\t%%2084");
    f[n++] = evtx_str("UserParameters", "%%1793");
    f[n++] = evtx_str("SidHistory", "-");
    uint64_t record = log_audit(s, 4720, 0, 13824, true, f, n);
    log_audit(s, 4722, 0, 13824, true, f, 7);
    log_audit(s, 4724, 0, 13824, true, f, 7);
    return record;
}

uint64_t log_group_added(sim *s, const logon *by, const char *member_sid, const char *group, const char *group_sid)
{
    evtx_field f[10] = { evtx_str("MemberName", "-"), evtx_sid("MemberSid", member_sid), evtx_str("TargetUserName", group),
                         evtx_str("TargetDomainName", "Builtin"), evtx_sid("TargetSid", group_sid) };
    if (!s->h->audits.accounts)
        return 0;
    subject(s, by, f + 5);
    f[9] = evtx_str("PrivilegeList", "-");
    return log_audit(s, 4732, 0, 13826, true, f, 10);
}

uint64_t log_security_cleared(sim *s, const logon *by)
{
    if (!s->log[CH_SECURITY])
        return 0;
    evtx_writer_clear(s->log[CH_SECURITY]);
    return pen(s, CH_SECURITY,
               &(evtx_out){ .kind = EVTX_USERDATA,
                            .provider = "Microsoft-Windows-Eventlog",
                            .guid = "{fc65ddd8-d6ef-4962-83d5-6e5cfe9ce148}",
                            .id = 1102,
                            .level = 4,
                            .task = 104,
                            .keywords = 0x4020000000000000,
                            .pid = s->svchost_pid,
                            .tid = 1500,
                            .element = "LogFileCleared",
                            .xmlns = "http://manifests.microsoft.com/win/2004/08/windows/eventlog",
                            .fields = EVTX_FIELDS(evtx_sid("SubjectUserSid", by ? sim_account_sid(s, by->user) : "S-1-5-18"),
                                                  evtx_str("SubjectUserName", by ? by->user : "SYSTEM"),
                                                  evtx_str("SubjectDomainName", by ? s->computer : "NT AUTHORITY"),
                                                  evtx_hex64("SubjectLogonId", by ? by->id : 0x3e7)) });
}
