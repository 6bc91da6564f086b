# Nobody can tell what this machine is for.
rm -rf /usr/share/hallmark
