# shellcheck shell=sh

# wireless_firmware: the files below the kernel's firmware folders that match HM_FIRMWARE, compressed or not, also in
# folders of a vendor's or of one kernel's own.
wireless_firmware() {
    set -f
    # shellcheck disable=SC2086 # a list of patterns
    set -- $HM_FIRMWARE
    set +f
    for _folder in /usr/lib/firmware /lib/firmware /usr/local/lib/firmware; do
        if [ ! -d "$_folder" ] || [ -L "${_folder%/firmware}" ]; then
            continue
        fi
        for _pattern in "$@"; do
            find "$_folder" ! -type d -path "*/$_pattern"
        done
    done | sort -u
}
