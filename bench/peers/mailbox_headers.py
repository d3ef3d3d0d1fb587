"""Classifies a mailbox by its headers alone with Python's mailbox module: what a careful script of an evening does."""
import mailbox, sys, time
path = sys.argv[1]
box = mailbox.mbox(path) if path.endswith("mbox") else mailbox.Maildir(path, factory=None, create=False)
unwanted = 0
for message in box:
    sender = (message["From"] or "").lower()
    subject = (message["Subject"] or "").lower()
    if message["Return-Path"] == "<>" or "mailer-daemon" in sender or "undeliver" in subject or message["Auto-Submitted"]:
        unwanted += 1
print(unwanted)
