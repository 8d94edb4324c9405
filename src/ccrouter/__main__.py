"""`python -m ccrouter` is `ccrouter`."""

from ccrouter.cli import main

if __name__ == "__main__":
    main(prog_name="ccrouter")
