/* Records as text: by their template's program where it can, else by way of a resolved tree. */
#include "format/binxml_program.h"
#include "format/evtx_reader.h"

bool (*bx_best_run(void))(const binxml *x, buf *out)
{
#if defined(__x86_64__)
    bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
    return has_avx2 ? bx_run_avx2 : bx_run_sse2;
#else
    return NULL;                     /* no program runs: the walker writes every record */
#endif
}

bool bx_run(const binxml *x, buf *out)
{
    return x->reader->run && x->reader->run(x, out);
}

static bool write_tree(const binxml *x, buf *out, bool (*write)(const bx_node *, buf *), binxml_fault *why)
{
    const bx_node *root = bx_resolve(x, bx_record_memory(x->reader), why);
    if (!root)
        return false;
    size_t before = out->len, limit = out->limit;
    if (limit > before && limit - before > BX_OUTPUT)
        out->limit = before + BX_OUTPUT;
    bool ok = write(root, out);
    out->limit = limit;
    if (!ok) {
        out->len = before;
        out->overflow = false;
        *why = (binxml_fault){ "record.output", (size_t)(x->fragment.at - x->chunk.at) };
    }
    return ok;
}

bool binxml_json(const binxml *x, buf *out, binxml_fault *why)
{
    return bx_run(x, out) || binxml_json_walked(x, out, why);
}

bool binxml_json_walked(const binxml *x, buf *out, binxml_fault *why)
{
    return write_tree(x, out, bx_json_root, why);
}

bool binxml_xml(const binxml *x, buf *out, binxml_fault *why)
{
    return write_tree(x, out, bx_xml_root, why);
}
