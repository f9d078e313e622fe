#include "format/lnk.h"

enum { HEADER = 76, HAS_ITEMS = 1, HAS_INFO = 2, HAS_NAME = 4, HAS_RELATIVE = 8, HAS_FOLDER = 0x10, HAS_ARGUMENTS = 0x20, HAS_ICON = 0x40, IS_UNICODE = 0x80, NO_INFO = 0x100 };
#define BLOCK_ENVIRONMENT 0xA0000001u
#define BLOCK_TRACKER 0xA0000003u
#define NAMES_OF_ITEM 0xBEEF0004u

static const uint8_t class_id[16] = { 0x01, 0x14, 0x02, 0x00, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46 };

bool lnk_is(span first_bytes)
{
    return first_bytes.len >= 20 && le32(first_bytes.at) == HEADER && span_eq(span_part(first_bytes, 4, 16), span_of(class_id, 16));
}

/* ---- texts ---- */

static const char *made(const char *text) { return text ? text : ""; }

/* Up to its NUL; the code page of a host is not in a link, so what is no UTF-8 is not guessed at. */
static const char *narrow(arena *mem, span bytes)
{
    const uint8_t *end = bytes.len ? memchr(bytes.at, 0, bytes.len) : NULL;
    if (end)
        bytes.len = (size_t)(end - bytes.at);
    if (utf8_valid(bytes))
        return made(arena_text(mem, bytes));
    buf out;
    buf_init(&out, 3 * bytes.len + 16);
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t letter[4];
        buf_put(&out, letter, utf8_put(letter, bytes.at[i] < 0x80 ? bytes.at[i] : 0xFFFD));
    }
    const char *text = made(arena_text(mem, buf_bytes(&out)));
    buf_done(&out);
    return text;
}

static const char *wide(arena *mem, span bytes)
{
    size_t end = 0;
    while (end + 1 < bytes.len && le16(bytes.at + end))
        end += 2;
    return made(utf16_text(mem, span_part(bytes, 0, end)));
}

static bool whole(const char *text) { return *text && !strstr(text, "\xEF\xBF\xBD"); }

static const char *joined(arena *mem, const char *a, const char *b)
{
    size_t len = strlen(a);
    const char *between = *a && *b && a[len - 1] != '\\' && *b != '\\' ? "\\" : "";
    return made(arena_printf(mem, "%s%s%s", a, between, b));
}

/* ---- items: a path as the shell has it ---- */

/* The long name of a file's item stands in a block behind its short one. */
static const char *long_name(arena *mem, span item)
{
    span at = span_part(item, item.len >= 2 ? le16(item.at + item.len - 2) : 0, SIZE_MAX);       /* from the item's size on */
    cursor c = cur_open(at);
    uint16_t size = cur_u16(&c, "names.size"), version = cur_u16(&c, "names.version");
    uint32_t signature = cur_u32(&c, "names.signature");
    if (!cur_ok(&c) || signature != NAMES_OF_ITEM || version < 3 || size > at.len)
        return "";
    size_t offset = 20 + (version >= 7 ? 18 : 0) + (version >= 9 ? 4 : 0) + (version >= 8 ? 4 : 0);
    return wide(mem, span_part(span_part(at, 0, size), offset, SIZE_MAX));
}

static const char *name_of_item(arena *mem, span item)
{
    if (item.len < 4)
        return "";
    uint8_t type = item.at[2];
    if ((type & 0x70) == 0x20)
        return narrow(mem, span_part(item, 3, SIZE_MAX));    /* a drive: "C:\" */
    if ((type & 0x70) != 0x30)
        return "";
    const char *name = long_name(mem, item);
    if (*name)
        return name;
    span primary = span_part(item, 14, SIZE_MAX);
    return type & 4 ? wide(mem, primary) : narrow(mem, primary);
}

static void read_items(arena *mem, cursor *c, lnk *out)
{
    span all = cur_bytes(c, cur_u16(c, "items.size"), "items");
    buf path;
    buf_init(&path, 4 * all.len + 16);
    cursor list = cur_open(all);
    for (unsigned i = 0; i < LNK_ITEMS && cur_left(&list) >= 2; i++) {
        size_t begin = list.at;
        uint16_t size = cur_u16(&list, "item.size");
        if (size < 2)
            break;
        cur_skip(&list, size - 2u, "item");
        if (!cur_ok(&list))
            break;
        const char *name = name_of_item(mem, span_part(all, begin, size));
        if (*name && path.len && path.at[path.len - 1] != '\\')
            buf_char(&path, '\\');
        buf_str(&path, name);
    }
    out->item_path = made(path.len ? arena_text(mem, buf_bytes(&path)) : "");
    buf_done(&path);
}

/* ---- where the target lay ---- */

static const char *text_at(arena *mem, span info, uint32_t narrow_at, uint32_t wide_at)
{
    const char *text = wide_at ? wide(mem, span_part(info, wide_at, SIZE_MAX)) : "";
    return *text || !narrow_at ? text : narrow(mem, span_part(info, narrow_at, SIZE_MAX));
}

static void read_volume(arena *mem, span volume, lnk *out)
{
    cursor c = cur_open(volume);
    uint32_t size = cur_u32(&c, "volume.size");
    uint32_t type = cur_u32(&c, "volume.type"), serial = cur_u32(&c, "volume.serial"), label = cur_u32(&c, "volume.label");
    uint32_t wide_label = label == 0x14 ? cur_u32(&c, "volume.label") : 0;
    if (!cur_ok(&c))
        return;
    out->drive_type = type;
    out->volume_serial = serial;
    out->volume_label = text_at(mem, span_part(volume, 0, size), wide_label ? 0 : label, wide_label);
}

static const char *share_of(arena *mem, span network)
{
    cursor c = cur_open(network);
    uint32_t size = cur_u32(&c, "network.size");
    cur_skip(&c, 4, "network.flags");
    uint32_t name = cur_u32(&c, "network.name");
    cur_skip(&c, 8, "network.device");
    uint32_t wide_name = name > 0x14 ? cur_u32(&c, "network.name") : 0;
    return cur_ok(&c) ? text_at(mem, span_part(network, 0, size), name, wide_name) : "";
}

static void read_info(arena *mem, cursor *c, lnk *out)
{
    cursor look = *c;
    uint32_t size = cur_u32(&look, "info.size");
    span info = cur_bytes(c, size, "info");
    cursor i = cur_open(info);
    cur_skip(&i, 4, "info.size");
    uint32_t header = cur_u32(&i, "info.header"), flags = cur_u32(&i, "info.flags"), volume = cur_u32(&i, "info.volume"), base = cur_u32(&i, "info.base"),
             network = cur_u32(&i, "info.network"), suffix = cur_u32(&i, "info.suffix"), wide_base = 0, wide_suffix = 0;
    if (header >= 0x24) {
        wide_base = cur_u32(&i, "info.base");
        wide_suffix = cur_u32(&i, "info.suffix");
    }
    if (!cur_ok(&i))
        return;
    const char *tail = text_at(mem, info, suffix, wide_suffix);
    if (flags & 1) {
        read_volume(mem, span_part(info, volume, SIZE_MAX), out);
        out->local_path = joined(mem, text_at(mem, info, base, wide_base), tail);
    }
    if (flags & 2) {
        const char *share = share_of(mem, span_part(info, network, SIZE_MAX));
        out->network_path = *share ? joined(mem, share, tail) : "";
    }
}

/* ---- the rest ---- */

static const char *counted(arena *mem, cursor *c, uint32_t flags, const char *field)
{
    uint16_t letters = cur_u16(c, field);
    span bytes = cur_bytes(c, flags & IS_UNICODE ? (size_t)letters * 2 : letters, field);
    return flags & IS_UNICODE ? wide(mem, bytes) : narrow(mem, bytes);
}

static void read_blocks(arena *mem, cursor *c, lnk *out)
{
    while (cur_left(c) >= 4) {
        uint32_t size = cur_u32(c, "block.size");
        if (size < 8)                                        /* the last one */
            return;
        span block = cur_bytes(c, size - 4, "block");
        uint32_t signature = block.len >= 4 ? le32(block.at) : 0;
        if (signature == BLOCK_ENVIRONMENT) {
            const char *path = wide(mem, span_part(block, 4 + 260, 520));
            out->environment_path = *path ? path : narrow(mem, span_part(block, 4, 260));
        } else if (signature == BLOCK_TRACKER) {
            out->machine = narrow(mem, span_part(block, 12, 16));
        }
    }
}

static const char *best_target(const lnk *l)
{
    const char *const ways[] = { l->local_path, l->environment_path, l->network_path, l->item_path, l->relative_path };
    for (size_t i = 0; i < 4; i++)
        if (whole(ways[i]))
            return ways[i];
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (*ways[i])
            return ways[i];
    return "";
}

status lnk_read(arena *mem, span bytes, problems *noted, lnk *out)
{
    cursor c = cur_open(bytes);
    if (!lnk_is(bytes) || bytes.len < HEADER)
        return status_fail(STATUS_DAMAGED, "no shell link");
    *out = (lnk){ .target = "", .arguments = "", .folder = "", .local_path = "", .network_path = "", .environment_path = "", .item_path = "", .relative_path = "",
                  .name = "", .icon = "", .machine = "", .volume_label = "" };
    cur_skip(&c, 20, "header");
    out->flags = cur_u32(&c, "header.flags");
    out->attributes = cur_u32(&c, "header.attributes");
    out->created = moment_from_filetime(cur_u64(&c, "header.created"));
    out->accessed = moment_from_filetime(cur_u64(&c, "header.accessed"));
    out->written = moment_from_filetime(cur_u64(&c, "header.written"));
    out->target_size = cur_u32(&c, "header.size");
    cur_skip(&c, 4, "header.icon");
    out->show = cur_u32(&c, "header.show");
    out->hotkey = cur_u16(&c, "header.hotkey");
    cur_skip(&c, 10, "header");
    if (out->flags & HAS_ITEMS)
        read_items(mem, &c, out);
    if (out->flags & HAS_INFO && !(out->flags & NO_INFO))
        read_info(mem, &c, out);
    const struct { uint32_t flag; const char **to; } texts[] = { { HAS_NAME, &out->name }, { HAS_RELATIVE, &out->relative_path }, { HAS_FOLDER, &out->folder },
                                                                 { HAS_ARGUMENTS, &out->arguments }, { HAS_ICON, &out->icon } };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (out->flags & texts[i].flag)
            *texts[i].to = counted(mem, &c, out->flags, "texts");
    read_blocks(mem, &c, out);
    if (!cur_ok(&c))
        problems_note(noted, "lnk.torn", PROBLEM_NO_CHUNK, c.failed_at, "%s: the link ends before it", c.failed);
    out->target = best_target(out);
    return mem->spent ? status_fail(STATUS_LIMIT, "the link takes more memory than it may") : status_ok();
}
