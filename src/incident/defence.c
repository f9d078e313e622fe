/* Is something missing that should be there? Record ids that a log lacks, and silences while other channels speak. What was
 * cleared is a record of its own and told by its detector. */
#include "incident/internal.h"

static void tell_gap(joined *j, const joined_log *log, const log_gap *g)
{
    bool silent = g->kind == GAP_SILENT;
    told *t = finding_new(j, log->host, "log-gap", g->from, arena_printf(j->mem, "%s %llu", log->channel, (unsigned long long)g->after));
    t->f.end = g->to;
    t->f.count = silent ? 1 : g->missing;
    t->f.severity = SEVERITY_MEDIUM;
    t->f.confidence = (unsigned)weight(j, silent ? "defence.sure-silence" : "defence.sure-missing");
    finding_technique(j, t, silent ? "T1562.002" : "T1070.001");
    finding_fact(j, t, "channel", log->channel);
    finding_fact(j, t, "after", write_u64(j, g->after));
    finding_fact(j, t, "before", write_u64(j, g->before));
    finding_fact(j, t, "missing", silent ? NULL : write_u64(j, g->missing));
    finding_ref(t, (evidence_ref){ .file = log->files[0], .channel = log->channel, .record = g->after, .time = g->from });
    t->f.text = say(j, silent ? "gap.silent" : "gap.missing", "channel", ARG_TEXT, log->channel, "from", ARG_TIME, write_time(j, g->from), "to", ARG_TIME,
                    write_time(j, g->to), "missing", ARG_NUMBER, silent ? NULL : write_u64(j, g->missing), "after", ARG_TEXT, write_u64(j, g->after), NULL);
}

/* A gap that lies between the files of one log, the younger of which has rolled over, is ordinary: told as coverage only. */
static bool rolled_between(const joined_log *log, const log_gap *g)
{
    return log->file_count > 1 && g->missing >= BLOCK_RECORDS;
}

void defence_find(joined *j)
{
    size_t most = (size_t)weight(j, "defence.gaps-told");
    for (size_t i = 0; i < j->logs.count; i++) {
        const joined_log *log = vec_at(&j->logs, i);
        size_t told_count = 0;
        for (size_t k = 0; k < log->gap_count && told_count < most; k++)
            if (!rolled_between(log, &log->gaps[k])) {
                tell_gap(j, log, &log->gaps[k]);
                told_count++;
            }
    }
}
