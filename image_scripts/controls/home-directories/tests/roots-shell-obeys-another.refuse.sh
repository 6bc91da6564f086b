useradd -m jdoe
ln -s /home/jdoe/.profile /root/.bash_aliases
