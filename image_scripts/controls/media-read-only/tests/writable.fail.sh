mount -o remount,bind,rw "$HALLMARK_MEDIA"
