<#
.SYNOPSIS
    Makes the help that Get-Help shows from the pages in docs/en-US. Needs the module Microsoft.PowerShell.PlatyPS.
.PARAMETER OutputPath
    Folder for ImageFabric.PowerShell.dll-Help.xml. By default beside the pages.
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
}
finally {
    Remove-Item $made -Recurse -Force -ErrorAction Ignore
}
