/* doctor_print: findings, a line each for people, or as JSON. */
#include <stdio.h>

#include "tools/common/json.h"
#include "tools/sotto/doctor.h"

static const char *const words[] = {"ok", "warn", "fail"};
static const char *const asked[] = {"nobody", "sottod", "vault"};

static void print_json(const struct doctor *d, const struct doctor_finding *findings) {
    struct json j = json_to(stdout);
    json_begin_object(&j, NULL);
    json_uint(&j, "exit", (uint64_t)doctor_exit(findings, doctor_n_checks));
    json_text(&j, "asked", asked[d->asked]);
    json_begin_array(&j, "checks");
    for (size_t i = 0; i < doctor_n_checks; i++) {
        json_begin_object(&j, NULL);
        json_text(&j, "name", doctor_checks[i].name);
        json_text(&j, "state", words[findings[i].state]);
        json_text(&j, "what", findings[i].what);
        json_text(&j, "advice", findings[i].advice);
        json_end_object(&j);
    }
    json_end_array(&j);
    json_end_object(&j);
}

/* Paths and messages may come from files that others wrote: no control characters reach the
 * terminal. */
static void print_text(const char *text) {
    for (; *text; text++) putchar((unsigned char)*text < ' ' || *text == 127 ? '?' : *text);
}

void doctor_print(const struct doctor *d, const struct doctor_finding *findings, int is_json) {
    if (is_json) {
        print_json(d, findings);
        return;
    }
    for (size_t i = 0; i < doctor_n_checks; i++) {
        printf("%-4s  %-9s ", words[findings[i].state], doctor_checks[i].name);
        print_text(findings[i].what);
        if (findings[i].advice[0]) printf(" -> ");
        print_text(findings[i].advice);
        printf("\n");
    }
}
