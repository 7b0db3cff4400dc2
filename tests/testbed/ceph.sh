#!/bin/bash
# ceph.sh DIR memstore|bluestore: starts the testbed's object store (one monitor, one OSD, RADOS gateway) and makes the bucket.
# Called by up.sh. Everything lives under DIR/ceph; no systemd, no /etc/ceph. With memstore every start begins empty.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"
require_testbed "$1"
objectstore=$2
C=$T/ceph
export CEPH_CONF=$C/ceph.conf
access_key=TESTBEDACCESS secret_key=testbed-secret bucket=imagefabric
tls=''; [ ! -e "$T/tls/server.pem" ] || tls=" ssl_endpoint=$gateway:7443 ssl_certificate=$T/tls/server.pem ssl_private_key=$T/tls/server.key"

if [ -e "$C/ready" ] && running_pid mon >/dev/null && running_pid osd >/dev/null; then
  # a testbed that began without TLS gets it with a new gateway; its data stays
  if [ -n "$tls" ] && [ ! -e "$C/has-tls" ]; then
    stop_process gateway
    sed -i "s|^\(rgw frontends = .*\) tcp_nodelay=1|\1$tls tcp_nodelay=1|" "$C/ceph.conf"
    touch "$C/has-tls"
  fi
  "$here/gateway.sh" "$T" start
  exit 0
fi
for p in gateway osd mgr mon; do stop_process $p; done
if [ -e "$C/ready" ] && grep -q "objectstore = $objectstore" "$C/ceph.conf" && [ "$objectstore" = bluestore ]; then new=''
else new=1; rm -rf "$C"; fi

mkdir -p "$C"/{mon,mgr,osd,rgw,log} "$run"
[ -z "$new" ] || cat /proc/sys/kernel/random/uuid >"$C/fsid"
[ -z "$tls" ] || touch "$C/has-tls"
monitor="[v2:$gateway:3300,v1:$gateway:6789]"
cat >"$C/ceph.conf" <<CONF
[global]
fsid = $(<"$C/fsid")
mon host = $monitor
mon initial members = a
ms bind ipv6 = false
public addr = $gateway
cluster addr = $gateway
# socket paths are limited to 107 characters, so not under DIR
run dir = $run
admin socket = $run/\$name.asok
pid file = $run/\$name.pid
log file = $C/log/\$name.log
mon cluster log file = $C/log/cluster.log
mon data = $C/mon
mgr data = $C/mgr
osd data = $C/osd
rgw data = $C/rgw
keyring = $C/keyring
crash dir = $C/log
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 500
# pool creation otherwise waits a second per step: 2 s instead of 15 s to the first answer
paxos propose interval = 0.05
paxos min wait = 0.01
# a disk that is nearly full is no reason to refuse a test
mon data avail warn = 1
mon data avail crit = 1
mon osd full ratio = 0.97
mon osd nearfull ratio = 0.95
mon osd backfillfull ratio = 0.96
auth allow insecure global id reclaim = false
debug default = 0
[mon]
mon allow pool delete = true
[osd]
osd op num shards = 2
osd objectstore = $objectstore
memstore device bytes = $((20 << 30))
bluestore block size = $((40 << 30))
bluestore block db create = false
bluestore block wal create = false
bluestore cache autotune = false
bluestore cache size = $((128 << 20))
[client.rgw.a]
# without tcp_nodelay a small request on a kept connection takes 44 ms
rgw frontends = beast endpoint=$gateway:7480$tls tcp_nodelay=1
rgw enable usage log = false
rgw gc obj min wait = 5
rgw gc processor period = 10
rgw gc processor max time = 60
CONF

# Every key goes into one file that the monitor imports, so no "ceph auth" round trips are needed.
# (auth = none makes radosgw retry for 75 s at its start.)
new_key() { ceph-authtool "$C/keyring" -g -n "$@" >/dev/null; }
if [ -n "$new" ]; then
  ceph-authtool -C "$C/keyring" >/dev/null
  new_key mon. --cap mon 'allow *'
  new_key client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *' --cap mds 'allow *'
  new_key mgr.x --cap mon 'allow profile mgr' --cap osd 'allow *' --cap mds 'allow *'
  new_key client.rgw.a --cap mon 'allow rw' --cap osd 'allow rwx' --cap mgr 'allow rw'
  new_key osd.0 --cap mon 'allow profile osd' --cap mgr 'allow profile osd' --cap osd 'allow *'
  monmaptool --create --clobber --fsid "$(<"$C/fsid")" --addv a "$monitor" "$C/monmap" >/dev/null
  ceph-mon -i a --mkfs --monmap "$C/monmap" --keyring "$C/keyring" >"$C/log/mon-mkfs.out" 2>&1
fi
start_process mon ceph-mon -i a -f
ceph --connect-timeout 30 mon stat >/dev/null
start_process mgr ceph-mgr -i x -f
if [ -n "$new" ]; then
  uuid=$(</proc/sys/kernel/random/uuid)
  ceph osd new "$uuid" 0 >/dev/null
  ceph-osd -i 0 --mkfs --osd-uuid "$uuid" >"$C/log/osd-mkfs.out" 2>&1
else
  ceph osd down all >/dev/null 2>&1   # the map still calls the last run's process up
fi
start_process osd ceph-osd -i 0 -f
osd_up() { ceph osd stat -f json | grep -q '"num_up_osds":1'; }
until_true 30 osd_up || die "the OSD does not come up: see $C/log"
"$here/gateway.sh" "$T" start

if [ -n "$new" ]; then
  radosgw-admin user create --uid=testbed --display-name=testbed --access-key=$access_key --secret-key=$secret_key >"$C/log/user.out" 2>&1
  until_true 10 curl -fsS -X PUT --aws-sigv4 aws:amz:us-east-1:s3 -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' --user $access_key:$secret_key "http://$gateway:7480/$bucket" ||
    die "the bucket cannot be made: see $C/log"
  printf 'access_key=%s\nsecret_key=%s\n' $access_key $secret_key >"$C/keys"
  touch "$C/ready"
fi
