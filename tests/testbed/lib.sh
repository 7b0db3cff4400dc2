# shellcheck shell=bash disable=SC2034
# Sourced by the scripts beside it: where a testbed keeps things, and how processes are started and ended.
#
# A testbed lives under its directory T:
#   slot         its number; address range, bridge and namespaces follow from it
#   pids/NAME    "PID START-TIME" of every process that was started
#   log/         what those processes said
#   hosts/kvmNN/ disk.xfs and keys of a host; root -> its root file system, seen from outside, while it runs
#   ceph/ ssh/ tls/ env

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
registry=/run/imagefabric-testbed
# What these scripts start belongs to the testbed, not to the part of a test run that powers a host off and on.
[ -z "${IMAGEFABRIC_TEST_PART:-}" ] || export IMAGEFABRIC_TEST_PART="${IMAGEFABRIC_TEST_PART%#*}#testbed"
cache=${IMAGEFABRIC_TESTBED_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/imagefabric-testbed}

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

# Sets T to the testbed's absolute directory.
use_directory() {
  T=$(readlink -m "$1")
  case $T in *[[:space:]\'\"]*) die "the directory's name may not hold blanks or quotes: $T" ;; esac
}

# Sets what follows from the testbed's number.
load_slot() {
  slot=$(<"$T/slot")
  subnet=${IMAGEFABRIC_TESTBED_NET:-10.77}.$slot
  bridge=ifab$slot
  gateway=$subnet.1
  run=$registry/$slot.run
}

require_testbed() {
  use_directory "$1"
  [ -e "$T/slot" ] || die "no testbed in $T"
  load_slot
}

# One script, with those it calls, works on a testbed at a time. What stays running must not hold the lock: start it with 9>&-.
lock_testbed() { exec 9>"$T/lock"; flock 9; }

# ---- hosts

host_index() { [[ $1 =~ ^(kvm|win)([0-9]{2})$ ]] || die "not a host name: $1"; echo $((10#${BASH_REMATCH[2]})); }
host_address() { case $1 in win*) echo "$subnet.$((150 + $(host_index "$1")))" ;; *) echo "$subnet.$((10 + $(host_index "$1")))" ;; esac; }
host_namespace() { echo "$bridge-$1"; }
host_link() { case $1 in win*) echo "${bridge}w${1#win}" ;; *) echo "${bridge}v${1#kvm}" ;; esac; }
ssh_to() { ssh -F "$T/ssh/config" -o BatchMode=yes -o ConnectTimeout=2 "$@"; }

# ---- processes

# Field 22 of /proc/PID/stat: with the PID it names one process for ever.
process_start_time() {
  local stat
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  [ "$1" != Z ] || return 1
  echo "${20}"
}

# Prints the PID of the recorded process NAME while it runs.
running_pid() {
  local pid started
  { read -r pid started <"$T/pids/$1"; } 2>/dev/null || return 1
  [ "$(process_start_time "$pid")" = "$started" ] && echo "$pid"
}

# start_process NAME COMMAND...: in a session of its own, output to log/NAME.log.
# The child records itself before it becomes COMMAND, so it is never running and unrecorded.
start_process() {
  local name=$1; shift
  mkdir -p "$T/pids" "$T/log"
  rm -f "$T/pids/$name"
  setsid "$here/run-recorded.sh" "$T/pids/$name" "$@" >>"$T/log/$name.log" 2>&1 </dev/null 9>&- &
  until_true 10 test -s "$T/pids/$name" || die "$name did not start: see $T/log/$name.log"
}

# stop_process NAME [SECONDS]: with SECONDS it is asked to leave and given that long; then, or at once, killed.
stop_process() {
  local pid
  if pid=$(running_pid "$1"); then
    if [ "${2:-0}" -gt 0 ]; then
      kill -TERM "$pid" 2>/dev/null || true
      until_true "$2" process_gone "$1" || true
    fi
    if running_pid "$1" >/dev/null; then kill -KILL "$pid" 2>/dev/null || true; fi
    until_true 20 process_gone "$1" || die "$1 (process $pid) does not end"
  fi
  rm -f "$T/pids/$1"
}

process_gone() { ! running_pid "$1" >/dev/null; }

# until_true SECONDS COMMAND...: repeats it ten times a second.
until_true() {
  local n=$(($1 * 10)); shift
  while ! "$@" >/dev/null 2>&1; do
    n=$((n - 1)); [ $n -gt 0 ] || return 1
    sleep .1
  done
}
