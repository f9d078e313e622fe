/* Which programs and scripts were dropped where they matter? (Sysmon 11, 15: start-up folders, the Windows folder, known files,
 * programs written by the System process, that is over the network.) */
#include "detect/detect.h"
#include "detect/family.h"
#include "detect/looks.h"

#include <strings.h>

typedef struct { families *families; looks *looks; field file, image, hashes, user; } files_run;

static status setup(const detect_setup *s, void **out)
{
    files_run *run = arena_alloc(s->mem, sizeof *run);
    fields *f = s->names;
    run->file = fields_intern(f, "TargetFilename");
    run->image = fields_intern(f, "Image");
    run->hashes = fields_intern(f, "Hash");
    run->user = fields_intern(f, "User");
    *out = run;
    status st = families_new(s->facts, s->mem, &run->families);
    return status_is_ok(st) ? looks_new(s->facts, s->mem, &run->looks) : st;
}

static bool runs(const char *path)
{
    static const char *const endings[] = { ".exe", ".dll", ".sys", ".scr", ".ps1", ".bat", ".cmd", ".vbs", ".js", ".hta", ".com", ".pif", ".lnk" };
    size_t n = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (n > strlen(endings[i]) && strcasecmp(path + n - strlen(endings[i]), endings[i]) == 0)
            return true;
    return false;
}

static void step(const void *context, void *state, const event *ev, detect_log *out)
{
    (void)state;
    const files_run *run = context;
    arena *mem = detect_scratch(out);
    char *file = value_text(event_get(ev, run->file), mem), *image = value_text(event_get(ev, run->image), mem), *hashes = value_text(event_get(ev, run->hashes), mem);
    if (!file)
        return;
    char *path = looks_path(file, mem);
    const char *name = looks_file(path);
    bool startup = strcasestr(path, "\\start menu\\programs\\startup\\") && strcasecmp(name, "desktop.ini") != 0;
    family_hit h = families_file(run->families, path);
    if (!h.family && hashes)
        h = families_hashes(run->families, hashes);
    bool by_network = image && strcasecmp(image, "System") == 0 && runs(path);
    bool odd = runs(path) && (looks_random(run->looks, name) && strncasecmp(path, "%w\\", 3) == 0);
    if (!startup && !h.family && !by_network && !odd)
        return;
    detect_act_builder *a = detect_act(out, ev, startup ? "startup.file" : "file.drop");
    detect_fact(a, "file", file);
    detect_fact(a, "image", image);
    detect_fact(a, "hashes", hashes);
    detect_fact_value(a, "account", event_get(ev, run->user));
    detect_fact(a, "family", h.family);
    detect_fact(a, "looks", h.family ? "family" : by_network ? "by-network" : odd ? "random-file" : NULL);
    if (startup)
        detect_finding(a, "startup-file", h.family || by_network ? SEVERITY_HIGH : SEVERITY_MEDIUM, h.family ? h.weight : by_network ? 85 : 50, by_network ? "T1547.001 T1021.002" : "T1547.001", by_network ? "startup-file.network" : NULL);
    else if (h.family)
        detect_finding(a, "malware-file", SEVERITY_CRITICAL, h.weight, "T1036.005", "malware-file.family");
    else if (by_network)
        detect_finding(a, "remote-execution", SEVERITY_MEDIUM, 60, "T1021.002 T1570", "remote-execution.dropped");
}

#define SYSMON "Microsoft-Windows-Sysmon/Operational"
static const detect_want wants[] = { { SYSMON, NULL, 11 }, { SYSMON, NULL, 15 } };
const detector detect_files = { "files", wants, sizeof wants / sizeof *wants, setup, NULL, step, NULL };
