/* Where in the file each page frame lies.
 *
 * A complete dump has runs of frames in its header; newer debuggers write a longer table of them (RDMP). A kernel dump has a bit for
 * each frame, and the pages in order of their frames: a page's place is the number of bits set before its own. These are counted
 * once, a sum for each stretch of the map, so that a lookup reads one stretch and no map is ever held whole. */
#include "format/crashdump_inside.h"

#define PAGE          4096u
#define FRAMES_MOST   (1ull << 40)            /* 52 bits of address */
#define BITS_MOST     0x7fffffffull           /* 8 TiB; no Windows of these formats ran with more */
#define STRETCH       4096u                   /* bytes of a bitmap that one sum stands for */
#define STRETCH_BITS  (8ull * STRETCH)
#define STRETCHES     8u                      /* kept in memory */
#define CACHED        128u                    /* pages kept in memory */
#define RUNS_MOST     (1u << 19)              /* of an RDMP */
#define WALKED        256u                    /* translations kept */
#define UNSET         0x45474150u             /* "PAGE" */

typedef struct { uint64_t first, count, at; } page_run;

struct crashdump_pages {
    uint64_t told;                            /* pages that it says to hold */
    uint64_t top;                             /* one behind the highest frame */
    uint64_t end;                             /* of the last page in the file */
    page_run *runs; size_t run_count;         /* in order of frame */
    uint64_t map_at, bits, first_at;          /* a bitmap, and the first page */
    uint64_t *before;                         /* bits set before each stretch */
    struct { uint64_t number; bool held; uint8_t bytes[STRETCH]; } stretch[STRETCHES];
    struct { uint64_t frame; bool held; } cached[CACHED];
    uint8_t (*pages)[PAGE];
    crashdump_walked walked[WALKED];
};

static void trouble(crashdump *d, const char *kind, uint64_t at, const char *words) { problems_note(d->noted, kind, PROBLEM_NO_CHUNK, at, "%s", words); }

static uint32_t read32(const crashdump *d, uint64_t at)
{
    uint8_t b[4] = { 0 };
    return crashdump_bytes(d, at, b, sizeof b) ? le32(b) : 0;
}
static uint64_t read64(const crashdump *d, uint64_t at)
{
    uint8_t b[8] = { 0 };
    return crashdump_bytes(d, at, b, sizeof b) ? le64(b) : 0;
}

/* ---- Runs ---- */

static int by_first(const void *a, const void *b)
{
    const page_run *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

/* Takes a run of the table: false when it cannot be one, and nothing behind it has a place any more. */
static bool take_run(crashdump *d, vec *runs, uint64_t first, uint64_t count, uint64_t *at, uint64_t told_at)
{
    if (count > FRAMES_MOST || first > FRAMES_MOST - count || *at > FRAMES_MOST * PAGE) {
        trouble(d, "dump.runs", told_at, "a run of pages reaches beyond any memory; what comes after it is lost");
        return false;
    }
    if (count == 0)
        return true;
    *(page_run *)vec_push(runs) = (page_run){ first, count, *at };
    d->pages->told += count;
    if (first + count > d->pages->top)
        d->pages->top = first + count;
    *at += count * PAGE;
    return true;
}

static void keep_runs(crashdump *d, vec *runs, uint64_t end)
{
    crashdump_pages *p = d->pages;
    p->end = end;
    vec_sort(runs, by_first);
    p->run_count = runs->count;
    p->runs = arena_array(d->mem, runs->count, sizeof *p->runs);
    if (!p->runs)
        p->run_count = 0;
    else if (runs->count)
        memcpy(p->runs, runs->at, runs->count * sizeof *p->runs);
    for (size_t i = 1; i < p->run_count; i++) {
        if (p->runs[i].first < p->runs[i - 1].first + p->runs[i - 1].count) {
            trouble(d, "dump.overlap", 0, "two runs of pages claim the same frame");
            break;
        }
    }
    if (end > d->from.size)
        problems_note(d->noted, "dump.torn", PROBLEM_NO_CHUNK, d->from.size, "the file ends %llu bytes before its pages do",
                      (unsigned long long)(end - d->from.size));
}

static bool open_header_runs(crashdump *d)
{
    bool wide = d->head.wide;
    uint64_t block = wide ? 0x88 : 0x64, at = wide ? 0x2000 : 0x1000;
    uint32_t count = read32(d, block), most = wide ? (700 - 16) / 16 : (700 - 8) / 8;
    uint64_t told = wide ? read64(d, block + 8) : read32(d, block + 4);
    if (count == 0 || count == UNSET || count > most) {
        trouble(d, "dump.runs", block, count == UNSET ? "the table of its pages was never filled in" : "the table of its pages cannot be true");
        return false;
    }
    vec runs;
    vec_init(&runs, sizeof(page_run));
    for (uint32_t i = 0; i < count; i++) {
        uint64_t where = wide ? block + 16 + 16ull * i : block + 8 + 8ull * i;
        uint64_t first = wide ? read64(d, where) : read32(d, where), n = wide ? read64(d, where + 8) : read32(d, where + 4);
        if (!take_run(d, &runs, first, n, &at, where))
            break;
    }
    if (told != d->pages->told)
        trouble(d, "dump.count", block, "the runs of its pages and their number disagree");
    keep_runs(d, &runs, at);
    vec_done(&runs);
    return d->pages->run_count > 0;
}

/* RDMP: the debugger's own form. Its table ends with the room for it, with a run of no pages, or with the number of pages told. */
static bool open_debugger_runs(crashdump *d)
{
    enum { AT = 0x2000, TABLE = 0x2030 };
    uint8_t mark[8];
    if (!d->head.wide || !crashdump_bytes(d, AT + 4, mark, sizeof mark) || memcmp(mark, "RDMPDUMP", 8) != 0) {
        trouble(d, "dump.pages", AT + 4, "the table of its pages has no beginning");
        return false;
    }
    uint64_t size = read64(d, AT + 0x10), first = read64(d, AT + 0x18), total = 0, where = TABLE;
    if (first > d->from.size || first < TABLE || size - 0x20 != first - 0x2040)
        trouble(d, "dump.pages", AT + 0x18, "the first page cannot lie where it is told to");
    if (first > d->from.size || first < TABLE)
        return false;
    if (d->head.type == CRASHDUMP_LIVE_FULL)
        total = read64(d, AT + 0x28);
    vec runs;
    vec_init(&runs, sizeof(page_run));
    uint64_t at = first;
    for (; where + 16 <= first && runs.count < RUNS_MOST && (total == 0 || d->pages->told < total); where += 16) {
        uint8_t pair[16];
        if (!crashdump_bytes(d, where, pair, sizeof pair) || le64(pair + 8) == 0)
            break;
        if (!take_run(d, &runs, le64(pair), le64(pair + 8), &at, where))
            break;
    }
    keep_runs(d, &runs, at);
    vec_done(&runs);
    return d->pages->run_count > 0;
}

static uint64_t place_in_runs(const crashdump_pages *p, uint64_t frame)
{
    size_t low = 0, high = p->run_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->runs[middle].first <= frame)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low, looked = 0; i-- > 0 && looked < 2; looked++)      /* with overlaps the one before may hold it too */
        if (frame - p->runs[i].first < p->runs[i].count)
            return p->runs[i].at + (frame - p->runs[i].first) * PAGE;
    return 0;
}

/* ---- Bitmaps ---- */

static const uint8_t *stretch_of(crashdump *d, uint64_t number)
{
    crashdump_pages *p = d->pages;
    size_t slot = number % STRETCHES;
    if (!p->stretch[slot].held || p->stretch[slot].number != number) {
        uint64_t from = number * STRETCH, bytes = (p->bits + 7) / 8;
        size_t n = bytes - from < STRETCH ? (size_t)(bytes - from) : STRETCH;
        p->stretch[slot].held = false;
        memset(p->stretch[slot].bytes, 0, STRETCH);
        if (!crashdump_bytes(d, p->map_at + from, p->stretch[slot].bytes, n))
            return NULL;
        p->stretch[slot].held = true;
        p->stretch[slot].number = number;
    }
    return p->stretch[slot].bytes;
}

/* Bits set among the first `bits` of it. */
static uint64_t count_bits(const uint8_t *bytes, uint64_t bits)
{
    uint64_t n = 0, at = 0;
    for (; at + 64 <= bits; at += 64)
        n += (uint64_t)__builtin_popcountll(le64(bytes + at / 8));
    for (; at < bits; at++)
        n += bytes[at / 8] >> at % 8 & 1;
    return n;
}

static bool open_bitmap(crashdump *d)
{
    crashdump_pages *p = d->pages;
    uint64_t block = d->head.wide ? 0x2000 : 0x1000;
    uint8_t mark[8];
    if (!crashdump_bytes(d, block, mark, sizeof mark) || (memcmp(mark, "SDMP", 4) != 0 && memcmp(mark, "FDMP", 4) != 0) || memcmp(mark + 4, "DUMP", 4) != 0) {
        trouble(d, "dump.pages", block, "the map of its pages has no beginning");
        return false;
    }
    if (d->head.type == CRASHDUMP_SUMMARY) {
        p->first_at = read32(d, block + 0xc);
        p->bits = read32(d, block + 0x10);
        p->told = read32(d, block + 0x14);
        p->map_at = block + (d->head.wide ? 0x28 : 0x20);
    } else {
        p->first_at = read64(d, block + 0x20);
        p->told = read64(d, block + 0x28);
        p->bits = read64(d, block + 0x30);
        p->map_at = block + 0x38;
    }
    if (p->bits == 0 || p->bits > BITS_MOST || (p->bits + 7) / 8 > d->from.size - p->map_at || p->told > p->bits) {
        trouble(d, "dump.bitmap", block, "the size of the map of its pages cannot be true");
        return false;
    }
    if (p->first_at < p->map_at + (p->bits + 7) / 8 || p->first_at > d->from.size) {
        trouble(d, "dump.pages", block, "the first page cannot lie where it is told to");
        return false;
    }
    uint64_t stretches = (p->bits + STRETCH_BITS - 1) / STRETCH_BITS, set = 0;
    p->before = arena_array(d->mem, (size_t)stretches, sizeof *p->before);
    if (!p->before)
        return false;
    for (uint64_t i = 0; i < stretches; i++) {
        uint64_t left = p->bits - i * STRETCH_BITS;
        p->before[i] = set;
        const uint8_t *s = stretch_of(d, i);
        if (!s) {
            trouble(d, "dump.bitmap", p->map_at + i * STRETCH, "the map of its pages cannot be read");
            return false;
        }
        set += count_bits(s, left < STRETCH_BITS ? left : STRETCH_BITS);
    }
    p->top = p->bits;
    if (set != p->told) {
        problems_note(d->noted, "dump.count", PROBLEM_NO_CHUNK, block, "the map names %llu pages, and their number is told as %llu", (unsigned long long)set,
                      (unsigned long long)p->told);
        p->told = set;
    }
    p->end = p->first_at + set * PAGE;
    if (set > (d->from.size - p->first_at) / PAGE)
        problems_note(d->noted, "dump.torn", PROBLEM_NO_CHUNK, d->from.size, "the file ends %llu pages before the last",
                      (unsigned long long)(set - (d->from.size - p->first_at) / PAGE));
    return true;
}

static uint64_t place_in_bitmap(crashdump *d, uint64_t frame)
{
    crashdump_pages *p = d->pages;
    if (frame >= p->bits)
        return 0;
    const uint8_t *s = stretch_of(d, frame / STRETCH_BITS);
    uint64_t bit = frame % STRETCH_BITS;
    if (!s || !(s[bit / 8] >> bit % 8 & 1))
        return 0;
    return p->first_at + (p->before[frame / STRETCH_BITS] + count_bits(s, bit)) * PAGE;
}

/* ---- All of them ---- */

/* With five levels of tables kernel addresses lie outside what four can reach. */
static bool four_levels_reach(uint64_t address) { return address >> 47 == 0x1ffff || address >> 47 == 0; }

void crashdump_pages_open(crashdump *d)
{
    uint32_t type = d->head.type;
    bool runs = type == CRASHDUMP_FULL, map = type == CRASHDUMP_SUMMARY || type == CRASHDUMP_BITMAP_FULL || type == CRASHDUMP_BITMAP_KERNEL || type == CRASHDUMP_AUTOMATIC;
    bool debugger = type >= CRASHDUMP_LIVE_KERNEL && type <= CRASHDUMP_LIVE_FULL;
    d->pages = NULL;
    if (!runs && !map && !debugger)
        return;
    if (d->head.machine == CRASHDUMP_ARM64 || d->head.machine == CRASHDUMP_OTHER_MACHINE) {
        trouble(d, "dump.tables", 0, d->head.machine == CRASHDUMP_ARM64 ? "page tables of ARM64 are not read" : "page tables of this kind of processor are not read");
        return;
    }
    if (d->head.machine == CRASHDUMP_X64 && !(four_levels_reach(d->head.loaded_modules) && four_levels_reach(d->head.active_processes))) {
        trouble(d, "dump.tables", 0, "its addresses need page tables of five levels, which are not read");
        return;
    }
    d->pages = arena_alloc(d->mem, sizeof *d->pages);
    if (!d->pages)
        return;
    d->pages->pages = arena_array(d->mem, CACHED, PAGE);
    if (!d->pages->pages || !(runs ? open_header_runs(d) : map ? open_bitmap(d) : open_debugger_runs(d)))
        d->pages = NULL;
}

bool              crashdump_has_memory(const crashdump *d) { return d->pages != NULL; }
uint64_t          crashdump_page_count(const crashdump *d) { return d->pages ? d->pages->told : 0; }
uint64_t          crashdump_pages_end(const crashdump *d) { return d->pages ? d->pages->end : 0; }
uint64_t          crashdump_frames(const crashdump *d) { return d->pages ? d->pages->top : 0; }
crashdump_walked *crashdump_walk_slot(crashdump *d, uint64_t key) { return &d->pages->walked[(key ^ key >> 8 ^ key >> 20) % WALKED]; }

const uint8_t *crashdump_page_lend(crashdump *d, uint64_t frame)
{
    crashdump_pages *p = d->pages;
    if (!p)
        return NULL;
    size_t slot = (frame ^ frame >> 7) % CACHED;
    if (p->cached[slot].held && p->cached[slot].frame == frame)
        return p->pages[slot];
    uint64_t at = p->runs ? place_in_runs(p, frame) : place_in_bitmap(d, frame);
    p->cached[slot].held = false;
    if (at == 0 || !crashdump_bytes(d, at, p->pages[slot], PAGE))
        return NULL;
    p->cached[slot].held = true;
    p->cached[slot].frame = frame;
    return p->pages[slot];
}
