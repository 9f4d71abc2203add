/* google_key.c: see google_key.h.
 * Source: Google Play notes, "Authentication: service account", read 2026-01. */
#include "net/google_key.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "net/secret_bytes.h"

static enum sw_code wrong_type(const char *type, const char *from, struct sw_error *err)
{
    return sw_fail(err, SW_E_CONFIG,
                   "%s is a Google credential of type \"%s\"; a key of type service_account is "
                   "needed (Google Cloud console, service account, keys, add key, JSON)",
                   from, type);
}

static enum sw_code parse_tree(const json_t *tree, const char *from, struct google_key *out,
                               struct sw_error *err)
{
    const char *type = "none", *pem = NULL, *uri = NULL;
    sw_json_str(tree, "type", SW_OPTIONAL, &type, NULL);
    if (strcmp(type, "service_account") != 0)
        return wrong_type(type, from, err);
    enum sw_code code =
        sw_json_text(tree, "client_email", SW_REQUIRED, out->email, sizeof(out->email), err);
    if (code == SW_OK)
        code = sw_json_str(tree, "token_uri", SW_REQUIRED, &uri, err);
    if (code == SW_OK)
        code = sw_json_str(tree, "private_key", SW_REQUIRED, &pem, err);
    if (code != SW_OK) {
        sw_error_prefix(err, "%s", from);
        if (err)
            err->code = SW_E_CONFIG;
        return SW_E_CONFIG;
    }
    sw_ignore(
        sw_json_text(tree, "private_key_id", SW_OPTIONAL, out->key_id, sizeof(out->key_id), NULL));
    if (sw_copy(out->token_uri, sizeof(out->token_uri), uri))
        return sw_fail(err, SW_E_CONFIG, "%s: its token_uri is too long", from);
    return jwt_key_load(pem, strlen(pem), JWT_RS256, from, &out->key, err);
}

enum sw_code google_key_parse(const char *json, size_t len, const char *from,
                              struct google_key *out, struct sw_error *err)
{
    *out = (struct google_key){0};
    SW_JSON json_t *tree = NULL;
    if (sw_json_parse(json, len, NULL, &tree, NULL) != SW_OK || !json_is_object(tree))
        return sw_fail(err, SW_E_CONFIG, "%s is not the JSON key file of a Google service account",
                       from);
    enum sw_code code = parse_tree(tree, from, out, err);
    secret_wipe_json(json_object_get(tree, "private_key"));
    if (code != SW_OK)
        google_key_clear(out);
    return code;
}

void google_key_clear(struct google_key *key)
{
    jwt_key_free(key->key);
    *key = (struct google_key){0};
}
