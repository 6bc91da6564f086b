# As older systems made them, and as user data with a homedir of its own may.
useradd -m jdoe
chmod 755 /home/jdoe
