#!/bin/bash
# host.sh DIR start|stop winNN [cmd|powershell]: starts or stops a Windows host as far as there can be one: sshd in a network namespace of its own, whose
# shell is cmd or PowerShell under Wine, with the stand-in for the Hyper-V module. Its drive C: is hosts/winNN/prefix/drive_c.
set -euo pipefail
. "$(dirname "$(dirname "$(readlink -f "$0")")")/lib.sh"
[ $# -ge 3 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
require_testbed "$1"
name=$3 shell=${4:-cmd}
ns=$(host_namespace "$name") link=$(host_link "$name") address=$(host_address "$name")
H=$T/hosts/$name

stop() {
  stop_process "$name"
  # every process of this prefix, and of no other
  [ ! -d "$H/prefix" ] || WINEPREFIX=$H/prefix /usr/lib/wine/wineserver64 -k 2>/dev/null || true
  ip link del "$link" 2>/dev/null || true
  ip netns del "$ns" 2>/dev/null || true
}

start() {
  [ -e "$H/ssh_host_ed25519_key" ] || die "this testbed has no host $name"
  stop
  if [ ! -d "$H/prefix" ]; then
    local template
    template=$("$here/windows/prefix.sh")
    # the files of Wine are never written to
    cp -al "$template" "$H/prefix.new" 2>/dev/null || { rm -rf "$H/prefix.new"; cp -a "$template" "$H/prefix.new"; }
    local modules=$H/prefix.new/drive_c/windows/system32/WindowsPowerShell/v1.0/Modules
    mkdir -p "$modules"
    cp -r "$here/windows/Hyper-V" "$modules/"
    mv "$H/prefix.new" "$H/prefix"
  fi
  ip netns add "$ns"
  ip link add "$link" type veth peer name eth0 netns "$ns"
  ip link set "$link" master "$bridge" up
  ip -n "$ns" addr add "$address/24" dev eth0
  ip -n "$ns" link set eth0 up
  ip -n "$ns" link set lo up
  ip -n "$ns" route add default via "$gateway"
  mkdir -p /run/sshd
  install -m 600 "$T/ssh/id_ed25519.pub" "$H/authorized_keys"
  cat >"$H/sshd_config" <<CONF
ListenAddress $address
HostKey $H/ssh_host_ed25519_key
AuthorizedKeysFile $H/authorized_keys
StrictModes no
PidFile none
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
MaxStartups 200
MaxSessions 100
Subsystem powershell powershell
ForceCommand $here/windows/shell.sh $H/prefix $shell
CONF
  # Windows is up between logins, too: otherwise Wine starts its services anew, and ends them, for each command
  (
    export WINEPREFIX=$H/prefix WINEDEBUG=-all
    cd "$H/prefix/drive_c"
    ip netns exec "$ns" /usr/lib/wine/wineserver64 -p
    ip netns exec "$ns" /usr/lib/wine/wine64 wineboot
  ) >>"$T/log/$name.log" 2>&1 </dev/null 9>&-
  start_process "$name" ip netns exec "$ns" /usr/sbin/sshd -D -e -f "$H/sshd_config"
  until_true 60 ssh_to "$name" exit || { tail -5 "$T/log/$name.log" >&2; die "$name does not come up: see $T/log/$name.log"; }
}

case $2 in
  start) running_pid "$name" >/dev/null || start ;;
  stop) stop ;;
  *) die "unknown: $2" ;;
esac
