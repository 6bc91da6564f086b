ip link add outside type veth peer name inside
ip addr add 198.51.100.2/24 dev outside
ip link set outside up
ip link set inside up
ip route add default via 198.51.100.1
