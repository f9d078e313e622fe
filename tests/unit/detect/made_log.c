#include "made_log.h"

#include <stdlib.h>

static arena run_mem;
static detect_run *run;

int made_set_up(void **state)
{
    (void)state;
    arena_init(&run_mem, 0);
    profile *facts;
    status s = profile_open(getenv("SUYUAN_PROFILES"), &run_mem, &facts);
    if (status_is_ok(s))
        s = detect_run_new(facts, &run_mem, &run);
    if (!status_is_ok(s))
        print_error("%s\n", s.words);
    return status_is_ok(s) ? 0 : -1;
}

int made_tear_down(void **state)
{
    (void)state;
    arena_done(&run_mem);
    return 0;
}

made *made_begin(void)
{
    arena mem;
    arena_init(&mem, 0);
    made *m = arena_alloc(&mem, sizeof *m);
    *m = (made){ .mem = mem, .computer = "DB1", .time = MADE_START };
    buf_init(&m->bytes, 1u << 30);
    vec_init(&m->acts, sizeof(act));
    vec_init(&m->tallies, sizeof(tally));
    vec_init(&m->claims, sizeof(identity_claim));
    m->writer = evtx_writer_buf(&m->mem, &m->bytes, NULL);
    return m;
}

void made_end(made *m)
{
    buf_done(&m->bytes);
    vec_done(&m->acts);
    vec_done(&m->tallies);
    vec_done(&m->claims);
    arena mem = m->mem;
    arena_done(&mem);
}

/* Who writes into a channel, where a detector asks for it. */
static const char *provider_of(const char *channel)
{
    static const char *const providers[][2] = {
        { SECURITY, EVTX_AUDITING }, { SYSTEM, "Service Control Manager" }, { SYSMON, "Microsoft-Windows-Sysmon" }, { "Windows PowerShell", "PowerShell" },
    };
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++)
        if (strcmp(providers[i][0], channel) == 0)
            return providers[i][1];
    return "Suyuan-Test";
}

void made_put(made *m, evtx_out e)
{
    if (!e.provider)
        e.provider = provider_of(e.channel);
    if (!e.computer)
        e.computer = m->computer;
    if (!e.time)
        e.time = m->time;
    m->time = e.time + MOMENT_SECOND;
    assert_true(evtx_put(m->writer, &e));
}

void made_hostile(made *m, const char *channel, const char *provider, uint32_t id, const char *const *names, size_t count)
{
    static const uint8_t junk[] = { 0x41, 0x00, 0x00, 0x00, 0x42, 0x00, 0x00, 0xd8, 0x43, 0x00, 0xff, 0xff, 0x0a, 0x00, 0x25 };
    char *length = arena_alloc(&m->mem, 20001);
    static const char words[] = "powershell -enc AAAA \\\\x\\pipe http:// <Command> %s \"\\..\\ /create ";
    for (size_t i = 0; i < 20000; i++)
        length[i] = words[i % (sizeof words - 1)];
    const evtx_field wrong[] = {
        { .type = EVTX_NULL }, { .type = EVTX_STR, .text = "" }, { .type = EVTX_STR, .text = "-" }, { .type = EVTX_STR, .text = length },
        { .type = EVTX_STR, .bytes = { junk, 15 } }, { .type = EVTX_STR, .bytes = { junk, 1 } }, { .type = EVTX_ASTR, .text = "C:\\x.exe" }, { .type = EVTX_U32, .number = 4000000000u },
        { .type = EVTX_U64, .number = UINT64_MAX }, { .type = EVTX_HEX64, .number = 0 }, { .type = EVTX_BOOL, .number = 1 }, { .type = EVTX_BIN, .bytes = { junk, 15 } },
        { .type = EVTX_SID, .text = "S-1-5-18" }, { .type = EVTX_TIME, .number = UINT64_MAX }, { .type = EVTX_STRS, .text = "one\n\nthree" },
        { .type = EVTX_STR, .text = "\\" }, { .type = EVTX_STR, .text = "\"" }, { .type = EVTX_STR, .text = "%SystemRoot%\\..\\..\\" }, { .type = EVTX_STR, .text = "<<<&lt;&" },
    };
    evtx_field *fields = arena_array(&m->mem, count, sizeof *fields);
    for (size_t at = 0; at < count; at++)
        for (size_t w = 0; w < sizeof wrong / sizeof *wrong; w++) {
            for (size_t i = 0; i < count; i++)
                fields[i] = evtx_str(names[i], "C:\\Windows\\Temp\\cmd.exe");
            const char *name = names[at];
            fields[at] = wrong[w];
            fields[at].name = name;
            made_put(m, (evtx_out){ .channel = channel, .provider = provider, .id = id, .fields = fields, .field_count = count });
            made_put(m, (evtx_out){ .channel = channel, .provider = provider, .id = id, .kind = EVTX_CLASSIC, .fields = fields, .field_count = count });
        }
    made_put(m, (evtx_out){ .channel = channel, .provider = provider, .id = id });
}

static fact *copied(arena *mem, const fact *facts, size_t count)
{
    fact *out = arena_array(mem, count + 1, sizeof *out);
    for (size_t i = 0; i < count; i++)
        out[i] = (fact){ arena_str(mem, facts[i].name), arena_str(mem, facts[i].value) };
    return out;
}

static const log_ref *log_copied(arena *mem, const log_ref *log)
{
    log_ref *out = arena_alloc(mem, sizeof *out);
    *out = (log_ref){ arena_str(mem, log->file), arena_str(mem, log->path), arena_str(mem, log->computer), arena_str(mem, log->channel) };
    return out;
}

/* What every note must be, whoever made it. */
static void check_facts(const fact *facts, size_t count)
{
    assert_true(count <= NOTE_FACTS);
    for (size_t i = 0; i < count; i++) {
        assert_true(*facts[i].value);
        assert_true(strlen(facts[i].value) <= NOTE_VALUE);
        assert_true(utf8_valid(span_str(facts[i].value)));
        assert_true(i == 0 || strcmp(facts[i - 1].name, facts[i].name) < 0);
    }
}

static void keep_act(void *context, const act *a)
{
    made *m = context;
    check_facts(a->facts, a->fact_count);
    assert_true(!a->finding || (a->confidence > 0 && a->confidence <= 100));
    act *kept = vec_push(&m->acts);
    *kept = *a;
    kept->log = log_copied(&m->mem, a->log);
    kept->facts = copied(&m->mem, a->facts, a->fact_count);
    kept->techniques = arena_str(&m->mem, a->techniques);
    kept->text = arena_str(&m->mem, a->text);
}

static void keep_tally(void *context, const tally *t)
{
    made *m = context;
    check_facts(t->key, t->key_count);
    tally *kept = vec_push(&m->tallies);
    *kept = *t;
    kept->log = log_copied(&m->mem, t->log);
    kept->key = copied(&m->mem, t->key, t->key_count);
    kept->buckets = arena_array(&m->mem, t->bucket_count, sizeof *kept->buckets);
    memcpy(kept->buckets, t->buckets, t->bucket_count * sizeof *kept->buckets);
}

static void keep_claim(void *context, const identity_claim *c)
{
    made *m = context;
    identity_claim *kept = vec_push(&m->claims);
    *kept = *c;
    kept->computer = arena_str(&m->mem, c->computer);
    kept->key = arena_str(&m->mem, c->key);
    kept->value = arena_str(&m->mem, c->value);
    kept->channel = arena_str(&m->mem, c->channel);
    kept->source = arena_str(&m->mem, c->source);
    kept->strength = arena_str(&m->mem, c->strength);
}

static void count_cut(void *context, const log_ref *log, const char *kind, uint64_t dropped)
{
    (void)log;
    (void)kind;
    ((made *)context)->cut += dropped;
}

void made_read(made *m)
{
    status s = evtx_writer_close(m->writer);
    assert_string_equal(s.words, "");
    problems noted;
    problems_init(&noted, &m->mem);
    evtx log;
    span bytes = buf_bytes(&m->bytes);
    s = evtx_open(&m->mem, evtx_source_bytes(&bytes), &noted, &log);
    assert_string_equal(s.words, "");
    evtx_reader *reader = evtx_reader_new(NULL);
    event_view *view = event_view_new(detect_run_fields(run));
    detect_pass *pass = detect_pass_new(run, "0123456789abcdef", "made.evtx");
    evtx_record record;
    event ev;
    for (size_t i = 0; i < log.chunk_count; i++) {
        assert_true(evtx_chunk_load(reader, &log, i, &noted));
        while (evtx_next(reader, &record)) {
            assert_true(event_of(view, &record, &ev));
            detect_pass_step(pass, &ev);
            m->records++;
        }
    }
    detect_sink sink = { m, keep_act, keep_tally, NULL, keep_claim, count_cut };
    detect_pass_end(pass, &sink);
    event_view_free(view);
    evtx_reader_free(reader);
}

size_t made_acts(const made *m, const char *kind)
{
    size_t n = 0;
    for (size_t i = 0; i < m->acts.count; i++)
        n += !kind || strcmp(((const act *)vec_at(&m->acts, i))->kind, kind) == 0;
    return n;
}

size_t made_found(const made *m, const char *finding)
{
    size_t n = 0;
    for (size_t i = 0; i < m->acts.count; i++) {
        const act *a = vec_at(&m->acts, i);
        n += a->finding && (!finding || strcmp(a->finding, finding) == 0);
    }
    return n;
}

const act *made_act(const made *m, const char *kind, size_t nth)
{
    for (size_t i = 0; i < m->acts.count; i++) {
        const act *a = vec_at(&m->acts, i);
        if (strcmp(a->kind, kind) == 0 && nth-- == 0)
            return a;
    }
    fail_msg("no such act: %s", kind);
    return NULL;
}

const act *made_act_of(const made *m, const char *kind, const char *fact, const char *value)
{
    for (size_t i = 0; i < m->acts.count; i++) {
        const act *a = vec_at(&m->acts, i);
        if (strcmp(a->kind, kind) == 0 && strcmp(fact_of(a, fact), value) == 0)
            return a;
    }
    return NULL;
}

uint64_t made_tally(const made *m, const char *kind, const char *fact, const char *value)
{
    uint64_t n = 0;
    for (size_t i = 0; i < m->tallies.count; i++) {
        const tally *t = vec_at(&m->tallies, i);
        if (strcmp(t->kind, kind) != 0 || (fact && strcmp(note_fact(t->key, t->key_count, fact), value) != 0))
            continue;
        for (size_t b = 0; b < t->bucket_count; b++)
            n += t->buckets[b].count;
    }
    return n;
}

const char *fact_of(const act *a, const char *name)
{
    return note_fact(a->facts, a->fact_count, name);
}

bool fact_lists(const act *a, const char *name, const char *word)
{
    size_t len = strlen(word);
    const char *list = fact_of(a, name);
    for (const char *at = list; (at = strstr(at, word)); at += len)
        if ((at == list || at[-1] == ',') && (at[len] == 0 || at[len] == ','))
            return true;
    return false;
}
