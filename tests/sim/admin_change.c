/* What the keys of POST /world share: see admin_change.h. */
#include "admin_change.h"

#include <stdio.h>

bool admin_bad(struct change *change, const char *text)
{
    snprintf(change->error, sizeof change->error, "%s", text);
    return false;
}

/* A number at `key` in [low, high]; absent leaves *out. */
bool admin_number(struct change *change, json_t *object, const char *key, double low, double high,
                   double *out)
{
    json_t *value = json_object_get(object, key);

    if (value == NULL)
        return true;
    if (!json_is_number(value) || json_number_value(value) < low ||
        json_number_value(value) > high) {
        snprintf(change->error, sizeof change->error, "\"%s\" must be a number from %g to %g", key,
                 low, high);
        return false;
    }
    *out = json_number_value(value);
    return true;
}

bool admin_flag(struct change *change, json_t *object, const char *key, bool *out)
{
    json_t *value = json_object_get(object, key);

    if (value != NULL && !json_is_boolean(value))
        return admin_bad(change, "a flag must be true or false");
    if (value != NULL)
        *out = json_is_true(value);
    return true;
}

bool admin_only(struct change *change, json_t *object, const char *const *known)
{
    const char *unknown = json_is_object(object) ? sim_json_unknown(object, known) : "(no object)";

    if (unknown == NULL)
        return true;
    snprintf(change->error, sizeof change->error, "unknown key \"%.64s\"", unknown);
    return false;
}

const char *admin_text(json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));

    return value == NULL ? "" : value;
}

bool admin_copy(struct change *change, json_t *object, const char *key, char *out, size_t size)
{
    json_t *value = json_object_get(object, key);

    if (value == NULL)
        return true;
    if (json_is_string(value) && sim_copy(out, size, json_string_value(value)))
        return true;
    snprintf(change->error, sizeof change->error, "\"%.64s\" must be a text of less than %zu bytes",
             key, size);
    return false;
}
