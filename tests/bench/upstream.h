/*
 * upstream.h: many accounts' upstreams in one thread, for measuring with 500 platforms.
 *
 * Each service listens on a loopback port of its own and answers after a latency, as far as polls
 * and a halt need: Google Play (token, review states, edits, tracks), Sentry (sessions, issues),
 * CloudWatch (metrics, alarms). Nothing is checked here: that is the simulator's business, which
 * would cost more than what is measured. A service can be told to fall silent.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum upstream_dialect { UPSTREAM_PLAY, UPSTREAM_SENTRY, UPSTREAM_CLOUDWATCH };

enum { UPSTREAM_SERVICES_MAX = 8, UPSTREAM_NAMES_MAX = 512, UPSTREAM_PART_MAX = 96 };

struct upstream;

/* Of the requests with a part in their request line. */
struct upstream_watched {
    int requests;
    int64_t first_ns;   /* when the first byte of the first one was read; 0: none came */
    int shown_requests; /* with the one whose answer first shows a halt; 0: none does */
    int64_t shown_ns;   /* when that answer leaves */
};

/* now_ms: WORLD time that the answers are about. Ends the program when it cannot. */
struct upstream *upstream_open(const enum upstream_dialect *services, size_t count, int64_t now_ms);
void upstream_close(struct upstream *upstream);
int upstream_port(const struct upstream *upstream, size_t service);

/* Any thread, at any time. */
void upstream_set_latency(struct upstream *upstream, size_t service, int ms);
void upstream_set_silent(struct upstream *upstream, size_t service, bool is_silent);
int64_t upstream_requests(struct upstream *upstream, size_t service);
/* Different packages (Play) or projects (Sentry) whose last request of a poll was answered. */
int64_t upstream_polled(struct upstream *upstream, size_t service);
/* When that last grew. */
int64_t upstream_polled_ns(struct upstream *upstream, size_t service);
/* Requests that are in here and not answered, over all services. */
int64_t upstream_pending(struct upstream *upstream);
/* From now on counts the requests with `part` in their request line, and no others. */
void upstream_watch(struct upstream *upstream, const char *part);
struct upstream_watched upstream_watched(struct upstream *upstream);
