using System.Buffers;
using System.Globalization;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Rules;

/// <summary>An expression of a <c>meta</c> rule or an <c>if</c> line. Values are numbers; true is what is not 0.</summary>
internal abstract record Expression
{
    public abstract double Evaluate(ReadOnlySpan<double> values);

    /// <summary>The same expression with the names resolved to places in the values; -1: always 0.</summary>
    public abstract Expression Bind(Func<string, int> placeOf);

    /// <summary>Every name, each once.</summary>
    public IEnumerable<string> Names() => Walk().OfType<Name>().Select(n => n.Text).Distinct(StringComparer.Ordinal);

    protected virtual IEnumerable<Expression> Operands() => [];

    private IEnumerable<Expression> Walk()
    {
        var stack = new Stack<Expression>();
        stack.Push(this);
        while (stack.TryPop(out var node))
        {
            yield return node;
            foreach (var operand in node.Operands())
            {
                stack.Push(operand);
            }
        }
    }

    public sealed record Number(double Value) : Expression
    {
        public override double Evaluate(ReadOnlySpan<double> values) => Value;

        public override Expression Bind(Func<string, int> placeOf) => this;
    }

    public sealed record Name(string Text) : Expression
    {
        public override double Evaluate(ReadOnlySpan<double> values) => 0;

        public override Expression Bind(Func<string, int> placeOf) =>
            placeOf(Text) is var place and >= 0 ? new Place(place) : new Number(0);
    }

    public sealed record Place(int Index) : Expression
    {
        public override double Evaluate(ReadOnlySpan<double> values) => values[Index];

        public override Expression Bind(Func<string, int> placeOf) => this;
    }

    public sealed record Not(Expression Operand) : Expression
    {
        public override double Evaluate(ReadOnlySpan<double> values) => Operand.Evaluate(values) == 0 ? 1 : 0;

        public override Expression Bind(Func<string, int> placeOf) => new Not(Operand.Bind(placeOf));

        protected override IEnumerable<Expression> Operands() => [Operand];
    }

    public sealed record Negate(Expression Operand) : Expression
    {
        public override double Evaluate(ReadOnlySpan<double> values) => -Operand.Evaluate(values);

        public override Expression Bind(Func<string, int> placeOf) => new Negate(Operand.Bind(placeOf));

        protected override IEnumerable<Expression> Operands() => [Operand];
    }

    public sealed record Choice(Expression Condition, Expression Then, Expression Else) : Expression
    {
        public override double Evaluate(ReadOnlySpan<double> values) => (Condition.Evaluate(values) != 0 ? Then : Else).Evaluate(values);

        public override Expression Bind(Func<string, int> placeOf) =>
            new Choice(Condition.Bind(placeOf), Then.Bind(placeOf), Else.Bind(placeOf));

        protected override IEnumerable<Expression> Operands() => [Condition, Then, Else];
    }

    /// <summary>
    /// Operators of one precedence, from left to right. Kept flat, because a line may hold more of them than the stack has room for.
    /// </summary>
    /// <param name="First">The first operand.</param>
    /// <param name="Rest">The operators, each with the operand on its right.</param>
    public sealed record Chain(Expression First, IReadOnlyList<(string Operator, Expression Right)> Rest) : Expression
    {
        public override double Evaluate(ReadOnlySpan<double> values)
        {
            var left = First.Evaluate(values);
            for (var i = 0; i < Rest.Count; i++)
            {
                left = Apply(Rest[i].Operator, left, Rest[i].Right, values);
            }

            return left;
        }

        public override Expression Bind(Func<string, int> placeOf) =>
            new Chain(First.Bind(placeOf), [.. Rest.Select(r => (r.Operator, r.Right.Bind(placeOf)))]);

        protected override IEnumerable<Expression> Operands() => Rest.Select(r => r.Right).Prepend(First);

        /// <summary><c>||</c> and <c>&amp;&amp;</c> give the operand that decided, as in Perl.</summary>
        private static double Apply(string op, double left, Expression operand, ReadOnlySpan<double> values)
        {
            switch (op)
            {
                case "||":
                    return left != 0 ? left : operand.Evaluate(values);
                case "&&":
                    return left == 0 ? left : operand.Evaluate(values);
            }

            var right = operand.Evaluate(values);
            return op switch
            {
                "+" => left + right,
                "-" => left - right,
                "*" => left * right,
                "/" => right == 0 ? 0 : left / right,
                "<" => left < right ? 1 : 0,
                ">" => left > right ? 1 : 0,
                "<=" => left <= right ? 1 : 0,
                ">=" => left >= right ? 1 : 0,
                "==" => left == right ? 1 : 0,
                "!=" => left != right ? 1 : 0,
                "^" => (long)left ^ (long)right,
                _ => throw new InvalidOperationException(op),
            };
        }
    }
}

/// <summary>Reads <see cref="Expression"/>s with Perl's precedence.</summary>
internal sealed class ExpressionParser
{
    /// <summary>Brackets, signs and choices within each other: reading, binding and evaluating take the stack once for each.</summary>
    private const int MaxDepth = 400;

    /// <summary>From loosest to tightest.</summary>
    private static readonly string[][] _levels = [["||"], ["&&"], ["^"], ["==", "!="], ["<", ">", "<=", ">="], ["+", "-"], ["*", "/"]];

    private static readonly SearchValues<char> _numberParts = SearchValues.Create("+-.0123456789");
    private static readonly SearchValues<char> _never = SearchValues.Create("$@%;{}");

    private readonly List<string> _tokens;
    private readonly Func<string, string, Expression>? _call;
    private int _at;
    private int _depth;

    private ExpressionParser(List<string> tokens, Func<string, string, Expression>? call) => (_tokens, _call) = (tokens, call);

    private string Token => _at < _tokens.Count ? _tokens[_at] : "";

    /// <summary>Reads an expression.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="call">Makes an expression of <c>name(argument)</c>; null: there are no functions.</param>
    /// <exception cref="FormatException">The text is not an expression; the message says where.</exception>
    public static Expression Parse(string text, Func<string, string, Expression>? call = null)
    {
        var parser = new ExpressionParser(Tokenize(text), call);
        if (parser._tokens.Count == 0)
        {
            throw new FormatException("empty expression");
        }

        var expression = parser.Choice();
        return parser._at == parser._tokens.Count ? expression : throw new FormatException($"unexpected '{parser.Token}'");
    }

    /// <summary>
    /// Reads the expression of a meta rule, as strictly as SpamAssassin (Parser.pm, is_meta_valid): a number is digits with or without a
    /// fraction, and a sign in front of one belongs to it, so that <c>-1</c> and <c>A -1</c> are refused and <c>A - 1</c> is not.
    /// </summary>
    /// <param name="text">The expression.</param>
    /// <exception cref="FormatException">As <see cref="Parse"/>.</exception>
    public static Expression ParseMeta(string text)
    {
        if (text.AsSpan().IndexOfAny(_never) is var wrong and >= 0 || (wrong = text.IndexOf("::", StringComparison.Ordinal)) >= 0)
        {
            throw new FormatException($"unexpected '{text[wrong]}'");
        }

        for (var at = text.AsSpan().IndexOfAny(_numberParts); at >= 0;)
        {
            var length = text.AsSpan(at).IndexOfAnyExcept(_numberParts);
            var run = text.AsSpan(at, length < 0 ? text.Length - at : length);
            var isInName = at > 0 && (PerlText.IsWord(text[at - 1]) || text[at - 1] == ':') && char.IsAsciiDigit(run[0]);
            run = isInName ? run[(run.IndexOfAnyExceptInRange('0', '9') is var digits and >= 0 ? digits : run.Length)..] : run;
            if (!IsNumber(run) && (run.Length > 2 || run.ContainsAnyInRange('0', '9')))
            {
                throw new FormatException($"unexpected '{run}'; put a blank between an operator and a number");
            }

            var from = at + (length < 0 ? text.Length - at : length);
            var next = text.AsSpan(from).IndexOfAny(_numberParts);
            at = next < 0 ? -1 : from + next;
        }

        return Parse(text);
    }

    private static bool IsNumber(ReadOnlySpan<char> run)
    {
        var dot = run.IndexOf('.');
        return run.Length > 0 && dot != 0 && dot != run.Length - 1 && !run.ContainsAny('+', '-') && run[(dot + 1)..].IndexOf('.') < 0;
    }

    private Expression Choice()
    {
        var condition = Level(0);
        if (Token != "?")
        {
            return condition;
        }

        _at++;
        GoDeeper();
        var then = Choice();
        Expect(":");
        var choice = new Expression.Choice(condition, then, Choice());
        _depth--;
        return choice;
    }

    private Expression Level(int level)
    {
        if (level == _levels.Length)
        {
            return Unary();
        }

        var first = Level(level + 1);
        List<(string, Expression)>? rest = null;
        while (Array.IndexOf(_levels[level], Token) >= 0)
        {
            var op = _tokens[_at++];
            (rest ??= []).Add((op, Level(level + 1)));
        }

        return rest is null ? first : new Expression.Chain(first, rest);
    }

    private void GoDeeper()
    {
        if (++_depth > MaxDepth)
        {
            throw new FormatException($"nested more than {MaxDepth} deep");
        }
    }

    private Expression Unary()
    {
        GoDeeper();
        var token = Token;
        _at++;
        Expression result;
        switch (token)
        {
            case "!":
                result = new Expression.Not(Unary());
                break;
            case "-":
                result = new Expression.Negate(Unary());
                break;
            case "+":
                result = Unary();
                break;
            case "(" when Token == ")":
                _at++;
                result = new Expression.Number(0);
                break;
            case "(":
                result = Choice();
                Expect(")");
                break;
            default:
                result = Operand(token);
                break;
        }

        _depth--;
        return result;
    }

    private Expression Operand(string token)
    {
        if (double.TryParse(token, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && (char.IsAsciiDigit(token[0]) || token[0] == '.'))
        {
            return new Expression.Number(number);
        }

        if (token.Length == 0 || !(char.IsAsciiLetter(token[0]) || token[0] == '_'))
        {
            throw new FormatException(token.Length == 0 ? "something is missing at the end" : $"unexpected '{token}'");
        }

        if (_call is null || Token != "(")
        {
            return new Expression.Name(token);
        }

        _at++;
        var argument = Token;
        _at++;
        Expect(")");
        return _call(token, argument);
    }

    private void Expect(string token)
    {
        if (Token != token)
        {
            throw new FormatException($"'{token}' is missing");
        }

        _at++;
    }

    private static List<string> Tokenize(string text)
    {
        var tokens = new List<string>();
        for (var i = 0; i < text.Length;)
        {
            var c = text[i];
            if (char.IsWhiteSpace(c))
            {
                i++;
                continue;
            }

            var start = i;
            if (char.IsAsciiDigit(c) || (c == '.' && i + 1 < text.Length && char.IsAsciiDigit(text[i + 1])))
            {
                while (i < text.Length && (char.IsAsciiDigit(text[i]) || text[i] == '.'))
                {
                    i++;
                }
            }
            else if (char.IsAsciiLetter(c) || c == '_')
            {
                while (i < text.Length && (char.IsAsciiLetterOrDigit(text[i]) || text[i] is '_' or ':'))
                {
                    i++;
                }
            }
            else
            {
                i += i + 1 < text.Length && text.Substring(i, 2) is "||" or "&&" or "<=" or ">=" or "==" or "!=" ? 2 : 1;
            }

            tokens.Add(text[start..i]);
        }

        return tokens;
    }
}
