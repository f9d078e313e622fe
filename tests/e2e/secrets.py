#!/usr/bin/env python3
"""No secret of a host is decoded, printed or stored: those that the range lays into SAM, SECURITY, SYSTEM and SOFTWARE are searched
for in everything that the program writes - raw, as hexadecimal in any of its spellings, as Base64, as text - in every verb that
reads hives, in the case with its digests unpacked, and in the report.

usage: secrets.py SUYUAN SUYUAN_RANGE MADE_LOGS"""
import base64
import json
import pathlib
import re
import subprocess
import sys
import tempfile


def spellings(raw, text):
    """All that one secret may look like; lower case, for output is searched in lower case."""
    digits = raw.hex()
    pairs = [digits[i:i + 2] for i in range(0, len(digits), 2)]
    out = {raw.lower(), digits.encode()} | {sep.join(pairs).encode() for sep in (" ", ",", ":", "-", "\\x", "%")}
    if len(raw) >= 12:
        out |= {base64.b64encode(raw[skip:len(raw) - (len(raw) - skip) % 3]).lower() for skip in range(3)}
        out |= {digits[:24].encode(), raw[:12].lower()}       # its beginning alone would be too much
    if text:
        out |= {text.lower().encode(), text.lower().encode("utf-16-le"), text.encode("utf-16-le").hex().encode()}
    return {s for s in out if len(s) >= 8}


def tells(output, form):
    """Whether it is there; eight digits only where they stand alone, for any hash may have them inside."""
    if len(form) > 8:
        return form in output
    return form in output and re.search(rb"(?<![0-9a-z])" + re.escape(form) + rb"(?![0-9a-z])", output)


def main():
    suyuan, make, unpack = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:4])
    failed, searched, planted = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for seed, system in (431, "6.1"), (432, "10.0"):
            made = folder / f"made{seed}"
            subprocess.run([make, "--seed", str(seed), "-o", made, "--hosts", "1", "--days", "3", "--size", "2", "--os", system, "--no-attack=no"], check=True, stdout=subprocess.DEVNULL)

            secrets = json.loads((made / "truth.json").read_text(encoding="utf-8"))["state"]["secrets"]
            planted += len(secrets)
            outputs = {}

            def run(name, *arguments):
                done = subprocess.run([suyuan, *map(str, arguments)], capture_output=True)
                outputs[name] = done.stdout + done.stderr
                return done.returncode

            verbs = subprocess.run([suyuan, "help"], capture_output=True, text=True).stdout
            for form in ("table", "jsonl", "reg"):
                run(f"registry {form}", "registry", "--deleted", "-f", form, made / "hosts")
            for verb in ("autoruns", "audit"):
                for form in ("table", "jsonl", "csv", *(["html"] if verb == "audit" else [])) if f" {verb} " in verbs else ():
                    run(f"{verb} {form}", verb, "-f", form, made / "hosts")
            if run("investigate", "investigate", "-o", folder / f"case{seed}", made / "hosts") not in (0, 3):
                failed.append("investigate failed")
            for path in sorted((folder / f"case{seed}").rglob("*")):
                if path.is_file():
                    data = path.read_bytes()
                    if path.suffix == ".digest":
                        data = subprocess.run([unpack, "unpack", str(path)], capture_output=True, check=True).stdout
                        if not data.startswith(b"{"):
                            failed.append(f"{path.name} was not unpacked")
                    outputs[f"case {path.name}"] = data
            for name, data in outputs.items():
                searched += len(data)
                low = data.lower()
                for s in secrets:
                    if any(tells(low, form) for form in spellings(bytes.fromhex(s["hex"]), s.get("text"))):
                        failed.append(f"{name} tells {s['host']}: {s['what']}")
            if not any(b"polekl" in data.lower() for data in outputs.values()):
                failed.append("no output speaks of the keys that hold secrets: nothing was searched")
    for line in failed[:40]:
        print("FAILED:", line)
    print(f"{planted} secrets, {searched} bytes of output searched")
    return 1 if failed or planted < 50 else 0


sys.exit(main())
