# shellcheck shell=bash disable=SC2154
# Sourced by compare.sh: pulls beside what one would do without such a tool. Copies by rclone, and updates by rsync and casync, all over the client's one link.

serve_pulls() {
  mkdir -p "$B/served"
  gateway=${IMAGEFABRIC_TEST_ENDPOINT#http://} gateway=${gateway%:*}
  cat >"$B/rsyncd.conf" <<CONF
address = $gateway
port = 7873
use chroot = no
pid file = $B/rsyncd.pid
[disks]
path = $W
read only = yes
uid = root
gid = root
CONF
  rsync --daemon --config="$B/rsyncd.conf"
  cat >"$B/nginx.conf" <<CONF
user root;
pid $B/nginx.pid;
error_log $B/nginx.log;
events {}
http { access_log off; server { listen $gateway:7874; root $B/served; } }
CONF
  nginx -c "$B/nginx.conf" -p "$B" -e "$B/nginx.log"
}

stop_serving_pulls() {
  local pid
  for pid in "$B/rsyncd.pid" "$B/nginx.pid"; do [ ! -e "$pid" ] || kill "$(<"$pid")" 2>/dev/null || true; done
}

# pulls_all: cold pulls of v1; then v2 and v3 where v1 is there.
pulls_all() {
  local version original prefix=pulls-$1
  export IMAGEFABRIC_STORE=s3://$IMAGEFABRIC_TEST_BUCKET/$prefix IMAGEFABRIC_ENDPOINT=$IMAGEFABRIC_TEST_ENDPOINT
  local -a delta
  say "putting three versions where each tool takes them from"
  for version in 1 2 3; do
    original=v$version delta=()
    [ $version = 1 ] || delta=(--delta-from 1)
    "$engine" publish "${!original}" --name debian --version $version "${delta[@]}" --json >"$B/output"
    [ $version = 1 ] || casync make --store="$B/served/chunks" "$B/served/v$version.caibx" "${!original}" >"$B/output"   # v1 is the seed only
  done
  rclone copyto "$v1" "store:$IMAGEFABRIC_TEST_BUCKET/$prefix/copy/v1.raw"
  zstd -q -3 -T0 "$v1" -o "$W/v1.zst"
  rclone copyto "$W/v1.zst" "store:$IMAGEFABRIC_TEST_BUCKET/$prefix/copy/v1.zst"
  rm "$W/v1.zst"

  measure pulls imagefabric cold "$W/one.raw" "$engine" pull debian:1 --output "$W/one.raw" --json
  verify "$v1" "$W/one.raw"
  rm "$W/one.raw"
  measure pulls rclone-raw cold "$W/one.raw" rclone copyto "store:$IMAGEFABRIC_TEST_BUCKET/$prefix/copy/v1.raw" "$W/one.raw"
  rm "$W/one.raw"
  # shellcheck disable=SC2016
  measure pulls rclone-zstd cold "$W/one.raw" bash -c 'rclone copyto "$1" "$2.zst" && zstd -q -d --sparse --rm "$2.zst" -o "$2"' \
    pull "store:$IMAGEFABRIC_TEST_BUCKET/$prefix/copy/v1.zst" "$W/one.raw"
  verify "$v1" "$W/one.raw"
  rm "$W/one.raw"

  for version in 2 3; do
    original=v$version
    forget "$v1"
    measure pulls imagefabric update-v$version "$W/new.raw" "$engine" pull debian:$version --output "$W/new.raw" --seed "$v1" --json
    verify "${!original}" "$W/new.raw"
    rm "$W/new.raw"
    cp --reflink=always "$v1" "$W/new.raw"; forget "$W/new.raw" "$v1" "${!original}"
    measure pulls rsync update-v$version "$W/new.raw" rsync --inplace --compress --no-whole-file "rsync://$gateway:7873/disks/v$version.raw" "$W/new.raw"
    verify "${!original}" "$W/new.raw"
    rm "$W/new.raw"
    forget "$v1"
    # The index comes by itself: while casync 2 reads the seed, its own download of it breaks off, and it never ends (systemd/casync, issue 112).
    # shellcheck disable=SC2016
    measure pulls casync update-v$version "$W/new.raw" bash -c 'curl -fsS -o "$3.caibx" "$1/v$4.caibx" && casync extract --store="$1/chunks" --seed="$2" "$3.caibx" "$3" && rm "$3.caibx"' \
      pull "http://$gateway:7874" "$v1" "$W/new.raw" $version
    verify "${!original}" "$W/new.raw"
    rm "$W/new.raw"
  done
}

pulls_table() {
  awk '
    $1 == "pulls" { key = $3 SUBSEP $2; if (!(key in seconds) || $4 < seconds[key]) seconds[key] = $4; fetched[key] = $8 / 1e6 }
    function row(label, step, peer, goal_time, goal_bytes) {
      printf "| %s | %.1f | %.1f | %.2f | %s | %.1f | %.1f | %.2f | %s |\n", label, seconds[step, "imagefabric"], seconds[step, peer],
        seconds[step, "imagefabric"] / seconds[step, peer], goal_time, fetched[step, "imagefabric"], fetched[step, peer], fetched[step, "imagefabric"] / fetched[step, peer], goal_bytes
    }
    END {
      print "| | imagefabric, s | peer, s | ratio | goal | imagefabric, MB | peer, MB | ratio | goal |"
      print "| --- | --: | --: | --: | --: | --: | --: | --: | --: |"
      row("v1, nothing there; `rclone copyto` of the raw disk", "cold", "rclone-raw", "0.67", "")
      row("the same; `rclone copyto` of it with zstd, then decompressed", "cold", "rclone-zstd", "1.2", "")
      row("v1 to v2; `rsync --inplace --compress`", "update-v2", "rsync", "0.5", "0.5")
      row("v1 to v2; `casync extract --seed`", "update-v2", "casync", "0.5", "0.5")
      row("v1 to v3; `rsync --inplace --compress`", "update-v3", "rsync", "0.5", "0.5")
      row("v1 to v3; `casync extract --seed`", "update-v3", "casync", "0.5", "0.5")
    }' "$results"
}
