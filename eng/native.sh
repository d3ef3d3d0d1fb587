#!/usr/bin/env bash
# Compiles backstop ahead of time, and its delivery agent by itself: artifacts/native/{backstop,backstop-deliver,libe_sqlite3.so}, their
# symbols in artifacts/native-symbols (with a RUNTIME: artifacts/native-RUNTIME and so on). gcc or clang is needed. A warning of the compiler is an error: what it cannot see through would fail
# when it runs.
#   eng/native.sh [RUNTIME]      such as linux-x64, linux-arm64; default: this machine's
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
case "${1:-$(uname -m)}" in
  x86_64 | linux-x64) rid=linux-x64 ;;
  aarch64 | linux-arm64) rid=linux-arm64 ;;
  *) echo "native: no compiler for ${1:-$(uname -m)}" >&2; exit 69 ;;
esac
linker=$(command -v clang || command -v gcc) || { echo "native: clang or gcc is needed" >&2; exit 69; }
out=artifacts/native symbols=artifacts/native-symbols
[ $# -eq 0 ] || out=artifacts/native-$rid symbols=artifacts/native-symbols-$rid
rm -rf "$out" "$symbols"
mkdir -p "$out" "$symbols"
# An output folder of its own: the JIT build beside it stays as it is, and lock files are not touched. Analyzers have looked at the source.
for project in Backstop.Deliver.Native Backstop; do
  dotnet publish "src/$project" -c Release -r "$rid" -v quiet -p:PublishAot=true -p:CppCompilerAndLinker="$(basename "$linker")" \
    -p:ArtifactsPath="$PWD/artifacts/native-build" -p:RunAnalyzers=false -p:ContinuousIntegrationBuild=true -o "$out"
done
mv "$out"/*.dbg "$symbols"
# SQLite as its package has it; names that nobody looks up are of no use in it.
strip --strip-unneeded "$out/libe_sqlite3.so"
rm -f "$out"/*.pdb "$out"/*.xml
