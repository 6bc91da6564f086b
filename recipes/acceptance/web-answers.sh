#!/bin/sh
# The web server answers on its port, with the page that its package brings; its workers are not root.
set -eu

python3 -I - <<'END'
from urllib.request import urlopen

with urlopen("http://127.0.0.1/", timeout=60) as answer:
    print("status:", answer.status)
    assert answer.status == 200
    assert b"nginx" in answer.read()
END

users=$(ps -C nginx -o user=,args= | sed -n 's/^\([^ ]*\) *nginx: worker process.*/\1/p' | sort -u)
echo "workers run as: $users"
[ "$users" = www-data ]
