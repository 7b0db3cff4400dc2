# What a person does with the cmdlets of ImageFabric, these DSC resources do when the state is not the desired one.

enum Ensure {
    Absent
    Present
}

# A name for a store, in the list of the user that the configuration runs as.
[DscResource()]
class VmImageStore {
    [DscProperty(Key)]
    [string] $Name

    # A directory, or s3://bucket/prefix. Needed for Present.
    [DscProperty()]
    [string] $Uri

    # The S3 service's address. Without it: Amazon's, by region.
    [DscProperty()]
    [string] $Endpoint

    [DscProperty()]
    [string] $Region

    # A profile of the AWS credential files. Credentials themselves are no part of a configuration.
    [DscProperty()]
    [string] $Profile

    # Use this store when none is named.
    [DscProperty()]
    [bool] $Default

    [DscProperty()]
    [Ensure] $Ensure = [Ensure]::Present

    [VmImageStore] Get() {
        $state = [VmImageStore]::new()
        $state.Name = $this.Name
        $state.Ensure = [Ensure]::Absent
        $found = $this.Find()
        if ($found) {
            $state.Ensure = [Ensure]::Present
            $state.Uri, $state.Endpoint, $state.Region, $state.Profile = $found.Uri, $found.Endpoint, $found.Region, $found.Profile
            $state.Default = $found.IsDefault
        }
        return $state
    }

    [bool] Test() {
        $found = $this.Find()
        if ($this.Ensure -eq [Ensure]::Absent) {
            return $null -eq $found
        }
        # What the configuration does not say may be as it is.
        return $null -ne $found -and $found.Uri -eq $this.Uri -and
            (-not $this.Endpoint -or $found.Endpoint -eq $this.Endpoint) -and
            (-not $this.Region -or $found.Region -eq $this.Region) -and
            (-not $this.Profile -or $found.Profile -eq $this.Profile) -and
            (-not $this.Default -or $found.IsDefault)
    }

    [void] Set() {
        if ($this.Test()) {
            return
        }
        if ($this.Ensure -eq [Ensure]::Absent) {
            Unregister-VmImageStore -Name ([WildcardPattern]::Escape($this.Name)) -Confirm:$false -ErrorAction Stop
            return
        }
        $found = $this.Find()
        $arguments = @{ Name = $this.Name; Uri = $this.Uri; Force = $true; Confirm = $false; ErrorAction = 'Stop' }
        foreach ($setting in 'Endpoint', 'Region', 'Profile') {
            $value = if ($this.$setting) { $this.$setting } elseif ($found) { $found.$setting }
            if ($value) { $arguments[$setting] = $value }
        }
        if ($this.Default -or ($found -and $found.IsDefault)) { $arguments['Default'] = $true }
        # Limits are no part of this resource; those that are set stay.
        foreach ($limit in 'MaximumFileSize', 'MaximumVirtualSize', 'AllowedFormat', 'MinimumSectorSize', 'MaximumSectorSize') {
            if ($found -and $found.$limit) { $arguments[$limit] = $found.$limit }
        }
        Register-VmImageStore @arguments
    }

    hidden [object] Find() {
        return Get-VmImageStore | Where-Object Name -EQ $this.Name
    }
}

# An image on a host, which takes it from the store.
[DscResource()]
class VmImageOnHost {
    # NAME:VERSION; without a version, or with latest, the newest of the store.
    [DscProperty(Key)]
    [string] $Image

    # [user@]host[:port]; localhost is reached without SSH.
    [DscProperty(Key)]
    [string] $HostName

    [DscProperty()]
    [string] $UserName

    # Private key file of the SSH login.
    [DscProperty()]
    [string] $KeyFilePath

    # Where the host keeps images and disks. Without it: the host's own default.
    [DscProperty()]
    [string] $ImageDirectory

    # A registered name, a directory or an s3:// address. Without it: the usual store of the user that the configuration runs as.
    [DscProperty()]
    [string] $Store

    # Format of the image's file. Without it: raw.
    [DscProperty()]
    [string] $DiskFormat

    [DscProperty()]
    [Ensure] $Ensure = [Ensure]::Present

    [DscProperty(NotConfigurable)]
    [string] $ImageId

    [DscProperty(NotConfigurable)]
    [string] $Path

    [VmImageOnHost] Get() {
        $state = [VmImageOnHost]::new()
        $state.Image, $state.HostName, $state.UserName, $state.KeyFilePath = $this.Image, $this.HostName, $this.UserName, $this.KeyFilePath
        $state.ImageDirectory, $state.Store = $this.ImageDirectory, $this.Store
        $state.Ensure = [Ensure]::Absent
        $found = $this.Find() | Select-Object -First 1
        if ($found) {
            $state.Ensure = [Ensure]::Present
            $state.ImageId, $state.Path, $state.DiskFormat = $found.ImageId, $found.Path, $found.Format
        }
        return $state
    }

    [bool] Test() {
        return ($this.Ensure -eq [Ensure]::Present) -eq (@($this.Find()).Count -gt 0)
    }

    [void] Set() {
        if ($this.Test()) {
            return
        }
        $connection = $this.Connection()
        if ($this.Ensure -eq [Ensure]::Absent) {
            $this.Find() | ForEach-Object { Remove-VmHostImage -Image $_.Image @connection -Confirm:$false -ErrorAction Stop }
            return
        }
        $from = @{}
        if ($this.Store) { $from['Store'] = $this.Store }
        if ($this.DiskFormat) { $from['DiskFormat'] = $this.DiskFormat }
        $null = Sync-VmImage -Image $this.Image @connection @from -Confirm:$false -ErrorAction Stop
    }

    hidden [hashtable] Connection() {
        $connection = @{ HostName = $this.HostName }
        foreach ($setting in 'UserName', 'KeyFilePath', 'ImageDirectory') {
            if ($this.$setting) { $connection[$setting] = $this.$setting }
        }
        return $connection
    }

    hidden [object[]] Find() {
        $exact = $this.Image
        if ($exact -notmatch ':' -or $exact -like '*:latest') {
            $from = @{}
            if ($this.Store) { $from['Store'] = $this.Store }
            $name = $exact -replace ':.*'
            $newest = Get-VmImage -Image "${name}:latest" @from -ErrorAction Stop
            $exact = $newest.Image
        }
        $connection = $this.Connection()
        return @(Get-VmHostImage @connection -ErrorAction Stop | Where-Object {
                $_.Image -eq $exact -and $_.State -eq 'Present' -and (-not $this.DiskFormat -or $_.Format -eq $this.DiskFormat)
            })
    }
}

# A virtual machine on a host, made from an image.
[DscResource()]
class VmFromImageOnHost {
    [DscProperty(Key)]
    [string] $Name

    # [user@]host[:port]; localhost is reached without SSH.
    [DscProperty(Key)]
    [string] $HostName

    # NAME:VERSION; without a version, or with latest, the newest of the store. Needed for Present.
    [DscProperty()]
    [string] $Image

    [DscProperty()]
    [string] $UserName

    # Private key file of the SSH login.
    [DscProperty()]
    [string] $KeyFilePath

    # Where the host keeps images and disks. Without it: the host's own default.
    [DscProperty()]
    [string] $ImageDirectory

    # Where the image comes from when the host lacks it. Without it: the usual store of the user that the configuration runs as.
    [DscProperty()]
    [string] $Store

    # Virtual processors. Without it: 1.
    [DscProperty()]
    [int] $Cpu

    # Memory in bytes. Without it: 1GB.
    [DscProperty()]
    [long] $Memory

    # Size of the disk in bytes. Without it: the image's.
    [DscProperty()]
    [long] $DiskSize

    # cloud-init user data.
    [DscProperty()]
    [string] $UserData

    [DscProperty()]
    [string] $Network

    [DscProperty()]
    [bool] $FullClone

    # Start the machine when it is made.
    [DscProperty()]
    [bool] $Start

    # Make the machine anew when it is of another image than this. What was on its disk is lost.
    [DscProperty()]
    [bool] $Replace

    [DscProperty()]
    [Ensure] $Ensure = [Ensure]::Present

    [DscProperty(NotConfigurable)]
    [string] $Id

    [DscProperty(NotConfigurable)]
    [string] $State

    [VmFromImageOnHost] Get() {
        $now = [VmFromImageOnHost]::new()
        $now.Name, $now.HostName, $now.UserName, $now.KeyFilePath = $this.Name, $this.HostName, $this.UserName, $this.KeyFilePath
        $now.ImageDirectory, $now.Store = $this.ImageDirectory, $this.Store
        $now.Ensure = [Ensure]::Absent
        $found = $this.Find()
        if ($found) {
            $now.Ensure = [Ensure]::Present
            $now.Image, $now.Cpu, $now.Memory, $now.DiskSize = $found.Image, $found.Cpu, $found.Memory, $found.DiskSize
            $now.FullClone, $now.Id, $now.State = (-not $found.LinkedClone), $found.Id, $found.State
        }
        return $now
    }

    [bool] Test() {
        $found = $this.Find()
        if ($this.Ensure -eq [Ensure]::Absent) {
            return $null -eq $found
        }
        return $null -ne $found -and (-not $this.Replace -or $found.Image -eq $this.ExactImage())
    }

    [void] Set() {
        if ($this.Test()) {
            return
        }
        $connection = $this.Connection()
        if ($this.Find()) {
            Remove-VmFromImage -Name ([WildcardPattern]::Escape($this.Name)) @connection -Force -Confirm:$false -ErrorAction Stop
        }
        if ($this.Ensure -eq [Ensure]::Absent) {
            return
        }
        $order = @{ Image = $this.ExactImage() }
        foreach ($setting in 'Store', 'Cpu', 'Memory', 'DiskSize', 'UserData', 'Network', 'FullClone', 'Start') {
            if ($this.$setting) { $order[$setting] = $this.$setting }
        }
        $null = New-VmFromImage -Name $this.Name @connection @order -Confirm:$false -ErrorAction Stop
    }

    hidden [hashtable] Connection() {
        $connection = @{ HostName = $this.HostName }
        foreach ($setting in 'UserName', 'KeyFilePath', 'ImageDirectory') {
            if ($this.$setting) { $connection[$setting] = $this.$setting }
        }
        return $connection
    }

    # Which version is the newest, only the store knows.
    hidden [string] ExactImage() {
        if (-not $this.Image) {
            throw [System.ArgumentException]::new("VmFromImageOnHost '$($this.Name)': Image is needed for a machine that should be present.")
        }
        if ($this.Image -match ':' -and $this.Image -notlike '*:latest') {
            return $this.Image
        }
        $from = @{}
        if ($this.Store) { $from['Store'] = $this.Store }
        $imageName = $this.Image -replace ':.*'
        return (Get-VmImage -Image "${imageName}:latest" @from -ErrorAction Stop).Image
    }

    hidden [object] Find() {
        $connection = $this.Connection()
        return Get-VmFromImage @connection -ErrorAction Stop | Where-Object Name -EQ $this.Name
    }
}
