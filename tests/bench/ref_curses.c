/*
 * The bare curses program every figure of `make bench` stands beside: it shows the lines of one
 * text file (a screen of Slipway's, so the amount of text is the same), moves a highlighted line
 * with j and k, draws anew on a resize, and leaves on q. It asks nobody, keeps no clock and does
 * nothing while nobody types: what it costs is what ncurses and the terminal cost.
 *
 * usage: ref_curses FILE
 */
#include <curses.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINES_MAX = 200, LINE_BYTES = 2048 };

static char text[LINES_MAX][LINE_BYTES];
static int n_lines;

static void read_lines(const char *path)
{
    FILE *in = fopen(path, "re");
    if (!in) {
        perror(path);
        exit(1);
    }
    while (n_lines < LINES_MAX && fgets(text[n_lines], LINE_BYTES, in)) {
        text[n_lines][strcspn(text[n_lines], "\n")] = '\0';
        n_lines++;
    }
    fclose(in);
}

static void draw(int chosen)
{
    erase();
    for (int y = 0; y < LINES && y < n_lines; y++) {
        attrset(y == chosen ? A_REVERSE : y % 4 == 0 ? A_BOLD : A_NORMAL);
        mvaddnstr(y, 0, text[y], -1);
        if (y == chosen)
            mvchgat(y, 0, -1, A_REVERSE, 0, NULL);
    }
    attrset(A_NORMAL);
    refresh();
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 64;
    setlocale(LC_ALL, "");
    read_lines(argv[1]);
    set_escdelay(25);
    SCREEN *screen = newterm(NULL, stdout, stdin);
    if (!screen)
        return 1;
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    curs_set(0);
    int chosen = 1;
    bool is_over = false;
    while (!is_over) {
        draw(chosen);
        struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
        if (poll(&in, 1, -1) > 0 && (in.revents & (POLLHUP | POLLERR)))
            break;
        for (int key = getch(); key != ERR; key = getch()) {
            if (key == 'q')
                is_over = true;
            if (key == 'j' && chosen + 1 < LINES)
                chosen++;
            if (key == 'k' && chosen > 0)
                chosen--;
        }
    }
    endwin();
    delscreen(screen);
    return 0;
}
