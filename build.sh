#!/bin/bash
# build.sh [TARGET]: brings the PowerShell that this repository pins, and has build.ps1 do the rest. build.sh --help says what there is.
set -euo pipefail
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 MSBUILDDISABLENODEREUSE=1 POWERSHELL_TELEMETRY_OPTOUT=1 POWERSHELL_UPDATECHECK=Off
root=$(dirname "$(readlink -f "$0")")
case ${1:-} in
  -h | --help | help) set -- Help ;;
esac
[ $# -le 1 ] || { echo "build.sh takes one target; ./build.sh --help names them." >&2; exit 2; }
# shellcheck source=tests/powershell.sh
. "$root/tests/powershell.sh"
exec pwsh -NoLogo -NoProfile -NonInteractive -File "$root/build.ps1" "$@"
