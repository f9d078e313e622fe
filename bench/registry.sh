#!/bin/sh
# How fast a registry hive becomes JSON lines, beside hivexml (which writes XML, and replays no logs): `make bench`, or
#   bench/registry.sh [PAIRS]         five pairs when not told
# The hive is made by suyuan-range, MEGABYTES large (100), outside the project in BENCH_DIR (a new folder under TMPDIR, taken away
# afterwards). Runs in pairs, ours and theirs in turn, output to /dev/null, the file in the page cache; prints medians.
set -eu
cd "$(dirname "$0")/.."
pairs=${1:-5} megabytes=${MEGABYTES:-100}
suyuan=${SUYUAN:-$PWD/build/suyuan} range=${SUYUAN_RANGE:-$PWD/build/suyuan-range}
[ -x "$suyuan" ] && [ -x "$range" ] || { echo "bench: make the program first" >&2; exit 1; }
if [ -n "${BENCH_DIR-}" ]; then
    dir=$BENCH_DIR
    mkdir -p "$dir"
else
    dir=$(mktemp -d)
    trap 'rm -rf "$dir"' EXIT
fi
[ -f "$dir/SOFTWARE" ] || "$range" --hive "${megabytes}000000" -o "$dir/SOFTWARE"
processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
echo "Machine: $(nproc) x $processor, Linux $(uname -r), load $(cut -d' ' -f1 /proc/loadavg) at the start"
python3 - "$dir/SOFTWARE" "$pairs" "$suyuan" "$(command -v hivexml || true)" <<'PYTHON'
import os, statistics, subprocess, sys, time

hive, pairs, suyuan, hivexml = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
programs = {"suyuan": [suyuan, "registry", "-f", "jsonl", hive]}
if hivexml:
    programs["hivexml"] = [hivexml, hive]


def run(command):
    """Wall seconds, processor seconds, peak MiB as the process itself had it."""
    began, most = time.monotonic(), 0
    p = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while os.waitid(os.P_PID, p.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        try:
            with open(f"/proc/{p.pid}/status") as status:
                most = max([most] + [int(line.split()[1]) for line in status if line.startswith("VmHWM")])
        except OSError:
            pass
        time.sleep(0.005)
    wall = time.monotonic() - began
    _, status, used = os.wait4(p.pid, 0)
    if status:
        sys.exit(f"{command}: status {status}")
    return wall, used.ru_utime + used.ru_stime, most / 1024


with open(hive, "rb") as file:
    while file.read(1 << 22):
        pass
keys = subprocess.run(programs["suyuan"], stdout=subprocess.PIPE).stdout.count(b"\n")
print(f"{os.path.getsize(hive) / 1e6:.0f} MB, {keys} keys\n")
runs = {name: [] for name in programs}
for _ in range(pairs):
    for name, command in programs.items():
        runs[name].append(run(command))
print("| program | wall s | processor s | peak MiB |\n|---|---|---|---|")
for name, all_runs in runs.items():
    wall, cpu, peak = (statistics.median(column) for column in zip(*all_runs))
    print(f"| {name} | {wall:.2f} | {cpu:.2f} | {peak:.0f} |")
PYTHON
