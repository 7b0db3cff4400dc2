#!/bin/bash
# shell.sh PREFIX cmd|powershell: what sshd of a Windows host runs for a login: the command, by the shell that OpenSSH on Windows would take.
# .NET does not survive how Wine maps memory twice, hence without write-xor-execute
export WINEPREFIX=$1 WINEDEBUG=-all DOTNET_EnableWriteXorExecute=0 HOME=/root PATH=/usr/local/bin:/usr/bin:/bin
cd "$WINEPREFIX/drive_c" || exit 1
powershell='C:\windows\system32\WindowsPowerShell\v1.0\powershell.exe'
# the subsystem of PowerShell's remoting over SSH, whose name is all that is given
[ "$SSH_ORIGINAL_COMMAND" != powershell ] || exec /usr/lib/wine/wine64 "$powershell" -sshs -NoLogo -NoProfile
case $2 in
  cmd) exec /usr/lib/wine/wine64 cmd.exe /c "$SSH_ORIGINAL_COMMAND" ;;
  powershell) exec /usr/lib/wine/wine64 "$powershell" -c "$SSH_ORIGINAL_COMMAND" ;;
esac
