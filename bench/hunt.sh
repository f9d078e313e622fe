#!/bin/sh
# How fast Sigma rules are matched against event logs, beside writing the same logs as JSON lines, and beside other programs where they are
# on the PATH: `make bench`, or
#   bench/hunt.sh [PAIRS]             three pairs when not told
# The logs are those of bench/decode.sh, the rules the samples'. Hits are written as JSON lines to /dev/null. Prints medians of wall and
# processor time, events a second of processor, the peak of memory, the hits, and how many times the time of `dump -f jsonl` it took.
# Other programs run once, with at most PEER_SECONDS (900): rsigma (which reads JSON: our dump is its input), chainsaw (MAPPING: its mapping
# file), hayabusa (its own rules: HAYABUSA_RULES), zircolite (ZIRCOLITE_RULES: its rules as JSON). What one did not take is said.
set -eu
cd "$(dirname "$0")/.."
pairs=${1:-3}
. bench/parts/logs.sh
rules=$samples/sigma/rules
[ -d "$rules" ] || { echo "bench: skipped, there is no $rules" >&2; exit 0; }
tell_machine
python3 - "$dir" "$pairs" "$suyuan" "$rules" <<'PYTHON'
import os, re, shutil, statistics, subprocess, sys, time

folder, pairs, suyuan, rules = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]


def run(command, seconds=None, out=subprocess.DEVNULL):
    """Wall seconds, processor seconds, peak MiB as the process itself had it, and what it said on standard error."""
    began, most = time.monotonic(), 0
    p = subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, text=True, errors="replace")
    while os.waitid(os.P_PID, p.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        try:
            with open(f"/proc/{p.pid}/status") as status:
                most = max([most] + [int(line.split()[1]) for line in status if line.startswith("VmHWM")])
        except OSError:
            pass
        if seconds and time.monotonic() - began > seconds:
            p.kill()
        time.sleep(0.005)
    wall = time.monotonic() - began
    said = p.stderr.read()
    _, status, used = os.wait4(p.pid, 0)
    return wall, used.ru_utime + used.ru_stime, most / 1024, said


def peers(path):
    """Name, command, for those that are there."""
    if shutil.which("rsigma"):
        yield "rsigma", ["rsigma", "engine", "eval", "--rules", rules, "--logsource-routing", "--input-format", "json", folder + "/events.jsonl"]
    if shutil.which("chainsaw") and os.environ.get("MAPPING"):
        yield "chainsaw", ["chainsaw", "hunt", path, "-s", rules, "--mapping", os.environ["MAPPING"], "--skip-errors", "--jsonl", "-q"]
    if shutil.which("hayabusa"):
        own = ["-r", os.environ["HAYABUSA_RULES"]] if os.environ.get("HAYABUSA_RULES") else []
        yield "hayabusa", ["hayabusa", "dfir-timeline", "-f", path, "-w", "-t", "jsonl", "-N", "-Q", "-o", "/dev/null", "-C", *own]
    if shutil.which("zircolite") and os.environ.get("ZIRCOLITE_RULES"):
        yield "zircolite", ["zircolite", "--evtx", path, "--ruleset", os.environ["ZIRCOLITE_RULES"], "-o", "/dev/null"]


begin = [run([suyuan, "rules", rules])[:2] for _ in range(pairs)]
wall, cpu = (statistics.median(column) for column in zip(*begin))
print(f"The rules alone: {wall:.2f} s of wall, {cpu:.2f} s of processor time\n")
print("| log | program | wall s | processor s | events a second of processor | peak MiB | hits | times dump |\n" + "|---" * 8 + "|")
for log in "Security", "Sysmon", "mixed":
    path = f"{folder}/{log}.evtx"
    with open(path, "rb") as file:
        while file.read(1 << 22):
            pass
    hunt = lambda n: [suyuan, "hunt", f"-j{n}", "-f", "jsonl", "-r", rules, path]
    dump = lambda n: [suyuan, "dump", f"-j{n}", "-f", "jsonl", path]
    programs = {"dump -j1": dump(1), "hunt -j1": hunt(1), "dump -j2": dump(2), "hunt -j2": hunt(2)}
    runs = {name: [] for name in programs}
    for _ in range(pairs):
        for name, command in programs.items():
            runs[name].append(run(command))
    events = 0
    for name, all_runs in runs.items():
        wall, cpu, peak = (statistics.median(r[i] for r in all_runs) for i in range(3))
        told = re.search(r"(\d+) records, (\d+) hits", all_runs[0][3])
        events, hits = (int(told[1]), int(told[2])) if told else (events, "")
        times = statistics.median(r[0] / d[0] for r, d in zip(all_runs, runs["dump -j" + name[-1]]))
        print(f"| {log} | {name} | {wall:.2f} | {cpu:.2f} | {f'{events / cpu:,.0f}' if told else ''} | {peak:.0f} | {hits} | {f'{times:.2f}' if told else ''} |", flush=True)
    limit = int(os.environ.get("PEER_SECONDS", "900"))
    if shutil.which("rsigma"):
        with open(folder + "/events.jsonl", "wb") as file:
            run([suyuan, "dump", "-f", "jsonl", path], out=file)
    for name, command in peers(path):
        wall, cpu, peak, said = run(command, limit)
        stopped = " (stopped)" if wall >= limit else ""
        print(f"| {log} | {name}{stopped} | {wall:.2f} | {cpu:.2f} | {events / cpu:,.0f} | {peak:.0f} | | |", flush=True)
PYTHON
