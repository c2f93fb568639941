/* policy_explain: a policy as three documents in plain sentences, made from its fields: the public
 * notice, the record of processing (GDPR Art. 30) and the skeleton of an impact assessment (Art.
 * 35). Called by policy_main and by tests. */
#ifndef SOTTO_PACK_POLICY_EXPLAIN_H
#define SOTTO_PACK_POLICY_EXPLAIN_H

#include "pack/policy.h"

enum explain_document { EXPLAIN_NOTICE, EXPLAIN_RECORD, EXPLAIN_DPIA, EXPLAIN_DOCUMENTS };

/* Which of a document's chapters a field belongs to. */
enum explain_part {
    PART_PURPOSES,
    PART_SIGNALS,
    PART_TELLING,
    PART_TIMES,
    PART_AGES,
    PART_SHOWN,
    PART_PERSON,
    PART_SECURITY,
    PART_LEAVING,
    EXPLAIN_PARTS
};

/* The sentences of one number of the policy: of a choice one for each value; else [0] with one %s
 * for the value, and [1], if there is one, for zero. */
struct explain_row {
    enum explain_part part;
    const char *sentences[3];
    const char *law; /* the provisions that the field serves */
};

/* By key, like policy_numbers. */
extern const struct explain_row explain_rows[POLICY_NUMBERS];

/* Prints a document on stdout, as text or as Markdown. */
void policy_explain(const struct policy *policy, enum explain_document document, int is_markdown);

#endif
