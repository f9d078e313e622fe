/* Which PowerShell was run, and what did it say? (4104, 4103 of PowerShell/Operational; 400, 600, 800 of Windows PowerShell, which
 * exist wherever PowerShell does and hold the host's command line.) Only what says something of itself is noted. */
#include "detect/commands.h"
#include "detect/detect.h"
#include "detect/family.h"
#include "detect/seen.h"

#include <strings.h>

enum { SEEN = 8192, BODY = 2048 };

typedef struct {
    commands *commands;
    families *families;
    field text, path, number, total, id, payload, context;
} scripts_run;

typedef struct { pattern_room *room; seen blocks; } scripts_state;

static status setup(const detect_setup *s, void **out)
{
    scripts_run *run = arena_alloc(s->mem, sizeof *run);
    fields *f = s->names;
    run->text = fields_intern(f, "ScriptBlockText");
    run->path = fields_intern(f, "Path");
    run->number = fields_intern(f, "MessageNumber");
    run->total = fields_intern(f, "MessageTotal");
    run->id = fields_intern(f, "ScriptBlockId");
    run->payload = fields_intern(f, "Payload");
    run->context = fields_intern(f, "ContextInfo");
    *out = run;
    status st = commands_new(s->facts, s->mem, &run->commands);
    return status_is_ok(st) ? families_new(s->facts, s->mem, &run->families) : st;
}

static void *start(const void *run, arena *mem)
{
    (void)run;
    scripts_state *p = arena_alloc(mem, sizeof *p);
    p->room = pattern_room_new(mem);
    seen_init(&p->blocks, "script.block", SEEN);
    return p;
}

static void finish(const void *run, void *state, detect_log *out)
{
    (void)run;
    (void)out;
    seen_done(&((scripts_state *)state)->blocks);
}

/* The rest of the line after "HostApplication=" (classic events hold one block of Name=Value lines, in every language). */
static char *host_application(const event *ev, arena *mem)
{
    for (size_t i = 0; i < event_data_count(ev); i++) {
        char *data = value_text(event_data(ev, i), mem);
        char *at = data ? strstr(data, "HostApplication=") : NULL;
        if (!at)
            continue;
        at += 16;
        at[strcspn(at, "\r\n")] = 0;
        return at;
    }
    return NULL;
}

/* The host's command line of 4103: in its block of "Name = value" lines, whose names are in the system's language, the one that
 * begins with a program. */
static char *host_of(const event *ev, field context, arena *mem)
{
    char *block = value_text(event_get(ev, context), mem);
    for (char *line = block; line && *line;) {
        size_t len = strcspn(line, "\r\n");
        char *end = line + len, *next = end + strspn(end, "\r\n");
        *end = 0;
        char *value = strstr(line, " = ");
        char *exe = value ? strcasestr(value, ".exe") : NULL;
        if (exe && (size_t)(exe - value) < 260)
            return value + 3;
        line = next;
    }
    return NULL;
}

/* The first pipeline line of 800: its first unnamed Data. */
static char *pipeline(const event *ev, arena *mem) { return event_data_count(ev) ? value_text(event_data(ev, 0), mem) : NULL; }

static char *urls_of(const char *text, arena *mem)
{
    buf out;
    buf_init(&out, 2048);
    for (const char *at = text; (at = strcasestr(at, "http")) && out.len < 1024;) {
        const char *from = at;
        at += 4;
        if (strncasecmp(from, "http://", 7) != 0 && strncasecmp(from, "https://", 8) != 0)
            continue;
        size_t len = strcspn(from, " \t\r\n'\"`<>|;,)}]");
        if (out.len)
            buf_char(&out, ' ');
        buf_span(&out, span_of(from, len < 256 ? len : 256));
        at = from + len;
    }
    char *list = out.len ? arena_str(mem, buf_text(&out)) : NULL;
    buf_done(&out);
    return list;
}

static void step(const void *context, void *state, const event *ev, detect_log *out)
{
    const scripts_run *run = context;
    scripts_state *p = state;
    arena *mem = detect_scratch(out);
    char *text = NULL, *command = NULL;
    if (ev->event_id == 4104)
        text = value_text(event_get(ev, run->text), mem);
    else if (ev->event_id == 4103)
        text = value_text(event_get(ev, run->payload), mem);
    else if (ev->event_id == 800)
        text = pipeline(ev, mem);
    if (ev->event_id != 4104)
        command = ev->event_id == 4103 ? host_of(ev, run->context, mem) : host_application(ev, mem);
    if (!(text && *text) && !(command && *command))
        return;
    const char *whole = text && *text ? text : command;
    char *decoded = commands_decoded(whole, mem);
    const command_rule *hits[2 * COMMAND_HITS];
    size_t count = commands_judge(run->commands, p->room, whole, hits);
    if (decoded)
        count += commands_judge(run->commands, p->room, decoded, hits + count);
    family_hit h = families_text(run->families, whole);
    if (!h.family && decoded)
        h = families_text(run->families, decoded);
    if (!count && !h.family && !decoded)
        return;
    /* The same words again (400, 600 and 800 repeat the host's command line; tasks run every hour) are one act a log. */
    if (!seen_first(&p->blocks, out, arena_printf(mem, "%s\n%s", command ? command : "", whole)))
        return;

    buf words;
    buf_init(&words, NOTE_VALUE);
    for (size_t i = 0; i < count; i++)
        if (!strstr(buf_text(&words), hits[i]->looks))
            buf_printf(&words, "%s%s", words.len ? "," : "", hits[i]->looks);
    detect_act_builder *a = detect_act(out, ev, "script.block");
    detect_fact(a, "text", decoded ? decoded : text);
    detect_fact(a, "encoded", decoded ? "yes" : NULL);
    detect_fact(a, "command", command);
    detect_fact_value(a, "path", event_get(ev, run->path));
    detect_fact(a, "looks", buf_text(&words));
    detect_fact(a, "urls", urls_of(decoded ? decoded : whole, mem));
    detect_fact(a, "family", h.family);
    if (ev->user_sid.len)
        detect_fact(a, "sid", sid_text(ev->user_sid, mem));
    buf_done(&words);
    const command_rule *worst = commands_worst(hits, count);
    /* In the body of a script file, or of a long block, a word weighs less than in a line that somebody typed. */
    char *file = value_text(event_get(ev, run->path), mem);
    bool body = ev->event_id == 4104 && ((file && *file) || strlen(whole) > BODY);
    if (h.family)
        detect_finding(a, "script-execution", SEVERITY_CRITICAL, h.weight, "T1059.001", "script-execution.family");
    else if (worst && worst->severity >= SEVERITY_HIGH)
        detect_finding(a, worst->finding, worst->severity, worst->confidence, worst->technique, arena_printf(mem, "%s.script", worst->finding));
    else if (decoded)
        detect_finding(a, "script-execution", SEVERITY_MEDIUM, 60, "T1059.001 T1027.010", "script-execution.encoded");
    else if (worst)
        detect_finding(a, worst->finding, body && worst->severity > SEVERITY_LOW ? SEVERITY_LOW : worst->severity, body ? worst->confidence / 2 : worst->confidence, worst->technique,
                       arena_printf(mem, "%s.script", worst->finding));
}

static const detect_want wants[] = {
    { "Microsoft-Windows-PowerShell/Operational", NULL, 4104 }, { "Microsoft-Windows-PowerShell/Operational", NULL, 4103 },
    { "PowerShellCore/Operational", NULL, 4104 },
    { "Windows PowerShell", NULL, 400 }, { "Windows PowerShell", NULL, 600 }, { "Windows PowerShell", NULL, 800 },
};
const detector detect_scripts = { "scripts", wants, sizeof wants / sizeof *wants, setup, start, step, finish };
