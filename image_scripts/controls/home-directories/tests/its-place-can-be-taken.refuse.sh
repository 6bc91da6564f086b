# Whoever may write the folder above can put another one in a home's place.
mkdir -m 777 /srv/homes
useradd -m -d /srv/homes/jdoe jdoe
