useradd -m -s /bin/bash jane
sh "$HALLMARK_CONTROL/apply.sh"
chmod 644 /home/jane/.bashrc
