. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package sample /usr/bin/sample
sed -i '/^Package: sample$/,/^$/s/^Status: .*/Status: deinstall ok config-files/' /var/lib/dpkg/status
