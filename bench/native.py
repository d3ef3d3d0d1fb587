#!/usr/bin/env python3
"""native.py [FOLDER] [--rounds R]: the program compiled ahead of time (eng/native.sh) beside the JIT build, in turn, medians of R rounds (5).

Start (--version), `explain` of one message, `serve` until it is ready and its memory a second later, `scan` and `explain` of every mail in FOLDER (default: the golden
mails). Wall, CPU and the most memory of each; both must say the same of every mail."""
import argparse, os, re, signal, statistics, subprocess, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
PROGRAMS = {
    "JIT": ["dotnet", f"{ROOT}/artifacts/bin/Backstop/release/backstop.dll"],
    "native": [f"{ROOT}/artifacts/native/backstop"],
}
CONFIG = """hostname = "mx.example.org"
domains = ["example.org"]
data = "{data}"
dnsbl.zones = []
listen.smtp = "127.0.0.1:{port}"
[mailboxes."me@example.org"]
"""

def run(command):
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said

def serve(program, port):
    with tempfile.TemporaryDirectory() as folder:
        config = f"{folder}/b.toml"
        with open(config, "w") as f:
            f.write(CONFIG.format(data=f"{folder}/data", port=port))
        started = time.perf_counter()
        process = subprocess.Popen([*program, "serve", "--config", config], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for line in process.stdout:
            if line == b"ready\n":
                break
        wall = time.perf_counter() - started
        time.sleep(1)
        with open(f"/proc/{process.pid}/smaps_rollup") as f:
            pss = int(re.search(r"^Pss:\s+(\d+)", f.read(), re.M)[1]) / 1024
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
        _, _, usage = os.wait4(process.pid, 0)
        return wall, usage.ru_utime + usage.ru_stime, pss, b""

def timeless(said):
    return re.sub(rb'"milliseconds":[0-9.E-]+', b"", said)

def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", nargs="?", default=f"{ROOT}/tests/mails")
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    mails = [f"{options.folder}/{name}" for name in sorted(os.listdir(options.folder)) if not name.endswith(".json")]
    parts = {
        "--version": lambda p: run([*p, "--version"]),
        "explain, one message": lambda p: run([*p, "explain", mails[0]]),
        "serve until ready; PSS a second later": lambda p: serve(p, 20125),
        f"scan, {len(mails)} messages": lambda p: run([*p, "scan", "--json", *mails]),
        f"explain, {len(mails)} messages": lambda p: run([*p, "explain", "--json", *mails]),
    }
    print("| | JIT: wall, CPU, memory | native: wall, CPU, memory | wall: JIT / native | CPU: JIT / native |\n| --- | --- | --- | --- | --- |")
    for name, part in parts.items():
        rows, said = {p: [] for p in PROGRAMS}, {}
        for _ in range(options.rounds):
            for program, command in PROGRAMS.items():
                *figures, said[program] = part(command)
                rows[program].append(figures)
        if name.startswith(("scan", "explain")):
            assert timeless(said["JIT"]) == timeless(said["native"]), f"{name}: they say different things"
        jit, native = ([statistics.median(column) for column in zip(*rows[p])] for p in PROGRAMS)
        shown = (f"{wall * 1000:,.0f} ms, {cpu * 1000:,.0f} ms, {memory:.0f} MiB" for wall, cpu, memory in (jit, native))
        print("| " + " | ".join([name, *shown, f"{jit[0] / native[0]:.1f}", f"{jit[1] / native[1]:.1f}"]) + " |", flush=True)

main()
