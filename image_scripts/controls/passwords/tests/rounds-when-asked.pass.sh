# Whoever asks for SHA-512 by name gets as many rounds.
sh "$HALLMARK_CONTROL/apply.sh"
useradd -m jdoe
printf 'jdoe:correct Horse 7 battery staple!\n' | chpasswd -c SHA512
# shellcheck disable=SC2016 # dollars of a hash
grep -q '^jdoe:\$6\$rounds=100000\$' /etc/shadow
userdel -r jdoe 2>/dev/null
