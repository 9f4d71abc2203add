/* Changing the world by hand: what the keys of POST /world share. Private to admin*.c. */
#pragma once

#include "sim.h"

struct change {
    struct sim *sim;
    char error[256];
    bool clock_was_set;
};

/* Each false with the reason in `change`. */
bool admin_bad(struct change *change, const char *text);
/* A number at `key` in [low, high]; absent leaves *out. */
bool admin_number(struct change *change, json_t *object, const char *key, double low, double high,
                  double *out);
bool admin_flag(struct change *change, json_t *object, const char *key, bool *out);
bool admin_only(struct change *change, json_t *object, const char *const *known);
/* A text at `key` into `out`; absent leaves it. */
bool admin_copy(struct change *change, json_t *object, const char *key, char *out, size_t size);
/* "" when absent. */
const char *admin_text(json_t *object, const char *key);

/* admin_apple.c: the keys apple, apple_build, apple_review, apple_reviews, apple_sale, apple_app. */
bool admin_set_apple(struct change *change, json_t *object);
bool admin_set_build(struct change *change, json_t *object);
bool admin_set_review(struct change *change, json_t *object);
bool admin_set_reviews(struct change *change, json_t *object);
bool admin_set_sale(struct change *change, json_t *object);
bool admin_set_apple_app(struct change *change, json_t *object);
