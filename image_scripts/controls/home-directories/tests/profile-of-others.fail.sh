useradd -m jdoe
chmod 666 /home/jdoe/.profile
