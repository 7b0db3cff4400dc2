#!/bin/bash
# gateway.sh DIR stop|start|pause|resume: the object store's front door alone; what is stored stays.
# stop: connections are refused. pause: they are accepted and nothing answers.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"
[ $# = 2 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
require_testbed "$1"
C=$T/ceph
case $2 in
  start)
    running_pid gateway >/dev/null || CEPH_CONF=$C/ceph.conf start_process gateway radosgw -n client.rgw.a -f
    until_true 60 curl -fsS -m 2 -o /dev/null "http://$gateway:7480/" || { tail -3 "$C/log/client.rgw.a.log" "$T/log/gateway.log" >&2; die "the gateway does not answer"; }
    ;;
  stop) stop_process gateway ;;
  pause) kill -STOP "$(running_pid gateway || die "the gateway does not run")" ;;
  resume) kill -CONT "$(running_pid gateway || die "the gateway does not run")" ;;
  *) die "unknown: $2" ;;
esac
