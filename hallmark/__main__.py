"""`python -m hallmark` is the same as `hallmark`."""

from hallmark.cli.app import main

if __name__ == "__main__":
    main()
