#!/usr/bin/env python3
"""Opens N sessions, greets, stays silent; prints the server's memory. idle.py PORT PID N"""
import resource, socket, sys, time

port, pid, count = (int(a) for a in sys.argv[1:4])
resource.setrlimit(resource.RLIMIT_NOFILE, (count + 200, count + 200))
sockets = []
for i in range(count):
    s = socket.socket()
    s.bind((f"127.70.{i >> 8 & 255}.{1 + i % 200}", 0))
    s.connect(("127.0.0.1", port))
    s.recv(200)
    s.sendall(b"EHLO idle.example\r\n")
    s.recv(1000)
    sockets.append(s)
time.sleep(3)
memory = {l.split(":")[0]: int(l.split()[1]) // 1024 for l in open(f"/proc/{pid}/status") if l.startswith(("VmRSS", "VmHWM", "RssAnon"))}
pss = next(int(l.split()[1]) // 1024 for l in open(f"/proc/{pid}/smaps_rollup") if l.startswith("Pss:"))
print(f"{count} idle sessions: pss={pss} MiB {memory}")
