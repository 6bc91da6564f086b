# HM_ADMINISTRATORS=jdoe asmith
# Two administrators; what cloud-init itself reads from the files is the first of them.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
[ "$(passwd -S asmith | cut -d ' ' -f 2)" = L ]
[ "$(stat -c '%a %U' /home/jdoe)" = '700 jdoe' ]
python3 -c '
from cloudinit import util
from cloudinit.distros import debian, ug_util
config = util.read_conf_with_confd("/etc/cloud/cloud.cfg")
distro = debian.Distro("debian", config["system_info"], None)
users, groups = ug_util.normalize_users_groups(config, distro)
assert ug_util.extract_default(users)[0] == "jdoe", users
assert list(users) == ["jdoe"] and not users["jdoe"]["sudo"], users
'
