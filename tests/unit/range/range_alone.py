#!/usr/bin/env python3
"""The range stands alone: it includes base, model and itself, and never looks into profiles/. What it shares with the
detectors are public facts only, so that a score means something."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
wrong = []
files = sorted(p for p in (root / "range").rglob("*") if p.suffix in (".c", ".h", ".build") and p.is_file())
for path in files:
    text = path.read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{path.relative_to(root)}:{number}"
        included = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if included and included.group(1).split("/")[0] not in ("base", "model", "range"):
            wrong.append(f"{where}: includes {included.group(1)}")
        if re.search(r"profiles?/|profile_dep|profiles_|\.yml\"\s*,\s*\"r", line):
            wrong.append(f"{where}: reads profiles: {line.strip()}")
        if path.name == "meson.build":
            for dep in re.findall(r"\b(\w+)_dep\b", line):
                if dep not in ("base", "model", "range"):
                    wrong.append(f"{where}: stands on {dep}")
if len(files) < 10:
    wrong.append(f"only {len(files)} files of the range were found")
print("\n".join(wrong) if wrong else f"{len(files)} files stand alone")
sys.exit(1 if wrong else 0)
