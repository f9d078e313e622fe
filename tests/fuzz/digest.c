/* Digests over any bytes, in three ways: as a file, as the text inside one, and as notes in a loose notation (below) from which
 * digests are made that are right in form and hostile in what they say. What is read is written again the same, and joined:
 * the case must not depend on the order of the digests, is JSON that can be read, and its report has no script but its own.
 *
 * Loose notation: one note a line, members parted by tabs; facts are name=value; times are seconds from a day in May 2020, `-` is
 * unknown, `!` begins a number taken as it is.
 *     d                                                                  the next digest begins
 *     a computer channel kind record time finding fact...                an act
 *     t computer channel kind block start count last fact...             a tally of one bucket
 *     b computer channel block records first_record last_record first last
 *     c computer key value from to strength                              a claim
 *     e path computer channel records first_record last_record first last problem */
#include "incident/incident.h"
#include "report/report.h"
#include "store/store.h"

#include "base/utf16.h"

#include <stdlib.h>
#include <zstd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PACKED_BYTES = 8 << 20, DIGESTS = 4, PARTS = 24, FACTS = 16, NOTES = 2000 };
#define DAY_ZERO 132336288000000000u            /* 2020-05-12T00:00:00Z */

static void require(bool kept)
{
    if (!kept)
        abort();
}

/* ---- notes in loose notation ---- */

static uint64_t number(const char *text)
{
    return strtoull(*text == '!' ? text + 1 : text, NULL, 10);
}

static moment time_of(const char *text)
{
    if (*text == '!')
        return number(text);
    return *text == '-' || !*text ? MOMENT_UNKNOWN : DAY_ZERO + number(text) % (400ull * 86400) * MOMENT_SECOND;
}

static size_t take_facts(char **parts, size_t count, fact *out)
{
    size_t n = 0;
    for (size_t i = 0; i < count && n < FACTS; i++) {
        char *equals = strchr(parts[i], '=');
        if (!equals)
            continue;
        *equals = '\0';
        out[n++] = (fact){ parts[i], equals + 1 };
    }
    return n;
}

static void take_note(digest *to, char **parts, size_t count)
{
    static char *const nothing = "";
    fact facts[FACTS];
    char *of[9];
    for (size_t i = 0; i < 9; i++)
        of[i] = i < count ? parts[i] : nothing;
    char **rest = parts + 8;
    size_t more = count > 8 ? count - 8 : 0;
    log_ref log = { .file = "0123456789abcdef", .path = "Log.evtx", .computer = of[1], .channel = of[2] };
    switch (*of[0]) {
    case 'a': {
        size_t n = take_facts(count > 7 ? parts + 7 : rest, count > 7 ? count - 7 : 0, facts);
        digest_add_act(to, &(act){
            .log = &log, .kind = of[3], .record = number(of[4]), .time = time_of(of[5]), .finding = *of[6] ? of[6] : NULL, .severity = SEVERITY_HIGH,
            .confidence = 80, .techniques = "T1543.003", .facts = facts, .fact_count = n,
        });
        break;
    }
    case 't': {
        moment start = time_of(of[5]), last = time_of(of[7]);
        tally_bucket bucket = { start, (uint32_t)number(of[6]), number(of[4]) * BLOCK_RECORDS, start, last };
        size_t n = take_facts(rest, more, facts);
        digest_add_tally(to, &(tally){ .log = &log, .kind = of[3], .block = number(of[4]), .key = facts, .key_count = n, .width = MOMENT_MINUTE, .buckets = &bucket, .bucket_count = 1 });
        break;
    }
    case 'b': {
        block_anchor anchors[] = { { number(of[5]), time_of(of[7]) }, { number(of[6]), time_of(of[8]) } };
        digest_add_block(to, &(log_block){
            .log = &log, .block = number(of[3]), .records = (uint32_t)number(of[4]), .first_record = number(of[5]), .last_record = number(of[6]),
            .first = time_of(of[7]), .last = time_of(of[8]), .anchors = anchors, .anchor_count = 2,
        });
        break;
    }
    case 'c':
        digest_add_claim(to, &(identity_claim){ "0123456789abcdef", of[1], of[2], of[3], time_of(of[4]), time_of(of[5]), 1, "System", "record", of[6] });
        break;
    case 'e': {
        static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        const problem wrong = { *of[8] ? of[8] : "chunk.checksum", 1, 5, "words" };
        digest_add_evidence(to, &(evidence_file){
            .path = of[1], .unit = "HOST1", .sha256 = hash, .kind = "evtx", .read = true, .computer = of[2], .channel = of[3], .records = number(of[4]),
            .first_record = number(of[5]), .last_record = number(of[5]) + number(of[4]), .first = time_of(of[6]), .last = time_of(of[7]),
            .problems = &wrong, .problem_count = *of[8] != '\0',
        });
        break;
    }
    default: break;
    }
}

static digest *digest_begin(void)
{
    const digest_head head = { .unit = "HOST1", .tool = "t", .profiles = "p", .rules = "", .options = "", .sources = "" };
    return digest_new(&head);
}

static digest *read_text(span text)
{
    digest *read = NULL;
    size_t room = ZSTD_compressBound(text.len);
    void *packed = malloc(room);
    size_t len = ZSTD_compress(packed, room, text.at, text.len, 1);
    require(!ZSTD_isError(len));
    if (!status_is_ok(digest_read(span_of(packed, len), &read)))
        read = NULL;
    free(packed);
    return read;
}

/* Written, read and written again: the digest that was read, and the same lines. */
static digest *through_text(digest *made)
{
    buf first, second;
    buf_init(&first, DIGEST_BYTES);
    buf_init(&second, DIGEST_BYTES);
    require(status_is_ok(digest_lines(made, &first)));
    digest *read = read_text(buf_bytes(&first));
    require(read && status_is_ok(digest_lines(read, &second)));
    require(span_eq(buf_bytes(&first), buf_bytes(&second)));
    buf_done(&first);
    buf_done(&second);
    digest_free(made);
    return read;
}

static size_t take_notes(char *text, digest **out)
{
    size_t count = 1, notes = 0;
    out[0] = digest_begin();
    for (char *line = text; line && notes < NOTES; notes++) {
        char *next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        char *parts[PARTS];
        size_t n = 0;
        for (char *part = line; part && n < PARTS; n++) {
            parts[n] = part;
            part = strchr(part, '\t');
            if (part)
                *part++ = '\0';
        }
        if (*parts[0] == 'd' && count < DIGESTS)
            out[count++] = digest_begin();
        else
            take_note(out[count - 1], parts, n);
        line = next;
    }
    for (size_t i = 0; i < count; i++)
        out[i] = through_text(out[i]);
    return count;
}

/* ---- what is accepted ---- */

static size_t times(span text, const char *word)
{
    size_t n = 0;
    for (const uint8_t *at = text.at; (at = memmem(at, text.len - (size_t)(at - text.at), word, strlen(word))) != NULL; at++)
        n++;
    return n;
}

static void check_shown(span text)
{
    require(utf8_valid(text));
    for (size_t at = 0; at < text.len;) {
        uint32_t c = utf8_take(text, &at);
        require((c >= ' ' || c == '\n' || c == '\t') && !(c >= 0x7f && c < 0xa0) && !(c >= 0x202a && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069));
    }
}

static void report(const json *c)
{
    enum { LINES = 40 };
    buf page, summary;
    buf_init(&page, STORE_BYTES);
    buf_init(&summary, STORE_BYTES);
    require(status_is_ok(report_html(c, LANG_EN, &page)) && status_is_ok(report_summary(c, LANG_ZH, LINES, &summary)));
    check_shown(buf_bytes(&page));
    check_shown(buf_bytes(&summary));
    require(times(buf_bytes(&page), "<script") == 1 && times(buf_bytes(&page), "</script") == 1);
    require(times(buf_bytes(&summary), "\n") <= LINES);
    buf_done(&page);
    buf_done(&summary);
}

static void join(digest *const *digests, size_t count, buf *out)
{
    static arena lasting;
    static profile *facts;
    static const scene *told;
    static const char scene_text[] = "time_zone: Asia/Shanghai\nhosts:\n  - name: DB1\n    addresses: [10.0.0.1]\nclaims:\n"
                                     "  - host: DB1\n    what: blue-screen\n    value: 2020-05-12 08:00\n";
    if (!told) {
        arena_init(&lasting, 0);
        require(status_is_ok(profile_open(NULL, &lasting, &facts)));
        require(status_is_ok(scene_parse(&lasting, "scene.yml", span_str(scene_text), &told)));
    }
    arena mem, tree;
    suyuan_case *c;
    json *parsed;
    arena_init(&mem, 0);
    arena_init(&tree, 0);
    require(status_is_ok(incident_join(&mem, digests, count, told, facts, &c)));
    require(status_is_ok(store_json(c, DAY_ZERO, out)));
    require(utf8_valid(buf_bytes(out)) && status_is_ok(json_parse(&tree, buf_bytes(out), &parsed)));
    report(parsed);
    arena_done(&tree);
    arena_done(&mem);
}

static void join_both_ways(digest **digests, size_t count)
{
    buf forth, back;
    digest *reversed[DIGESTS];
    buf_init(&forth, STORE_BYTES);
    buf_init(&back, STORE_BYTES);
    for (size_t i = 0; i < count; i++)
        reversed[i] = digests[count - 1 - i];
    join(digests, count, &forth);
    if (count > 1) {
        join(reversed, count, &back);
        require(span_eq(buf_bytes(&forth), buf_bytes(&back)));
    }
    buf_done(&forth);
    buf_done(&back);
    for (size_t i = 0; i < count; i++)
        digest_free(digests[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    digest *digests[DIGESTS];
    if (size && *data == '{') {
        digests[0] = read_text(span_of(data, size));
        if (!digests[0])
            return 0;
        buf lines;
        buf_init(&lines, DIGEST_BYTES);
        require(status_is_ok(digest_lines(digests[0], &lines)) && span_eq(buf_bytes(&lines), span_of(data, size)));
        digest *twice = digest_new(digest_heading(digests[0]));
        digest_merge(twice, digests[0]);
        digest_merge(twice, digests[0]);
        buf_clear(&lines);
        require(status_is_ok(digest_lines(twice, &lines)) && span_eq(buf_bytes(&lines), span_of(data, size)));
        digest_free(twice);
        buf_done(&lines);
        join_both_ways(digests, 1);
    } else if (size >= 4 && memcmp(data, "\x28\xb5\x2f\xfd", 4) == 0) {
        buf packed;
        buf_init(&packed, PACKED_BYTES);
        if (status_is_ok(digest_read(span_of(data, size), &digests[0]))) {
            require(status_is_ok(digest_write(digests[0], &packed)));
            digest_free(digests[0]);
            require(status_is_ok(digest_read(buf_bytes(&packed), &digests[0])));
            join_both_ways(digests, 1);
        }
        buf_done(&packed);
    } else {
        char *text = malloc(size + 1);
        memcpy(text, data, size);
        text[size] = '\0';
        join_both_ways(digests, take_notes(text, digests));
        free(text);
    }
    return 0;
}
