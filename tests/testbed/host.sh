#!/bin/bash
# host.sh DIR start|stop kvmNN: powers one host on (and waits for sshd, libvirtd and its network) or, like a power failure, off.
# Its disk stays until "down.sh -r". KVM=1 lets it see /dev/kvm.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"
[ $# = 3 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
require_testbed "$1"
name=$3
ns=$(host_namespace "$name") link=$(host_link "$name") address=$(host_address "$name")
H=$T/hosts/$name

power_off() {
  local outer inner
  if outer=$(running_pid "$name"); then
    # the first process of the host's PID namespace: with it every other one in there ends
    inner=$(tr -d ' ' <"/proc/$outer/task/$outer/children" 2>/dev/null || true)
    [ -z "$inner" ] || kill -KILL "$inner" 2>/dev/null || true
    until_true 5 process_gone "$name" || true
  fi
  stop_process "$name"
  ip link del "$link" 2>/dev/null || true
  ip netns del "$ns" 2>/dev/null || true   # takes the libvirt network and its firewall rules along
  rm -f "$H/root"
}

power_on() {
  [ -e "$H/ssh_host_ed25519_key" ] || die "this testbed has no host $name"
  power_off   # what a crash left of it
  ip netns add "$ns"
  # the address of its network card survives a power cycle, so nobody talks to the old one
  ip link add "$link" type veth peer name eth0 address "$(printf "02:1f:ab:00:%02x:%02x" "$slot" "$(host_index "$name")")" netns "$ns"
  ip link set "$link" master "$bridge" up
  ip -n "$ns" addr add "$address/24" dev eth0
  ip -n "$ns" link set eth0 up
  ip -n "$ns" link set lo up
  ip -n "$ns" route add default via "$gateway"
  if [ ! -e "$H/disk.xfs" ]; then
    truncate -s "${IMAGEFABRIC_TESTBED_DISK:-40G}" "$H/disk.new"
    mkfs.xfs -q -K -m reflink=1 "$H/disk.new"
    mv "$H/disk.new" "$H/disk.xfs"
  fi
  mkdir -p "$H/disk" "$H/rootfs"
  start_process "$name" ip netns exec "$ns" unshare --mount --pid --uts --ipc --fork --kill-child "$here/host-init.sh" "$T" "$name" "${KVM:-}"
  until_true 60 host_ready || { tail -5 "$T/log/$name.log" >&2; die "$name does not come up: see $T/log/$name.log"; }
  ln -sfn "/proc/$(tr -d ' ' <"/proc/$(running_pid "$name")/task/$(running_pid "$name")/children")/root" "$H/root"
}

host_ready() {
  running_pid "$name" >/dev/null || return 0   # it died: no need to wait; reported below
  ssh_to "$name" 'virsh -c qemu:///system net-info default | grep -q "^Active: *yes"'
}

case $2 in
  start)
    running_pid "$name" >/dev/null || power_on
    running_pid "$name" >/dev/null || { tail -5 "$T/log/$name.log" >&2; die "$name ended at its start: see $T/log/$name.log"; }
    ;;
  stop) power_off ;;
  *) die "unknown: $2" ;;
esac
