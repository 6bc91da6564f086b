# Both have the group users: what is open to one's group is open to the other.
useradd -m -N -g users jdoe
useradd -m -N -g users asmith
chmod 750 /home/jdoe
