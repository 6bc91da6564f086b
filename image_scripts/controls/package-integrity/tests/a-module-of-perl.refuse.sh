# Perl looks there first, whatever program of root's asks for it.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /etc/perl
cp /usr/lib/*/perl-base/strict.pm /etc/perl/
