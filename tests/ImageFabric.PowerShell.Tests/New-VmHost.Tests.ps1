BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
}

Describe 'New-VmHost' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
    }

    It 'says of each host how it is reached, and asks none' {
        $hosts = New-VmHost kvm01, admin@kvm02:2222 -UserName root -Options @{ Compression = $true } -ImageDirectory /srv/images

        $hosts.HostName | Should -Be 'kvm01', 'kvm02'
        $hosts.UserName | Should -Be 'root', 'admin'
        $hosts.Port | Should -Be $null, 2222
        $hosts.ImageDirectory | Should -Be '/srv/images', '/srv/images'
        $hosts[0].Options.Compression | Should -BeTrue
        Get-EngineRequest | Should -BeNullOrEmpty
    }

    It 'is understood by what works on hosts' {
        Set-EngineAnswer vm-list (Get-VmAnswer web01)
        $vm = New-VmHost . -ImageDirectory /srv/images | Get-VmFromImage
        $vm.HostName, $vm.ImageDirectory | Should -Be '.', '/srv/images'
    }

    It 'refuses what is no host, and goes on' {
        $hosts = '-oProxyCommand=x', 'kvm01' | New-VmHost -ErrorVariable problem -ErrorAction SilentlyContinue
        $hosts.HostName | Should -Be 'kvm01'
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'InvalidRequest,ImageFabric.*'
    }

    It 'shows a table within 120 columns' {
        $lines = @(New-VmHost kvm01 -UserName root | Out-String -Width 120 -Stream | Where-Object { $_ })
        $lines[0] | Should -Match 'HostName +UserName +Port +KeyFilePath +ImageDirectory'
        $lines | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 120 }
    }
}
