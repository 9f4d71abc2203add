/*
 * slipway-sim: starts the world, its ports and its directory, says "ready", runs until told to
 * stop. Options: see usage_text.
 *
 * Order: world, servers, proxy, files, "ready". Shutdown goes the other way round: the proxy
 * first, so that nobody is served by half a simulator.
 */
#include "admin.h"
#include "creds.h"
#include "faults.h"
#include "process.h"
#include "world.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage_text[] =
    "Usage: slipway-sim --dir DIR [--world rollout-week] [--speed N] [--seed N]\n"
    "                   [--die-with-parent]\n"
    "\n"
    "Plays every upstream of slipway on 127.0.0.1 and writes DIR/config.yaml for it,\n"
    "DIR/endpoints.json, DIR/keys/ and DIR/repo; prints \"ready\"; runs until\n"
    "SIGTERM, SIGINT or POST /shutdown on its admin endpoint.\n"
    "\n"
    "  --dir DIR           where to write; made if missing\n"
    "  --world NAME        the story to play (default and only one: rollout-week)\n"
    "  --speed N           world seconds per real second, 1 to 3600 (default 1)\n"
    "  --seed N            of everything random in the world (default 1)\n"
    "  --die-with-parent   end when the process that started this one ends\n";

enum { EXIT_USAGE = 64 };

struct options {
    const char *dir;
    const char *world;
    double speed;
    uint64_t seed;
    bool dies_with_parent;
};

static bool read_number(const char *text, double low, double high, double *out)
{
    char *end = NULL;

    *out = strtod(text, &end);
    return end != text && *end == '\0' && *out >= low && *out <= high;
}

static bool read_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {{"dir", required_argument, NULL, 'd'},
                                          {"world", required_argument, NULL, 'w'},
                                          {"speed", required_argument, NULL, 's'},
                                          {"seed", required_argument, NULL, 'r'},
                                          {"die-with-parent", no_argument, NULL, 'p'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    char *end = NULL;
    int c = 0;

    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (c) {
        case 'd':
            options->dir = optarg;
            break;
        case 'w':
            options->world = optarg;
            break;
        case 's':
            if (!read_number(optarg, 1, 3600, &options->speed)) {
                fputs("slipway-sim: --speed must be from 1 to 3600\n", stderr);
                return false;
            }
            break;
        case 'r':
            options->seed = strtoull(optarg, &end, 10);
            if (end == optarg || *end != '\0') {
                fputs("slipway-sim: --seed must be a whole number\n", stderr);
                return false;
            }
            break;
        case 'p':
            options->dies_with_parent = true;
            break;
        case 'h':
            fputs(usage_text, stdout);
            exit(0);
        default:
            return false;
        }
    }
    if (options->dir == NULL || optind != argc) {
        fputs(usage_text, stderr);
        return false;
    }
    return true;
}

void sim_process_stop(struct sim_process *process)
{
    uint64_t one = 1;

    if (write(process->stop_fd, &one, sizeof one) < 0)
        return; /* already told */
}

/* ---- handlers --------------------------------------------------------------------------- */

struct port {
    struct sim_process *process;
    size_t service;
};

static void on_service(void *context, const struct sim_request *rq, uint16_t peer_port,
                       struct sim_reply *rp, int64_t *huge_bytes)
{
    const struct port *port = context;
    struct sim_verdict verdict;

    sim_dispatch_judged(port->process->sim, port->service, rq, rp, &verdict);
    if (verdict.fault.kind == SIM_FAULT_HUGE)
        *huge_bytes = verdict.fault.bytes < 0 ? (int64_t)64 << 20 : verdict.fault.bytes;
    sim_proxy_order(port->process->proxy, peer_port, &verdict);
}

static void on_malformed(void *context)
{
    const struct port *port = context;

    pthread_mutex_lock(&port->process->sim->lock);
    sim_counters_add_malformed(port->process->sim->counters, port->service);
    pthread_mutex_unlock(&port->process->sim->lock);
}

static void on_admin(void *context, const struct sim_request *rq, uint16_t peer_port,
                     struct sim_reply *rp, int64_t *huge_bytes)
{
    (void)peer_port;
    (void)huge_bytes;
    sim_admin_handle(context, rq, rp);
}

/* ---- start and stop --------------------------------------------------------------------- */

static bool open_ports(struct sim_process *process, struct port *ports, char *error)
{
    snprintf(error, 256, "cannot open a port on 127.0.0.1");
    process->proxy = sim_proxy_open();
    if (process->proxy == NULL)
        return false;
    for (size_t i = 0; sim_services[i] != NULL; i++) {
        ports[i] = (struct port){.process = process, .service = i};
        process->servers[i] = sim_server_open(on_service, on_malformed, &ports[i]);
        if (process->servers[i] == NULL)
            return false;
        uint16_t port =
            sim_proxy_add(process->proxy, i, sim_server_port(process->servers[i]));
        if (port == 0)
            return false;
        pthread_mutex_lock(&process->sim->lock);
        snprintf(process->sim->url[i], sizeof process->sim->url[i], "http://127.0.0.1:%u", port);
        pthread_mutex_unlock(&process->sim->lock);
    }
    process->admin = sim_server_open(on_admin, NULL, process);
    if (process->admin == NULL)
        return false;
    snprintf(process->admin_url, sizeof process->admin_url, "http://127.0.0.1:%u",
             sim_server_port(process->admin));
    return sim_proxy_start(process->proxy);
}

static bool write_dir(struct sim_process *process, char *error)
{
    if (mkdir(process->dir, 0700) != 0 && errno != EEXIST) {
        snprintf(error, 256, "cannot make %.120s: %.80s", process->dir, strerror(errno));
        return false;
    }
    char *whole = realpath(process->dir, NULL);
    if (whole == NULL) {
        snprintf(error, 256, "cannot find %.120s: %.80s", process->dir, strerror(errno));
        return false;
    }
    process->dir = whole;
    pthread_mutex_lock(&process->sim->lock);
    bool ok = sim_repo_write(whole, process->sim->world->start_ms, error) &&
              sim_files_write(process, error);
    pthread_mutex_unlock(&process->sim->lock);
    return ok;
}

static void wait_for_end(struct sim_process *process, int signals_fd)
{
    struct pollfd fds[2] = {{.fd = signals_fd, .events = POLLIN},
                            {.fd = process->stop_fd, .events = POLLIN}};

    while (poll(fds, 2, -1) < 0 && errno == EINTR)
        ;
    /* The reply to POST /shutdown is still on its way. */
    if (fds[1].revents != 0)
        poll(NULL, 0, 50);
}

/* The servers first: a request under way still speaks to the proxy. */
static void close_all(struct sim_process *process)
{
    sim_server_close(process->admin);
    for (size_t i = 0; i < SIM_SERVICES_MAX; i++)
        sim_server_close(process->servers[i]);
    sim_proxy_close(process->proxy);
    sim_free(process->sim);
}

/* Signals are taken as a file, blocked in every thread from the first on. */
static int open_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static bool prepare(const struct options *options, int *signals_fd)
{
    struct rlimit no_core = {0, 0};
    pid_t parent = getppid();

    setrlimit(RLIMIT_CORE, &no_core);
    json_object_seed(1);
    *signals_fd = open_signals();
    if (options->dies_with_parent) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            return false; /* it died before we could ask */
    }
    return *signals_fd >= 0;
}

int main(int argc, char **argv)
{
    struct options options = {.world = "rollout-week", .speed = 1, .seed = 1};
    static struct port ports[SIM_SERVICES_MAX];
    struct sim_process process = {.stop_fd = -1};
    char error[256] = "";
    int signals_fd = -1;

    if (!read_options(argc, argv, &options))
        return EXIT_USAGE;
    if (!prepare(&options, &signals_fd))
        return 1;
    process.dir = options.dir;
    process.world_name = options.world;
    process.seed = options.seed;
    process.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    process.sim = sim_new(options.world, options.speed, options.seed);
    if (process.sim == NULL) {
        fprintf(stderr, "slipway-sim: no world \"%s\"; there is rollout-week\n", options.world);
        return EXIT_USAGE;
    }
    bool ok = process.stop_fd >= 0 && open_ports(&process, ports, error) &&
              write_dir(&process, error);
    if (ok) {
        puts("ready");
        fflush(stdout);
        wait_for_end(&process, signals_fd);
    } else {
        fprintf(stderr, "slipway-sim: %s\n", error);
    }
    close_all(&process);
    if (process.dir != options.dir)
        free((char *)(uintptr_t)process.dir);
    close(process.stop_fd);
    close(signals_fd);
    return ok ? 0 : 1;
}
