/* scene.yml: what a responder would have been told about this world. One crash time in it is wrong: a day early, as a
 * person who read the date off the wrong line would say it. */
#include "range/range.h"

static void told_time(const world *w, buf *out, moment t)
{
    char text[MOMENT_TEXT];
    moment_iso(t + (moment)((int64_t)w->zone_minutes * (int64_t)MOMENT_MINUTE), text);
    buf_printf(out, "%.10s %.8s", text, text + 11);
}

static void claim(buf *out, const char *host, const char *what) { buf_printf(out, "  - host: %s\n    what: %s\n    value: ", host, what); }

status scene_write(const world *w)
{
    buf out;
    bool zh = w->hosts[0].zh, wrong = false;
    buf_init(&out, 1 << 20);
    buf_printf(&out, "customer: %s\ntime_zone: \"%s\"\nnetwork: %s\nteam:\n", zh ? "某单位核心业务数据库" : "Core databases of a customer",
               w->zone_iso,
               zh ? "防火墙-防毒墙-核心-服务器防火墙-服务器；VPN、堡垒机"
                  : "firewall, antivirus gateway, core, server firewall, servers; VPN and a jump host");
    for (int i = 0; i < 3; i++)
        buf_printf(&out, "  - %s\n",
                   zh ? (const char *[]){ "应急响应工程师", "数据库管理员", "网络管理员" }[i]
                      : (const char *[]){ "incident responder", "database administrator", "network administrator" }[i]);
    buf_str(&out, "hosts:\n");
    for (int i = 0; i < w->host_count; i++) {
        const host *h = &w->hosts[i];
        buf_printf(&out, "  - name: %s\n    addresses: [%s]\n    role: %s\n    protection: %s\n", h->name, h->address,
                   zh ? "数据库服务器" : "database server", zh ? "卡巴斯基杀毒" : "Kaspersky");
    }
    buf_str(&out, "claims:\n");
    for (int i = 0; i < w->host_count; i++) {
        const host *h = &w->hosts[i];
        claim(&out, h->name, "os");
        buf_printf(&out, "\"%s\"\n", h->nt == NT_60 ? "Windows Server 2008" : nt_table[h->nt].name);
        if (!moment_known(h->crash_at))
            continue;
        claim(&out, h->address, "blue-screen");
        buf_char(&out, '"');
        told_time(w, &out, h->crash_at - (wrong ? 0 : MOMENT_DAY));
        buf_str(&out, "\"\n    precision: 5m\n");
        wrong = true;
    }
    claim(&out, w->hosts[0].name, "antivirus");
    buf_printf(&out, "%s\n", "Kaspersky");
    claim(&out, w->hosts[0].name, "open-port");
    buf_str(&out, "3389\n");
    status st = range_write_file(arena_printf(w->mem, "%s/scene.yml", w->sw.out), &out);
    buf_done(&out);
    return st;
}
