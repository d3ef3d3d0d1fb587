#!/usr/bin/env bash
# How the cost of everything that reads text from outside grows with its input: doubling may cost 2.5 times. Wants a quiet machine;
# ./test asks only that nothing is quadratic.
set -eu
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
dotnet build "$root/tests/Backstop.Tests/Backstop.Tests.csproj" -c Release -v quiet >/dev/null
exec dotnet "$root/artifacts/bin/Backstop.Tests/release/Backstop.Tests.dll" -explicit only -class Backstop.Tests.Growth.GrowthTests
