# As most guides have it. Debian's pam_umask gives people's groups write access all the same, whatever USERGROUPS_ENAB says.
# shellcheck disable=SC2016
useradd -m jdoe
sed -i '/^USERGROUPS_ENAB/d; $aUMASK 027\nUSERGROUPS_ENAB no' /etc/login.defs
