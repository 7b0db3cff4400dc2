# What the cmdlets do: each gets the state and its bound parameters, and gives what the cmdlet returns.

$script:HostMemory = 1TB
$script:Devices = @{ Disk = 'disks'; Dvd = 'dvds'; Network = 'adapters' }

function ConvertTo-Component($machine, [string] $kind, [int] $index) {
    $entry = $machine[$script:Devices[$kind]][$index]
    $common = @{ VMId = [guid]$machine.id; Kind = $kind; Index = $index }
    switch ($kind) {
        'Disk' { [HardDiskDrive]($common + @{ Path = $entry.path }) }
        'Dvd' { [DvdDrive]($common + @{ Path = $entry.path }) }
        'Network' {
            $addresses = if ($machine.state -eq 'Running' -and $entry.switch) { @($machine.addresses) } else { @() }
            [VMNetworkAdapter]($common + @{
                    Name = 'Network Adapter'; SwitchName = $entry.switch; MacAddress = $entry.mac; IPAddresses = $addresses
                    VlanSetting = [pscustomobject]@{ OperationMode = if ($entry.vlan) { 'Access' } else { 'Untagged' }; AccessVlanId = [int]$entry.vlan }
                })
        }
    }
}

function Get-Component($state, $bound, [string] $kind) {
    foreach ($given in $bound.VM) {
        $machine = Find-Machine $state $given.Id
        for ($i = 0; $i -lt $machine[$script:Devices[$kind]].Count; $i++) {
            ConvertTo-Component -Machine $machine -Kind $kind -Index $i
        }
    }
}

function ConvertTo-Machine($machine) {
    $adapters = for ($i = 0; $i -lt $machine.adapters.Count; $i++) { ConvertTo-Component -Machine $machine -Kind 'Network' -Index $i }
    [VirtualMachine]@{
        Id = [guid]$machine.id; Name = $machine.name; Generation = $machine.generation; Path = $machine.path; Notes = $machine.notes; State = $machine.state
        ProcessorCount = $machine.cpu; MemoryStartup = $machine.memory; NetworkAdapters = @($adapters)
        DynamicMemoryEnabled = [bool]$machine.dynamic; MemoryMinimum = [long]$machine.minimum; MemoryMaximum = [long]$machine.maximum
        AutomaticStartAction = $machine.startAction; CheckpointType = $machine.checkpoints; AutomaticCheckpointsEnabled = [bool]$machine.automaticCheckpoints
    }
}

function Assert-Off($machine) {
    if ($machine.state -ne 'Off') {
        Deny 'InvalidState' 'InvalidOperation' 'The operation cannot be performed while the object is in its current state.'
    }
}

function Assert-Generation($machine, [int] $generation, [string] $what) {
    if ($machine.generation -ne $generation) {
        Deny 'InvalidParameter' 'InvalidArgument' "$what is not supported on a machine of generation $($machine.generation)."
    }
}

function Invoke-Get-VM($state, $bound) {
    $found = @($state.machines | Where-Object { (-not $bound.Name -or $_.name -in $bound.Name) -and (-not $bound.Id -or $_.id -eq [string]$bound.Id) })
    if ($found.Count -eq 0 -and ($bound.Name -or $bound.Id)) {
        Deny 'InvalidParameter' 'InvalidArgument' 'Hyper-V was unable to find the virtual machine.'
    }
    $found | ForEach-Object { ConvertTo-Machine $_ }
}

function Invoke-Get-VMHost($state) {
    [pscustomobject]@{ Name = 'host'; SupportedVmVersions = @('8.0', '9.0', '10.0') }
}

function Invoke-Get-VMSwitch($state, $bound) {
    $state.switches | Where-Object { -not $bound.Name -or $_ -eq $bound.Name } | ForEach-Object { [pscustomobject]@{ Name = $_; SwitchType = 'Internal' } }
}

function Invoke-Get-VHD($state, $bound) {
    foreach ($path in $bound.Path) {
        $disk = Read-Disk $path
        [pscustomobject]@{ Path = $path; Size = [uint64]$disk.size; ParentPath = [string]$disk.parent; VhdFormat = 'VHDX'; VhdType = $disk.type }
    }
}

function Invoke-Test-VHD($state, $bound) {
    $null = $state
    foreach ($path in $bound.Path) {
        Assert-Chain $path
        $true
    }
}

function Invoke-New-VHD($state, $bound) {
    foreach ($path in $bound.Path) {
        New-Disk $path $bound.ParentPath $bound.SizeBytes
        Invoke-Get-VHD $state @{ Path = $path }
    }
}

function Invoke-Set-VHD($state, $bound) {
    $null = Read-Disk $bound.Path
    if ((Get-Item -LiteralPath $bound.Path).IsReadOnly) {
        Deny 'AccessDenied' 'PermissionDenied' "Failed to set the identifier of '$($bound.Path)'. Access is denied. (0x80070005)"
    }
}

function Invoke-Resize-VHD($state, $bound) {
    foreach ($path in $bound.Path) {
        Resize-Disk $path $bound.SizeBytes
    }
}

function Invoke-New-VM($state, $bound) {
    if ($bound.Generation -notin 1, 2) {
        Deny 'InvalidParameter' 'InvalidArgument' "The generation $($bound.Generation) is not supported."
    }
    Assert-Memory $bound.MemoryStartupBytes
    if ($bound.ContainsKey('SwitchName') -and $state.switches -notcontains $bound.SwitchName) {
        Deny 'ObjectNotFound' 'ObjectNotFound' "Hyper-V was unable to find a virtual switch with name ""$($bound.SwitchName)""."
    }
    Assert-Chain $bound.VHDPath
    if (@($state.machines | ForEach-Object { $_.disks } | Where-Object { $_.path -eq $bound.VHDPath }).Count -gt 0) {
        Deny 'ResourceBusy' 'ResourceBusy' "The attachment '$($bound.VHDPath)' is in use by another machine. (0x80070020)"
    }
    # As the real one it keeps the machine's files in a directory of its name.
    $folder = Join-Path $bound.Path $bound.Name
    $id = [guid]::NewGuid().ToString()
    $null = [System.IO.Directory]::CreateDirectory((Join-Path $folder 'Virtual Machines'))
    [System.IO.File]::WriteAllText((Join-Path $folder "Virtual Machines/$id.vmcx"), 'configuration')
    $machine = @{
        id = $id; name = $bound.Name; generation = [int]$bound.Generation; path = $folder; notes = ''; state = 'Off'; cpu = 1; memory = $bound.MemoryStartupBytes
        minimum = 0; maximum = 0; dynamic = $false; startAction = 'StartIfRunning'; checkpoints = 'Production'; automaticCheckpoints = $true; snapshots = @(); tpm = $false
        keyProtector = $false; secureBoot = $null; bootOrder = @(); addresses = @()
        adapters = @(@{ switch = [string]$bound.SwitchName; mac = ''; vlan = 0 })
        disks = @(@{ path = $bound.VHDPath })
        dvds = @(if ($bound.Generation -eq 1) { @{ path = '' } })
    }
    if ($bound.Generation -eq 2) {
        $machine.secureBoot = 'MicrosoftWindows'
    }
    $state.machines = @($state.machines) + $machine
    ConvertTo-Machine $machine
}

function Assert-Memory([long] $bytes) {
    if ($bytes -lt 32MB -or $bytes % 2MB -ne 0) {
        Deny 'InvalidParameter' 'InvalidArgument' "Invalid memory: $bytes bytes are not a multiple of 2 MB, or less than 32 MB."
    }
}

function Invoke-Set-VM($state, $bound) {
    foreach ($given in $bound.VM) {
        $machine = Find-Machine $state $given.Id
        if ($bound.DynamicMemory -and $bound.StaticMemory) {
            Deny 'InvalidParameter' 'InvalidArgument' 'Memory is dynamic or static.'
        }
        if ($bound.ContainsKey('Notes')) { $machine.notes = $bound.Notes }
        if ($bound.ContainsKey('ProcessorCount')) {
            if ($bound.ProcessorCount -lt 1 -or $bound.ProcessorCount -gt 2048) { Deny 'InvalidParameter' 'InvalidArgument' 'The number of processors is out of range.' }
            $machine.cpu = $bound.ProcessorCount
        }
        if ($bound.DynamicMemory) {
            Assert-Memory $bound.MemoryMinimumBytes
            Assert-Memory $bound.MemoryMaximumBytes
            if ($bound.MemoryMinimumBytes -gt $machine.memory -or $bound.MemoryMaximumBytes -lt $machine.memory) {
                Deny 'InvalidParameter' 'InvalidArgument' 'The startup memory is not between minimum and maximum.'
            }
            $machine.dynamic = $true
            $machine.minimum = $bound.MemoryMinimumBytes
            $machine.maximum = $bound.MemoryMaximumBytes
        }
        foreach ($folder in 'SnapshotFileLocation', 'SmartPagingFilePath') {
            if ($bound.ContainsKey($folder) -and -not (Test-Path -LiteralPath $bound[$folder] -PathType Container)) {
                Deny 'ObjectNotFound' 'ObjectNotFound' "The system cannot find the path specified. (0x80070003): '$($bound[$folder])'"
            }
        }
        if ($bound.ContainsKey('AutomaticStartAction')) { $machine.startAction = [string]$bound.AutomaticStartAction }
        if ($bound.ContainsKey('CheckpointType')) { $machine.checkpoints = [string]$bound.CheckpointType }
        if ($bound.ContainsKey('AutomaticCheckpointsEnabled')) { $machine.automaticCheckpoints = $bound.AutomaticCheckpointsEnabled }
    }
}

function Invoke-Get-VMDvdDrive($state, $bound) { Get-Component -State $state -Bound $bound -Kind 'Dvd' }

function Invoke-Get-VMHardDiskDrive($state, $bound) { Get-Component -State $state -Bound $bound -Kind 'Disk' }

function Invoke-Get-VMNetworkAdapter($state, $bound) { Get-Component -State $state -Bound $bound -Kind 'Network' }

function Assert-File([string] $Path) {
    if (-not (Test-Path -LiteralPath $Path -PathType Leaf)) {
        Deny 'ObjectNotFound' 'ObjectNotFound' "The system cannot find the file specified. (0x80070002): '$Path'"
    }
}

function Invoke-Set-VMDvdDrive($state, $bound) {
    Assert-File $bound.Path
    foreach ($drive in $bound.VMDvdDrive) {
        (Find-Machine $state $drive.VMId).dvds[$drive.Index].path = $bound.Path
    }
}

function Invoke-Add-VMDvdDrive($state, $bound) {
    Assert-File $bound.Path
    foreach ($given in $bound.VM) {
        $machine = Find-Machine $state $given.Id
        $machine.dvds = @($machine.dvds) + @{ path = $bound.Path }
    }
}

function Invoke-Set-VMNetworkAdapter($state, $bound) {
    if ($bound.StaticMacAddress -notmatch '^([0-9A-Fa-f]{12}|([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2})$') {
        Deny 'InvalidParameter' 'InvalidArgument' "'$($bound.StaticMacAddress)' is not a valid MAC address."
    }
    foreach ($given in $bound.VM) {
        foreach ($adapter in (Find-Machine $state $given.Id).adapters) { $adapter.mac = $bound.StaticMacAddress }
    }
}

function Invoke-Set-VMNetworkAdapterVlan($state, $bound) {
    if (-not $bound.Access -or $bound.VlanId -lt 1 -or $bound.VlanId -gt 4094) {
        Deny 'InvalidParameter' 'InvalidArgument' "The VLAN $($bound.VlanId) is out of range."
    }
    foreach ($given in $bound.VM) {
        foreach ($adapter in (Find-Machine $state $given.Id).adapters) { $adapter.vlan = $bound.VlanId }
    }
}

function Invoke-Remove-VMNetworkAdapter($state, $bound) {
    foreach ($given in $bound.VM) {
        (Find-Machine $state $given.Id).adapters = @()
    }
}

function Invoke-Set-VMFirmware($state, $bound) {
    foreach ($given in $bound.VM) {
        $machine = Find-Machine $state $given.Id
        Assert-Generation -Machine $machine -Generation 2 -What 'Firmware'
        if ($bound.ContainsKey('SecureBootTemplate') -and $bound.SecureBootTemplate -notin 'MicrosoftWindows', 'MicrosoftUEFICertificateAuthority', 'OpenSourceShieldedVM') {
            Deny 'InvalidParameter' 'InvalidArgument' "The Secure Boot template '$($bound.SecureBootTemplate)' does not exist."
        }
        foreach ($device in $bound.BootOrder) {
            if ([string]$device.VMId -ne $machine.id -or $device.Index -ge $machine[$script:Devices[$device.Kind]].Count) {
                Deny 'InvalidParameter' 'InvalidArgument' 'A device of the boot order is not one of the machine.'
            }
        }
        $machine.bootOrder = @($bound.BootOrder | ForEach-Object { $_.Kind })
        $machine.secureBoot = if ([string]$bound.EnableSecureBoot -eq 'Off') { $null } else { $bound.SecureBootTemplate }
    }
}

function Invoke-Set-VMBios {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseSingularNouns', '', Justification = 'BIOS is one.')]
    param($state, $bound)
    foreach ($given in $bound.VM) {
        $machine = Find-Machine $state $given.Id
        Assert-Generation -Machine $machine -Generation 1 -What 'BIOS'
        if ((@($bound.StartupOrder | Sort-Object) -join ' ') -ne 'Floppy CD IDE LegacyNetworkAdapter') {
            Deny 'InvalidParameter' 'InvalidArgument' 'The startup order names every kind of device once.'
        }
        $machine.bootOrder = @($bound.StartupOrder | ForEach-Object { [string]$_ })
    }
}

function Invoke-Get-VMFirmware($state, $bound) {
    foreach ($given in $bound.VM) {
        $machine = Find-Machine $state $given.Id
        Assert-Generation -Machine $machine -Generation 2 -What 'Firmware'
        [pscustomobject]@{
            SecureBoot = if ($machine.secureBoot) { [OnOffState]::On } else { [OnOffState]::Off }
            SecureBootTemplate = $machine.secureBoot
            BootOrder = @($machine.bootOrder | ForEach-Object { [pscustomobject]@{ Device = ConvertTo-Component -Machine $machine -Kind $_ -Index 0 } })
        }
    }
}

function Invoke-Get-VMBios {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseSingularNouns', '', Justification = 'BIOS is one.')]
    param($state, $bound)
    foreach ($given in $bound.VM) {
        $machine = Find-Machine $state $given.Id
        Assert-Generation -Machine $machine -Generation 1 -What 'BIOS'
        [pscustomobject]@{ StartupOrder = @($machine.bootOrder | ForEach-Object { [BootDevice]$_ }) }
    }
}

function Invoke-Get-VMSecurity($state, $bound) {
    foreach ($given in $bound.VM) {
        [pscustomobject]@{ TpmEnabled = [bool](Find-Machine $state $given.Id).tpm }
    }
}

function Invoke-Set-VMKeyProtector($state, $bound) {
    foreach ($given in $bound.VM) {
        $machine = Find-Machine $state $given.Id
        Assert-Generation -Machine $machine -Generation 2 -What 'A key protector'
        $machine.keyProtector = [bool]$bound.NewLocalKeyProtector
    }
}

function Invoke-Enable-VMTPM($state, $bound) {
    foreach ($given in $bound.VM) {
        $machine = Find-Machine $state $given.Id
        Assert-Generation -Machine $machine -Generation 2 -What 'A TPM'
        if (-not $machine.keyProtector) {
            Deny 'OperationFailed' 'NotSpecified' 'The machine has no key protector.'
        }
        $machine.tpm = $true
    }
}

function Invoke-Start-VM($state, $bound) {
    foreach ($given in $bound.VM) {
        $machine = Find-Machine $state $given.Id
        Assert-Off $machine
        $machine.disks | ForEach-Object { Assert-Chain $_.path }
        $machine.dvds | Where-Object { $_.path } | ForEach-Object { Assert-File $_.path }
        if ($machine.memory -gt $script:HostMemory) {
            Deny 'OperationFailed' 'NotSpecified' "'$($machine.name)' failed to start. Not enough memory in the system. (0x8007000E)"
        }
        $machine.state = 'Running'
        if ($state.address) {
            $machine.addresses = @($state.address, 'fe80::215:5dff:fe00:1')
        }
    }
}

function Invoke-Stop-VM($state, $bound) {
    foreach ($given in $bound.VM) {
        $machine = Find-Machine $state $given.Id
        if ($machine.state -eq 'Off') {
            Deny 'InvalidState' 'InvalidOperation' 'The virtual machine is already in the specified state.'
        }
        $machine.state = if ($bound.Save) { 'Saved' } else { 'Off' }
        $machine.addresses = @()
    }
}

function Invoke-Remove-VM($state, $bound) {
    foreach ($given in $bound.VM) {
        $machine = Find-Machine $state $given.Id
        if ($machine.state -notin 'Off', 'Saved') {
            Assert-Off $machine
        }
        $state.machines = @($state.machines | Where-Object { $_.id -ne $machine.id })
        # The configuration goes; the disks stay.
        [System.IO.Directory]::Delete($machine.path, $true)
    }
}
