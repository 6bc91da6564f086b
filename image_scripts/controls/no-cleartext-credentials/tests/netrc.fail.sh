# A stored password for FTP, and a skeleton that gives each new account a .rhosts.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo 'machine ftp.example.org login me password secret' >/root/.netrc
echo '+ +' >/etc/skel/.rhosts
