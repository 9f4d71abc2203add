/* The running simulator: the sim, its ports, its directory. main.c makes one; admin.c uses it. */
#pragma once

#include "proxy.h"
#include "server.h"
#include "sim.h"

struct sim_process {
    struct sim *sim;
    struct sim_proxy *proxy;
    struct sim_server *servers[SIM_SERVICES_MAX];
    struct sim_server *admin;
    char admin_url[64];
    const char *dir;
    const char *world_name;
    uint64_t seed;
    int stop_fd; /* eventfd: written to end the process */
};

/* files.c: everything below DIR but the repository. False: `error` (256 bytes) says why. */
bool sim_files_write(const struct sim_process *process, char *error);
/* config.yaml alone, after the clock was set by hand. Sim's lock held. */
bool sim_config_write(const struct sim_process *process, char *error);
/* repo.c: DIR/repo with its tags and the checklist. */
bool sim_repo_write(const char *dir, int64_t now_ms, char *error);
/* Ends the process. Any thread. */
void sim_process_stop(struct sim_process *process);
