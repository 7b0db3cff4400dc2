# Files of disks. A base image is a real VHDX, of which the size is read as [MS-VHDX] says; a differencing disk is a few lines of JSON in a file of its own.

$script:DifferencingMark = 'differencing disk of the stand-in'

function Read-Disk([string] $Path) {
    if (-not (Test-Path -LiteralPath $Path -PathType Leaf)) {
        Deny 'ObjectNotFound' 'ObjectNotFound' "Getting the mounted storage instance for the path '$Path' failed. The system cannot find the file specified. (0x80070002)"
    }
    $stream = [System.IO.File]::Open($Path, 'Open', 'Read', 'ReadWrite')
    try {
        $reader = [System.IO.BinaryReader]::new($stream)
        $signature = [System.Text.Encoding]::ASCII.GetString($reader.ReadBytes(8))
        if ($signature -eq 'vhdxfile') {
            $place = Find-Item -Stream $stream -Reader $reader -Item '2FA54224-CD1B-4876-B211-5DBED83BF4B8'
            $stream.Position = $place
            $size = $reader.ReadInt64()
            # The file parameters: the block size, then flags.
            $stream.Position = (Find-Item -Stream $stream -Reader $reader -Item 'CAA16737-FA36-4D43-B3B6-33F0AA44E76B') + 4
            $type = if ($reader.ReadInt32() -band 1) { 'Fixed' } else { 'Dynamic' }
            return @{ size = $size; parent = $null; place = $place; type = $type }
        }
    }
    finally {
        $stream.Dispose()
    }
    if ($signature -eq '{ "mark"') {
        $text = ConvertFrom-Json ([System.IO.File]::ReadAllText($Path)) -AsHashtable
        if ($text.mark -eq $script:DifferencingMark) {
            return @{ size = [long]$text.size; parent = $text.parent; place = $null; type = 'Differencing' }
        }
    }
    Deny 'InvalidParameter' 'InvalidArgument' "The file or directory is corrupted and unreadable: '$Path' is not a virtual hard disk. (0xC03A0009)"
}

# [MS-VHDX] 2.2.3 and 2.6: region table, metadata region, its table, the item.
function Find-Item($stream, $reader, [guid] $item) {
    $metadata = Find-Entry -Stream $stream -Reader $reader -Table 196608 -Wanted '8B7CA206-4790-4B9A-B8FE-575F050F886E' -Head 16 -CountAt 8 -ReadOffset { $reader.ReadInt64() }
    $metadata + (Find-Entry -Stream $stream -Reader $reader -Table $metadata -Wanted $item -Head 32 -CountAt 10 -ReadOffset { $reader.ReadInt32() })
}

function Find-Entry($stream, $reader, [long] $table, [guid] $wanted, [int] $head, [int] $countAt, [scriptblock] $readOffset) {
    $stream.Position = $table + $countAt
    $count = if ($head -eq 16) { $reader.ReadInt32() } else { $reader.ReadInt16() }
    for ($i = 0; $i -lt $count; $i++) {
        $stream.Position = $table + $head + (32 * $i)
        if ([guid]::new($reader.ReadBytes(16)) -eq $wanted) {
            return & $readOffset
        }
    }
    Deny 'InvalidParameter' 'InvalidArgument' 'The virtual hard disk is corrupted. (0xC03A0009)'
}

function Write-Differencing([string] $Path, [string] $Parent, [long] $Size) {
    $text = '{ "mark": ' + (ConvertTo-Json $script:DifferencingMark) + ', "parent": ' + (ConvertTo-Json $Parent) + ", ""size"": $Size }"
    [System.IO.File]::WriteAllText($Path, $text)
}

function New-Disk([string] $Path, [string] $Parent, [long] $Size) {
    if (Test-Path -LiteralPath $Path) {
        Deny 'ResourceExists' 'ResourceExists' "Failed to create the virtual hard disk. The file exists. (0x80070050): '$Path'"
    }
    if (-not (Test-Path -LiteralPath (Split-Path -Parent $Path) -PathType Container)) {
        Deny 'ObjectNotFound' 'ObjectNotFound' "The system cannot find the path specified. (0x80070003): '$Path'"
    }
    if ([System.IO.Path]::GetExtension($Path) -ne '.vhdx' -or [System.IO.Path]::GetExtension($Parent) -ne '.vhdx') {
        Deny 'InvalidParameter' 'InvalidArgument' 'The file extension does not match the format of the virtual hard disk.'
    }
    $below = Read-Disk $Parent
    if ($Size -eq 0) {
        $Size = $below.size
    }
    Write-Differencing -Path $Path -Parent $Parent -Size $Size
}

function Resize-Disk([string] $Path, [long] $Size) {
    $disk = Read-Disk $Path
    if ($Size % 512 -ne 0 -or $Size -lt $disk.size) {
        Deny 'InvalidParameter' 'InvalidArgument' "Failed to resize the virtual disk to $Size bytes."
    }
    if ($disk.parent) {
        Write-Differencing -Path $Path -Parent $disk.parent -Size $Size
        return
    }
    $stream = [System.IO.File]::Open($Path, 'Open', 'ReadWrite', 'None')
    try {
        $stream.Position = $disk.place
        [System.IO.BinaryWriter]::new($stream).Write($Size)
    }
    finally {
        $stream.Dispose()
    }
}

function Assert-Chain([string] $Path) {
    while ($Path) {
        $Path = (Read-Disk $Path).parent
    }
}
