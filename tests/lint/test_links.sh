#!/bin/sh
# Every link between our documents leads somewhere: the file is there, and so is the heading. The
# architecture names no file that is gone.
set -u
cd "${SLIPWAY_TOP:-$(dirname "$0")/../..}" || exit 2
bad=0

# The anchors of a file, as hosts of git repositories make them from headings.
anchors() {
    sed -n 's/^##* *//p' "$1" | tr 'A-Z' 'a-z' | sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}

for page in README.md docs/*.md docs/*/*.md; do
    for link in $(grep -o ']([^) ]*)' "$page" | sed 's/^](//; s/)$//'); do
        case $link in
        http://* | https://* | mailto:*) continue ;;
        esac
        file=${link%%#*}
        target=$page
        [ -n "$file" ] && target=$(dirname "$page")/$file
        if [ ! -e "$target" ]; then
            echo "$page: $link leads nowhere" >&2
            bad=1
        elif [ "$link" != "$file" ] && ! anchors "$target" | grep -qx -- "${link#*#}"; then
            echo "$page: $link: there is no such heading" >&2
            bad=1
        fi
    done
done
# The files that the architecture names.
for name in $(grep -o '`[a-z_*]*\.[ch]`' docs/architecture.md | tr -d '`' | sort -u); do
    [ -n "$(find core tui tests -name "$name" | head -n 1)" ] || {
        echo "docs/architecture.md: there is no $name" >&2
        bad=1
    }
done
exit $bad
