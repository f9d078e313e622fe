#include "range/dump_inside.h"

#include "range/put.h"

#define PRESENT  0x1u
#define LARGE    0x80u
#define KERNEL_PAGE 0x163u                    /* present, writable, accessed, dirty, global */
#define USER_PAGE   0x67u
#define TABLE_PAGE  0x63u
#define SELF_X64 0x1edu                       /* the entry of a top table that points to it */
#define SELF_X86 0x300u

uint32_t dump_frame(dump_memory *m, bool user)
{
    uint32_t f = m->next_frame;
    while (f < DUMP_FRAMES && (m->frames[f] || (m->large_count && f >= m->large_first && f < m->large_first + m->large_count)))
        f++;
    assert(f < DUMP_FRAMES);
    m->next_frame = f + 1;
    m->frames[f] = arena_alloc(m->plan->mem, DUMP_PAGE);
    m->user[f] = user;
    return f;
}

static uint64_t frame_of(const dump_memory *m, uint64_t entry) { return (m->plan->machine == DUMP_X86 ? entry & 0xfffff000 : entry & 0xffffffffff000) >> 12; }

static uint64_t entry_get(const dump_memory *m, uint64_t table, unsigned index)
{
    const uint8_t *page = table / DUMP_PAGE < DUMP_FRAMES ? m->frames[table / DUMP_PAGE] : NULL;
    if (!page)
        return 0;
    page += table % DUMP_PAGE;
    return m->plan->machine == DUMP_X86 ? le32(page + 4 * index) : le64(page + 8 * index);
}

static void entry_set(dump_memory *m, uint64_t table, unsigned index, uint64_t value)
{
    size_t each = m->plan->machine == DUMP_X86 ? 4 : 8;
    memcpy(m->frames[table / DUMP_PAGE] + table % DUMP_PAGE + each * index, &value, each);
}

/* Of each level from the top: how far its index is shifted, and how many bits it has. */
typedef struct { unsigned count; struct { unsigned shift, mask; } level[4]; } levels;
static const levels levels_of[] = {
    [DUMP_X86] = { 2, { { 22, 0x3ff }, { 12, 0x3ff } } },
    [DUMP_PAE] = { 3, { { 30, 3 }, { 21, 0x1ff }, { 12, 0x1ff } } },
    [DUMP_X64] = { 4, { { 39, 0x1ff }, { 30, 0x1ff }, { 21, 0x1ff }, { 12, 0x1ff } } },
};

/* The table whose entries are the pages of this address, made where there is none; `above`: of so many levels higher. */
static uint64_t leaf_table(dump_memory *m, uint64_t table, uint64_t address, unsigned above, bool user)
{
    const levels *l = &levels_of[m->plan->machine];
    uint64_t at = table;
    for (unsigned i = 0; i + 1 + above < l->count; i++) {
        unsigned index = (unsigned)(address >> l->level[i].shift) & l->level[i].mask;
        uint64_t e = entry_get(m, at, index);
        if (!(e & PRESENT)) {
            bool pdpt = m->plan->machine == DUMP_PAE && i == 0;
            e = (uint64_t)dump_frame(m, false) * DUMP_PAGE | (pdpt ? PRESENT : user ? USER_PAGE : TABLE_PAGE);
            entry_set(m, at, index, e);
        }
        assert(!(e & LARGE) || i + 2 + above == l->count);
        at = frame_of(m, e) * DUMP_PAGE;
    }
    return at;
}

static unsigned leaf_index(const dump_memory *m, uint64_t address, unsigned above)
{
    const levels *l = &levels_of[m->plan->machine];
    return (unsigned)(address >> l->level[l->count - 1 - above].shift) & l->level[l->count - 1 - above].mask;
}

void dump_set_entry(dump_memory *m, uint64_t table, uint64_t address, uint64_t entry)
{
    entry_set(m, leaf_table(m, table, address, 0, false), leaf_index(m, address, 0), entry);
}

uint64_t dump_entry(dump_memory *m, uint64_t table, uint64_t address)
{
    return entry_get(m, leaf_table(m, table, address, 0, false), leaf_index(m, address, 0));
}

void dump_map(dump_memory *m, uint64_t table, uint64_t address, uint32_t frame, bool user)
{
    entry_set(m, leaf_table(m, table, address, 0, user), leaf_index(m, address, 0), (uint64_t)frame * DUMP_PAGE | (user ? USER_PAGE : KERNEL_PAGE));
}

void dump_map_large(dump_memory *m, uint64_t table, uint64_t address, uint32_t frame)
{
    entry_set(m, leaf_table(m, table, address, 1, false), leaf_index(m, address, 1), (uint64_t)frame * DUMP_PAGE | KERNEL_PAGE | LARGE);
}

/* Where the byte lies, as the processor finds it; frame 0: nowhere. Pages in transition count: they are still there. */
static uint64_t translate(const dump_memory *m, uint64_t table, uint64_t address)
{
    const levels *l = &levels_of[m->plan->machine];
    uint64_t at = table;
    for (unsigned i = 0; i < l->count; i++) {
        uint64_t e = entry_get(m, at, (unsigned)(address >> l->level[i].shift) & l->level[i].mask);
        bool last = i + 1 == l->count;
        if (!(e & PRESENT) && !(last && (e & 0xc00) == 0x800))
            return 0;
        if ((e & LARGE) && (e & PRESENT) && i + 2 == l->count) {
            uint64_t size = 1ull << l->level[i].shift;
            return ((frame_of(m, e) * DUMP_PAGE) & ~(size - 1)) + (address & (size - 1));
        }
        at = frame_of(m, e) * DUMP_PAGE;
    }
    return at + address % DUMP_PAGE;
}

void dump_put(dump_memory *m, uint64_t table, uint64_t address, const void *bytes, size_t len)
{
    bool user = m->wide ? address < 0x800000000000 : address < 0x80000000;
    for (size_t done = 0; done < len;) {
        uint64_t at = translate(m, table, address + done);
        if (at == 0) {
            dump_map(m, table, address + done, dump_frame(m, user), user);
            continue;
        }
        if (!m->frames[at / DUMP_PAGE])                      /* of a large page */
            m->frames[at / DUMP_PAGE] = arena_alloc(m->plan->mem, DUMP_PAGE);
        size_t n = DUMP_PAGE - at % DUMP_PAGE;
        n = n < len - done ? n : len - done;
        memcpy(m->frames[at / DUMP_PAGE] + at % DUMP_PAGE, (const uint8_t *)bytes + done, n);
        done += n;
    }
}

void dump_get(const dump_memory *m, uint64_t table, uint64_t address, void *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint64_t at = translate(m, table, address + i);
        ((uint8_t *)out)[i] = at && m->frames[at / DUMP_PAGE] ? m->frames[at / DUMP_PAGE][at % DUMP_PAGE] : 0;
    }
}

void dump_put_number(dump_memory *m, uint64_t table, uint64_t address, uint64_t value, unsigned bytes) { dump_put(m, table, address, &value, bytes); }

uint64_t dump_pool(dump_memory *m, size_t size)
{
    uint64_t at = m->pool;
    m->pool += (size + 15) / 16 * 16 + 16;                   /* and a pool header in between */
    return at;
}

/* Windows keeps the tables of 32-bit processes with PAE side by side in one page: four entries each. */
uint64_t dump_table_new(dump_memory *m, bool system)
{
    dump_machine machine = m->plan->machine;
    if (machine == DUMP_PAE) {
        uint32_t f = dump_frame(m, false);
        uint64_t pdpt = (uint64_t)f * DUMP_PAGE + (system ? 0 : 0x20 * (1 + f % 7));
        for (unsigned i = 0; i < 4; i++)
            entry_set(m, pdpt, i, !system && i == 2 ? entry_get(m, m->table, 2) : (uint64_t)dump_frame(m, false) * DUMP_PAGE | PRESENT);
        uint64_t last = frame_of(m, entry_get(m, pdpt, 3)) * DUMP_PAGE;
        if (!system)
            memcpy(m->frames[last / DUMP_PAGE], m->frames[frame_of(m, entry_get(m, m->table, 3))], DUMP_PAGE);
        for (unsigned i = 0; i < 4; i++)
            entry_set(m, last, i, frame_of(m, entry_get(m, pdpt, i)) * DUMP_PAGE | TABLE_PAGE);
        return pdpt;
    }
    uint64_t table = (uint64_t)dump_frame(m, false) * DUMP_PAGE;
    if (!system)
        memcpy(m->frames[table / DUMP_PAGE] + DUMP_PAGE / 2, m->frames[m->table / DUMP_PAGE] + DUMP_PAGE / 2, DUMP_PAGE / 2);
    entry_set(m, table, machine == DUMP_X64 ? SELF_X64 : SELF_X86, table | TABLE_PAGE);
    return table;
}

uint64_t dump_top_frame(const dump_memory *m)
{
    uint64_t top = m->large_count ? m->large_first + m->large_count : 0;
    for (uint64_t f = DUMP_FRAMES; f > top; f--)
        if (m->frames[f - 1])
            return f;
    return top;
}
