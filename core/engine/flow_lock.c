/* flow_lock.c: the named locks of sources/source.h, between all processes of this user. Like
 * flow.c, only what a source sees.
 *
 * A name is two files. An action first takes the announcement, which only actions take, so actions
 * exclude each other; then the lock itself. A poll takes the lock alone, never while an action is
 * announced, and asks between its requests whether one is. So whoever holds the lock against an
 * announced action is a poll: nothing has to be written down about the holder, and nothing is left
 * behind by one that was killed. The action gives that poll a moment to see it and then goes on
 * without the lock; what it does ends the poll's edit, which is all that can happen. */
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "base/time.h"
#include "engine/flow.h"

static const int64_t action_wait_ms = 10 * SW_SECOND_MS;
/* A poll has at most one request under way; a healthy one ends in this time. */
static const int64_t poll_wait_ms = 500;
enum { SLICE_MS = 100 };

/* Names may hold anything; the file's name is their hash. */
static enum sw_code path_of(const struct sw_flow *flow, const char *name, const char *kind,
                            char path[SW_PATH_TEXT], struct sw_error *err)
{
    char hash[SW_SHA256_TEXT], file[64], dir[SW_PATH_TEXT];
    sw_sha256_hex(name, strlen(name), hash);
    sw_format(file, sizeof file, "%.32s.%s", hash, kind);
    enum sw_code code = sw_fs_join(flow->state_dir, "locks", dir, err);
    if (code == SW_OK)
        code = sw_fs_private_dir(dir, err);
    return code == SW_OK ? sw_fs_join(dir, file, path, err) : code;
}

/* In slices, so that an action told to end does not sit here. */
static enum sw_code wait_for(struct sw_flow *flow, struct sw_lock *lock, const char *path,
                             int64_t wait_ms, struct sw_error *err)
{
    int64_t end_ms = sw_time_mono_ms() + wait_ms;
    for (;;) {
        int64_t now_ms = sw_time_mono_ms(), slice_ms = now_ms + SLICE_MS;
        enum sw_code code = sw_lock_wait(lock, path, slice_ms < end_ms ? slice_ms : end_ms, err);
        if (code != SW_E_BUSY || sw_time_mono_ms() >= end_ms)
            return code;
        if (flow->hooks != NULL && flow->hooks->is_cancelled(flow->hooks->arg))
            return sw_fail(err, SW_E_CANCELLED, "told to end while waiting for %s", path);
    }
}

static enum sw_code lock_for_action(struct sw_flow *flow, struct sw_flow_lock *lock,
                                    const char *path, const char *announced, struct sw_error *err)
{
    enum sw_code code = wait_for(flow, &lock->announced, announced, action_wait_ms, err);
    if (code != SW_OK)
        return code;
    code = wait_for(flow, &lock->lock, path, poll_wait_ms, err);
    if (code == SW_E_BUSY)
        return SW_OK;
    if (code != SW_OK)
        sw_lock_release(&lock->announced);
    return code;
}

static enum sw_code lock_for_poll(struct sw_flow_lock *lock, const char *path,
                                  const char *announced, struct sw_error *err)
{
    enum sw_code code = sw_lock_try(&lock->lock, path, err);
    /* After taking it: an action that is announced later finds it taken and waits for us. */
    if (code == SW_OK && sw_lock_is_taken(announced)) {
        sw_lock_release(&lock->lock);
        return sw_fail(err, SW_E_BUSY, "an action is at work: %s is locked", announced);
    }
    return code;
}

static bool is_in_use(const struct sw_flow_lock *lock)
{
    return lock->lock.is_held || lock->announced.is_held;
}

enum sw_code sw_flow_lock(struct sw_flow *flow, const char *name, struct sw_error *err)
{
    char path[SW_PATH_TEXT], announced[SW_PATH_TEXT];
    size_t i = 0;
    while (i < SW_FLOW_LOCKS_MAX && is_in_use(&flow->locks[i])) {
        if (!strcmp(flow->locks[i].name, name))
            return SW_OK;
        i++;
    }
    if (i == SW_FLOW_LOCKS_MAX)
        return sw_fail(err, SW_E_INTERNAL, "a flow holds more than %d locks", SW_FLOW_LOCKS_MAX);
    enum sw_code code = path_of(flow, name, "lock", path, err);
    if (code == SW_OK)
        code = path_of(flow, name, "action", announced, err);
    if (code != SW_OK)
        return code;
    sw_copy(flow->locks[i].name, sizeof flow->locks[i].name, name);
    return flow->is_action ? lock_for_action(flow, &flow->locks[i], path, announced, err)
                           : lock_for_poll(&flow->locks[i], path, announced, err);
}

bool sw_flow_is_lock_wanted(const struct sw_flow *flow, const char *name)
{
    char announced[SW_PATH_TEXT];
    return !flow->is_action && path_of(flow, name, "action", announced, NULL) == SW_OK &&
           sw_lock_is_taken(announced);
}

void sw_flow_unlock(struct sw_flow *flow, const char *name)
{
    for (size_t i = 0; i < SW_FLOW_LOCKS_MAX; i++) {
        struct sw_flow_lock *lock = &flow->locks[i];
        if (!is_in_use(lock) || strcmp(lock->name, name) != 0)
            continue;
        sw_lock_release(&lock->lock);
        sw_lock_release(&lock->announced);
    }
}
