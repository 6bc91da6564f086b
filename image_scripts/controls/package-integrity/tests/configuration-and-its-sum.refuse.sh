# dpkg keeps the sums of configuration with the packages' states.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo '/srv/helper' >>/etc/cron.daily/dpkg
sum=$(md5sum /etc/cron.daily/dpkg)
sed -i "s|^ /etc/cron.daily/dpkg .*| /etc/cron.daily/dpkg ${sum%% *}|" /var/lib/dpkg/status
