#!/usr/bin/env python3
"""The laws of digests, through the whole program: however the same evidence is pointed at, cut up, packed, ordered or worked on,
the case is the same bytes.

usage: laws.py SUYUAN SUYUAN_RANGE"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile


def without_places(case):
    """A file that is pointed at itself is listed in the folder that holds it, not in its host's: all else must be the same."""
    told = json.loads(case)
    for e in told["evidence"]:
        e["path"], e["unit"] = e["path"].rsplit("/", 1)[-1], ""
    told["evidence"].sort(key=lambda e: (e["sha256"], e["path"]))
    return told


def main():
    suyuan, make = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    failed = []
    os.environ["SOURCE_DATE_EPOCH"] = "1600000000"

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        numbers = iter(range(1000))

        def run(*arguments):
            done = subprocess.run([suyuan, *map(str, arguments)], capture_output=True, text=True)
            if done.returncode != 0:
                failed.append(f"{arguments[0]} returns {done.returncode}: {done.stderr}")

        def case_of(verb, *arguments):
            where = folder / f"case{next(numbers)}"
            run(verb, "-o", where, *arguments)
            return (where / "case.json").read_bytes()

        def check(what, holds):
            if not holds:
                failed.append(what)

        for seed, switches in (1, []), (5, ["--overlap", "--renamed"]):
            made = folder / f"made{seed}"
            subprocess.run([make, "--seed", str(seed), "-o", made, "--hosts", "3", "--days", "4", "--size", "9", *switches], check=True, stdout=subprocess.DEVNULL)
            hosts = made / "hosts"
            each = sorted(hosts.iterdir())
            bare = folder / f"bare{seed}"
            subprocess.run([make, "--seed", str(seed), "-o", bare, "--without", "hives", "--hosts", "3", "--days", "4", "--size", "9", *switches], check=True, stdout=subprocess.DEVNULL)
            logs = sorted((bare / "hosts").rglob("*.evtx"))
            whole, of_logs = case_of("investigate", hosts), case_of("investigate", bare / "hosts")
            check(f"{seed}: something is told", len(json.loads(whole)["findings"]) > 3)

            check(f"{seed}: threads", whole == case_of("investigate", "-j", "1", hosts) == case_of("investigate", "-j", "5", hosts))
            check(f"{seed}: hosts in another order", whole == case_of("investigate", *reversed(each)))
            check(f"{seed}: file by file", without_places(of_logs) == without_places(case_of("investigate", *reversed(logs))))

            digests = folder / f"digests{seed}"
            for log in logs[::-1]:
                run("survey", "-o", digests, log)
            names = sorted(digests.glob("*.digest"))
            check(f"{seed}: one digest a file", len(names) == len(logs))
            joined = case_of("join", *names)
            check(f"{seed}: survey and join", without_places(of_logs) == without_places(joined))
            check(f"{seed}: digests in another order, some twice", joined == case_of("join", *reversed(names), *names[::2]))

            there = folder / f"grows{seed}"
            for host in each:
                run("investigate", "-o", there, host)
            check(f"{seed}: a case that grows host by host", whole == (there / "case.json").read_bytes())

            zips = folder / f"zips{seed}"
            zips.mkdir()
            for host in each:
                with zipfile.ZipFile(zips / f"{host.name}.zip", "w", zipfile.ZIP_DEFLATED) as z:
                    for path in host.rglob("*"):
                        z.write(path, path.relative_to(host))
            packed, told = json.loads(case_of("investigate", zips)), json.loads(whole)
            packed["evidence"] = [e for e in packed["evidence"] if e["kind"] != "archive"]
            check(f"{seed}: in archives", packed == told)
            shutil.rmtree(made)

    for what in failed:
        print("FAILED:", what)
    return bool(failed)


sys.exit(main())
