touch '/etc/a name with blanks'
chmod 666 '/etc/a name with blanks'
