#!/usr/bin/env python3
"""Sample dumps as `suyuan bluescreen` tells them, held against what is known of them:  crashdumps.py SUYUAN SOURCE_ROOT

1. Small dumps of the kernel against the reader below, which is written from the notes on the format alone (struct, nothing else): header,
   bug check, times, drivers, unloaded drivers, secondary data, records and contexts that parameters point to, each stack slot.
2. The same dumps against the values that are published with them (the tables KNOWN and TRUTH).
3. User minidumps against a second reader below, and against the package `minidump` of PyPI where it is installed.
ARM64: there is no sample, so nothing here says anything about it."""
import json
import lzma
import os
import pathlib
import struct
import sys
import tempfile
import zipfile

from evtx import run, samples, skip

EPOCH = 116444736000000000
KNOWN = {
    "triage_x64.dmp": {
        "code": "0x0000007E", "code_stored": "0x1000007E", "p": [0xFFFFFFFFC0000005, 0xFFFFF8048B58334C], "module": "amdppm.sys", "offset": 0x334C, "exception": "0xC0000005",
        "exception_in_header": "0x80000003", "build": 19041, "processors": 16, "time": "2021-02-21T01:38:22", "uptime": 3, "process": "System", "pid": 4, "drivers": 151,
        "unloaded": ["dam.sys", "WdBoot.sys", "hwpolicy.sys", "mcupdate.dll"], "outside": "\\??\\C:\\Windows\\system32\\drivers\\AsIO2.sys",
    },
}
TRUTH = {
    "102622-17265-01.dmp": ("2022-10-26T21:15:04", 54452, "0x0000001E", [0xC000001D, 0xFFFFF80146417980]),
    "102622-30093-01.dmp": ("2022-10-26T21:28:38", 797, "0x0000001E", [0xC0000005, 0xFFFFF8066B60C222, None, 2**64 - 1]),
    "102622-15671-01.dmp": ("2022-10-26T21:30:47", 110, "0x00000050", [0xFFFFFFFFFFFFFFB4, 0, 0xFFFFF804206CB873]),
    "102622-12546-01.dmp": ("2022-10-26T22:08:40", 1594, "0x0000001E", [0xC0000005, 0xFFFFF8031B40F001, 0, 0x289]),
    "102622-12000-01.dmp": ("2022-10-26T22:20:37", 699, "0x00000101", [0xC, 0, 0xFFFF98802B36A180, 2]),
}
checked = 0
wrong = []


def same(what, ours, theirs):
    global checked
    checked += 1
    if ours != theirs:
        wrong.append(f"{what}: {ours!r}, not {theirs!r}")


def number(text):
    return None if text is None else int(text, 16)


def guid(raw):
    a, b, c = struct.unpack_from("<IHH", raw)
    return "{%08X-%04X-%04X-%s-%s}" % (a, b, c, raw[8:10].hex().upper(), raw[10:16].hex().upper())


def moment(ticks):
    """The way ours writes it, from 100 ns since 1601."""
    import datetime
    whole = datetime.datetime(1601, 1, 1) + datetime.timedelta(seconds=ticks // 10**7)
    return whole.strftime("%Y-%m-%dT%H:%M:%S") + ".%07dZ" % (ticks % 10**7)


# ---- The second reader of small dumps ----

class Small:
    """PAGEDU64 of type 4."""

    def __init__(self, data):
        self.data = data
        assert data[:8] == b"PAGEDU64" and self.u32(0xF98) == 4
        block = 0x2000
        self.size = self.u32(block + 4)
        assert data[self.u32(block + 8):][:4] == b"TRGD"
        self.stack_at, self.stack_size = self.u32(block + 0x28), self.u32(block + 0x2C)
        self.stack_top = self.u64(block + 0x48)
        self.drivers = [self.driver(self.u32(block + 0x30) + 0x90 * i) for i in range(self.u32(block + 0x34))]
        at = self.u32(block + 0x18)
        self.unloaded = [self.gone(at + 8 + 0x38 * i) for i in range(self.u32(at))]
        self.blocks = [struct.unpack_from("<QII", data, self.u32(block + 0x78) + 16 * i) for i in range(self.u32(block + 0x7C))]
        self.blocks.insert(0, (self.stack_top, self.stack_at, self.stack_size))

    def u32(self, at):
        return struct.unpack_from("<I", self.data, at)[0]

    def u64(self, at):
        return struct.unpack_from("<Q", self.data, at)[0]

    def text(self, at):
        return self.data[at + 4:at + 4 + 2 * self.u32(at)].decode("utf-16-le")

    def driver(self, at):
        path = self.text(self.u32(at))
        return {"path": path, "name": path.rpartition("\\")[2], "base": self.u64(at + 8 + 0x30), "size": self.u32(at + 8 + 0x40), "checksum": self.u32(at + 8 + 0x78), "time_stamp": self.u32(at + 8 + 0x80)}

    def gone(self, at):
        length = struct.unpack_from("<H", self.data, at)[0]
        return {"name": self.data[at + 16:at + 16 + min(length, 24)].decode("utf-16-le").rstrip("\0 "), "from": self.u64(at + 0x28), "to": self.u64(at + 0x30)}

    def secondary(self):
        """Blobs follow each other from the dump's end to the file's."""
        out, at = [], self.size
        if self.data[at:at + 8] != b"DumpBlob":
            return out
        at += self.u32(at + 8)
        while at < len(self.data):
            head, size, before, behind = self.u32(at), self.u32(at + 20), self.u32(at + 24), self.u32(at + 28)
            out.append((guid(self.data[at + 4:at + 20]), size))
            at += head + before + size + behind
        return out

    def memory(self, address, size):
        for start, at, length in self.blocks:
            if start <= address and address + size <= start + length:
                return self.data[at + address - start:at + address - start + size]
        return None

    def at(self, address):
        for d in self.drivers:
            if d["base"] <= address < d["base"] + d["size"]:
                return d
        return None


def registers(raw):
    names = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"] + ["r%d" % i for i in range(8, 16)] + ["rip"]
    return dict(zip(names, struct.unpack_from("<17Q", raw, 0x78)))


def compare_small(name, data, ours):
    theirs = Small(data)
    code = theirs.u32(0x38)
    same(name + " stored code", number(ours["code_stored"]), code)
    same(name + " code", number(ours["code"]), code & ~0x10000000 if code >> 28 == 1 else code)
    parameters = struct.unpack_from("<4Q", data, 0x40)
    same(name + " parameters", [number(p["value"]) for p in ours["parameters"]], list(parameters))
    same(name + " build", ours["build"], theirs.u32(0xC))
    same(name + " processors", ours["processors"], theirs.u32(0x34))
    same(name + " time", ours["time"], moment(theirs.u64(0xFA8)))
    same(name + " uptime", ours["uptime"], theirs.u64(0x1030) // 10**7)
    same(name + " exception of the header", number(ours["exception_in_header"]), theirs.u32(0xF00))
    same(name + " count of drivers", len(ours["drivers"]), len(theirs.drivers))
    for a, b in zip(ours["drivers"], theirs.drivers):
        same(name + " driver", [a["path"], a["name"], number(a["base"]), a["size"], number(a["checksum"]), number(a["time_stamp"])],
             [b["path"], b["name"], b["base"], b["size"], b["checksum"], b["time_stamp"]])
    same(name + " unloaded", [(u["name"], number(u["from"]), number(u["to"])) for u in ours["unloaded"]], [(u["name"], u["from"], u["to"]) for u in theirs.unloaded])
    same(name + " secondary data", [(s["tag"], s["bytes"]) for s in ours["secondary"]], theirs.secondary())
    context = data[0x348:0x348 + 0x4D0]
    if code & 0xFFFF == 0x7E:
        context = theirs.memory(parameters[3], 0x4D0) or context
        record = theirs.memory(parameters[2], 0x20)
        same(name + " exception of the record", number(ours["exception"]), struct.unpack_from("<I", record)[0])
        same(name + " address of the record", number(ours["address"]), struct.unpack_from("<Q", record, 0x10)[0])
    expected = registers(context)
    same(name + " registers", {k: number(v) for k, v in ours["registers"].items() if k != "flags"}, expected)
    slots, at = [], expected["rsp"]
    while len(slots) < 64 and (raw := theirs.memory(at, 8)) is not None and at < expected["rsp"] + 65536:
        value = struct.unpack("<Q", raw)[0]
        if theirs.at(value):
            slots.append((at, value, theirs.at(value)["name"]))
        at += 8
    same(name + " stack slots", [(number(c["at"]), number(c["address"]), c["module"]) for c in ours["callers"]], slots)
    if ours["module"]:
        same(name + " module", (ours["module"], ours["module_offset"]), (theirs.at(number(ours["address"]))["name"], number(ours["address"]) - theirs.at(number(ours["address"]))["base"]))
    same(name + " problems", ours["problems"], [])


# ---- The second reader of user minidumps ----

class Program:
    def __init__(self, data):
        self.data = data
        count, at = struct.unpack_from("<II", data, 8)
        self.written = struct.unpack_from("<I", data, 20)[0]
        self.streams = {}
        for i in range(count):
            if at + 12 * i + 12 <= len(data):
                kind, size, place = struct.unpack_from("<III", data, at + 12 * i)
                if kind:
                    self.streams.setdefault(kind, (place, size))

    def string(self, at):
        return self.data[at + 4:at + 4 + struct.unpack_from("<I", self.data, at)[0]].decode("utf-16-le", "replace").rstrip("\0 ")

    def rows(self, kind, each):
        """A list with its count before it, and four bytes more where the size says so."""
        if kind not in self.streams:
            return []
        at, size = self.streams[kind]
        count = struct.unpack_from("<I", self.data, at)[0]
        at += 8 if size == 8 + each * count else 4
        return [at + each * i for i in range(count)]

    def modules(self):
        out = []
        for at in self.rows(4, 108):
            base, size, _, stamp, name = struct.unpack_from("<QIIII", self.data, at)
            signature, _, high, low = struct.unpack_from("<IIII", self.data, at + 24)
            version = "%d.%d.%d.%d" % (high >> 16, high & 0xFFFF, low >> 16, low & 0xFFFF) if signature == 0xFEEF04BD and (high or low) else None
            record_size, record = struct.unpack_from("<II", self.data, at + 76)
            pdb = None
            if record_size > 24 and self.data[record:record + 4] == b"RSDS":
                pdb = self.data[record + 24:record + record_size].split(b"\0")[0].decode().replace("/", "\\").rpartition("\\")[2]
            out.append((self.string(name), base, size, stamp, version, pdb))
        return out


def compare_program(name, data, ours):
    theirs = Program(data)
    same(name + " modules", [(m["path"], number(m["base"]), m["size"], number(m["time_stamp"]), m["version"], m["pdb"]) for m in ours["modules"]], theirs.modules())
    same(name + " threads", [t["id"] for t in ours["threads"]], [struct.unpack_from("<I", data, at)[0] for at in theirs.rows(3, 48)])
    same(name + " written", ours["written"], moment(theirs.written * 10**7 + EPOCH) if theirs.written else None)
    if 6 in theirs.streams:
        at = theirs.streams[6][0]
        same(name + " exception", (ours["thread"], number(ours["exception"])), (struct.unpack_from("<I", data, at)[0], struct.unpack_from("<I", data, at + 8)[0]))
    if 7 in theirs.streams:
        at = theirs.streams[7][0]
        same(name + " version", ours["version"], list(struct.unpack_from("<III", data, at + 8)))
    if 15 in theirs.streams and struct.unpack_from("<I", data, theirs.streams[15][0] + 4)[0] & 1:
        same(name + " pid", ours["pid"], struct.unpack_from("<I", data, theirs.streams[15][0] + 8)[0])
    pieces = [struct.unpack_from("<QII", data, at) for at in theirs.rows(5, 16)]
    if 9 not in theirs.streams:
        same(name + " memory", (ours["memory_pieces"], ours["memory_bytes"]), (sum(1 for p in pieces if p[1]), sum(p[1] for p in pieces)))


def compare_package(name, data, ours):
    """The independent package, where it opens the file; how many facts it agreed on."""
    import logging
    from minidump.minidumpfile import MinidumpFile
    logging.disable(logging.CRITICAL)
    try:
        theirs = MinidumpFile.parse_bytes(data)
    except Exception as error:            # it knows Windows only, and stops at streams that it does not know
        return str(error) or type(error).__name__
    if theirs.modules:
        same(name + " modules of minidump", [(number(m["base"]), m["size"], m["path"]) for m in ours["modules"]], [(m.baseaddress, m.size, m.name) for m in theirs.modules.modules])
    if theirs.threads:
        same(name + " threads of minidump", [t["id"] for t in ours["threads"]], [t.ThreadId for t in theirs.threads.threads])
    if theirs.sysinfo:
        same(name + " build of minidump", ours["version"], [theirs.sysinfo.MajorVersion, theirs.sysinfo.MinorVersion, theirs.sysinfo.BuildNumber])
    if theirs.misc_info and theirs.misc_info.ProcessId is not None:
        same(name + " pid of minidump", ours["pid"], theirs.misc_info.ProcessId)
    return None


def tell(suyuan, path):
    out = [json.loads(line) for line in run(suyuan, "bluescreen", "-f", "jsonl", path).decode().splitlines()]
    return {pathlib.PurePosixPath(d["path"]).name: d for d in out}


def kernel_dumps(suyuan, root):
    archive = root / "extra/crash/kernel-minidumps/daimuvg-Minidumps.zip"
    files = {p.name: p.read_bytes() for p in (root / "dumps").glob("*.dmp")}
    ours = tell(suyuan, root / "dumps")
    if archive.exists():
        with zipfile.ZipFile(archive) as z:
            files.update({pathlib.PurePosixPath(n).name: z.read(n) for n in z.namelist() if n.endswith(".dmp")})
        ours.update(tell(suyuan, archive))
    for name, data in sorted(files.items()):
        before = checked
        compare_small(name, data, ours[name])
        print(f"{name}: {checked - before} facts, {len(ours[name]['drivers'])} drivers, {len(ours[name]['callers'])} stack slots, {len(ours[name]['secondary'])} pieces of secondary data")
    for name, k in KNOWN.items():
        d = ours[name]
        for key in ("code", "code_stored", "exception", "exception_in_header", "build", "processors", "uptime", "process", "pid", "module"):
            same(f"{name} {key} as known", d[key], k[key])
        same(name + " offset as known", d["module_offset"], k["offset"])
        same(name + " parameters as known", [number(p["value"]) for p in d["parameters"]][:2], k["p"])
        same(name + " time as known", d["time"][:19], k["time"])
        same(name + " drivers as known", len(d["drivers"]), k["drivers"])
        same(name + " unloaded as known", [u["name"] for u in d["unloaded"]], k["unloaded"])
        same(name + " outside of the system root as known", [x["path"] for x in d["drivers"] if not x["path"].lower().startswith("\\systemroot")], [k["outside"]])
        same(name + " stack as known", list(dict.fromkeys(c["module"] for c in d["callers"]))[:2], ["amdppm.sys", "Wdf01000.sys"])
    for name, (time, uptime, code, parameters) in TRUTH.items():
        if name in ours:
            d = ours[name]
            same(name + " truth", (d["time"][:19], d["uptime"], d["code"]), (time, uptime, code))
            for i, p in enumerate(parameters):
                if p is not None:
                    mask = 2**32 - 1 if i == 0 and p < 2**32 else 2**64 - 1          # an NTSTATUS may be sign-extended
                    same(f"{name} parameter {i + 1} as told", number(d["parameters"][i]["value"]) & mask, p)
            same(name + " vgk.sys as told", any(x["name"] == "vgk.sys" for x in d["drivers"] + d["unloaded"]), True)
    return len(files)


def programs(suyuan, root):
    folder = root / "extra/crash/user-minidump"
    oracles = pathlib.Path(os.environ.get("SUYUAN_ORACLES") or pathlib.Path.home() / ".cache/suyuan/oracles")
    sys.path += [str(p) for p in oracles.glob("lib/python*/site-packages")]          # scripts/setup oracles
    try:
        import minidump  # noqa: F401
        package = True
    except ImportError:
        package = False
        print("package minidump: not installed, not compared")
    count, opened, refused = 0, 0, []
    for path in sorted(folder.glob("*")):
        data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
        if data[:4] != b"MDMP" or path.name == "rust-invalid-record-count.dmp":
            continue
        ours = next(iter(tell(suyuan, path).values()))
        compare_program(path.name, data, ours)
        count += 1
        if package:
            why = compare_package(path.name, data, ours)
            opened += why is None
            refused += [f"{path.name} ({why})"] if why else []
    if package:
        print(f"package minidump: opened {opened} of {count}; refused {', '.join(refused) or 'none'}")
    return count


def damaged(suyuan, root):
    """Cut off or lying, a dump costs what is gone, and is told: status 3, a message, no crash."""
    import subprocess
    whole = (root / "dumps/triage_x64.dmp").read_bytes()
    cases = {"in its header": whole[:0x1800], "behind its header": whole[:0x2040], "in its stack": whole[:0xE800], "in its drivers": whole[:0x11000], "in its strings": whole[:0x16000],
             "in secondary data": whole[:-5000]}
    for what, (at, value) in {"driver count": (0x2034, 0xFFFFFFFF), "size": (0x2004, 0xFFFFFFF0), "block count": (0x207C, 0x7FFFFFFF), "unloaded count": (0x20D0, 0xFFFFFFFF),
                              "stack size": (0x202C, 0xFFFFFFFF)}.items():
        changed = bytearray(whole)
        struct.pack_into("<I", changed, at, value)
        cases["with a lie about its " + what] = bytes(changed)
    with tempfile.TemporaryDirectory() as folder:
        for what, data in cases.items():
            path = pathlib.Path(folder) / "d.dmp"
            path.write_bytes(data)
            got = subprocess.run([suyuan, "bluescreen", "--lang", "en", path], capture_output=True, timeout=20)
            same("status of a dump " + what, got.returncode, 3)
            same("message of a dump " + what, b"Damage:" in got.stdout or b"not read:" in got.stderr, True)
    return len(cases)


def main():
    suyuan, root = sys.argv[1], samples(pathlib.Path(sys.argv[2]))
    if not (root / "dumps/triage_x64.dmp").exists():
        skip("no samples of dumps")
    kernels = kernel_dumps(suyuan, root)
    users = programs(suyuan, root) if (root / "extra/crash/user-minidump").exists() else 0
    broken = damaged(suyuan, root)
    print(f"{kernels} dumps of the kernel, {users} of programs, {broken} damaged ones; {checked} facts compared, {len(wrong)} wrong; ARM64: no sample, untested")
    for line in wrong[:30]:
        print(line[:400])
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
