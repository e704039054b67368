#!/usr/bin/env python3
"""Proves that a mistake does not compile, and that nothing else in the file is to blame.

    check.py --compiler g++ --include DIR [--include DIR …] [--precompiled HEADER] FILE.cpp

FILE is compiled (syntax only) with and without -DWRONG. Without it, it must compile. With it, it
must fail, and what FILE says in comments must hold:

    // expect: REGEX     the first error matches; required, with "annals: …" where the rule is ours
    // names: REGEX      some line of the output matches: the rule and the types (any number)
    // errors: N         how many errors g++ gives; 1 if not given, any number if "any" (clang
                         complains again of each class in which a static_assert failed)
"""

import argparse
import re
import subprocess
import sys


def compile_file(options, wrong):
    command = [options.compiler, "-std=c++20", "-fsyntax-only", "-fdiagnostics-color=never"]
    command += [f"-I{folder}" for folder in options.include]
    command += ["-include", options.precompiled] if options.precompiled else []
    command += ["-DWRONG"] if wrong else []
    command += [options.file]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--include", action="append", default=[])
    parser.add_argument("--precompiled", help="a header with HEADER.gch beside it, included first")
    parser.add_argument("file")
    options = parser.parse_args()

    with open(options.file, encoding="utf-8") as source:
        text = source.read()
    expect = re.search(r"^// expect: (.+)$", text, re.MULTILINE)
    if not expect or "WRONG" not in text.replace("-DWRONG", ""):
        sys.exit(f"{options.file}: needs a line '// expect: REGEX' and a use of WRONG")
    names = re.findall(r"^// names: (.+)$", text, re.MULTILINE)
    errors = re.search(r"^// errors: (\d+|any)$", text, re.MULTILINE)
    error_count = errors.group(1) if errors else "1"
    if "clang" in options.compiler:
        error_count = "any"

    status, output = compile_file(options, wrong=False)
    if status != 0:
        sys.exit(f"the right program does not compile:\n{output}")

    status, output = compile_file(options, wrong=True)
    if status == 0:
        sys.exit("the wrong program compiles")
    found = re.findall(r"^.*?\b(?:fatal )?error: (.*)$", output, re.MULTILINE)
    problems = []
    if not found or not re.search(expect.group(1), found[0]):
        problems.append(f"the first error does not match: {expect.group(1)}")
    if error_count not in ("any", str(len(found))):
        problems.append(f"{len(found)} errors instead of {error_count}")
    problems += [f"no line matches: {name}" for name in names if not re.search(name, output)]
    if problems:
        sys.exit("\n".join(problems) + f"\n\nthe compiler said:\n{output}")
    print(f"{len(output.splitlines())} lines of output, first error: {found[0]}")


main()
