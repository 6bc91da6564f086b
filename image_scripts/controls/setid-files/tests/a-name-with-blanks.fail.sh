# Not to be taken for the declared file that its name begins with.
sh "$HALLMARK_CONTROL/apply.sh"
mkdir "/usr/bin/sudo "
cp /usr/bin/true "/usr/bin/sudo /usr"
chmod 4755 "/usr/bin/sudo /usr"
