#!/usr/bin/env python3
"""mdBook preprocessor: removes the YAML front matter of each page."""

import json
import sys


def without_front_matter(text):
    if not text.startswith("---\n"):
        return text
    end = text.find("\n---\n", 4)
    return text if end < 0 else text[end + len("\n---\n"):]


def visit(items):
    for item in items:
        chapter = item.get("Chapter") if isinstance(item, dict) else None
        if chapter:
            chapter["content"] = without_front_matter(chapter["content"])
            visit(chapter["sub_items"])


if len(sys.argv) > 1 and sys.argv[1] == "supports":
    sys.exit(0)
_, book = json.load(sys.stdin)
visit(book.get("items", book.get("sections", [])))
json.dump(book, sys.stdout)
