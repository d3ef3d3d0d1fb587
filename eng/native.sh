#!/usr/bin/env bash
# Compiles `backstop deliver` ahead of time (gcc or clang and zlib's headers are needed): artifacts/native/backstop-deliver.
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
case "$(uname -m)" in
  x86_64) rid=linux-x64 ;;
  aarch64) rid=linux-arm64 ;;
  *) echo "native: no compiler for $(uname -m)" >&2; exit 69 ;;
esac
linker=$(command -v clang || command -v gcc) || { echo "native: clang or gcc is needed" >&2; exit 69; }
# An output folder of its own: the JIT build beside it stays as it is, and lock files are not touched.
dotnet publish src/Backstop.Deliver.Native -c Release -r "$rid" -v quiet \
  -p:PublishAot=true -p:CppCompilerAndLinker="$(basename "$linker")" \
  -p:ArtifactsPath="$PWD/artifacts/native-build" -p:DebugType=none -o artifacts/native
rm -f artifacts/native/*.dbg
