# The commands of the project. `make` alone lists them.

SWIFT ?= swift
PREFIX ?= /usr/local
BIN = .build/release/attnconv
# The shipped program carries the Swift runtime, so it runs where no Swift is installed. Several packages share `.build`:
# a plan of what to build that was kept from another package would build the wrong one.
RELEASE = -c release --static-swift-stdlib --disable-build-manifest-caching

.PHONY: help dependencies fast-engine build release demo examples test fuzz sanitizers lint format docs interoperability bench-programs bench install completions man clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 20

dependencies: ## Install the system packages that a build needs (Debian, Ubuntu)
	@if ! dpkg -s zlib1g-dev libhdf5-dev >/dev/null 2>&1; then \
	  SUDO=$$([ "$$(id -u)" = 0 ] || echo sudo); $$SUDO apt-get update -qq && $$SUDO apt-get install -y -qq zlib1g-dev libhdf5-dev; fi

fast-engine: dependencies ## Install oneDNN, which lets networks run much faster (optional)
	@if ! dpkg -s libdnnl-dev >/dev/null 2>&1; then \
	  SUDO=$$([ "$$(id -u)" = 0 ] || echo sudo); $$SUDO apt-get update -qq && $$SUDO apt-get install -y -qq libdnnl-dev; fi

build: ## Build for debugging
	$(SWIFT) build

release: ## Build the program as it is shipped
	$(SWIFT) build $(RELEASE) --product attnconv

demo: dependencies release ## Install, build, and import a checkpoint of Fixtures/
	rm -rf .build/demo && mkdir -p .build/demo
	$(BIN) import Fixtures/pytorch-legacy/cbam-resnet18-narrow.training.pth.tar -o .build/demo/cbam.safetensors
	$(BIN) inspect .build/demo/cbam.safetensors
	$(BIN) export .build/demo/cbam.safetensors --to pytorch -o .build/demo/back.pth

# The packages of Examples/ and Benchmarks/ share what the program was built from.
PACKAGE = $(SWIFT) build $(RELEASE) --scratch-path .build --package-path
REFERENCES = Fixtures/references

examples: release ## Build the examples and run them on Fixtures/
	$(PACKAGE) Examples/OwnLayer
	$(PACKAGE) Examples/Classify
	.build/release/OwnLayer $(REFERENCES)/module-cbam/checkpoint.safetensors attention. $(REFERENCES)/module-cbam/reference.safetensors
	.build/release/Classify $(REFERENCES)/timm-cbam-resnet18/checkpoint.safetensors Examples/Classify/circles.ppm

test: dependencies ## Build and run the tests
	$(SWIFT) build --build-tests -Xswiftc -warnings-as-errors
	$(SWIFT) test --skip-build -Xswiftc -warnings-as-errors

fuzz: release ## Hand mutated files to the readers, each for a minute (FUZZ_SECONDS)
	Tests/Fuzzing/fuzz.sh

sanitizers: dependencies ## Run the Swift tests with the thread and the address sanitizer
	Tools/sanitizers.sh

lint: ## Check the style of all Swift code
	$(SWIFT) format lint --recursive --strict Package.swift Sources Tests Examples Benchmarks

format: ## Bring all Swift code into style
	$(SWIFT) format --in-place --recursive Package.swift Sources Tests Examples Benchmarks

docs: fast-engine release ## Build the documentation of the library into .build/documentation
	Tools/documentation.sh

interoperability: examples ## Check against real PyTorch, timm, pytorchcv and Keras (installs them)
	Tools/python-environment.sh
	Tools/keras-environment.sh
	OMP_NUM_THREADS=1 ATTNCONV=$(BIN) .venv/bin/python -m pytest Tests/Interoperability -q -n auto --dist loadfile --no-loadscope-reorder

bench-programs: release # What the benchmarks measure, and what they measure against
	$(PACKAGE) Benchmarks/Execution
	Tools/python-environment.sh --with-onnxruntime
	Tools/keras-environment.sh 2

bench: bench-programs ## Measure against cp, PyTorch, Keras and ONNX Runtime; writes Benchmarks/RESULTS.md
	.venv/bin/python Benchmarks/opening.py --write
	.venv/bin/python Benchmarks/import.py --write
	.venv/bin/python Benchmarks/import_keras.py --write
	.venv/bin/python Benchmarks/huge.py --write
	.venv/bin/python Benchmarks/execution.py --write

completions: release ## Print shell completions for bash, zsh and fish into .build/completions
	mkdir -p .build/completions
	for shell in bash zsh fish; do $(BIN) --generate-completion-script $$shell > .build/completions/attnconv.$$shell; done

man: ## Print the man pages into .build/man
	$(SWIFT) package --allow-writing-to-package-directory generate-manual --multi-page --output-directory .build/man

install: release ## Install the program under PREFIX
	install -D -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/attnconv

clean: ## Remove everything that was built
	rm -rf .build .venv .venv-keras2 .venv-keras3
