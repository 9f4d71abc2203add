/* crowd.c: 500 platforms on upstreams of upstream.h: being built. */
#include "bench.h"

void bench_crowd(struct bench *bench)
{
    (void)bench;
}
