# The package's own file is where dpkg says; in its place is another.
sh "$HALLMARK_CONTROL/apply.sh"
dpkg-divert --quiet --local --rename --add /usr/bin/who
cp /usr/bin/sh /usr/bin/who
