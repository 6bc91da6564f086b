# Each Python runs it when it starts.
sh "$HALLMARK_CONTROL/apply.sh"
echo 'import os; os.system("/srv/helper")' >/usr/lib/python3/dist-packages/helper.pth
