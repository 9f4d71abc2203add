/*
 * net_node.h: a configuration node for tests, from a line of YAML.
 */
#pragma once

#include "slipway.h"

/* Parses yaml with a table of every option that a credential reads (key_file and so on, token_*,
 * issuer_id, key_id, token_url, region, profile). Ends the program when the text is refused.
 * Release with sw_document_free. */
struct sw_document *net_node(const char *yaml);
