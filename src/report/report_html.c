#include "report/report.h"

#include "report/doc_html.h"
#include "report/tell.h"

#define PAGE_BYTES 4900000u             /* opens quickly, and passes through mail */

status report_html(const json *c, lang first, buf *out)
{
    arena mem;
    arena_init(&mem, 0);
    report r;
    status s = tell_open(&r, &mem, c);
    if (status_is_ok(s)) {
        tell_summary(&r);
        tell_scene(&r);
        tell_investigation(&r);
        tell_conclusion(&r);
        tell_threats(&r);
        tell_hardening(&r);
        tell_plan(&r);
        tell_annex(&r);
        doc_html(r.d, first, PAGE_BYTES, out);
        if (out->overflow)
            s = status_fail(STATUS_LIMIT, "the report is larger than %zu bytes", out->limit);
    }
    tell_done(&r);
    arena_done(&mem);
    return s;
}
