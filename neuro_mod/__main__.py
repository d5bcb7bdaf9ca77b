"""``python -m neuro_mod``, the same as the ``neuro-mod`` command."""

from neuro_mod.cli.main import main

if __name__ == "__main__":
    main()
