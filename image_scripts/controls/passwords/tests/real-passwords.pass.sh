# Real programs: bad passwords are refused, root's own included, a good one is taken and hashed, an earlier one comes not back.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
refused() {
    if echo "jdoe:$1" | chpasswd; then
        echo "taken: $1"
        exit 1
    fi
}
refused 'Short 1 and bad'
refused 'all small letters and long'
refused 'NO SMALL LETTERS 12345 HERE'
refused 'Jdoe has a password, 1 of many: jdoe'
refused 'Aaaaaaaaaaaaaaaaaaaaa 1!'
echo 'jdoe:Quiet-7-rivers/Bend' | chpasswd
grep -q '^jdoe:[$]y[$]' /etc/shadow
echo 'jdoe:Loud_4_valleys+Rise' | chpasswd
refused 'Quiet-7-rivers/Bend'
