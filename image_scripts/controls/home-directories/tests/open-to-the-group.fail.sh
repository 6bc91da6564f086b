# HM_MOST=0700
useradd -m jdoe
chmod 750 /home/jdoe
