/*
 * cli_check.c: `slipway check` and `slipway init`: before the first release.
 */
#include "cli_session.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

#define POLL_MS 60000
#define RIGHTS_MS 90000 /* each question has a minute */

/* ----------------------------------------------------------------------- check */

static void print_source(const struct sw_snapshot *s, const struct sw_source *source)
{
    char line[1024];
    const char *comma = "";
    tui_format(line, sizeof line, "%s",
               source->error != NULL ? "FAILS"
               : source->is_fresh    ? "ok"
                                     : "NO ANSWER in time");
    if (source->latency_ms.is_known)
        tui_append(line, sizeof line, ", %.0f ms", source->latency_ms.value);
    if (source->clock_skew_s.is_known)
        tui_append(line, sizeof line, ", clock %+.0f s from ours", source->clock_skew_s.value);
    tui_append(line, sizeof line, ", feeds");
    for (size_t i = 0; i < s->platform_count; i++) {
        if (!cli_platform_reads(&s->platforms[i], source->id))
            continue;
        tui_append(line, sizeof line, "%s %s", comma, s->platforms[i].id);
        comma = ",";
    }
    if (comma[0] == '\0')
        tui_append(line, sizeof line, "%s",
                   strcmp(source->kind, "git_tags") == 0 ? " the release (tags and checklist)"
                                                         : " no platform");
    if (source->error != NULL)
        tui_append(line, sizeof line, ": %s", source->error);
    char key[96];
    tui_format(key, sizeof key, "source %s (%s)", source->id, source->kind);
    cli_line(stdout, key, line);
    tui_format(key, sizeof key, "warning %s", source->id);
    cli_line(stdout, key, source->advice); /* nothing where there is none */
}

/* What a person must repair goes first: a wrong configuration, then a missing right. */
static int exit_of_sources(const struct sw_snapshot *s)
{
    int worst = CLI_OK;
    for (size_t i = 0; i < s->source_count; i++) {
        const struct sw_source *source = &s->sources[i];
        if (source->error_code == SW_E_CONFIG)
            return CLI_BAD_CONFIG;
        if (source->error_code == SW_E_AUTH || source->error_code == SW_E_DENIED)
            worst = CLI_NO_RIGHT;
        else if ((source->error != NULL || !source->is_fresh) && worst == CLI_OK)
            worst = CLI_HOLD;
    }
    return worst;
}

/* Which verbs each key may use; asked for last, since it is the only thing here that more than reads. */
static int print_rights(struct session *session)
{
    const struct sw_command ask = {.kind = SW_COMMAND_RIGHTS};
    struct sw_outcome *outcome =
        sw_core_wait_outcome(session->core, sw_submit(session->core, &ask), RIGHTS_MS);
    int code = CLI_OK;
    if (outcome == NULL) {
        cli_line(stdout, "rights", "not known: no answer in time");
        return CLI_HOLD;
    }
    if (outcome->part_count == 0)
        cli_line(stdout, "rights", outcome->text);
    for (size_t i = 0; i < outcome->part_count; i++) {
        const struct sw_outcome *part = &outcome->parts[i];
        char key[96];
        if (part->result == SW_RESULT_NONE)
            continue; /* it has nothing that acts */
        tui_format(key, sizeof key, "rights %s", part->platform);
        cli_line(stdout, key, part->text);
        if (part->error.code == SW_E_DENIED)
            code = CLI_NO_RIGHT;
    }
    sw_outcome_free(outcome);
    return code;
}

static int probe(struct session *session)
{
    char *text = sw_core_explain(session->core);
    fputs(text, stdout);
    free(text);
    putchar('\n');
    fflush(stdout);
    session_tell_warnings(session);
    int code = session_start(session);
    if (code != CLI_OK)
        return code;
    session_wait(session, session_has_polled, NULL, POLL_MS);
    for (size_t i = 0; i < session->snapshot->source_count; i++)
        print_source(session->snapshot, &session->snapshot->sources[i]);
    fflush(stdout);
    int rights = print_rights(session);
    int sources = exit_of_sources(session->snapshot);
    return sources == CLI_OK || (sources == CLI_HOLD && rights == CLI_NO_RIGHT) ? rights : sources;
}

int cli_check(const struct cli_request *request)
{
    struct session session;
    int code = session_open(&session, request, SESSION_ONCE);
    if (code != CLI_OK)
        return code;
    code = probe(&session);
    session_close(&session);
    return code;
}

/* ------------------------------------------------------------------------ init */

/* The default place of the configuration; false when there is no home. */
static bool config_path(const struct cli_request *request, char *path, size_t size)
{
    const char *given = request->values[CLI_CONFIG];
    const char *xdg = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    if (given != NULL)
        tui_format(path, size, "%s", given);
    else if (xdg != NULL && xdg[0] == '/')
        tui_format(path, size, "%s/slipway/config.yaml", xdg);
    else if (home != NULL && home[0] == '/')
        tui_format(path, size, "%s/.config/slipway/config.yaml", home);
    else
        return false;
    return true;
}

/* The folders above the file that are missing, for their owner only. */
static bool make_folders(const char *path)
{
    char part[PATH_MAX];
    tui_format(part, sizeof part, "%s", path);
    for (char *at = part + 1; *at != '\0'; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return false;
        *at = '/';
    }
    return true;
}

static bool write_all(int fd, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t done = write(fd, text, left);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        text += done;
        left -= (size_t)done;
    }
    return fsync(fd) == 0;
}

static int write_config(const char *path, const char *text)
{
    if (!make_folders(path)) {
        cli_complain("making the folder of %s: %s", path, strerror(errno));
        return CLI_HOLD;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == EEXIST) {
        cli_complain("%s is there already and stays as it is; `slipway init -` prints the example",
                     path);
        return CLI_HOLD;
    }
    if (fd < 0) {
        cli_complain("writing %s: %s", path, strerror(errno));
        return CLI_HOLD;
    }
    bool is_written = write_all(fd, text);
    int error = errno;
    if (close(fd) != 0 && is_written) {
        is_written = false;
        error = errno;
    }
    if (!is_written) {
        unlink(path); /* half a configuration would stand in the way of the next try */
        cli_complain("writing %s: %s", path, strerror(error));
        return CLI_HOLD;
    }
    cli_linef(stdout, "written", "%s; edit it, then `slipway check`", path);
    return CLI_OK;
}

int cli_init(const struct cli_request *request)
{
    char path[PATH_MAX];
    bool is_dash = request->arg_count > 0 && strcmp(request->args[0], "-") == 0;
    if (request->arg_count > 0 && !is_dash) {
        cli_complain("usage: slipway init [-]; a file is named with --config FILE");
        return CLI_USAGE;
    }
    char *text = sw_config_example();
    int code = CLI_OK;
    if (is_dash || request->values[CLI_PRINT] != NULL) {
        fputs(text, stdout);
    } else if (!config_path(request, path, sizeof path)) {
        cli_complain("no place for a configuration: neither XDG_CONFIG_HOME nor HOME is set");
        code = CLI_HOLD;
    } else {
        code = write_config(path, text);
    }
    free(text);
    return code;
}
