#!/usr/bin/env bash
# Unpacks mail programs of Debian 13 into FOLDER, without installing anything; tests run them in it by chroot. Needs root and apt-get.
#   eng/debian13-peers.sh FOLDER
# Does nothing where FOLDER was filled by this very script. Ends with 1 where packages cannot be fetched.
set -eu
root=${1:?usage: eng/debian13-peers.sh FOLDER} mark=$(sha256sum "$0" | cut -d' ' -f1)
[ "$(cat "$root/.unpacked" 2>/dev/null)" = "$mark" ] && exit
rm -rf "$root"
mkdir -p "$root"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial"
echo "deb http://deb.debian.org/debian trixie main" >"$work/sources.list"
apt() {
  apt-get -qq -o Dir::State="$work/state" -o Dir::State::status=/dev/null -o Dir::Cache="$work/cache" \
    -o Dir::Etc::sourcelist="$work/sources.list" \
    -o Dir::Etc::sourceparts=- -o APT::Install-Recommends=false -o Acquire::Languages=none -o APT::Sandbox::User=root "$@"
}
apt update
# Debian installs one mail transport agent at a time, so each is resolved by itself.
for packages in "base-files base-passwd bash coreutils dash findutils grep hostname sed mawk \
    postfix dovecot-imapd dovecot-lmtpd dovecot-sieve procmail spamassassin rspamd" "exim4-daemon-light" "sendmail-bin sendmail-cf m4"; do
  # shellcheck disable=SC2086 # a list of packages
  apt -y --download-only install $packages >/dev/null
done
for package in "$work"/cache/archives/*.deb; do
  # Links such as /lib stay links.
  dpkg-deb --fsys-tarfile "$package" | tar -x -C "$root" --keep-directory-symlink
done

# What the packages' scripts would have made.
cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
id=200
for user in postfix dovecot dovenull Debian-exim smmta smmsp _rspamd debian-spamd; do
  id=$((id + 1))
  echo "$user:x:$id:$id::/nonexistent:/usr/sbin/nologin" >>"$root/etc/passwd"
  echo "$user:x:$id:" >>"$root/etc/group"
done
echo "postdrop:x:299:" >>"$root/etc/group"
# Perl's and others' alternatives are links that a script makes.
ln -sf mawk "$root/usr/bin/awk"
echo "127.0.0.1 localhost" >"$root/etc/hosts"
mkdir -p "$root/proc" "$root/dev" "$root/tmp" "$root/work"
chmod 1777 "$root/tmp"
echo "$mark" >"$root/.unpacked"
