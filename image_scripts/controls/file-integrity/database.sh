#!/bin/sh
# Makes the database that machines compare themselves with: of the finished tree, by build.sh. (In the tests there is no build.)
set -eu
database=/var/lib/aide/aide.db
rm -f "$database.new"
aide --config=/etc/aide/aide.conf --init >/dev/null
chmod 600 "$database.new"
mv -f "$database.new" "$database"
sha256sum "$database"
