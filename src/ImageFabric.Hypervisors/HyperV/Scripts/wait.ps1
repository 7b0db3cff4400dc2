# Waits until the integration services of a machine tell an address, the machine no longer runs, or the time is over.

function Invoke-Operation($request) {
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    while ($true) {
        $machine = @(Get-VM | Where-Object { $_.Id.ToString() -eq $request.id })
        if ($machine.Count -eq 0) {
            return @{ machine = $null }
        }
        $description = Get-Description $machine[0]
        if ($description.addresses.Count -gt 0 -or $description.state -ne 'Running' -or $clock.Elapsed.TotalSeconds -ge $request.seconds) {
            return @{ machine = $description }
        }
        Start-Sleep -Milliseconds $request.intervalMilliseconds
    }
}
