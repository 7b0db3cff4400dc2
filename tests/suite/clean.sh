#!/bin/bash
# clean.sh RUN [RUNNER]: ends the processes of a test run, unmounts what they mounted and removes its directory. With the runner's process id it waits for
# its end first: so a run that is killed leaves nothing. Safe to repeat.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/suite/lib.sh
. "$here/lib.sh"
run=$1
[ $# = 1 ] || tail --pid="$2" -f /dev/null
[ -e "$run/runner" ] || exit 0
trap '' INT TERM HUP
exec 9>"$run/cleaning"
flock 9
[ -e "$run/runner" ] || exit 0

end_marked "$run" || echo "clean.sh: processes of $run do not end" >&2
for testbed in "$run"/testbed*; do
  [ ! -d "$testbed" ] || "$here/../testbed/down.sh" "$testbed" -r 9>&- || true
done
# The inner ones first.
awk -v run="$run/" 'index($5, run) == 1 {print $5}' /proc/self/mountinfo | tac | while IFS= read -r place; do umount -l "$place" || true; done
rm -rf --one-file-system "$run"
