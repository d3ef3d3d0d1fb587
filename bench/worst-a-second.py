#!/usr/bin/env python3
"""How long real mail takes beside the mails that cost most to judge: 50 of the ten dearest a second over 25 connections, and a legitimate message
every 100 ms from a process and an address of its own, spam rules on.

Prints p50, p99 and the longest time from the probe's connection to the final 250, calm and in the attack, and the server's CPU time a message.
The mails are made by `Backstop.Bench fuzz` from the project's own, the same for the same seed and count; or they are the worst-*.eml of a folder that it
has filled before, with more time. Loopback only; ends what it started. Ends with 1 where a probe was not answered with 250 or is in no folder afterwards."""
import argparse, glob, json, math, multiprocessing, os, re, shutil, signal, smtplib, subprocess, sys, tempfile, threading, time, urllib.request
from lanes import free_port, probe, quantile

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
TICK = os.sysconf("SC_CLK_TCK")
DEAREST = 10
CONNECTIONS = 25
VICTIM, LEGIT = "victim@bench.test", "legit@bench.test"


def worst_mails(options, work):
    folder = options.worst
    if folder is None:
        folder, own = f"{work}/worst", f"{work}/own"
        os.mkdir(own)
        for file in glob.glob(f"{ROOT}/tests/mails/*.eml"):
            shutil.copy(file, own)
        # 1 where one of them costs more than 50 ms.
        made = subprocess.run(["dotnet", f"{ROOT}/artifacts/bin/Backstop.Bench/release/Backstop.Bench.dll", "fuzz", str(options.mails), str(options.seed), folder, options.rules, own,
                               f"{ROOT}/tests/bounce-cases/mails"], stdout=subprocess.PIPE, text=True)
        if made.returncode not in (0, 1):
            sys.exit(f"Backstop.Bench fuzz ended with {made.returncode}:\n{made.stdout}")
        print("\n".join(made.stdout.splitlines()[-DEAREST:]))
    # The first is the dearest.
    files = sorted(glob.glob(f"{folder}/worst-*.eml"))[:DEAREST]
    if not files:
        sys.exit(f"{folder}: no worst-*.eml; Backstop.Bench fuzz COUNT SEED {folder} RULES FOLDER... makes them")
    # As a mail server would send them: a bare CR or LF is refused before anything is judged.
    return [re.sub(rb"\r\n|\r|\n", b"\r\n", open(file, "rb").read()) for file in files]


def attack(port, mails, times, out):
    """A connection: a mail when its time has come, or when the one before is done. What is refused counts too: it was judged."""
    client, judged, failed = None, 0, 0
    for i, at in times:
        time.sleep(max(0, at - time.time()))
        try:
            client = client or smtplib.SMTP("127.0.0.1", port, local_hostname="mx.far.example", timeout=120)
            client.ehlo_or_helo_if_needed()
            client.mail("offers@far.example")
            if client.rcpt(VICTIM)[0] != 250:
                raise smtplib.SMTPException("recipient refused")
            code = client.data(mails[i % len(mails)])[0]
            judged, failed = judged + (code in (250, 550)), failed + (code not in (250, 550))
        except (OSError, smtplib.SMTPException):
            client, failed = None, failed + 1
    out.put((judged, failed))


def probes(port, prefix, seconds, out):
    results, threads, began = [], [], time.monotonic()
    for i in range(seconds * 10):
        time.sleep(max(0, began + i / 10 - time.monotonic()))
        threads.append(threading.Thread(target=probe, args=(port, f"{prefix}-{i}", results)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    out.put(results)


def cpu(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def waiting(web):
    with urllib.request.urlopen(f"http://127.0.0.1:{web}/status", timeout=60) as reply:
        return json.load(reply)["waiting"]


def run(server, port, web, mails, rate, seconds, prefix):
    """Probes for so long, beside so many mails a second. The probes' times, mails judged and failed, CPU ms a message."""
    answers, done = multiprocessing.Queue(), multiprocessing.Queue()
    start = time.time() + 0.5
    times = [(i, start + i / rate) for i in range(rate * seconds)] if rate else []
    attackers = [multiprocessing.Process(target=attack, args=(port, mails, times[i::CONNECTIONS], done)) for i in range(CONNECTIONS if rate else 0)]
    before = cpu(server.pid)
    prober = multiprocessing.Process(target=probes, args=(port, prefix, seconds, answers))
    for process in [*attackers, prober]:
        process.start()
    results, ends = answers.get(), [done.get() for _ in attackers]
    for process in [*attackers, prober]:
        process.join()
    judged, failed = sum(e[0] for e in ends), sum(e[1] for e in ends)
    # What was put off is scanned from the spool when there is time again; it is part of what a message costs, and of no later turn.
    while waiting(web) > 0:
        time.sleep(0.2)
    return results, judged, failed, (cpu(server.pid) - before) * 1000 / max(1, judged + len(results))


def show(name, results, judged, failed, spent):
    took = [t for _, t in results if not math.isnan(t)]
    print(f"{name:7} {len(took):5} of {len(results)} probes  p50 {quantile(took, 0.5):7.1f}  p99 {quantile(took, 0.99):7.1f}  max {max(took):7.1f} ms"
          f"   {judged} dear mails judged, {failed} not   {spent:6.1f} ms CPU a message")


def started(work):
    port, web = free_port(), free_port()
    with open(f"{work}/backstop.toml", "w") as f:
        f.write(f'hostname = "mx.bench.test"\ndomains = ["bench.test"]\ndata = "{work}/data"\nlisten.smtp = "127.0.0.1:{port}"\nlisten.web = "127.0.0.1:{web}"\n'
                f'dnsbl.zones = []\nbackscatter.unproved = "file"\nspam.enabled = true\n[mailboxes]\n"{LEGIT}" = {{}}\n"{VICTIM}" = {{}}\n')
    server = subprocess.Popen([f"{ROOT}/backstop", "serve", "--config", f"{work}/backstop.toml"], stdout=subprocess.DEVNULL, stderr=open(f"{work}/log", "wb"))
    while b"spam rules ready" not in open(f"{work}/log", "rb").read():
        if server.poll() is not None:
            sys.exit("the server ended:\n" + open(f"{work}/log").read())
        time.sleep(0.1)
    return server, port, web


def delivered(work):
    marks = set()
    for folder, _, names in os.walk(f"{work}/data/mail/{LEGIT}/Maildir"):
        for name in names:
            with open(os.path.join(folder, name), "rb") as f:
                marks.update(line[9:].strip().decode() for line in f if line.startswith(b"X-Probe: "))
    return marks


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=int, default=60, help="how long the attack lasts")
    arguments.add_argument("--rate", type=int, default=50, help="dear mails a second")
    arguments.add_argument("--worst", help="a folder of worst-*.eml, instead of making them")
    arguments.add_argument("--mails", type=int, default=2000, help="how many mutated mails the dearest are chosen from")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--rules", default="/usr/share/spamassassin", help="the rules they shall be dear to")
    options = arguments.parse_args()
    if not glob.glob(f"{options.rules}/*.cf"):
        sys.exit(f"{options.rules}: no rules there; Debian's package spamassassin has them")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    with tempfile.TemporaryDirectory(prefix="backstop-worst-") as work:
        mails = worst_mails(options, work)
        server, port, web = started(work)
        try:
            run(server, port, web, mails, options.rate, max(2, options.seconds // 6), "warm")
            turns = {"calm": run(server, port, web, mails, 0, max(5, options.seconds // 6), "calm"), "attack": run(server, port, web, mails, options.rate, options.seconds, "attack")}
            for name, turn in turns.items():
                show(name, *turn)
            marks = delivered(work)
            lost = [mark for results, *_ in turns.values() for mark, took in results if math.isnan(took) or mark not in marks]
            print(f"{len(lost)} probes failed or lost")
            return 1 if lost else 0
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    sys.exit(main())
