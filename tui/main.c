/*
 * main.c: the entry of the program; the command line is in cli.c.
 */
#include "cli.h"

int main(int argc, char **argv)
{
    sw_process_harden();
    return cli_main(argc, argv);
}
