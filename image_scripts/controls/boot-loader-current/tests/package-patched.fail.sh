# The other way round, as a patch does it: the package's files change.
for file in /usr/lib/shim/*.signed /usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed; do
    printf 'patched' >>"$file"
done
