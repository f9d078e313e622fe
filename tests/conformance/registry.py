#!/usr/bin/env python3
"""Every sample hive, key by key and value by value:  registry.py SUYUAN SOURCE_ROOT

1. As it lies (--no-logs): names, types, bytes and last write times equal to what libhivex gives; values that are withheld by name,
   type and size. Hives that libhivex refuses are named with its reason, and must still give keys.
2. With its transaction logs: equal to what yarp made of the same files, which registry_replayed.tsv keeps as the SHA-256 of a
   listing (see listing()); and hives of which a recovered twin was kept are equal to it.
With --list HIVE the listing of one hive is printed."""
import collections
import datetime
import hashlib
import json
import lzma
import pathlib
import subprocess
import sys
import tempfile

from evtx import run, samples, skip

LOG_TYPES = (1, 2, 6)
TWINS = {"NewDirtyHive1/NewDirtyHive": "NewDirtyHive1/RecoveredHive_Windows10", "OldDirtyHive/OldDirtyHive": "OldDirtyHive/RecoveredHive_Windows7"}
LOGS = (".log", ".log1", ".log2")


def ticks(text):
    """100 ns since 1601; 0 is what a hive has for unknown."""
    if text is None:
        return 0
    whole, _, part = text[:-1].partition(".")
    since = datetime.datetime.fromisoformat(whole) - datetime.datetime(1601, 1, 1)
    return (since.days * 86400 + since.seconds) * 10**7 + int(part.ljust(7, "0"))


def ours(suyuan, hive, *options):
    return [json.loads(line) for line in run(suyuan, "registry", hive, "-f", "jsonl", *options).decode().splitlines()]


def facts(keys):
    """What two readers must agree on, with how often it is there; and which values are withheld."""
    found, withheld = collections.Counter(), set()
    for key in keys:
        found["key", key["key"], ticks(key["written"])] += 1
        for value in key["values"]:
            if value.get("withheld"):
                assert "hex" not in value and "text" not in value, value
                withheld.add((key["key"], value["name"]))
            size = value["size"] if value.get("withheld") else value["hex"]
            found["value", key["key"], value["name"], value["type"], size] += 1
    return found, withheld


def listing(keys):
    """Sorted lines: K, path, last write; V, path, name, type, bytes in hex, or for withheld values the size. Between them a tab."""
    lines = []
    for fact, count in facts(keys)[0].items():
        lines += ["\t".join(["K" if fact[0] == "key" else "V", *(str(part) for part in fact[1:])])] * count
    return "".join(line + "\n" for line in sorted(lines, key=lambda line: line.encode("utf-8", "surrogatepass")))


def digest(keys):
    return hashlib.sha256(listing(keys).encode("utf-8", "surrogatepass")).hexdigest()


def unpacked(root, work):
    """Every hive among the samples, logs beside it: {name below the samples: file}."""
    hives = {}
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        if path.suffix == ".xz":
            with lzma.open(path) as file:
                head = file.read(32)
        else:
            with open(path, "rb") as file:
                head = file.read(32)
        if head[:4] != b"regf" or len(head) < 32 or int.from_bytes(head[28:32], "little") in LOG_TYPES:
            continue
        name = path.relative_to(root)
        if path.suffix == ".xz":
            target = work / name.with_suffix("")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(lzma.open(path).read())
            for beside in path.parent.iterdir():
                if beside.suffix.lower() in LOGS and beside.stem.lower() == path.stem.lower():
                    (target.parent / beside.name).write_bytes(beside.read_bytes())
            path, name = target, name.with_suffix("")
        hives[str(name)] = path
    return hives


def with_hivex(paths):
    script = pathlib.Path(__file__).with_name("registry_hivex.py")
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import hivex"], capture_output=True).returncode == 0:
            child = subprocess.Popen([python, str(script), *map(str, paths)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)   # it complains of every hive that it refused
            return (json.loads(line) for line in child.stdout)
    return None


def compare(suyuan, hives):
    """As they lie, with libhivex. Returns how many are different."""
    peer = with_hivex(hives.values())
    if peer is None:
        print("not compared: no Python here has hivex (Debian: python3-hivex)")
        return 0
    equal = different = 0
    total = collections.Counter()
    for (name, path), theirs in zip(hives.items(), peer):
        found, withheld = facts(ours(suyuan, path, "--no-logs"))
        keys = sum(count for fact, count in found.items() if fact[0] == "key")
        if theirs["error"]:
            print(f"refused    {name}: libhivex: {theirs['error']}; here {keys} keys, {found.total() - keys} values")
            different += keys == 0
            continue
        said = collections.Counter()
        for names, written, values in theirs["keys"]:
            key = "\\".join(names)
            said["key", key, written] += 1
            for value, kind, data in values:
                if data is None:                        # the name and the type are there
                    total["values of which libhivex gives no bytes"] += 1
                    data = next((f[4] for f in found if f[0] == "value" and f[1:4] == (key, value, kind)), None)
                elif (key, value) in withheld:
                    data = len(data) // 2
                said["value", key, value, kind, data] += 1
        wrong = (found - said) + (said - found)
        print(f"{'different' if wrong else 'equal':10} {name}: {keys} keys, {found.total() - keys} values, {len(withheld)} withheld")
        for fact in list(wrong)[:5]:
            print("    only", "here" if fact in found - said else "there", str(fact)[:200])
        equal, different = equal + (not wrong), different + bool(wrong)
        total.update({"keys": keys, "values": found.total() - keys, "withheld": len(withheld)})
    print(f"as they lie: {equal} hives equal, {different} different;", ", ".join(f"{n} {what}" for what, n in sorted(total.items())))
    return different


def replayed(suyuan, hives):
    different = equal = 0
    with open(pathlib.Path(__file__).with_name("registry_replayed.tsv"), encoding="utf-8") as table:
        rows = [line.rstrip("\n").split("\t") for line in table if not line.startswith("#")]
    for name, keys, values, sha256 in rows:
        if name not in hives:
            print(f"absent     {name}")
            continue
        got = ours(suyuan, hives[name])
        is_so = [str(len(got)), str(sum(len(k["values"]) for k in got)), digest(got)] == [keys, values, sha256]
        print(f"{'equal' if is_so else 'different':10} {name} replayed: {keys} keys, {values} values by yarp, here {len(got)}")
        equal, different = equal + is_so, different + (not is_so)
    for name, twin in TWINS.items():
        name, twin = (f"extra/hives/yarp/{n}" for n in (name, twin))
        if name in hives and twin in hives:
            is_so = digest(ours(suyuan, hives[name])) == digest(ours(suyuan, hives[twin], "--no-logs"))
            print(f"{'equal' if is_so else 'different':10} {name} replayed: what Windows itself recovered")
            equal, different = equal + is_so, different + (not is_so)
    print(f"replayed: {equal} equal, {different} different")
    return different


def main():
    suyuan, source_root = sys.argv[1], pathlib.Path(sys.argv[2])
    if len(sys.argv) > 3 and sys.argv[2] == "--list":
        sys.stdout.write(listing(ours(suyuan, sys.argv[3])))
        return 0
    with tempfile.TemporaryDirectory() as work:
        hives = unpacked(samples(source_root), pathlib.Path(work))
        if not hives:
            skip("no hives among the samples")
        return 1 if compare(suyuan, hives) + replayed(suyuan, hives) else 0


sys.exit(main())
