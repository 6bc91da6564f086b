# shellcheck shell=sh
# For the entry points: names the stage that runs, for the console and for the timings; writes inventories.

# stage NAME: the stage that starts now; its start (seconds since power-on) goes to timings.tsv.
stage() {
    read -r _up _ </proc/uptime
    printf '%s\t%s\n' "$1" "$_up" >>"$HALLMARK_RESULTS/timings.tsv"
    printf '%s\n' "$1" >"$HALLMARK_RESULTS/stage"
    progress "$1" 0 0 "$_up s since power-on"
}

# write_inventory WHEN: what dpkg's database says is installed, as `name version architecture` lines separated by tabs.
write_inventory() {
    package_table | awk -F '\t' '$4 == "install ok installed" { print $1 "\t" $2 "\t" $3 }' |
        LC_ALL=C sort >"$HALLMARK_RESULTS/inventory-$1.tsv"
}
