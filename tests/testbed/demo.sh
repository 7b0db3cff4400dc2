#!/bin/bash
# demo.sh: the main job on one Debian machine that has only the .NET SDK: an S3 store (Ceph), three KVM hosts, an image published, synced, changed,
# synced again, and machines booted from it, all by the cmdlets. Without root: a directory as store and this machine as host. Leaves nothing running.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
root=$(dirname "$(dirname "$here")")
# shellcheck source=tests/powershell.sh
. "$root/tests/powershell.sh"
T=$(mktemp -d "${TMPDIR:-/tmp}/imagefabric-demo.XXXXXX")
hosts=''
finish() {
  local status=$?
  trap '' INT TERM
  echo
  [ -z "$hosts" ] || { echo "-- Stopping everything"; "$here/down.sh" "$T/testbed" -r || status=1; }
  rm -rf "$T"
  [ $status = 0 ] && echo "Done; nothing is left running." || echo "The demo did not finish (status $status)."
  exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM
begin=$SECONDS
step() { printf '\n-- [%3d s] %s\n' $((SECONDS - begin)) "$*"; }

missing=''
if [ "$(id -u)" != 0 ]; then
  missing='this is not root, who may make network namespaces and mounts'
else
  step "Installing the Debian packages that are missing"
  "$here/packages.sh" || missing='the packages of Ceph and libvirt cannot be had'
fi
step "Building the engine and the module"
pwsh -NoLogo -NoProfile -NonInteractive -File "$root/build.ps1" Package
export IMAGEFABRIC_CACHE=$T/cache XDG_CONFIG_HOME=$T/config
if [ -n "$missing" ]; then
  step "Left out are the S3 store, the KVM hosts and the guests: $missing. A directory is the store, and this machine the host"
  pwsh -NoLogo -NoProfile -NonInteractive -File "$here/demo-local.ps1" -ModulePath "$root/out/module/ImageFabric" -Directory "$T"
  step "Finished"
  exit 0
fi

step "Starting a Ceph cluster with its S3 gateway, and three KVM hosts; building two versions of a tiny bootable image"
hosts=1
"$here/up.sh" "$T/testbed" --hosts 3
# shellcheck disable=SC1091
. "$T/testbed/env"
export IMAGEFABRIC_STORE=s3://$IMAGEFABRIC_TEST_BUCKET/demo IMAGEFABRIC_ENDPOINT=$IMAGEFABRIC_TEST_ENDPOINT
export IMAGEFABRIC_SSH_CONFIG=$IMAGEFABRIC_TEST_SSH_CONFIG
# The guest takes an address, says something of its own and stays up until it is removed.
cat >"$T/user-data" <<'DATA'
#cloud-config
dhcp: true
runcmd-test: echo "GUEST-SAYS hello from $(hostname)"
stay: true
DATA
step "The cmdlets do it"
pwsh -NoLogo -NoProfile -NonInteractive -File "$here/demo.ps1" -ModulePath "$root/out/module/ImageFabric" -UserDataPath "$T/user-data"
step "Finished"
