#!/bin/bash
# mk-large.sh FILE: makes a raw image of 20 GiB that holds 4 GiB of data in 128 scattered pieces, half of it random, half of it like text.
# The same bytes every time; sparse; a minute.
set -euo pipefail
[ $# = 1 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
piece=32 pieces=128 slots=640   # MiB; slots * piece = 20 GiB

text() {
  awk 'function next_number(n) { seed = (seed * 16807) % 2147483647; return seed % n }
    BEGIN {
      seed = 1
      split("accepted refused closed timeout retry started stopped reloaded", event)
      while (1)
        printf "2026-01-%02d %02d:%02d:%02d host%03d service[%d]: connection %s from 10.%d.%d.%d port %d user=%08x bytes=%d\n", 1 + next_number(31),
          next_number(24), next_number(60), next_number(60), next_number(200), next_number(65536), event[1 + next_number(8)],
          next_number(256), next_number(256), next_number(256), next_number(65536), next_number(2147483647), next_number(1000000)
    }'
}
random() { openssl enc -aes-128-ctr -nosalt -K 01 -iv 00 </dev/zero; }

rm -f "$1"
truncate -s $((slots * piece))M "$1"
exec 3< <(random 2>/dev/null) 4< <(text 2>/dev/null)
for ((n = 0; n < pieces; n++)); do
  slot=$(((n * 197 + 13) % slots))   # 197 and 640 have no common factor: every slot at most once
  dd of="$1" bs=1M count=$piece seek=$((slot * piece)) iflag=fullblock conv=notrunc status=none <&$((3 + n % 2))
done
