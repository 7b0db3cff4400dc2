# The cmdlets with the engine that ships: on this machine alone, and with a real store and real hosts where a testbed is up.

BeforeDiscovery {
    $noEngine = -not (Test-Path (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'engine/linux-x64/imagefabric'))
    $noTestbed = $noEngine -or -not $env:IMAGEFABRIC_TEST_ENDPOINT
    $noWindows = $noTestbed -or -not $env:IMAGEFABRIC_TEST_WINDOWS_HOSTS
}

BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
    $variables = 'IMAGEFABRIC_ENGINE', 'IMAGEFABRIC_STORE', 'IMAGEFABRIC_ENDPOINT', 'IMAGEFABRIC_SSH_CONFIG', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME'
    $before = @{}
    $variables | ForEach-Object { $before[$_] = [Environment]::GetEnvironmentVariable($_) }
}

AfterAll {
    $variables | ForEach-Object { [Environment]::SetEnvironmentVariable($_, $before[$_]) }
}

Describe 'One machine and nothing registered' -Tag Integration -Skip:$noEngine {
    BeforeAll {
        Initialize-RealEngine (Join-Path $TestDrive 'alone')
        $disk = Join-Path $TestDrive 'disk.raw'
        $content = [byte[]]::new(8MB)
        [Random]::new(7).NextBytes($content)
        [System.IO.File]::WriteAllBytes($disk, $content)
        $hostDirectory = Join-Path $TestDrive 'host'
    }

    It 'tests, publishes, lists, syncs and removes with the user''s own directory store' {
        (Test-VmImage $disk).Format | Should -Be 'raw'
        $published = Publish-VmImage $disk -Name local -Version 1 -Label @{ made = 'here' }
        $published.Created, $published.BytesRead, $published.Store | Should -Be $true, 8MB, $null

        $image = Get-VmImage local
        $image.Image, $image.ImageId, $image.VirtualSize, $image.Labels['made'] | Should -Be 'local:1', $published.ImageId, 8MB, 'here'

        $sync = $image | Sync-VmImage -ImageDirectory $hostDirectory
        $sync.Status, $sync.HostName | Should -Be 'Synced', 'localhost'
        (Get-FileHash $sync.Path).Hash | Should -Be (Get-FileHash $disk).Hash
        $again = Sync-VmImage local -ImageDirectory $hostDirectory
        $again.Status, $again.BytesFetched | Should -Be 'AlreadyPresent', 0

        $image | Remove-VmImage -Confirm:$false
        Get-VmImage | Should -BeNullOrEmpty
    }

    It 'publishes the same content once' {
        (Publish-VmImage $disk -Name twice -Version 1).Created | Should -BeTrue
        $again = Publish-VmImage $disk -Name twice -Version 1
        $again.Created, $again.PacksUploaded | Should -Be $false, 0
    }

    It 'refuses to change what is published' {
        $null = Publish-VmImage $disk -Name fixed -Version 1
        $other = Join-Path $TestDrive 'other.raw'
        [System.IO.File]::WriteAllBytes($other, [byte[]]::new(1MB))

        Publish-VmImage $other -Name fixed -Version 1 -ErrorVariable problem -ErrorAction SilentlyContinue

        $problem[0].FullyQualifiedErrorId | Should -BeLike 'ImageExists,ImageFabric.*'
    }

    It 'says that a file refers to another one' {
        $overlay = Join-Path $TestDrive 'overlay.qcow2'
        # A qcow2 header, version 2, whose backing file name lies at byte 72.
        $header = [byte[]]::new(65536 * 4)
        [byte[]] (0x51, 0x46, 0x49, 0xFB, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 72, 0, 0, 0, 4) | ForEach-Object -Begin { $at = 0 } -Process { $header[$at++] = $_ }
        $header[23] = 16
        $header[29] = 16
        [System.Text.Encoding]::ASCII.GetBytes('base').CopyTo($header, 72)
        [System.IO.File]::WriteAllBytes($overlay, $header)

        $test = Test-VmImage $overlay

        $test.Passed, $test.ErrorId | Should -Be $false, 'ForeignReference'
    }

    It 'registers a directory as a store, which is made' {
        $directory = Join-Path $TestDrive 'store'
        Register-VmImageStore mine $directory -Default
        try {
            (Test-VmImageStore).Store | Should -Be 'mine'
            (Publish-VmImage $disk -Name local -Version 1).Store | Should -Be 'mine'
            Join-Path $directory 'images/local/1.json' | Should -Exist
        }
        finally {
            Unregister-VmImageStore mine
        }
    }
}

Describe 'Deltas between versions' -Tag Integration -Skip:$noEngine {
    BeforeAll {
        Initialize-RealEngine (Join-Path $TestDrive 'deltas')
        $old, $new = 'old.raw', 'new.raw' | ForEach-Object { Join-Path $TestDrive $_ }
        $content = [byte[]]::new(9MB)
        [Random]::new(7).NextBytes($content)
        [System.IO.File]::WriteAllBytes($old, $content)
        # Every third run has moved by some bytes: no chunk there is the same, and all of it resembles what was there.
        for ($at = 0; $at -lt $content.Length; $at += 288KB) { [Array]::Copy($content, $at, $content, $at + 5, 96KB - 5) }
        [System.IO.File]::WriteAllBytes($new, $content)
    }

    BeforeEach {
        $store = Join-Path $TestDrive ([guid]::NewGuid())
        $null = Publish-VmImage $old -Name app -Version 1 -Store $store
    }

    It 'make hosts and files that have the older version fetch less' {
        $plain = Publish-VmImage $new -Name app -Version 2 -Store $store
        $without = '1', '2' | ForEach-Object { Sync-VmImage "app:$_" -Store $store -ImageDirectory (Join-Path $store 'without') } | Select-Object -Last 1

        $again = Publish-VmImage $new -Name app -Version 2 -Store $store -DeltaFrom latest
        $with = '1', '2' | ForEach-Object { Sync-VmImage "app:$_" -Store $store -ImageDirectory (Join-Path $store 'with') } | Select-Object -Last 1
        $saved = Save-VmImage app:2 (Join-Path $TestDrive 'saved.raw') -Store $store -Seed $old

        $plain.DeltaBytes, $again.Created | Should -Be 0, $false
        $again.DeltaBytes | Should -BeGreaterThan 0
        $again.DeltaBytes | Should -BeLessThan ($plain.BytesUploaded / 2)
        $without.BytesFetched | Should -BeGreaterThan 3MB
        $with.BytesFetched | Should -BeLessThan ($without.BytesFetched / 2)
        $saved.BytesFetched | Should -BeLessThan ($without.BytesFetched / 2)
        (Get-FileHash $with.Path, $saved.Path).Hash | Sort-Object -Unique | Should -Be (Get-FileHash $new).Hash
    }

    It 'are not made with -WhatIf' {
        $plan = Publish-VmImage $new -Name app -Version 2 -Store $store -DeltaFrom 1 -WhatIf
        $plan.PlanOnly, $plan.DeltaBytes | Should -Be $true, 0
        Join-Path $store 'deltas' | Should -Not -Exist
    }

    It 'do not begin with <From>: <Id>, and nothing is uploaded' -ForEach @{ From = '9'; Id = 'ImageNotFound'; Category = 'ObjectNotFound' }, @{ From = '2'; Id = 'InvalidRequest'; Category = 'InvalidArgument' } {
        $before = @(Get-ChildItem $store -Recurse -File)

        $image = Publish-VmImage $new -Name app -Version 2 -Store $store -DeltaFrom 1, $From -ErrorVariable problem -ErrorAction SilentlyContinue

        $image | Should -BeNullOrEmpty
        @($problem).Count | Should -Be 1
        $problem[0].FullyQualifiedErrorId | Should -Be "$Id,ImageFabric.PowerShell.PublishVmImageCommand"
        $problem[0].CategoryInfo.Category, $problem[0].TargetObject | Should -Be $Category, "app:$From"
        @(Get-ChildItem $store -Recurse -File).FullName | Should -Be $before.FullName
    }

    It 'that cannot be made leave the image published' {
        foreach ($pack in Get-ChildItem (Join-Path $store 'packs') -Recurse -File) {
            $bytes = [System.IO.File]::ReadAllBytes($pack.FullName)
            for ($at = 4KB; $at -lt 8KB; $at++) { $bytes[$at] = $bytes[$at] -bxor 255 }
            [System.IO.File]::WriteAllBytes($pack.FullName, $bytes)
        }

        $image = Publish-VmImage $new -Name app -Version 2 -Store $store -DeltaFrom 1 -ErrorVariable problem -ErrorAction SilentlyContinue

        $image.Image, $image.Created, $image.DeltaBytes | Should -Be 'app:2', $true, 0
        $problem[0].FullyQualifiedErrorId | Should -Be 'PackCorrupt,ImageFabric.PowerShell.PublishVmImageCommand'
        (Get-VmImage app -Store $store).Version | Should -Be '1', '2'
    }
}

Describe 'A store, hosts and machines' -Tag Integration -Skip:$noTestbed {
    BeforeAll {
        Initialize-RealEngine (Join-Path $TestDrive 'fleet')
        $env:IMAGEFABRIC_SSH_CONFIG = $env:IMAGEFABRIC_TEST_SSH_CONFIG
        $uri = "s3://$env:IMAGEFABRIC_TEST_BUCKET/pester-$([guid]::NewGuid().ToString('N'))"
        $hosts = -split $env:IMAGEFABRIC_TEST_HOST_NAMES
        $directory = "/var/lib/libvirt/images/pester-$([guid]::NewGuid().ToString('N'))"
        $machine = "pester-$([guid]::NewGuid().ToString('N').Substring(0, 8))"
        Register-VmImageStore testbed $uri -Endpoint $env:IMAGEFABRIC_TEST_ENDPOINT -Default
        $version1 = Publish-VmImage $env:IMAGEFABRIC_TEST_IMAGE_V1 -Name tiny -Version 1.0

        function Invoke-OnHost([string] $HostName, [string] $Command) {
            ssh -F $env:IMAGEFABRIC_TEST_SSH_CONFIG $HostName $Command
        }
    }

    AfterAll {
        $hosts | Get-VmFromImage "$machine*" -ImageDirectory $directory -ErrorAction Ignore | Remove-VmFromImage -Force -Confirm:$false
        $hosts | ForEach-Object { Invoke-OnHost $_ "rm -rf $directory" }
    }

    It 'publishes one content once, from any format' {
        $raw = [System.IO.Path]::ChangeExtension($env:IMAGEFABRIC_TEST_IMAGE_V1, '.raw')
        $again = Publish-VmImage $raw -Name tiny -Version same
        $again.ImageId, $again.PacksUploaded | Should -Be $version1.ImageId, 0
    }

    It 'brings an image to every host, and the second time nothing' {
        $first = $hosts | Sync-VmImage tiny:1.0 -ImageDirectory $directory
        $first.HostName | Sort-Object | Should -Be ($hosts | Sort-Object)
        $first.Status | Sort-Object -Unique | Should -Be 'Synced'
        $first.BytesFetched | ForEach-Object { $_ | Should -BeGreaterThan 1MB }

        $second = $hosts | Sync-VmImage tiny:1.0 -ImageDirectory $directory
        $second.Status | Sort-Object -Unique | Should -Be 'AlreadyPresent'
        ($second.BytesFetched | Measure-Object -Sum).Sum | Should -Be 0
    }

    It 'fetches of a new version what is new' {
        $null = Publish-VmImage $env:IMAGEFABRIC_TEST_IMAGE_V2 -Name tiny -Version 1.1
        $sync = $hosts | Sync-VmImage tiny:1.1 -ImageDirectory $directory

        $sync.Status | Sort-Object -Unique | Should -Be 'Synced'
        $sync | ForEach-Object {
            $_.BytesFetched | Should -BeLessThan 1MB
            $_.BytesReused | Should -BeGreaterThan $_.BytesFetched
        }
    }

    It 'refuses a host whose key is not known, and serves the others' {
        $targets = [pscustomobject] @{ HostName = $hosts[0]; Options = @{ UserKnownHostsFile = '/dev/null'; GlobalKnownHostsFile = '/dev/null' } },
        [pscustomobject] @{ HostName = $hosts[1]; Options = $null }

        $sync = $targets | Sync-VmImage tiny:1.0 -ImageDirectory $directory -ErrorVariable problem -ErrorAction SilentlyContinue

        ($sync | Where-Object HostName -EQ $hosts[0]).Status | Should -Be 'Failed'
        ($sync | Where-Object HostName -EQ $hosts[1]).Status | Should -Be 'AlreadyPresent'
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'HostKeyUnknown,ImageFabric.*'
        $problem[0].TargetObject | Should -Be $hosts[0]
    }

    It 'says that the store refuses wrong keys' {
        $wrong = [pscredential]::new('nobody', (ConvertTo-SecureString 'wrong' -AsPlainText -Force))
        Register-VmImageStore wrong $uri -Endpoint $env:IMAGEFABRIC_TEST_ENDPOINT -Credential $wrong -ErrorVariable problem -ErrorAction SilentlyContinue

        $problem[0].FullyQualifiedErrorId | Should -BeLike 'StoreAccessDenied,ImageFabric.*'
        (Get-VmImageStore).Name | Should -Be 'testbed'
    }

    It 'makes machines where the image was brought, and they are what was asked for' {
        $vm = $hosts[0..1] | Sync-VmImage tiny -ImageDirectory $directory |
            New-VmFromImage -Name $machine -Cpu 1 -Memory 256MB -DiskSize 128MB -UserData "#cloud-config`ndhcp: true`nstay: true" -GuestHostName "$machine-guest" -Start -Wait -WarningAction SilentlyContinue

        $vm.HostName | Sort-Object | Should -Be ($hosts[0..1] | Sort-Object)
        foreach ($one in $vm) {
            $one.State, $one.Image, $one.Memory, $one.DiskSize, $one.LinkedClone | Should -Be 'Running', 'tiny:1.1', 256MB, 128MB, $true
            $one.Addresses | Should -Not -BeNullOrEmpty
            # It has an address, so it has read its seed; the console is written a moment later.
            Invoke-OnHost $one.HostName "for i in `$(seq 60); do grep -qs GUEST-UP $($one.ConsolePath) && break; sleep 1; done; cat $($one.ConsolePath)" |
                Where-Object { $_ -match "GUEST-UP .*hostname=$machine-guest" } | Should -Not -BeNullOrEmpty
        }
    }

    It 'refuses a second machine of that name' {
        New-VmFromImage tiny:1.1 $machine -HostName $hosts[0] -ImageDirectory $directory -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'VmExists,ImageFabric.*'
    }

    It 'removes a running machine with -Force only, and its files' {
        $vm = Get-VmFromImage $machine -HostName $hosts[0] -ImageDirectory $directory
        $vm | Remove-VmFromImage -Confirm:$false -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'VmRunning,ImageFabric.*'

        $vm | Remove-VmFromImage -Force -Confirm:$false

        Get-VmFromImage "$machine*" -HostName $hosts[0] -ImageDirectory $directory | Should -BeNullOrEmpty
        Invoke-OnHost $hosts[0] "ls $($vm.DiskPath) 2>/dev/null" | Should -BeNullOrEmpty
    }

    It 'syncs first where a machine is wanted and the image is not' {
        Invoke-OnHost $hosts[0] "rm -rf $directory"

        $vm = New-VmFromImage tiny:1.0 "$machine-b" -HostName $hosts[0] -ImageDirectory $directory -WarningAction SilentlyContinue

        $vm.State, $vm.Image | Should -Be 'Off', 'tiny:1.0'
        $vm | Remove-VmFromImage -Confirm:$false
    }

    It 'makes many machines over several hosts in one pipeline, and removes them so' {
        $wanted = 0..11 | ForEach-Object { [pscustomobject] @{ HostName = $hosts[$_ % $hosts.Count]; Name = "$machine-p$_" } }

        $made = @($wanted | New-VmFromImage tiny:1.0 -ImageDirectory $directory -Memory 64MB -ThrottleLimit 6 -WarningAction SilentlyContinue)

        $made | ForEach-Object { "$($_.Name) $($_.HostName)" } | Sort-Object | Should -Be ($wanted | ForEach-Object { "$($_.Name) $($_.HostName)" } | Sort-Object)
        $made.State | Sort-Object -Unique | Should -Be 'Off'
        @($made.DiskPath | Sort-Object -Unique).Count | Should -Be 12
        $made | Remove-VmFromImage -ThrottleLimit 6 -Confirm:$false
        $hosts | Get-VmFromImage "$machine-p*" -ImageDirectory $directory | Should -BeNullOrEmpty
    }

    It 'has one pipeline over KVM and Hyper-V, and one kind of object from both' -Skip:$noWindows {
        $kvm = @($hosts)[0]
        $hyperv = @(-split $env:IMAGEFABRIC_TEST_WINDOWS_HOSTS)[0]

        $made = $kvm, $hyperv | Sync-VmImage tiny:1.0 | New-VmFromImage -Name "$machine-m" -Network none -Memory 256MB -WarningAction SilentlyContinue

        $made.HostName | Sort-Object | Should -Be ($kvm, $hyperv | Sort-Object)
        $made | ForEach-Object { $_.GetType().FullName } | Sort-Object -Unique | Should -Be 'ImageFabric.PowerShell.VmFromImage'
        $made | ForEach-Object { $_.Name, $_.Image, $_.State, $_.Memory -join ' ' } | Sort-Object -Unique | Should -Be "$machine-m tiny:1.0 Off 268435456"
        ($made | Where-Object HostName -eq $hyperv).Virtualization | Should -Be 'hyper-v'
        $made | Remove-VmFromImage -Confirm:$false
        $kvm, $hyperv | Get-VmFromImage "$machine-m*" | Should -BeNullOrEmpty
    }

    It 'leaves nothing running on a host when it is stopped, and goes on from there' {
        Invoke-OnHost $hosts[0] "rm -rf $directory"
        $session = Start-Session 'Sync-VmImage' @{ Image = 'tiny:1.0'; HostName = $hosts[0]; ImageDirectory = $directory } -UntilTrue {
            Invoke-OnHost $hosts[0] 'pgrep -f "[i]magefabric serve"'
        }
        $session.Stop()

        Invoke-OnHost $hosts[0] 'for i in $(seq 50); do pgrep -f "[i]magefabric serve" >/dev/null || exit 0; sleep 0.1; done; pgrep -af "[i]magefabric serve"' | Should -BeNullOrEmpty
        (Sync-VmImage tiny:1.0 -HostName $hosts[0] -ImageDirectory $directory).Status | Should -BeIn 'Synced', 'AlreadyPresent'
        $session.Dispose()
    }
}
