sh "$HALLMARK_CONTROL/apply.sh"
sed -i 's/^purpose:.*/purpose: whatever/' /usr/share/hallmark/declaration
