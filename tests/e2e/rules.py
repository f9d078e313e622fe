#!/usr/bin/env python3
"""What Sigma rules match becomes part of the case, and does not drown it:  rules.py SUYUAN LOG_MAKER

LOG_MAKER is tests/conformance/sigma_own_logs: it writes logs of events told in JSON."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

NOISY, RARE, SECRET, SWITCHED = 3000, "Odd tool", "Hunter2-9f", "Noise & <b>more</b>"
RULES = f"""
title: {SWITCHED}
id: 11111111-1111-4111-8111-111111111111
logsource: {{category: process_creation, product: windows}}
detection: {{ordinary: {{Image|endswith: 'agent.exe'}}, condition: ordinary}}
tags: [attack.t1059.003]
level: critical
---
title: {RARE}
id: 22222222-2222-4222-8222-222222222222
logsource: {{category: process_creation, product: windows}}
detection: {{odd: {{CommandLine|contains: oddtool}}, condition: odd}}
level: medium
---
title: Agent runs
name: agent_runs
logsource: {{category: process_creation, product: windows}}
detection: {{ordinary: {{Image|endswith: 'agent.exe'}}, condition: ordinary}}
level: low
---
title: Agent runs often
id: 33333333-3333-4333-8333-333333333333
correlation: {{type: event_count, rules: [agent_runs], group-by: [Computer], timespan: 1m, condition: {{gte: 30}}}}
level: low
---
title: Failed logon
id: 55555555-5555-4555-8555-555555555555
logsource: {{product: windows, service: security}}
detection: {{logon: {{EventID: 4625, TargetUserName|contains: '-'}}, condition: logon}}
level: high
---
title: Ordinary logon
id: 44444444-4444-4444-8444-444444444444
logsource: {{product: windows, service: security}}
detection: {{logon: {{EventID: 4624}}, condition: logon}}
level: informational
"""


def started(host, command, at=0, times=1, image="C:\\Program Files\\Agent\\agent.exe"):
    return {"log": "Sysmon 1", "host": host, "at": at, "times": times, "every": 1,
            "fields": {"ProcessId": 77, "Image": image, "CommandLine": command, "User": f"{host}\\lin", "ParentImage": "C:\\Windows\\System32\\services.exe"}}


def psexec(host):
    return {"log": "System 7045", "host": host, "at": 50,
            "fields": {"ServiceName": "PSEXESVC", "ImagePath": "%SystemRoot%\\PSEXESVC.exe", "ServiceType": "user mode service", "StartType": "demand start", "AccountName": "LocalSystem"}}


def logon(host):
    return {"log": "Security 4624", "host": host, "at": 60, "fields": {"TargetUserSid": "S-1-5-21-1-2-3-1001", "TargetUserName": "lin", "TargetDomainName": host, "LogonType": 2, "IpAddress": "-"}}


def mistyped(host):
    return {"log": "Security 4625", "host": host, "at": 55, "fields": {"SubjectUserSid": "S-1-0-0", "TargetUserName": SECRET, "TargetDomainName": host, "Status": "0xc000006d", "SubStatus": "0xc0000064", "LogonType": 2, "IpAddress": "-"}}


def main():
    suyuan, maker = map(os.path.abspath, sys.argv[1:3])
    os.environ["SOURCE_DATE_EPOCH"] = "1600000000"
    failed = []

    def check(what, holds):
        if not holds:
            failed.append(what)

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        numbers = iter(range(1000))
        rules = folder / "rules.yml"
        rules.write_text(RULES, encoding="utf-8")

        def make(name, events):
            cases, out = folder / "cases.json", folder / "made"
            cases.write_text(json.dumps([{"positive": events, "negative": events[:1]}]))
            out.mkdir(exist_ok=True)
            subprocess.run([maker, cases, out], check=True)
            (folder / "hosts" / name).mkdir(parents=True, exist_ok=True)
            shutil.move(out / "0.positive.evtx", folder / "hosts" / name / f"{name}-{next(numbers)}.evtx")

        def run(*arguments):
            return subprocess.run([suyuan, *map(str, arguments)], capture_output=True, text=True, encoding="utf-8")

        def case_of(verb, *arguments):
            where = folder / f"case{next(numbers)}"
            done = run(verb, "-o", where, *arguments)
            if done.returncode != 0:
                sys.exit(f"{verb} returns {done.returncode}: {done.stderr}")
            return where, json.loads((where / "case.json").read_text(encoding="utf-8"))

        names = ["WS1", "WS2", "WS3", "WS4", "WS5"]
        for name in names:
            make(name, [started(name, "agent.exe --run #", times=NOISY if name == "WS1" else 40)])
            make(name, [mistyped(name), logon(name)] if name == "WS5" else [logon(name)])
        make("WS2", [started("WS2", f"oddtool.exe --user lin --password {SECRET}", 4000, image="C:\\tools\\o.exe")])
        make("WS3", [psexec("WS3")])
        hosts = folder / "hosts"

        where, case = case_of("investigate", "-r", rules, hosts)
        ids = {h["id"]: h["names"][0] for h in case["hosts"]}
        matches = [f for f in case["findings"] if f["kind"] == "rule-match"]
        by = {(ids[f["host"]], f["facts"]["title"]): f for f in matches}

        # One finding a rule and host, however often; ranked by rarity, and lowered where it is common or happens all the time.
        check("a finding a rule and host", len(by) == len(matches))
        noisy = by.get(("WS1", SWITCHED))
        check("all of thousands of hits are counted", noisy and noisy["count"] == NOISY and noisy["facts"]["hosts"] == "5")
        check("a few of them stand as evidence", noisy and 1 <= len(noisy["evidence"]) <= 8)
        check("what happens all the time on all hosts is lowered by two levels", noisy and noisy["severity"] == "medium")
        rare = by.get(("WS2", RARE))
        check("the rare one stands before what all have", rare and matches.index(rare) < matches.index(by["WS4", SWITCHED]) < matches.index(noisy))
        check("level, tags and id are told", noisy and noisy["source"].endswith("11111111-1111-4111-8111-111111111111") and noisy["techniques"] == ["T1059.003"] and noisy["facts"]["level"] == "critical")
        check("it is tied to what it concerns", rare and {"type": "account", "value": "WS2\\lin"} in rare["entities"] and {"type": "file", "value": "C:\\tools\\o.exe"} in rare["entities"])
        check("both languages", rare and RARE in rare["title"]["en"] and RARE in rare["title"]["zh"] and "命中 1 次" in rare["text"]["zh"] and "matched 1 time," in rare["text"]["en"])
        often = by.get(("WS4", "Agent runs often"))
        check("a correlation is concluded in its file", often and often["count"] == 1 and often["facts"]["events"] == "30")
        check("what is only counted is not told", not any(t == "Agent runs" for _, t in by))
        check("informational rules are left out", not any(t == "Ordinary logon" for _, t in by))

        # It changes no verdict; a detector that says it already is named instead.
        bare = case_of("investigate", "--no-own-rules", hosts)[1]
        for part in case:
            check(f"rules change nothing in {part}", part in ("findings", "tool") or case[part] == bare[part])
        check("nobody is compromised by rules", all(h["infected"] in ("no", "unknown") for h in case["hosts"]))
        told = [f for f in case["findings"] if f["kind"] == "remote-execution" and ids[f["host"]] == "WS3"]
        check("a rule is named with the finding that cites its record", told and "Service of a remote execution tool" in told[0]["facts"].get("rules", ""))
        check("in Chinese, too", told and "远程执行工具的服务" in told[0]["facts"].get("rules_zh", ""))
        check("and not told again", ("WS3", "Service of a remote execution tool") not in by)
        check("findings of detectors are the same but for that", [f["id"] for f in case["findings"] if f["kind"] != "rule-match"] == [f["id"] for f in bare["findings"]])

        # Secrets and markup.
        page, text = (where / "report.html").read_text(encoding="utf-8"), (where / "case.json").read_text(encoding="utf-8")
        check("no password is told", SECRET not in page and SECRET not in text)
        check("nor what may be one, in the place of a name", ("WS5", "Failed logon") in by and SECRET not in json.dumps(matches) and "TargetUserName=***" in json.dumps(matches))
        check("markup of a rule is shown, not obeyed", "<b>more</b>" not in page and "&lt;b&gt;more&lt;/b&gt;" in page)
        check("a chapter of the report", 'href="#rules"' in page and RARE in page)

        # Levels, sets of rules, and what does not mix.
        check("-l", {t for _, t in {(f["host"], f["facts"]["title"]) for f in case_of("investigate", "-r", rules, "-l", "medium", hosts)[1]["findings"] if f["kind"] == "rule-match"}} == {SWITCHED, RARE, "Failed logon"})
        only = folder / "only"
        run("survey", "-o", only, "--no-own-rules", hosts)
        mixed = folder / "mixed"
        run("survey", "-o", mixed, hosts)
        check("digests of other rules do not mix", run("join", "-o", folder / "no", only, mixed).returncode == 2)
        check("no rule that can be used is wrong usage", run("investigate", "-o", folder / "no", "-r", folder / "none", hosts).returncode == 2)

        # The laws of digests hold for rules, too.
        logs = sorted(hosts.rglob("*.evtx"))
        whole = case_of("investigate", "-j", "1", "-r", rules, *logs)[1]
        check("threads", whole == case_of("investigate", "-j", "4", "-r", rules, *reversed(logs))[1])
        each = folder / "each"
        for log in logs[::-1]:
            run("survey", "-o", each, "-r", rules, log)
        check("survey and join", whole == case_of("join", each)[1])
        shutil.copytree(hosts / "WS1", hosts / "WS1" / "backup")
        again = {(ids.get(f["host"]), f["facts"]["title"]): f["count"] for f in case_of("investigate", "-r", rules, hosts)[1]["findings"] if f["kind"] == "rule-match"}
        check("copies of a log count once", again.get(("WS1", SWITCHED)) == NOISY)

    for what in failed:
        print("FAILED:", what)
    return bool(failed)


sys.exit(main())
