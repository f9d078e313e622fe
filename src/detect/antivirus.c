/* What did antivirus find, and was it told to look away? (Defender 1006 1007 1015 1116 to 1119, 5001 5007 5010 5012 5101;
 * Kaspersky, Symantec, McAfee and Sophos by the sentences they write.) */
#include "detect/detect.h"
#include "detect/family.h"
#include "detect/looks.h"

#include <strings.h>

enum { TEXT_MOST = 16 << 10 };

typedef struct {
    const profile_node *root;
    families *families;
    field threat, path, action, action_id, process, severity_name, severity_id, user, product, old_value, new_value;
} antivirus_run;

static status setup(const detect_setup *s, void **out)
{
    antivirus_run *run = arena_alloc(s->mem, sizeof *run);
    fields *f = s->names;
    run->root = profile_root(s->facts, "antivirus");
    run->threat = fields_intern(f, "Threat Name");
    run->path = fields_intern(f, "Path");
    run->action = fields_intern(f, "Action Name");
    run->action_id = fields_intern(f, "Action ID");
    run->process = fields_intern(f, "Process Name");
    run->severity_name = fields_intern(f, "Severity Name");
    run->severity_id = fields_intern(f, "Severity ID");
    run->user = fields_intern(f, "Detection User");
    run->product = fields_intern(f, "Product Name");
    run->old_value = fields_intern(f, "Old Value");
    run->new_value = fields_intern(f, "New Value");
    *out = run;
    return families_new(s->facts, s->mem, &run->families);
}

/* "file:_C:\x\y.exe; process:_pid:..": the first file, else the whole. */
static char *file_of(char *path, arena *mem)
{
    static const char *const marks[] = { "file:_", "containerfile:_", "runkey:_", "service:_" };
    for (size_t i = 0; path && i < sizeof marks / sizeof *marks; i++) {
        char *at = strstr(path, marks[i]);
        if (!at)
            continue;
        at += strlen(marks[i]);
        size_t len = 0;
        while (at[len] && !(at[len] == ';' && (at[len + 1] == ' ' || at[len + 1] == 0)))
            len++;
        return arena_text(mem, span_of(at, len));
    }
    return path;
}

static detect_act_builder *detected(const antivirus_run *run, const event *ev, detect_log *out, const char *product, const char *threat, char *file)
{
    arena *mem = detect_scratch(out);
    detect_act_builder *a = detect_act(out, ev, "av.detect");
    detect_fact(a, "product", product);
    detect_fact(a, "threat", threat);
    detect_fact(a, "file", file);
    if (file)
        detect_fact(a, "family", families_file(run->families, looks_path(file, mem)).family);
    return a;
}

/* "%%827": a text that Defender's own file of messages holds. Some versions write these into the record. */
static bool is_message_id(const char *text)
{
    size_t len = strspn(text, "%");
    return len == 2 && text[len] && text[len + strspn(text + len, "0123456789")] == 0;
}

/* What Defender did, by its number. */
static const char *action_of(binxml_value id)
{
    static const char *const actions[] = { [1] = "Clean", [2] = "Quarantine", [3] = "Remove", [6] = "Allow", [8] = "UserDefined", [9] = "NoAction", [10] = "Block" };
    uint64_t n = 0;
    return value_u64(id, &n) && n < sizeof actions / sizeof *actions ? actions[n] : NULL;
}

static void defender_found(const antivirus_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    char *threat = value_text(event_get(ev, run->threat), mem), *product = value_text(event_get(ev, run->product), mem);
    if (!threat || !*threat)
        return;
    char *process = value_text(event_get(ev, run->process), mem);
    detect_act_builder *a = detected(run, ev, out, product && *product && !is_message_id(product) ? product : "Microsoft Defender", threat, file_of(value_text(event_get(ev, run->path), mem), mem));
    char *action = value_text(event_get(ev, run->action), mem), *severity_name = value_text(event_get(ev, run->severity_name), mem);
    detect_fact(a, "action", action && !is_message_id(action) ? action : action_of(event_get(ev, run->action_id)));
    detect_fact(a, "process", process && strcasecmp(process, "Unknown") != 0 ? process : NULL);
    detect_fact(a, "severity", severity_name && !is_message_id(severity_name) ? severity_name : NULL);
    detect_fact_value(a, "account", event_get(ev, run->user));
    uint64_t grade = 0;
    value_u64(event_get(ev, run->severity_id), &grade);
    severity s = grade == 1 ? SEVERITY_LOW : grade == 2 ? SEVERITY_MEDIUM : SEVERITY_HIGH;
    detect_finding(a, "malware-file", s, 80, "", "malware-file.av");
}

static const char *first_in(const profile_node *words, const char *text)
{
    for (; words; words = words->next)
        if (strstr(text, words->text))
            return words->text;
    return NULL;
}

static void off(const event *ev, detect_log *out, const char *product, const char *what, const char *old, const char *now, severity s, unsigned sure, const char *text)
{
    detect_act_builder *a = detect_act(out, ev, "defence.off");
    detect_fact(a, "product", product);
    detect_fact(a, "what", what);
    detect_fact(a, "old", old);
    detect_fact(a, "new", now);
    detect_finding(a, "defence-off", s, sure, "T1562.001", text);
}

static void defender_off(const antivirus_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    char *product = value_text(event_get(ev, run->product), mem);
    if (product && is_message_id(product))
        product = "Microsoft Defender";
    switch (ev->event_id) {
    case 5001: off(ev, out, product, "realtime", NULL, NULL, SEVERITY_HIGH, 85, "defence-off.protection"); return;
    case 5010: off(ev, out, product, "unwanted-software", NULL, NULL, SEVERITY_HIGH, 75, "defence-off.protection"); return;
    case 5012: off(ev, out, product, "virus-scan", NULL, NULL, SEVERITY_HIGH, 85, "defence-off.protection"); return;
    case 5101: off(ev, out, product, "expired", NULL, NULL, SEVERITY_LOW, 40, "defence-off.protection"); return;
    default: break;
    }
    char *old = value_text(event_get(ev, run->old_value), mem), *now = value_text(event_get(ev, run->new_value), mem);
    if (!now || !*now)
        return;
    if (first_in(profile_list(run->root, "exclusions"), now))
        off(ev, out, product, "exclusion", old, now, SEVERITY_HIGH, 75, "defence-off.exclusion");
    else if (first_in(profile_list(run->root, "settings_off"), now))
        off(ev, out, product, "setting", old, now, SEVERITY_HIGH, 80, "defence-off.setting");
}

/* All values of a record, a line each, with a line's end before the first. */
static char *whole_text(const event *ev, arena *mem)
{
    buf text;
    buf_init(&text, TEXT_MOST);
    for (size_t i = 0; i < event_data_count(ev); i++) {
        const char *value = value_text(event_data(ev, i), mem);
        buf_char(&text, '\n');
        buf_put(&text, value ? value : "", strnlen(value ? value : "", TEXT_MOST / 2));
    }
    char *joined = arena_text(mem, buf_bytes(&text)), *to = joined;
    for (const char *from = joined; *from; from++)
        if (*from != '\r')
            *to++ = *from;
    *to = 0;
    buf_done(&text);
    return joined;
}

static char *value_behind(const profile_node *product, const char *name, const char *text, arena *mem)
{
    for (const profile_node *after = profile_list(product, arena_printf(mem, "%s_after", name)); after; after = after->next) {
        const char *at = strstr(text, after->text);
        if (!at)
            continue;
        at += strlen(after->text);
        size_t len = strcspn(at, "\n");
        for (const profile_node *until = profile_list(product, arena_printf(mem, "%s_until", name)); until; until = until->next) {
            const char *end = strstr(at, until->text);
            if (end && (size_t)(end - at) < len)
                len = (size_t)(end - at);
        }
        return len ? arena_text(mem, span_of(at, len)) : NULL;
    }
    return NULL;
}

static bool fits(const char *pattern, const char *name)
{
    size_t n = pattern ? strlen(pattern) : 0;
    if (!pattern)
        return true;
    return n && pattern[n - 1] == '*' ? strncasecmp(pattern, name, n - 1) == 0 : strcasecmp(pattern, name) == 0;
}

static void other_products(const antivirus_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    char *channel = utf16_text(mem, utf16_trim(ev->channel)), *provider = utf16_text(mem, utf16_trim(ev->provider));
    for (const profile_node *p = profile_list(run->root, "products"); p; p = p->next) {
        if (!fits(profile_text(p, "channel"), channel) || !fits(profile_text(p, "provider"), provider))
            continue;
        if (profile_get(p, "ids") && !profile_has(p, "ids", arena_printf(mem, "%u", ev->event_id)))
            continue;
        char *text = whole_text(ev, mem), *threat = value_behind(p, "threat", text, mem), *file = value_behind(p, "file", text, mem);
        if (!threat || !file)
            continue;
        detect_act_builder *a = detected(run, ev, out, profile_text(p, "product"), threat, file);
        detect_fact(a, "action", value_behind(p, "action", text, mem));
        detect_finding(a, "malware-file", SEVERITY_HIGH, 80, "", "malware-file.av");
        return;
    }
}

#define DEFENDER "Microsoft-Windows-Windows Defender/Operational"
static void step(const void *data, void *state, const event *ev, detect_log *out)
{
    const antivirus_run *run = data;
    (void)state;
    bool defender = utf16_is(ev->channel, DEFENDER) || utf16_is(ev->provider, "Microsoft Antimalware");
    if (!defender)
        other_products(run, ev, out);
    else if (ev->event_id >= 5000)
        defender_off(run, ev, out);
    else
        defender_found(run, ev, out);
}

#define BOTH(id) { DEFENDER, NULL, id }, { "System", "Microsoft Antimalware", id }
static const detect_want wants[] = {
    BOTH(1006), BOTH(1007), BOTH(1015), BOTH(1116), BOTH(1117), BOTH(1118), BOTH(1119), BOTH(5001), BOTH(5007), BOTH(5010), BOTH(5012), BOTH(5101),
    { "Kaspersky Event Log", NULL, DETECT_ANY }, { "Symantec Endpoint Protection Client", NULL, DETECT_ANY }, { "Application", "Symantec*", 5 },
    { "Application", "Symantec*", 46 }, { "Application", "Symantec*", 47 }, { "Application", "Symantec*", 51 }, { "Application", "McLogEvent", 257 },
    { "Application", "McLogEvent", 258 }, { "Application", "Sophos*", DETECT_ANY },
};
const detector detect_antivirus = { "antivirus", wants, sizeof wants / sizeof *wants, setup, NULL, step, NULL };
