#!/usr/bin/env python3
"""bayes.py [--folds N] [--peer N]: cross-validation of the spam learner beside SpamAssassin's Bayes, on the mails of ../shared/corpora/spamassassin-open.tar.xz.

The mails are cut into ten parts; each of the first N parts is judged by learners that were taught the other nine (`backstop learn`; Mail::SpamAssassin's
own learn for --peer parts). Ours is asked over spamd's protocol. Counts mails by what the BAYES_nn rules say: 00-40 ham, 60-999 spam, else unsure."""
import argparse, collections, glob, importlib.util, json, os, random, re, shutil, socket, subprocess, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
PERL = r"""
use strict; use warnings; use Mail::SpamAssassin;
my ($dir) = @ARGV;
my $sa = Mail::SpamAssassin->new({ local_tests_only => 1, dont_copy_prefs => 1, userprefs_filename => '/dev/null', username => 'nobody',
  post_config_text => "use_bayes 1\nuse_auto_welcomelist 0\nbayes_auto_learn 0\nbayes_path $dir/bayes\n" });
$sa->init(1);
my %isspam = (spam => 1, ham => 0);
while (<STDIN>) {
  chomp; my ($what, $file) = split /\t/;
  open my $in, '<', $file or die "$file: $!"; binmode $in; my $raw = do { local $/; <$in> }; close $in;
  my $message = $sa->parse(\$raw, 0);
  if ($what eq 'ask') { my $status = $sa->check($message); print "$file\t", $status->get_names_of_tests_hit, "\n"; $status->finish; }
  else { $sa->learn($message, undef, $isspam{$what}, 0)->finish; }
  $message->finish;
}
"""

def bench():
    spec = importlib.util.spec_from_file_location("spamd", f"{ROOT}/bench/spamd.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

def says(hits):
    rule = re.search(r"BAYES_(\d+)", hits)
    return "silent" if rule is None else "ham" if rule[1] in ("00", "05", "20", "40") else "spam" if rule[1] in ("60", "80", "95", "99", "999") else "unsure"

def symbols(port, mail):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as s:
        s.sendall(b"SYMBOLS SPAMC/1.2\r\nContent-length: %d\r\n\r\n" % len(mail) + mail)
        s.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: s.recv(65536), b"")).decode()

def ours(work, taught, asked):
    spamd = bench()
    data = f"{work}/data"
    for kind in ("ham", "spam"):
        folder = tempfile.mkdtemp(dir=work)
        [shutil.copy(f, folder) for f in taught[kind]]
        subprocess.run([f"{ROOT}/backstop", "learn", kind, "--data", data, folder], check=True, stdout=subprocess.DEVNULL)
    server = spamd.ours(work)
    try:
        return {f: says(symbols(server.port, open(f, "rb").read())) for f in asked}
    finally:
        server.stop()

def theirs(work, taught, asked):
    lines = [f"{k}\t{f}" for k, fs in taught.items() for f in fs] + [f"ask\t{f}" for f in asked]
    out = subprocess.run(["perl", "-e", PERL, work], input="\n".join(lines) + "\n", stdout=subprocess.PIPE, text=True, check=True).stdout
    return {f: says(hits) for f, hits in (l.split("\t") for l in out.splitlines())}

def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--folds", type=int, default=10)
    arguments.add_argument("--peer", type=int, default=10)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="backstop-bayes-") as top:
        subprocess.run(["tar", "xJf", f"{ROOT}/../shared/corpora/spamassassin-open.tar.xz", "-C", top], check=True)
        files = sorted(glob.glob(f"{top}/mails/*"))
        random.Random(5).shuffle(files)
        kind = lambda f: "spam" if os.path.basename(f).startswith("spam") else "ham"
        totals = {n: collections.Counter() for n in ("backstop", "SpamAssassin")}
        for fold in range(options.folds):
            asked = files[fold::10]
            taught = {k: [f for f in files if f not in set(asked) and kind(f) == k] for k in ("ham", "spam")}
            for name, judge, wanted in (("backstop", ours, True), ("SpamAssassin", theirs, fold < options.peer)):
                if wanted:
                    work = tempfile.mkdtemp(dir=top)
                    totals[name].update((kind(f), said) for f, said in judge(work, taught, asked).items())
        for name, counts in totals.items():
            print(name, {f"{k} called {s}": n for (k, s), n in sorted(counts.items())})

if __name__ == "__main__":
    main()
