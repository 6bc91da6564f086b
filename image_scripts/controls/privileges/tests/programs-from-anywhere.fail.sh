useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
sed -i 's/ignore_dot/!ignore_dot/' /etc/sudoers.d/zz-hallmark
