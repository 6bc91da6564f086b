# What somebody typed while the image was made.
set -eu
echo 'mysql -psecret' >/root/.bash_history
mkdir -p /srv/app
echo 'x' >/srv/app/.python_history
