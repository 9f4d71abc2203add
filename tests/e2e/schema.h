/*
 * schema.h: values checked against the JSON Schemas of docs/, as far as these use the language.
 *
 * Stricter than the language: a property that the schema does not name fails too, so that nothing
 * is printed that is not documented, and so does a keyword that this checker does not know.
 */
#pragma once

#include <jansson.h>

/* Malloc'd words for the first difference, NULL when there is none. */
char *schema_check(json_t *schema, json_t *value);
/* docs/NAME.schema.json; fails the test with the difference. what: for the message. */
void schema_expect(const char *name, json_t *value, const char *what);
