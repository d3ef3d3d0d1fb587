# CPU a message of SpamAssassin's bounce rules alone, in process: vbounce.pl FOLDER... The rules are read from Debian's file at run time.
use strict;
use warnings;
use Mail::SpamAssassin;
use Time::HiRes;

sub slurp { local (@ARGV, $/) = @_; return scalar <> }
my $rules = join "\n", map { slurp("/usr/share/spamassassin/$_") } '20_aux_tlds.cf', '20_vbounce.cf';
my $config = "loadplugin Mail::SpamAssassin::Plugin::Check\nloadplugin Mail::SpamAssassin::Plugin::VBounce\nwelcomelist_bounce_relays mx.example.invalid\nmeta ALL_TRUSTED 0\n$rules";
my $sa = Mail::SpamAssassin->new({ config_text => $config, local_tests_only => 1, dont_copy_prefs => 1, userstate_dir => '/tmp', require_rules => 0 });
$sa->init(1);

for my $folder (@ARGV) {
    my @mails = map { slurp($_) } sort glob("$folder/*");
    my (@rounds, $found);
    for (1 .. 3) {
        my $start = Time::HiRes::clock();
        $found = 0;
        for my $mail (@mails) {
            my $message = $sa->parse($mail);
            my $status = $sa->check($message);
            $found++ if ($status->get_names_of_tests_hit() . ',' . $status->get_names_of_subtests_hit()) =~ /BOUNCE_MESSAGE/;
            $status->finish();
            $message->finish();
        }
        push @rounds, (Time::HiRes::clock() - $start) * 1000 / @mails;
    }
    my $median = (sort { $a <=> $b } @rounds)[1];
    printf "%-14s %7d %22.4f   recognised %d\n", (split m{/}, $folder)[-1], scalar @mails, $median, $found;
}
