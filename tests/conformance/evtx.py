"""What the tests of the event log decoder share: where samples are, what a record is, what makes two of them alike."""
import json
import os
import pathlib
import re
import subprocess
import sys

SKIP = 77


def skip(why):
    print("skipped:", why)
    sys.exit(SKIP)


def samples(source_root):
    where = pathlib.Path(os.environ.get("SUYUAN_SAMPLES") or source_root / "../shared/samples").resolve()
    if not where.is_dir():
        skip(f"no samples at {where}")
    return where


def logs(root):
    return sorted(p for p in root.rglob("*.evtx") if p.is_file())


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True)
    if done.returncode not in (0, 3):
        sys.exit(f"{command}: exit status {done.returncode}\n{done.stderr.decode(errors='replace')[-2000:]}")
    return done.stdout


def records(text):
    """JSON values one after the other, whatever stands between them."""
    decoder, at, found = json.JSONDecoder(), 0, []
    while True:
        while at < len(text) and text[at] in " \r\n\t\ufeff,[]":
            at += 1
        if at == len(text):
            return found
        value, at = decoder.raw_decode(text, at)
        found.append(value)


GUID = re.compile(r"\{?\b([0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})\b\}?")
TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6})\dZ")


def alike(value):
    """Without what older renderings do otherwise: braces and case of GUIDs, the seventh digit of times, blanks at the end."""
    if isinstance(value, dict):
        return {key: alike(of) for key, of in value.items()}
    if isinstance(value, list):
        return [alike(of) for of in value]
    if isinstance(value, str):
        return TIME.sub(r"\1Z", GUID.sub(lambda m: m.group(1).lower(), value)).rstrip()
    return value


def differences(a, b, path=""):
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(a.keys() | b.keys()):
            if key in a and key in b:
                yield from differences(a[key], b[key], f"{path}/{key}")
            else:
                yield f"{path}/{key}: {a.get(key, 'absent')!r} and {b.get(key, 'absent')!r}"
    elif a != b:
        yield f"{path}: {a!r} and {b!r}"
