#!/usr/bin/env python3
"""Dumps that suyuan-range writes, opened by readers of others: kdmp-parser (64-bit, types 1, 5 and 6) and volatility3 (types 1 and 5,
with symbols that this script writes, so that it needs no network). Their pages, modules and processes must be the program's.

usage: crash_readers.py SUYUAN_RANGE CRASH_LISTS
Both come from a Python environment: that of SUYUAN_ORACLES, or the one that `scripts/setup oracles` makes. Skipped without."""
import json
import lzma
import os
import pathlib
import subprocess
import sys
import tempfile

STUBS = """_CMHIVE _CM_KEY_BODY _CM_KEY_NODE _CM_KEY_VALUE _CONTROL_AREA _DEVICE_OBJECT _DRIVER_OBJECT _ERESOURCE _FILE_OBJECT _HMAP_ENTRY
_IMAGE_DOS_HEADER _KMUTANT _KSYSTEM_TIME _KTIMER _MMVAD _MMVAD_SHORT _OBJECT_HEADER _OBJECT_SYMBOLIC_LINK _POOL_HEADER
_POOL_TRACKER_BIG_PAGES _SHARED_CACHE_MAP _TOKEN _VACB""".split()
WALK = """
import json, sys
from kdmp_parser import KernelDumpParser
dump = KernelDumpParser(sys.argv[1])
def read(address, size):
    out = b""
    while len(out) < size:
        page = dump.read_virtual_page((address + len(out)) & ~0xfff)
        at = (address + len(out)) % 4096
        out += bytes(page[at:at + size - len(out)])
    return out
def number(address, size=8):
    return int.from_bytes(read(address, size), "little")
modules, head = [], int(sys.argv[2])
entry = number(head)
while entry != head:
    length, text = number(entry + 0x48, 2), number(entry + 0x50)
    modules.append({"base": number(entry + 0x30), "size": number(entry + 0x40, 4), "stamp": number(entry + 0x80, 4), "path": read(text, length).decode("utf-16-le")})
    entry = number(entry)
print(json.dumps({"type": int(dump.type), "table": dump.directory_table_base, "pages": len(dump.pages), "modules": modules}))
"""


def environment():
    folder = pathlib.Path(os.environ.get("SUYUAN_ORACLES") or pathlib.Path.home() / ".cache/suyuan/oracles")
    return folder / "bin"


def field(offset, kind):
    return {"offset": offset, "type": kind}


def struct(size, **fields):
    return {"kind": "struct", "size": size, "fields": fields}


def symbols(wide, kernel, modules_head, processes_head):
    """The intermediate symbol file of a 6.1 kernel: only the fields that its modules and processes are listed by."""
    p = 8 if wide else 4
    base = lambda name: {"kind": "base", "name": name}
    to = lambda name: {"kind": "pointer", "subtype": {"kind": "struct", "name": name} if name.startswith("_") else base(name)}
    of = lambda name: {"kind": "struct", "name": name}
    text = {"kind": "array", "count": 15, "subtype": base("unsigned char")}
    pick = lambda narrow, full: full if wide else narrow
    types = {name: struct(8) for name in STUBS}
    types["_LIST_ENTRY"] = struct(2 * p, Flink=field(0, to("_LIST_ENTRY")), Blink=field(p, to("_LIST_ENTRY")))
    types["_UNICODE_STRING"] = struct(2 * p, Length=field(0, base("unsigned short")), MaximumLength=field(2, base("unsigned short")), Buffer=field(p, to("unsigned short")))
    types["_LARGE_INTEGER"] = {"kind": "union", "size": 8, "fields": {"QuadPart": field(0, base("long long"))}}
    types["_LDR_DATA_TABLE_ENTRY"] = struct(pick(0x78, 0xE0), InLoadOrderLinks=field(0, of("_LIST_ENTRY")), DllBase=field(pick(0x18, 0x30), to("void")),
                                           SizeOfImage=field(pick(0x20, 0x40), base("unsigned long")), FullDllName=field(pick(0x24, 0x48), of("_UNICODE_STRING")),
                                           BaseDllName=field(pick(0x2C, 0x58), of("_UNICODE_STRING")), TimeDateStamp=field(pick(0x44, 0x80), base("unsigned long")))
    types["_DISPATCHER_HEADER"] = struct(pick(0x10, 0x18), Type=field(0, base("unsigned char")))
    types["_KPROCESS"] = struct(pick(0x98, 0x160), Header=field(0, of("_DISPATCHER_HEADER")), DirectoryTableBase=field(pick(0x18, 0x28), base(pick("unsigned long", "unsigned long long"))))
    types["_EPROCESS"] = struct(pick(0x2C0, 0x4D0), Pcb=field(0, of("_KPROCESS")), UniqueProcessId=field(pick(0xB4, 0x180), to("void")),
                               ActiveProcessLinks=field(pick(0xB8, 0x188), of("_LIST_ENTRY")), ImageFileName=field(pick(0x16C, 0x2E0), text),
                               InheritedFromUniqueProcessId=field(pick(0x140, 0x290), to("void")), CreateTime=field(pick(0xA0, 0x168), of("_LARGE_INTEGER")),
                               ExitTime=field(pick(0xA8, 0x170), of("_LARGE_INTEGER")), Peb=field(pick(0x1A8, 0x338), to("_PEB")),
                               ActiveThreads=field(pick(0x198, 0x328), base("unsigned long")), ThreadListHead=field(pick(0x188, 0x308), of("_LIST_ENTRY")),
                               ObjectTable=field(pick(0xF4, 0x200), to("_HANDLE_TABLE")), Session=field(pick(0x168, 0x2D8), to("void")), Wow64Process=field(pick(0x100, 0x320), to("void")))
    types["_EPROCESS"]["fields"]["CreateTime"]["type"] = {"kind": "union", "name": "_LARGE_INTEGER"}
    types["_EPROCESS"]["fields"]["ExitTime"]["type"] = {"kind": "union", "name": "_LARGE_INTEGER"}
    types["_KTHREAD"], types["_ETHREAD"] = struct(0x100), struct(0x400, Tcb=field(0, of("_KTHREAD")))
    types["_HANDLE_TABLE"] = struct(0x100, HandleCount=field(0x58, base("unsigned long")))
    types["_PEB"], types["_EX_FAST_REF"] = struct(0x380), struct(p, Value=field(0, base(pick("unsigned long", "unsigned long long"))))
    numbers = {"unsigned char": 1, "unsigned short": 2, "unsigned long": 4, "unsigned long long": 8, "long long": 8, "pointer": p, "void": 0, "char": 1, "long": 4, "int": 4}
    return {"metadata": {"format": "6.2.0", "producer": {"name": "crash_readers", "version": "1", "datetime": "2020-01-01T00:00:00"},
                         "windows": {"pdb": {"GUID": "3322110055447766" + "8899AABBCCDDEEFF", "age": 1, "database": "ntkrnlmp.pdb", "machine_type": 34404 if wide else 332},
                                     "pe": {"major": 6, "minor": 1, "revision": 17514, "build": 7601}}},
            "base_types": {name: {"kind": "void" if name == "void" else "char" if "char" in name else "int", "size": size, "signed": not name.startswith("u") and name != "pointer",
                                  "endian": "little"} for name, size in numbers.items()},
            "enums": {}, "user_types": types,
            "symbols": {"PsLoadedModuleList": {"address": modules_head - kernel, "type": of("_LIST_ENTRY")},
                        "PsActiveProcessHead": {"address": processes_head - kernel, "type": of("_LIST_ENTRY")}}}


def heads(path, wide):
    with open(path, "rb") as f:
        header = f.read(0x100)
    p = 8 if wide else 4
    at = (0x20, 0x28) if wide else (0x18, 0x1C)
    return [int.from_bytes(header[a:a + p], "little") for a in at]


def write_symbols(folder, path, wide, kernel):
    """Where volatility3 looks for them below -s FOLDER/symbols, by the name and number that stand in the dump's kernel."""
    pdb = "ntkrnlmp.pdb" if wide else "ntkrpamp.pdb"
    where = pathlib.Path(folder) / "symbols/windows" / pdb
    where.mkdir(parents=True, exist_ok=True)
    isf = symbols(wide, kernel, *heads(path, wide))
    isf["metadata"]["windows"]["pdb"]["database"] = pdb
    with lzma.open(where / "33221100554477668899AABBCCDDEEFF-1.json.xz", "wt") as f:
        json.dump(isf, f)


def with_kdmp(python, make, lists, folder):
    for kind, number in (("complete", 1), ("bitmap-complete", 5), ("bitmap-kernel", 6), ("live-kernel", 8), ("live-kernel-user", 9), ("live-complete", 10)):
        for system in ("6.0", "6.1", "10.0"):
            path = os.path.join(folder, "kdmp.dmp")
            subprocess.run([make, "--dump", f"x64-{kind}", "--os", system, "-o", path], check=True)
            ours = json.loads(subprocess.run([lists, path], check=True, stdout=subprocess.PIPE).stdout)
            got = subprocess.run([python, "-c", WALK, path, str(heads(path, True)[0])], check=True, stdout=subprocess.PIPE).stdout
            theirs = json.loads(got.splitlines()[-1])
            assert theirs["type"] == number and theirs["pages"] == ours["pages"], (kind, theirs["type"], theirs["pages"], ours["pages"])
            assert theirs["modules"] == ours["modules"], (kind, system)
    print("kdmp-parser: pages and modules of 18 dumps are the same")


def vol(program, folder, path, plugin):
    os.makedirs(os.path.join(folder, "cache"), exist_ok=True)
    out = subprocess.run([program, "--offline", "-q", "-r", "json", "--cache-path", os.path.join(folder, "cache"), "-s", os.path.join(folder, "symbols"), "-f", path, plugin],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert out.returncode == 0, out.stderr[-2000:]
    return json.loads(out.stdout)


def with_volatility(program, make, lists, folder):
    for machine, kind in (("x64", "complete"), ("x64", "bitmap-complete"), ("pae", "complete")):
        wide, path = machine == "x64", os.path.join(folder, f"{machine}-{kind}.dmp")
        subprocess.run([make, "--dump", f"{machine}-{kind}", "--os", "6.1", "-o", path], check=True)
        ours = json.loads(subprocess.run([lists, path], check=True, stdout=subprocess.PIPE).stdout)
        write_symbols(folder, path, wide, ours["modules"][0]["base"])
        modules = [(m["Base"], m["Size"], m["Path"]) for m in vol(program, folder, path, "windows.modules")]
        cut = (1 << 48) - 1                                  # it shows addresses without their sign
        assert modules == [(m["base"] & cut, m["size"], m["path"]) for m in ours["modules"]], (machine, kind, modules)
        processes = [(p["PID"], p["PPID"], p["ImageFileName"]) for p in vol(program, folder, path, "windows.pslist")]
        assert processes == [(p["pid"], p["parent"], p["name"]) for p in ours["processes"]], (machine, kind, processes)
    print("volatility3: modules and processes of 3 dumps are the same")


def main():
    make, lists = sys.argv[1:3]
    tools = environment()
    python, volatility, done = tools / "python", tools / "vol", 0
    with tempfile.TemporaryDirectory() as folder:
        if python.exists() and subprocess.run([python, "-c", "import kdmp_parser"], stderr=subprocess.DEVNULL).returncode == 0:
            with_kdmp(python, make, lists, folder)
            done += 1
        if volatility.exists():
            with_volatility(volatility, make, lists, folder)
            done += 1
    if not done:
        print(f"neither kdmp-parser nor volatility3 in {tools}: skipped")
        sys.exit(77)


if __name__ == "__main__":
    main()
