#!/usr/bin/env python3
"""Records equal to evtx_dump 0.15.1's, over every sample log.

usage: evtx_dump.py SUYUAN SOURCE_ROOT [--update]

evtx_dump-0.15.1.tsv beside this file keeps, for each log: records that both give, equal as JSON values and in the same order;
records that only one of them gives; the SHA-256 of our own output; and why there is a difference, where there is one. With
evtx_dump (in PATH, or EVTX_DUMP) the counts are found anew; without it our output must have the SHA-256 that is kept.
--update writes the table; reasons are kept, and a difference without a reason fails."""
import difflib
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

import evtx

VERSION = "0.15.1"
TABLE = pathlib.Path(__file__).with_name(f"evtx_dump-{VERSION}.tsv")
COLUMNS = ["log", "equal", "different", "only_ours", "only_theirs", "sha256", "why"]


def peer():
    program = os.environ.get("EVTX_DUMP") or shutil.which("evtx_dump")
    if not program:
        return None
    version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    return program if VERSION in version else None


def lines(output):
    return [json.dumps(json.loads(line), sort_keys=True) for line in output.decode().split("\n") if line]


def compare(ours, theirs):
    """Equal; in the place of another; only ours; only theirs."""
    counts = [0, 0, 0, 0]
    for tag, a, b, c, d in difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        both = min(b - a, d - c)
        counts[0 if tag == "equal" else 1] += both
        counts[2] += b - a - both
        counts[3] += d - c - both
    return counts


def kept():
    if not TABLE.exists():
        return {}
    rows = [line.split("\t") for line in TABLE.read_text().splitlines()[1:]]
    return {row[0]: dict(zip(COLUMNS, row)) for row in rows}


def main():
    suyuan, root, update = sys.argv[1], evtx.samples(pathlib.Path(sys.argv[2])), "--update" in sys.argv
    program, table, wrong, made = peer(), kept(), [], []
    if update and not program:
        sys.exit(f"--update wants evtx_dump {VERSION}")
    found = evtx.logs(root)
    if not found:
        evtx.skip(f"no logs under {root}")
    totals = [0, 0, 0, 0]
    for log in found:
        name = str(log.relative_to(root))
        output = evtx.run(suyuan, "dump", log)
        row = table.get(name)
        if not row and not update:
            wrong.append(f"{name}: is not in the table")
            continue
        if not program:
            totals = [a + int(row[c]) for a, c in zip(totals, COLUMNS[1:5])]
            if hashlib.sha256(output).hexdigest() != row["sha256"]:
                wrong.append(f"{name}: is written otherwise than when the table was made")
            continue
        theirs = subprocess.run([program, "-t", "1", "-o", "jsonl", str(log)], capture_output=True).stdout
        counts = compare(lines(output), lines(theirs))
        totals = [a + b for a, b in zip(totals, counts)]
        why = row["why"] if row else ""
        if any(counts[1:]) and not why:
            wrong.append(f"{name}: {counts[1]} differ, {counts[2]} only ours, {counts[3]} only theirs, and no reason is given")
        if not update and [str(n) for n in counts] != [row[c] for c in COLUMNS[1:5]]:
            wrong.append(f"{name}: {counts} instead of {[row[c] for c in COLUMNS[1:5]]}")
        made.append([name, *map(str, counts), hashlib.sha256(output).hexdigest(), why])
    if update:
        TABLE.write_text("\n".join("\t".join(row) for row in [COLUMNS, *made]) + "\n")
    print(*wrong, sep="\n")
    print(f"{len(found)} logs: {totals[0]} records equal, {totals[1]} different, {totals[2]} only ours, {totals[3]} only theirs"
          + ("" if program else f" (as kept: there is no evtx_dump {VERSION} here)"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
