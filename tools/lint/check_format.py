#!/usr/bin/env python3
"""Checks that every source is as clang-format 14 writes it; with --fix, makes it so.

Other versions of clang-format differ in details, so without version 14 nothing is checked: the
exit code is then 77, which ctest shows as skipped.

Usage: check_format.py [--fix] [ROOT]
"""
import pathlib
import shutil
import subprocess
import sys

SKIPPED_FOLDERS = {".git", "build", "bank-data"}
EXIT_SKIPPED = 77


def clang_format():
    for name in ("clang-format-14", "clang-format"):
        program = shutil.which(name)
        if program:
            version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
            if " version 14." in version.stdout:
                return program
    return None


def main(arguments):
    fix = "--fix" in arguments
    folders = [argument for argument in arguments if argument != "--fix"]
    root = pathlib.Path(folders[0] if folders else ".").resolve()
    program = clang_format()
    if not program:
        print("SKIPPED: clang-format 14 is not installed")
        return EXIT_SKIPPED
    files = sorted(str(path) for path in root.rglob("*.[ch]pp")
                   if not SKIPPED_FOLDERS & set(path.relative_to(root).parts))
    if not files:
        print(f"{root}: no sources found")
        return 1
    how = ["-i"] if fix else ["--dry-run", "--Werror", "--ferror-limit=3"]
    result = subprocess.run([program, "--style=file", *how, *files], cwd=root, check=False)
    print(f"{len(files)} files")
    return 1 if result.returncode else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
