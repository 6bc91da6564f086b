# A shell that ends at once is one that says nothing to whoever tries.
sh "$HALLMARK_CONTROL/apply.sh"
usermod -s /bin/false nobody
