/* suyuan audit: how hosts are set, held against a baseline. */
#include "cli/audit_print.h"
#include "cli/casework.h"
#include "cli/console.h"
#include "cli/given.h"
#include "cli/reading.h"
#include "format/nmap.h"
#include "incident/incident.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define SCAN_BYTES ((size_t)256 << 20)

typedef struct {
    vec digests;                    /* of digest * */
    vec scanned;                    /* act */
    arena mem;
} auditing;

static status take(void *context, digest *d, bool was_there)
{
    (void)was_there;
    auditing *a = context;
    *(digest **)vec_push(&a->digests) = d;
    return status_ok();
}

/* ---- What a scan saw ---- */

static void put_fact(act *a, const char *name, const char *value)
{
    if (value && *value)
        a->facts[a->fact_count++] = (fact){ name, value };
}

/* As acts that name the address; which host has it, the join knows. */
static void take_scan(auditing *a, const log_ref *log, const nmap *scan)
{
    uint64_t record = 0;
    for (size_t i = 0; i < scan->host_count; i++) {
        const nmap_host *h = &scan->hosts[i];
        for (size_t k = 0; k < h->address_count; k++)
            for (size_t p = 0; p <= h->port_count; p++) {
                if (p == h->port_count && !h->vulnerable)
                    continue;
                act *x = vec_push(&a->scanned);
                *x = (act){ .log = log, .kind = "port.open", .record = ++record, .time = scan->started, .facts = arena_array(&a->mem, 8, sizeof(fact)) };
                put_fact(x, "address", h->addresses[k]);
                if (p < h->port_count) {
                    put_fact(x, "port", h->ports[p].number);
                    put_fact(x, "product", h->ports[p].product);
                    put_fact(x, "protocol", h->ports[p].protocol);
                    put_fact(x, "service", h->ports[p].service);
                    put_fact(x, "state", h->ports[p].state);
                } else {
                    put_fact(x, "vulnerable", "ms17-010");
                }
            }
    }
}

static status read_scan(auditing *a, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return status_fail(STATUS_NOT_FOUND, "--nmap %s: %s", path, strerror(errno));
    buf bytes;
    buf_init(&bytes, SCAN_BYTES);
    uint8_t block[65536];
    ssize_t n;
    while ((n = read(fd, block, sizeof block)) > 0)
        buf_put(&bytes, block, (size_t)n);
    close(fd);
    problems noted;
    problems_init(&noted, &a->mem);
    nmap scan;
    status s = n < 0 || bytes.overflow ? status_fail(STATUS_IO, "cannot be read") : nmap_read(&a->mem, buf_bytes(&bytes), &noted, &scan);
    if (!status_is_ok(s)) {
        buf_done(&bytes);
        return status_fail(STATUS_BAD_INPUT, "--nmap %s: %s", path, s.words);
    }
    for (size_t i = 0; i < noted.count; i++)
        console_say(stderr, "%s: %s: %s", path, noted.items[i].kind, noted.items[i].text);
    uint8_t hash[32];
    char hex[65];
    sha256_of(buf_bytes(&bytes), hash);
    hex_of(span_of(hash, sizeof hash), hex);
    const char *slash = strrchr(path, '/');
    log_ref *log = arena_alloc(&a->mem, sizeof *log);
    *log = (log_ref){ arena_text(&a->mem, span_of(hex, 16)), arena_str(&a->mem, slash ? slash + 1 : path), "", "nmap" };
    take_scan(a, log, &scan);
    buf_done(&bytes);
    return status_ok();
}

/* ---- The verb ---- */

static status tell(auditing *a, const profile *facts, const char *baseline, lang l, audit_format format, bool *any)
{
    suyuan_case *made;
    incident_outside outside = { .baseline = baseline, .scanned = a->scanned.at, .scanned_count = a->scanned.count };
    status s = incident_join_with(&a->mem, a->digests.at, a->digests.count, NULL, facts, &outside, &made);
    if (!status_is_ok(s))
        return s;
    for (size_t i = 0; i < made->host_count; i++)
        *any |= made->hosts[i].collected;
    buf out;
    buf_init(&out, (size_t)1 << 30);
    if (format == AUDIT_HTML)
        audit_page(made, l, &a->mem, &out);
    else
        audit_print(made, format, l, &out);
    if (format == AUDIT_TABLE || console_is_terminal(stdout))
        console_escape(stdout, buf_bytes(&out), true);
    else
        fwrite(out.at, 1, out.len, stdout);
    buf_done(&out);
    return status_ok();
}

static status surveyed(const call *c, auditing *a, reading *r, survey_counts *counts)
{
    status s = status_ok();
    const char *scan;
    for (size_t i = 0; status_is_ok(s) && (scan = call_value_at(c, "nmap", i)); i++)
        s = read_scan(a, scan);
    survey_sink sink = { .context = a, .each = take };
    return status_is_ok(s) ? survey_run(&r->options, &sink, counts) : s;
}

static int run(const call *c)
{
    unsigned format = AUDIT_TABLE;
    call_word(c, "format", &format);
    int wrong = given_evidence(c);
    if (wrong != VERB_OK)
        return wrong;
    reading r;
    int begun = reading_begin(&r, c, false);
    if (begun != VERB_OK)
        return begun;
    auditing a = { 0 };
    arena_init(&a.mem, 0);
    vec_init(&a.digests, sizeof(digest *));
    vec_init(&a.scanned, sizeof(act));
    survey_counts counts = { 0 };
    const char *baseline = call_value(c, "baseline");
    profile *facts = NULL;
    status s = profile_open(NULL, &a.mem, &facts);
    if (status_is_ok(s) && baseline && strcmp(baseline, "auto") != 0)
        s = audit_baseline(facts, baseline, &a.mem);
    if (s.code == STATUS_NOT_FOUND)
        s = status_fail(STATUS_BAD_INPUT, "--baseline %s: %s", baseline, s.words);
    if (status_is_ok(s))
        s = surveyed(c, &a, &r, &counts);
    bool any = false;
    reading_end(&r);
    if (status_is_ok(s))
        s = tell(&a, facts, baseline ? baseline : "seed", r.l, (audit_format)format, &any);
    for (size_t i = 0; i < a.digests.count; i++)
        digest_free(*(digest **)vec_at(&a.digests, i));
    vec_done(&a.digests);
    vec_done(&a.scanned);
    arena_done(&a.mem);
    if (s.code == STATUS_BAD_INPUT)
        return call_usage(c, "%s", s.words);
    if (!status_is_ok(s))
        return call_failed(c, s);
    if (!console_ended())
        return VERB_FAILED;
    if (!any)
        reading_no_state(&r);
    return any ? reading_result(&counts) : VERB_UNREADABLE;
}

static const option options[] = {
    { 'f', "format", "table|jsonl|csv|html", "how it is written; table when not given" },
    { 0, "baseline", "NAME", "seed (the incident report's advice; when not given), 2008, 2008r2, 2012r2, 2016, 2019, 2022, or auto: the one for each host's version" },
    { 0, "nmap", "FILE", "what a port scan saw from outside (nmap -oX); may be given several times" },
    { 0, "lang", "zh|en", "its language; that of the locale when not given" },
    READING_OPTIONS,
};

const verb verb_audit = {
    .name = "audit",
    .summary = "hold the settings, accounts and patches of hosts against a baseline",
    .arguments = "PATH...",
    .description = "A PATH is a folder or archive with registry hives of any number of hosts (and with srv.sys, where there is one: its version decides "
                   "about MS17-010). For each host it is told what was found, what is wanted and where that comes from, why it matters, and the "
                   "policy's path and the exact command that mend it. What the evidence does not give is undecided, never passed; the score counts "
                   "only what was decided.\n\n"
                   "With a port scan the view from outside is joined by address: a port that the scan saw open is open, whatever the host's own "
                   "rules say.\n\n"
                   "The exit status is 3 when some evidence could not be read, or nothing was found that tells of a host.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .least_paths = 1,
    .most_paths = PATHS_ANY,
    .run = run,
};
