#!/usr/bin/env python3
"""suyuan hunt, search and stats as a person meets them, over an export made here.

usage: hunting.py SUYUAN"""
import csv
import io
import json
import pathlib
import subprocess
import sys
import tempfile

RULE = """title: A user is made
id: 11111111-2222-3333-4444-555555555555
level: high
tags: [attack.persistence, attack.t1136]
logsource: {product: windows, category: process_creation}
detection:
  selection: {Image|endswith: '\\\\net.exe', CommandLine|contains: ' user '}
  condition: selection
---
title: A parent that nobody tells
logsource: {product: windows, category: process_creation}
detection:
  selection: {ParentImage|endswith: '\\\\winword.exe'}
  condition: selection
---
title: A log that is not there
logsource: {product: windows, category: dns_query}
detection:
  selection: {QueryName: a.example}
  condition: selection
---
title: A modifier that nobody has
logsource: {product: windows, category: process_creation}
detection:
  selection: {Image|sounds: net}
  condition: selection
"""


def events():
    sysmon = {"Channel": "Microsoft-Windows-Sysmon/Operational", "SourceName": "Microsoft-Windows-Sysmon", "EventID": 1, "Hostname": "pc1"}
    security = {"Channel": "Security", "SourceName": "Microsoft-Windows-Security-Auditing", "Hostname": "pc1"}
    for i in range(300):
        yield {**sysmon, "EventTime": f"2024-01-01 00:{59 - i // 60:02}:{59 - i % 60:02}", "RecordNumber": 1000 - i, "Image": "C:\\Windows\\System32\\net.exe",
               "CommandLine": f"net user guest{i} S3cret!word /add", "User": "pc1\\ann"}
    yield {**sysmon, "EventTime": "2024-01-01 02:00:00", "RecordNumber": 2000, "Image": "C:\\x\\\u202eother\u001b[31m.exe", "CommandLine": "=cmd|calc"}
    for i in range(5):
        yield {**security, "EventID": 4625 if i < 4 else 4624, "EventTime": f"2024-01-01 03:00:0{i}", "RecordNumber": 3000 + i, "TargetUserName": "ann", "TargetDomainName": "LAB",
               "IpAddress": "10.0.0.9", "LogonType": "3", **({"Status": "0xc000006d", "SubStatus": "0xc000006a"} if i < 4 else {})}


SPRAY = """title: A logon failed
name: failed
logsource: {product: windows, service: security}
detection:
  selection: {EventID: [4625, 4771, 4776], TargetUserName|contains: '0'}
  condition: selection
---
title: Many failed
correlation: {type: event_count, rules: [failed], group-by: [TargetUserName], timespan: 1h, generate: true, condition: {gte: 2}}
"""


def failures():
    """Names of logons that failed: p0 to p5 may be passwords, a0 to a2 are accounts."""
    security = {"Channel": "Security", "SourceName": "Microsoft-Windows-Security-Auditing", "Hostname": "pc1", "IpAddress": "10.0.0.9"}
    told = [("p0-secret", 4625, {"Status": "0xc000006d", "SubStatus": "0xc0000064"}), ("p0-secret", 4625, {"Status": "0xc000006d", "SubStatus": "0xC0000064"}),
            ("p0-secret", 4625, {}), ("p0-secret", 4625, {"Status": "0xc000006d", "SubStatus": "0x0"}), ("p0-secret", 4771, {"Status": "0x6"}), ("p0-secret", 4776, {"Status": "0xc0000064"}),
            ("a0-name", 4625, {"Status": "0xc000006d", "SubStatus": "0xc000006a"}), ("a0-name", 4771, {"Status": "0x18"}), ("a0-name", 4776, {"Status": "0xc000006a"})]
    for i, (name, number, codes) in enumerate(told):
        yield {**security, "EventID": number, "EventTime": f"2024-01-02 03:00:0{i}", "RecordNumber": 1 + i, "TargetUserName": name, "LogonType": "3", **codes}


def main():
    suyuan = sys.argv[1]
    failed = []

    def check(what, holds):
        if not holds:
            failed.append(what)

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        logs, rules = folder / "logs", folder / "rules.yml"
        logs.mkdir()
        text = "".join(json.dumps(event) + "\n" for event in events())
        (logs / "a.jsonl").write_text(text)
        (logs / "copy.jsonl").write_text(text)
        rules.write_text(RULE)

        def run(*arguments):
            done = subprocess.run([suyuan, *map(str, arguments)], capture_output=True)
            return done.returncode, done.stdout.decode(), done.stderr.decode()

        def lines(*arguments):
            return [json.loads(line) for line in run(*arguments)[1].splitlines()]

        hits = lines("hunt", "-f", "jsonl", "--lang", "en", "-r", rules, logs)
        check("a hit is told once, whatever copies there are, in order of time", len(hits) == 300 and [h["time"] for h in hits] == sorted(h["time"] for h in hits))
        check("the first of the copies is told", all(h["file"].endswith("a.jsonl") for h in hits))
        check("hits have what is promised", all(set(h) == {"time", "host", "channel", "event_id", "record_id", "rule_id", "rule", "level", "tags", "fields", "message", "file"} for h in hits))
        check("a password is masked, in fields and message", all("S3cret" not in json.dumps(h) and "***" in h["fields"]["CommandLine"] and "net.exe" in h["message"] for h in hits))
        for f in "jsonl", "csv", "timesketch", "table":
            check(f"{f} does not depend on threads", run("hunt", "-f", f, "-j1", "-r", rules, logs)[1] == run("hunt", "-f", f, "-j3", "-r", rules, logs)[1] != "")

        states = {row["rule"]: row for row in lines("hunt", "--explain", "-f", "jsonl", "-r", rules, logs)}
        check("explain: who matched", states["A user is made"]["state"] == "matched" and states["A user is made"]["hits"] == 300)
        check("explain: a field that no record has", states["A parent that nobody tells"]["state"] == "no_field" and states["A parent that nobody tells"]["missing"].startswith("ParentImage"))
        check("explain: a log that is not there", states["A log that is not there"]["state"] == "no_log" and "dns_query" in states["A log that is not there"]["missing"])
        check("explain: refused, with line and reason", states["A modifier that nobody has"]["state"] == "refused" and states["A modifier that nobody has"]["line"] == 25
              and "sounds" in states["A modifier that nobody has"]["missing"])
        status, out, err = run("hunt", "--explain", "-r", rules, logs)
        check("explain as a table", status == 0 and "dns_query" in out and "sounds" in out)
        sums = {(row["kind"], row[row["kind"]]): row["hits"] for row in lines("hunt", "--summary", "-f", "jsonl", "-r", rules, logs)}
        check("summary by rule, host and tactic", sums == {("rule", "A user is made"): 300, ("host", "pc1"): 300, ("tactic", "persistence"): 300})

        found = lines("search", "-f", "jsonl", "GUEST17", logs)
        check("a word, in any case, each record once", [h["record_id"] for h in found] == sorted([1000 - 17] + [1000 - i for i in range(170, 180)]) and found[0]["matched"] == ["CommandLine"])
        check("a password is masked in what is found", all("S3cret" not in json.dumps(h) for h in found))
        check("case, when it is asked for", lines("search", "--cased", "-f", "jsonl", "GUEST17", logs) == [])
        check("an expression", [h["record_id"] for h in lines("search", "-e", "-f", "jsonl", "guest1\\d\\d? .*add", logs)] == sorted(1000 - i for i in range(300) if str(i)[0] == "1" and i >= 10))
        check("a field", lines("search", "-F", "User", "-f", "jsonl", "guest17", logs) == [] and len(lines("search", "-F", "user", "-f", "jsonl", "ann", logs)) == 300)
        check("a number", len(lines("search", "--id", "4625", "-f", "jsonl", "ann", logs)) == 4)
        check("a time", [h["record_id"] for h in lines("search", "--since", "2024-01-01T03:00:03", "-f", "jsonl", "ann", logs)] == [3003, 3004])
        status, out, err = run("search", "-f", "csv", "calc", logs)
        row = list(csv.reader(io.StringIO(out.lstrip("\ufeff"))))[1]
        check("what steers a terminal does not reach it", "\x1b" not in run("search", "calc", logs)[1] and "\u202e" not in run("search", "calc", logs)[1])
        check("a row of CSV", row[5] == "2000" and "\x1b" not in row[6])
        for arguments in ("search", logs), ("search", "", logs), ("search", "-e", "(", logs), ("search", "x", folder / "none"), ("search", "--id", "x", "y", logs), ("stats", "-f", "csv", logs):
            status, out, err = run(*arguments)
            check(f"{arguments[:-1]} is wrong usage, in a line", status == 2 and out == "" and err.count("\n") == 1)

        rows = lines("stats", "-f", "jsonl", "--lang", "en", logs / "a.jsonl")
        of = {kind: [row for row in rows if row["kind"] == kind] for kind in ("event", "log", "logon")}
        check("events, with what they mean", [(e["event_id"], e["count"], e["meaning"]) for e in of["event"]] == [(1, 301, "process created"), (4625, 4, "logon failed"), (4624, 1, "logon")])
        check("logs", [(e["host"], e["channel"], e["count"]) for e in of["log"]] == [("pc1", "Microsoft-Windows-Sysmon/Operational", 301), ("pc1", "Security", 5)])
        check("logons, failed and not, first and last", [(e["success"], e["account"], e["address"], e["type"], e["count"], e["first"][11:19], e["last"][11:19]) for e in of["logon"]]
              == [(False, "ann", "10.0.0.9", "3", 4, "03:00:00", "03:00:03"), (True, "ann", "10.0.0.9", "3", 1, "03:00:04", "03:00:04")])
        check("stats do not depend on threads", run("stats", "-j1", logs)[1] == run("stats", "-j3", logs)[1])
        check("stats in Chinese", "登录" in run("stats", "--lang", "zh", logs)[1])

        fails, spray = folder / "fails.jsonl", folder / "spray.yml"
        fails.write_text("".join(json.dumps(event) + "\n" for event in failures()))
        spray.write_text(SPRAY)
        for verb in ("hunt", "-r", spray), ("search", "-F", "TargetUserName", "0"), ("stats",):
            for f in "jsonl", "table":
                for lang, word in ("en", "(unknown name)"), ("zh", "（未知账户名）"):
                    status, out, err = run(verb[0], "-f", f, "--lang", lang, *verb[1:], fails)
                    check(f"{verb[0]} -f {f} --lang {lang}: what may be a password is not shown, an account is", status == 0 and "p0-secret" not in out and word in out and "a0-name" in out)
        hits = lines("hunt", "-f", "jsonl", "--lang", "en", "-r", spray, fails)
        check("names in fields and correlations", [h["fields"]["TargetUserName"] for h in hits if h["rule"] == "A logon failed"] == ["(unknown name)"] * 6 + ["a0-name"] * 3
              and {h["fields"]["TargetUserName"] for h in hits if h["rule"] == "Many failed"} == {"(unknown name)", "a0-name"})
        for name, verb in ("-r", ["hunt"]), ("-r", ["survey", "-o", folder / "d"]), ("-F", ["search"]), ("--id", ["search"]):
            value = spray if name == "-r" else "4625"
            status, out, err = run(*verb, *[name, value] * 33, *(["word"] if verb == ["search"] else []), fails)
            check(f"{verb[0]}: one {name} too many is told, in a line", status == 2 and out == "" and err.count("\n") == 1 and name in err and "32" in err)
            if verb == ["search"]:
                check(f"search: 32 {name} are taken", run(*verb, *[name, value] * 32, "word", fails)[0] == 0)

    for what in failed:
        print("FAILED:", what)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
