# bayes.pl < LINES: SpamAssassin's learner as a filter of lines: "new", "ham FILE", "spam FILE", "ask FILE", a tab between, as
# `Backstop.Bench bayes` reads them. Every file is parsed and taken apart into tokens once, by SpamAssassin's own code; counts are kept
# in memory and do not expire; probabilities come from its own code too.
use strict; use warnings; use Mail::SpamAssassin;
my $sa = Mail::SpamAssassin->new({ local_tests_only => 1, dont_copy_prefs => 1, userprefs_filename => '/dev/null', username => 'nobody',
  post_config_text => "use_bayes 1\nuse_auto_welcomelist 0\nbayes_auto_learn 0\nbayes_path /nonexistent/bayes\n" });
$sa->init(1);
my ($bayes) = grep { ref($_) eq 'Mail::SpamAssassin::Plugin::Bayes' } @{$sa->{plugins}->{plugins}};
$bayes->learner_new unless $bayes->{store};
$bayes->{use_hapaxes} = 1;
my (%known, %count, %seen, $ns, $nn);
sub known {
  my ($file) = @_;
  $known{$file} //= do {
    open my $in, '<', $file or die "$file: $!"; binmode $in; my $raw = do { local $/; <$in> }; close $in;
    my $marked = $sa->parse(\$raw, 0); my $bare = $sa->remove_spamassassin_markup($marked); $marked->finish;
    my $message = $sa->parse(\$bare, 0);
    my $tokens = $bayes->tokenize($message, $bayes->get_body_from_msg($message));
    my $found = { ids => [ grep { defined } $message->generate_msgid(), $message->get_msgid() ], tokens => [ keys %$tokens ] };
    $message->finish;
    $found;
  };
}
sub add { my ($tokens, $i, $by) = @_; for (@$tokens) { my $c = ($count{$_} //= [0, 0]); $c->[$i] += $by; } $i ? ($nn += $by) : ($ns += $by); }
while (<STDIN>) {
  chomp; my ($what, $file) = split /\t/;
  if ($what eq 'new') { %count = %seen = (); $ns = $nn = 0; next; }
  my $mail = known($file);
  if ($what ne 'ask') {
    my $i = $what eq 'ham' ? 1 : 0;
    my ($id) = grep { exists $seen{$_} } @{$mail->{ids}};
    if (defined $id) {
      next if $seen{$id} == $i; add($mail->{tokens}, $seen{$id}, -1);
      delete $seen{$id}; }
    add($mail->{tokens}, $i, 1); $seen{$mail->{ids}[0]} = $i;
    next;
  }
  my @data = map { [ $_, @{$count{$_}}, 0 ] } grep { $count{$_} && $count{$_}[0] + $count{$_}[1] > 0 } @{$mail->{tokens}};
  my @strong = sort { abs($b - 0.5) <=> abs($a - 0.5) } grep { defined } @{$bayes->_compute_prob_for_all_tokens(\@data, $ns, $nn)};
  $#strong = 149 if @strong > 150;
  no warnings 'once';
  @strong = grep { abs($_ - 0.5) >= $Mail::SpamAssassin::Bayes::Combine::MIN_PROB_STRENGTH } @strong;
  my $score = @strong ? Mail::SpamAssassin::Bayes::Combine::combine($ns, $nn, \@strong) : undef;
  printf "%s\t%s\n", $file, defined $score ? sprintf('%.17g', $score) : 'none';
}
