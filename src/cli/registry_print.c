#include "cli/registry_print.h"

#include "base/utf16_put.h"

#include <stdio.h>

enum { FLUSH = 1 << 20, HEX_SHOWN = 32, REG_WIDTH = 24 };

static void flush(registry_printer *p)
{
    if (!p->failed && p->out.len && !p->write(p->context, buf_bytes(&p->out)))
        p->failed = true;
    buf_clear(&p->out);
}

static inline void put(registry_printer *p, const char *text)
{
    buf_put(&p->out, text, strlen(text));            /* a literal's length is known */
}

static bool is_text(uint32_t type)
{
    return type == REGF_SZ || type == REGF_EXPAND_SZ || type == REGF_MULTI_SZ || type == REGF_LINK;
}

/* Up to the first NUL. */
static span until_nul(span units)
{
    size_t at = 0;
    while (at + 1 < units.len && le16(units.at + at))
        at += 2;
    return span_part(units, 0, at);
}

/* ---- JSON lines ---- */

static void lines_name(buf *out, span name, bool latin)
{
    if (!latin) {
        utf16_json(name, out);
        return;
    }
    if (name.len == 0 || !buf_room(out, 6 * name.len))
        return;
    uint8_t *to = out->at + out->len;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.at[i];
        if (c >= ' ' && c < 0x80 && c != '"' && c != '\\')
            *to++ = c;
        else
            to = put_json(to, c);
    }
    out->len = (size_t)(to - out->at);
}

static void put_hex(buf *out, span bytes)
{
    static const char digits[] = "0123456789abcdef";
    if (bytes.len == 0 || !buf_room(out, 2 * bytes.len))
        return;
    uint8_t *to = out->at + out->len;
    for (size_t i = 0; i < bytes.len; i++) {
        *to++ = (uint8_t)digits[bytes.at[i] >> 4];
        *to++ = (uint8_t)digits[bytes.at[i] & 15];
    }
    out->len += 2 * bytes.len;
}

static void lines_text(registry_printer *p, const regf_value *v, span data)
{
    uint64_t number;
    buf *out = &p->out;
    if (is_text(v->type)) {
        buf_char(out, '"');
        for (span left = data, part; left.len > 1; left = span_part(left, part.len + 2, SIZE_MAX)) {
            part = until_nul(left);
            if (v->type == REGF_MULTI_SZ && part.len == 0)
                break;
            if (left.at != data.at)
                buf_str(out, "\\n");
            utf16_json(part, out);
            if (v->type != REGF_MULTI_SZ)
                break;
        }
        buf_char(out, '"');
    } else if (v->type != REGF_BINARY && regf_number(p->hive, v, &number)) {
        buf_char(out, '"');
        buf_u64(out, number);
        buf_char(out, '"');
    } else {
        buf_str(out, "null");
    }
}

static void lines_value(registry_printer *p, const regf_key *key, const regf_value *v)
{
    buf *out = &p->out;
    put(p, p->any_value ? ",{\"name\":\"" : "{\"name\":\"");
    lines_name(out, v->name, v->latin);
    put(p, "\",\"type\":");
    buf_u64(out, v->type);
    if (regf_withheld(p->hive, key, v)) {
        put(p, ",\"size\":");
        buf_u64(out, v->size);
        put(p, ",\"withheld\":true");
    } else {
        span data = regf_data(p->hive, v, &p->data);
        put(p, ",\"hex\":\"");
        put_hex(out, data);
        put(p, "\",\"text\":");
        lines_text(p, v, data);
        if (data.len != v->size) {
            put(p, ",\"size\":");
            buf_u64(out, v->size);
        }
    }
    if (v->deleted)
        put(p, v->uncertain ? ",\"deleted\":true,\"uncertain\":true" : ",\"deleted\":true");
    buf_char(out, '}');
}

static void lines_key(registry_printer *p, const regf_key *key)
{
    char time[MOMENT_TEXT];
    buf *out = &p->out;
    buf_char(out, '{');
    if (p->name) {
        put(p, "\"hive\":\"");
        utf8_json(span_str(p->name), out);
        put(p, "\",");
    }
    put(p, "\"key\":\"");
    buf_span(out, buf_bytes(&p->path));
    if (moment_known(key->written)) {
        put(p, "\",\"written\":\"");
        put(p, moment_iso(key->written, time));
        put(p, "\",\"class\":");
    } else {
        put(p, "\",\"written\":null,\"class\":");
    }
    bool withheld = key->class_len && regf_withheld(p->hive, key, NULL);
    span class = withheld ? (span){ 0 } : regf_class(p->hive, key);
    if (class.len) {
        buf_char(out, '"');
        utf16_json(class, out);
        buf_char(out, '"');
    } else {
        put(p, "null");
    }
    if (withheld) {
        put(p, ",\"class_size\":");
        buf_u64(out, key->class_len);
        put(p, ",\"withheld\":true");
    }
    put(p, key->deleted ? ",\"deleted\":true,\"values\":[" : ",\"deleted\":false,\"values\":[");
}

/* ---- a table, for a person ---- */

static const char *type_word(registry_printer *p, uint32_t type)
{
    static const char *const words[] = { "REG_NONE", "REG_SZ", "REG_EXPAND_SZ", "REG_BINARY", "REG_DWORD", "REG_DWORD_BIG_ENDIAN", "REG_LINK", "REG_MULTI_SZ",
        "REG_RESOURCE_LIST", "REG_FULL_RESOURCE_DESCRIPTOR", "REG_RESOURCE_REQUIREMENTS_LIST", "REG_QWORD" };
    return type < sizeof words / sizeof *words ? words[type] : arena_printf(&p->data, "type 0x%x", type);
}

/* Line ends in evidence are no line ends here, nor tabs columns: so that no value looks like another key. */
static void table_text(registry_printer *p, const char *text)
{
    for (; *text; text++)
        if (*text == '\n' || *text == '\t')
            put(p, *text == '\n' ? "\\n" : "\\t");
        else
            buf_char(&p->out, *text);
}

static void table_value(registry_printer *p, const regf_key *key, const regf_value *v)
{
    uint64_t number;
    put(p, "    ");
    table_text(p, v->name.len ? regf_name_text(v->name, v->latin, &p->data) : "(default)");
    buf_printf(&p->out, "  %s  ", type_word(p, v->type));
    if (regf_withheld(p->hive, key, v)) {
        buf_printf(&p->out, "%u bytes, withheld", v->size);
    } else if (is_text(v->type)) {
        table_text(p, regf_text(p->hive, v, &p->data));
    } else if (v->type != REGF_BINARY && regf_number(p->hive, v, &number)) {
        buf_printf(&p->out, "%llu (0x%llx)", (unsigned long long)number, (unsigned long long)number);
    } else {
        span data = regf_data(p->hive, v, &p->data);
        buf_printf(&p->out, "%u bytes%s", v->size, data.len ? ": " : "");
        put_hex(&p->out, span_part(data, 0, HEX_SHOWN));
        if (data.len > HEX_SHOWN)
            put(p, "...");
    }
    if (v->deleted)
        put(p, v->uncertain ? "  (deleted; its data may be another's)" : "  (deleted)");
    buf_char(&p->out, '\n');
}

static void table_key(registry_printer *p, const regf_key *key)
{
    char time[MOMENT_TEXT];
    bool withheld = key->class_len && regf_withheld(p->hive, key, NULL);
    span class = withheld ? (span){ 0 } : regf_class(p->hive, key);
    buf_printf(&p->out, "%-28s  ", moment_known(key->written) ? moment_iso(key->written, time) : "unknown");
    if (p->name) {
        table_text(p, p->name);
        put(p, ": ");
    }
    table_text(p, p->path.len ? buf_text(&p->path) : "\\");
    if (key->deleted)
        put(p, "  (deleted)");
    if (withheld) {
        buf_printf(&p->out, "  class: %u bytes, withheld", key->class_len);
    } else if (class.len) {
        put(p, "  class: ");
        table_text(p, utf16_text(&p->data, class));
    }
    buf_char(&p->out, '\n');
}

/* ---- a file for regedit ---- */

static void reg(registry_printer *p, const char *ascii)
{
    for (; *ascii; ascii++) {
        buf_char(&p->out, *ascii);
        buf_char(&p->out, '\0');
    }
}

static void reg_utf8(registry_printer *p, span text)
{
    for (size_t at = 0; at < text.len;) {
        uint32_t c = utf8_take(text, &at);
        if (c < ' ' || c == UTF8_INVALID)
            c = '?';
        if (c > 0xFFFF) {
            uint32_t high = 0xD800 + ((c - 0x10000) >> 10), low = 0xDC00 + ((c - 0x10000) & 0x3FF);
            buf_put(&p->out, &(uint16_t){ (uint16_t)high }, 2);
            c = low;
        }
        buf_put(&p->out, &(uint16_t){ (uint16_t)c }, 2);
    }
}

/* Within quotes; what cannot stand there makes the whole line a comment before. */
static void reg_quoted(registry_printer *p, span text, bool latin)
{
    reg(p, "\"");
    for (size_t i = 0; i + !latin < text.len; i += latin ? 1 : 2) {
        uint16_t unit = latin ? text.at[i] : le16(text.at + i);
        if (unit == '"' || unit == '\\')
            reg(p, "\\");
        buf_put(&p->out, &unit, 2);
    }
    reg(p, "\"");
}

static bool reg_can_quote(span text, bool latin)
{
    for (size_t i = 0; i + !latin < text.len; i += latin ? 1 : 2)
        if ((latin ? text.at[i] : le16(text.at + i)) < ' ')
            return false;
    return latin || text.len % 2 == 0;
}

static void reg_hex(registry_printer *p, span data)
{
    char pair[8];
    for (size_t i = 0; i < data.len; i++) {
        snprintf(pair, sizeof pair, "%02x%s", data.at[i], i + 1 < data.len ? "," : "");
        reg(p, pair);
        if (i % REG_WIDTH == REG_WIDTH - 1 && i + 1 < data.len)
            reg(p, "\\\r\n  ");
    }
}

static void reg_value(registry_printer *p, const regf_key *key, const regf_value *v)
{
    bool withheld = regf_withheld(p->hive, key, v), named = reg_can_quote(v->name, v->latin);
    span data = withheld ? (span){ 0 } : regf_data(p->hive, v, &p->data), text = until_nul(data);
    if (v->deleted)
        reg(p, v->uncertain ? "; deleted, its data may be another's\r\n" : "; deleted\r\n");
    if (withheld || !named || data.len != v->size)
        reg(p, withheld ? "; withheld: " : !named ? "; a name with control characters: " : "; not all of it is there: ");
    if (v->name.len == 0)
        reg(p, "@");
    else if (named)
        reg_quoted(p, v->name, v->latin);
    else
        reg_hex(p, v->name);
    if (withheld || !named || data.len != v->size) {
        reg(p, arena_printf(&p->data, "=hex(%x), %u bytes", v->type, v->size));
    } else if (v->type == REGF_SZ && data.len == text.len + 2 && reg_can_quote(text, false)) {
        reg(p, "=");
        reg_quoted(p, text, false);
    } else if (v->type == REGF_DWORD && data.len == 4) {
        reg(p, arena_printf(&p->data, "=dword:%08x", le32(data.at)));
    } else {
        reg(p, v->type == REGF_BINARY ? "=hex:" : arena_printf(&p->data, "=hex(%x):", v->type));
        reg_hex(p, data);
    }
    reg(p, "\r\n");
}

static void reg_key(registry_printer *p, const regf_key *key)
{
    char time[MOMENT_TEXT];
    reg(p, "\r\n");
    if (p->name) {
        reg(p, "; in ");
        reg_utf8(p, span_str(p->name));
        reg(p, "\r\n");
    }
    reg(p, key->deleted ? "; deleted, last written " : "; last written ");
    reg(p, moment_known(key->written) ? moment_iso(key->written, time) : "at an unknown time");
    reg(p, p->left_out ? "\r\n; left out for the control characters in its name: " : "\r\n[");
    reg(p, "HKEY_LOCAL_MACHINE\\suyuan\\");
    reg(p, p->kind);
    if (p->path.len && p->path.at[0] != '\\')       /* as the paths of lost keys begin */
        reg(p, "\\");
    reg_utf8(p, buf_bytes(&p->path));
    reg(p, p->left_out ? "\r\n" : "]\r\n");
}

/* ---- all ---- */

static void put_key(registry_printer *p, const regf_key *key)
{
    p->any_value = false;
    if (p->format == REGISTRY_JSONL)
        lines_key(p, key);
    else if (p->format == REGISTRY_REG)
        reg_key(p, key);
    else
        table_key(p, key);
}

static const char unnamed[] = "(name withheld)";

static void put_value(registry_printer *p, const regf_key *key, const regf_value *v)
{
    regf_value nameless;
    if (regf_names_withheld(key)) {
        nameless = *v;
        nameless.name = span_str(unnamed);
        nameless.latin = true;
        v = &nameless;
    }
    if (p->format == REGISTRY_JSONL)
        lines_value(p, key, v);
    else if (p->format == REGISTRY_TABLE)
        table_value(p, key, v);
    else if (!p->left_out)
        reg_value(p, key, v);
    p->any_value = true;
    if (p->data.used)
        arena_reset(&p->data);
    if (p->out.len > FLUSH)
        flush(p);
}

static void end_key(registry_printer *p)
{
    if (p->data.used)
        arena_reset(&p->data);
    if (p->format == REGISTRY_JSONL)
        put(p, "]}\n");
    if (p->out.len > FLUSH)
        flush(p);
}

/* One part more. */
static void enter(registry_printer *p, const regf_key *key)
{
    static const char traps[] = "TrapConfiguration";         /* its keys are named as communities are */
    bool json = p->format == REGISTRY_JSONL, trap = p->path.len >= sizeof traps - 1 && strncasecmp((const char *)p->path.at + p->path.len - (sizeof traps - 1), traps, sizeof traps - 1) == 0;
    if (p->path.len)
        buf_str(&p->path, json ? "\\\\" : "\\");
    if (trap) {
        buf_str(&p->path, unnamed);
        return;
    }
    if (json)
        lines_name(&p->path, key->name, key->latin);
    else
        buf_str(&p->path, regf_name_text(key->name, key->latin, &p->data));
    p->left_out = p->left_out || !reg_can_quote(key->name, key->latin);
}

static void enter_from_root(registry_printer *p, const regf_key *key)
{
    regf_key chain[REGF_DEPTH + 1];
    size_t count = 1;
    chain[0] = *key;
    while (count <= REGF_DEPTH && regf_parent(p->hive, &chain[count - 1], &chain[count]))
        count++;
    buf_clear(&p->path);
    p->left_out = false;
    for (size_t i = count - 1; i-- > 0;)             /* the root's own name is left out */
        enter(p, &chain[i]);
}

static void put_one(registry_printer *p, const regf_key *key)
{
    regf_value v;
    put_key(p, key);
    for (regf_values i = regf_values_of(p->hive, key); !p->failed && regf_values_next(&i, &v);)
        put_value(p, key, &v);
    end_key(p);
}

void registry_begin(registry_printer *p)
{
    buf_init(&p->out, SIZE_MAX / 4);
    buf_init(&p->path, SIZE_MAX / 4);
    arena_init(&p->data, 0);
    p->failed = false;
    if (p->format == REGISTRY_REG) {
        buf_put(&p->out, "\xff\xfe", 2);
        reg(p, "Windows Registry Editor Version 5.00\r\n");
    }
}

void registry_tree(registry_printer *p, const regf_key *from)
{
    struct { regf_keys below; size_t path_len; bool left_out; } stack[REGF_DEPTH + 1];
    size_t depth = 0;
    regf_key key = *from;
    p->kind = regf_kind_word(regf_which(p->hive));
    enter_from_root(p, from);
    for (bool down = true; !p->failed;) {
        if (down) {
            put_one(p, &key);
            stack[depth].below = regf_keys_of(p->hive, &key);
            stack[depth].path_len = p->path.len;
            stack[depth].left_out = p->left_out;
        }
        down = regf_keys_next(&stack[depth].below, &key);
        if (!down && depth-- == 0)
            break;
        p->path.len = stack[depth].path_len;
        p->left_out = stack[depth].left_out;
        if (down) {
            enter(p, &key);
            depth++;
        }
    }
}

void registry_lost(registry_printer *p, const regf_lost *lost)
{
    p->kind = regf_kind_word(regf_which(p->hive));
    p->left_out = false;
    buf_clear(&p->path);
    const char *trap = strcasestr(lost->path, "\\TrapConfiguration\\"), *path = lost->path;
    if (trap)
        path = arena_printf(&p->data, "%.*s\\TrapConfiguration\\%s", (int)(trap - path), path, unnamed);
    if (p->format == REGISTRY_JSONL)
        utf8_json(span_str(path), &p->path);
    else
        buf_str(&p->path, path);
    put_key(p, &lost->key);
    for (size_t i = 0; i < lost->value_count && !p->failed; i++)
        put_value(p, &lost->key, &lost->values[i]);
    end_key(p);
}

bool registry_end(registry_printer *p)
{
    flush(p);
    buf_done(&p->out);
    buf_done(&p->path);
    arena_done(&p->data);
    return !p->failed;
}
