/* frontend.c: a third front end in forty lines: libslipway.a and slipway.h are enough.
 *
 *   frontend CONFIG            prints every platform once
 *   frontend CONFIG PLATFORM   halts it and says how that ended; exit 0 only when it is seen */
#include <slipway.h>
#include <stdio.h>

static void print(const struct sw_snapshot *snapshot)
{
    char percent[32];
    for (size_t i = 0; i < snapshot->platform_count; i++) {
        const struct sw_platform *p = &snapshot->platforms[i];
        printf("%s %s %s %s\n", p->id, p->version ? p->version : "?", sw_state_name(p->state),
               sw_percent_text(p->percent_set, true, percent, sizeof percent));
    }
}

static int halt(struct sw_core *core, const char *platform)
{
    const struct sw_command command = {.kind = SW_COMMAND_VERB,
                                       .verb = SW_VERB_HALT,
                                       .platform = platform,
                                       .reason = "asked by the example front end"};
    struct sw_outcome *outcome = sw_core_wait_outcome(core, sw_submit(core, &command), 60000);
    bool is_seen = outcome && outcome->result == SW_RESULT_SEEN;
    printf("%s\n", outcome ? outcome->text : "no answer within a minute");
    sw_outcome_free(outcome);
    return is_seen ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct sw_error error = {0};
    struct sw_core *core = NULL;
    const struct sw_open_options options = {.config_path = argv[1], .is_oneshot = true};
    if (argc < 2 || sw_core_open(&options, &core, NULL, &error) || sw_core_start(core, &error)) {
        fprintf(stderr, "frontend: %s\n", argc < 2 ? "CONFIG [PLATFORM]" : error.text);
        sw_core_close(core);
        return 1;
    }
    bool is_polled = sw_core_wait_polled(core, 60000);
    int status = argc > 2 ? halt(core, argv[2]) : is_polled ? 0 : 1;
    struct sw_snapshot *snapshot = sw_core_take_snapshot(core);
    if (snapshot)
        print(snapshot);
    sw_snapshot_free(snapshot);
    sw_core_close(core);
    return status;
}
