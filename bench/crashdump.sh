#!/bin/sh
# How fast a complete crash dump of 4 GiB tells what it holds, beside volatility3's windows.pslist where it is: `make bench`, or
#   bench/crashdump.sh [PAIRS]         five pairs when not told
# The dump is made by suyuan-range, sparse, outside the project in BENCH_DIR (a new folder under TMPDIR, taken away afterwards).
# volatility3 is that of SUYUAN_ORACLES, or of `scripts/setup oracles`; its symbols are written by tests/conformance/crash_readers.py.
# Runs in pairs, ours and theirs in turn, output to /dev/null; prints medians.
set -eu
cd "$(dirname "$0")/.."
pairs=${1:-5}
suyuan=${SUYUAN:-$PWD/build/suyuan} range=${SUYUAN_RANGE:-$PWD/build/suyuan-range}
[ -x "$suyuan" ] && [ -x "$range" ] || { echo "bench: make the program first" >&2; exit 1; }
if [ -n "${BENCH_DIR-}" ]; then
    dir=$BENCH_DIR
    mkdir -p "$dir"
else
    dir=$(mktemp -d)
    trap 'rm -rf "$dir"' EXIT
fi
[ -f "$dir/MEMORY.DMP" ] || "$range" --dump x64-complete --os 6.1 --memory 4096 --intruder -o "$dir/MEMORY.DMP"
processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
echo "Machine: $(nproc) x $processor, Linux $(uname -r), load $(cut -d' ' -f1 /proc/loadavg) at the start"
PYTHONDONTWRITEBYTECODE=1 python3 - "$dir" "$pairs" "$suyuan" "$PWD/tests/conformance" <<'PYTHON'
import os, statistics, subprocess, sys, time

folder, pairs, suyuan = sys.argv[1], int(sys.argv[2]), sys.argv[3]
sys.path.insert(0, sys.argv[4])
import crash_readers

dump = os.path.join(folder, "MEMORY.DMP")
programs = {"suyuan bluescreen -f jsonl": [suyuan, "bluescreen", "-f", "jsonl", dump]}
vol = crash_readers.environment() / "vol"
if vol.exists():
    crash_readers.write_symbols(folder, dump, True, 0xFFFFF80001600000)
    os.makedirs(os.path.join(folder, "cache"), exist_ok=True)
    programs["volatility3 windows.pslist"] = [str(vol), "--offline", "-q", "--cache-path", os.path.join(folder, "cache"), "-s", os.path.join(folder, "symbols"), "-f", dump,
                                              "windows.pslist"]


def run(command):
    """Wall seconds, processor seconds, peak MiB as the process itself had it."""
    began, most = time.monotonic(), 0
    p = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while os.waitid(os.P_PID, p.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        try:
            with open(f"/proc/{p.pid}/status") as status:
                most = max([most] + [int(line.split()[1]) for line in status if line.startswith("VmHWM")])
        except OSError:
            pass
        time.sleep(0.002)
    wall = time.monotonic() - began
    _, status, used = os.wait4(p.pid, 0)
    if status:
        sys.exit(f"{command}: status {status}")
    return wall, used.ru_utime + used.ru_stime, most / 1024


print(f"{os.path.getsize(dump)} bytes, {os.stat(dump).st_blocks * 512} of them written\n")
runs = {name: [] for name in programs}
for _ in range(pairs):
    for name, command in programs.items():
        runs[name].append(run(command))
print("| program | wall s | processor s | peak MiB |\n|---|---|---|---|")
for name, all_runs in runs.items():
    wall, cpu, peak = (statistics.median(column) for column in zip(*all_runs))
    print(f"| {name} | {wall:.2f} | {cpu:.2f} | {peak:.0f} |")
PYTHON
