#!/bin/sh
# .ci/setup on machines it will meet, played by fake programs: what it installs, how it becomes
# root, what it says when it cannot, and that it is quick and quiet when all is there.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd) || exit 2
box=$(mktemp -d "${TMPDIR:-/tmp}/slipway-setup-test.XXXXXX") || exit 2
trap 'rm -rf "$box"' EXIT
wrong=0

# machine MANAGER UID [sudo|asks]: a PATH with a package manager, a user and perhaps sudo. The
# libraries are there once the file `installed` exists; every call is written to `calls`.
machine() {
    rm -rf "$box/bin" "$box/installed" "$box/calls" "$box/fail"
    mkdir -p "$box/bin"
    for tool in sh env cat tr sed mktemp dirname mkdir mv rm tail touch; do
        ln -s "$(command -v "$tool")" "$box/bin/$tool" 2>/dev/null
    done
    fake cc 'exit 0'
    fake uname 'echo Linux'
    fake id "echo $2"
    fake sleep 'exit 0'
    fake pkg-config "case \$1 in
--exists) [ -e $box/installed ] ;;
*) echo -lfake ;;
esac"
    fake "$1" "echo $1 \"\$@\" >>$box/calls
case \"\$*\" in
*update*|*-Sy*) rm -f $box/stale; exit 0 ;;
*) [ -e $box/stale ] && exit 1; [ -e $box/fail ] && exit 1; touch $box/installed ;;
esac"
    case ${3:-} in
    sudo) fake sudo "echo sudo \"\$@\" >>$box/calls; [ \"\$1\" = -n ] && shift; [ \"\$1\" = true ] || \"\$@\"" ;;
    asks) fake sudo "echo sudo \"\$@\" >>$box/calls; exit 1" ;;
    esac
}

fake() {
    rm -f "$box/bin/$1"
    printf '#!/bin/sh\n%s\n' "$2" >"$box/bin/$1"
    chmod +x "$box/bin/$1"
}

setup() {
    said=$(PATH=$box/bin "$box/bin/sh" "$top/.ci/setup" "$box/out/setup.mk" 2>&1 </dev/null)
    code=$?
}

# expect WHAT TEST...: the test must hold.
expect() {
    what=$1
    shift
    if ! "$@"; then
        echo "$what: code $code, said: $said"
        cat "$box/calls" 2>/dev/null
        wrong=1
    fi
}

called() { grep -qF -- "$1" "$box/calls" 2>/dev/null; }
not_called() { ! called "$1"; }
says() { case $said in *"$1"*) return 0 ;; *) return 1 ;; esac }

machine apt-get 0
touch "$box/installed"
setup
expect 'all there: succeeds' [ "$code" = 0 ]
expect 'all there: says nothing' [ -z "$said" ]
expect 'all there: installs nothing' [ ! -e "$box/calls" ]
expect 'all there: writes the flags' grep -q 'CORE_LIBS := -lfake' "$box/out/setup.mk"

machine apt-get 0
setup
expect 'root: succeeds' [ "$code" = 0 ]
expect 'root: installs without asking' called 'install -y --no-install-recommends pkg-config libc6-dev libcurl4-openssl-dev'
expect 'root: installs all' called 'libvterm-dev ca-certificates'
expect 'root: no update when not needed' not_called update
expect 'root: one line' [ "$(echo "$said" | wc -l)" = 1 ]

machine apt-get 0
touch "$box/stale"
setup
expect 'stale lists: updates and succeeds' [ "$code" = 0 ]
expect 'stale lists: updates' called update

machine apt-get 0
touch "$box/fail"
setup
expect 'packages not to be had: fails' [ "$code" = 1 ]
expect 'packages not to be had: says the command' says 'run as root:  apt-get install -y --no-install-recommends pkg-config'
rm -f "$box/fail"

machine apt-get 1000 sudo
setup
expect 'sudo without password: succeeds' [ "$code" = 0 ]
expect 'sudo without password: never asks' called 'sudo -n env DEBIAN_FRONTEND=noninteractive apt-get'

machine apt-get 1000 asks
setup
expect 'sudo with password, no terminal: fails' [ "$code" = 1 ]
expect 'sudo with password, no terminal: says the command' says 'run as root:  apt-get install'
expect 'sudo with password, no terminal: installs nothing' not_called 'apt-get install'

machine apt-get 1000
setup
expect 'no root, no sudo: fails' [ "$code" = 1 ]
expect 'no root, no sudo: names what is missing' says 'libmicrohttpd'
expect 'no root, no sudo: says the command' says 'apt-get install -y --no-install-recommends pkg-config libc6-dev libcurl4-openssl-dev libjansson-dev libncurses-dev libgit2-dev zlib1g-dev libyaml-dev libssl-dev libmicrohttpd-dev libcmocka-dev libvterm-dev ca-certificates'
expect 'no root, no sudo: writes nothing' [ ! -e "$box/out/setup.mk.tmp" ]

machine dnf 0
setup
expect 'Fedora' called 'dnf -q install -y gcc pkgconf-pkg-config'
machine apk 0
setup
expect 'Alpine' called 'apk add -q gcc pkgconf'
machine pacman 0
setup
expect 'Arch' called 'pacman -S --needed --noconfirm'
machine brew 1000
fake uname 'echo Darwin'
fake brew "echo brew \"\$@\" >>$box/calls; [ \"\$1\" = --prefix ] && echo /opt || touch $box/installed"
setup
expect 'Homebrew' called 'brew install -q pkg-config curl jansson'

machine nothing 0
setup
expect 'unknown system: fails' [ "$code" = 1 ]
expect 'unknown system: says the names' says 'libcurl4-openssl-dev'
exit $wrong
