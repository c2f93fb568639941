/* password: from the terminal or a file, into locked memory. See password.h. */
#include "tools/sotto-pack/password.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "tools/sotto-pack/keyfile.h"

/* Reads up to a line break or the end, byte by byte so that nothing stays in a stdio buffer.
 * Returns the length, or -1 when it is too long or cannot be read. */
static int read_line(int fd, char *out, size_t cap) {
    size_t n = 0;
    for (;;) {
        char c;
        ssize_t r = read(fd, &c, 1);
        if (r < 0 && errno == EINTR) continue;
        if (r < 0) return -1;
        if (r == 0 || c == '\n') break;
        if (n + 1 >= cap) return -1;
        out[n++] = c;
    }
    if (n > 0 && out[n - 1] == '\r') n--;
    out[n] = '\0';
    return (int)n;
}

static void say(int fd, const char *text) {
    if (write(fd, text, strlen(text)) < 0)
        return; /* a prompt nobody sees is the next read's problem */
}

char *password_ask(const char *prompt, int twice, struct sotto_error *err) {
    struct termios shown, hidden;
    char *first = NULL, *again = NULL;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY), length = -1, same = 1;
    if (fd < 0 || tcgetattr(fd, &shown) != 0) {
        if (fd >= 0) close(fd);
        fail(err, SOTTO_E_KEY,
             "a password is needed and there is no terminal to ask on: give --password-file");
        return NULL;
    }
    first = locked_alloc(KEYFILE_PASSWORD_MAX + 1);
    again = locked_alloc(KEYFILE_PASSWORD_MAX + 1);
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    if (first && again && tcsetattr(fd, TCSAFLUSH, &hidden) == 0) {
        say(fd, prompt);
        length = read_line(fd, first, KEYFILE_PASSWORD_MAX + 1);
        if (twice && length > 0) {
            say(fd, "\nAgain: ");
            same = read_line(fd, again, KEYFILE_PASSWORD_MAX + 1) == length &&
                   equal_ct(first, again, (size_t)length);
        }
        tcsetattr(fd, TCSAFLUSH, &shown);
        say(fd, "\n");
    }
    close(fd);
    if (!first || !again)
        fail(err, SOTTO_E_MEMORY, "no locked memory for a password: raise `ulimit -l`");
    else if (length <= 0)
        fail(err, SOTTO_E_KEY, "no password was entered");
    else if (!same)
        fail(err, SOTTO_E_KEY, "the two passwords differ: try again");
    locked_free(again);
    if (length > 0 && same) return first;
    locked_free(first);
    return NULL;
}

char *password_read(const char *path, struct sotto_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fail(err, SOTTO_E_IO, "the password file %s cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    char *password = locked_alloc(KEYFILE_PASSWORD_MAX + 1);
    int length = password ? read_line(fd, password, KEYFILE_PASSWORD_MAX + 1) : -1;
    close(fd);
    if (!password) {
        fail(err, SOTTO_E_MEMORY, "no locked memory for a password: raise `ulimit -l`");
    } else if (length <= 0) {
        fail(err, SOTTO_E_KEY, "the first line of %s must be a password of 1 to %d bytes", path,
             KEYFILE_PASSWORD_MAX);
        locked_free(password);
        password = NULL;
    }
    return password;
}
