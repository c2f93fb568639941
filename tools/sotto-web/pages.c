/* pages: see pages.h. */
#include "tools/sotto-web/pages.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_BYTES 64
#define DEPTH_MAX      4

static const struct {
    const char *ending, *type;
} types[] = {{".html", "text/html; charset=utf-8"},
             {".js", "text/javascript; charset=utf-8"},
             {".mjs", "text/javascript; charset=utf-8"},
             {".css", "text/css; charset=utf-8"},
             {".json", "application/json"},
             {".svg", "image/svg+xml"},
             {".png", "image/png"},
             {".jpg", "image/jpeg"},
             {".webp", "image/webp"},
             {".ico", "image/x-icon"},
             {".woff2", "font/woff2"}};

static const char *type_of(const char *name) {
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        size_t length = strlen(types[i].ending);
        if (n > length && strcmp(name + n - length, types[i].ending) == 0) return types[i].type;
    }
    return NULL;
}

/* One name between two slashes; what is not of these characters is no file of ours. */
static int name_take(char name[NAME_MAX_BYTES], const char **path) {
    size_t n = strspn(*path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    if (n == 0 || n >= NAME_MAX_BYTES || **path == '.' || ((*path)[n] && (*path)[n] != '/'))
        return -1;
    memcpy(name, *path, n);
    name[n] = '\0';
    *path += n;
    return 0;
}

int pages_open(int folder, const char *path, const char **type, uint64_t *size) {
    char name[NAME_MAX_BYTES];
    struct stat st;
    int at = folder;
    if (strcmp(path, "/") == 0) path = "/index.html";
    for (int depth = 0; depth < DEPTH_MAX; depth++) {
        if (*path++ != '/' || name_take(name, &path) != 0) break;
        int is_last = *path == '\0';
        int fd = openat(
            at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (is_last ? 0 : O_DIRECTORY));
        if (at != folder) close(at);
        at = fd;
        if (fd < 0) return -1;
        if (!is_last) continue;
        *type = type_of(name);
        if (*type && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
            *size = (uint64_t)st.st_size;
            return fd;
        }
        break;
    }
    if (at != folder) close(at);
    return -1;
}
