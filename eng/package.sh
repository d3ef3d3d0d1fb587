#!/usr/bin/env bash
# Makes the Debian package, for Debian 12 and 13: artifacts/package/backstop_VERSION_ARCHITECTURE.deb. Compiles the program first, unless
# it is there and newer than its sources. Needs debhelper (apt-get install debhelper) besides what eng/native.sh needs.
#   eng/package.sh
# The same commit gives the same octets.
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."
command -v dh >/dev/null || { echo "package: debhelper is needed: apt-get install debhelper" >&2; exit 69; }
native=artifacts/native/backstop out=$PWD/artifacts/package
sources=(src eng/Backstop.ConfigSchema eng/native.sh Directory.*.props global.json)
# The program names its commit, so one of an earlier commit is not the same.
if [ ! -x "$native" ] || [ -n "$(find "${sources[@]}" -type f -newer "$native" -print -quit)" ] ||
  [ "$("$native" --version | sed 's/^[^+]*+*//')" != "$(git rev-parse HEAD 2>/dev/null)" ]; then
  eng/native.sh
fi
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8 TZ=UTC DEB_BUILD_OPTIONS=nocheck
umask 022
stage=$out/build/backstop
rm -rf "$out"
mkdir -p "$stage"/{man,completion/bash,completion/zsh,completion/fish}
cp -r debian README.md CHANGELOG.md docs artifacts/native "$stage"
packages=${NUGET_PACKAGES:-$HOME/.nuget/packages}
cp "$(find "$packages/microsoft.dotnet.ilcompiler" -name THIRD-PARTY-NOTICES.TXT | sort -V | tail -1)" "$stage/DOTNET-NOTICES.txt"
"$native" man-pages "$stage/man"
"$native" completion bash >"$stage/completion/bash/backstop"
"$native" completion zsh >"$stage/completion/zsh/_backstop"
"$native" completion fish >"$stage/completion/fish/backstop.fish"
if ! (cd "$stage" && dpkg-buildpackage --build=binary --unsigned-source --unsigned-changes --no-check-builddeps) \
  >"$out/build.log" 2>&1; then
  cat "$out/build.log" >&2
  exit 1
fi
mv "$out"/build/*.deb "$out"
rm -rf "$out/build"
echo "$out"/*.deb
