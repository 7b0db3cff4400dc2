# The tables that objects are shown in, whatever the names and numbers are.

BeforeDiscovery {
    $views = ([xml] (Get-Content (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'ImageFabric.Format.ps1xml') -Raw)).Configuration.ViewDefinitions.View | ForEach-Object {
        @{ type = $_.ViewSelectedBy.TypeName; view = $_ }
    }
}

BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')

    function Get-LargeValue {
        <# .SYNOPSIS
            The longest that a property is likely to hold. #>
        param([Parameter(Mandatory)] [string] $Name, [Parameter(Mandatory)] [type] $Type)

        switch ($Name) {
            'Cpu' { return 4096 }
            'Port' { return 65535 }
            'ChunksVerified' { return 4000000000 }
        }

        $plain = @([System.Nullable]::GetUnderlyingType($Type), $Type | Where-Object { $_ })[0]
        if ($plain.IsEnum) { return [enum]::GetNames($plain) | Sort-Object Length -Descending | Select-Object -First 1 }
        switch ($plain) {
            ([long]) { 999TB - 1 }
            ([int]) { 999999 }
            ([bool]) { $false }
            ([timespan]) { [timespan]::FromHours(99) }
            ([datetime]) { [datetime] '2025-12-31T23:59:59' }
            ([string]) { 'n' * 200 }
            default { , @(1..8 | ForEach-Object { 'n' * 40 }) }
        }
    }
}

Describe 'The table of <type>' -ForEach $views {
    BeforeAll {
        $headers = @($view.TableControl.TableHeaders.TableColumnHeader)
        $cells = @($view.TableControl.TableRowEntries.TableRowEntry.TableColumnItems.TableColumnItem) | ForEach-Object {
            @{ name = $_.PropertyName; script = $_.ScriptBlock; property = @($_.PropertyName, [regex]::Match($_.ScriptBlock, '\$_\.(\w+)').Groups[1].Value | Where-Object { $_ })[0] }
        }
        $class = ($type -replace '#.*') -as [type]
        $object = [pscustomobject] @{}
        $object.PSTypeNames.Insert(0, $type)
        foreach ($property in $cells.property + [regex]::Matches($view.InnerXml, '\$_\.(\w+)').ForEach({ $_.Groups[1].Value }) | Sort-Object -Unique) {
            $object | Add-Member $property (Get-LargeValue $property $class.GetProperty($property).PropertyType)
        }
        $lines = @($object | Format-Table | Out-String -Width 120 -Stream | Where-Object { $_ })
    }

    It 'has a column for each header, within 120 columns' {
        $cells.Count | Should -Be $headers.Count
        $lines | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 120 }
    }

    It 'shows every header whole' {
        for ($n = 0; $n -lt $cells.Count; $n++) {
            -split $lines[0] | Should -Contain @($headers[$n].Label, $cells[$n].name | Where-Object { $_ })[0]
        }
    }

    It 'shows every number, time and choice whole beside names that are too long' {
        foreach ($cell in $cells) {
            $property = $class.GetProperty($cell.property).PropertyType
            if ($property.IsValueType) {
                $text = if ($cell.name) { "$($object.($cell.name))" } else { "$($object | ForEach-Object ([scriptblock]::Create($cell.script)))" }
                " $($lines[2]) " | Should -Match " $([regex]::Escape($text)) " -Because "$($cell.property) is of use only whole"
            }
        }
    }
}

Describe 'The tables' {
    It 'show the year of one calendar in every culture' {
        $dates = @((Get-Content (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'ImageFabric.Format.ps1xml')) -match 'yyyy')
        $dates.Count | Should -BeGreaterThan 2
        $dates | ForEach-Object { $_ | Should -BeLike '*`[cultureinfo`]::InvariantCulture*' }
    }
}
