# However its type is spelled.
. "$HALLMARK_SCRIPTS/scenario.sh"
export ESP_TYPE=C12A7328-F81F-11D2-BA4B-00A0C93EC93B
fake_boot_disk /dev/vda1 /dev/vda1
