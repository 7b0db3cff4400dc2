# Checkpoints: the disk that a machine had stays as it is, and the machine goes on with a differencing disk on it.

function Invoke-Checkpoint-VM($state, $bound) {
    foreach ($given in $bound.VM) {
        $machine = Find-Machine $state $given.Id
        if ($machine.checkpoints -eq 'Disabled') {
            Deny 'OperationFailed' 'NotSpecified' "Checkpoints have been disabled for '$($machine.name)'."
        }
        $name = if ($bound.SnapshotName) { $bound.SnapshotName } else { "$($machine.name) - (checkpoint)" }
        foreach ($disk in $machine.disks) {
            $machine.snapshots = @($machine.snapshots) + @{ name = $name; path = $disk.path }
            $active = [System.IO.Path]::ChangeExtension($disk.path, $null).TrimEnd('.') + "_$([guid]::NewGuid()).avhdx"
            Write-Differencing -Path $active -Parent $disk.path -Size (Read-Disk $disk.path).size
            $disk.path = $active
        }
    }
}

function Invoke-Get-VMSnapshot($state, $bound) {
    foreach ($given in $bound.VM) {
        $machine = Find-Machine $state $given.Id
        foreach ($snapshot in @($machine.snapshots)) {
            [VMSnapshot]@{ Id = [guid]::NewGuid(); Name = $snapshot.name; HardDrives = @([HardDiskDrive]@{ VMId = [guid]$machine.id; Kind = 'Disk'; Path = $snapshot.path }) }
        }
    }
}
