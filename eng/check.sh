#!/usr/bin/env bash
# What a change must pass before it lands, without the interop tests.
exec "$(dirname "$(readlink -f "$0")")/../test" quick
