#!/usr/bin/env python3
"""deliver.py [--runs N] [--messages N]: `backstop deliver` (compiled ahead of time by eng/native.sh) beside Debian's procmail, one process a message.

Each case is run by both in turns, N times, medians are printed: wall and CPU per message of one delivery after the other, and the time that eight
parallel writers of one mbox take. Folders lie in a folder of /tmp of their own. procmail sleeps a second where an mbox was made or read in this very second,
so the mbox is made old before each run."""
import argparse, os, resource, shutil, statistics, subprocess, sys, tempfile, time
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MAIL = ("From ann@example.org Mon Nov  2 10:00:00 2026\nFrom: Ann <ann@example.org>\nTo: me@example.org\nSubject: lunch\nMessage-ID: <1@example.org>\n\n" + ("y" * 70 + "\n") * 26).encode()
CASES = {
    "/dev/null": ":0\n/dev/null\n",
    "Maildir": ":0\nmd/\n",
    "mbox, locked": ":0:\nbox\n",
    "ten conditions": "".join(f":0\n* ^Subject:.*word{i}\n* ^From:.*@host{i}\\.example\nbox{i}/\n" for i in range(10)) + ":0\nmd/\n",
    "bounce, big pattern": ":0:\n* ^FROM_DAEMON\nd\n:0:\n* ^FROM_MAILER\nm\n:0\nmd/\n",
    "filter cat": ":0 fw\n| cat\n:0\nmd/\n",
}


def once(command, rc, folder, count):
    with open(folder + "/rc", "w") as f:
        f.write(rc)
    box = folder + "/box"
    if os.path.exists(box):
        os.utime(box, (time.time() - 9, time.time() - 5))
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    for _ in range(count):
        subprocess.run([*command, "-m", "./rc"], input=MAIL, cwd=folder, check=True, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (time.time() - began) / count * 1e3, (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / count * 1e3


def together(command, folder, writers, each):
    with open(folder + "/rc", "w") as f:
        f.write(":0:\nshared\n")
    began = time.time()
    script = f'for i in $(seq {each}); do "$@" -m ./rc <mail 2>/dev/null; done'
    with open(folder + "/mail", "wb") as f:
        f.write(MAIL)
    for process in [subprocess.Popen(["/bin/sh", "-c", script, "sh", *command], cwd=folder) for _ in range(writers)]:
        process.wait()
    seconds = time.time() - began
    with open(folder + "/shared", "rb") as f:
        found = f.read().count(b"Message-ID: <1@")
    if found != writers * each:
        sys.exit(f"{command[0]}: {found} of {writers * each} messages are there")
    return writers * each / seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--messages", type=int, default=200)
    options = parser.parse_args()
    ours, theirs = ROOT + "/artifacts/native/backstop-deliver", shutil.which("procmail") or ROOT + "/artifacts/peers/usr/bin/procmail"
    if not os.path.exists(ours):
        sys.exit("deliver.py: eng/native.sh makes the program that is measured")
    programs = {"backstop": [ours], "procmail": [theirs]}
    print(f"{'case':22}{'backstop':>20}{'procmail':>20}   ratio (wall)")
    for name, rc in CASES.items():
        rounds = {p: [] for p in programs}
        for _ in range(options.runs):
            for program, command in programs.items():
                with tempfile.TemporaryDirectory(prefix="backstop-bench.") as folder:
                    once(command, rc, folder, 3)
                    rounds[program].append(once(command, rc, folder, options.messages))
        wall, cpu = ({p: statistics.median(r[i] for r in rounds[p]) for p in programs} for i in (0, 1))
        print(f"{name:22}" + "".join(f"{wall[p]:9.2f} ms{cpu[p]:6.2f} ms" for p in programs) + f"   {wall['procmail'] / wall['backstop']:.2f}", flush=True)
    for program, command in programs.items():
        with tempfile.TemporaryDirectory(prefix="backstop-bench.") as folder:
            print(f"8 writers of one mbox, {program}: {together(command, folder, 8, 5 if program == 'procmail' else 40):.1f} messages/s", flush=True)


main()
