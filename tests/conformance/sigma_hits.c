/* Rules over logs, for tests:  sigma_hits [-t] RULES LOG...   prints `hits rule-id title` for each rule that matched, sorted by id;
 * -t: only how many rules, events and hits. */
#include "format/evtx.h"
#include "sigma/sigma.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    bool totals = argc > 1 && strcmp(argv[1], "-t") == 0;
    argv += totals;
    argc -= totals;
    if (argc < 3)
        return 2;
    arena mem;
    profile *facts;
    sigma_rules *rules;
    arena_init(&mem, 0);
    double begin = now();
    const char *paths[] = { argv[1] };
    sigma_options o = { .paths = paths, .path_count = 1 };
    if (!status_is_ok(profile_open(NULL, &mem, &facts)))
        return 1;
    status s = sigma_load(facts, &o, &mem, &rules);
    if (!status_is_ok(s)) {
        fprintf(stderr, "%s\n", s.words);
        return 1;
    }
    double loaded = now();
    const sigma_refusal *refused;
    size_t refused_count = sigma_refused(rules, &refused);
    for (size_t i = 0; i < refused_count; i++)
        fprintf(stderr, "refused: %s:%u: %s\n", refused[i].path, refused[i].line, refused[i].reason);
    fields *names = fields_new(&mem);
    sigma_intern(rules, names);
    event_view *view = event_view_new(names);
    sigma_matcher *m = sigma_matcher_new(rules);
    binxml_templates *templates = binxml_templates_new();
    uint64_t *hits = arena_array(&mem, sigma_count(rules) + 1, sizeof *hits), events = 0, all = 0;
    for (int i = 2; i < argc; i++) {
        int fd = open(argv[i], O_RDONLY);
        struct stat st;
        if (fd < 0 || fstat(fd, &st) != 0)
            return 1;
        arena file;
        arena_init(&file, 0);
        problems noted;
        problems_init(&noted, &file);
        evtx log;
        if (status_is_ok(evtx_open(&file, evtx_source_fd(fd, (uint64_t)st.st_size, &file), &noted, &log))) {
            evtx_reader *reader = evtx_reader_new(templates);
            evtx_record record;
            for (size_t c = 0; c < log.chunk_count; c++) {
                if (!evtx_chunk_load(reader, &log, c, &noted))
                    continue;
                while (evtx_next(reader, &record)) {
                    event ev;
                    const uint32_t *matched;
                    if (!event_of(view, &record, &ev))
                        continue;
                    events++;
                    size_t n = sigma_match(m, &ev, &matched);
                    all += n;
                    for (size_t k = 0; k < n; k++)
                        hits[matched[k]]++;
                }
            }
            evtx_reader_free(reader);
        }
        arena_done(&file);
        close(fd);
    }
    double done = now();
    if (totals)
        printf("%zu rules, %zu refused, loaded in %.2f s; %llu events, %llu hits in %.2f s: %.0f events/s\n", sigma_count(rules), refused_count,
               loaded - begin, (unsigned long long)events, (unsigned long long)all, done - loaded, (double)events / (done - loaded));
    for (size_t i = 0; i < sigma_count(rules) && !totals; i++)
        if (hits[i])
            printf("%llu %s %s\n", (unsigned long long)hits[i], sigma_rule_at(rules, i)->id, sigma_rule_at(rules, i)->title);
    sigma_matcher_free(m);
    event_view_free(view);
    binxml_templates_free(templates);
    sigma_free(rules);
    arena_done(&mem);
    return 0;
}
