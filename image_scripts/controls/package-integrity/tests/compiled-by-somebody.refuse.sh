# HALLMARK_PHASE=drift
# Python believes what it compiled as long as time and size of the source are in it.
sh "$HALLMARK_CONTROL/apply.sh"
python3 -I -B -c '
import importlib.util, marshal, pathlib
path = pathlib.Path(importlib.util.cache_from_source(importlib.util.find_spec("shlex").origin))
path.write_bytes(path.read_bytes()[:16] + marshal.dumps(compile("print(1)", "shlex.py", "exec")))
'
