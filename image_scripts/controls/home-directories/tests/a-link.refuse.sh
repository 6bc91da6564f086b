# Elsewhere, where others may write.
useradd -m jdoe
mv /home/jdoe /var/tmp/jdoe
ln -s /var/tmp/jdoe /home/jdoe
