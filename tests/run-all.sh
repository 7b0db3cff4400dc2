#!/bin/bash
# run-all.sh: every test there is, with the packages and servers they need. Ends with "N passed, N failed, N skipped".
# Without root the tests on real stores and hosts are skipped, and said so.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
cd "$root"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
log=$(mktemp -d)
testbed=$log/testbed
cleanup() {
  local status=$?
  trap '' INT TERM
  [ ! -e "$testbed" ] || tests/testbed/down.sh "$testbed" -r || true
  rm -rf "$log"
  exit $status
}
trap cleanup EXIT
trap 'exit 130' INT TERM

say() { printf '\n== %s\n' "$*"; }

if [ "$(id -u)" = 0 ]; then
  say "Installing what the tests need"
  tests/testbed/packages.sh
  # the peers that tests hold the product against: other readers of ISO images and domain XML, other login shells; and Mono
  tests/testbed/packages.sh qemu-utils xfsprogs nginx-light genisoimage xorriso libarchive-tools libxml2-utils zsh fish tcsh mono-devel
  # compilers for the libzstd that the package has for Linux and Windows
  tests/testbed/packages.sh dpkg-dev gcc libc6-dev gcc-mingw-w64-x86-64-win32
  say "Starting the testbed: Ceph with its S3 gateway, OpenStack Swift, three KVM hosts, two Windows hosts"
  tests/testbed/up.sh "$testbed" --hosts 3 --swift --windows
  # shellcheck disable=SC1091
  . "$testbed/env"
else
  say "Not root: tests on a real store and real hosts are skipped"
fi

./build.sh build
./build.sh package
export IMAGEFABRIC_ENGINE=$root/out/engine/linux-x64/imagefabric IMAGEFABRIC_CACHE=$log/cache

passed=0 failed=0 skipped=0 failures=
for project in tests/*.Tests/*.csproj; do
  name=$(basename "$project" .csproj)
  say "$name, $(date +%T)"
  # The runner's own summary is read, so that a run that died counts as failed; one that hangs is ended, and the test it hangs in named.
  dotnet test "$project" -c Release --no-build --logger "console;verbosity=normal" --blame-hang-timeout 5m --blame-hang-dump-type none >"$log/$name.log" 2>&1 || true
  grep -E '^\s*(Failed|Skipped) ' "$log/$name.log" || true
  counts=$(awk '/^ *Passed: /{p=$2} /^ *Failed: /{f=$2} /^ *Skipped: /{s=$2} /^Total tests: /{t=$3} END{print p+0, f+0, s+0, t+0}' "$log/$name.log")
  read -r p f s t <<<"$counts"
  if [ "$t" = 0 ] || { [ "$f" = 0 ] && ! grep -q '^Test Run Successful' "$log/$name.log"; }; then
    f=$((f + 1))
  fi
  if [ "$f" != 0 ]; then
    cat "$log/$name.log"
    failures+=$(grep -E -A 5 '^\s*Failed ' "$log/$name.log" | sed "s/^ *Failed /$name: /" || true)$'\n'
  fi
  echo "$name: $p passed, $f failed, $s skipped"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done

say "Protocol and Fleet on Mono, in place of .NET Framework, $(date +%T)"
framework=tests/NetFramework/bin/Release/net472
if command -v mono >/dev/null; then
  # One after the other and in the runner's own domain: many tests measure time, and Mono is slow at unloading a domain.
  # Mono, not .NET Framework, keeps a thread of its pool for every process that runs, and adds one a second.
  MONO_THREADS_PER_CPU=50 timeout 300 mono $framework/xunit.console.exe $framework/ImageFabric.NetFramework.dll -noappdomain -parallel none -notrait Mono=differs >"$log/mono.log" 2>&1 || true
  grep -E '\[SKIP\]$' "$log/mono.log" || true
  # A run that died has no such line.
  read -r t e f s < <(sed -nE 's/.* Total: ([0-9]+), Errors: ([0-9]+), Failed: ([0-9]+), Skipped: ([0-9]+),.*/\1 \2 \3 \4/p' "$log/mono.log" | tail -1) || { t=1 e=1 f=0 s=0; }
  f=$((f + e)) p=$((t - f - s))
  [ "$f" = 0 ] || cat "$log/mono.log"
  echo "Mono: $p passed, $f failed, $s skipped"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
else
  framework_tests=$(grep -rhcE '^\s*\[(Linux)?(Fact|Theory)' tests/ImageFabric.Protocol.Tests tests/ImageFabric.Fleet.Tests --include='*.cs' | awk '{n+=$1} END{print n}')
  echo "mono is not on PATH. Skipped, $framework_tests tests of Protocol and Fleet"
  skipped=$((skipped + framework_tests))
fi

say "Pester, $(date +%T)"
pester=$(find tests/ImageFabric.PowerShell.Tests -name '*.Tests.ps1' -exec grep -hoE '^\s*It ' {} + | wc -l)
if command -v pwsh >/dev/null; then
  NO_COLOR=1 pwsh -NoProfile -NonInteractive -File tests/ImageFabric.PowerShell.Tests/Invoke-Tests.ps1 -ModulePath "$root/out/module/ImageFabric" 2>&1 | tee "$log/pester.log" || true
  read -r p f s < <(sed -nE 's/^Pester: ([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped.*/\1 \2 \3/p' "$log/pester.log" | tail -1) || { p=0 f=1 s=0; }
  failures+=$(grep -E '^\[-\] ' "$log/pester.log" || true)
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
else
  echo "pwsh is not on PATH. Skipped, $pester tests of the cmdlets:"
  grep -hE '^\s*It ' -r tests/ImageFabric.PowerShell.Tests --include='*.Tests.ps1' | sed -E "s/^\s*It '([^']*)'.*/  skipped: \1/; s/^\s*It \"([^\"]*)\".*/  skipped: \1/" || true
  skipped=$((skipped + pester))
fi

# Again at the end, since what was printed when they failed is far above.
[ -z "${failures//$'\n'/}" ] || { say "Failed"; grep . <<<"$failures"; }
printf '\n%d passed, %d failed, %d skipped\n' $passed $failed $skipped
[ $failed = 0 ]
