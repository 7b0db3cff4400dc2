#!/bin/bash
# import.sh [MODULE]: milliseconds of a bare start of PowerShell, and of one that imports the module: the medians of 15 each, taken in turns.
set -euo pipefail
# shellcheck disable=SC1091
. "$(dirname "$(readlink -f "$0")")/../powershell.sh"
module=${1:-$(dirname "$(readlink -f "$0")")/../../out/module/ImageFabric}
start() {
  local begin end
  begin=$(date +%s%N)
  pwsh -NoLogo -NoProfile -NonInteractive -Command "$1"
  end=$(date +%s%N)
  echo $(((end - begin) / 1000000))
}
bare=() import=()
for _ in $(seq 15); do
  bare+=("$(start exit)")
  import+=("$(start "Import-Module '$module'; exit")")
done
median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }
b=$(median "${bare[@]}") i=$(median "${import[@]}")
echo "bare start $b ms, with the import $i ms: $((i - b)) ms more"
