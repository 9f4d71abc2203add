/* send_gate.h: the one place that decides whether a request may leave. Pure.
 *
 * A gate is an origin, a table of operations and a mode. A request passes when
 * its method, path and X-Amz-Target are those of an entry of the table, and in
 * read-only mode that entry does not change users' state. Nothing else passes:
 * no other origin, no longer or shorter path, no dot segments, no escaped
 * slashes, no path that could be read as another entry of greater effect.
 *
 * A PROBE is a change asked of a thing that cannot exist. It has the path of the
 * true one, so the gate wants every byte of it to be the table's: a path
 * without fields, no query, and the entry's only body. It never passes in read-only mode. */
#pragma once

#include "net/exchange.h"
#include "net/origin.h"

struct send_gate {
    const char *source_id;
    const struct origin *origin;
    const struct sw_operation *operations;
    size_t operation_count;
    bool is_read_only;
};

/* May this request leave? url is the whole URL as it would be sent, without
 * the query. Errors: SW_E_REFUSED (read-only), SW_E_INTERNAL (not in the
 * table, or not where the table says). */
enum sw_code send_gate_check(const struct send_gate *gate, const struct sw_request *request,
                             const char *url, struct sw_error *err);

/* Does path match the pattern ("/v1/apps/{id}", "/edits/{id}:commit")? A field
 * stands for one non-empty run of unreserved characters and %XX escapes. */
bool send_gate_matches(const char *pattern, const char *path);
