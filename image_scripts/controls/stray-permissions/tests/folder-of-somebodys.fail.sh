# It has its sticky bit, which keeps everybody from others' files, but for the owner of the folder.
mkdir -m 1777 /var/spool/drop
chown games /var/spool/drop
