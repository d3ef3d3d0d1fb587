"""CPU a message of flufl.bounce: flufl_bounce.py FOLDER... Parsing by Python's email package counts: flufl wants a parsed message."""
import email
import pathlib
import statistics
import sys
import time

from flufl.bounce import all_failures

for folder in map(pathlib.Path, sys.argv[1:]):
    mails = [f.read_bytes() for f in sorted(folder.iterdir())]
    rounds = []
    found = 0
    for _ in range(3):
        start = time.process_time()
        found = 0
        for mail in mails:
            try:
                temporary, permanent = all_failures(email.message_from_bytes(mail))
                found += bool(temporary or permanent)
            except Exception:  # It throws on some of them; the time counts all the same.
                pass
        rounds.append((time.process_time() - start) * 1000 / len(mails))
    print(f"{folder.name:14} {len(mails):7} {statistics.median(rounds):22.4f}   recognised {found}")
