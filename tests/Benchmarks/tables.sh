# shellcheck shell=bash disable=SC2154
# Sourced by compare.sh: what was measured, as tables. Of several runs the medians.

# section NAME COMMAND...: prints what the command prints, and puts it into the page between <!-- measured: NAME --> and <!-- end -->. A table of which nothing was
# measured stays as it is.
section() {
  local name=$1
  shift
  case $name in machine | goals) ;; *) grep -q "^$name " "$results" || return 0 ;; esac
  "$@" >"$B/section"
  echo; cat "$B/section"
  [ -z "$page" ] || awk -v name="$name" -v file="$B/section" '
    $0 == "<!-- measured: " name " -->" { print; print ""; while ((getline line < file) > 0) print line; print ""; inside = 1; next }
    inside && $0 == "<!-- end -->" { inside = 0 }
    !inside { print }' "$page" >"$B/page" && { [ -z "$page" ] || cat "$B/page" >"$page"; }
}

machine() {
  echo "- $(nproc) cores of $(lscpu | sed -n 's/^Model name: *//p' | head -1), $(awk '/^MemTotal/ {printf "%.0f GiB", $2 / 1048576}' /proc/meminfo) of memory, $(findmnt -no FSTYPE -T "$W"), Linux $(uname -r), $(. /etc/os-release; echo "$PRETTY_NAME")"
  echo "- imagefabric $("$engine" --version | head -1), restic $(restic version | awk '{print $2}'), casync $(casync --version | awk '{print $2; exit}'), rclone $(rclone version | awk '{print $2; exit}'), aws-cli $(aws --version | sed 's,aws-cli/\([^ ]*\).*,\1,'), zstd $(zstd --version | grep -o 'v[0-9.]*'), qemu-img $(qemu-img --version | awk '{print $3; exit}'), Ceph $(ceph --version | awk '{print $3}')"
  echo "- images: v1 holds $(du -m "$v1" | cut -f1) MiB, v2 $(du -m "$v2" | cut -f1) MiB, v3 $(du -m "$v3" | cut -f1) MiB, of $(($(stat -c %s "$v1") >> 30)) GiB each"
  echo "- runs: $runs; load average when a measurement began: $(awk '$9 > 0 {if (min == "" || $9 < min) min = $9; if ($9 > max) max = $9} END {print min " to " max}' "$results")"
}

# medians: "TABLE TOOL STEP seconds cpu-seconds peak-MB sent-MB received-MB", one line for each that was measured.
medians() {
  awk '
    { key = $1 " " $2 " " $3; n = ++count[key]; for (i = 4; i <= 8; i++) value[key, i, n] = $i }
    function median(key, i,   n, j, k, t, list) {
      n = count[key]
      for (j = 1; j <= n; j++) list[j] = value[key, i, j]
      for (j = 2; j <= n; j++) for (k = j; k > 1 && list[k] < list[k - 1]; k--) { t = list[k]; list[k] = list[k - 1]; list[k - 1] = t }
      return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
    }
    END { for (key in count) printf "%s %.3f %.3f %.1f %.6f %.6f\n", key, median(key, 4), median(key, 5), median(key, 6) * 1.024e-3, median(key, 7) / 1e6, median(key, 8) / 1e6 }' "$results"
}

# compare_table TABLE PEER...
compare_table() {
  medians | awk -v table="$1" -v peers="${*:2}" '
    $1 == table { for (i = 4; i <= 8; i++) value[$2, $3, i] = $i; seen[$2, $3] = 1; steps[$3] = 1 }
    function row(label, step, column,   i, ours) {
      ours = value["imagefabric", step, column]
      printf "| %s | %.1f |", label, ours
      for (i = 1; i <= count; i++) {
        if (!seen[peer[i], step]) { printf " | |"; continue }
        printf " %.1f | %s |", value[peer[i], step, column], (value[peer[i], step, column] > 0 ? sprintf("%.2f", ours / value[peer[i], step, column]) : "-")
      }
      print ""
    }
    function step_rows(step, label, verb) {
      if (!(step in steps)) return
      row(label ": time, s", step, 4)
      row("CPU time, s", step, 5)
      row("MB " verb, step, verb == "sent" ? 7 : 8)
      row("peak memory, MB", step, 6)
    }
    END {
      count = split(peers, peer, " ")
      printf "| | imagefabric |"
      for (i = 1; i <= count; i++) printf " %s | ratio |", peer[i]
      printf "\n| --- | --: |"
      for (i = 1; i <= count; i++) printf " --: | --: |"
      print ""
      step_rows("publish-v1", "**publish v1**", "sent")
      step_rows("publish-v2", "**publish v2 over v1**", "sent")
      step_rows("again-v2", "**publish v2 again**", "sent")
      step_rows("warm-v2", "**publish v2 again, file in memory**", "sent")
      step_rows("publish-v3", "**publish v3 over both**", "sent")
      step_rows("pull-v1", "**pull v1, nothing there**", "fetched")
      step_rows("pull-v2", "**pull v2, v1 there**", "fetched")
    }'
}

memory_table() {
  echo "| 20 GiB, 4 GiB of data | format | peak memory, MB | time, s | CPU time, s | MB sent | MB fetched |"
  echo "| --- | --- | --: | --: | --: | --: | --: |"
  awk '$1 == "memory" {
    name = $3 == "pull-seed" ? "pull, all of it in a seed" : $3
    printf "| %s | %s | %.0f | %.1f | %.1f | %.1f | %.1f |\n", name, $2, $6 * 1.024e-3, $4, $5, $7 / 1e6, $8 / 1e6 }' "$results"
}

large_table() {
  echo "| data, GiB | time, s | CPU time, s | peak memory, MB | MB sent |"
  echo "| --- | --: | --: | --: | --: |"
  awk '$1 == "large" { printf "| %d | %.1f | %.1f | %.0f | %.1f |\n", $3, $4, $5, $6 * 1.024e-3, $7 / 1e6 }' "$results"
}

# What is to be reached, and whether it is.
goals() {
  echo "| figure | imagefabric | beside it | to reach | |"
  echo "| --- | --: | --- | --- | --- |"
  medians | awk -v data="$(($(du -k "$v2" | cut -f1) * 1024))" '
    { time[$1, $2, $3] = $4; cpu[$1, $2, $3] = $5; peak[$1, $2, $3] = $6; sent[$1, $2, $3] = $7; if ($2 == "imagefabric" && $6 > highest) highest = $6 }
    function goal(figure, form, ours, peer, beside, text, most) {
      if (ours == "" || (peer != "" && beside == "")) return
      printf "| %s | " form " | %s | %s | %s |\n", figure, ours, (peer == "" ? "" : sprintf("%s: " form, peer, beside)), text, (ours <= most ? "reached" : "missed")
    }
    END {
      s = "s3" SUBSEP; d = "directory" SUBSEP
      f = s "imagefabric" SUBSEP; r = s "restic" SUBSEP; c = d "casync" SUBSEP; z = s "zstd+sha256" SUBSEP
      goal("publish v1, s", "%.1f", time[f "publish-v1"], "restic", time[r "publish-v1"], "a third of it", time[r "publish-v1"] / 3)
      goal("publish v1, s", "%.1f", time[f "publish-v1"], "zstd -3 -T0, then SHA-256", time[z "publish-v1"], "at most 1.3 times it", time[z "publish-v1"] * 1.3)
      goal("publish v2, MB sent", "%.1f", sent[f "publish-v2"], "restic", sent[r "publish-v2"], "at most 0.75 of it", sent[r "publish-v2"] * 0.75)
      goal("publish v2, MB sent", "%.1f", sent[f "publish-v2"], "casync", sent[c "publish-v2"], "no more", sent[c "publish-v2"])
      goal("publish v3, MB sent", "%.1f", sent[f "publish-v3"], "restic", sent[r "publish-v3"], "at most 0.25 of it", sent[r "publish-v3"] * 0.25)
      goal("publish v3, MB sent", "%.1f", sent[f "publish-v3"], "casync", sent[c "publish-v3"], "at most 0.8 of it", sent[c "publish-v3"] * 0.8)
      goal("store after v1, MB", "%.1f", sent[f "store-v1"], "restic", sent[r "store-v1"], "no more", sent[r "store-v1"])
      if (cpu[f "warm-v2"] > 0) goal("publish unchanged, CPU seconds for a GB of allocated data", "%.2f", cpu[f "warm-v2"] / data * 1e9, "", "", "at most 1", 1)
      if ((f "warm-v2") in sent) goal("publish unchanged, MB sent, requests included", "%.2f", sent[f "warm-v2"], "", "", "no data", 0.2)
      l = "list" SUBSEP "imagefabric" SUBSEP
      goal("list 20,000 images, warm, s", "%.2f", time[l "warm"], "", "", "under 1", 1)
      goal("list 20,000 images, cold, s", "%.2f", time[l "cold"], "", "", "under 5", 5)
      if ((l "no-bundle") in time) printf "| for comparison: the same, no bundle in the store, s | %.2f | | | |\n", time[l "no-bundle"]
      goal("highest peak memory of all, MB", "%.0f", highest, "", "", "under 300", 300)
      g = "large" SUBSEP "imagefabric" SUBSEP
      goal("64 GiB of data in 1 TiB, s", "%.1f", time[g "64"], "8 GiB", time[g "8"], "at most 8.8 times it", time[g "8"] * 8.8)
      goal("64 GiB of data in 1 TiB, peak memory, MB", "%.0f", peak[g "64"], "8 GiB", peak[g "8"], "under 300", 300)
    }'
}
