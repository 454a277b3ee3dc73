"""The tables of the documentation that are made from the catalogue.

    python -m paddlemend.documentation            prints them

README.md holds each between `<!-- NAME -->` and `<!-- end -->`; a test compares.
"""

from __future__ import annotations

from paddlemend import catalogue


def mended() -> str:
    """What is wrong in the released wheels, by operator: the table `mended`."""
    lines = ["| Operator | APIs | Wrong in the released wheels |", "|---|---|---|"]
    for operator in catalogue.OPERATORS:
        apis = ", ".join(f"`{path}`" for api in operator.apis for path in api.paths)
        lines.append(f"| {operator.name} | {apis} | {'<br>'.join(operator.wrong_today)} |")
    return "\n".join(lines)


def differences() -> str:
    """Where Paddle's documented answer is not Torch's: the table `differences`."""
    lines = ["| Name | Difference |", "|---|---|"]
    for operator in catalogue.OPERATORS:
        for entry in operator.differences:
            lines.append(f"| `{entry.name}` | {entry.reason} ([source]({entry.link})) |")
    return "\n".join(lines)


def changes() -> str:
    """Changes to programs that run today: the table `changes`."""
    lines = ["| Name | What programs see |", "|---|---|"]
    for operator in catalogue.OPERATORS:
        for change in operator.behaviour_changes:
            lines.append(f"| `{change.name}` | {change.description} |")
    return "\n".join(lines)


TABLES = {"mended": mended, "differences": differences, "changes": changes}


def main() -> None:
    """Print every table between its markers."""
    for name, table in TABLES.items():
        print(f"<!-- {name} -->\n{table()}\n<!-- end -->\n")


if __name__ == "__main__":
    main()
