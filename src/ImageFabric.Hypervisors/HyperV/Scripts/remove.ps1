# Removes the machine of that id, and those whose files are in that directory, whatever became of them. That there is none is no error.

function Invoke-Operation($request) {
    $separator = [System.IO.Path]::DirectorySeparatorChar
    $inside = $request.directory.TrimEnd($separator) + $separator
    $machines = @(Get-VM | Where-Object {
            $_.Id.ToString() -eq $request.id -or ([string]$_.Path + $separator).StartsWith($inside, [System.StringComparison]::OrdinalIgnoreCase)
        })
    foreach ($machine in $machines) {
        if ([string]$machine.State -ne 'Off') {
            Stop-VM -VM $machine -TurnOff -Force
        }
        Remove-VM -VM $machine -Force
    }
    @{ removed = $machines.Count }
}
