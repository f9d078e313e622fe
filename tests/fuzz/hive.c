/* The questions that are asked of hives over any bytes: accounts, identity, settings, autostarts. What they note is UTF-8 without
 * control characters that it could not have, has a place in the hive, keeps the limits of a note, and is the same when asked again.
 * Bins are filled up with zeros to a whole page and the base block's checksum is put right, so that small inputs reach as far as
 * real ones. */
#include "detect/artifact.h"
#include "format/regf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAGE = 4096, FACTS_MOST = 32, TEXT_MOST = 4096 };

static void require(bool kept)
{
    if (!kept)
        abort();
}

typedef struct { size_t acts, claims; uint64_t cut, sum; } told;

static void text(told *t, const char *s)
{
    size_t len = strlen(s);
    require(utf8_valid(span_str(s)) && len <= TEXT_MOST);
    t->sum = t->sum * 1099511628211u ^ hash64(span_of(s, len));
}

static void take_act(void *context, const act *a)
{
    told *t = context;
    t->acts++;
    require(a->fact_count <= FACTS_MOST && a->confidence <= 100);
    text(t, a->kind);
    for (size_t i = 0; i < a->fact_count; i++) {
        text(t, a->facts[i].name);
        text(t, a->facts[i].value);
    }
    t->sum ^= a->record + a->time;
}

static void take_claim(void *context, const identity_claim *c)
{
    told *t = context;
    t->claims++;
    text(t, c->key);
    text(t, c->value);
}

static void take_cut(void *context, const log_ref *log, const char *kind, uint64_t dropped)
{
    (void)log;
    (void)kind;
    ((told *)context)->cut += dropped;
}

static told ask(const detect_run *run, const regf *hive)
{
    told t = { 0 };
    detect_artifact *a = detect_artifact_new(run, "0123456789abcdef", "Users/bob/NTUSER.DAT", "registry/HIVE");
    detect_artifact_hive(a, hive);
    detect_artifact_end(a, &(detect_sink){ &t, take_act, NULL, NULL, take_claim, take_cut });
    return t;
}

static const detect_run *questions(void)
{
    static arena kept;
    static detect_run *run;
    if (!run) {
        profile *facts;
        arena_init(&kept, 0);
        require(status_is_ok(profile_open(NULL, &kept, &facts)) && status_is_ok(detect_run_new(facts, &kept, &run)));
    }
    return run;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t whole = size < 2 * PAGE ? 2 * PAGE : (size + PAGE - 1) / PAGE * PAGE;
    uint8_t *bytes = calloc(whole, 1);
    if (!bytes)
        return 0;
    if (size)
        memcpy(bytes, data, size);
    uint32_t sum = 0;
    for (size_t i = 0; i < 508; i += 4)
        sum ^= le32(bytes + i);
    sum = sum == 0 ? 1 : sum == UINT32_MAX ? UINT32_MAX - 1 : sum;
    memcpy(bytes + 508, &sum, 4);

    arena mem;
    problems noted;
    regf *hive;
    arena_init(&mem, 256 << 20);
    problems_init(&noted, &mem);
    if (status_is_ok(regf_open(&mem, span_of(bytes, whole), NULL, 0, &noted, &hive))) {
        told first = ask(questions(), hive), again = ask(questions(), hive);
        require(first.acts == again.acts && first.claims == again.claims && first.cut == again.cut && first.sum == again.sum);
    }
    arena_done(&mem);
    free(bytes);
    return 0;
}
