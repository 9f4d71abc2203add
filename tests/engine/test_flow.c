/* test_flow.c: what a flow remembers between polls, over a long life. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/flow.h"

/* CodeDeploy remembers by deployment, and there is always another one. */
static void what_is_remembered_stays_bounded(void **state)
{
    char key[32];
    (void)state;
    struct sw_setup_source source = {0};
    struct sw_setup setup = {.sources = &source};
    struct sw_flow flow = {.setup = &setup};
    sw_mutex_init(&source.lock);
    for (int i = 1; i <= 20000; i++) {
        snprintf(key, sizeof key, "d-%d", i);
        flow.now_ms = i;
        sw_flow_set_last(&flow, key);
        sw_flow_set_last(&flow, "always");
        assert_int_equal(sw_flow_last(&flow, key), i);
    }
    assert_true(source.last_count <= 1000);
    assert_int_equal(sw_flow_last(&flow, "always"), 20000);
    assert_int_equal(sw_flow_last(&flow, "d-19900"), 19900); /* the oldest go */
    assert_int_equal(sw_flow_last(&flow, "d-1"), 0);
    sw_mutex_clear(&source.lock);
    free(source.last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_remembered_stays_bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
