# shellcheck disable=SC2016
sh "$HALLMARK_CONTROL/apply.sh"
printf '#!/bin/sh\nexec tail -n +3 "$0"\nif [ "$grub_platform" = pc ]; then\nset superusers="hallmark"\nexport superusers\nfi\n' >/etc/grub.d/01_hallmark
