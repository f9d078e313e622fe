/* What the bug check says by its code, its dump by the module at fault, and the drivers of the host by when they came.
 *
 * A code complains of a victim; a dump names whose code ran. The first driver that is not Windows' own core is meant, and where
 * there is none the dump speaks for nobody. */
#include "incident/weigh.h"

#include <stdlib.h>
#include <strings.h>

const char *module_name(const joined *j, const char *path)
{
    const char *name = path;
    (void)j;
    for (const char *p = path; *p; p++)
        if (*p == '\\' || *p == '/')
            name = p + 1;
    return name;
}

static size_t stem(const char *name)
{
    size_t len = strlen(name);
    return len > 4 && (strcasecmp(name + len - 4, ".sys") == 0 || strcasecmp(name + len - 4, ".exe") == 0) ? len - 4 : len;
}

bool module_same(const char *a, const char *b)
{
    a = module_name(NULL, a);
    b = module_name(NULL, b);
    return stem(a) && stem(a) == stem(b) && strncasecmp(a, b, stem(a)) == 0;
}

const char *module_kind(const joined *j, const char *module)
{
    for (const profile_node *k = profile_list(profile_root(j->facts, "causes"), "modules"); k; k = k->next)
        for (const profile_node *n = k->first; n; n = n->next)
            if (module_same(n->text, module))
                return k->key;
    for (const profile_node *n = profile_list(profile_root(j->facts, "crash-dumps"), "known"); n; n = n->next)
        if (module_same(profile_text(n, "name"), module))
            return profile_text(n, "kind");
    return NULL;
}

bool module_is(const joined *j, const char *module, const char *kind)
{
    const char *is = module_kind(j, module);
    return is && strcmp(is, kind) == 0;
}

bool file_is_driver(const char *path)
{
    return strcasestr(path, ".sys") != NULL;
}

/* Where a vendor puts drivers: the folder of Windows may be written out, as a variable, or not at all. */
static bool usual_place(const joined *j, const char *path)
{
    for (const profile_node *n = profile_list(profile_root(j->facts, "crash-dumps"), "usual"); n; n = n->next)
        if (strcasestr(path, strncmp(n->text, "%w\\", 3) == 0 ? n->text + 3 : n->text))
            return true;
    return false;
}

bool driver_looks_hostile(const joined *j, const act *install)
{
    for (const profile_node *n = profile_list(profile_root(j->facts, "causes"), "driver_looks"); n; n = n->next)
        if (act_looks(install, n->text))
            return true;
    const char *path = act_fact(install, "path");
    return module_is(j, path, "malicious") || (module_is(j, path, "abused") && !usual_place(j, path));
}

const char *stop_module(const joined *j, const stop *s)
{
    const char *module = s->dump ? act_fact(s->dump, "module") : "", *other = s->dump ? act_fact(s->dump, "other") : "";
    const char *kind = module[0] ? module_kind(j, module) : NULL;
    if (other[0] && (!module[0] || (kind && strcmp(kind, "core") == 0)))
        return other;
    return module[0] ? module : NULL;
}

/* ---- The code ---- */

static bool class_is(const profile_node *code, const char *word)
{
    const char *class = code ? profile_text(code, "class") : NULL;
    return class && strcmp(class, word) == 0;
}

/* The one cause that makes this code, by definition; CAUSES: none. */
static cause only_cause(const joined *j, const char *code)
{
    for (const profile_node *of = profile_list(profile_root(j->facts, "causes"), "only"); of; of = of->next)
        for (const profile_node *n = of->first; n; n = n->next)
            if (strtoull(n->text, NULL, 16) == strtoull(code, NULL, 16))
                return cause_of_word(of->key);
    return CAUSES;
}

void code_speaks(const joined *j, scales *s, const stop *at)
{
    static const struct { const char *class; cause c; const char *name; } classes[] = {
        { "hardware", CAUSE_HARDWARE, "cause.class-hardware" },
        { "storage", CAUSE_HARDWARE, "cause.class-storage" },
        { "driver", CAUSE_DRIVER, "cause.class-driver" },
        { "memory-corruption", CAUSE_ATTACK, "cause.class-corruption" },
        { "memory-corruption", CAUSE_DRIVER, "cause.class-corruption" },
        { "memory-corruption", CAUSE_MALWARE, "cause.class-corruption" },
        { "driver", CAUSE_MALWARE, "cause.class-driver" },
        { "boot", CAUSE_UPDATE, "cause.class-boot" },
        { "power", CAUSE_POWER, "cause.class-power" },
        { "intentional", CAUSE_OPERATOR, "cause.class-intentional" },
        { "resource", CAUSE_RESOURCE, "cause.class-resource" },
        { "system-process", CAUSE_KILLED, "cause.class-process" },
        { "security-integrity", CAUSE_MALWARE, "cause.class-integrity" },
        { "virtualisation", CAUSE_VIRTUAL, "cause.class-virtual" },
    };
    if (!at->code) {
        sentence none = say(j, "cause.no-code", NULL);
        term(j, s, CAUSE_POWER, "cause.no-code-power", none);
        for (int c = 0; c < CAUSES; c++)
            if (c != CAUSE_POWER && c != CAUSE_OPERATOR && c != CAUSE_VIRTUAL && !shut_down_by_heat(j, at))
                term(j, s, (cause)c, "cause.no-code-other", none);
        return;
    }
    /* The code is one piece of evidence: of what its class and its page say, the stronger counts. */
    const profile_node *code = bugcheck_node(j, at->code);
    const char *strongest[CAUSES] = { 0 };
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (class_is(code, classes[i].class))
            strongest[classes[i].c] = classes[i].name;
    for (const profile_node *p = profile_list(code, "points_to"); p; p = p->next) {
        const char *word = NULL, *name = strcmp(p->text, "strong") == 0 ? "cause.points-strong" : "cause.points-weak";
        for (const profile_node *n = profile_list(profile_root(j->facts, "causes"), "points_to"); n; n = n->next)
            word = strcmp(n->key, p->key) == 0 ? n->text : word;
        cause c = cause_of_word(word ? word : p->key);
        if (c != CAUSES && (!strongest[c] || weight(j, name) > weight(j, strongest[c])))
            strongest[c] = name;
    }
    for (int c = 0; c < CAUSES; c++)
        if (strongest[c])
            term(j, s, (cause)c, strongest[c], say(j, "cause.code", "code", ARG_TEXT, at->code, "name", ARG_TEXT, bugcheck_name(j, at->code), NULL));
    cause only = only_cause(j, at->code);
    for (int c = 0; only != CAUSES && c < CAUSES; c++)
        if (c != (int)only && c != CAUSE_POWER)
            term(j, s, (cause)c, "cause.only-other", say(j, "cause.only", "code", ARG_TEXT, at->code, "cause", ARG_WORD, arena_printf(j->mem, "cause.%s", cause_words[only]), NULL));
    if (only != CAUSES)
        s->unknown += weight(j, "cause.only-other");
    term(j, s, CAUSE_POWER, "cause.code-power", say(j, "cause.power.code", "code", ARG_TEXT, at->code, NULL));
}

/* The same host's other stops: one code again and again is rather a driver, ever another one rather hardware. */
void history_speaks(const joined *j, scales *s, const stop *at)
{
    uint64_t same = 0, other = 0, modules = 0, again = 0;
    moment near = weight_span(j, "cause.history");
    const char *module = stop_module(j, at);
    for (size_t i = 0; i < j->stops.count; i++) {
        const stop *o = vec_at(&j->stops, i);
        if (o == at || o->host != at->host || !o->code || !at->code || o->time < before(at->time, near) || o->time > at->time + near)
            continue;
        *(strcmp(o->code, at->code) == 0 ? &same : &other) += 1;
        if (module && stop_module(j, o))
            *(module_same(module, stop_module(j, o)) ? &again : &modules) += 1;
    }
    if (same && !other && (!module || !modules))
        term(j, s, CAUSE_DRIVER, "cause.same-code-before", say(j, "cause.driver.again", "count", ARG_NUMBER, write_u64(j, same), NULL));
    if (other >= 2) {
        sentence codes = say(j, "cause.hardware.codes", "count", ARG_NUMBER, write_u64(j, other), NULL);
        term(j, s, CAUSE_HARDWARE, "cause.other-codes", codes);
        term(j, s, CAUSE_DRIVER, "cause.not-one-driver", codes);
        term(j, s, CAUSE_ANTIVIRUS, "cause.not-one-driver", codes);
    }
    if (modules >= 2 && !again)
        term(j, s, CAUSE_HARDWARE, "cause.other-modules", say(j, "cause.hardware.modules", "count", ARG_NUMBER, write_u64(j, modules + 1), NULL));
}

/* ---- The dump ---- */

static bool has_word(const char *list, const char *word)
{
    size_t len = strlen(word);
    for (const char *p = list; (p = strstr(p, word)); p += len)
        if ((p == list || p[-1] == ',' || p[-1] == ' ' || p[-1] == '\n') && (p[len] == 0 || p[len] == ',' || p[len] == ' ' || p[len] == '\n'))
            return true;
    return false;
}

/* A driver that somebody installed as malware is: by the log or the hives of this host. */
static bool known_hostile(const joined *j, uint32_t host, const char *module)
{
    size_t n;
    const act *const *keys = acts_of(j, host, "autostart", &n);
    for (size_t i = 0; i < n; i++)
        if ((strcmp(act_fact(keys[i], "verdict"), "hostile") == 0 || strcmp(act_fact(keys[i], "verdict"), "suspicious") == 0)
            && module_same(act_fact(keys[i], "file"), module))
            return true;
    const act *const *installs = acts_of(j, host, "service.install", &n);
    for (size_t i = 0; i < n; i++)
        if (module_same(act_fact(installs[i], "path"), module) && driver_looks_hostile(j, installs[i]))
            return true;
    return false;
}

static bool misplaced(const char *signs)
{
    return has_word(signs, "temp-driver") || has_word(signs, "user-folder-driver");
}

/* Another driver that was loaded is not at fault: that it was there is a weak word, and none against the one that failed. */
static void loaded_speak(const joined *j, scales *s, const act *dump, const char *own)
{
    const char *all = act_fact(dump, "signs");
    if (has_word(all, "malicious-driver") && !has_word(own, "malicious-driver"))
        term(j, s, CAUSE_MALWARE, "cause.dump-loaded", say(j, "cause.dump.loaded-known", NULL));
    else if (misplaced(all) && !misplaced(own))
        term(j, s, CAUSE_MALWARE, "cause.dump-loaded", say(j, "cause.dump.loaded", NULL));
}

void dump_speaks(const joined *j, scales *s, const stop *at)
{
    const act *d = at->dump;
    if (!d)
        return;
    const char *module = stop_module(j, at), *kind = module ? module_kind(j, module) : NULL;
    bool at_fault = module && module_same(module, act_fact(d, "module"));      /* else it only stands on the stack */
    sentence says = say(j, at_fault ? "cause.dump.module" : "cause.dump.stack", "module", ARG_TEXT, module, "path", ARG_TEXT, at_fault ? act_fact(d, "module_path") : NULL, NULL);
    const char *own = act_fact(d, !module ? "" : at_fault ? "module_signs" : "other_signs");
    loaded_speak(j, s, d, own);
    if (has_word(act_fact(d, "signs"), "outside-modules")) {
        sentence nowhere = say(j, "cause.dump.outside", "address", ARG_TEXT, act_fact(d, "address"), NULL);
        term(j, s, CAUSE_ATTACK, "cause.dump-outside-attack", nowhere);
        term(j, s, CAUSE_MALWARE, "cause.dump-outside-malware", nowhere);
    }
    if ((has_word(act_fact(d, "signs"), "network-driver") && !at_fault) || (kind && strcmp(kind, "network") == 0)) {
        term(j, s, CAUSE_ATTACK, "cause.dump-network", module ? says : say(j, "cause.dump.network", NULL));
        if (kind && strcmp(kind, "network") == 0)
            return;
    }
    if (!module)
        return;
    /* A name for abuse is also a vendor's: it is an intruder's where no vendor puts it, and open between the two elsewhere. */
    bool abused = has_word(own, "known-driver") || (kind && strcmp(kind, "abused") == 0);
    if (misplaced(own) || has_word(own, "malicious-driver") || (kind && strcmp(kind, "malicious") == 0) || (abused && has_word(own, "unknown-driver"))
        || known_hostile(j, at->host, module)) {
        if (misplaced(own))
            term(j, s, CAUSE_MALWARE, "cause.dump-place", say(j, "cause.dump.place", NULL));
        term(j, s, CAUSE_DRIVER, "cause.dump-not-driver", say(j, "cause.dump.other", "module", ARG_TEXT, module, NULL));
        term(j, s, CAUSE_ATTACK, "cause.dump-not-attack", say(j, "cause.dump.other", "module", ARG_TEXT, module, NULL));
        term(j, s, CAUSE_MALWARE, "cause.dump-malware", say(j, "cause.dump.hostile", "module", ARG_TEXT, module, "path", ARG_TEXT, at_fault ? act_fact(d, "module_path") : NULL, NULL));
        return;
    }
    if (abused) {
        term(j, s, CAUSE_MALWARE, "cause.dump-abused", say(j, "cause.dump.abused", "module", ARG_TEXT, module, NULL));
        term(j, s, CAUSE_DRIVER, "cause.dump-abused-driver", says);
        term(j, s, CAUSE_ATTACK, "cause.dump-not-attack", say(j, "cause.dump.other", "module", ARG_TEXT, module, NULL));
        return;
    }
    if (kind && strcmp(kind, "core") == 0)
        return;
    if (kind && strcmp(kind, "storage") == 0) {
        term(j, s, CAUSE_HARDWARE, "cause.dump-storage", says);
        return;
    }
    if (kind && strcmp(kind, "virtual") == 0)
        term(j, s, CAUSE_VIRTUAL, "cause.dump-virtual", says);
    else if (kind && strcmp(kind, "antivirus") == 0)
        term(j, s, CAUSE_ANTIVIRUS, "cause.dump-antivirus", says);
    else
        term(j, s, CAUSE_DRIVER, at_fault ? "cause.dump-driver" : "cause.dump-driver-near", says);
    sentence other = say(j, "cause.dump.other", "module", ARG_TEXT, module, NULL);
    term(j, s, CAUSE_ATTACK, "cause.dump-not-attack", other);
    term(j, s, CAUSE_HARDWARE, "cause.dump-not-hardware", other);
    if (kind && strcmp(kind, "antivirus") == 0)
        term(j, s, CAUSE_DRIVER, "cause.dump-not-driver", other);
}

/* ---- Drivers that are new ---- */

static const act *new_driver(const joined *j, const stop *at, moment from, const char *module)
{
    static const struct { const char *kind, *file; } kinds[] = { { "service.install", "path" }, { "driver.install", "file" }, { "driver.install", "driver" } };
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        size_t n;
        const act *const *acts = acts_of(j, at->host, kinds[k].kind, &n);
        for (size_t i = n; i > 0; i--) {
            const act *a = acts[i - 1];
            const char *file = act_fact(a, kinds[k].file), *service = act_fact(a, "service"), *is = file[0] ? module_kind(j, file) : NULL;
            if (a->time < from || a->time > at->time || (k == 0 && (!file_is_driver(file) || driver_looks_hostile(j, a) || module_is(j, file, "abused"))) || (is && strcmp(is, "antivirus") == 0 && !module))
                continue;
            if (!module ? k < 2 || file[0] : module_same(file, module) || module_same(service, module))
                return a;
        }
    }
    return NULL;
}

/* What the key of the driver's service says of when it was written last. */
static const act *key_of(const joined *j, uint32_t host, const char *module)
{
    size_t n;
    const act *const *keys = acts_of(j, host, "autostart", &n), *found = NULL;
    for (size_t i = 0; i < n; i++)
        if (strstr(act_fact(keys[i], "type"), "driver") && module_same(act_fact(keys[i], "file"), module) && moment_known(keys[i]->time))
            found = keys[i];
    return found;
}

void drivers_speak(const joined *j, scales *s, const stop *at)
{
    moment fresh = before(at->time, weight_span(j, "cause.fresh"));
    const char *module = stop_module(j, at), *kind = module ? module_kind(j, module) : NULL;
    cause c = kind && strcmp(kind, "antivirus") == 0 ? CAUSE_ANTIVIRUS : CAUSE_DRIVER;
    const act *its = module && (!kind || strcmp(kind, "antivirus") == 0) ? new_driver(j, at, fresh, module) : NULL;
    const act *key = module && !kind ? key_of(j, at->host, module) : NULL;
    const act *any = new_driver(j, at, fresh, NULL);
    if (its || (key && key->time >= fresh && key->time <= at->time))
        term(j, s, c, "cause.driver-its-own", say(j, "cause.driver.its-own", "module", ARG_TEXT, module, "time", ARG_TIME, write_time(j, its ? its->time : key->time), NULL));
    else if (key && key->time < before(at->time, weight_span(j, "cause.long-there")))
        term(j, s, c, "cause.driver-old", say(j, "cause.driver.old", "module", ARG_TEXT, module, "time", ARG_TIME, write_time(j, key->time), NULL));
    else if (any && !module) {
        const char *name = act_fact(any, "name")[0] ? act_fact(any, "name") : act_fact(any, "service")[0] ? act_fact(any, "service") : act_fact(any, "driver");
        bool at_once = at->time - any->time <= weight_span(j, "cause.soon");
        term(j, s, c, at_once ? "cause.driver-just-new" : "cause.driver-new", say(j, "cause.driver.new", "name", ARG_TEXT, name, "time", ARG_TIME, write_time(j, any->time), NULL));
    }
    const act *failed = last_act(j, at->host, "driver.fail", NULL, NULL, before(at->time, weight_span(j, "cause.before")), at->booted + weight_span(j, "cause.start"));
    if (failed && at->code)
        term(j, s, CAUSE_DRIVER, "cause.driver-fails", say(j, "cause.driver.fails", "device", ARG_TEXT, act_fact(failed, "device"), "time", ARG_TIME,
                                                         write_time(j, failed->time), NULL));
    /* Products that filter the same files and packets beside each other. */
    const char *first = NULL;
    size_t n;
    const act *const *keys = acts_of(j, at->host, "autostart", &n);
    for (size_t i = 0; i < n; i++) {
        if (!strstr(act_fact(keys[i], "type"), "driver") || strcmp(act_fact(keys[i], "disabled"), "yes") == 0)
            continue;
        for (const profile_node *v = profile_list(profile_root(j->facts, "causes"), "antivirus_vendors"); v; v = v->next)
            for (const profile_node *m = v->first; m; m = m->next)
                if (module_same(m->text, act_fact(keys[i], "file"))) {
                    if (first && strcmp(first, v->key) != 0 && at->code) {
                        term(j, s, CAUSE_ANTIVIRUS, "cause.antivirus-two", say(j, "cause.antivirus.two", "first", ARG_TEXT, first, "second", ARG_TEXT, v->key, NULL));
                        return;
                    }
                    first = first ? first : v->key;
                }
    }
}
