#!/usr/bin/env python3
"""Checks that code in pages is the code that is compiled and tested, and that links lead somewhere.

A page says where its code is from, in a comment just before the fenced block:

    <!-- docs:withdraw from tests/docs/hello_world.cpp -->
    ```cpp
    ...
    ```

and the block must equal what stands in that file between two lines `// [docs:withdraw]`, without the
indentation that all its lines share. In a page of docs/ or in README.md every block marked cpp needs
such a comment; a fragment that is not meant to compile is marked text.

Usage: check_docs.py [--update] [ROOT] | --self-test
  --update writes the source's code into the pages.
"""
import pathlib
import re
import sys
import tempfile
import textwrap

MARKER = re.compile(r"^<!-- docs:([\w-]+) from (\S+) -->$")
FENCE = re.compile(r"^(`{3,})(\w*)\s*$")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
SKIPPED_FOLDERS = {".git", "build", "bank-data"}


class Region(Exception):
    """The region cannot be read; the text says why."""


def region_of(root, source, name):
    path = root / source
    if not path.is_file():
        raise Region(f"{source} does not exist")
    lines = path.read_text(encoding="utf-8").splitlines()
    marks = [i for i, line in enumerate(lines) if line.strip() in (f"// [docs:{name}]", f"# [docs:{name}]")]
    if len(marks) != 2:
        raise Region(f"{source} has {len(marks)} lines with [docs:{name}], not 2")
    return textwrap.dedent("\n".join(lines[marks[0] + 1:marks[1]])).splitlines()


def pages_of(root):
    for path in sorted(root.rglob("*.md")):
        if not SKIPPED_FOLDERS & set(path.relative_to(root).parts):
            yield path


def blocks_of(lines):
    """(index of the fence, language, first line of code, one after the last) of each fenced block."""
    index = 0
    while index < len(lines):
        opened = FENCE.match(lines[index])
        if opened:
            end = index + 1
            while end < len(lines) and lines[end].rstrip() != opened[1]:
                end += 1
            yield index, opened[2], index + 1, end
            index = end
        index += 1


def check_page(root, page, update):
    where = page.relative_to(root)
    lines = page.read_text(encoding="utf-8").splitlines()
    needs_marker = str(where) == "README.md" or where.parts[0] == "docs"
    problems, checked, in_code = [], 0, set()
    for fence, language, begin, end in reversed(list(blocks_of(lines))):
        in_code.update(range(begin, end))
        marker = MARKER.match(lines[fence - 1].strip()) if fence else None
        if not marker:
            if language == "cpp" and needs_marker:
                problems.append(f"{where}:{fence + 1}: code that no test compiles: no <!-- docs:… -->")
            continue
        checked += 1
        try:
            wanted = region_of(root, marker[2], marker[1])
        except Region as why:
            problems.append(f"{where}:{fence}: {why}")
            continue
        if lines[begin:end] != wanted:
            if update:
                lines[begin:end] = wanted
            else:
                problems.append(f"{where}:{fence + 1}: differs from [docs:{marker[1]}] in {marker[2]}; "
                                "check_docs.py --update copies it")
    for number, line in enumerate(lines):
        if MARKER.match(line.strip()) and not (number + 1 < len(lines) and FENCE.match(lines[number + 1])):
            problems.append(f"{where}:{number + 1}: no code follows")
        if number not in in_code and not update:
            problems += [f"{where}:{number + 1}: {target} does not exist" for target in LINK.findall(line)
                         if not re.match(r"[a-z]+:|#", target)
                         and not (page.parent / target.split("#")[0]).exists()]
    if update:
        page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return problems, checked


def check(root, update=False):
    problems, checked = [], 0
    for page in pages_of(root):
        found, blocks = check_page(root, page, update)
        problems += found
        checked += blocks
    return problems, checked


def self_test():
    source = "int main() {\n  // [docs:sum]\n  int a = 1;\n  if (a)\n    return 2;\n  // [docs:sum]\n}\n"
    code = "int a = 1;\nif (a)\n  return 2;\n"
    head = "<!-- docs:sum from tests/sum.cpp -->\n"
    cases = [  # page, is it wrong?
        (head + "```cpp\n" + code + "```\n", False),
        (head + "```cpp\n" + code.replace("1", "3") + "```\n", True),
        (head + "```cpp\n" + code + "\n```\n", True),
        (head.replace("sum from", "product from") + "```cpp\n" + code + "```\n", True),
        (head.replace("sum.cpp", "gone.cpp") + "```cpp\n" + code + "```\n", True),
        (head + "\nno code\n", True),
        ("```cpp\nint a;\n```\n", True),
        ("```text\nint a;\n```\n", False),
        ("[here](README.md), [there](https://example.org), [part](#part)\n", False),
        ("[here](gone.md)\n", True),
    ]
    failures = 0
    for page, wanted in cases:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "tests").mkdir()
            (root / "tests" / "sum.cpp").write_text(source, encoding="utf-8")
            (root / "README.md").write_text(page, encoding="utf-8")
            found, _ = check(root)
            if bool(found) != wanted:
                failures += 1
                print(f"{page!r}: expected {'a' if wanted else 'no'} problem, found {found}")
    print(f"{len(cases)} samples, {failures} judged wrongly")
    return failures


def main(arguments):
    if arguments == ["--self-test"]:
        return 1 if self_test() else 0
    folders = [argument for argument in arguments if argument != "--update"]
    root = pathlib.Path(folders[0] if folders else ".").resolve()
    problems, checked = check(root, "--update" in arguments)
    print("\n".join(problems + [f"{checked} blocks compared, {len(problems)} problems"]))
    return 1 if problems or not checked else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
