"""Looking at machines again: are they still as their image was released? Nothing in here changes a machine."""
