/*
 * main.c: the entry of the program.
 */
#include <stdio.h>

#include "slipway.h"

int main(void)
{
    puts("slipway " SLIPWAY_VERSION);
    return SW_OK;
}
