# Sourced by benchmarks: logs of MEGABYTES (512) made out of the samples, in $dir: BENCH_DIR, or a new folder that is taken away in the end.
# Sets suyuan, samples, megabytes, dir; ends the script when there is no program, or there are no samples.
suyuan=${SUYUAN:-$PWD/build/suyuan}
samples=${SUYUAN_SAMPLES:-../shared/samples}
megabytes=${MEGABYTES:-512}
maker=$samples/../tools/make_big_evtx.py
[ -x "$suyuan" ] || { echo "bench: make the program first" >&2; exit 1; }
[ -f "$maker" ] || { echo "bench: skipped, there is no $maker" >&2; exit 0; }
if [ -n "${BENCH_DIR-}" ]; then
    dir=$BENCH_DIR
    mkdir -p "$dir"
else
    dir=$(mktemp -d)
    trap 'rm -rf "$dir"' EXIT
fi

# The logs whose first record is of this channel.
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

tell_machine() {
    processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
    echo "Machine: $(nproc) x $processor, Linux $(uname -r), load $(cut -d' ' -f1 /proc/loadavg) at the start"
}
