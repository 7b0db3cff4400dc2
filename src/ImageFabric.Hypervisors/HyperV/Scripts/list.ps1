# Describes every machine of the host; whose they are is for the caller to tell.

function Invoke-Operation($request) {
    @{ machines = @(Get-VM | Where-Object { $null -eq $request.id -or $_.Id.ToString() -eq $request.id } | ForEach-Object { Get-Description $_ }) }
}
