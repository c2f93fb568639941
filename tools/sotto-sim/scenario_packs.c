/* scenario_packs: a small shop, made by the tools that an operator uses: a month of a made-up town,
 * a model learnt from it, a policy, a key for each. Called by scenario.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/cli.h"
#include "tools/sotto-pack/commands.h"
#include "tools/sotto-sim/commands.h"
#include "tools/sotto-sim/scenario.h"

/* Everything may be asked for, nothing is on before it was answered; who did not say an age is an
 * adult. Short texts, so that a story fits a page. */
static const char policy_ini[] =
    "[policy]\nname = a small shop\naccountable = Sam Example, owner of the small shop\n"
    "contact = Ask at the desk, or privacy@example.org\nretention = 90d\nidle = 5m\n"
    "slate-lifetime = 5m\nsoft-keys = allow\ndemo = yes\njurisdiction = a story\n"
    "[consent]\nstore = ask\npersonalise = ask\nmeasure = ask\npaid = ask\nsensitive = ask\n"
    "term = 365d\nask-again = 1d\nunused-profile = 180d\nreceipts = 1095d\n"
    "[signals]\ngpc = personalise measure paid\nlmt = personalise paid\n"
    "[disclosure]\nnotice-version = 1\nmin-display = 3s\nacknowledge = yes\nscope = session\n"
    "repeat = 1d\nnotice-interval = 365d\nexplain = required\nicon = sotto-personal\n"
    "[text.en]\ndirection = ltr\ntitle = Chosen for you?\n"
    "short = May this screen use what you tap to choose what it shows?\n"
    "plain = If you agree, the device uses what you tap. It stays in this device.\n"
    "speech = May this screen use what you tap to choose what it shows you?\n"
    "accept = Yes, choose for me\ndecline = No, same for all\nwhy = Why am I seeing this?\n"
    "person = Talk to a person\n"
    "[age]\nchild-below = 13\nteen-below = 18\nunknown = adult\nteen-profiling = no\n"
    "[caps]\nitem = 0\nsponsor = 0\nseen = 0d\n[ads]\npaid-items = label\n"
    "[people]\nstaff-picks = 0\nperson-within = 2m\notherwise = Ring the bell at the desk.\n"
    "[uses]\nrefuse = credit price employment insurance access\n"
    "[budget]\nyear = 366\nlifetime = 1830\n"
    "[metric.interest]\nid = 1\nmechanism = auto\nunit = visit\nsource = item-groups\n"
    "events = select purchase\nepsilon = 1.0\nmax-cells = 4\nmax-weight = 1\nwindow = 1d\n"
    "cells = groups\n";

enum { WORDS = 12, PATH = 600 };

/* Runs a command as a shell would, its words separated by single spaces; what it says on standard
 * output is not part of the story. */
static int quietly(int (*command)(int, char **), const char *dir, const char *const words[]) {
    static char text[WORDS][PATH];
    char *argv[WORDS + 1] = {NULL};
    int argc = 0;
    for (; argc < WORDS && words[argc]; argc++) {
        /* A word with a point is a file of the shop's. */
        if (strchr(words[argc], '.') || strcmp(words[argc], "key") == 0)
            snprintf(text[argc], PATH, "%.500s/%s", dir, words[argc]);
        else
            snprintf(text[argc], PATH, "%s", words[argc]);
        argv[argc] = text[argc];
    }
    fflush(stdout);
    int saved = dup(STDOUT_FILENO), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (saved < 0 || nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0) {
        if (saved >= 0) close(saved);
        if (nowhere >= 0) close(nowhere);
        return EXIT_FAILED;
    }
    int code = command(argc, argv);
    fflush(stdout);
    if (dup2(saved, STDOUT_FILENO) < 0) code = EXIT_FAILED;
    close(saved);
    close(nowhere);
    return code;
}

static int generate(int argc, char **argv) {
    struct options o;
    if (options_parse(&o, argc, argv, "seed items days out ") != 0) return EXIT_FAILED;
    return command_generate(&o);
}

static int write_text(const char *path, const char *text, struct sotto_error *err) {
    FILE *f = fopen(path, "wbxe");
    if (!f) return fail(err, SOTTO_E_IO, "%.180s: %s", path, strerror(errno));
    int is_bad = fputs(text, f) < 0;
    if (fclose(f) != 0 || is_bad)
        return fail(err, SOTTO_E_FULL, "%.180s: %s", path, strerror(errno));
    return SOTTO_OK;
}

int scenario_packs(struct observer *packs, const char *dir, struct sotto_error *err) {
    static const struct {
        int (*command)(int, char **);
        const char *words[WORDS];
    } steps[] = {
        {generate,
         {"generate", "--seed", "3", "--items", "80", "--days", "30", "--out", "town.csv"}},
        {keygen_main, {"keygen", "--no-password", "--out", "key"}},
        {train_main, {"train", "--no-measure", "--out", "model.pack", "town.csv"}},
        {policy_main, {"policy", "--model", "model.pack", "--out", "policy.pack", "policy.ini"}},
        {sign_main, {"sign", "--key", "key.key", "model.pack", "policy.pack"}},
    };
    static char model[PATH], policy[PATH], key[PATH];
    snprintf(model, sizeof model, "%.500s/model.pack", dir);
    snprintf(policy, sizeof policy, "%.500s/policy.ini", dir);
    snprintf(key, sizeof key, "%.500s/key.pub", dir);
    int rc = write_text(policy, policy_ini, err);
    if (rc != SOTTO_OK) return rc;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        if (quietly(steps[i].command, dir, steps[i].words) != EXIT_OK)
            return fail(err, SOTTO_E_IO, "the small shop could not be made: %s failed",
                        steps[i].words[0]);
    snprintf(policy, sizeof policy, "%.500s/policy.pack", dir);
    const struct options o = {
        .model = model, .model_key = key, .policy = policy, .policy_key = key};
    return command_packs(packs, &o, err);
}
