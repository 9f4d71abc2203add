/*
 * The dashboard, the real binary in a real terminal, on the simulated world: what it shows, what
 * its keys do, and what they never do.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dash.h"

static struct simulator sim;

/* ---------------------------------------------------------------------- showing */

static void shows_every_platform_with_its_figures(void **state)
{
    struct dash dash;
    (void)state;
    dash_open(&dash, &(struct dash_options){.sim = &sim});
    dash_expect(&dash, "2.15.3");
    dash_expect_in_row(&dash, "Android", "ROLLING");
    dash_expect_in_row(&dash, "Android", "20%");
    dash_expect_in_row(&dash, "Wear OS", "READY");
    assert_true(pty_is_on_alternate_screen(dash.pty));
    dash_quit(&dash);
    dash_close(&dash);
}

static int setup(void **state)
{
    (void)state;
    simulator_start(&sim, 60, 3);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return simulator_stop(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_every_platform_with_its_figures),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, setup, teardown);
}
