# show.ps1: a command as it is typed, and what comes of it. Sourced by the demos.

# A progress bar is for a terminal.
if ([System.Console]::IsOutputRedirected) { $ProgressPreference = 'SilentlyContinue'; $PSStyle.OutputRendering = 'PlainText' }

function Show([scriptblock] $Command) {
    Write-Output '' "PS> $($Command.ToString().Trim())"
    & $Command | Format-Table | Out-String -Width 160
}
