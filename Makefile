# Two commands do everything: `make demo` starts Linli with the demo city, `make test` passes the tests.
# Both install whatever is missing first (scripts/bootstrap.py).
SHELL := /bin/bash
BASE_PYTHON ?= python3
BIN := $(if $(and $(CONDA_PREFIX),$(wildcard $(CONDA_PREFIX)/bin/initdb)),$(CONDA_PREFIX)/bin/,.venv/bin/)
.PHONY: demo test explore check bench lock format clean

demo:
	@$(BASE_PYTHON) scripts/bootstrap.py run
	@$(BIN)linli demo $(ARGS)

test:
	@$(BASE_PYTHON) scripts/bootstrap.py test
	PATH="$(CURDIR)/.local/node/bin:$$PATH" $(BIN)pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile $(ARGS)
	@if [ -f web/package.json ]; then cd web && PATH="$(CURDIR)/.local/node/bin:$$PATH" npm test --silent; fi

# Property tests on worlds drawn anew: what they find becomes a test of its own.
explore:
	@$(BASE_PYTHON) scripts/bootstrap.py test
	$(BIN)pytest --hypothesis-profile=default -k "$(or $(ONLY),not web)" tests/spatial $(ARGS)

check:
	@$(BASE_PYTHON) scripts/bootstrap.py test
	$(BIN)ruff format --check .
	$(BIN)ruff check .
	$(BIN)mypy
	$(BIN)lint-imports
	$(BIN)nbstripout --verify notebooks/*.ipynb
	@if [ -f web/package.json ]; then cd web && PATH="$(CURDIR)/.local/node/bin:$$PATH" npm run check --silent; fi

bench:
	@$(BASE_PYTHON) scripts/bootstrap.py test
	$(BIN)python -m tests.benchmarks $(if $(WORK),"$(WORK)",)

format:
	$(BIN)ruff format .
	$(BIN)ruff check --fix .

# Locks carry hashes and no index address.
lock:
	$(firstword $(wildcard .local/uv/bin/uv) uv) pip compile pyproject.toml --extra test --extra check --extra build \
		--universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 -o requirements.lock

clean:
	rm -rf build web/dist .mypy_cache .ruff_cache .pytest_cache
