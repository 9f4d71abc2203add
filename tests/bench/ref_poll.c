/*
 * The least that polling costs with curl and jansson: so many requests a second on kept
 * connections, each answer parsed and forgotten.
 *
 * usage: ref_poll URL PER_SECOND
 */
#include <curl/curl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ANSWER_MAX = 1 << 20 };

/* Answers take longer than the steps between requests: several wait at once. */
enum { AT_ONCE = 64 };

struct asking {
    CURL *easy;
    char *answer;
    size_t len;
    struct asking *next; /* idle */
};

static size_t keep(const char *bytes, size_t size, size_t count, void *arg)
{
    struct asking *asking = arg;
    size_t len = size * count;
    if (len > ANSWER_MAX - asking->len)
        return 0;
    asking->answer = realloc(asking->answer, asking->len + len);
    if (asking->answer == NULL)
        return 0;
    memcpy(asking->answer + asking->len, bytes, len);
    asking->len += len;
    return len;
}

static void step(struct timespec *at, double seconds)
{
    at->tv_nsec += (long)(seconds * 1e9);
    while (at->tv_nsec >= 1000000000) {
        at->tv_nsec -= 1000000000;
        at->tv_sec++;
    }
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, at, NULL);
}

static void take_finished(CURLM *multi, struct asking **idle)
{
    int left;
    for (CURLMsg *done = curl_multi_info_read(multi, &left); done != NULL;
         done = curl_multi_info_read(multi, &left)) {
        struct asking *asking = NULL;
        curl_easy_getinfo(done->easy_handle, CURLINFO_PRIVATE, &asking);
        curl_multi_remove_handle(multi, done->easy_handle);
        json_decref(json_loadb(asking->answer, asking->len, 0, NULL));
        free(asking->answer);
        asking->answer = NULL;
        asking->len = 0;
        asking->next = *idle;
        *idle = asking;
    }
}

static struct asking *open_all(const char *url)
{
    static struct asking all[AT_ONCE];
    for (size_t i = 0; i < AT_ONCE; i++) {
        all[i].easy = curl_easy_init();
        all[i].next = i + 1 < AT_ONCE ? &all[i + 1] : NULL;
        curl_easy_setopt(all[i].easy, CURLOPT_URL, url);
        curl_easy_setopt(all[i].easy, CURLOPT_PRIVATE, &all[i]);
        curl_easy_setopt(all[i].easy, CURLOPT_WRITEFUNCTION, keep);
        curl_easy_setopt(all[i].easy, CURLOPT_WRITEDATA, &all[i]);
    }
    return all;
}

int main(int argc, char **argv)
{
    int running;
    struct timespec at;
    if (argc != 3 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return 64;
    CURLM *multi = curl_multi_init();
    struct asking *idle = open_all(argv[1]);
    clock_gettime(CLOCK_MONOTONIC, &at);
    for (;;) {
        step(&at, 1 / strtod(argv[2], NULL));
        if (idle != NULL) {
            curl_multi_add_handle(multi, idle->easy);
            idle = idle->next;
        }
        curl_multi_perform(multi, &running);
        take_finished(multi, &idle);
    }
}
