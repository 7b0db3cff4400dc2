# The wrapper of the package and the example pipeline, run as the agent runs them: processes of their own, of which it sees output and exit code.

BeforeDiscovery {
    $noEngine = -not (Test-Path (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'engine/linux-x64/imagefabric'))
    $noTestbed = $noEngine -or -not $env:IMAGEFABRIC_TEST_ENDPOINT
    python3 -c 'import yaml' 2>$null
    $noYaml = $LASTEXITCODE -ne 0
}

Describe 'A step of Azure Pipelines' {
    BeforeAll {
        . (Join-Path $PSScriptRoot 'common.ps1')
        $examples = (Resolve-Path (Join-Path $PSScriptRoot '../../docs/examples')).ProviderPath

        function Invoke-Step([string] $Arguments) {
            $script = "& '$env:IMAGEFABRIC_TEST_MODULE/azure-pipelines/Invoke-PipelineStep.ps1' $Arguments"
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
        $said | Should -Contain '##vso[task.logissue type=warning;]Half a line;%0A##vso[task.setvariable variable=x]y'
        $said | Should -Contain "##vso[task.setvariable variable=imageId;isOutput=true]sha256:$('ab' * 32)"
        $said[-1] | Should -Be '##vso[task.complete result=Succeeded;]Done'
        ($said -match '^##vso\[task.setvariable').Count | Should -Be 1
    }

    It 'fails with the error''s id and what to do about it' {
        Set-EngineAnswer publish (Get-ErrorAnswer ImageExists ResourceExists -Message 'The version is there, with other content.')
        $said = Invoke-Step "{ Publish-VmImage '$disk' ubuntu 1 }"
        $LASTEXITCODE | Should -Be 1
        $said -match 'logissue' | Should -Be '##vso[task.logissue type=error;code=ImageExists;]The version is there, with other content. Do it otherwise.'
        $said[-1] | Should -Be '##vso[task.complete result=Failed;]1 failed'
    }

    It 'fails when the commands themselves end early' {
        $said = Invoke-Step "{ Publish-VmImage './nosuch.qcow2' ubuntu 1 -ErrorAction Stop; 'never' }"
        $LASTEXITCODE | Should -Be 1
        $said -match 'logissue' | Should -BeLike '*type=error;code=FileNotFound;]*'
        $said | Should -Not -Contain 'never'
    }

    It 'fails with the exit code of <Script>' -ForEach @{ Script = '{ exit 3 }'; Code = 3 }, @{ Script = "{ bash -c 'exit 4' }"; Code = 4 } {
        $said = Invoke-Step $Script
        $LASTEXITCODE | Should -Be $Code
        $said -match 'logissue' | Should -BeLike "*type=error;]*$Code*"
        $said[-1] | Should -Be '##vso[task.complete result=Failed;]1 failed'
        Get-ChildItem ([System.IO.Path]::GetTempPath()) -Filter imagefabric-step-* | Should -BeNullOrEmpty
    }

    It 'runs in the folder that the step is in' {
        $folder = New-Item -ItemType Directory (Join-Path $TestDrive 'step folder') -Force
        Push-Location -LiteralPath $folder
        try { Invoke-Step '{ "$PWD"; exit 0 }' | Should -Contain "$folder" } finally { Pop-Location }
        $LASTEXITCODE | Should -Be 0
    }

    It 'shows what is thrown as text once, as a message' {
        (Invoke-Step "{ throw 'the disk is not there' }") -match 'logissue' | Should -Be '##vso[task.logissue type=error;]the disk is not there'
        $LASTEXITCODE | Should -Be 1
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
        $said -match 'logissue' | Should -BeLike '*type=error;code=HostDiskFull;]*No room.*'
        $said[-1] | Should -Be '##vso[task.complete result=SucceededWithIssues;]1 failed'
        $null = Invoke-Step $commands
        $LASTEXITCODE | Should -Be 1
    }

    It 'says when there is nothing to make an output variable of' {
        $said = Invoke-Step "{ 'text' } -OutputVariable @{ imageId = 'ImageId' }"
        $LASTEXITCODE | Should -Be 1
        $said -match 'logissue' | Should -BeLike '*type=error;code=InvalidRequest;]*imageId*ImageId*'
    }

    It 'escapes what would end a command, and makes no command of a text' {
        $said = Invoke-Step ('{ Write-Warning "50 % [a]; b`r`nc"; Write-Host "x ##vso[task.setvariable variable=y]z"; "##[error]no"; Write-Verbose "d`n##vso[e]" -Verbose;' +
            ' [pscustomobject] @{ Value = "1 %;]`n2" } } -Title "A`n##vso[b]" -OutputVariable @{ "odd;name]" = "Value" }')
        $said | Should -Contain '##vso[task.logissue type=warning;]50 %AZP25 [a]; b%0D%0Ac'
        $said | Should -Contain 'x # #vso[task.setvariable variable=y]z'
        $said | Should -Contain '# #[error]no'
        $said | Should -Contain '##vso[task.setvariable variable=odd%3Bname%5D;isOutput=true]1 %AZP25;]%0A2'
        $said[0..1] | Should -Be '##[section]A', '##[section]# #vso[b]'
        $said -match '^##\[debug\]' | Should -Be '##[debug]d', '##[debug]# #vso[e]'
        $said -match '##vso\[' | Should -HaveCount 3
    }

    It 'prints no secret' {
        $before = $env:AWS_SECRET_ACCESS_KEY
        $env:AWS_SECRET_ACCESS_KEY = 'se/cr+et%1'
        $env:IMAGEFABRIC_TEST_SECRET = "first`nsecond line"
        try {
            $said = Invoke-Step ('{ $s = $env:AWS_SECRET_ACCESS_KEY; Write-Warning "w $s"; Write-Error "e $s"; Write-Verbose $s -Verbose; Write-Host $s;' +
                ' "https://x/y?X-Amz-Credential=AKIA%2F1&X-Amz-Signature=abc&p=$([uri]::EscapeDataString($s))"; [pscustomobject] @{ Value = "v $s $env:IMAGEFABRIC_TEST_SECRET" } }' +
                ' -Title "t $env:AWS_SECRET_ACCESS_KEY" -OutputVariable @{ value = "Value" } -SecretVariable IMAGEFABRIC_TEST_SECRET')
            "$said" | Should -Not -Match 'cr(\+|%2B)et|AKIA|abc|second line|first'
            $said | Should -Contain 'https://x/y?X-Amz-Credential=***&X-Amz-Signature=***&p=***'
            $said | Should -Contain '##vso[task.setvariable variable=value;isOutput=true]v *** ***%0A***'
        }
        finally {
            $env:AWS_SECRET_ACCESS_KEY = $before
            $env:IMAGEFABRIC_TEST_SECRET = $null
        }
    }

    It 'ends the engine when the step is cancelled' {
        Set-EngineAnswer publish -ThenHangAfter @{ type = 'progress'; activity = 'Publishing'; bytesDone = 1; bytesTotal = 2 }
        $script = "& '$env:IMAGEFABRIC_TEST_MODULE/azure-pipelines/Invoke-PipelineStep.ps1' { Publish-VmImage '$disk' ubuntu 1 }; exit `$LASTEXITCODE"
        $start = [System.Diagnostics.ProcessStartInfo]::new('pwsh', [string[]] ('-NoLogo', '-NoProfile', '-NonInteractive', '-Command', $script))
        $start.RedirectStandardOutput = $true
        $step = [System.Diagnostics.Process]::Start($start)
        $deadline = [datetime]::UtcNow.AddSeconds(60)
        while (-not (Get-LivingEngine) -and [datetime]::UtcNow -lt $deadline) { Start-Sleep -Milliseconds 100 }
        Get-LivingEngine | Should -Not -BeNullOrEmpty

        kill -INT $step.Id

        $step.WaitForExit(30000) | Should -BeTrue
        $step.ExitCode | Should -Not -Be 0
        $deadline = [datetime]::UtcNow.AddSeconds(10)
        while ((Get-LivingEngine) -and [datetime]::UtcNow -lt $deadline) { Start-Sleep -Milliseconds 100 }
        Get-LivingEngine | Should -BeNullOrEmpty
    }

    It 'publishes into a directory, line by line' -Skip:$noEngine {
        Initialize-RealEngine (Join-Path $TestDrive 'real')
        $raw = Join-Path $TestDrive 'disk.raw'
        $content = [byte[]]::new(1MB)
        [Random]::new(3).NextBytes($content)
        $content[510], $content[511] = 0x55, 0xAA
        [System.IO.File]::WriteAllBytes($raw, $content)

        $said = Invoke-Step "-Title 'Publish local:1' { Publish-VmImage '$raw' local 1 } -OutputVariable @{ imageId = 'ImageId'; image = 'Image' }"

        $LASTEXITCODE | Should -Be 0
        $commands = $said -match '##' -notmatch 'setprogress'
        $commands | Should -Be '##[section]Publish local:1', '##vso[task.setvariable variable=image;isOutput=true]local:1',
            "##vso[task.setvariable variable=imageId;isOutput=true]$((Get-VmImage local:1).ImageId)", '##vso[task.complete result=Succeeded;]Done'
        $said -match 'setprogress' | ForEach-Object { $_ | Should -Match '^##vso\[task\.setprogress value=\d{1,3};\]Publishing local:1: ' }
        $said -match '^local:1 +True' | Should -HaveCount 1
        Get-ChildItem (Join-Path $TestDrive 'real') -Recurse -Force -Filter '*.tmp' | Should -BeNullOrEmpty
    }
}

Describe 'The example pipeline' {
    BeforeAll {
        . (Join-Path $PSScriptRoot 'common.ps1')
        $file = (Resolve-Path (Join-Path $PSScriptRoot '../../docs/examples/azure-pipelines.yml')).ProviderPath
        $pipeline = python3 -c 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))' $file | ConvertFrom-Json
        $steps = $pipeline.stages.jobs.steps | Where-Object { $_.PSObject.Properties['pwsh'] }
    }

    It 'has scripts that are PowerShell and use cmdlets and parameters that there are' -Skip:$noYaml {
        $steps.Count | Should -Be 5
        foreach ($step in $steps) {
            $problems = $null
            $tree = [System.Management.Automation.Language.Parser]::ParseInput($step.pwsh, [ref] $null, [ref] $problems)
            $problems | Should -BeNullOrEmpty
            foreach ($command in $tree.FindAll({ $args[0] -is [System.Management.Automation.Language.CommandAst] }, $true) | Where-Object { $_.GetCommandName() -like '*-Vm*' }) {
                $known = (Get-Command $command.GetCommandName() -ErrorAction Stop).Parameters.Keys
                $command.CommandElements | Where-Object { $_ -is [System.Management.Automation.Language.CommandParameterAst] } | ForEach-Object { $known | Should -Contain $_.ParameterName }
            }
        }
    }

    It 'gives each script what it reads from the environment, and secrets in no other way' -Skip:$noYaml {
        $predefined = 'PIPELINE_WORKSPACE', 'BUILD_BUILDNUMBER', 'BUILD_BUILDID'
        foreach ($step in $steps) {
            $read = [regex]::Matches($step.pwsh, '\$env:(\w+)') | ForEach-Object { $_.Groups[1].Value } | Where-Object { $_ -notin $predefined }
            $given = @($pipeline.variables | Where-Object { $_.PSObject.Properties['name'] } | ForEach-Object name) + $(if ($step.PSObject.Properties['env']) { $step.env.PSObject.Properties.Name })
            $read | ForEach-Object { $given | Should -Contain $_ }
            $step.pwsh | Should -Not -Match '\$\('
        }
    }

    It 'runs, script by script, on a real store and real hosts' -Tag Integration -Skip:($noTestbed -or $noYaml) {
        $before = @{}
        $set = @{
            PIPELINE_WORKSPACE = Join-Path $TestDrive 'workspace'; BUILD_BUILDNUMBER = '20251127.1'; BUILD_BUILDID = [guid]::NewGuid().ToString('N').Substring(0, 8)
            IMAGEFABRIC_STORE = "s3://$env:IMAGEFABRIC_TEST_BUCKET/pipeline-$([guid]::NewGuid().ToString('N'))"; IMAGEFABRIC_ENDPOINT = $env:IMAGEFABRIC_TEST_ENDPOINT
            IMAGEFABRIC_SSH_CONFIG = $env:IMAGEFABRIC_TEST_SSH_CONFIG; IMAGEFABRIC_ENGINE = $null; XDG_CONFIG_HOME = Join-Path $TestDrive 'config'
            PSModulePath = (Split-Path $env:IMAGEFABRIC_TEST_MODULE) + [System.IO.Path]::PathSeparator + $env:PSModulePath
            VERSION = '24.04.5'; KEY_FILE = $env:IMAGEFABRIC_TEST_SSH_KEY; IMAGE = $null
        }
        foreach ($name in $set.Keys) {
            $before[$name] = [Environment]::GetEnvironmentVariable($name)
            [Environment]::SetEnvironmentVariable($name, $set[$name])
        }
        $null = New-Item -ItemType Directory (Join-Path $env:PIPELINE_WORKSPACE 'disk')
        Copy-Item $env:IMAGEFABRIC_TEST_IMAGE_V1 (Join-Path $env:PIPELINE_WORKSPACE 'disk/ubuntu.qcow2')
        Push-Location $env:PIPELINE_WORKSPACE
        try {
            Set-Content hosts.txt (-split $env:IMAGEFABRIC_TEST_HOST_NAMES)
            # The gallery is not asked: the package that would come from it is there.
            $gallery = 'function Install-PSResource { param($Name, [switch] $TrustRepository) $null = Get-Module $Name -ListAvailable -ErrorAction Stop }; '
            foreach ($step in $steps) {
                $said = @(pwsh -NoLogo -NoProfile -NonInteractive -Command "$gallery`n$($step.pwsh)`nexit `$LASTEXITCODE")
                $LASTEXITCODE | Should -Be 0 -Because "$said"
                "$said" | Should -Not -Match ([regex]::Escape($env:AWS_SECRET_ACCESS_KEY))
                foreach ($line in $said -match '^##vso\[task\.setvariable variable=image;isOutput=true\]') { $env:IMAGE = $line -replace '^.*\]' }
            }
        }
        finally {
            Pop-Location
            Get-VmFromImage "trial-$env:BUILD_BUILDID" -HostName kvm01 -ErrorAction Ignore | Remove-VmFromImage -Force -Confirm:$false
            $before.Keys | ForEach-Object { [Environment]::SetEnvironmentVariable($_, $before[$_]) }
        }
    }
}
