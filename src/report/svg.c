#include "report/svg.h"

#include "report/doc_html.h"
#include "report/escape.h"

void svg_begin(svg *s, int width, int height, const char *class)
{
    buf_init(&s->out, 8u << 20);
    buf_printf(&s->out, "<svg class=\"%s\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">\n", class, width, height, width, height);
}

span svg_end(svg *s, arena *mem)
{
    buf_str(&s->out, "</svg>\n");
    span out = arena_span(mem, buf_bytes(&s->out));
    buf_done(&s->out);
    return out;
}

void svg_line(svg *s, const char *class, int x1, int y1, int x2, int y2)
{
    buf_printf(&s->out, "<line class=\"%s\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n", class, x1, y1, x2, y2);
}

void svg_rect(svg *s, const char *class, int x, int y, int width, int height, int round)
{
    buf_printf(&s->out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\"/>\n", class, x, y, width, height, round);
}

void svg_path(svg *s, const char *class, const char *d)
{
    buf_printf(&s->out, "<path class=\"%s\" d=\"%s\"/>\n", class, d);
}

void svg_text(svg *s, const char *class, int x, int y, svg_anchor anchor, both words)
{
    static const char *const anchors[] = { "", " text-anchor=\"middle\"", " text-anchor=\"end\"" };
    buf_printf(&s->out, "<text class=\"%s\" x=\"%d\" y=\"%d\"%s>", class, x, y, anchors[anchor]);
    html_both(words, "tspan", &s->out);
    buf_str(&s->out, "</text>\n");
}

void svg_link(svg *s, const char *target)
{
    buf_str(&s->out, "<a href=\"#");
    escape_html(span_str(target), &s->out);
    buf_str(&s->out, "\">");
}

void svg_link_end(svg *s)
{
    buf_str(&s->out, "</a>\n");
}

void svg_title(svg *s, const char *words)
{
    buf_str(&s->out, "<title>");
    escape_html(span_str(words), &s->out);
    buf_str(&s->out, "</title>");
}

/* In the widest of the usual types (DejaVu Sans, bold, 13 pixels): whatever the reader's is, what fits here fits there. */
static int width_of(uint32_t c)
{
    if (c == UTF8_INVALID)
        return 10;
    if (c >= 0x1100)
        return 13;
    if (c >= 0x80 || c < 0x20)
        return 11;
    if (strchr("ijl.,:;'|!I /\\`", (int)c))
        return 5;
    if (strchr("MWmw%@", (int)c))
        return 14;
    if (c >= 'A' && c <= 'Z')
        return 11;
    return strchr("ftr-()[]", (int)c) ? 7 : 9;
}

int svg_width(const char *utf8)
{
    span s = span_str(utf8);
    int used = 0;
    for (size_t at = 0; at < s.len && used < 100000; )
        used += width_of(utf8_take(s, &at));
    return used;
}

const char *svg_fit(arena *mem, const char *utf8, int width)
{
    span s = span_str(utf8);
    int used = width_of(0x2026);
    if (svg_width(utf8) <= width)
        return utf8;
    for (size_t at = 0; at < s.len; ) {
        size_t before = at;
        used += width_of(utf8_take(s, &at));
        if (used > width)
            return arena_printf(mem, "%.*s…", (int)before, utf8);
    }
    return utf8;
}

/* ---- Marks ---- */

static const struct { const char *class, *word, *path, *kinds; } marks[] = {
    [MARK_GUESSING] = { "m-guess", "report.mark-guessing", "M-5-5h4v10h-4zM1-5h4v10h-4z", " password-guessing password-spraying exploit-attempt port-scan " },
    [MARK_LOGON] = { "m-logon", "report.mark-logon", "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z", " logon-after-guessing suspicious-logon " },
    [MARK_EXECUTION] = { "m-run", "report.mark-execution", "M-5-5h10v10h-10z", " remote-execution fake-system-process process-chain script-execution miner malware-file rule-match " },
    [MARK_PERSISTENCE] = { "m-keep", "report.mark-persistence", "M0-6L6 0L0 6L-6 0z", " service-install task-create run-key startup-file wmi-persistence autostart-other account-create account-change admin-group-add " },
    [MARK_DEFENCE] = { "m-hide", "report.mark-defence", "M0-6L6 5H-6z", " defence-off log-cleared log-gap firewall-change port-proxy credential-theft " },
    [MARK_NETWORK] = { "m-net", "report.mark-network", "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0zM-2 0a2 2 0 1 1 4 0a2 2 0 1 1-4 0z", " network-contact " },
    [MARK_CRASH] = { "m-crash", "report.mark-crash", "M-6-3.5L-3.5-6L0-2.5L3.5-6L6-3.5L2.5 0L6 3.5L3.5 6L0 2.5L-3.5 6L-6 3.5L-2.5 0z", " crash unclean-shutdown " },
};

svg_mark svg_mark_of(const char *finding_kind)
{
    char wanted[64];
    size_t len = strlen(finding_kind);
    if (len > sizeof wanted - 3)
        return MARK_EXECUTION;
    wanted[0] = ' ';
    memcpy(wanted + 1, finding_kind, len);
    wanted[len + 1] = ' ';
    wanted[len + 2] = '\0';
    for (svg_mark m = 0; m < MARK_COUNT; m++)
        if (strstr(marks[m].kinds, wanted))
            return m;
    return MARK_EXECUTION;
}

const char *svg_mark_class(svg_mark m)
{
    return marks[m].class;
}

void svg_put_mark(svg *s, svg_mark m, int x, int y)
{
    buf_printf(&s->out, "<path class=\"mark %s\" transform=\"translate(%d %d)\" d=\"%s\"/>\n", marks[m].class, x, y, marks[m].path);
}

int svg_legend(svg *s, int x, int y, int width)
{
    enum { EACH = 140, LINE = 20 };
    int at = x, height = LINE;
    for (svg_mark m = 0; m < MARK_COUNT; m++) {
        if (at > x && at + EACH > x + width) {
            at = x;
            height += LINE;
        }
        svg_put_mark(s, m, at + 6, y + height - LINE / 2);
        svg_text(s, "legend", at + 18, y + height - LINE / 2 + 4, SVG_START, (both){ text_word(marks[m].word, LANG_EN), text_word(marks[m].word, LANG_ZH) });
        at += EACH;
    }
    return height;
}
