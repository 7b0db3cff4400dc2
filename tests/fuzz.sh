#!/bin/bash
# fuzz.sh [COUNT]: feeds the readers of disk formats COUNT damaged files in all, 10 million unless said otherwise; on all cores, in memory. Each must be
# refused by a known id, or read, in at most 5 s and 256 MB. The first 600 of each kind are files, and compared with what qemu-img reads.
# A seed that fails is named, and gives the same file every time.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
count=${1:-10000000}
[[ $count =~ ^[1-9][0-9]*$ ]] || { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
cd "$root"
dotnet build tests/ImageFabric.Disks.Tests -c Release -v quiet
kinds=$(dotnet test tests/ImageFabric.Disks.Tests -c Release --no-build --list-tests --filter FullyQualifiedName~FuzzTests | grep -c 'FuzzTests\.')
echo "$kinds kinds of files, $(((count + kinds - 1) / kinds)) of each"
IMAGEFABRIC_FUZZ_COUNT=$(((count + kinds - 1) / kinds)) exec dotnet test tests/ImageFabric.Disks.Tests -c Release --no-build --filter FullyQualifiedName~FuzzTests --logger 'console;verbosity=normal'
