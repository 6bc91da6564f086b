# As Debian ships it: nobody knows what hardening changed, or which sums the packages came with.
:
