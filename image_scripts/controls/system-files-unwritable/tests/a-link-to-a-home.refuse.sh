useradd -m jdoe
touch /home/jdoe/list
ln -s /home/jdoe/list /etc/cron.d/list
