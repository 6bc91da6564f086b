"""The one sequence: build an image, accept it. Platforms bring the machines and the image store."""
