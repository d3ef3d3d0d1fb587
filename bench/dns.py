#!/usr/bin/env python3
"""A DNS list for the bench: lists 127.64.0.0/10 and its own test point. dns.py PORT"""
import socket, sys

sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", int(sys.argv[1])))
while True:
    query, peer = sock.recvfrom(2048)
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("ascii", "replace"))
        at += query[at] + 1
    listed = len(labels) > 4 and labels[3] == "127" and (labels[2].isdigit() and 64 <= int(labels[2]) < 128 or labels[:4] == ["2", "0", "0", "127"])
    flags = b"\x81\x80" if listed else b"\x81\x83"
    answer = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x0e\x10\x00\x04\x7f\x00\x00\x02" if listed else b""
    sock.sendto(query[:2] + flags + b"\x00\x01" + (b"\x00\x01" if listed else b"\x00\x00") + b"\x00\x00\x00\x00" + query[12:at + 5] + answer, peer)
