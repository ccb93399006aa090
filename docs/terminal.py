#!/usr/bin/env python3
"""Draws a real run of phx on the first example as SVG, for light and dark pages.

    docs/terminal.py PHX [--check]

Writes docs/src/terminal-light.svg and docs/src/terminal-dark.svg. With --check it compares them with the run instead.
"""

import html
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMAND = ["--color", "always", "--now", "2025-06-18T00:00:00Z", "validate"]
THEMES = {
    "light": {"back": "#ffffff", "frame": "#d0d7de", "text": "#1f2328", "31": "#cf222e", "33": "#9a6700", "34": "#0969da",
              "36": "#1b7c83", "32": "#1a7f37", "35": "#8250df", "2": "#6e7781"},
    "dark": {"back": "#0d1117", "frame": "#30363d", "text": "#e6edf3", "31": "#ff7b72", "33": "#d29922", "34": "#79c0ff",
             "36": "#56d4dd", "32": "#3fb950", "35": "#d2a8ff", "2": "#8b949e"},
}
WIDTH, HEIGHT, PADDING = 8.4, 19, 16


def spans(line):
    """Splits a line into pieces of text with their SGR codes."""
    codes = []
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if match := re.fullmatch(r"\x1b\[([0-9;]*)m", part):
            new = [code for code in match[1].split(";") if code]
            codes = [] if not new or new == ["0"] else codes + new
        elif part:
            yield part, codes


def svg(lines, theme):
    columns = max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines)
    width, height = columns * WIDTH + 2 * PADDING, len(lines) * HEIGHT + 2 * PADDING
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" role="img" aria-label="phx validate">',
        f'<rect width="100%" height="100%" rx="8" fill="{theme["back"]}" stroke="{theme["frame"]}"/>',
        f'<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" fill="{theme["text"]}">',
    ]
    for row, line in enumerate(lines):
        at, y = 0, PADDING + (row + 0.75) * HEIGHT
        for text, codes in spans(line):
            color = next((theme[code] for code in codes if code in theme), theme["text"])
            weight = ' font-weight="bold"' if "1" in codes else ""
            out.append(
                f'<text x="{PADDING + at * WIDTH:.1f}" y="{y:.1f}" xml:space="preserve" fill="{color}"{weight} '
                f'textLength="{len(text) * WIDTH:.1f}">{html.escape(text)}</text>'
            )
            at += len(text)
    return "\n".join(out + ["</g>", "</svg>", ""])


def main():
    phx, check = sys.argv[1], "--check" in sys.argv[2:]
    run = subprocess.run(
        [str(pathlib.Path(phx).resolve()), *COMMAND], cwd=ROOT / "examples/01_first_steps", stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, encoding="utf-8", env={"COLUMNS": "100"}, check=False,
    )
    lines = ["\x1b[2m$\x1b[0m phx validate", *run.stdout.rstrip("\n").split("\n")]
    for name, theme in THEMES.items():
        path = ROOT / f"docs/src/terminal-{name}.svg"
        image = svg(lines, theme)
        if not check:
            path.write_text(image, encoding="utf-8")
        elif path.read_text(encoding="utf-8") != image:
            sys.exit(f"{path.relative_to(ROOT)} is not what phx prints; run docs/terminal.py {phx}")


main()
