/* Security descriptors and service values over any bytes: SIDs lie in the bytes, text is plain, and what is allowed and what is
 * denied stay inside what was asked. */
#include "format/security.h"
#include "format/service_actions.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool kept)
{
    if (!kept)
        abort();
}

static void plain(const char *text)
{
    require(text != NULL);
    for (; *text; text++)
        require(*text >= ' ' && *text < 0x7f);
}

static void inside(span all, span part)
{
    require(part.len == 0 || (part.at >= all.at && part.at + part.len <= all.at + all.len));
}

static void check_list(arena *mem, span all, const security_list *list)
{
    require(list->count <= SECURITY_ACES);
    for (size_t i = 0; i < list->count; i++) {
        const security_ace *a = &list->aces[i];
        inside(all, a->sid);
        inside(all, a->object);
        inside(all, a->inherited);
        inside(all, a->rest);
        plain(security_sid_text(mem, a->sid));
    }
}

static void descriptor(arena *mem, span bytes)
{
    static const char *const who[] = { "BA", "WD", "S-1-5-18", "DA", NULL };
    problems noted;
    security s;
    problems_init(&noted, mem);
    if (!status_is_ok(security_read(mem, bytes, &noted, &s)))
        return;
    inside(bytes, s.owner);
    inside(bytes, s.group);
    check_list(mem, bytes, &s.access);
    check_list(mem, bytes, &s.audit);
    for (security_object kind = SECURITY_FILE; kind <= SECURITY_WMI; kind++) {
        plain(security_sddl(mem, &s, kind));
        uint32_t wanted = security_all(kind);
        require((security_allowed(&s, kind, who, wanted) & ~wanted) == 0 && (security_denied(&s, kind, who, wanted) & ~wanted) == 0);
    }
}

static void service(arena *mem, span bytes)
{
    service_failure f;
    if (service_failure_read(mem, bytes, &f)) {
        require(f.count <= SERVICE_ACTIONS && 20 + 8 * f.count <= bytes.len);
        service_failure_runs(&f);
    }
    for (uint32_t type = 0; type < 8; type++)
        require(service_trigger_data(mem, bytes, type) != NULL);
    service_trigger_meaning(span_part(bytes, 0, 16));
    plain(service_guid(mem, span_part(bytes, 0, 16)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena mem;
    arena_init(&mem, 0);
    descriptor(&mem, span_of(data, size));
    service(&mem, span_of(data, size));
    arena_done(&mem);
    return 0;
}
