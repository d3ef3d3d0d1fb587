#!/usr/bin/env bash
# Tries the package of eng/package.sh as somebody would who has only Debian: in a fresh root of each release it is installed, configured,
# started, flooded, upgraded while mail arrives, and purged. Needs root and debootstrap; lintian is asked where it is installed.
#   eng/package-test.sh [RELEASE...]         default: bookworm trixie
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."
package=$(echo "$PWD"/artifacts/package/*.deb)
[ -f "$package" ] || { echo "package-test: no package; run eng/package.sh" >&2; exit 66; }
command -v debootstrap >/dev/null || { echo "package-test: debootstrap is needed: apt-get install debootstrap" >&2; exit 69; }

fail() { echo "package-test: FAILED: $*" >&2; exit 1; }

if command -v lintian >/dev/null; then
  lintian --fail-on error,warning "$package" || fail "lintian"
  echo "lintian: clean"
fi

# A later version of the same files, to upgrade to.
later=$(mktemp -d)
trap 'rm -rf "$later"' EXIT
dpkg-deb -R "$package" "$later/tree"
sed -i 's/^Version: .*/&+later/' "$later/tree/DEBIAN/control"
dpkg-deb --root-owner-group -b "$later/tree" "$later/later.deb" >/dev/null

# Everything that a package may not leave behind.
files() {
  find "$1" -xdev \( -path "$1/proc" -o -path "$1/sys" -o -path "$1/dev" -o -path "$1/tmp" -o -path "$1/var/cache" -o -path "$1/var/log" \
    -o -path "$1/run/systemd" -o -path "$1/var/lib/dpkg" -o -path "$1/var/lib/apt" \) -prune -o -print | LC_ALL=C sort
}

[ $# -gt 0 ] || set -- bookworm trixie
for release in "$@"; do
  root=$PWD/artifacts/roots/$release
  if [ ! -e "$root/.made" ]; then
    rm -rf "$root"
    mkdir -p "$root"
    debootstrap --variant=minbase "$release" "$root" http://deb.debian.org/debian >"$root.log" 2>&1 || { tail "$root.log"; fail debootstrap; }
    # What the package needs is there already, so that a purge can be compared.
    chroot "$root" apt-get -qq install -y --no-install-recommends systemd libicu72 libssl3 >>"$root.log" 2>&1 ||
      chroot "$root" apt-get -qq install -y --no-install-recommends systemd libicu76 libssl3t64 >>"$root.log" 2>&1 || fail "packages"
    touch "$root/.made"
  fi
  cp "$package" "$root/tmp/backstop.deb"
  cp "$later/later.deb" "$root/tmp/later.deb"
  cp eng/package-walk.sh "$root/tmp/"
  files "$root" >"$later/before"
  unshare --mount --propagation private /bin/sh -c 'mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev" && exec chroot "$1" \
    /tmp/package-walk.sh' sh "$root" || fail "$release"
  files "$root" >"$later/after"
  left=$(LC_ALL=C comm -13 "$later/before" "$later/after" | grep -v "^$root/var/lib/backstop\(/mail.*\)\?\$" || true)
  [ -z "$left" ] || fail "$release: left behind after the purge: $left"
  rm -rf "$root/var/lib/backstop"
  echo "$release: installed, flooded, upgraded, purged"
done
