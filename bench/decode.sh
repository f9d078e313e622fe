#!/bin/sh
# How fast event logs become JSON lines, beside the newest evtx_dump: `make bench`, or
#   bench/decode.sh [PAIRS]           five pairs when not told
# Makes logs of MEGABYTES (512) out of the samples, outside the project, in BENCH_DIR (a new folder under TMPDIR, taken away
# afterwards). Runs in pairs, ours and theirs in turn, output to /dev/null, files in the page cache; prints medians of wall
# time, and of processor time, which other programs on the machine disturb less. Wants the samples, their make_big_evtx.py, and
# evtx_dump in PATH or EVTX_DUMP (cargo install evtx); without it only our own numbers are printed.
set -eu
cd "$(dirname "$0")/.."
pairs=${1:-5}
theirs=${EVTX_DUMP:-$(command -v evtx_dump || true)}
. bench/parts/logs.sh
tell_machine
"$suyuan" --version
[ -z "$theirs" ] || "$theirs" --version
python3 - "$dir" "$pairs" "$suyuan" "$theirs" <<'PYTHON'
import os, resource, statistics, subprocess, sys, time

folder, pairs, ours, theirs = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]


def run(*commands):
    """Side by side: wall seconds, processor seconds."""
    began = time.monotonic()
    started = [subprocess.Popen(c, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for c in commands]
    used = [os.wait4(p.pid, 0)[2] for p in started]
    return time.monotonic() - began, sum(u.ru_utime + u.ru_stime for u in used)


def peak(command):
    """MiB, as the process itself had it: what wait tells includes the one that started it."""
    p, most = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), 0
    while p.poll() is None:
        try:
            with open(f"/proc/{p.pid}/status") as status:
                most = max([most] + [int(line.split()[1]) for line in status if line.startswith("VmHWM")])
        except OSError:
            pass
        time.sleep(0.005)
    return most / 1024


def medians(runs):
    return [statistics.median(column) for column in zip(*runs)]


def row(*cells):
    print("| " + " | ".join(str(c) for c in cells) + " |")


row("log", "program", "threads", "wall s", "processor s", "MB/s of processor", "peak MiB", "ratio wall", "ratio processor")
row(*["---"] * 9)
for log in "Security", "Sysmon", "mixed":
    path = f"{folder}/{log}.evtx"
    size = os.path.getsize(path) / 1e6
    with open(path, "rb") as f:
        while f.read(1 << 22):
            pass
    dump = lambda n: [ours, "dump", f"-j{n}", path]
    peer = lambda n: [theirs, "-t", str(n), "-o", "jsonl", path]
    one, other, both, beside = [], [], [], []
    for _ in range(pairs):
        one.append(run(dump(1)))
        if theirs:
            other.append(run(peer(1)))
        both.append(run(dump(2)))
        beside.append(run(dump(1), dump(1)))
    for name, threads, runs, base in ("suyuan", 1, one, other), ("suyuan", 2, both, None), ("evtx_dump", 1, other, None):
        if not runs:
            continue
        wall, cpu = medians(runs)
        most = peak(peer(threads) if runs is other else dump(threads))
        ratio = ["", ""]
        if base:
            ratio = [f"{statistics.median(b[i] / r[i] for r, b in zip(runs, base)):.2f}" for i in (0, 1)]
        row(log, name, threads, f"{wall:.2f}", f"{cpu:.2f}", f"{size / cpu:.0f}", f"{most:.0f}", *ratio)
    gain, most = medians(one)[0] / medians(both)[0], 2 * medians(one)[0] / medians(beside)[0]
    print(f"\n{log}: a second thread gains {gain:.2f} times; two runs side by side {most:.2f} times; {gain / most:.2f} of it\n")
PYTHON
