#!/bin/bash
# host-init.sh DIR kvmNN KVM: the first process of a host, in mount, PID, UTS, IPC and network namespaces of its own. Called by host.sh.
# The host's root is this machine's, seen through an overlay whose upper layer lies on the host's own disk (XFS with reflink);
# nothing of this machine shows but its installed packages.
set -euo pipefail
T=$1 name=$2 kvm=$3
H=$T/hosts/$name D=$T/hosts/$name/disk R=$T/hosts/$name/rootfs
mount --make-rprivate /
hostname "$name"
mount -o loop,discard "$H/disk.xfs" "$D"
mkdir -p "$D"/{upper,work,own,libvirt}
mount -t overlay -o "lowerdir=/,upperdir=$D/upper,workdir=$D/work" overlay "$R"

# every directory at the root that is not the operating system's is the host's own
for path in "$R"/*/ "$R/var/tmp/"; do
  dir=${path#"$R/"} dir=${dir%/}
  case $dir in
    bin | sbin | lib* | usr | etc | var | boot) ;;
    proc) mount -t proc proc "$path" ;;
    sys) mount -t sysfs sysfs "$path" ;;
    run | tmp) mount -t tmpfs -o mode=1777 tmpfs "$path" ;;
    dev) mount -t tmpfs -o mode=755 tmpfs "$path" ;;
    lost+found) ;;
    *)
      mkdir -p "$D/own/$dir"
      [ "$dir" != var/tmp ] || chmod 1777 "$D/own/$dir"
      mount --bind "$D/own/$dir" "$path"
      ;;
  esac
done
chmod 755 "$R/run"
mount --bind "$D/libvirt" "$R/var/lib/libvirt"

mkdir "$R"/dev/{pts,shm,net,mapper}
while read -r node major minor; do
  mknod -m 666 "$R/dev/$node" c "$major" "$minor"
done <<'NODES'
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
net/tun 10 200
NODES
[ -z "$kvm" ] || mknod -m 666 "$R/dev/kvm" c 10 232
ln -s pts/ptmx "$R/dev/ptmx"
ln -s /proc/self/fd "$R/dev/fd"
for n in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${n%:*}" "$R/dev/${n#*:}"; done
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$R/dev/pts"
mount -t tmpfs tmpfs "$R/dev/shm"

# who it is
echo "$name" >"$R/etc/hostname"
{ echo "127.0.0.1 localhost"; cat "$T/hosts/hosts"; } >"$R/etc/hosts"
mkdir -p "$R/root/.ssh" "$R/run/sshd" "$R/run/libvirt"
chmod 700 "$R/root" "$R/root/.ssh"
cp "$T/ssh/id_ed25519.pub" "$R/root/.ssh/authorized_keys"
install -m 600 "$H/ssh_host_ed25519_key" "$R/etc/ssh/host_key"
cat >"$R/etc/ssh/sshd_testbed" <<'CONF'
HostKey /etc/ssh/host_key
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
MaxStartups 200
MaxSessions 100
Subsystem sftp /usr/lib/openssh/sftp-server
CONF
# PowerShell's remoting over SSH; it and .NET may lie where the host has directories of its own
# shellcheck disable=SC1091
. "$(dirname "$(readlink -f "$0")")/../powershell.sh"
for home in "${dotnet%/*}" "${pwsh_dll%/*}"; do
  [ ! -e "$R$home" ] || continue
  mkdir -p "$R$home"
  mount --bind -o ro "$home" "$R$home"
done
echo "Subsystem powershell $dotnet $pwsh_dll -sshs -NoLogo -NoProfile" >>"$R/etc/ssh/sshd_testbed"
# as an administrator would who runs a store with a CA of the house
if [ -e "$T/tls/ca.pem" ] && ! grep -qsF "$(sed -n 2p "$T/tls/ca.pem")" "$R/etc/ssl/certs/ca-certificates.crt"; then
  cp "$T/tls/ca.pem" "$R/etc/ssl/certs/imagefabric-testbed.pem"
  cat "$T/tls/ca.pem" >>"$R/etc/ssl/certs/ca-certificates.crt"
fi

# libvirt, as its packages leave it, once per host
if [ ! -e "$D/prepared" ]; then
  tr -d - </proc/sys/kernel/random/uuid >"$R/etc/machine-id"
  mkdir -p "$R"/var/lib/libvirt/{images,qemu,boot,dnsmasq} "$R/etc/libvirt/qemu/networks/autostart"
  chmod 711 "$R/var/lib/libvirt/images"
  chown -R libvirt-qemu:libvirt-qemu "$R/var/lib/libvirt/qemu"
  # domains and networks of this machine's own libvirt are no business of the host's
  find "$R/etc/libvirt/qemu" "$R/var/log/libvirt" "$R/var/cache/libvirt" -type f ! -path '*/networks/default.xml' -delete
  find "$R/etc/libvirt/qemu" -type l -delete
  # the network's bridge lives in the host's own network namespace, so all hosts may have the packaged address range
  cp "$R/usr/share/libvirt/networks/default.xml" "$R/etc/libvirt/qemu/networks/default.xml"
  ln -s ../default.xml "$R/etc/libvirt/qemu/networks/autostart/default.xml"
  cat >>"$R/etc/libvirt/qemu.conf" <<'CONF'
security_driver = "none"
cgroup_controllers = []
stdio_handler = "file"
CONF
  cat >>"$R/etc/libvirt/libvirtd.conf" <<CONF
host_uuid = "$(</proc/sys/kernel/random/uuid)"
auth_unix_rw = "none"
CONF
  touch "$D/prepared"
fi

cd "$R"
mkdir -p .old
pivot_root . .old
cd /
umount -l /.old
rmdir /.old 2>/dev/null || true
env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C libvirtd -d
# this shell stays as the init that takes in orphans
env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C /usr/sbin/sshd -D -e -f /etc/ssh/sshd_testbed &
wait $!
