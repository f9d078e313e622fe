/* Sigma rules over any bytes: what is loaded is whole, what is refused is told why, and twice the same. */
#include "sigma/sigma.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool kept)
{
    if (!kept)
        abort();
}

static size_t load(const profile *facts, span text, char hash[65])
{
    arena mem;
    sigma_rules *rules;
    const sigma_refusal *refused;
    sigma_options o = { .text = text };
    arena_init(&mem, 0);
    require(status_is_ok(sigma_load(facts, &o, &mem, &rules)));
    for (size_t i = 0; i < sigma_count(rules); i++) {
        const sigma_rule *r = sigma_rule_at(rules, i);
        require(*r->title && utf8_valid(span_str(r->title)) && r->line > 0 && r->level <= SIGMA_CRITICAL);
        buf logs;
        buf_init(&logs, 1 << 20);
        sigma_logs(rules, (uint32_t)i, &logs);
        buf_done(&logs);
    }
    size_t count = sigma_refused(rules, &refused);
    for (size_t i = 0; i < count; i++)
        require(refused[i].reason && *refused[i].reason);
    for (size_t i = 0; i < sigma_lint_count(rules); i++)
        require(*sigma_lint(rules, i).reason);
    size_t loaded = sigma_count(rules);
    memcpy(hash, sigma_hash(rules), 65);
    sigma_free(rules);
    arena_done(&mem);
    return loaded;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static arena mem;
    static profile *facts;
    char one[65], two[65];
    if (!facts && !status_is_ok(profile_open(NULL, &mem, &facts)))
        abort();
    span text = span_of(data, size);
    require(load(facts, text, one) == load(facts, text, two) && strcmp(one, two) == 0);
    return 0;
}
