#!/usr/bin/env python3
"""A memory dump is its host's: by the computer's name in it, wherever it lies; by the place where it lies, when it tells no name.
Its processes stand in the trees beside those of the logs.

usage: crash_host.py SUYUAN SUYUAN_RANGE"""
import json
import pathlib
import subprocess
import sys
import tempfile

suyuan, make = sys.argv[1:3]


def case_of(folder, out):
    subprocess.run([suyuan, "investigate", "-o", out, folder], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return json.loads((out / "case.json").read_text())


with tempfile.TemporaryDirectory() as where:
    where = pathlib.Path(where)
    subprocess.run([make, "--seed", "5", "--hosts", "1", "--undelivered", "0", "--size", "0.5", "-o", where / "made"], check=True, stdout=subprocess.DEVNULL)
    hosts = where / "made/hosts"
    name = next(hosts.iterdir()).name
    before = case_of(hosts, where / "before")
    for turn, (kind, place, more) in enumerate([("x64-complete", "sent/dump-from-the-customer.dmp", ["--computer", name]), ("x64-kernel", f"{name}/C/Windows/MEMORY.DMP", [])]):
        dump = hosts / place
        dump.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([make, "--dump", kind, "--intruder", *more, "-o", dump], check=True)
        case = case_of(hosts, where / f"after{turn}")
        dump.unlink()
        assert [h["names"] for h in case["hosts"]] == [h["names"] for h in before["hosts"]], (kind, [h["names"] for h in case["hosts"]])
        ids = {e["id"] for e in case["evidence"] if e["kind"] == "crash-dump"}
        seen = {(p["host"], p["image"].rsplit("\\", 1)[-1], p["verdict"]) for p in case["processes"] if any(e["evidence"] in ids for e in p["evidence"])}
        assert (case["hosts"][0]["id"], "svchost.exe", "hostile") in seen, (kind, seen)
print("two dumps, and both stand with their host")
