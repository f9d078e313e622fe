/* Addresses of a dump with pages, translated as its processor and its Windows would.
 *
 * An entry that the processor does not take as present may still name a page: one in transition lies where it was, a prototype
 * points to the entry that all share. Others name the page file, which is in no dump. */
#include "format/crashdump_inside.h"

#define PAGE       4096u
#define PRESENT    0x1u
#define LARGE      0x80u
#define SWIZZLE    0x10u
#define PROTOTYPE  0x400u
#define TRANSITION 0x800u
#define FRAME_MASK 0xffffffffff000ull

static const char absent[] = "absent", paged_out[] = "paged-out", unmapped[] = "unmapped", torn[] = "torn";

static bool translate(crashdump *d, uint64_t table, uint64_t address, unsigned depth, uint64_t *frame, const char **why);

/* From 10.0.17763 on an entry that is not present may have its frame mixed with a mask that the kernel chose above all memory
 * (so that the processor's guesses find nothing there). Bits above the machine's memory are that mask. */
static uint64_t unmix(const crashdump *d, uint64_t frame, uint64_t entry)
{
    if (!d->head.wide || d->head.os_build < 17763 || entry & SWIZZLE || frame < crashdump_frames(d))
        return frame;
    uint64_t all = 1;
    while (all < crashdump_frames(d))
        all <<= 1;
    return frame & (all - 1);
}

/* Of an entry of the last level, or of a prototype that it led to. `depth` counts prototypes: one leads to no other. */
static bool resolve(crashdump *d, uint64_t entry, unsigned depth, uint64_t *frame, const char **why)
{
    if (entry & PRESENT || (entry & (TRANSITION | PROTOTYPE)) == TRANSITION) {
        *frame = (entry & FRAME_MASK) >> 12;
        if (!(entry & PRESENT))
            *frame = unmix(d, *frame, entry);
        return true;
    }
    *why = entry == 0 ? unmapped : paged_out;
    if (!(entry & PROTOTYPE) || depth > 0 || d->head.machine == CRASHDUMP_X86)       /* x86 without PAE hides the address; a file's page is on disk */
        return false;
    uint64_t shared = d->head.wide ? (uint64_t)((int64_t)entry >> 16) : entry >> 32, at;
    if (!translate(d, d->head.table, shared, depth + 1, &at, why))
        return false;
    const uint8_t *page = crashdump_page_lend(d, at);
    if (!page || shared % 8) {
        *why = absent;
        return false;
    }
    return resolve(d, le64(page + shared % PAGE), depth + 1, frame, why);
}

typedef struct { unsigned shift, bits; bool large; } level;
static const level levels_x86[] = { { 22, 10, true }, { 12, 10, false } }, levels_pae[] = { { 30, 2, false }, { 21, 9, true }, { 12, 9, false } },
                   levels_x64[] = { { 39, 9, false }, { 30, 9, true }, { 21, 9, true }, { 12, 9, false } };

static bool walk(crashdump *d, uint64_t table, uint64_t address, unsigned depth, uint64_t *frame, const char **why)
{
    bool x86 = d->head.machine == CRASHDUMP_X86, pae = d->head.machine == CRASHDUMP_X86_PAE;
    const level *levels = x86 ? levels_x86 : pae ? levels_pae : levels_x64;
    size_t count = x86 ? 2 : pae ? 3 : 4;
    uint64_t at = pae ? table & 0xffffffe0u : x86 ? table & 0xfffff000u : table & FRAME_MASK;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *page = crashdump_page_lend(d, at / PAGE);
        uint64_t index = address >> levels[i].shift & ((1u << levels[i].bits) - 1);
        if (!page) {
            *why = absent;
            return false;
        }
        page += at % PAGE;
        uint64_t entry = x86 ? le32(page + 4 * index) : le64(page + 8 * index);
        if (levels[i].large && (entry & (PRESENT | LARGE)) == (PRESENT | LARGE)) {
            uint64_t size = 1ull << levels[i].shift, base = x86 ? (entry & 0xffc00000) | (entry & 0x1fe000) << 19 : entry & FRAME_MASK & ~(size - 1);
            *frame = (base + (address & (size - 1))) / PAGE;
            return true;
        }
        if (!resolve(d, entry, i + 1 < count ? 1 : depth, frame, why))
            return false;
        at = *frame * PAGE;
    }
    return true;
}

static bool translate(crashdump *d, uint64_t table, uint64_t address, unsigned depth, uint64_t *frame, const char **why)
{
    *why = unmapped;
    if (d->head.wide ? address >> 47 != 0 && address >> 47 != 0x1ffff : address >> 32 != 0)
        return false;
    crashdump_walked *slot = crashdump_walk_slot(d, address / PAGE ^ table);
    if (slot->held && slot->table == table && slot->page == address / PAGE) {
        *frame = slot->frame;
        return true;
    }
    if (!walk(d, table, address, depth, frame, why))
        return false;
    *slot = (crashdump_walked){ table, address / PAGE, *frame, true };
    return true;
}

bool crashdump_pages_read(crashdump *d, uint64_t table, uint64_t address, void *out, size_t len, const char **why)
{
    const char *reason = absent;
    size_t done = 0;
    while (done < len && d->pages) {
        uint64_t at = address + done, frame;
        size_t n = PAGE - at % PAGE;
        n = n < len - done ? n : len - done;
        if (at < address || !translate(d, table ? table : d->head.table, at, 0, &frame, &reason))
            break;
        const uint8_t *page = crashdump_page_lend(d, frame);
        if (!page) {
            reason = absent;
            break;
        }
        memcpy((uint8_t *)out + done, page + at % PAGE, n);
        done += n;
    }
    if (done == len)
        return true;
    if (why)
        *why = done > 0 ? torn : reason;
    return false;
}
