/* binding.c: see binding.h. */
#include "engine/binding.h"

#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "config/document.h"
#include "config/yaml.h"

enum { TEXT_MAX = 1 << 20 };

/* Each text with its length, so that no two trees look the same. */
static void add_text(struct sw_buf *out, const char *text)
{
    if (text == NULL)
        text = "";
    sw_buf_printf(out, "%zu:%s", strlen(text), text);
}

static void add_tree(struct sw_buf *out, const struct sw_yaml *tree, const char *without)
{
    sw_buf_printf(out, "%d(", (int)tree->kind);
    if (tree->kind == SW_YAML_SCALAR)
        add_text(out, tree->text);
    for (size_t i = 0; tree->kind != SW_YAML_SCALAR && i < tree->count; i++) {
        bool is_map = tree->kind == SW_YAML_MAP;
        if (is_map && without != NULL && !strcmp(tree->keys[i]->text, without))
            continue;
        if (is_map)
            add_text(out, tree->keys[i]->text);
        add_tree(out, tree->items[i], NULL);
    }
    sw_buf_addc(out, ')');
}

static void add_binding(struct sw_buf *out, const struct sw_config *config,
                        const char *const *kinds, const struct sw_config_binding *binding)
{
    add_text(out, kinds[binding->source]);
    add_text(out, config->sources[binding->source].base_url);
    add_tree(out, sw_node_at(binding->options, NULL), "source");
}

static void digest(struct sw_buf *text, char out[33])
{
    char hash[SW_SHA256_TEXT];
    sw_sha256_hex(sw_buf_text(text), text->len, hash);
    sw_format(out, 33, "%.32s", hash);
    sw_buf_clear(text);
    sw_buf_init(text, TEXT_MAX);
}

void sw_binding_of(const struct sw_config *config, const char *const *kinds, size_t platform,
                   struct sw_model_binding *out)
{
    const struct sw_config_platform *from = &config->platforms[platform];
    struct sw_buf text;
    *out = (struct sw_model_binding){0};
    sw_buf_init(&text, TEXT_MAX);
    if (from->has_rollout) {
        add_binding(&text, config, kinds, &from->rollout);
        digest(&text, out->rollout);
    }
    for (size_t i = 0; i < from->health_count; i++)
        add_binding(&text, config, kinds, &from->health[i]);
    if (from->health_count > 0)
        digest(&text, out->health);
    if (from->has_alarms) {
        add_binding(&text, config, kinds, &from->alarms);
        digest(&text, out->alarms);
    }
    if (from->tags != NULL) {
        add_text(&text, config->repository);
        add_text(&text, from->tags);
        digest(&text, out->tags);
    }
    sw_buf_clear(&text);
}
