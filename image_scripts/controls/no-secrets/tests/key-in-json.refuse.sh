# Within a string of JSON, as clouds hand out service accounts.
set -eu
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out /tmp/key
mkdir -p /opt/app
printf '{"type": "service_account", "private_key": "%s"}\n' "$(sed -e 's/$/\\n/' /tmp/key | tr -d '\n')" >/opt/app/account.json
