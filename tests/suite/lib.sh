# shellcheck shell=bash
# Sourced by run-all.sh and clean.sh: how processes of a run are known and ended.
#
# Every process of a run has IMAGEFABRIC_TEST_PART=RUN#PART in its environment, which also those inherit that leave their parent and their session.

# marked RUN [PART]: ids of the living processes of a run, or of one of its parts; never this shell's own, nor that of the script that started it.
marked() {
  local file pid first
  # Processes end while they are looked at; those that have ended and are not waited for yet have no command line.
  { grep -lzs -- "^IMAGEFABRIC_TEST_PART=$1#${2:-}${2:+\$}" /proc/[0-9]*/environ || true; } 2>/dev/null | while IFS= read -r file; do
    pid=${file#/proc/} pid=${pid%/environ}
    case $pid in "$BASHPID" | "$$" | "$PPID") continue ;; esac
    { IFS= read -rd '' first <"/proc/$pid/cmdline"; } 2>/dev/null && [ -n "$first" ] && echo "$pid"
  done
}

# end_marked RUN [PART]: kills them, and those that they start meanwhile.
end_marked() {
  local pids
  for _ in {1..100}; do
    pids=$(marked "$@")
    [ -n "$pids" ] || return 0
    # shellcheck disable=SC2086
    kill -KILL $pids 2>/dev/null || true
    sleep .05
  done
  return 1
}

# start_time PID: with the id it names one process for ever.
start_time() {
  local stat
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  echo "${20}"
}
