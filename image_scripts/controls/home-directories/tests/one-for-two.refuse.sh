useradd -m jdoe
useradd -d /home/jdoe asmith
