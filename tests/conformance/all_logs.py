#!/usr/bin/env python3
"""Every sample log is decoded, in every format, alone and with recovery, and what is written is what it should be. Raw images
among the samples are carved.

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
    logs = evtx.logs(root)
    live = check(suyuan, [], logs)
    with_slack = check(suyuan, ["--recover"], logs)
    if with_slack[0] - with_slack[1] != live[0] or live[1]:
        sys.exit(f"{live} records live, {with_slack} with what was recovered")
    images = [p for p in (root / "extra/images").glob("*") if p.is_file()]
    carved = evtx.run(suyuan, "dump", "--recover", *images).count(b'{"recovered":true,') if images else 0
    print(f"{live[0]} records, {with_slack[1]} recovered from logs, {carved} carved out of {len(images)} images")
    return 0


def check(suyuan, options, paths):
    """How many records, and how many of them are marked as recovered."""
    def dump(*more):
        return evtx.run(suyuan, "dump", *options, *more, *paths)

    lines = dump("-j1")
    if dump("-j3") != lines:
        sys.exit("the output depends on the number of threads")
    objects = [json.loads(line) for line in lines.decode().split("\n")[:-1]]
    if not options and json.loads(dump("-f", "json")) != objects:
        sys.exit("json has other records than jsonl")
    document = ElementTree.fromstring(dump("-f", "xml"))
    rows = list(csv.reader(io.StringIO(dump("-f", "csv").decode("utf-8-sig"), newline="")))
    if len(document) != len(objects) or len(rows) - 1 != len(objects):
        sys.exit(f"{len(objects)} objects, {len(document)} elements, {len(rows) - 1} rows")
    if any(len(row) != len(rows[0]) for row in rows):
        sys.exit("a row has other columns than the first")
    if any(cell[:1] in tuple("=+-@\t\r") for row in rows for cell in row):
        sys.exit("a cell would be taken for a formula")
    return len(objects), sum(o.get("recovered") is True for o in objects)


if __name__ == "__main__":
    sys.exit(main())
