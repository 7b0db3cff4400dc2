Describe 'A step of Azure Pipelines' {
    BeforeAll {
        . (Join-Path $PSScriptRoot 'common.ps1')
        $examples = (Resolve-Path (Join-Path $PSScriptRoot '../../docs/examples')).ProviderPath

        # As the agent runs it: a process of its own, of which it sees the output and the exit code.
        function Invoke-Step([string] $Arguments) {
            $script = "& '$examples/Invoke-PipelineStep.ps1' $Arguments -ModulePath '$env:IMAGEFABRIC_TEST_MODULE/ImageFabric.psd1'"
            @(pwsh -NoLogo -NoProfile -NonInteractive -Command "$script; exit `$LASTEXITCODE")
        }
    }

    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        $disk = New-Item (Join-Path $TestDrive 'disk.qcow2') -Force
        $published = @{
            type = 'result'; name = 'ubuntu'; version = '1'; imageId = 'sha256:' + 'ab' * 32; created = $true; sourceFormat = 'qcow2'; virtualSize = 2GB
            bytesRead = 1GB; bytesUploaded = 500MB; bytesReused = 0; packsUploaded = 3; durationSeconds = 2.5
        }
        Set-EngineAnswer publish $published -First @{ type = 'progress'; activity = 'Publishing'; bytesDone = 512MB; bytesTotal = 1GB },
        @{ type = 'log'; level = 'warning'; message = "Half a line;`n##vso[task.setvariable variable=x]y" }
    }

    It 'shows a percentage and a warning, and gives the image''s id as an output variable' {
        $said = Invoke-Step "{ Publish-VmImage '$disk' ubuntu 1 } -OutputVariable @{ imageId = 'ImageId' }"
        $LASTEXITCODE | Should -Be 0
        $said | Should -Contain '##vso[task.setprogress value=50;]Publishing ubuntu:1: Publishing: 512 MB of 1 GB'
        $said | Should -Contain '##vso[task.logissue type=warning]Half a line;%0A##vso[task.setvariable variable=x]y'
        $said | Should -Contain "##vso[task.setvariable variable=imageId;isOutput=true]sha256:$('ab' * 32)"
        $said[-1] | Should -Be '##vso[task.complete result=Succeeded;]Done'
        ($said -match '^##vso\[task.setvariable').Count | Should -Be 1
    }

    It 'fails with the error''s id and what to do about it' {
        Set-EngineAnswer publish (Get-ErrorAnswer ImageExists ResourceExists -Message 'The version is there, with other content.')
        $said = Invoke-Step "{ Publish-VmImage '$disk' ubuntu 1 }"
        $LASTEXITCODE | Should -Be 1
        $said -match 'logissue' | Should -Be '##vso[task.logissue type=error;code=ImageExists]The version is there, with other content. Do it otherwise.'
        $said[-1] | Should -Be '##vso[task.complete result=Failed;]1 failed'
    }

    It 'fails when the commands themselves end early' {
        $said = Invoke-Step "{ Publish-VmImage './nosuch.qcow2' ubuntu 1 -ErrorAction Stop; 'never' }"
        $LASTEXITCODE | Should -Be 1
        $said -match 'logissue' | Should -BeLike '*type=error;code=FileNotFound]*'
        $said | Should -Not -Contain 'never'
    }

    It 'fails when a question would be asked' {
        Invoke-Step '{ Sync-VmImage }' | Select-Object -Last 1 | Should -Be '##vso[task.complete result=Failed;]1 failed'
        $LASTEXITCODE | Should -Be 1
    }

    It 'succeeds with issues when some hosts have failed and that is allowed' {
        Set-EngineAnswer grant (Get-ImageAnswer) -Stays
        Set-EngineAnswer pull (Get-PullAnswer)
        $commands = "{ [pscustomobject] @{ HostName = '.'; ImageDirectory = 'fails' }, [pscustomobject] @{ HostName = 'localhost'; ImageDirectory = 'works' } | Sync-VmImage ubuntu }"

        $said = Invoke-Step "$commands -AllowPartialFailure"
        $LASTEXITCODE | Should -Be 0
        $said -match 'logissue' | Should -BeLike '*type=error;code=HostDiskFull]*No room.*'
        $said[-1] | Should -Be '##vso[task.complete result=SucceededWithIssues;]1 failed'
        $null = Invoke-Step $commands
        $LASTEXITCODE | Should -Be 1
    }

    It 'has an example whose scripts are PowerShell and use cmdlets and parameters that there are' {
        $pipeline = Get-Content -Raw (Join-Path $examples 'azure-pipelines.yml')
        $scripts = [regex]::Matches($pipeline, '(?m)^( *)- pwsh: \|\n((?:\1 {4,}.*\n|\n)+)')
        $scripts.Count | Should -Be 2
        foreach ($script in $scripts) {
            $problems = $null
            $tree = [System.Management.Automation.Language.Parser]::ParseInput($script.Groups[2].Value, [ref] $null, [ref] $problems)
            $problems | Should -BeNullOrEmpty
            $commands = $tree.FindAll({ $args[0] -is [System.Management.Automation.Language.CommandAst] }, $true) | Where-Object { $_.GetCommandName() -like '*-Vm*' }
            $commands | Should -Not -BeNullOrEmpty
            foreach ($command in $commands) {
                $known = (Get-Command $command.GetCommandName() -ErrorAction Stop).Parameters.Keys
                $command.CommandElements | Where-Object { $_ -is [System.Management.Automation.Language.CommandParameterAst] } | ForEach-Object { $known | Should -Contain $_.ParameterName }
            }
        }
    }
}
