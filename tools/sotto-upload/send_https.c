/* send_https: see send.h. One POST for each report; TLS is always verified, redirects are not
 * followed, and nothing but the report and what HTTP needs is said. */
#include "tools/sotto-upload/send.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

struct send_https {
    CURL *curl;
    struct curl_slist *headers;
    char why[CURL_ERROR_SIZE];
};

/* http is for a collector or a proxy on the same machine; elsewhere others could read along. */
static int is_allowed(const char *url, int *is_plain) {
    char *scheme = NULL, *host = NULL;
    CURLU *parts = curl_url();
    int is = parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
             curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
             curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK;
    *is_plain = is && strcmp(scheme, "http") == 0;
    if (is && *is_plain)
        is = strcmp(host, "127.0.0.1") == 0 || strcmp(host, "localhost") == 0 ||
             strcmp(host, "[::1]") == 0;
    else
        is = is && strcmp(scheme, "https") == 0;
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(parts);
    return is;
}

/* What the other side writes is not looked at. */
static size_t discard(char *bytes, size_t size, size_t n, void *ctx) {
    size_t *left = ctx;
    (void)bytes;
    if (size * n > *left) return 0;
    *left -= size * n;
    return size * n;
}

struct send_https *send_https_open(const char *url, const char *ca_file, unsigned timeout_s,
                                   struct sotto_error *err) {
    int is_plain = 0, is_good;
    struct send_https *s = calloc(1, sizeof *s);
    if (!s || curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || !(s->curl = curl_easy_init())) {
        fail(err, SOTTO_E_MEMORY, "libcurl cannot be started");
        send_https_close(s);
        return NULL;
    }
    if (!is_allowed(url, &is_plain)) {
        fail(err, SOTTO_E_ARGUMENT,
             "%.150s: the URL must be https://, or http:// to 127.0.0.1, localhost or [::1]", url);
        send_https_close(s);
        return NULL;
    }
    s->headers =
        curl_slist_append(NULL, "Content-Type: application/cose; cose-type=\"cose-sign1\"");
    if (s->headers) curl_slist_append(s->headers, "Expect:");
    is_good =
        s->headers && curl_easy_setopt(s->curl, CURLOPT_URL, url) == CURLE_OK &&
        curl_easy_setopt(s->curl, CURLOPT_PROTOCOLS_STR, is_plain ? "http" : "https") == CURLE_OK &&
        (!is_plain || curl_easy_setopt(s->curl, CURLOPT_NOPROXY, "*") == CURLE_OK) &&
        curl_easy_setopt(s->curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
        curl_easy_setopt(s->curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
        curl_easy_setopt(s->curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
        curl_easy_setopt(s->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
        (!ca_file || curl_easy_setopt(s->curl, CURLOPT_CAINFO, ca_file) == CURLE_OK) &&
        curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, s->headers) == CURLE_OK &&
        curl_easy_setopt(s->curl, CURLOPT_TIMEOUT, (long)timeout_s) == CURLE_OK &&
        curl_easy_setopt(s->curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
        curl_easy_setopt(s->curl, CURLOPT_ERRORBUFFER, s->why) == CURLE_OK &&
        curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, discard) == CURLE_OK;
    if (is_good) return s;
    fail(err, SOTTO_E_ARGUMENT, "%.150s: libcurl does not take it (is TLS built in?)", url);
    send_https_close(s);
    return NULL;
}

enum send_result send_https(struct send_https *s, const struct outgoing_report *report,
                            const char **why) {
    size_t left = 65536;
    long status = 0;
    s->why[0] = '\0';
    *why = s->why;
    (void)curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, &left);
    (void)curl_easy_setopt(s->curl, CURLOPT_POSTFIELDSIZE, (long)report->n);
    (void)curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, report->bytes);
    CURLcode code = curl_easy_perform(s->curl);
    if (code != CURLE_OK) {
        if (!s->why[0]) snprintf(s->why, sizeof s->why, "%s", curl_easy_strerror(code));
        return SEND_AGAIN;
    }
    (void)curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
    /* 409: it has this one already, so the answer got lost the last time. */
    if ((status >= 200 && status < 300) || status == 409) return SEND_DONE;
    snprintf(s->why, sizeof s->why, "HTTP status %ld", status);
    return status == 400 || status == 413 || status == 415 || status == 422 ? SEND_REFUSED
                                                                            : SEND_AGAIN;
}

void send_https_close(struct send_https *s) {
    if (!s) return;
    curl_slist_free_all(s->headers);
    if (s->curl) curl_easy_cleanup(s->curl);
    curl_global_cleanup();
    free(s);
}
