#!/bin/bash
# machines.sh [ROUNDS]: what making a machine takes over "qemu-img create + virsh define + virsh start" on the host, SSH included, ROUNDS times each (10);
# then 50 machines over 5 hosts in one pipeline. Brings up a testbed of its own unless IMAGEFABRIC_TESTBED names one with five hosts. Needs root and pwsh.
set -euo pipefail
root=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
rounds=${1:-10}
[[ $rounds =~ ^[1-9][0-9]?$ ]] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
cd "$root"
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
seconds() { awk -v ns="$1" 'BEGIN { printf "%.2f", ns / 1e9 }'; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
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
mine=$(mktemp) hand=$(mktemp) over=$(mktemp)
for round in $(seq "$rounds"); do
  a=$(on "$host" "$by_hand")
  start=$(date +%s%N)
  "$engine" vm create "round$round" --image tiny:1 --host "$host" --memory 256M --start >/dev/null 2>&1
  b=$(($(date +%s%N) - start))
  "$engine" vm remove "round$round" --force --host "$host" >/dev/null
  echo "$a" >>"$hand"; echo "$b" >>"$mine"; echo $((b - a)) >>"$over"
done
echo "| a machine made and started, median of $rounds | $(seconds "$(median <"$mine")") s |"
echo "| qemu-img create, virsh define, virsh start, typed on the host | $(seconds "$(median <"$hand")") s |"
echo "| what imagefabric takes over that, SSH included, median | $(seconds "$(median <"$over")") s |"
rm -f "$mine" "$hand" "$over"

NO_COLOR=1 pwsh -NoProfile -NonInteractive -Command "
  Import-Module '$module'
  \$hosts = '${hosts[*]}' -split ' '
  \$machines = 0..49 | ForEach-Object { [pscustomobject] @{ HostName = \$hosts[\$_ % \$hosts.Count]; Name = \"many\$_\" } }
  \$clock = [Diagnostics.Stopwatch]::StartNew()
  \$made = @(\$machines | New-VmFromImage tiny:1 -Memory 256MB -ThrottleLimit 10 -WarningAction SilentlyContinue)
  '| {0} machines defined over {1} hosts in one pipeline | {2:0.0} s |' -f \$made.Count, \$hosts.Count, \$clock.Elapsed.TotalSeconds
  \$made | Remove-VmFromImage -ThrottleLimit 10 -Confirm:\$false
"
