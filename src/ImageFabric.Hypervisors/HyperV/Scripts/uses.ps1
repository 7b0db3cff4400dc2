# Which files the disks of every machine, and of its checkpoints, are made of: each disk with all that it is based on.

function Invoke-Operation {
    $uses = @(foreach ($machine in Get-VM) {
        $drives = @(Get-VMHardDiskDrive -VM $machine)
        foreach ($checkpoint in @(Get-VMSnapshot -VM $machine)) {
            $drives += @($checkpoint.HardDrives)
        }
        $files = @($drives | ForEach-Object { $_.Path } | Where-Object { $_ -match '\.a?vhdx?$' } | Select-Object -Unique)
        foreach ($file in $files) {
            Get-Chain $file | ForEach-Object { @{ machine = $machine.Name; path = $_ } }
        }
    })
    @{ uses = $uses }
}

function Get-Chain($file) {
    while ($file) {
        $file
        # What is gone has nothing that it is based on.
        if (-not (Test-Path -LiteralPath $file)) {
            return
        }
        $file = (Get-VHD -Path $file).ParentPath
    }
}
