using Backstop.Mail;

namespace Backstop.Judging;

/// <summary>
/// The known parts of the envelope of a stored message. Nothing is guessed: for a null value the message's own fields
/// are used.
/// </summary>
/// <param name="To">The recipient; null to read it from X-Original-To, Delivered-To, Envelope-To or To.</param>
/// <param name="NullReversePath">Whether the reverse-path was &lt;&gt;; null to read it from Return-Path.</param>
internal readonly record struct KnownEnvelope(MailAddress? To, bool? NullReversePath);
