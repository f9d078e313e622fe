#!/usr/bin/env python3
"""Every sample log is decoded, in every format, alone and with recovery, and what is written is what it should be.

usage: all_logs.py SUYUAN SOURCE_ROOT

Made to be run with a build that has AddressSanitizer and UndefinedBehaviorSanitizer: whatever they say ends the test."""
import csv
import io
import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

import evtx


def main():
    suyuan, root = sys.argv[1], evtx.samples(pathlib.Path(sys.argv[2]))
    if not evtx.logs(root):
        evtx.skip(f"no logs under {root}")
    csv.field_size_limit(1 << 30)
    counts = {}
    for recover in [], ["--recover"]:
        lines = evtx.run(suyuan, "dump", "-j1", *recover, root)
        if evtx.run(suyuan, "dump", "-j3", *recover, root) != lines:
            sys.exit("the output depends on the number of threads")
        objects = [json.loads(line) for line in lines.decode().split("\n")[:-1]]
        if json.loads(evtx.run(suyuan, "dump", "-f", "json", *recover, root)) != objects:
            sys.exit("json has other records than jsonl")
        document = ElementTree.fromstring(evtx.run(suyuan, "dump", "-f", "xml", *recover, root))
        rows = list(csv.reader(io.StringIO(evtx.run(suyuan, "dump", "-f", "csv", *recover, root).decode("utf-8-sig"), newline="")))
        if len(document) != len(objects) or len(rows) - 1 != len(objects):
            sys.exit(f"{len(objects)} objects, {len(document)} elements, {len(rows) - 1} rows")
        if any(len(row) != len(rows[0]) for row in rows):
            sys.exit("a row has other columns than the first")
        if any(cell[:1] in tuple("=+-@\t\r") for row in rows for cell in row):
            sys.exit("a cell would be taken for a formula")
        marked = sum(o.get("recovered") is True for o in objects)
        if not recover and marked:
            sys.exit("records are recovered that nobody asked for")
        counts[bool(recover)] = (len(objects), marked)
    if counts[True][0] - counts[True][1] != counts[False][0]:
        sys.exit("recovery changed what is live")
    print(f"{counts[False][0]} records, {counts[True][1]} recovered ones")
    return 0


if __name__ == "__main__":
    sys.exit(main())
