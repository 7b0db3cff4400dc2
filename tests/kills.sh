#!/bin/bash
# kills.sh [COUNT]: COUNT syncs, 200 unless said otherwise, in which an engine on a host, its sshd, the cable, the store's gateway or the administrator's
# process dies at random moments. Every host must end with the whole image or none, and fetch nothing twice but what was on its way. Needs root.
# A run that fails names its seed: IMAGEFABRIC_TEST_SEED=… tests/kills.sh 1 does the same again.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
count=${1:-200}
[[ $count =~ ^[1-9][0-9]*$ ]] || { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
cd "$root"
testbed=$(mktemp -d)
trap 'tests/testbed/down.sh "$testbed" -r || true' EXIT
trap 'exit 130' INT TERM
tests/testbed/up.sh "$testbed" --hosts 3
# shellcheck disable=SC1091
. "$testbed/env"
./build.sh engine
dotnet build tests/ImageFabric.Engine.Tests -c Release -v quiet
IMAGEFABRIC_KILL_RUNS=$count dotnet test tests/ImageFabric.Engine.Tests -c Release --no-build --filter FullyQualifiedName~KillRunTests --logger 'console;verbosity=detailed'
