#!/usr/bin/env bash
# CPU a message of the bounce classifier beside flufl.bounce and SpamAssassin's bounce rules, on the corpus that lies beside the checkout.
# Needs Debian's python3-flufl.bounce and spamassassin for the peers; each is left out where it is missing. Three runs, one after the other.
set -eu
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
corpus=$root/../shared/corpora/mail-open.tar.xz
[ -f "$corpus" ] || { echo "classify: ../shared/corpora/mail-open.tar.xz is not there" >&2; exit 66; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -xJf "$corpus" -C "$work"
folders=("$work/bounce" "$work/delayed" "$work/virusnotice" "$work/ham" "$work/spam")
dotnet build "$root/bench/Backstop.Bench/Backstop.Bench.csproj" -c Release -v quiet >/dev/null
for run in 1 2 3; do
  echo "== run $run: Backstop"
  dotnet "$root/artifacts/bin/Backstop.Bench/release/Backstop.Bench.dll" "${folders[@]}"
  if python3 -c 'import flufl.bounce' 2>/dev/null; then
    echo "== run $run: flufl.bounce"
    python3 "$root/bench/peers/flufl_bounce.py" "${folders[@]}"
  elif /usr/bin/python3 -c 'import flufl.bounce' 2>/dev/null; then
    echo "== run $run: flufl.bounce"
    /usr/bin/python3 "$root/bench/peers/flufl_bounce.py" "${folders[@]}"
  fi
  if perl -MMail::SpamAssassin -e 1 2>/dev/null; then
    echo "== run $run: SpamAssassin, bounce rules alone"
    perl "$root/bench/peers/vbounce.pl" "${folders[0]}" "${folders[1]}" "${folders[2]}"
  fi
done
