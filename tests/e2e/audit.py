#!/usr/bin/env python3
"""The audit of made hosts says what was done to them: every check that the truth knows, failed, passed or undecided as it is there;
the same in all its forms, and in the case; and a port that a scan saw open is open.

usage: audit.py SUYUAN SUYUAN_RANGE"""
import csv
import io
import json
import pathlib
import re
import subprocess
import sys
import tempfile

failed = []


def check(holds, words):
    if not holds:
        failed.append(words)


def run(*arguments):
    done = subprocess.run([*map(str, arguments)], capture_output=True)
    check(done.returncode in (0, 3), f"{arguments[1:4]}: exit {done.returncode}, {done.stderr[-200:]}")
    return done.stdout.decode("utf-8")


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def scan(address, *ports):
    rows = "".join(f'<port protocol="tcp" portid="{n}"><state state="{state}" reason="syn-ack"/></port>' for n, state in ports)
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE nmaprun>\n<nmaprun scanner="nmap" args="nmap -oX scan.xml" start="1589200000" version="7.80">'
            f'<host><status state="up"/><address addr="{address}" addrtype="ipv4"/><ports>{rows}</ports></host></nmaprun>\n')


def main():
    suyuan, make = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:3])
    compared = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for seed in 1, 3, 6, 9, 127, 12:      # 127: an update whose names say nothing, and the driver that does
            made = folder / f"made{seed}"
            run(make, "--seed", seed, "-o", made, "--size", "4", "--days", "6")
            hosts = sorted((made / "hosts").iterdir())
            state = json.loads((made / "truth.json").read_text(encoding="utf-8"))["state"]
            told = lines(run(suyuan, "audit", "-f", "jsonl", "--lang", "en", *hosts))
            said = {(x["host"], x["check"]): x for x in told if "check" in x}
            names = {h["host"]: h["computer"] for h in state["hosts"]}
            for x in state["exposure"]:
                compared += 1
                answer = said.get((names[x["host"]], x["check"]))
                check(answer and answer["state"] == x["state"], f"{seed} {x['host']} {x['check']}: {answer and (answer['state'], answer['found'], answer['note'])}, was {x['state']} ({x['found']})")
            for x in said.values():
                check(x["title"] and x["why"] and x["policy"] and x["source"], f"{x['check']}: words are missing")
                check("{" not in "\n".join(x["commands"]).replace("{0CCE", ""), f"{x['check']}: {x['commands']}")
                check(all(c and "\n" not in c for c in x["commands"]), f"{x['check']}: a command is not one line")
        # The forms say the same.
        rows = list(csv.DictReader(io.StringIO(run(suyuan, "audit", "-f", "csv", "--lang", "en", *hosts), newline="")))
        check([(r["host"], r["check"], r["state"]) for r in rows] == [(x["host"], x["check"], x["state"]) for x in told if "check" in x], "CSV and JSON lines differ")
        commands = [x["commands"] for x in told if "check" in x]
        check([r["command"].lstrip("'").splitlines() for r in rows] == commands and any(len(c) > 1 for c in commands), "CSV has other commands than the JSON lines")
        table = run(suyuan, "audit", "--lang", "zh", *hosts)
        check(len(re.findall(r"^  \[", table, re.M)) == len(rows), "the table has other checks")
        page = run(suyuan, "audit", "-f", "html", *hosts)
        check(page.count("<html") == 1 and "http" not in re.sub(r"https?://www\.w3\.org/\S+", "", page).replace("http-equiv", ""), "the page is none, or wants the network")
        for x in told:
            if "score" in x:
                mine = [c for c in said.values() if c["host"] == x["host"]]
                weights = {"critical": 10, "high": 5, "medium": 2, "low": 1, "info": 0}
                points = sum(weights[c["severity"]] for c in mine if c["state"] == "passed")
                of = points + sum(weights[c["severity"]] for c in mine if c["state"] == "failed")
                check((x["points"], x["of"]) == (points, of) and x["score"] == points * 100 // of, f"the score of {x['host']}: {x}")
        # The case has it too.
        run(suyuan, "investigate", "-o", folder / "case", *hosts)
        case = json.loads((folder / "case" / "case.json").read_text(encoding="utf-8"))
        shown = {h["id"]: h["names"][0] for h in case["hosts"]}
        check({(shown[e["host"]], e["check"], e["state"]) for e in case["exposure"]} == {(x["host"], x["check"], x["state"]) for x in said.values()}, "the case says something else")
        # Baselines, and the view from outside.
        other = lines(run(suyuan, "audit", "-f", "jsonl", "--baseline", "2012r2", hosts[0]))
        check(any(x.get("check") == "password-length" and x["wanted"].endswith("14") and "CIS" in x["source"] for x in other), "the baseline 2012r2 does not want 14")
        refused = subprocess.run([suyuan, "audit", "--baseline", "none", str(hosts[0])], capture_output=True)
        check(refused.returncode == 2 and b"2012r2" in refused.stderr, "an unknown baseline is taken")
        address = next(h["address"] for h in state["hosts"] if h["host"] == hosts[0].name)
        (folder / "scan.xml").write_text(scan(address, (3389, "open"), (445, "filtered"), (33890, "open")), encoding="utf-8")
        outside = {x["check"]: x for x in lines(run(suyuan, "audit", "-f", "jsonl", "--lang", "en", "--nmap", folder / "scan.xml", hosts[0])) if "check" in x}
        check(outside["rdp-exposed"]["state"] == "failed" and "scan" in outside["rdp-exposed"]["note"], f"a port that a scan saw open: {outside['rdp-exposed']}")
        check(outside["smb-exposed"]["state"] == "passed", f"a port that a scan saw filtered: {outside.get('smb-exposed')}")
        (folder / "none.xml").write_text("<task/>", encoding="utf-8")
        refused = subprocess.run([suyuan, "audit", "--nmap", str(folder / "none.xml"), str(hosts[0])], capture_output=True)
        check(refused.returncode == 2 and b"no scan" in refused.stderr, "what is no scan is taken")
        empty = folder / "empty"
        empty.mkdir()
        done = subprocess.run([suyuan, "audit", str(empty)], capture_output=True)
        check(done.returncode == 3 and done.stdout == b"", f"nothing to audit: exit {done.returncode}")
    for words in failed[:40]:
        print("FAILED:", words)
    print(f"{compared} checks compared with what was done")
    return 1 if failed or compared < 300 else 0


sys.exit(main())
