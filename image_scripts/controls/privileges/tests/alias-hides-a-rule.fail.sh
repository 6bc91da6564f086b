# Everything for somebody, behind two aliases.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
cat >/etc/sudoers.d/site <<'END'
User_Alias STAFF = www-data, %users
Cmnd_Alias TOOLS = ALL
STAFF ALL = (ALL) NOPASSWD: TOOLS
END
chmod 0440 /etc/sudoers.d/site
