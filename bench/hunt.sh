#!/bin/sh
# How fast Sigma rules are matched against event logs, beside decoding the same logs, and beside other programs where they are on the
# PATH: `make bench`, or
#   bench/hunt.sh [PAIRS]             three pairs when not told
# Logs of MEGABYTES (512) are made of the samples as for bench/decode.sh, in BENCH_DIR; the rules are the samples'. Hits are written as
# JSON lines to /dev/null. Prints medians of wall and processor time, events a second of processor, the peak of memory, and the hits.
set -eu
cd "$(dirname "$0")/.."
pairs=${1:-3} megabytes=${MEGABYTES:-512}
suyuan=${SUYUAN:-$PWD/build/suyuan}
samples=${SUYUAN_SAMPLES:-../shared/samples}
rules=$samples/sigma/rules maker=$samples/../tools/make_big_evtx.py
[ -x "$suyuan" ] || { echo "bench: make the program first" >&2; exit 1; }
[ -f "$maker" ] && [ -d "$rules" ] || { echo "bench: skipped, there are no samples" >&2; exit 0; }
if [ -n "${BENCH_DIR-}" ]; then
    dir=$BENCH_DIR
    mkdir -p "$dir"
else
    dir=$(mktemp -d)
    trap 'rm -rf "$dir"' EXIT
fi
of_channel() {
    find "$samples" -name '*.evtx' -type f ! -path '*/hard/*' | sort | while read -r log; do
        if "$suyuan" dump -j1 "$log" 2>/dev/null | head -n 1 | grep -q "\"Channel\":\"$1\""; then printf '%s\0' "$log"; fi
    done
}
make_log() {
    [ -f "$dir/$1.evtx" ] || xargs -0 python3 "$maker" "$dir/$1.evtx" "$megabytes" <"$dir/$1.list"
}
[ -f "$dir/Security.list" ] || of_channel Security >"$dir/Security.list"
[ -f "$dir/Sysmon.list" ] || of_channel Microsoft-Windows-Sysmon/Operational >"$dir/Sysmon.list"
[ -f "$dir/mixed.list" ] || printf '%s\0' "$samples" >"$dir/mixed.list"
for log in Security Sysmon mixed; do make_log $log; done
processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
echo "Machine: $(nproc) x $processor, Linux $(uname -r), load $(cut -d' ' -f1 /proc/loadavg) at the start"
python3 - "$dir" "$pairs" "$suyuan" "$rules" <<'PYTHON'
import os, re, statistics, subprocess, sys, time

folder, pairs, suyuan, rules = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]


def run(command):
    """Wall seconds, processor seconds, peak MiB as the process itself had it, and what it said on standard error."""
    began, most = time.monotonic(), 0
    p = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while os.waitid(os.P_PID, p.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        try:
            with open(f"/proc/{p.pid}/status") as status:
                most = max([most] + [int(line.split()[1]) for line in status if line.startswith("VmHWM")])
        except OSError:
            pass
        time.sleep(0.005)
    wall = time.monotonic() - began
    said = p.stderr.read()
    _, status, used = os.wait4(p.pid, 0)
    return wall, used.ru_utime + used.ru_stime, most / 1024, said


begin = [run([suyuan, "rules", rules])[:2] for _ in range(pairs)]
wall, cpu = (statistics.median(column) for column in zip(*begin))
print(f"The rules alone: {wall:.2f} s\n\n| log | program | wall s | processor s | events a second of processor | peak MiB | hits | of decoding |\n" + "|---" * 8 + "|")
for log in "Security", "Sysmon", "mixed":
    path = f"{folder}/{log}.evtx"
    with open(path, "rb") as file:
        while file.read(1 << 22):
            pass
    programs = {"dump -j1": [suyuan, "dump", "-j1", path], "hunt -j1": [suyuan, "hunt", "-j1", "-l", "informational", "-f", "jsonl", "-r", rules, path], "hunt -j2": [suyuan, "hunt", "-j2", "-l", "informational", "-f", "jsonl", "-r", rules, path]}
    runs = {name: [] for name in programs}
    for _ in range(pairs):
        for name, command in programs.items():
            runs[name].append(run(command))
    decode = statistics.median(r[1] for r in runs["dump -j1"])
    for name, all_runs in runs.items():
        wall, cpu, peak = (statistics.median(r[i] for r in all_runs) for i in range(3))
        told = re.search(r"(\d+) records, (\d+) hits", all_runs[0][3])
        events, hits = (int(told[1]), int(told[2])) if told else (0, 0)
        print(f"| {log} | {name} | {wall:.2f} | {cpu:.2f} | {f'{events / cpu:,.0f}' if events else ''} | {peak:.0f} | {hits if told else ''} | {cpu / decode:.2f} |")
PYTHON
