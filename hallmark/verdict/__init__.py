"""The host's judgement of what a guest reported. Nothing in here makes or changes anything."""
