#!/bin/bash
# fleet.sh [--hosts N] [--data MIB] [--host-rate MBIT] [--store-rate MBIT] [--small]: syncs an image to KVM hosts of a testbed on limited links: to one host, to all
# without fan-out and to all with it; prints the times, what the store sent, what the administrator's link carried, and what the model says. See docs/performance.md.
# --small: 3 hosts, 96 MiB, slower links. Needs root, and room for the image on every host under $TMPDIR (/var/tmp).
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
root=${here%/tests/*}
testbed=$root/tests/testbed

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }
usage() { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
hosts=8 data=1024 host_rate=200 store_rate=400
while [ $# -gt 0 ]; do
  case $1 in
    --hosts | --data | --host-rate | --store-rate)
      [[ ${2:-} =~ ^[1-9][0-9]{0,4}$ ]] || usage
      case $1 in --hosts) hosts=$2 ;; --data) data=$2 ;; --host-rate) host_rate=$2 ;; --store-rate) store_rate=$2 ;; esac
      shift ;;
    --small) hosts=3 data=96 host_rate=60 store_rate=90 ;;
    *) usage ;;
  esac
  shift
done
[ "$(id -u)" = 0 ] || die "the testbed needs root"
engine=${IMAGEFABRIC_ENGINE:-$root/out/engine/linux-x64/imagefabric}
[ -x "$engine" ] || die "no engine at $engine: run ./build.sh engine, or set IMAGEFABRIC_ENGINE"
"$testbed/packages.sh" jq openssl mawk

B=$(mktemp -d "${TMPDIR:-/var/tmp}/imagefabric-fleet.XXXXXX")
cleanup() {
  local status=$?
  trap '' INT TERM
  [ ! -e "$B/testbed" ] || "$testbed/down.sh" "$B/testbed" -r || true
  rm -rf "$B"
  exit $status
}
trap cleanup EXIT
trap 'exit 130' INT TERM

say "starting $hosts hosts and the store"
"$testbed/up.sh" "$B/testbed" --hosts "$hosts" >&2
# shellcheck disable=SC1091
. "$B/testbed/env"
read -ra names <<<"$IMAGEFABRIC_TEST_HOST_NAMES"
bridge=ifab$(<"$B/testbed/slot")
export IMAGEFABRIC_SSH_CONFIG=$IMAGEFABRIC_TEST_SSH_CONFIG IMAGEFABRIC_ENDPOINT=$IMAGEFABRIC_TEST_ENDPOINT IMAGEFABRIC_STORE=s3://$IMAGEFABRIC_TEST_BUCKET/fleet

# Bytes that do not compress: as many cross the wire as the disk holds.
openssl enc -aes-128-ctr -nosalt -K 01 -iv 00 </dev/zero 2>/dev/null | head -c "${data}M" >"$B/disk.raw" || true
digest=$(sha256sum <"$B/disk.raw" | cut -d' ' -f1)
stored=$("$engine" publish "$B/disk.raw" --name fleet --version 1 --json | jq -r 'select(.type == "result") | .bytesUploaded')
rm "$B/disk.raw"

# The engine is in place before anything is measured; and what goes over ssh is counted, by ssh.
for name in "${names[@]}"; do "$engine" vm list --host "$name" --json >/dev/null & done
wait
mkdir "$B/bin"
ssh=$(command -v ssh)
printf '#!/bin/sh\nexec %s -E %s/ssh/$$.log -o LogLevel=VERBOSE "$@"\n' "$ssh" "$B" >"$B/bin/ssh"
chmod 755 "$B/bin/ssh"
for target in store "${names[@]}"; do
  rate=$host_rate; [ "$target" != store ] || rate=$store_rate
  "$testbed/shape.sh" "$B/testbed" "$target" "${rate}mbit"
done

# run NAME HOSTS OPTION...: one sync; prints "NAME seconds store-bytes ssh-bytes-per-host".
run() {
  local name=$1 count=$2 before sent began options=()
  shift 2
  local targets=("${names[@]:0:count}") directory=/var/lib/libvirt/images/fleet-$name
  for host in "${targets[@]}"; do options+=(--host "$host"); done
  rm -rf "$B/ssh"; mkdir "$B/ssh"
  before=$(<"/sys/class/net/$bridge/statistics/tx_bytes")
  began=$(date +%s.%N)
  PATH=$B/bin:$PATH "$engine" sync fleet:1 "${options[@]}" --throttle "$count" --image-directory "$directory" "$@" --json >"$B/output" || { tail -5 "$B/output" >&2; die "the sync failed: $name"; }
  local seconds
  seconds=$(echo "$began $(date +%s.%N)" | awk '{printf "%.1f", $2 - $1}')
  sent=$(($(<"/sys/class/net/$bridge/statistics/tx_bytes") - before))
  local path
  path=$(jq -r 'select(.type == "result") | .path' "$B/output" | head -1)
  for host in "${targets[@]}"; do
    [ "$(ssh -F "$IMAGEFABRIC_TEST_SSH_CONFIG" "$host" "sha256sum <'$path'; rm -rf '$directory'" | cut -d' ' -f1)" = "$digest" ] || die "$host does not have what was published"
  done
  echo "$name $seconds $sent $(sed -nE 's/.*Transferred: sent ([0-9]+), received ([0-9]+) bytes.*/\1 \2/p' "$B"/ssh/*.log | awk -v n="$count" '{s += $1 + $2} END {printf "%.0f", s / n}')" | tee -a "$B/results" >&2
}
run one 1
run plain "$hosts"
run fan-out "$hosts" --fan-out

model=$(dotnet run --project "$here/FanOutModel" -c Release -- "$hosts" "$host_rate" "$store_rate" "$stored")
awk -v hosts="$hosts" -v stored="$stored" -v host="$host_rate" -v store="$store_rate" -v model="$model" '
  { seconds[$1] = $2; sent[$1] = $3; ssh[$1] = $4 }
  END {
    limit = hosts * stored * 8 / (store * 1e6)
    if (limit < stored * 8 / (host * 1e6)) limit = stored * 8 / (host * 1e6)
    split(model, m, " ")
    printf "%d hosts of %d Mbit/s, store of %d Mbit/s, %.0f MB on the wire\n\n", hosts, host, store, stored / 1e6
    print "| | time, s | beside | copies sent by the store | over SSH for each host, kB |"
    print "| --- | --: | --- | --: | --: |"
    printf "| one host alone | %.1f | | %.2f | %.0f |\n", seconds["one"], sent["one"] / stored, ssh["one"] / 1000
    printf "| all, plain | %.1f | %.2f × the limit of the links | %.2f | %.0f |\n", seconds["plain"], seconds["plain"] / limit, sent["plain"] / stored, ssh["plain"] / 1000
    printf "| all, with fan-out | %.1f | %.2f × one host alone | %.2f | %.0f |\n", seconds["fan-out"], seconds["fan-out"] / seconds["one"], sent["fan-out"] / stored, ssh["fan-out"] / 1000
    printf "| the model, with fan-out | %.1f | | %.2f | |\n", m[1], m[2]
  }' "$B/results"
