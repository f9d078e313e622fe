/* Services and drivers: what their keys start, load, run when they fail, and whom they hide from. */
#include "detect/autostart.h"

#include "format/security.h"
#include "format/service_actions.h"

#include <strings.h>

enum { TYPE_KERNEL = 1, TYPE_FILE_SYSTEM = 2, TYPE_ADAPTER = 4, TYPE_RECOGNISER = 8, TYPE_OWN = 0x10, TYPE_SHARED = 0x20, TYPE_USER = 0x40, TYPE_INSTANCE = 0x80 };
enum { START_AUTO = 2, START_DEMAND = 3, START_DISABLED = 4 };

static const char *type_word(uint64_t type)
{
    if (type & TYPE_KERNEL)
        return "kernel-driver";
    if (type & TYPE_FILE_SYSTEM)
        return "file-system-driver";
    if (type & TYPE_ADAPTER)
        return "adapter";
    if (type & TYPE_RECOGNISER)
        return "recogniser";
    if (type & TYPE_INSTANCE)
        return "user-service-instance";
    if (type & TYPE_USER)
        return "user-service";
    return type & TYPE_SHARED ? "shared" : type & TYPE_OWN ? "own" : "other";
}

/* ---- Who is kept from seeing it ---- */

/* Whom the descriptor denies to see, stop or ask the service, of those who administer hosts. */
static const char *hidden_from(autostart_pass *p, span bytes, security_object kind)
{
    static const char *const who[] = { "BA", "SY", "IU", "SU", "AU", "WD" };
    security s;
    problems noted;
    problems_init(&noted, &p->work);
    if (!bytes.len || !status_is_ok(security_read(&p->work, bytes, &noted, &s)))
        return NULL;
    buf list;
    buf_init(&list, NOTE_VALUE);
    for (size_t i = 0; i < sizeof who / sizeof *who; i++) {
        const char *const one[] = { who[i], NULL };
        if (security_denied(&s, kind, one, security_read_rights(kind)))
            buf_printf(&list, "%s%s", list.len ? "," : "", who[i]);
    }
    const char *text = list.len ? arena_printf(&p->work, "denied %s", buf_text(&list)) : NULL;
    buf_done(&list);
    return text;
}

static span value_bytes(autostart_pass *p, const regf_key *key, const char *path, const char *name)
{
    regf_key k = *key;
    regf_value v;
    if (*path && !regf_find(p->view->hive, key, path, &k))
        return (span){ 0 };
    return regf_find_value(p->view->hive, &k, name, &v) && !regf_withheld(p->view->hive, &k, &v) ? regf_data(p->view->hive, &v, &p->work) : (span){ 0 };
}

/* ---- What starts it ---- */

static bool has_start_trigger(autostart_pass *p, const regf_key *key)
{
    regf_key triggers, one;
    if (!regf_find(p->view->hive, key, "TriggerInfo", &triggers))
        return false;
    regf_keys all = regf_keys_of(p->view->hive, &triggers);
    while (regf_keys_next(&all, &one)) {
        uint64_t action;
        if (regf_number_at(p->view->hive, &one, "", "Action", &action) && action == SERVICE_TRIGGER_START)
            return true;
    }
    return false;
}

static const char *start_word(autostart_pass *p, const autostart_source *from, uint64_t start)
{
    static const char *const words[] = { "boot", "system", "auto", "demand", "disabled" };
    uint64_t delayed;
    if (start == START_AUTO && autostart_number(p, from, "DelayedAutoStart", &delayed) && delayed)
        return "delayed";
    if (start == START_DEMAND && !from->lost && has_start_trigger(p, &from->key))
        return "trigger";
    return start < sizeof words / sizeof *words ? words[start] : "other";
}

/* ---- What is known of it ---- */

/* "CDPUserSvc_1d05b": an instance of a template, one a session. */
static const char *template_of(const char *name, uint64_t type, arena *mem)
{
    const char *mark = strrchr(name, '_');
    if (!(type & (TYPE_INSTANCE | TYPE_USER)) || !mark || mark == name || !mark[1] || mark[1 + strspn(mark + 1, "0123456789abcdefABCDEF")])
        return name;
    return arena_text(mem, span_of(name, (size_t)(mark - name)));
}

typedef enum { PLACE_NO_NAME, PLACE_KNOWN, PLACE_OTHER_VERSION, PLACE_OTHER } place_known;

static place_known known_place(autostart_pass *p, bool driver, const char *name, const char *file, const char *library)
{
    const known_list *l = driver ? &p->run->drivers : &p->run->services;
    place_known best = PLACE_NO_NAME;
    size_t at = 0;
    for (const known_start *k; (k = autostart_known(l, name, &at));) {
        if (k->library && !*library && autostart_like(k->file, file)) {          /* its key is lost, or a service without one */
            best = PLACE_OTHER_VERSION;
            continue;
        }
        bool fits = autostart_like(k->file, file) && (k->library ? *library && autostart_like(k->library, library) : !*library);
        if (fits && autostart_in(k->nt, p->nt))
            return PLACE_KNOWN;
        best = fits ? PLACE_OTHER_VERSION : best == PLACE_NO_NAME ? PLACE_OTHER : best;
    }
    return best;
}

/* ---- One service ---- */

typedef struct { const char *name, *image, *library; uint64_t type, start; bool has_type, has_start, driver; } service_key;

static const char *library_of(autostart_pass *p, const autostart_source *from, const char *template_name)
{
    const char *text = NULL;
    if (!from->lost)
        text = regf_text_at(p->view->hive, &from->key, "Parameters", "ServiceDll", &p->work);
    if (!text || !*text)
        text = autostart_text(p, from, "ServiceDll");
    if ((!text || !*text) && template_name && p->view->has_control) {
        regf_key of;
        if (regf_find(p->view->hive, &p->view->control, arena_printf(&p->work, "Services\\%s", template_name), &of)) {
            text = regf_text_at(p->view->hive, &of, "Parameters", "ServiceDll", &p->work);
            if (!text || !*text)
                text = regf_text_at(p->view->hive, &of, "", "ServiceDll", &p->work);
        }
    }
    return text && *text ? winpath_library(&p->host, text, &p->work) : "";
}

static void judge_service(autostart_pass *p, const service_key *s, const autostart_source *from, autostart_entry *e)
{
    const char *file = looks_path(e->file, &p->work), *library = looks_path(s->library, &p->work);
    bool hosts_library = strcmp(looks_file(file), "svchost.exe") == 0 || strcmp(looks_file(file), "lsass.exe") == 0;
    const char *name = template_of(s->name, s->type, &p->work);
    const remote_service *tool = remote_tools_service(p->run->remote, p->room, s->name, s->image);
    place_known known = known_place(p, s->driver, name, file, hosts_library ? library : "");
    e->has_verdict = true;
    if (e->hidden) {
        e->verdict = VERDICT_HOSTILE;
        e->reason = "hidden-by-list";
    } else if (known == PLACE_KNOWN) {
        e->verdict = VERDICT_KNOWN;
        e->reason = s->driver ? "windows-driver" : "windows-service";
    } else if (known == PLACE_OTHER_VERSION) {
        e->verdict = VERDICT_UNKNOWN;
        e->reason = s->driver || !hosts_library || *library ? "other-version" : "not-known";
    } else if (known == PLACE_OTHER && (*file || *library)) {
        e->verdict = VERDICT_SUSPICIOUS;
        e->reason = hosts_library && *library ? "other-library" : "other-path";
    } else if (tool) {
        e->verdict = tool->admin ? VERDICT_UNKNOWN : VERDICT_SUSPICIOUS;
        e->reason = "remote-tool";
    } else
        e->has_verdict = false;
    (void)from;
}

static void note_failure(autostart_pass *p, const autostart_source *from, const service_key *s)
{
    const char *command = autostart_text(p, from, "FailureCommand");
    if (!command || !command[strspn(command, " ")])
        return;
    regf_value v;
    service_failure actions = { 0 };
    bool runs = autostart_value(p, from, "FailureActions", &v) && service_failure_read(&p->work, regf_data(p->view->hive, &v, &p->work), &actions) && service_failure_runs(&actions);
    autostart_entry e = { .entry = s->name, .value = "FailureCommand", .disabled = !runs };
    autostart_set_command(p, &e, command);
    autostart_note(p, p->run->failure, from, autostart_value(p, from, "FailureCommand", &v) ? v.cell : from->key.cell, 1, &e);
}

static void read_service(autostart_pass *p, const autostart_row *row, const autostart_source *from, const char *set)
{
    service_key s = { .name = autostart_part(from->path, 0, &p->work) };
    s.has_type = autostart_number(p, from, "Type", &s.type);
    s.has_start = autostart_number(p, from, "Start", &s.start);
    s.image = autostart_text(p, from, "ImagePath");
    if (!s.has_type && (!s.image || !*s.image || !s.has_start))
        return;                                  /* settings of a provider, no service */
    s.driver = s.has_type && (s.type & (TYPE_KERNEL | TYPE_FILE_SYSTEM | TYPE_ADAPTER | TYPE_RECOGNISER)) && !(s.type & (TYPE_OWN | TYPE_SHARED));
    autostart_entry e = { .entry = s.name, .value = "ImagePath", .as = AS_SERVICE };
    const char *template_name = template_of(s.name, s.type, &p->work);
    s.library = s.driver ? "" : library_of(p, from, template_name == s.name ? NULL : template_name);
    e.type = s.has_type ? type_word(s.type) : NULL;
    e.start = s.has_start ? start_word(p, from, s.start) : NULL;
    e.disabled = s.has_start && s.start == START_DISABLED;
    if (s.image && *s.image)
        autostart_set_command(p, &e, s.image);
    else if (s.driver)
        e.file = winpath_full(&p->host, arena_printf(&p->work, "system32\\drivers\\%s.sys", s.name), &p->work);
    else
        e.file = "";
    if (s.driver && s.image && *s.image)         /* drivers have no arguments */
        e.file = winpath_full(&p->host, s.image, &p->work);
    if (*s.library)
        e.target = s.library;
    if (!s.driver)
        e.runs_as = autostart_text(p, from, "ObjectName");
    if (!from->lost)
        e.hidden = hidden_from(p, value_bytes(p, &from->key, "Security", "Security"), SECURITY_SERVICE);
    if (set)
        e.hidden = e.hidden ? e.hidden : set;
    bool started = s.has_start && s.start != START_DISABLED && !(e.start && strcmp(e.start, "demand") == 0);
    const char *hidden = e.hidden;
    if (set && strcmp(hidden, set) == 0)
        e.hidden = NULL;
    judge_service(p, &s, from, &e);
    e.hidden = hidden;
    /* What Windows brought and nothing starts is no autostart. */
    if (started || set || from->lost || !(e.has_verdict && e.verdict == VERDICT_KNOWN)) {
        regf_value v;
        autostart_note(p, s.driver ? p->run->driver : row, from, autostart_value(p, from, "ImagePath", &v) ? v.cell : from->key.cell, 0, &e);
    }
    note_failure(p, from, &s);
    arena_reset(&p->work);
}

void autostart_service_lost(autostart_pass *p, const autostart_row *row, const autostart_source *from)
{
    read_service(p, row, from, NULL);
}

/* ---- All services ---- */

static bool last_good(const autostart_pass *p, regf_key *out)
{
    uint64_t current, good;
    regf_key root = regf_root(p->view->hive);
    return regf_number_at(p->view->hive, &root, "Select", "Current", &current) && regf_number_at(p->view->hive, &root, "Select", "LastKnownGood", &good) && good != current && good > 0 && good < 1000 &&
           regf_find(p->view->hive, &root, arena_printf(p->mem, "ControlSet%03u\\Services", (unsigned)good), out);
}

void autostart_services(autostart_pass *p, const autostart_row *row)
{
    regf_key services, one, good, there;
    if (!regf_find(p->view->hive, &p->view->control, "Services", &services))
        return;
    const char *path = regf_path(p->view->hive, &services, p->mem);
    bool has_good = last_good(p, &good);
    regf_keys all = regf_keys_of(p->view->hive, &services);
    while (regf_keys_next(&all, &one)) {
        const char *name = regf_name_text(one.name, one.latin, p->mem);
        autostart_source from = { .key = one, .path = arena_printf(p->mem, "%s\\%s", path, name) };
        read_service(p, row, &from, NULL);
    }
    if (!has_good)
        return;
    /* What was there when the host last came up well, and is gone: somebody took it away since. */
    path = regf_path(p->view->hive, &good, p->mem);
    all = regf_keys_of(p->view->hive, &good);
    while (regf_keys_next(&all, &one)) {
        const char *name = regf_name_text(one.name, one.latin, p->mem);
        if (regf_find(p->view->hive, &services, name, &there))
            continue;
        autostart_source from = { .key = one, .path = arena_printf(p->mem, "%s\\%s", path, name) };
        read_service(p, row, &from, "last-known-good-only");
    }
}
