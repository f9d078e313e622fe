/* Which places of the registry that start programs, forward ports or switch protection off were written while a log watched? (Sysmon
 * 12, 13, 14; Security 4657.) */
#include "detect/commands.h"
#include "detect/detect.h"
#include "detect/family.h"
#include "detect/looks.h"
#include "detect/words.h"

#include <strings.h>

typedef struct {
    const char *point, *needs, *finding, *technique;
    severity severity;
    unsigned confidence;
    pattern *match, *data;               /* data NULL: any */
    bool on_delete, shells_only;
    size_t word;                         /* of the finder, that the name must hold */
    word_table *not_by;
} registry_point;

typedef struct {
    registry_point *points; size_t count;
    word_finder *needs;                  /* of point i, word i */
    commands *commands;
    families *families;
    remote_tools *remote;
    looks *looks;
    const profile_node *root;
    field event_type, target, details, image, user, object, value_name, new_value, process, subject_name, subject_domain;
} registry_run;

typedef struct { pattern_room *room; } registry_state;

/* Most keys hold none of the words that points need; equal needs share one word. */
static status index_points(registry_run *run, arena *mem)
{
    const char **words = arena_array(mem, run->count + 1, sizeof *words);
    size_t count = 0;
    for (size_t i = 0; i < run->count; i++) {
        registry_point *p = &run->points[i];
        for (p->word = 0; p->word < count && strcasecmp(words[p->word], p->needs) != 0; p->word++)
            ;
        if (p->word == count)
            words[count++] = p->needs;
    }
    run->needs = count <= WORDS_MOST ? word_finder_new(mem, words, count) : NULL;
    return run->needs ? status_ok() : status_fail(STATUS_LIMIT, "profiles/registry-points.yml: too many words");
}

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
                               .on_delete = profile_true(row, "on_delete"), .shells_only = profile_true(row, "shells_only"), .not_by = word_table_of(s->mem, row, "not_by") };
        if (p->finding && !severity_from(profile_text(row, "severity"), &p->severity))
            return status_fail(STATUS_BAD_INPUT, "profiles/registry-points.yml:%u: no such severity", row->line);
        st = pattern_new(s->mem, profile_text(row, "match"), &p->match);
        if (status_is_ok(st) && profile_text(row, "data"))
            st = pattern_new(s->mem, profile_text(row, "data"), &p->data);
    }
    if (status_is_ok(st))
        st = index_points(run, s->mem);
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

/* The first point that the key fits. */
static const registry_point *point_of(const registry_run *run, registry_state *p, const char *key)
{
    size_t len = strlen(key);
    words_found found;
    word_finder_scan(run->needs, key, len, &found);
    for (size_t i = 0; found.any && i < run->count; i++)
        if (words_found_has(&found, run->points[i].word) && pattern_matches(run->points[i].match, p->room, key, len))
            return &run->points[i];
    return NULL;
}

typedef struct { char *key, *data, *image; const char *file, *value; bool deleted; } written;

static char *key_of(const registry_run *run, const event *ev, arena *mem)
{
    if (ev->event_id != 4657)
        return value_text(event_get(ev, run->target), mem);
    char *object = value_text(event_get(ev, run->object), mem), *name = value_text(event_get(ev, run->value_name), mem);
    return object ? arena_printf(mem, "%s\\%s", object, name ? name : "") : NULL;
}

static written read_change(const registry_run *run, const event *ev, char *key, arena *mem)
{
    bool security = ev->event_id == 4657;
    written w = { .key = key, .data = value_text(event_get(ev, security ? run->new_value : run->details), mem), .image = value_text(event_get(ev, security ? run->process : run->image), mem) };
    w.deleted = ev->event_id == 12 && value_has(event_get(ev, run->event_type), "Delete");
    w.file = w.image ? looks_file(looks_path(w.image, mem)) : "";
    const char *last = strrchr(w.key, '\\');
    w.value = last ? last + 1 : w.key;
    return w;
}

/* A key made is no value set; of deletions those are noted that take something away; a value counts where it says something. */
static bool counts(const registry_point *r, registry_state *p, const event *ev, const written *w)
{
    if (word_table_has(r->not_by, w->file))
        return false;
    if (w->deleted)
        return !r->data || r->on_delete;
    if (ev->event_id == 12 && strcmp(r->point, "port-proxy") != 0)
        return false;
    return !r->data || (w->data && pattern_matches(r->data, p->room, w->data, strlen(w->data)));
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
    char *key = key_of(run, ev, mem);
    const registry_point *point = key ? point_of(run, p, key) : NULL;
    if (!point)
        return;
    written w = read_change(run, ev, key, mem);
    if (!counts(point, p, ev, &w))
        return;
    bool proxy = strcmp(point->point, "port-proxy") == 0;
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
