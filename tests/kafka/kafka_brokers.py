#!/usr/bin/env python3
"""Apache Kafka for tests: real brokers on free ports of 127.0.0.1, with their data in a temporary folder.

  kafka_brokers.py start FILE [--brokers N] [--second secure|proxied] [--make-topics]
                         [--jars FOLDER] [--watch PID]
  kafka_brokers.py stop FILE
  kafka_brokers.py controller FILE

`start` gets the jars by a small Maven build (once; they stay in FOLDER), Java and Maven from Debian where
they are missing, starts N brokers that are their own controllers (KRaft), waits until all of them know
each other, and writes to FILE

  brokers 127.0.0.1:40001,127.0.0.1:40002     what clients are given
  keeper 4711                                 the process that keeps them
  broker 1 4712                               and each of them

or "none" and why there are none, which is no failure: tests then say SKIPPED. The keeper starts a broker
again that dies, on the same data and port, and writes FILE anew. It ends them all, and removes their data,
when it is told to by `stop`, or when process PID (the one that ran `start` unless given) is gone.

--second gives each broker a second listener, which FILE names too:

  second 127.0.0.1:40003,127.0.0.1:40004      where it listens
  advertised 127.0.0.1:40005,127.0.0.1:40006  where clients of it are sent: of `proxied` brokers elsewhere,
                                              to ports that are free, for proxies that pass on to `second`
  authority /tmp/…/authority.pem              of `secure` ones, which speak TLS and want a password there
                                              (secure_listener.py): whom clients must trust

--make-topics: they make a topic that somebody asks for.

`controller` prints the number of the broker that is the active controller now.

ANNALS_KAFKA_BROKERS names brokers to use instead: then nothing is started.
ANNALS_MAVEN_SETTINGS names a settings.xml for Maven (a mirror, say) where it is not the user's own.
"""
import argparse
import contextlib
import ctypes
import fcntl
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import secure_listener

HERE = pathlib.Path(__file__).resolve().parent
INSTALL_PACKAGES = HERE.parent.parent / "tools" / "install_packages"
JVM = ["java", "-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
       "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Djava.awt.headless=true"]
START_SECONDS_MAX = 150


class NoBrokers(Exception):
    """Why there are none."""


def last_line(output):
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"


def java_version():
    """17 of "17.0.15"; 0 without Java."""
    if not shutil.which("java"):
        return 0
    said = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr
    version = said.partition('"')[2].partition('"')[0]
    return int(version.partition(".")[0]) if version.partition(".")[0].isdigit() else 0


def need(program_is_there, *packages):
    if program_is_there() or not INSTALL_PACKAGES.is_file():
        return
    print(f"Installing {' and '.join(packages)} for a broker", file=sys.stderr)
    done = subprocess.run([str(INSTALL_PACKAGES), *packages], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if not program_is_there():
        raise NoBrokers(f"they need {' and '.join(packages)}, which could not be installed: "
                        + last_line(done.stdout))


def fetch_jars(folder):
    """Fills `folder` with the broker's jars, unless it is full already."""
    need(lambda: java_version() >= 17, "default-jre-headless")
    complete = folder / "complete"
    wanted = (HERE / "pom.xml").read_bytes()
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Two builds' tests may want them at the same time.
        if complete.is_file() and complete.read_bytes() == wanted:
            return
        need(lambda: shutil.which("mvn"), "maven")
        print("Fetching Apache Kafka's jars with Maven (56 MB, once)", file=sys.stderr)
        for jar in folder.glob("*.jar"):
            jar.unlink()
        command = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies",
                   f"-DoutputDirectory={folder}", "-DincludeScope=runtime"]
        if os.environ.get("ANNALS_MAVEN_SETTINGS"):
            command += ["-s", os.environ["ANNALS_MAVEN_SETTINGS"]]
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=600)
        except subprocess.TimeoutExpired:
            raise NoBrokers("Maven did not bring Apache Kafka's jars within 10 minutes") from None
        if done.returncode != 0:
            # What could not be transferred says more than what was not found without it.
            lines = done.stdout.splitlines()
            reasons = ([line for line in lines if "transfer" in line]
                       or [line for line in lines if "ERROR" in line] or [done.stdout])
            raise NoBrokers(f"Maven did not bring Apache Kafka's jars: {last_line(reasons[0])} "
                            "(ANNALS_MAVEN_SETTINGS names a settings.xml, for a mirror or a proxy)")
        complete.write_bytes(wanted)


def free_ports(count):
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def active_controller(port):
    """The number of the broker that leads the cluster's own log, as the one at `port` knows it; 0 while
    that does not answer, or there is none."""
    cluster_log = b"\x02\x13__cluster_metadata\x02\x00\x00\x00\x00\x00\x00\x00"  # its partition 0
    request = struct.pack(">hhih", 55, 0, 1, -1) + b"\x00" + cluster_log  # DescribeQuorum, version 0
    with contextlib.suppress(OSError, struct.error):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            answers = connection.makefile("rb")
            answer = answers.read(struct.unpack(">i", answers.read(4))[0])
            # correlation, tags, error; the log's name and partition count; index, error, leader
            at = 4 + 1 + 2 + 1 + 19 + 1 + 4 + 2
            return max(0, struct.unpack(">i", answer[at:at + 4])[0])
    return 0


def known_brokers(port):
    """How many brokers the one at `port` knows of; 0 while it does not answer."""
    request = struct.pack(">hhihi", 3, 0, 1, -1, 0)  # Metadata, version 0, no client id, all topics
    with contextlib.suppress(OSError, struct.error):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            answer = connection.makefile("rb").read(12)  # size, correlation, count of brokers
            return struct.unpack(">iii", answer)[2]
    return 0


def end_with_parent():
    os.setsid()  # A Ctrl-C is for the tests.
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Broker:
    def __init__(self, number, ports, folder, properties, jars):
        self.number = number
        self.port, self.second_port, self.advertised_port = ports
        self.folder = folder
        self.jars = jars
        self.process = None
        folder.mkdir()
        self.properties = folder / "server.properties"
        self.properties.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))

    def java(self, *words):
        with open(self.folder / "log", "ab") as log:
            return subprocess.Popen([*JVM, "-cp", f"{self.jars}/*", *words], cwd=self.folder, stdout=log,
                                    stderr=log, stdin=subprocess.DEVNULL, preexec_fn=end_with_parent)

    def format(self, cluster, words):
        return self.java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self.properties),
                         *words)

    def start(self):
        self.process = self.java("kafka.Kafka", str(self.properties))

    def ended(self):
        return self.process is not None and self.process.poll() is not None

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def complaint(self):
        return last_line((self.folder / "log").read_text(errors="replace"))


def make_brokers(count, folder, jars, second, make_topics):
    ports = free_ports(4 * count)
    voters = ",".join(f"{i + 1}@127.0.0.1:{ports[count + i]}" for i in range(count))
    copies = min(count, 3)
    brokers = []
    for i in range(count):
        home = folder / f"broker{i + 1}"
        second_port = ports[2 * count + i]
        advertised_port = ports[3 * count + i] if second == "proxied" else second_port
        listeners = advertised = f"PLAINTEXT://127.0.0.1:{ports[i]}"
        if second:
            listeners += f",SECOND://127.0.0.1:{second_port}"
            advertised += f",SECOND://127.0.0.1:{advertised_port}"
        brokers.append(Broker(i + 1, (ports[i], second_port, advertised_port), home, {
            "process.roles": "broker,controller",
            "node.id": i + 1,
            "controller.quorum.voters": voters,
            "listeners": f"{listeners},CONTROLLER://127.0.0.1:{ports[count + i]}",
            "advertised.listeners": advertised,
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,"
                                              f"SECOND:{'SASL_SSL' if second == 'secure' else 'PLAINTEXT'}",
            "log.dirs": home / "data",
            "auto.create.topics.enable": str(make_topics).lower(),
            "default.replication.factor": copies,
            "min.insync.replicas": max(1, copies - 1),
            "offsets.topic.replication.factor": copies,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": max(1, copies - 1),
            "transaction.state.log.num.partitions": 4,
            "group.initial.rebalance.delay.ms": 0,
            "broker.heartbeat.interval.ms": 500,
            "broker.session.timeout.ms": 6000,
            "num.network.threads": 2,
            "num.io.threads": 2,
            "log.cleaner.enable": "false",  # Its buffer alone would take half of the heap.
            "log.index.size.max.bytes": 1048576,
            **(secure_listener.properties(folder, "SECOND") if second == "secure" else {}),
        }, jars))
    return brokers


def start_all(brokers, format_words):
    cluster = "YW5uYWxzLXRlc3Qta2Fma2E"  # 16 bytes in base64
    for formatting in [broker.format(cluster, format_words) for broker in brokers]:
        if formatting.wait() != 0:
            raise NoBrokers(f"the broker's storage could not be formatted: {brokers[0].complaint()}")
    for broker in brokers:
        broker.start()
    until = time.monotonic() + START_SECONDS_MAX
    for broker in brokers:
        while known_brokers(broker.port) < len(brokers):
            if broker.ended():
                raise NoBrokers(f"broker {broker.number} ended as it started: {broker.complaint()}")
            if time.monotonic() > until:
                raise NoBrokers(f"broker {broker.number} did not answer in {START_SECONDS_MAX} seconds: "
                                + broker.complaint())
            time.sleep(0.1)


def write_state(file, text):
    following = file.with_name(file.name + ".next")
    following.write_text(text + "\n")
    following.replace(file)


def alive(pid):
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False
    except PermissionError:
        return True


def keep(file, count, second, make_topics, jars, watched, ready):
    """In the process that stays. Closes `ready` when FILE says how it went."""
    asked_to_stop = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked_to_stop.append(True))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="annals-kafka-"))
    brokers = []

    def tell():
        lines = ["brokers " + ",".join(f"127.0.0.1:{broker.port}" for broker in brokers),
                 f"keeper {os.getpid()}"]
        lines += [f"broker {broker.number} {broker.process.pid}" for broker in brokers]
        if second:
            lines += ["second " + ",".join(f"127.0.0.1:{broker.second_port}" for broker in brokers),
                      "advertised " + ",".join(f"127.0.0.1:{broker.advertised_port}" for broker in brokers)]
        if second == "secure":
            lines += [f"authority {folder / 'authority.pem'}"]
        write_state(file, "\n".join(lines))

    try:
        fetch_jars(jars)
        if second == "secure":
            need(lambda: shutil.which("openssl"), "openssl")
            secure_listener.make_certificates(folder)
        brokers = make_brokers(count, folder, jars, second, make_topics)
        start_all(brokers, secure_listener.format_words() if second == "secure" else [])
        tell()
        os.close(ready)
        while not asked_to_stop and alive(watched):
            for broker in brokers:
                if broker.ended():
                    broker.start()
                    tell()
            time.sleep(0.2)
    except NoBrokers as problem:
        write_state(file, f"none {problem}")
    finally:
        for broker in brokers:
            broker.end()
        shutil.rmtree(folder, ignore_errors=True)


def start(file, count, second, make_topics, jars, watched):
    if os.environ.get("ANNALS_KAFKA_BROKERS"):
        print("tests use the brokers that ANNALS_KAFKA_BROKERS names")
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    read_end, ready = os.pipe()
    if os.fork() == 0:
        os.close(read_end)
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        try:
            keep(file, count, second, make_topics, jars, watched, ready)
        finally:
            os._exit(0)
    os.close(ready)
    os.read(read_end, 1)
    print(file.read_text(), end="")


def stop(file):
    lines = file.read_text().splitlines() if file.is_file() else []
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "keeper":
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(rest), signal.SIGTERM)
            for _ in range(200):
                if not alive(int(rest)):
                    break
                time.sleep(0.05)
    file.unlink(missing_ok=True)


def controller(file):
    brokers = file.read_text().partition("brokers ")[2].partition("\n")[0]
    found = 0
    for address in brokers.split(","):
        found = found or active_controller(int(address.rpartition(":")[2]))
    print(found)
    return 0 if found else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("start", "stop", "controller"))
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--brokers", type=int, default=1)
    parser.add_argument("--second", choices=("secure", "proxied"))
    parser.add_argument("--make-topics", action="store_true")
    parser.add_argument("--jars", type=pathlib.Path, default=None)
    parser.add_argument("--watch", type=int, default=os.getppid())
    given = parser.parse_args()
    file = given.file.absolute()
    if given.what == "start":
        jars = given.jars or file.parent / "kafka-jars"
        start(file, given.brokers, given.second, given.make_topics, jars.absolute(), given.watch)
    elif given.what == "controller":
        return controller(file)
    else:
        stop(file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
