# lint.awk: the rules that are seen in a single line; see lint.sh.
# Prints findings as file:line: text to standard error; exit 1 when there are any.

BEGIN {
    # Which layers a layer may include, itself included.
    may["base"] = " base "
    may["model"] = " base model "
    may["net"] = " base net "
    may["config"] = " base model net config "
    may["store"] = " base model net store "
    may["sources"] = " base model net config store sources "
    may["engine"] = " base model net config store sources engine "
    split("strcpy strcat strncpy sprintf vsprintf strtok atoi gmtime localtime system popen alloca " \
          "json_dumps json_dumpf json_dump_file gets", list, " ")
    for (i in list)
        banned[list[i]] = 1
    # Written so that this file does not find itself.
    machine = "[.][.]/share[d]|/wor[k]/|/roo[t]/|/tmp/w[t]/|farm-(studio|bench)|[s]ubagent"
}

function complain(text) {
    print FILENAME ":" FNR ": " text > "/dev/stderr"
    findings++
}

# The code of a line: comments, string and character contents taken out.
function code_of(line,    out, at, c, two, i, n, quote) {
    out = ""
    n = length(line)
    for (i = 1; i <= n; i++) {
        c = substr(line, i, 1)
        two = substr(line, i, 2)
        if (in_comment) {
            if (two == "*/") {
                in_comment = 0
                i++
            }
        } else if (quote != "") {
            if (c == "\\")
                i++
            else if (c == quote)
                quote = ""
        } else if (two == "/*") {
            in_comment = 1
            i++
        } else if (two == "//") {
            break
        } else {
            if (c == "\"" || c == "'")
                quote = c
            out = out c
        }
    }
    return out
}

function check_banned(line,    rest, word) {
    rest = line
    while (match(rest, /[A-Za-z_][A-Za-z0-9_]*[ ]*\(/)) {
        word = substr(rest, RSTART, RLENGTH - 1)
        sub(/ *$/, "", word)
        if (word in banned)
            complain(word " is banned (docs/architecture.md says what to use)")
        rest = substr(rest, RSTART + RLENGTH)
    }
}

function check_own_include(name,    target, stem, word) {
    target = name
    sub(/\/.*/, "", target)
    if (part == "tui" || part == "example") {
        if (index(name, "/") > 0 || (name != "slipway.h" && part == "example"))
            complain("only slipway.h is seen from here, not " name)
        else if (name != "slipway.h" && !((("tui/" name)) in seen_file))
            complain("only slipway.h and headers of tui are seen from here, not " name)
    }
    if (part != "core" || name == "slipway.h")
        return
    if (index(name, "/") == 0)
        complain("write the layer: \"" layer "/" name "\"")
    else if (index(may[layer], " " target " ") == 0)
        complain(layer " may not include " target)
    else if (layer == "sources" && target == "sources" && name != "sources/source.h" &&
             name != "sources/google_errors.h") { # Google's one error object, for each of its APIs
        word = substr(name, 9)
        sub(/[_.].*/, "", word)
        stem = base_name
        sub(/[_.].*/, "", stem)
        if (word != stem)
            complain("sources never include one another: " name)
    }
}

function check_library(name) {
    if (name ~ /^curl\// && FILENAME != "core/net/http.c" && FILENAME !~ "^tests/bench/ref_")
        complain("only core/net/http.c includes curl")
    if (name ~ /^(ncursesw\/)?(n?curses|term|panel|form|menu)\.h$/ && FILENAME != "tui/term.c" &&
        FILENAME !~ "^tests/bench/ref_")
        complain("only tui/term.c includes curses")
    if (name ~ /^git2/ && part != "tests" && FILENAME !~ /^core\/store\/(ledger|git_)[^\/]*\.[ch]$/ &&
        FILENAME !~ /^core\/sources\/git[^\/]*\.[ch]$/)
        complain("only core/store/{ledger,git_}*.c and core/sources/git*.c include libgit2")
}

function end_of_file() {
    if (is_header && !has_pragma) {
        print previous ":1: no #pragma once" > "/dev/stderr"
        findings++
    }
}

BEGIN {
    for (i = 1; i < ARGC; i++)
        seen_file[ARGV[i]] = 1
}

FNR == 1 {
    end_of_file()
    previous = FILENAME
    in_comment = 0
    has_pragma = 0
    is_c = FILENAME ~ /\.[ch]$/
    is_header = FILENAME ~ /\.h$/
    base_name = FILENAME
    sub(/.*\//, "", base_name)
    n = split(FILENAME, path, "/")
    part = path[1]
    layer = n > 2 ? path[2] : ""
    if (part == "tests" && layer == "example")
        part = "example"
    if (part == "core" && n == 2 && FILENAME != "core/slipway.h")
        complain("core/ itself holds slipway.h only")
    if (part == "core" && n > 2 && !(layer in may))
        complain("core/" layer " is no layer")
}

/[ \t]$/ { complain("blank at the end of the line") }
/\r/ { complain("carriage return") }
$0 ~ machine { complain("names a machine or a place outside the project") }
/\t/ && FILENAME !~ /Makefile$|\.mk$/ { complain("tab") }

is_c {
    if ($0 ~ /^#pragma once/)
        has_pragma = 1
    if ($0 ~ /XX[X]\(/)
        debts++
    if ($0 ~ /^[ ]*#[ ]*include[ ]*"/) {
        split($0, bits, "\"")
        check_own_include(bits[2])
        next
    }
    if ($0 ~ /^[ ]*#[ ]*include[ ]*</) {
        name = $0
        sub(/^[^<]*</, "", name)
        sub(/>.*/, "", name)
        check_library(name)
        next
    }
    # Cheap look first: most lines name nothing banned.
    if (in_comment || $0 ~ /\/\*|\/\/|strc|strn|strtok|printf|atoi|time|system|popen|alloca|json_dump|gets/)
        check_banned(code_of($0))
}

END {
    end_of_file()
    if (debts > 0)
        print "lint: " debts " XXX notes"
    exit findings > 0 ? 1 : 0
}
