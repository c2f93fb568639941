/* policy_explain: see policy_explain.h. */
#include "tools/sotto-pack/policy_explain.h"

#include <inttypes.h>
#include <stdio.h>

#include "tools/common/noise_words.h"
#include "tools/sotto-pack/policy_table.h"

#define VALUE_BYTES 160

struct writer {
    const struct policy *p;
    int is_markdown, with_law;
};

/* "90 days", "1 hour", "1.5 seconds". */
static void time_words(char out[VALUE_BYTES], uint64_t ms) {
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {{"day", 86400000}, {"hour", 3600000}, {"minute", 60000}, {"second", 1000}};
    for (unsigned i = 0; i < ARRAY_LEN(units); i++)
        if (ms >= units[i].ms && ms % units[i].ms == 0) {
            snprintf(out, VALUE_BYTES, "%" PRIu64 " %s%s", ms / units[i].ms, units[i].unit,
                     ms == units[i].ms ? "" : "s");
            return;
        }
    snprintf(out, VALUE_BYTES, "%g seconds", (double)ms / 1000);
}

static void set_words(char out[VALUE_BYTES], const char *const *words, uint64_t set) {
    size_t n = 0;
    out[0] = '\0';
    for (unsigned i = 0; words[i]; i++)
        if (set >> (i + 1) & 1)
            n += (size_t)snprintf(out + n, VALUE_BYTES - n, "%s%s", n ? ", " : "", words[i]);
}

/* How a value is said; used with the sentence of its row. */
static void value_words(char out[VALUE_BYTES], unsigned i, uint64_t v) {
    switch (policy_rows[i].form) {
    case FORM_CHOICE: out[0] = '\0'; return;
    case FORM_COUNT: snprintf(out, VALUE_BYTES, "%" PRIu64, v); return;
    case FORM_MICRO: snprintf(out, VALUE_BYTES, "%.10g", (double)v / 1e6); return;
    case FORM_SECONDS: time_words(out, v * 1000); return;
    case FORM_MS: time_words(out, v); return;
    case FORM_SET: set_words(out, policy_rows[i].words, v); return;
    }
}

/* ---- Pieces of a document ------------------------------------------------------------------ */

static void heading(const struct writer *w, const char *text) {
    printf(w->is_markdown ? "\n## %s\n\n" : "\n%s\n", text);
}

static void item(const struct writer *w, const char *sentence, const char *law) {
    printf("- %s", sentence);
    if (w->with_law && law) printf(" [%s]", law);
    printf("\n");
}

static void field(const struct writer *w, unsigned i) {
    const struct explain_row *row = &explain_rows[i];
    uint64_t v = policy_number(w->p, i);
    char value[VALUE_BYTES], text[400];
    value_words(value, i, v);
    const char *sentence = row->sentences[0], *slot;
    if (policy_rows[i].form == FORM_CHOICE)
        sentence = row->sentences[v];
    else if (v == 0 && row->sentences[1])
        sentence = row->sentences[1];
    slot = strstr(sentence, "%s");
    if (slot)
        snprintf(text, sizeof text, "%.*s%s%s", (int)(slot - sentence), sentence, value, slot + 2);
    else
        snprintf(text, sizeof text, "%s", sentence);
    item(w, text, row->law);
}

static void part(const struct writer *w, enum explain_part part) {
    for (unsigned i = 0; i < POLICY_NUMBERS; i++)
        if (explain_rows[i].part == part) field(w, i);
}

static void who(const struct writer *w) {
    char text[600];
    snprintf(text, sizeof text, "Accountable: %s.", w->p->accountable);
    item(w, text, "GDPR Art. 13(1)(a), 24, 30(1)(a)");
    snprintf(text, sizeof text, "How to reach a person: %s.", w->p->contact);
    item(w, text, "GDPR Art. 13(1)(b), 12(2)");
}

static void caps(const struct writer *w) {
    char text[200];
    for (uint32_t i = 0; i < w->p->n_caps; i++) {
        snprintf(text, sizeof text,
                 "Items of the group \"%s\" are shown to you at most %u %s a day.",
                 w->p->caps[i].group, w->p->caps[i].per_day,
                 w->p->caps[i].per_day == 1 ? "time" : "times");
        item(w, text, "AI Act Art. 5(1)(a), (b)");
    }
}

static void person(const struct writer *w) {
    char text[300];
    part(w, PART_PERSON);
    snprintf(text, sizeof text, "If nobody comes: %s", w->p->handoff_else);
    item(w, text, "GDPR Art. 22(3)");
}

static void rights(const struct writer *w) {
    item(w,
         "You can see, correct, export and erase what is kept, pause it, and take back any yes as "
         "easily as you gave it.",
         "GDPR Art. 7(3), 15 to 21; 47 USC 551(d); CCPA 1798.105, .106, .110; PIPL Art. 44 to 47");
    item(w,
         "Without any yes you see the same list as everyone, and nothing is taken from you for it.",
         "GDPR Art. 7(4); DSA Art. 38");
}

/* What leaves, and what the noise covers and does not. */
static void leaving(const struct writer *w) {
    const struct policy *p = w->p;
    if (p->n_metrics == 0 || p->consent[SOTTO_PURPOSE_MEASURE] == POLICY_NEVER) {
        item(w, "Nothing leaves the device.", "GDPR Art. 5(1)(c)");
        return;
    }
    struct noise_words words = {0, p->year_micro, p->lifetime_micro, p->metrics[0].fresh_year};
    char text[300], window[VALUE_BYTES];
    int buckets = 0;
    for (uint32_t i = 0; i < p->n_metrics; i++) {
        const struct policy_metric *m = &p->metrics[i];
        int is_visit = m->unit == UNIT_VISIT;
        time_words(window, m->window_s * UINT64_C(1000));
        snprintf(text, sizeof text,
                 "A report named \"%s\" leaves for each window of %s: %s, with noise (epsilon %g).",
                 m->name, window,
                 is_visit ? "counts of visits" : "one answer of the household, given by chance",
                 m->eps_micro / 1e6);
        item(w, text, "GDPR Art. 5(1)(c), 25; 47 USC 551(a)(2)(A)");
        buckets |= m->source == SOURCE_ITEM_BUCKET;
        words.window_micro = is_visit                            ? words.window_micro + m->eps_micro
                             : words.window_micro > m->eps_micro ? words.window_micro
                                                                 : m->eps_micro;
    }
    part(w, PART_LEAVING);
    item(w,
         buckets
             ? "Titles leave only as a number that many of them share; no names and no identifiers "
               "of people leave."
             : "No titles, no names and no identifiers of people leave.",
         "18 USC 2710; GDPR Art. 5(1)(c)");
    item(w, "Noise hides one visit or one household; it does not make anybody unknown.",
         "GDPR recital 26");
    if (p->metrics[0].unit == UNIT_VISIT)
        noise_words_visit(&words);
    else
        noise_words_household(&words);
}

static void languages(const struct writer *w) {
    char text[200];
    size_t n = 0;
    for (uint32_t i = 0; i < w->p->n_texts; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%.16s",
                              i ? ", " : "Languages: ", w->p->texts[i][TEXT_LOCALE]);
    snprintf(text + n, sizeof text - n, ".");
    item(w, text, "GDPR Art. 12(1)");
}

static void title(const struct writer *w, const char *text) {
    const struct policy *p = w->p;
    printf(w->is_markdown ? "# %s\n\n" : "%s\n\n", text);
    printf("Policy \"%s\" for %s%s. Made from the policy's fields by sotto-pack.\n"
           "Engineering defaults, not legal advice.\n",
           p->name, p->jurisdiction, p->demo_only ? ", for demonstrations only" : "");
}

/* ---- The documents ------------------------------------------------------------------------- */

static void notice(const struct writer *w) {
    title(w, "How this screen chooses what it shows");
    heading(w, "Who answers");
    who(w);
    heading(w, "What happens, and on whose word");
    part(w, PART_PURPOSES);
    part(w, PART_SIGNALS);
    heading(w, "How you are told");
    part(w, PART_TELLING);
    languages(w);
    heading(w, "How long anything is kept");
    part(w, PART_TIMES);
    part(w, PART_SECURITY);
    heading(w, "Children and teens");
    part(w, PART_AGES);
    heading(w, "What is shown");
    part(w, PART_SHOWN);
    caps(w);
    heading(w, "Your rights, and a person");
    rights(w);
    person(w);
    heading(w, "What leaves this device");
    leaving(w);
}

static void record(const struct writer *w) {
    title(w, "Record of processing activities (GDPR Art. 30)");
    heading(w, "Controller and contact, Art. 30(1)(a)");
    who(w);
    heading(w, "Purposes, Art. 30(1)(b)");
    part(w, PART_PURPOSES);
    person(w);
    heading(w, "People and data, Art. 30(1)(c)");
    item(w, "People in front of the device: visitors, or members of a household.", NULL);
    item(w,
         "The name of a profile, where one was asked for; items viewed, selected and bought, with "
         "their times; what was agreed to, and receipts of it; blocks and corrections.",
         NULL);
    item(w, "No camera, microphone, location or contact data: the library has no such input.",
         "GDPR Art. 5(1)(c), 9; 740 ILCS 14");
    part(w, PART_AGES);
    heading(w, "Recipients and transfers, Art. 30(1)(d), (e)");
    item(w, "What a person did is in the device's own vault and goes to nobody.", NULL);
    item(w, "Who collects the reports, and where: to be written by the controller.", NULL);
    leaving(w);
    heading(w, "Time limits for erasure, Art. 30(1)(f)");
    part(w, PART_TIMES);
    heading(w, "Security, Art. 30(1)(g) and 32(1)");
    part(w, PART_SECURITY);
    item(w,
         "Records are sealed under a key of the profile; erasure destroys the key and gives a "
         "signed "
         "receipt; an audit log shows every change.",
         "GDPR Art. 5(2), 17, 32");
}

static void risk(const struct writer *w, const char *what, const char *measure) {
    char text[500];
    snprintf(text, sizeof text, "Risk: %s Measure: %s", what, measure);
    item(w, text, NULL);
}

static void dpia(const struct writer *w) {
    title(w, "Data protection impact assessment, skeleton (GDPR Art. 35)");
    heading(w, "Systematic description, Art. 35(7)(a)");
    who(w);
    part(w, PART_PURPOSES);
    part(w, PART_SIGNALS);
    part(w, PART_TELLING);
    languages(w);
    heading(w, "Necessity and proportionality, Art. 35(7)(b)");
    part(w, PART_TIMES);
    part(w, PART_AGES);
    part(w, PART_SHOWN);
    caps(w);
    rights(w);
    heading(w, "Risks and measures, Art. 35(7)(c), (d)");
    risk(w, "the next person sees what the last one did.",
         "a visit ends by itself; an unnamed one leaves nothing behind.");
    risk(w, "somebody reads the device's disk.", "records are sealed:");
    part(w, PART_SECURITY);
    risk(w, "a choice reveals health, belief or the like to bystanders.",
         "sensitive kinds and combinations are marked when packs are built and held back:");
    field(w, POLICY_KEY_SENSITIVE - POLICY_KEY_STORE);
    risk(w, "people are pressed, or led by an interest they do not see.",
         "caps, labels, reasons with exact contributions, a list that is the same for all.");
    risk(w, "a decision about a person is built on it.",
         "such uses are refused, and a person comes:");
    person(w);
    risk(w, "reports tell about one person.", "noise, budget and an end to it:");
    leaving(w);
    heading(w, "To be written by the controller");
    item(w, "Why this is necessary in this place, and what milder means were considered.", NULL);
    item(w, "What data subjects or their representatives said.", "GDPR Art. 35(9)");
    item(w, "What the data protection officer advised.", "GDPR Art. 35(2)");
    item(w, "How likely and how grave each risk is here, and what remains.",
         "GDPR Art. 35(7)(c), 36");
    item(w, "When this is reviewed.", "GDPR Art. 35(11)");
}

void policy_explain(const struct policy *policy, enum explain_document document, int is_markdown) {
    const struct writer w = {policy, is_markdown, document != EXPLAIN_NOTICE};
    switch (document) {
    case EXPLAIN_NOTICE: notice(&w); return;
    case EXPLAIN_RECORD: record(&w); return;
    case EXPLAIN_DPIA: dpia(&w); return;
    case EXPLAIN_DOCUMENTS: return;
    }
}
