#!/bin/bash
# compare.sh [--runs N] [--only s3|pulls|directory|memory|list|large]... [--no-pull] [--results FILE] [--page FILE]: publishes and pulls the testbed's three Debian images with imagefabric and with
# its peers, side by side on this machine, lists 20,000 images, publishes images of up to 64 GiB of data, and prints what each took, the ratios, and what
# is to be reached. With --results what was measured is added to FILE, and the tables are of all in it; with --page they also go into the page FILE. See
# docs/performance.md. Needs root, and 40 GB under $TMPDIR (/var/tmp). The engine is the one of ./build.sh engine, or IMAGEFABRIC_ENGINE.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
root=${here%/tests/*}
testbed=$root/tests/testbed

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }
usage() { sed -n '2,6s/^# //p' "$0" >&2; exit 2; }
runs=1 parts='' pulls=1 kept='' page=''
while [ $# -gt 0 ]; do
  case $1 in
    --runs) runs=${2:-}; [[ $runs =~ ^[1-9][0-9]?$ ]] || usage; shift ;;
    --no-pull) pulls=0 ;;
    --results) kept=${2:?}; shift ;;
    --page) page=${2:?}; shift ;;
    --only) case ${2:-} in s3 | pulls | directory | memory | list | large) parts+=" $2" ;; *) usage ;; esac; shift ;;
    *) usage ;;
  esac
  shift
done
parts=${parts:- s3 pulls directory memory list large}
has_part() { [[ "$parts " == *" $1 "* ]]; }

[ "$(id -u)" = 0 ] || die "the testbed and its Debian images need root"
engine=${IMAGEFABRIC_ENGINE:-$root/out/engine/linux-x64/imagefabric}
[ -x "$engine" ] || die "no engine at $engine: run ./build.sh engine, or set IMAGEFABRIC_ENGINE"
"$testbed/packages.sh" restic casync rclone rsync nginx-light awscli zstd qemu-utils xfsprogs vmtouch time openssl mawk jq
v1=$("$testbed/mk-debian.sh")
v2=$("$testbed/mk-debian-v2.sh")
v3=$("$testbed/mk-debian-v3.sh")
. "$here/scale.sh"
. "$here/pulls.sh"
. "$here/tables.sh"

B=$(mktemp -d "${TMPDIR:-/var/tmp}/imagefabric-benchmark.XXXXXX")
W=$B/disk   # the files that are measured with, on a file system of their own
client=''
cleanup() {
  local status=$?
  trap '' INT TERM
  stop_serving_pulls
  [ -z "$client" ] || ip netns del "$client" 2>/dev/null || true
  [ ! -e "$B/testbed" ] || "$testbed/down.sh" "$B/testbed" -r || true
  ! mountpoint -q "$W" || umount -l "$W"
  rm -rf "$B"
  exit $status
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# ---- measuring

# XFS with reflink, as the testbed's hosts have. What others write to this machine's disk is not waited for when it is synced.
make_disk() {
  local loop
  truncate -s 60G "$B/disk.xfs"
  mkfs.xfs -q -m reflink=1 "$B/disk.xfs"
  mkdir "$W"
  loop=$(losetup --direct-io=on -f --show "$B/disk.xfs")
  mount -o discard "$loop" "$W" || { losetup -d "$loop"; die "cannot mount $loop"; }
  losetup -d "$loop"   # takes effect with the last user
  cp --sparse=always "$v1" "$W/v1.raw"; v1=$W/v1.raw
  cp --sparse=always "$v2" "$W/v2.raw"; v2=$W/v2.raw
  cp --sparse=always "$v3" "$W/v3.raw"; v3=$W/v3.raw
  sync -f "$W"
}
results=$B/results
[ -z "$kept" ] || results=$(readlink -m "$kept")
touch "$results"

# Clients of the S3 store run in a network namespace of their own: what crosses its one link is what they moved.
join_store() {
  local link
  say "starting the store"
  "$testbed/up.sh" "$B/testbed" --hosts 0 --bluestore
  # shellcheck disable=SC1091
  . "$B/testbed/env"
  slot=$(<"$B/testbed/slot")
  client=ifab$slot-client link=ifab${slot}c
  ip netns add "$client"
  ip link add "$link" type veth peer name eth0 netns "$client"
  ip link set "$link" master "ifab$slot" up
  local address=${IMAGEFABRIC_TEST_ENDPOINT#http://}
  ip -n "$client" addr add "${address%.*}.250/24" dev eth0
  ip -n "$client" link set eth0 up
  ip -n "$client" link set lo up
  in_client=(ip netns exec "$client")
  counters=/sys/class/net/$link/statistics
  unset AWS_CA_BUNDLE   # rclone 1.60 does not start where it is set
  export RCLONE_CONFIG_STORE_TYPE=s3 RCLONE_CONFIG_STORE_PROVIDER=Ceph RCLONE_CONFIG_STORE_ENV_AUTH=true RCLONE_CONFIG_STORE_ENDPOINT=$IMAGEFABRIC_TEST_ENDPOINT
  export RCLONE_CONFIG=/dev/null RCLONE_S3_NO_CHECK_BUCKET=true
}
in_client=()
counters=''

# Makes later reads of these files come from the disk.
forget() {
  sync -f "$W"
  vmtouch -q -e -f "$@"
}

# measure TABLE TOOL STEP WRITTEN COMMAND...: the command, and the sync of the file or directory WRITTEN (may be empty), as one.
# Appends "TABLE TOOL STEP seconds cpu-seconds peak-KiB sent received load".
measure() {
  local table=$1 tool=$2 step=$3 written=$4 sent=0 received=0 seconds user system peak load
  shift 4
  read -r load _ </proc/loadavg
  printf '%-10s %-11s %-14s ' "$table" "$step" "$tool" >&2
  [ -z "$counters" ] || { sent=$(<"$counters/rx_bytes") received=$(<"$counters/tx_bytes"); }
  "${in_client[@]}" /usr/bin/time -o "$B/time" -f '%e %U %S %M' \
    bash -c 'written=$1; shift; "$@" || exit; [ -z "$written" ] || if [ -d "$written" ]; then sync -f "$written"; else sync "$written"; fi' \
    measured "$written" "$@" >"$B/output" 2>"$B/errors" || { tail -n 5 "$B/output" "$B/errors" >&2; die "$tool failed: $step"; }
  [ -z "$counters" ] || { sent=$(($(<"$counters/rx_bytes") - sent)) received=$(($(<"$counters/tx_bytes") - received)); }
  read -r seconds user system peak < <(tail -n 1 "$B/time")
  say "$seconds s, CPU $user + $system s, $((peak >> 10)) MiB; load before: $load"
  printf '%s %s %s %s %s %s %s %s %s\n' "$table" "$tool" "$step" "$seconds" "$(echo "$user $system" | awk '{print $1 + $2}')" "$peak" "$sent" "$received" "$load" >>"$results"
}

# correct SENT RECEIVED: of the last measurement, where no link was there to count them.
correct() { sed -i -E "\$s/^(([^ ]+ ){6})[^ ]+ [^ ]+/\1$1 $2/" "$results"; }

verify() { cmp "$1" "$2" || die "$2 is not what was published"; }
result() { jq -r "select(.type == \"result\") | .$1" "$B/output"; }
# Bytes in the files of a directory.
size_of() { find "$1" -type f -printf '%s\n' | awk '{s += $1} END {printf "%.0f\n", s}'; }

# Bytes in a part of the bucket.
size_in_store() { rclone size --json "store:$IMAGEFABRIC_TEST_BUCKET/$1" | jq .bytes; }

# record TABLE TOOL STEP BYTES: a size, as what a step sent.
record() { printf '%s %s %s 0 0 0 %s 0 0\n' "$1" "$2" "$3" "$4" >>"$results"; }

# What reading, compressing and naming the same data takes at least: the allocated data of v1, by zstd and openssl.
reference() {
  [ -e "$W/v1.data" ] || tar -C "$W" --sparse -cf "$W/v1.data" v1.raw
  forget "$W/v1.data"
  # shellcheck disable=SC2016
  measure s3 zstd+sha256 publish-v1 '' bash -c 'zstd -q -3 -T0 -c "$1" >/dev/null && openssl dgst -sha256 "$1"' reference "$W/v1.data"
  correct 0 0
}

# ---- S3

publish_fabric() { measure "$1" imagefabric "$2" "$5" "$engine" publish "$3" --name debian --version "$4" --json; }

s3_fabric() {
  export IMAGEFABRIC_STORE=s3://$IMAGEFABRIC_TEST_BUCKET/fabric-$1 IMAGEFABRIC_ENDPOINT=$IMAGEFABRIC_TEST_ENDPOINT
  forget "$v1"; publish_fabric s3 publish-v1 "$v1" 1 ''
  record s3 imagefabric store-v1 "$(size_in_store "fabric-$1")"
  forget "$v2"; publish_fabric s3 publish-v2 "$v2" 2 ''
  forget "$v2"; publish_fabric s3 again-v2 "$v2" 2 ''
  publish_fabric s3 warm-v2 "$v2" 2 ''
  forget "$v3"; publish_fabric s3 publish-v3 "$v3" 3 ''
  [ $pulls = 1 ] || return 0
  measure s3 imagefabric pull-v1 "$W/one.raw" "$engine" pull debian:1 --output "$W/one.raw" --json
  verify "$v1" "$W/one.raw"
  forget "$W/one.raw"
  measure s3 imagefabric pull-v2 "$W/two.raw" "$engine" pull debian:2 --output "$W/two.raw" --seed "$W/one.raw" --json
  verify "$v2" "$W/two.raw"
  rm "$W/one.raw" "$W/two.raw"
}

# The administrator's cache and the host's are two machines' caches.
s3_restic() {
  export RESTIC_REPOSITORY=s3:$IMAGEFABRIC_TEST_ENDPOINT/$IMAGEFABRIC_TEST_BUCKET/restic-$1 RESTIC_PASSWORD=benchmark RESTIC_CACHE_DIR=$B/restic-admin
  local disk=$W/disk.raw
  "${in_client[@]}" restic -q init >"$B/output"
  cp --sparse=always "$v1" "$disk"; forget "$disk"
  measure s3 restic publish-v1 '' restic -q backup --tag v1 "$disk"
  record s3 restic store-v1 "$(size_in_store "restic-$1")"
  cp --sparse=always "$v2" "$disk"; forget "$disk"
  measure s3 restic publish-v2 '' restic -q backup --tag v2 "$disk"
  forget "$disk"
  measure s3 restic again-v2 '' restic -q backup --force --tag v2 "$disk"
  cp --sparse=always "$v3" "$disk"; forget "$disk"
  measure s3 restic publish-v3 '' restic -q backup --tag v3 "$disk"
  rm "$disk"
  [ $pulls = 1 ] || { rm -rf "$B/restic-admin"; return 0; }
  # restore of this restic writes every hole out as zeros; dump with a sparse writer is the shorter way
  # shellcheck disable=SC2016
  local version pull='set -o pipefail; restic -q dump --tag "$1" latest "$2" | dd of="$3" bs=1M iflag=fullblock conv=sparse status=none'
  for version in 1 2; do
    export RESTIC_CACHE_DIR=$B/restic-host$version
    measure s3 restic pull-v$version "$W/restored.raw" bash -c "$pull" pull v$version "$disk" "$W/restored.raw"
    local original=v$version
    verify "${!original}" "$W/restored.raw"
    rm -r "$W/restored.raw" "$RESTIC_CACHE_DIR"
  done
  rm -rf "$B/restic-admin"
}

# Plain copies of a compressed disk image: what one does without such a tool.
s3_copy() {
  # shellcheck disable=SC2016
  local publish='qemu-img convert -c -O qcow2 -o compression_type=zstd "$1" "$2" && rclone copyto "$2" "$3"' remote=store:$IMAGEFABRIC_TEST_BUCKET/copy-$1
  forget "$v1"; measure s3 qemu-img+rclone publish-v1 '' bash -c "$publish" publish "$v1" "$W/one.qcow2" "$remote/one.qcow2"
  forget "$v2"; measure s3 qemu-img+rclone publish-v2 '' bash -c "$publish" publish "$v2" "$W/two.qcow2" "$remote/two.qcow2"
  forget "$v2"; measure s3 qemu-img+rclone again-v2 '' bash -c "$publish" publish "$v2" "$W/two.qcow2" "$remote/two.qcow2"
  forget "$v3"; measure s3 qemu-img+rclone publish-v3 '' bash -c "$publish" publish "$v3" "$W/three.qcow2" "$remote/three.qcow2"
  rm "$W/one.qcow2" "$W/two.qcow2" "$W/three.qcow2"
  [ $pulls = 1 ] || return 0
  measure s3 qemu-img+rclone pull-v1 "$W/one.qcow2" rclone copyto "$remote/one.qcow2" "$W/one.qcow2"
  measure s3 qemu-img+rclone pull-v2 "$W/two.qcow2" rclone copyto "$remote/two.qcow2" "$W/two.qcow2"
  qemu-img compare -q "$v1" "$W/one.qcow2" && qemu-img compare -q "$v2" "$W/two.qcow2" || die "the copies are not what was published"
  rm "$W/one.qcow2" "$W/two.qcow2"
}

# The same with the client of Amazon.
s3_aws() {
  # shellcheck disable=SC2016
  local publish='qemu-img convert -c -O qcow2 -o compression_type=zstd "$1" "$2" && aws --endpoint-url "$4" s3 cp --quiet "$2" "$3"' version
  export AWS_DEFAULT_REGION=us-east-1
  for version in 1 2 3; do
    local image=v$version
    forget "${!image}"
    measure s3 qemu-img+aws publish-v$version '' bash -c "$publish" publish "${!image}" "$W/aws.qcow2" "s3://$IMAGEFABRIC_TEST_BUCKET/aws-$1/$version.qcow2" "$IMAGEFABRIC_TEST_ENDPOINT"
    rm "$W/aws.qcow2"
  done
}

# ---- directory

directory_fabric() {
  local store=$W/fabric before
  export IMAGEFABRIC_STORE=$store
  unset IMAGEFABRIC_ENDPOINT
  mkdir "$store"
  forget "$v1"; publish_fabric directory publish-v1 "$v1" 1 "$store"; correct "$(size_of "$store")" 0; before=$(size_of "$store")
  forget "$v2"; publish_fabric directory publish-v2 "$v2" 2 "$store"; correct $(($(size_of "$store") - before)) 0; before=$(size_of "$store")
  forget "$v2"; publish_fabric directory again-v2 "$v2" 2 "$store"; correct $(($(size_of "$store") - before)) 0
  forget "$v3"; publish_fabric directory publish-v3 "$v3" 3 "$store"; correct $(($(size_of "$store") - before)) 0
  [ $pulls = 1 ] || { rm -r "$store"; return 0; }
  forget "$store"
  measure directory imagefabric pull-v1 "$W/one.raw" "$engine" pull debian:1 --output "$W/one.raw" --json; correct 0 "$(result bytesFetched)"
  verify "$v1" "$W/one.raw"
  forget "$store" "$W/one.raw"
  measure directory imagefabric pull-v2 "$W/two.raw" "$engine" pull debian:2 --output "$W/two.raw" --seed "$W/one.raw" --json; correct 0 "$(result bytesFetched)"
  verify "$v2" "$W/two.raw"
  rm -r "$store" "$W/one.raw" "$W/two.raw"
}

directory_casync() {
  local store=$W/casync before
  mkdir "$store"
  make() { measure directory casync "$1" "$store" casync make --store="$store/chunks" "$store/$2.caibx" "$3"; }
  forget "$v1"; make publish-v1 one "$v1"; correct "$(size_of "$store")" 0; before=$(size_of "$store")
  forget "$v2"; make publish-v2 two "$v2"; correct $(($(size_of "$store") - before)) 0; before=$(size_of "$store")
  forget "$v2"; make again-v2 two "$v2"; correct $(($(size_of "$store") - before)) 0
  forget "$v3"; make publish-v3 three "$v3"; correct $(($(size_of "$store") - before)) 0
  [ $pulls = 1 ] || { rm -r "$store"; return 0; }
  extract() {   # STEP INDEX OUTPUT OPTION...: the chunk files that it opened are those with a time of access
    find "$store" -type f -exec touch -a -d @0 {} +
    forget "$store"
    measure directory casync "$1" "$3" casync extract --store="$store/chunks" "${@:4}" "$store/$2.caibx" "$3"
    correct 0 "$(find "$store" -type f -newerat @86400 -printf '%s\n' | awk '{s += $1} END {printf "%.0f\n", s}')"
  }
  extract pull-v1 one "$W/one.raw"
  verify "$v1" "$W/one.raw"
  forget "$W/one.raw"
  extract pull-v2 two "$W/two.raw" --seed="$W/one.raw"
  verify "$v2" "$W/two.raw"
  rm -r "$store" "$W/one.raw" "$W/two.raw"
}

# ---- peak memory

memory_fabric() {
  local format
  export IMAGEFABRIC_ENDPOINT=$IMAGEFABRIC_TEST_ENDPOINT
  say "making the image of 20 GiB"
  "$here/mk-large.sh" "$W/large.raw"
  qemu-img convert -O qcow2 "$W/large.raw" "$W/large.qcow2"
  for format in raw qcow2; do
    export IMAGEFABRIC_STORE=s3://$IMAGEFABRIC_TEST_BUCKET/large-$format
    measure memory "$format" publish '' "$engine" publish "$W/large.$format" --name large --version 1 --json
    measure memory "$format" pull "$W/pulled.$format" "$engine" pull large:1 --output "$W/pulled.$format" --format $format --json
    qemu-img compare -q "$W/large.raw" "$W/pulled.$format" || die "the pulled image is not what was published"
    measure memory "$format" pull-seed "$W/again.$format" "$engine" pull large:1 --output "$W/again.$format" --format $format --seed "$W/pulled.$format" --json
    qemu-img compare -q "$W/large.raw" "$W/again.$format" || die "the pulled image is not what was published"
    rm "$W/pulled.$format" "$W/again.$format"
  done
}

# ---- the run

say "making the disk"
make_disk
export IMAGEFABRIC_CACHE=$B/cache
if has_part s3 || has_part pulls || has_part memory || has_part list || has_part large; then join_store; fi
for ((run = 1; run <= runs; run++)); do
  if has_part s3; then s3_fabric $run; s3_restic $run; s3_copy $run; s3_aws $run; reference; fi
done
if has_part pulls; then serve_pulls; for ((run = 1; run <= runs; run++)); do pulls_all $run; done; fi
if has_part list; then list_fabric; fi
if has_part large; then large_fabric; fi
if has_part memory; then memory_fabric; fi
in_client=() counters=''
if has_part directory; then
  for ((run = 1; run <= runs; run++)); do directory_fabric; directory_casync; done
fi

section machine machine
section goals goals
section s3 compare_table s3 restic qemu-img+rclone qemu-img+aws
section pulls pulls_table
section directory compare_table directory casync
section memory memory_table
section large large_table
