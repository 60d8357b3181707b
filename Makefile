# `make` alone prints this list. Everything happens in .venv, which is made when first needed.

VENV   ?= .venv
PY     := $(VENV)/bin/python
# One more than there are cores: many tests wait for processes of their own, and a core would wait with them.
JOBS   ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1 )))
ARGS   ?=
IMAGE  ?= messaging-gateway

# A Python that fits pyproject.toml. `make PYTHON=/path/to/python3.12 run` chooses another one.
FITS   := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do "$$p" -c "$(FITS)" 2>/dev/null && echo "$$p" && break; done)

export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_ROOT_USER_ACTION = ignore

# An editable install, so that what runs is always the source here. Its build prints a warning about exactly that.
INSTALL := PYTHONWARNINGS="ignore:Editable installation" $(PY) -m pip install --quiet --editable

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check lint types imports deps unit fmt migrate migration sim bench demo image docs clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.run ## Start the gateway on http://127.0.0.1:3000 (migrates its database first)
	@$(PY) -m gateway serve

demo: $(VENV)/.dev ## See it work in a minute, without any account
	@$(PY) -m tests.demo

test: $(VENV)/.dev ## Run the tests on every core (ARGS="-k word" to choose)
	$(PY) -m pytest -n $(JOBS) --dist worksteal --ignore=tests/benchmarks $(ARGS)

check: lint types imports deps unit ## Everything that can be checked without running it

lint: $(VENV)/.dev ## ruff: rules and format
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(VENV)/.dev ## mypy --strict
	$(PY) -m mypy --strict

imports: $(VENV)/.dev ## Who may import whom
	$(VENV)/bin/lint-imports

deps: $(VENV)/.dev ## Installed packages fit each other
	$(PY) -m pip check

# The unit names paths of a server; here its program is replaced by one that exists, so that the rest can be verified.
unit: $(VENV)/.dev ## deploy/gateway.service, where systemd is at hand
	@if command -v systemd-analyze >/dev/null; then \
	  dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	  sed -E 's#^(ExecStart=)[^ ]+#\1$(abspath $(PY))#; s#^WorkingDirectory=.*#WorkingDirectory=/#' \
	    deploy/gateway.service > "$$dir/gateway.service" && \
	  systemd-analyze verify "$$dir/gateway.service" && echo "deploy/gateway.service: verified"; \
	else echo "deploy/gateway.service: not verified, there is no systemd-analyze here"; fi

fmt: $(VENV)/.dev ## Format, and fix what can be fixed
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

migrate: $(VENV)/.run ## Bring the database to the present schema
	@$(PY) -m gateway migrate

migration: $(VENV)/.dev ## Write a migration from the tables (name="what changes")
	@test -n "$(name)" || { echo 'Say what changes: make migration name="add a column for ..."'; exit 2; }
	$(PY) -m piccolo.main migrations new gateway --auto --desc="$(name)"

sim: $(VENV)/.dev ## Run the simulators of the outside world by hand
	@$(PY) -m tests.simulators

bench: $(VENV)/.dev ## Print how fast it is, as ratios
	@$(PY) -m tests.benchmarks

docs: $(VENV)/.run ## Write what docs/ has from the source: settings and events
	@$(PY) docs/generate.py

image: ## Build the container image, with podman or docker
	$$(command -v podman || command -v docker) build -f Containerfile -t $(IMAGE) .

clean: ## Remove .venv and caches; data/ stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .schemathesis build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---------------------------------------------------------------- the environment, remade when pyproject.toml changes

$(PY):
	@test -n "$(PYTHON)" && "$(PYTHON)" -c "$(FITS)" || { \
	  echo "Python 3.11 to 3.13 with venv is needed; none was found$(if $(PYTHON), at $(PYTHON),)."; \
	  echo "Install it (Debian, Ubuntu: apt install python3 python3-venv) or name one: make PYTHON=/path/to/python3.12 ..."; \
	  exit 2; }
	"$(PYTHON)" -m venv $(VENV)

$(VENV)/.run: pyproject.toml | $(PY)
	$(INSTALL) .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(PY)
	$(INSTALL) ".[dev]"
	@touch $@ $(VENV)/.run
