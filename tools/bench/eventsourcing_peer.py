#!/usr/bin/env python3
"""Measures the Python library eventsourcing on PostgreSQL, for the lines that annals-bench writes.

Its own recorders are called by Python threads, as a program that uses it would: appends through the
application recorder, which locks its table for each; projections through a tracking recorder, which writes
the row and the place in the log in one transaction for each event. Needs the packages `eventsourcing` and
`psycopg`: `make bench-postgres` gets them into a folder of their own.
"""

import sys
import time
import urllib.parse
import uuid

import peer_lines

try:
    from eventsourcing.persistence import StoredEvent, Tracking
    from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore, PostgresTrackingRecorder
except ImportError as error:
    sys.exit(f"eventsourcing_peer.py: {error}: run make bench-postgres")

# Callers, or rows of the table that is projected into, named as annals-bench does.
APPENDS = {"append-1": 1, "append-16": 16, "append-64": 64}
PROJECTIONS = {"project-1": 1, "project-10": 10, "project-100000": 100_000}


def open_datastore(url, schema, connections):
    parts = urllib.parse.urlsplit(url)
    return PostgresDatastore(
        dbname=parts.path.strip("/") or "postgres", host=parts.hostname, port=parts.port or 5432,
        user=urllib.parse.unquote(parts.username or ""), password=urllib.parse.unquote(parts.password or ""),
        pool_size=connections, schema=schema)


class Schema:
    """A schema that is there while something is measured."""

    def __init__(self, url, connections=1):
        self.name = "eventsourcing_bench"
        self.datastore = open_datastore(url, self.name, connections)
        self.run(f"DROP SCHEMA IF EXISTS {self.name} CASCADE; CREATE SCHEMA {self.name}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.run(f"DROP SCHEMA IF EXISTS {self.name} CASCADE")
        self.datastore.close()

    def run(self, statements):
        with self.datastore.transaction(commit=True) as cursor:
            for statement in statements.split(";"):
                cursor.execute(statement)


def append(options, callers):
    with Schema(options.url, callers) as schema:
        recorder = PostgresApplicationRecorder(schema.datastore)
        recorder.create_table()
        state = b"x" * options.event_bytes

        def caller(index):
            streams = [uuid.uuid4() for _ in range(max(1, options.streams // callers))]
            turn = 0

            def call():
                nonlocal turn
                recorder.insert_events([StoredEvent(
                    originator_id=streams[turn % len(streams)],
                    originator_version=turn // len(streams), topic="note_taken", state=state)])
                turn += 1

            return call

        elapsed, calls = peer_lines.run_callers([caller(i) for i in range(callers)], options.seconds)
        return len(calls) / elapsed, calls


class Balances(PostgresTrackingRecorder):
    """A table of balances beside the tracking table of the library."""

    def __init__(self, datastore, schema, rows):
        super().__init__(datastore)
        self.upsert = (f"INSERT INTO {schema}.balances AS b VALUES (%s, %s, 1) ON CONFLICT (account) DO UPDATE"
                       " SET balance = b.balance + excluded.balance, bookings = b.bookings + 1")
        self.create_table()
        with datastore.transaction(commit=True) as cursor:
            cursor.execute(f"CREATE TABLE {schema}.balances (account text PRIMARY KEY,"
                           " balance bigint NOT NULL, bookings bigint NOT NULL)")
            cursor.execute(f"INSERT INTO {schema}.balances SELECT i::text, 0, 0 FROM generate_series(1, %s) i",
                           (rows,))

    def book(self, account, amount, position):
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(self.upsert, (account, amount), prepare=True)
            self._insert_tracking(cursor, Tracking("bank", position))


def project(options, rows):
    with Schema(options.url) as schema:
        balances = Balances(schema.datastore, schema.name, rows)
        position = 0
        calls = []
        began = now = time.monotonic()
        while now < began + options.seconds:
            position += 1
            balances.book(str(position * 7919 % rows + 1), 100, position)
            calls.append((time.monotonic() - now) * 1e6)
            now = time.monotonic()
        return position / (now - began), sorted(calls)


def main():
    workloads = {**APPENDS, **PROJECTIONS}
    parser = peer_lines.parser(__doc__.splitlines()[0], workloads)
    parser.add_argument("--url", required=True, help="of a PostgreSQL database")
    options = peer_lines.parse(parser, workloads)
    for name in options.workload or workloads:
        if name in APPENDS:
            runs = [append(options, APPENDS[name]) for _ in range(options.runs)]
        else:
            runs = [project(options, PROJECTIONS[name]) for _ in range(options.runs)]
        peer_lines.report(options, name, "eventsourcing", APPENDS.get(name, 1), 1, runs)
    print("eventsourcing: its recorders, called from Python; what is projected is not read from its log.")


if __name__ == "__main__":
    main()
