/* noise_words: see noise_words.h. */
#include "tools/common/noise_words.h"

#include <stdio.h>

void noise_words_visit(const struct noise_words *b) {
    double eps = (double)b->window_micro / 1e6;
    printf(
        "\nWhat is protected: a visit.\n"
        "  A visit begins with the first touch and ends when the person leaves, or after the idle "
        "time. It falls\n"
        "  into one window of each metric. Whether it took place changes the probability of all "
        "reports of its\n"
        "  windows together by a factor of at most e^%g; what was touched in it, by e^%g.\n"
        "  Windows do not add up for one visit: a visit is in one of them. Of a metric that counts "
        "a visit in more than\n"
        "  10 cells that holds but for a chance of one in 2^20, and for what was touched in it of "
        "1 + e^%g times that.\n",
        eps, 2 * eps, eps);
    printf(
        "\nWhat is not:\n"
        "  A person who returns. This device does not know that it was you yesterday, so k visits "
        "are protected k\n"
        "  times separately: together they can be told by e^(k x %g). Thirty visits are %g, which "
        "is no protection\n"
        "  of the habit, though each visit keeps its own.\n"
        "  That this device works: every window is reported, also an empty one.\n"
        "  The device itself: until a window ends, true counts lie in its vault, and its audit log "
        "says how often banners\n  were shown. Reports carry half of the head of that log: nothing "
        "to read there, but guesses can be held against\n  it by whoever was given the log or a "
        "receipt of an erasure.\n",
        eps, 30 * eps);
    printf("\nThe caps (%g a year, %g ever) bound what the device tells, all visits together; when "
           "one is reached,\nreports end and what was counted is deleted.\n",
           (double)b->year_cap_micro / 1e6, (double)b->lifetime_cap_micro / 1e6);
}

void noise_words_household(const struct noise_words *b) {
    double eps = (double)b->window_micro / 1e6;
    printf(
        "\nWhat is protected: the household, in a window.\n"
        "  Whatever the household did in a window, in place of anything else, changes the "
        "probability of its answer\n"
        "  by a factor of at most e^%g. Chance comes before anything leaves: nobody outside, not "
        "the operator\n"
        "  either, ever has the true answer. In each window one question is asked; what will not "
        "be asked is not\n  kept.\n",
        eps);
    printf(
        "\nOver time: a fresh answer is given at most %u times a year; in between the last one is "
        "sent again, the same\n"
        "  bytes, which tells nothing new. So a year tells at most e^%g (%u x %g) about a "
        "household that never\n"
        "  changes, and the caps say the rest: %g a year, %g ever.\n",
        b->fresh_cap, b->fresh_cap * eps, b->fresh_cap, eps, (double)b->year_cap_micro / 1e6,
        (double)b->lifetime_cap_micro / 1e6);
    printf("\nWhat is not:\n"
           "  Members of the household from each other: its profile is one.\n"
           "  A habit over many years: fresh answers add up.\n"
           "  That this device works: a report comes in every window, whether or not anybody was "
           "there or agreed.\n"
           "  Taking consent back destroys what was kept and answered, not what was sent.\n");
}
