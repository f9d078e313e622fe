#!/usr/bin/env python3
"""The memory of kernel dumps read twice: by the program, and by this script, written from the format's description alone
(docs/formats/crashdump.md). It reads what no packaged reader does: summary dumps of type 2, PAE and x86 bitmaps.

What `suyuan bluescreen` prints of the processes is the same, with passwords masked.

usage: crash_memory.py SUYUAN_RANGE CRASH_LISTS SUYUAN"""
import json
import os
import struct
import subprocess
import sys
import tempfile

# EPROCESS of three versions: pid, links, image, parent, created, peb, audit
OFFSETS = {
    ("6.0", 4): (0x9C, 0xA0, 0x14C, 0x124, 0x88, 0x188, 0x1CC), ("6.0", 8): (0xE0, 0xE8, 0x238, 0x1F0, 0xC8, 0x290, 0x2E8),
    ("6.1", 4): (0xB4, 0xB8, 0x16C, 0x140, 0xA0, 0x1A8, 0x1EC), ("6.1", 8): (0x180, 0x188, 0x2E0, 0x290, 0x168, 0x338, 0x390),
    ("10.0", 4): (0xB4, 0xB8, 0x174, 0x138, 0xC8, 0x144, 0x188), ("10.0", 8): (0x2E8, 0x2F0, 0x450, 0x3E0, 0x308, 0x3F8, 0x468),
}


class Dump:
    def __init__(self, path, system):
        self.bytes = open(path, "rb").read()
        self.wide = self.bytes[:8] == b"PAGEDU64"
        assert self.wide or self.bytes[:8] == b"PAGEDUMP"
        self.p = 8 if self.wide else 4
        self.body = 0x2000 if self.wide else 0x1000
        self.offsets = OFFSETS[system, self.p]
        self.pae = not self.wide and self.bytes[0x5C] == 1
        self.table = self.at(0x10, self.p)
        self.modules_head = self.at(0x20 if self.wide else 0x18, self.p)
        self.processes_head = self.at(0x28 if self.wide else 0x1C, self.p)
        self.debugger = self.at(0x80 if self.wide else 0x60, self.p)
        self.type = self.at(0xF98 if self.wide else 0xF88, 4)
        self.frames = {}
        {1: self.runs, 2: self.summary, 5: self.bitmap, 6: self.bitmap, 7: self.bitmap}[self.type]()

    def at(self, offset, size):
        return int.from_bytes(self.bytes[offset:offset + size], "little")

    def runs(self):
        block = 0x88 if self.wide else 0x64
        place, first = self.body, block + (16 if self.wide else 8)
        for i in range(self.at(block, 4)):
            base, count = self.at(first + i * 2 * self.p, self.p), self.at(first + i * 2 * self.p + self.p, self.p)
            for frame in range(base, base + count):
                self.frames[frame] = place
                place += 4096

    def spread(self, bits, place, bitmap):
        for frame in range(bits):
            if self.bytes[bitmap + frame // 8] >> frame % 8 & 1:
                self.frames[frame] = place
                place += 4096

    def summary(self):
        assert self.bytes[self.body:self.body + 8] == b"SDMPDUMP"
        self.spread(self.at(self.body + 0x10, 4), self.at(self.body + 0xC, 4), self.body + (0x28 if self.wide else 0x20))
        assert len(self.frames) == self.at(self.body + 0x14, 4)

    def bitmap(self):
        assert self.bytes[self.body:self.body + 8] in (b"SDMPDUMP", b"FDMPDUMP")
        self.spread(self.at(self.body + 0x30, 8), self.at(self.body + 0x20, 8), self.body + 0x38)
        assert len(self.frames) == self.at(self.body + 0x28, 8)

    def physical(self, address, size):
        place = self.frames.get(address >> 12)
        return None if place is None else self.bytes[place + address % 4096:place + address % 4096 + size]

    def translate(self, table, address):
        if self.wide:
            shifts, width, mask = (39, 30, 21, 12), 9, 0xFFFFFFFFFF000
        elif self.pae:
            shifts, width, mask = (30, 21, 12), 9, 0xFFFFFFFFFF000
        else:
            shifts, width, mask = (22, 12), 10, 0xFFFFF000
        each = 4 if not self.wide and not self.pae else 8
        at = table & (~0x1F if self.pae else ~0xFFF)
        for level, shift in enumerate(shifts):
            index = address >> shift & (3 if self.pae and level == 0 else (1 << width) - 1)
            entry = self.physical(at + index * each, each)
            entry = int.from_bytes(entry, "little") if entry else 0
            last = level == len(shifts) - 1
            if not entry & 1 and not (last and entry & 0xC00 == 0x800):
                return None
            if entry & 0x81 == 0x81 and not last and level == len(shifts) - 2:
                return (entry & mask & -(1 << shift)) + (address & (1 << shift) - 1)
            at = entry & mask
        return at + address % 4096

    def read(self, address, size, table=None):
        out = b""
        while len(out) < size:
            place = self.translate(table or self.table, address + len(out))
            n = min(size - len(out), 4096 - (address + len(out)) % 4096)
            part = None if place is None else self.physical(place, n)
            if part is None:
                return None
            out += part
        return out

    def number(self, address, size, table=None):
        b = self.read(address, size, table)
        return None if b is None else int.from_bytes(b, "little")

    def string(self, address, table=None):
        length, buffer = self.number(address, 2, table), self.number(address + self.p, self.p, table)
        text = self.read(buffer, length, table) if buffer else None
        return None if not text else text.decode("utf-16-le")

    def walk(self, head):
        at = self.number(head, self.p)
        while at != head:
            yield at
            at = self.number(at, self.p)

    def modules(self):
        a, b, c, d = (0x30, 0x40, 0x48, 0x80) if self.wide else (0x18, 0x20, 0x24, 0x44)
        return [{"base": self.number(e + a, self.p), "size": self.number(e + b, 4), "stamp": self.number(e + d, 4), "path": self.string(e + c)}
                for e in self.walk(self.modules_head)]

    def processes(self):
        pid, links, image, parent, created, peb, audit = self.offsets
        out = []
        for entry in self.walk(self.processes_head):
            e = entry - links
            table, name = self.number(e + (0x28 if self.wide else 0x18), self.p), self.number(e + audit, self.p)
            block, command = self.number(e + peb, self.p), None
            parameters = self.number(block + (0x20 if self.wide else 0x10), self.p, table) if block else None
            if parameters and self.number(parameters, 4, table) is not None:
                command = self.string(parameters + (0x70 if self.wide else 0x40), table)
            out.append({"pid": self.number(e + pid, self.p), "parent": self.number(e + parent, self.p),
                        "name": self.read(e + image, 15).split(b"\0")[0].decode(), "path": self.string(name) if name else None,
                        "command": command, "created": self.number(e + created, 8)})
        return out

    def unloaded(self):
        mask = (1 << 8 * self.p) - 1
        array = self.number(self.number(self.debugger + 0x220, 8) & mask, self.p)
        n = self.number(self.number(self.debugger + 0x228, 8) & mask, 4)
        each, start, time = (0x28, 0x10, 0x20) if self.wide else (0x18, 8, 16)
        return [{"name": self.string(array + each * i), "from": self.number(array + each * i + start, self.p), "at": self.number(array + each * i + time, 8)}
                for i in reversed(range(n))]


def printed(suyuan, make, lists, path):
    subprocess.run([make, "--dump", "x64-complete", "--os", "6.1", "--intruder", "-o", path], check=True)
    read = json.loads(subprocess.run([lists, path], check=True, stdout=subprocess.PIPE).stdout)["processes"]
    shown = json.loads(subprocess.run([suyuan, "bluescreen", "-f", "jsonl", path], check=True, stdout=subprocess.PIPE).stdout)
    text = subprocess.run([suyuan, "bluescreen", "--lang", "en", path], check=True, stdout=subprocess.PIPE, text=True).stdout
    same = ("pid", "parent", "name", "path")
    assert [[p[k] for k in same] for p in shown["processes"]] == [[p[k] for k in same] for p in read]
    assert shown["process_offsets"] == "6.1"
    assert any("Str0ngSecret" in (p["command"] or "") for p in read)
    assert "Str0ngSecret" not in json.dumps(shown) and "Str0ngSecret" not in text and "net user guest ***" in text
    places = [next(i for i, line in enumerate(text.splitlines()) if f" {pid}  " in line) for pid in (604, 2212, 2300)]
    assert places == list(range(places[0], places[0] + 3)), "children stand below their parents"


def main():
    make, lists, suyuan = sys.argv[1:4]
    compared, commands = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "MEMORY.DMP")
        for machine in ("x86", "pae", "x64"):
            for kind in ("complete", "kernel", "bitmap-complete", "bitmap-kernel", "automatic"):
                for system in ("6.0", "6.1", "10.0"):
                    for more in ([], ["--large-pages", "--user-pages"])[:1 + (system == "6.1")]:
                        subprocess.run([make, "--dump", f"{machine}-{kind}", "--os", system, "--intruder", *more, "-o", path], check=True)
                        ours = json.loads(subprocess.run([lists, path], check=True, stdout=subprocess.PIPE).stdout)
                        theirs = Dump(path, system)
                        name = f"{machine}-{kind} {system} {more}"
                        assert ours["pages"] == len(theirs.frames), name
                        for what in ("modules", "unloaded", "processes"):
                            expected = getattr(theirs, what)()
                            assert expected, (name, what)
                            assert ours[what] == expected, (name, what, ours[what], expected)
                        assert ours["problems"] == 0, name
                        compared += 1
                        commands += sum(p["command"] is not None for p in ours["processes"])
        printed(suyuan, make, lists, path)
    print(f"{compared} dumps, {commands} command lines: both readers agree")
    assert commands > 0


main()
