/*
 * replay.c: a main for fuzz targets in ordinary test runs: every file of the target's corpus once.
 *
 * The corpus is tests/fuzz/corpus/<name of the program>/, looked for from the directory in
 * SLIPWAY_TOP, else from the current one. The empty input is always tried too. Output is
 * in cmocka's form, so that the runner counts it; a corpus without files fails.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool replay(const char *path)
{
    FILE *file = fopen(path, "re");
    uint8_t *room = malloc(INPUT_MAX);
    if (file == NULL || room == NULL)
        return false;
    size_t size = fread(room, 1, INPUT_MAX, file);
    fclose(file);
    /* An exact copy, so that the sanitizer sees a read past the end. */
    uint8_t *data = malloc(size > 0 ? size : 1);
    if (data == NULL)
        return false;
    memcpy(data, room, size);
    free(room);
    printf("[ RUN      ] %s\n", path);
    fflush(stdout); /* the last line names the input that crashed */
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return true;
}

int main(int argc, char **argv)
{
    const char *name = strrchr(argv[0], '/');
    const char *top = getenv("SLIPWAY_TOP");
    char dir[1024];
    int count = 0;
    (void)argc;
    snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/%s", top != NULL ? top : ".",
             name != NULL ? name + 1 : argv[0]);
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    DIR *corpus = opendir(dir);
    if (corpus == NULL) {
        printf("no corpus: %s\n", dir);
        return 1;
    }
    for (struct dirent *entry = readdir(corpus); entry != NULL; entry = readdir(corpus)) {
        char path[2048];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
        if (!replay(path)) {
            printf("cannot read %s\n", path);
            return 1;
        }
        count++;
    }
    closedir(corpus);
    printf("[  PASSED  ] %d test(s).\n", count);
    return count > 0 ? 0 : 1;
}
