/* main: the life of sotto-web. It has no key and no vault, only sottod's ui socket; it listens on
 * loopback alone, and to those who hold the token of this start. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "tools/common/cli.h"
#include "tools/common/notify.h"
#include "tools/sotto-web/config.h"
#include "tools/sotto-web/web.h"

/* ---- The token --------------------------------------------------------------------------- */

/* Complete under its name, or not there: a page must not read half a token. */
static int token_make(char token[GATE_TOKEN_BYTES], const char *path, struct sotto_error *err) {
    uint8_t random[(GATE_TOKEN_BYTES - 1) / 2];
    char temporary[SETTING_TEXT_BYTES + 8];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return fail(err, SOTTO_E_ENTROPY, "no random token: %s", strerror(errno));
    for (size_t i = 0; i < sizeof random; i++) snprintf(token + 2 * i, 3, "%02x", random[i]);
    snprintf(temporary, sizeof temporary, "%s.new", path);
    unlink(temporary);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0) return fail(err, SOTTO_E_IO, "%.150s: %s", temporary, strerror(errno));
    int is_good = fchmod(fd, 0640) == 0 &&
                  write(fd, token, GATE_TOKEN_BYTES - 1) == (ssize_t)GATE_TOKEN_BYTES - 1;
    if (close(fd) != 0) is_good = 0;
    if (is_good && rename(temporary, path) == 0) return SOTTO_OK;
    int why = errno;
    unlink(temporary);
    return fail(err, SOTTO_E_IO, "%.150s: %s", path, strerror(why));
}

/* ---- Life -------------------------------------------------------------------------------- */

static volatile sig_atomic_t is_asked_to_end;

static void on_signal(int number) {
    (void)number;
    is_asked_to_end = 1;
}

static int serve(struct web *web) {
    struct timespec t;
    time_t ticked = 0;
    int watchdog_ms = notify_watchdog_ms();
    int wait_ms = watchdog_ms && watchdog_ms < 1000 ? watchdog_ms : 1000;
    notify("READY=1");
    while (!is_asked_to_end) {
        if (web_run(web, wait_ms) != 0) return -1;
        clock_gettime(CLOCK_MONOTONIC, &t);
        if (watchdog_ms) notify("WATCHDOG=1");
        if (t.tv_sec == ticked) continue;
        ticked = t.tv_sec;
        web_tick(web);
    }
    notify("STOPPING=1");
    return 0;
}

int main(int argc, char **argv) {
    static char origins[2 * SETTING_TEXT_BYTES];
    static struct web_config config;
    struct sigaction end = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
    struct sotto_error err = {0};
    struct web *web = NULL;
    int status = SOTTO_OK, code = settings_read(&web_told_settings, argc, argv);
    if (code != EXIT_OK) return code < 0 ? cli_flush("sotto-web", EXIT_OK) : code;
    if (sigaction(SIGTERM, &end, NULL) != 0 || sigaction(SIGINT, &end, NULL) != 0 ||
        sigaction(SIGPIPE, &ignore, NULL) != 0)
        return EXIT_FAILED;
    unsigned port = (unsigned)web_set.port;
    snprintf(origins, sizeof origins, "http://127.0.0.1:%u http://localhost:%u http://[::1]:%u %s",
             port, port, port, web_set.origins);
    config = (struct web_config){.gate = {.port = (uint16_t)port, .origins = origins},
                                 .is_ipv6 = (int)web_set.ipv6,
                                 .socket = web_set.socket,
                                 .folder = -1,
                                 .connections = (unsigned)web_set.connections,
                                 .timeout_s = (unsigned)web_set.timeout_s};
    if (web_set.pages[0]) {
        config.folder = open(web_set.pages, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (config.folder < 0)
            status = fail(&err, SOTTO_E_IO, "the pages' folder %.150s: %s", web_set.pages,
                          strerror(errno));
    }
    if (status == SOTTO_OK) {
        web = web_open(&config, &err);
        status = web ? SOTTO_OK : err.status;
    }
    /* After the port: what another sotto-web serves keeps its token. */
    if (status == SOTTO_OK) status = token_make(config.gate.token, web_set.token, &err);
    if (status == SOTTO_OK && serve(web) != 0)
        status = fail(&err, SOTTO_E_IO, "serving failed: %s", strerror(errno));
    web_close(web);
    if (status == SOTTO_OK) unlink(web_set.token);
    return status == SOTTO_OK ? EXIT_OK : cli_report("sotto-web", &err);
}
