"""`python -m leavs`."""

from leavs.cli import main

if __name__ == "__main__":
    main()
