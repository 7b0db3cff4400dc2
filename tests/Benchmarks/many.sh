#!/bin/bash
# many.sh [HOSTS [THROTTLE]]: syncs an image to HOSTS simulated hosts (500), THROTTLE at once (all of them), with Sync-VmImage; stubs that speak the protocol
# stand in the place of ssh. Prints what that takes on this machine. The module is the one of ./build.sh package.
set -euo pipefail
root=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
hosts=${1:-500} throttle=${2:-${1:-500}}
[[ $hosts =~ ^[1-9][0-9]{0,2}$ && $throttle =~ ^[1-9][0-9]{0,2}$ && $throttle -le $hosts ]] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
# shellcheck disable=SC1091
. "$root/tests/powershell.sh"
B=$(mktemp -d)
trap 'rm -rf "$B"' EXIT
trap 'exit 130' INT TERM
mkdir "$B/bin" "$B/there"
ln -s "$root/tests/testbed/stub-ssh.sh" "$B/bin/ssh"
export hosts throttle IMAGEFABRIC_STUB_DIRECTORY=$B IMAGEFABRIC_STORE=$B/store IMAGEFABRIC_CACHE=$B/cache
export PATH=$B/bin:$PATH module=$root/out/module/ImageFabric
head -c 1M /dev/urandom >"$B/disk.raw"
"$module/engine/linux-x64/imagefabric" publish "$B/disk.raw" --name disk --version 1 >/dev/null

peak() { awk '/^VmHWM/ {printf "%.0f", $2 * 1.024e-3}' "/proc/$1/status"; }
NO_COLOR=1 pwsh -NoProfile -NonInteractive -Command '
  Import-Module $env:module
  $clock = [Diagnostics.Stopwatch]::StartNew()
  $done = @(1..[int] $env:hosts | ForEach-Object { "sim$_" } | Sync-VmImage disk:1 -ThrottleLimit $env:throttle)
  $peak = [long] ((Get-Content /proc/self/status | Select-String "^VmHWM:\s+(\d+)").Matches[0].Groups[1].Value) * 1024 / 1e6
  "| Sync-VmImage, {0} of {1} hosts synced | {2} at once | {3:0} s | {4:0} MB" -f @($done | Where-Object Status -eq Synced).Count, $env:hosts, $env:throttle, $clock.Elapsed.TotalSeconds, $peak
' >"$B/said" &
shell=$!
until [ "$(find "$B/there" -type f | wc -l)" -ge "$throttle" ] || ! kill -0 $shell 2>/dev/null; do sleep 0.2; done
granting=$(pgrep -P $shell -x imagefabric | head -1)
engine=$([ -z "$granting" ] || peak "$granting")
: >"$B/all"
wait $shell
echo "$(<"$B/said") and $engine MB |"
