/* net_node.c: see net_node.h. */
#include "support/net_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/secret.h"

static const struct sw_option table[] = {
    SW_SECRET_OPTIONS("key", "the key"),
    SW_SECRET_OPTIONS("token", "the token"),
    {.key = "issuer_id", .type = SW_OPTION_STRING},
    {.key = "key_id", .type = SW_OPTION_STRING},
    {.key = "token_url", .type = SW_OPTION_STRING},
    {.key = "region", .type = SW_OPTION_STRING},
    {.key = "profile", .type = SW_OPTION_STRING},
    {.key = "shared_credentials", .type = SW_OPTION_STRING},
    {0},
};

struct sw_document *net_node(const char *yaml)
{
    struct sw_document *document = NULL;
    struct sw_error err = {0};
    if (sw_document_parse(yaml, strlen(yaml), "test", table, &document, NULL, &err) != SW_OK) {
        fprintf(stderr, "net_node: %s: %s\n", yaml, err.text);
        abort();
    }
    return document;
}
