#!/bin/bash
# machines.sh [ROUNDS]: what making a machine takes over "qemu-img create + virsh define + virsh start" on the host, SSH included, ROUNDS times each (10);
# then 50 machines over 5 hosts in one pipeline. Brings up a testbed of its own unless IMAGEFABRIC_TESTBED names one with five hosts. Needs root.
set -euo pipefail
root=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
rounds=${1:-10}
[[ $rounds =~ ^[1-9][0-9]?$ ]] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
cd "$root"
# shellcheck disable=SC1091
. "$root/tests/powershell.sh"
engine=$root/out/engine/linux-x64/imagefabric module=$root/out/module/ImageFabric
if [ -z "${IMAGEFABRIC_TESTBED:-}" ]; then
  testbed=$(mktemp -d)
  trap 'tests/testbed/down.sh "$testbed" -r || true' EXIT
  trap 'exit 130' INT TERM
  tests/testbed/up.sh "$testbed" --hosts 5
  # shellcheck disable=SC1091
  . "$testbed/env"
fi
export IMAGEFABRIC_SSH_CONFIG=$IMAGEFABRIC_TEST_SSH_CONFIG
export IMAGEFABRIC_STORE=s3://$IMAGEFABRIC_TEST_BUCKET/machines-$$ IMAGEFABRIC_ENDPOINT=$IMAGEFABRIC_TEST_ENDPOINT
on() { ssh -F "$IMAGEFABRIC_SSH_CONFIG" "$@"; }
read -ra hosts <<<"$IMAGEFABRIC_TEST_HOST_NAMES"
host=${hosts[0]}

"$engine" publish "$IMAGEFABRIC_TEST_IMAGE_V1" --name tiny --version 1 >/dev/null
"$engine" sync tiny:1 "${hosts[@]/#/--host=}" >/dev/null

# The same machine by hand, from the definition that imagefabric makes.
"$engine" vm create hand --image tiny:1 --host "$host" --memory 256M >/dev/null 2>&1
on "$host" 'cd /var/lib/libvirt/images && rm -rf hand && cp -a imagefabric/vms/hand hand && rm hand/disk.qcow2 &&
  virsh dumpxml hand | sed -e "/<uuid>/d" -e "/<mac /d" -e "s#images/imagefabric/vms/hand#images/hand#" >/root/hand.xml'
"$engine" vm remove hand --host "$host" >/dev/null
by_hand='base=$(ls /var/lib/libvirt/images/imagefabric/images/*.raw | head -1)
start=$(date +%s%N)
qemu-img create -q -f qcow2 -b "$base" -F raw /var/lib/libvirt/images/hand/disk.qcow2 && virsh -q define /root/hand.xml >/dev/null && virsh -q start hand >/dev/null || exit 1
echo $(($(date +%s%N) - start))
virsh -q destroy hand >/dev/null; virsh -q undefine hand >/dev/null; rm /var/lib/libvirt/images/hand/disk.qcow2'

# By the command line, a process of its own each time; and by the cmdlet, in a session that has made a machine before.
export host rounds by_hand module hosts_list="${hosts[*]}"
NO_COLOR=1 pwsh -NoProfile -NonInteractive -Command '
  Import-Module $env:module
  $PSDefaultParameterValues = @{ "New-VmFromImage:WarningAction" = "SilentlyContinue" }
  function Get-Median([double[]] $Value) { ($Value | Sort-Object)[[Math]::Floor($Value.Count / 2)] }
  $null = New-VmFromImage tiny:1 -Name warm -HostName $env:host -Memory 256MB
  Remove-VmFromImage warm -HostName $env:host -Confirm:$false
  $byHand, $byCommand, $byCmdlet = @(), @(), @()
  foreach ($round in 1..$env:rounds) {
    $byHand += [double] (ssh -F $env:IMAGEFABRIC_SSH_CONFIG $env:host $env:by_hand) / 1e9
    $byCommand += (Measure-Command { & "$env:module/engine/linux-x64/imagefabric" vm create "a$round" --image tiny:1 --host $env:host --memory 256M --start 2>$null }).TotalSeconds
    Remove-VmFromImage "a$round" -HostName $env:host -Force -Confirm:$false
    $byCmdlet += (Measure-Command { New-VmFromImage tiny:1 -Name "b$round" -HostName $env:host -Memory 256MB -Start }).TotalSeconds
    Remove-VmFromImage "b$round" -HostName $env:host -Force -Confirm:$false
  }
  $hand = Get-Median $byHand
  "| qemu-img create, virsh define, virsh start, timed on the host, median of {0} | {1:0.00} s |" -f $byHand.Count, $hand
  "| New-VmFromImage -Start over SSH | {0:0.00} s, so {1:0.00} s of its own |" -f (Get-Median $byCmdlet), ((Get-Median $byCmdlet) - $hand)
  "| imagefabric vm create --start over SSH | {0:0.00} s, so {1:0.00} s of its own |" -f (Get-Median $byCommand), ((Get-Median $byCommand) - $hand)

  $hosts = $env:hosts_list -split " "
  $machines = 0..49 | ForEach-Object { [pscustomobject] @{ HostName = $hosts[$_ % $hosts.Count]; Name = "many$_" } }
  $clock = [Diagnostics.Stopwatch]::StartNew()
  $made = @($machines | New-VmFromImage tiny:1 -Memory 256MB -ThrottleLimit 10)
  "| {0} machines defined over {1} hosts in one pipeline | {2:0.0} s |" -f $made.Count, $hosts.Count, $clock.Elapsed.TotalSeconds
  $made | Remove-VmFromImage -ThrottleLimit 10 -Confirm:$false | Out-Null
'
