#!/bin/bash
# mk-tiny.sh [VERSION]: builds a tiny bootable VM image (BIOS disk: MBR, FAT, syslinux, kernel, initrd) and prints the path of its qcow2;
# the same disk as raw lies beside it. Needs neither root nor loop devices once packages.sh ran. Kept in the cache; built only when missing.
# Versions differ in 257 KiB of 17 MiB; building one again gives the same bytes.
#
# The guest mounts its NoCloud seed, says "GUEST-UP version=... hostname=... instance-id=..." on ttyS0, runs the "runcmd-test: COMMAND"
# lines of user-data (after DHCP with "dhcp: true"), says GUEST-DONE and powers off (with "stay: true": GUEST-STAY, and stays).
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"
version=${1:-v1}
[[ $version =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] || die "not a version: $version"
size=64   # MiB
recipe=$(sha256sum <"$0" | cut -c1-12)
out=$cache/tiny-$recipe
image=$out/tiny-$version.qcow2
[ ! -e "$image" ] || { echo "$image"; exit 0; }

"$here/packages.sh" busybox-static cpio syslinux syslinux-common mtools dosfstools fdisk qemu-utils openssl
mkdir -p "$out"
exec 6>"$out/lock"; flock 6
[ ! -e "$image" ] || { echo "$image"; exit 0; }
W=$(mktemp -d "$out/build.XXXXXX"); trap 'rm -rf "$W"' EXIT; trap 'exit 130' INT TERM

# ---- the kernel package is only downloaded and unpacked
if [ ! -e "$out/kernel" ]; then
  package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends/ {print $2; exit}')
  [ -n "$package" ] || die "the package lists know no linux-image-cloud-amd64: run apt-get update"
  (cd "$W" && apt-get download -qq "$package" >download.log 2>&1) || { cat "$W/download.log" >&2; die "cannot download $package"; }
  dpkg-deb -x "$W/$package"_*.deb "$W/kernel"
  mv "$W/kernel" "$out/kernel"
fi
kernel=$(echo "$out"/kernel/boot/vmlinuz-*)
modules=$(echo "$out"/kernel/lib/modules/*)/kernel

# ---- initrd: busybox, the modules a VM needs, and one script
R=$W/root
mkdir -p "$R"/{bin,proc,sys,dev,mnt,etc,lib/modules,usr/share/udhcpc}
cp /bin/busybox "$R/bin/busybox"
for a in sh mount umount cat echo grep sed sleep poweroff insmod ls hostname ip udhcpc wget ifconfig route sha256sum dd sync head tr cut dmesg mkdir httpd nc; do
  ln -s busybox "$R/bin/$a"
done
declare -A seen
: >"$R/etc/modules"
add_module() {   # with its dependencies first, as its own "depends=" names them
  local file d
  [ -z "${seen[$1]:-}" ] || return 0
  seen[$1]=1
  file=$(find "$modules" -name "${1//[-_]/[-_]}.ko" | head -1)
  [ -n "$file" ] || return 0   # built in
  for d in $(tr '\0' '\n' <"$file" | sed -n 's/^depends=//p' | tr ',' ' '); do add_module "$d"; done
  cp "$file" "$R/lib/modules/$1.ko"
  echo "$1" >>"$R/etc/modules"
}
for m in virtio_pci virtio_mmio virtio_blk virtio_scsi virtio_net sr_mod sd_mod ata_piix ahci isofs nls_cp437 nls_iso8859-1 nls_ascii vfat; do add_module $m; done
cat >"$R/usr/share/udhcpc/default.script" <<'S'
#!/bin/sh
[ "$1" = bound ] || exit 0
ifconfig $interface $ip netmask $subnet
[ -n "$router" ] && route add default gw $router
echo "GUEST ip=$ip"
S
cat >"$R/init" <<'S'
#!/bin/sh
export PATH=/bin
mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev
for m in $(cat /etc/modules); do insmod /lib/modules/$m.ko; done
exec >/dev/ttyS0 2>&1 </dev/ttyS0
seed=
for i in 1 2 3 4 5 6 7 8 9 10; do
  for d in /dev/sr[0-9] /dev/vd[a-z] /dev/sd[a-z]; do
    [ -b $d ] || continue
    # the volume's label: byte 40 of the ISO's first descriptor
    case "$(dd if=$d bs=8 skip=4101 count=1 2>/dev/null)" in cidata*|CIDATA*) mount -o ro $d /mnt && seed=$d && break 2;; esac
  done
  sleep 0.3
done
value() { sed -n "s/^$1: *//p" /mnt/$2 2>/dev/null | head -1 | tr -d '"'; }
name=$(value local-hostname meta-data)
hostname "${name:-nohost}"
disks=$(for b in $(ls /sys/block | grep -E '^[vs]d'); do echo -n "$b:$(cat /sys/block/$b/size) "; done)
echo "GUEST-UP version=$(cat /etc/image-version) hostname=$(hostname) instance-id=$(value instance-id meta-data) seed=${seed:-none} uptime=$(cut -d' ' -f1 /proc/uptime) mem=$(sed -n 's/MemTotal: *//p' /proc/meminfo) cpus=$(grep -c ^processor /proc/cpuinfo) disks=$disks"
[ -e /mnt/user-data ] && sed 's/^/GUEST-USERDATA /' /mnt/user-data
if [ -e /sys/class/net/eth0 ] && grep -q '^dhcp: true' /mnt/user-data 2>/dev/null; then
  ip link set eth0 up
  udhcpc -i eth0 -n -q -t 5 -s /usr/share/udhcpc/default.script 2>/dev/null
fi
sed -n 's/^runcmd-test: *//p' /mnt/user-data 2>/dev/null | while read c; do echo "GUEST-RUN $c"; sh -c "$c"; done
if grep -q '^stay: true' /mnt/user-data 2>/dev/null; then echo GUEST-STAY; while :; do sleep 1; done; fi
echo GUEST-DONE; sync; poweroff -f
S
chmod +x "$R/init" "$R/usr/share/udhcpc/default.script"
pack() {
  find "$1" -exec touch -h -d @0 {} +
  (cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc --owner 0:0 --quiet --reproducible --ignore-devno --renumber-inodes) | gzip -n1
}
pack "$R" >"$W/initrd.img"
# the version in an archive of its own, so that the large one is the same in every version
mkdir -p "$W/version/etc"
echo "$version" >"$W/version/etc/image-version"
pack "$W/version" >"$W/version.img"
head -c 256K /dev/zero | openssl enc -aes-128-ctr -nosalt -K "$(printf %s "$version" | sha256sum | cut -c1-32)" -iv 0 >"$W/app.bin" 2>/dev/null

# ---- BIOS disk without loop devices: FAT at 1 MiB, syslinux in it, its boot code in sector 0
cat >"$W/syslinux.cfg" <<'S'
SERIAL 0 115200
DEFAULT linux
PROMPT 0
TIMEOUT 0
LABEL linux
 KERNEL vmlinuz
 INITRD initrd.img,version.img
 APPEND console=ttyS0 quiet panic=-1 nokaslr mitigations=off audit=0 apparmor=0 cryptomgr.notests
S
cp "$kernel" "$W/vmlinuz"
raw=$W/tiny.raw
truncate -s ${size}M "$raw"
printf 'label: dos\nlabel-id: 0x00c1da7a\nstart=2048, type=c, bootable\n' | /sbin/sfdisk -q "$raw"
dd if=/usr/lib/syslinux/mbr/mbr.bin of="$raw" bs=440 count=1 conv=notrunc status=none
# mtools and mkfs stamp files with the time of day unless told otherwise
export SOURCE_DATE_EPOCH=315532800 TZ=UTC MTOOLS_SKIP_CHECK=1
/sbin/mkfs.vfat --invariant -i 00C1DA7A -F 32 -s 1 -n BOOT --offset 2048 "$raw" $(((size - 1) * 1024)) >/dev/null
touch -d @$SOURCE_DATE_EPOCH "$W"/{vmlinuz,initrd.img,syslinux.cfg,version.img,app.bin}
mcopy -m -i "$raw@@1M" "$W"/{vmlinuz,initrd.img,syslinux.cfg,version.img,app.bin} ::
syslinux --install -t 1048576 "$raw"
qemu-img convert -O qcow2 "$raw" "$W/tiny.qcow2"
mv "$raw" "$out/tiny-$version.raw"
mv "$W/tiny.qcow2" "$image"
echo "$image"
