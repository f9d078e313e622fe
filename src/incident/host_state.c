/* What state was the host in? Of several copies of one hive (shadow copies, RegBack, a second collection) the newest tells it; the
 * older ones tell what was there before. */
#include "incident/internal.h"

#include <ctype.h>
#include <stdlib.h>

/* ---- Copies ---- */

/* The path from what every Windows has in the same place on; of a folder without such a place the last part. */
const char *below_root(const char *path)
{
    static const char *const tops[] = { "windows/", "winnt/", "system32/", "users/", "documents and settings/", "programdata/" };
    for (const char *at = path; at && *at;) {
        for (size_t i = 0; i < sizeof tops / sizeof *tops; i++)
            if (strncasecmp(at, tops[i], strlen(tops[i])) == 0)
                return at;
        const char *slash = strchr(at, '/');
        at = slash ? slash + 1 : NULL;
    }
    const char *last = strrchr(path, '/');
    return last ? last + 1 : path;
}

static bool is_users(const char *channel)
{
    return strcmp(channel, "registry/NTUSER") == 0 || strcmp(channel, "registry/UsrClass") == 0;
}

/* What copies of one thing have in common: of a machine's hive its kind, of anything else its place. */
static const char *group_of(const joined *j, const raw_log *r)
{
    bool machine = strncmp(r->channel, "registry/", 9) == 0 && !is_users(r->channel);
    char *key = arena_printf(j->mem, "%s\x1f%s", r->channel, machine ? "" : below_root(r->path));
    utf8_lower_ascii(key);
    return key;
}

static moment newest_write(const joined *j, const raw_log *r)
{
    size_t n;
    const artifact_file *f = artifacts_of(j, r->file, r->path, &n);
    return f && moment_known(f->e->last) ? f->e->last : 0;
}

/* Which of two copies is the later one: by the newest write in it; else the one that is no backup; else by content. */
static bool is_later(const joined *j, const raw_log *a, const raw_log *b)
{
    moment x = newest_write(j, a), y = newest_write(j, b);
    if (x != y)
        return x > y;
    bool back_a = strcasestr(a->path, "RegBack/") != NULL, back_b = strcasestr(b->path, "RegBack/") != NULL;
    if (back_a != back_b)
        return back_b;
    int order = strcmp(a->path, b->path);
    return order ? order < 0 : strcmp(a->file, b->file) < 0;
}

static bool lies_on(const raw_log *r, uint32_t host)
{
    bool on = r->host == host;
    for (size_t i = 0; i < r->also_count && !on; i++)
        on = r->also[i] == host;
    return on;
}

static void find_older(joined *j, uint32_t host)
{
    joined_host *h = host_of(j, host);
    vec older;
    map newest;
    vec_init(&older, sizeof(uint32_t));
    map_init(&newest);
    for (uint32_t i = 0; i < j->raw.count; i++) {
        const raw_log *r = vec_at(&j->raw, i);
        log_ref log = { r->file, r->path, r->computer, r->channel };
        bool was;
        if (!lies_on(r, host) || !log_is_artifact(&log))
            continue;
        uint64_t *at = map_put(&newest, span_str(group_of(j, r)), &was);
        if (!was) {
            *at = i;
            continue;
        }
        bool later = is_later(j, r, vec_at(&j->raw, *at));
        *(uint32_t *)vec_push(&older) = later ? (uint32_t)*at : i;
        if (later)
            *at = i;
    }
    h->older_count = older.count;
    uint32_t *list = arena_array(j->mem, older.count, sizeof *list);
    for (size_t i = 0; i < older.count; i++)
        list[i] = *(const uint32_t *)vec_at(&older, i);
    h->older = list;
    map_done(&newest);
    vec_done(&older);
}

bool act_is_older(const joined *j, uint32_t host, const act *a)
{
    const joined_host *h = host_of(j, host);
    if (!h->older_count)
        return false;
    const raw_log *r = raw_of_log(j, a->log);
    for (size_t i = 0; r && i < h->older_count; i++)
        if (vec_at(&j->raw, h->older[i]) == (const void *)r)
            return true;
    return false;
}

bool act_is_state(const act *a)
{
    return log_is_artifact(a->log);
}

moment hive_kept(const joined *j, uint32_t host, const char *channel)
{
    moment kept = MOMENT_UNKNOWN;
    const artifact_file *files = j->artifacts.at;
    for (size_t i = 0; i < j->artifacts.count; i++)
        if (files[i].host == host && files[i].e->channel && strcmp(files[i].e->channel, channel) == 0 && moment_known(files[i].e->last)
            && (!moment_known(kept) || files[i].e->last > kept))
            kept = files[i].e->last;
    return kept;
}

/* ---- Names of entries ---- */

static const char services[] = "hklm\\system\\currentcontrolset\\services\\";

/* The folder of the profile that this SID is; NULL when the host does not say. */
static const char *folder_of_sid(const joined *j, uint32_t host, const char *sid, size_t len)
{
    size_t n;
    const act *const *acts = acts_of(j, host, "profile", &n);
    for (size_t i = 0; i < n; i++)
        if (strlen(act_fact(acts[i], "sid")) == len && strncasecmp(act_fact(acts[i], "sid"), sid, len) == 0)
            return act_fact(acts[i], "folder");
    return NULL;
}

/* One way to write a key, whoever names it: small letters, the set in force, a user by the folder of the profile. */
static char *plain_key(const joined *j, uint32_t host, const char *key)
{
    static const struct { const char *from, *to; } heads[] = {
        { "hkey_local_machine\\", "hklm\\" }, { "\\registry\\machine\\", "hklm\\" }, { "hkey_users\\", "hku\\" }, { "\\registry\\user\\", "hku\\" },
    };
    char *low = arena_str(j->mem, key);
    utf8_lower_ascii(low);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (strncmp(low, heads[i].from, strlen(heads[i].from)) == 0)
            low = arena_printf(j->mem, "%s%s", heads[i].to, low + strlen(heads[i].from));
    static const char set[] = "hklm\\system\\controlset";
    if (strncmp(low, set, sizeof set - 1) == 0 && isdigit((unsigned char)low[sizeof set - 1])) {
        const char *rest = strchr(low + sizeof set - 1, '\\');
        low = arena_printf(j->mem, "hklm\\system\\currentcontrolset%s", rest ? rest : "");
    }
    if (strncmp(low, "hku\\s-1-", 8) == 0) {
        size_t len = strcspn(low + 4, "\\_");
        const char *folder = folder_of_sid(j, host, low + 4, len);
        if (folder && folder[0]) {
            low = arena_printf(j->mem, "hku\\%s%s", folder, low + 4 + len);
            utf8_lower_ascii(low);
        }
    }
    return low;
}

static const char *named(const joined *j, const char *where, const char *name)
{
    char *key = arena_printf(j->mem, "%s\x1f%s", where, name[0] == '\\' ? name + 1 : name);
    utf8_lower_ascii(key);
    return key;
}

/* A service's own key, or its Parameters: whichever value names the program, it is the service. */
static const char *service_of_key(const joined *j, const char *key, const char *value)
{
    if (strncmp(key, services, sizeof services - 1) != 0)
        return NULL;
    const char *name = key + sizeof services - 1, *slash = strchr(name, '\\');
    bool own = !slash && (!value[0] || strcasecmp(value, "ImagePath") == 0 || strcasecmp(value, "Start") == 0);
    bool library = slash && strcmp(slash, "\\parameters") == 0 && strcasecmp(value, "ServiceDll") == 0;
    return own || library ? arena_text(j->mem, span_of(name, slash ? (size_t)(slash - name) : strlen(name))) : NULL;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

const char *entry_key(const joined *j, uint32_t host, const act *a)
{
    const char *key = act_fact(a, "key"), *value = act_fact(a, "value"), *name = act_fact(a, "name");
    if (strcmp(a->kind, "service.install") == 0 || strcmp(a->kind, "service.run") == 0)
        return named(j, ENTRY_SERVICES, name);
    if (begins(a->kind, "task."))
        return named(j, ENTRY_TASKS, name);
    if (strcmp(a->kind, "wmi.subscribe") == 0)
        return named(j, ENTRY_WMI, name);
    if (strcmp(a->kind, "startup.file") == 0)
        return named(j, "", act_fact(a, "file"));
    if (strcmp(a->kind, "autostart") == 0) {
        const char *point = act_fact(a, "point"), *entry = act_fact(a, "entry");
        if (strcmp(point, "service") == 0 || strcmp(point, "driver") == 0)
            return named(j, ENTRY_SERVICES, entry);
        if (strcmp(point, "task") == 0 || begins(point, "task-"))
            return named(j, ENTRY_TASKS, entry);
        if (begins(point, "wmi-sub"))
            return named(j, ENTRY_WMI, entry);
        if (!key[0])
            return named(j, "", act_fact(a, "file"));
    }
    const char *plain = plain_key(j, host, key), *service = service_of_key(j, plain, value);
    if (service)
        return named(j, ENTRY_SERVICES, service);
    uint64_t part = act_is_state(a) ? a->record >> 32 : 0;          /* several entries of one value */
    const char *entry = act_is_state(a) && !value[0] ? act_fact(a, "entry") : value;
    return part ? named(j, plain, arena_printf(j->mem, "%s\x1f%llu", entry, (unsigned long long)part)) : named(j, plain, entry);
}

/* ---- What state proves alone ---- */

/* An entry of the registry whose making the logs saw is no second finding. */
static void log_entries(const joined *j, uint32_t host, map *told)
{
    static const char *const kinds[] = { "service.install", "task.create", "task.update", "registry.autostart", "startup.file", "wmi.subscribe" };
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        size_t n;
        const act *const *acts = acts_of(j, host, kinds[k], &n);
        for (size_t i = 0; i < n; i++)
            if (acts[i]->finding && !act_is_state(acts[i]))
                map_put(told, span_str(entry_key(j, host, acts[i])), &(bool){ false });
    }
}

void host_state_find(joined *j)
{
    for (uint32_t i = 0; i < host_total(j); i++) {
        find_older(j, i);
        const joined_host *h = host_of(j, i);
        map told_by_log;
        map_init(&told_by_log);
        log_entries(j, i, &told_by_log);
        for (size_t k = 0; k < h->act_count; k++) {
            const act *a = h->acts[k];
            if (!act_is_state(a) || !a->finding || !a->finding[0] || act_is_older(j, i, a))
                continue;
            bool entry = strcmp(a->kind, "autostart") == 0;
            if (entry && map_find(&told_by_log, span_str(entry_key(j, i, a))))
                continue;
            finding_from_act(j, i, a, a->finding);
        }
        map_done(&told_by_log);
    }
}
