# su's own rules let root in, which is who sudo already is when it asks them.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
echo 'Defaults pam_service=su' >>/etc/sudoers
