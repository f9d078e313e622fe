/* A claim of the scene being checked: what claims.c and claims_state.c share. */
#pragma once
#include "incident/internal.h"

typedef struct { const scene_claim *told; uint32_t host; claim *out; } checking;

void claim_cites(joined *j, checking *c, evidence_ref ref);
void claim_decides(checking *c, const char *verdict, const char *found, sentence why);

/* false: the host's state says nothing of it, and nothing was decided. */
bool claim_antivirus_state(joined *j, checking *c);
bool claim_port_state(joined *j, checking *c);
bool claim_account_state(joined *j, checking *c);
void claim_patch(joined *j, checking *c);
