# HALLMARK_PHASE=drift
useradd -m asmith
touch /home/asmith/notes /tmp/notes
chmod 666 /home/asmith/notes /tmp/notes
