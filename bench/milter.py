#!/usr/bin/env python3
"""Postfix alone and Postfix with our milter, in turn, in one run: messages a second and CPU a message, for mail that is taken and mail that is refused.

Runs as root (Postfix wants it), with Debian's postfix installed and the Release build made: python3 bench/milter.py [ROUNDS [--inet]]
A Postfix with folders and ports of its own on loopback; smtp-source sends 2 KB messages in 20 sessions, a connection each.
taken: mail from somebody. flood: bounces to a signature of somebody's making; alone Postfix takes them, with us they are refused at RCPT.
refused: alone an unknown recipient, by Postfix itself; with us the bounces of the flood: what a refusal by a milter costs beside one of Postfix's own.
"""
import os, shutil, socket, statistics, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MESSAGES = 3000


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_port(port):
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"nothing listens on {port}")


def config(folder, port, milter):
    for name in ("conf", "queue", "data", "mail"):
        os.makedirs(f"{folder}/{name}")
    os.chmod(folder, 0o755)
    shutil.chown(f"{folder}/data", "postfix")
    shutil.chown(f"{folder}/mail", "nobody")
    with open(f"{folder}/conf/main.cf", "w") as f:
        f.write(f"""compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.bench.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
alias_maps =
alias_database =
smtpd_relay_restrictions = reject_unauth_destination
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
virtual_mailbox_domains = bench.test
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ user@bench.test=user/ }}
virtual_minimum_uid = 1
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
recipient_delimiter = +
{f"smtpd_milters = {milter}" if milter else ""}
""")
    with open(f"{folder}/conf/master.cf", "w") as f:
        f.write(f"127.0.0.1:{port} inet n - n - 100 smtpd\n" + """pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
""")


def cpu_of(pid):
    """User and system seconds of a process."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def send(port, sender, recipient):
    began = time.time()
    subprocess.run(["smtp-source", "-4", "-A", "-s", "20", "-m", str(MESSAGES), "-l", "2000", "-f", sender, "-t", recipient, f"127.0.0.1:{port}"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return MESSAGES / (time.time() - began)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    root = tempfile.mkdtemp(prefix="milter-bench-")
    os.chmod(root, 0o755)
    ports = {"alone": free_port(), "milter": free_port()}
    milter_port = free_port()
    config(f"{root}/alone", ports["alone"], None)
    config(f"{root}/milter", ports["milter"], f"inet:127.0.0.1:{milter_port}" if "--inet" in sys.argv else f"unix:{root}/milter.sock")
    with open(f"{root}/b.toml", "w") as f:
        f.write(f'hostname = "mx.bench.test"\ndomains = ["bench.test"]\ndata = "{root}/data"\nlisten.milter = "127.0.0.1:{milter_port}"\nlisten.milter_socket = "{root}/milter.sock"\ndnsbl.zones = []\n')
    subprocess.run([f"{HERE}/backstop", "batv", "new-key", "--config", f"{root}/b.toml"], check=True, stdout=subprocess.DEVNULL)
    guard = subprocess.Popen(["dotnet", f"{HERE}/artifacts/bin/Backstop/release/backstop.dll", "serve", "--config", f"{root}/b.toml"], stdout=subprocess.DEVNULL, stderr=open(f"{root}/b.log", "wb"))
    masters = [subprocess.Popen(["postfix", "-c", f"{root}/{name}/conf", "start-fg"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for name in ports]
    try:
        for port in [milter_port, *ports.values()]:
            wait_port(port)
        forged = "user+prvs=0123456789@bench.test"
        kinds = {"taken": ("ann@client.example", {"alone": "user@bench.test", "milter": "user@bench.test"}),
                 "flood": ("", {"alone": forged, "milter": forged}),
                 "refused": ("", {"alone": "nobody@bench.test", "milter": forged})}
        rates = {(kind, name): [] for kind in kinds for name in ports}
        cpu = {kind: [] for kind in kinds}
        for turn in range(rounds + 1):
            for kind, (sender, recipients) in kinds.items():
                for name, port in ports.items():
                    before = cpu_of(guard.pid)
                    rate = send(port, sender, recipients[name])
                    if turn > 0:
                        rates[kind, name].append(rate)
                        if name == "milter":
                            cpu[kind].append((cpu_of(guard.pid) - before) / MESSAGES * 1000)
                    while kind != "refused" and any(files for _, _, files in os.walk(f"{root}/{name}/queue/active")):
                        time.sleep(0.1)
        print(f"{'':10}{'alone':>12}{'with milter':>14}{'ratio':>8}{'our CPU a message':>20}")
        for kind in kinds:
            alone, ours = (statistics.median(rates[kind, name]) for name in ("alone", "milter"))
            print(f"{kind:10}{alone:10.0f}/s{ours:12.0f}/s{ours / alone:8.2f}{statistics.median(cpu[kind]):17.2f} ms")
        print("runs:", {f"{k} {n}": [round(r) for r in v] for (k, n), v in rates.items()})
    finally:
        for name in ports:
            subprocess.run(["postfix", "-c", f"{root}/{name}/conf", "stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for process in [guard, *masters]:
            process.terminate()
            process.wait()
        shutil.rmtree(root)


main()
