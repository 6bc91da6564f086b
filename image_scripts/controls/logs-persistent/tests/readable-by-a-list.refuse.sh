# The bits are right; a list lets a group in.
. "$HALLMARK_SCRIPTS/scenario.sh"
sh "$HALLMARK_CONTROL/apply.sh"
python3 -I -c '
import os, struct
nobody = 2**32 - 1
rows = [(1, 7, nobody), (4, 5, nobody), (8, 5, 100), (16, 5, nobody), (32, 0, nobody)]
os.setxattr("/var/log/journal", "system.posix_acl_access", struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *row) for row in rows))
'
