# HM_DENY=2
# Real guesses through su: after two the right password is refused too, until an administrator unlocks.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
echo 'jdoe:Quiet-7-rivers/Bend' | chpasswd
guess() {
    echo "$1" | runuser -u nobody -- su jdoe -c 'id -un'
}
[ "$(guess 'Quiet-7-rivers/Bend')" = jdoe ]
for n in 1 2; do
    if guess "wrong $n"; then
        exit 1
    fi
done
if guess 'Quiet-7-rivers/Bend'; then
    exit 1
fi
faillock --user jdoe
faillock --user jdoe --reset
[ "$(guess 'Quiet-7-rivers/Bend')" = jdoe ]
