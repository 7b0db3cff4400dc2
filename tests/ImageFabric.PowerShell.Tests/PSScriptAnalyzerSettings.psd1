@{
    # What a person may run in Windows PowerShell has to be read there.
    Rules        = @{ PSUseCompatibleSyntax = @{ Enable = $true; TargetVersions = @('5.1') } }
    Severity     = @('Error', 'Warning', 'Information')
    ExcludeRules = @(
        # Variables of BeforeAll are used in other script blocks of the same file, which the rule does not see.
        'PSUseDeclaredVarsMoreThanAssignments'
        # A test's own password is no secret.
        'PSAvoidUsingConvertToSecureStringWithPlainText'
        # What the tests make lies in their own folder.
        'PSUseShouldProcessForStateChangingFunctions'
        # Tests of the DSC resources are here, examples in docs/dsc.md, and not in folders beside each resource.
        'PSDSCDscTestsPresent'
        'PSDSCDscExamplesPresent'
    )
}
