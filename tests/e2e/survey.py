#!/usr/bin/env python3
"""suyuan survey as a person meets it: what it takes, what it says, what it returns, and that evidence is never written to.

usage: survey.py SUYUAN SUYUAN_RANGE"""
import hashlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile


def state_of(folder):
    """Everything about the files that reading must leave alone."""
    found = {}
    for path in sorted(folder.rglob("*")):
        st = path.lstat()
        found[str(path)] = (st.st_mode, st.st_size, st.st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "")
    return found


def main():
    suyuan, make = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    failed = []

    def check(what, holds):
        if not holds:
            failed.append(what)

    def run(*arguments, **more):
        done = subprocess.run([suyuan, "survey", "--lang", "en", *map(str, arguments)], capture_output=True, text=True, **more)
        return done.returncode, done.stdout, done.stderr

    def digests(folder):
        return {path.name: path.read_bytes() for path in folder.glob("*.digest")}

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        made = folder / "made"
        subprocess.run([make, "--seed", "3", "-o", made, "--hosts", "2", "--days", "3", "--size", "6"], check=True, stdout=subprocess.DEVNULL)
        hosts, names = made / "hosts", sorted(path.name for path in (made / "hosts").iterdir())
        before = state_of(made)

        status, out, err = run(hosts, "-o", folder / "one", "-j", "1")
        check("two hosts are two digests, each named on a line", status == 0 and out.count("\n") == 2 and len(digests(folder / "one")) == 2)
        check("the counts are told", "2 units (0 read before)" in err and "0 unreadable" in err)
        status, again, err = run(hosts, "-o", folder / "one")
        check("a second survey reads nothing again", status == 0 and again == out and "2 units (2 read before)" in err)
        run(hosts, "-o", folder / "four", "-j", "4")
        check("threads change nothing", digests(folder / "one") == digests(folder / "four"))
        run(hosts / names[0], "-o", folder / "parts")
        run(hosts / names[1], "-o", folder / "parts")
        check("host by host is the same", digests(folder / "one") == digests(folder / "parts"))
        shutil.copytree(hosts, folder / "copied" / "elsewhere")
        run(folder / "copied", "-o", folder / "five")
        check("another place is the same", digests(folder / "one") == digests(folder / "five"))
        run("elsewhere", "-o", folder / "six", cwd=folder / "copied")
        check("a relative path is the same", digests(folder / "one") == digests(folder / "six"))
        status, out, err = run(hosts, "-o", folder / "since", "--since", "2100-01-01")
        check("that no record lies in the time asked for is said", "no record of these logs lies in the time asked for" in err)
        check("--since leaves out what was before", status == 0 and " with 0 records, copies included," in err and not set(digests(folder / "since")) & set(digests(folder / "one")))
        check("evidence is as it was", state_of(made) == before)

        status, out, err = run(hosts, "-o", hosts / "out")
        check("nothing is written into evidence", status == 2 and "lies in the evidence" in err and not (hosts / "out").exists())
        for bad in [hosts], [hosts, "-o"], ["-o", folder / "x"], [hosts, "-o", folder / "x", "-j", "0"], [hosts, "-o", folder / "x", "--since", "yesterday"], \
                [hosts, "-o", folder / "x", "--since", "2020-02-01", "--until", "2020-01-01"], [hosts, "-o", folder / "x", "--what"]:
            status, out, err = run(*bad)
            check(f"{bad[1:]} is bad usage, in one line", status == 2 and out == "" and err.count("\n") == 1)
        status, out, err = run(folder / "none", hosts, "-o", folder / "seven")
        check("what is not there is refused before anything is made", status == 2 and "none: No such file" in err and out == "" and not (folder / "seven").exists())
        (folder / "file").write_text("x")
        status, out, err = run(hosts, "-o", folder / "file")
        check("a file is no folder for digests", status == 1 and "file" in err)

        hostile = folder / "hostile"
        hostile.mkdir()
        with zipfile.ZipFile(hostile / "DB9.zip", "w") as z:
            z.write(next(hosts.rglob("*.evtx")), "../../up.evtx")
            z.writestr("esc\x1b[2Jname.txt", "x")
        (hostile / "torn.zip").write_bytes((hostile / "DB9.zip").read_bytes()[:100])
        status, out, err = run(hostile, "-o", folder / "eight")
        check("a hostile name is told, and cannot speak to the terminal", "climbs" in err and "\x1b" not in err + out)
        check("a torn archive is named", status == 3 and "torn.zip" in err)
        check("nothing came out of the archive", not (folder / "up.evtx").exists() and not (folder.parent / "up.evtx").exists())

    for what in failed:
        print("FAILED:", what)
    return bool(failed)


sys.exit(main())
