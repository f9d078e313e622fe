/* Which file stands behind a class? An entry of one hive may name a class of another: what a user's hive says of it goes before what
 * the machine's says (HKEY_CLASSES_ROOT is both), and of the machine's the 64-bit key before its 32-bit twin. */
#include "incident/internal.h"

#include <stdlib.h>

typedef struct { uint32_t host; const char *clsid, *user; const act *a; } class_of;      /* user "": the machine's */

static int by_class(const void *a, const void *b)
{
    const class_of *l = a, *r = b;
    if (l->host != r->host)
        return l->host < r->host ? -1 : 1;
    int order = strcasecmp(l->clsid, r->clsid);
    order = order ? order : strcasecmp(l->user, r->user);
    if (order)
        return order;
    bool library_l = strcasecmp(act_fact(l->a, "type"), "InprocServer32") == 0, library_r = strcasecmp(act_fact(r->a, "type"), "InprocServer32") == 0;
    if (library_l != library_r)
        return library_l ? -1 : 1;
    bool twin_l = strcasestr(act_fact(l->a, "key"), "Wow6432Node") != NULL, twin_r = strcasestr(act_fact(r->a, "key"), "Wow6432Node") != NULL;
    if (twin_l != twin_r)
        return twin_l ? 1 : -1;
    order = strcmp(l->a->log->path, r->a->log->path);
    return order ? order : (l->a->record > r->a->record) - (l->a->record < r->a->record);
}

void classes_index(joined *j)
{
    static const char *const kinds[] = { "class", "autostart" };
    vec_init(&j->classes, sizeof(class_of));
    for (uint32_t host = 0; host < host_total(j); host++)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            size_t n;
            const act *const *acts = acts_of(j, host, kinds[k], &n);
            for (size_t i = 0; i < n; i++) {
                const char *point = act_fact(acts[i], "point");
                bool of_class = k == 0 || strcmp(point, "user-classes") == 0 || strcmp(point, "machine-classes") == 0;
                if (of_class && act_fact(acts[i], "file")[0] && !acts[i]->recovered && !act_fact(acts[i], "deleted")[0] && !act_is_older(j, host, acts[i]))
                    *(class_of *)vec_push(&j->classes) = (class_of){ host, act_fact(acts[i], "clsid"), act_fact(acts[i], "user"), acts[i] };
            }
        }
    vec_sort(&j->classes, by_class);
}

static const act *class_in(const joined *j, uint32_t host, const char *clsid, const char *user)
{
    size_t low = 0, high = j->classes.count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const class_of *c = vec_at(&j->classes, mid);
        int order = c->host != host ? (c->host < host ? -1 : 1) : strcasecmp(c->clsid, clsid);
        order = order ? order : strcasecmp(c->user, user);
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    const class_of *c = low < j->classes.count ? vec_at(&j->classes, low) : NULL;
    return c && c->host == host && strcasecmp(c->clsid, clsid) == 0 && strcasecmp(c->user, user) == 0 ? c->a : NULL;
}

const act *class_of_entry(const joined *j, uint32_t host, const act *a)
{
    const char *clsid = act_fact(a, "clsid"), *user = act_fact(a, "user");
    if (!clsid[0] || act_fact(a, "file")[0])
        return NULL;
    const act *own = user[0] ? class_in(j, host, clsid, user) : NULL;
    return own ? own : class_in(j, host, clsid, "");
}

const act *class_shadowed(const joined *j, uint32_t host, const act *a)
{
    if (strcmp(act_fact(a, "point"), "user-classes") != 0)
        return NULL;
    const act *machine = class_in(j, host, act_fact(a, "clsid"), "");
    return machine && strcasecmp(act_fact(machine, "file"), act_fact(a, "file")) != 0 ? machine : NULL;
}
