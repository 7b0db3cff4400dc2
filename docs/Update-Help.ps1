<#
.SYNOPSIS
    Makes the help that Get-Help shows from the pages in docs/en-US: of cmdlets by the module Microsoft.PowerShell.PlatyPS, which it needs, and of the
    about_ topics.
.PARAMETER OutputPath
    Folder for ImageFabric.PowerShell.dll-Help.xml and about_*.help.txt. By default beside the pages.
#>
[CmdletBinding(SupportsShouldProcess)]
param(
    [string] $OutputPath = (Join-Path $PSScriptRoot 'en-US')
)

$ErrorActionPreference = 'Stop'
Import-Module Microsoft.PowerShell.PlatyPS

# Marks of Markdown that Get-Help would show as they are.
function ConvertTo-PlainText([string] $Markdown) {
    ($Markdown -split "`n" | Where-Object { $_ -notmatch '^```' }) -join "`n" -replace '`', ''
}

# The lines of a text, broken between words.
function Split-Line([string] $Text, [int] $Width) {
    $line = ''
    foreach ($word in $Text -split '\s+' | Where-Object { $_ }) {
        if ($line -and $line.Length + 1 + $word.Length -gt $Width) { $line; $line = $word }
        else { $line = if ($line) { "$line $word" } else { $word } }
    }
    $line
}

# The rows of a table: what is in the first columns stands at the left, the last one beside it, or below where there is no room.
function ConvertTo-Row([string[][]] $Rows) {
    $columns = $Rows[0].Count
    $widths = 0..($columns - 2) | ForEach-Object { $column = $_; ($Rows | ForEach-Object { $_[$column].Length } | Measure-Object -Maximum).Maximum }
    $left = ($widths | Measure-Object -Sum).Sum + 2 * $widths.Count
    foreach ($row in $Rows) {
        if ($left -gt 40) {
            Split-Line $row[0] 76 | ForEach-Object { "    $_" }
            Split-Line $row[-1] 72 | ForEach-Object { "        $_" }
            continue
        }
        $head = -join (0..($columns - 2) | ForEach-Object { $row[$_].PadRight($widths[$_] + 2) })
        foreach ($line in Split-Line $row[-1] (76 - $left)) {
            '    ' + $head + $line
            $head = ' ' * $left
        }
    }
}

# An about_ page as Get-Help shows it: plain text of 80 columns.
function ConvertTo-AboutTopic([string] $Page) {
    $plain = (Get-Content $Page) -replace '\[([^\]]+)\]\([^)]*\)', '$1' -replace '\*\*', ''
    $output = [System.Collections.Generic.List[string]]::new()
    $paragraph = [System.Collections.Generic.List[string]]::new()
    $rows = [System.Collections.Generic.List[string[]]]::new()
    $code = $false

    function Complete-Block {
        if ($rows.Count) { ConvertTo-Row $rows | ForEach-Object { $output.Add($_) } }
        if ($paragraph.Count) {
            $mark = if ($paragraph[0] -match '^(- |\d+\. )') { $Matches[1] } else { '' }
            $first = $mark
            foreach ($line in Split-Line ((-join ($paragraph | ForEach-Object { "$_ " })).Substring($mark.Length)) (76 - $mark.Length)) {
                $output.Add('    ' + $first + $line)
                $first = ' ' * $mark.Length
            }
        }
        $rows.Clear()
        $paragraph.Clear()
    }

    foreach ($line in $plain) {
        if ($line -match '^```') { Complete-Block; $code = -not $code }
        elseif ($code) { $output.Add(('        ' + $line).TrimEnd()) }
        elseif ($line -match '^# (.+)') { $output.AddRange([string[]] @('TOPIC', "    $($Matches[1])")) }
        elseif ($line -match '^## (.+)') { Complete-Block; $output.Add($Matches[1].ToUpperInvariant()) }
        elseif ($line -match '^### (.+)') { Complete-Block; $output.Add('  ' + $Matches[1]) }
        elseif ($line -match '^\|[ -|]+\|$' -and $line -notmatch '[^-| ]') { $rows.Clear() }
        elseif ($line -match '^\|(.+)\|$') { $rows.Add([string[]] @($Matches[1] -split '\|' | ForEach-Object { $_.Trim().Replace('`', '') })) }
        elseif ($line -match '^(- |\d+\. )') { Complete-Block; $paragraph.Add($line.Replace('`', '')) }
        elseif ($line) { $paragraph.Add($line.Replace('`', '').Trim()) }
        else {
            Complete-Block
            if ($output.Count -and $output[-1] -and $output[-1] -cnotmatch '^(TOPIC|[A-Z ]+|  \S.*)$') { $output.Add('') }
        }
    }
    Complete-Block
    ($output -join "`n").TrimEnd() + "`n"
}

$pages = (Get-ChildItem (Join-Path $PSScriptRoot 'en-US') -Filter '*-*.md').FullName
$help = Import-MarkdownCommandHelp $pages
foreach ($command in $help) {
    $command.Description = ConvertTo-PlainText $command.Description
    $command.Notes = ConvertTo-PlainText $command.Notes
    foreach ($example in $command.Examples) {
        $example.Remarks = ConvertTo-PlainText $example.Remarks
    }
    foreach ($item in @($command.Parameters) + @($command.Inputs) + @($command.Outputs)) {
        $item.Description = ConvertTo-PlainText $item.Description
    }

    # A link to another page is a name here; Get-Help would take its address for one to open.
    $links = @($command.RelatedLinks | ForEach-Object { [Microsoft.PowerShell.PlatyPS.Model.Links]::new('', $_.LinkText) })
    $command.RelatedLinks.Clear()
    $links | ForEach-Object { $command.RelatedLinks.Add($_) }
}

$made = Join-Path ([System.IO.Path]::GetTempPath()) ([guid]::NewGuid())
try {
    $null = $help | Export-MamlCommandHelp -OutputFolder $made
    $file = Join-Path $OutputPath 'ImageFabric.PowerShell.dll-Help.xml'
    if ($PSCmdlet.ShouldProcess($file, 'Write help')) {
        $text = [System.IO.File]::ReadAllText((Get-ChildItem $made -Recurse -Filter '*-Help.xml').FullName)
        [System.IO.File]::WriteAllText($file, $text.Replace("`r", '').TrimEnd() + "`n")
    }
    foreach ($page in Get-ChildItem (Join-Path $PSScriptRoot 'en-US') -Filter 'about_*.md') {
        $file = Join-Path $OutputPath "$($page.BaseName).help.txt"
        if ($PSCmdlet.ShouldProcess($file, 'Write help')) { [System.IO.File]::WriteAllText($file, (ConvertTo-AboutTopic $page.FullName)) }
    }
}
finally {
    Remove-Item $made -Recurse -Force -ErrorAction Ignore
}
