/* secret_bytes.c: see secret_bytes.h.
 *
 * Each secret has its own pages: locked, so that it never reaches swap, and
 * left out of core dumps. mlock may fail (a limit of 8 MiB is usual); that is
 * no reason not to work, so it is ignored.
 *
 * The redactor looks for patterns: the secret itself, each long line of a key
 * file's base64, its URL-encoded form, and its base64 form at each of the three
 * alignments it can have inside something larger. Short secrets (under six
 * bytes) give no pattern: they would blot out ordinary text. */
#include "net/secret_bytes.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/thread.h"
#include "net/percent.h"

enum { PATTERN_MIN = 6, LINE_PATTERN_MIN = 16, PATTERNS_MAX = 8 + 96 };

struct sw_secret {
    atomic_uint references;
    size_t mapped; /* bytes of the mapping at `bytes` */
    size_t len;
    char *bytes; /* NUL behind; the patterns' texts follow in the same pages */
    size_t used; /* of the mapping */
    size_t pattern_count;
    struct pattern {
        const char *text;
        size_t len;
    } patterns[PATTERNS_MAX];
    struct sw_secret *next, *previous; /* the redactor's list, under its lock */
};

static struct {
    pthread_mutex_t lock;
    struct sw_secret *first;
} known = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *locked_pages(size_t size, size_t *mapped)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    *mapped = (size + page - 1) / page * page;
    void *pages = mmap(NULL, *mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        sw_die("no memory for a credential");
    sw_ignore(mlock(pages, *mapped));
    sw_ignore(madvise(pages, *mapped, MADV_DONTDUMP));
    return pages;
}

/* The bytes, themselves as a pattern, six base64 forms, one URL form, a NUL behind each. */
static size_t pages_needed(size_t len)
{
    return (len + 1) * 2 + 6 * (len / 3 * 4 + 12) + len * 3 + 1 + PATTERNS_MAX;
}

static void pattern_add(struct sw_secret *secret, const char *text, size_t len)
{
    if (len < PATTERN_MIN || secret->pattern_count == PATTERNS_MAX)
        return;
    sw_assert(secret->used + len < secret->mapped);
    char *copy = secret->bytes + secret->used;
    memcpy(copy, text, len);
    copy[len] = '\0';
    secret->used += len + 1;
    secret->patterns[secret->pattern_count++] = (struct pattern){copy, len};
}

static void buf_wipe(struct sw_buf *buf)
{
    if (buf->data)
        explicit_bzero(buf->data, buf->cap);
    sw_buf_clear(buf);
}

/* Whatever stands before the secret, its base64 is one of three texts, but for its first and
 * last character. */
static void add_base64_patterns(struct sw_secret *secret)
{
    for (size_t shift = 0; shift < 3; shift++) {
        struct sw_buf shifted, encoded;
        sw_buf_init(&shifted, SECRET_MAX_BYTES + 4);
        sw_buf_init(&encoded, SECRET_MAX_BYTES * 2);
        sw_buf_addn(&shifted, "\0\0", shift);
        sw_buf_addn(&shifted, secret->bytes, secret->len);
        for (int alphabet = 0; alphabet < 2; alphabet++) {
            sw_buf_reset(&encoded);
            sw_base64_encode(alphabet ? SW_BASE64_URL : SW_BASE64_STD, shifted.data, shifted.len,
                             &encoded);
            size_t from = shift == 0 ? 0 : shift + 1;
            size_t whole = shifted.len * 8 / 6;
            if (!sw_buf_is_failed(&encoded) && whole > from)
                pattern_add(secret, encoded.data + from, whole - from);
        }
        buf_wipe(&shifted);
        buf_wipe(&encoded);
    }
}

static void add_url_pattern(struct sw_secret *secret)
{
    struct sw_buf encoded;
    sw_buf_init(&encoded, SECRET_MAX_BYTES * 3 + 1);
    percent_encode(secret->bytes, secret->len, NULL, &encoded);
    if (encoded.len != secret->len)
        pattern_add(secret, sw_buf_text(&encoded), encoded.len);
    buf_wipe(&encoded);
}

static bool is_base64_char(char c)
{
    return percent_is_unreserved(c) || c == '+' || c == '/' || c == '=';
}

/* A key file never appears whole in a line of log; a line of it might. Lines end at a newline or,
 * inside JSON, at a backslash. */
static void add_line_patterns(struct sw_secret *secret)
{
    const char *p = secret->bytes;
    const char *end = p + secret->len;
    while (p < end) {
        const char *start = p;
        while (p < end && is_base64_char(*p))
            p++;
        if (p - start >= LINE_PATTERN_MIN)
            pattern_add(secret, start, (size_t)(p - start));
        p += p < end ? (*p == '\\' && p + 1 < end ? 2 : 1) : 0;
    }
}

static void make_patterns(struct sw_secret *secret)
{
    if (memchr(secret->bytes, '\n', secret->len)) {
        add_line_patterns(secret);
        return;
    }
    pattern_add(secret, secret->bytes, secret->len);
    add_base64_patterns(secret);
    add_url_pattern(secret);
}

static void known_add(struct sw_secret *secret)
{
    pthread_mutex_lock(&known.lock);
    secret->next = known.first;
    if (known.first)
        known.first->previous = secret;
    known.first = secret;
    pthread_mutex_unlock(&known.lock);
}

static void known_remove(struct sw_secret *secret)
{
    pthread_mutex_lock(&known.lock);
    if (secret->previous)
        secret->previous->next = secret->next;
    else
        known.first = secret->next;
    if (secret->next)
        secret->next->previous = secret->previous;
    pthread_mutex_unlock(&known.lock);
}

struct sw_secret *secret_new(const char *bytes, size_t len)
{
    sw_assert(len <= SECRET_MAX_BYTES);
    struct sw_secret *secret = sw_xcalloc(1, sizeof(*secret));
    atomic_init(&secret->references, 1);
    secret->bytes = locked_pages(pages_needed(len), &secret->mapped);
    secret->used = len + 1;
    memcpy(secret->bytes, bytes, len);
    secret->bytes[len] = '\0';
    secret->len = len;
    make_patterns(secret);
    known_add(secret);
    return secret;
}

struct sw_secret *secret_ref(struct sw_secret *secret)
{
    if (secret)
        atomic_fetch_add(&secret->references, 1);
    return secret;
}

void sw_secret_free(struct sw_secret *secret)
{
    if (!secret || atomic_fetch_sub(&secret->references, 1) != 1)
        return;
    known_remove(secret);
    explicit_bzero(secret->bytes, secret->mapped);
    munmap(secret->bytes, secret->mapped);
    free(secret);
}

const char *sw_secret_bytes(const struct sw_secret *secret, size_t *len)
{
    if (len)
        *len = secret->len;
    return secret->bytes;
}

void secret_wipe_text(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void secret_wipe_json(json_t *string)
{
    /* The tree is ours and about to go; jansson has no way to overwrite in place. */
    char *text = (char *)(uintptr_t)json_string_value(string);
    if (text)
        explicit_bzero(text, json_string_length(string));
}

/* Only ever shortens: what replaces a pattern is no longer than the pattern. */
static void redact_one(const struct pattern *pattern, char *text)
{
    static const char word[] = "[redacted]";
    size_t word_len = sizeof(word) - 1 < pattern->len ? sizeof(word) - 1 : pattern->len;
    for (char *p = text; (p = strstr(p, pattern->text)) != NULL; p += word_len) {
        memcpy(p, word, word_len);
        memmove(p + word_len, p + pattern->len, strlen(p + pattern->len) + 1);
    }
}

void secret_redact(void *arg, char *text, size_t size)
{
    (void)arg;
    (void)size;
    pthread_mutex_lock(&known.lock);
    for (const struct sw_secret *secret = known.first; secret; secret = secret->next)
        for (size_t i = 0; i < secret->pattern_count; i++)
            redact_one(&secret->patterns[i], text);
    pthread_mutex_unlock(&known.lock);
}
