#!/bin/bash
# mk-debian.sh: builds a Debian 12 server image (8 GiB raw, 2 GiB used: MBR, one ext4, GRUB for BIOS, cloud-init) as people run them, and
# prints its path. Needs root, loop devices and a Debian archive; minutes. Kept in the cache; built only when missing.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/debian-image.sh"
size=8G
contents=(
  linux-image-cloud-amd64 grub-pc systemd-sysv udev dbus openssh-server cloud-init netplan.io sudo rsyslog chrony locales man-db qemu-guest-agent
  curl wget ca-certificates gnupg rsync less vim-tiny nano htop tmux jq git build-essential
  python3-full python3-pip python3-numpy nodejs php-fpm php-cli openjdk-17-jre-headless nginx postgresql redis-server
)

# build DIR PACKAGES: makes DIR/disk.raw.
build() {
  local image=$1/disk.raw mirror
  mirror=$(repository $suite)
  [ -n "$mirror" ] || die "this machine's package lists know no archive of Debian $suite"
  truncate -s $size "$image"
  printf 'label: dos\nlabel-id: 0xdeb1a000\nstart=2048, type=83, bootable\n' | /sbin/sfdisk -q "$image"
  attach_disk "$image"
  /sbin/mkfs.ext4 -q -L root -U $filesystem -E hash_seed=$filesystem "${disk}p1"
  mount_system "$1/root" "$2"
  debootstrap --variant=minbase --include=ca-certificates $suite "$root" "$mirror"
  mount_kernel
  echo "deb $mirror $suite main" >"$root/etc/apt/sources.list"
  apt_in_system update
  apt_in_system install "${contents[@]}"

  echo "UUID=$filesystem / ext4 errors=remount-ro,discard 0 1" >"$root/etc/fstab"
  echo golden >"$root/etc/hostname"
  echo 'datasource_list: [NoCloud, None]' >"$root/etc/cloud/cloud.cfg.d/90_dpkg.cfg"
  printf '%s\n' iso9660 sr_mod virtio_scsi ata_piix >>"$root/etc/initramfs-tools/modules"
  cat >"$root/etc/default/grub" <<'S'
GRUB_DEFAULT=0
GRUB_TIMEOUT=0
GRUB_CMDLINE_LINUX_DEFAULT=""
GRUB_CMDLINE_LINUX="console=ttyS0 net.ifnames=0"
GRUB_TERMINAL=console
GRUB_DISABLE_OS_PROBER=true
S
  in_system update-initramfs -u
  in_system grub-install --target=i386-pc "$disk"
  in_system update-grub
  # every machine made from the image gets its own
  rm -f "$root"/etc/ssh/ssh_host_*
  : >"$root/etc/machine-id"
  finish_system
}

if [ "${1:-}" = --build ]; then
  shift
  build "$@"
  exit 0
fi

recipe=$(cat "$0" "$here/debian-image.sh" | sha256sum | cut -c1-12)
out=$cache/debian-$recipe
image=$out/debian-v1.raw
[ ! -e "$image" ] || { echo "$image"; exit 0; }
[ "$(id -u)" = 0 ] || die "loop devices and mounts need root"

"$here/packages.sh" debootstrap fdisk e2fsprogs util-linux
mkdir -p "$out" "$cache/debian-packages"
exec 6>"$out/lock"; flock 6
[ ! -e "$image" ] || { echo "$image"; exit 0; }
rm -rf "$out"/build.*   # of a run that was killed
W=$(mktemp -d "$out/build.XXXXXX"); trap 'abandon "$W"' EXIT; trap 'exit 130' INT TERM
say "building the Debian image: minutes"
isolated "$0" --build "$W" "$cache/debian-packages" >"$out/build.log" 2>&1 || { tail -30 "$out/build.log" >&2; die "the build failed: see $out/build.log"; }
mv "$W/disk.raw" "$image"
echo "$image"
