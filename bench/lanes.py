#!/usr/bin/env python3
"""How long real mail takes while a flood runs: one legitimate message every 100 ms, calm and in floods as fast as the client can send, in turn.

python3 bench/lanes.py [ROUNDS [SECONDS [--rules]]]; wants Debian's postfix (smtp-source). Loopback only; ends what it started.
refused: bounces to an address whose tag is missing, refused at RCPT. accepted: unproved bounces that are filed. beside: the same flood at Postfix's smtp-sink
instead, so that only processor and kernel are shared: what no mail server could change. Quantiles are medians over the rounds, for this kind of machine is noisy.
--rules: with SpamAssassin's rules on (spam.enabled). Latency is from the connection to the final 250, from an address of the probe's own, in an open loop:
a probe begins when its time has come, whatever became of the one before. Every probe is looked for in the Maildir afterwards.
"""
import math, os, random, re, shutil, socket, statistics, subprocess, sys, tempfile, threading, time, urllib.request

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KINDS = {"calm": None, "refused": ("signed@bench.test", 100000), "accepted": ("victim@bench.test", 60000), "beside": ("sink@bench.test", 100000)}
WORDS = "lunch meeting garden budget train letter photo answer plans holiday report weather".split()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def body(mark):
    text = "".join(" ".join(random.choice(WORDS) for _ in range(10)) + "\r\n" for _ in range(30))
    return f"From: Ann <ann@home.example>\r\nTo: legit@bench.test\r\nSubject: {random.choice(WORDS)}\r\nMessage-ID: <{mark}@home.example>\r\nX-Probe: {mark}\r\n\r\n{text}".encode()


def probe(port, mark, results):
    began = time.monotonic()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=60, source_address=("127.0.0.77", 0)) as s, s.makefile("rb") as f:
            def say(line, expected):
                if line:
                    s.sendall(line)
                while True:
                    reply = f.readline()
                    if reply[3:4] != b"-":
                        break
                if not reply.startswith(expected):
                    raise OSError(reply.decode())
            say(b"", b"220")
            say(b"EHLO home.example\r\n", b"250")
            say(b"MAIL FROM:<ann@home.example>\r\n", b"250")
            say(b"RCPT TO:<legit@bench.test>\r\n", b"250")
            say(b"DATA\r\n", b"354")
            say(body(mark) + b".\r\n", b"250")
            results.append((mark, (time.monotonic() - began) * 1000))
            s.sendall(b"QUIT\r\n")
    except OSError as error:
        results.append((mark, math.nan))
        print("probe failed:", error, file=sys.stderr)


def run(port, sink, kind, seconds, prefix):
    flood = None
    if KINDS[kind]:
        to, count = KINDS[kind]
        flood = subprocess.Popen(["smtp-source", "-4", "-A", "-s", "20", "-m", str(count * seconds // 10), "-l", "4096", "-f", "", "-t", to, "-M", "mx.far.example", f"127.0.0.1:{sink if kind == 'beside' else port}"],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(1)
    results, threads, began = [], [], time.monotonic()
    for i in range(seconds * 10):
        time.sleep(max(0, began + i / 10 - time.monotonic()))
        threads.append(threading.Thread(target=probe, args=(port, f"{prefix}-{i}", results)))
        threads[-1].start()
    for t in threads:
        t.join()
    if flood:
        if flood.poll() is not None:
            print(f"the flood ended too early ({kind})", file=sys.stderr)
        flood.kill()
        flood.wait()
    return results


def metric(web, name):
    # Not in HTTP/1.0: the server answers that with 403, and every sum was 0.
    with urllib.request.urlopen(f"http://127.0.0.1:{web}/metrics", timeout=60) as reply:
        text = reply.read().decode()
    return sum(float(m) for m in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)", text, re.M))


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def median(turns, share):
    return statistics.median(quantile([t for _, t in turn if not math.isnan(t)], share) for turn in turns)


def main():
    numbers = [a for a in sys.argv[1:] if not a.startswith("-")]
    rounds, seconds = int(numbers[0]) if numbers else 3, int(numbers[1]) if len(numbers) > 1 else 20
    root = tempfile.mkdtemp(prefix="lanes-bench-")
    port, web, sink = free_port(), free_port(), free_port()
    with open(f"{root}/b.toml", "w") as f:
        f.write(f'hostname = "mx.bench.test"\ndomains = ["bench.test"]\ndata = "{root}/data"\nlisten.smtp = "127.0.0.1:{port}"\nlisten.web = "127.0.0.1:{web}"\ndnsbl.zones = []\n'
                f'backscatter.unproved = "file"\nbatv.always_signed = ["signed@bench.test"]\nspam.enabled = {"true" if "--rules" in sys.argv else "false"}\n'
                '[mailboxes]\n"legit@bench.test" = {}\n"victim@bench.test" = {}\n"signed@bench.test" = {}\n')
    subprocess.run([f"{HERE}/backstop", "batv", "new-key", "--config", f"{root}/b.toml"], check=True, stdout=subprocess.DEVNULL)
    server = subprocess.Popen([f"{HERE}/backstop", "serve", "--config", f"{root}/b.toml"], stdout=subprocess.PIPE, stderr=open(f"{root}/log", "wb"), text=True)
    sinking = subprocess.Popen(["smtp-sink", "-u", "nobody", f"127.0.0.1:{sink}", "100"], stderr=subprocess.DEVNULL)
    try:
        while "ready" not in server.stdout.readline():
            pass
        time.sleep(6 if "--rules" in sys.argv else 1)
        for kind in KINDS:
            run(port, sink, kind, 20 if kind == "calm" else 5, f"warm-{kind}")
        times = {kind: [] for kind in KINDS}
        done = {kind: 0 for kind in KINDS}
        for turn in range(rounds):
            for kind in KINDS:
                before = metric(web, "backstop_refused_total") + metric(web, "backstop_messages_total")
                times[kind].append(run(port, sink, kind, seconds, f"{turn}-{kind}"))
                done[kind] += metric(web, "backstop_refused_total") + metric(web, "backstop_messages_total") - before
                while metric(web, "backstop_spool_waiting") > 0:
                    time.sleep(0.2)
        delivered = set()
        for folder, _, names in os.walk(f"{root}/data/mail/legit@bench.test/Maildir"):
            for name in names if folder.endswith("/new") else []:
                with open(f"{folder}/{name}", "rb") as f:
                    text = f.read(8192)
                delivered.update(re.findall(rb"^X-Probe: (\S+)", text, re.M))
                if "/." in folder:
                    print("beside the inbox:", re.findall(rb"^X-Backstop: .*|^X-Spam-Status: .*", text, re.M), file=sys.stderr)
        print(f"{'':10}{'probes':>8}{'flood':>10}{'p50':>9}{'p95':>9}{'p99':>9}{'max':>9}{'p99/calm':>10}{'lost':>6}")
        calm = median(times["calm"], 0.99)
        for kind, turns in times.items():
            probes = [p for turn in turns for p in turn]
            worst = max(t for _, t in probes if not math.isnan(t))
            lost = sum(1 for mark, _ in probes if mark.encode() not in delivered)
            print(f"{kind:10}{len(probes):8}{done[kind] / rounds / (seconds + 1):8.0f}/s{median(turns, .5):9.1f}{median(turns, .95):9.1f}{median(turns, .99):9.1f}{worst:9.1f}{median(turns, .99) / calm:10.2f}{lost:6}")
    finally:
        sinking.kill()
        sinking.wait()
        server.terminate()
        server.wait()
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
