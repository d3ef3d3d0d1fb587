#!/usr/bin/env python3
"""stalled.py [--clients N] [--seconds S] [--mails FOLDER]: how long clients of our spamd service wait while N others (300) stall, half over TCP, half over a Unix socket.

A sixth part each of the stalled: says nothing; half a request line; a head without end; announces a mail and sends one octet a second; stops within a mail;
sends mails and reads no reply. Who is hung up on comes again a second later. Meanwhile 50 PINGs and a real mail of about 2 KB every 200 ms are timed, first without the
stalled clients (calm), then with them. Ends with 1 where a goal is missed: PING p99 below 50 ms, mail p99 below 1 s, no error, peak memory at most 256 MiB above calm's
(80 MiB of messages may be held, and each is there as message, reply and what is being sent). That a client which reads nothing was hung up on shows over the Unix socket only."""
import argparse, collections, glob, importlib.util, os, select, socket, sys, tempfile, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
KINDS = ("silent", "half a line", "head without end", "one octet a second", "stops within", "reads nothing")
LINES = b"".join(b"a line of a mail that is returned whole, so that the reply fits in no buffer %d\r\n" % i for i in range(5000))
LONG = b"CHECK SPAMC/1.5\r\n" + b"".join(b"X-More-%d: y\r\n" % i for i in range(20))

def bench():
    spec = importlib.util.spec_from_file_location("spamd", f"{ROOT}/bench/spamd.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

def small(folder):
    files = sorted(f for f in glob.glob(f"{folder}/**/*", recursive=True) if os.path.isfile(f) and 1500 <= os.path.getsize(f) <= 2600)
    return [open(f, "rb").read() for f in files]

def connect(address, timeout=60, small=False):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    s = socket.socket(family, socket.SOCK_STREAM)
    s.settimeout(timeout)
    if small:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.connect(address)
    return s

class Stalled:
    """One client; connects again when it is hung up on. Run from one thread, all sockets non-blocking."""
    def __init__(self, kind, address, mail):
        self.kind, self.address, self.mail = kind, address, mail
        self.socket, self.next, self.rest, self.drip = None, 0, b"", b""
        self.hung_up = self.again = self.refused = 0

    def begin(self, now):
        try:
            self.socket = connect(self.address, small=self.kind == "reads nothing")
        except OSError:
            self.refused, self.next = self.refused + 1, now + 1
            return
        self.again += 1
        self.socket.setblocking(False)
        head = b"PROCESS SPAMC/1.5\r\nContent-length: %d\r\n\r\n"
        large = self.mail + LINES
        self.rest, self.drip = {
            "silent": (b"", b""),
            "half a line": (b"CHECK SPA", b""),
            "head without end": (LONG, b""),
            "one octet a second": (head % 100_000, self.mail),
            "stops within": (head % 1_000_000 + self.mail * 20, b""),
            "reads nothing": (head % len(large) + large, b""),
        }[self.kind]
        self.send()
        self.next = now + 1

    def send(self):
        try:
            while self.rest:
                self.rest = self.rest[self.socket.send(self.rest):]
        except BlockingIOError:
            pass
        except OSError:
            self.end()

    def end(self):
        if self.socket is not None:
            self.socket.close()
            self.socket, self.hung_up = None, self.hung_up + 1

    def look(self):
        # A reset shows without anything being read. Over a Unix socket too, once the server closes.
        poll = select.poll()
        if self.socket is not None:
            poll.register(self.socket, select.POLLRDHUP)
            if any(event & (select.POLLHUP | select.POLLERR | select.POLLRDHUP) for _, event in poll.poll(0)):
                self.end()

    def tick(self, now):
        if now < self.next:
            return
        if self.socket is None:
            self.begin(now)
            return
        self.next = now + 1
        self.rest, self.drip = self.rest + self.drip[:1], self.drip[1:]
        self.send()
        if self.kind == "reads nothing":
            self.look()
        elif self.socket is not None:
            try:
                if not self.socket.recv(4096):
                    self.end()
            except BlockingIOError:
                pass
            except OSError:
                self.end()

class Crowd(threading.Thread):
    def __init__(self, clients):
        super().__init__(daemon=True)
        self.clients, self.stopped = clients, threading.Event()

    def run(self):
        while not self.stopped.is_set():
            now = time.monotonic()
            for client in self.clients:
                client.tick(now)
            time.sleep(0.05)
        for client in self.clients:
            client.end()

def ask(address, request):
    with connect(address, 20) as s:
        s.sendall(request)
        s.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: s.recv(65536), b""))

def timed(address, request, expected, every, count, out):
    """`count` questions, one each `every` seconds, whatever the others take; milliseconds and errors."""
    begun, threads = time.monotonic(), []
    def one():
        started = time.perf_counter()
        try:
            ok = ask(address, request()).startswith(expected)
        except OSError:
            ok = False
        out.append(((time.perf_counter() - started) * 1000, ok))
    for i in range(count):
        time.sleep(max(0, begun + i * every - time.monotonic()))
        threads.append(threading.Thread(target=one))
        threads[-1].start()
    [t.join() for t in threads]

def measure(addresses, mails, seconds):
    out = collections.defaultdict(list)
    draw = iter(range(10**9))
    mail = lambda: b"CHECK SPAMC/1.5\r\nContent-length: %d\r\n\r\n%s" % (len(m := mails[next(draw) % len(mails)]), m)
    people = []
    for name, address in addresses.items():
        pings = (lambda: b"PING SPAMC/1.5\r\n\r\n", b"SPAMD/1.5 0 PONG", seconds / 25, 25)
        checks = (mail, b"SPAMD/1.1 0 EX_OK\r\nSpam: ", 0.4, round(seconds / 0.4))
        people += [threading.Thread(target=timed, args=(address, *a, out[n])) for n, a in (("PING", pings), ("mail", checks))]
    [p.start() for p in people]
    [p.join() for p in people]
    return out

def at(results, share):
    times = sorted(t for t, _ in results)
    return times[min(len(times) - 1, int(len(times) * share))]

def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--clients", type=int, default=300)
    arguments.add_argument("--seconds", type=int, default=20)
    arguments.add_argument("--mails", help="real mails; those of 1.5 to 2.6 KB are used (default: those of spamd.py)")
    options = arguments.parse_args()
    spamd = bench()
    with tempfile.TemporaryDirectory(prefix="backstop-stalled-") as work:
        mails = small(options.mails) if options.mails else spamd.mails(work)["2 KB"]
        port, path = spamd.free_port(), f"{work}/spamd.sock"
        with open(f"{work}/backstop.toml", "w") as f:
            f.write(f'hostname = "mx.bench.test"\ndata = "{work}/data"\n[listen]\nspamd = "127.0.0.1:{port}"\nspamd_socket = "{path}"\n')
        server = spamd.Server("backstop", [f"{ROOT}/backstop", "serve", "--config", f"{work}/backstop.toml", "--log", "Warning"], port)
        addresses = {"TCP": ("127.0.0.1", port), "Unix": path}
        crowd = Crowd([Stalled(KINDS[i // 2 % len(KINDS)], addresses["TCP" if i % 2 else "Unix"], mails[i % len(mails)]) for i in range(options.clients)])
        try:
            measure(addresses, mails, 5)
            rows, cpu = [("calm", measure(addresses, mails, options.seconds), server.memory())], server.cpu()
            crowd.start()
            time.sleep(3)
            rows.append((f"{options.clients} stalled", measure(addresses, mails, options.seconds), server.memory()))
            print(f"| {'':12} | PING p50 / p99 | mail p50 / p99 | errors | peak memory |")
            for name, out, memory in rows:
                errors = sum(not ok for results in out.values() for _, ok in results)
                shown = [f"{at(out[k], 0.5):.1f} / {at(out[k], 0.99):.1f} ms ({len(out[k])})" for k in ("PING", "mail")]
                print(f"| {name:12} | {shown[0]} | {shown[1]} | {errors} | {memory:.0f} MiB |")
            hung = collections.Counter()
            for client in crowd.clients:
                hung[client.kind] += client.hung_up
            print(f"hung up on: {dict(hung)}; connected {sum(c.again for c in crowd.clients)} times, not let in {sum(c.refused for c in crowd.clients)}")
            print(f"server CPU while stalled {server.cpu() - cpu:.1f} s of {options.seconds + 3} s")
        finally:
            crowd.stopped.set()
            server.stop()
    out, grown = rows[1][1], rows[1][2] - rows[0][2]
    missed = at(out["PING"], 0.99) >= 50 or at(out["mail"], 0.99) >= 1000 or grown > 256 or not all(ok for r in out.values() for _, ok in r)
    print("missed" if missed else "met")
    sys.exit(missed)

if __name__ == "__main__":
    main()
