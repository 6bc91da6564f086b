systemctl mask cron.service
mkdir -p /usr/share/hallmark
printf 'cron.service\tsome-control\t\n' >/usr/share/hallmark/masked.tsv
