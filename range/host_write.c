#include "range/crash.h"

#include "range/put.h"

#include <stdarg.h>
#include <sys/stat.h>

const char *host_print(estate *e, const char *format, ...)
{
    char text[8192];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return arena_str(e->mem, text);
}

const char *host_guid(estate *e, const char *of)
{
    uint64_t a = hash64(span_str(host_print(e, "%s %s %llu", of, e->h->sid, (unsigned long long)e->w->seed))),
             b = a ^ 0x9e3779b97f4a7c15ull;
    a = rng_mix(&b);
    uint64_t c = rng_mix(&b);
    return host_print(e, "{%08X-%04X-4%03X-%04X-%012llX}", (unsigned)(a >> 32), (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
                      (unsigned)(0x8000 | (c >> 48 & 0x3fff)), (unsigned long long)(c & 0xffffffffffffull));
}

moment host_clock(const estate *e, moment t) { return moment_known(t) ? t + (moment)e->h->clock_off : t; }

static void keep_status(estate *e, status st)
{
    if (status_is_ok(e->why))
        e->why = st;
}

void host_file(estate *e, const char *path, span bytes)
{
    char *whole = arena_printf(e->mem, "%s/%s", e->folder, path);
    for (char *p = whole + strlen(e->w->sw.out) + 1; (p = strchr(p, '/')) != NULL; p++) {
        *p = 0;
        if (mkdir(whole, 0777) != 0 && errno != EEXIST)
            keep_status(e, status_fail(STATUS_IO, "%s: %s", whole, strerror(errno)));
        *p = '/';
    }
    if (bytes.at)
        keep_status(e, put_file(whole, bytes));
}

span host_sid(arena *mem, const char *text)
{
    uint32_t parts[16];
    size_t n = 0;
    for (const char *p = text + 4; *p && n < 16; n++) {
        char *end;
        parts[n] = (uint32_t)strtoul(p, &end, 10);
        p = *end ? end + 1 : end;
    }
    uint8_t *out = arena_alloc(mem, 8 + 4 * n);
    out[0] = 1;
    out[1] = (uint8_t)(n - 1);
    out[7] = (uint8_t)parts[0];
    memcpy(out + 8, parts + 1, 4 * (n - 1));
    return span_of(out, 8 + 4 * (n - 1));
}

unsigned host_rid(const char *sid) { return (unsigned)strtoul(strrchr(sid, '-') + 1, NULL, 10); }

span host_descriptor(arena *mem, const char *const *sids, const uint32_t *masks, size_t count)
{
    buf b;
    buf_init(&b, 1 << 16);
    span owner = host_sid(mem, "S-1-5-18");
    size_t acl = 8;
    for (size_t i = 0; i < count; i++)
        acl += 8 + host_sid(mem, sids[i]).len;
    put16(&b, 1);
    put16(&b, 0x8004);
    put32(&b, 20);
    put32(&b, 20 + (uint32_t)owner.len);
    put32(&b, 0);
    put32(&b, 20 + 2 * (uint32_t)owner.len);
    buf_span(&b, owner);
    buf_span(&b, owner);
    put16(&b, 2);
    put16(&b, (unsigned)acl);
    put32(&b, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        span sid = host_sid(mem, sids[i]);
        put16(&b, masks[i] & 0x80000000u ? 1 : 0); /* the highest bit asks for a denial: no right has it */
        put16(&b, 8 + (unsigned)sid.len);
        put32(&b, masks[i] & 0x7fffffffu);
        buf_span(&b, sid);
    }
    span out = arena_span(mem, buf_bytes(&b));
    buf_done(&b);
    return out;
}

void told_planted(estate *e, planted p)
{
    const char **texts[] = { &p.kind, &p.location, &p.value, &p.name, &p.command, &p.file, &p.technique };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = arena_str(e->w->mem, *texts[i]);
    p.host = e->h->index;
    *(planted *)vec_push(&e->w->planted) = p;
}
void told_secret(estate *e, const char *what, span bytes, const char *text)
{
    *(secret *)vec_push(&e->w->secrets) =
        (secret){ e->h->index, arena_str(e->w->mem, what), arena_span(e->w->mem, bytes), arena_str(e->w->mem, text) };
}
void told_exposed(estate *e, const char *check, const char *found, const char *state)
{
    *(exposed *)vec_push(&e->w->exposed) = (exposed){ e->h->index, check, arena_str(e->w->mem, found), state };
}

static hive *open_hive(estate *e, const char *file, bool old_lists, const char *root)
{
    static const char *const roots[] = { "CMI-CreateHive{F10156BE-0E87-4EFB-969E-5DA29D131144}",
                                         "CsiTool-CreateHive-{00000000-0000-0000-0000-000000000000}", "ROOT" };
    hive_options o = { .minor = old_lists && e->h->nt < NT_100 ? 3 : 5,
                       .root = root ? root
                                    : roots[e->h->nt <= NT_61   ? 0
                                            : e->h->nt <= NT_63 ? 1
                                                                : 2],
                       .file = file,
                       .clock = e->installed,
                       .sequence = (uint32_t)rng_range(&e->r, 200, 20000),
                       .base_dates = e->h->nt <= NT_62 };
    return hive_new(e->mem, &o);
}

static void save_hive(estate *e, hive *h, const char *path, bool dirty)
{
    host_file(e, path, (span){ 0 });
    const char *whole = host_print(e, "%s/%s", e->folder, path);
    keep_status(e, dirty ? hive_save_dirty(h, e->h->nt <= NT_62 ? HIVE_LOG_OLD : HIVE_LOG_NEW, whole) : hive_save(h, whole));
    hive_done(h);
}

/* Services that are gone: made, and dropped again, so that only free cells remember them. The last act before a hive is
 * saved, or nothing would be left of them. */
static void drop_gone(estate *e)
{
    hive *h = e->hives[HIVE_SYSTEM];
    bool told_tool = false;
    size_t from = e->h->gone.count > 6 ? e->h->gone.count - 6 : 0;
    for (size_t i = from; i < e->h->gone.count; i++) {
        const gone_service *g = vec_at(&e->h->gone, i);
        if (!g->hostile && told_tool)
            continue;
        told_tool |= !g->hostile;
        host_service(e, g->name, 0x10, 3, g->image, "LocalSystem", g->name, host_clock(e, g->at));
        told_planted(e, (planted){ .kind = "service",
                                   .location = host_print(e, "SYSTEM\\ControlSet001\\Services\\%s", g->name),
                                   .value = "ImagePath",
                                   .name = g->name,
                                   .command = g->image,
                                   .file = host_print(e, "C:\\Windows%s", strrchr(g->image, '\\')),
                                   .technique = "T1543.003",
                                   .hostile = g->hostile,
                                   .deleted = true,
                                   .at = host_clock(e, g->at) });
    }
    hive_commit(h);
    for (size_t i = from; i < e->h->gone.count; i++) {
        const gone_service *g = vec_at(&e->h->gone, i);
        hive_key *k = hive_find(h, e->services, g->name);
        hive_clock(h, host_clock(e, g->until));
        if (k)
            hive_drop(h, k);
    }
    hive_commit(h);
}

/* What the worm made that its logs tell of; on a host that was copied while it ran, the last of it only in SYSTEM's log. */
static void worm_services(estate *e, bool last)
{
    for (size_t i = 0; i < e->w->lefts.count; i++) {
        const left *l = vec_at(&e->w->lefts, i);
        if (l->host != e->h->index || l->kind != LEFT_SERVICE || !moment_known(l->at) || (strcmp(l->name, "WebServers") == 0) != last)
            continue;
        const char *file =
            strcmp(l->name, "Ddriver") == 0 ? "C:\\Windows\\System32\\drivers\\svchost.exe" : "C:\\Windows\\System32\\wmiex.exe";
        host_service(e, l->name, 0x10, 2, file, "LocalSystem", l->name, host_clock(e, l->at));
        if (e->h->nt <= NT_61 && moment_known(e->h->crash_at) && e->h->reboot_at > l->at
            && e->h->reboot_at < e->w->to) { /* the next good boot took it over */
            hive_key *now = e->services;
            e->services = hive_at(e->hives[HIVE_SYSTEM], hive_root(e->hives[HIVE_SYSTEM]), "ControlSet002\\Services");
            host_service(e, l->name, 0x10, 2, file, "LocalSystem", l->name, host_clock(e, l->at));
            e->services = now;
        }
        told_planted(e, (planted){ .kind = "service",
                                   .location = host_print(e, "SYSTEM\\ControlSet001\\Services\\%s", l->name),
                                   .value = "ImagePath",
                                   .name = l->name,
                                   .command = file,
                                   .file = file,
                                   .technique = "T1543.003",
                                   .hostile = true,
                                   .in_log = last && e->h->dirty,
                                   .at = host_clock(e, l->at) });
    }
}

static void write_state(estate *e)
{
    const nt_info *nt = &nt_table[e->h->nt];
    *(host_state *)vec_push(&e->w->states) = (host_state){ .host = e->h->index,
                                                           .product = arena_str(e->w->mem, nt->name),
                                                           .build = arena_printf(e->w->mem, "%u.%u.%u", nt->major, nt->minor, nt->build),
                                                           .install_type = "Server",
                                                           .installed = e->installed,
                                                           .shutdown = host_clock(e, e->h->stopped_at),
                                                           .dhcp = e->h->dhcp };
}

status host_write(world *w, host *h, arena *mem)
{
    static const char *const files[HIVES] = { "SYSTEM", "SOFTWARE", "SAM", "SECURITY", "DEFAULT" }, *const tails[HIVES] = {
        "SYSTEM", "emRoot\\System32\\Config\\SOFTWARE", "\\SystemRoot\\System32\\Config\\SAM", "emRoot\\System32\\Config\\SECURITY",
        "temRoot\\System32\\Config\\DEFAULT"
    };
    arena own;
    estate e = { .w = w,
                 .h = h,
                 .mem = &own,
                 .r = rng_of(w->seed, "host", (uint64_t)h->index),
                 .plant = rng_of(w->seed, "plant", (uint64_t)h->index),
                 .why = status_ok() };
    (void)mem;
    arena_init(&own, 0);
    e.folder = host_print(&e, "%s/hosts/%s/C", w->sw.out, h->name);
    e.computer = h->later_name && h->rename_at < w->to ? h->later_name : h->name;
    e.installed = host_clock(&e, w->from) - rng_range(&e.r, 150, 1100) * MOMENT_DAY - rng_below(&e.r, MOMENT_DAY);
    e.updated = moment_known(h->patch_at) ? host_clock(&e, h->patch_at) : host_clock(&e, w->from) - rng_range(&e.r, 20, 140) * MOMENT_DAY;
    e.end = host_clock(&e, w->to);
    h->dirty = w->seed == 1 ? h->index == 2 : rng_chance(&e.r, 35);
    h->dhcp = w->seed == 1 ? h->index == 3 : rng_chance(&e.r, 25);
    for (int i = 0; i < HIVES; i++)
        e.hives[i] = open_hive(&e, tails[i], i >= HIVE_SAM, NULL);
    host_services(&e);
    host_system(&e);
    host_software(&e);
    host_patches(&e);
    host_accounts(&e);
    host_users(&e);
    host_tasks(&e);
    worm_services(&e, false);
    if (!h->dirty)
        worm_services(&e, true);
    host_plant(&e);
    if (w->sw.crash != BY_SEED)
        crash_hives(&e);
    host_wmi(&e);
    drop_gone(&e);
    bool logged = false;
    if (h->dirty) {
        size_t before = w->planted.count;
        hive_log(e.hives[HIVE_SYSTEM]);
        worm_services(&e, true);
        logged = w->planted.count > before;
        if (!logged) { /* something always changes while a machine runs */
            hive_clock(e.hives[HIVE_SYSTEM], e.end - 3 * MOMENT_MINUTE);
            hive_dword(e.hives[HIVE_SYSTEM], hive_at(e.hives[HIVE_SYSTEM], e.services, "W32Time\\Config"), "LastClockRate", 156250);
        }
        hive_commit(e.hives[HIVE_SYSTEM]);
    }
    for (int i = 0; i < HIVES; i++) {
        if (i != HIVE_SYSTEM)
            hive_commit(e.hives[i]);
        save_hive(&e, e.hives[i], host_print(&e, "Windows/System32/config/%s", files[i]), i == HIVE_SYSTEM && h->dirty);
    }
    for (size_t i = 0; i < e.user_count; i++) {
        const profile *p = &e.users[i];
        hive_commit(p->user);
        hive_commit(p->classes);
        save_hive(&e, p->user, host_print(&e, "Users/%s/NTUSER.DAT", p->name), false);
        save_hive(&e, p->classes, host_print(&e, "Users/%s/AppData/Local/Microsoft/Windows/UsrClass.dat", p->name), false);
    }
    write_state(&e);
    arena_done(&own);
    return e.why;
}
