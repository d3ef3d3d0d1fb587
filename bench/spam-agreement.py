#!/usr/bin/env python3
"""spam-agreement.py [--expected TSV] [--record TSV] [--rules FOLDER] FOLDER: does `backstop scan` say what SpamAssassin says of the mails in FOLDER?

Without --expected the installed SpamAssassin is asked (local tests, no Bayes); --record keeps its table: path, score, required, hits with scores.
--rules: both read the .cf files of that folder too, as a site's own, behind Debian's rules and the plugins that /etc/spamassassin/*.pre load.
Prints the share of equal verdicts and scores, precision and recall of hits, and what differs, by rule."""
import argparse, collections, glob, json, os, shutil, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
PERL = r"""
use strict; use warnings; use Mail::SpamAssassin;
my $sa = Mail::SpamAssassin->new({ (@ARGV ? (site_rules_filename => $ARGV[0]) : ()), local_tests_only => 1, dont_copy_prefs => 1, userprefs_filename => '/dev/null', username => 'nobody',
  post_config_text => "use_bayes 0\nuse_auto_welcomelist 0\n" });
$sa->init(1);
while (my $file = <STDIN>) {
  chomp $file;
  open my $in, '<', $file or die "$file: $!"; binmode $in; my $raw = do { local $/; <$in> }; close $in;
  my $message = $sa->parse(\$raw, 0); my $status = $sa->check($message);
  my $hits = $status->get_names_of_tests_hit_with_scores_hash();
  printf "%s\t%.3f\t%s\t%s\n", $file, $status->get_score(), $status->get_required_score(), join(',', map { "$_=$hits->{$_}" } sort keys %$hits);
  $status->finish; $message->finish;
}
"""

def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder")
    arguments.add_argument("--expected")
    arguments.add_argument("--record")
    arguments.add_argument("--rules")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as site:
        if options.rules:
            # By name, as SpamAssassin reads them: plugins first.
            for file in glob.glob("/etc/spamassassin/*.pre") + glob.glob(f"{options.rules}/**/*.cf", recursive=True) + glob.glob(f"{options.rules}/**/*.pre", recursive=True):
                shutil.copy(file, site)
        run(options, site if options.rules else None)

def run(options, site):
    table = open(options.expected).read() if options.expected else record(options.folder, site)
    if options.record:
        with open(options.record, "w") as out:
            out.write("path\tscore\trequired\thits\n" + table)
    compare(options.folder, rows(table), site)

def record(folder, site):
    files = sorted(os.path.join(d, f) for d, _, fs in os.walk(folder) for f in fs)
    return subprocess.run(["perl", "-e", PERL, *([site] if site else [])], input="\n".join(files), capture_output=True, text=True, errors="replace", check=True).stdout

def rows(table):
    found = {}
    for line in table.splitlines():
        path, score, required, *hits = line.split("\t")
        if path != "path":
            names = {h.split("=")[0] for h in (hits[0] if hits else "").split(",")} - {"", "none"}
            found[os.path.basename(path)] = float(score), float(required), names
    return found

def compare(folder, expected, site):
    both = ["--rules", "/usr/share/spamassassin", "--rules", site] if site else []
    scan = subprocess.run([os.environ.get("BACKSTOP", f"{ROOT}/backstop"), "scan", "--json", *both, folder], stdout=subprocess.PIPE, text=True)
    count = verdicts = exact = right = 0
    extra, missed = collections.Counter(), collections.Counter()
    for line in scan.stdout.splitlines():
        ours = json.loads(line)
        score, required, theirs = expected[os.path.basename(ours["path"])]
        hits = {h["rule"] for h in ours["hits"]}
        count, verdicts, exact = count + 1, verdicts + (ours["spam"] == (score >= required)), exact + (abs(ours["score"] - score) < 0.0005)
        right += len(hits & theirs)
        extra.update(hits - theirs)
        missed.update(theirs - hits)
    print(f"{count} mails: verdict {verdicts / count:.2%}, exact score {exact / count:.2%}, "
          f"hit precision {right / (right + extra.total()):.2%}, recall {right / (right + missed.total()):.2%}")
    print("only ours:", dict(extra.most_common(20)))
    print("only theirs:", dict(missed.most_common(20)))
    sys.exit(0 if verdicts / count >= 0.997 and exact / count >= 0.95 else 1)

if __name__ == "__main__":
    main()
