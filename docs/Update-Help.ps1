<#
.SYNOPSIS
    Makes the help that Get-Help shows from the pages in docs/en-US: of cmdlets as MAML, and of the about_ topics as text. The pages follow the markdown
    schema of Microsoft.PowerShell.PlatyPS (2024-05-01), so that its users feel at home; the module itself is not needed. The build calls it.
.PARAMETER OutputPath
    Folder for ImageFabric.PowerShell.dll-Help.xml and about_*.help.txt; made where it is missing.
#>
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)]
    [string] $OutputPath
)

Set-StrictMode -Off   # the caller's would hold here, too
$ErrorActionPreference = 'Stop'

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


# The headings of a page, of one level, with the lines below each.
function Get-Section([string[]] $Line, [int] $Level) {
    $mark = '#' * $Level + ' '
    $code = $false
    $section = $null
    foreach ($text in $Line) {
        if ($text -match '^```') { $code = -not $code }
        if (-not $code -and $text.StartsWith($mark)) {
            if ($section) { $section }
            $section = [pscustomobject]@{ Title = $text.Substring($mark.Length).Trim(); Line = [System.Collections.Generic.List[string]]::new() }
        }
        elseif ($section) { $section.Line.Add($text) }
    }
    if ($section) { $section }
}

# The paragraphs of prose.
function Get-Prose([string[]] $Line) {
    (ConvertTo-PlainText ($Line -join "`n")).Trim()
}

# The blocks of an example in their order: what is typed, what comes of it, and what is said.
function Get-Block([string[]] $Line) {
    $kind = ''
    $text = [System.Collections.Generic.List[string]]::new()
    foreach ($one in $Line) {
        if ($one -match '^```(\w*)') {
            if ($text -match '\S') { [pscustomobject]@{ Kind = $kind; Text = if ($kind) { $text -join "`n" } else { Get-Prose $text } } }
            $text.Clear()
            $kind = if ($kind) { '' } else { $Matches[1] }
        }
        else { $text.Add($one) }
    }
    if ($text -match '\S') { [pscustomobject]@{ Kind = ''; Text = Get-Prose $text } }
}

# The few forms of YAML that the schema has below a parameter.
function Get-ParameterFact([string[]] $Line) {
    $fact = @{ Aliases = @(); ParameterSets = @() }
    $list = ''
    foreach ($text in $Line) {
        switch -Regex ($text) {
            '^- Name: (.+)' { $fact.ParameterSets += @{ Name = $Matches[1] }; break }
            '^  (\w+): (.+)' { $fact.ParameterSets[-1][$Matches[1]] = $Matches[2]; break }
            '^- (.+)' { $fact[$list] += $Matches[1]; break }
            '^(\w+):\s*(.*)' { $list = $Matches[1]; if ($Matches[2] -and $Matches[2] -ne '[]') { $fact[$list] = $Matches[2] }; break }
        }
    }
    $fact
}

function Get-Parameter([string[]] $Line) {
    foreach ($section in Get-Section $Line 3 | Where-Object Title -Like '-*') {
        $start = $section.Line.IndexOf('```yaml')
        $end = $section.Line.IndexOf('```', $start + 1)
        $fact = Get-ParameterFact $section.Line.GetRange($start + 1, $end - $start - 1)
        [pscustomobject]@{
            Name = $section.Title.Substring(1); Text = Get-Prose $section.Line.GetRange(0, $start)
            Type = $fact.Type; Globbing = $fact.SupportsWildcards; Aliases = @($fact.Aliases); Sets = $fact.ParameterSets
        }
    }
}

$maml = 'http://schemas.microsoft.com/maml/2004/10'
$command = 'http://schemas.microsoft.com/maml/dev/command/2004/10'
$dev = 'http://schemas.microsoft.com/maml/dev/2004/10'

function Write-Paragraph([System.Xml.XmlWriter] $Xml, [string] $Name, [string[]] $Text, [string] $Namespace = $maml) {
    $Xml.WriteStartElement($Name, $Namespace)
    $Text | Where-Object { $_ } | ForEach-Object { $Xml.WriteElementString('para', $maml, $_) }
    $Xml.WriteEndElement()
}

function Write-Type([System.Xml.XmlWriter] $Xml, [string] $Type) {
    $Xml.WriteStartElement('type', $dev)
    $Xml.WriteElementString('name', $maml, $Type)
    $Xml.WriteEndElement()
}

# As Get-Help spells types in a syntax line.
function Get-ShortType([string] $Type) {
    $short = $Type -replace '^.*\.'
    switch -Regex ($short) {
        '^(String|Int32|Int64|Boolean|Object)(\[\])?$' { ($short -replace 'Int32', 'int' -replace 'Int64', 'long').ToLowerInvariant(); break }
        default { $short }
    }
}

function Write-Parameter([System.Xml.XmlWriter] $Xml, $Parameter, $Set, [bool] $InSyntax) {
    $pipeline = @(if ($Set.ValueFromPipeline -eq 'true') { 'ByValue' }; if ($Set.ValueFromPipelineByPropertyName -eq 'true') { 'ByPropertyName' })
    $Xml.WriteStartElement('parameter', $command)
    $Xml.WriteAttributeString('required', $Set.IsRequired)
    $Xml.WriteAttributeString('variableLength', ($Parameter.Type -like '*`[`]').ToString().ToLowerInvariant())
    $Xml.WriteAttributeString('globbing', $Parameter.Globbing)
    $Xml.WriteAttributeString('pipelineInput', $(if ($pipeline) { "true ($($pipeline -join ', '))" } else { 'false' }))
    $Xml.WriteAttributeString('position', $Set.Position.ToLowerInvariant())
    $Xml.WriteAttributeString('aliases', $(if ($Parameter.Aliases) { $Parameter.Aliases -join ', ' } else { 'none' }))
    $Xml.WriteElementString('name', $maml, $Parameter.Name)
    Write-Paragraph $Xml description $(if (-not $InSyntax) { $Parameter.Text })
    if ($Parameter.Type -ne 'System.Management.Automation.SwitchParameter' -or -not $InSyntax) {
        $Xml.WriteStartElement('parameterValue', $command)
        $Xml.WriteAttributeString('required', 'true')
        $Xml.WriteAttributeString('variableLength', 'false')
        $Xml.WriteString($(if ($InSyntax) { Get-ShortType $Parameter.Type } else { $Parameter.Type }))
        $Xml.WriteEndElement()
    }
    Write-Type $Xml $Parameter.Type
    $Xml.WriteEndElement()
}

function Write-Syntax([System.Xml.XmlWriter] $Xml, [string] $Name, $Parameters) {
    $names = @($Parameters | ForEach-Object { $_.Sets.Name } | Where-Object { $_ -ne '(All)' } | Select-Object -Unique)
    foreach ($set in $(if ($names) { $names } else { '(All)' })) {
        $Xml.WriteStartElement('syntaxItem', $command)
        $Xml.WriteElementString('name', $maml, $Name)
        $own = foreach ($parameter in $Parameters) {
            $facts = $parameter.Sets | Where-Object { $_.Name -in $set, '(All)' } | Select-Object -First 1
            if ($facts) { [pscustomobject]@{ Parameter = $parameter; Set = $facts; Place = if ($facts.Position -eq 'Named') { 1000 } else { [int] $facts.Position } } }
        }
        $own | Sort-Object Place, { $_.Set.IsRequired -ne 'true' } -Stable | ForEach-Object { Write-Parameter $Xml $_.Parameter $_.Set $true }
        $Xml.WriteEndElement()
    }
}

function Write-Typed([System.Xml.XmlWriter] $Xml, [string] $Outer, [string] $Inner, [string[]] $Line) {
    $Xml.WriteStartElement($Outer, $command)
    foreach ($section in Get-Section $Line 3) {
        $Xml.WriteStartElement($Inner, $command)
        Write-Type $Xml $section.Title
        Write-Paragraph $Xml description (Get-Prose $section.Line)
        $Xml.WriteEndElement()
    }
    $Xml.WriteEndElement()
}

function Write-Example([System.Xml.XmlWriter] $Xml, $Section) {
    $blocks = @(Get-Block $Section.Line)
    $code = @($blocks | Where-Object Kind -EQ 'powershell')
    $Xml.WriteStartElement('example', $command)
    $Xml.WriteElementString('title', $maml, "--------- $($Section.Title) ---------")
    Write-Paragraph $Xml introduction 'PS> '
    $Xml.WriteElementString('code', $dev, (@($code | ForEach-Object Text) -join "`n"))
    Write-Paragraph $Xml remarks @($blocks | Where-Object Kind -NE 'powershell' | ForEach-Object Text) $dev
    $Xml.WriteEndElement()
}

function Write-Command([System.Xml.XmlWriter] $Xml, [string] $Page) {
    $lines = Get-Content -LiteralPath $Page
    $name = [System.IO.Path]::GetFileNameWithoutExtension($Page)
    $part = @{}
    Get-Section $lines 2 | ForEach-Object { $part[$_.Title] = [string[]] $_.Line }
    $parameters = @(Get-Parameter $part.PARAMETERS)

    $Xml.WriteStartElement('command', $command)
    $Xml.WriteStartElement('details', $command)
    $Xml.WriteElementString('name', $command, $name)
    Write-Paragraph $Xml description (Get-Prose $part.SYNOPSIS)
    $Xml.WriteElementString('verb', $command, ($name -split '-')[0])
    $Xml.WriteElementString('noun', $command, ($name -split '-')[1])
    $Xml.WriteEndElement()
    Write-Paragraph $Xml description (Get-Prose $part.DESCRIPTION)
    $Xml.WriteStartElement('syntax', $command)
    Write-Syntax $Xml $name $parameters
    $Xml.WriteEndElement()
    $Xml.WriteStartElement('parameters', $command)
    $parameters | ForEach-Object { Write-Parameter $Xml $_ $_.Sets[0] $false }
    $Xml.WriteEndElement()
    Write-Typed $Xml inputTypes inputType $part.INPUTS
    Write-Typed $Xml returnValues returnValue $part.OUTPUTS
    $Xml.WriteStartElement('alertSet', $maml)
    Write-Paragraph $Xml alert (Get-Prose $part.NOTES)
    $Xml.WriteEndElement()
    $Xml.WriteStartElement('examples', $command)
    Get-Section $part.EXAMPLES 3 | ForEach-Object { Write-Example $Xml $_ }
    $Xml.WriteEndElement()

    # A link to another page is a name here; Get-Help would take its address for one to open.
    $Xml.WriteStartElement('relatedLinks', $command)
    foreach ($link in $part['RELATED LINKS'] -match '^- \[') {
        $Xml.WriteStartElement('navigationLink', $maml)
        $Xml.WriteElementString('linkText', $maml, ($link -replace '^- \[([^\]]+)\].*', '$1'))
        $Xml.WriteElementString('uri', $maml, '')
        $Xml.WriteEndElement()
    }
    $Xml.WriteEndElement()
    $Xml.WriteEndElement()
}

if ($PSCmdlet.ShouldProcess($OutputPath, 'Write help')) {
    $folder = (New-Item -ItemType Directory -Force $OutputPath).FullName
    $settings = [System.Xml.XmlWriterSettings]@{ Indent = $true; NewLineChars = "`n"; Encoding = [System.Text.UTF8Encoding]::new($false) }
    $xml = [System.Xml.XmlWriter]::Create((Join-Path $folder 'ImageFabric.PowerShell.dll-Help.xml'), $settings)
    try {
        $xml.WriteStartElement('helpItems', 'http://msh')
        $xml.WriteAttributeString('schema', 'maml')
        foreach ($prefix in @{ p = 'maml'; u = $maml }, @{ p = 'command'; u = $command }, @{ p = 'dev'; u = $dev }) { $xml.WriteAttributeString('xmlns', $prefix.p, $null, $prefix.u) }
        Get-ChildItem (Join-Path $PSScriptRoot 'en-US') -Filter '*-*.md' | Sort-Object Name | ForEach-Object { Write-Command $xml $_.FullName }
        $xml.WriteEndElement()
    }
    finally {
        $xml.Dispose()
    }
    foreach ($page in Get-ChildItem (Join-Path $PSScriptRoot 'en-US') -Filter 'about_*.md') {
        [System.IO.File]::WriteAllText((Join-Path $folder "$($page.BaseName).help.txt"), (ConvertTo-AboutTopic $page.FullName))
    }
}
