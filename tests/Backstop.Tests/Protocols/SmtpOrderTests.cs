using Backstop.Protocols.Smtp;

namespace Backstop.Tests.Protocols;

public sealed class SmtpOrderTests
{
    [Theory]
    [InlineData(SmtpState.Connected, SmtpVerb.Mail, null)]
    [InlineData(SmtpState.Ready, SmtpVerb.Mail, SmtpState.HasSender)]
    [InlineData(SmtpState.HasSender, SmtpVerb.Mail, null)]
    [InlineData(SmtpState.HasSender, SmtpVerb.Data, null)]
    [InlineData(SmtpState.HasRecipient, SmtpVerb.Data, SmtpState.ReceivingData)]
    [InlineData(SmtpState.HasRecipient, SmtpVerb.Bdat, SmtpState.ReceivingChunks)]
    [InlineData(SmtpState.ReceivingChunks, SmtpVerb.Data, null)]
    [InlineData(SmtpState.ReceivingChunks, SmtpVerb.Rcpt, null)]
    [InlineData(SmtpState.ReceivingChunks, SmtpVerb.Rset, SmtpState.Ready)]
    [InlineData(SmtpState.HasRecipient, SmtpVerb.Ehlo, SmtpState.Ready)]
    [InlineData(SmtpState.HasSender, SmtpVerb.StartTls, null)]
    [InlineData(SmtpState.Connected, SmtpVerb.Rset, SmtpState.Connected)]
    [InlineData(SmtpState.Closed, SmtpVerb.Noop, null)]
    public void Order_is_the_table(SmtpState state, SmtpVerb verb, SmtpState? next) => Assert.Equal(next, SmtpOrder.Next(state, verb));
}
