#!/usr/bin/env python3
"""Checks docker/ as far as that can be done without Docker.

- compose.yaml is YAML of the expected shape, and what it refers to is there.
- What the Dockerfile copies is in the project, and it installs what the build and the programs need.
- The build that it runs can be configured.
- The services' commands and the health check run against a PostgreSQL server and a Kafka broker.

Usage: check_docker.py SOURCE BUILD POSTGRES-STATE KAFKA-STATE. Exits with 77 if PyYAML or a server is missing.
"""

import contextlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
SOURCE, BUILD, POSTGRES_STATE, KAFKA_STATE = (pathlib.Path(word) for word in sys.argv[1:5])
failures = []


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(1 if failures else SKIPPED)


try:
    import yaml
except ImportError:
    skip("PyYAML is missing (Debian: python3-yaml)")


def check(good, what):
    print(("ok      " if good else "FAILED  ") + what)
    if not good:
        failures.append(what)
    return good


def server(what, variable, state, word):
    """Where it is: as the environment or the file of its fixture says."""
    if given := os.environ.get(variable):
        return given
    for line in state.read_text().splitlines() if state.is_file() else []:
        if line.startswith(word + " "):
            return line.removeprefix(word + " ")
    skip(f"there is no {what}: {state} names none")


def instructions():
    """The Dockerfile's instructions as (word, rest), continued lines joined."""
    text = (SOURCE / "docker" / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        if line.strip():
            word, rest = line.split(None, 1)
            yield word, " ".join(rest.split())


def stages():
    """The instructions of each stage."""
    found = []
    for word, rest in instructions():
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def packages(stage):
    for word, rest in stage:
        if word == "RUN" and "apt-get install" in rest:
            installed = rest.split("apt-get install", 1)[1].split("&&")[0]
            return {name for name in installed.split() if not name.startswith("-")}
    return set()


def packages_of_makefile(name):
    makefile = (SOURCE / "Makefile").read_text()
    value = re.search(rf"^{name} := (.*)$", makefile, re.M)[1].split("#")[0]
    words = set()
    for word in value.split():
        words |= packages_of_makefile(word[2:-1]) if word.startswith("$(") else {word}
    return words


def check_dockerfile():
    build, runtime = stages()
    for stage in (build, runtime):
        for word, rest in stage:
            if word != "COPY" or rest.startswith("--from"):
                continue
            for path in shlex.split(rest)[:-1]:
                check((SOURCE / path).exists(), f"COPY {path}: it is in the project")
    for word, rest in runtime:
        if word == "COPY" and rest.startswith("--from=build"):
            for path in shlex.split(rest)[1:-1]:
                program = BUILD / pathlib.Path(path).relative_to("/build")
                check(program.is_file(), f"COPY --from=build {path}: the build makes it")
    needed = packages_of_makefile("PACKAGES_BANK") | {"libpqxx-dev", "librdkafka-dev", "libcpp-httplib-dev"}
    check(needed <= packages(build), f"the build's packages, missing: {sorted(needed - packages(build))}")
    check_libraries(packages(runtime))
    check(("USER", "bank") in runtime, "the programs do not run as root")
    check(any(word == "HEALTHCHECK" for word, _ in runtime), "there is a health check")
    check("g++" not in packages(runtime), "the second stage has no compiler")
    check_configure(build)
    data = re.search(r"WORKDIR (\S+)", "\n".join(f"{word} {rest}" for word, rest in build))[1]
    check(("COPY", f"samples/bank/data {data}/samples/bank/data") in runtime,
          "the books are where the program was built to look for them")


def check_libraries(installed):
    """Each shared library that the programs name is of a package that is installed, or of any system."""
    base = {"libc6", "libstdc++6", "libgcc-s1"}
    for program in ("bank", "annals"):
        dump = subprocess.run(["objdump", "-p", str(BUILD / "bin" / program)], text=True, capture_output=True)
        found = subprocess.run(["ldd", str(BUILD / "bin" / program)], text=True, capture_output=True).stdout
        for library in re.findall(r"NEEDED\s+(\S+)", dump.stdout):
            path = re.search(rf"{re.escape(library)} => (\S+)", found)
            owner = set()
            # A package may know it by the path before /usr was merged.
            for place in (path[1], path[1].removeprefix("/usr"), "/usr" + path[1]) if path else ():
                answer = subprocess.run(["dpkg-query", "-S", os.path.join(os.path.realpath(os.path.dirname(place)), library)],
                                        text=True, capture_output=True).stdout
                answer += subprocess.run(["dpkg-query", "-S", place], text=True, capture_output=True).stdout
                owner |= {line.split(":")[0] for line in answer.splitlines()}
            check(bool(owner & (installed | base)), f"{program} needs {library}, of {sorted(owner)}")


def copy_sources(build, target):
    """As the build's COPY lines do."""
    target.mkdir()
    for word, rest in build:
        if word != "COPY":
            continue
        for path in shlex.split(rest)[:-1]:
            if (SOURCE / path).is_dir():
                shutil.copytree(SOURCE / path, target / path)
            else:
                shutil.copy(SOURCE / path, target / path)


def check_configure(build):
    for word, rest in build:
        if word == "RUN" and "cmake --preset" in rest:
            with tempfile.TemporaryDirectory() as folder:
                source = pathlib.Path(folder) / "source"
                copy_sources(build, source)
                words = shlex.split(rest.split("&&")[0].replace("/build", folder + "/build"))
                done = subprocess.run(words, cwd=source, text=True, capture_output=True)
                check(done.returncode == 0, "the Dockerfile's build can be configured " + done.stderr[-500:])
            return
    check(False, "the Dockerfile runs cmake")


def check_compose(compose):
    check(set(compose) - {"x-bank", "x-worker"} == {"name", "services", "volumes"}, "compose.yaml: its parts")
    services = compose["services"]
    check(set(services) == {"postgres", "kafka", "relay", "tables", "books", "bank"}, "compose.yaml: its services")
    allowed = {"image", "build", "environment", "entrypoint", "command", "depends_on", "volumes", "healthcheck",
               "restart", "read_only", "cap_drop", "security_opt", "deploy"}
    for name, service in services.items():
        check(set(service) <= allowed, f"service {name}: only keys that are known here")
        check("image" in service, f"service {name}: an image")
        for other, wish in service.get("depends_on", {}).items():
            check(other in services and wish["condition"].startswith("service_"), f"service {name}: waits for {other}")
        for volume in service.get("volumes", []):
            check(volume.split(":")[0] in compose["volumes"], f"service {name}: volume {volume}")
        if build := service.get("build"):
            context = SOURCE / "docker" / build["context"]
            check((context / build["dockerfile"]).is_file(), f"service {name}: its Dockerfile")
        check(all(isinstance(value, str) for value in service["environment"].values()), f"service {name}: variables")
    password = services["postgres"]["environment"]["POSTGRES_PASSWORD"]
    check(password == services["bank"]["environment"]["PGPASSWORD"] and password.startswith("${"),
          "the password is given, not written down")
    for variable in ("BANK_STORE", "BANK_READ_MODELS"):
        url = services["bank"]["environment"][variable]
        database = services["postgres"]["environment"]
        check(url == f"postgres://{database['POSTGRES_USER']}@postgres/{database['POSTGRES_DB']}",
              f"{variable} is the service postgres")


def run_services(services, url, brokers):
    """The commands outside of containers, with servers in the place of the services `postgres` and `kafka`."""
    base, database = url.rsplit("/", 1)[0], f"docker_check_{os.getpid()}"
    psql = ["psql", "-X", "-q", url, "-c"]
    subprocess.run([*psql, f"CREATE DATABASE {database}"], check=True)
    topic = database
    environment = dict(os.environ, PATH=f"{BUILD / 'bin'}:{os.environ['PATH']}")
    for variable in ("BANK_STORE", "BANK_READ_MODELS"):
        environment[variable] = f"{base}/{database}"
    environment["BANK_FOLLOWED"] = services["bank"]["environment"]["BANK_FOLLOWED"]
    program = next(json.loads(rest) for word, rest in stages()[1] if word == "ENTRYPOINT")
    health = next(json.loads(rest.split("CMD ", 1)[1]) for word, rest in stages()[1] if word == "HEALTHCHECK")
    workers = []
    try:
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())

            def run(words, **options):
                return subprocess.run(words, env=environment, cwd=folder, text=True, capture_output=True, **options)

            def words_of(name):
                here = {"postgres://bank@postgres/bank#bank": f"{base}/{database}#bank", "kafka:9092": brokers, "bank": topic}
                words = [here.get(word, word) for word in services[name]["command"]]
                return services[name].get("entrypoint", program) + words

            def start(name):
                stderr = stack.enter_context(tempfile.TemporaryFile("w+"))
                worker = subprocess.Popen(words_of(name), env=environment, cwd=folder, text=True,
                                          stdout=subprocess.DEVNULL, stderr=stderr)
                workers.append((name, worker, stderr))

            check(run(health).returncode != 0, "the health check fails while there is no bank")
            # As `restart: unless-stopped` does until there is a store: the import makes it.
            empty = run(words_of("relay"), timeout=60)
            check(empty.returncode != 0, f"service relay ends while there is no store: {empty.stderr}")
            made = run(["annals", "migrate", f"{base}/{database}#bank"])
            check(made.returncode == 0, f"the store is made {made.stderr}")
            start("relay")
            for _ in range(services["tables"]["deploy"]["replicas"]):
                start("tables")
            imported = run(program + services["books"]["command"], timeout=200)
            check(imported.returncode == 0 and "37 of 37 month-ends equal" in imported.stdout,
                  f"service books: {imported.stdout}{imported.stderr}")
            checked = run(health)
            check(checked.returncode == 0, f"the health check {checked.stderr}")
            with subprocess.Popen(program + services["bank"]["command"], env=environment, cwd=folder, text=True,
                                  stdout=subprocess.PIPE) as watching:
                first = watching.stdout.readline()
                watching.terminate()
                check("balance" in first or "after" in first, f"service bank prints balances: {first.strip()}")
                check(watching.wait(timeout=60) == 0, "service bank ends when it is told to")
            for name, worker, stderr in workers:
                worker.terminate()
                ended = worker.wait(timeout=60)
                stderr.seek(0)
                check(ended == 0, f"service {name} ends when it is told to: {ended} {stderr.read()}")
            check(not any(pathlib.Path(folder).iterdir()), "nothing is written to the container's file system")
    finally:
        for _, worker, _ in workers:
            worker.kill()
            worker.wait()
        subprocess.run([*psql, f"DROP DATABASE {database} WITH (FORCE)"], check=False)


def main():
    compose = yaml.safe_load((SOURCE / "docker" / "compose.yaml").read_text())
    check_compose(compose)
    check_dockerfile()
    run_services(compose["services"], server("PostgreSQL server", "ANNALS_POSTGRES_URL", POSTGRES_STATE, "url"),
                 server("Kafka broker", "ANNALS_KAFKA_BROKERS", KAFKA_STATE, "brokers"))
    print(f"{len(failures)} failures")
    sys.exit(1 if failures else 0)


main()
