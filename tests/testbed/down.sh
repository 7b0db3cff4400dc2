#!/bin/bash
# down.sh DIR [-r]: stops every process of the testbed in DIR and removes its network; -r removes DIR too.
# Safe to repeat, and after a run that crashed.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"
[ $# -ge 1 ] || { say "usage: down.sh DIR [-r]"; exit 2; }
use_directory "$1"
remove=${2:-}
[ -e "$T/slot" ] || [ -e "$T/lock" ] || exit 0
lock_testbed

if [ -e "$T/slot" ]; then
  load_slot
  for f in "$T"/hosts/kvm[0-9][0-9]; do
    [ -d "$f" ] && "$here/host.sh" "$T" stop "${f##*/}"
  done
  for f in "$T"/hosts/win[0-9][0-9]; do
    [ -d "$f" ] && "$here/windows/host.sh" "$T" stop "${f##*/}"
  done
  # the gateway first, so that it does not wait for storage that has gone; with memstore there is nothing to save
  grace=0; [ -n "$remove" ] || ! grep -qs "objectstore = bluestore" "$T/ceph/ceph.conf" || grace=10
  [ ! -e "$T/swift" ] || "$here/swift.sh" "$T" stop
  for p in gateway osd mgr mon; do stop_process $p $grace; done
  for f in "$T"/pids/*; do [ -e "$f" ] && stop_process "${f##*/}"; done
  ip link del "$bridge" 2>/dev/null || true
  rm -rf "$run"
fi
if [ -n "$remove" ]; then
  [ -z "${slot:-}" ] || [ "$(cat "$registry/$slot" 2>/dev/null)" != "$T" ] || rm -f "$registry/$slot"
  # only what up.sh made: DIR may be somebody's own directory
  rm -rf "$T"/{hosts,ceph,swift,ssh,tls,images,pids,log,env,slot,lock}
  rmdir "$T" 2>/dev/null || true
fi
