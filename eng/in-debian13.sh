#!/usr/bin/env bash
# Runs a program of the folder that debian13-peers.sh has filled, with this machine's /dev, /proc and /tmp and this
# checkout in their places.
#   eng/in-debian13.sh FOLDER PROGRAM [ARGUMENT...]
# Needs root. The mounts are seen by the program and what it starts only, and end with them.
set -eu
root=${1:?usage: eng/in-debian13.sh FOLDER PROGRAM [ARGUMENT...]}
checkout=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
mkdir -p "$root$checkout"
shift
# shellcheck disable=SC2016 # the inner shell's variables
exec unshare --mount --propagation private /bin/sh -c '
  root=$1 checkout=$2; shift 2
  for folder in /dev /proc /tmp "$checkout"; do mount --rbind "$folder" "$root$folder"; done
  exec chroot "$root" "$@"' sh "$root" "$checkout" "$@"
