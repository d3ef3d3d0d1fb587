#!/usr/bin/env python3
"""clean.py [--seed N] [--runs N]: `backstop clean` over the flooded mailbox of ../shared/bench/gen20k.py, beside Python's mailbox module, in one run.

Dry run, --apply and undo, for Maildir and mbox: wall seconds and CPU seconds with the start of the program, peak memory; medians, warm cache.
Checks on the way that nothing wanted moves and that undo gives back every octet."""
import argparse, hashlib, json, os, shutil, statistics, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))

def run(command, env):
    started = time.time()
    child = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    out = child.stdout.read().decode()
    _, status, used = os.wait4(child.pid, 0)
    return {"wall": time.time() - started, "cpu": used.ru_utime + used.ru_stime, "mib": used.ru_maxrss / 1024, "out": out, "code": os.waitstatus_to_exitcode(status)}

def fingerprint(path):
    total = hashlib.sha256()
    files = [path] if os.path.isfile(path) else sorted(os.path.join(d, f) for d, _, fs in os.walk(path) for f in fs)
    for name in files:
        total.update(name.encode())
        with open(name, "rb") as file:
            total.update(file.read())
    return total.hexdigest()

def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seed", type=int, default=int(time.time()) % 1_000_000)
    arguments.add_argument("--runs", type=int, default=5)
    options = arguments.parse_args()
    work = tempfile.mkdtemp(prefix="backstop-clean-")
    try:
        measure(work, options)
    finally:
        shutil.rmtree(work)

def measure(work, options):
    subprocess.run([sys.executable, f"{ROOT}/../shared/bench/gen20k.py", work, "--seed", str(options.seed)], check=True, stdout=subprocess.DEVNULL)
    env = dict(os.environ, XDG_STATE_HOME=f"{work}/state")
    backstop = f"{ROOT}/backstop"
    subprocess.run([backstop, "--version"], check=True, stdout=subprocess.DEVNULL)
    print(f"seed {options.seed}, {options.runs} runs, medians")
    print(f"{'':34} {'wall s':>7} {'CPU s':>7} {'MiB':>5}")
    for name, path in (("Maildir", f"{work}/Maildir"), ("mbox", f"{work}/inbox.mbox")):
        clean = [backstop, "clean", path, "--sent", f"{work}/sent.tsv", "--json"]
        before = fingerprint(path)
        rows = {"Python, by headers": [], "dry run": [], "apply": [], "undo": []}
        for _ in range(options.runs):
            rows["Python, by headers"].append(run([sys.executable, f"{ROOT}/bench/peers/mailbox_headers.py", path], env))
            dry = run(clean, env)
            applied = run(clean + ["--apply"], env)
            summary = json.loads(applied["out"].splitlines()[-1])
            assert dry["code"] == 1 and summary["moved"] == 19_500 and summary["kept"] == 500, summary
            rows["dry run"].append(dry)
            rows["apply"].append(applied)
            rows["undo"].append(run([backstop, "undo", summary["run"]], env))
            assert fingerprint(path) == before, "undo did not give back every octet"
        for what, all_runs in rows.items():
            wall, cpu, mib = (statistics.median(r[k] for r in all_runs) for k in ("wall", "cpu", "mib"))
            print(f"{name + ': ' + what:34} {wall:7.2f} {cpu:7.2f} {mib:5.0f}")
        python, dry = (statistics.median(r["wall"] for r in rows[k]) for k in ("Python, by headers", "dry run"))
        print(f"{name}: {python / dry:.1f} times Python's rate")

if __name__ == "__main__":
    main()
