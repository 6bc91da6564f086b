# userdel and useradd again: the folder kept its number.
useradd -m jdoe
chown 1777:1777 /home/jdoe
