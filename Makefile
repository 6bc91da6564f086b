# The door to everything; `make help` lists it. Set-up talks on stderr only, so that `make -s outputs` prints JSON alone.
.DEFAULT_GOAL := help
.PHONY: help setup image aws-plugins run outputs tools-path test suite test-kill test-guests test-strict test-clock check lint format docs bench lock clean distclean
MAKEFLAGS += --no-print-directory

IN_ENV := . ./env &&
BIN := .venv/bin
STACK ?= local
# Words for the program behind a target: make run ARGS='debian-13-server', make test ARGS='-k media'
ARGS ?=
# Whose machines `make test-guests` takes: a recipe that the stack builds.
RECIPE ?= debian-13-server
# Tests that stand alone run side by side, three at a time: some wait for packets, and the others work meanwhile. Those of one
# xdist_group share what takes minutes to make. Tests that share a stack, an account or a machine with the others of their file
# run file by file, three files at a time: what a file shares is made once, and while one waits the others work.
QUICK_TESTS := $(wildcard tests/unit tests/project)
SHARED_TESTS := $(wildcard $(addprefix tests/integration/,apt aws cli engine judges) tests/doubles_selftest)
# The longest first: what is left at the end should not keep the others waiting. A file of doubled runs is among them: it
# waits more than it works, and goes on beside those that boot machines.
LONGEST_TESTS := $(wildcard tests/e2e/test_default_recipe.py tests/e2e/test_pipeline.py tests/integration/aws/test_killed_runs.py)
MACHINE_TESTS := $(wildcard tests/e2e tests/integration/machine)
# File by file: of a folder and a file in it pytest keeps the folder's order.
FILES_OF = $(wildcard $(addsuffix /test_*.py,$(1)) $(addsuffix /*/test_*.py,$(1)))
LONG_TESTS := $(LONGEST_TESTS) $(filter-out $(LONGEST_TESTS),$(call FILES_OF,$(MACHINE_TESTS) $(SHARED_TESTS)))
PYTEST := $(IN_ENV) python -m pytest
SIDE_BY_SIDE := -n 3 --dist loadgroup
BY_FILE := -n 3 --dist loadfile --no-loadscope-reorder
# `make test` runs the quick tests at today's date. `make check` runs the same ones here: no second pass is needed to find a date that expires.
CHECKED_DATE := --clock +400d

help: ## this list
	@sed -n 's/^\([a-z-]*\):.* ## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "make %-11s %s\n", $$1, $$2}'

setup: ## install what is missing: Debian packages, .venv, the Pulumi CLI, the passphrase (nothing when all is there)
	@tools/setup/setup.sh

image: setup ## build, test and release the images of the stack `local` (STACK=name for another)
	@$(IN_ENV) hallmark up $(STACK) $(ARGS)

aws-plugins: setup ## fetch Pulumi's two plugins for stacks on AWS, once for all checkouts
	@$(IN_ENV) python -m hallmark.engine.plugins

run: setup ## boot the released image and say how to sign in by SSH (ARGS: which one)
	@$(IN_ENV) hallmark run --stack $(STACK) $(ARGS)

outputs: setup ## the stack's outputs as JSON
	@$(IN_ENV) hallmark outputs $(STACK)

tools-path: setup ## the folder of the `pulumi` in use
	@readlink -f .hallmark/tools

test: lint ## all checks and all tests, those that boot machines included; nothing of this machine may be changed by them
	@$(IN_ENV) python -m tests.support.host_untouched $(MAKE) suite

suite: # what `make test` runs, with an eye on this machine
	@$(PYTEST) $(SIDE_BY_SIDE) $(ARGS) $(QUICK_TESTS) $(wildcard tests/integration/guest)
	@$(PYTEST) $(BY_FILE) $(ARGS) $(LONG_TESTS)

test-kill: setup ## a run on AWS is killed after each of its calls in turn, in a doubled account: an hour
	@$(PYTEST) -n 2 $(ARGS) tests/integration/kill

test-guests: image ## two machines of a released image (RECIPE: of which recipe) on a network of their own: attacks, lockout, logs, drift; an hour
	@$(IN_ENV) HALLMARK_TEST_RECIPE=$(RECIPE) python -m pytest $(ARGS) tests/integration/two_machines

test-strict: setup ## an image on a disk of partitions, grown; debian-13-strict with all judges: two hours under emulation
	@$(PYTEST) $(ARGS) tests/integration/strict

test-clock: setup ## all tests without machines a month, 400 days and five years ahead: an hour
	@for days in 30 400 1826; do \
		$(PYTEST) $(SIDE_BY_SIDE) --clock +$${days}d $(ARGS) $(QUICK_TESTS) $(wildcard tests/integration/guest) && \
		$(PYTEST) $(BY_FILE) --clock +$${days}d $(ARGS) $(SHARED_TESTS) || exit 1; \
	done

check: lint ## linters, types, unit and component tests (at a date 400 days ahead): under two minutes
	@$(PYTEST) -q $(SIDE_BY_SIDE) $(CHECKED_DATE) $(ARGS) $(QUICK_TESTS)

lint: setup ## linters and types only
	@tools/lint.sh

format: setup ## put Python and shell into their one format
	@$(BIN)/ruff check --quiet --fix-only . && $(BIN)/ruff format --quiet . && tools/lint.sh --format-shell

docs: setup ## write anew what is generated: tables, pages, docs/iam, the recipes' schema
	@$(BIN)/python -m tools.docs --write

bench: setup ## the measurements of bench/, side by side
	@$(IN_ENV) python -m bench $(ARGS)

lock: setup ## lock the requirements anew, with hashes, after a change of requirements*.in
	@for name in requirements requirements-dev; do \
		$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
			--custom-compile-command 'make lock' --output-file $$name.txt $$name.in || exit 1; \
	done

clean: ## remove what set-up and the checks made, but no image, state, evidence or passphrase
	@rm -rf .venv *.egg-info build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .hallmark/tools .hallmark/tools.stamp
	@find . -name __pycache__ -type d -not -path './.hallmark/*' -prune -exec rm -rf {} +

distclean: clean ## clean, and remove .hallmark too: all images, their evidence, the stack's state
	@if [ -n "$$(find .hallmark/state -path '*/locks/*' -name '*.json' 2>/dev/null)" ]; then \
		echo 'distclean: a run holds the lock of a stack; end it, or `pulumi cancel` it, first' >&2; exit 1; fi
	@rm -rf .hallmark
