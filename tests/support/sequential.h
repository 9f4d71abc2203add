/*
 * sequential.h: exact probabilities of sequential tests on counts, without simulation.
 *
 * A vector holds the probability of each count while no alarm has been given; it is moved on by one
 * crash or by a stretch of Poisson time, and what has reached the boundary is taken out as alarm.
 */
#pragma once

#include <stddef.h>

enum { SEQUENTIAL_CRASHES = 600 };

/* When a test looks after each crash, and a crash is the new version's with a fixed probability. */
struct sequential_walk {
    double chance;  /* of the next crash being the new version's */
    size_t crashes; /* looks, at most SEQUENTIAL_CRASHES */
    /* The least count of new crashes that gives alarm after each number of crashes; more than that
     * number where none does. */
    size_t boundary[SEQUENTIAL_CRASHES + 1];
};
struct sequential_alarm {
    double power;       /* probability of an alarm */
    double new_crashes; /* mean at the alarm, given one */
    double all_crashes;
};
struct sequential_alarm sequential_walk_alarm(const struct sequential_walk *walk);

/* Poisson MaxSPRT: mean 1 a unit of time, looks after each event up to `time`, alarm when
 * mu - n + n ln(n / mu) >= limit for n > mu: the probability of an alarm, and the limit for one. */
double sequential_maxsprt_alarm(double time, double limit);
double sequential_maxsprt_limit(double time, double alpha);
