# `make run` and `make test` are all that a newcomer needs. CONTRIBUTING.md says what the others are for.
.PHONY: run test check bench build clean

run:
	@scripts/require sqlite-dev
	@swift build -c release --static-swift-stdlib --product gatectl
	@swift build -c release --static-swift-stdlib --product gate-server
	@scripts/run-demo

test:
	@scripts/test

check:
	@scripts/check

bench:
	@scripts/require sqlite-dev bench
	@swift build -c release --static-swift-stdlib --product gate-server
	@for bench in scripts/bench/[a-z]*; do [ -x "$$bench" ] && "$$bench" || exit 1; done

build:
	@scripts/require sqlite-dev
	@swift build

clean:
	rm -rf .build .gate
