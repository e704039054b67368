#!/usr/bin/env python3
"""Measures UmaDB's durable appends, for the lines that annals-bench writes.

UmaDB is a server: its callers here are Python threads that talk gRPC to it on this machine through its
own client, so what is measured is what a caller of UmaDB gets, and not its storage alone. Needs the
package `umadb`, which holds both: `make bench-peers` gets it into a folder of its own.
"""

import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import peer_lines

try:
    import umadb
except ImportError:
    sys.exit("umadb_peer.py: the Python package umadb is missing: run make bench-peers")

# Callers and events a call, named as annals-bench does.
WORKLOADS = {
    "append-1": (1, 1),
    "append-16": (16, 1),
    "append-64": (64, 1),
    "bulk": (4, 1000),
}


class Server:
    """UmaDB on a free port, with its data in a temporary folder."""

    def __init__(self, parent: pathlib.Path):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="umadb-", dir=parent))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = "127.0.0.1:%d" % probe.getsockname()[1]
        program = pathlib.Path(sys.executable).with_name("umadb")
        self.process = subprocess.Popen(
            [str(program), "--listen", self.address, "--db-path", str(self.folder)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while True:
            try:
                self.client().head()
                return
            except Exception as error:  # Not there yet, whatever it says.
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.stop()
                    sys.exit(f"umadb_peer.py: the server did not start: {error}")
                time.sleep(0.1)

    def client(self):
        return umadb.Client("http://" + self.address)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def measure(server, callers, batch, options):
    """One run: events a second, and the microseconds of every call."""

    def caller(index):
        client = server.client()
        data = b"x" * options.event_bytes
        stream = index

        def call():
            nonlocal stream
            events = []
            for _ in range(batch):
                stream = (stream + callers) % options.streams
                events.append(umadb.Event("money_deposited", data, [f"account-{stream}"]))
            client.append(events)

        return call

    elapsed, calls = peer_lines.run_callers([caller(i) for i in range(callers)], options.seconds)
    return len(calls) * batch / elapsed, calls


def main():
    options = peer_lines.parse(peer_lines.parser(__doc__.splitlines()[0], WORKLOADS), WORKLOADS)
    for name in options.workload or WORKLOADS:
        callers, batch = WORKLOADS[name]
        runs = []
        for _ in range(options.runs):
            server = Server(options.out.parent)
            try:
                runs.append(measure(server, callers, batch, options))
            finally:
                server.stop()
        peer_lines.report(options, name, "umadb", callers, batch, runs, tags=1)
    print("umadb: a server and its own Python client over gRPC; one tag an event; no hashes.")


if __name__ == "__main__":
    main()
