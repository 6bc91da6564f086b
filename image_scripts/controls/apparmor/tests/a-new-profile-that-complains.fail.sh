sh "$HALLMARK_CONTROL/apply.sh"
cat >/etc/apparmor.d/usr.bin.true <<'END'
abi <abi/4.0>,
profile true /usr/bin/true flags=(attach_disconnected, complain) {
  /usr/bin/true rm,
}
END
