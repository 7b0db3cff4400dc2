#!/bin/bash
# demo.sh: the main job on one Debian machine that has only the .NET SDK: an S3 store (Ceph), three KVM hosts, an image published, synced, changed,
# synced again, and machines booted from it. Runs through the cmdlets where pwsh is on PATH, through the engine otherwise. Leaves nothing running.
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
"$root/build.sh" package >"$T/build.log" 2>&1 || { cat "$T/build.log"; exit 1; }
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
hosts=(kvm01 kvm02 kvm03)
guests=(kvm01 kvm02)

if command -v pwsh >/dev/null; then
  step "PowerShell is here: the cmdlets do it"
  pwsh -NoProfile -NonInteractive -File "$here/demo.ps1" -ModulePath "$root/out/module/ImageFabric" -UserDataPath "$T/user-data"
else
  step "PowerShell is not on PATH: the engine does it"
  imagefabric=$root/out/engine/linux-x64/imagefabric
  show() { printf '\n$ imagefabric %s\n' "$*"; "$imagefabric" "$@"; }
  all=(); for h in "${hosts[@]}"; do all+=(--host "$h"); done
  show publish "$IMAGEFABRIC_TEST_IMAGE_V1" --name tiny --version 1.0
  show sync tiny:1.0 "${all[@]}"
  echo; echo "The same again moves nothing:"
  show sync tiny:1.0 "${all[@]}"
  show publish "$IMAGEFABRIC_TEST_IMAGE_V2" --name tiny --version 1.1
  echo; echo "A changed version moves what changed:"
  show sync tiny:1.1 "${all[@]}"
  show list
  for h in "${guests[@]}"; do
    show vm create "web-$h" --image tiny:1.1 --host "$h" --cpu 1 --memory 256M --user-data "$T/user-data" --start --wait 120
  done
  for h in "${guests[@]}"; do
    echo; echo "What the guest on $h said on its serial console:"
    ssh -F "$IMAGEFABRIC_TEST_SSH_CONFIG" "$h" "for i in \$(seq 120); do grep -qs GUEST-STAY /var/lib/libvirt/images/imagefabric/vms/web-$h/console.log && break; sleep 1; done
      tr -d '\r' </var/lib/libvirt/images/imagefabric/vms/web-$h/console.log | grep -a -E '^GUEST(-UP|-SAYS| ip)'"
  done
  for h in "${guests[@]}"; do show vm list --host "$h"; show vm remove "web-$h" --host "$h" --force; done
fi
step "Finished"
