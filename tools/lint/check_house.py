#!/usr/bin/env python3
"""Checks the rules of the house that no compiler and no formatter knows.

Names that say nothing, files too long to read, notes of unfinished work, paths of one machine,
folders beside the checkout, whitespace at line ends.

Usage: check_house.py [ROOT] | --self-test
"""
import pathlib
import re
import sys
import tempfile

LINES_MAX = 500
TEXT_SUFFIXES = {".hpp", ".cpp", ".h", ".py", ".cmake", ".txt", ".md", ".json", ".in", ".sh", ".yml", ""}
SKIPPED_FOLDERS = {".git", "build", "bank-data", "__pycache__", "golden", "data", "export_corpus", "json_corpus"}
UNLIMITED = {"LICENSE", "CHANGELOG.md"}

EMPTY_NAMES = re.compile(r"(^|[_\-.])(utils?|common|misc|managers?|helpers?)([_\-.]|$)", re.I)
UNFINISHED = re.compile(r"\b(TODO|FIXME|HACK)\b")
MACHINE_PATH = re.compile(r"(?<![\w./$}-])/(home|root|Users)/|(?<![\w./$}-])/tmp/annals")
BESIDE = re.compile(r"\.\./shared\b")
BESIDE_ALLOWED = ("tests/", "samples/bank/tests/", "cmake/AnnalsTest.cmake", "CONTRIBUTING.md")
ISSUE = re.compile(r"\bissues?\s+#?\d+\b", re.I)


def files_of(root):
    for path in sorted(root.rglob("*")):
        where = path.relative_to(root)
        if path.is_file() and not SKIPPED_FOLDERS & set(where.parts):
            yield path, where


def problems_of(path, where):
    name = str(where)
    for part in where.parts:
        if EMPTY_NAMES.search(part):
            yield f"{name}: '{part}' does not say what the thing is"
    if path.suffix not in TEXT_SUFFIXES or name.startswith("tools/lint/"):
        return  # the lint's own sources spell out what they forbid
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        yield f"{name}: is not UTF-8"
        return
    lines = text.split("\n")
    if text and lines[-1] != "":
        yield f"{name}:{len(lines)}: no newline at the end"
    if len(lines) - 1 > LINES_MAX and name not in UNLIMITED:
        yield f"{name}: {len(lines) - 1} lines, more than {LINES_MAX}: split it at the next noun"
    for number, line in enumerate(lines, start=1):
        at = f"{name}:{number}: "
        if line != line.rstrip():
            yield at + "whitespace at the end of the line"
        if "\t" in line and path.suffix in (".hpp", ".cpp", ".py", ".cmake", ".json"):
            yield at + "a tab"
        if UNFINISHED.search(line):
            yield at + "unfinished work is not noted in files: " + line.strip()
        if MACHINE_PATH.search(line):
            yield at + "a path of one machine: " + line.strip()
        if BESIDE.search(line) and not name.startswith(BESIDE_ALLOWED):
            yield at + "a folder beside the checkout, outside the tests: " + line.strip()
        if ISSUE.search(line) and not name.startswith("tests/"):
            yield at + "the number of an issue; say the reason itself: " + line.strip()


def check(root):
    return [problem for path, where in files_of(root) for problem in problems_of(path, where)]


def self_test():
    """Each wrong sample must be found, its right twin must not."""
    cases = [  # file, text, is it wrong?
        ("eventstore/src/string_utils.cpp", "\n", True),
        ("eventstore/src/string_helper.cpp", "\n", True),
        ("common/a.cpp", "\n", True),
        ("eventstore/src/commonly_read.cpp", "\n", False),
        ("a.cpp", "int a;\n" * (LINES_MAX + 1), True),
        ("a.cpp", "int a;\n" * LINES_MAX, False),
        ("a.cpp", "// TODO: more\n", True),
        ("a.cpp", "int todo_list;\n", False),
        ("a.cpp", 'open("/home/ann/x");\n', True),
        ("a.cpp", 'open("/etc/hosts");\n', False),
        ("README.md", "cd /home/ann/x\n", True),
        ("README.md", "the homework/home/x\n", False),
        ("README.md", "see ../shared/x\n", True),
        ("tests/a.cpp", "// ../shared/x\n", False),
        ("README.md", "see issue 12\n", True),
        ("a.cpp", "int a; \n", True),
        ("a.cpp", "\tint a;\n", True),
        ("a.cpp", "int a;", True),
        ("a.cpp", "int a;\n", False),
    ]
    failures = 0
    for where, text, wanted in cases:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / where).parent.mkdir(parents=True, exist_ok=True)
            (root / where).write_text(text, encoding="utf-8")
            found = check(root)
            if bool(found) != wanted:
                failures += 1
                print(f"{where} with {text[:30]!r}: expected "
                      f"{'a' if wanted else 'no'} problem, found {found}")
    print(f"{len(cases)} samples, {failures} judged wrongly")
    return failures


def main(arguments):
    if arguments == ["--self-test"]:
        return 1 if self_test() else 0
    root = pathlib.Path(arguments[0] if arguments else ".").resolve()
    count = sum(1 for _ in files_of(root))
    if not count:
        print(f"{root}: no files found")
        return 1
    found = check(root)
    print("\n".join(found + [f"{count} files, {len(found)} problems"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
