using Backstop.Mail;

namespace Backstop.Judging;

/// <summary>
/// What somebody still knows of the envelope that a stored message came in. Nothing of it is made up: where a value is null, the
/// message's own fields are asked.
/// </summary>
/// <param name="To">The address it came to; null for the one that X-Original-To, Delivered-To, Envelope-To or To names.</param>
/// <param name="NullReversePath">Whether its reverse-path was &lt;&gt;; null for what Return-Path says.</param>
internal readonly record struct KnownEnvelope(MailAddress? To, bool? NullReversePath);
