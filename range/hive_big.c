/* A hive of any size for measuring: what fills SOFTWARE on a machine that has lived for years - classes, and the components
 * that installers leave. */
#include "range/hive_big.h"

#include "range/rng.h"

static const char *guid(arena *mem, rng *r)
{
    uint64_t a = rng_next(r), b = rng_next(r);
    return arena_printf(mem, "{%08X-%04X-4%03X-%04X-%012llX}", (unsigned)(a >> 32), (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
                        (unsigned)(0x8000 | (b >> 48 & 0x3fff)), (unsigned long long)(b & 0xffffffffffffull));
}

/* Both return about what they add to the hive. */
static uint64_t add_class(hive *h, arena *mem, rng *r, hive_key *classes)
{
    const char *file = arena_printf(mem, "%%SystemRoot%%\\System32\\lib%05u.dll", (unsigned)rng_below(r, 100000));
    hive_key *k = hive_add(h, classes, span_str(guid(mem, r))), *server = hive_add(h, k, span_str("InprocServer32"));
    hive_sz(h, k, "", arena_printf(mem, "Library %u", (unsigned)rng_below(r, 100000)));
    hive_expand(h, server, "", file);
    hive_sz(h, server, "ThreadingModel", rng_chance(r, 50) ? "Both" : "Apartment");
    return 120 + 104 + 2 * 24 + 3 * 32 + 40 + 2 * strlen(file) + 32 + 24;
}

static uint64_t add_component(hive *h, arena *mem, rng *r, hive_key *components)
{
    uint8_t digits[16];
    char name[33], product[33];
    for (int i = 0; i < 16; i++)
        digits[i] = (uint8_t)rng_next(r);
    hex_of(span_of(digits, 16), name);
    for (int i = 0; i < 16; i++)
        digits[i] = (uint8_t)(17 * rng_below(r, 12));
    hex_of(span_of(digits, 16), product);
    hive_key *k = hive_add(h, components, span_str(name));
    const char *file = arena_printf(mem, "C:\\Program Files\\Vendor %u\\Suite\\component%u.dll", (unsigned)rng_below(r, 40),
                                    (unsigned)rng_below(r, 90000));
    hive_sz(h, k, product, file);
    return 112 + 8 + 16 + 56 + 8 + 2 * strlen(file);
}

status hive_big(const char *path, uint64_t bytes)
{
    arena mem;
    rng r = rng_of(bytes, "big hive", 0);
    arena_init(&mem, 0);
    moment t = moment_from_parts((moment_parts){ .year = 2020, .month = 5, .day = 1 });
    hive *h = hive_new(&mem, &(hive_options){ .minor = 5,
                                              .root = "CMI-CreateHive{199DAFC2-6F16-4946-BF90-5A3FC3A60902}",
                                              .file = "emRoot\\System32\\Config\\SOFTWARE",
                                              .clock = t,
                                              .base_dates = true });
    hive_key *classes = hive_at(h, hive_root(h), "Classes\\CLSID"), *components = NULL;
    uint64_t so_far = 8192;
    for (unsigned n = 0; so_far < bytes; n++) {
        if (n % 40000 == 0)
            components =
                hive_at(h, hive_root(h),
                        arena_printf(&mem, "Microsoft\\Windows\\CurrentVersion\\Installer\\UserData\\S-1-5-21-1-2-3-%u\\Components",
                                     1000 + n / 40000));
        hive_clock(h, t + n * MOMENT_SECOND);
        so_far += n % 5 == 0 ? add_class(h, &mem, &r, classes) : add_component(h, &mem, &r, components);
    }
    hive_commit(h);
    status st = hive_save(h, path);
    hive_done(h);
    arena_done(&mem);
    return st;
}
