# HALLMARK_PHASE=drift
# A patch has Python compile its files anew: other bytes, and the same program.
sh "$HALLMARK_CONTROL/apply.sh"
python3 -I -B -c '
import importlib.util, py_compile
py_compile.compile(importlib.util.find_spec("shlex").origin, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
'
