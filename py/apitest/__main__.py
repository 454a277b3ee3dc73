"""Entry of `python -m paddlemend.apitest` and of the Bazel binary."""

if __name__ == "__main__":
    # Inside the guard: worker processes import this file again and need none of the CLI.
    from paddlemend.apitest.cli import main

    main()
