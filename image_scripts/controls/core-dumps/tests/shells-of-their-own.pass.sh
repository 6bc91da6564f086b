# One that no PAM has opened.
sh "$HALLMARK_CONTROL/apply.sh"
[ "$(prlimit --core=unlimited:unlimited env -i HOME=/ sh -l -c 'ulimit -c')" = 0 ]
