#!/usr/bin/env python3
"""learn.py HAM-FOLDER SPAM-FOLDER [--mails N] [--ours N] [--rounds R]: `backstop learn` beside SpamAssassin's `sa-learn`, on the same mails, in turn.

The mails of both folders are repeated with other Message-IDs until there are N (2,000) of each program, half ham, half spam; both learn from files in a folder, sa-learn
without the network, into an empty database. --ours N teaches ours that many mails once more. Prints wall and CPU a mail, start of the programs included, and ends
with 1 where ours is not ten times faster."""
import argparse, glob, os, re, resource, statistics, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
ID = re.compile(rb"^Message-ID:", re.I | re.M)

def fill(folder, source, count):
    os.makedirs(folder)
    texts = [open(f, "rb").read() for f in sorted(glob.glob(f"{source}/**/*", recursive=True)) if os.path.isfile(f)]
    for i in range(count):
        text, id = texts[i % len(texts)], b"Message-ID: <bench-%d@learn.test>\nX-Was:" % i
        text = ID.sub(id, text, count=1) if ID.search(text.split(b"\n\n", 1)[0]) else id + b" none\n" + text
        with open(f"{folder}/{i:05}", "wb") as f:
            f.write(text)

def run(command, env, learned=None):
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=env).stdout
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - started
    assert learned is None or re.search(learned, said), said
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

def ours(work, mails):
    data = tempfile.mkdtemp(dir=work)
    return [run([f"{ROOT}/backstop", "learn", kind, "--data", data, f"{mails}/{kind}"], None, rb"^(\d+) of \1 messages learned") for kind in ("ham", "spam")]

def theirs(work, mails):
    home = tempfile.mkdtemp(dir=work)
    env = {**os.environ, "HOME": home}
    options = ["-L", "--dbpath", f"{home}/bayes", "--cf", "bayes_auto_expire 0", "--no-sync"]
    timings = [run(["sa-learn", *options, f"--{kind}", f"{mails}/{kind}"], env, rb"from (\d+) message\(s\) \(\1 ") for kind in ("ham", "spam")]
    return timings + [run(["sa-learn", "--dbpath", f"{home}/bayes", "--sync"], env)]

def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("ham")
    arguments.add_argument("spam")
    arguments.add_argument("--mails", type=int, default=2000)
    arguments.add_argument("--ours", type=int, default=0)
    arguments.add_argument("--rounds", type=int, default=1)
    options = arguments.parse_args()
    subprocess.run([f"{ROOT}/backstop", "--version"], check=True)
    with tempfile.TemporaryDirectory(prefix="backstop-learn-") as work:
        def folders(count):
            for kind, source in (("ham", options.ham), ("spam", options.spam)):
                fill(f"{work}/{count}/{kind}", source, count // 2)
            return f"{work}/{count}"
        mails, rows = folders(options.mails), {"backstop learn": [], "sa-learn": []}
        for _ in range(options.rounds):
            for name, learn in (("backstop learn", ours), ("sa-learn", theirs)):
                rows[name].append([sum(t) * 1000 / options.mails for t in zip(*learn(work, mails))])
        middle = {n: [statistics.median(x) for x in zip(*r)] for n, r in rows.items()}
        for name, (wall, cpu) in middle.items():
            print(f"{name:15} {options.mails} mails  {wall:8.2f} ms wall  {cpu:8.2f} ms CPU a mail")
        ratio = [theirs / ours for ours, theirs in zip(*middle.values())]
        print(f"ratio           wall {ratio[0]:.1f}, CPU {ratio[1]:.1f} (goal 10)")
        if options.ours:
            wall, cpu = (sum(t) * 1000 / options.ours for t in zip(*ours(work, folders(options.ours))))
            print(f"backstop learn  {options.ours} mails  {wall:8.2f} ms wall  {cpu:8.2f} ms CPU a mail")
    sys.exit(min(ratio) < 10)

if __name__ == "__main__":
    main()
