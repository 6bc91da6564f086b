# polkit asks its rules who may tell systemd to run something.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /etc/polkit-1/rules.d
echo 'polkit.addRule(function(action, subject) { return polkit.Result.YES; });' >/etc/polkit-1/rules.d/10-site.rules
