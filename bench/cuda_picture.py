"""Draws what cuda_operators.py measured: for each case ours beside Torch and the limit.

python bench/cuda_picture.py BENCH.json OUT.svg
"""

from __future__ import annotations

import json
import sys

LINE = 34
LEFT, WIDTH = 420, 460
MOST = 1.1  # of the axis
OURS, TORCH = "#369", "#bbb"


def bars(row: dict) -> tuple[float, float, str]:
    """The lengths of our bar and Torch's, 1 for the limit, and what is written beside them.

    Without a limit that is known the faster of the two is 1.
    """
    ours, peer = row["ours_async_ms"], row["torch_ms"]
    factor = f"{peer / ours:.2f} x Torch"
    if row["ours_share"]:
        return row["ours_share"], row["torch_share"], f"{row['ours_share']:.0%}, {factor}"
    best = min(ours, peer)
    return best / ours, best / peer, f"{ours:.3f} ms, {factor}"


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as file:
        bench = json.load(file)
    rows = bench["rows"]
    height = 70 + LINE * len(rows)
    per_unit = WIDTH / MOST
    title = f"{bench['device']}, Torch {bench['torch']}, {bench['date']}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="1060" height="{height}" '
        'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>',
        f'<text x="10" y="20" font-size="14">{title}</text>',
        f'<text x="10" y="40" fill="#555">blue ours, grey Torch; 1 is the bandwidth of a copy, of '
        f"writing for expand, of reading for its gradient; {bench['gb_per_s']} GB/s. Without a "
        "limit 1 is the faster.</text>",
    ]
    for tick in (0, 0.5, 1):
        x = LEFT + tick * per_unit
        parts.append(f'<line x1="{x}" x2="{x}" y1="54" y2="{height}" stroke="#888"/>')
    for number, row in enumerate(rows):
        y = 60 + LINE * number
        ours, peer, text = bars(row)
        parts.append(f'<text x="{LEFT - 8}" y="{y + 17}" text-anchor="end">{row["name"]}</text>')
        for length, top, colour in ((ours, y + 2, OURS), (peer, y + 14, TORCH)):
            bar = min(length, MOST) * per_unit
            parts.append(
                f'<rect x="{LEFT}" y="{top}" width="{bar:.0f}" height="11" fill="{colour}"/>'
            )
        parts.append(f'<text x="{LEFT + WIDTH + 10}" y="{y + 17}">{text}</text>')
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write("\n".join([*parts, "</svg>"]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
