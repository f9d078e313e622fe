/* Users' hives: the administrator's, the service account's where one logs on, and DEFAULT. */
#include "range/host.h"

typedef struct {
    const char *key, *value, *text;
} text_row;

#define ROW(...) { __VA_ARGS__ },
static const text_row rows[] = {
#include "range/data/users.def"
};

static void fill(estate *e, hive *h, bool person)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hive_key *k = hive_at(h, hive_root(h), rows[i].key);
        if (*rows[i].text == '#')
            hive_dword(h, k, rows[i].value, (uint32_t)strtoul(rows[i].text + 1, NULL, 0));
        else if (*rows[i].text == '%')
            hive_expand(h, k, rows[i].value, rows[i].text);
        else if (*rows[i].value)
            hive_sz(h, k, rows[i].value, rows[i].text);
    }
    for (unsigned i = 0; i < (person ? 300u : 80u); i++) {
        hive_key *k = hive_at(h, hive_root(h),
                              host_print(e, "Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\FileExts\\.%c%c%c", 'a' + i % 26,
                                         'a' + i / 26 % 26, 'a' + i * 7 % 26));
        hive_sz(h, hive_at(h, k, "OpenWithList"), "a", "NOTEPAD.EXE");
        hive_sz(h, hive_at(h, k, "OpenWithList"), "MRUList", "a");
    }
    if (person)
        hive_dword(h, hive_at(h, hive_root(h), "Software\\Sysinternals\\PsExec"), "EulaAccepted", 1);
}

static void add_profile(estate *e, const char *name, const char *sid, moment at)
{
    static const char *const roots[] = { "CMI-CreateHive{6A1C4018-979D-4291-A7DC-7AED1C75B67C}",
                                         "CsiTool-CreateHive-{00000000-0000-0000-0000-000000000000}", "ROOT" };
    profile *p = &e->users[e->user_count++];
    hive_options o = { .minor = e->h->nt >= NT_100 ? 5 : 3,
                       .root = roots[e->h->nt <= NT_61   ? 0
                                     : e->h->nt <= NT_63 ? 1
                                                         : 2],
                       .file = host_print(e, "\\??\\C:\\Users\\%.14s\\ntuser.dat", name),
                       .clock = at,
                       .base_dates = e->h->nt <= NT_62 };
    *p = (profile){ name, sid, hive_new(e->mem, &o), NULL };
    fill(e, p->user, true);
    o.root = host_print(e, "%s_Classes", sid);
    o.file = "\\Microsoft\\Windows\\UsrClass.dat";
    p->classes = hive_new(e->mem, &o);
    hive_key *k = hive_at(p->classes, hive_root(p->classes), "Local Settings\\Software\\Microsoft\\Windows\\Shell\\MuiCache");
    hive_sz(p->classes, k, "C:\\Windows\\system32\\mmc.exe", "Microsoft Management Console");
    hive_sz(p->classes, k, "C:\\Windows\\system32\\notepad.exe", e->h->zh ? "记事本" : "Notepad");
    for (unsigned i = 0; i < 60; i++)
        hive_dword(p->classes,
                   hive_at(p->classes, hive_root(p->classes),
                           host_print(e, "Local Settings\\Software\\Microsoft\\Windows\\Shell\\Bags\\%u\\Shell", i)),
                   "KnownFolderDerivedFolderType", i);
    hive *software = e->hives[HIVE_SOFTWARE];
    hive_clock(software, at);
    k = hive_at(software, e->nt, host_print(e, "ProfileList\\%s", sid));
    hive_expand(software, k, "ProfileImagePath", host_print(e, "C:\\Users\\%s", name));
    hive_binary(software, k, "Sid", host_sid(e->mem, sid));
    hive_dword(software, k, "Flags", 0);
    hive_dword(software, k, "State", 0);
    for (size_t i = 0; i < e->h->people.count; i++) {
        const person *q = vec_at(&e->h->people, i);
        moment last = host_clock(e, q->last_logon);
        if (strcmp(q->name, name) != 0 || !moment_known(last))
            continue;
        hive_clock(software, last);
        hive_dword(software, k, "ProfileLoadTimeLow", (uint32_t)last);
        hive_dword(software, k, "ProfileLoadTimeHigh", (uint32_t)(last >> 32));
    }
    host_file(e, host_print(e, "Users/%s/AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Startup/desktop.ini", name),
              span_str("\r\n[.ShellClassInfo]\r\nLocalizedResourceName=@%SystemRoot%\\system32\\shell32.dll,-21787\r\n"));
}

void host_users(estate *e)
{
    fill(e, e->hives[HIVE_DEFAULT], false);
    add_profile(e, e->h->admin, host_print(e, "%s-500", e->h->sid), e->installed + 40 * MOMENT_MINUTE);
    if (rng_chance(&e->r, 50))
        add_profile(e, "report", host_print(e, "%s-%u", e->h->sid, 1000 + (unsigned)(hash64(span_str("report")) % 400)),
                    e->installed + 60 * MOMENT_DAY);
    host_file(e, "ProgramData/Microsoft/Windows/Start Menu/Programs/Startup/desktop.ini",
              span_str("\r\n[.ShellClassInfo]\r\nLocalizedResourceName=@%SystemRoot%\\system32\\shell32.dll,-21787\r\n"));
}
