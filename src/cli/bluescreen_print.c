#include "cli/bluescreen_print.h"

#include "base/json_write.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

enum { ARGS = 10, CALLERS_SHOWN = 24, BLOBS_SHOWN = 64 };

/* ---- Words ---- */

/* A sentence of the catalogue on a line of its own: name and value in pairs, ended by NULL; a value NULL or "" is not given. */
static void say(buf *out, lang l, const char *indent, const char *id, ...)
{
    arg args[ARGS];
    size_t count = 0;
    va_list list;
    va_start(list, id);
    for (const char *name; (name = va_arg(list, const char *)) != NULL;) {
        const char *value = va_arg(list, const char *);
        if (value && *value && count < ARGS)
            args[count++] = (arg){ name, ARG_TEXT, value };
    }
    va_end(list);
    buf_str(out, indent);
    text_sentence(&(sentence){ id, args, count }, l, (text_zone){ 0, "UTC" }, out);
    buf_char(out, '\n');
}

typedef struct { char text[MOMENT_TEXT]; } shown;
static shown number(uint64_t n) { shown s; snprintf(s.text, sizeof s.text, "%llu", (unsigned long long)n); return s; }
static shown code(uint32_t n) { shown s; snprintf(s.text, sizeof s.text, "0x%08X", n); return s; }
static shown address(uint64_t n, bool wide) { shown s; snprintf(s.text, sizeof s.text, wide ? "0x%016llx" : "0x%08llx", (unsigned long long)n); return s; }
static shown plain_time(moment t)
{
    shown s = { "" };
    if (moment_known(t)) {
        moment_parts p = moment_to_parts(t);
        snprintf(s.text, sizeof s.text, "%04d-%02d-%02d %02d:%02d:%02d", p.year, p.month, p.day, p.hour, p.minute, p.second);
    }
    return s;
}

static const char *exception_word(uint32_t n, lang l)
{
    char id[40];
    snprintf(id, sizeof id, "word.exception.0x%08x", n);
    return text_known(id) ? text_word(id + sizeof "word." - 1, l) : "";
}

static const char *type_word(uint32_t type, lang l)
{
    char id[48];
    const char *word = crashdump_type_word(type);
    snprintf(id, sizeof id, "dump-type.%s", word ? word : "unknown");
    return text_word(id, l);
}

static bool is_wide(crashdump_machine m) { return m != CRASHDUMP_X86 && m != CRASHDUMP_X86_PAE; }

static const char *const registers_x86[] = { "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi" };
static const char *const registers_x64[] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15" };

static const char *register_name(const crashdump_context *c, crashdump_machine m, size_t i, char room[8])
{
    (void)c;
    if (m == CRASHDUMP_X64)
        return registers_x64[i];
    if (m != CRASHDUMP_ARM64)
        return registers_x86[i];
    snprintf(room, 8, "x%zu", i);
    return room;
}

static const char *ip_name(crashdump_machine m) { return m == CRASHDUMP_X64 ? "rip" : m == CRASHDUMP_ARM64 ? "pc" : "eip"; }

static void put_registers(buf *out, lang l, const crashdump_context *c, crashdump_machine m)
{
    char room[8];
    if (!c->known)
        return;
    say(out, l, "  ", "dump.registers", NULL);
    for (size_t i = 0; i < c->general_count; i++)
        buf_printf(out, "%s%3s=%s", i % 4 ? "  " : i ? "\n    " : "    ", register_name(c, m, i, room), address(c->general[i], is_wide(m)).text + 2);
    buf_printf(out, "\n    %3s=%s", ip_name(m), address(c->ip, is_wide(m)).text + 2);
    if (m == CRASHDUMP_ARM64)
        buf_printf(out, "   sp=%s", address(c->sp, true).text + 2);
    buf_printf(out, "  flags=%08llx\n", (unsigned long long)c->flags);
}

static void json_hex(json_writer *w, const char *key, uint64_t n, bool wide)
{
    json_key(w, key);
    json_text(w, address(n, wide).text);
}

static void json_field(json_writer *w, const char *key, const char *text)
{
    json_key(w, key);
    json_text(w, text && *text ? text : NULL);
}

static void json_time(json_writer *w, const char *key, moment t)
{
    char text[MOMENT_TEXT];
    json_field(w, key, moment_known(t) ? moment_iso(t, text) : NULL);
}

static void json_registers(json_writer *w, const crashdump_context *c, crashdump_machine m)
{
    char room[8];
    json_key(w, "registers");
    if (!c->known) {
        json_null(w);
        return;
    }
    json_object(w);
    for (size_t i = 0; i < c->general_count; i++)
        json_hex(w, register_name(c, m, i, room), c->general[i], is_wide(m));
    json_hex(w, ip_name(m), c->ip, is_wide(m));
    if (m == CRASHDUMP_ARM64)
        json_hex(w, "sp", c->sp, true);
    json_hex(w, "flags", c->flags, false);
    json_end_object(w);
}

static void json_problems(json_writer *w, const problems *noted)
{
    json_key(w, "problems");
    json_array(w);
    for (size_t i = 0; i < noted->count; i++) {
        json_object(w);
        json_field(w, "kind", noted->items[i].kind);
        json_key(w, "offset");
        json_u64(w, noted->items[i].offset);
        json_field(w, "text", noted->items[i].text);
        json_end_object(w);
    }
    json_end_array(w);
}

static void put_problems(buf *out, lang l, const problems *noted)
{
    for (size_t i = 0; i < noted->count; i++)
        say(out, l, "  ", "dump.torn", "text", noted->items[i].text, NULL);
}

/* A GUID: its first three groups are numbers. */
static void dump_tag_text(const uint8_t t[16], char out[40])
{
    static const uint8_t order[] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
    char *to = out;
    *to++ = '{';
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *to++ = '-';
        to += snprintf(to, 3, "%02X", t[order[i]]);
    }
    *to++ = '}';
    *to = 0;
}

/* ---- Dumps of the kernel ---- */

static const char *parameter_meaning(const dump_reading *r, const bluescreen_options *o, size_t which)
{
    size_t i = 0;
    for (const profile_node *n = profile_list(r->bugcheck, "p"); n; n = n->next, i++) {
        if (i != which)
            continue;
        for (const profile_node *z = o->l == LANG_ZH ? o->parameters : NULL; z; z = z->next)
            if (strcmp(profile_text(z, "en"), n->text) == 0)
                return profile_text(z, "zh");
        return n->text;
    }
    return "";
}

static void put_place(buf *to, const char *name, uint64_t base, uint64_t at)
{
    buf_printf(to, "%s+0x%llx", name, (unsigned long long)(at - base));
}

static void put_signs(const dump_reading *r, const bluescreen_options *o, buf *out)
{
    lang l = o->l;
    if (!r->signs) {
        if (r->driver_count)
            say(out, l, "  ", "dump.nothing-unusual", "count", number(r->driver_count).text, NULL);
        return;
    }
    say(out, l, "  ", "dump.unusual", NULL);
    if (r->signs & DUMP_OUTSIDE_MODULES)
        say(out, l, "    - ", "dump.outside-modules", NULL);
    if (r->signs & DUMP_NETWORK_DRIVER) {
        const crashdump_module *m = r->network_module;
        say(out, l, "    - ", "dump.network-driver", "name", m ? m->name : "", "service", r->network, NULL);
    }
    for (size_t i = 0; i < r->driver_count; i++) {
        const dump_driver *d = &r->drivers[i];
        const char *what = d->known ? profile_text(d->known, l == LANG_ZH ? "zh" : "en") : NULL, *source = d->known ? profile_text(d->known, "source") : NULL;
        for (unsigned k = 0; k < DUMP_SIGNS; k++) {
            char id[48];
            if (!(d->why >> k & 1) || (k == 2 && d->why & (DUMP_TEMP_DRIVER | DUMP_USER_DRIVER)))
                continue;
            snprintf(id, sizeof id, "dump.%s", dump_sign_word(k));
            say(out, l, "    - ", id, "name", d->of->name, "path", d->of->path, "what", what, "source", source, NULL);
        }
    }
}

static void put_driver(const dump_driver *d, bool wide, buf *out)
{
    buf_printf(out, "    %s  %8x  %08x  %s%s%s  %s\n", address(d->of->base, wide).text + 2, d->of->size, d->of->time_stamp, *d->of->name ? d->of->name : "?", d->of->version ? " " : "",
               d->of->version ? d->of->version : "", d->of->path);
}

static void put_drivers(const dump_reading *r, const bluescreen_options *o, bool wide, buf *out)
{
    size_t others = 0;
    for (size_t i = 0; i < r->driver_count; i++)
        others += !r->drivers[i].windows;
    if (r->driver_count && o->all)
        say(out, o->l, "  ", "dump.drivers-all", "count", number(r->driver_count).text, NULL);
    else if (r->driver_count)
        say(out, o->l, "  ", "dump.drivers", "shown", number(others).text, "count", number(r->driver_count).text, NULL);
    for (size_t i = 0; i < r->driver_count; i++)
        if (o->all || !r->drivers[i].windows)
            put_driver(&r->drivers[i], wide, out);
    const crashdump_unloaded *gone;
    size_t count = crashdump_unloaded_modules(r->dump, &gone);
    if (count)
        say(out, o->l, "  ", "dump.unloaded", "count", number(count).text, NULL);
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "    %s  %s%s%s\n", address(gone[i].from, wide).text + 2, gone[i].name, moment_known(gone[i].unloaded) ? "  " : "", plain_time(gone[i].unloaded).text);
    const crashdump_blob *blobs;
    count = crashdump_blobs(r->dump, &blobs);
    if (count)
        say(out, o->l, "  ", "dump.blobs", "count", number(count).text, NULL);
    for (size_t i = 0; i < count && o->all && i < BLOBS_SHOWN; i++) {
        char guid[40];
        dump_tag_text(blobs[i].tag, guid);
        say(out, o->l, "    ", "dump.blob", "tag", guid, "bytes", number(blobs[i].size).text, NULL);
    }
}

static void json_module(json_writer *w, const dump_driver *d, bool wide)
{
    json_object(w);
    json_field(w, "name", d->of->name);
    json_field(w, "path", d->of->path);
    json_hex(w, "base", d->of->base, wide);
    json_key(w, "size");
    json_u64(w, d->of->size);
    json_hex(w, "time_stamp", d->of->time_stamp, false);
    json_hex(w, "checksum", d->of->checksum, false);
    json_field(w, "version", d->of->version);
    json_key(w, "windows");
    json_bool(w, d->windows);
    json_key(w, "why");
    json_array(w);
    for (unsigned k = 0; k < DUMP_SIGNS; k++)
        if (d->why >> k & 1)
            json_text(w, dump_sign_word(k));
    json_end_array(w);
    json_end_object(w);
}

static void json_lists(json_writer *w, const dump_reading *r, bool wide)
{
    const crashdump_module *modules;
    crashdump_modules(r->dump, &modules);
    json_key(w, "callers");
    json_array(w);
    for (size_t i = 0; i < r->caller_count; i++) {
        const crashdump_module *m = &modules[r->callers[i].module];
        json_object(w);
        json_hex(w, "at", r->callers[i].at, wide);
        json_hex(w, "address", r->callers[i].value, wide);
        json_field(w, "module", m->name);
        json_key(w, "offset");
        json_u64(w, r->callers[i].value - m->base);
        json_end_object(w);
    }
    json_end_array(w);
    json_key(w, "drivers");
    json_array(w);
    for (size_t i = 0; i < r->driver_count; i++)
        json_module(w, &r->drivers[i], wide);
    json_end_array(w);
    json_key(w, "unloaded");
    json_array(w);
    const crashdump_unloaded *gone;
    size_t count = crashdump_unloaded_modules(r->dump, &gone);
    for (size_t i = 0; i < count; i++) {
        json_object(w);
        json_field(w, "name", gone[i].name);
        json_hex(w, "from", gone[i].from, wide);
        json_hex(w, "to", gone[i].to, wide);
        json_time(w, "time", gone[i].unloaded);
        json_end_object(w);
    }
    json_end_array(w);
    json_key(w, "secondary");
    json_array(w);
    const crashdump_blob *blobs;
    count = crashdump_blobs(r->dump, &blobs);
    for (size_t i = 0; i < count; i++) {
        char guid[40];
        dump_tag_text(blobs[i].tag, guid);
        json_object(w);
        json_field(w, "tag", guid);
        json_key(w, "bytes");
        json_u64(w, blobs[i].size);
        json_end_object(w);
    }
    json_end_array(w);
}

static void json_kernel(const char *path, uint64_t bytes, const dump_reading *r, const problems *noted, const bluescreen_options *o, buf *out)
{
    const crashdump_header *h = r->head;
    bool wide = h->wide;
    const char *type = crashdump_type_word(h->type);
    json_writer w;
    json_begin(&w, out);
    json_object(&w);
    json_field(&w, "kind", "kernel-dump");
    json_field(&w, "path", path);
    json_key(&w, "bytes");
    json_u64(&w, bytes);
    json_field(&w, "type", type ? type : "unknown");
    json_field(&w, "architecture", dump_machine_word(h->machine));
    json_field(&w, "code", h->code_known ? code(h->code).text : NULL);
    json_field(&w, "code_stored", h->code_known ? code(h->code_raw).text : NULL);
    json_field(&w, "name", profile_text(r->bugcheck, "name"));
    json_field(&w, "meaning", profile_text(r->bugcheck, o->l == LANG_ZH ? "zh" : "en"));
    json_key(&w, "live");
    json_bool(&w, r->live);
    json_key(&w, "parameters");
    json_array(&w);
    for (size_t i = 0; i < 4 && h->code_known; i++) {
        json_object(&w);
        json_hex(&w, "value", h->parameters[i], wide);
        json_field(&w, "meaning", parameter_meaning(r, o, i));
        json_end_object(&w);
    }
    json_end_array(&w);
    json_time(&w, "time", h->crashed);
    json_key(&w, "uptime");
    if (h->uptime_known)
        json_u64(&w, h->uptime / MOMENT_SECOND);
    else
        json_null(&w);
    json_key(&w, "build");
    json_u64(&w, h->os_build);
    json_field(&w, "system", r->build_name);
    json_key(&w, "processors");
    json_u64(&w, h->processors);
    json_field(&w, "address", r->address_known ? address(r->address, wide).text : NULL);
    json_field(&w, "address_from", r->address_from);
    json_field(&w, "module", r->module ? r->module->name : NULL);
    json_field(&w, "module_path", r->module ? r->module->path : NULL);
    json_key(&w, "module_offset");
    if (r->module)
        json_u64(&w, r->address - r->module->base);
    else
        json_null(&w);
    json_field(&w, "other", r->other ? r->other->name : NULL);
    json_field(&w, "exception", r->exception_known ? code(r->exception_code).text : NULL);
    json_field(&w, "exception_in_header", code(h->exception.code).text);
    json_field(&w, "process", r->process_known ? r->process.name : NULL);
    json_key(&w, "pid");
    if (r->process_known)
        json_u64(&w, r->process.pid);
    else
        json_null(&w);
    json_field(&w, "network", r->network);
    json_key(&w, "signs");
    json_array(&w);
    for (unsigned k = 0; k < DUMP_SIGNS; k++)
        if (r->signs >> k & 1)
            json_text(&w, dump_sign_word(k));
    json_end_array(&w);
    json_field(&w, "comment", h->comment);
    json_registers(&w, &r->context, h->machine);
    json_lists(&w, r, wide);
    bluescreen_json_processes(&w, r, o);
    json_problems(&w, noted);
    json_end_object(&w);
    buf_char(out, '\n');
}

static void put_fault(const dump_reading *r, lang l, bool wide, buf *out)
{
    if (r->module) {
        buf place;
        buf_init(&place, 4096);
        put_place(&place, r->module->name, r->module->base, r->address);
        say(out, l, "  ", "dump.fault", "place", buf_text(&place), "path", r->module->path, NULL);
        buf_done(&place);
    } else if (r->address_known)
        say(out, l, "  ", r->driver_count ? "dump.fault-outside" : "dump.fault-unlisted", "address", address(r->address, wide).text, NULL);
    if (r->data_known)
        say(out, l, "  ", "dump.data", "address", address(r->data, wide).text, NULL);
    if (r->exception_known)
        say(out, l, "  ", "dump.exception", "code", code(r->exception_code).text, "name", exception_word(r->exception_code, l), NULL);
    if (r->other && r->other != r->module)
        say(out, l, "  ", "dump.other", "name", r->other->name, NULL);
    if (r->process_known)
        say(out, l, "  ", "dump.process", "name", r->process.name, "pid", number(r->process.pid).text, "parent", r->process.parent_known && r->process.parent ? number(r->process.parent).text : "", NULL);
    else if (r->head->type == CRASHDUMP_TRIAGE && r->driver_count && r->head->os_build)
        say(out, l, "  ", "dump.process-unknown", "build", number(r->head->os_build).text, NULL);
}

void bluescreen_kernel(const char *path, uint64_t bytes, const dump_reading *r, const problems *noted, const bluescreen_options *o, buf *out)
{
    const crashdump_header *h = r->head;
    lang l = o->l;
    bool wide = h->wide;
    if (o->jsonl) {
        json_kernel(path, bytes, r, noted, o, out);
        return;
    }
    buf_printf(out, "%s\n", path);
    const char *name = profile_text(r->bugcheck, "name"), *means = profile_text(r->bugcheck, l == LANG_ZH ? "zh" : "en");
    if (h->code_known)
        say(out, l, "  ", r->live ? "dump.live" : "dump.kernel", "code", code(h->code).text, "name", name, NULL);
    else
        say(out, l, "  ", "dump.kernel-unknown", NULL);
    if (means)
        buf_printf(out, "    %s\n", means);
    for (size_t i = 0; i < 4 && h->code_known; i++)
        buf_printf(out, "    %zu: %s  %s\n", i + 1, address(h->parameters[i], wide).text, parameter_meaning(r, o, i));
    if (moment_known(h->crashed))
        say(out, l, "  ", "dump.time", "time", plain_time(h->crashed).text, "uptime", h->uptime_known ? number(h->uptime / MOMENT_SECOND).text : "", NULL);
    if (h->os_build)
        say(out, l, "  ", "dump.system", "name", r->build_name, "build", number(h->os_build).text, "machine", dump_machine_word(h->machine), "processors",
            h->processors ? number(h->processors).text : "", NULL);
    say(out, l, "  ", "dump.file", "type", type_word(h->type, l), "bytes", number(bytes).text, "pages", crashdump_has_memory(r->dump) ? number(crashdump_page_count(r->dump)).text : "", NULL);
    if (h->machine == CRASHDUMP_ARM64)
        say(out, l, "  ", "dump.arm64", NULL);
    put_fault(r, l, wide, out);
    if (h->comment)
        say(out, l, "  ", "dump.comment", "comment", h->comment, NULL);
    put_problems(out, l, noted);
    put_signs(r, o, out);
    put_registers(out, l, &r->context, h->machine);
    const crashdump_module *modules;
    crashdump_modules(r->dump, &modules);
    if (r->caller_count)
        say(out, l, "  ", "dump.callers", NULL);
    for (size_t i = 0; i < r->caller_count && i < CALLERS_SHOWN; i++) {
        const crashdump_module *m = &modules[r->callers[i].module];
        buf_printf(out, "    %s  ", address(r->callers[i].at, wide).text + 2);
        put_place(out, m->name, m->base, r->callers[i].value);
        buf_char(out, '\n');
    }
    put_drivers(r, o, wide, out);
    bluescreen_put_processes(r, o, out);
    buf_char(out, '\n');
}

/* ---- Dumps of programs ---- */

static void json_program(const char *path, uint64_t bytes, const program_reading *r, const problems *noted, buf *out)
{
    const minidump *m = r->dump;
    bool wide = m->machine != CRASHDUMP_X86;
    json_writer w;
    json_begin(&w, out);
    json_object(&w);
    json_field(&w, "kind", "program-dump");
    json_field(&w, "path", path);
    json_key(&w, "bytes");
    json_u64(&w, bytes);
    json_field(&w, "process", r->process);
    json_field(&w, "program", r->path);
    json_key(&w, "pid");
    if (m->pid_known)
        json_u64(&w, m->pid);
    else
        json_null(&w);
    json_time(&w, "written", m->written);
    json_time(&w, "started", m->started);
    json_field(&w, "system", m->system_known ? minidump_system_word(m->system) : NULL);
    json_field(&w, "architecture", m->system_known ? dump_machine_word(m->machine) : NULL);
    json_key(&w, "version");
    json_array(&w);
    if (m->system_known) {
        json_u64(&w, m->major);
        json_u64(&w, m->minor);
        json_u64(&w, m->build);
    }
    json_end_array(&w);
    json_field(&w, "service_pack", m->service_pack);
    json_field(&w, "exception", m->exception_known ? code(m->exception.code).text : NULL);
    json_field(&w, "address", m->exception_known ? address(r->address, wide).text : NULL);
    json_field(&w, "module", r->module ? r->module->name : NULL);
    json_key(&w, "thread");
    if (m->exception_known)
        json_u64(&w, m->exception_thread);
    else
        json_null(&w);
    json_key(&w, "lsass");
    json_bool(&w, r->lsass);
    json_field(&w, "comment", m->comment);
    json_registers(&w, &m->context, m->machine);
    json_key(&w, "threads");
    json_array(&w);
    for (size_t i = 0; i < m->thread_count; i++) {
        json_object(&w);
        json_key(&w, "id");
        json_u64(&w, m->threads[i].id);
        json_field(&w, "name", m->threads[i].name);
        json_field(&w, "ip", m->threads[i].context.known ? address(m->threads[i].context.ip, wide).text : NULL);
        json_end_object(&w);
    }
    json_end_array(&w);
    json_key(&w, "modules");
    json_array(&w);
    for (size_t i = 0; i < m->module_count; i++) {
        const minidump_module *x = &m->modules[i];
        json_object(&w);
        json_field(&w, "path", x->path);
        json_hex(&w, "base", x->base, wide);
        json_key(&w, "size");
        json_u64(&w, x->size);
        json_hex(&w, "time_stamp", x->time_stamp, false);
        json_field(&w, "version", x->version);
        json_field(&w, "pdb", x->pdb);
        json_end_object(&w);
    }
    json_end_array(&w);
    json_key(&w, "unloaded");
    json_array(&w);
    for (size_t i = 0; i < m->unloaded_count; i++) {
        json_object(&w);
        json_field(&w, "name", m->unloaded[i].name);
        json_hex(&w, "base", m->unloaded[i].base, wide);
        json_end_object(&w);
    }
    json_end_array(&w);
    json_key(&w, "memory_pieces");
    json_u64(&w, m->memory_count);
    json_key(&w, "memory_bytes");
    json_u64(&w, m->memory_bytes);
    json_key(&w, "regions");
    json_u64(&w, m->region_count);
    json_key(&w, "handles");
    json_u64(&w, m->handle_count);
    json_problems(&w, noted);
    json_end_object(&w);
    buf_char(out, '\n');
}

void bluescreen_program(const char *path, uint64_t bytes, const program_reading *r, const problems *noted, const bluescreen_options *o, buf *out)
{
    const minidump *m = r->dump;
    lang l = o->l;
    bool wide = m->machine != CRASHDUMP_X86;
    if (o->jsonl) {
        json_program(path, bytes, r, noted, out);
        return;
    }
    buf_printf(out, "%s\n", path);
    say(out, l, "  ", r->process && *r->process ? "dump.program" : "dump.program-unknown", "process", r->process, "pid", m->pid_known ? number(m->pid).text : "", NULL);
    if (r->lsass)
        say(out, l, "  ! ", "dump.lsass", NULL);
    if (r->path && *r->path)
        say(out, l, "  ", "dump.program-path", "path", r->path, NULL);
    if (moment_known(m->written))
        say(out, l, "  ", "dump.program-written", "time", plain_time(m->written).text, NULL);
    if (moment_known(m->started))
        say(out, l, "  ", "dump.program-started", "time", plain_time(m->started).text, NULL);
    if (m->system_known) {
        char build[48] = "";
        if (m->major || m->build)
            snprintf(build, sizeof build, "%u.%u.%u", m->major, m->minor, m->build);
        say(out, l, "  ", "dump.program-system", "name", minidump_system_word(m->system), "build", build, "pack", m->service_pack, "machine", dump_machine_word(m->machine), NULL);
    }
    say(out, l, "  ", "dump.program-memory", "bytes", number(bytes).text, "held", number(m->memory_bytes).text, "threads", number(m->thread_count).text, "modules", number(m->module_count).text, NULL);
    if (!m->exception_known)
        say(out, l, "  ", "dump.program-none", NULL);
    else {
        say(out, l, "  ", "dump.exception", "code", code(m->exception.code).text, "name", m->system == MINIDUMP_WINDOWS ? exception_word(m->exception.code, l) : "", NULL);
        if (r->module) {
            buf place;
            buf_init(&place, 8192);
            put_place(&place, r->module->name, r->module->base, r->address);
            say(out, l, "  ", "dump.fault", "place", buf_text(&place), "path", r->module->path, NULL);
            buf_done(&place);
        } else
            say(out, l, "  ", m->module_count ? "dump.fault-outside" : "dump.fault-unlisted", "address", address(r->address, wide).text, NULL);
        const char *name = NULL;
        for (size_t i = 0; i < m->thread_count; i++)
            if (m->threads[i].id == m->exception_thread)
                name = m->threads[i].name;
        say(out, l, "  ", "dump.thread", "id", number(m->exception_thread).text, "name", name, NULL);
    }
    if (m->comment)
        say(out, l, "  ", "dump.comment", "comment", m->comment, NULL);
    put_problems(out, l, noted);
    put_registers(out, l, &m->context, m->machine);
    if (r->caller_count)
        say(out, l, "  ", "dump.callers", NULL);
    for (size_t i = 0; i < r->caller_count && i < CALLERS_SHOWN; i++) {
        const minidump_module *x = &m->modules[r->callers[i].module];
        buf_printf(out, "    %s  ", address(r->callers[i].at, wide).text + 2);
        put_place(out, x->name, x->base, r->callers[i].value);
        buf_char(out, '\n');
    }
    if (m->module_count && o->all)
        say(out, l, "  ", "dump.drivers-all", "count", number(m->module_count).text, NULL);
    for (size_t i = 0; i < m->module_count && o->all; i++) {
        const minidump_module *x = &m->modules[i];
        buf_printf(out, "    %s  %8x  %08x  %s%s%s%s%s\n", address(x->base, wide).text + 2, x->size, x->time_stamp, x->path, x->version ? "  " : "", x->version ? x->version : "",
                   x->pdb ? "  " : "", x->pdb ? x->pdb : "");
    }
    buf_char(out, '\n');
}

/* ---- Crashes that logs tell of ---- */

static const char *host_name(const suyuan_case *c, uint32_t host)
{
    return host < c->host_count && c->hosts[host].name_count ? c->hosts[host].names[0] : "?";
}

static const char *cause_word(const hypothesis *h, lang l)
{
    char id[80];
    snprintf(id, sizeof id, "word.cause.%s", h->cause);
    return text_known(id) ? text_word(id + sizeof "word." - 1, l) : h->cause;
}

void bluescreen_crashes(const suyuan_case *c, const bluescreen_options *o, buf *out)
{
    if (!o->jsonl)
        say(out, o->l, "", c->crash_count ? "dump.crashes" : "dump.no-crashes", NULL);
    for (size_t i = 0; i < c->crash_count; i++) {
        const crash *x = &c->crashes[i];
        const hypothesis *best = x->hypothesis_count ? &x->hypotheses[0] : NULL;
        if (!o->jsonl) {
            char score[24] = "";
            if (best)
                snprintf(score, sizeof score, "%d", best->score);
            say(out, o->l, "  ", "dump.crash-line", "time", plain_time(x->time).text, "host", host_name(c, x->host), "code", x->code, "name", x->code_name, "module", x->module,
                "cause", best ? cause_word(best, o->l) : "", "score", score, NULL);
            if (x->sign_of_life)
                say(out, o->l, "    ", "dump.crash-alive", NULL);
            continue;
        }
        json_writer w;
        json_begin(&w, out);
        json_object(&w);
        json_field(&w, "kind", "crash");
        json_field(&w, "host", host_name(c, x->host));
        json_time(&w, "time", x->time);
        json_key(&w, "sign_of_life");
        json_bool(&w, x->sign_of_life);
        json_field(&w, "code", x->code);
        json_field(&w, "name", x->code_name);
        json_key(&w, "parameters");
        json_array(&w);
        for (size_t k = 0; k < 4; k++)
            json_text(&w, x->parameters[k]);
        json_end_array(&w);
        json_field(&w, "module", x->module);
        json_key(&w, "hypotheses");
        json_array(&w);
        for (size_t k = 0; k < x->hypothesis_count; k++) {
            json_object(&w);
            json_field(&w, "cause", x->hypotheses[k].cause);
            json_key(&w, "score");
            json_fixed(&w, x->hypotheses[k].score / 100.0, 2);
            json_end_object(&w);
        }
        json_end_array(&w);
        json_end_object(&w);
        buf_char(out, '\n');
    }
}
