/* Classes: which file stands behind a CLSID, as far as the hive at hand tells it. */
#include "detect/autostart.h"

#include <stdio.h>
#include <strings.h>

enum { TREATED_AS = 8 };

bool autostart_is_class(const char *text)
{
    if (!text || strlen(text) != 38 || text[0] != '{' || text[37] != '}')
        return false;
    for (int i = 1; i < 37; i++) {
        bool dash = i == 9 || i == 14 || i == 19 || i == 24, hex = (text[i] >= '0' && text[i] <= '9') || ((text[i] | 32) >= 'a' && (text[i] | 32) <= 'f');
        if (dash ? text[i] != '-' : !hex)
            return false;
    }
    return true;
}

/* Where classes lie in this hive; the 32-bit ones first when the row is a 32-bit one. */
static bool class_key(const autostart_pass *p, const char *clsid, bool wow, regf_key *out)
{
    const regf *h = p->view->hive;
    regf_key root = regf_root(h);
    const char *between = wow ? "Wow6432Node\\" : "";
    char path[128];
    const char *before = p->view->kind == REGF_SOFTWARE ? "Classes\\" : p->view->kind == REGF_USER ? "Software\\Classes\\" : "";
    if (p->view->kind != REGF_SOFTWARE && p->view->kind != REGF_USER && p->view->kind != REGF_CLASSES)
        return false;
    snprintf(path, sizeof path, "%s%sCLSID\\%s", before, between, clsid);
    return regf_find(h, &root, path, out);
}

static const char *server_of(autostart_pass *p, const regf_key *class, bool wow)
{
    static const char *const servers[] = { "InprocServer32", "LocalServer32", "InprocHandler32", "ScriptletURL" };
    const regf *h = p->view->hive;
    const winpath_host *host = wow ? &p->host_wow : &p->host;
    for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
        regf_key key;
        if (!regf_find(h, class, servers[i], &key))
            continue;
        const char *text = regf_text_at(h, &key, "", "", &p->work);
        if (!text || !*text)
            continue;
        const char *path = i == 1 ? winpath_command(host, text, &p->work).file : i == 3 ? text : winpath_library(host, text, &p->work);
        const char *file = strrchr(path, '\\');
        /* .NET's library loads another one, and says which. */
        if (file && strcasecmp(file + 1, "mscoree.dll") == 0) {
            const char *base = regf_text_at(h, &key, "", "CodeBase", &p->work);
            if (base && *base)
                return strncasecmp(base, "file:///", 8) == 0 ? winpath_full(host, base + 8, &p->work) : winpath_full(host, base, &p->work);
        }
        if (file && strcasecmp(file + 1, "scrobj.dll") == 0) {
            const char *script = regf_text_at(h, class, "ScriptletURL", "", &p->work);
            if (script && *script)
                return script;
        }
        return path;
    }
    return NULL;
}

const char *autostart_class_file(autostart_pass *p, const char *clsid)
{
    if (!autostart_is_class(clsid))
        return NULL;
    for (int i = 0; p->view && i < TREATED_AS; i++) {
        regf_key class;
        bool wow = p->wow;
        if (!class_key(p, clsid, wow, &class)) {
            wow = !wow;
            if (!class_key(p, clsid, wow, &class))
                break;
        }
        const char *as = regf_text_at(p->view->hive, &class, "TreatAs", "", &p->work);
        if (!as || !autostart_is_class(as))
            return server_of(p, &class, wow);
        clsid = as;
    }
    uint32_t id;
    return word_table_find(p->run->classes, clsid, strlen(clsid), &id) ? p->run->class_files[id] : NULL;
}

void autostart_note_class(autostart_pass *p, const autostart_source *from, const autostart_entry *e, const autostart_judged *j, const char *verdict)
{
    const char *file = e->file, *last = file ? strrchr(file, '\\') : NULL;
    bool lends = last && (strcasecmp(last + 1, "mscoree.dll") == 0 || strcasecmp(last + 1, "scrobj.dll") == 0);
    if (lends && !from->lost)                    /* it loads what the class names beside it */
        file = autostart_class_file(p, e->clsid);
    if (!file || !*file || from->lost || (!lends && autostart_windows_library(p->run, looks_path(file, &p->work))))
        return;
    detect_act_builder *a = detect_act_at(p->out, "class", from->key.cell, from->key.written, false);
    detect_fact(a, "clsid", e->clsid);
    detect_fact(a, "file", file);
    detect_fact(a, "type", e->type);
    detect_fact(a, "key", p->prefix ? arena_printf(&p->work, "%s\\%s", p->prefix, from->path) : from->path);
    detect_fact(a, "looks", j->looks);
    detect_fact(a, "verdict", verdict);
    detect_fact(a, "reason", j->reason);
}
