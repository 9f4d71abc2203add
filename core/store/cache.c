/* cache.c: the cache's file; see cache.h. */
#include "store/cache.h"

#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "store/cache_format.h"

enum sw_code sw_cache_read(const char *path, struct sw_buf *out, struct sw_error *err)
{
    sw_buf_init(out, SW_CACHE_BYTES_MAX);
    return sw_fs_read(path, SW_CACHE_BYTES_MAX, out, err);
}

enum sw_code sw_cache_write(const char *path, const struct sw_buf *text, struct sw_error *err)
{
    char dir[SW_PATH_TEXT];
    sw_copy(dir, sizeof dir, path);
    char *slash = strrchr(dir, '/');
    if (slash != NULL && slash != dir) {
        *slash = '\0';
        enum sw_code code = sw_fs_mkdirs(dir, err);
        if (code != SW_OK)
            return code;
    }
    return sw_fs_write_atomic(path, sw_buf_text(text), text->len, 0600, err);
}
