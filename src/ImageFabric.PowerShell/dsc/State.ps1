# How the resources find out what is there, and make it what it should be.

# Property names that are parameters of the cmdlets that reach hosts.
$script:ConnectionParameter = 'HostName', 'UserName', 'Port', 'KeyFilePath', 'Options', 'ImageDirectory'

# The named properties that were given, to be splatted.
function Get-Given([object] $Resource, [string[]] $Name) {
    $given = @{}
    foreach ($one in $Name) {
        if ($null -ne $Resource.$one -and '' -ne "$($Resource.$one)") {
            $given[$one] = $Resource.$one
        }
    }
    $given
}

function Copy-Property([object] $From, [object] $To, [string[]] $Name) {
    $given = Get-Given $From $Name
    foreach ($one in $given.Keys) {
        $To.$one = $given[$one]
    }
}

# The names of what is not as asked. Where all or nothing is wrong, that is Ensure alone.
function Compare-Resource([object] $Desired, [object] $Actual, [string[]] $Name) {
    if ($Desired.Ensure -ne $Actual.Ensure) {
        Write-Verbose "It is $($Actual.Ensure), and should be $($Desired.Ensure)."
        return , [string[]] 'Ensure'
    }
    if ("$($Desired.Ensure)" -eq 'Absent') {
        return , [string[]] @()
    }
    $given = Get-Given $Desired $Name
    $different = foreach ($one in $given.Keys | Sort-Object) {
        $should = if ($one -eq 'Uri') { Get-FullUri $given[$one] } else { $given[$one] }
        # In any order: a set of formats is one value.
        if ("$(@($should) | Sort-Object)" -cne "$(@($Actual.$one) | Sort-Object)") {
            Write-Verbose "$one is '$($Actual.$one)', and should be '$should'."
            $one
        }
    }
    , [string[]] @($different)
}

# An error that the cmdlets do not know, of the same form as theirs.
function Get-ResourceError([string] $Id, [string] $Message, [string] $Target) {
    $description = [ImageFabric.Protocol.ErrorCatalog]::Describe($Id)
    $record = [System.Management.Automation.ErrorRecord]::new([System.InvalidOperationException]::new($Message), $Id, $description.Category, $Target)
    $record.ErrorDetails = [System.Management.Automation.ErrorDetails]::new($Message)
    $record.ErrorDetails.RecommendedAction = $description.RecommendedAction
    $record
}

# As Register-VmImageStore keeps it.
function Get-FullUri([string] $Uri) {
    if ($Uri.Contains('://')) { $Uri } else { $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Uri) }
}

function Find-Store([string] $Name) {
    Get-VmImageStore -ErrorAction Stop | Where-Object Name -EQ $Name
}

function Set-Store([object] $Resource) {
    $found = Find-Store $Resource.Name
    if ("$($Resource.Ensure)" -eq 'Absent') {
        Unregister-VmImageStore -Name $found.Name -Confirm:$false -ErrorAction Stop
        return
    }
    if (-not $Resource.Uri -and $null -eq $found) {
        throw (Get-ResourceError 'InvalidRequest' -Message "The store '$($Resource.Name)' is to be present, and has no Uri." -Target $Resource.Name)
    }

    # What was not asked for stays, as long as it is about the same place.
    $all = 'Uri', 'Endpoint', 'Region', 'Profile', 'AllowedFormat', 'MaximumFileSize', 'MaximumVirtualSize', 'MinimumSectorSize', 'MaximumSectorSize'
    $parameter = @{}
    if ($null -ne $found -and (-not $Resource.Uri -or $found.Uri -ceq (Get-FullUri $Resource.Uri))) {
        $parameter = Get-Given $found $all
    }
    $asked = Get-Given $Resource $all
    foreach ($one in $asked.Keys) {
        $parameter[$one] = $asked[$one]
    }
    $default = if ($null -ne $Resource.Default) { $Resource.Default } else { $null -ne $found -and $found.IsDefault }
    Register-VmImageStore -Name $Resource.Name @parameter -Default:$default -SkipTest:([bool] $Resource.SkipTest) -Force -Confirm:$false -ErrorAction Stop
}

function Get-ImageName([string] $Image) {
    ($Image -split ':')[0]
}

# The version that an image is asked in. Null: the newest.
function Get-ImageVersion([string] $Image) {
    $version = $Image -replace '^[^:]*:?'
    if ($version -and $version -cne 'latest') { $version }
}

# What the host has of the image, all of it without an image.
function Get-HostImage([object] $Resource) {
    if ([WildcardPattern]::ContainsWildcardCharacters($Resource.Image)) {
        throw (Get-ResourceError 'InvalidRequest' -Message "'$($Resource.Image)' stands for many images; a resource is one." -Target $Resource.Image)
    }
    $connection = Get-Given $Resource $script:ConnectionParameter
    $version = Get-ImageVersion $Resource.Image
    $pattern = if (-not $Resource.Image) { '*' } else { "$(Get-ImageName $Resource.Image):$(if ($version) { $version } else { '*' })" }
    # All, and chosen here: one that is asked for by name and is not there would be an error. What it warns of is who uses an image, which is not asked.
    Get-VmHostImage @connection -ErrorAction Stop -WarningAction SilentlyContinue -WarningVariable warnings | Where-Object Image -CLike $pattern
    $warnings | ForEach-Object { Write-Verbose "$_" }
}

# The image on the host that the resource is about: in the version and format it asks for, or, where it should not be there, in any.
function Find-HostImage([object] $Resource) {
    $images = Get-HostImage $Resource
    if ("$($Resource.Ensure)" -eq 'Present') {
        $store = Get-Given $Resource Store
        $version = Get-ImageVersion $Resource.Image
        if (-not $version) {
            $version = (Get-VmImage -Image "$(Get-ImageName $Resource.Image):latest" @store -ErrorAction Stop).Version
        }
        $images = $images | Where-Object {
            $_.State -eq 'Present' -and $_.Image -ceq "$(Get-ImageName $Resource.Image):$version" -and (-not $Resource.DiskFormat -or $_.Format -eq $Resource.DiskFormat)
        }
    }
    $images | Select-Object -First 1
}

function Set-HostImage([object] $Resource) {
    $connection = Get-Given $Resource $script:ConnectionParameter
    if ("$($Resource.Ensure)" -eq 'Absent') {
        $images = @(Get-HostImage $Resource | ForEach-Object Image | Select-Object -Unique)
        Remove-VmHostImage -Image $images @connection -Confirm:$false -ErrorAction Stop
    }
    else {
        $what = Get-Given $Resource Image, Store, DiskFormat, TimeoutSec
        $null = Sync-VmImage @what @connection -Confirm:$false -ErrorAction Stop
    }
}

function Get-Vm([object] $Resource) {
    $connection = Get-Given $Resource $script:ConnectionParameter
    Get-VmFromImage @connection -ErrorAction Stop
}

function Find-Vm([object] $Resource) {
    Get-Vm $Resource | Where-Object Name -CEQ $Resource.Name
}

function Set-Vm([object] $Resource, [string[]] $Different) {
    $connection = Get-Given $Resource $script:ConnectionParameter
    $found = Find-Vm $Resource
    if ("$($Resource.Ensure)" -eq 'Present' -and -not $Resource.Image) {
        throw (Get-ResourceError 'InvalidRequest' -Message "The machine '$($Resource.Name)' is to be made, and has no Image." -Target $Resource.Name)
    }
    if ($null -ne $found) {
        if ("$($Resource.Ensure)" -eq 'Present' -and -not $Resource.Force) {
            $message = "The machine '$($Resource.Name)' on $($Resource.HostName) is not as asked: $($Different -join ', ')."
            throw (Get-ResourceError 'VmDiffers' -Message $message -Target $Resource.Name)
        }
        if ("$($Resource.Ensure)" -eq 'Present') {
            # While the old machine is still there: an image that cannot be had costs no machine.
            $image = Get-Given $Resource Image, Store, DiskFormat
            $null = Sync-VmImage @image @connection -Confirm:$false -ErrorAction Stop
        }
        Remove-VmFromImage -Name $found.Name @connection -Force:([bool] $Resource.Force) -Confirm:$false -ErrorAction Stop
    }
    if ("$($Resource.Ensure)" -eq 'Present') {
        $what = Get-Given $Resource Image, Name, Store, Cpu, Memory, DiskSize, UserData, NetworkConfig, GuestHostName, Network, Firmware, WaitSeconds, DiskFormat, FullClone, Start
        $null = New-VmFromImage @what @connection -Confirm:$false -ErrorAction Stop
    }
}
