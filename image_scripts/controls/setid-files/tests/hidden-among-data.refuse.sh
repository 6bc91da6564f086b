# Where no program belongs: not mended in silence.
sh "$HALLMARK_CONTROL/apply.sh"
cp /usr/bin/true /usr/share/doc/README
chmod 4755 /usr/share/doc/README
