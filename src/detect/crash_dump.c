/* Which driver failed, from where was it called, and what does not belong on this machine? */
#include "detect/crash_dump.h"

#include "detect/crash_program.h"
#include "detect/kernel_layouts.h"
#include "detect/looks.h"
#include "detect/words.h"

#include <strings.h>

typedef struct { uint32_t code; uint8_t address, data, exception, record, context; } fault;

struct dump_facts {
    const profile_node *root, *bugchecks, *builds;
    fault *faults; size_t fault_count;
    word_table *core, *windows, *services, *network, *known;
    const profile_node **network_entries, **known_entries;
    const crashdump_layout *layouts; size_t layout_count;
};

const char *dump_sign_word(unsigned which)
{
    static const char *const words[DUMP_SIGNS] = { "temp-driver", "user-folder-driver", "unknown-driver", "known-driver", "malicious-driver", "network-driver", "outside-modules" };
    return words[which];
}

const char *dump_machine_word(crashdump_machine m)
{
    static const char *const words[] = { [CRASHDUMP_X86] = "x86", [CRASHDUMP_X86_PAE] = "x86-pae", [CRASHDUMP_X64] = "x64", [CRASHDUMP_ARM64] = "arm64", [CRASHDUMP_OTHER_MACHINE] = "other" };
    return words[m];
}

/* ---- Facts ---- */

static word_table *entries_of(arena *mem, const profile_node *root, const char *key, const profile_node ***entries)
{
    const profile_node *list = profile_get(root, key);
    size_t count = list ? list->count : 0, i = 0;
    word_table *t = word_table_new(mem, count);
    *entries = arena_array(mem, count + 1, sizeof **entries);
    for (const profile_node *n = list ? list->first : NULL; n; n = n->next, i++) {
        (*entries)[i] = n;
        word_table_put(t, profile_text(n, "name"), (uint32_t)i);
    }
    return t;
}

/* Files of Windows' own drivers, by their names: "%w\system32\drivers\afd.sys" gives afd.sys. */
static word_table *drivers_of_services(arena *mem, const profile_node *root)
{
    const profile_node *lists[] = { profile_get(root, "services"), profile_get(root, "drivers") };
    word_table *t = word_table_new(mem, (lists[0] ? lists[0]->count : 0) + (lists[1] ? lists[1]->count : 0));
    for (size_t i = 0; i < 2; i++)
        for (const profile_node *n = lists[i] ? lists[i]->first : NULL; n; n = n->next) {
            const char *file = profile_text(n, "file"), *name = file ? looks_file(file) : NULL;
            if (name && strncasecmp(file, "%w\\system32\\", 12) == 0)
                word_table_put(t, name, 0);
        }
    return t;
}

static uint8_t place_of(const profile_node *n, const char *key)
{
    bool found;
    int64_t i = profile_number(n, key, &found);
    return found && i >= 1 && i <= 4 ? (uint8_t)i : 0;
}

status dump_facts_new(const profile *facts, arena *mem, dump_facts **out)
{
    dump_facts *f = arena_alloc(mem, sizeof *f);
    const profile_node *services, *checks, *builds;
    status s = profile_need(facts, "crash-dumps", &f->root);
    if (status_is_ok(s))
        s = profile_need(facts, "bugchecks", &checks);
    if (status_is_ok(s))
        s = profile_need(facts, "known-autostarts", &services);
    if (status_is_ok(s))
        s = profile_need(facts, "windows-builds", &builds);
    if (status_is_ok(s))
        s = kernel_layouts_new(facts, mem, &f->layouts, &f->layout_count);
    if (!status_is_ok(s))
        return s;
    f->bugchecks = profile_list(checks, "bugchecks");
    f->builds = profile_list(builds, "builds");
    f->core = word_table_of(mem, f->root, "core");
    f->windows = word_table_of(mem, f->root, "windows");
    f->services = drivers_of_services(mem, services);
    f->network = entries_of(mem, f->root, "network", &f->network_entries);
    f->known = entries_of(mem, f->root, "known", &f->known_entries);
    const profile_node *list = profile_get(f->root, "faults");
    f->faults = arena_array(mem, list ? list->count + 1 : 1, sizeof *f->faults);
    for (const profile_node *n = list ? list->first : NULL; n; n = n->next) {
        bool found;
        f->faults[f->fault_count++] = (fault){ .code = (uint32_t)profile_number(n, "code", &found), .address = place_of(n, "address"), .data = place_of(n, "data"),
                                               .exception = place_of(n, "exception"), .record = place_of(n, "record"), .context = place_of(n, "context") };
    }
    *out = f;
    return status_ok();
}

/* ---- Drivers ---- */

static bool has_part(const char *path, const profile_node *list)
{
    for (const profile_node *n = list; n; n = n->next)
        if (strstr(path, n->text))
            return true;
    return false;
}

static bool has_prefix(const char *name, const profile_node *list)
{
    for (const profile_node *n = list; n; n = n->next)
        if (strncasecmp(name, n->text, strlen(n->text)) == 0)
            return true;
    return false;
}

static void judge_driver(const dump_facts *f, dump_driver *d, arena *mem)
{
    const char *name = d->of->name, *path = looks_path(d->of->path, mem);
    uint32_t id;
    bool placed = strpbrk(path, "\\/") != NULL, usual = !placed || has_part(path, profile_list(f->root, "usual"));
    if (placed && has_part(path, profile_list(f->root, "temp")))
        d->why |= DUMP_TEMP_DRIVER;
    if (placed && has_part(path, profile_list(f->root, "user")))
        d->why |= DUMP_USER_DRIVER;
    if (!*name || !usual)
        d->why |= DUMP_UNKNOWN_DRIVER;
    if (word_table_find(f->known, name, strlen(name), &id)) {
        d->known = f->known_entries[id];
        const char *kind = profile_text(d->known, "kind");
        d->why |= kind && strcmp(kind, "malicious") == 0 ? DUMP_MALICIOUS_DRIVER : DUMP_KNOWN_DRIVER;
    }
    d->windows = !d->why && (word_table_has(f->windows, name) || word_table_has(f->services, name) || has_prefix(name, profile_list(f->root, "windows_prefixes")));
}

/* ---- The fault ---- */

static const fault *fault_of(const dump_facts *f, uint32_t code)
{
    for (size_t i = 0; i < f->fault_count; i++)
        if (f->faults[i].code == code)
            return &f->faults[i];
    return NULL;
}

static uint64_t parameter(const crashdump_header *h, uint8_t which)
{
    return which ? h->parameters[which - 1] : 0;
}

static void find_fault(const dump_facts *f, dump_reading *r)
{
    static const fault none = { 0 };
    const crashdump_header *h = r->head;
    const fault *of = fault_of(f, h->code);
    of = of && h->code_known ? of : &none;
    uint64_t record = parameter(h, of->record), context = parameter(h, of->context), address = parameter(h, of->address);
    crashdump_cause(r->dump, record, context, &r->exception, &r->context);
    bool of_record = record && memcmp(&r->exception, &h->exception, sizeof r->exception) != 0;
    bool of_context = context && memcmp(&r->context, &h->context, sizeof r->context) != 0;
    if (of->exception) {
        r->exception_code = (uint32_t)parameter(h, of->exception);
        r->exception_known = r->exception_code != 0;
    } else if (of_record) {
        r->exception_code = r->exception.code;
        r->exception_known = true;
    }
    r->data_known = of->data != 0;
    r->data = parameter(h, of->data);
    if (address) {
        r->address = address;
        r->address_from = "parameter";
    } else if (of_record && r->exception.address) {
        r->address = r->exception.address;
        r->address_from = "record";
    } else if ((of_context || !of->address) && r->context.known) {
        r->address = r->context.ip;
        r->address_from = "context";
    }
    r->address_known = r->address_from != NULL;
    if (r->address_known)
        r->module = crashdump_module_at(r->dump, r->address);
}

static const char *service_of(const dump_facts *f, const crashdump_module *m)
{
    uint32_t id;
    return m && word_table_find(f->network, m->name, strlen(m->name), &id) ? profile_text(f->network_entries[id], "service") : NULL;
}

static const profile_node *bugcheck_of(const dump_facts *f, uint32_t code)
{
    bool found;
    for (const profile_node *n = f->bugchecks; n; n = n->next)
        if (profile_number(n, "code", &found) == (int64_t)code && found)
            return n;
    return NULL;
}

static const char *build_name(const dump_facts *f, uint32_t build)
{
    bool found;
    for (const profile_node *n = f->builds; n; n = n->next)
        if (profile_number(n, "build", &found) == (int64_t)build && found)
            return profile_text(n, "name");
    return NULL;
}

status dump_read(const dump_facts *f, arena *mem, source from, problems *noted, dump_reading *r)
{
    *r = (dump_reading){ 0 };
    status s = crashdump_open(mem, from, noted, &r->dump);
    if (!status_is_ok(s))
        return s;
    r->head = crashdump_about(r->dump);
    r->bugcheck = r->head->code_known ? bugcheck_of(f, r->head->code) : NULL;
    r->live = profile_true(r->bugcheck, "live");
    r->build_name = build_name(f, r->head->os_build);

    const crashdump_module *modules;
    r->driver_count = crashdump_modules(r->dump, &modules);
    r->drivers = arena_array(mem, r->driver_count, sizeof *r->drivers);
    for (size_t i = 0; i < r->driver_count; i++) {
        r->drivers[i].of = &modules[i];
        judge_driver(f, &r->drivers[i], mem);
        r->signs |= r->drivers[i].why;
    }
    const crashdump_unloaded *gone;
    const crashdump_blob *blobs;
    crashdump_unloaded_modules(r->dump, &gone);         /* read now, so that what is wrong with them is told with the rest */
    crashdump_blobs(r->dump, &blobs);
    find_fault(f, r);
    r->caller_count = crashdump_callers(r->dump, &r->context, DUMP_CALLERS, r->callers);
    if (r->module && !word_table_has(f->core, r->module->name))
        r->other = r->module;
    r->network = service_of(f, r->module);
    for (size_t i = 0; i < r->caller_count; i++) {
        const crashdump_module *m = &modules[r->callers[i].module];
        if (!r->other && !word_table_has(f->core, m->name))
            r->other = m;
    }
    r->network_module = r->network ? r->module : r->other;
    if (!r->network)
        r->network = service_of(f, r->other);
    if (r->network)
        r->signs |= DUMP_NETWORK_DRIVER;
    else
        r->network_module = NULL;
    if (r->address_known && !r->module && r->driver_count && r->address)
        r->signs |= DUMP_OUTSIDE_MODULES;
    r->process_known = crashdump_current(r->dump, f->layouts, f->layout_count, &r->process);
    return s;
}

/* ---- Notes ---- */

static const char *caller_names(const dump_reading *r, arena *mem)
{
    const crashdump_module *modules;
    buf names;
    uint32_t seen[DUMP_CALLERS_NAMED];
    size_t count = 0, all = crashdump_modules(r->dump, &modules);
    buf_init(&names, NOTE_VALUE);
    for (size_t i = 0; i < r->caller_count && count < DUMP_CALLERS_NAMED; i++) {
        uint32_t m = r->callers[i].module;
        bool again = m >= all || !*modules[m].name;
        for (size_t k = 0; k < count && !again; k++)
            again = seen[k] == m;
        if (again)
            continue;
        if (count)
            buf_char(&names, ',');
        buf_str(&names, modules[m].name);
        seen[count++] = m;
    }
    const char *text = arena_text(mem, buf_bytes(&names));
    buf_done(&names);
    return text;
}

static const char *sign_words(unsigned signs, arena *mem)
{
    buf words;
    buf_init(&words, 256);
    for (unsigned i = 0; i < DUMP_SIGNS; i++)
        if (signs >> i & 1)
            buf_printf(&words, "%s%s", words.len ? " " : "", dump_sign_word(i));
    const char *text = arena_text(mem, buf_bytes(&words));
    buf_done(&words);
    return text;
}

static void fact_address(detect_act_builder *a, const char *name, uint64_t value, arena *mem)
{
    detect_fact(a, name, arena_printf(mem, "0x%016llx", (unsigned long long)value));
}

static void fact_code(detect_act_builder *a, const char *name, uint32_t value, arena *mem)
{
    detect_fact(a, name, arena_printf(mem, "0x%08x", (unsigned)value));
}

/* What there is to say of one driver, apart from all the others that were loaded. */
static unsigned signs_of(const dump_reading *r, const crashdump_module *m)
{
    for (size_t i = 0; m && i < r->driver_count; i++)
        if (r->drivers[i].of == m)
            return r->drivers[i].why;
    return 0;
}

static void note_crash(const dump_reading *r, detect_log *out)
{
    static const char *const names[] = { "p1", "p2", "p3", "p4" };
    const crashdump_header *h = r->head;
    arena *mem = detect_scratch(out);
    detect_act_builder *a = detect_act_at(out, "crash.dump", 1, h->crashed, false);
    if (h->code_known) {
        fact_code(a, "code", h->code, mem);
        for (size_t i = 0; i < 4; i++)
            fact_address(a, names[i], h->parameters[i], mem);
    }
    const char *type = crashdump_type_word(h->type);
    detect_fact(a, "type", type ? type : "unknown");
    detect_fact(a, "architecture", dump_machine_word(h->machine));
    if (h->os_build)
        detect_fact_u64(a, "build", h->os_build);
    if (h->uptime_known)
        detect_fact_u64(a, "uptime", h->uptime / MOMENT_SECOND);
    detect_fact(a, "live", r->live ? "yes" : NULL);
    if (r->address_known)
        fact_address(a, "address", r->address, mem);
    detect_fact(a, "address_from", r->address_from);
    detect_fact(a, "module", r->module ? r->module->name : NULL);
    detect_fact(a, "module_path", r->module ? r->module->path : NULL);
    detect_fact(a, "module_signs", sign_words(signs_of(r, r->module), mem));
    detect_fact(a, "other", r->other ? r->other->name : NULL);
    detect_fact(a, "other_signs", r->other != r->module ? sign_words(signs_of(r, r->other), mem) : NULL);
    detect_fact(a, "callers", caller_names(r, mem));
    if (r->exception_known)
        fact_code(a, "exception", r->exception_code, mem);
    if (r->process_known) {
        detect_fact(a, "process", r->process.name);
        detect_fact_u64(a, "pid", r->process.pid);
    }
    if (r->driver_count)
        detect_fact_u64(a, "drivers", r->driver_count);
    detect_fact(a, "signs", sign_words(r->signs, mem));
    detect_fact(a, "network", r->network);
}

/* The kernel's own number: a Windows that only switched features on keeps that of the one before, so it is a weak claim. */
static const char *version_of(uint32_t build)
{
    static const struct { uint32_t from, to; const char *version; } lines[] = {
        { 2600, 2600, "5.1" }, { 3790, 3790, "5.2" }, { 6000, 6003, "6.0" }, { 7600, 7601, "6.1" }, { 9200, 9200, "6.2" }, { 9600, 9600, "6.3" }, { 10240, 99999, "10.0" },
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (build >= lines[i].from && build <= lines[i].to)
            return lines[i].version;
    return NULL;
}

void dump_note(const dump_facts *f, const dump_reading *r, detect_log *out)
{
    (void)f;
    uint64_t dropped = 0, kept = 0;
    note_crash(r, out);
    for (size_t i = 0; i < r->driver_count; i++) {
        const dump_driver *d = &r->drivers[i];
        if (!d->why)
            continue;
        if (kept == DUMP_DRIVERS_NOTED) {
            dropped++;
            continue;
        }
        arena *mem = detect_scratch(out);
        detect_act_builder *a = detect_act_at(out, "crash.driver", 2 + kept++, r->head->crashed, false);
        detect_fact(a, "name", d->of->name);
        detect_fact(a, "path", d->of->path);
        fact_code(a, "time_stamp", d->of->time_stamp, mem);
        detect_fact(a, "version", d->of->version);
        fact_address(a, "base", d->of->base, mem);
        detect_fact(a, "why", sign_words(d->why, mem));
        detect_fact(a, "known", d->known ? profile_text(d->known, "name") : NULL);
    }
    if (dropped)
        detect_cut(out, "crash.driver", dropped);
    const char *version = version_of(r->head->os_build);
    if (version && moment_known(r->head->crashed))
        detect_claim_at(out, r->head->crashed, 1, "os-build", arena_printf(detect_scratch(out), "%s.%u", version, r->head->os_build), "crash dump", "weak");
}

/* ---- The question ---- */

static status setup(const detect_setup *s, void **run)
{
    dump_facts *f;
    status done = dump_facts_new(s->facts, s->mem, &f);
    *run = status_is_ok(done) ? f : NULL;
    return done;
}

static status read_dump(const void *run, const dump_view *v, detect_log *out)
{
    if (v->user) {
        program_reading p;
        status done = program_read(v->mem, v->from, v->noted, &p);
        if (status_is_ok(done))
            program_note(&p, out);
        return done;
    }
    dump_reading r;
    status s = dump_read(run, v->mem, v->from, v->noted, &r);
    if (status_is_ok(s))
        dump_note(run, &r, out);
    return s;
}

const artifact_question question_crash_dump = { .name = "crash-dump", .setup = setup, .dump = read_dump };
