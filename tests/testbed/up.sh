#!/bin/bash
# up.sh DIR [--hosts N] [--windows] [--no-store] [--tls] [--bluestore] [--kvm] [--swift]
# Starts a testbed in DIR and writes DIR/env; what runs already is left alone. See README.md.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"

usage() { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
dir='' hosts=3 windows='' store=1 tls='' objectstore=memstore kvm='' swift=''
while [ $# -gt 0 ]; do
  case $1 in
    --hosts) hosts=${2:-}; [[ $hosts =~ ^[0-9]{1,2}$ ]] || usage; hosts=$((10#$hosts)); shift ;;
    --windows) windows=1 ;;
    --no-store) store='' ;;
    --tls) tls=1 ;;
    --bluestore) objectstore=bluestore ;;
    --kvm) kvm=1 ;;
    --swift) swift=1 ;;
    -*) usage ;;
    *) [ -z "$dir" ] || usage; dir=$1 ;;
  esac
  shift
done
[ -n "$dir" ] || usage
[ "$(id -u)" = 0 ] || die "namespaces and mounts need root"
use_directory "$dir"
"$here/packages.sh"
[ -z "$windows" ] || "$here/packages.sh" wine64
# here, since the hosts that start it reach no network
. "$here/../powershell.sh"

if [ -d "$T" ] && [ ! -e "$T/slot" ] && [ -n "$(ls -A "$T")" ] && [ ! -e "$T/lock" ]; then
  die "$T is not empty and not a testbed"
fi
mkdir -p "$T"
lock_testbed
# What a failed or interrupted start began is ended again; logs stay.
jobs=()
finish() {
  local status=$?
  trap '' INT TERM
  trap - EXIT
  if [ $status != 0 ]; then
    [ ${#jobs[@]} = 0 ] || { kill "${jobs[@]}" 2>/dev/null || true; wait "${jobs[@]}" || true; }
    flock -u 9
    "$here/down.sh" "$T" 9>&-
  fi
  exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM

# ---- the testbed's number: the one it has, or the first that no other testbed and no route of this machine uses
net=${IMAGEFABRIC_TESTBED_NET:-10.77}
taken() {   # N: by another testbed
  local owner
  owner=$(cat "$registry/$1" 2>/dev/null) && [ "$owner" != "$T" ] && [ "$(cat "$owner/slot" 2>/dev/null)" = "$1" ]
}
claim_slot() {
  local n
  n=$(cat "$T/slot" 2>/dev/null || true)
  if [ -z "$n" ] || taken "$n"; then
    rm -rf "$T"/{slot,tls,ceph}   # they hold the old address
    for n in {0..99} none; do
      [ "$n" != none ] || die "no address range is free under $net.0.0/16"
      taken "$n" || [ -n "$(ip -4 route show "$net.$n.0/24")" ] || break
    done
  fi
  echo "$T" >"$registry/$n"
  echo "$n" >"$T/slot"
}
mkdir -p "$registry"
(flock 7; claim_slot) 7>"$registry/slots.lock"
load_slot

# ---- the switch that store and hosts hang on
ip link show "$bridge" >/dev/null 2>&1 || ip link add "$bridge" type bridge
ip addr replace "$gateway/24" dev "$bridge"
ip link set "$bridge" up

# ---- keys: one for the client, one per host, kept as long as the testbed
umask 022
mkdir -p "$T/ssh" "$T/hosts" "$T/log"
[ -e "$T/ssh/id_ed25519" ] || ssh-keygen -q -t ed25519 -N '' -C imagefabric-testbed -f "$T/ssh/id_ed25519"
names=()
for n in $(seq 1 "$hosts"); do names+=("$(printf 'kvm%02d' "$n")"); done
windows_names=()
[ -z "$windows" ] || windows_names=(win01 win02)
: >"$T/ssh/known_hosts.new"; : >"$T/ssh/config.new"; : >"$T/hosts/hosts.new"
for h in "${names[@]}" "${windows_names[@]}"; do
  mkdir -p "$T/hosts/$h"
  key=$T/hosts/$h/ssh_host_ed25519_key
  [ -e "$key" ] || ssh-keygen -q -t ed25519 -N '' -C "$h" -f "$key"
  echo "$h,$(host_address "$h") $(cut -d' ' -f1,2 "$key.pub")" >>"$T/ssh/known_hosts.new"
  echo "$(host_address "$h") $h" >>"$T/hosts/hosts.new"
  cat >>"$T/ssh/config.new" <<CONFIG
Host $h $(host_address "$h")
    HostName $(host_address "$h")
    User root
    IdentityFile $T/ssh/id_ed25519
    IdentitiesOnly yes
    UserKnownHostsFile $T/ssh/known_hosts
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
CONFIG
done
mv "$T/ssh/known_hosts.new" "$T/ssh/known_hosts"
mv "$T/ssh/config.new" "$T/ssh/config"
mv "$T/hosts/hosts.new" "$T/hosts/hosts"
if [ -n "$tls" ] && [ ! -e "$T/tls/server.pem" ]; then
  mkdir -p "$T/tls"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=ImageFabric testbed CA" \
    -addext keyUsage=critical,keyCertSign -keyout "$T/tls/ca.key" -out "$T/tls/ca.pem" 2>/dev/null
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$gateway" \
    -keyout "$T/tls/server.key" -out "$T/tls/server.csr" 2>/dev/null
  openssl x509 -req -in "$T/tls/server.csr" -CA "$T/tls/ca.pem" -CAkey "$T/tls/ca.key" -CAcreateserial -days 825 \
    -extfile <(echo "subjectAltName=IP:$gateway") -out "$T/tls/server.pem" 2>/dev/null
fi

# ---- start it all side by side. These hold the lock too: if this script is killed, the next one waits for them
in_background() { "$@" & jobs+=($!); }
[ -z "$store" ] || in_background "$here/ceph.sh" "$T" "$objectstore"
[ -z "$swift" ] || in_background "$here/swift.sh" "$T" start
for h in "${names[@]}"; do in_background env KVM="$kvm" "$here/host.sh" "$T" start "$h"; done
if [ -n "$windows" ]; then
  in_background "$here/windows/host.sh" "$T" start win01 cmd
  in_background "$here/windows/host.sh" "$T" start win02 powershell
fi
mkdir -p "$T/images"
for v in v1 v2; do in_background "$here/mk-tiny.sh" $v >"$T/images/$v"; done
failed=''
for j in "${jobs[@]}"; do wait "$j" || failed=1; done
[ -z "$failed" ] || die "the testbed did not come up: logs are in $T/log and $T/ceph/log"

# ---- what scripts and tests need to know
addresses=()
for h in "${names[@]}"; do addresses+=("$(host_address "$h")"); done
{
  echo "export IMAGEFABRIC_TESTBED='$T'"
  if [ -n "$store" ]; then
    echo "export IMAGEFABRIC_TEST_ENDPOINT='http://$gateway:7480'"
    echo "export IMAGEFABRIC_TEST_BUCKET='imagefabric'"
    # shellcheck disable=SC1091,SC2154
    . "$T/ceph/keys"
    echo "export AWS_ACCESS_KEY_ID='$access_key'"
    echo "export AWS_SECRET_ACCESS_KEY='$secret_key'"
    if [ -e "$T/ceph/has-tls" ]; then
      echo "export IMAGEFABRIC_TEST_TLS_ENDPOINT='https://$gateway:7443'"
      echo "export IMAGEFABRIC_TEST_CA_FILE='$T/tls/ca.pem'"
    fi
  fi
  [ ! -e "$T/swift/env" ] || cat "$T/swift/env"
  echo "export IMAGEFABRIC_TEST_HOSTS='${addresses[*]}'"
  echo "export IMAGEFABRIC_TEST_HOST_NAMES='${names[*]}'"
  [ -z "$windows" ] || echo "export IMAGEFABRIC_TEST_WINDOWS_HOSTS='${windows_names[*]}'"
  echo "export IMAGEFABRIC_TEST_HOST_DIR='$T/hosts'"
  echo "export IMAGEFABRIC_TEST_SSH_KEY='$T/ssh/id_ed25519'"
  echo "export IMAGEFABRIC_TEST_KNOWN_HOSTS='$T/ssh/known_hosts'"
  echo "export IMAGEFABRIC_TEST_SSH_CONFIG='$T/ssh/config'"
  echo "export IMAGEFABRIC_TEST_IMAGE_V1='$(<"$T/images/v1")'"
  echo "export IMAGEFABRIC_TEST_IMAGE_V2='$(<"$T/images/v2")'"
} >"$T/env.new"
mv "$T/env.new" "$T/env"
say "testbed $slot is up: ${store:+store http://$gateway:7480, }hosts ${names[*]:-none}; . $T/env"
