#!/usr/bin/env python3
"""Every record of the logs under sigma/regression is what the .json file beside it says.

usage: sigma_regression.py SUYUAN SOURCE_ROOT

Those files were made with an older evtx_dump, and some had the blanks at the ends of their values trimmed (evtx.py says what
is made alike on both sides). EDITED names files that were changed by hand afterwards, with what was changed; of the files
that are there now, none was."""
import pathlib
import sys

import evtx

EDITED = {}


def main():
    suyuan, root = sys.argv[1], evtx.samples(pathlib.Path(sys.argv[2])) / "sigma/regression"
    files = compared = 0
    wrong = []
    for told in sorted(root.rglob("*.json")):
        log = told.with_suffix(".evtx")
        if not log.exists():
            continue
        name = str(told.relative_to(root))
        want = evtx.records(told.read_text(encoding="utf-8-sig"))
        have = evtx.records(evtx.run(suyuan, "dump", log).decode())
        files += 1
        compared += len(want)
        found = [] if len(want) == len(have) else [f"{len(want)} records told, {len(have)} read"]
        for one, other in zip(want, have):
            found += evtx.differences(evtx.alike(one), evtx.alike(other))
        if found and name not in EDITED:
            wrong.append((name, found))
        if name in EDITED and not found:
            wrong.append((name, ["is listed as edited, and differs in nothing"]))
    if files == 0:
        evtx.skip(f"no .json beside a log under {root}")
    for name, found in wrong:
        print(name, *found[:5], sep="\n    ")
    print(f"{compared} records of {files} logs compared, {len(wrong)} logs differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
