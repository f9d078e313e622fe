/* Ordinary life: what a database server's logs are full of when nothing is wrong. */
#include "range/range.h"

#include <stdio.h>

static unsigned any_port(sim *s) { return (unsigned)rng_range(&s->r, 49152, 65000); }

/* How much of a host's budget a thing may fill: its period, never shorter than usual. */
static moment period(const sim *s, moment usual, double bytes_each, double share)
{
    double seconds = (double)((s->w->to - s->w->from) / MOMENT_SECOND), at_most = s->w->bytes_per_host * share / bytes_each;
    moment least = (moment)(seconds / (at_most > 1 ? at_most : 1)) * MOMENT_SECOND;
    return least > usual ? least : usual;
}

static void session_over(sim *s, const act *a) { log_logoff(s, a->what); }

static logon *keep(sim *s, logon l)
{
    logon *out = arena_alloc(s->w->mem, sizeof *out);
    *out = l;
    return out;
}

/* A network logon that is over after a while; Kerberos in a domain for domain accounts, else NTLM with its 4776. */
static logon *network_logon(sim *s, const char *user, bool in_domain, const neighbour *from, bool admin, moment least, moment most)
{
    bool kerberos = in_domain && s->w->domain_joined;
    logon *l = keep(s, (logon){ .user = user,
                                .domain = kerberos ? s->w->domain : NULL,
                                .type = 3,
                                .workstation = kerberos ? NULL : from->name,
                                .address = from->address,
                                .port = any_port(s),
                                .process = kerberos ? "Kerberos" : NULL,
                                .package = kerberos ? "Kerberos" : NULL,
                                .admin = admin });
    if (!kerberos)
        log_ntlm(s, user, from->name, 0);
    log_logon(s, l);
    sim_session(s, rng_range(&s->r, least, most), session_over, l, 0);
    return l;
}

static void applications(sim *s, const act *a)
{
    moment mean = (moment)a->n, span = rng_range(&s->r, mean / 4, mean + mean * 3 / 4);
    if (sim_up(s)) {
        const neighbour *from = &s->w->apps[rng_below(&s->r, 4)];
        if (s->h->sql && s->h->sql_logins && rng_chance(&s->r, 45)) {
            bool integrated = rng_chance(&s->r, 25);
            log_sql(s, integrated ? 18453 : 18454, 0, 4,
                    integrated ? sim_print(s, "%s\\%s", s->w->domain_joined ? s->w->domain : s->computer, from->account) : from->account,
                    log_sql_client(s, from->address), NULL);
        } else {
            network_logon(s, from->account, true, from, false, MOMENT_SECOND, 12 * MOMENT_SECOND);
        }
    }
    sim_in(s, sim_working(s, s->now) ? span * 2 / 3 : span * 5 / 4, applications, NULL, a->n);
}

static void monitoring(sim *s, const act *a)
{
    if (sim_up(s)) {
        logon *l = network_logon(s, s->w->monitor.account, true, &s->w->monitor, true, MOMENT_SECOND, 3 * MOMENT_SECOND);
        if (rng_chance(&s->r, 20))
            log_share(s, l, "\\\\*\\IPC$", "");
        if (rng_chance(&s->r, 15))
            log_process(s, NULL, "C:\\Windows\\System32\\wbem\\WmiPrvSE.exe",
                        "C:\\Windows\\system32\\wbem\\wmiprvse.exe -secured -Embedding", s->svchost_pid,
                        "C:\\Windows\\System32\\svchost.exe", NULL);
    }
    sim_in(s, (moment)a->n - MOMENT_SECOND + rng_below(&s->r, 2 * MOMENT_SECOND), monitoring, NULL, a->n);
}

static void system_logons(sim *s, const act *a)
{
    if (sim_up(s)) {
        log_logon(s, &(logon){ .user = "SYSTEM", .domain = "NT AUTHORITY", .sid = "S-1-5-18", .type = 5, .admin = true, .id = 0x3e7 });
        if (rng_chance(&s->r, 60))
            log_process(s, NULL, "C:\\Windows\\System32\\svchost.exe",
                        rng_chance(&s->r, 50) ? "C:\\Windows\\system32\\svchost.exe -k netsvcs"
                                              : "C:\\Windows\\System32\\svchost.exe -k LocalServiceNetworkRestricted",
                        s->services_pid, "C:\\Windows\\System32\\services.exe", NULL);
    }
    sim_in(s, rng_range(&s->r, (moment)a->n / 3, (moment)a->n * 5 / 3), system_logons, NULL, a->n);
}

static void service_stops(sim *s, const act *a) { log_service_state(s, services_daily[a->n].key, NULL, false); }

static void service_states(sim *s, const act *a)
{
    if (sim_up(s)) {
        size_t n = rng_below(&s->r, 11);
        log_service_state(s, services_daily[n].key, NULL, true);
        sim_session(s, rng_range(&s->r, 3 * MOMENT_MINUTE, 20 * MOMENT_MINUTE), service_stops, NULL, n);
    }
    sim_in(s, rng_range(&s->r, (moment)a->n / 2, (moment)a->n * 3 / 2), service_states, NULL, a->n);
}

static void day_marks(sim *s, const act *a)
{
    if (sim_up(s)) {
        log_uptime(s);
        if (rng_chance(&s->r, 50)) {
            log_time_source(s, false);
            sim_pass(s, 10 * MOMENT_SECOND, 20 * MOMENT_SECOND);
            log_time_source(s, true);
        }
    }
    sim_at(s, a->at + MOMENT_DAY, day_marks, NULL, 0);
}

typedef struct {
    const char *task_en, *task_zh, *program, *command;
    unsigned minutes;
    const char *user;
    bool shell;
} job;
static const job jobs[] = {
    { "\\Microsoft\\Windows\\Defrag\\ScheduledDefrag", NULL, "C:\\Windows\\system32\\defrag.exe",
      "\"C:\\Windows\\system32\\defrag.exe\" -c", 7 * 1440, "NT AUTHORITY\\SYSTEM", false },
    { "\\Microsoft\\Windows\\Time Synchronization\\SynchronizeTime", NULL, "C:\\Windows\\system32\\sc.exe",
      "\"C:\\Windows\\system32\\sc.exe\" start w32time task_started", 7 * 1440, "NT AUTHORITY\\LOCAL SERVICE", false },
    { "\\Microsoft\\Windows\\Server Manager\\ServerManager", NULL, "C:\\Windows\\system32\\ServerManagerLauncher.exe",
      "C:\\Windows\\system32\\ServerManagerLauncher.exe", 1440, "BUILTIN\\Administrators", false },
    { "\\DB log archive", "\\数据库日志归档", "D:\\Tools\\archive.cmd", "cmd.exe /c D:\\Tools\\archive.cmd", 60, "NT AUTHORITY\\SYSTEM",
      false },
    { "\\Disk report", "\\磁盘空间巡检", "powershell.exe", "powershell.exe -NoProfile -File D:\\Tools\\diskreport.ps1", 720,
      "NT AUTHORITY\\SYSTEM", true },
    { "\\Backup to share", "\\备份上传", "D:\\Tools\\robocopy_backup.bat", "cmd.exe /c D:\\Tools\\robocopy_backup.bat", 1440,
      "NT AUTHORITY\\SYSTEM", false },
};

static void scheduled_job(sim *s, const act *a)
{
    const job *j = &jobs[a->n];
    const char *task = s->h->zh && j->task_zh ? j->task_zh : j->task_en,
               *image = strcmp(j->program, "powershell.exe") == 0 ? "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"
                        : strncmp(j->command, "cmd.exe", 7) == 0  ? "C:\\Windows\\System32\\cmd.exe"
                                                                  : j->program;
    if (sim_up(s)) {
        bool eng = s->h->nt <= NT_61;
        const char *parent = eng ? "C:\\Windows\\System32\\taskeng.exe" : "C:\\Windows\\System32\\svchost.exe";
        uint32_t above =
            eng ? log_process(s, NULL, parent, sim_print(s, "taskeng.exe %s S-1-5-18:NT AUTHORITY\\System:Service:", sim_guid(s)),
                              s->schedule_pid, "C:\\Windows\\System32\\svchost.exe", NULL)
                : s->schedule_pid;
        uint32_t pid = log_process(s, NULL, image, j->command, above, parent, NULL);
        log_task_run(s, task, j->user, j->program, &pid, rng_range(&s->r, 2 * MOMENT_SECOND, 90 * MOMENT_SECOND));
        if (j->shell)
            log_shell(s, j->command, rng_range(&s->r, 2 * MOMENT_SECOND, 20 * MOMENT_SECOND));
    }
    sim_at(s, a->at + j->minutes * MOMENT_MINUTE, scheduled_job, NULL, a->n);
}

static void sql_log_backup(sim *s, const act *a)
{
    if (sim_up(s) && s->h->sql)
        log_sql(s, 18265, 4, 6, "ERPDB", sim_print(s, "D:\\Backup\\ERPDB_%llu.trn", (unsigned long long)(s->now / MOMENT_MINUTE)), NULL);
    sim_at(s, a->at + (moment)a->n, sql_log_backup, NULL, a->n);
}

static void backup_done(sim *s, const act *a)
{
    (void)a;
    if (s->h->sql) {
        log_sql(s, 18264, 4, 6, "ERPDB", "D:\\Backup\\ERPDB_full.bak", NULL);
        log_sql(s, 18264, 4, 6, "master", "D:\\Backup\\master_full.bak", NULL);
    }
    log_application(s, "VSS", 8224, 4, 0, "", NULL, NULL);
}

static void backup_night(sim *s, const act *a)
{
    if (sim_up(s)) {
        logon *l = network_logon(s, s->w->backup.account, true, &s->w->backup, true, 40 * MOMENT_MINUTE, 70 * MOMENT_MINUTE);
        log_share(s, l, "\\\\*\\IPC$", "");
        log_share(s, l, "\\\\*\\D$", "\\??\\D:\\");
        log_service_state(s, "VSS", NULL, true);
        log_service_state(s, "swprv", NULL, true);
        sim_session(s, rng_range(&s->r, 20 * MOMENT_MINUTE, 35 * MOMENT_MINUTE), backup_done, NULL, 0);
    }
    sim_at(s, a->at + MOMENT_DAY, backup_night, NULL, 0);
}

typedef struct {
    logon l;
    unsigned session;
    const char *shown;
} remote_session;

static void remote_ends(sim *s, const act *a)
{
    remote_session *r = (remote_session *)a->what;
    log_session(s, 23, r->shown, r->session, NULL);
    log_logoff(s, &r->l);
}

static void mistyped(sim *s, const char *user, unsigned type, const neighbour *from)
{
    log_ntlm(s, user, type == 3 ? from->name : s->computer, 0xc000006a);
    log_logon_failed(s,
                     &(logon){ .user = user,
                               .domain = s->computer,
                               .type = type,
                               .workstation = type == 3 ? from->name : NULL,
                               .address = from->address,
                               .port = any_port(s) },
                     0xc000006d, 0xc000006a);
}

static void administrator_comes(sim *s, const act *a)
{
    const char *user = rng_chance(&s->r, 70) ? s->w->jump.account : s->h->admin, *address = s->w->jump.address;
    if (!sim_up(s) || !sim_working(s, s->now))
        return;
    log_rdp_listener(s, address, any_port(s), false);
    if (rng_chance(&s->r, 14)) {
        mistyped(s, user, s->h->nt >= NT_62 ? 3 : 10, &s->w->jump);
        sim_pass(s, 4 * MOMENT_SECOND, 20 * MOMENT_SECOND);
    }
    remote_session *r = arena_alloc(s->w->mem, sizeof *r);
    *r = (remote_session){ .l = { .user = user, .type = 10, .address = address, .port = any_port(s), .admin = true },
                           .session = ++s->session_next };
    r->shown = arena_printf(s->w->mem, "%s\\%s", s->computer, user);
    log_connection(s, user, s->computer, address);
    if (s->h->nt >= NT_62)
        network_logon(s, user, false, &s->w->jump, true, MOMENT_SECOND, 3 * MOMENT_SECOND);
    log_ntlm(s, user, s->computer, 0);
    log_explicit(s, NULL, &r->l, "localhost", "C:\\Windows\\System32\\winlogon.exe");
    log_logon(s, &r->l);
    log_session(s, 21, r->shown, r->session, address);
    log_session(s, 22, r->shown, r->session, address);
    uint32_t explorer = log_desktop(s, &r->l);
    sim_pass(s, 10 * MOMENT_SECOND, 90 * MOMENT_SECOND);
    if (rng_chance(&s->r, 50))
        log_process(s, &r->l, "C:\\Windows\\System32\\mmc.exe",
                    "\"C:\\Windows\\system32\\mmc.exe\" \"C:\\Windows\\system32\\services.msc\"", explorer, "C:\\Windows\\explorer.exe",
                    NULL);
    if (rng_chance(&s->r, 20))
        log_process(s, &r->l, "C:\\Windows\\System32\\taskmgr.exe", "taskmgr.exe /4", explorer, "C:\\Windows\\explorer.exe", NULL);
    sim_session(s, rng_range(&s->r, 6 * MOMENT_MINUTE, 90 * MOMENT_MINUTE), remote_ends, r, 0);
    (void)a;
}

typedef struct {
    logon *l;
    moment at;
} tool_run;

static void tool_ends(sim *s, const act *a)
{
    const tool_run *run = a->what;
    log_service_state(s, "PSEXESVC", "PSEXESVC", false);
    *(gone_service *)vec_push(&s->h->gone) = (gone_service){ "PSEXESVC", "%SystemRoot%\\PSEXESVC.exe", run->at, s->now, false };
    log_logoff(s, run->l);
}

/* An administrator's PsExec: from the jump host, in working hours, under its own name. */
static void administrator_tool(sim *s, const act *a)
{
    (void)a;
    if (!sim_up(s) || !sim_working(s, s->now))
        return;
    const char *user = s->h->admin;
    log_ntlm(s, user, s->w->jump.name, 0);
    logon *l = keep(
        s,
        (logon){
            .user = user, .type = 3, .workstation = s->w->jump.name, .address = s->w->jump.address, .port = any_port(s), .admin = true });
    log_logon(s, l);
    log_share(s, l, "\\\\*\\ADMIN$", "\\??\\C:\\Windows");
    log_share(s, l, "\\\\*\\IPC$", "");
    tool_run *run = arena_alloc(s->w->mem, sizeof *run);
    *run = (tool_run){ l, s->now };
    log_service_audit(s, l, "PSEXESVC", "%SystemRoot%\\PSEXESVC.exe", 3);
    log_service_installed(s, sim_account_sid(s, user), "PSEXESVC", "%SystemRoot%\\PSEXESVC.exe", false);
    log_service_state(s, "PSEXESVC", "PSEXESVC", true);
    uint32_t service = log_process(s, NULL, "C:\\Windows\\PSEXESVC.exe", "C:\\Windows\\PSEXESVC.exe", s->services_pid,
                                   "C:\\Windows\\System32\\services.exe", NULL);
    log_process(s, l, rng_chance(&s->r, 50) ? "C:\\Windows\\System32\\ipconfig.exe" : "C:\\Windows\\System32\\cmd.exe",
                rng_chance(&s->r, 50) ? "ipconfig /all" : "cmd /c dir D:\\Backup", service, "C:\\Windows\\PSEXESVC.exe", NULL);
    sim_session(s, rng_range(&s->r, 2 * MOMENT_SECOND, 40 * MOMENT_SECOND), tool_ends, run, 0);
}

static void administrator_day(sim *s, const act *a)
{
    unsigned visits = (unsigned)rng_below(&s->r, 3);
    for (unsigned i = 0; i < visits; i++)
        sim_in(s, rng_below(&s->r, 9 * MOMENT_HOUR), administrator_comes, NULL, 0);
    if (rng_chance(&s->r, 22))
        sim_in(s, rng_below(&s->r, 8 * MOMENT_HOUR), administrator_tool, NULL, 0);
    sim_at(s, a->at + MOMENT_DAY, administrator_day, NULL, 0);
}

/* A user of the database's share or application who types the password wrong, and then right. */
static void mistyped_day(sim *s, const act *a)
{
    if (sim_up(s) && sim_working(s, s->now)) {
        const neighbour *from = &s->w->apps[rng_below(&s->r, 4)];
        unsigned times = (unsigned)rng_range(&s->r, 1, 2);
        if (rng_chance(&s->r, 15)) { /* the password where the name belongs */
            log_logon_failed(s,
                             &(logon){ .user = "Report#2019!",
                                       .domain = s->computer,
                                       .type = 3,
                                       .workstation = from->name,
                                       .address = from->address,
                                       .port = any_port(s) },
                             0xc000006d, 0xc0000064);
            sim_pass(s, 4 * MOMENT_SECOND, 9 * MOMENT_SECOND);
        }
        for (unsigned i = 0; i < times; i++) {
            mistyped(s, "report", 3, from);
            sim_pass(s, 3 * MOMENT_SECOND, 15 * MOMENT_SECOND);
        }
        network_logon(s, "report", false, from, false, MOMENT_MINUTE, 10 * MOMENT_MINUTE);
        if (s->h->sql && rng_chance(&s->r, 30))
            log_sql_failed(s, "erp", true, from->address);
    }
    sim_in(s, rng_range(&s->r, 8 * MOMENT_HOUR, 40 * MOMENT_HOUR), mistyped_day, NULL, a->n);
}

/* A service elsewhere that still has the old password: one account, one source, a fixed period, never a success. */
static void stale_password(sim *s, const act *a)
{
    if (sim_up(s)) {
        const neighbour *from = &s->w->stale;
        log_ntlm(s, from->account, from->name, 0xc000006a);
        log_logon_failed(s,
                         &(logon){ .user = from->account,
                                   .domain = s->w->domain,
                                   .type = 3,
                                   .workstation = from->name,
                                   .address = from->address,
                                   .port = any_port(s) },
                         0xc000006d, 0xc000006a);
    }
    sim_at(s, a->at + (moment)a->n, stale_password, NULL, a->n);
}

static void scan_step(sim *s, const act *a)
{
    static const char *const names[] = { "guest",  "admin", "test", "root",    "oracle",  "postgres",   "tomcat", "user",
                                         "nobody", "ftp",   "www",  "support", "manager", "scan_probe", "xyzzy",  "webadmin" };
    const neighbour *from = &s->w->scanner;
    if (!sim_up(s))
        return;
    unsigned kind = (unsigned)rng_below(&s->r, 10);
    if (kind < 5)
        log_logon_failed(s,
                         &(logon){ .user = rng_pick(&s->r, names),
                                   .domain = "",
                                   .type = 3,
                                   .workstation = from->name,
                                   .address = from->address,
                                   .port = any_port(s) },
                         0xc000006d, 0xc0000064);
    else if (kind < 6)
        log_logon(s, &(logon){ .user = "ANONYMOUS LOGON",
                               .domain = "NT AUTHORITY",
                               .sid = "S-1-5-7",
                               .type = 3,
                               .workstation = from->name,
                               .address = from->address,
                               .port = any_port(s) });
    else if (kind < 7 && s->h->sql)
        log_sql_failed(s, rng_chance(&s->r, 50) ? "sa" : "probe", false, from->address);
    else if (kind < 9 && s->h->sql)
        log_sql(s, 17832, 2, 4, log_sql_client(s, from->address), NULL, NULL);
    else
        log_rdp_listener(s, from->address, any_port(s), false);
    if (a->n > 1)
        sim_in(s, rng_range(&s->r, MOMENT_SECOND, 12 * MOMENT_SECOND), scan_step, NULL, a->n - 1);
}

static void weekly_scan(sim *s, const act *a)
{
    sim_in(s, rng_below(&s->r, 20 * MOMENT_MINUTE), scan_step, NULL, rng_range(&s->r, 40, 130));
    sim_at(s, a->at + 7 * MOMENT_DAY, weekly_scan, NULL, 0);
}

static void anonymous_peer(sim *s, const act *a)
{
    if (sim_up(s) && s->w->host_count > 1) {
        const host *peer = &s->w->hosts[rng_below(&s->r, (uint64_t)s->w->host_count)];
        if (peer != s->h)
            log_logon(s, &(logon){ .user = "ANONYMOUS LOGON",
                                   .domain = "NT AUTHORITY",
                                   .sid = "S-1-5-7",
                                   .type = 3,
                                   .workstation = peer->name,
                                   .address = peer->address,
                                   .port = any_port(s) });
    }
    sim_in(s, rng_range(&s->r, 6 * MOMENT_HOUR, 30 * MOMENT_HOUR), anonymous_peer, NULL, a->n);
}

static void other_processes(sim *s, const act *a)
{
    static const struct {
        const char *image, *command;
    } some[] = { { "C:\\Windows\\System32\\wermgr.exe", "C:\\Windows\\system32\\wermgr.exe -queuereporting" },
                 { "C:\\Windows\\System32\\dllhost.exe",
                   "C:\\Windows\\system32\\DllHost.exe /Processid:{AB8902B4-09CA-4BB6-B78D-A8F59079A8D5}" },
                 { "C:\\Windows\\System32\\taskhost.exe", "taskhost.exe SYSTEM" },
                 { "C:\\Windows\\System32\\VSSVC.exe", "C:\\Windows\\system32\\vssvc.exe" },
                 { "C:\\Windows\\servicing\\TrustedInstaller.exe", "C:\\Windows\\servicing\\TrustedInstaller.exe" },
                 { "C:\\Program Files\\Kaspersky Lab\\Kaspersky Anti-Virus for Windows Servers\\kavfswp.exe",
                   "\"C:\\Program Files\\Kaspersky Lab\\Kaspersky Anti-Virus for Windows Servers\\kavfswp.exe\"" } };
    if (sim_up(s)) {
        size_t n = rng_below(&s->r, sizeof some / sizeof *some);
        log_process(s, NULL, some[n].image, some[n].command, s->services_pid, "C:\\Windows\\System32\\services.exe", NULL);
    }
    sim_in(s, rng_range(&s->r, (moment)a->n / 3, (moment)a->n * 5 / 3), other_processes, NULL, a->n);
}

/* The machine comes up: everything that a boot writes, and the logons of services. */
static void comes_up(sim *s, const act *a)
{
    bool clean = a->n != 0;
    s->boot++;
    s->fake_pid = 0;
    if (s->h->later_name && s->now >= s->h->rename_at)
        s->computer = s->h->later_name;
    log_boot(s, clean);
    s->down_until = MOMENT_UNKNOWN;
    log_audit(s, 4608, 0, 12288, true, NULL, 0);
    log_logon(s, &(logon){ .user = "SYSTEM",
                           .domain = "NT AUTHORITY",
                           .sid = "S-1-5-18",
                           .type = 0,
                           .id = 0x3e7,
                           .process = "-",
                           .package = "-",
                           .image = "",
                           .pid = 4 });
    log_audit(s, 4902, 0, 13568, true, FIELDS_OF(evtx_u32("PuaCount", 0), evtx_hex64("PuaPolicyId", 0x6031 + rng_below(&s->r, 0x8000))));
    for (int i = 0; i < 5; i++)
        log_logon(s, &(logon){ .user = "SYSTEM", .domain = "NT AUTHORITY", .sid = "S-1-5-18", .type = 5, .admin = true, .id = 0x3e7 });
    log_logon(s, &(logon){ .user = "NETWORK SERVICE", .domain = "NT AUTHORITY", .sid = "S-1-5-20", .type = 5, .admin = true, .id = 0x3e4 });
    log_logon(s, &(logon){ .user = "LOCAL SERVICE", .domain = "NT AUTHORITY", .sid = "S-1-5-19", .type = 5, .admin = true, .id = 0x3e5 });
    log_logon(s, &(logon){ .user = "ANONYMOUS LOGON", .domain = "NT AUTHORITY", .sid = "S-1-5-7", .type = 3, .package = "NTLM" });
    log_audit(s, 5024, 0, 12292, true, NULL, 0);
    log_audit(s, 5033, 0, 12292, true, NULL, 0);
    if (s->h->sql) {
        s->sql_pid =
            log_process(s, NULL, "C:\\Program Files\\Microsoft SQL Server\\MSSQL10.MSSQLSERVER\\MSSQL\\Binn\\sqlservr.exe",
                        "\"C:\\Program Files\\Microsoft SQL Server\\MSSQL10.MSSQLSERVER\\MSSQL\\Binn\\sqlservr.exe\" -sMSSQLSERVER",
                        s->services_pid, "C:\\Windows\\System32\\services.exe", NULL);
        log_sql(s, 17162, 4, 2, sim_print(s, "%u", 1), NULL, NULL);
        log_sql(s, 17137, 4, 2, "ERPDB", NULL, NULL);
    }
    attack_after_boot(s);
}

void life_down(sim *s, moment span, bool clean)
{
    s->down_until = s->now + span;
    sim_in(s, span, comes_up, NULL, clean);
}

void life_crash(sim *s, const act *a)
{
    (void)a;
    if (!sim_up(s))
        return;
    s->down_until = s->h->reboot_at;
    sim_at(s, s->h->reboot_at, comes_up, NULL, 0);
}

static void power_cut(sim *s, const act *a)
{
    (void)a;
    if (sim_up(s))
        life_down(s, rng_range(&s->r, 4 * MOMENT_MINUTE, 20 * MOMENT_MINUTE), false);
}

void life_reboot(sim *s, const act *a)
{
    bool patch = a->n == 1;
    if (!sim_up(s))
        return;
    if (patch) {
        static const char *const titles[] = { "Security Update for Windows Server 2008 R2 x64 Edition (KB2957509)",
                                              "Windows Malicious Software Removal Tool x64 (KB890830)",
                                              "Security Update for Microsoft .NET Framework 3.5.1 (KB2972100)" };
        for (size_t i = 0; i < 3; i++) {
            log_update(s, titles[i]);
            sim_pass(s, 30 * MOMENT_SECOND, 4 * MOMENT_MINUTE);
        }
        log_stop(s, "C:\\Windows\\system32\\svchost.exe", "NT AUTHORITY\\SYSTEM", "S-1-5-18");
    } else {
        if (s->h->later_name)
            log_renamed(s, s->h->name, s->h->later_name);
        log_stop(s, "C:\\Windows\\explorer.exe", sim_print(s, "%s\\%s", s->computer, s->h->admin), sim_account_sid(s, s->h->admin));
    }
    s->h->stopped_at = s->now;
    life_down(s, rng_range(&s->r, 2 * MOMENT_MINUTE, 5 * MOMENT_MINUTE), true);
}

/* The first moment at or after `from` whose clock of the zone shows this hour and minute. */
static moment next_clock(const sim *s, moment from, unsigned hour, unsigned minute)
{
    moment zone = (moment)((int64_t)s->w->zone_minutes * (int64_t)MOMENT_MINUTE), day = (from + zone) / MOMENT_DAY * MOMENT_DAY - zone;
    moment at = day + hour * MOMENT_HOUR + minute * MOMENT_MINUTE;
    return at < from ? at + MOMENT_DAY : at;
}

void life_begin(sim *s)
{
    const host *h = s->h;
    moment from = s->w->from;
    double seconds = (double)((s->w->to - from) / MOMENT_SECOND);
    moment traffic = (moment)(seconds * 1500 / (s->w->bytes_per_host * 0.62) * (double)MOMENT_SECOND);
    sim_at(s, from + rng_below(&s->r, traffic + 1), applications, NULL, traffic < MOMENT_SECOND / 4 ? MOMENT_SECOND / 4 : traffic);
    moment watch = period(s, 5 * MOMENT_MINUTE, 2600, 0.10);
    sim_at(s, from + rng_below(&s->r, watch), monitoring, NULL, watch);
    moment logons = period(s, 10 * MOMENT_MINUTE, 2000, 0.08);
    sim_at(s, from + rng_below(&s->r, logons), system_logons, NULL, logons);
    moment states = period(s, 25 * MOMENT_MINUTE, 700, 0.05);
    sim_at(s, from + rng_below(&s->r, states), service_states, NULL, states);
    if (h->audits.processes) {
        moment starts = period(s, 6 * MOMENT_MINUTE, 800, 0.06);
        sim_at(s, from + rng_below(&s->r, starts), other_processes, NULL, starts);
    }
    sim_at(s, next_clock(s, from, 12, 0), day_marks, NULL, 0);
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
        sim_at(s, next_clock(s, from, (unsigned)rng_range(&s->r, 0, 23), 30), scheduled_job, NULL, i);
    if (h->sql) {
        moment dumps = period(s, 15 * MOMENT_MINUTE, 500, 0.05);
        sim_at(s, next_clock(s, from, 0, 5), sql_log_backup, NULL, dumps);
    }
    sim_at(s, next_clock(s, from, 1, (unsigned)(10 * (h->index % 6))), backup_night, NULL, 0);
    sim_at(s, next_clock(s, from, 9, 0), administrator_day, NULL, 0);
    sim_at(s, next_clock(s, from, 10, (unsigned)rng_below(&s->r, 60)), mistyped_day, NULL, 0);
    sim_at(s, s->w->scan_first + rng_below(&s->r, 30 * MOMENT_MINUTE), weekly_scan, NULL, 0);
    sim_at(s, from + rng_below(&s->r, MOMENT_DAY), anonymous_peer, NULL, 0);
    if (s->w->stale_host == h->index)
        sim_at(s, from + rng_below(&s->r, MOMENT_HOUR), stale_password, NULL, s->w->stale_minutes * MOMENT_MINUTE);
    if (h->patch_at != MOMENT_UNKNOWN)
        sim_at(s, h->patch_at, life_reboot, NULL, 1);
    if (h->rename_at != MOMENT_UNKNOWN)
        sim_at(s, h->rename_at, life_reboot, NULL, 0);
    if (h->crash_at != MOMENT_UNKNOWN)
        sim_at(s, h->crash_at, life_crash, NULL, 0);
    if (h->power_cut_at != MOMENT_UNKNOWN)
        sim_at(s, h->power_cut_at, power_cut, NULL, 0);
}
