#!/usr/bin/env bash
# Whether what the rules say of a mail depends on how busy the machine is: scans FOLDER... calm, then beside busy loops, and compares.
#   ./bench/steady.sh [-l LOOPS] FOLDER...
# Prints the mails, both wall times, and how many differ; ends with 1 where any does. Four loops without -l. Ends what it started.
set -u
loops=4
[ "${1:-}" = -l ] && { loops=$2; shift 2; }
[ $# -gt 0 ] || { echo "usage: bench/steady.sh [-l LOOPS] FOLDER..." >&2; exit 64; }
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
work=$(mktemp -d)
pids=()
trap '[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}"; rm -rf "$work"' EXIT
"$root/backstop" --version >/dev/null

scan() {
  local began=$EPOCHREALTIME
  # How long it took is the one thing that may differ.
  "$root/backstop" scan --json "${@:2}" 2>"$work/$1.err" | sed 's/"milliseconds":[0-9.]*,//' | LC_ALL=C sort >"$work/$1"
  awk -v a="$began" -v b="$EPOCHREALTIME" -v n="$(wc -l <"$work/$1")" -v what="$1" 'BEGIN { printf "%-5s %6d mails  %6.1f s\n", what, n, b - a }'
}

scan calm "$@"
for _ in $(seq "$loops"); do
  python3 -c 'while True: pass' &
  pids+=($!)
done
scan busy "$@"
different=$(diff "$work/calm" "$work/busy" | grep -c '^<')
echo "$different mails differ"
grep -c '"outOfSteps":\["' "$work/calm" | sed 's/$/ mails spent the steps of a rule/'
[ "$different" -eq 0 ] && [ -s "$work/calm" ]
