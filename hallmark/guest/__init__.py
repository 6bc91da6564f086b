"""What goes into a guest and what comes out of it: media, user data, console, results."""
