BeforeDiscovery {
    $manifest = Import-PowerShellDataFile (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'ImageFabric.psd1')
    $cmdlets = $manifest.CmdletsToExport
    $noPlatyPS = -not (Get-Module Microsoft.PowerShell.PlatyPS -ListAvailable)
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

    It '<_> can be tried with -WhatIf' -ForEach ($cmdlets -match '^(Register|Unregister|Publish|Remove|Sync)-|^New-VmFromImage') {
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

    It 'knows about_ImageFabric' {
        Get-Help about_ImageFabric | Should -Match 'Which store is used'
    }

    It 'is what the pages say' -Skip:$noPlatyPS {
        & (Join-Path $documents 'Update-Help.ps1') -OutputPath $TestDrive
        Get-Content (Join-Path $TestDrive 'ImageFabric.PowerShell.dll-Help.xml') -Raw |
            Should -BeExactly (Get-Content (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'en-US/ImageFabric.PowerShell.dll-Help.xml') -Raw)
    }
}

Describe 'The scripts' -Skip:$noAnalyzer {
    It 'are clean in the eyes of PSScriptAnalyzer' {
        $findings = '.', '../testbed', '../../docs' | ForEach-Object {
            Invoke-ScriptAnalyzer -Path (Join-Path $PSScriptRoot $_) -Recurse -Settings (Join-Path $PSScriptRoot 'PSScriptAnalyzerSettings.psd1')
        }
        $findings | ForEach-Object { "$($_.ScriptName):$($_.Line) $($_.RuleName) $($_.Message)" } | Should -BeNullOrEmpty
    }

    It 'include a clean manifest' {
        Invoke-ScriptAnalyzer -Path (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'ImageFabric.psd1') | Should -BeNullOrEmpty
    }
}
