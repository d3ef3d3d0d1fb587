-- The protocol's corners, from the mail server's side. Variables: port, tag (a live one of user@bench.test), forged (one that is not).
local function must(condition, what)
    if not condition then
        error(what, 2)
    end
end

local function connect(version, actions, steps)
    local conn = mt.connect("inet:" .. port .. "@127.0.0.1", 10, 0.1)
    must(conn ~= nil, "no connection")
    must(mt.negotiate(conn, version, actions, steps) == nil, "no agreement")
    return conn
end

local function greet(conn)
    must(mt.conninfo(conn, "client.example", "192.0.2.7") == nil, "connect")
    must(mt.helo(conn, "client.example") == nil, "helo")
end

local function bounce(conn)
    must(mt.header(conn, "From", "MAILER-DAEMON@y.example") == nil, "From")
    must(mt.header(conn, "Subject", "Undelivered Mail Returned to Sender") == nil, "Subject")
    must(mt.header(conn, "Content-Type", "multipart/report; report-type=delivery-status; boundary=b") == nil, "Content-Type")
    must(mt.eoh(conn) == nil, "eoh")
    must(mt.bodystring(conn, "--b\r\n\r\nnot delivered\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; y.example\r\n\r\n") == nil, "body")
    must(mt.bodystring(conn, "Final-Recipient: rfc822; x@y.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r") == nil, "body")
    must(mt.bodystring(conn, "\n\r\nFrom: user@bench.test\r\nMessage-ID: <x@bench.test>\r\n\r\n--b--\r\n") == nil, "body")
    must(mt.eom(conn) == nil, "eom")
end

-- 1. An honest mail, with fields that say they were ours.
local conn = connect(nil, nil, nil)
must(mt.test_action(conn, SMFIF_ADDHDRS) and mt.test_action(conn, SMFIF_CHGFROM) and not mt.test_action(conn, SMFIF_CHGBODY), "actions")
greet(conn)
must(mt.mailfrom(conn, "<ann@client.example>") == nil, "mail")
must(mt.rcptto(conn, "<user@bench.test>") == nil, "rcpt")
must(mt.getreply(conn) == SMFIR_CONTINUE, "rcpt is not taken")
mt.header(conn, "From", "ann@client.example")
mt.header(conn, "X-Backstop", "deliver; reason=batv:pass")
mt.header(conn, "Subject", "hello")
mt.header(conn, "x-backstop", "deliver; again")
must(mt.eoh(conn) == nil, "eoh")
must(mt.bodystring(conn, "hello\r\n") == nil, "body")
must(mt.eom(conn) == nil, "eom")
must(mt.getreply(conn) == SMFIR_CONTINUE, "an honest mail is not taken")
must(mt.eom_check(conn, MT_HDRINSERT, "X-Backstop"), "no field")
must(mt.eom_check(conn, MT_HDRDELETE, "X-Backstop") and mt.eom_check(conn, MT_HDRDELETE, "x-backstop"), "a stranger's field stays")

-- 2. On the same connection: a forged tag, a second recipient of a bounce, another's recipient, and the message given up.
must(mt.mailfrom(conn, "<>") == nil, "mail")
must(mt.rcptto(conn, "<" .. forged .. ">") == nil, "rcpt")
must(mt.getreply(conn) == SMFIR_REPLYCODE, "a forged tag is taken")
must(mt.rcptto(conn, "<" .. tag .. ">") == nil, "rcpt")
must(mt.getreply(conn) == SMFIR_CONTINUE, "a live tag is refused")
must(mt.rcptto(conn, "<legit@bench.test>") == nil, "rcpt")
must(mt.getreply(conn) == SMFIR_REPLYCODE, "a bounce to two is taken")
must(mt.rcptto(conn, "<who@another.example>") == nil, "rcpt")
must(mt.getreply(conn) == SMFIR_CONTINUE, "another's recipient is ours to refuse")
mt.header(conn, "From", "MAILER-DAEMON@y.example")
must(mt.abort(conn) == nil, "abort")

-- 3. A bounce to nobody who sent: refused at the end, with the reason; then the same to a live tag: taken.
must(mt.mailfrom(conn, "<>") == nil, "mail")
must(mt.rcptto(conn, "<user@bench.test>") == nil, "rcpt")
bounce(conn)
must(mt.getreply(conn) == SMFIR_REPLYCODE, "an unproved bounce is taken")
must(mt.mailfrom(conn, "<>") == nil, "mail")
must(mt.rcptto(conn, "<" .. tag .. ">") == nil, "rcpt")
bounce(conn)
must(mt.getreply(conn) == SMFIR_CONTINUE and mt.eom_check(conn, MT_HDRINSERT, "X-Backstop"), "a proved bounce is refused")

-- 4. Mail of a user who logged in: its macro speaks for that message alone.
mt.macro(conn, SMFIC_MAIL, "{auth_authen}", "user")
must(mt.mailfrom(conn, "<user@bench.test>") == nil, "mail")
must(mt.rcptto(conn, "<bob@else.example>") == nil, "rcpt")
mt.header(conn, "From", "user@bench.test")
must(mt.eoh(conn) == nil, "eoh")
must(mt.eom(conn) == nil, "eom")
must(mt.eom_check(conn, MT_HDRINSERT, "X-Backstop-Sent") and mt.eom_check(conn, MT_HDRINSERT, "Message-ID"), "what leaves is not signed")
must(mt.mailfrom(conn, "<user@bench.test>") == nil, "mail")
must(mt.rcptto(conn, "<bob@else.example>") == nil, "rcpt")
mt.header(conn, "From", "user@bench.test")
must(mt.eoh(conn) == nil, "eoh")
must(mt.eom(conn) == nil, "eom")
must(not mt.eom_check(conn, MT_HDRINSERT, "X-Backstop-Sent"), "a stranger's mail is signed")
must(mt.disconnect(conn, true) == nil, "quit")

-- 5. An old server: everything is answered, nothing may be changed.
conn = connect(2, 0, 0)
greet(conn)
must(mt.getreply(conn) == SMFIR_CONTINUE, "an old server gets no answer")
must(mt.mailfrom(conn, "<ann@client.example>") == nil, "mail")
must(mt.getreply(conn) == SMFIR_CONTINUE, "mail is not answered")
must(mt.rcptto(conn, "<user@bench.test>") == nil, "rcpt")
must(mt.header(conn, "From", "ann@client.example") == nil, "header")
must(mt.getreply(conn) == SMFIR_CONTINUE, "a field is not answered")
must(mt.eoh(conn) == nil, "eoh")
must(mt.bodystring(conn, "hello\r\n") == nil, "body")
must(mt.getreply(conn) == SMFIR_CONTINUE, "a body is not answered")
must(mt.eom(conn) == nil, "eom")
must(mt.getreply(conn) == SMFIR_CONTINUE and not mt.eom_check(conn, MT_HDRINSERT), "more is changed than was agreed on")
must(mt.disconnect(conn, false) == nil, "hang up")

mt.echo("all corners seen")
