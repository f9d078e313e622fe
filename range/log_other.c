/* Application, TaskScheduler, TerminalServices, PowerShell, firewall.
 *
 * Source    field names as published logs have them. TaskScheduler 200 and 201 have no EnginePID before 6.2. */
#include "range/range.h"

#include <stdio.h>

/* MSSQLSERVER's binary: the event id, its severity, and server and database as counted UTF-16 texts. */
static span sql_binary(sim *s, unsigned id, unsigned severity)
{
    size_t n = strlen(s->computer), len = 12 + 2 * (n + 1) + 4 + 2 * 7;
    uint8_t *out = arena_alloc(&s->scratch, len), *p = out + 12;
    uint32_t head[3] = { id, severity, (uint32_t)n + 1 };
    memcpy(out, head, 12);
    for (size_t i = 0; i < n; i++)
        p[2 * i] = (uint8_t)s->computer[i];
    p += 2 * (n + 1);
    p[0] = 7;
    for (size_t i = 0; i < 6; i++)
        p[4 + 2 * i] = (uint8_t) "master"[i];
    return span_of(out, len);
}

static size_t texts(evtx_field f[3], const char *a, const char *b, const char *c)
{
    const char *const all[] = { a, b, c };
    size_t n = 0;
    while (n < 3 && all[n]) {
        f[n] = evtx_str(NULL, all[n]);
        n++;
    }
    return n;
}

uint64_t log_sql(sim *s, unsigned id, unsigned level, unsigned task, const char *a, const char *b, const char *c)
{
    evtx_field f[3];
    size_t n = texts(f, a, b, c);
    bool failure = id == 18456, success = id == 18453 || id == 18454;
    return pen(s, CH_APPLICATION,
               &(evtx_out){ .kind = EVTX_CLASSIC,
                            .provider = "MSSQLSERVER",
                            .id = id,
                            .qualifiers = failure || level == 2 ? 49152 : 16384,
                            .level = failure || success ? 0 : (uint8_t)level,
                            .task = (uint16_t)task,
                            .keywords = failure   ? 0x90000000000000
                                        : success ? 0xa0000000000000
                                                  : 0x80000000000000,
                            .fields = f,
                            .field_count = n,
                            .binary = sql_binary(s, id, failure ? 14 : 10) });
}

const char *log_sql_client(sim *s, const char *address) { return sim_print(s, s->h->sql_zh ? " [客户端: %s]" : " [CLIENT: %s]", address); }

uint64_t log_sql_failed(sim *s, const char *login, bool known, const char *address)
{
    static const char *const reasons[2][2] = { { " Reason: Could not find a login matching the name provided.",
                                                 " Reason: Password did not match that for the login provided." },
                                               { " 原因: 找不到与所提供的名称匹配的登录名。", " 原因: 密码与所提供的登录名不匹配。" } };
    return log_sql(s, 18456, 0, 4, login, reasons[s->h->sql_zh][known], log_sql_client(s, address));
}

uint64_t log_application(sim *s, const char *provider, unsigned id, unsigned level, unsigned task, const char *a, const char *b,
                         const char *c)
{
    evtx_field f[3];
    size_t n = texts(f, a, b, c);
    return pen(s, CH_APPLICATION,
               &(evtx_out){ .kind = EVTX_CLASSIC,
                            .provider = provider,
                            .id = id,
                            .level = (uint8_t)level,
                            .task = (uint16_t)task,
                            .keywords = 0x80000000000000,
                            .time = (s->now + (moment)s->h->clock_off) / MOMENT_SECOND * MOMENT_SECOND,
                            .fields = f,
                            .field_count = n });
}

static uint64_t scheduler(sim *s, unsigned id, unsigned version, unsigned opcode, uint64_t keywords, const char *element,
                          const evtx_field *fields, size_t count)
{
    return pen(s, CH_TASKS,
               &(evtx_out){ .provider = "Microsoft-Windows-TaskScheduler",
                            .guid = "{de7b24ea-73c8-4a09-985d-5bdadcfa9017}",
                            .id = id,
                            .version = (uint8_t)version,
                            .level = 4,
                            .task = (uint16_t)id,
                            .opcode = (uint8_t)opcode,
                            .keywords = 0x8000000000000000 | keywords,
                            .pid = s->schedule_pid,
                            .tid = s->schedule_pid + 4 * (uint32_t)rng_range(&s->r, 10, 200),
                            .user = "S-1-5-18",
                            .element = element,
                            .fields = fields,
                            .field_count = count });
}

uint64_t log_task_change(sim *s, task_change what, const char *task, const char *user)
{
    const char *element = what == TASK_REGISTERED ? "TaskRegisteredEvent" : what == TASK_UPDATED ? "TaskUpdated" : "TaskDeleted";
    return scheduler(s, what, 0, 0, 0, element,
                     FIELDS_OF(evtx_str("TaskName", task), evtx_str(what == TASK_REGISTERED ? "UserContext" : "UserName", user)));
}

typedef struct {
    const char *task, *user, *program, *instance;
    uint32_t pid;
} task_run;

static void task_ends(sim *s, const act *a)
{
    const task_run *t = a->what;
    evtx_field f[] = { evtx_str("TaskName", t->task), evtx_guid("TaskInstanceId", t->instance), evtx_str("ActionName", t->program),
                       evtx_u32("ResultCode", 0), evtx_u32("EnginePID", t->pid) };
    scheduler(s, 201, s->h->nt >= NT_62 ? 2 : 0, 2, 0, "ActionSuccess", f, s->h->nt >= NT_62 ? 5 : 4);
    scheduler(s, 102, 0, 2, 1, "TaskSuccessEvent",
              FIELDS_OF(evtx_str("TaskName", t->task), evtx_str("UserContext", t->user), evtx_guid("InstanceId", t->instance)));
}

uint64_t log_task_run(sim *s, const char *task, const char *user, const char *program, uint32_t *pid, moment lasts)
{
    if (!s->log[CH_TASKS])
        return 0;
    task_run *t = arena_alloc(s->w->mem, sizeof *t);
    *t = (task_run){ arena_str(s->w->mem, task), arena_str(s->w->mem, user), arena_str(s->w->mem, program),
                     arena_str(s->w->mem, sim_guid(s)), pid ? *pid : sim_pid(s) };
    scheduler(s, 107, 0, 0, 0, "TimeTriggerEvent", FIELDS_OF(evtx_str("TaskName", task), evtx_guid("InstanceId", t->instance)));
    scheduler(s, 129, 0, 0, 0, "CreatedTaskProcess",
              FIELDS_OF(evtx_str("TaskName", task), evtx_str("Path", program), evtx_u32("ProcessID", t->pid), evtx_u32("Priority", 16384)));
    scheduler(s, 100, 0, 1, 1, "TaskStartEvent",
              FIELDS_OF(evtx_str("TaskName", task), evtx_str("UserContext", user), evtx_guid("InstanceId", t->instance)));
    evtx_field f[] = { evtx_str("TaskName", task), evtx_str("ActionName", program), evtx_guid("TaskInstanceId", t->instance),
                       evtx_u32("EnginePID", t->pid) };
    uint64_t record = scheduler(s, 200, s->h->nt >= NT_62 ? 1 : 0, 1, 0, "ActionStart", f, s->h->nt >= NT_62 ? 4 : 3);
    if (lasts)
        sim_session(s, lasts, task_ends, t, 0);
    return record;
}

uint64_t log_session(sim *s, unsigned id, const char *user, unsigned session, const char *address)
{
    evtx_field f[] = { evtx_str("User", user), evtx_u32("SessionID", session), evtx_str("Address", address) };
    return pen(s, CH_SESSIONS,
               &(evtx_out){ .kind = EVTX_USERDATA,
                            .provider = "Microsoft-Windows-TerminalServices-LocalSessionManager",
                            .guid = "{5d896912-022d-40aa-a3a8-4fa5515c76d7}",
                            .id = id,
                            .level = 4,
                            .keywords = 0x1000000000000000,
                            .pid = s->h->nt <= NT_61 ? s->services_pid + 40 : s->svchost_pid,
                            .tid = 1200,
                            .user = "S-1-5-18",
                            .element = "EventXML",
                            .xmlns = "Event_NS",
                            .fields = f,
                            .field_count = id == 23 ? 2 : 3 });
}

uint64_t log_connection(sim *s, const char *user, const char *domain, const char *address)
{
    return pen(s, CH_CONNECTIONS,
               &(evtx_out){ .kind = EVTX_USERDATA,
                            .provider = "Microsoft-Windows-TerminalServices-RemoteConnectionManager",
                            .guid = "{C76BAA63-AE81-421C-B425-340B4B24157F}",
                            .id = 1149,
                            .level = 4,
                            .keywords = 0x1000000000000000,
                            .pid = s->svchost_pid + 60,
                            .tid = 1300,
                            .user = "S-1-5-20",
                            .element = "EventXML",
                            .xmlns = "Event_NS",
                            .fields = EVTX_FIELDS(evtx_str("Param1", user), evtx_str("Param2", domain), evtx_str("Param3", address)) });
}

void log_rdp_listener(sim *s, const char *address, unsigned port, bool failed)
{
    if (!s->log[CH_RDP])
        return;
    evtx_out e = { .provider = "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS",
                   .guid = "{1139c61b-b549-4251-8ed3-27250a1edec8}",
                   .id = 131,
                   .level = 4,
                   .task = 4,
                   .opcode = 15,
                   .keywords = 0x4000000000000000,
                   .pid = s->svchost_pid + 60,
                   .tid = 1416,
                   .user = "S-1-5-20",
                   .activity = sim_guid(s),
                   .fields = EVTX_FIELDS(evtx_str("ConnType", "TCP"), evtx_str("ClientIP", sim_print(s, "%s:%u", address, port))) };
    pen(s, CH_RDP, &e);
    if (failed && s->h->nt >= NT_63)
        pen(s, CH_RDP,
            &(evtx_out){ .provider = e.provider,
                         .guid = e.guid,
                         .id = 140,
                         .level = 3,
                         .task = 4,
                         .opcode = 14,
                         .keywords = e.keywords,
                         .pid = e.pid,
                         .tid = 10860,
                         .user = e.user,
                         .activity = e.activity,
                         .fields = EVTX_FIELDS(evtx_str("IPString", address)) });
}

static uint64_t shell(sim *s, unsigned id, unsigned task, const char *a, const char *b, const char *c)
{
    return pen(s, CH_POWERSHELL,
               &(evtx_out){ .kind = EVTX_CLASSIC,
                            .provider = "PowerShell",
                            .id = id,
                            .level = 4,
                            .task = (uint16_t)task,
                            .keywords = 0x80000000000000,
                            .fields = EVTX_FIELDS(evtx_str(NULL, a), evtx_str(NULL, b), evtx_str(NULL, c)) });
}

typedef struct {
    const char *command, *host_id;
    unsigned sequence;
} shell_run;

static void shell_ends(sim *s, const act *a)
{
    const shell_run *r = a->what;
    shell(s, 403, 4, "Stopped", "Available",
          sim_print(s,
                    "\tNewEngineState=Stopped\r\n\tPreviousEngineState=Available\r\n\r\n\tSequenceNumber=%u\r\n\r\n\tHostName="
                    "ConsoleHost\r\n\tHostVersion=%s\r\n\tHostId=%s\r\n"
                    "\tHostApplication=%s\r\n\tEngineVersion=%s\r\n\tRunspaceId=%s\r\n\tPipelineId=\r\n\tCommandName=\r\n\tCommandType="
                    "\r\n\tScriptName=\r\n\tCommandPath=\r\n\tCommandLine=",
                    r->sequence + 2, nt_table[s->h->nt].shell, r->host_id, r->command, nt_table[s->h->nt].shell, r->host_id));
}

uint64_t log_shell(sim *s, const char *command, moment lasts)
{
    static const char *const providers[] = { "Alias", "Environment", "FileSystem", "Function", "Registry", "Variable" };
    if (!s->log[CH_POWERSHELL])
        return 0;
    const char *version = nt_table[s->h->nt].shell, *id = arena_printf(s->w->mem, "%.36s", sim_guid(s) + 1);
    unsigned n = 1;
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++, n += 2)
        shell(s, 600, 6, providers[i], "Started",
              sim_print(s,
                        "\tProviderName=%s\r\n\tNewProviderState=Started\r\n\r\n\tSequenceNumber=%u\r\n\r\n\tHostName="
                        "ConsoleHost\r\n\tHostVersion=%s\r\n\tHostId=%s\r\n"
                        "\tHostApplication=%s\r\n\tEngineVersion=\r\n\tRunspaceId=\r\n\tPipelineId=\r\n\tCommandName=\r\n\tCommandType="
                        "\r\n\tScriptName=\r\n\tCommandPath=\r\n\tCommandLine=",
                        providers[i], n, version, id, command));
    uint64_t record = shell(s, 400, 4, "Available", "None",
                            sim_print(s,
                                      "\tNewEngineState=Available\r\n\tPreviousEngineState=None\r\n\r\n\tSequenceNumber=%"
                                      "u\r\n\r\n\tHostName=ConsoleHost\r\n\tHostVersion=%s\r\n\tHostId=%s\r\n"
                                      "\tHostApplication=%s\r\n\tEngineVersion=%s\r\n\tRunspaceId=%s\r\n\tPipelineId=\r\n\tCommandName="
                                      "\r\n\tCommandType=\r\n\tScriptName=\r\n\tCommandPath=\r\n\tCommandLine=",
                                      n, version, id, command, version, id));
    shell_run *r = arena_alloc(s->w->mem, sizeof *r);
    *r = (shell_run){ arena_str(s->w->mem, command), id, n };
    sim_session(s, lasts, shell_ends, r, 0);
    return record;
}

uint64_t log_script(sim *s, const char *text)
{
    return pen(
        s, CH_SCRIPTS,
        &(evtx_out){ .provider = "Microsoft-Windows-PowerShell",
                     .guid = "{a0c1853b-5c40-4b15-8766-3cf1c58f985a}",
                     .id = 4104,
                     .version = 1,
                     .level = 3,
                     .task = 2,
                     .opcode = 15,
                     .pid = sim_pid(s),
                     .tid = 5000,
                     .user = "S-1-5-18",
                     .activity = sim_guid(s),
                     .fields = EVTX_FIELDS(evtx_u32("MessageNumber", 1), evtx_u32("MessageTotal", 1), evtx_str("ScriptBlockText", text),
                                           evtx_str("ScriptBlockId", sim_print(s, "%.36s", sim_guid(s) + 1)), evtx_str("Path", "")) });
}

uint64_t log_firewall_rule(sim *s, const char *name, const char *port, bool allow, const char *user_sid, const char *image)
{
    evtx_field f[] = { evtx_str("RuleId", sim_guid(s)),
                       evtx_str("RuleName", name),
                       evtx_u32("Origin", 1),
                       evtx_str("ApplicationPath", ""),
                       evtx_str("ServiceName", ""),
                       evtx_u32("Direction", 1),
                       evtx_u32("Protocol", 6),
                       evtx_str("LocalPorts", port),
                       evtx_str("RemotePorts", "*"),
                       evtx_u32("Action", allow ? 3 : 2),
                       evtx_u32("Profiles", 0x7fffffff),
                       evtx_str("LocalAddresses", "*"),
                       evtx_str("RemoteAddresses", "*"),
                       evtx_str("RemoteMachineAuthorizationList", ""),
                       evtx_str("RemoteUserAuthorizationList", ""),
                       evtx_str("EmbeddedContext", ""),
                       evtx_u32("Flags", 1),
                       evtx_u32("Active", 1),
                       evtx_u32("EdgeTraversal", 0),
                       evtx_u32("LooseSourceMapped", 0),
                       evtx_u32("SecurityOptions", 0),
                       evtx_sid("ModifyingUser", user_sid),
                       evtx_str("ModifyingApplication", image),
                       evtx_u32("SchemaVersion", 522),
                       evtx_u32("RuleStatus", 65536) };
    size_t count = s->h->nt == NT_60 ? 18 : s->h->nt == NT_61 ? 23 : 25;
    if (s->h->nt == NT_60) {
        f[16] = f[21];
        f[17] = f[22];
    }
    return pen(s, CH_FIREWALL,
               &(evtx_out){ .provider = "Microsoft-Windows-Windows Firewall With Advanced Security",
                            .guid = "{d1bc9aff-2abf-4d71-9146-ecb2a986eb85}",
                            .id = 2004,
                            .level = 4,
                            .keywords = 0x8000020000000000,
                            .pid = s->svchost_pid + 140,
                            .tid = 2600,
                            .user = "S-1-5-19",
                            .fields = f,
                            .field_count = count });
}
