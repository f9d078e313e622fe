/* All objects of the classes that matter, from the entries of every page and from what lies between them. */
#include "format/wmi_parts.h"

#include "format/security.h"

#include <strings.h>

typedef struct {
    arena *mem;
    arena object;                    /* what one object says, until it is kept */
    problems *noted;
    wmi_pages pages;
    wmi_classes classes;
    map seen;                        /* hash of an object's block -> what of it is kept */
    vec filters, consumers, bindings, spaces, providers, parents;        /* parents: of each space, the number of its namespace */
    bool many, naming;               /* naming: only namespaces are asked for, as they name where the others lie */
} reader;

typedef struct { const wmi_object *o; wmi_record record; uint32_t space; bool has_space; } found;

/* ---- records ---- */

static void *push(reader *r, vec *to)
{
    if (to->count < WMI_RECORDS)
        return vec_push(to);
    if (!r->many)
        problems_note(r->noted, "wmi.many", PROBLEM_NO_CHUNK, 0, "more than %u records of a kind", WMI_RECORDS);
    r->many = true;
    return NULL;
}

static const char *kept(reader *r, const char *text)
{
    const char *copy = *text ? arena_str(r->mem, text) : "";
    return copy ? copy : "";
}

static const char *said(reader *r, const found *f, const char *name) { return kept(r, wmi_object_text(f->o, name)); }

static void keep_filter(reader *r, const found *f)
{
    wmi_filter *to = push(r, &r->filters);
    if (to)
        *to = (wmi_filter){ f->record, said(r, f, "Name"), said(r, f, "Query"), said(r, f, "QueryLanguage"),
                            said(r, f, "EventNamespace") };
}

static const struct { const char *class_name; wmi_consumer_kind kind; } consumer_kinds[] = {
    { "CommandLineEventConsumer", WMI_COMMAND }, { "ActiveScriptEventConsumer", WMI_SCRIPT }, { "LogFileEventConsumer", WMI_LOG_FILE },
    { "NTEventLogEventConsumer", WMI_EVENT_LOG }, { "SMTPEventConsumer", WMI_EMAIL },
};

static wmi_consumer_kind kind_of(const wmi_class *c)
{
    for (size_t i = 0; i < sizeof consumer_kinds / sizeof *consumer_kinds; i++)
        if (wmi_class_is(c, consumer_kinds[i].class_name))
            return consumer_kinds[i].kind;
    return WMI_OTHER;
}

static void keep_consumer(reader *r, const found *f)
{
    wmi_consumer *to = push(r, &r->consumers);
    if (!to)
        return;
    const wmi_object *o = f->o;
    *to = (wmi_consumer){ .record = f->record, .kind = kind_of(o->of), .class_name = o->of->name, .name = said(r, f, "Name"),
        .command = said(r, f, "CommandLineTemplate"), .program = said(r, f, "ExecutablePath"), .folder = said(r, f, "WorkingDirectory"),
        .engine = said(r, f, "ScriptingEngine"), .script = said(r, f, "ScriptText"), .script_file = said(r, f, "ScriptFileName"),
        .file = said(r, f, "Filename"), .text = said(r, f, "Text") };
    if (to->kind == WMI_EVENT_LOG)
        to->text = said(r, f, "SourceName");
    if (to->kind == WMI_EMAIL) {
        to->file = said(r, f, "ToLine");
        to->text = said(r, f, "Message");
    }
    to->properties = arena_array(r->mem, o->count ? o->count : 1, sizeof *to->properties);
    for (size_t i = 0; to->properties && i < o->count; i++)
        if (o->values[i].bytes.len == 0 && *o->values[i].text)
            to->properties[to->property_count++] = (wmi_property){ o->values[i].name, kept(r, o->values[i].text) };
}

/* Of  \\.\root\subscription:Class.Name="it's \"x\""  the class and the name. */
static void take_path(reader *r, const char *path, const char **class_name, const char **name)
{
    *class_name = *name = "";
    const char *quote = strchr(path, '"'), *begin = path;
    size_t head = quote ? (size_t)(quote - path) : strlen(path);
    for (size_t i = 0; i < head; i++)
        if (path[i] == ':' || path[i] == '\\')
            begin = path + i + 1;
    size_t len = strcspn(begin, ".=");
    const char *copy = arena_text(r->mem, span_of(begin, len));
    *class_name = copy ? copy : "";
    if (!quote)
        return;
    char *out = arena_alloc(r->mem, strlen(quote) + 1), *to = out;
    if (!out)
        return;
    for (const char *at = quote + 1; *at && *at != '"'; at++) {
        if (*at == '\\' && at[1])
            at++;
        *to++ = *at;
    }
    *name = out;
}

static void keep_binding(reader *r, const found *f)
{
    wmi_binding *to = push(r, &r->bindings);
    if (!to)
        return;
    const char *unused;
    *to = (wmi_binding){ .record = f->record, .consumer_path = said(r, f, "Consumer"), .filter_path = said(r, f, "Filter") };
    take_path(r, to->consumer_path, &to->consumer_class, &to->consumer);
    take_path(r, to->filter_path, &unused, &to->filter);
}

static void keep_space(reader *r, const found *f)
{
    wmi_space *to = push(r, &r->spaces);
    if (!to)
        return;
    *to = (wmi_space){ f->record, said(r, f, "Name") };
    *(uint32_t *)vec_push(&r->parents) = f->has_space ? f->space : WMI_NOWHERE;
}

static void keep_provider(reader *r, const found *f)
{
    wmi_provider *to = push(r, &r->providers);
    if (to)
        *to = (wmi_provider){ f->record, said(r, f, "Name"), said(r, f, "CLSID"), said(r, f, "HostingModel") };
}

static void keep(reader *r, const found *f)
{
    static const struct { const char *root; void (*keep)(reader *, const found *); } kinds[] = {
        { "__EventFilter", keep_filter }, { "__EventConsumer", keep_consumer }, { "__FilterToConsumerBinding", keep_binding },
        { "__Namespace", keep_space }, { "__Win32Provider", keep_provider },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (wmi_class_is(f->o->of, kinds[i].root)) {
            kinds[i].keep(r, f);
            return;
        }
    }
}

/* A record that is not live and says what another said is an older writing of it. Live ones stand by themselves: the same object
 * may lie in several namespaces. */
static bool is_new(reader *r, const wmi_object *o, bool live)
{
    uint64_t hash = hash64(o->block);
    bool known;
    map_put(&r->seen, span_of(&hash, sizeof hash), &known);
    return live || !known;
}

static bool take(reader *r, span bytes, uint64_t at, bool live, uint32_t space)
{
    wmi_object o;
    arena_reset(&r->object);
    if (!wmi_object_read(&r->classes, bytes, &r->object, &o))
        return false;
    if (o.torn && live)
        problems_note(r->noted, "wmi.object", PROBLEM_NO_CHUNK, at, "%s: the end is missing", o.of->name);
    if (!is_new(r, &o, live))
        return true;
    const char *creator = security_sid_text(r->mem, wmi_object_bytes(&o, "CreatorSID"));
    found f = { .o = &o, .space = space, .has_space = live,
                .record = { .standing = live ? WMI_LIVE : r->pages.indexed ? WMI_RECOVERED : WMI_LOOSE, .offset = at, .space = "", .not_before = o.written,
                            .creator = creator ? creator : "", .torn = o.torn } };
    if (live && r->pages.space_names)
        f.record.space = r->pages.space_names[space];
    keep(r, &f);
    return true;
}

/* ---- passes over the pages ---- */

static void each_entry(reader *r, void (*see)(reader *, const wmi_entry *, bool live, uint32_t space))
{
    wmi_entry entries[WMI_PAGE / 16];
    for (uint32_t page = 0; page < wmi_page_count(&r->pages); page++) {
        size_t count = wmi_page_entries(&r->pages, page, entries, WMI_PAGE / 16);
        for (size_t i = 0; i < count; i++) {
            uint32_t space = 0;
            bool live = wmi_is_live(&r->pages, &entries[i], &space);
            see(r, &entries[i], live, space);
        }
    }
}

/* Whether an entry's first bytes can be those of what is looked for, so that the rest need not be put together. */
static bool begins_like_object(const reader *r, const wmi_entry *e)
{
    span head = span_part(r->pages.objects, (size_t)e->at, WMI_PAGE - (size_t)(e->at % WMI_PAGE));
    size_t header;
    return head.len < 2 * WMI_HASH || wmi_object_header(&r->classes, head, &header) != NULL;
}

static void see_class(reader *r, const wmi_entry *e, bool live, uint32_t space)
{
    span head = span_part(r->pages.objects, (size_t)e->at, WMI_PAGE - (size_t)(e->at % WMI_PAGE));
    if (wmi_class_begins(span_part(head, 0, e->size), e->size))
        wmi_class_read(&r->classes, wmi_entry_bytes(&r->pages, e), live, space);
}

static void see_live(reader *r, const wmi_entry *e, bool live, uint32_t space)
{
    size_t header;
    if (!live || !begins_like_object(r, e))
        return;
    span bytes = wmi_entry_bytes(&r->pages, e);
    const wmi_class *of = wmi_object_header(&r->classes, bytes, &header);
    if (of && wmi_class_is(of, "__Namespace") == r->naming && !take(r, bytes, e->at, true, space))
        problems_note(r->noted, "wmi.object", PROBLEM_NO_CHUNK, e->at, "an object that cannot be read");
}

static void see_other(reader *r, const wmi_entry *e, bool live, uint32_t space)
{
    if (!live && begins_like_object(r, e))
        take(r, wmi_entry_bytes(&r->pages, e), e->at, false, space);
}

/* ---- namespaces ---- */

/* The names that an index knows only the hashes of. Objects say the last part of a name, and lie in the namespace above. */
static void name_one(reader *r, const char *name)
{
    char hash[WMI_HASH + 1];
    const uint64_t *at = wmi_hash(name, r->pages.version, hash) ? map_find(&r->pages.spaces, span_str(hash)) : NULL;
    if (at && !*r->pages.space_names[*at])
        r->pages.space_names[*at] = name;
}

static bool name_children(reader *r)
{
    bool more = false;
    for (size_t i = 0; i < r->spaces.count; i++) {
        wmi_space *s = vec_at(&r->spaces, i);
        uint32_t parent = *(uint32_t *)vec_at(&r->parents, i);
        if (parent == WMI_NOWHERE || *s->record.space || !*r->pages.space_names[parent])
            continue;
        s->record.space = r->pages.space_names[parent];
        const char *path = arena_printf(r->mem, "%s\\%s", s->record.space, s->name);
        if (path)
            name_one(r, path);
        more = true;
    }
    return more;
}

static void name_spaces(reader *r)
{
    enum { DEEPEST = 64 };
    /* XP keeps its namespaces in a form of their own: the usual ones are known by name. */
    static const char *const usual[] = { "root", "__SystemClass", "root\\subscription", "root\\default", "root\\cimv2", "root\\wmi", "root\\security", "root\\ccm",
                                         "root\\directory", "root\\directory\\ldap", "root\\microsoft", "root\\securitycenter", "root\\securitycenter2",
                                         "root\\rsop", "root\\policy", "root\\cli", "root\\interop", "root\\standardcimv2", "root\\hardware" };
    if (!r->pages.space_names)
        return;
    name_one(r, usual[0]);
    for (unsigned depth = 0; depth < DEEPEST && name_children(r); depth++)
        ;
    for (size_t i = 1; i < sizeof usual / sizeof *usual; i++)
        name_one(r, usual[i]);
}

/* ---- what lies between entries ---- */

/* A hash is a run of hexadecimal digits in 16-bit units. One look in each 64 bytes cannot miss the 128 or 64 of it. */
static bool hex_unit(const uint8_t *at)
{
    return at[1] == 0 && ((at[0] >= '0' && at[0] <= '9') || (at[0] >= 'A' && at[0] <= 'F'));
}

static void carve_run(reader *r, span page, size_t begin, size_t end, uint64_t base, const uint8_t *known)
{
    size_t header;
    for (size_t at = begin; at + WMI_HASH <= end; at += 2) {
        span bytes = span_part(page, at, SIZE_MAX);
        if (wmi_object_header(&r->classes, bytes, &header) == NULL)
            continue;
        if (!(known[at / 8] >> at % 8 & 1))
            take(r, bytes, base + at, false, 0);
        at += header - 2;
    }
}

static void carve_page(reader *r, uint32_t number)
{
    enum { LOOK = 32 };
    uint8_t known[WMI_PAGE / 8] = { 0 };
    wmi_entry entries[WMI_PAGE / 16];
    size_t count = wmi_page_entries(&r->pages, number, entries, WMI_PAGE / 16);
    for (size_t i = 0; i < count; i++)
        known[entries[i].at % WMI_PAGE / 8] |= (uint8_t)(1 << entries[i].at % 8);
    span page = span_part(r->pages.objects, (size_t)number * WMI_PAGE, WMI_PAGE);
    for (size_t at = 0; at + 2 < page.len; at += LOOK) {
        for (size_t odd = 0; odd < 2; odd++) {
            if (!hex_unit(page.at + at + odd))
                continue;
            size_t begin = at + odd, end = at + odd;
            while (begin >= 2 && hex_unit(page.at + begin - 2))
                begin -= 2;
            while (end + 1 < page.len && hex_unit(page.at + end))
                end += 2;
            if (end - begin >= WMI_HASH)
                carve_run(r, page, begin, end, (uint64_t)number * WMI_PAGE, known);
            if (end > at + LOOK) {                           /* go on behind a run that was seen */
                at = end / LOOK * LOOK - LOOK;
                break;
            }
        }
    }
}

/* ---- the door ---- */

static void *list_of(reader *r, const vec *from, size_t *count)
{
    void *out = from->count ? arena_array(r->mem, from->count, from->each) : NULL;
    *count = out ? from->count : 0;
    if (out)
        memcpy(out, from->at, from->count * from->each);
    return out;
}

static void read_all(reader *r)
{
    each_entry(r, see_class);
    wmi_classes_link(&r->classes);
    if (r->pages.indexed) {
        r->naming = true;
        each_entry(r, see_live);
        name_spaces(r);
        r->naming = false;
        each_entry(r, see_live);
    }
    each_entry(r, see_other);
    for (uint32_t page = 0; page < wmi_page_count(&r->pages); page++)
        carve_page(r, page);
}

status wmi_read(arena *mem, const wmi_files *files, problems *noted, wmi *out)
{
    if (files->objects.len < WMI_PAGE)
        return status_fail(STATUS_DAMAGED, "no page of a WMI repository");
    reader r = { .mem = mem, .noted = noted };
    vec *const lists[] = { &r.filters, &r.consumers, &r.bindings, &r.spaces, &r.providers, &r.parents };
    static const size_t each[] = { sizeof(wmi_filter), sizeof(wmi_consumer), sizeof(wmi_binding), sizeof(wmi_space), sizeof(wmi_provider), sizeof(uint32_t) };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        vec_init(lists[i], each[i]);
    map_init(&r.seen);
    arena_init(&r.object, 0);
    wmi_classes_init(&r.classes, mem);
    wmi_pages_open(&r.pages, mem, files, noted);
    read_all(&r);
    *out = (wmi){ .version = r.pages.version, .indexed = r.pages.indexed };
    out->filters = list_of(&r, &r.filters, &out->filter_count);
    out->consumers = list_of(&r, &r.consumers, &out->consumer_count);
    out->bindings = list_of(&r, &r.bindings, &out->binding_count);
    out->spaces = list_of(&r, &r.spaces, &out->space_count);
    out->providers = list_of(&r, &r.providers, &out->provider_count);
    wmi_pages_done(&r.pages);
    wmi_classes_done(&r.classes);
    map_done(&r.seen);
    arena_done(&r.object);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        vec_done(lists[i]);
    return mem->spent ? status_fail(STATUS_LIMIT, "the repository takes more memory than it may") : status_ok();
}

const char *wmi_consumer_word(wmi_consumer_kind k)
{
    static const char *const words[] = { "command", "script", "log-file", "event-log", "email", "other" };
    return words[k];
}
