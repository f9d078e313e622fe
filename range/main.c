/* suyuan-range: makes the evidence of a simulated incident, and the truth about it. */
#include "range/dump_write.h"
#include "range/crash.h"
#include "range/hive_big.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "usage: suyuan-range --seed N -o DIR [switches]\n"
    "       suyuan-range --crash SCENARIO --seed N -o DIR [switches]\n"
    "       suyuan-range --hive BYTES -o FILE\n"
    "       suyuan-range --dump MACHINE-KIND [--os V] [--build N] [--memory MB] [--large-pages] [--user-pages] [--intruder] [--computer NAME] -o FILE\n"
    "Makes the evidence of a simulated incident (DIR/hosts/NAME: Logs/*.evtx, and hives and tasks under C/) and the truth about it (DIR/truth.json).\n"
    "The same number gives the same bytes. What no switch says, the number decides; number 1 is the field report's incident.\n"
    "  --crash SCENARIO     blue screens of one known cause: smb-attack, miner-driver, bad-memory, new-driver, update, power-cut, operator,\n"
    "                       two-causes, one-host, before-attack, logs-cleared or dump-only\n"
    "  --entry WAY          rdp, rdp-nla, smb, mssql or exploit\n"
    "  --hosts N            hosts that were delivered\n"
    "  --undelivered N      hosts attacked, and attacking, that were not\n"
    "  --os LIST            6.0, 6.1, 6.2, 6.3, 10.0, in turn (with commas)\n"
    "  --lang LANG          zh, en or mixed: language of the Windows systems\n"
    "  --days N             days that the logs cover\n"
    "  --size MB            of all logs together, about\n"
    "  --intruders N        1, or 2\n"
    "  --without hives      logs only\n"
    "  --clock-off HOURS    one host's clock is wrong by so much\n"
    "  --source-empty, --slow, --cleared, --rolled, --audit-off, --renamed, --overlap, --no-attack, --scene\n"
    "                       each also with =no\n"
    "A dump is of MACHINE x86, pae or x64, and of KIND complete, kernel, small, bitmap-complete, bitmap-kernel, automatic, or\n"
    "(x64) live-kernel, live-kernel-user, live-complete: of a server that stopped in srv.sys.\n";

static bool read_number(const char *text, long least, long most, int *out)
{
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    *out = (int)n;
    return errno == 0 && end != text && *end == 0 && n >= least && n <= most;
}

static bool read_word(const char *text, const char *const *words, int *out)
{
    for (int i = 0; words[i]; i++) {
        if (strcmp(text, words[i]) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

static bool read_systems(const char *text, switches *sw)
{
    char one[8];
    for (const char *p = text; sw->os_count < sizeof sw->os / sizeof *sw->os;) {
        size_t n = strcspn(p, ",");
        if (n >= sizeof one)
            return false;
        memcpy(one, p, n);
        one[n] = 0;
        if (!nt_parse(one, &sw->os[sw->os_count++]))
            return false;
        if (p[n] == 0)
            return true;
        p += n + 1;
    }
    return false;
}

static bool read_flag(const char *name, const char *value, switches *sw)
{
    const struct { const char *name; int *at; } flags[] = {
        { "source-empty", &sw->source_empty }, { "slow", &sw->slow }, { "cleared", &sw->cleared }, { "rolled", &sw->rolled }, { "audit-off", &sw->audit_off },
        { "renamed", &sw->renamed }, { "overlap", &sw->overlap }, { "no-attack", &sw->no_attack }, { "scene", &sw->scene } };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (strcmp(flags[i].name, name) == 0) {
            *flags[i].at = !(value && strcmp(value, "no") == 0);
            return !value || strcmp(value, "no") == 0 || strcmp(value, "yes") == 0;
        }
    }
    return false;
}

static bool read_option(const char *name, const char *value, switches *sw)
{
    static const char *const ways[] = { "rdp", "rdp-nla", "smb", "mssql", "exploit", NULL }, *const languages[] = { "en", "zh", "mixed", NULL };
    char *end;
    if (strcmp(name, "seed") == 0) {
        errno = 0;
        sw->seed = strtoull(value, &end, 10);
        return errno == 0 && end != value && *end == 0;
    }
    if (strcmp(name, "size") == 0) {
        sw->size = strtod(value, &end);
        return end != value && *end == 0 && sw->size >= 0.5 && sw->size <= 100000;
    }
    if (strcmp(name, "clock-off") == 0) {
        sw->clock_given = true;
        return read_number(value, -48, 48, &sw->clock_off);
    }
    if (strcmp(name, "crash") == 0)
        return read_word(value, crash_scenarios, &sw->crash);
    if (strcmp(name, "without") == 0)
        return sw->no_hives = strcmp(value, "hives") == 0;
    return strcmp(name, "entry") == 0         ? read_word(value, ways, &sw->entry)
           : strcmp(name, "lang") == 0        ? read_word(value, languages, &sw->language)
           : strcmp(name, "hosts") == 0       ? read_number(value, 1, HOSTS_MOST, &sw->hosts)
           : strcmp(name, "undelivered") == 0 ? read_number(value, 0, HOSTS_MOST, &sw->undelivered)
           : strcmp(name, "days") == 0        ? read_number(value, 3, 400, &sw->days)
           : strcmp(name, "intruders") == 0   ? read_number(value, 1, 2, &sw->intruders)
           : strcmp(name, "os") == 0          ? read_systems(value, sw)
                                              : false;
}

static bool takes_value(const char *name)
{
    static const char *const with[] = { "seed", "size", "clock-off", "entry", "lang", "hosts", "undelivered", "days", "intruders", "os", "without", "crash" };
    for (size_t i = 0; i < sizeof with / sizeof *with; i++)
        if (strcmp(with[i], name) == 0)
            return true;
    return false;
}

static bool read_arguments(int count, char **list, switches *sw, const char **wrong)
{
    static char name[32];
    for (int i = 1; i < count; i++) {
        const char *value = NULL;
        *wrong = list[i];
        if (strcmp(list[i], "-o") == 0 && i + 1 < count) {
            sw->out = list[++i];
            continue;
        }
        size_t n = strcspn(list[i], "=");
        if (strncmp(list[i], "--", 2) != 0 || n >= sizeof name)
            return false;
        memcpy(name, list[i] + 2, n - 2);
        name[n - 2] = 0;
        if (list[i][n] == '=')
            value = list[i] + n + 1;
        else if (takes_value(name) && i + 1 < count)
            value = list[++i];
        if (takes_value(name) ? !value || !read_option(name, value, sw) : !read_flag(name, value, sw))
            return false;
    }
    return true;
}

/* A hive of about this size, for measuring. */
static int make_hive(const char *size, const char *path)
{
    char *end;
    errno = 0;
    unsigned long long bytes = strtoull(size, &end, 10);
    if (errno || end == size || *end || bytes < 10000 || bytes > 500000000) {
        fprintf(stderr, "suyuan-range: a hive has between 10000 and 500000000 bytes\n");
        return 2;
    }
    status st = hive_big(path, bytes);
    if (!status_is_ok(st))
        fprintf(stderr, "suyuan-range: %s\n", st.words);
    return status_is_ok(st) ? 0 : 1;
}

int main(int count, char **list)
{
    switches sw = switches_none();
    const char *wrong = NULL;
    if (count == 2 && strcmp(list[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (count == 5 && strcmp(list[1], "--hive") == 0 && strcmp(list[3], "-o") == 0)
        return make_hive(list[2], list[4]);
    if (count > 1 && strcmp(list[1], "--dump") == 0)
        return dump_command(count, list);
    if (!read_arguments(count, list, &sw, &wrong)) {
        fprintf(stderr, "suyuan-range: what is '%s'? --help tells the switches\n", wrong);
        return 2;
    }
    if (!sw.out || sw.seed == UINT64_MAX) {
        fprintf(stderr, "suyuan-range: --seed N and -o DIR are needed; --help tells the switches\n");
        return 2;
    }
    status st = range_make(&sw);
    if (!status_is_ok(st)) {
        fprintf(stderr, "suyuan-range: %s\n", st.words);
        return st.code == STATUS_BAD_INPUT ? 2 : 1;
    }
    return 0;
}
