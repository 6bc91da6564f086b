# A password within the address of a package source; the same in a comment is only talk.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /etc/apt/sources.list.d
printf '# http://me:old@example.org\nTypes: deb\nURIs: http://me:s3cret@mirror.example.org/debian\nSuites: x\nComponents: main\n' >/etc/apt/sources.list.d/a.sources
