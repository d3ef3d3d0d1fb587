#!/usr/bin/env python3
"""bayes.py [--folds N] [--list N] HAM-FOLDER... --spam SPAM-FOLDER...: ten-fold agreement of the learner with SpamAssassin's Bayes.

All files of the folders are shuffled and cut into ten parts; each of the first N (10) parts is judged by learners that were taught the
other nine. Ours is `Backstop.Bench bayes` (built in Release), SpamAssassin's is bench/bayes.pl, which calls its own tokenizer and its own
formula. In both nothing expires. Prints how many mails of each kind each calls ham (below 0.5), spam (above) or neither, how many are in
another BAYES_nn bucket or of another class, and those. Ends with 1 where more than 3 are of another class."""
import argparse, collections, glob, os, random, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
RULES = "/usr/share/spamassassin"
OURS = ["dotnet", f"{ROOT}/artifacts/bin/Backstop.Bench/release/Backstop.Bench.dll", "bayes", RULES]
BOUNDS = (("00", 0.01), ("05", 0.05), ("20", 0.2), ("40", 0.4), ("50", 0.6), ("60", 0.8), ("80", 0.95), ("95", 0.99), ("99", 0.999),
          ("999", 1))

def files(folders):
    return [f for d in folders for f in sorted(glob.glob(f"{d}/**/*", recursive=True)) if os.path.isfile(f)]

def bucket(said):
    return "none" if said == "none" else next(name for name, most in BOUNDS if float(said) <= most)

def kind(said):
    return "neither" if said == "none" or float(said) == 0.5 else "ham" if float(said) < 0.5 else "spam"

def answers(command, lines):
    with tempfile.TemporaryFile("w+") as asked:
        asked.write("".join(f"{what}\t{file}\n" for what, file in lines))
        asked.seek(0)
        out = subprocess.run(command, stdin=asked, stdout=subprocess.PIPE, text=True, check=True).stdout
    return [tuple(line.split("\t")) for line in out.splitlines()]

def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("ham", nargs="+")
    arguments.add_argument("--spam", nargs="+", required=True)
    arguments.add_argument("--folds", type=int, default=10)
    arguments.add_argument("--list", type=int, default=50)
    options = arguments.parse_args()
    kinds = {f: "ham" for f in files(options.ham)} | {f: "spam" for f in files(options.spam)}
    mails = sorted(kinds)
    random.Random(5).shuffle(mails)
    lines = []
    for fold in range(options.folds):
        lines += [("new", "-")] + [(kinds[f], f) for i, f in enumerate(mails) if i % 10 != fold] + [("ask", f) for f in mails[fold::10]]
    ours, theirs = answers(OURS, lines), answers(["perl", f"{ROOT}/bench/bayes.pl"], lines)
    assert [f for f, _ in ours] == [f for f, _ in theirs] and len(ours) == sum(l[0] == "ask" for l in lines)
    for name, said in (("backstop", ours), ("SpamAssassin", theirs)):
        print(name, {f"{k} called {s}": n for (k, s), n in sorted(collections.Counter((kinds[f], kind(p)) for f, p in said).items())})
    pairs = [(f, o, t) for (f, o), (_, t) in zip(ours, theirs)]
    buckets = [p for p in pairs if bucket(p[1]) != bucket(p[2])]
    classes = [p for p in pairs if kind(p[1]) != kind(p[2])]
    print(f"{len(pairs)} mails asked: {len(buckets)} in another bucket, {len(classes)} of another class (goal 3)")
    for file, mine, other in (classes + [b for b in buckets if b not in classes])[:options.list]:
        print(f"  {kinds[file]:4} ours {mine[:9]:9} BAYES_{bucket(mine):4} theirs {other[:9]:9} BAYES_{bucket(other):4} {file}")
    sys.exit(len(classes) > 3)

if __name__ == "__main__":
    main()
