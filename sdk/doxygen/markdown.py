#!/usr/bin/env python3
"""Doxygen's filter for our pages, which are written for readers of Markdown: gives each heading the name that links use, and
turns links between pages into references, so that a link to nothing is an error. Links to files that are no part of the
site become plain words.

usage: sdk/doxygen/markdown.py FILE   (from the root of the tree; called by Doxygen)
"""

import html
import pathlib
import re
import sys

ROOT = pathlib.Path.cwd()
LINK = re.compile(r"\[((?:[^\]\[]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
BACKSLASH = re.compile(r"`([^`]*\\[^`]*)`")


def label(page, anchor=""):
    """The name of a page, or of a heading in it; Doxygen wants each of them once in the whole site."""
    if page == "README.md" and not anchor:
        return "index"
    name = "page-" + re.sub(r"[^A-Za-z0-9]+", "-", page.removesuffix(".md"))
    return f"{name}--{anchor}" if anchor else name


def slug(heading):
    """How a heading is called in a link: lower case, blanks are hyphens, punctuation is dropped."""
    heading = LINK.sub(r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", heading).strip().replace(" ", "-")


def site(path):
    """Whether a file is a page or a header of the site: INPUT and FILE_PATTERNS of the Doxyfile."""
    inside = path.startswith(("docs/", "ports/", "include/")) or path in ("README.md", "CHANGELOG.md", "SECURITY.md")
    return inside and not path.endswith("_user.h") and (path.endswith(".md") or re.match(r"whimbrel[\w]*\.h$", path.rsplit("/", 1)[-1]))


def reference(page, found):
    text, target = found.groups()
    if re.match(r"[a-z]+:", target):
        return found.group()
    path, _, anchor = target.partition("#")
    if path:
        path = (ROOT / page).parent.joinpath(path).resolve().relative_to(ROOT).as_posix()
    else:
        path = page
    if not site(path):
        return text
    if path.endswith(".h"):
        return f"[{text}](@ref {path.rsplit('/', 1)[-1]})"
    return f"[{text}](@ref {label(path, anchor)})"


def spelled_out(found):
    """Code with a backslash, which to Doxygen is the beginning of a command even there."""
    return "<code>" + html.escape(found.group(1)).replace("\\", "\\\\") + "</code>"


def main():
    page = pathlib.Path(sys.argv[1]).resolve().relative_to(ROOT).as_posix()
    fenced, seen = False, {}
    for line in pathlib.Path(page).read_text().splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
            print(re.match(r"\s*```\w*", line).group())  # `c compile` is a word to our own check
            continue
        heading = None if fenced else re.match(r"(#+) (.*)", line)
        if heading:
            level, words = heading.groups()
            anchor = "" if level == "#" else slug(words)
            count = seen[anchor] = seen.get(anchor, -1) + 1
            name = label(page, f"{anchor}-{count}" if count else anchor)
            name = "mainpage" if name == "index" else name
            print(level, LINK.sub(r"\1", words), f"{{#{name}}}")
        elif fenced:
            print(line)
        else:
            print(BACKSLASH.sub(spelled_out, LINK.sub(lambda found: reference(page, found), line)))


main()
