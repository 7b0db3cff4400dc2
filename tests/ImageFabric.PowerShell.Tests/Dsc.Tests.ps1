BeforeDiscovery {
    $folder = Join-Path $env:IMAGEFABRIC_TEST_MODULE '../ImageFabric.Dsc'
    $manifests = Get-ChildItem $folder -Filter *.dsc.resource.json | ForEach-Object { @{ Name = $_.Name -replace '\..*'; File = $_.FullName } }
}

BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
    $folder = (Resolve-Path (Join-Path $env:IMAGEFABRIC_TEST_MODULE '../ImageFabric.Dsc')).ProviderPath
    $before = $env:PSModulePath
    $env:PSModulePath = (Split-Path $folder) + [System.IO.Path]::PathSeparator + $before
    $dsc = Import-Module (Join-Path $folder 'ImageFabric.Dsc.psd1') -PassThru

    # A resource with properties, as a configuration makes it.
    function New-Resource([string] $Name, [hashtable] $Property) {
        $resource = & $dsc { param($Name) New-Object -TypeName $Name } $Name
        $Property.Keys | ForEach-Object { $resource.$_ = $Property[$_] }
        $resource
    }
}

AfterAll {
    $env:PSModulePath = $before
}

Describe 'The DSC resources' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
    }

    It 'are exported by a manifest that PowerShell accepts' {
        $module = Test-ModuleManifest (Join-Path $folder 'ImageFabric.Dsc.psd1') -ErrorAction Stop
        (Import-PowerShellDataFile $module.Path).DscResourcesToExport | Should -Be 'VmFromImageOnHost', 'VmImageOnHost', 'VmImageStore'
        $module.Version | Should -Be (Import-PowerShellDataFile (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'ImageFabric.psd1')).ModuleVersion
    }

    Context 'VmImageStore' {
        BeforeEach {
            Set-EngineAnswer probe @{ type = 'result'; uri = 's3://images'; repositoryId = 'abc'; formatVersion = 1; conditionalWrites = $true }
            $wanted = @{ Name = 'lab'; Uri = 's3://images'; Endpoint = 'http://192.0.2.1'; Default = $true }
        }

        It 'registers a store, and does nothing when it is so already' {
            $resource = New-Resource VmImageStore $wanted
            "$($resource.Get().Ensure)", $resource.Test() | Should -Be 'Absent', $false
            $resource.Set()
            $resource.Test() | Should -BeTrue
            $state = $resource.Get()
            "$($state.Ensure)", $state.Uri, $state.Endpoint, $state.Default | Should -Be 'Present', 's3://images', 'http://192.0.2.1', $true
            $resource.Set()
            @(Get-EngineRequest probe).Count | Should -Be 1
        }

        It 'mends what is otherwise, and leaves what the configuration does not say' {
            Register-VmImageStore lab s3://other -Region eu-1 -MaximumFileSize 5GB
            $resource = New-Resource VmImageStore $wanted
            $resource.Test() | Should -BeFalse
            $resource.Set()
            $store = Get-VmImageStore lab
            $store.Uri, $store.Region, $store.MaximumFileSize, $store.IsDefault | Should -Be 's3://images', 'eu-1', 5GB, $true
        }

        It 'takes a store away, and does nothing when there is none' {
            Register-VmImageStore lab s3://images
            $resource = New-Resource VmImageStore @{ Name = 'lab'; Ensure = 'Absent' }
            $resource.Test() | Should -BeFalse
            $resource.Set()
            Get-VmImageStore | Should -BeNullOrEmpty
            $resource.Test() | Should -BeTrue
            $resource.Set()
        }

        It 'fails with the error of the cmdlet' {
            Set-EngineAnswer probe (Get-ErrorAnswer StoreAccessDenied PermissionDenied)
            $problem = { (New-Resource VmImageStore $wanted).Set() } | Should -Throw -PassThru
            "$($problem.Exception.InnerException) $($problem.FullyQualifiedErrorId)" | Should -Match 'That did not work|StoreAccessDenied'
        }
    }

    Context 'VmImageOnHost' {
        BeforeEach {
            Set-EngineAnswer list (Get-ImageAnswer)
            Set-EngineAnswer grant (Get-ImageAnswer) -Stays
            Set-EngineAnswer pull (Get-PullAnswer)
            Set-EngineAnswer host-image-list
        }

        It 'syncs the newest version to a host that lacks it' {
            $resource = New-Resource VmImageOnHost @{ Image = 'ubuntu'; HostName = 'localhost'; Store = 's3://images'; ImageDirectory = '/srv' }
            $resource.Test() | Should -BeFalse
            $resource.Set()
            (Get-EngineRequest list)[0].image | Should -Be 'ubuntu:latest'
            (Get-EngineRequest pull).imageDirectory | Should -Be '/srv'
        }

        It 'does nothing when the host has it' {
            Set-EngineAnswer host-image-list (Get-HostImageAnswer)
            $resource = New-Resource VmImageOnHost @{ Image = 'ubuntu:latest'; HostName = 'localhost' }
            $resource.Test() | Should -BeTrue
            $resource.Set()
            Get-EngineRequest pull | Should -BeNullOrEmpty
            $state = $resource.Get()
            "$($state.Ensure)", $state.DiskFormat, $state.Path | Should -Be 'Present', 'raw', '/var/lib/images/ubuntu:24.04.3.raw'
        }

        It 'does not take half an image, or another version, for it' {
            Set-EngineAnswer host-image-list (Get-HostImageAnswer -State Partial), (Get-HostImageAnswer 'ubuntu:24.04.2')
            (New-Resource VmImageOnHost @{ Image = 'ubuntu'; HostName = 'localhost' }).Test() | Should -BeFalse
        }

        It 'takes it away' {
            Set-EngineAnswer host-image-list (Get-HostImageAnswer)
            Set-EngineAnswer host-image-remove (Get-HostImageAnswer -State Removable)
            $resource = New-Resource VmImageOnHost @{ Image = 'ubuntu:24.04.3'; HostName = 'localhost'; Ensure = 'Absent' }
            $resource.Test() | Should -BeFalse
            $resource.Set()
            @(Get-EngineRequest host-image-remove)[-1].images | Should -Be 'ubuntu:24.04.3'
        }
    }

    Context 'VmFromImageOnHost' {
        BeforeEach {
            Set-EngineAnswer list (Get-ImageAnswer)
            Set-EngineAnswer grant (Get-ImageAnswer) -Stays
            Set-EngineAnswer vm-create (Get-VmAnswer)
            Set-EngineAnswer vm-list
            $wanted = @{ Name = 'web01'; HostName = 'localhost'; Image = 'ubuntu:24.04.3'; Memory = 2GB; Start = $true }
        }

        It 'makes the machine' {
            $resource = New-Resource VmFromImageOnHost $wanted
            "$($resource.Get().Ensure)", $resource.Test() | Should -Be 'Absent', $false
            $resource.Set()
            $asked = Get-EngineRequest vm-create
            $asked.image, $asked.memoryBytes, $asked.start | Should -Be 'ubuntu:24.04.3', 2GB, $true
        }

        It 'leaves a machine of another image alone, unless it may be replaced' {
            $old = Get-VmAnswer
            $old.image = 'ubuntu:24.04.2'
            Set-EngineAnswer vm-list $old
            Set-EngineAnswer vm-remove $old
            (New-Resource VmFromImageOnHost $wanted).Test() | Should -BeTrue

            $resource = New-Resource VmFromImageOnHost ($wanted + @{ Replace = $true })
            $resource.Image = 'ubuntu'
            $resource.Test() | Should -BeFalse
            $resource.Set()
            (Get-EngineRequest vm-remove).force | Should -BeTrue
            (Get-EngineRequest vm-create).image | Should -Be 'ubuntu:24.04.3'
        }

        It 'takes the machine away' {
            Set-EngineAnswer vm-list (Get-VmAnswer)
            Set-EngineAnswer vm-remove (Get-VmAnswer)
            $resource = New-Resource VmFromImageOnHost @{ Name = 'web01'; HostName = 'localhost'; Ensure = 'Absent' }
            $resource.Test() | Should -BeFalse
            $resource.Set()
            (Get-EngineRequest vm-remove).name | Should -Be 'web01'
        }

        It 'says that an image is needed' {
            { (New-Resource VmFromImageOnHost @{ Name = 'web01'; HostName = 'localhost' }).Set() } | Should -Throw '*Image is needed*'
        }
    }
}

Describe 'The DSC v3 manifest of <Name>' -ForEach $manifests {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer probe @{ type = 'result'; uri = 's3://images'; repositoryId = 'abc'; formatVersion = 1; conditionalWrites = $true }
        Set-EngineAnswer vm-list (Get-VmAnswer)
        Set-EngineAnswer host-image-list (Get-HostImageAnswer)
        $manifest = Get-Content -Raw $File | ConvertFrom-Json
        $properties = $manifest.schema.embedded.properties

        # What DSC does: the manifest's own command line, in the manifest's folder, JSON by standard input.
        function Invoke-Operation([string] $Operation, [hashtable] $Property) {
            $command = $manifest.$Operation
            Push-Location $folder
            try {
                ConvertTo-Json $Property -Compress | & $command.executable $command.args 2>$null
            }
            finally {
                Pop-Location
            }
        }
        $keys = @{
            VmImageStore      = @{ name = 'lab'; uri = 's3://images' }
            VmImageOnHost     = @{ image = 'ubuntu:24.04.3'; hostName = 'localhost' }
            VmFromImageOnHost = @{ name = 'web01'; hostName = 'localhost'; image = 'ubuntu:24.04.3' }
        }[$Name]
    }

    It 'knows the properties of the class and no others' {
        $class = (New-Resource $Name @{}).PSObject.Properties.Name | ForEach-Object { if ($_ -eq 'Ensure') { '_exist' } else { $_ } }
        $properties.PSObject.Properties.Name | Where-Object { $_ -ne '_inDesiredState' } | Sort-Object | Should -Be ($class | Sort-Object)
        $manifest.type | Should -Be "ImageFabric/$Name"
    }

    It 'gets, tests and sets with JSON in and out' {
        $isStore = $Name -eq 'VmImageStore'
        $tested = Invoke-Operation test $keys | ConvertFrom-Json
        $tested._inDesiredState, $tested._exist | Should -Be (-not $isStore), (-not $isStore)
        $set = Invoke-Operation set $keys | ConvertFrom-Json
        $set._exist | Should -BeTrue
        $set.PSObject.Properties.Name | ForEach-Object { $properties.PSObject.Properties.Name | Should -Contain $_ }
        (Invoke-Operation test $keys | ConvertFrom-Json)._inDesiredState | Should -BeTrue
        (Invoke-Operation get $keys | ConvertFrom-Json)._exist | Should -BeTrue
    }

    It 'fails with exit code 1' {
        Set-EngineAnswer vm-list (Get-ErrorAnswer HypervisorUnavailable ResourceUnavailable)
        Set-EngineAnswer host-image-list (Get-ErrorAnswer HostWriteFailed WriteError)
        Set-EngineAnswer probe (Get-ErrorAnswer StoreAccessDenied PermissionDenied)
        Invoke-Operation set $keys | Should -BeNullOrEmpty
        $LASTEXITCODE | Should -Be 1
    }
}
