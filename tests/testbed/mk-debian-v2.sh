#!/bin/bash
# mk-debian-v2.sh: the next version of mk-debian.sh's image, made as an administrator makes it: the machine's disk, upgraded in place from the
# security and updates archives, with one more package, changed settings and 3 MiB of an application of its own. Prints the path.
# Needs root, loop devices and a Debian archive. Kept in the cache; built only when missing.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/debian-image.sh"

# build V1 DIR PACKAGES: makes DIR/disk.raw.
build() {
  local image=$2/disk.raw mirror security
  mirror=$(repository $suite) security=$(repository $suite-security)
  [ -n "$mirror" ] && [ -n "$security" ] || die "this machine's package lists know no archive of Debian $suite and its security updates"
  cp --sparse=always "$1" "$image"
  attach_disk "$image"
  mount_system "$2/root" "$3"
  mount_kernel
  cat >"$root/etc/apt/sources.list" <<S
deb $mirror $suite main
deb $mirror $suite-updates main
deb $security $suite-security main
S
  apt_in_system update
  apt_in_system dist-upgrade
  apt_in_system install haproxy
  sed -i 's/^#MaxAuthTries.*/MaxAuthTries 3/' "$root/etc/ssh/sshd_config"
  echo version=2 >"$root/etc/app.conf"
  head -c 3M /dev/zero | openssl enc -aes-128-ctr -nosalt -K 02 -iv 0 2>/dev/null >"$root/usr/local/bin/app"
  chmod 755 "$root/usr/local/bin/app"
  finish_system
}

if [ "${1:-}" = --build ]; then
  shift
  build "$@"
  exit 0
fi

v1=$("$here/mk-debian.sh")
recipe=$(sha256sum <"$0" | cut -c1-12)
out=${v1%/*}
image=$out/debian-v2-$recipe.raw
[ ! -e "$image" ] || { echo "$image"; exit 0; }
[ "$(id -u)" = 0 ] || die "loop devices and mounts need root"

"$here/packages.sh" e2fsprogs util-linux openssl
exec 6>"$out/lock"; flock 6
[ ! -e "$image" ] || { echo "$image"; exit 0; }
rm -rf "$out"/build.*   # of a run that was killed
W=$(mktemp -d "$out/build.XXXXXX"); trap 'abandon "$W"' EXIT; trap 'exit 130' INT TERM
say "upgrading the Debian image: minutes"
isolated "$0" --build "$v1" "$W" "$cache/debian-packages" >"$out/build-v2.log" 2>&1 || { tail -30 "$out/build-v2.log" >&2; die "the build failed: see $out/build-v2.log"; }
mv "$W/disk.raw" "$image"
echo "$image"
