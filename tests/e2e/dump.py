#!/usr/bin/env python3
"""suyuan dump as a person meets it: what it takes, what it says, what it returns, and that evidence is never written to.

usage: dump.py SUYUAN SOURCE_ROOT"""
import pathlib
import subprocess
import sys
import tempfile
import zipfile

CHUNK = "tests/fuzz/evtx/chunk.bin"         # two records, and then it breaks off: what that cost nobody can say
RECORDS = 2


def main():
    suyuan, source = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    failed = []

    def check(what, holds):
        if not holds:
            failed.append(what)

    def run(*arguments):
        done = subprocess.run([suyuan, "dump", *map(str, arguments)], capture_output=True)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        log, other = folder / "a.evtx", folder / "notes.txt"
        bytes_of_log = (source / CHUNK).read_bytes()
        log.write_bytes(bytes_of_log)
        other.write_text("not a log\n")

        status, out, err = run(log)
        check("a log is written, its damage is told", status == 3 and out.count("\n") == RECORDS and "chunk.torn" in err)
        status, out, err = run(folder)
        check("of a folder only logs are taken", status == 3 and out.count("\n") == RECORDS and "notes.txt" not in err)
        status, out, err = run(other, log)
        check("what is no log is named, the rest goes on", status == 3 and out.count("\n") == RECORDS and "notes.txt: not read" in err)
        status, out, err = run(folder / "none")
        check("what is not there is refused in one line", status == 2 and out == "" and err == f"suyuan: {folder / 'none'}: No such file or directory\n")

        status, out, err = run()
        check("no PATH is bad usage", status == 2 and out == "" and err.count("\n") == 1)
        for bad in ["-f", "yaml"], ["-j", "0"], ["--unknown"]:
            status, out, err = run(*bad, log)
            check(f"{bad} is bad usage", status == 2 and out == "" and err.count("\n") == 1)

        written = folder / "out.jsonl"
        status, out, err = run("-o", written, log)
        check("-o writes there", status == 3 and out == "" and written.read_text() == run(log)[1])
        status, out, err = run("-o", log, log)
        check("a log that is read is not written", status == 1 and log.read_bytes() == bytes_of_log)
        spare = folder / "spare.evtx"
        spare.write_bytes(bytes_of_log)
        status, out, err = run("-o", spare, log)
        check("no log is written over", status == 1 and spare.read_bytes() == bytes_of_log)
        spare.unlink()
        status, out, err = run("-o", folder / "no/such/folder", log)
        check("where nothing can be written is told", status == 1 and "no/such/folder" in err)

        with zipfile.ZipFile(folder / "b.zip", "w") as archive:
            archive.write(log, "C/Windows/a.evtx")
            archive.write(other, "notes.txt")
        status, out, err = run(folder / "b.zip")
        check("of an archive the logs are taken", status == 3 and out.count("\n") == RECORDS and "b.zip/C/Windows/a.evtx" in err)

        image = folder / "image.bin"
        image.write_bytes(b"\1" * 5000 + bytes_of_log + b"\2" * 70000)
        status, out, err = run(image)
        check("an image is no log", status == 3 and out == "")
        status, out, err = run("--recover", image)
        check("an image is carved", status == 0 and out.count('{"recovered":true,') == RECORDS)

        shell = subprocess.run(f"'{suyuan}' dump '{log}' >/dev/full", shell=True, capture_output=True)
        check("a full disk is told", shell.returncode == 1 and b"No space left" in shell.stderr)

    print(*failed, sep="\n")
    print(f"{len(failed)} of the checks failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
