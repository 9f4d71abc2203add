/* wake.c: see wake.h. */
#include "wake.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "memory.h"

static volatile sig_atomic_t got_term, got_int, got_hup, got_stop;
static sigset_t waiting_mask; /* in force while waiting */

static void on_signal(int sig)
{
    if (sig == SIGTERM)
        got_term = 1;
    else if (sig == SIGINT)
        got_int = 1;
    else if (sig == SIGHUP)
        got_hup = 1;
    else if (sig == SIGTSTP)
        got_stop = 1;
}

static void catch (int sig)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(sig, &action, NULL);
}

void wake_install(bool has_terminal)
{
    static const int blocked[] = {SIGTERM, SIGINT,  SIGHUP,  SIGWINCH, SIGTSTP,
                                  SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD,  SIGPIPE};
    static const int awaited[] = {SIGTERM, SIGINT, SIGHUP, SIGWINCH, SIGTSTP};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < TUI_COUNT(blocked); i++)
        sigaddset(&set, blocked[i]);
    sigprocmask(SIG_BLOCK, &set, &waiting_mask);
    for (size_t i = 0; i < TUI_COUNT(awaited); i++)
        sigdelset(&waiting_mask, awaited[i]);
    catch (SIGTERM);
    catch (SIGINT);
    catch (SIGHUP);
    if (has_terminal)
        catch (SIGTSTP);
    signal(SIGPIPE, SIG_IGN);
}

static unsigned take_flags(void)
{
    unsigned what = (got_term ? WAKE_QUIT : 0U) | (got_int ? WAKE_ASK : 0U) |
                    (got_hup ? WAKE_HANGUP : 0U) | (got_stop ? WAKE_SUSPEND : 0U);
    got_term = got_int = got_hup = got_stop = 0; /* blocked here: none can come between */
    return what;
}

unsigned wake_wait(int input_fd, int core_fd, int64_t timeout_ms)
{
    struct pollfd fds[2] = {{.fd = input_fd, .events = POLLIN}, {.fd = core_fd, .events = POLLIN}};
    struct timespec limit = {.tv_sec = (time_t)(timeout_ms / 1000),
                             .tv_nsec = (long)(timeout_ms % 1000) * 1000000};
    int ready = ppoll(fds, 2, timeout_ms < 0 ? NULL : &limit, &waiting_mask);
    unsigned what = take_flags();
    if (ready < 0)
        return what | WAKE_INPUT; /* interrupted: the size may have changed */
    if (fds[0].revents & POLLIN)
        what |= WAKE_INPUT;
    if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL))
        what |= WAKE_GONE;
    if (fds[1].revents & POLLIN)
        what |= WAKE_CORE;
    return what;
}

void wake_stop_self(void)
{
    raise(SIGSTOP);
    got_stop = 0;
}

int64_t wake_mono_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
