/* What is known of the host, by name. */
#include "audit/inside.h"

#include <ctype.h>
#include <stdlib.h>

const act *audit_act(const audit *a, size_t place)
{
    return a->h->acts[place];
}

bool audit_number(const char *text, int64_t *out)
{
    size_t digits = text ? strspn(text, "0123456789") : 0;
    if (digits == 0 || digits > 18 || text[digits])
        return false;
    *out = strtoll(text, NULL, 10);
    return true;
}

void audit_rests_on(asking *q, size_t place)
{
    for (size_t i = 0; i < q->act_count; i++)
        if (q->acts[i] == place)
            return;
    if (q->act_count < AUDIT_ACTS)
        q->acts[q->act_count++] = place;
}

/* ---- Versions ---- */

bool audit_version_from(const char *text, uint32_t out[4], size_t *parts)
{
    *parts = 0;
    while (text && isdigit((unsigned char)*text) && *parts < 4) {
        char *end;
        unsigned long n = strtoul(text, &end, 10);
        if (n > UINT32_MAX)
            return false;
        out[(*parts)++] = (uint32_t)n;
        text = *end == '.' ? end + 1 : end;
    }
    return *parts > 0;
}

int audit_version_order(const audit *a, const char *version)
{
    uint32_t other[4];
    size_t parts;
    if (!audit_version_from(version, other, &parts))
        return 0;
    for (size_t i = 0; i < parts && i < a->version_parts; i++)
        if (a->version[i] != other[i])
            return a->version[i] < other[i] ? -1 : 1;
    return a->version_parts < parts ? -1 : 0;
}

static int order_of(const char *x, const char *y)
{
    uint32_t a[4] = { 0 }, b[4] = { 0 };
    size_t n, m;
    audit_version_from(x, a, &n);
    audit_version_from(y, b, &m);
    for (size_t i = 0; i < 4; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

const char *audit_for_version(const audit *a, const profile_node *map, const profile_node **node)
{
    const profile_node *best = NULL;
    for (const profile_node *n = map ? map->first : NULL; n; n = n->next) {
        bool any = strcmp(n->key, "any") == 0;
        if (!any && (a->version_parts == 0 || audit_version_order(a, n->key) < 0))
            continue;
        if (!best || strcmp(best->key, "any") == 0 || (!any && order_of(best->key, n->key) < 0))
            best = n;
    }
    if (node)
        *node = best;
    return best ? best->text : NULL;
}

/* ---- Which acts count ---- */

typedef struct { const char *channel, *file, *path; moment newest; } hive_file;

static bool of_one_hive(const char *channel)
{
    static const char *const channels[] = { "registry/SYSTEM", "registry/SOFTWARE", "registry/SAM", "registry/SECURITY" };
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        if (strcmp(channel, channels[i]) == 0)
            return true;
    return false;
}

static hive_file *file_of(vec *files, const log_ref *log)
{
    for (size_t i = 0; i < files->count; i++) {
        hive_file *f = vec_at(files, i);
        if (strcmp(f->channel, log->channel) == 0 && strcmp(f->file, log->file) == 0 && strcmp(f->path, log->path) == 0)
            return f;
    }
    return NULL;
}

static void choose_files(const audit_host *h, vec *files)
{
    for (size_t i = 0; i < h->act_count; i++) {
        const act *x = h->acts[i];
        if (!of_one_hive(x->log->channel))
            continue;
        hive_file *f = file_of(files, x->log);
        if (!f) {
            f = vec_push(files);
            *f = (hive_file){ x->log->channel, x->log->file, x->log->path, 0 };
        }
        if (moment_known(x->time) && x->time > f->newest)
            f->newest = x->time;
    }
}

/* Of two equally new ones the first by path. */
static bool counts(const vec *files, const log_ref *log)
{
    if (!of_one_hive(log->channel))
        return true;
    const hive_file *best = NULL;
    for (size_t i = 0; i < files->count; i++) {
        const hive_file *f = vec_at(files, i);
        if (strcmp(f->channel, log->channel) != 0)
            continue;
        if (!best || f->newest > best->newest || (f->newest == best->newest && strcmp(f->path, best->path) < 0))
            best = f;
    }
    return best && strcmp(best->file, log->file) == 0 && strcmp(best->path, log->path) == 0;
}

void audit_take(audit *a)
{
    const audit_host *h = a->h;
    vec files;
    vec_init(&files, sizeof(hive_file));
    choose_files(h, &files);
    a->settings = arena_array(a->mem, h->act_count ? h->act_count : 1, sizeof *a->settings);
    a->others = arena_array(a->mem, h->act_count ? h->act_count : 1, sizeof *a->others);
    moment newest = 0;
    for (size_t i = 0; i < h->act_count; i++) {
        const act *x = h->acts[i];
        if (!counts(&files, x->log))
            continue;
        if (strcmp(x->kind, "setting") == 0)
            a->settings[a->setting_count++] = i;
        else
            a->others[a->other_count++] = i;
        if (moment_known(x->time) && x->time > newest)
            newest = x->time;
    }
    vec_done(&files);
    a->as_of = moment_known(h->as_of) ? h->as_of : newest ? newest : MOMENT_UNKNOWN;
    const profile_node *list = profile_get(profile_root(a->facts, "settings"), "settings");
    a->nodes = arena_array(a->mem, list && list->count ? list->count : 1, sizeof *a->nodes);
    size_t count = 0;
    bool there;
    for (const profile_node *n = list ? list->first : NULL; n; n = n->next) {
        a->nodes[count] = n;
        *map_put(&a->defaults, span_str(profile_text(n, "name")), &there) = count++;
    }
    audit_version_from(h->os_build, a->version, &a->version_parts);
    answer type = audit_one(a, "os.product-type", NULL, NULL);
    a->product = !type.value ? "" : strcmp(type.value, "WinNT") == 0 ? "client" : "server";
    answer domain = audit_one(a, "os.domain-sid", NULL, NULL);
    a->joined = !domain.seen ? "" : domain.set ? "yes" : "no";
}

/* ---- Settings ---- */

const char *audit_default(const audit *a, const char *setting, const char **note)
{
    const uint64_t *at = map_find(&a->defaults, span_str(setting));
    const profile_node *map = at ? profile_get(a->nodes[*at], "default") : NULL;
    const char *value = audit_for_version(a, map, NULL);
    if (value && strcmp(value, "?") != 0) {
        *note = "check.note.default";
        return value;
    }
    *note = map && a->version_parts == 0 ? "check.note.version-unknown" : "check.note.default-unknown";
    return NULL;
}

answer audit_one(const audit *a, const char *name, const char *which, asking *q)
{
    answer r = { .note = "" };
    for (size_t i = 0; i < a->setting_count; i++) {
        const act *x = audit_act(a, a->settings[i]);
        if (strcmp(audit_fact(x, "name"), name) != 0)
            continue;
        r.seen = true;
        if (which && strcmp(audit_fact(x, "of"), which) != 0)
            continue;
        if (q)
            audit_rests_on(q, a->settings[i]);
        if (*audit_fact(x, "absent"))
            continue;
        r.set = true;
        r.value = audit_fact(x, "value");
        break;
    }
    return r;
}

answer audit_chain(const audit *a, const profile_node *items, asking *q)
{
    answer r = { .note = "check.note.unseen" };
    const char *last = NULL;
    for (const profile_node *n = items; n; n = n->next) {
        const char *name = n->text ? n->text : profile_text(n, "name"), *product = profile_text(n, "product");
        if (product && strcmp(product, a->product) != 0)
            continue;
        answer one = audit_one(a, name, profile_text(n, "which"), q);
        last = name;
        r.seen = one.seen;
        if (!one.seen) {
            r.unseen_before = true;
            continue;
        }
        if (!one.set)
            continue;
        r.set = true;
        r.value = one.value;
        bool divided;
        int64_t by = profile_number(n, "divide", &divided), number;
        if (divided && by > 0 && audit_number(r.value, &number))
            r.value = arena_printf(a->mem, "%lld", (long long)(number / by));
        r.note = r.unseen_before ? "check.note.policy-unseen" : "";
        return r;
    }
    if (r.seen && last) {
        r.value = audit_default(a, last, &r.note);
        r.defaulted = r.value != NULL;
        if (r.unseen_before)
            r.note = "check.note.policy-unseen";
    }
    return r;
}
