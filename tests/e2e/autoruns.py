#!/usr/bin/env python3
"""suyuan autoruns over hosts whose truth is known: every planted entry found, none invented. Precision and recall are printed.
Usage: autoruns.py SUYUAN SUYUAN-RANGE"""
import csv, io, json, os, re, subprocess, sys, tempfile

suyuan, suyuan_range = sys.argv[1:3]
SETTINGS = {"firewall-rule", "port-proxy"}          # what the audit tells: they start nothing
failures = []


def low(text):
    return (text or "").lower()


def run(*arguments):
    done = subprocess.run([suyuan, "autoruns", *arguments], capture_output=True)
    if done.returncode not in (0, 3):
        sys.exit("suyuan autoruns %s: exit %d: %s" % (" ".join(arguments), done.returncode, done.stderr.decode()[-400:]))
    return done.stdout


def matches(planted, entry):
    name, file, command = low(planted["name"]).strip("\\"), low(planted["file"]), low(planted["command"])
    if low(entry["entry"]).strip("\\") == name:
        return True
    if file and file == low(entry["command"]) or "\\" in file and file == low(entry["file"]):
        return True
    return len(command) > 8 and command in low(entry["command"])


def compare(seed, *switches):
    """What was planted and found, planted, and what was called hostile or suspicious and is neither planted nor odd."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([suyuan_range, "--seed", str(seed), "--size", "1", *switches, "-o", folder], check=True, capture_output=True)
        truth = json.load(open(os.path.join(folder, "truth.json"), encoding="utf-8"))
        hosts = os.path.join(folder, "hosts")
        lines = run("-f", "jsonl", "--lang", "en", hosts).decode().splitlines()
        entries = [json.loads(line) for line in lines]
        rows = list(csv.DictReader(io.StringIO(run("-f", "csv", "--lang", "en", hosts).decode("utf-8-sig"))))
        table = run("--lang", "zh", hosts).decode()
    if len(rows) != len(entries):
        failures.append("seed %d: %d lines of CSV, %d of JSON" % (seed, len(rows), len(entries)))
    for entry in entries:
        if entry["reason"] == "unreadable" or not entry["category"] or entry["verdict"] not in ("hostile", "suspicious", "unknown", "known"):
            failures.append("seed %d: an entry without category, verdict or shape: %s" % (seed, entry))
        if entry["point"] and not entry["what"]:
            failures.append("seed %d: no line for the reader: %s" % (seed, entry["point"]))
        if entry["point"] and entry["origin"] != "log" and not entry["why"]:
            failures.append("seed %d: no reason given: %s" % (seed, entry))
        if re.search(r"\{/?[a-z_]*(:[a-z]+)?[?!]?[^{}]*\}", re.sub(r"\{[0-9A-Fa-f-]{36}\}", "", entry["why"] or "")):
            failures.append("seed %d: a sentence with a hole: %s" % (seed, entry["why"]))
    if entries and not table.startswith("所有时间均为 UTC。"):
        failures.append("seed %d: the table does not say whose times it has" % seed)
    if entries and "判断依据" not in table:
        failures.append("seed %d: the table in Chinese gives no reasons" % seed)
    printed = low("\n".join(lines) + table)
    for secret in truth["state"]["secrets"]:
        if low(secret["hex"]) in printed or (secret.get("text") and low(secret["text"]) in printed):
            failures.append("seed %d: %s: a secret is printed: %s" % (seed, secret["host"], secret["what"]))
    names = {h["host"]: {low(h["host"]), low(h["computer"])} for h in truth["state"]["hosts"]}
    named = set()
    found = planted = 0
    for p in truth["state"]["persistence"]:
        if p["kind"] in SETTINGS:
            continue
        hits = [i for i, e in enumerate(entries) if low(e["host"]).split(".")[0] in names[p["host"]] and matches(p, e)]
        named.update(hits)
        verdicts = {entries[i]["verdict"] for i in hits}
        if p["hostile"]:
            planted += 1
            # A service that carried one command, and whose key is gone: that it was there is all that can be told.
            seen = bool(hits) if p["deleted"] else bool(verdicts & {"hostile", "suspicious"})
            found += seen
            if not seen:
                failures.append("seed %d: %s: %s %s: %s" % (seed, p["host"], p["kind"], p["name"], sorted(verdicts) or "not found"))
        elif "hostile" in verdicts:
            failures.append("seed %d: %s: the administrator's %s is called hostile" % (seed, p["host"], p["name"]))
    called = [i for i, e in enumerate(entries) if e["verdict"] in ("hostile", "suspicious")]
    invented = [entries[i] for i in called if i not in named]
    for e in invented:
        failures.append("seed %d: invented: %s %s (%s)" % (seed, e["host"], e["entry"], e["reason"]))
    return found, planted, len(called), len(invented), len(entries)


total = [0] * 5
for seed in (1, 2, 3, 4, 5, 6):
    total = [a + b for a, b in zip(total, compare(seed))]
found, planted, called, invented, entries = total
quiet = compare(11, "--no-attack")
print("%d entries; planted %d, found %d: recall %.3f; called hostile or suspicious %d, invented %d: precision %.3f"
      % (entries, planted, found, found / planted, called, invented, 1 - invented / max(called, 1)))
print("without an attack: %d entries, %d called hostile or suspicious, %d of them invented" % (quiet[4], quiet[2], quiet[3]))
if planted < 100:
    failures.append("only %d entries were planted: the range has changed, and this test says little" % planted)
for f in failures[:40]:
    print(f)
sys.exit(1 if failures else 0)
