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
build() { build_server "$1" "$2" $size "$suite main" -- "${contents[@]}"; }

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
