namespace Backstop.SpamRules.Evals;

/// <summary>Macros and links of attached office documents (Plugin/OLEVBMacro.pm).</summary>
internal static class OfficeEvals
{
    public static void Register(EvalTable table)
    {
        table.Add("check_olemacro", static (scan, _) => scan.Office.HasMacro);
        table.Add("check_oleobject", static (scan, _) => scan.Office.HasObject);
        table.Add("check_olertfobject", static (scan, _) => scan.Office.HasRtfObject);
        table.Add("check_olemacro_csv", static (scan, _) => scan.Office.HasCsvCommand);
        table.Add("check_olemacro_malice", static (scan, _) => scan.Office.IsMalicious);
        table.Add("check_olemacro_renamed", static (scan, _) => scan.Office.IsRenamed);
        table.Add("check_olemacro_encrypted", static (scan, _) => scan.Office.IsEncrypted);
        table.Add("check_olemacro_zip_password", static (scan, _) => scan.Office.HasPassword);
        table.Add("check_olemacro_download_exe", static (scan, _) => scan.Office.LoadsProgram);
        table.Add("check_olemacro_redirect_uri", static (scan, _) => scan.Office.Links.Count > 0);
        table.Add("check_olemacro_mhtml_uri", static (scan, _) => scan.Office.MhtmlLinks.Count > 0);
    }
}
