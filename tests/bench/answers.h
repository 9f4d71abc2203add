/* answers.h: what the upstreams of upstream.h answer. One thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "upstream.h"

struct answers;

struct answers_request {
    const char *head, *body; /* head: request line and header lines */
    size_t body_len;
    bool is_last_of_poll; /* out: with this answer a poll of its package or project is over ... */
    bool is_new;          /* ... for the first time */
    bool is_halt_shown;   /* out: the answer says that the rollout is halted */
};

struct answers *answers_open(enum upstream_dialect dialect, int64_t now_ms);
void answers_close(struct answers *answers);
/* The whole HTTP answer, malloc'd. */
char *answers_make(struct answers *answers, struct answers_request *request, size_t *len);
