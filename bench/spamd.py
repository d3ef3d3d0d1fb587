#!/usr/bin/env python3
"""spamd.py [--runs N] [--seconds S] [--long S] [--only OURS]: Backstop beside SpamAssassin's spamd, both asked in spamd's protocol by the same clients.

The mails are those of ../shared/corpora/spamassassin-open.tar.xz: real ones of about 2 KB and 20 KB, and 20 KB ones with others' text behind to
200 KB. spamd runs -L with as many children as cores, without Bayes; both use the installed SpamAssassin's rules. Prints mails a second, CPU a mail
(of the server, its children included), the time until the first reply, peak memory, p50/p99 at 100 mails a second, and errors of 16 clients."""
import argparse, glob, multiprocessing, os, random, shutil, socket, statistics, subprocess, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
CORES = len(os.sched_getaffinity(0))
TICK = os.sysconf("SC_CLK_TCK")

def mails(work):
    subprocess.run(["tar", "xJf", f"{ROOT}/../shared/corpora/spamassassin-open.tar.xz", "-C", work], check=True)
    files = sorted(f for f in glob.glob(f"{work}/**/*", recursive=True) if os.path.isfile(f) and not f.endswith(".tsv"))
    texts = [open(f, "rb").read() for f in files]
    draw = random.Random(1)
    small = [t for t in texts if 1500 <= len(t) <= 2600]
    middle = [t for t in texts if 14_000 <= len(t) <= 27_000]
    large = []
    for text in middle[:20]:
        parts = [text]
        while sum(map(len, parts)) < 200_000:
            parts.append(draw.choice(texts).split(b"\n\n", 1)[-1])
        large.append(b"\n".join(parts)[:205_000])
    return {"2 KB": small, "20 KB": middle, "200 KB": large}

def ask(port, mail):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as s:
        s.sendall(b"CHECK SPAMC/1.5\r\nContent-length: %d\r\n\r\n" % len(mail) + mail)
        s.shutdown(socket.SHUT_WR)
        reply = b""
        while data := s.recv(4096):
            reply += data
    return reply.startswith(b"SPAMD/1.1 0 EX_OK\r\nSpam: ")

def client(port, mails, seed, until, out):
    draw, done, errors, times = random.Random(seed), 0, 0, []
    while time.time() < until:
        started = time.perf_counter()
        try:
            ok = ask(port, draw.choice(mails))
        except OSError:
            ok = False
        times.append(time.perf_counter() - started)
        done, errors = done + ok, errors + (not ok)
    out.put((done, errors, times))

def load(server, mails, clients, seconds):
    """Closed loop. Mails a second, CPU ms a mail, errors."""
    out = multiprocessing.Queue()
    before, started = server.cpu(), time.time()
    people = [multiprocessing.Process(target=client, args=(server.port, mails, i, started + seconds, out)) for i in range(clients)]
    [p.start() for p in people]
    results = [out.get() for _ in people]
    [p.join() for p in people]
    wall, done = time.time() - started, sum(r[0] for r in results)
    return done / wall, (server.cpu() - before) * 1000 / max(done, 1), sum(r[1] for r in results)

def paced_client(port, mails, seed, times, out):
    draw, took = random.Random(seed), []
    for at in times:
        time.sleep(max(0, at - time.time()))
        ask(port, draw.choice(mails))
        took.append(time.time() - at)
    out.put(took)

def paced(server, mails, rate, seconds, clients=16):
    """Open loop: late replies do not make the next question later. p50 and p99 in ms."""
    out, start = multiprocessing.Queue(), time.time() + 0.5
    at = [start + i / rate for i in range(rate * seconds)]
    people = [multiprocessing.Process(target=paced_client, args=(server.port, mails, i, at[i::clients], out)) for i in range(clients)]
    [p.start() for p in people]
    took = sorted(t for _ in people for t in out.get())
    [p.join() for p in people]
    return took[len(took) // 2] * 1000, took[len(took) * 99 // 100] * 1000

class Server:
    def __init__(self, name, command, port, env=None):
        self.name, self.port = name, port
        started = time.time()
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
        while True:
            try:
                if ask(port, b"Subject: x\n\nx\n"):
                    break
            except OSError:
                time.sleep(0.01)
            assert time.time() - started < 60, name
        self.ready = time.time() - started

    def pids(self):
        tree = [self.process.pid]
        for pid in tree:
            with open(f"/proc/{pid}/task/{pid}/children") as f:
                tree += map(int, f.read().split())
        return tree

    def cpu(self):
        ticks = 0
        for pid in self.pids():
            fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / TICK

    def memory(self):
        return sum(int(line.split()[1]) for pid in self.pids() for line in open(f"/proc/{pid}/status") if line.startswith("VmHWM")) / 1024

    def stop(self):
        self.process.terminate()
        self.process.wait()

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]

def ours(work):
    port = free_port()
    with open(f"{work}/backstop.toml", "w") as f:
        f.write(f'hostname = "mx.bench.test"\ndata = "{work}/data"\n[listen]\nspamd = "127.0.0.1:{port}"\n')
    return Server("backstop", [f"{ROOT}/backstop", "serve", "--config", f"{work}/backstop.toml", "--log", "Warning"], port)

def theirs(work):
    port = free_port()
    program = shutil.which("spamd", path=f"{os.environ['PATH']}:/usr/sbin:{ROOT}/artifacts/peers/usr/sbin")
    return Server("spamd", [program, "-L", "-i", "127.0.0.1", "-p", str(port), f"--min-children={CORES}", f"--max-children={CORES}", "-x", "-u", "nobody",
                            "-s", "null", "--cf=use_bayes 0", "--max-conn-per-child=100000"], port)

def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--seconds", type=int, default=10)
    arguments.add_argument("--long", type=int, default=60)
    arguments.add_argument("--only", choices=["backstop", "spamd"])
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="backstop-spamd-") as work:
        os.chmod(work, 0o755)
        sets = mails(work)
        print({k: (len(v), round(statistics.mean(map(len, v)))) for k, v in sets.items()}, f"{CORES} cores")
        subprocess.run([f"{ROOT}/backstop", "--version"], check=True)
        measure(work, sets, options)

def measure(work, sets, options):
    made = {"backstop": ours, "spamd": theirs}
    servers = [made[n](work) for n in made if options.only in (None, n)]
    try:
        for server in servers:
            print(f"{server.name}: first reply {server.ready:.2f} s after its start")
        for name, texts in sets.items():
            rows = {s.name: [] for s in servers}
            for run in range(-1, options.runs):
                for server in servers:
                    row = load(server, texts, 2 * CORES, options.seconds)
                    if run >= 0:
                        rows[server.name].append(row)
            middle = {n: [statistics.median(r[i] for r in v) for i in range(2)] + [sum(r[2] for r in v)] for n, v in rows.items()}
            for n, (rate, cpu, errors) in middle.items():
                print(f"{name:>6}  {n:9} {rate:8.1f} mails/s  {cpu:7.2f} ms CPU  {errors} errors")
            if len(servers) == 2:
                print(f"{name:>6}  ratio     {middle['backstop'][0] / middle['spamd'][0]:8.1f}          {middle['spamd'][1] / middle['backstop'][1]:7.1f}")
        for server in servers:
            if server.name == "backstop":
                print("100 mails/s of 2 KB, backstop: p50 %.1f ms, p99 %.1f ms" % paced(server, sets["2 KB"], 100, 20))
                print("16 clients, backstop: %.1f mails/s, %.2f ms CPU, %d errors" % load(server, sets["2 KB"], 16, options.long))
            print(f"{server.name}: peak memory {server.memory():.0f} MiB")
    finally:
        [s.stop() for s in servers]

if __name__ == "__main__":
    main()
