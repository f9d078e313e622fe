#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* le16 and its kin in cursor.h copy bytes as they lie. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "evidence is little-endian, and so must the host be");

enum { ALIGN = 16, FIRST_BLOCK = 64 << 10, LARGEST_BLOCK = 1 << 20 };

struct arena_block {
    arena_block *older;
    size_t at, room;             /* bytes given from it, bytes it has */
    _Alignas(ALIGN) uint8_t bytes[];
};

/* With AddressSanitizer every allocation ends exactly where it was asked to, and a gap follows it, so that reading beyond
 * one is seen although its neighbour lies in the same block. */
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
enum { GAP = ALIGN };
/* Not inlined: gcc takes the call for a read of bytes that were never written. */
static __attribute__((noinline)) void forbid(void *at, size_t len) { __asan_poison_memory_region(at, len); }
static __attribute__((noinline)) void allow(void *at, size_t len) { __asan_unpoison_memory_region(at, len); }
#else
enum { GAP = 0 };
static void forbid(void *at, size_t len) { (void)at; (void)len; }
static void allow(void *at, size_t len) { (void)at; (void)len; }
#endif

void arena_init(arena *mem, size_t limit)
{
    *mem = (arena){ .limit = limit };
}

static void *fail(arena *mem)
{
    if (mem->limit == 0)
        abort();
    mem->spent = true;
    return NULL;
}

/* A block with at least `need` bytes of room in front of the list, or, when it serves one large allocation only, behind
 * the first, whose room is still good. */
static arena_block *add_block(arena *mem, size_t need)
{
    size_t room = FIRST_BLOCK;
    if (mem->blocks)
        room = mem->blocks->room < LARGEST_BLOCK / 2 ? mem->blocks->room * 2 : LARGEST_BLOCK;
    bool alone = need > room;
    if (alone)
        room = need;

    size_t size;
    if (__builtin_add_overflow(room, sizeof(arena_block), &size))
        return NULL;
    arena_block *block = malloc(size);
    if (!block)
        return NULL;
    block->at = 0;
    block->room = room;
    forbid(block->bytes, room);
    if (alone && mem->blocks) {
        block->older = mem->blocks->older;
        mem->blocks->older = block;
    } else {
        block->older = mem->blocks;
        mem->blocks = block;
    }
    return block;
}

void *arena_alloc(arena *mem, size_t size)
{
    if (mem->fail_at && mem->limit && --mem->fail_at == 0)
        return fail(mem);

    size_t need = size ? size : 1;
    if (need > SIZE_MAX - ALIGN - GAP)
        return fail(mem);
    need = (need + ALIGN - 1) / ALIGN * ALIGN;
    if (mem->limit && (mem->used > mem->limit || need > mem->limit - mem->used))
        return fail(mem);

    arena_block *block = mem->blocks;
    if (!block || block->room - block->at < need + GAP)
        block = add_block(mem, need + GAP);
    if (!block)
        return fail(mem);
    void *out = block->bytes + block->at;
    block->at += need + GAP;
    mem->used += need;
    allow(out, size);
    return memset(out, 0, size);
}

void *arena_array(arena *mem, size_t count, size_t each)
{
    size_t size;
    if (__builtin_mul_overflow(count, each, &size))
        return NULL;
    return arena_alloc(mem, size);
}

char *arena_text(arena *mem, span bytes)
{
    char *out = bytes.len < SIZE_MAX ? arena_alloc(mem, bytes.len + 1) : NULL;
    if (out && bytes.len)
        memcpy(out, bytes.at, bytes.len);
    return out;
}

char *arena_str(arena *mem, const char *text)
{
    return text ? arena_text(mem, span_str(text)) : NULL;
}

span arena_span(arena *mem, span bytes)
{
    const char *copy = arena_text(mem, bytes);
    return copy ? span_of(copy, bytes.len) : (span){ 0 };
}

char *arena_printf(arena *mem, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *out = len < 0 ? NULL : arena_alloc(mem, (size_t)len + 1);
    if (out)
        vsnprintf(out, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return out;
}

void arena_fail_at(arena *mem, size_t nth)
{
    mem->fail_at = nth;
}

static void free_from(arena_block *block)
{
    while (block) {
        arena_block *older = block->older;
        allow(block->bytes, block->room);
        free(block);
        block = older;
    }
}

void arena_reset(arena *mem)
{
    arena_block *keep = NULL;
    while (mem->blocks) {
        keep = mem->blocks;
        mem->blocks = keep->older;
        keep->older = NULL;
        if (mem->blocks)
            free_from(keep);
    }
    if (keep) {
        keep->at = 0;
        forbid(keep->bytes, keep->room);
    }
    mem->blocks = keep;
    mem->used = 0;
    mem->spent = false;
}

void arena_done(arena *mem)
{
    free_from(mem->blocks);
    *mem = (arena){ .limit = mem->limit };
}
