# shellcheck shell=bash
# powershell.sh, to be sourced: restores the PowerShell that .config/dotnet-tools.json pins and puts it first on PATH as pwsh, whatever else is there.
# Sets dotnet and pwsh_dll, which start it without PATH. The tool's own launcher starts a second process and passes no signals on to it.
dotnet=$(readlink -f "$(command -v dotnet)")
# shellcheck disable=SC2034
pwsh_dll=$(
  set -euo pipefail
  cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
  version=$(sed -n '/"powershell"/,/}/s/.*"version": *"\([^"]*\)".*/\1/p' .config/dotnet-tools.json)
  dll=${NUGET_PACKAGES:-$HOME/.nuget/packages}/powershell/$version/tools/net10.0/any/unix/pwsh.dll
  [ -e "$dll" ] || "$dotnet" tool restore >&2
  mkdir -p out/powershell
  # Made aside, since several may be at it at once, also in PID namespaces, where process ids are alike.
  made=$(mktemp out/powershell/.pwsh.XXXXXX)
  printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$dotnet" "$dll" >"$made"
  chmod 755 "$made"
  mv -f "$made" out/powershell/pwsh
  readlink -e "$dll"
)
PATH=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")" | sed 's|tests$|out/powershell|'):$PATH
export PATH
