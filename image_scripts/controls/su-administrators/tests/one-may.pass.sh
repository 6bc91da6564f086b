# HM_MEMBERS=jdoe
useradd -m jdoe
useradd -m asmith
HM_MEMBERS=jdoe sh "$HALLMARK_CONTROL/apply.sh"
