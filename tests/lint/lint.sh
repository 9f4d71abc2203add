#!/bin/sh
# Lint: the rules of this project that a script can check; run by every build.
#
#   lint.sh [DIR]      DIR is the top of the tree, default the current directory
#
# Checked by lint.awk, line by line: which layer includes which, who may include curl, curses and
# libgit2, banned functions, blanks, words that name a machine. Checked here: names of files and
# what stands at the top. Exit 0 when all is well; else every finding is printed as file:line.
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 2
cd "${1:-.}" || exit 2
found=0

complain() {
    echo "$*" >&2
    found=1
}

# What git knows, so that a stray file of the user's own breaks nothing; in a tarball, what is seen.
top_entries() {
    if [ -e .git ] && names=$(git ls-files 2>/dev/null); then
        echo "$names" | cut -d/ -f1 | sort -u | grep -v '^\.'
    else
        ls
    fi
}

for entry in $(top_entries); do
    case $entry in
    core | tui | themes | tests | docs | Makefile | README.md | LICENSE) ;;
    *) complain "$entry: does not belong at the top (see docs/architecture.md)" ;;
    esac
done

files=$(find Makefile README.md .ci core tui themes tests docs -type f \
    ! -path 'tests/data/*' ! -path 'tests/fuzz/corpus/*' \
    \( -name '*.c' -o -name '*.h' -o -name '*.sh' -o -name '*.awk' -o -name '*.md' -o -name '*.yaml' \
    -o -name '*.json' -o -name '*.1' -o -name Makefile -o -path '.ci/*' -o -path 'themes/*' \) 2>/dev/null | sort)
for file in $files; do
    case ${file##*/} in
    utils.* | util.* | misc.* | helpers.* | helper.* | common.*)
        complain "$file: named for nothing; name it for what it owns" ;;
    esac
done

# shellcheck disable=SC2086
awk -f "$here/lint.awk" $files /dev/null || found=1
exit $found
