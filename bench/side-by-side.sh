#!/usr/bin/env bash
# Measures this checkout beside Postfix in the same run. Usage: side-by-side.sh [all|refuse|accept|probe|morning|idle]
# Loopback only; ends what it started. Raw lines go to artifacts/bench/DATE/.
set -u
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
what=${1:-all}
export RUN=$root/artifacts/bench/$(date +%Y%m%d-%H%M%S)
mkdir -p "$RUN" /tmp/backstop-bench
cp -r "$root/../shared/bench" "$RUN/tools"
chmod -R u+w "$RUN/tools"
cd "$RUN/tools" || exit 1
. ./lib.sh
gcc -O2 -w -o storm storm.c && gcc -O2 -w -pthread -o sink sink.c
"$root/backstop" --version >/dev/null
export DOTNET_GCgen0size=0x400000
port=2540 web=8040 dns=5399

start_ours() { # NAME UNPROVED ZONES: a fresh server in folder NAME
  ours=$RUN/$1
  mkdir -p "$ours"
  {
    printf 'hostname = "mx.bench.test"\ndomains = ["bench.test"]\ndata = "%s/data"\n' "$ours"
    printf '[listen]\nsmtp = "127.0.0.1:%s"\nweb = "127.0.0.1:%s"\n' $port $web
    printf '[dnsbl]\nzones = [%s]\nresolvers = ["127.0.0.1:%s"]\nask_private = true\n' "$3" $dns
    printf '[backscatter]\nunproved = "%s"\n[batv]\nalways_signed = ["refused@bench.test"]\n[mailboxes]\n' "$2"
    for u in user victim legit refused; do printf '"%s@bench.test" = { path = "%s/mail/%s/Maildir" }\n' $u "$ours" $u; done
  } >"$ours/b.toml"
  for u in user victim legit refused; do mkdir -p "$ours/mail/$u/Maildir"/{new,cur,tmp}; done
  "$root/backstop" batv new-key --config "$ours/b.toml" >/dev/null
  "$root/backstop" journal import --config "$ours/b.toml" "$RUN/sent" >/dev/null
  (cg_enter b_ours; exec dotnet "$root/artifacts/bin/Backstop/release/backstop.dll" serve --config "$ours/b.toml" >"$ours/out" 2>"$ours/log") &
  for _ in $(seq 100); do grep -q ready "$ours/out" 2>/dev/null && break; sleep .1; done
  pid=$(head -1 $CG/cpuacct/b_ours/cgroup.procs)
  sleep 1
}

stop_ours() { kill "$pid"; while [ -d "/proc/$pid" ]; do sleep .1; done; }

cpu_of() { echo $(($(cat $CG/cpuacct/"$1"/cpuacct.usage) / 1000000)); }

morning() { # NAME PORT CGROUP VICTIM_MAILDIR EXTRA...
  local name=$1 p=$2 cg=$3 box=$4 before after; shift 4
  before=$(cpu_of "$cg")
  ./storm -p "$p" -n 20000 -c 50 -u 20 -j "$RUN/journal.tsv" -o "$RUN/$name.tsv" "$@" >"$RUN/$name.out"
  local want last=-1 now=0
  for _ in $(seq 300); do now=$(find "$box/../.." -path '*/new/*' | wc -l); [ "$now" = "$last" ] && break; last=$now; sleep .5; done
  after=$(cpu_of "$cg")
  echo "MORNING $name $(head -1 "$RUN/$name.out") cpu=$((after - before))ms pss=$(cg_pss "$cg")MiB $(python3 storm-report.py "$RUN/$name.tsv" | grep '^legit') inbox=$(ls "$box/new" | wc -l) filed=$(ls "$box/.Backscatter/new" 2>/dev/null | wc -l)"
}

mkdir -p "$RUN/sent"
python3 - "$RUN" <<'E'
import random, sys
r, run = random.Random(7), sys.argv[1]
with open(run + "/journal.tsv", "w") as table:
    for i in range(400):
        mid, to = f"{r.random():.16f}.{i}@bench.test", f"person{i}@people{i % 50}.example.com"
        table.write(f"{mid}\t{to}\thello {i}\n")
        open(f"{run}/sent/{i}.eml", "w").write(f"Message-ID: <{mid}>\nFrom: victim@bench.test\nTo: {to}\nSubject: hello {i}\n\nx\n")
E
python3 "$root/bench/dns.py" $dns & dnspid=$!
(cg_enter b_sink; exec ./sink 2598 2 refuse) & sinkpid=$!
export RESULTS=$RUN/results.tsv
./start-postfix.sh >/dev/null
trap './stop-postfix.sh >/dev/null; kill $dnspid $sinkpid 2>/dev/null; [ -d "/proc/${pid:-x}" ] && kill "$pid"' EXIT
B="python3 bench.py"
p="$RUN/postfix/mail"

if [[ $what =~ all|refuse ]]; then
  start_ours refuse file '"bl.bench"'
  $B refuse sink 2598 b_sink -m 6000 -n 3 | tail -1
  $B refuse postfix 2501 b_postfix -m 6000 | tail -1
  $B refuse ours $port b_ours -m 6000 -n 5 | tail -1
  $B refuse postfix-null 2501 b_postfix -m 6000 --rcpt refused@bench.test | tail -1
  $B refuse ours-batv-missing $port b_ours -m 6000 --rcpt refused@bench.test | tail -1
  for mode in "" -P; do
    for target in "postfix 2501 b_postfix refused" "ours-dnsbl $port b_ours victim" "sink 2598 b_sink refused"; do
      set -- $target
      for i in 1 2 3; do
        before=$(cpu_of "$3")
        line=$(./storm -p "$2" -n 15000 -c 50 -L 0 -G 0 -v "$4@bench.test" $mode -o "$RUN/r.tsv" | tr '\n' ' ')
        echo "RCPT-STORM $1 ${mode:-plain} $line cpu_per_message=$(python3 -c "print(round(($(cpu_of "$3")-$before)/15000,3))")ms"
      done
    done
  done
  stop_ours
fi

if [[ $what =~ all|accept ]]; then
  start_ours accept file ''
  $B accept postfix 2501 b_postfix "$p/user/Maildir" | tail -1
  $B accept ours $port b_ours "$ours/mail/user/Maildir" -n 5 | tail -1
  $B accept ours-keep $port b_ours "$ours/mail/user/Maildir" --keep | tail -1
  stop_ours
fi

if [[ $what =~ all|probe ]]; then
  start_ours probe file ''
  for flood in ${FLOODS:-none refuse accept}; do
    $B probe postfix 2501 b_postfix "$p/legit/Maildir" --flood $flood -t 8 --vmaildir "$p/victim/Maildir" | tail -1
    $B probe ours $port b_ours "$ours/mail/legit/Maildir" --flood $flood -t 8 --vmaildir "$ours/mail/victim/Maildir" | tail -1
  done
  stop_ours
fi

if [[ $what =~ all|morning ]]; then
  morning postfix 2501 b_postfix "$p/victim/Maildir"
  for i in 1 2 3; do
    for unproved in file refuse; do
      start_ours "morning-$unproved-$i" $unproved ''
      morning "ours-$unproved-$i" $port b_ours "$ours/mail/victim/Maildir"
      stop_ours
    done
  done
fi

if [[ $what =~ all|idle ]]; then
  start_ours idle file ''
  python3 "$root/bench/idle.py" $port "$pid" 5000
  stop_ours
fi
