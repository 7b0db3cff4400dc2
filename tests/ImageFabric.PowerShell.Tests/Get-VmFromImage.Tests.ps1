BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
}

Describe 'Get-VmFromImage' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer vm-list (Get-VmAnswer web01), (Get-VmAnswer web02 Off), (Get-VmAnswer db01)
    }

    It 'lists the machines of this machine' {
        (Get-VmFromImage).Name | Should -Be 'web01', 'web02', 'db01'
        (Get-EngineRequest).operation | Should -Be 'vm-list'
    }

    It 'takes wildcards, whatever the case' {
        (Get-VmFromImage 'WEB*').Name | Should -Be 'web01', 'web02'
        (Get-VmFromImage '[d]b*', 'web02').Name | Should -Be 'db01', 'web02'
    }

    It 'says that a machine is not there, and goes on' {
        $vm = Get-VmFromImage nosuch, web01 -ErrorVariable problem -ErrorAction SilentlyContinue

        $vm.Name | Should -Be 'web01'
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'VmNotFound,ImageFabric.*'
        $problem[0].TargetObject | Should -Be 'nosuch'
    }

    It 'takes hosts from the pipeline and says which machine is where' {
        $vm = '.', 'localhost' | Get-VmFromImage web01
        $vm.HostName | Sort-Object | Should -Be '.', 'localhost'
    }

    It 'fails one host and lists the others' {
        $hosts = [pscustomobject] @{ HostName = '.'; ImageDirectory = 'fails' }, [pscustomobject] @{ HostName = 'localhost'; ImageDirectory = 'works' }

        $vm = $hosts | Get-VmFromImage web01 -ErrorVariable problem -ErrorAction SilentlyContinue

        $vm.HostName | Should -Be 'localhost'
        $problem[0].TargetObject | Should -Be '.'
    }

    It 'finds a machine again by its own object' {
        $again = Get-VmFromImage web01 -ImageDirectory /srv/images | Get-VmFromImage
        $again.Name, $again.ImageDirectory | Should -Be 'web01', '/srv/images'
    }

    Context 'with -Outdated' {
        BeforeEach {
            $old = Get-VmAnswer old
            $old.image, $old.imageId = 'ubuntu:24.04.2', ('sha256:' + 'cd' * 32)
            $same = Get-VmAnswer same
            $same.image = 'ubuntu:24.04.2'
            $foreign = Get-VmAnswer foreign
            $foreign.image = 'gone:1'
            Set-EngineAnswer vm-list (Get-VmAnswer new), $old, $same, $foreign
            Set-EngineAnswer list (Get-ImageAnswer)
        }

        It 'lists machines whose content is not that of the newest version, and says which that is' {
            $vm = Get-VmFromImage -Outdated -Store s3://images -WarningVariable said -WarningAction SilentlyContinue
            $vm.Name, $vm.Image, $vm.NewestImage | Should -Be 'old', 'ubuntu:24.04.2', 'ubuntu:24.04.3'
            $said | Should -BeLike '*gone:1*'
            (Get-EngineRequest list).image, (Get-EngineRequest list).store.uri | Should -Be '*:latest', 's3://images'
        }

        It 'asks the store once for all hosts' {
            $vm = '.', 'localhost' | Get-VmFromImage -Outdated -WarningAction SilentlyContinue
            @($vm).Count | Should -Be 2
            @(Get-EngineRequest list).Count | Should -Be 1
        }

        It 'shows both versions in a table within 120 columns' {
            $lines = @(Get-VmFromImage -Outdated -WarningAction SilentlyContinue | Out-String -Width 120 -Stream | Where-Object { $_ })
            $lines[2] | Should -Match 'old +localhost +Running +ubuntu:24\.04\.2 +ubuntu:24\.04\.3'
            $lines | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 120 }
        }

        It 'fails the host when the store cannot be asked' {
            Set-EngineAnswer list (Get-ErrorAnswer StoreUnreachable ConnectionError)
            Get-VmFromImage -Outdated -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
            $problem[0].FullyQualifiedErrorId | Should -BeLike 'StoreUnreachable,ImageFabric.*'
        }
    }

    It 'completes names of machines on the host that is named' {
        $line = 'Get-VmFromImage -HostName . -Name web'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'web01', 'web02'
    }

    It 'shows human sizes in a table within 120 columns' {
        $lines = @(Get-VmFromImage | Out-String -Width 120 -Stream | Where-Object { $_ })
        $lines[0] | Should -Match 'Name +HostName +State +Image +Cpu +Memory +Disk +Addresses'
        $lines[2] | Should -Match 'web01 +localhost +Running +ubuntu:24\.04\.3 +2 +2 GB +20 GB +192\.0\.2\.7'
        $lines | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 120 }
    }
}
