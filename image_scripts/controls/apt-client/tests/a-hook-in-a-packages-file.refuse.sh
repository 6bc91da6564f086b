sh "$HALLMARK_CONTROL/apply.sh"
# It is not as its package has it: a person must look.
echo 'DPkg::Post-Invoke:: "/usr/bin/touch /tmp/got-in";' >>/etc/apt/apt.conf.d/70debconf
