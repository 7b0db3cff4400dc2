#!/bin/bash
# swift.sh DIR start|stop: a second S3 dialect beside the testbed's Ceph: OpenStack Swift (proxy, account, container and object server, three
# replicas) with its s3api. Writes DIR/swift/env. Called by up.sh --swift and down.sh; everything lives under DIR/swift.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"
[ $# = 2 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
require_testbed "$1"
W=$T/swift
servers=(proxy object container account)
replicas=3 port=7490 bucket=imagefabric access_key=test:tester secret_key=testing
export PATH=/usr/bin:/usr/sbin:/bin:/sbin   # Debian's own Python, whatever else is on PATH

case $2 in
  start) ;;
  stop)
    for n in "${servers[@]}"; do stop_process "swift-$n" 2; done
    stop_process swift-memcached
    exit 0
    ;;
  *) die "unknown: $2" ;;
esac

answers() { curl -fsS -m 2 -o /dev/null "http://$gateway:$port/healthcheck"; }
if running_pid swift-proxy >/dev/null && [ -e "$W/env" ]; then exit 0; fi
"$here/packages.sh" swift-proxy swift-account swift-container swift-object memcached
for n in "${servers[@]}" memcached; do stop_process "swift-$n" 2; done   # asked first: it ends its workers
rm -rf "$W"
mkdir -p "$W"/{etc,cache}

cat >"$W/etc/swift.conf" <<CONF
[swift-hash]
swift_hash_path_suffix = $(head -c8 /dev/urandom | od -An -tx1 | tr -d ' \n')
swift_hash_path_prefix = testbed
[storage-policy:0]
name = p0
default = yes
CONF
for server in object:7491 container:7492 account:7493; do
  n=${server%:*} p=${server#*:}
  (
    cd "$W/etc"
    swift-ring-builder "$n.builder" create 6 $replicas 0
    for i in $(seq 1 $replicas); do
      mkdir -p "$W/dev/d$i"
      swift-ring-builder "$n.builder" add --region 1 --zone "$i" --ip "$gateway" --port "$p" --device "d$i" --weight 1
    done
    swift-ring-builder "$n.builder" rebalance
  ) >"$T/log/swift-ring-$n.log"
  cat >"$W/etc/$n-server.conf" <<CONF
[DEFAULT]
bind_ip = $gateway
bind_port = $p
swift_dir = $W/etc
devices = $W/dev
mount_check = false
user = $(id -un)
workers = 2
fallocate_reserve = 0
disable_fallocate = true
log_level = WARNING
recon_cache_path = $W/cache
[pipeline:main]
pipeline = $n-server
[app:$n-server]
use = egg:swift#$n
disk_chunk_size = 1048576
network_chunk_size = 1048576
CONF
done
cat >"$W/etc/proxy-server.conf" <<CONF
[DEFAULT]
bind_ip = $gateway
bind_port = $port
swift_dir = $W/etc
user = $(id -un)
workers = 2
log_level = WARNING
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
object_chunk_size = 1048576
client_chunk_size = 1048576
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
s3_acl = false
dns_compliant_bucket_names = true
check_bucket_owner = false
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:cache]
use = egg:swift#memcache
memcache_servers = $gateway:7494
CONF
for f in catch_errors gatekeeper healthcheck listing_formats bulk slo dlo symlink versioned_writes; do
  printf '[filter:%s]\nuse = egg:swift#%s\n' $f $f
done >>"$W/etc/proxy-server.conf"
echo 'allow_object_versioning = true' >>"$W/etc/proxy-server.conf"

start_process swift-memcached memcached -u "$(id -un)" -l "$gateway" -p 7494 -m 16
for n in account container object proxy; do start_process "swift-$n" "swift-$n-server" "$W/etc/$n-server.conf"; done
until_true 60 answers || { tail -3 "$T/log/swift-proxy.log" >&2; die "Swift does not answer"; }
# by Swift's own API: curl takes a colon in an access key for the end of it
make_bucket() {
  local token
  token=$(curl -fsS -m 5 -i -H "X-Auth-User: $access_key" -H "X-Auth-Key: $secret_key" "http://$gateway:$port/auth/v1.0" | tr -d '\r' | sed -n 's/^X-Auth-Token: //Ip')
  curl -fsS -m 5 -o /dev/null -X PUT -H "X-Auth-Token: $token" "http://$gateway:$port/v1/AUTH_test/$bucket"
}
until_true 30 make_bucket || die "the bucket cannot be made: see $T/log/swift-proxy.log"
{
  echo "export IMAGEFABRIC_TEST_SWIFT_ENDPOINT='http://$gateway:$port'"
  echo "export IMAGEFABRIC_TEST_SWIFT_BUCKET='$bucket'"
  echo "export IMAGEFABRIC_TEST_SWIFT_ACCESS_KEY='$access_key'"
  echo "export IMAGEFABRIC_TEST_SWIFT_SECRET_KEY='$secret_key'"
} >"$W/env.new"
mv "$W/env.new" "$W/env"
