#include "format/service_actions.h"

#include "format/guid.h"

bool service_failure_read(arena *mem, span value, service_failure *out)
{
    cursor c = cur_open(value);
    *out = (service_failure){ .reset_seconds = cur_u32(&c, "failure.reset"), .message = cur_u32(&c, "failure.message") != 0, .command = cur_u32(&c, "failure.command") != 0 };
    uint32_t told = cur_u32(&c, "failure.count");
    cur_skip(&c, 4, "failure.pointer");                      /* where they lay in the memory of who stored it */
    if (!cur_ok(&c))
        return false;
    size_t count = cur_left(&c) / 8 < told ? cur_left(&c) / 8 : told;
    count = count < SERVICE_ACTIONS ? count : SERVICE_ACTIONS;
    out->torn = count < told;
    out->actions = count ? arena_array(mem, count, sizeof *out->actions) : NULL;
    for (; out->actions && out->count < count; out->count++) {
        service_action *a = &out->actions[out->count];
        a->kind = cur_u32(&c, "failure.kind");
        a->delay_ms = cur_u32(&c, "failure.delay");
    }
    out->torn |= out->count < count;
    return true;
}

bool service_failure_runs(const service_failure *f)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->actions[i].kind == SERVICE_ACTION_COMMAND)
            return true;
    return false;
}

const char *service_action_word(uint32_t kind)
{
    static const char *const words[] = { "none", "restart", "reboot", "command", "own-restart" };
    return kind < sizeof words / sizeof *words ? words[kind] : "other";
}

const char *service_trigger_word(uint32_t kind)
{
    static const char *const words[] = { [SERVICE_TRIGGER_DEVICE] = "device", [SERVICE_TRIGGER_ADDRESS] = "address", [SERVICE_TRIGGER_DOMAIN] = "domain",
        [SERVICE_TRIGGER_PORT] = "port", [SERVICE_TRIGGER_POLICY] = "policy", [SERVICE_TRIGGER_ENDPOINT] = "endpoint", [SERVICE_TRIGGER_STATE] = "state",
        [SERVICE_TRIGGER_ETW] = "etw", [SERVICE_TRIGGER_AGGREGATE] = "aggregate" };
    return kind < sizeof words / sizeof *words && words[kind] ? words[kind] : "other";
}

char *service_guid(arena *mem, span guid16)
{
    char text[GUID_TEXT];
    return arena_str(mem, guid_text(guid16, text));
}

const char *service_trigger_meaning(span guid16)
{
    static const char *const known[][2] = {
        { "{4F27F2DE-14E2-430B-A549-7CD48CBC8245}", "first-address" }, { "{CC4BA62A-162E-4648-847A-B6BDF993E335}", "last-address" },
        { "{1CE20ABA-9851-4421-9430-1DDEB766E809}", "domain-join" },   { "{DDAF516E-58C2-4866-9574-C3B615D42EA1}", "domain-leave" },
        { "{B7569E07-8421-4EE0-AD10-86915AFDAD09}", "port-open" },     { "{A144ED38-8E12-4DE4-9D96-E64740B1A524}", "port-close" },
        { "{659FCAE6-5BDB-4DA9-B1FF-CA2A178D46E0}", "machine-policy" }, { "{54FB46C8-F089-464C-B1FD-59D1B62C3B50}", "user-policy" },
        { "{BC90D167-9470-4139-A9BA-BE0BBBF5B74D}", "rpc" },           { "{1F81D131-3FAC-4537-9E0C-7E7B0C2F4B55}", "pipe" },
        { "{2D7A2816-0C5E-45FC-9CE7-570E5ECDE9C9}", "custom-state" },
    };
    char text[GUID_TEXT];
    guid_text(guid16, text);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i][0], text) == 0)
            return known[i][1];
    return NULL;
}

static char *strings_of(arena *mem, span units)
{
    buf joined;
    buf_init(&joined, units.len * 2 + 16);
    for (size_t at = 0; at + 1 < units.len;) {
        size_t end = at;
        while (end + 1 < units.len && le16(units.at + end))
            end += 2;
        if (end > at && joined.len)
            buf_char(&joined, '\n');
        utf16_utf8(span_part(units, at, end - at), &joined);
        at = end + 2;
    }
    char *out = arena_text(mem, buf_bytes(&joined));
    buf_done(&joined);
    return out;
}

char *service_trigger_data(arena *mem, span data, uint32_t type)
{
    if (type == SERVICE_DATA_STRING)
        return strings_of(mem, data);
    if (type == SERVICE_DATA_LEVEL && data.len == 1)
        return arena_printf(mem, "%u", data.at[0]);
    if (type >= SERVICE_DATA_LEVEL && type <= SERVICE_DATA_ALL && data.len == 8)
        return arena_printf(mem, "0x%llx", (unsigned long long)le64(data.at));
    char *hex = arena_alloc(mem, 2 * data.len + 1);
    if (hex)
        hex_of(data, hex);
    return hex;
}
