/*
 * term.c: see term.h.
 *
 * Drawing: cells that differ from the last canvas go into stdscr, then one doupdate, between the
 * marks of synchronized output (DEC private mode 2026) so that nobody sees half a picture. curses
 * buffers its own output and flushes it in doupdate; the marks are written around it, not through
 * it. Source: "Synchronized Output", contour terminal documentation, read 2026-01.
 *
 * Reading goes through a pad: reading from stdscr would refresh it in the middle.
 *
 * A crash (SIGSEGV and its kin, a failed assertion) and Ctrl-\ write a string prepared at the start
 * that turns every mode off, and restore the line settings; both are safe in a signal handler.
 */
#define NCURSES_WIDECHAR 1
#include "term.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "memory.h"
#include "wake.h"

#define ESCAPE_DELAY_MS 25
#define PAIRS_MAX       600
#define CODE_PASTE_ON   (KEY_MAX + 1)
#define CODE_PASTE_OFF  (KEY_MAX + 2)
#define SYNC_BEGIN      "\033[?2026h"
#define SYNC_END        "\033[?2026l"
#define PASTE_ON        "\033[?2004h"
#define PASTE_OFF       "\033[?2004l"

/* What the crash handler needs; filled before the screen is taken. */
static char farewell[512];
static size_t farewell_len;
static struct termios line_before;
static volatile sig_atomic_t is_up;
static int error_before = -1; /* the real standard error */

static SCREEN *screen;
static WINDOW *input;
static struct canvas shown; /* what the terminal shows; zeroed: nothing of ours */
static enum charset charset;
static enum color_depth depth;
static bool is_direct; /* the terminal's numbers are RGB, those below 8 apart */
static bool is_modern; /* knows synchronized output and bracketed paste, or ignores them safely */
static bool wants_repaint;
static int ahead = KEY_NOTHING;
static struct {
    int fg, bg;
} pairs[PAIRS_MAX];
static int pair_count;

/* ---------------------------------------------------------------------- output */

static void write_all(const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(STDOUT_FILENO, text, len);
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
            if (poll(&out, 1, 1000) <= 0 || (out.revents & (POLLERR | POLLHUP)))
                return;
        } else if (n < 0 && errno != EINTR) {
            return; /* the line is gone: the loop will notice */
        }
    }
}

static void send(const char *text)
{
    if (is_modern)
        write_all(text, strlen(text));
}

/* ----------------------------------------------------------------------- crash */

/* Safe in a signal handler. */
static void say_farewell(void)
{
    ssize_t ignored = write(STDOUT_FILENO, farewell, farewell_len);
    (void)ignored;
    tcsetattr(STDIN_FILENO, TCSANOW, &line_before);
}

/* Safe in a signal handler. */
static void give_back(void)
{
    if (!is_up)
        return;
    is_up = 0;
    say_farewell();
    if (error_before >= 0)
        dup2(error_before, STDERR_FILENO);
}

static void on_crash(int sig)
{
    give_back();
    signal(sig, SIG_DFL);
    raise(sig);
}

static void on_assert(const char *message)
{
    (void)message; /* printed by the caller, now on the real standard error */
    give_back();
}

static void add_farewell(const char *text)
{
    /* Padding like $<2> is for devices of long ago. */
    for (; text != NULL && text != (const char *)-1 && *text != '\0'; text++) {
        if (text[0] == '$' && text[1] == '<' && strchr(text, '>') != NULL) {
            text = strchr(text, '>');
            continue;
        }
        if (farewell_len + 1 < sizeof farewell)
            farewell[farewell_len++] = *text;
    }
}

static const char *capability(const char *name)
{
    char copy[32]; /* tigetstr takes a char * */
    tui_format(copy, sizeof copy, "%s", name);
    return tigetstr(copy);
}

static void prepare_farewell(void)
{
    farewell_len = 0;
    if (is_modern)
        add_farewell(SYNC_END PASTE_OFF);
    add_farewell(capability("sgr0"));
    add_farewell(capability("rmkx"));
    add_farewell(capability("cnorm"));
    const char *back = capability("rmcup");
    add_farewell(back);
    if (back == NULL || back == (const char *)-1)
        add_farewell("\r\n");
}

static void catch_crashes(void)
{
    static char stack[65536];
    static const int signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT};
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&alternate, NULL);
    struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK | (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < TUI_COUNT(signals); i++)
        sigaction(signals[i], &action, NULL);
    sw_assert_on_fail(on_assert);
}

/* ---------------------------------------------------------------------- locale */

enum charset term_locale(bool is_ascii, char *note, size_t note_size)
{
    if (note != NULL && note_size > 0)
        note[0] = '\0';
    if (setlocale(LC_ALL, "") == NULL) {
        bool has_utf8 = setlocale(LC_ALL, "C.UTF-8") != NULL;
        if (note != NULL)
            tui_format(note, note_size,
                       "the locale asked for (LANG, LC_ALL) is not installed here: using %s",
                       has_utf8 ? "C.UTF-8" : "C");
    }
    setlocale(LC_NUMERIC, "C");
    const char *term = getenv("TERM");
    if (is_ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        return CHARSET_ASCII;
    return term != NULL && strcmp(term, "linux") == 0 ? CHARSET_CONSOLE : CHARSET_UTF8;
}

/* ------------------------------------------------------------------------ open */

bool term_is_there(void)
{
    const char *term = getenv("TERM");
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term != NULL && term[0] != '\0' &&
           strcmp(term, "dumb") != 0;
}

static bool starts_with_any(const char *text, const char *const *starts)
{
    for (size_t i = 0; starts[i] != NULL; i++) {
        if (strncmp(text, starts[i], strlen(starts[i])) == 0)
            return true;
    }
    return false;
}

/* TERM=*-direct. Source: user_caps(5) of ncurses 6.4, "RGB", which may be of
 * any type. */
static bool has_rgb(void)
{
    char name[] = "RGB";
    char *text = tigetstr(name);
    return COLORS >= COLOR_TRUE &&
           (tigetflag(name) == 1 || tigetnum(name) > 0 || (text != NULL && text != (char *)-1));
}

static enum color_depth choose_depth(enum color_when when)
{
    const char *no_color = getenv("NO_COLOR");
    bool is_refused = no_color != NULL && no_color[0] != '\0';
    is_direct = false;
    if (when == COLOR_WHEN_NEVER || (when == COLOR_WHEN_AUTO && is_refused) || !has_colors())
        return COLOR_NONE;
    start_color();
    use_default_colors();
    is_direct = has_rgb();
    enum color_depth has = is_direct       ? COLOR_TRUE
                           : COLORS >= 256 ? COLOR_256
                           : COLORS >= 16  ? COLOR_16
                           : COLORS >= 8   ? COLOR_8
                                           : COLOR_NONE;
    enum color_depth most = color_when_most(when);
    return has < most ? has : most;
}

static void redirect_errors(const char *path)
{
    int to = -1;
    if (path != NULL)
        to = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0)
        to = open("/dev/null", O_WRONLY | O_CLOEXEC);
    error_before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (to >= 0) {
        dup2(to, STDERR_FILENO);
        close(to);
    }
}

static void restore_errors(void)
{
    if (error_before < 0)
        return;
    dup2(error_before, STDERR_FILENO);
    close(error_before);
    error_before = -1;
}

static void set_line(void)
{
    cbreak();
    noecho();
    nonl();
    typeahead(-1);
    curs_set(0);
    /* Ctrl-S must not freeze a screen that people trust. */
    struct termios line;
    if (tcgetattr(STDIN_FILENO, &line) == 0) {
        line.c_iflag &= ~(tcflag_t)IXON;
        tcsetattr(STDIN_FILENO, TCSANOW, &line);
        def_prog_mode();
    }
}

static enum sw_code cannot_use(struct sw_error *err)
{
    const char *term = getenv("TERM");
    if (err != NULL) {
        *err = (struct sw_error){.code = SW_E_UNSUPPORTED};
        tui_format(
            err->text, sizeof err->text,
            "cannot use a terminal of type \"%.32s\": its description is not installed or lacks "
            "what is needed; try TERM=xterm-256color",
            term ? term : "");
    }
    return SW_E_UNSUPPORTED;
}

enum sw_code term_open(const struct term_options *options, struct sw_error *err)
{
    static const char *const modern[] = {"xterm",     "screen",  "tmux",    "rxvt", "foot",
                                         "alacritty", "kitty",   "wezterm", "vte",  "konsole",
                                         "st-",       "contour", NULL};
    const char *term = getenv("TERM");
    if (tcgetattr(STDIN_FILENO, &line_before) != 0)
        return cannot_use(err);
    use_tioctl(TRUE); /* the window's size counts, not LINES and COLUMNS */
    const char *delay = getenv("ESCDELAY");
    if (delay == NULL || delay[0] == '\0')
        set_escdelay(ESCAPE_DELAY_MS);
    screen = newterm(NULL, stdout, stdin);
    if (screen == NULL && getenv("COLORTERM") != NULL)
        screen = newterm("xterm-256color", stdout, stdin);
    if (screen == NULL)
        return cannot_use(err);
    is_modern = term != NULL && starts_with_any(term, modern);
    charset = term_locale(options->is_ascii, NULL, 0);
    set_line();
    input = newpad(1, 1);
    keypad(input, TRUE);
    nodelay(input, TRUE);
    define_key("\033[200~", CODE_PASTE_ON);
    define_key("\033[201~", CODE_PASTE_OFF);
    depth = choose_depth(options->color);
    pair_count = 0;
    prepare_farewell();
    redirect_errors(options->error_log);
    is_up = 1;
    catch_crashes();
    send(PASTE_ON);
    return SW_OK;
}

static void drop_screen(void)
{
    if (input != NULL)
        delwin(input);
    input = NULL;
    if (screen != NULL)
        delscreen(screen);
    screen = NULL;
    canvas_clear(&shown);
    ahead = KEY_NOTHING;
}

void term_close(void)
{
    if (screen == NULL)
        return;
    is_up = 0;
    send(PASTE_OFF);
    curs_set(1);
    endwin();
    tcsetattr(STDIN_FILENO, TCSANOW, &line_before);
    drop_screen();
    restore_errors();
}

void term_abandon(void)
{
    if (screen == NULL)
        return;
    is_up = 0;
    /* A SIGHUP need not mean that nobody is there. From the background, SIGTTOU would stop us. */
    signal(SIGTTOU, SIG_IGN);
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    if (poll(&out, 1, 0) == 1 && out.revents == POLLOUT)
        say_farewell();
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere >= 0) {
        dup2(nowhere, STDIN_FILENO);
        dup2(nowhere, STDOUT_FILENO);
        close(nowhere);
    }
    endwin();
    drop_screen();
    /* Standard error stays in the log: the real one was the terminal. */
    if (error_before >= 0)
        close(error_before);
    error_before = -1;
}

void term_suspend(void)
{
    send(PASTE_OFF);
    curs_set(1);
    endwin();
    is_up = 0;
    wake_stop_self();
    is_up = 1;
    tcgetattr(STDIN_FILENO, &line_before);
    reset_prog_mode();
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0 &&
        is_term_resized(size.ws_row, size.ws_col))
        resizeterm(size.ws_row, size.ws_col);
    curs_set(0);
    send(PASTE_ON);
    term_repaint();
}

void term_size(int *rows, int *cols)
{
    getmaxyx(stdscr, *rows, *cols);
}

enum charset term_charset(void)
{
    return charset;
}

enum color_depth term_depth(void)
{
    return depth;
}

/* ------------------------------------------------------------------------ draw */

/* What this terminal calls a colour of ours. */
static int number_of(int color)
{
    if (!is_direct || color < 8)
        return color;
    if (color < 16)
        return color - 8; /* its bright colours have no number */
    return depth == COLOR_TRUE ? color : color_of_256(color) > 7 ? color_of_256(color) : 0x010101;
}

/* The terminal's own colours have a pair of ours too: leaving pair 0 or going back to it makes
 * curses reset every attribute beside the colour. */
static int pair_of_text(int fg, int bg)
{
    if (depth == COLOR_NONE)
        return 0;
    for (int i = 0; i < pair_count; i++) {
        if (pairs[i].fg == fg && pairs[i].bg == bg)
            return i + 1;
    }
    int limit = COLOR_PAIRS - 1 < PAIRS_MAX ? COLOR_PAIRS - 1 : PAIRS_MAX;
    if (pair_count >= limit ||
        init_extended_pair(pair_count + 1, number_of(fg), number_of(bg)) == ERR)
        return 0;
    pairs[pair_count].fg = fg;
    pairs[pair_count].bg = bg;
    return ++pair_count;
}

/* Where nothing stands, pair 0 is what a cleared screen shows already. */
static int pair_of_blank(int fg, int bg)
{
    return fg == COLOR_DEFAULT && bg == COLOR_DEFAULT ? 0 : pair_of_text(fg, bg);
}

/* A blank shows nothing but its background (reversed, its foreground). */
static bool can_borrow(const struct look *look, const struct look *before)
{
    return look->bg == before->bg && look->is_reverse == before->is_reverse &&
           (!look->is_reverse || look->fg == before->fg) && !look->is_underlined &&
           !before->is_underlined;
}

static void put_cell(int row, int col, const struct cell *cell, const struct look *look, int pair)
{
    attr_t attrs = (look->is_bold ? A_BOLD : 0U) | (look->is_dim ? A_DIM : 0U) |
                   (look->is_underlined ? A_UNDERLINE : 0U) | (look->is_reverse ? A_REVERSE : 0U);
    wchar_t text[CCHARW_MAX + 1] = {(wchar_t)cell->base};
    for (size_t i = 0; i < CELL_MARKS; i++)
        text[i + 1] = (wchar_t)cell->marks[i];
    cchar_t out;
    if (cell->base != 0 && setcchar(&out, text, attrs, 0, &pair) == OK)
        mvadd_wch(row, col, &out);
}

static bool is_same(const struct cell *a, const struct cell *b)
{
    return a->base == b->base && a->role == b->role && a->layer == b->layer &&
           a->is_reverse == b->is_reverse && a->theme == b->theme && a->marks[0] == b->marks[0] &&
           a->marks[1] == b->marks[1];
}

/* Blanks up to so many belong to the words around them; longer ones stand alone. */
enum { GAP_MAX = 8 };

/* Does a word follow soon? */
static bool is_gap(const struct canvas *canvas, int row, int col)
{
    int last = col + GAP_MAX < canvas->cols ? col + GAP_MAX : canvas->cols;
    for (; col < last; col++)
        if (canvas_at(canvas, row, col)->base != ' ')
            return true;
    return false;
}

/* A blank between words takes the look of the word before it, so that both go out without a change
 * of colour. What a blank looks like so depends on the words around it alone, never on what stood
 * there before: curses then finds rows that only moved. */
static void put_span(const struct canvas *canvas, const struct theme *theme, int row, int from,
                     int end)
{
    struct look before = {0};
    bool is_behind_word = false;
    int begin = from > GAP_MAX ? from - GAP_MAX : 0; /* a word there may lend its look */
    for (int col = begin; col < end; col++) {
        const struct cell *cell = canvas_at(canvas, row, col);
        struct look look = theme_look(theme, depth, cell);
        bool is_blank = cell->base == ' ';
        bool is_borrowed =
            is_blank && is_behind_word && can_borrow(&look, &before) && is_gap(canvas, row, col);
        if (is_borrowed)
            look = before;
        is_behind_word = !is_blank || is_borrowed;
        before = look;
        if (col >= from)
            put_cell(row, col, cell, &look,
                     is_behind_word ? pair_of_text(look.fg, look.bg)
                                    : pair_of_blank(look.fg, look.bg));
    }
}

/* Sends what differs in the row to stdscr; false: nothing does. */
static bool put_row(const struct canvas *canvas, const struct theme *theme, int row, int end,
                    bool is_all)
{
    int first = 0;
    int last = end - 1;
    while (!is_all && first < end &&
           is_same(canvas_at(canvas, row, first), canvas_at(&shown, row, first)))
        first++;
    while (!is_all && last > first &&
           is_same(canvas_at(canvas, row, last), canvas_at(&shown, row, last)))
        last--;
    if (first >= end)
        return false;
    /* Words that come or go change the blanks around them. */
    put_span(canvas, theme, row, first > GAP_MAX ? first - GAP_MAX : 0,
             last + GAP_MAX < end ? last + GAP_MAX + 1 : end);
    return true;
}

/* Sends what differs to stdscr; false: nothing does. */
static bool put_changes(const struct canvas *canvas, const struct theme *theme, bool is_all)
{
    bool has_any = false;
    int rows;
    int cols;
    term_size(&rows, &cols);
    int end = canvas->cols < cols ? canvas->cols : cols;
    for (int row = 0; row < canvas->rows && row < rows; row++) {
        bool is_corner = row == rows - 1 && end == cols; /* writing its last cell can scroll */
        if (put_row(canvas, theme, row, is_corner ? end - 1 : end, is_all))
            has_any = true;
    }
    return has_any;
}

void term_draw(const struct canvas *canvas, const struct theme *theme)
{
    static char last_theme[THEME_NAME];
    bool is_all = wants_repaint || shown.rows != canvas->rows || shown.cols != canvas->cols ||
                  strcmp(last_theme, theme->name) != 0;
    if (strcmp(last_theme, theme->name) != 0)
        pair_count = 0; /* everything is drawn again: those of the last one may go */
    if (is_all) {
        /* The background of the theme reaches everywhere, also into the last cell. */
        struct cell blank = {.base = ' '};
        struct look look = theme_look(theme, depth, &blank);
        int pair = pair_of_blank(look.fg, look.bg);
        cchar_t fill;
        setcchar(&fill, L" ", 0, 0, &pair);
        wbkgrndset(stdscr, &fill);
        werase(stdscr);
    }
    if (!put_changes(canvas, theme, is_all) && !is_all)
        return;
    if (wants_repaint)
        clearok(curscr, TRUE);
    send(SYNC_BEGIN);
    wnoutrefresh(stdscr);
    doupdate();
    send(SYNC_END);
    wants_repaint = false;
    tui_format(last_theme, sizeof last_theme, "%s", theme->name);
    if (shown.rows != canvas->rows || shown.cols != canvas->cols) {
        canvas_clear(&shown);
        canvas_init(&shown, canvas->rows, canvas->cols, canvas->charset);
    }
    memcpy(shown.cells, canvas->cells,
           (size_t)canvas->rows * (size_t)canvas->cols * sizeof *shown.cells);
}

void term_repaint(void)
{
    wants_repaint = true;
}

/* ------------------------------------------------------------------------ keys */

static int key_of_code(int code)
{
    switch (code) {
    case KEY_UP:
        return KEY_ARROW_UP;
    case KEY_DOWN:
        return KEY_ARROW_DOWN;
    case KEY_LEFT:
        return KEY_ARROW_LEFT;
    case KEY_RIGHT:
        return KEY_ARROW_RIGHT;
    case KEY_PPAGE:
        return KEY_PAGE_BACK;
    case KEY_NPAGE:
        return KEY_PAGE_NEXT;
    case KEY_HOME:
        return KEY_TO_HOME;
    case KEY_END:
        return KEY_TO_END;
    case KEY_ENTER:
        return KEY_RETURN;
    case KEY_BACKSPACE:
        return KEY_ERASE;
    case KEY_RESIZE:
        term_repaint();
        return KEY_RESIZED;
    case CODE_PASTE_ON:
        return KEY_PASTE_START;
    case CODE_PASTE_OFF:
        return KEY_PASTE_STOP;
    default:
        return KEY_OTHER;
    }
}

static int read_key(void)
{
    wint_t code = 0;
    int kind = wget_wch(input, &code);
    if (kind == KEY_CODE_YES)
        return key_of_code((int)code);
    if (kind != OK)
        return KEY_NOTHING;
    return code == 0 || code >= KEY_SPECIAL ? (int)KEY_OTHER : (int)code;
}

int term_key(void)
{
    int key = ahead != KEY_NOTHING ? ahead : read_key();
    ahead = KEY_NOTHING;
    return key;
}

bool term_has_more(void)
{
    if (ahead == KEY_NOTHING)
        ahead = read_key();
    return ahead != KEY_NOTHING;
}
