/* Digests made of random notes, for tests: the same seed gives the same notes. */
#pragma once
#include "digest/digest.h"

typedef struct { uint64_t state; } dice;
static inline uint64_t roll(dice *d, uint64_t sides)
{
    d->state = d->state * 6364136223846793005ull + 1442695040888963407ull;
    return (d->state >> 33) % sides;
}

typedef enum { PART_EVIDENCE, PART_CLAIM, PART_BLOCK, PART_ACT, PART_TALLY, PART_CUT, PARTS } part_kind;

static const digest_head made_head = { .unit = "HOST1", .tool = "0.1", .profiles = "p", .rules = "r", .options = "o", .sources = "s" };

/* Adds the n-th note of a world with this seed. Few names, so that things come twice, share logs, and differ in one place. */
static inline void add_nth(digest *to, uint64_t seed, uint64_t n)
{
    static const char *const names[] = { "a", "b", "", "\xe6\xba\xaf\xe6\xba\x90", "q\"\\\n\x01", "long name with blanks" };
    static const char *const hashes[] = {
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "ffffffffffffffff0123456789abcdef0123456789abcdef0123456789abcdef",
        "",
    };
    enum { NAMES = sizeof names / sizeof *names };
    dice d = { seed * 1000003 + n * 7919 };
    roll(&d, 2);
    const char *some[12];
    for (int i = 0; i < 12; i++)
        some[i] = names[roll(&d, NAMES)];
    log_ref log = { "0123456789abcdef", some[0], some[1], roll(&d, 2) ? "Security" : "System" };
    moment when = roll(&d, 5) ? 132000000000000000ull + roll(&d, 50) * MOMENT_MINUTE : MOMENT_UNKNOWN;
    fact facts[] = { { "account", some[2] }, { "source", some[3] }, { "account", "twice" }, { "Zone", some[4] } };

    switch (roll(&d, PARTS)) {
    case PART_EVIDENCE: {
        problem wrong[] = { { "chunk.checksum", roll(&d, 2) ? 3 : PROBLEM_NO_CHUNK, roll(&d, 9), some[5] }, { "record.size", 0, 1, "" } };
        digest_add_evidence(to, &(evidence_file){
            .path = some[6], .unit = "HOST1", .sha256 = hashes[roll(&d, 3)], .bytes = roll(&d, 3), .kind = "evtx", .read = roll(&d, 2), .why = some[7],
            .computer = some[8], .channel = some[9], .records = roll(&d, 3), .first_record = roll(&d, 3), .last_record = UINT64_MAX - roll(&d, 3),
            .first = when, .last = MOMENT_UNKNOWN, .problems = wrong, .problem_count = roll(&d, 3), .problems_dropped = roll(&d, 2),
        });
        break;
    }
    case PART_CLAIM:
        digest_add_claim(to, &(identity_claim){ "0123456789abcdef", some[5], "name", some[6], when, when, roll(&d, 3), "System", some[7], "strong" });
        break;
    case PART_BLOCK: {
        block_anchor anchors[] = { { 1, when }, { 128, MOMENT_UNKNOWN } };
        digest_add_block(to, &(log_block){ &log, roll(&d, 3), (uint32_t)roll(&d, 1025), 1, 1023, when, when, anchors, roll(&d, 3) });
        break;
    }
    case PART_ACT: {
        const char *finding = some[10];
        digest_add_act(to, &(act){
            .log = &log, .kind = roll(&d, 2) ? "service.install" : "log.clear", .record = roll(&d, 4), .offset = roll(&d, 2), .time = when, .recovered = roll(&d, 2),
            .facts = facts, .fact_count = roll(&d, 5), .finding = finding, .severity = (severity)roll(&d, 5), .confidence = (unsigned)roll(&d, 101),
            .techniques = "T1543.003", .text = some[11],
        });
        break;
    }
    case PART_TALLY: {
        tally_bucket buckets[] = { { when, 3, 7, when, when }, { MOMENT_UNKNOWN, UINT32_MAX, UINT64_MAX, 0, MOMENT_UNKNOWN - 1 } };
        digest_add_tally(to, &(tally){ &log, "logon.failure", roll(&d, 3), facts, roll(&d, 5), MOMENT_MINUTE, buckets, roll(&d, 3) });
        break;
    }
    default:
        digest_add_cut(to, roll(&d, 4) ? &log : NULL, roll(&d, 2) ? "logon.failure" : "act", roll(&d, 3));
    }
}
