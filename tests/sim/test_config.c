/* The configuration that the simulator writes is one that the program reads without a complaint. */
#include "config/config.h"
#include "config/problems.h"
#include "engine/parts.h"
#include "engine/setup.h"
#include "process.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A platform is there when its services are. */
static size_t expected_platforms(void)
{
    bool has_apple = sim_service_index("app_store") != SIZE_MAX;
    bool has_aws = sim_service_index("cloudwatch") != SIZE_MAX &&
                   sim_service_index("codedeploy") != SIZE_MAX;

    return (size_t)2 + (has_apple ? 1u : 0u) + (has_aws ? 2u : 0u);
}

static void written_config_is_accepted(void **state)
{
    static const double speeds[] = {1, 60, 3600};
    char dir[] = "/tmp/slipway-sim-test-XXXXXX";
    const struct sw_parts parts = {.kinds = sw_source_kinds};
    size_t n_kinds = 0;
    struct sw_kind_info *kinds = sw_setup_infos(&parts, &n_kinds);
    char error[256] = "";

    (void)state;
    assert_non_null(mkdtemp(dir));
    char *path = sim_printf("%s/config.yaml", dir);
    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
        struct sim_process process = {.dir = dir, .world_name = "rollout-week"};
        process.sim = sim_new("rollout-week", speeds[i], 1);
        for (size_t s = 0; sim_services[s] != NULL; s++)
            snprintf(process.sim->url[s], sizeof process.sim->url[s], "http://127.0.0.1:%zu",
                     4001 + s);
        assert_true(sim_config_write(&process, error));

        struct sw_problems problems = {0};
        struct sw_config *config = NULL;
        struct sw_error err = {0};
        enum sw_code code = sw_config_load(path, kinds, n_kinds, &config, &problems, &err);
        if (code != SW_OK)
            fail_msg("speed %g: %s", speeds[i], err.text);
        assert_int_equal(problems.count, 0);
        assert_true(config->is_simulation);
        assert_int_equal(config->platform_count, expected_platforms());
        sw_config_free(config);
        sw_problems_free(&problems);
        sim_free(process.sim);
    }
    unlink(path);
    rmdir(dir);
    free(path);
    free(kinds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(written_config_is_accepted)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
