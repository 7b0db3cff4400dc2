#!/bin/bash
# demo.sh: the main job on one Debian machine that has only the .NET SDK: an S3 store (Ceph), three KVM hosts, an image published, synced, changed,
# synced again, and machines booted from it. Runs through the cmdlets. Leaves nothing running.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
root=$(dirname "$(dirname "$here")")
T=$(mktemp -d /tmp/imagefabric-demo.XXXXXX)
finish() {
  local status=$?
  trap '' INT TERM
  echo
  echo "-- Stopping everything"
  "$here/down.sh" "$T/testbed" -r || status=1
  rm -rf "$T"
  [ $status = 0 ] && echo "Done; nothing is left running." || echo "The demo did not finish (status $status)."
  exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM
begin=$SECONDS
step() { printf '\n-- [%3d s] %s\n' $((SECONDS - begin)) "$*"; }

[ "$(id -u)" = 0 ] || { echo "The demo makes network namespaces and mounts: run it as root." >&2; exit 1; }
step "Installing the Debian packages that are missing"
"$here/packages.sh"
begin=$SECONDS
step "Building the engine and the module"
# shellcheck disable=SC1091
. "$root/tests/powershell.sh"
"$root/build.sh" package
step "Starting a Ceph cluster with its S3 gateway, and three KVM hosts; building two versions of a tiny bootable image"
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

pwsh -NoProfile -NonInteractive -File "$here/demo.ps1" -ModulePath "$root/out/module/ImageFabric" -UserDataPath "$T/user-data"
step "Finished"
