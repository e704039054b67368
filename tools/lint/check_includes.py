#!/usr/bin/env python3
"""Checks what the compiler cannot: who may include what.

- Third-party libraries are fenced. System headers are visible to every room, so nothing but this
  file keeps OpenSSL inside eventstore/src.
- The arrows between rooms. CMake's include paths already stop most crossings; this check also sees
  headers that no target compiles.
- Private headers ("x.hpp", under a room's src/) stay in their room, and public headers use none.

Usage: check_includes.py [ROOT] | --self-test
"""
import fnmatch
import pathlib
import re
import sys
import tempfile

# Include prefix -> where it may appear.
FENCES = {
    "pqxx/": ("postgres/src/*",),
    "libpq-fe.h": ("postgres/src/*",),
    "librdkafka/": ("relay/src/*", "tools/bench/rdkafka_client.*", "tests/*"),
    "sqlite3": ("projections/sqlite/src/*", "tools/bench/*", "tests/*"),
    "rocksdb/": ("tools/bench/rocksdb_peer.*",),
    "lmdb.h": ("tools/bench/lmdb_peer.*",),
    "boost/": ("codec/*",),
    "nlohmann/": ("codec/*", "tests/*"),
    "openssl/": ("eventstore/src/*",),
    "zstd.h": ("eventstore/src/log/*",),
    "zdict.h": ("eventstore/src/log/*",),
    "zlib.h": ("samples/bank/*",),
    "httplib.h": ("observability/http/src/*",),
    "CLI/": ("tools/cli/*", "tools/bench/*", "samples/bank/*"),
    "gtest/": ("tests/*", "samples/*/tests/*"),
    "gmock/": ("tests/*", "samples/*/tests/*"),
}

# Room -> the rooms whose public headers it may include: its own, and all that its arrows reach.
_EVENTSTORE = {"eventstore"}
_POSTGRES = _EVENTSTORE | {"postgres"}
_CODEC = _EVENTSTORE | {"codec"}
_AGGREGATES = _CODEC | {"aggregates"}
_COMMANDS = _AGGREGATES | {"commands"}
_PROJECTIONS = _CODEC | {"projections"}
_QUERIES = _AGGREGATES | _PROJECTIONS | {"queries"}
_RELAY = _EVENTSTORE | {"relay"}
_OBSERVABILITY = _COMMANDS | _QUERIES | {"observability"}
_ALL_ROOMS = _OBSERVABILITY | _RELAY | _POSTGRES
ARROWS = {
    "eventstore": _EVENTSTORE,
    "postgres": _POSTGRES,
    "eventstore/postgres": _POSTGRES,
    "codec": _CODEC,
    "aggregates": _AGGREGATES,
    "commands": _COMMANDS,
    "projections": _PROJECTIONS,
    "projections/postgres": _PROJECTIONS | _POSTGRES,
    "queries": _QUERIES,
    "relay": _RELAY,
    "relay/postgres": _RELAY | _POSTGRES,
    "observability": _OBSERVABILITY,
    "observability/relay": _OBSERVABILITY | _RELAY,
    "tests": _ALL_ROOMS | {"testkit", "cli"},
    "tools": _ALL_ROOMS | {"cli"},
    "samples": _ALL_ROOMS | {"cli"},
}
ROOMS = ("eventstore", "postgres", "codec", "aggregates", "commands", "projections", "queries", "relay",
         "observability")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SKIPPED_FOLDERS = {".git", "build", "bank-data"}


def sources(root):
    for path in sorted(root.rglob("*")):
        where = path.relative_to(root)
        if path.suffix in (".hpp", ".cpp", ".h", ".ipp") and not SKIPPED_FOLDERS & set(where.parts):
            yield path, where


def owner_of_private_headers(root, where):
    """The folders in which a file may look for "x.hpp", beside its own folder."""
    room = where.parts[0]
    if room in ROOMS:
        return [root / room / "src", root / room / where.parts[1] / "src"]
    if room == "tools":
        return [root / "tools" / where.parts[1] / "src"]
    if room == "samples":
        shared = [root / "tests"] if "tests" in where.parts else []
        return [root / "samples" / where.parts[1] / "src", *shared]
    # A room's tests may look inside it; and every test builds on the tests' own folder.
    tested = where.parts[1] if len(where.parts) > 2 else ""
    inside = [root / tested / "src"] if tested in ROOMS else [root / "eventstore" / "src"]
    if tested == "eventstore_postgres":
        inside = [root / "eventstore" / "src", root / "eventstore" / "postgres" / "src"]
    if tested == "chaos":
        inside = [root / "relay" / "src"]
    if tested == "cli":
        inside = [root / "tools" / "cli" / "src"]
    return inside + [root / "tests", root / "tests" / tested, root / "tests" / tested / "src"]


def problems_of(root, path, where):
    room = where.parts[0]
    public_header = "include" in where.parts
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        found = INCLUDE.match(line)
        if not found:
            continue
        bracket, name = found.groups()
        at = f"{where}:{number}: "
        for prefix, places in FENCES.items():
            if name.startswith(prefix) and not any(fnmatch.fnmatch(str(where), p) for p in places):
                yield at + f"<{name}> is allowed only in {', '.join(places)}"
        if name.startswith("annals/"):
            if bracket == '"':
                yield at + f'public headers are included as <{name}>, not "{name}"'
            target = name.split("/")[1]
            inner = "/".join(where.parts[:2])  # A room in a room may reach farther.
            reached = ARROWS.get(inner, ARROWS.get(room, {target}))
            if room == "samples" and "tests" in where.parts:
                reached = reached | {"testkit"}
            if target not in reached:
                yield at + f"{room} may not include {target}: the arrows do not go there"
            if where.parts[:2] == ("tests", "support") and target == "cli":
                yield at + "testkit may not include cli"
        elif bracket == '"':
            if ".." in name.split("/"):
                yield at + f'"{name}": no .. in an include'
            elif public_header:
                yield at + f'a public header includes the private "{name}"'
            elif not any((folder / name).is_file()
                         for folder in [path.parent, *owner_of_private_headers(root, where)]):
                yield at + f'"{name}" is no header of this folder or of the room\'s src/'


def check(root):
    return [problem for path, where in sources(root) for problem in problems_of(root, path, where)]


def self_test():
    """Each wrong sample must be found, its right twin must not."""
    cases = [  # file, include that is wrong there, include that is right there
        ("commands/src/a.cpp", "<pqxx/pqxx>", "<vector>"),
        ("eventstore/postgres/src/a.cpp", "<pqxx/pqxx>", "<annals/postgres/connection.hpp>"),
        ("eventstore/src/a.cpp", "<annals/postgres/connection.hpp>", "<annals/eventstore/id.hpp>"),
        ("eventstore/src/a.cpp", "<librdkafka/rdkafka.h>", "<openssl/evp.h>"),
        ("relay/src/a.cpp", "<annals/postgres/connection.hpp>", "<librdkafka/rdkafka.h>"),
        ("relay/postgres/src/a.cpp", "<pqxx/pqxx>", "<annals/relay/relay_checkpoints.hpp>"),
        ("codec/src/a.cpp", "<openssl/evp.h>", "<boost/hana/fold.hpp>"),
        ("aggregates/src/a.cpp", "<nlohmann/json.hpp>", "<annals/codec/json.hpp>"),
        ("eventstore/src/a.cpp", "<boost/hana.hpp>", "<annals/eventstore/id.hpp>"),
        ("tools/cli/src/a.cpp", "<sqlite3.h>", "<CLI/CLI.hpp>"),
        ("eventstore/src/a.cpp", "<zlib.h>", "<zconf>"),
        ("tools/bench/a.cpp", "<rocksdb/db.h>", "<sqlite3.h>"),
        ("observability/src/a.cpp", "<httplib.h>", "<annals/commands/command_bus.hpp>"),
        ("observability/src/a.cpp", "<annals/relay/relay.hpp>", "<annals/queries/query_bus.hpp>"),
        ("observability/http/src/a.cpp", "<annals/relay/relay.hpp>", "<httplib.h>"),
        ("observability/relay/src/a.cpp", "<httplib.h>", "<annals/relay/relay.hpp>"),
        ("queries/src/a.cpp", "<annals/observability/x.hpp>", "<annals/queries/x.hpp>"),
        ("tools/bench/a.cpp", "<lmdb.h>", "<sqlite3.h>"),
        ("commands/src/a.cpp", "<gtest/gtest.h>", "<annals/aggregates/decider.hpp>"),
        ("eventstore/src/a.cpp", "<annals/codec/json.hpp>", "<annals/eventstore/id.hpp>"),
        ("codec/include/annals/codec/a.hpp", "<annals/aggregates/x.hpp>", "<annals/codec/x.hpp>"),
        ("commands/src/a.cpp", "<annals/queries/x.hpp>", "<annals/commands/x.hpp>"),
        ("relay/src/a.cpp", "<annals/codec/x.hpp>", "<annals/eventstore/x.hpp>"),
        ("samples/bank/src/a.cpp", "<annals/testkit/x.hpp>", "<annals/commands/x.hpp>"),
        ("samples/bank/tests/a.cpp", '"log/log_format.hpp"', "<annals/testkit/x.hpp>"),
        ("commands/src/a.cpp", '"log/log_format.hpp"', '"own.hpp"'),
        ("eventstore/src/memory/a.cpp", '"../log/log_format.hpp"', '"log/log_format.hpp"'),
        ("eventstore/include/annals/eventstore/a.hpp", '"log/log_format.hpp"', "<string>"),
        ("eventstore/src/a.cpp", '"annals/eventstore/id.hpp"', "<annals/eventstore/id.hpp>"),
    ]
    failures = 0
    for where, wrong, right in cases:
        for include, wanted in ((wrong, True), (right, False)):
            with tempfile.TemporaryDirectory() as folder:
                root = pathlib.Path(folder).resolve()
                for known in ("eventstore/src/log/log_format.hpp", "commands/src/own.hpp"):
                    (root / known).parent.mkdir(parents=True, exist_ok=True)
                    (root / known).write_text("#pragma once\n", encoding="utf-8")
                (root / where).parent.mkdir(parents=True, exist_ok=True)
                (root / where).write_text(f"#include {include}\n", encoding="utf-8")
                found = check(root)
                if bool(found) != wanted:
                    failures += 1
                    print(f"{where} with {include}: expected "
                          f"{'a' if wanted else 'no'} problem, found {found}")
    print(f"{2 * len(cases)} samples, {failures} judged wrongly")
    return failures


def main(arguments):
    if arguments == ["--self-test"]:
        return 1 if self_test() else 0
    root = pathlib.Path(arguments[0] if arguments else ".").resolve()
    files = list(sources(root))
    if not files:
        print(f"{root}: no sources found")
        return 1
    found = check(root)
    print("\n".join(found + [f"{len(files)} files, {len(found)} problems"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
