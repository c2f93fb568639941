/* main: the life of sotto-upload. It has the network, and nothing else: no key, no vault, no socket
 * of sottod; only finished report files, whose bytes it neither makes nor changes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "tools/common/cli.h"
#include "tools/common/notify.h"
#include "tools/sotto-upload/config.h"
#include "tools/sotto-upload/pace.h"
#include "tools/sotto-upload/send.h"

static volatile sig_atomic_t is_asked_to_end;

static void on_signal(int number) {
    (void)number;
    is_asked_to_end = 1;
}

/* ---- A round ----------------------------------------------------------------------------- */

struct way_out {
    struct send_https *https;
    int folder;
};

struct round {
    unsigned sent, refused, failed;
    unsigned
        stuck; /* files that cannot be read or moved: no reason to come back later for others */
};

static void set_aside(const struct outgoing *o, size_t i, const char *why, struct round *done) {
    fprintf(stderr, "<4>sotto-upload: %s is set aside: %s\n", o->names[i], why);
    if (outgoing_refused(o, i) != 0) {
        fprintf(stderr, "<3>sotto-upload: %s cannot be moved: %s\n", o->names[i], strerror(errno));
        done->stuck++;
    }
    done->refused++;
}

/* All that waits, the oldest first. The first that cannot be sent ends it, for the next would fail
 * too; one that cannot be read must not keep the others back. */
static struct round send_all(struct outgoing *o, const struct way_out *out) {
    struct round done = {0};
    static struct outgoing_report report;
    if (outgoing_look(o) != 0) {
        fprintf(stderr, "<3>sotto-upload: the outbox folder: %s\n", strerror(errno));
        done.failed++;
        return done;
    }
    for (size_t i = 0; i < o->n && done.failed == 0 && !is_asked_to_end; i++) {
        const char *why = "";
        notify("WATCHDOG=1");
        int status = outgoing_read(o, i, &report);
        if (status == SOTTO_E_FORMAT) {
            set_aside(o, i, "it is no report", &done);
            continue;
        }
        if (status != SOTTO_OK) {
            fprintf(stderr, "<4>sotto-upload: %s cannot be read\n", o->names[i]);
            done.stuck++;
            continue;
        }
        enum send_result result = out->https ? send_https(out->https, &report, &why)
                                             : send_file(out->folder, &report, &why);
        if (result == SEND_REFUSED) {
            set_aside(o, i, why, &done);
        } else if (result == SEND_DONE && outgoing_sent(o, i) == 0) {
            done.sent++;
        } else {
            if (result == SEND_DONE) why = strerror(errno);
            fprintf(stderr, "<4>sotto-upload: %s: %s; it will be sent again\n", o->names[i], why);
            done.failed++;
        }
    }
    return done;
}

static void wait_s(uint64_t s) {
    int watchdog_ms = notify_watchdog_ms();
    struct timespec now, end;
    clock_gettime(CLOCK_BOOTTIME, &end);
    end.tv_sec += (time_t)s;
    for (;;) {
        clock_gettime(CLOCK_BOOTTIME, &now);
        if (is_asked_to_end || now.tv_sec >= end.tv_sec) return;
        if (watchdog_ms) notify("WATCHDOG=1");
        struct timespec rest = {end.tv_sec - now.tv_sec, 0};
        /* Short naps: a signal that comes just before one must not wait for its end. */
        if (rest.tv_sec > 1) rest.tv_sec = 1;
        nanosleep(&rest, NULL);
    }
}

static void serve(struct outgoing *o, const struct way_out *out) {
    struct pace pace = {upload_set.period_s, upload_set.retry_min_s, upload_set.retry_max_s, 0};
    notify("READY=1");
    while (!is_asked_to_end) {
        uint64_t random = 0;
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) random = 0;
        wait_s(pace_wait_s(&pace, random));
        if (is_asked_to_end) break;
        struct round done = send_all(o, out);
        pace.failures = done.failed ? pace.failures + 1 : 0;
        if (done.sent) fprintf(stderr, "<6>sotto-upload: %u reports sent\n", done.sent);
    }
    notify("STOPPING=1");
}

int main(int argc, char **argv) {
    static struct outgoing outgoing = {.folder = -1};
    struct sigaction end = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
    struct sotto_error err = {0};
    struct way_out out = {NULL, -1};
    int code = settings_read(&upload_config_settings, argc, argv);
    if (code != EXIT_OK) return code < 0 ? cli_flush("sotto-upload", EXIT_OK) : code;
    if (sigaction(SIGTERM, &end, NULL) != 0 || sigaction(SIGINT, &end, NULL) != 0 ||
        sigaction(SIGPIPE, &ignore, NULL) != 0)
        return EXIT_FAILED;
    int status = SOTTO_OK;
    if (!upload_set.url[0] == !upload_set.to[0])
        status = fail(&err, SOTTO_E_ARGUMENT, "say where to: either --url or --to");
    if (status == SOTTO_OK)
        status = outgoing_open(&outgoing, upload_set.outbox, upload_set.sent_files, &err);
    if (status == SOTTO_OK && upload_set.url[0]) {
        out.https = send_https_open(upload_set.url, upload_set.ca[0] ? upload_set.ca : NULL,
                                    (unsigned)upload_set.timeout_s, &err);
        status = out.https ? SOTTO_OK : err.status;
    } else if (status == SOTTO_OK) {
        out.folder = open(upload_set.to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (out.folder < 0)
            status =
                fail(&err, SOTTO_E_IO, "the folder %.150s: %s", upload_set.to, strerror(errno));
    }
    if (status != SOTTO_OK) {
        code = cli_report("sotto-upload", &err);
    } else if (upload_set.once) {
        struct round done = send_all(&outgoing, &out);
        printf("%u sent, %u refused, %s\n", done.sent, done.refused,
               done.failed || done.stuck ? "the rest later" : "nothing waits");
        code = done.failed || done.stuck ? EXIT_TEMPORARY : done.refused ? EXIT_INTEGRITY : EXIT_OK;
        code = cli_flush("sotto-upload", code);
    } else {
        serve(&outgoing, &out);
    }
    send_https_close(out.https);
    outgoing_close(&outgoing);
    return code;
}
