#!/bin/bash
# packages.sh [PACKAGE...]: installs those of the Debian packages that are missing, without starting any service.
# Without arguments: all that the testbed needs. Does nothing, and needs no root, where nothing is missing.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"

[ $# -gt 0 ] || set -- \
  ceph-mon ceph-mgr ceph-osd radosgw ceph-common \
  libvirt-daemon-system libvirt-clients qemu-system-x86 qemu-utils \
  openssh-server openssh-client iproute2 iptables dnsmasq-base xfsprogs util-linux curl openssl ca-certificates \
  busybox-static cpio syslinux syslinux-common mtools dosfstools fdisk

missing=()
for p; do
  case $(dpkg-query -W -f='${db:Status-Abbrev}' "$p" 2>/dev/null) in ii*) ;; *) missing+=("$p") ;; esac
done
[ ${#missing[@]} -gt 0 ] || exit 0
[ "$(id -u)" = 0 ] || die "these packages are missing, and only root can install them: ${missing[*]}"

mkdir -p "$registry"
exec 8>"$registry/packages.lock"; flock 8
policy=/usr/sbin/policy-rc.d saved=/usr/sbin/policy-rc.d.before-imagefabric-testbed
ours='# imagefabric testbed: no service starts while packages are installed'
policy_is_ours() { [ -e $policy ] && grep -qxF "$ours" $policy; }
restore_policy() {
  if [ -e $saved ]; then mv -f $saved $policy
  elif policy_is_ours; then rm -f $policy; fi
}
restore_policy   # a run that was killed may have left ours in place
trap restore_policy EXIT
trap 'exit 130' INT TERM
[ ! -e $policy ] || cp -a $policy $saved
printf '#!/bin/sh\n%s\nexit 101\n' "$ours" >$policy.new
chmod 755 $policy.new
mv -f $policy.new $policy

say "installing ${#missing[@]} packages: ${missing[*]}"
log=$(mktemp /tmp/imagefabric-packages.XXXXXX)
apt() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=600 "$@" >>"$log" 2>&1 8>&-; }
install() { apt install -y --no-install-recommends "${missing[@]}"; }
install || { apt update && install; } || { tail -30 "$log" >&2; die "installation failed: see $log"; }
rm -f "$log"
