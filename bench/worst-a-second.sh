#!/usr/bin/env bash
# How long real mail takes beside the mails that cost most to judge; see worst-a-second.py, whose options these are.
set -eu
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
dotnet build "$root/bench/Backstop.Bench/Backstop.Bench.csproj" -c Release -v quiet >/dev/null
exec python3 "$root/bench/worst-a-second.py" "$@"
