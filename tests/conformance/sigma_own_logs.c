/* The event logs of tests/conformance/sigma/own.json:  sigma_own_logs CASES.json FOLDER
 *
 * Of case N: FOLDER/N.positive.evtx and FOLDER/N.negative.evtx. An event of a case names its log (a word of `logs` below and the
 * event's number), perhaps its host, when it is (`at`, seconds) and how often (`times`, `every` so many seconds); `#` in a text
 * is the number of the repetition. Texts that look like SIDs or hexadecimal numbers are values of those types. */
#include "base/json_read.h"
#include "range/evtx_write.h"

#include <stdio.h>
#include <stdlib.h>

static const moment noon = 132336720000000000ull;      /* 2020-05-11T12:00:00Z */

static const struct { const char *word, *provider, *channel; evtx_kind kind; const char *element; } logs[] = {
    { "Sysmon", "Microsoft-Windows-Sysmon", "Microsoft-Windows-Sysmon/Operational", EVTX_EVENT, NULL },
    { "Security", EVTX_AUDITING, "Security", EVTX_EVENT, NULL },
    { "System", "Service Control Manager", "System", EVTX_EVENT, NULL },
    { "BugCheck", "Microsoft-Windows-WER-SystemErrorReporting", "System", EVTX_EVENT, NULL },
    { "Eventlog", "Microsoft-Windows-Eventlog", "Security", EVTX_USERDATA, "LogFileCleared" },
    { "EventlogSystem", "Microsoft-Windows-Eventlog", "System", EVTX_USERDATA, "LogFileCleared" },
    { "MSSQL", "MSSQLSERVER", "Application", EVTX_CLASSIC, NULL },
    { "TaskScheduler", "Microsoft-Windows-TaskScheduler", "Microsoft-Windows-TaskScheduler/Operational", EVTX_EVENT, NULL },
    { "Firewall", "Microsoft-Windows-Windows Firewall With Advanced Security", "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall", EVTX_EVENT, NULL },
    { "PowerShell", "Microsoft-Windows-PowerShell", "Microsoft-Windows-PowerShell/Operational", EVTX_EVENT, NULL },
    { "WMI", "Microsoft-Windows-WMI-Activity", "Microsoft-Windows-WMI-Activity/Operational", EVTX_USERDATA, "Operation_ESStoConsumerBinding" },
    { "RdpCoreTS", "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS", "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS/Operational", EVTX_EVENT, NULL },
};

static void require(bool kept, const char *what)
{
    if (!kept) {
        fprintf(stderr, "%s\n", what);
        exit(1);
    }
}

static const char *numbered(arena *mem, const char *text, int64_t number)
{
    const char *mark = strchr(text, '#');
    return mark ? arena_printf(mem, "%.*s%lld%s", (int)(mark - text), text, (long long)number, mark + 1) : text;
}

static evtx_field field_of(arena *mem, const json *value, int64_t number)
{
    const char *name = value->name.len ? arena_text(mem, value->name) : NULL;
    uint64_t n = 0;
    if (value->kind == JSON_NUMBER && json_uint(value, &n))
        return evtx_u32(name, n);
    if (value->kind == JSON_BOOL)
        return evtx_bool(name, value->truth);
    const char *text = numbered(mem, (const char *)value->text.at, number);
    if (strncmp(text, "0x", 2) == 0 && !strchr(text, ' '))
        return evtx_hex32(name, strtoull(text, NULL, 16));
    if (strncmp(text, "S-1-", 4) == 0)
        return evtx_sid(name, text);
    return evtx_str(name, text);
}

static int64_t number_of(const json *event, const char *name, int64_t otherwise)
{
    int64_t n;
    return json_int(json_get(event, name), &n) ? n : otherwise;
}

typedef struct { const json *event; int64_t at, number; size_t place; } turn;

static int by_time(const void *a, const void *b)
{
    const turn *l = a, *r = b;
    return l->at != r->at ? (l->at < r->at ? -1 : 1) : l->place < r->place ? -1 : l->place > r->place;
}

static void put(evtx_writer *w, arena *mem, const turn *t)
{
    const char *log = json_str(t->event, "log"), *blank = strchr(log, ' ');
    size_t which = 0;
    while (which < sizeof logs / sizeof *logs && !(blank && strlen(logs[which].word) == (size_t)(blank - log) && strncmp(logs[which].word, log, (size_t)(blank - log)) == 0))
        which++;
    require(which < sizeof logs / sizeof *logs, log);
    const json *fields = json_get(t->event, "fields"), *data = json_get(t->event, "data"), *all = data ? data : fields;
    evtx_field *made = arena_array(mem, (all ? all->count : 0) + 1, sizeof *made);
    size_t count = 0;
    for (const json *f = all ? all->first : NULL; f; f = f->next)
        made[count++] = field_of(mem, f, t->number);
    const char *host = json_str(t->event, "host");
    evtx_out out = { .kind = logs[which].kind, .provider = logs[which].provider, .channel = logs[which].channel, .element = logs[which].element,
                     .computer = *host ? host : "DB1", .id = (uint32_t)strtoul(blank + 1, NULL, 10), .time = noon + (moment)t->at * MOMENT_SECOND,
                     .pid = 500, .tid = 600, .fields = made, .field_count = count };
    if (which == 1)
        out.guid = EVTX_AUDITING_GUID;
    require(evtx_put(w, &out), "an event that no log takes");
}

static void write_log(const char *path, const json *events)
{
    enum { MOST = 10000 };
    static turn turns[MOST];
    size_t count = 0;
    for (const json *e = events ? events->first : NULL; e; e = e->next)
        for (int64_t i = 0; i < number_of(e, "times", 1); i++) {
            require(count < MOST, "too many events");
            turns[count] = (turn){ e, number_of(e, "at", 0) + i * number_of(e, "every", 0), i, count };
            count++;
        }
    require(count > 0, "a case without events");
    qsort(turns, count, sizeof *turns, by_time);
    arena mem;
    arena_init(&mem, 0);
    evtx_writer *w = evtx_writer_open(&mem, path, NULL);
    for (size_t i = 0; i < count; i++)
        put(w, &mem, &turns[i]);
    status s = evtx_writer_close(w);
    require(status_is_ok(s), s.words);
    arena_done(&mem);
}

int main(int argc, char **argv)
{
    require(argc == 3, "usage: sigma_own_logs CASES.json FOLDER");
    FILE *in = fopen(argv[1], "rb");
    require(in != NULL, argv[1]);
    arena mem;
    buf text;
    arena_init(&mem, 0);
    buf_init(&text, 4 << 20);
    uint8_t bytes[65536];
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, in)) > 0;)
        buf_put(&text, bytes, n);
    fclose(in);
    json *cases;
    status s = json_parse(&mem, buf_bytes(&text), &cases);
    require(status_is_ok(s), s.words);
    unsigned number = 0;
    for (const json *c = cases->first; c; c = c->next, number++) {
        write_log(arena_printf(&mem, "%s/%u.positive.evtx", argv[2], number), json_get(c, "positive"));
        write_log(arena_printf(&mem, "%s/%u.negative.evtx", argv[2], number), json_get(c, "negative"));
    }
    buf_done(&text);
    arena_done(&mem);
    return 0;
}
