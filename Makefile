# Everything a newcomer, a developer and the continuous integration do. `make` alone lists it.
# Only Python 3.11 or later (with venv) and make are needed; the first command installs the rest into .venv.

VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/casefile-api
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)
# Installed once, and again when the lock or the project's own description changes.
INSTALLED := $(VENV)/.installed
PROCESSES ?= 3
DIR ?= var/sandbox
PORT ?= 8000

# What handles files, tried by `make ceph` on another store.
OF_FILES := $(wildcard tests/api/test_attachments*.py) tests/api/test_same_content.py tests/api/test_transfers.py \
	tests/api/test_bundles.py tests/journeys/test_demo_traced.py tests/journeys/test_from_report_to_advice.py \
	tests/faults/test_attachments_in_hard_times.py

# Tests start many processes: without compiled modules each compiles everything it imports, again and again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test soak transfer ceph coverage check lint types layers supply sbom audit run sandbox bench openapi clean

help:  ## list these commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(INSTALLED)  ## install everything into .venv (once; later commands need no network)

$(INSTALLED): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: install it, or name it with PYTHON=/path/to/python." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "$(PYTHON) is older than Python 3.11: name a newer one with PYTHON=/path/to/python." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
		|| { echo "This Python has no venv with pip: install its package (python3-venv on Debian and Ubuntu)." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (a minute or two) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(INSTALLED)

demo: $(INSTALLED)  ## play a whole case between a force and the CPS, on a service of its own
	@$(RUN) demo

test: $(INSTALLED)  ## all tests but the long ones
	@$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder -m "not soak" || { \
		echo "What failed among all the others, once more by itself (if it passes now, the test is to be mended):"; \
		$(BIN)/python -m pytest -n 0 -rA --tb=short --show-capture=no --last-failed --last-failed-no-failures none -m "not soak"; }

soak: $(INSTALLED)  ## the long tests: kills at many moments, hours of traffic
	$(BIN)/python -m pytest -n 0 -m soak --timeout 7200

transfer: $(INSTALLED)  ## a file of TRANSFER_MIB (51200) through cut lines and kills of client and service; the store needs as much room
	TRANSFER_MIB=$(or $(TRANSFER_MIB),51200) $(BIN)/python -m pytest -n 0 -s -m soak --timeout 14400 \
		tests/faults/test_attachments_in_hard_times.py -k telephone

ceph: $(INSTALLED)  ## files against Ceph RGW, by the whole service: Debian's ceph-mon ceph-mgr ceph-osd radosgw ceph-common must be installed
	@for p in ceph-mon ceph-mgr ceph-osd radosgw ceph radosgw-admin; do command -v $$p >/dev/null || { echo "$$p is missing." >&2; exit 1; }; done
	CASEFILE_TEST_STORE=ceph $(BIN)/python -m pytest -n 0 --timeout 600 tests/foreign/test_second_store.py $(OF_FILES) \
		-k "not telephone and not damage"

coverage: $(INSTALLED)  ## the tests again, with what of the code they ran (slower)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder -m "not soak" --timeout 300
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: $(INSTALLED)  ## style and common mistakes
	$(BIN)/ruff check .

types: $(INSTALLED)  ## types, strictly
	$(BIN)/mypy

layers: $(INSTALLED)  ## dependencies point one way
	@$(BIN)/lint-imports --no-cache

check: lint types layers openapi supply test  ## what the continuous integration runs

openapi: $(INSTALLED)  ## the committed description of the API is what the code says
	@$(RUN) export-openapi --check

supply: $(INSTALLED) sbom  ## dependencies are pinned, hashed and under licences that are taken
	@$(BIN)/python -m supply.audit $(ADVISORIES)

sbom: $(INSTALLED)  ## the bill of materials of what is delivered (CycloneDX, build/sbom.cdx.json)
	@$(BIN)/python -m supply.bill build/sbom.cdx.json

audit: $(INSTALLED) supply  ## the same, and what is known against the dependencies today (needs the network)
	$(BIN)/pip-audit --strict --disable-pip --require-hashes --requirement requirements.lock \
		$(shell sed -n 's/^"\([A-Z0-9a-z-]*\)" = .*/--ignore-vuln \1/p' supply/accepted.toml)

run: $(INSTALLED)  ## the service, on parts of its own unless the settings name others
	@$(RUN) migrate
	@$(RUN) serve

sandbox: $(INSTALLED)  ## a service with people in it to try things on (DIR=var/sandbox PORT=8000)
	@$(RUN) sandbox --dir $(DIR) --port $(PORT)

bench: $(INSTALLED)  ## how fast it is on this machine
	$(BIN)/python -m benchmarks

clean:  ## remove what the commands made, but for data
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage* htmlcov
