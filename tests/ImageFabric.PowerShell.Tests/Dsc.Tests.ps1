# The DSC resources, called as PowerShell DSC calls their classes and as DSC 3 runs the commands of their manifests.

BeforeDiscovery {
    $resources = 'VmFromImageOnHost', 'VmImageOnHost', 'VmImageStore'
    $noAnalyzer = -not (Get-Module PSScriptAnalyzer -ListAvailable)
    $noPackage = -not (Test-Path (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'licenses'))
    $noEngine = -not (Test-Path (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'engine/linux-x64/imagefabric'))
}

BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
    . (Join-Path $PSScriptRoot 'dsc.ps1')
    $before = Save-Environment
    Initialize-Dsc
}

AfterAll {
    Restore-Environment $before
}

Describe 'The module of the resources' {
    It 'has a valid manifest that exports each resource, and needs the very version of the cmdlets' {
        $manifest = Import-PowerShellDataFile (Join-Path $DscModule 'ImageFabric.Dsc.psd1')
        $cmdlets = Import-PowerShellDataFile (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'ImageFabric.psd1')
        $null = Test-ModuleManifest (Join-Path $DscModule 'ImageFabric.Dsc.psd1') -ErrorAction Stop

        $manifest.DscResourcesToExport | Should -Be 'VmFromImageOnHost', 'VmImageOnHost', 'VmImageStore'
        $manifest.ModuleVersion, $manifest.RequiredModules[0].RequiredVersion | Should -Be $cmdlets.ModuleVersion, $cmdlets.ModuleVersion
        (Get-Module ImageFabric.Dsc).ExportedCommands.Count | Should -Be 0
    }

    It 'is found by DSC without being loaded' {
        (Get-Module ImageFabric.Dsc -ListAvailable | Where-Object ModuleBase -EQ (Resolve-Path $DscModule).ProviderPath).ExportedDscResources |
            Should -Be 'VmFromImageOnHost', 'VmImageOnHost', 'VmImageStore'
    }

    It 'is a package that a gallery takes, which brings the cmdlets with it' -Skip:$noPackage {
        $version = (Import-PowerShellDataFile (Join-Path $DscModule 'ImageFabric.Dsc.psd1')).ModuleVersion
        $unpacked = Join-Path $TestDrive 'package'
        [System.IO.Compression.ZipFile]::ExtractToDirectory((Join-Path $DscModule "../../ImageFabric.Dsc.$version.nupkg"), $unpacked)
        $metadata = ([xml](Get-Content -Raw (Join-Path $unpacked 'ImageFabric.Dsc.nuspec'))).package.metadata
        $metadata.id, $metadata.version | Should -Be 'ImageFabric.Dsc', $version
        $metadata.dependencies.dependency.id, $metadata.dependencies.dependency.version | Should -Be 'ImageFabric', "[$version]"
        $metadata.tags -split ' ' -like 'PSDscResource_*' | Should -Be 'PSDscResource_VmFromImageOnHost', 'PSDscResource_VmImageOnHost', 'PSDscResource_VmImageStore'
        foreach ($file in Get-ChildItem $DscModule -File) {
            (Get-FileHash (Join-Path $unpacked $file.Name)).Hash | Should -Be (Get-FileHash $file).Hash
        }
    }

    It 'has scripts that are clean in the eyes of PSScriptAnalyzer' -Skip:$noAnalyzer {
        $findings = Invoke-ScriptAnalyzer -Path $DscModule -Recurse -Settings (Join-Path $PSScriptRoot 'PSScriptAnalyzerSettings.psd1')
        $findings | ForEach-Object { "$($_.ScriptName):$($_.Line) $($_.RuleName) $($_.Message)" } | Should -BeNullOrEmpty
    }

    It 'is not loaded by the module of the cmdlets' {
        pwsh -NoProfile -NonInteractive -Command "Import-Module '$env:IMAGEFABRIC_TEST_MODULE/ImageFabric.psd1'; (Get-Module | Where-Object Name -Match Dsc).Name" | Should -BeNullOrEmpty
    }

    It '<_> is a class as DSC wants it, whose properties are parameters of the cmdlets it works through' -ForEach $resources {
        $class = Get-DscClass $_
        $class.GetMethod('Get').ReturnType | Should -Be $class
        $class.GetMethod('Test').ReturnType | Should -Be ([bool])
        $class.GetMethod('Set').ReturnType | Should -Be ([void])
        $settable = $class.GetProperties() | Where-Object { -not (Get-DscAttribute $_).NotConfigurable } | ForEach-Object Name
        $through = @{ VmImageStore = 'Register-VmImageStore'; VmImageOnHost = 'Sync-VmImage'; VmFromImageOnHost = 'New-VmFromImage', 'Remove-VmFromImage' }[$_]
        $parameters = (Get-Command $through).Parameters.Keys
        $settable | Where-Object { $_ -ne 'Ensure' } | ForEach-Object { $parameters | Should -Contain $_ }
    }
}

Describe 'The manifest of <_>' -ForEach $resources {
    BeforeAll {
        $resource = $_
        $manifest = Get-DscManifest $resource
        $schema = $manifest.schema.embedded
        $class = Get-DscClass $resource
    }

    It 'is of the version of the module, and runs the script beside it' {
        $manifest.type | Should -Be "ImageFabric/$resource"
        $manifest.version | Should -Be (Import-PowerShellDataFile (Join-Path $DscModule 'ImageFabric.Dsc.psd1')).ModuleVersion
        foreach ($operation in 'get', 'test', 'set', 'delete', 'export') {
            $manifest.$operation.executable, $manifest.$operation.input | Should -Be 'pwsh', 'stdin'
            $manifest.$operation.args[-2..-1] | Should -Be $resource, $operation
            Join-Path $DscModule $manifest.$operation.args[-3] | Should -Exist
        }
    }

    It 'has a schema of just the properties of the class' {
        $expected = $class.GetProperties().Name | ForEach-Object { if ($_ -eq 'Ensure') { '_exist' } else { $_.Substring(0, 1).ToLowerInvariant() + $_.Substring(1) } }
        $schema.properties.Keys | Sort-Object | Should -BeExactly (@($expected) + '_inDesiredState' | Sort-Object)
        foreach ($property in $class.GetProperties() | Where-Object Name -NE 'Ensure') {
            $described = $schema.properties[$property.Name.Substring(0, 1).ToLowerInvariant() + $property.Name.Substring(1)]
            $kind = @([Nullable]::GetUnderlyingType($property.PropertyType), $property.PropertyType) -ne $null | Select-Object -First 1
            $described.type | Should -Be @{ String = 'string'; 'String[]' = 'array'; Int32 = 'integer'; Int64 = 'integer'; Boolean = 'boolean'; Hashtable = 'object' }[$kind.Name]
            [bool] $described.readOnly | Should -Be ([bool] (Get-DscAttribute $property).NotConfigurable)
            $described.description | Should -Match '^[A-Za-z].*[.]$'
        }
        $keys = $class.GetProperties() | Where-Object { (Get-DscAttribute $_).Key } | ForEach-Object { $_.Name.Substring(0, 1).ToLowerInvariant() + $_.Name.Substring(1) }
        $schema.required | Sort-Object | Should -BeExactly ($keys | Sort-Object)
        $schema.additionalProperties | Should -BeFalse
    }

    It 'says what its exit codes mean' {
        $manifest.exitCodes.Keys | Sort-Object | Should -Be '0', '1', '2'
    }
}

Describe 'VmImageStore' -Skip:$noEngine {
    BeforeEach {
        Initialize-RealEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        $directory = Join-Path $TestDrive ([guid]::NewGuid())
    }

    It 'registers a store that is not there, once' {
        $store = New-DscResource VmImageStore @{ Name = 'mine'; Uri = $directory; Default = $true; MaximumVirtualSize = 1GB; AllowedFormat = 'raw', 'qcow2' }
        $store.Get().Ensure | Should -Be 'Absent'
        $store.Test() | Should -BeFalse
        $store.Set()
        $store.Test() | Should -BeTrue
        $registered = Get-VmImageStore mine
        $registered.Uri, $registered.IsDefault, $registered.MaximumVirtualSize | Should -Be $directory, $true, 1GB

        $file = Join-Path $env:XDG_CONFIG_HOME 'imagefabric/stores.json'
        $written = (Get-Item $file).LastWriteTimeUtc
        $store.Set()
        (Get-Item $file).LastWriteTimeUtc | Should -Be $written
    }

    It 'mends what differs, and leaves what was not asked for' {
        Register-VmImageStore mine $directory -Default -MaximumFileSize 5GB -AllowedFormat raw
        $store = New-DscResource VmImageStore @{ Name = 'mine'; Uri = $directory; MaximumVirtualSize = 2GB }
        $store.Test() | Should -BeFalse
        $store.Set()
        $store.Test() | Should -BeTrue
        $registered = Get-VmImageStore mine
        $registered.IsDefault, $registered.MaximumFileSize, $registered.MaximumVirtualSize, $registered.AllowedFormat | Should -Be $true, 5GB, 2GB, 'raw'

        Register-VmImageStore mine $directory -Force
        $store.Test() | Should -BeFalse
    }

    It 'keeps nothing of a store at another place' {
        Register-VmImageStore mine s3://bucket/old -Endpoint http://s3.example.org -SkipTest
        $store = New-DscResource VmImageStore @{ Name = 'mine'; Uri = $directory }
        $store.Test() | Should -BeFalse
        $store.Set()
        (Get-VmImageStore mine).Uri, (Get-VmImageStore mine).Endpoint | Should -Be $directory, $null
    }

    It 'unregisters a store, once, and leaves its content' {
        Register-VmImageStore mine $directory
        $store = New-DscResource VmImageStore @{ Name = 'MINE'; Ensure = 'Absent' }
        $store.Test() | Should -BeFalse
        $store.Set()
        $store.Test() | Should -BeTrue
        $store.Set()
        Get-VmImageStore | Should -BeNullOrEmpty
        Join-Path $directory 'imagefabric.json' | Should -Exist
    }

    It 'fails with the ids of the cmdlets' {
        Get-DscError { (New-DscResource VmImageStore @{ Name = 'mine' }).Set() } | Should -Be 'InvalidRequest'
        Get-DscError { (New-DscResource VmImageStore @{ Name = 'mine'; Uri = 's3://no/where'; Endpoint = 'http://127.0.0.1:9'; Region = 'x'; Profile = 'nosuch' }).Set() } |
            Should -BeIn 'CredentialsNotFound', 'StoreUnreachable'
        Get-VmImageStore | Should -BeNullOrEmpty
        Set-Content (New-Item -Force (Join-Path $env:XDG_CONFIG_HOME 'imagefabric/stores.json')) '{ "stores": ['
        Get-DscError { (New-DscResource VmImageStore @{ Name = 'mine' }).Test() } | Should -Be 'StoreRegistryUnusable'
    }

    It 'does the same for DSC 3' {
        $desired = @{ name = 'mine'; uri = $directory; default = $true }
        (Invoke-DscCommand VmImageStore get $desired).State._exist | Should -BeFalse
        $test = Invoke-DscCommand VmImageStore test $desired
        $test.State._inDesiredState, $test.Different | Should -Be $false, '_exist'
        $set = Invoke-DscCommand VmImageStore set $desired
        $set.State.uri, $set.State.default, $set.Different | Should -Be $directory, $true, '_exist'
        (Invoke-DscCommand VmImageStore set $desired).Different | Should -BeNullOrEmpty
        (Invoke-DscCommand VmImageStore test $desired).State._inDesiredState | Should -BeTrue
        (Invoke-DscCommand VmImageStore test ($desired + @{ minimumSectorSize = 4096 })).Different | Should -Be 'minimumSectorSize'
        (Invoke-DscCommand VmImageStore export).State.name | Should -Be 'mine'
        (Invoke-DscCommand VmImageStore set @{ name = 'mine'; _exist = $false }).State._exist | Should -BeFalse
        (Invoke-DscCommand VmImageStore test @{ name = 'mine'; _exist = $false }).State._inDesiredState | Should -BeTrue
    }

    It 'tells DSC 3 what is wrong, by exit code and trace' {
        $failed = Invoke-DscCommand VmImageStore set @{ name = 'mine' }
        $failed.ExitCode, $failed.Output | Should -Be 1, ''
        $failed.Error | Should -Match '^InvalidRequest: .*Uri.*\(.+\)$'
        $unknown = "gr$([char] 0xF6)sse"
        $wrong = Invoke-DscCommand VmImageStore get @{ name = 'mine'; $unknown = 5 } -NotOfSchema
        $wrong.ExitCode, $wrong.Output | Should -Be 2, ''
        $wrong.Error | Should -Match $unknown
        (Invoke-DscCommand VmImageStore get @{ name = 'mine'; maximumFileSize = 'many' } -NotOfSchema).ExitCode | Should -Be 2
        (Invoke-DscCommand VmImageStore get -Text '[1]').ExitCode | Should -Be 2
        (Invoke-DscCommand VmImageStore get -Text '{').ExitCode | Should -Be 2
    }
}

Describe 'VmImageOnHost on this machine' -Skip:$noEngine {
    BeforeAll {
        Initialize-RealEngine (Join-Path $TestDrive 'image')
        $disk = Join-Path $TestDrive 'disk.raw'
        $content = [byte[]]::new(2MB)
        [Random]::new(11).NextBytes($content)
        [System.IO.File]::WriteAllBytes($disk, $content)
        $null = Publish-VmImage $disk -Name local -Version 1
        $there = @{ HostName = 'localhost'; ImageDirectory = Join-Path $TestDrive 'host' }
    }

    It 'brings the newest version, once, and a newer one when there is one' {
        $image = New-DscResource VmImageOnHost ($there + @{ Image = 'local' })
        $image.Get().Ensure | Should -Be 'Absent'
        $image.Test() | Should -BeFalse
        $image.Set()
        $image.Test() | Should -BeTrue
        $state = $image.Get()
        $state.Ensure, $state.Version, $state.DiskFormat | Should -Be 'Present', '1', 'raw'
        (Get-FileHash $state.Path).Hash | Should -Be (Get-FileHash $disk).Hash

        $written = (Get-Item $state.Path).LastWriteTimeUtc
        $image.Set()
        (Get-Item $state.Path).LastWriteTimeUtc | Should -Be $written

        $content[0] = $content[0] -bxor 1
        [System.IO.File]::WriteAllBytes($disk, $content)
        $null = Publish-VmImage $disk -Name local -Version 2
        $image.Test() | Should -BeFalse
        $image.Set()
        $image.Get().Version | Should -Be '2'
        (New-DscResource VmImageOnHost ($there + @{ Image = 'local:1' })).Test() | Should -BeTrue
    }

    It 'brings it in another format' {
        $image = New-DscResource VmImageOnHost ($there + @{ Image = 'local:1'; DiskFormat = 'qcow2' })
        $image.Test() | Should -BeFalse
        $image.Set()
        $image.Test() | Should -BeTrue
        $image.Get().DiskFormat | Should -Be 'qcow2'
    }

    It 'does the same for DSC 3' {
        $desired = @{ image = 'local:1'; hostName = 'localhost'; imageDirectory = Join-Path $TestDrive 'three'; options = @{ BatchMode = $true; Compression = 'no' } }
        (Invoke-DscCommand VmImageOnHost get $desired).State._exist | Should -BeFalse
        $set = Invoke-DscCommand VmImageOnHost set $desired
        $set.State.version, $set.Different | Should -Be '1', '_exist'
        (Invoke-DscCommand VmImageOnHost test $desired).State._inDesiredState | Should -BeTrue
        (Invoke-DscCommand VmImageOnHost set $desired).Different | Should -BeNullOrEmpty
        $exported = Invoke-DscCommand VmImageOnHost export @{ imageDirectory = $desired.imageDirectory } -NotOfSchema
        $exported.State.image, $exported.State.imageId | Should -Be 'local:1', $set.State.imageId
    }

    It 'fails with the ids of the cmdlets' {
        Get-DscError { (New-DscResource VmImageOnHost ($there + @{ Image = 'nosuch' })).Test() } | Should -Be 'ImageNotFound'
        Get-DscError { (New-DscResource VmImageOnHost ($there + @{ Image = 'nosuch:1' })).Set() } | Should -Be 'ImageNotFound'
        Get-DscError { (New-DscResource VmImageOnHost ($there + @{ Image = 'loc*' })).Get() } | Should -Be 'InvalidRequest'
        (Invoke-DscCommand VmImageOnHost set @{ image = 'nosuch'; hostName = 'localhost' }).Error | Should -Match '^ImageNotFound: '
    }
}

Describe 'VmImageOnHost on a host' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer list (Get-ImageAnswer)
        Set-EngineAnswer host-image-list (Get-HostImageAnswer)
    }

    It 'reaches the host as it is told' {
        $image = New-DscResource VmImageOnHost @{ Image = 'ubuntu:24.04.3'; HostName = 'localhost'; ImageDirectory = '/srv' }
        $image.Get().ImageDirectory | Should -Be '/srv'
        (Get-EngineRequest host-image-list).imageDirectory | Should -Be '/srv'
        Get-EngineRequest list | Should -BeNullOrEmpty
    }

    It 'does not take half an image, another version or another format for it' {
        Set-EngineAnswer host-image-list (Get-HostImageAnswer -State Partial), (Get-HostImageAnswer 'ubuntu:24.04.2')
        (New-DscResource VmImageOnHost @{ Image = 'ubuntu'; HostName = 'localhost' }).Test() | Should -BeFalse
        Set-EngineAnswer host-image-list (Get-HostImageAnswer)
        (New-DscResource VmImageOnHost @{ Image = 'ubuntu'; HostName = 'localhost'; DiskFormat = 'qcow2' }).Test() | Should -BeFalse
    }

    It 'takes <Image> away: <Removed>' -ForEach @(
        @{ Image = 'ubuntu:24.04.3'; Removed = 'ubuntu:24.04.3' }
        @{ Image = 'ubuntu'; Removed = 'ubuntu:24.04.3', 'ubuntu:24.04.2' }
    ) {
        Set-EngineAnswer host-image-list (Get-HostImageAnswer), (Get-HostImageAnswer 'ubuntu:24.04.2' Partial), (Get-HostImageAnswer 'debian:12')
        Set-EngineAnswer host-image-remove ($Removed | ForEach-Object { Get-HostImageAnswer $_ Removable })
        $resource = New-DscResource VmImageOnHost @{ Image = $Image; HostName = 'localhost'; Ensure = 'Absent' }
        $resource.Test() | Should -BeFalse
        $resource.Set()
        @(Get-EngineRequest host-image-remove)[0].images | Should -Be $Removed
    }

    It 'does nothing to a host that does not have what should be absent' {
        $resource = New-DscResource VmImageOnHost @{ Image = 'debian'; HostName = 'localhost'; Ensure = 'Absent' }
        $resource.Test() | Should -BeTrue
        $resource.Set()
        (Get-EngineRequest).operation | Sort-Object -Unique | Should -Be 'host-image-list'
    }

    It 'fails with the id of a host that refuses' {
        Set-EngineAnswer host-image-remove (Get-ErrorAnswer ImageInUse ResourceBusy)
        Get-DscError { (New-DscResource VmImageOnHost @{ Image = 'ubuntu'; HostName = 'localhost'; Ensure = 'Absent' }).Set() } | Should -Be 'ImageInUse'
    }
}

Describe 'VmFromImageOnHost' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer list (Get-ImageAnswer)
        Set-EngineAnswer grant (Get-ImageAnswer) -Stays
        Set-EngineAnswer pull (Get-PullAnswer)
        Set-EngineAnswer vm-create (Get-VmAnswer)
        Set-EngineAnswer vm-remove (Get-VmAnswer)
        Set-EngineAnswer vm-list
        $wanted = @{ Name = 'web01'; HostName = 'localhost'; Image = 'ubuntu:24.04.3' }
    }

    It 'makes a machine with all that is asked for' {
        $vm = New-DscResource VmFromImageOnHost ($wanted + @{
                Cpu = 2; Memory = 2GB; DiskSize = 20GB; UserData = '#cloud-config', 'stay: true'; NetworkConfig = 'version: 2'; GuestHostName = 'web'; Network = 'none'
                Firmware = 'UEFI'; FullClone = $true; Start = $true; WaitSeconds = 5; ImageDirectory = '/srv'
            })
        $vm.Get().Ensure | Should -Be 'Absent'
        $vm.Test() | Should -BeFalse
        $vm.Set()
        $asked = Get-EngineRequest vm-create
        $asked.name, $asked.image, $asked.cpu, $asked.memoryBytes, $asked.diskSizeBytes | Should -Be 'web01', 'ubuntu:24.04.3', 2, 2GB, 20GB
        (Get-Text $asked.userData), (Get-Text $asked.networkConfig), $asked.hostNameInGuest, $asked.network, $asked.firmware | Should -Be "#cloud-config`nstay: true", 'version: 2', 'web', 'none', 'UEFI'
        $asked.fullClone, $asked.start, $asked.waitSeconds, $asked.imageDirectory | Should -Be $true, $true, 5, '/srv'
    }

    It 'does nothing to a machine that is as asked' {
        Set-EngineAnswer vm-list (Get-VmAnswer)
        $vm = New-DscResource VmFromImageOnHost ($wanted + @{ Cpu = 2; Memory = 2GB; DiskSize = 20GB; FullClone = $false; Force = $true; UserData = 'other' })
        $vm.Test() | Should -BeTrue
        $vm.Set()
        $state = $vm.Get()
        $state.Ensure, $state.Image, $state.Cpu, $state.Memory, $state.State, $state.Addresses[0] | Should -Be 'Present', 'ubuntu:24.04.3', 2, 2GB, 'Running', '192.0.2.7'
        (Get-EngineRequest).operation | Sort-Object -Unique | Should -Be 'vm-list'
    }

    It 'leaves a machine with the version that it was made from, when none is asked for' -ForEach 'ubuntu', 'ubuntu:latest' {
        $old = Get-VmAnswer
        $old.image = 'ubuntu:22.04'
        Set-EngineAnswer vm-list $old
        $wanted.Image = $_
        (New-DscResource VmFromImageOnHost $wanted).Test() | Should -BeTrue
    }

    It 'sees that <Name> differs, and replaces the machine with Force only' -ForEach @(
        @{ Name = 'Image'; Value = 'ubuntu:24.04.2' }
        @{ Name = 'Image'; Value = 'debian' }
        @{ Name = 'Cpu'; Value = 4 }
        @{ Name = 'Memory'; Value = 1GB }
        @{ Name = 'DiskSize'; Value = 30GB }
        @{ Name = 'FullClone'; Value = $true }
    ) {
        Set-EngineAnswer vm-list (Get-VmAnswer)
        $wanted[$Name] = $Value
        $vm = New-DscResource VmFromImageOnHost $wanted
        $vm.Test() | Should -BeFalse
        $problem = { $vm.Set() } | Should -Throw "*$Name*" -PassThru
        $problem.FullyQualifiedErrorId | Should -BeLike 'VmDiffers*'
        $problem.CategoryInfo.Category, $problem.TargetObject | Should -Be 'InvalidOperation', 'web01'
        $problem.ErrorDetails.RecommendedAction | Should -Match 'Force'
        Get-EngineRequest vm-remove | Should -BeNullOrEmpty

        $vm.Force = $true
        $vm.Set()
        (Get-EngineRequest).operation | Where-Object { $_ -in 'pull', 'vm-remove', 'vm-create' } | Should -Be 'pull', 'vm-remove', 'vm-create'
    }

    It 'keeps the machine when the image that should replace its own cannot be had' {
        Set-EngineAnswer vm-list (Get-VmAnswer)
        Set-EngineAnswer grant (Get-ErrorAnswer ImageNotFound)
        $wanted.Image = 'ubuntu:25'
        Get-DscError { (New-DscResource VmFromImageOnHost ($wanted + @{ Force = $true })).Set() } | Should -Be 'ImageNotFound'
        Get-EngineRequest vm-remove | Should -BeNullOrEmpty
    }

    It 'takes a machine away, one that runs with Force' {
        Set-EngineAnswer vm-list (Get-VmAnswer)
        $vm = New-DscResource VmFromImageOnHost @{ Name = 'web01'; HostName = 'localhost'; Ensure = 'Absent' }
        $vm.Test() | Should -BeFalse
        $vm.Set()
        $vm.Force = $true
        $vm.Set()
        (Get-EngineRequest vm-remove).force | ForEach-Object { [bool] $_ } | Should -Be $false, $true
        Set-EngineAnswer vm-remove (Get-ErrorAnswer VmRunning ResourceBusy)
        Get-DscError { $vm.Set() } | Should -Be 'VmRunning'
        Set-EngineAnswer vm-list
        $vm.Test() | Should -BeTrue
        $vm.Set()
    }

    It 'fails with the ids of the cmdlets' {
        Get-DscError { (New-DscResource VmFromImageOnHost @{ Name = 'web01'; HostName = 'localhost' }).Set() } | Should -Be 'InvalidRequest'
        Set-EngineAnswer vm-create (Get-ErrorAnswer NetworkNotFound)
        Get-DscError { (New-DscResource VmFromImageOnHost $wanted).Set() } | Should -Be 'NetworkNotFound'
        Set-EngineAnswer vm-list (Get-ErrorAnswer HypervisorUnavailable ResourceUnavailable)
        Get-DscError { (New-DscResource VmFromImageOnHost $wanted).Test() } | Should -Be 'HypervisorUnavailable'
    }

    It 'does the same for DSC 3' {
        $desired = @{ name = 'web01'; hostName = 'localhost'; image = 'ubuntu'; cpu = 2; memory = 2GB; userData = @('#cloud-config') }
        (Invoke-DscCommand VmFromImageOnHost test $desired).Different | Should -Be '_exist'
        Set-EngineAnswer vm-list (Get-VmAnswer)
        $test = Invoke-DscCommand VmFromImageOnHost test ($desired + @{ diskSize = 1GB })
        $test.State._inDesiredState, $test.State.diskSize, $test.Different | Should -Be $false, 20GB, 'diskSize'
        (Invoke-DscCommand VmFromImageOnHost set $desired).State.image | Should -Be 'ubuntu:24.04.3'
        (Invoke-DscCommand VmFromImageOnHost export).State.name | Should -Be 'web01'
        (Invoke-DscCommand VmFromImageOnHost delete @{ name = 'web01'; hostName = 'localhost' }).ExitCode | Should -Be 0
        (Get-EngineRequest vm-remove).name | Should -Be 'web01'
        (Invoke-DscCommand VmFromImageOnHost set ($desired + @{ diskSize = 1GB })).Error | Should -Match '^VmDiffers: .*DiskSize'
    }
}
