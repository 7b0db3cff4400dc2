# Makes a machine whose files are in a directory of its own. What it made when it fails is taken back by remove.ps1, which finds it by that directory.

function Invoke-Operation($order) {
    Assert-Free $order
    $switch = Select-Switch $order
    New-Disk $order
    $machine = New-Machine $order $switch
    Set-Network $machine $order $switch
    $dvd = Add-Seed $machine $order
    if ($order.generation -eq 2) {
        Set-Firmware $machine $order $dvd
    }
    else {
        Set-Bios $machine $order
    }
    if ($order.tpm) {
        Set-VMKeyProtector -VM $machine -NewLocalKeyProtector
        Enable-VMTPM -VM $machine
    }
    if ($order.start) {
        Start-VM -VM $machine
    }
    @{ machine = Get-Description (Get-VM -Id $machine.Id); switch = $switch }
}

# Names of machines need not be unique for Hyper-V; for whoever calls a machine by its name they have to be.
function Assert-Free($order) {
    if (@(Get-VM | Where-Object { $_.Name -eq $order.name }).Count -gt 0) {
        Stop-Operation 'VmExists' $order.name "The host has a machine '$($order.name)' already."
    }
}

# The switch that is asked for; otherwise the one that client editions bring, or the only one there is.
function Select-Switch($order) {
    if ($order.network -eq 'none') {
        return $null
    }
    $names = @(Get-VMSwitch | ForEach-Object { $_.Name })
    if ($null -ne $order.network) {
        $named = @($names | Where-Object { $_ -eq $order.network })
        if ($named.Count -eq 0) {
            Stop-Operation 'NetworkNotFound' $order.network "The host has no virtual switch '$($order.network)'."
        }
        return $named[0]
    }
    if ($names -contains 'Default Switch') {
        return 'Default Switch'
    }
    if ($names.Count -eq 1) {
        return $names[0]
    }
    $null
}

function New-Disk($order) {
    if ($null -ne $order.parent) {
        $null = New-VHD -Path $order.disk -ParentPath $order.parent -Differencing
    }
    else {
        # A copy has its original's identity, which a guest cluster or a backup program may take for the same disk.
        Set-VHD -Path $order.disk -ResetDiskIdentifier -Force
    }
    if ((Get-VHD -Path $order.disk).Size -lt $order.diskSize) {
        Resize-VHD -Path $order.disk -SizeBytes $order.diskSize
    }
}

function New-Machine($order, $switch) {
    $made = @{
        Name = $order.name; Path = $order.directory; Generation = $order.generation; VHDPath = $order.disk; MemoryStartupBytes = $order.memory.startup
    }
    if ($null -ne $switch) {
        $made.SwitchName = $switch
    }
    $machine = New-VM @made
    $settings = @{
        VM = $machine; Notes = $order.notes; ProcessorCount = $order.cpu
        SnapshotFileLocation = $order.directory; SmartPagingFilePath = $order.directory
    }
    if ($order.memory.isDynamic) {
        $settings.DynamicMemory = $true
        $settings.MemoryMinimumBytes = $order.memory.minimum
        $settings.MemoryMaximumBytes = $order.memory.maximum
    }
    else {
        $settings.StaticMemory = $true
    }
    if ($null -ne $order.startAction) {
        $settings.AutomaticStartAction = $order.startAction
    }
    if ($null -ne $order.checkpoints) {
        $settings.CheckpointType = $order.checkpoints
    }
    # Client editions take a checkpoint at every start unless told otherwise. Windows Server 2016 does not know the setting.
    if ((Get-Command Set-VM).Parameters.ContainsKey('AutomaticCheckpointsEnabled')) {
        $settings.AutomaticCheckpointsEnabled = $false
    }
    Set-VM @settings
    $machine
}

function Set-Network($machine, $order, $switch) {
    if ($null -eq $switch) {
        Remove-VMNetworkAdapter -VM $machine
        return
    }
    if ($null -ne $order.macAddress) {
        Set-VMNetworkAdapter -VM $machine -StaticMacAddress $order.macAddress
    }
    if ($null -ne $order.vlan) {
        Set-VMNetworkAdapterVlan -VM $machine -Access -VlanId $order.vlan
    }
}

# A machine of generation 1 comes with a DVD drive, one of generation 2 without.
function Add-Seed($machine, $order) {
    $present = @(Get-VMDvdDrive -VM $machine)
    if ($present.Count -gt 0) {
        Set-VMDvdDrive -VMDvdDrive $present[0] -Path $order.seed
    }
    else {
        Add-VMDvdDrive -VM $machine -Path $order.seed
    }
    @(Get-VMDvdDrive -VM $machine)[0]
}

function Set-Firmware($machine, $order, $dvd) {
    $devices = foreach ($device in $order.bootOrder) {
        switch ($device) {
            'Disk' { Get-VMHardDiskDrive -VM $machine }
            'Dvd' { $dvd }
            'Network' { Get-VMNetworkAdapter -VM $machine }
        }
    }
    $firmware = @{ VM = $machine; BootOrder = @($devices) }
    if ($null -eq $order.secureBootTemplate) {
        $firmware.EnableSecureBoot = 'Off'
    }
    else {
        $firmware.EnableSecureBoot = 'On'
        $firmware.SecureBootTemplate = $order.secureBootTemplate
    }
    Set-VMFirmware @firmware
}

# The list has to name every kind of device.
function Set-Bios($machine, $order) {
    $names = @{ Disk = 'IDE'; Dvd = 'CD'; Network = 'LegacyNetworkAdapter' }
    $devices = @($order.bootOrder | ForEach-Object { $names[$_] })
    $rest = @('IDE', 'CD', 'LegacyNetworkAdapter', 'Floppy' | Where-Object { $devices -notcontains $_ })
    Set-VMBios -VM $machine -StartupOrder ($devices + $rest)
}
