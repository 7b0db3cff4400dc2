#!/bin/bash
# boot-debian.sh IMAGE: boots one of the Debian images, without hardware virtualisation and without changing it, until cloud-init is through
# (minutes), and prints what its console says on the way. Fails if it does not get there.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"
[ $# = 1 ] || { say "usage: boot-debian.sh IMAGE"; exit 2; }
image=$(readlink -e "$1") || die "no such file: $1"
"$here/packages.sh" qemu-system-x86 qemu-utils genisoimage
W=$(mktemp -d "${TMPDIR:-/var/tmp}/imagefabric-boot.XXXXXX"); trap 'rm -rf "$W"' EXIT; trap 'exit 130' INT TERM

printf 'instance-id: i-boot\nlocal-hostname: booted\n' >"$W/meta-data"
cat >"$W/user-data" <<'S'
#cloud-config
runcmd:
  - [sh, -c, 'echo "GUEST-UP hostname=$(hostname) kernel=$(uname -r) failed-units=$(systemctl --failed --plain --no-legend | wc -l)" >/dev/ttyS0']
  - [poweroff]
S
genisoimage -quiet -output "$W/seed.iso" -volid CIDATA -joliet -rock "$W/meta-data" "$W/user-data"
qemu-img create -q -f qcow2 -F raw -b "$image" "$W/disk.qcow2"
timeout 1800 qemu-system-x86_64 -accel tcg,thread=multi -smp 2 -machine pc -cpu max -m 1024 -nodefaults -display none -monitor none -no-reboot \
  -serial stdio -drive "file=$W/disk.qcow2,if=virtio" -cdrom "$W/seed.iso" -netdev user,id=n,restrict=on -device virtio-net-pci,netdev=n </dev/null 2>&1 |
  tr -d '\r' | tee "$W/console" | while IFS= read -r line; do
    case $line in *"Linux version"* | *"Cloud-init v"* | *GUEST-UP* | *"Power down"* | *FAILED* | *panic*) printf '%4ds %s\n' $SECONDS "${line:0:120}" ;; esac
  done
grep -q GUEST-UP "$W/console" || { tail -20 "$W/console" >&2; die "$image does not boot as far as cloud-init"; }
