#!/bin/bash
# formats.sh [RAW]: reads a disk from every format, and writes it in every format, beside qemu-img convert, and prints the ratios. RAW is a raw disk image;
# without it the testbed's Debian server image, which needs root to be built. Files are in the page cache, and what is written reaches the disk before the clock stops.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
raw=${1:-$("$here/../testbed/mk-debian.sh")}
[ -f "$raw" ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
command -v qemu-img >/dev/null || { echo "${0##*/}: qemu-img is not installed" >&2; exit 1; }
copy=$here/DiskCopy/bin/Release/net10.0/DiskCopy
dotnet build "$here/DiskCopy" -c Release -v quiet >&2
W=$(mktemp -d "${TMPDIR:-/var/tmp}/imagefabric-formats.XXXXXX")
trap 'rm -rf "$W"' EXIT
trap 'exit 130' INT TERM

# seconds OUTPUT COMMAND...: the shortest of three runs, each onto a file that is not there.
seconds() {
  local output=$1 best='' start took run
  shift
  for run in 1 2 3; do
    rm -f "$output"
    sync
    start=$(date +%s.%N)
    "$@" >/dev/null
    sync "$output"
    took=$(echo "$(date +%s.%N) $start" | awk '{printf "%.2f", $1 - $2}')
    [ -n "$best" ] && awk "BEGIN {exit !($took >= $best)}" || best=$took
  done
  echo "$best"
}
row() { awk -v what="$1" -v ours="$2" -v theirs="$3" 'BEGIN {printf "| %s | %.2f | %.2f | %.2f |\n", what, ours, theirs, ours / theirs}'; }

cp --sparse=always "$raw" "$W/disk.raw"
raw=$W/disk.raw
echo "| | imagefabric, s | qemu-img convert, s | ratio |"
echo "| --- | --: | --: | --: |"
read_format() {   # NAME DRIVER OPTION...
  qemu-img convert -f raw -O "$2" "${@:3}" "$raw" "$W/source"
  cat "$W/source" >/dev/null
  local ours theirs
  ours=$(seconds "$W/out" "$copy" "$W/source" "$W/out" raw)
  qemu-img compare -q -f raw -F raw "$raw" "$W/out" || { echo "${0##*/}: $1 was read wrongly" >&2; exit 1; }
  theirs=$(seconds "$W/out" qemu-img convert -f "$2" -O raw "$W/source" "$W/out")
  row "read $1" "$ours" "$theirs"
  rm -f "$W/source" "$W/out"
}
write_format() {   # NAME FORMAT DRIVER OPTION...
  cat "$raw" >/dev/null
  local ours theirs
  ours=$(seconds "$W/out" "$copy" "$raw" "$W/out" "$2")
  qemu-img compare -q -f raw -F "$3" "$raw" "$W/out" || { echo "${0##*/}: $1 was written wrongly" >&2; exit 1; }
  theirs=$(seconds "$W/out" qemu-img convert -f raw -O "$3" "${@:4}" "$raw" "$W/out")
  row "write $1" "$ours" "$theirs"
  rm -f "$W/out"
}
read_format qcow2 qcow2
read_format "qcow2, zlib" qcow2 -c
read_format "qcow2, zstd" qcow2 -c -o compression_type=zstd
read_format VHDX vhdx
read_format VHD vpc
read_format VMDK vmdk
read_format "VMDK, streamOptimized" vmdk -o subformat=streamOptimized
read_format VDI vdi
write_format raw raw raw
write_format qcow2 qcow2 qcow2
write_format VHDX vhdx vhdx
write_format VHD vhd vpc -o force_size
write_format VMDK vmdk vmdk
write_format "VMDK, streamOptimized" vmdk-stream vmdk -o subformat=streamOptimized
write_format "qcow2, zstd" qcow2-zstd qcow2 -c -o compression_type=zstd
