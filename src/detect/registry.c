/* Which places of the registry that start programs, forward ports or switch protection off were written while a log watched? (Sysmon
 * 12, 13, 14; Security 4657.) */
#include "detect/commands.h"
#include "detect/detect.h"
#include "detect/family.h"
#include "detect/looks.h"

#include <strings.h>

typedef struct {
    const char *point, *needs, *finding, *technique;
    severity severity;
    unsigned confidence;
    pattern *match, *data;               /* data NULL: any */
    bool on_delete, shells_only;
    const profile_node *row;
} registry_point;

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
                               .confidence = (unsigned)profile_number(row, "confidence", &found),
                               .on_delete = profile_true(row, "on_delete"), .shells_only = profile_true(row, "shells_only"), .row = row };
        if (p->finding && !severity_from(profile_text(row, "severity"), &p->severity))
            return status_fail(STATUS_BAD_INPUT, "profiles/registry-points.yml:%u: no such severity", row->line);
        st = pattern_new(s->mem, profile_text(row, "match"), &p->match);
        if (status_is_ok(st) && profile_text(row, "data"))
            st = pattern_new(s->mem, profile_text(row, "data"), &p->data);
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

/* The first point that the key fits, if what is written there says something. */
static const registry_point *point_of(const registry_run *run, registry_state *p, const char *key, const char *data, const char *file, bool deleted)
{
    for (size_t i = 0; i < run->count; i++) {
        const registry_point *r = &run->points[i];
        if ((r->needs && !strcasestr(key, r->needs)) || !pattern_matches(r->match, p->room, key, strlen(key)))
            continue;
        if (profile_has(r->row, "not_by", file))
            return NULL;
        if (deleted)
            return r;
        return !r->data || (data && pattern_matches(r->data, p->room, data, strlen(data))) ? r : NULL;
    }
    return NULL;
}

typedef struct { char *key, *data, *image; const char *file, *value; bool deleted; } written;

static written read_change(const registry_run *run, const event *ev, arena *mem)
{
    written w = { 0 };
    if (ev->event_id == 4657) {
        char *object = value_text(event_get(ev, run->object), mem), *name = value_text(event_get(ev, run->value_name), mem);
        w.key = object ? arena_printf(mem, "%s\\%s", object, name ? name : "") : NULL;
        w.data = value_text(event_get(ev, run->new_value), mem);
        w.image = value_text(event_get(ev, run->process), mem);
    } else {
        w.key = value_text(event_get(ev, run->target), mem);
        w.data = value_text(event_get(ev, run->details), mem);
        w.image = value_text(event_get(ev, run->image), mem);
        w.deleted = ev->event_id == 12 && value_has(event_get(ev, run->event_type), "Delete");
    }
    w.file = w.image ? looks_file(looks_path(w.image, mem)) : "";
    const char *last = w.key ? strrchr(w.key, '\\') : NULL;
    w.value = last ? last + 1 : w.key;
    return w;
}

/* What the change amounts to; the act is begun and has its facts. */
static void judge(const registry_run *run, registry_state *p, detect_act_builder *a, const registry_point *point, const written *w, arena *mem)
{
    const command_rule *hits[COMMAND_HITS];
    size_t count = w->data ? commands_judge(run->commands, p->room, w->data, hits) : 0;
    const command_rule *worst = commands_worst(hits, count);
    char *path = w->data ? looks_path(w->data, mem) : NULL;
    bool run_key = strcmp(point->point, "run-key") == 0, service = strcmp(point->point, "service") == 0, odd = path && looks_odd_folder(run->looks, path);
    family_hit h = run_key ? families_run_value(run->families, w->value) : (family_hit){ 0 };
    if (!h.family && w->data)
        h = families_text(run->families, w->data);
    if (!h.family && path)
        h = families_file(run->families, path);
    const remote_service *tool = service && w->data ? remote_tools_service(run->remote, p->room, NULL, w->data) : NULL;
    /* The WMI provider writes the registry for a caller, who may sit anywhere. */
    bool by_wmi = strcmp(w->file, "wmiprvse.exe") == 0;
    detect_fact(a, "decoded", w->data ? commands_decoded(w->data, mem) : NULL);
    detect_fact(a, "family", h.family);
    detect_fact(a, "looks", worst ? worst->looks : odd ? "temp-path" : NULL);
    detect_fact(a, "means", by_wmi ? "wmi" : NULL);
    if (!point->finding || (w->deleted && !point->on_delete))
        return;
    const char *text = strcmp(point->point, "port-proxy") == 0 ? NULL : arena_printf(mem, "%s.registry", point->finding);
    if (h.family)
        detect_finding(a, point->finding, SEVERITY_CRITICAL, h.weight, point->technique, text);
    else if (worst && worst->severity >= SEVERITY_HIGH)
        detect_finding(a, point->finding, SEVERITY_HIGH, 85, point->technique, text);
    else if (tool)
        detect_finding(a, "remote-execution", tool->admin ? SEVERITY_MEDIUM : SEVERITY_HIGH, 80, "T1569.002 T1543.003", "remote-execution.registry-service");
    else if (service && !odd)
        return;
    else if (point->shells_only && !odd && !remote_tools_shell(run->remote, w->file))
        return;
    else if (run_key && profile_has(run->root, "run_lawful", w->file) && !odd)
        detect_finding(a, point->finding, SEVERITY_INFO, 20, point->technique, text);
    else if (by_wmi)
        detect_finding(a, point->finding, SEVERITY_HIGH, 75, arena_printf(mem, "%s T1047", point->technique), text);
    else
        detect_finding(a, point->finding, service ? SEVERITY_HIGH : point->severity, service ? 65 : point->confidence, point->technique, text);
}

static void step(const void *context, void *state, const event *ev, detect_log *out)
{
    const registry_run *run = context;
    registry_state *p = state;
    arena *mem = detect_scratch(out);
    written w = read_change(run, ev, mem);
    const registry_point *point = w.key ? point_of(run, p, w.key, w.data, w.file, w.deleted) : NULL;
    bool proxy = point && strcmp(point->point, "port-proxy") == 0;
    /* A key made is no value set; of deletions those are noted that take something away. */
    if (!point || (ev->event_id == 12 && !w.deleted && !proxy) || (w.deleted && point->data && !point->on_delete))
        return;
    detect_act_builder *a = detect_act(out, ev, proxy ? "portproxy.change" : "registry.autostart");
    if (proxy) {
        detect_fact(a, "listen", w.value);
        detect_fact(a, "connect", w.data);
        detect_fact(a, "process", w.image);
    } else {
        detect_fact(a, "key", w.key);
        detect_fact(a, "value", w.value);
        detect_fact(a, "data", w.data);
        detect_fact(a, "image", w.image);
        detect_fact(a, "point", point->point);
    }
    detect_fact(a, "deleted", w.deleted ? "yes" : NULL);
    detect_fact_value(a, "account", event_get(ev, run->user));
    judge(run, p, a, point, &w, mem);
}

#define SYSMON "Microsoft-Windows-Sysmon/Operational"
static const detect_want wants[] = { { SYSMON, NULL, 12 }, { SYSMON, NULL, 13 }, { SYSMON, NULL, 14 }, { "Security", NULL, 4657 } };
const detector detect_registry = { "registry", wants, sizeof wants / sizeof *wants, setup, start, step, NULL };
