# The configuration documents of docs/dsc.md, applied as they stand to a real store and real hosts; only the names of places are exchanged.

BeforeDiscovery {
    $noTestbed = -not (Test-Path (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'engine/linux-x64/imagefabric')) -or -not $env:IMAGEFABRIC_TEST_ENDPOINT
    $noPowerShellDsc = -not (Get-Module PSDesiredStateConfiguration -ListAvailable)
    python3 -c 'import yaml' 2>$null
    $noYaml = $LASTEXITCODE -ne 0
}

Describe 'An estate' -Tag Integration -Skip:$noTestbed {
    BeforeAll {
        . (Join-Path $PSScriptRoot 'common.ps1')
        . (Join-Path $PSScriptRoot 'dsc.ps1')
        $before = Save-Environment
        $before['AWS_SHARED_CREDENTIALS_FILE'] = $env:AWS_SHARED_CREDENTIALS_FILE
        Initialize-Dsc
        $env:IMAGEFABRIC_SSH_CONFIG = $env:IMAGEFABRIC_TEST_SSH_CONFIG
        $page = Get-Content -Raw (Join-Path $PSScriptRoot '../../docs/dsc.md')

        function Get-Document([string] $Language) {
            $text = [regex]::Match($page, "(?ms)^``````$Language\r?\n(.*?)^``````").Groups[1].Value
            $text.Replace('s3://images/fabric', $uri).Replace('https://s3.example.org', $env:IMAGEFABRIC_TEST_ENDPOINT)
        }

        function Get-Machine {
            'kvm01', 'kvm02' | Get-VmFromImage | Where-Object Name -In 'web01', 'old01' | Sort-Object Name
        }
    }

    # Every document begins with two published versions, and a machine that should not be there.
    BeforeEach {
        Initialize-RealEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        $uri = "s3://$env:IMAGEFABRIC_TEST_BUCKET/dsc-$([guid]::NewGuid().ToString('N'))"
        $env:AWS_SHARED_CREDENTIALS_FILE = Join-Path $TestDrive 'credentials'
        Set-Content $env:AWS_SHARED_CREDENTIALS_FILE '[lab]', "aws_access_key_id = $env:AWS_ACCESS_KEY_ID", "aws_secret_access_key = $env:AWS_SECRET_ACCESS_KEY"
        Register-VmImageStore other $uri -Endpoint $env:IMAGEFABRIC_TEST_ENDPOINT
        $null = Publish-VmImage $env:IMAGEFABRIC_TEST_IMAGE_V1 -Name ubuntu-server -Version 24.04.3 -Store other
        $null = Publish-VmImage $env:IMAGEFABRIC_TEST_IMAGE_V2 -Name ubuntu-server -Version 24.04.4 -Store other
        $null = New-VmFromImage ubuntu-server:24.04.3 old01 -HostName kvm02 -Store other -Memory 256MB -Start
        Unregister-VmImageStore other
    }

    AfterEach {
        Get-Machine | Remove-VmFromImage -Force -Confirm:$false
        'kvm01', 'kvm02' | ForEach-Object { Remove-VmHostImage 'ubuntu-server:*' -HostName $_ }
    }

    AfterAll {
        if ($before) { Restore-Environment $before }
    }

    It 'is made by the classes, once, and mended where it drifts' {
        # The document's own text, without the keywords that only PSDesiredStateConfiguration knows.
        $text = (Get-Document powershell) -replace '(?m)^\s*Import-DscResource.*$' -replace '(?m)^configuration \w+ \{|^(\s*)node localhost \{', '& {' -replace '(Vm\w+) (\S+) \{', 'Add-Resource $1 $2 @{'
        $resources = [System.Collections.Generic.List[object]]::new()
        function Add-Resource([string] $Resource, [string] $Name, [hashtable] $Property) {
            $settings = $Property.Clone()
            $settings.Remove('DependsOn')
            $resources.Add([pscustomobject] @{ Name = "[$Resource]$Name"; DependsOn = $Property.DependsOn; Instance = New-DscResource $Resource $settings })
        }
        . ([scriptblock]::Create($text))
        $resources.Count | Should -Be 5
        $resources.DependsOn | Where-Object { $_ } | ForEach-Object { $resources.Name | Should -Contain $_ }

        foreach ($resource in $resources) {
            $resource.Instance.Test() | Should -BeFalse -Because $resource.Name
            $resource.Instance.Set()
            $resource.Instance.Test() | Should -BeTrue -Because $resource.Name
        }
        $vm = Get-Machine
        $vm.Name, $vm.Image, $vm.Cpu, $vm.Memory | Should -Be 'web01', 'ubuntu-server:24.04.4', 2, 512MB

        $resources | ForEach-Object { $_.Instance.Set() }
        (Get-Machine).Id | Should -Be $vm.Id

        $vm | Remove-VmFromImage -Force -Confirm:$false
        $resources.Instance | ForEach-Object { $_.Test() } | Should -Be $true, $true, $true, $false, $true
        $resources | ForEach-Object { $_.Instance.Set() }
        (Get-Machine).Name | Should -Be 'web01'
        (Get-Machine).Id | Should -Not -Be $vm.Id
    }

    It 'is made by the commands of the manifests, once' -Skip:$noYaml {
        $file = Join-Path $TestDrive 'estate.dsc.yaml'
        Set-Content $file (Get-Document yaml)
        $document = python3 -c 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))' $file | ConvertFrom-Json -AsHashtable
        $document.resources.Count | Should -Be 4
        foreach ($resource in $document.resources) {
            $name = ($resource.type -split '/')[1]
            (Invoke-DscCommand $name test $resource.properties).Different | Should -Be '_exist'
            $set = Invoke-DscCommand $name set $resource.properties
            $set.ExitCode, $set.Different | Should -Be 0, '_exist'
        }
        $vm = Get-Machine
        $vm.Name, $vm.Image, $vm.Memory | Should -Be 'web01', 'ubuntu-server:24.04.4', 512MB

        foreach ($resource in $document.resources) {
            $again = Invoke-DscCommand ($resource.type -split '/')[1] set $resource.properties
            $again.ExitCode | Should -Be 0
            $again.Different | Should -BeNullOrEmpty
        }
        (Get-Machine).Id | Should -Be $vm.Id
        (Invoke-DscCommand VmImageOnHost delete @{ image = 'ubuntu-server'; hostName = 'kvm01'; userName = 'root' }).Error | Should -Match '^ImageInUse: '
        $exported = Invoke-DscCommand VmFromImageOnHost export @{ hostName = 'kvm01'; userName = 'root' } -NotOfSchema
        ($exported.State | Where-Object name -EQ 'web01').id | Should -Be $vm.Id
    }

    It 'is what PSDesiredStateConfiguration makes a document of, and what Invoke-DscResource calls' -Skip:$noPowerShellDsc {
        $script = Join-Path $TestDrive 'estate.ps1'
        Set-Content $script (Get-Document powershell), "Estate -OutputPath '$TestDrive/mof'", @'
$store = @{ Name = 'lab'; Uri = $env:IMAGEFABRIC_STORE }
'Test', 'Set', 'Test' | ForEach-Object { Invoke-DscResource VmImageStore -ModuleName ImageFabric.Dsc -Method $_ -Property $store }
'@
        $env:IMAGEFABRIC_STORE = Join-Path $TestDrive 'invoked'
        # The keyword is known where the module is loaded before the document is read.
        $said = pwsh -NoProfile -NonInteractive -Command "`$ErrorActionPreference = 'Stop'; Import-Module PSDesiredStateConfiguration; . '$script'"
        $LASTEXITCODE | Should -Be 0 -Because "$said"
        $document = Get-Content -Raw (Join-Path $TestDrive 'mof/localhost.mof')
        [regex]::Matches($document, 'instance of (Vm\w+)').Count | Should -Be 5
        (Get-VmImageStore lab).Uri | Should -Be $env:IMAGEFABRIC_STORE
    }
}
