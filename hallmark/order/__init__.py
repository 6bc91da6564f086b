"""The order: every input of one image, resolved and hashed before anything is made."""
