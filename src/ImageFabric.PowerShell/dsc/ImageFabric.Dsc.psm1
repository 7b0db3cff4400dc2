# The DSC resources of ImageFabric. They work through the cmdlets alone; nothing here prompts.
# The classes stand in a module of their own because compiling them takes longer than all of Import-Module ImageFabric.

Set-StrictMode -Version Latest

enum Ensure {
    Absent
    Present
}

# A store that is registered for the user who runs the configuration.
[DscResource()]
class VmImageStore {
    # The name to give to Store.
    [DscProperty(Key)] [string] $Name

    # A directory, or s3://bucket/prefix. Needed for a store that is to be present.
    [DscProperty()] [string] $Uri

    [DscProperty()] [string] $Endpoint

    [DscProperty()] [string] $Region

    # A profile of the AWS credential files.
    [DscProperty()] [string] $Profile

    # Use this store when none is named.
    [DscProperty()] [Nullable[bool]] $Default

    [DscProperty()] [string[]] $AllowedFormat

    # Bytes.
    [DscProperty()] [Nullable[long]] $MaximumFileSize

    # Bytes.
    [DscProperty()] [Nullable[long]] $MaximumVirtualSize

    # Bytes.
    [DscProperty()] [Nullable[int]] $MinimumSectorSize

    # Bytes.
    [DscProperty()] [Nullable[int]] $MaximumSectorSize

    # Register without asking the store.
    [DscProperty()] [Nullable[bool]] $SkipTest

    [DscProperty()] [Ensure] $Ensure = [Ensure]::Present

    [VmImageStore] Get() {
        $found = Find-Store $this.Name
        if ($null -eq $found) {
            return [VmImageStore] @{ Name = $this.Name; Ensure = [Ensure]::Absent }
        }
        return [VmImageStore]::Of($found)
    }

    [bool] Test() {
        return $this.Differences($this.Get()).Count -eq 0
    }

    [void] Set() {
        $null = $this.Apply()
    }

    static [VmImageStore[]] Export() {
        return @(Get-VmImageStore -ErrorAction Stop | ForEach-Object { [VmImageStore]::Of($_) })
    }

    # Makes it as asked, and gives the names of the properties that were not.
    hidden [string[]] Apply() {
        $different = $this.Differences($this.Get())
        if ($different.Count -gt 0) {
            Set-Store $this
        }
        return $different
    }

    # The names of the properties that are not as asked; what was not asked for is as it may be.
    hidden [string[]] Differences([VmImageStore] $Actual) {
        return Compare-Resource $this $Actual Uri, Endpoint, Region, Profile, Default, AllowedFormat, MaximumFileSize, MaximumVirtualSize, MinimumSectorSize, MaximumSectorSize
    }

    hidden static [VmImageStore] Of([object] $Store) {
        $state = [VmImageStore] @{ Name = $Store.Name; Ensure = [Ensure]::Present; Default = $Store.IsDefault }
        Copy-Property $Store $state Uri, Endpoint, Region, Profile, AllowedFormat, MaximumFileSize, MaximumVirtualSize, MinimumSectorSize, MaximumSectorSize
        return $state
    }
}

# A published image that a host has.
[DscResource()]
class VmImageOnHost {
    # NAME[:VERSION]; without a version, or with latest, the newest. Absent means then: no version.
    [DscProperty(Key)] [string] $Image

    # [user@]host[:port]; localhost is reached without SSH.
    [DscProperty(Key)] [string] $HostName

    [DscProperty()] [string] $Store

    # Format of the image's file on the host.
    [DscProperty()] [string] $DiskFormat

    # How long a sync may take, in seconds.
    [DscProperty()] [Nullable[int]] $TimeoutSec

    [DscProperty()] [string] $UserName

    [DscProperty()] [Nullable[int]] $Port

    [DscProperty()] [string] $KeyFilePath

    # Options of ssh_config(5) by keyword.
    [DscProperty()] [hashtable] $Options

    # Where the host keeps images and disks.
    [DscProperty()] [string] $ImageDirectory

    [DscProperty()] [Ensure] $Ensure = [Ensure]::Present

    # The version that the host has.
    [DscProperty(NotConfigurable)] [string] $Version

    [DscProperty(NotConfigurable)] [string] $ImageId

    # The image's file on the host.
    [DscProperty(NotConfigurable)] [string] $Path

    [VmImageOnHost] Get() {
        $state = [VmImageOnHost] @{ Image = $this.Image; HostName = $this.HostName; Ensure = [Ensure]::Absent }
        Copy-Property $this $state Store, UserName, Port, KeyFilePath, Options, ImageDirectory
        $found = Find-HostImage $this
        if ($null -ne $found) {
            $state.Ensure = [Ensure]::Present
            $state.DiskFormat = $found.Format
            $state.Version = ($found.Image -split ':')[1]
            $state.ImageId = $found.ImageId
            $state.Path = $found.Path
        }
        return $state
    }

    [bool] Test() {
        return $this.Differences($this.Get()).Count -eq 0
    }

    [void] Set() {
        $null = $this.Apply()
    }

    static [VmImageOnHost[]] Export() {
        return [VmImageOnHost]::Export([VmImageOnHost] @{ HostName = 'localhost' })
    }

    # The images of the filter's host that the filter's Image stands for; all of them without it.
    static [VmImageOnHost[]] Export([VmImageOnHost] $Filter) {
        # What the host knows no name of can be asked for by no name.
        return @(Get-HostImage $Filter | Where-Object { $_.State -eq 'Present' -and $_.Image -notlike 'sha256:*' } | ForEach-Object {
                $state = [VmImageOnHost] @{ Image = $_.Image; HostName = $_.HostName; DiskFormat = $_.Format; ImageId = $_.ImageId; Path = $_.Path }
                $state.Version = ($_.Image -split ':')[1]
                Copy-Property $Filter $state Store, UserName, Port, KeyFilePath, Options, ImageDirectory
                $state
            })
    }

    hidden [string[]] Apply() {
        $different = $this.Differences($this.Get())
        if ($different.Count -gt 0) {
            Set-HostImage $this
        }
        return $different
    }

    # Get looks for the version and format that are asked for, so there is nothing else to compare.
    hidden [string[]] Differences([VmImageOnHost] $Actual) {
        return Compare-Resource $this $Actual @()
    }
}

# A virtual machine on a host, made from an image.
[DscResource()]
class VmFromImageOnHost {
    [DscProperty(Key)] [string] $Name

    # [user@]host[:port]; localhost is reached without SSH.
    [DscProperty(Key)] [string] $HostName

    # NAME[:VERSION]. Without a version, or with latest, a machine of any version is right, and a new one is made from the newest.
    [DscProperty()] [string] $Image

    [DscProperty()] [Nullable[int]] $Cpu

    # Bytes.
    [DscProperty()] [Nullable[long]] $Memory

    # Bytes.
    [DscProperty()] [Nullable[long]] $DiskSize

    [DscProperty()] [Nullable[bool]] $FullClone

    # How a machine that is made is furnished; a machine that is there is not compared with it.
    [DscProperty()] [string[]] $UserData

    [DscProperty()] [string[]] $NetworkConfig

    [DscProperty()] [string] $GuestHostName

    [DscProperty()] [string] $Network

    [DscProperty()] [string] $Firmware

    [DscProperty()] [Nullable[bool]] $Start

    # How long a machine that is made and started may take to get its address.
    [DscProperty()] [Nullable[int]] $WaitSeconds

    # Format of the image's file on a host that lacks it.
    [DscProperty()] [string] $DiskFormat

    [DscProperty()] [string] $Store

    # Remove a machine that is not as asked, with its disks, and make it anew; remove one that runs.
    [DscProperty()] [Nullable[bool]] $Force

    [DscProperty()] [string] $UserName

    [DscProperty()] [Nullable[int]] $Port

    [DscProperty()] [string] $KeyFilePath

    # Options of ssh_config(5) by keyword.
    [DscProperty()] [hashtable] $Options

    # Where the host keeps images and disks.
    [DscProperty()] [string] $ImageDirectory

    [DscProperty()] [Ensure] $Ensure = [Ensure]::Present

    # The hypervisor's id of the machine.
    [DscProperty(NotConfigurable)] [string] $Id

    [DscProperty(NotConfigurable)] [string] $State

    [DscProperty(NotConfigurable)] [string] $ImageId

    [DscProperty(NotConfigurable)] [string[]] $Addresses

    [VmFromImageOnHost] Get() {
        $found = Find-Vm $this
        if ($null -eq $found) {
            $absent = [VmFromImageOnHost] @{ Name = $this.Name; HostName = $this.HostName; Ensure = [Ensure]::Absent }
            Copy-Property $this $absent Store, UserName, Port, KeyFilePath, Options, ImageDirectory
            return $absent
        }
        return [VmFromImageOnHost]::Of($found, $this)
    }

    [bool] Test() {
        return $this.Differences($this.Get()).Count -eq 0
    }

    [void] Set() {
        $null = $this.Apply()
    }

    static [VmFromImageOnHost[]] Export() {
        return [VmFromImageOnHost]::Export([VmFromImageOnHost] @{ HostName = 'localhost' })
    }

    # The machines of the filter's host.
    static [VmFromImageOnHost[]] Export([VmFromImageOnHost] $Filter) {
        return @(Get-Vm $Filter | ForEach-Object { [VmFromImageOnHost]::Of($_, $Filter) })
    }

    hidden [string[]] Apply() {
        $different = $this.Differences($this.Get())
        if ($different.Count -gt 0) {
            Set-Vm $this $different
        }
        return $different
    }

    hidden [string[]] Differences([VmFromImageOnHost] $Actual) {
        # A machine stays with the version that it was made from; only an asked version is compared.
        if ($this.Image -and -not (Get-ImageVersion $this.Image) -and (Get-ImageName $Actual.Image) -ceq (Get-ImageName $this.Image)) {
            return Compare-Resource $this $Actual Cpu, Memory, DiskSize, FullClone
        }
        return Compare-Resource $this $Actual Image, Cpu, Memory, DiskSize, FullClone
    }

    hidden static [VmFromImageOnHost] Of([object] $Vm, [VmFromImageOnHost] $Connection) {
        $actual = [VmFromImageOnHost] @{ Name = $Vm.Name; HostName = $Connection.HostName; Ensure = [Ensure]::Present; FullClone = -not $Vm.LinkedClone }
        Copy-Property $Vm $actual Image, Cpu, Memory, DiskSize, Id, State, ImageId, Addresses
        Copy-Property $Connection $actual Store, UserName, Port, KeyFilePath, Options, ImageDirectory
        return $actual
    }
}

. (Join-Path $PSScriptRoot 'State.ps1')
