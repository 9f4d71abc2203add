/*
 * fuzz_config.c: whatever a configuration holds, reading it ends with a whole configuration that
 * can be explained, or with at least one error whose position lies in the text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "config/config.h"
#include "support/config_kinds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_problems(const struct sw_problems *problems, bool is_refused)
{
    size_t errors = 0;
    sw_assert(problems->count <= 20);
    for (size_t i = 0; i < problems->count; i++) {
        char text[900];
        const struct sw_problem *problem = &problems->items[i];
        errors += problem->is_warning ? 0 : 1;
        sw_assert(problem->text[0] != '\0' && problem->line >= 0 && problem->column >= 0);
        sw_assert(i == 0 || problem->line >= problems->items[i - 1].line);
        sw_assert(strchr(sw_problem_text(problem, text, sizeof text), '\x1b') == NULL);
    }
    /* Twenty warnings can stand before the first error. */
    sw_assert(is_refused ? errors > 0 || problems->count == 20 : errors == 0);
}

static void check_config(const struct sw_config *config)
{
    char *text = sw_config_explain_text(config, config_kinds);
    sw_assert(text != NULL && strchr(text, '\x1b') == NULL);
    free(text);
    sw_assert(config->source_count > 0 && config->platform_count > 0);
    for (size_t i = 0; i < config->source_count; i++) {
        const struct sw_config_source *source = &config->sources[i];
        sw_assert(source->id != NULL && source->stale_after_s >= source->interval_s);
        sw_assert(source->base_url == NULL || strncmp(source->base_url, "https://", 8) == 0 ||
                  strncmp(source->base_url, "http://127.", 11) == 0 ||
                  strncmp(source->base_url, "http://[::1]", 12) == 0);
    }
    for (size_t i = 0; i < config->platform_count; i++)
        for (size_t s = 1; s < config->platforms[i].plan.count; s++)
            sw_assert(config->platforms[i].plan.stages[s].percent >
                      config->platforms[i].plan.stages[s - 1].percent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_config *config = NULL;
    struct sw_problems problems = {0};
    struct sw_error err = {0};
    char *text = malloc(size + 1);
    sw_assert(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    enum sw_code code = sw_config_parse(text, size, "/c.yaml", config_kinds, config_kind_count,
                                        &config, &problems, &err);
    sw_assert((code == SW_OK) == (config != NULL));
    sw_assert(code == SW_OK || err.text[0] != '\0');
    check_problems(&problems, code != SW_OK);
    if (config != NULL)
        check_config(config);
    sw_config_free(config);
    sw_problems_free(&problems);
    free(text);
    return 0;
}
