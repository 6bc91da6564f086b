# HM_REMOVABLE=firewire-core
HM_REMOVABLE=firewire-core sh "$HALLMARK_CONTROL/apply.sh"
