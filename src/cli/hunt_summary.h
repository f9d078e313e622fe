/* What a hunt amounts to: hits by rule, host and tactic, a layer of the ATT&CK Navigator, and why rules found nothing. */
#pragma once
#include "base/map.h"
#include "sigma/sigma.h"
#include "text/text.h"

typedef struct {
    const sigma_rules *rules;
    const uint64_t *by_rule;
    const map *by_host; uint64_t other_hosts;            /* hits; those of hosts that had no room */
    const uint8_t *chances; const uint32_t *missing;     /* of hunt_options; for summary_explain alone */
    bool json;                           /* JSON lines; else a table */
    lang shown;
} hunt_result;

void summary_put(const hunt_result *r, buf *out);
void summary_layer(const hunt_result *r, buf *out);
void summary_explain(const hunt_result *r, buf *out);
