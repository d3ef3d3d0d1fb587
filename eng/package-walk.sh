#!/bin/bash
# What eng/package-test.sh runs inside a root of Debian: each step as the guide tells it. Ends with 0 where all went well.
set -eu
export DEBIAN_FRONTEND=noninteractive
fail() { echo "package-walk: $*" >&2; tail -20 /tmp/server.log >&2 2>/dev/null || true; exit 1; }
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true' EXIT
config=/etc/backstop/backstop.toml url=http://127.0.0.1:8925
apt-get -qq install -y --no-install-recommends /tmp/backstop.deb >/tmp/install.log 2>&1 || { cat /tmp/install.log; fail "install"; }

id backstop >/dev/null || fail "no user backstop"
systemctl is-enabled backstop >/dev/null 2>&1 && fail "enabled before it is configured"
[ "$(stat -c '%U:%G %a' $config)" = "root:backstop 640" ] || fail "mode of $config: $(stat -c '%U:%G %a' $config)"
systemd-analyze verify --man=no /lib/systemd/system/backstop.service || fail "the unit is wrong"
systemd-analyze security --offline=true --threshold=20 /lib/systemd/system/backstop.service >/tmp/security.log ||
  { cat /tmp/security.log; fail "the unit is less closed than 2.0"; }
tail -1 /tmp/security.log
for page in backstop.1 backstop-clean.1 backstop.toml.5 backstop-reasons.7; do
  [ -e "/usr/share/man/man${page##*.}/$page.gz" ] || fail "no manual page $page"
done
bash -n /usr/share/bash-completion/completions/backstop || fail "completion"

# Unconfigured it does not start, and says what is missing.
if backstop config check $config 2>/tmp/check.log; then fail "an empty configuration passes"; fi
grep -q 'domains: no domain is set' /tmp/check.log || fail "$(cat /tmp/check.log)"
sed -i -e 's/^#hostname = .*/hostname = "mx.example.org"/' -e 's/^domains = .*/domains = ["example.org"]/' \
  -e 's/^#smtp = .*/smtp = "127.0.0.1:2925"/' -e 's/^#web = .*/web = "127.0.0.1:8925"/' \
  -e 's/^#"me@example.org"/"me@example.org"/' $config
backstop config check $config || fail "config check"
cp $config /tmp/backstop.toml

serve() {
  # As the unit does it.
  install -d -o backstop -g backstop -m 700 /var/lib/backstop
  DOTNET_GCgen0size=0x400000 setpriv --reuid backstop --regid backstop --init-groups --no-new-privs \
    /usr/lib/backstop/backstop serve --config $config >>/tmp/server.log 2>&1 &
  server=$!
  for _ in $(seq 300); do
    grep -qx ready /tmp/server.log && return
    kill -0 $server 2>/dev/null || fail "the server ended"
    sleep 0.1
  done
  fail "not ready after 30 s"
}

stop() {
  kill -TERM "$server"
  wait "$server" || fail "the server ended with $?"
  server=
  : >/tmp/server.log
}

storm() {
  backstop storm --to 127.0.0.1:2925 --data /var/lib/backstop --victim me@example.org --bounces "$1" --legit 200 --genuine 100 \
    --json 2>/dev/null
}

mails() { find /var/lib/backstop/mail -type f -path '*/new/*' | wc -l; }

: >/tmp/server.log
serve
storm 3000 >/tmp/storm.json || fail "storm: $(cat /tmp/storm.json)"
backstop status --url $url >/tmp/status.log || fail "status"
exec 3<>/dev/tcp/127.0.0.1/8925
printf 'GET / HTTP/1.1\r\nHost: 127.0.0.1:8925\r\nConnection: close\r\n\r\n' >&3
head -1 <&3 | grep -q ' 200 ' || fail "no dashboard"
exec 3>&-

# The upgrade while mail arrives: the old program serves until it is stopped, the new one has all that was accepted.
storm 20000 >/tmp/storm2.json &
loading=$!
apt-get -qq install -y --no-install-recommends /tmp/later.deb >/tmp/install.log 2>&1 || { cat /tmp/install.log; fail "upgrade"; }
grep -q 'hostname = "mx.example.org"' $config || fail "the upgrade has changed the configuration"
wait $loading || fail "storm during the upgrade: $(cat /tmp/storm2.json)"
stop
serve
for _ in $(seq 300); do
  waiting=$(backstop queue list --json --data /var/lib/backstop | wc -l)
  [ "$waiting" = 0 ] && break
  sleep 0.1
done
[ "$waiting" = 0 ] || fail "$waiting messages wait after the upgrade"
backstop queue list --data /var/lib/backstop >/dev/null || fail "queue list"
accepted=$(cat /tmp/storm.json /tmp/storm2.json | grep -o '"accepted":[0-9]*' | awk -F: '{ n += $2 } END { print n }')
[ "$(mails)" = "$accepted" ] || fail "$accepted messages were accepted, $(mails) are in folders"
setpriv --reuid backstop --regid backstop --clear-groups env HOME=/tmp XDG_STATE_HOME=/tmp/state \
  backstop clean /var/lib/backstop/mail/me@example.org/Maildir >/tmp/clean.log || [ $? = 1 ] || fail "clean: $(cat /tmp/clean.log)"
# A removal takes no mail that waits, not even with a purge; the same package delivers it when it is back.
held=/var/lib/backstop/mail/me@example.org
mv "$held" "$held.away"
touch "$held"
exec 3<>/dev/tcp/127.0.0.1/2925
for line in "EHLO client.example" "MAIL FROM:<ann@client.example>" "RCPT TO:<me@example.org>" DATA "" QUIT; do
  read -r reply <&3
  while [ "${reply:3:1}" = - ]; do read -r reply <&3; done
  case "$reply" in [23]*) ;; *) fail "SMTP: $reply before $line" ;; esac
  if [ -n "$line" ]; then printf '%s\r\n' "$line" >&3; else printf 'From: ann@client.example\r\nSubject: waits\r\n\r\nhello\r\n.\r\n' >&3; fi
done
exec 3>&-
stop
apt-get -qq purge -y backstop >/tmp/purge.log 2>&1 || { cat /tmp/purge.log; fail "purge with mail that waits"; }
grep -q "mail waits in /var/lib/backstop/spool" /tmp/purge.log || { cat /tmp/purge.log; fail "the purge says nothing of mail that waits"; }
rm "$held"
mv "$held.away" "$held"
apt-get -qq install -y --no-install-recommends /tmp/later.deb >/tmp/install.log 2>&1 || { cat /tmp/install.log; fail "second install"; }
cp /tmp/backstop.toml $config
before=$(mails)
serve
for _ in $(seq 300); do
  [ "$(mails)" = $((before + 1)) ] && break
  sleep 0.1
done
[ "$(mails)" = $((before + 1)) ] || fail "the mail that waited was not delivered"
stop

before=$(mails)
apt-get -qq purge -y backstop >/tmp/purge.log 2>&1 || { cat /tmp/purge.log; fail "purge"; }
[ "$(mails)" = "$before" ] || fail "the purge took mail"
[ "$(ls /var/lib/backstop)" = mail ] || fail "the purge left $(ls /var/lib/backstop)"
