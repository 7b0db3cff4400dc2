# shellcheck shell=bash
# Sourced by mk-debian.sh and its like: a Debian system inside a raw disk image, and commands run in it.

suite=bookworm
filesystem=deb1a000-0000-4000-8000-000000000001

# The archive that this machine itself uses, for one suite.
repository() {
  apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' | awk -v s="$1" '$2 == s {sub("/$", "", $1); print $1; exit}'
}

# isolated COMMAND...: with mounts and processes of its own. However this script ends, all of them end too,
# and with the last mount goes the loop device.
isolated() {
  unshare --mount --pid --fork --kill-child --mount-proc "$@" 6>&- &
  builder=$!
  wait "$builder"
}

# Removes what isn't finished; for a trap on EXIT.
abandon() {
  [ -z "${builder:-}" ] || { kill -KILL "$builder" 2>/dev/null; wait "$builder" 2>/dev/null; } || true
  rm -rf "$1"
}

# ---- inside isolated only

# attach_disk FILE: sets disk to its loop device, which has the partition $disk"p1".
attach_disk() {
  disk=$(losetup -Pf --show "$1")
  [ -e "${disk}p1" ] || partx -a "$disk"   # a kernel that does not know MBR partitions
  until_true 5 test -e "${disk}p1" || die "$disk shows no partition"
}

# mount_system ROOT PACKAGES: the partition at ROOT; downloaded packages go to the directory PACKAGES and are used again.
mount_system() {
  root=$1
  mkdir -p "$root"
  mount "${disk}p1" "$root"
  losetup -d "$disk"   # takes effect with the last user
  mkdir -p "$root/var/cache/apt/archives"
  mount --bind "$2" "$root/var/cache/apt/archives"
}

# mount_kernel: what programs in the image expect of a running system; no service of it is started.
mount_kernel() {
  mount -t proc proc "$root/proc"
  mount -t sysfs sysfs "$root/sys"
  mount --bind /dev "$root/dev"
  mount --bind /dev/pts "$root/dev/pts"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
}

in_system() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/root DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"; }
apt_in_system() { in_system apt-get -qq -y -o APT::Keep-Downloaded-Packages=true -o Dpkg::Use-Pty=0 "$@"; }

# Leaves nothing behind that only the building needed, and gives freed blocks back to the image file as holes.
finish_system() {
  # the build has no /dev/disk/by-uuid, so update-grub wrote the loop device's name
  sed -i "s,root=/dev/loop[^ ]*,root=UUID=$filesystem," "$root/boot/grub/grub.cfg"
  rm -f "$root/usr/sbin/policy-rc.d" "$root/etc/resolv.conf"
  rm -rf "$root"/var/lib/apt/lists/*
  umount "$root/var/cache/apt/archives"
  rm -f "$root"/var/cache/apt/*.bin
  umount "$root/dev/pts" "$root/dev" "$root/sys" "$root/proc"
  fstrim "$root"
  umount "$root"
}

# build_server DIR PACKAGES SIZE SOURCE... -- CONTENTS...: makes DIR/disk.raw, a server system from nothing. A source is "SUITE COMPONENTS"; the first
# one bootstraps it.
build_server() {
  local directory=$1 packages=$2 image=$1/disk.raw size=$3 mirror source sources=''
  shift 3
  while [ "$1" != -- ]; do
    source=$1; shift
    mirror=$(repository "${source%% *}")
    [ -n "$mirror" ] || die "this machine's package lists know no archive of Debian ${source%% *}"
    sources+="deb $mirror $source"$'\n'
  done
  shift
  truncate -s "$size" "$image"
  printf 'label: dos\nlabel-id: 0xdeb1a000\nstart=2048, type=83, bootable\n' | /sbin/sfdisk -q "$image"
  attach_disk "$image"
  /sbin/mkfs.ext4 -q -L root -U $filesystem -E hash_seed=$filesystem "${disk}p1"
  mount_system "$directory/root" "$packages"
  debootstrap --variant=minbase --include=ca-certificates $suite "$root" "$(repository $suite)"
  mount_kernel
  printf %s "$sources" >"$root/etc/apt/sources.list"
  apt_in_system update
  apt_in_system dist-upgrade
  apt_in_system install "$@"

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
