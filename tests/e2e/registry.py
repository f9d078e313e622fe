#!/usr/bin/env python3
"""suyuan registry as a person meets it: what it takes, what it prints, what it withholds, what it returns; evidence stays as it is.

usage: registry.py SUYUAN SOURCE_ROOT"""
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile

PAGE = 4096
SECRET = "secret".encode("utf-16-le").hex()          # DefaultPassword of the hive that the fuzz target begins from
CLASS = "00112233"                                    # the class name of its Lsa\JD


def whole_pages(hive):
    return hive + bytes(-len(hive) % PAGE)


def parts(container):
    """Hive, log, log."""
    sizes, at, found = struct.unpack_from("<III", container, 4), 16, []
    for size in sizes:
        found.append(container[at:at + size])
        at += size
    return whole_pages(found[0]), *found[1:]


def main():
    suyuan, seeds = sys.argv[1], pathlib.Path(sys.argv[2]).resolve() / "tests/fuzz/regf"
    failed = []

    def check(what, holds):
        if not holds:
            failed.append(what)

    def run(*arguments):
        done = subprocess.run([suyuan, "registry", *map(str, arguments)], capture_output=True)
        return done.returncode, done.stdout, done.stderr.decode()

    def lines(*arguments):
        status, out, err = run(*arguments, "-f", "jsonl")
        return status, [json.loads(line) for line in out.decode().splitlines()], err

    def value(keys, path, name):
        return next(v for k in keys if k["key"] == path for v in k["values"] if v["name"] == name)

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        hive = folder / "SYSTEM"
        clean = whole_pages((seeds / "small.hive").read_bytes())
        hive.write_bytes(clean)

        status, keys, err = lines(hive)
        check("a clean hive is read without a word", status == 0 and err == "" and len(keys) == 9)
        check("a line has what a key has", all(list(k)[:5] == ["key", "written", "class", "deleted", "values"] or "class_size" in k for k in keys))
        check("the root's own name is left out", keys[0]["key"] == "" and "Select" in [k["key"] for k in keys])
        check("a key has its last write", keys[0]["written"] == "2020-05-11T12:00:00.0000000Z")
        check("a number is bytes and text", value(keys, "Select", "Current") == {"name": "Current", "type": 4, "hex": "01000000", "text": "1"})
        check("a list of texts has a line each", value(keys, "ControlSet001\\Services\\服务", "DependOnService")["text"] == "a\nb")
        check("a saved password has a size and no bytes",
              value(keys, "Winlogon", "DefaultPassword") == {"name": "DefaultPassword", "type": 1, "size": 14, "withheld": True})
        boot = next(k for k in keys if k["key"].endswith("Lsa\\JD"))
        check("so has a part of the boot key", boot["class"] is None and boot["class_size"] == 16 and boot["withheld"])

        status, every, _ = lines(hive, "--deleted")
        gone = next(k for k in every if k["key"] == "gone")
        check("a deleted key comes back and says so", gone["deleted"] and bytes.fromhex(gone["values"][0]["hex"]) == b"what was there")
        check("a deleted value comes back with its key", value([k for k in every[len(keys):] if not k["deleted"]], "ControlSet001\\Services\\服务", "gone too")["deleted"])
        check("what is live is the same", every[:len(keys)] == keys)

        status, below, _ = lines(hive, "controlset001\\SERVICES")
        check("a KEY is taken in any case, with all below it", status == 0 and [k["key"] for k in below] == ["ControlSet001\\Services", "ControlSet001\\Services\\服务"])
        status, out, err = run(hive, "NoSuchKey")
        plain = lines(hive, "ControlSet001\\Services")
        check("a KEY is there to be found", plain[0] == 0 and len(plain[1]) > 0)
        for form in "HKLM\\SYSTEM\\ControlSet001\\Services", "HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services", "CurrentControlSet/services", \
                "Computer/HKEY_LOCAL_MACHINE/SYSTEM/ControlSet001/Services":
            check(f"{form} is the same KEY", lines(hive, form) == plain)
        for form in "HKLM\\SOFTWARE\\ControlSet001\\Services", "HKCU\\Select":
            check(f"{form} lies in another hive", run(hive, form)[0] == 1)
        check("the nearest key above one that is not there is named", run(hive, "HKLM/SYSTEM/CurrentControlSet/Services/no/such")[2].endswith("; the nearest above it is ControlSet001\\Services\n"))
        status, out, err = run(hive, "NoSuchKey")
        check("a KEY that is not there is one line and 1", status == 1 and out == b"" and err.count("\n") == 1)

        texts = {f: run(hive, "--deleted", "-f", f)[1] for f in ("table", "jsonl", "reg")}
        reg = texts["reg"].decode("utf-16")
        for name, text in (("table", texts["table"].decode()), ("jsonl", texts["jsonl"].decode()), ("reg", reg)):
            bare = text.replace(",", "").replace("\\\r\n  ", "")
            check(f"{name} withholds", SECRET not in bare and CLASS not in text and "secret" not in text and "DefaultPassword" in text)
        check("regedit's file is what regedit writes", texts["reg"][:2] == b"\xff\xfe" and reg.startswith("Windows Registry Editor Version 5.00\r\n")
              and "[HKEY_LOCAL_MACHINE\\suyuan\\SYSTEM\\Select]\r\n\"Current\"=dword:00000001\r\n" in reg
              and "\"ImagePath\"=hex(2):25,00,53,00" in reg and "; withheld: \"DefaultPassword\"" in reg)
        check("a table shows types", b"    ImagePath  REG_EXPAND_SZ  %SystemRoot%\\a.exe\n" in texts["table"])

        steering = folder / "steering"
        steering.write_bytes(clean.replace(b"Select", b"S\x1b[2Jt").replace("%SystemRoot%".encode("utf-16-le"), "\x1b]0;xy\x07\u202e\r\n%%".encode("utf-16-le")))
        for form in "table", "jsonl", "reg":
            out = run(steering, "-f", form)[1]
            text = out.decode("utf-16" if form == "reg" else "utf-8")
            check(f"{form} lets nothing steer a terminal", "\x1b" not in text and "\x07" not in text)
        check("nor make a line of its own", "%%" in run(steering)[1].decode() and not any(l.startswith("%%") for l in run(steering)[1].decode().splitlines()))

        dirty, first, second = parts((seeds / "new.log").read_bytes())
        (folder / "dirty").mkdir()
        (folder / "dirty/NTUSER.DAT").write_bytes(dirty)
        (folder / "dirty/ntuser.dat.LOG1").write_bytes(first)
        (folder / "dirty/ntuser.dat.log2").write_bytes(second)
        status, keys, err = lines(folder / "dirty/NTUSER.DAT")
        check("logs beside a hive are replayed", status == 0 and "replayed" in err and value(keys, "Select", "Current")["text"] == "2" and value(keys, "new", "v")["text"] == "new")
        status, keys, err = lines(folder / "dirty/NTUSER.DAT", "--no-logs")
        check("unless they shall not be", status == 0 and "dirty" in err and value(keys, "Select", "Current")["text"] == "1")
        status, keys, err = lines(folder / "dirty/ntuser.dat.LOG1")
        check("a log is no hive", status == 3 and keys == [] and "transaction log" in err)
        status, keys, err = lines(folder / "dirty")
        check("of a folder every hive is taken, with its logs", status == 0 and {k["hive"] for k in keys} == {k["hive"] for k in keys if k["hive"].endswith("NTUSER.DAT")}
              and value(keys, "Select", "Current")["text"] == "2")
        with zipfile.ZipFile(folder / "a.zip", "w") as archive:
            for path in (folder / "dirty").iterdir():
                archive.write(path, f"C/Users/u/{path.name}")
        status, keys, err = lines(folder / "a.zip")
        check("so it is with an archive", status == 0 and value(keys, "new", "v")["text"] == "new")

        torn = folder / "torn"
        torn.write_bytes(clean[:PAGE + 1400])
        status, keys, err = lines(torn)
        check("damage is told, and costs what lay there", status == 3 and "base.bins_size at offset 0" in err and keys[0]["key"] == "")
        (folder / "notes.txt").write_text("no hive\n")
        for path in folder / "notes.txt", folder / "none":
            status, keys, err = lines(path)
            check(f"{path.name} is named, and nothing is printed", status == (2 if path.name == "none" else 1) and keys == [] and path.name in err)
        for bad in [], [hive, "a", "b"], [hive, "-f", "xml"]:
            status, out, err = run(*bad)
            check(f"{bad} is bad usage", status == 2 and out == b"" and err.count("\n") == 1)
        check("evidence stays as it was", hive.read_bytes() == clean and (folder / "dirty/NTUSER.DAT").read_bytes() == dirty)

    for what in failed:
        print("does not hold:", what)
    return 1 if failed else 0


sys.exit(main())
