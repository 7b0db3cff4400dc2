# shellcheck shell=bash disable=SC2154
# Sourced by compare.sh: many images, and large ones.

# list_fabric: 1,000 images of 20 versions. The first listing by somebody new to the store reads the bundle that a publisher left, the second has a cache of its own;
# the one without a bundle is that of a store which no publisher has looked at since they came.
list_fabric() {
  local prefix=catalog tree=$B/manifests name version
  export IMAGEFABRIC_STORE=s3://$IMAGEFABRIC_TEST_BUCKET/$prefix IMAGEFABRIC_ENDPOINT=$IMAGEFABRIC_TEST_ENDPOINT
  say "making 20,000 manifests"
  truncate -s 1M "$W/small.raw"
  printf 'a disk of few words' | dd of="$W/small.raw" conv=notrunc status=none
  "$engine" publish "$W/small.raw" --name image --version 0 --json >"$B/output"
  mkdir -p "$tree"
  rclone -q copy "store:$IMAGEFABRIC_TEST_BUCKET/$prefix/images/image" "$tree"
  for name in $(seq -f image%04g 1000); do
    mkdir -p "$tree/all/$name"
    for version in $(seq 20); do printf '%s/%s.json\n' "$name" "$version"; done
  done >"$tree/names"
  # shellcheck disable=SC2016
  awk -v tree="$tree/all" -v template="$(cat "$tree/0.json")" '{
    split($0, part, /[\/.]/)
    manifest = template
    sub(/"name": "[^"]*"/, "\"name\": \"" part[1] "\"", manifest)
    sub(/"version": "[^"]*"/, "\"version\": \"" part[2] "\"", manifest)
    printf "%s", manifest >(tree "/" $0); close(tree "/" $0) }' "$tree/names"
  rclone -q copy --transfers 32 --no-check-dest "$tree/all" "store:$IMAGEFABRIC_TEST_BUCKET/$prefix/images"
  rm -r "$tree"
  measure list imagefabric no-bundle '' env IMAGEFABRIC_CACHE="$B/cache-none" "$engine" list --json
  "$engine" publish "$W/small.raw" --name image --version 1 --json >"$B/output"
  for version in $(seq "$runs"); do
    measure list imagefabric cold '' env IMAGEFABRIC_CACHE="$B/cache-$version" "$engine" list --json
    [ "$(grep -c '"type":"result"' "$B/output")" = 20002 ] || die "not every image is listed"
    measure list imagefabric warm '' env IMAGEFABRIC_CACHE="$B/cache-$version" "$engine" list --json
    [ "$(grep -c '"type":"result"' "$B/output")" = 20002 ] || die "not every image is listed"
  done
}

# large_fabric: disks of 1 TiB with 8, 16, 32 and 64 GiB of data, all of it new to the store.
large_fabric() {
  local size
  export IMAGEFABRIC_ENDPOINT=$IMAGEFABRIC_TEST_ENDPOINT
  dotnet build "$here/SyntheticDisk" -c Release -v quiet >&2
  for size in 8 16 32 64; do
    say "making the disk with $size GiB"
    dotnet "$here/SyntheticDisk/bin/Release/net10.0/SyntheticDisk.dll" "$W/synthetic.qcow2" $size
    export IMAGEFABRIC_STORE=s3://$IMAGEFABRIC_TEST_BUCKET/synthetic-$size
    measure large imagefabric $size '' "$engine" publish "$W/synthetic.qcow2" --name synthetic --version $size --json
    rm "$W/synthetic.qcow2"
  done
}
