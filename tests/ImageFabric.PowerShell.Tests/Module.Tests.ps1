BeforeDiscovery {
    $manifest = Import-PowerShellDataFile (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'ImageFabric.psd1')
    $cmdlets = $manifest.CmdletsToExport
    $noPackage = -not (Test-Path (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'licenses'))
    $noAnalyzer = -not (Get-Module PSScriptAnalyzer -ListAvailable)
}

BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
    $manifest = Import-PowerShellDataFile (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'ImageFabric.psd1')
}

Describe 'The module' {
    It 'has a valid manifest for Windows PowerShell 5.1 and PowerShell 7' {
        $module = Test-ModuleManifest (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'ImageFabric.psd1') -ErrorAction Stop
        $module.PowerShellVersion | Should -Be '5.1'
        $module.CompatiblePSEditions | Should -Be 'Desktop', 'Core'
    }

    It 'exports every cmdlet it has, and nothing else' {
        $assembly = [AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_.GetName().Name -eq 'ImageFabric.PowerShell' }
        $attributes = $assembly.GetExportedTypes() | ForEach-Object { $_.GetCustomAttributes([System.Management.Automation.CmdletAttribute], $false) }
        $declared = $attributes | ForEach-Object { "$($_.VerbName)-$($_.NounName)" } | Sort-Object

        $manifest.CmdletsToExport | Sort-Object | Should -Be $declared
        (Get-Command -Module ImageFabric).Name | Sort-Object | Should -Be $declared
    }

    It 'brings no assembly but its own' {
        (Get-ChildItem $env:IMAGEFABRIC_TEST_MODULE -Filter *.dll).Name |
            Should -Be 'ImageFabric.Fleet.dll', 'ImageFabric.PowerShell.dll', 'ImageFabric.Protocol.dll'
    }

    It 'loads only its own assemblies, and only when they are needed' {
        $loaded = {
            $before = [AppDomain]::CurrentDomain.GetAssemblies().FullName
            Import-Module (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'ImageFabric.psd1')
            $null = Get-Command -Module ImageFabric
            [AppDomain]::CurrentDomain.GetAssemblies().FullName | Where-Object { $_ -notin $before -and $_ -notmatch '^(System\.|netstandard|Anonymously|Microsoft\.PowerShell\.)' }
        }
        pwsh -NoProfile -NonInteractive -Command $loaded | ForEach-Object { $_ -replace ',.*' } | Sort-Object |
            Should -Be 'ImageFabric.PowerShell', 'ImageFabric.Protocol'
    }

    It 'is a package that a gallery takes, with nothing but the module in it' -Skip:$noPackage {
        $file = Get-Item (Join-Path $env:IMAGEFABRIC_TEST_MODULE "../../ImageFabric.$($manifest.ModuleVersion).nupkg")
        [System.IO.Compression.ZipFile]::ExtractToDirectory($file.FullName, (Join-Path $TestDrive 'package'))
        $unpacked = Join-Path $TestDrive 'package'
        $metadata = ([xml](Get-Content -Raw (Join-Path $unpacked 'ImageFabric.nuspec'))).package.metadata
        $metadata.id, $metadata.version | Should -Be 'ImageFabric', $manifest.ModuleVersion
        $tags = $metadata.tags -split ' '
        'PSModule', 'PSIncludes_Cmdlet', 'PSEdition_Desktop', 'PSEdition_Core', 'PSCmdlet_Sync-VmImage', 'PSCommand_Sync-VmImage' | ForEach-Object { $tags | Should -Contain $_ }

        function Get-FileList([string] $Folder) {
            $root = (Resolve-Path -LiteralPath $Folder).ProviderPath
            Get-ChildItem -LiteralPath $root -Recurse -File | ForEach-Object {
                "$($_.FullName.Substring($root.Length)) $((Get-FileHash -LiteralPath $_.FullName).Hash)"
            } | Sort-Object
        }
        $made = Get-FileList $unpacked | Where-Object { $_ -notmatch '_rels|package/services|Content_Types|\.nuspec ' }
        $made | Should -Be (Get-FileList $env:IMAGEFABRIC_TEST_MODULE)
    }

    It 'has the one version that Directory.Build.props says, in every manifest' -Skip:$noPackage {
        $root = (Resolve-Path (Join-Path $PSScriptRoot '../..')).ProviderPath
        $version = ([xml] (Get-Content (Join-Path $root 'Directory.Build.props'))).Project.PropertyGroup.VersionPrefix
        $dsc = Join-Path $env:IMAGEFABRIC_TEST_MODULE '../ImageFabric.Dsc'
        (Import-PowerShellDataFile (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'ImageFabric.psd1')).ModuleVersion | Should -Be $version
        (Import-PowerShellDataFile (Join-Path $dsc 'ImageFabric.Dsc.psd1')).ModuleVersion | Should -Be $version
        Get-ChildItem $dsc -Filter *.json | ForEach-Object { (Get-Content -Raw $_ | ConvertFrom-Json).version | Should -Be $version }
        Get-ChildItem (Join-Path $root 'src') -Recurse -Include *.psd1, *.resource.json | Select-String -Pattern $version -SimpleMatch | Should -BeNullOrEmpty
    }

    It 'brings an engine for <platform>, which hosts and workstations need' -ForEach @(
        @{ platform = 'linux-x64'; program = 'imagefabric'; library = 'libzstd.so.1'; magic = '7F-45-4C-46' }
        @{ platform = 'win-x64'; program = 'imagefabric.exe'; library = 'libzstd.dll'; magic = '4D-5A' }
    ) -Skip:$noPackage {
        $folder = Join-Path $env:IMAGEFABRIC_TEST_MODULE "engine/$platform"
        $files = Get-ChildItem $folder
        $files.Name | Sort-Object | Should -Be ($program, $library | Sort-Object)
        foreach ($file in $files) {
            [System.BitConverter]::ToString([byte[]] (Get-Content $file -AsByteStream -TotalCount 4)) | Should -BeLike "$magic*"
        }
    }

    It 'names the licence of everything that its engines are made of' -Skip:$noPackage {
        $folder = Join-Path $env:IMAGEFABRIC_TEST_MODULE 'licenses'
        $notices = Get-Content (Join-Path $folder 'NOTICES.txt') -Raw
        'AWSSDK.Core', 'AWSSDK.S3', 'System.CommandLine', 'ZstdSharp.Port', '.NET runtime' | ForEach-Object { $notices | Should -BeLike "*$_ *" }
        $notices | Should -BeLike '*libzstd *'
        [regex]::Matches($notices, '\S+\.txt').Value | Sort-Object -Unique | ForEach-Object { Join-Path $folder $_ | Should -Exist }
    }

    It 'needs no assembly that Windows PowerShell does not have' {
        $assemblies = (Get-ChildItem $env:IMAGEFABRIC_TEST_MODULE -Filter *.dll).FullName | ForEach-Object { [System.Reflection.Assembly]::LoadFrom($_) }
        ($assemblies.GetReferencedAssemblies().Name | Sort-Object -Unique) -notlike 'ImageFabric.*' |
            Should -Be 'netstandard', 'System.Management.Automation'
    }

    It '<_> uses an approved verb, says what it gives out' -ForEach $cmdlets {
        $command = Get-Command $_
        (Get-Verb).Verb | Should -Contain $command.Verb
        $command.OutputType | Should -Not -BeNullOrEmpty
    }

    It '<_> can be tried with -WhatIf' -ForEach ($cmdlets -match '^(Register|Unregister|Publish|Remove|Sync|Copy|Repair)-|^New-VmFromImage') {
        (Get-Command $_).Parameters.Keys | Should -Contain 'WhatIf'
    }
}

Describe 'The help' {
    BeforeAll {
        $documents = (Resolve-Path (Join-Path $PSScriptRoot '../../docs')).ProviderPath
        $common = [System.Management.Automation.Cmdlet]::CommonParameters
    }

    It '<_> is described, parameter by parameter, with two examples or more' -ForEach $cmdlets {
        $help = Get-Help $_ -Full
        $help.Synopsis | Should -Match '^[A-Z].*\.$'
        $help.description.Text | Should -Not -BeNullOrEmpty
        @($help.examples.example).Count | Should -BeGreaterOrEqual 2
        foreach ($parameter in (Get-Command $_).Parameters.Keys | Where-Object { $_ -notin $common }) {
            $described = $help.parameters.parameter | Where-Object name -EQ $parameter
            "$parameter $($described.description.Text)" | Should -Match "$parameter .+\."
        }
    }

    It '<_> has a page with its parameters and no others' -ForEach $cmdlets {
        $page = Get-Content (Join-Path $documents "en-US/$_.md")
        $described = $page -match '^### -' -replace '^### -'
        $described | Sort-Object | Should -Be ((Get-Command $_).Parameters.Keys | Where-Object { $_ -notin $common } | Sort-Object)
    }

    It '<_> has a page whose parameters are of the types, aliases, positions and pipeline that the cmdlet has' -ForEach $cmdlets {
        $command = Get-Command $_
        $page = Get-Content -Raw (Join-Path $documents "en-US/$_.md")
        foreach ($parameter in $command.Parameters.Values | Where-Object Name -NotIn $common) {
            $facts = [regex]::Match($page, "(?ms)^### -$($parameter.Name)\r?\n.*?^``````yaml\r?\n(.*?)^``````").Groups[1].Value
            [regex]::Match($facts, '(?m)^Type: (\S+)').Groups[1].Value | Should -Be $parameter.ParameterType.ToString() -Because $parameter.Name
            $aliases = [regex]::Match($facts, '(?m)^Aliases:\r?\n((?:- .*\r?\n)*)').Groups[1].Value
            [regex]::Matches($aliases, '(?m)^- (\S+)').ForEach({ $_.Groups[1].Value }) | Sort-Object | Should -Be ($parameter.Aliases | Sort-Object) -Because $parameter.Name
            foreach ($set in $command.ParameterSets | Where-Object { $parameter.Name -in $_.Parameters.Name }) {
                $own = $set.Parameters | Where-Object Name -EQ $parameter.Name
                $block = [regex]::Match($facts, "(?ms)^- Name: ($([regex]::Escape($set.Name))|\(All\))\r?\n(.*?)(?=^\S)").Groups[2].Value
                $position = if ($own.Position -lt 0) { 'Named' } else { $own.Position }
                $block | Should -Match "Position: $position\b" -Because "$($parameter.Name) in $($set.Name)"
                $block | Should -Match "IsRequired: $($own.IsMandatory)" -Because "$($parameter.Name) in $($set.Name)"
                $block | Should -Match "ValueFromPipeline: $($own.ValueFromPipeline)" -Because "$($parameter.Name) in $($set.Name)"
                $block | Should -Match "ValueFromPipelineByPropertyName: $($own.ValueFromPipelineByPropertyName)" -Because "$($parameter.Name) in $($set.Name)"
            }
        }
    }

    It 'knows <_>' -ForEach 'about_ImageFabric', 'about_ImageFabric_Stores', 'about_ImageFabric_Hosts', 'about_ImageFabric_Security' {
        Get-Help $_ | Should -Match "TOPIC\s+$_\s"
    }

    It 'is what the pages say' {
        & (Join-Path $documents 'Update-Help.ps1') -OutputPath $TestDrive
        Get-Content (Join-Path $TestDrive 'ImageFabric.PowerShell.dll-Help.xml') -Raw |
            Should -BeExactly (Get-Content (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'en-US/ImageFabric.PowerShell.dll-Help.xml') -Raw)
        foreach ($topic in Get-ChildItem $TestDrive -Filter 'about_*.help.txt') {
            Get-Content $topic -Raw | Should -BeExactly (Get-Content (Join-Path $env:IMAGEFABRIC_TEST_MODULE "en-US/$($topic.Name)") -Raw)
        }
        @(Get-ChildItem $TestDrive -Filter 'about_*.help.txt').Count | Should -Be 4
    }
}

Describe 'The scripts' -Skip:$noAnalyzer {
    BeforeAll {
        # The analyser looks more closely at commands that it finds, as it does where the module is installed.
        $modulePath = $env:PSModulePath
        $env:PSModulePath = (Split-Path $env:IMAGEFABRIC_TEST_MODULE) + [System.IO.Path]::PathSeparator + $env:PSModulePath
    }

    AfterAll { $env:PSModulePath = $modulePath }

    It 'are clean in the eyes of PSScriptAnalyzer' {
        $findings = '.', '../HyperV.Acceptance.ps1', '../testbed', '../Benchmarks', '../../docs', '../../src/ImageFabric.PowerShell', '../../build.ps1' | ForEach-Object {
            Invoke-ScriptAnalyzer -Path (Join-Path $PSScriptRoot $_) -Recurse -Settings (Join-Path $PSScriptRoot 'PSScriptAnalyzerSettings.psd1')
        }
        # What stands in for Windows' own commands is called as Windows calls it.
        $findings = $findings | Where-Object { $_.ScriptPath -notlike '*/testbed/windows/*' -or $_.Severity -eq 'Error' }
        $findings | ForEach-Object { "$($_.ScriptName):$($_.Line) $($_.RuleName) $($_.Message)" } | Should -BeNullOrEmpty
    }

    It 'include a clean manifest' {
        Invoke-ScriptAnalyzer -Path (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'ImageFabric.psd1') | Should -BeNullOrEmpty
    }
}
