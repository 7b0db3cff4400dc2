#!/bin/bash
# shape.sh DIR store|kvmNN RATE|off: limits a link of the testbed to RATE, for example 200mbit.
# A host's link is limited in each direction, the store's in what it sends.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"
[ $# = 3 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
require_testbed "$1"
target=$2 rate=$3
[ "$rate" = off ] || [[ $rate =~ ^[0-9]+[kmg]bit$ ]] || die "not a rate: $rate"

# limit DEVICE [tc's -n NAMESPACE]: what leaves by the device
limit() {
  local device=$1; shift
  if [ "$rate" = off ]; then
    tc "$@" qdisc del dev "$device" root 2>/dev/null || true
  else
    tc "$@" qdisc replace dev "$device" root tbf rate "$rate" burst 256k latency 60ms
  fi
}

case $target in
  store) limit "$bridge" ;;   # this machine's own end of the switch: what its gateway sends
  kvm[0-9][0-9])
    [ -d "/sys/class/net/$(host_link "$target")" ] || die "$target does not run"
    limit "$(host_link "$target")"                    # what it receives
    limit eth0 -n "$(host_namespace "$target")"       # what it sends
    ;;
  *) die "unknown: $target" ;;
esac
