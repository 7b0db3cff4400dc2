#!/bin/bash
# prefix.sh: prints the directory of a Wine prefix with PowerShell in it, which Windows hosts are copies of; made when it is missing, in about a minute.
set -euo pipefail
. "$(dirname "$(dirname "$(readlink -f "$0")")")/lib.sh"
wine=/usr/lib/wine/wine64
sources=$(cat "$here"/windows/PowerShell/* "$here/windows/prefix.sh" | sha256sum | cut -c1-12)
prefix=$cache/windows-$(dpkg-query -W -f='${Version}' wine64 | tr -c '0-9A-Za-z.-' _)-$sources
mkdir -p "$cache"
exec 8>"$cache/windows.lock"; flock 8
if [ ! -e "$prefix" ]; then
  new=$(mktemp -d "$cache/.windows.XXXXXX")
  trap 'rm -rf "$new"' EXIT
  # neither Mono nor Gecko: nothing here is for .NET Framework or a browser
  export WINEPREFIX=$new/prefix WINEDEBUG=-all WINEDLLOVERRIDES='mscoree=;mshtml='
  # On a machine that is very busy Wine gives up on parts of it, among them the environment, and does not say so.
  for attempt in 1 2 3; do
    "$wine" wineboot -i >"$new/log" 2>&1 </dev/null 8>&- || true
    "${wine%64}server64" -w 8>&- || true
    ! grep -q '"PATH"=.*WindowsPowershell' "$new/prefix/system.reg" 2>/dev/null || break
    [ $attempt -lt 3 ] || { tail -20 "$new/log" >&2; die "Wine does not finish what Windows hosts are made of"; }
    rm -rf "$new/prefix"
  done
  shell=$new/prefix/drive_c/windows/system32/WindowsPowerShell/v1.0
  mkdir -p "$shell"
  rm -f "$shell/powershell.exe"
  dotnet publish "$here/windows/PowerShell" -c Release -v quiet -o "$shell" --artifacts-path "$new/build" >>"$new/log" 2>&1 8>&- ||
    { tail -20 "$new/log" >&2; die "PowerShell for the Windows hosts could not be built"; }
  # a session has its own modules where PowerShell has them, and runs scripts
  mv "$shell/runtimes/win/lib/net10.0/Modules" "$shell/Modules"
  echo '{ "Microsoft.PowerShell:ExecutionPolicy": "Bypass" }' >"$shell/powershell.config.json"
  # a drive with the whole of this machine is nothing that a host has
  rm -f "$new/prefix/dosdevices/z:"
  mv "$new/prefix" "$prefix"
fi
echo "$prefix"
