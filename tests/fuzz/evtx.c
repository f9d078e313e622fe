/* Event logs over any bytes, as a log, as one chunk, and carved: every record as JSON by program and by walker, and as XML; the
 * detectors over all of them, and a digest of what they noted. What programs and the walker write must be the same.
 * An input of even length is filled up with zeros to whole chunks, so that small inputs reach as far as large ones. */
#include "survey/log.h"

#include "base/utf16.h"
#include "format/binxml_program.h"

#include <stdlib.h>
#include <zstd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RENDERED_BYTES = 4 << 20, TREE_BYTES = 64 << 20 };

static void require(bool kept)
{
    if (!kept)
        abort();
}

/* ---- where the bytes come from ---- */

typedef struct { span bytes; uint64_t size; } padded;

static int64_t read_padded(void *context, uint64_t offset, void *out, size_t len)
{
    const padded *p = context;
    if (offset >= p->size)
        return 0;
    if (len > p->size - offset)
        len = (size_t)(p->size - offset);
    span there = span_part(p->bytes, (size_t)offset, len);
    memset(out, 0, len);
    if (there.len)
        memcpy(out, there.at, there.len);
    return (int64_t)len;
}

static evtx_source source_of(padded *p, const uint8_t *data, size_t size)
{
    uint64_t head = size >= 4 && memcmp(data, "ElfF", 4) == 0 ? EVTX_HEADER : 0;
    *p = (padded){ span_of(data, size), size };
    if (size % 2 == 0 && size > head)
        p->size = head + (size - head + EVTX_CHUNK - 1) / EVTX_CHUNK * EVTX_CHUNK;
    return (evtx_source){ .context = p, .read = read_padded, .size = p->size };
}

/* ---- records as text ---- */

/* How deep the objects of a text are, as far as our own reader goes. */
static bool too_deep(span text)
{
    size_t depth = 0;
    bool inside = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        if (inside)
            i += c == '\\';
        if (c == '"')
            inside = !inside;
        else if (!inside && (c == '{' || c == '['))
            depth++;
        else if (!inside && (c == '}' || c == ']'))
            depth--;
        if (depth >= JSON_DEPTH)
            return true;
    }
    return false;
}

static void render(const evtx_record *record, arena *tree, buf *fast, buf *slow)
{
    binxml_fault why = { 0 };
    json *parsed;
    buf_clear(fast);
    buf_clear(slow);
    bool can = binxml_json(&record->xml, fast, &why);
    require(can || why.field);
    require(binxml_json_walked(&record->xml, slow, &why) == can || fast->overflow || slow->overflow);
    buf_clear(fast);
    if (bx_run(&record->xml, fast) && !fast->overflow)
        require(can && span_eq(buf_bytes(fast), buf_bytes(slow)));
    buf_clear(fast);
    binxml_json(&record->xml, fast, &why);
    if (can && !fast->overflow) {
        span text = buf_bytes(fast);
        require(span_eq(text, buf_bytes(slow)) && utf8_valid(text));
        require(!memchr(text.at, '\n', text.len));
        arena_reset(tree);
        require(too_deep(text) || status_is_ok(json_parse(tree, text, &parsed)) || tree->spent);
    }
    buf_clear(fast);
    if (binxml_xml(&record->xml, fast, &why) && !fast->overflow) {
        span text = buf_bytes(fast);
        require(utf8_valid(text));
        for (size_t i = 0; i < text.len; i++)
            require(text.at[i] >= ' ' || text.at[i] == '\t' || text.at[i] == '\n' || text.at[i] == '\r');
    }
}

static void render_log(const evtx *log, evtx_reader *reader, arena *tree, problems *noted)
{
    evtx_record record;
    buf fast, slow;
    buf_init(&fast, RENDERED_BYTES);
    buf_init(&slow, RENDERED_BYTES);
    for (size_t i = 0; i < log->chunk_count; i++) {
        if (!evtx_chunk_load(reader, log, i, noted))
            continue;
        while (evtx_next(reader, &record))
            render(&record, tree, &fast, &slow);
        while (evtx_next_recovered(reader, &record)) {
            require(record.recovered);
            render(&record, tree, &fast, &slow);
        }
    }
    buf_done(&fast);
    buf_done(&slow);
}

static void render_all(evtx_source source)
{
    arena mem, tree;
    problems noted;
    evtx log;
    arena_init(&mem, 0);
    arena_init(&tree, TREE_BYTES);
    problems_init(&noted, &mem);
    binxml_templates *templates = binxml_templates_new();
    evtx_reader *reader = evtx_reader_new(templates);
    if (status_is_ok(evtx_open(&mem, source, &noted, &log))) {
        evtx_meet_templates(reader, &log);
        binxml_templates_lend(templates);
    } else {
        log = (evtx){ .source = source };
    }
    if (status_is_ok(evtx_carve(&mem, &noted, &log)))
        render_log(&log, reader, &tree, &noted);
    evtx_reader_free(reader);
    binxml_templates_free(templates);
    arena_done(&tree);
    arena_done(&mem);
}

/* ---- what the detectors note of it ---- */

static const detect_run *run_of_all(void)
{
    static arena mem;
    static detect_run *run;
    profile *facts;
    if (!run) {
        arena_init(&mem, 0);
        require(status_is_ok(profile_open(NULL, &mem, &facts)));
        require(status_is_ok(detect_run_new(facts, &mem, &run)));
    }
    return run;
}

static void detect_all(evtx_source source)
{
    arena mem;
    problems noted;
    buf lines, packed;
    const digest_head head = { .unit = "HOST1", .tool = "t", .profiles = "p", .rules = "", .options = "", .sources = "" };
    static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const evidence_item item = { .unit = "HOST1", .unit_path = "", .path = "Log.evtx", .type = EVIDENCE_EVTX, .size = source.size, .source = source };
    evidence_file e = { .id = "0123456789abcdef", .path = "Log.evtx", .unit = "HOST1", .sha256 = hash, .kind = "evtx", .first = MOMENT_UNKNOWN, .last = MOMENT_UNKNOWN };
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    log_setup setup = { .run = run_of_all(), .templates = binxml_templates_new(), .since = MOMENT_UNKNOWN, .until = MOMENT_UNKNOWN };
    log_reader *reader = log_reader_new(&setup);
    digest *written = digest_new(&head), *read = NULL;
    status done = log_read(reader, &item, &noted, &e, written);
    e.read = status_is_ok(done);
    e.problems = noted.items;
    e.problem_count = noted.count;
    e.problems_dropped = noted.dropped;
    digest_add_evidence(written, &e);
    buf_init(&lines, DIGEST_BYTES);
    require(status_is_ok(digest_lines(written, &lines)));
    buf_init(&packed, ZSTD_compressBound(lines.len));
    buf_room(&packed, ZSTD_compressBound(lines.len));
    packed.len = ZSTD_compress(packed.at, packed.room, lines.at, lines.len, 1);        /* quicker than digest_write, and read the same */
    require(!ZSTD_isError(packed.len) && status_is_ok(digest_read(buf_bytes(&packed), &read)));
    buf_done(&lines);
    digest_free(read);
    digest_free(written);
    buf_done(&packed);
    log_reader_free(reader);
    binxml_templates_free(setup.templates);
    arena_done(&mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    padded bytes;
    evtx_source source = source_of(&bytes, data, size);
    render_all(source);
    detect_all(source);
    return 0;
}
