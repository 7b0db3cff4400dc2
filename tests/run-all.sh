#!/bin/bash
# run-all.sh [-j N] [PART...]: every test there is, or those of some parts, N parts at a time (1), with the packages and servers they need. Ends with
# "N passed, N failed, N skipped". Without root the tests on real stores and hosts are skipped, and said so. What a part is, and costs: README.md.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")

cd "$root"
# shellcheck source=tests/suite/lib.sh
. tests/suite/lib.sh

# ---- the run begins anew as a process that is known as its own, and that has signals as usual: a shell's background job, and nohup, start with some
# ignored, bash cannot undo that, and the programs under test would inherit it.
if [ -z "${IMAGEFABRIC_TEST_SUITE:-}" ]; then
  temporary=$(readlink -f "${TMPDIR:-/tmp}")
  for old in "$temporary"/imagefabric-suite.*; do
    # What a killed run leaves is removed by its watchdog, or, where that was killed too, here.
    { read -r pid started <"$old/runner"; } 2>/dev/null || continue
    [ "$(start_time "$pid" || true)" = "$started" ] || tests/suite/clean.sh "$old"
  done
  run=$(mktemp -d "$temporary/imagefabric-suite.XXXXXX")
  echo "$$ $(start_time $$)" >"$run/runner"
  setsid tests/suite/clean.sh "$run" $$ </dev/null >/dev/null 2>&1 &
  signals=() ignored=$(trap -p | sed -n "s/^trap -- '' SIG//p" | tr '\n' ' ')
  ! env --default-signal true 2>/dev/null || signals=(--default-signal)
  exec env "${signals[@]}" IMAGEFABRIC_TEST_SUITE="$run" IMAGEFABRIC_TEST_IGNORED=" $ignored" IMAGEFABRIC_TEST_PART="$run#run" "$0" "$@"
fi
run=$IMAGEFABRIC_TEST_SUITE ignored=$IMAGEFABRIC_TEST_IGNORED
unset IMAGEFABRIC_TEST_SUITE IMAGEFABRIC_TEST_IGNORED
cleanup() {
  local status=$?
  trap '' INT TERM HUP
  env -u IMAGEFABRIC_TEST_PART tests/suite/clean.sh "$run" || true
  exit $status
}
trap cleanup EXIT
for signal in INT TERM HUP; do
  # What was ignored when this was started does not end it.
  case $ignored in *" $signal "*) trap : $signal ;; *) trap 'exit 130' $signal ;; esac
done
mkdir "$run/tmp" "$run/log" "$run/result" "$run/locks" "$run/ready"
export TMPDIR=$run/tmp
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
# Killed programs would leave the files that debuggers find them by.
export DOTNET_EnableDiagnostics=0 POWERSHELL_DIAGNOSTICS_OPTOUT=1 POWERSHELL_TELEMETRY_OPTOUT=1 POWERSHELL_UPDATECHECK=Off
workers=1 only=()
while [ $# -gt 0 ]; do
  case $1 in
    -j) [[ ${2:-} =~ ^[1-9][0-9]?$ ]] || { echo "run-all.sh: -j takes a number from 1 to 99" >&2; exit 2; }; workers=$2; shift ;;
    -*) sed -n '2,3s/^# //p' "$0" >&2; exit 2 ;;
    *) only+=("$1") ;;
  esac
  shift
done

say() { printf '\n== %s, %s\n' "$*" "$(date +%T)"; }

# In the background and waited for: a signal ends this script at once, not when the command has ended.
attended() { "$@" & wait $!; }

# ---- one part of the suite
# tests_of NAME SECONDS COUNT COMMAND...: runs it with its own directory for temporary files; COUNT reads its log and prints "passed failed skipped".
# It fails also by running too long, and by leaving a process, which may hold a port, or a file.
tests_of() {
  local name=$1 limit=$2 count=$3 log=$run/log/$1.log place status=0 p f s t begun=$SECONDS user kernel left
  shift 3
  # Short, since there are sockets in it.
  place=$(mktemp -d "$run/tmp/XXX")
  TIMEFORMAT='%U %S'
  { time IMAGEFABRIC_TEST_PART="$run#$name" TMPDIR=$place IMAGEFABRIC_CACHE=$place.cache \
    setsid --wait timeout --kill-after=5 "$limit" "$@" >"$log" 2>&1 </dev/null || status=$?; } 2>"$run/result/$name.time" || true
  read -r p f s t < <($count "$log")
  left=$(leftovers "$name" "$place")
  {
    if [ $status = 124 ] || [ $status = 137 ]; then
      echo "Failed $name: it ran longer than $limit s and was ended"
      f=$((f + 1))
    elif [ "$t" = 0 ] || { [ "$f" = 0 ] && [ $status != 0 ]; }; then
      echo "Failed $name: it ended with exit code $status"
      f=$((f + 1))
    fi
    [ -z "$left" ] || { echo "$left"; f=$((f + $(wc -l <<<"$left"))); }
  } >"$run/result/$name.failures"
  echo "$p $f $s" >"$run/result/$name"
  read -r user kernel < <(tail -1 "$run/result/$name.time") || true
  (
    flock 8
    [ "$f" = 0 ] || cat "$log"
    grep -hE '^ *(Skipped|\[!\]) ' "$log" || true
    cat "$run/result/$name.failures"
    echo "$name: $p passed, $f failed, $s skipped; $((SECONDS - begun)) s, of a processor $((${user%.*} + ${kernel%.*})) s"
  ) 8>"$run/locks/output"
}

# leftovers PART DIRECTORY: a line for each, and none of them is there afterwards.
leftovers() {
  local pid ports file
  # What was told to end may need a moment for it.
  for _ in {1..20}; do [ -n "$(marked "$run" "$1")" ] || break; sleep .1; done
  for pid in $(marked "$run" "$1"); do
    ports=$(ss -Hltnp 2>/dev/null | awk -v pid="pid=$pid," 'index($0, pid) {print $4}' | tr '\n' ' ') || true
    echo "Failed $1: it left a process behind: $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | cut -c1-200)${ports:+, which listens at $ports}"
  done
  end_marked "$run" "$1" || true
  for file in "$2"/* "$2"/.[!.]*; do
    [ ! -e "$file" ] && [ ! -L "$file" ] || echo "Failed $1: it left a file behind: ${file##*/}"
  done
  rm -rf --one-file-system "$2" "$2.cache" || true
}

# The runner's own summary is read, so that a run that died counts as failed.
count_dotnet() { awk '/^ *Passed: /{p=$2} /^ *Failed: /{f=$2} /^ *Skipped: /{s=$2} /^Total tests: /{t=$3} END{print p+0, f+0, s+0, t+0}' "$1"; }
count_mono() { sed -nE 's/.* Total: ([0-9]+), Errors: ([0-9]+), Failed: ([0-9]+), Skipped: ([0-9]+),.*/\1 \2 \3 \4/p' "$1" | awk '{t=$1; f=$2+$3; s=$4} END{print t-f-s, f+0, s+0, t+0}'; }
count_pester() { sed -nE 's/^Pester: ([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped.*/\1 \2 \3/p' "$1" | awk '{p=$1; f=$2; s=$3} END{print p+0, f+0, s+0, p+f+s}'; }

# A test that hangs is ended by the runner, and named.
dotnet_tests() {   # NAME SECONDS PROJECT [ARGUMENT...]
  local name=$1 limit=$2 program=tests/ImageFabric.$3.Tests/bin/Release/net10.0/ImageFabric.$3.Tests.dll
  shift 3
  tests_of "$name" "$limit" count_dotnet dotnet test "$program" --logger 'console;verbosity=normal' \
    --blame-hang-timeout 5m --blame-hang-dump-type none --results-directory "$run/results/$name" "$@"
}

mono_tests() {
  # One after the other and in the runner's own domain: many tests measure time, and Mono is slow at unloading a domain.
  # Mono, not .NET Framework, keeps a thread of its pool for every process that runs, and adds one a second.
  local framework=tests/NetFramework/bin/Release/net472
  MONO_THREADS_PER_CPU=50 tests_of Mono 900 count_mono mono $framework/xunit.console.exe $framework/ImageFabric.NetFramework.dll -noappdomain -parallel none -notrait Mono=differs
}

pester_tests() {   # NAME FILE,...
  NO_COLOR=1 tests_of "$1" 1800 count_pester \
    pwsh -NoProfile -NonInteractive -File tests/ImageFabric.PowerShell.Tests/Invoke-Tests.ps1 -ModulePath "$root/out/module/ImageFabric" -Name "$2"
}

# ---- the queue: NAME RESOURCE NEEDS COMMAND, with - for none. Parts with the same resource run one after the other, others side by side; the longest are first.
# NEEDS are files in ready/, with commas between them; they say "ok" or "failed".
queue=$run/queue
# The engine's tests take hosts and the gateway away from each other, and have a testbed for that; what only needs a store shares the other one.
engine_alone='FullyQualifiedName~.Engine.Tests.Hosts.|FullyQualifiedName~.Engine.Tests.Windows.|FullyQualifiedName~.Engine.Tests.Faults.'
engine_rest='FullyQualifiedName!~.Engine.Tests.Hosts.&FullyQualifiedName!~.Engine.Tests.Windows.&FullyQualifiedName!~.Engine.Tests.Faults.'
uses_hosts() { grep -qE 'IMAGEFABRIC_TEST_(HOST|WINDOWS|SSH|ENDPOINT)' "tests/ImageFabric.PowerShell.Tests/$1.Tests.ps1"; }
enqueue() { [ ${#only[@]} -gt 0 ] && [[ " ${only[*]} " != *" $1 "* ]] || echo "$*" >>"$queue"; }
fill_queue() {
  local file played=()
  : >"$queue"
  enqueue Engine.Hosts engine-hosts module,testbed1 dotnet_tests Engine.Hosts 3000 Engine --filter "$engine_alone"
  for file in "${pester[@]}"; do
    if uses_hosts "$file"; then enqueue "Pester.$file" pester-hosts module,testbed2 pester_tests "Pester.$file" "$file"; else played+=("$file"); fi
  done
  enqueue Engine.Local - module,testbed2 dotnet_tests Engine.Local 1800 Engine --filter "$engine_rest"
  enqueue Store - testbed2 dotnet_tests Store 1800 Store
  enqueue Pester.Local - module pester_tests Pester.Local "$(IFS=,; echo "${played[*]}")"
  enqueue Disks - packages dotnet_tests Disks 1200 Disks
  enqueue Fleet - packages dotnet_tests Fleet 1200 Fleet
  [ "$(id -u)" != 0 ] && ! command -v mono >/dev/null || enqueue Mono - packages mono_tests
  enqueue Hypervisors - packages dotnet_tests Hypervisors 1200 Hypervisors
  enqueue Protocol - - dotnet_tests Protocol 300 Protocol
}
# Whether a part needs that.
needed() { grep -qE "^[^ ]+ [^ ]+ ([^ ]+,)?($1)[, ]" "$run/parts"; }

# Prints the next part whose resource is free and whose needs are met, takes both, and keeps the others; or "wait" where needs are not met yet.
take() (
  flock 8
  waiting=''
  mapfile -t parts <"$queue"
  for i in "${!parts[@]}"; do
    read -r name resource needs command <<<"${parts[i]}"
    case $(state_of "$needs") in
      *failed*) continue ;;
      *pending*) waiting=wait; continue ;;
    esac
    if [ "$resource" = - ] || mkdir "$run/locks/of-$resource" 2>/dev/null; then
      unset "parts[i]"
      [ ${#parts[@]} = 0 ] || printf '%s\n' "${parts[@]}" >"$queue.new"
      [ ${#parts[@]} != 0 ] || : >"$queue.new"
      mv "$queue.new" "$queue"
      echo "$name $resource $needs $command"
      return
    fi
  done
  echo "$waiting"
) 8>"$run/locks/queue"

state_of() {   # NEEDS
  local need
  [ "$1" != - ] || return 0
  for need in ${1//,/ }; do cat "$run/ready/$need" 2>/dev/null || echo pending; done
}

# Ends when all that is left waits for a resource: who has that takes them too.
worker() {
  local name resource needs command
  trap - EXIT
  while read -r name resource needs command < <(take) && [ -n "$name" ]; do
    [ "$name" != wait ] || { sleep .5; continue; }
    # shellcheck disable=SC1090,SC2086
    (
      case $needs in *testbed*) bed=$run/${needs##*,} ;; *) bed='' ;; esac
      [ -z "$bed" ] || [ ! -e "$bed/env" ] || . "$bed/env"
      $command
    )
    [ "$resource" = - ] || rmdir "$run/locks/of-$resource"
  done
}

# Whole or not at all, since workers look at any time.
ready() { echo "$2" >"$run/ready/.$1" && mv "$run/ready/.$1" "$run/ready/$1"; }

# prepare NAME COMMAND...: what parts need, once; what it says is shown when it fails.
prepare() {
  local name=$1 begun=$SECONDS
  shift
  if "$@" >"$run/log/$name.prepare" 2>&1; then
    echo "$name: ready after $((SECONDS - begun)) s"
    ready "$name" ok
  else
    cat "$run/log/$name.prepare"
    echo "Failed: $name cannot be made ready; the parts that need it are not run"
    ready "$name" failed
    return 1
  fi
}

# ---- what the tests need, made beside the build and beside the first tests
install() {
  tests/testbed/packages.sh &&
    # the peers that tests hold the product against: other readers of ISO images and domain XML, other login shells; and Mono
    tests/testbed/packages.sh qemu-utils xfsprogs nginx-light genisoimage xorriso libarchive-tools libxml2-utils zsh fish tcsh mono-devel
}
prepare_servers() {
  trap 'for need in packages testbed1 testbed2; do [ -e "$run/ready/$need" ] || ready $need failed; done' EXIT
  if [ "$(id -u)" != 0 ]; then
    echo "Not root: tests on a real store and real hosts are skipped"
    for need in packages testbed1 testbed2; do ready $need ok; done
    return
  fi
  ! needed 'packages|testbed[12]' || prepare packages install
  # One after the other, since the first may have to make what they share.
  for n in 1 2; do
    ! needed "testbed$n" || prepare "testbed$n" tests/testbed/up.sh "$run/testbed$n" --hosts 3 --swift --windows || true
  done
}
pester=(tests/ImageFabric.PowerShell.Tests/*.Tests.ps1) pester=("${pester[@]##*/}") pester=("${pester[@]%.Tests.ps1}")
# shellcheck source=tests/powershell.sh
. tests/powershell.sh
fill_queue
cp "$queue" "$run/parts"

say "Building; installing packages and starting two testbeds beside it, each a Ceph with its S3 gateway, OpenStack Swift, three KVM hosts, two Windows hosts"
prepare_servers & preparing=$!
attended ./build.sh build

# ---- the tests
say "Testing"
export IMAGEFABRIC_ENGINE=$root/out/engine/linux-x64/imagefabric
running=()
for _ in $(seq "$workers"); do worker & running+=($!); done
! needed module || { prepare module ./build.sh package & wait $! || true; }
for one in "${running[@]}"; do wait "$one" || echo "Failed: a worker ended with exit code $?"; done
wait $preparing || true

passed=0 failed=0 skipped=0
for result in "$run"/result/*.failures; do
  read -r p f s <"${result%.failures}"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
# A part that has no result: its worker died.
while read -r name _; do [ -z "$name" ] || { echo "Failed $name: it was not run"; failed=$((failed + 1)); }; done <"$queue"

if [ ${#only[@]} = 0 ] && ! grep -q '^Mono ' "$run/parts"; then
  tests=$(grep -rhcE '^\s*\[(Linux)?(Fact|Theory)' tests/ImageFabric.Protocol.Tests tests/ImageFabric.Fleet.Tests --include='*.cs' | awk '{n+=$1} END{print n}')
  echo "mono is not on PATH. Skipped, $tests tests of Protocol and Fleet"
  skipped=$((skipped + tests))
fi
# Again at the end, since what was printed when they failed is far above.
if [ $failed != 0 ]; then
  say "Failed"
  for result in "$run"/result/*.failures; do
    name=${result##*/} name=${name%.failures}
    cat "$result"
    grep -hE -A 5 '^ *(Failed |\[-\] )' "$run/log/$name.log" | sed "s/^ *\(Failed \|\[-\] \)/$name: /" || true
  done
fi
printf '\n%d passed, %d failed, %d skipped\n' $passed $failed $skipped
[ $failed = 0 ]
