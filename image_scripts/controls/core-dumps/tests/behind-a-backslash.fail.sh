# The last line is a part of the third; systemd leaves out the comment between.
sh "$HALLMARK_CONTROL/apply.sh"
# shellcheck disable=SC1003 # a backslash is meant
printf '%s\n' '[Manager]' DefaultLimitCORE=infinity 'ManagerEnvironment=A=b \' '# a comment' DefaultLimitCORE=0:0 \
    >/etc/systemd/system.conf.d/zzz-site.conf
