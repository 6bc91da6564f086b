"""The image store on this machine: images, their states, channels, and what may be removed."""
