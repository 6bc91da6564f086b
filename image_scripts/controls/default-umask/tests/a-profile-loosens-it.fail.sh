# For everybody's login shells, behind ours.
# shellcheck disable=SC2016
sh "$HALLMARK_CONTROL/apply.sh"
echo '[ "$LOGNAME" = x ] || umask 0002' >/etc/profile.d/zzz-site.sh
