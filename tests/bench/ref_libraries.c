/*
 * The least that a program of Slipway's libraries takes: curl, libgit2, jansson, libyaml and
 * ncurses, each set up once and left alone. What Slipway needs beyond it is its own.
 */
#include <curl/curl.h>
#include <curses.h>
#include <git2.h>
#include <jansson.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>
#include <yaml.h>

int main(void)
{
    yaml_parser_t parser;
    setlocale(LC_ALL, "");
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM *multi = curl_multi_init();
    CURL *easy = curl_easy_init();
    git_libgit2_init();
    json_t *tree = json_loads("{}", 0, NULL);
    int has_yaml = yaml_parser_initialize(&parser);
    SCREEN *screen = newterm(NULL, stdout, stdin);
    if (multi == NULL || easy == NULL || tree == NULL || !has_yaml || screen == NULL)
        return 1;
    cbreak();
    noecho();
    addstr("ready");
    refresh();
    while (getch() != 'q')
        continue;
    endwin();
    delscreen(screen);
    yaml_parser_delete(&parser);
    json_decref(tree);
    git_libgit2_shutdown();
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
    curl_global_cleanup();
    return 0;
}
