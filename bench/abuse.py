#!/usr/bin/env python3
"""What abuse in the session costs: a harvest of addresses, clients that send an octet a second, and browsers.

    python3 bench/abuse.py [--program "dotnet artifacts/bin/Backstop/release/backstop.dll"] [--recipients 3000]

Starts a server of its own. Clients come from documentation addresses, by the PROXY header. smtp.command_timeout is 10 s here, so
that a slow client is seen to end; the figures of the slow clients are for --hold seconds.
"""
import argparse, json, os, select, shlex, socket, subprocess, sys, tempfile, time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--program", default="dotnet artifacts/bin/Backstop/release/backstop.dll")
parser.add_argument("--recipients", type=int, default=3000)
parser.add_argument("--clients", type=int, default=200)
parser.add_argument("--hold", type=int, default=30)
args = parser.parse_args()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


port = free_port()
folder = tempfile.mkdtemp(prefix="backstop-abuse-")
config = os.path.join(folder, "b.toml")
with open(config, "w") as f:
    f.write(f'''hostname = "mx.example.org"
domains = ["example.org"]
data = "{folder}/data"
[mailboxes."me@example.org"]
[listen]
smtp = ["127.0.0.1:{port}"]
proxy_from = ["127.0.0.0/8"]
[smtp]
command_timeout = "10s"
max_connections_per_client = 1000
[dnsbl]
zones = []
''')
server = subprocess.Popen(shlex.split(args.program) + ["serve", "--config", config], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
for line in server.stdout:
    if line.strip() == b"ready":
        break


def cpu_ms():
    fields = open(f"/proc/{server.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 // os.sysconf("SC_CLK_TCK")


def connect(client):
    s = socket.create_connection(("127.0.0.1", port))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.sendall(f"PROXY TCP4 {client} 192.0.2.1 4711 25\r\n".encode())
    return s


def lines(s, count, limit=30):
    """Reads so many lines; fewer where the server closes."""
    s.settimeout(limit)
    got = b""
    try:
        while got.count(b"\n") < count:
            more = s.recv(65536)
            if not more:
                break
            got += more
    except OSError:
        pass
    return got.decode().splitlines()


def harvest():
    asked = told = sessions = refused = 0
    while asked < args.recipients and refused < 10:
        s = connect("203.0.113.9")
        sessions += 1
        if not lines(s, 1)[0].startswith("220"):
            refused += 1
            s.close()
            continue
        s.sendall(b"EHLO c\r\nMAIL FROM:<a@b.example>\r\n")
        lines(s, 10)
        batch = min(100, args.recipients - asked)
        s.sendall(b"".join(b"RCPT TO:<guess%d@example.org>\r\n" % (asked + i) for i in range(batch)))
        answers = lines(s, batch)
        told += sum(a.startswith("550") for a in answers)
        asked += max(1, len(answers))
        s.close()
    return f"{told} of {args.recipients} addresses told, {sessions} sessions"


def held(sockets, seconds, every=None):
    """How many sockets are open after a time, and the mean seconds until the others were closed."""
    begun, ends = time.monotonic(), []
    is_open = set(sockets)
    while is_open and time.monotonic() - begun < seconds:
        for s in select.select(list(is_open), [], [], 0.2 if every is None else every)[0]:
            try:
                more = s.recv(65536)
            except OSError:
                more = b""
            if not more:
                is_open.discard(s)
                ends.append(time.monotonic() - begun)
        if every is not None:
            for s in list(is_open):
                try:
                    s.sendall(b"x")
                except OSError:
                    is_open.discard(s)
                    ends.append(time.monotonic() - begun)
            time.sleep(every)
    mean = sum(ends) / len(ends) if ends else 0
    return f"{len(is_open)} of {len(sockets)} open after {seconds} s, the others closed after {mean:.1f} s"


def crowd(first):
    sockets = [connect(f"198.51.{i % 250}.{i // 250 + 1}") for i in range(args.clients)]
    for s in sockets:
        lines(s, 1)
        s.sendall(first)
    return sockets


def slow():
    return held(crowd(b"N"), args.hold, every=1)


def browsers():
    return held(crowd(b"GET / HTTP/1.1\r\n" + b"X-Field: x\r\n" * 15 + b"\r\n"), args.hold)


def tls():
    return held(crowd(bytes.fromhex("16030100c8010000c40303") + b"\x41" * 190), args.hold)


try:
    for s in [connect("192.0.2.9") for _ in range(20)]:
        lines(s, 1)
        s.sendall(b"EHLO c\r\nQUIT\r\n")
        lines(s, 10)
    for name, attack in (("harvest", harvest), ("octet a second", slow), ("browsers", browsers), ("TLS on the plain port", tls)):
        before, begun = cpu_ms(), time.monotonic()
        what = attack()
        print(f"{name}: {what}; {cpu_ms() - before} ms of CPU, {time.monotonic() - begun:.1f} s", flush=True)
finally:
    server.terminate()
    server.wait()
    subprocess.run(["rm", "-r", folder], check=False)
