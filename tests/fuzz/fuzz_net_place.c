/*
 * fuzz_net_place.c: whatever is configured as a URL, given as an id or put into a path, a request
 * goes to the configured origin, to as many segments as its pattern has, and in read-only mode to
 * nothing that changes users' state.
 * Input: URL, id and path, each a line.
 */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/percent.h"
#include "net/send_gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sw_operation table[] = {
    {.name = "get", .path = "/v1/things/{id}"},
    {.name = "sub", .path = "/v1/things/{id}/subs/{sub}"},
    {.name = "slash", .path = "/orgs/{org}/sessions/"},
    {.name = "touch", .method = SW_POST, .path = "/e/{id}", .effect = SW_EFFECT_EDIT},
    {.name = "commit", .method = SW_POST, .path = "/e/{id}:commit", .effect = SW_EFFECT_MUTATE},
    {.name = "patch", .method = SW_PATCH, .path = "/v1/things/{id}", .effect = SW_EFFECT_MUTATE},
};

static size_t count_slashes(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text == '/';
    return count;
}

static void try_url(const char *url)
{
    struct origin origin, again;
    char text[ORIGIN_TEXT + ORIGIN_PREFIX];
    if (origin_parse(url, "base_url", &origin, NULL) != SW_OK)
        return;
    sw_assert(origin.is_https || origin.is_loopback);
    sw_assert(origin.port > 0 && origin.port < 65536);
    sw_format(text, sizeof(text), "%s%s", origin.text, origin.prefix);
    sw_assert(!strpbrk(text, "@?#\\ \t\r\n%"));
    sw_assert(origin_parse(text, "base_url", &again, NULL) == SW_OK);
    sw_assert(strcmp(again.text, origin.text) == 0 && strcmp(again.prefix, origin.prefix) == 0);
    sw_assert(again.is_loopback == origin.is_loopback && again.port == origin.port);
}

/* True when the gate lets it pass. */
static bool ask(const struct sw_request *request, bool is_read_only)
{
    struct origin origin;
    char url[SW_PATH_MAX + 64];
    sw_assert(origin_parse("https://a.example/p", "base_url", &origin, NULL) == SW_OK);
    struct send_gate gate = {"fuzz", &origin, table, SW_ARRAY_LEN(table), is_read_only};
    sw_format(url, sizeof(url), "https://a.example/p%s", request->path);
    return send_gate_check(&gate, request, url, NULL) == SW_OK;
}

static void check_passed(const struct sw_request *request)
{
    char decoded[SW_PATH_MAX];
    size_t len = 0;
    sw_assert(count_slashes(request->path) == count_slashes(request->operation->path));
    sw_assert(percent_decode(request->path, strlen(request->path), decoded, sizeof(decoded), &len));
    sw_assert(len == strlen(decoded));
    sw_assert(count_slashes(decoded) == count_slashes(request->operation->path));
    sw_assert(!strstr(decoded, "/../") && !strstr(decoded, "/./") && !strstr(decoded, "//"));
    sw_assert(!strpbrk(request->path, "?#\\ \r\n"));
    if (request->operation->effect == SW_EFFECT_MUTATE)
        sw_assert(!ask(request, true));
    /* A touch of an edit is never what a decoding server reads as its commit. */
    if (strcmp(request->operation->name, "touch") == 0)
        sw_assert(len < 8 || decoded[len - 8] == '/' || strcmp(decoded + len - 7, ":commit") != 0);
}

static void try_id(const char *id)
{
    for (size_t i = 0; i < SW_ARRAY_LEN(table); i++) {
        struct sw_request request;
        bool has_two = strcmp(table[i].name, "sub") == 0;
        if (sw_request_init(&request, &table[i], NULL, id, has_two ? id : NULL, NULL) == SW_OK &&
            ask(&request, false))
            check_passed(&request);
    }
}

static void try_path(const char *path)
{
    for (size_t i = 0; i < SW_ARRAY_LEN(table); i++) {
        struct sw_request request = {.operation = &table[i]};
        if (!sw_copy(request.path, sizeof(request.path), path) && ask(&request, false))
            check_passed(&request);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = sw_xstrndup((const char *)data, size);
    char *rest = text;
    const char *url = strsep(&rest, "\n");
    const char *id = strsep(&rest, "\n");
    const char *path = strsep(&rest, "\n");
    try_url(url);
    if (id && *id)
        try_id(id);
    if (path)
        try_path(path);
    free(text);
    return 0;
}
