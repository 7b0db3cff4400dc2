#!/bin/bash
# mk-debian-v3.sh: the version after mk-debian-v2.sh's, made as a pipeline makes it: a system from nothing, on a file system of its own, with the
# updates of the day, some packages fewer and some others. Prints the path. Needs root, loop devices and a Debian archive.
# Kept in the cache; built only when missing.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/debian-image.sh"
filesystem=deb1a000-0000-4000-8000-000000000003
size=8G
contents=(
  linux-image-cloud-amd64 grub-pc systemd-sysv udev dbus openssh-server cloud-init netplan.io sudo rsyslog chrony locales man-db qemu-guest-agent
  curl wget ca-certificates gnupg rsync less vim-tiny nano htop tmux jq git build-essential
  python3-full python3-pip python3-numpy nodejs php-fpm php-cli openjdk-17-jre-headless haproxy
  apache2 mariadb-server memcached
)

# build DIR PACKAGES: makes DIR/disk.raw.
build() { build_server "$1" "$2" $size "$suite main" "$suite-updates main" "$suite-security main" -- "${contents[@]}"; }

if [ "${1:-}" = --build ]; then
  shift
  build "$@"
  exit 0
fi

v1=$("$here/mk-debian.sh")
recipe=$(sha256sum <"$0" | cut -c1-12)
out=${v1%/*}
image=$out/debian-v3-$recipe.raw
[ ! -e "$image" ] || { echo "$image"; exit 0; }
[ "$(id -u)" = 0 ] || die "loop devices and mounts need root"

"$here/packages.sh" debootstrap fdisk e2fsprogs util-linux
exec 6>"$out/lock"; flock 6
[ ! -e "$image" ] || { echo "$image"; exit 0; }
rm -rf "$out"/build.*   # of a run that was killed
W=$(mktemp -d "$out/build.XXXXXX"); trap 'abandon "$W"' EXIT; trap 'exit 130' INT TERM
say "building the third Debian image: minutes"
isolated "$0" --build "$W" "$cache/debian-packages" >"$out/build-v3.log" 2>&1 || { tail -30 "$out/build-v3.log" >&2; die "the build failed: see $out/build-v3.log"; }
mv "$W/disk.raw" "$image"
echo "$image"
