using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Backstop.State;

/// <summary>What is wrong with a store.</summary>
public enum StoreFault
{
    /// <summary>The content is not what was written: the file is set aside.</summary>
    Damaged,

    /// <summary>Another process has locked it.</summary>
    Locked,

    /// <summary>It cannot be written because of its mode, owner or mount.</summary>
    ReadOnly,

    /// <summary>The disk is full.</summary>
    Full,

    /// <summary>It cannot be opened or read for another reason, such as a failing disk.</summary>
    Unreadable,
}

/// <summary>A store could not be read or written. The message begins with its path.</summary>
/// <param name="path">The file.</param>
/// <param name="fault">The kind of fault.</param>
/// <param name="message">The error of the operating system or the database.</param>
/// <param name="inner">The original exception, if any.</param>
public sealed class StoreException(
    string path, StoreFault fault, string message, Exception? inner) : DbException($"{path}: {message}", inner)
{
    /// <summary>The file of the store.</summary>
    public string Path => path;

    /// <summary>The kind of fault.</summary>
    public StoreFault Fault => fault;

    /// <summary>The message without the path.</summary>
    public string Error => message;

    /// <summary>Returns the kind of fault that an exception about a file means.</summary>
    /// <param name="error">An <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.</param>
    internal static StoreFault FaultOf(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        const int ReadOnlyFileSystem = 30, NoSpace = 28, OverQuota = 122;
        return error is UnauthorizedAccessException || error.HResult == ReadOnlyFileSystem ? StoreFault.ReadOnly
            : error.HResult is NoSpace or OverQuota ? StoreFault.Full
            : StoreFault.Unreadable;
    }

    /// <summary>Converts SQLite's exception into a <see cref="StoreException"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="error">SQLite's exception.</param>
    internal static StoreException Of(string path, SqliteException error) => new(path, FaultOf(path, error), Words(error), error);

    // Result codes of SQLite. 1 is any error of a statement: our statements are constants, so a missing table means
    // that the file is not ours.
    private static StoreFault FaultOf(string path, SqliteException error) => error.SqliteErrorCode switch
    {
        11 or 24 or 26 => StoreFault.Damaged,
        1 when error.Message.Contains("no such ", StringComparison.Ordinal)
            || error.Message.Contains("has no column", StringComparison.Ordinal) =>
            StoreFault.Damaged,
        5 or 6 => StoreFault.Locked,
        3 or 8 => StoreFault.ReadOnly,
        13 => StoreFault.Full,
        14 when Directory.Exists(path) => StoreFault.Damaged,
        _ => StoreFault.Unreadable,
    };

    // "SQLite Error 11: 'database disk image is malformed'."
    private static string Words(SqliteException error) => error.Message.Split('\'') is [_, var words, ..] ? words : error.Message;
}
