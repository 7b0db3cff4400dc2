BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
}

Describe 'New-VmFromImage' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer grant (Get-ImageAnswer) -Stays
        Set-EngineAnswer pull (Get-PullAnswer)
        Set-EngineAnswer vm-create (Get-VmAnswer)
    }

    AfterEach {
        Get-LivingEngine | Should -BeNullOrEmpty
    }

    It 'has the host make a machine as it was asked for' {
        $vm = New-VmFromImage ubuntu:24.04.3 web01 -Cpu 2 -Memory 2GB -DiskSize 20GB -UserData '#cloud-config', 'hostname: x' -NetworkConfig 'version: 2' `
            -GuestHostName web -Network bridge:br0 -FullClone -Start -WaitSeconds 30 -ImageDirectory /srv/images

        $asked = Get-EngineRequest
        $asked.operation, $asked.image, $asked.name, $asked.cpu, $asked.memoryBytes, $asked.diskSizeBytes | Should -Be 'vm-create', 'ubuntu:24.04.3', 'web01', 2, 2GB, 20GB
        (Get-Text $asked.userData), (Get-Text $asked.networkConfig), $asked.hostNameInGuest, $asked.network | Should -Be "#cloud-config`nhostname: x", 'version: 2', 'web', 'bridge:br0'
        $asked.fullClone, $asked.start, $asked.waitSeconds, $asked.imageDirectory | Should -Be $true, $true, 30, '/srv/images'

        $vm.GetType().FullName | Should -Be 'ImageFabric.PowerShell.VmFromImage'
        $vm.Name, $vm.HostName, $vm.State, $vm.Image, $vm.Cpu, $vm.Memory, $vm.DiskSize | Should -Be 'web01', 'localhost', 'Running', 'ubuntu:24.04.3', 2, 2GB, 20GB
        $vm.Addresses | Should -Be '192.0.2.7', '2001:db8::7'
        $vm.Id, $vm.Virtualization, $vm.LinkedClone, $vm.DiskPath, $vm.ConsolePath |
            Should -Be '5f0c3c06-7c52-4a3b-9f4e-0d8f7b9a1f00', 'kvm', $true, '/vms/web01/disk.qcow2', '/vms/web01/console.log'
        $vm.Created.ToUniversalTime() | Should -Be ([datetime] '2025-03-01T12:30:00')
    }

    It 'passes on what the machine is made of besides' {
        $null = New-VmFromImage ubuntu:24.04.3 web01 -MacAddress 00:15:5d:01:02:03 -Vlan 20 -MemoryMinimum 512MB -MemoryMaximum 4GB -SecureBoot Windows -Tpm -StartAction StartIfRunning `
            -CheckpointType Production -BootOrder Dvd, Disk -Unattend '<unattend>', '</unattend>'

        $asked = Get-EngineRequest vm-create
        $asked.macAddress, $asked.vlan, $asked.memoryMinimumBytes, $asked.memoryMaximumBytes | Should -Be '00:15:5d:01:02:03', 20, 512MB, 4GB
        $asked.secureBoot, $asked.tpm, $asked.startAction, $asked.checkpoints | Should -Be 'Windows', $true, 'StartIfRunning', 'Production'
        $asked.bootOrder | Should -Be 'Dvd', 'Disk'
        Get-Text $asked.unattend | Should -Be "<unattend>`n</unattend>"
    }

    It 'says nothing of what was not asked for' {
        $null = New-VmFromImage ubuntu:24.04.3 web01
        (Get-EngineRequest vm-create).PSObject.Properties.Name | Should -Not -Contain 'vlan'
        { New-VmFromImage ubuntu:24.04.3 web01 -Vlan 0 } | Should -Throw
        { New-VmFromImage ubuntu:24.04.3 web01 -MacAddress 00:15 } | Should -Throw
        { New-VmFromImage ubuntu:24.04.3 web01 -SecureBoot On } | Should -Throw
    }

    It 'takes a multi-line text as user data, as it is' {
        $null = New-VmFromImage ubuntu:24.04.3 web01 -UserData "#cloud-config`nusers: []`n"
        Get-Text (Get-EngineRequest vm-create).userData | Should -Be "#cloud-config`nusers: []`n"
    }

    It 'passes on <What> byte for byte' -ForEach @(
        @{ What = 'bytes'; Given = { , $bytes } }
        @{ What = 'what Get-Content gives of bytes'; Given = { [object[]] $bytes } }
        @{ What = 'a file'; Given = { Get-Item -LiteralPath $file } }
    ) {
        $bytes = [byte[]] (0x1f, 0x8b, 0xff, 0x00, 0xfc, 0x0d, 0x0a)
        $file = Join-Path $TestDrive 'user [1] data'
        [IO.File]::WriteAllBytes($file, $bytes)
        $null = New-VmFromImage ubuntu:24.04.3 web01 -UserData (& $Given)
        (Get-EngineRequest vm-create).userData | Should -Be ([Convert]::ToBase64String($bytes))
    }

    It 'reads <Name> from the file that <Name>Path names' -ForEach @{ Name = 'UserData' }, @{ Name = 'NetworkConfig' }, @{ Name = 'Unattend' } {
        $bytes = [byte[]] (0xff, 0xfe, 0x00, 0x3c)
        $file = Join-Path $TestDrive 'content [1]'
        [IO.File]::WriteAllBytes($file, $bytes)
        $path = @{ "${Name}Path" = $file }
        $null = New-VmFromImage ubuntu:24.04.3 web01 @path
        (Get-EngineRequest vm-create).$Name | Should -Be ([Convert]::ToBase64String($bytes))
    }

    It 'refuses user data that is none, and asks no host' {
        { New-VmFromImage ubuntu:24.04.3 web01 -UserData @{ users = @() } -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidRequest,*'
        { New-VmFromImage ubuntu:24.04.3 web01 -UserData 'text', 5 -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidRequest,*'
        { New-VmFromImage ubuntu:24.04.3 web01 -UserData 'text' -UserDataPath x -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidRequest,*'
        { New-VmFromImage ubuntu:24.04.3 web01 -UserDataPath (Join-Path $TestDrive nothing) -ErrorAction Stop } | Should -Throw -ErrorId 'FileNotFound,*'
        Get-EngineRequest | Should -BeNullOrEmpty
    }

    It 'asks the store which version is the newest' {
        $null = New-VmFromImage ubuntu web01
        (Get-EngineRequest vm-create).image | Should -Be 'ubuntu:24.04.3'
    }

    It 'syncs first when the host lacks the image' {
        Set-EngineAnswer vm-create (Get-ErrorAnswer ImageNotOnHost)

        # The fake host never gets the image, so the second try fails as well; what matters is what was done.
        $null = New-VmFromImage ubuntu:24.04.3 web01 -Store s3://images -DiskFormat qcow2 -ErrorVariable problem -ErrorAction SilentlyContinue

        (Get-EngineRequest).operation | Should -Be 'vm-create', 'grant', 'pull', 'vm-create'
        (Get-EngineRequest pull).format | Should -Be 'qcow2'
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'ImageNotOnHost,ImageFabric.*'
        $problem[0].TargetObject | Should -Be 'localhost'
    }

    It 'makes machines where Sync-VmImage brought the image' {
        $vm = Sync-VmImage ubuntu -HostName . -ImageDirectory /srv/images -Store s3://images | New-VmFromImage -Name web01

        $vm.HostName, $vm.ImageDirectory | Should -Be '.', '/srv/images'
        $asked = Get-EngineRequest vm-create
        $asked.image, $asked.imageDirectory | Should -Be 'ubuntu:24.04.3', '/srv/images'
    }

    It 'makes no machine where the sync failed' {
        Sync-VmImage ubuntu -HostName . -ImageDirectory fails -ErrorVariable problem -ErrorAction SilentlyContinue | New-VmFromImage -Name web01 | Should -BeNullOrEmpty

        Get-EngineRequest vm-create | Should -BeNullOrEmpty
        @($problem).Count | Should -Be 1
    }

    It 'makes many machines from a table' {
        $null = "Name,Cpu,Memory`nweb01,1,536870912`nweb02,4,1073741824" | ConvertFrom-Csv | New-VmFromImage ubuntu:24.04.3

        $asked = Get-EngineRequest vm-create | Sort-Object name
        $asked.name | Should -Be 'web01', 'web02'
        $asked.cpu | Should -Be 1, 4
        $asked.memoryBytes | Should -Be 512MB, 1GB
    }

    It 'makes nothing with -WhatIf' {
        $said = Get-WhatIf { New-VmFromImage ubuntu:24.04.3 web01 -Start -WhatIf }
        $said | Should -BeLike '*"Create virtual machine from ubuntu:24.04.3 (linked clone, 1 GB of memory; at most 500 MB to fetch where the host lacks the image)" on target "web01 on localhost"*'
        Get-EngineRequest vm-create | Should -BeNullOrEmpty
    }

    It 'refuses to wait for a machine that is not started' {
        { New-VmFromImage ubuntu:24.04.3 web01 -Wait } | Should -Throw -ErrorId 'InvalidRequest,ImageFabric.*'
        Get-EngineRequest | Should -BeNullOrEmpty
    }

    It 'waits five minutes with -Wait' {
        $null = New-VmFromImage ubuntu:24.04.3 web01 -Start -Wait
        (Get-EngineRequest vm-create).waitSeconds | Should -Be 300
    }

    It 'gives the host''s refusal as the error of that machine' {
        Set-EngineAnswer vm-create (Get-ErrorAnswer VmExists ResourceExists)

        New-VmFromImage ubuntu:24.04.3 web01 -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty

        $problem[0].FullyQualifiedErrorId | Should -Be 'VmExists,ImageFabric.PowerShell.NewVmFromImageCommand'
        $problem[0].CategoryInfo.Category | Should -Be 'ResourceExists'
    }

    It 'ends the host''s engine when it is stopped' {
        Set-EngineAnswer vm-create -ThenHangAfter @()
        $session = Start-Session 'New-VmFromImage' @{ Image = 'ubuntu:24.04.3'; Name = 'web01' } -UntilRequest 'vm-create'

        $session.Stop()

        $session.InvocationStateInfo.State | Should -Be 'Stopped'
        $session.Dispose()
    }
}
