/*
 * Bad input on the command line: each answered with one clear error and the exit code of the
 * contract, nothing started and nothing changed. What a person is asked, too: only the right answer
 * acts.
 */
#include "run_cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/pty.h"

static struct simulator sim;
static struct cli_home home;

/* ---------------------------------------------------------------------- helpers */

static char *read_file(const char *path)
{
    char *text = calloc(1, 65536);
    FILE *file = fopen(path, "re");
    assert_non_null(text);
    assert_non_null(file);
    size_t len = fread(text, 1, 65535, file);
    text[len] = '\0';
    fclose(file);
    return text;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static const char *in_home(const char *name)
{
    static char path[4][256];
    static unsigned turn;
    char *out = path[turn++ % 4];
    snprintf(out, sizeof path[0], "%s/%s", home.dir, name);
    return out;
}

/* The simulator's configuration with `from` replaced; every time it stands there. */
static void vary(const char *from, const char *to)
{
    if (!simulator_config_variant(&sim, "variant.yaml", from, to))
        fail_msg("the configuration has no \"%s\"", from);
}

static const char *variant(void)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/variant.yaml", sim.dir);
    return path;
}

static const char *key_of(const char *source)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/keys/%s", sim.dir, source);
    return path;
}

static int64_t requests(void)
{
    static const char *const services[] = {"app_store",        "google_oauth", "google_play",
                                           "google_reporting", "sentry",       "cloudwatch",
                                           "codedeploy"};
    int64_t sum = 0;
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
        sum += simulator_count(&sim, services[i], "requests");
    return sum;
}

/* Every command that starts something says the same, and no request leaves. */
static void expect_refused_config(const char *config, const char *text)
{
    static const char *const lines[] = {"status",
                                        "status --json",
                                        "halt android --yes",
                                        "stop-everything --yes",
                                        "gate android",
                                        "checklist",
                                        "log",
                                        "check",
                                        "screenshot overview",
                                        "dashboard",
                                        "wallboard"};
    struct cli_home bad = home;
    bad.config = config;
    simulator_do(&sim, "DELETE", "/counters", NULL);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        cli_expect_error(&bad, lines[i], 78, text, 1);
    assert_int_equal(requests(), 0);
}

/* ---------------------------------------------------------------- configuration */

static void a_missing_configuration_names_its_place_and_init(void **state)
{
    char wanted[320];
    (void)state;
    expect_refused_config("/nonexistent/place.yaml",
                          "there is no configuration at /nonexistent/place.yaml; `slipway init`");
    snprintf(wanted, sizeof wanted, "there is no configuration at %s/config/slipway/config.yaml",
             home.dir);
    expect_refused_config(NULL, wanted);
}

static void a_malformed_configuration_says_where(void **state)
{
    (void)state;
    write_file(in_home("malformed.yaml"), "version: 1\nplatforms: [\n", 0600);
    expect_refused_config(in_home("malformed.yaml"), "malformed.yaml:");
}

static void wrong_content_says_line_and_what_is_near(void **state)
{
    static const struct {
        const char *from, *to, *says;
    } cases[] = {
        {"captain:", "capitan:", "variant.yaml:2:1: error: unknown key \"capitan\""},
        {"captain:", "capitan:", "did you mean \"captain\"?"},
        {"edit_interval: 60s", "edit_interval: [60s]", "must be one value, not a list"},
        {"edit_interval: 60s", "edit_interval: often", "edit_interval"},
        {"kind: codedeploy", "kind: codedepoy", "did you mean \"codedeploy\"?"},
        {"source: play, package", "source: plya, package", "plya"},
        {"timezone: Europe/Madrid", "timezone: Europe/Madird", "Europe/Madird"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cli_home bad = home;
        vary(cases[i].from, cases[i].to);
        bad.config = variant();
        cli_expect_error(&bad, "status", 78, cases[i].says, 0);
        cli_expect_error(&bad, "halt android --yes", 78, cases[i].says, 0);
    }
}

static void a_platform_twice_says_where_it_was_first(void **state)
{
    struct cli_home bad = home;
    (void)state;
    vary("- id: wear", "- id: android");
    bad.config = variant();
    cli_expect_error(&bad, "status", 78, "platform id \"android\" is used twice (first at line", 0);
}

/* ------------------------------------------------------------------ credentials */

/* The halt and the look at it both name the file; nothing is changed. */
static void expect_bad_key(const char *file, const char *text, int code)
{
    struct cli_home bad = home;
    vary(key_of("play-service-account.json"), file);
    bad.config = variant();
    simulator_do(&sim, "DELETE", "/counters", NULL);
    struct ran ran;
    cli_expect(&bad, &ran, "status", code);
    if (strstr(ran.out, text) == NULL)
        fail_msg("status does not say \"%s\":\n%s", text, ran.out);
    cli_ran_clear(&ran);
    cli_expect_error(&bad, "halt android --yes", code, text, 1);
    cli_expect_error(&bad, "advance android --yes", code, text, 1);
    cli_expect(&bad, &ran, "check", code);
    assert_non_null(strstr(ran.out, text));
    cli_ran_clear(&ran);
    assert_int_equal(simulator_mutating(&sim), 0);
    assert_int_equal(simulator_count(&sim, "google_play", "requests"), 0);
}

/* Nothing is asked without the trace that was asked for, and the reason is not a connection. */
static void a_trace_that_cannot_be_written_is_named(void **state)
{
    (void)state;
    simulator_do(&sim, "DELETE", "/counters", NULL);
    cli_expect_error(&home, "--trace /nonexistent/t halt android --yes", 1,
                     "opening the trace file /nonexistent/t: No such file", 1);
    cli_expect_error(&home, "--trace /dev/null status", 1, "the trace /dev/null is not a regular file",
                     1);
    assert_int_equal(requests(), 0);
}

static void a_key_that_others_can_read_is_not_used(void **state)
{
    char *key = read_file(key_of("play-service-account.json"));
    (void)state;
    write_file(in_home("open.json"), key, 0640);
    expect_bad_key(in_home("open.json"), "can be read by others (mode 0640); run: chmod 600", 78);
    free(key);
}

static void a_key_that_cannot_be_read_is_named(void **state)
{
    (void)state;
    expect_bad_key(in_home("absent.json"), "absent.json: No such file", 78);
    mkdir(in_home("folder"), 0700);
    expect_bad_key(in_home("folder"), "folder is not a regular file", 78);
    if (geteuid() == 0)
        return; /* root reads files of mode 000 */
    write_file(in_home("shut.json"), "{}", 0000);
    expect_bad_key(in_home("shut.json"), "cannot be read by us", 78);
}

/* An elliptic key where Google's is RSA; made for this test, opens nothing. */
static const char ec_key[] = "-----BEGIN PRIVATE KEY-----\\n"
                             "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgwJ9JMKQdL12Lff1e\\n"
                             "KO0Ilpi9xhZ/ic9yXPINe74/NFShRANCAAQGCo4myrKmeTdHU0C/WR7WIA9E+gZD\\n"
                             "62GlFPoVU1T97SIYHrv7B+y03v2dCXeze4dtKFwmw3IPR7QAQdIYzdBs\\n"
                             "-----END PRIVATE KEY-----\\n";

static void a_key_of_the_wrong_type_is_refused(void **state)
{
    char text[2048];
    (void)state;
    snprintf(text, sizeof text,
             "{\"type\": \"service_account\", \"client_email\": "
             "\"slipway@acme-sim.iam.gserviceaccount.com\", \"private_key_id\": \"1\", "
             "\"private_key\": \"%s\", \"token_uri\": \"https://oauth2.googleapis.com/token\"}",
             ec_key);
    write_file(in_home("ec.json"), text, 0600);
    expect_bad_key(in_home("ec.json"), "holds a key of type EC; an RSA key is needed", 78);
    write_file(in_home("text.json"), "not json", 0600);
    expect_bad_key(in_home("text.json"), "is not the JSON key file of a Google service account",
                   78);
}

static void an_expired_credential_is_no_right(void **state)
{
    struct cli_home bad = home;
    struct ran ran;
    (void)state;
    write_file(in_home("expired"), "sntryi_expired\n", 0600);
    vary(key_of("sentry-token"), in_home("expired"));
    bad.config = variant();
    simulator_do(&sim, "DELETE", "/counters", NULL);
    cli_expect(&bad, &ran, "status", 77);
    assert_non_null(strstr(ran.out, "the token is wrong, expired or revoked"));
    assert_null(strstr(ran.out, "sntryi_expired"));
    cli_ran_clear(&ran);
    cli_expect(&bad, &ran, "check", 77);
    assert_non_null(strstr(ran.out, "source sentry (sentry): FAILS"));
    assert_non_null(strstr(ran.out, "source play (google_play): ok"));
    cli_ran_clear(&ran);
    cli_expect_error(&bad, "advance android --yes", 4, "advance refused: gate", 1);
    assert_int_equal(simulator_mutating(&sim), 0);
}

/* The store itself does not take the credential any more. */
static void a_revoked_store_credential_is_no_right(void **state)
{
    (void)state;
    simulator_do(&sim, "POST", "/faults",
                 "{\"service\": \"google_play\", \"kind\": \"status\", \"status\": 401}");
    simulator_do(&sim, "DELETE", "/counters", NULL);
    cli_expect_error(&home, "advance android --yes", 77, "401", 1);
    struct ran ran;
    cli_expect(&home, &ran, "status android", 77);
    cli_ran_clear(&ran);
    assert_int_equal(simulator_mutating(&sim), 0);
    simulator_do(&sim, "DELETE", "/faults", NULL);
}

/* ------------------------------------------------------------------------ words */

static void an_unknown_platform_lists_those_there_are(void **state)
{
    static const char *const lines[] = {"status andriod", "halt andriod --yes", "gate andriod",
                                        "screenshot platform andriod", "advance andriod --dry-run"};
    (void)state;
    simulator_do(&sim, "DELETE", "/counters", NULL);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        cli_expect_error(&home, lines[i], 64,
                         "no platform \"andriod\"; did you mean \"android\"? There are: ios, "
                         "android, wear, web, backend",
                         1);
    cli_expect_error(&home, "halt \033[31mred --yes", 64, "no platform \"", 1);
    assert_int_equal(requests(), 0);
}

static void usage_errors_name_the_nearest_word(void **state)
{
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"hlat android", "no command \"hlat\"; did you mean \"halt\"?"},
        {"guard", "no command \"guard\"; there are: dashboard wallboard status halt"},
        {"status --jsno", "no option \"--jsno\"; did you mean \"--json\"?"},
        {"status --yes", "`slipway status` does not take --yes"},
        {"halt", "usage: slipway halt PLATFORM"},
        {"screenshot overveiw", "no screen \"overveiw\"; there are: overview platform"},
        {"screenshot overview --size 10", "--size: \"10\" is not WIDTHxHEIGHT"},
        {"status --cached --watch", "--cached asks nothing"},
        {"log --verify --json", "--json"},
        {"init elsewhere.yaml", "--config FILE"},
    };
    (void)state;
    simulator_do(&sim, "DELETE", "/counters", NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cli_expect_error(&home, cases[i].line, 64, cases[i].says, 1);
    assert_int_equal(requests(), 0);
}

static void help_names_every_command_and_only_these(void **state)
{
    static const char *const there[] = {"stop-everything", "screenshot", "verdict ", "--read-only", "78"};
    static const char *const not_yet[] = {"conn", "guard", "brief"};
    struct ran ran;
    (void)state;
    cli_expect(&home, &ran, "--help", 0);
    for (size_t i = 0; i < sizeof there / sizeof there[0]; i++)
        assert_non_null(strstr(ran.out, there[i]));
    for (size_t i = 0; i < sizeof not_yet / sizeof not_yet[0]; i++)
        assert_null(strstr(ran.out, not_yet[i]));
    cli_ran_clear(&ran);
    cli_expect(&home, &ran, "advance --help", 0);
    assert_non_null(strstr(ran.out, "--override TEXT"));
    cli_ran_clear(&ran);
    cli_expect(&home, &ran, "--version", 0);
    assert_int_equal(strncmp(ran.out, "slipway ", 8), 0);
    cli_ran_clear(&ran);
}

/* ------------------------------------------------------------------------- init */

static void init_writes_once_and_for_its_owner(void **state)
{
    struct cli_home fresh;
    struct ran ran;
    struct stat info;
    char path[320];
    (void)state;
    cli_home_make(&fresh, NULL);
    cli_expect(&fresh, &ran, "init", 0);
    cli_ran_clear(&ran);
    snprintf(path, sizeof path, "%s/config/slipway", fresh.dir);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    snprintf(path, sizeof path, "%s/config/slipway/config.yaml", fresh.dir);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    /* Nothing was ever read: what feeds what is known from the file alone. */
    cli_run(&fresh, &ran, "check");
    assert_non_null(strstr(ran.out, "source sentry (sentry): FAILS, feeds "));
    assert_null(strstr(ran.out, "source sentry (sentry): FAILS, feeds the release"));
    assert_null(strstr(ran.out, "source sentry (sentry): FAILS, feeds no platform"));
    assert_non_null(strstr(ran.out, ", feeds the release (tags and checklist)"));
    cli_ran_clear(&ran);
    char *first = read_file(path);
    write_file(path, "mine: 1\n", 0600);
    cli_expect_error(&fresh, "init", 1, "is there already and stays as it is", 1);
    char *second = read_file(path);
    assert_string_equal(second, "mine: 1\n");
    cli_expect(&fresh, &ran, "init -", 0);
    assert_string_equal(ran.out, first);
    cli_ran_clear(&ran);
    cli_expect(&fresh, &ran, "init --print", 0);
    assert_string_equal(ran.out, first);
    cli_ran_clear(&ran);
    free(first);
    free(second);
    cli_home_remove(&fresh);
}

/* ----------------------------------------------------------------------- output */

static int run_into_full_disk(const char *line)
{
    int err[2];
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (full < 0)
        skip();
    assert_int_equal(pipe2(err, O_CLOEXEC), 0);
    pid_t pid = cli_start_to(&home, line, full, err[1]);
    close(full);
    close(err[1]);
    char *said = cli_read_all(err[0], 60000);
    int code = cli_wait(pid, 20000);
    if (strstr(said, "standard output could not be written") == NULL)
        fail_msg("%s: %d: %s", line, code, said);
    free(said);
    return code;
}

/* A full disk is no success, but a halt that was seen was seen: a caller that reads a failure does
 * it again. */
static void output_that_cannot_be_written_is_told(void **state)
{
    (void)state;
    int64_t before = simulator_mutating(&sim);
    assert_int_equal(run_into_full_disk("--help"), 1);
    assert_int_equal(run_into_full_disk("halt --help"), 1);
    assert_int_equal(run_into_full_disk("halt android --dry-run"), 1);
    assert_int_equal(run_into_full_disk("halt android --yes"), 0);
    assert_int_equal(simulator_mutating(&sim), before + 1);
    assert_int_equal(run_into_full_disk("resume android --yes --json"), 0);
}

/* It has read all it wanted. */
static void a_reader_that_goes_away_is_no_failure(void **state)
{
    static const char *const lines[] = {"--help", "log"};
    int out;
    int err;
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        pid_t pid = cli_start(&home, lines[i], &out, &err);
        close(out);
        char *said = cli_read_all(err, 20000);
        assert_int_equal(cli_wait(pid, 20000), 0);
        assert_string_equal(said, "");
        free(said);
    }
}

/* It may be new, or a slip of the finger. */
static void a_release_that_nothing_knows_is_told(void **state)
{
    static const char *const lines[] = {"status --release nope", "gate android --release nope"};
    static const char says[] = "notice: no tag and no ledger has the name of release nope";
    struct cli_home fresh;
    struct ran ran;
    char line[200];
    char name[100];
    (void)state;
    cli_home_make(&fresh, sim.config);
    cli_run(&fresh, &ran, "status");
    assert_int_equal(sscanf(ran.out, "release: %99[^\n]", name), 1);
    cli_ran_clear(&ran);
    snprintf(line, sizeof line, "status --release %s", name);
    cli_run(&fresh, &ran, line);
    assert_null(strstr(ran.out, "notice: no tag"));
    cli_ran_clear(&ran);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        cli_run(&fresh, &ran, lines[i]);
        if (strstr(ran.out, says) == NULL)
            fail_msg("%s: %s%s", lines[i], ran.out, ran.err);
        cli_ran_clear(&ran);
    }
    cli_home_remove(&fresh);
}

/* Where none is drawn, no theme is looked at. */
static void a_theme_is_looked_at_where_it_is_drawn(void **state)
{
    struct ran ran;
    (void)state;
    cli_expect_error(&home, "screenshot overview --theme nope", 64, "nope", 0);
    cli_expect(&home, &ran, "log --theme nope", 0);
    assert_string_equal(ran.err, "");
    cli_ran_clear(&ran);
}

/* -------------------------------------------------------------------- a question */

static struct pty *start_asking(const char *verb, const char *platform)
{
    static char texts[4][256];
    static const char *const names[] = {"HOME=%s", "XDG_STATE_HOME=%s/state",
                                        "XDG_CACHE_HOME=%s/cache", "XDG_CONFIG_HOME=%s/config"};
    const char *program = getenv("SLIPWAY_BIN");
    const char *env[5] = {0};
    const char *argv[] = {
        program ? program : ".build/release/slipway", "--config", sim.config, verb, platform, NULL};
    for (size_t i = 0; i < 4; i++) {
        /* each format has one %s */
        const char *mark = strstr(names[i], "%s");
        snprintf(texts[i], sizeof texts[i], "%.*s%s%s", (int)(mark - names[i]), names[i], home.dir,
                 mark + 2);
        env[i] = texts[i];
    }
    return pty_open(&(struct pty_options){.argv = argv, .env = env, .rows = 40, .cols = 160});
}

static void answer(const char *verb, const char *platform, const char *question, const char *typed,
                   int code)
{
    struct pty *pty = start_asking(verb, platform);
    if (!pty_wait_text(pty, question, 60000))
        fail_msg("no question \"%s\":\n%s", question, pty_text(pty));
    pty_type(pty, typed);
    int got = pty_wait_exit(pty, 60000);
    if (got != code)
        fail_msg("%s %s answered with %s: %d, not %d\n%s", verb, platform, typed, got, code,
                 pty_text(pty));
    pty_close(pty);
}

static void only_the_right_answer_acts(void **state)
{
    static const struct {
        const char *verb, *platform, *question, *typed;
    } refused[] = {
        {"halt", "android", "y does it:", "n\r"},
        {"halt", "android", "y does it:", "\r"},
        {"halt", "android", "y does it:", "yes\r"},
        {"halt", "android", "y does it:", "\003"},
        {"halt", "android", "y does it:", "\004"},
        {"rollback", "web", "Type web to do it:", "y\r"},
        {"rollback", "web", "Type web to do it:", "backend\r"},
        {"stop-everything", NULL, "y does it:", "n\r"},
    };
    (void)state;
    simulator_do(&sim, "DELETE", "/counters", NULL);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        answer(refused[i].verb, refused[i].platform, refused[i].question, refused[i].typed, 4);
    assert_int_equal(simulator_mutating(&sim), 0);
    answer("halt", "android", "y does it:", "y\r", 0);
    assert_true(simulator_mutating(&sim) > 0);
    answer("rollback", "web", "Type web to do it:", "web\r", 0);
}

static int setup(void **state)
{
    (void)state;
    simulator_start(&sim, 1, 5);
    /* One command after the other, each asking everything: more than people do in a second. */
    simulator_do(&sim, "POST", "/world", "{\"quota\": {\"factor\": 20}}");
    cli_home_make(&home, sim.config);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cli_home_remove(&home);
    return simulator_stop(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_configuration_names_its_place_and_init),
        cmocka_unit_test(a_malformed_configuration_says_where),
        cmocka_unit_test(wrong_content_says_line_and_what_is_near),
        cmocka_unit_test(a_platform_twice_says_where_it_was_first),
        cmocka_unit_test(a_trace_that_cannot_be_written_is_named),
        cmocka_unit_test(a_key_that_others_can_read_is_not_used),
        cmocka_unit_test(a_key_that_cannot_be_read_is_named),
        cmocka_unit_test(a_key_of_the_wrong_type_is_refused),
        cmocka_unit_test(an_expired_credential_is_no_right),
        cmocka_unit_test(a_revoked_store_credential_is_no_right),
        cmocka_unit_test(an_unknown_platform_lists_those_there_are),
        cmocka_unit_test(usage_errors_name_the_nearest_word),
        cmocka_unit_test(help_names_every_command_and_only_these),
        cmocka_unit_test(init_writes_once_and_for_its_owner),
        cmocka_unit_test(output_that_cannot_be_written_is_told),
        cmocka_unit_test(a_reader_that_goes_away_is_no_failure),
        cmocka_unit_test(a_theme_is_looked_at_where_it_is_drawn),
        cmocka_unit_test(a_release_that_nothing_knows_is_told),
        cmocka_unit_test(only_the_right_answer_acts),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, setup, teardown);
}
