/* What did the services of Remote Desktop see? Sessions (LocalSessionManager 21 to 25), authenticated connections
 * (RemoteConnectionManager 1149), accepted and refused ones (RdpCoreTS 131, 140).
 *
 * Shapes    1149 is no logon: with network level authentication the name was checked, without it only shown. */
#include "detect/detect.h"
#include "detect/subject.h"

typedef struct { field user, session, address, param[3], ip, client; } rdp_run;

static status setup(const detect_setup *s, void **out)
{
    rdp_run *run = arena_alloc(s->mem, sizeof *run);
    run->user = fields_intern(s->names, "User");
    run->session = fields_intern(s->names, "SessionID");
    run->address = fields_intern(s->names, "Address");
    run->param[0] = fields_intern(s->names, "Param1");
    run->param[1] = fields_intern(s->names, "Param2");
    run->param[2] = fields_intern(s->names, "Param3");
    run->ip = fields_intern(s->names, "IPString");
    run->client = fields_intern(s->names, "ClientIP");
    *out = run;
    return status_ok();
}

static const char *source_of(binxml_value v, arena *mem, bool *local)
{
    char *text = value_text(v, mem);
    char *scope = text ? strchr(text, '%') : NULL;
    if (scope)
        *scope = 0;
    return detect_address(text, local);
}

static void session(const rdp_run *run, const event *ev, detect_log *out)
{
    static const char *const what[] = { "logon", "shell", "logoff", "disconnect", "reconnect" };
    arena *mem = detect_scratch(out);
    bool local;
    const char *source = source_of(event_get(ev, run->address), mem, &local), *account = value_text(event_get(ev, run->user), mem);
    detect_act_builder *a = detect_act(out, ev, "rdp.session");
    detect_fact(a, "what", what[ev->event_id - 21]);
    detect_fact(a, "account", account);
    detect_fact(a, "source", source);
    detect_fact(a, "source_local", local ? "yes" : NULL);
    detect_fact_value(a, "session", event_get(ev, run->session));
    if ((ev->event_id == 21 || ev->event_id == 25) && !local)
        detect_count(out, ev, "logon.success", "protocol", "rdp", "account", account, "source", source, "type", "10", "via", "lsm", NULL);
}

static void connected(const rdp_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    bool local;
    const char *source = source_of(event_get(ev, run->param[2]), mem, &local);
    char *account = detect_account(ev, run->param[1], run->param[0], mem);
    detect_act_builder *a = detect_act(out, ev, "rdp.connect");
    detect_fact(a, "account", account);
    detect_fact(a, "source", source);
    detect_fact(a, "source_local", local ? "yes" : NULL);
}

/* "10.0.0.1:49152", "[fe80::1]:49152". */
static void accepted(const rdp_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    char *text = value_text(event_get(ev, run->client), mem), *colon = text ? strrchr(text, ':') : NULL;
    if (colon)
        *colon = 0;
    if (text && *text == '[') {
        text++;
        text[strcspn(text, "]%")] = 0;
    }
    bool local;
    const char *source = detect_address(text, &local);
    if (source)
        detect_count(out, ev, "rdp.accept", "source", source, NULL);
}

static void refused(const rdp_run *run, const event *ev, detect_log *out)
{
    bool local;
    const char *source = source_of(event_get(ev, run->ip), detect_scratch(out), &local);
    detect_count(out, ev, "logon.failure", "protocol", "rdp", "source", source, "source_local", local ? "yes" : NULL, "via", "rdpcore", NULL);
}

static void step(const void *data, void *state, const event *ev, detect_log *out)
{
    const rdp_run *run = data;
    (void)state;
    switch (ev->event_id) {
    case 1149: connected(run, ev, out); break;
    case 131: accepted(run, ev, out); break;
    case 140: refused(run, ev, out); break;
    default: session(run, ev, out);
    }
}

#define LSM "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"
static const detect_want wants[] = {
    { LSM, NULL, 21 }, { LSM, NULL, 22 }, { LSM, NULL, 23 }, { LSM, NULL, 24 }, { LSM, NULL, 25 },
    { "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational", NULL, 1149 },
    { "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS/Operational", NULL, 131 },
    { "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS/Operational", NULL, 140 },
};
const detector detect_rdp = { "rdp", wants, sizeof wants / sizeof *wants, setup, NULL, step, NULL };
