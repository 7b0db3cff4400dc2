BeforeDiscovery {
    $manifest = Import-PowerShellDataFile (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'ImageFabric.psd1')
    $cmdlets = $manifest.CmdletsToExport
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
        $files = Get-ChildItem $env:IMAGEFABRIC_TEST_MODULE -Filter *.dll
        $assemblies = [AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_.Location -in $files.FullName }
        @($assemblies).Count | Should -Be 3
        ($assemblies.GetReferencedAssemblies().Name | Sort-Object -Unique) -notlike 'ImageFabric.*' |
            Should -Be 'netstandard', 'System.Management.Automation'
    }

    It '<_> uses an approved verb, says what it gives out' -ForEach $cmdlets {
        $command = Get-Command $_
        (Get-Verb).Verb | Should -Contain $command.Verb
        $command.OutputType | Should -Not -BeNullOrEmpty
    }

    It '<_> can be tried with -WhatIf' -ForEach ($cmdlets -match '^(Register|Unregister|Publish|Remove|Sync|New)-') {
        (Get-Command $_).Parameters.Keys | Should -Contain 'WhatIf'
    }
}

Describe 'The scripts' -Skip:$noAnalyzer {
    It 'are clean in the eyes of PSScriptAnalyzer' {
        $findings = Invoke-ScriptAnalyzer -Path $PSScriptRoot -Recurse -Settings (Join-Path $PSScriptRoot 'PSScriptAnalyzerSettings.psd1')
        $findings | ForEach-Object { "$($_.ScriptName):$($_.Line) $($_.RuleName) $($_.Message)" } | Should -BeNullOrEmpty
    }

    It 'include a clean manifest' {
        Invoke-ScriptAnalyzer -Path (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'ImageFabric.psd1') | Should -BeNullOrEmpty
    }
}
