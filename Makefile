# The daily targets. The build itself is Meson's; ./demo and ./check need nothing but git and a shell.
.PHONY: all check long demo asan fuzz fuzz-regress bench score score-crash golden golden-accept install dist format clean
PREFIX ?= /usr/local

all: build/build.ninja
	@ninja -C build

build/build.ninja:
	@scripts/setup build
	@meson setup build --buildtype=release --prefix=$(PREFIX)

check:
	@./check
long:
	@./check --long
demo:
	@./demo

asan: build-asan/build.ninja
	@ninja -C build-asan
	@ASAN_OPTIONS=abort_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	  meson test -C build-asan --no-rebuild --print-errorlogs --no-suite=e2e --no-suite=house --timeout-multiplier=4
build-asan/build.ninja:
	@scripts/setup tests
	@CC=clang meson setup build-asan -Db_sanitize=address,undefined -Db_lundef=false -Dtests=enabled

# Seconds for each target.
FUZZ_TIME ?= 60
fuzz:
	@scripts/fuzz $(FUZZ_TIME)
fuzz-regress: asan
	@meson test -C build-asan --no-rebuild --print-errorlogs --suite=fuzz
bench: all
	@scripts/bench
score: all
	@scripts/score
score-crash: all
	@scripts/score-crash
golden: all
	@scripts/golden
	@tests/conformance/detect_samples.py build/tests/unit/detect/notes_of
golden-accept: all
	@scripts/golden --accept
	@tests/conformance/detect_samples.py --accept build/tests/unit/detect/notes_of
install: all
	@meson configure build --prefix=$(PREFIX)
	@meson install -C build
dist:
	@scripts/dist
format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i
clean:
	@rm -rf build build-check build-asan build-fuzz build-dist out
