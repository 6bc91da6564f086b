useradd -m jdoe
