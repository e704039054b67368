#!/usr/bin/env python3
"""Puts message-db into a new database, for annals-bench to call its functions.

message-db is SQL alone; it is taken from its own npm package into --folder each time it is needed, and is
no part of this project. Prints the database's URL, or says on standard error why there is none and exits
with 1. Needs npm and psql.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import urllib.parse

PACKAGE = "@eventide/message-db"
DATABASE = "message_store"


def fail(why):
    sys.exit(f"message_db.py: {why}; message-db is not measured")


def run(words, **options):
    done = subprocess.run(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode != 0:
        fail(f"{words[0]} failed: {done.stdout.strip()[-500:]}")
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True, help="of a server, as a user who may create databases")
    parser.add_argument("--folder", type=pathlib.Path, required=True, help="for the package")
    options = parser.parse_args()
    for program in ("npm", "psql"):
        if shutil.which(program) is None:
            fail(f"{program} is missing")
    options.folder.mkdir(parents=True, exist_ok=True)
    package = options.folder / "node_modules" / PACKAGE
    if not package.is_dir():
        run(["npm", "install", "--silent", "--no-save", "--prefix", str(options.folder), PACKAGE])

    url = urllib.parse.urlsplit(options.url)
    environment = dict(os.environ, PGHOST=url.hostname or "", PGPORT=str(url.port or 5432),
                       PGUSER=urllib.parse.unquote(url.username or ""), DATABASE_NAME=DATABASE)
    if url.password:
        environment["PGPASSWORD"] = urllib.parse.unquote(url.password)

    def psql(database, statement):
        run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", database, "-c", statement], env=environment)

    psql("postgres", f"DROP DATABASE IF EXISTS {DATABASE}")
    run(["bash", str(package / "database" / "install.sh")], env=environment)
    psql("postgres", f"ALTER DATABASE {DATABASE} SET search_path TO message_store, public")
    print(urllib.parse.urlunsplit(url._replace(path="/" + DATABASE)))


if __name__ == "__main__":
    main()
