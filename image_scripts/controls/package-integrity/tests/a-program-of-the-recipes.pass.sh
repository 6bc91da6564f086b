# HALLMARK_PHASE=drift
printf '#!/bin/sh\ntrue\n' >/usr/local/bin/ours
mkdir -p /usr/local/lib/ours/__pycache__
echo 'import sys' >/usr/local/lib/ours/tool.py
sh "$HALLMARK_CONTROL/apply.sh"
echo compiled >/usr/local/lib/ours/__pycache__/tool.cpython-313.pyc
