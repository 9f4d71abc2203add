#!/bin/sh
# The test runner cannot be fooled: crash, hang, silence, and an error without a failed test count
# as failures; skipped tests are named; the sum is the last line.
set -u
run=${SLIPWAY_BUILD:?run by make test}/../run
box=$(mktemp -d "${TMPDIR:-/tmp}/slipway-runner.XXXXXX") || exit 2
trap 'rm -rf "$box"' EXIT
mkdir -p "$box/b/release/tests/unit"
wrong=0

# program NAME BODY
program() {
    printf '#!/bin/sh\n%s\n' "$2" >"$box/b/release/tests/unit/$1"
    chmod +x "$box/b/release/tests/unit/$1"
}

# expect SUM CODE NAME...: running these ends with SUM and exit code CODE.
expect() {
    sum=$1
    want=$2
    shift 2
    paths=
    for name in "$@"; do paths="$paths $box/b/release/tests/unit/$name"; done
    # shellcheck disable=SC2086
    said=$("$run" -t 1 -b "$box/b" $paths 2>&1)
    code=$?
    if [ "$(echo "$said" | tail -n 1)" != "$sum" ] || [ "$code" != "$want" ]; then
        printf '%s: wanted "%s" and %s, got %s and:\n%s\n' "$*" "$sum" "$want" "$code" "$said"
        wrong=1
    fi
}

says() {
    case $said in
    *"$1"*) ;;
    *)
        printf 'not said: %s\n%s\n' "$1" "$said"
        wrong=1
        ;;
    esac
}

program good 'echo "[  PASSED  ] 3 test(s)."'
program twice 'echo "[  PASSED  ] 2 test(s)."; echo "[  PASSED  ] 1 test(s)."'
program bad 'echo "[  PASSED  ] 2 test(s)."; echo "[  FAILED  ] 1 test(s), listed below:"; echo why; exit 1'
program crash 'echo "[  PASSED  ] 2 test(s)."; kill -SEGV $$'
program error 'echo "[  PASSED  ] 2 test(s)."; exit 3'
program silent 'exit 0'
program none 'echo "[  PASSED  ] 0 test(s)."'
program hang 'sleep 30 & wait'
program skip 'echo "[  PASSED  ] 1 test(s)."; echo "[  SKIPPED ] 1 test(s), listed below:"; echo "[  SKIPPED ] test_ptrace"'
program home 'touch "$HOME/seen.$$"; [ "$(ls "$HOME" | grep -c seen)" = 1 ] && [ -z "${http_proxy:-}" ] && echo "[  PASSED  ] 1 test(s)."'
program script.sh 'exit 0'
program badscript.sh 'exit 1'

expect '3 passed, 0 failed' 0 good
expect '6 passed, 0 failed' 0 good twice
expect '5 passed, 1 failed' 1 good bad
says why
expect '2 passed, 1 failed' 1 crash
says 'killed by signal'
expect '2 passed, 1 failed' 1 error
says 'exit code 3'
expect '3 passed, 1 failed' 1 good silent
says 'ran no test'
expect '3 passed, 1 failed' 1 good none
expect '3 passed, 1 failed' 1 good hang
says 'out of time'
expect '1 passed, 0 failed' 0 skip
says 'SKIPPED'
says 'test_ptrace'
expect '0 passed, 1 failed' 1 missing
expect '1 passed, 0 failed' 0 script.sh
expect '0 passed, 1 failed' 1 badscript.sh
expect '0 passed, 0 failed' 1
http_proxy=http://127.0.0.1:1 expect '1 passed, 0 failed' 0 home
expect '1 passed, 0 failed' 0 home
exit $wrong
