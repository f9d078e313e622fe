/* Which places of the registry that start programs, forward ports or switch protection off were written while a log watched? (Sysmon
 * 12, 13, 14; Security 4657.) */
#include "detect/commands.h"
#include "detect/detect.h"
#include "detect/family.h"
#include "detect/looks.h"

#include <strings.h>

typedef struct { const char *point, *needs, *finding, *technique; severity severity; unsigned confidence; pattern *match; } registry_point;

typedef struct {
    registry_point *points; size_t count;
    commands *commands;
    families *families;
    remote_tools *remote;
    looks *looks;
    const profile_node *root;
    field event_type, target, details, image, user, object, value_name, new_value, process, subject_name, subject_domain;
} registry_run;

typedef struct { pattern_room *room; } registry_state;

static status setup(const detect_setup *s, void **out)
{
    registry_run *run = arena_alloc(s->mem, sizeof *run);
    fields *f = s->names;
    run->event_type = fields_intern(f, "EventType");
    run->target = fields_intern(f, "TargetObject");
    run->details = fields_intern(f, "Details");
    run->image = fields_intern(f, "Image");
    run->user = fields_intern(f, "User");
    run->object = fields_intern(f, "ObjectName");
    run->value_name = fields_intern(f, "ObjectValueName");
    run->new_value = fields_intern(f, "NewValue");
    run->process = fields_intern(f, "ProcessName");
    run->subject_name = fields_intern(f, "SubjectUserName");
    run->subject_domain = fields_intern(f, "SubjectDomainName");
    status st = profile_need(s->facts, "registry-points", &run->root);
    const profile_node *list = profile_get(run->root, "points");
    run->points = arena_array(s->mem, list ? list->count : 0, sizeof *run->points);
    for (const profile_node *row = list ? list->first : NULL; row && status_is_ok(st); row = row->next) {
        registry_point *p = &run->points[run->count++];
        bool found;
        *p = (registry_point){ .point = profile_text(row, "point"), .needs = profile_text(row, "needs"), .finding = profile_text(row, "finding"), .technique = profile_text(row, "technique"),
                               .confidence = (unsigned)profile_number(row, "confidence", &found) };
        if (p->finding && !severity_from(profile_text(row, "severity"), &p->severity))
            return status_fail(STATUS_BAD_INPUT, "profiles/registry-points.yml:%u: no such severity", row->line);
        st = pattern_new(s->mem, profile_text(row, "match"), &p->match);
    }
    *out = run;
    if (status_is_ok(st))
        st = commands_new(s->facts, s->mem, &run->commands);
    if (status_is_ok(st))
        st = families_new(s->facts, s->mem, &run->families);
    if (status_is_ok(st))
        st = remote_tools_new(s->facts, s->mem, &run->remote);
    return status_is_ok(st) ? looks_new(s->facts, s->mem, &run->looks) : st;
}

static void *start(const void *run, arena *mem)
{
    (void)run;
    registry_state *p = arena_alloc(mem, sizeof *p);
    p->room = pattern_room_new(mem);
    return p;
}

static const registry_point *point_of(const registry_run *run, registry_state *p, const char *key)
{
    for (size_t i = 0; i < run->count; i++)
        if ((!run->points[i].needs || strcasestr(key, run->points[i].needs)) && pattern_matches(run->points[i].match, p->room, key, strlen(key)))
            return &run->points[i];
    return NULL;
}

static void step(const void *context, void *state, const event *ev, detect_log *out)
{
    const registry_run *run = context;
    registry_state *p = state;
    arena *mem = detect_scratch(out);
    bool sysmon = ev->event_id != 4657;
    char *key, *data, *image;
    if (sysmon) {
        key = value_text(event_get(ev, run->target), mem);
        data = value_text(event_get(ev, run->details), mem);
        image = value_text(event_get(ev, run->image), mem);
    } else {
        char *object = value_text(event_get(ev, run->object), mem), *name = value_text(event_get(ev, run->value_name), mem);
        key = object ? arena_printf(mem, "%s\\%s", object, name ? name : "") : NULL;
        data = value_text(event_get(ev, run->new_value), mem);
        image = value_text(event_get(ev, run->process), mem);
    }
    if (!key)
        return;
    const registry_point *point = point_of(run, p, key);
    bool deleted = ev->event_id == 12 && value_has(event_get(ev, run->event_type), "Delete");
    if (!point || (ev->event_id == 12 && !deleted && strcmp(point->point, "port-proxy") != 0))
        return;
    const char *file = image ? looks_file(looks_path(image, mem)) : "", *value = strrchr(key, '\\');
    value = value ? value + 1 : key;
    bool proxy = strcmp(point->point, "port-proxy") == 0;
    detect_act_builder *a = detect_act(out, ev, proxy ? "portproxy.change" : "registry.autostart");
    if (proxy) {
        detect_fact(a, "listen", value);
        detect_fact(a, "connect", data);
        detect_fact(a, "process", image);
    } else {
        detect_fact(a, "key", key);
        detect_fact(a, "value", value);
        detect_fact(a, "data", data);
        detect_fact(a, "image", image);
        detect_fact(a, "point", point->point);
    }
    detect_fact(a, "deleted", deleted ? "yes" : NULL);
    detect_fact_value(a, "account", event_get(ev, run->user));

    const command_rule *hits[COMMAND_HITS];
    size_t count = data ? commands_judge(run->commands, p->room, data, hits) : 0;
    const command_rule *worst = commands_worst(hits, count);
    bool run_key = strcmp(point->point, "run-key") == 0;
    family_hit h = run_key ? families_run_value(run->families, value) : (family_hit){ 0 };
    if (!h.family && data)
        h = families_text(run->families, data);
    if (!h.family && data)
        h = families_file(run->families, looks_path(data, mem));
    char *decoded = data ? commands_decoded(data, mem) : NULL;
    detect_fact(a, "decoded", decoded);
    detect_fact(a, "family", h.family);
    const remote_service *tool = data && strcmp(point->point, "service") == 0 ? remote_tools_service(run->remote, p->room, NULL, data) : NULL;
    if (worst)
        detect_fact(a, "looks", worst->looks);
    /* The WMI provider writes the registry for a caller, who may sit anywhere. */
    bool by_wmi = strcmp(file, "wmiprvse.exe") == 0;
    if (by_wmi)
        detect_fact(a, "means", "wmi");
    if (deleted || !point->finding)
        return;
    if (h.family)
        detect_finding(a, point->finding, SEVERITY_CRITICAL, h.weight, point->technique, NULL);
    else if (worst && worst->severity >= SEVERITY_HIGH)
        detect_finding(a, point->finding, SEVERITY_HIGH, 85, point->technique, NULL);
    else if (tool)
        detect_finding(a, "remote-execution", tool->admin ? SEVERITY_MEDIUM : SEVERITY_HIGH, 80, "T1569.002 T1543.003", "remote-execution.registry-service");
    else if (strcmp(point->point, "service") == 0 && !(data && looks_odd_folder(run->looks, looks_path(data, mem))))
        return;
    else if (run_key && profile_has(run->root, "run_lawful", file) && !(data && looks_odd_folder(run->looks, looks_path(data, mem))))
        detect_finding(a, point->finding, SEVERITY_INFO, 20, point->technique, NULL);
    else
        detect_finding(a, point->finding, by_wmi ? SEVERITY_HIGH : point->severity, by_wmi ? 75 : point->confidence, by_wmi ? arena_printf(mem, "%s T1047", point->technique) : point->technique, NULL);
}

#define SYSMON "Microsoft-Windows-Sysmon/Operational"
static const detect_want wants[] = { { SYSMON, NULL, 12 }, { SYSMON, NULL, 13 }, { SYSMON, NULL, 14 }, { "Security", NULL, 4657 } };
const detector detect_registry = { "registry", wants, sizeof wants / sizeof *wants, setup, start, step, NULL };
