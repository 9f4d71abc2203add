/* schema.c: see schema.h. */
#include "schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check {
    json_t *root;
    char path[512];
    char *fault; /* the first */
};

__attribute__((format(printf, 2, 3))) static void complain(struct check *check, const char *format,
                                                           ...)
{
    char text[512];
    va_list args;
    if (check->fault != NULL)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t size = strlen(check->path) + strlen(text) + 8;
    check->fault = calloc(1, size);
    snprintf(check->fault, size, "$%s: %s", check->path, text);
}

static bool is_of_type(const json_t *value, const char *type)
{
    if (strcmp(type, "integer") == 0)
        return json_is_integer(value);
    if (strcmp(type, "number") == 0)
        return json_is_number(value);
    if (strcmp(type, "string") == 0)
        return json_is_string(value);
    if (strcmp(type, "boolean") == 0)
        return json_is_boolean(value);
    if (strcmp(type, "object") == 0)
        return json_is_object(value);
    if (strcmp(type, "array") == 0)
        return json_is_array(value);
    return strcmp(type, "null") == 0 && json_is_null(value);
}

static void check_type(struct check *check, const json_t *type, const json_t *value)
{
    bool is_right = json_is_string(type) && is_of_type(value, json_string_value(type));
    size_t i;
    json_t *one;
    json_array_foreach(type, i, one) is_right =
        is_right || is_of_type(value, json_string_value(one));
    if (!is_right)
        complain(check, "of the wrong type");
}

static void check_enum(struct check *check, const json_t *words, const json_t *value)
{
    size_t i;
    json_t *one;
    json_array_foreach(words, i, one)
    {
        if (json_equal(one, value))
            return;
    }
    complain(check, "\"%s\" is none of the words",
             json_is_string(value) ? json_string_value(value) : "?");
}

/* 2026-01-20T09:00:00Z, with or without a fraction. */
static void check_format(struct check *check, const json_t *format, const json_t *value)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";
    const char *text = json_string_value(value);
    if (text == NULL)
        return;
    if (strcmp(json_string_value(format), "date-time") != 0) {
        complain(check, "a format that the checker does not know");
        return;
    }
    for (const char *at = shape; *at != '\0'; at++, text++) {
        bool is_right = *at == 'd' ? *text >= '0' && *text <= '9' : *text == *at;
        if (!is_right) {
            complain(check, "\"%s\" is no time", json_string_value(value));
            return;
        }
    }
    if (*text == '.')
        text += 1 + strspn(text + 1, "0123456789");
    if (strcmp(text, "Z") != 0)
        complain(check, "\"%s\" is no time in UTC", json_string_value(value));
}

static void check_value(struct check *check, json_t *schema, json_t *value);

static void check_at(struct check *check, const char *step, json_t *schema, json_t *value)
{
    size_t len = strlen(check->path);
    snprintf(check->path + len, sizeof check->path - len, "%s", step);
    check_value(check, schema, value);
    check->path[len] = '\0';
}

static void check_properties(struct check *check, json_t *properties, json_t *value)
{
    const char *key;
    json_t *one;
    char step[128];
    json_object_foreach(value, key, one)
    {
        snprintf(step, sizeof step, ".%s", key);
        json_t *schema = json_object_get(properties, key);
        if (schema == NULL)
            complain(check, "%s is not documented", key);
        else
            check_at(check, step, schema, one);
    }
}

static void check_required(struct check *check, const json_t *names, const json_t *value)
{
    size_t i;
    json_t *name;
    json_array_foreach(names, i, name)
    {
        if (json_is_object(value) && json_object_get(value, json_string_value(name)) == NULL)
            complain(check, "%s is missing", json_string_value(name));
    }
}

static void check_items(struct check *check, json_t *schema, json_t *value)
{
    size_t i;
    json_t *one;
    char step[32];
    json_array_foreach(value, i, one)
    {
        snprintf(step, sizeof step, "[%zu]", i);
        check_at(check, step, schema, one);
    }
}

static void check_ref(struct check *check, const char *ref, json_t *value)
{
    static const char begin[] = "#/$defs/";
    json_t *schema = NULL;
    if (strncmp(ref, begin, strlen(begin)) == 0)
        schema = json_object_get(json_object_get(check->root, "$defs"), ref + strlen(begin));
    if (schema == NULL)
        complain(check, "%s leads nowhere", ref);
    else
        check_value(check, schema, value);
}

static bool is_annotation(const char *key)
{
    static const char *const words[] = {"$schema", "title", "description", "$defs"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], key) == 0)
            return true;
    }
    return false;
}

static void check_keyword(struct check *check, const char *key, json_t *rule, json_t *value)
{
    if (strcmp(key, "type") == 0)
        check_type(check, rule, value);
    else if (strcmp(key, "const") == 0 && !json_equal(rule, value))
        complain(check, "not the value it must have");
    else if (strcmp(key, "enum") == 0)
        check_enum(check, rule, value);
    else if (strcmp(key, "properties") == 0)
        check_properties(check, rule, value);
    else if (strcmp(key, "required") == 0)
        check_required(check, rule, value);
    else if (strcmp(key, "items") == 0)
        check_items(check, rule, value);
    else if (strcmp(key, "$ref") == 0)
        check_ref(check, json_string_value(rule), value);
    else if (strcmp(key, "format") == 0)
        check_format(check, rule, value);
    else if (strcmp(key, "minimum") == 0) {
        if (json_is_number(value) && json_number_value(value) < json_number_value(rule))
            complain(check, "%g is below %g", json_number_value(value), json_number_value(rule));
    } else if (strcmp(key, "maximum") == 0) {
        if (json_is_number(value) && json_number_value(value) > json_number_value(rule))
            complain(check, "%g is above %g", json_number_value(value), json_number_value(rule));
    } else if (strcmp(key, "const") != 0 && !is_annotation(key)) {
        complain(check, "the keyword %s is not known to the checker", key);
    }
}

static void check_value(struct check *check, json_t *schema, json_t *value)
{
    const char *key;
    json_t *rule;
    json_object_foreach(schema, key, rule) check_keyword(check, key, rule, value);
}

char *schema_check(json_t *schema, json_t *value)
{
    struct check check = {.root = schema};
    check_value(&check, schema, value);
    return check.fault;
}

void schema_expect(const char *name, json_t *value, const char *what)
{
    char path[512];
    json_error_t error;
    const char *top = getenv("SLIPWAY_TOP");
    snprintf(path, sizeof path, "%s/docs/%s.schema.json", top != NULL ? top : ".", name);
    json_t *schema = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (schema == NULL)
        fail_msg("%s: %s", path, error.text);
    char *fault = schema_check(schema, value);
    if (fault != NULL)
        fail_msg("%s: against %s: %s", what, path, fault);
    json_decref(schema);
}
