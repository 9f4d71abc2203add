/* cli_session.c: see cli_session.h. */
#include "cli_session.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "memory.h"
#include "wake.h"

static void tell_each(const struct sw_problems *problems)
{
    char text[1024];
    char clean[1024];
    for (size_t i = 0; i < problems->count; i++) {
        sw_problem_text(&problems->items[i], text, sizeof text);
        fprintf(stderr, "%s%s\n", problems->items[i].file == NULL ? "slipway: " : "",
                cli_clean(text, clean, sizeof clean));
    }
}

static int tell_problems(enum sw_code code, const struct sw_problems *problems,
                         const struct sw_error *err)
{
    tell_each(problems);
    if (problems->count == 0)
        cli_complain("%s", err->text);
    return cli_exit_of_code(code);
}

void session_tell_warnings(const struct session *session)
{
    tell_each(&session->warnings);
}

static void take_snapshot(struct session *session)
{
    struct sw_snapshot *newest = sw_core_take_snapshot(session->core);
    if (newest == NULL)
        return;
    sw_snapshot_free(session->snapshot);
    session->snapshot = newest;
}

int session_open(struct session *session, const struct cli_request *request, enum session_kind kind)
{
    struct sw_open_options options = {.config_path = request->values[CLI_CONFIG],
                                      .release = request->values[CLI_RELEASE],
                                      .trace_path = request->values[CLI_TRACE],
                                      .is_read_only = request->values[CLI_READ_ONLY] != NULL,
                                      .is_oneshot = kind == SESSION_ONCE,
                                      .is_offline = kind == SESSION_OFFLINE};
    struct sw_problems problems = {0};
    struct sw_error err = {0};
    *session = (struct session){0};
    session->is_reloading_on_hangup =
        kind == SESSION_STAYS && !isatty(STDIN_FILENO) && !isatty(STDOUT_FILENO);
    wake_install(false);
    term_locale(request->values[CLI_ASCII] != NULL, NULL, 0);
    enum sw_code code = sw_core_open(&options, &session->core, &problems, &err);
    int status = code == SW_OK ? 0 : tell_problems(code, &problems, &err);
    if (status != 0) {
        sw_problems_free(&problems);
        return status;
    }
    session->warnings = problems;
    take_snapshot(session);
    tui_assert(session->snapshot != NULL);
    return 0;
}

int session_start(struct session *session)
{
    struct sw_error err = {0};
    enum sw_code code = sw_core_start(session->core, &err);
    if (code == SW_OK)
        return 0;
    cli_complain("%s", err.text);
    return cli_exit_of_code(code);
}

void session_close(struct session *session)
{
    sw_core_close(session->core);
    sw_snapshot_free(session->snapshot);
    sw_problems_free(&session->warnings);
    *session = (struct session){0};
}

/* As if we had never caught it, so that a shell sees what ended us. */
static void die_of(int sig)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, sig);
    signal(sig, SIG_DFL);
    fflush(stdout);
    raise(sig);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    _exit(128 + sig);
}

unsigned session_step(struct session *session, int fd, int64_t timeout_ms)
{
    unsigned what = wake_wait(fd, sw_core_fd(session->core), timeout_ms);
    unsigned ends = what & (WAKE_ASK | WAKE_QUIT | WAKE_HANGUP);
    if (session->is_reloading_on_hangup && (ends & WAKE_HANGUP)) {
        session->is_reload_wanted = true;
        ends &= ~(unsigned)WAKE_HANGUP;
    }
    if (ends != 0 && !session->is_acting)
        die_of(ends & WAKE_ASK ? SIGINT : ends & WAKE_QUIT ? SIGTERM : SIGHUP);
    if (ends & (WAKE_ASK | WAKE_QUIT))
        session->was_interrupted = true;
    if (what & WAKE_CORE)
        sw_core_clear_wake(session->core);
    take_snapshot(session);
    return what;
}

bool session_has_polled(const struct session *session, const void *arg)
{
    (void)arg;
    return session->snapshot->has_polled_all;
}

bool session_wait(struct session *session, session_ready_fn ready, const void *arg,
                  int64_t timeout_ms)
{
    int64_t end_ms = wake_mono_ms() + timeout_ms;
    while (!ready(session, arg)) {
        int64_t left_ms = timeout_ms < 0 ? -1 : end_ms - wake_mono_ms();
        if ((timeout_ms >= 0 && left_ms <= 0) || session->was_interrupted)
            return false;
        session_step(session, -1, left_ms);
    }
    return true;
}

const struct sw_platform *session_platform(const struct session *session, const char *id)
{
    const struct sw_snapshot *s = session->snapshot;
    const struct sw_platform *found = sw_snapshot_platform(s, id);
    if (found != NULL)
        return found;
    char list[1024] = "";
    char clean[80];
    const char **ids = tui_alloc(s->platform_count, sizeof *ids);
    for (size_t i = 0; i < s->platform_count; i++) {
        ids[i] = s->platforms[i].id;
        tui_append(list, sizeof list, "%s %s", i > 0 ? "," : "", ids[i]);
    }
    const char *near = cli_nearest(id, ids, s->platform_count);
    cli_clean(id, clean, sizeof clean);
    if (near != NULL)
        cli_complain("no platform \"%s\"; did you mean \"%s\"? There are:%s", clean, near, list);
    else
        cli_complain("no platform \"%s\"; there are:%s", clean, list);
    free(ids);
    return NULL;
}
