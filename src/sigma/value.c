/* Texts of fields, as rules compare them. */
#include "sigma/matcher.h"

#include "base/fold.h"
#include "base/utf16.h"

span text_folded(sigma_matcher *m, span text)
{
    if (m->fold_room < FOLD_ROOM(text.len)) {
        m->fold_room = 2 * FOLD_ROOM(text.len);
        m->fold = arena_alloc(&m->self, m->fold_room);
    }
    return span_of(m->fold, fold_utf8(text, m->fold));
}

static span trimmed(span text)
{
    while (text.len && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\0' || text.at[text.len - 1] == '\t' || text.at[text.len - 1] == '\r' || text.at[text.len - 1] == '\n'))
        text.len--;
    return text;
}

span value_trimmed(buf *out, binxml_value v)
{
    buf_clear(out);
    if (v.type == BINXML_WSTRING && buf_room(out, UTF16_ROOM(v.bytes.len)))
        out->len = (size_t)(utf16_utf8_at(out->at, v.bytes) - out->at);
    else
        binxml_value_text(v, out);
    return trimmed(buf_bytes(out));
}

static span number_text(buf *out, uint64_t n)
{
    buf_clear(out);
    buf_u64(out, n);
    return buf_bytes(out);
}

span system_text(const event *ev, const rule_field *f, buf *out)
{
    switch (f->origin) {
    case FROM_EVENT_ID: return number_text(out, ev->event_id);
    case FROM_PROVIDER: return value_trimmed(out, (binxml_value){ BINXML_WSTRING, ev->provider });
    case FROM_CHANNEL: return value_trimmed(out, (binxml_value){ BINXML_WSTRING, ev->channel });
    case FROM_COMPUTER: return value_trimmed(out, (binxml_value){ BINXML_WSTRING, ev->computer });
    case FROM_LEVEL: return number_text(out, ev->level);
    case FROM_TASK: return number_text(out, ev->task);
    case FROM_OPCODE: return number_text(out, ev->opcode);
    case FROM_VERSION: return number_text(out, ev->version);
    case FROM_RECORD_ID: return number_text(out, ev->record_id);
    case FROM_KEYWORDS:
        buf_clear(out);
        buf_printf(out, "0x%llx", (unsigned long long)ev->keywords);
        return buf_bytes(out);
    case FROM_USER: return value_trimmed(out, (binxml_value){ BINXML_SID, ev->user_sid });
    default: return (span){ 0 };
    }
}

/* Fields that another log writes otherwise, as the rules expect them. */
static span converted(const event *ev, const rule_field *f, span text, buf *out, buf *second)
{
    static const struct { conversion of; const char *from, *to; } words[] = {
        { CONVERT_INTEGRITY, "S-1-16-0", "Untrusted" }, { CONVERT_INTEGRITY, "S-1-16-4096", "Low" }, { CONVERT_INTEGRITY, "S-1-16-8192", "Medium" },
        { CONVERT_INTEGRITY, "S-1-16-8448", "Medium" }, { CONVERT_INTEGRITY, "S-1-16-12288", "High" }, { CONVERT_INTEGRITY, "S-1-16-16384", "System" },
        { CONVERT_OPERATION, "%%1904", "CreateKey" }, { CONVERT_OPERATION, "%%1905", "SetValue" }, { CONVERT_OPERATION, "%%1906", "DeleteValue" },
        { CONVERT_PROTOCOL, "6", "tcp" }, { CONVERT_PROTOCOL, "17", "udp" }, { CONVERT_OUTBOUND, "%%14593", "true" }, { CONVERT_OUTBOUND, "%%14592", "false" },
    };
    uint64_t n;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].of == f->convert && span_is(text, words[i].from))
            return span_str(words[i].to);
    if (f->convert == CONVERT_DECIMAL && value_u64(event_get(ev, f->id), &n))
        return number_text(out, n);
    if (f->convert == CONVERT_ACCOUNT || f->convert == CONVERT_REGISTRY) {
        buf_clear(second);
        size_t skip = 0;
        static const struct { const char *native, *hive; } roots[] = { { "\\REGISTRY\\MACHINE", "HKLM" }, { "\\REGISTRY\\USER", "HKU" } };
        for (size_t i = 0; f->convert == CONVERT_REGISTRY && i < 2 && !skip; i++)
            if (text.len >= strlen(roots[i].native) && memcmp(text.at, roots[i].native, strlen(roots[i].native)) == 0) {
                buf_str(second, roots[i].hive);
                skip = strlen(roots[i].native);
            }
        buf_span(second, span_part(text, skip, SIZE_MAX));
        span rest = value_trimmed(out, event_get(ev, f->second_id));
        if (rest.len && !span_is(rest, "-")) {
            buf_char(second, '\\');
            buf_span(second, rest);
        }
        return buf_bytes(second);
    }
    return text;
}

text_state value_state(const event *ev, const rule_field *f, binxml_value v)
{
    if (v.type != BINXML_NULL)
        return v.type & BINXML_ARRAY ? TEXT_SEVERAL : TEXT_ONE;
    if (f->is_list && event_data_count(ev))
        return TEXT_SEVERAL;
    return f->origin != FROM_DATA && !v.bytes.at ? TEXT_ONE : TEXT_ABSENT;
}

text_state field_state(const event *ev, const rule_field *f, binxml_value *out)
{
    *out = f->id == FIELD_NONE ? (binxml_value){ BINXML_NULL, { NULL, 0 } } : event_get(ev, f->id);
    return value_state(ev, f, *out);
}

span field_text(sigma_matcher *m, const event *ev, const rule_field *f, binxml_value v)
{
    span text = v.type == BINXML_NULL ? system_text(ev, f, &m->text) : value_trimmed(&m->text, v);
    return f->convert ? converted(ev, f, text, &m->text, &m->second) : text;
}
