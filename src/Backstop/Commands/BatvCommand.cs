using System.CommandLine;
using Backstop.Backscatter.Proofs;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Mail;

namespace Backstop.Commands;

/// <summary>The verb <c>batv</c>: signs and checks envelope tags.</summary>
internal static class BatvCommand
{
    public static Command Create()
    {
        var config = CommonOptions.Config();
        config.Recursive = true;
        var data = CommonOptions.Data();
        data.Recursive = true;
        var address = new Argument<string>("ADDR") { Description = "A mail address." };
        var sign = new Command("sign", "Print an address with a tag that is valid from today on.") { address };
        sign.SetAction(parsed =>
            Sign(
                CommonOptions.ReadForData(parsed.GetValue(config), parsed.GetValue(data)), Address(parsed.GetValue(address)!),
                GivenOptions.Of(parsed, [config, data])));
        var check = new Command("check", "Check the tag of an address: exit 0 if it is ours and valid, 1 if not.") { address };
        check.SetAction(parsed =>
            Check(
                CommonOptions.ReadForData(parsed.GetValue(config), parsed.GetValue(data)), Address(parsed.GetValue(address)!),
                GivenOptions.Of(parsed, [config, data])));
        var newKey = new Command("new-key", "Make a new key to sign with. Tags of the last key stay valid.");
        newKey.SetAction(parsed => NewKey(CommonOptions.ReadForData(parsed.GetValue(config), parsed.GetValue(data))));
        return new("batv", "Envelope tags (BATV): sign, check, make keys.") { sign, check, newKey, config, data };
    }

    private static int Sign(BackstopOptions options, MailAddress address, string given)
    {
        var batv = Open(options, given);
        Console.WriteLine(batv.Sign(address, TimeProvider.System.GetUtcNow()));
        return ExitCode.Done;
    }

    private static int Check(BackstopOptions options, MailAddress address, string given)
    {
        var batv = Open(options, given);
        var tag = BatvTag.TryParse(address);
        var outcome = tag is null ? BatvOutcome.None : batv.Check(tag, TimeProvider.System.GetUtcNow());
        Console.WriteLine(outcome switch
        {
            BatvOutcome.Pass => $"pass: {tag!.Original} signed this, and the tag is valid",
            BatvOutcome.Expired => $"expired: {tag!.Original} signed this too long ago",
            BatvOutcome.Forged => "forged: the tag is not signed with a key of ours",
            _ => tag is null
                ? "none: no tag"
                : $"none: the tag was made by another system ({tag.Dialect}), and only that system can check it",
        });
        return outcome == BatvOutcome.Pass ? ExitCode.Done : ExitCode.Found;
    }

    private static int NewKey(BackstopOptions options)
    {
        var path = DataPaths.BatvKeys(options);
        var key = BatvKeyFile.AddNew(path);
        Console.WriteLine(
            $"{path}: key {key.Number} signs from now on. Put this file on every host that sends or receives for the domain, and "
                + $"restart them.");
        return ExitCode.Done;
    }

    private static Batv Open(BackstopOptions options, string given)
    {
        var path = DataPaths.BatvKeys(options);
        var keys = BatvKeyFile.Read(path);
        return keys.Count > 0
            ? new(keys, options.Batv.LifetimeDays, options.Batv.Form)
            : throw new CommandException(ExitCode.NoInput, $"{path}: no keys; make one with: backstop batv new-key{given}");
    }

    private static MailAddress Address(string text) =>
        MailAddress.TryParse(text) ?? throw new CommandException(ExitCode.Usage, $"{text}: not a mail address; write user@domain");
}
