# Its usual mode counts next to nothing where keys alone sign in, and it takes the word of any program called sshd.
:
