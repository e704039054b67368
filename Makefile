# annals. `make help` lists the targets. Each installs the Debian packages that it needs and that are
# missing (SKIP_INSTALL=1: says which, installs none), configures, builds into build/, and runs.

JOBS ?= 2
# At once. They wait more than they compute: for servers, disks and deadlines.
TEST_JOBS ?= $(shell echo $$((2 * $(JOBS))))
BUILD_DIR ?= build
PREFIX ?= /usr/local
DATA ?= ./bank-data
SEED ?=
MINUTES ?= 10

PACKAGES_BUILD := g++ cmake ninja-build pkg-config libboost-dev nlohmann-json3-dev libssl-dev libsqlite3-dev libzstd-dev
PACKAGES_BANK := $(PACKAGES_BUILD) libcli11-dev zlib1g-dev
PACKAGES_TEST := $(PACKAGES_BANK) libgtest-dev python3 python3-yaml libpqxx-dev postgresql openssl librdkafka-dev libcpp-httplib-dev python3-prometheus-client
PACKAGES_TOOLS := $(PACKAGES_BUILD) libcli11-dev  # tools/ is annals and annals-bench
PACKAGES_BENCH := $(PACKAGES_TOOLS) librocksdb-dev liblmdb-dev libpqxx-dev python3  # peers, left out where missing
PACKAGES_INSTALL := $(PACKAGES_TOOLS) libgtest-dev libpqxx-dev librdkafka-dev libcpp-httplib-dev

# Ninja if it is there. A folder once configured keeps its generator. $(PARTS_OFF) keeps the packages
# needed few where nothing is configured yet; parts that an earlier target switched on stay on.
CONFIGURE = CMAKE_GENERATOR="$${CMAKE_GENERATOR:-$$(command -v ninja >/dev/null && echo Ninja || echo Unix Makefiles)}" \
  cmake --preset release -B $(BUILD_DIR)
PARTS_OFF = $$(test -f $(BUILD_DIR)/CMakeCache.txt || printf -- '-DANNALS_%s=OFF ' BUILD_TESTS WITH_TESTKIT BUILD_TOOLS BUILD_SAMPLES)
ALL_PARTS = -DANNALS_BUILD_TESTS=ON -DANNALS_WITH_TESTKIT=ON -DANNALS_BUILD_TOOLS=ON -DANNALS_BUILD_SAMPLES=ON
BUILD = cmake --build $(BUILD_DIR) -j $(JOBS)
PACKAGES = SKIP_INSTALL=$(SKIP_INSTALL) tools/install_packages

BENCH = $(BUILD_DIR)/bin/annals-bench --seconds 1 --out $(BUILD_DIR)/bench/results.jsonl
BENCH_GROWTH = $(BUILD_DIR)/bin/annals-bench --seconds 2 --streams 1000000 --event-bytes 100 --out $(BUILD_DIR)/bench/growth.jsonl

.DEFAULT_GOAL := help
.PHONY: help bank test bench bench-growth bench-peers bench-postgres bench-kafka bench-build bank-full soak chaos install clean

help: ## Say what the targets do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22
	@echo
	@echo "  JOBS=$(JOBS)  TEST_JOBS=$(TEST_JOBS)  BUILD_DIR=$(BUILD_DIR)  PREFIX=$(PREFIX)  DATA=$(DATA)  SEED=n  MINUTES=$(MINUTES)  SKIP_INSTALL=1"

bank: ## Replay a real organisation's books into a log under DATA, project, and compare every balance
	@$(PACKAGES) $(PACKAGES_BANK)
	$(CONFIGURE) $(PARTS_OFF) -DANNALS_BUILD_SAMPLES=ON
	$(BUILD) --target bank
	$(BUILD_DIR)/bin/bank demo
	$(BUILD_DIR)/bin/bank import --data $(DATA)
	$(BUILD_DIR)/bin/bank largest --count 5 --table --data $(DATA)

bank-full: ## The same by way of Kafka into PostgreSQL, projected in two processes; starts and ends servers of its own
	@$(PACKAGES) $(PACKAGES_TEST)
	$(CONFIGURE) $(PARTS_OFF) -DANNALS_BUILD_SAMPLES=ON -DANNALS_BUILD_TOOLS=ON -DANNALS_BUILD_TESTS=ON -DANNALS_WITH_TESTKIT=ON
	$(BUILD) --target bank annals postgres_test_server
	samples/bank/bank_full $(BUILD_DIR)

test: ## Build everything, compile each public header alone, run every test
	@$(PACKAGES) $(PACKAGES_TEST)
	$(CONFIGURE) $(ALL_PARTS)
	$(BUILD) --target all all_verify_interface_header_sets
	ctest --test-dir $(BUILD_DIR) --output-on-failure --no-tests=error -j $(TEST_JOBS)

bench: bench-build ## Measure, beside the raw disk, SQLite, RocksDB and LMDB; results in build/bench/results.jsonl
	$(BENCH)
	for streams in 100 100000 1000000 10000000; do $(BENCH) bulk pipelined --streams $$streams --peers rocksdb || exit 1; done
	for tags in 0 4; do $(BENCH) bulk pipelined --streams 1000000 --tags $$tags --peers rocksdb || exit 1; done
	tools/bench/draw_growth.py $(BUILD_DIR)/bench/results.jsonl $(BUILD_DIR)/bench/growth_small.svg

bench-growth: bench-build ## Measure stores of up to 50 million events: half an hour and 60 GB
	$(BENCH_GROWTH) growth --sizes 1000000,10000000 --runs 3
	$(BENCH_GROWTH) growth --sizes 1000000,10000000,50000000 --peers none --runs 3
	$(BENCH_GROWTH) as-of-version as-of-time as-of-state last-10 read-category read-type read-tag --peers none --events 10000000 --long-events 1000000
	tools/bench/draw_growth.py $(BUILD_DIR)/bench/growth.jsonl $(BUILD_DIR)/bench/growth.svg

bench-peers: ## Measure UmaDB's appends likewise, if its Python package can be had
	@$(PACKAGES) python3 python3-venv
	@mkdir -p $(BUILD_DIR)/bench
	python3 -m venv $(BUILD_DIR)/bench/peers
	$(BUILD_DIR)/bench/peers/bin/pip install --quiet umadb
	$(BUILD_DIR)/bench/peers/bin/python tools/bench/umadb_peer.py --out $(BUILD_DIR)/bench/results.jsonl

bench-postgres: ## Measure in PostgreSQL, beside message-db, eventsourcing and Emmett if their packages can be had
	@$(PACKAGES) $(PACKAGES_TEST) python3-venv
	$(CONFIGURE) $(PARTS_OFF) -DANNALS_BUILD_TOOLS=ON -DANNALS_BUILD_TESTS=ON -DANNALS_WITH_TESTKIT=ON
	$(BUILD) --target annals-bench postgres_test_server
	tools/bench/bench_postgres $(BUILD_DIR)

bench-kafka: ## Measure through Kafka, on servers of its own, beside librdkafka's own producer
	@$(PACKAGES) $(PACKAGES_TEST)
	$(CONFIGURE) $(PARTS_OFF) -DANNALS_BUILD_TOOLS=ON -DANNALS_BUILD_TESTS=ON -DANNALS_WITH_TESTKIT=ON
	$(BUILD) --target annals-bench postgres_test_server
	tools/bench/bench_kafka $(BUILD_DIR)

bench-build:
	@$(PACKAGES) $(PACKAGES_BENCH)
	$(CONFIGURE) $(PARTS_OFF) -DANNALS_BUILD_TOOLS=ON
	$(BUILD) --target annals-bench
	@mkdir -p $(BUILD_DIR)/bench

soak: ## Run the random tests for long; SEED=n repeats a run
	@$(PACKAGES) $(PACKAGES_TEST)
	$(CONFIGURE) $(ALL_PARTS)
	$(BUILD)
	ANNALS_SOAK=1 $(if $(SEED),ANNALS_SEED=$(SEED) )ctest --test-dir $(BUILD_DIR) -L '^soak$$' --output-on-failure --no-tests=error -j $(JOBS)

chaos: ## Kill, freeze and cut off all that the log passes on its way through Kafka; MINUTES=10 SEED=n
	@$(PACKAGES) $(PACKAGES_TEST)
	$(CONFIGURE) $(ALL_PARTS)
	$(BUILD) --target chaos_test
	ANNALS_CHAOS_MINUTES=$(MINUTES) $(if $(SEED),ANNALS_SEED=$(SEED) )$(BUILD_DIR)/tests/chaos_test

install: ## Install the libraries, headers and programs under PREFIX
	@$(PACKAGES) $(PACKAGES_INSTALL)
	$(CONFIGURE) $(PARTS_OFF) -DANNALS_WITH_TESTKIT=ON -DANNALS_BUILD_TOOLS=ON
	$(BUILD) --target annals_installed
	cmake --install $(BUILD_DIR) --prefix $(PREFIX)

clean: ## Remove the build folder (not DATA)
	rm -rf $(BUILD_DIR)
