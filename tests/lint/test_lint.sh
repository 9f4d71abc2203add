#!/bin/sh
# Every rule of lint.sh refuses its bad sample, and a good tree passes.
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 2
tree=$(mktemp -d "${TMPDIR:-/tmp}/slipway-lint.XXXXXX") || exit 2
trap 'rm -rf "$tree"' EXIT
wrong=0

good_tree() {
    rm -rf "$tree"
    mkdir -p "$tree/core/base" "$tree/core/sources" "$tree/tui" "$tree/tests/example"
    printf '#pragma once\n' >"$tree/core/slipway.h"
    printf '#pragma once\n#include <stdio.h>\n' >"$tree/core/base/a.h"
    printf '#include "base/a.h"\n/* never strcpy(x) */\nint f(void) { return puts("strcpy("); }\n' \
        >"$tree/core/base/a.c"
    printf '#include "slipway.h"\n' >"$tree/tui/main.c"
    printf '#include <git2.h>\n#include "sources/source.h"\n' >"$tree/core/sources/git_tags.c"
    printf '#include "slipway.h"\n' >"$tree/tests/example/third.c"
    touch "$tree/Makefile" "$tree/README.md" "$tree/LICENSE"
}

# refuse NAME WORDS FILE TEXT: with TEXT (printf form) in FILE, lint must fail and say WORDS.
refuse() {
    good_tree
    mkdir -p "$tree/$(dirname "$3")"
    # shellcheck disable=SC2059
    printf "$4" >"$tree/$3"
    if said=$(sh "$here/lint.sh" "$tree" 2>&1); then
        echo "not refused: $1"
        wrong=1
    elif ! echo "$said" | grep -qF -- "$2"; then
        echo "refused for another reason: $1: $said"
        wrong=1
    fi
}

good_tree
if ! sh "$here/lint.sh" "$tree"; then
    echo "the good tree was refused"
    wrong=1
fi

refuse 'upward include' 'base may not include model' core/base/b.c '#include "model/gate.h"\n'
refuse 'sideways include' 'net may not include model' core/net/b.c '#include "model/gate.h"\n'
refuse 'config from store' 'store may not include config' core/store/b.c '#include "config/config.h"\n'
refuse 'source to source' 'never include one another' core/sources/b.c '#include "sources/sentry.h"\n'
refuse 'layerless include' 'write the layer' core/base/b.c '#include "a.h"\n'
refuse 'tui into core' 'only slipway.h' tui/b.c '#include "base/a.h"\n'
refuse 'tui unknown header' 'only slipway.h' tui/b.c '#include "a.h"\n'
refuse 'example beyond' 'only slipway.h' tests/example/b.c '#include "base/a.h"\n'
refuse 'curl elsewhere' 'includes curl' core/net/b.c '#include <curl/curl.h>\n'
refuse 'curses elsewhere' 'includes curses' tui/b.c '#include <ncursesw/curses.h>\n'
refuse 'plain curses elsewhere' 'includes curses' tui/b.c '#include <curses.h>\n'
refuse 'libgit2 elsewhere' 'include libgit2' core/engine/b.c '#include <git2.h>\n'
for name in strcpy strcat strncpy sprintf strtok atoi gmtime localtime system popen alloca \
    json_dumps json_dumpf json_dump_file; do
    refuse "$name" "$name is banned" core/base/b.c "void f(void) { $name(x); }\n"
done
refuse 'banned after a comment' 'strcpy is banned' core/base/b.c '/* x */ void f(void) { strcpy (a, b); }\n'
refuse 'file named utils' 'named for nothing' core/base/utils.c '\n'
refuse 'file at the top' 'does not belong' notes.txt '\n'
refuse 'folder at the top' 'does not belong' src/a.c '\n'
refuse 'file in core itself' 'slipway.h only' core/b.c '\n'
refuse 'unknown layer' 'is no layer' core/other/b.c '\n'
refuse 'trailing blank' 'end of the line' docs/a.md 'x \n'
refuse 'tab' 'tab' core/base/b.c 'int\ta;\n'
refuse 'carriage return' 'carriage return' docs/a.md 'x\r\n'
refuse 'no pragma once' 'pragma once' core/base/b.h 'int f(void);\n'
refuse 'machine path' 'names a machine' docs/a.md 'see /ro''ot/x\n'
refuse 'outside folder' 'names a machine' docs/a.md 'see ..''/shared/x\n'
exit $wrong
