/* engine_slate: slates from request to opening. */
#include "engine.h"

#define COUNT_DEFAULT 20

/* ---- The life of slates ------------------------------------------------------------------ */

static void apply(struct slate *s, enum slate_event event, enum sotto_why why) {
    enum slate_state next = slate_next(s->state, event);
    if (next == SLATE_NOT_ALLOWED || next == s->state) return;
    s->state = next;
    if (next == SLATE_REFUSED || next == SLATE_EXPIRED) s->why = why;
}

static uint8_t *slate_bits(struct sotto *e, const struct slate *s) {
    return e->barred + (size_t)(s - e->secrets->slates) * slate_bitmap_bytes(e->model.n_items);
}

static void slate_wipe(struct sotto *e, struct slate *s) {
    wipe(slate_bits(e, s), slate_bitmap_bytes(e->model.n_items));
    wipe(s, sizeof *s);
}

struct slate_workspace *slate_workspace_of(struct sotto *e, const struct slate *s) {
    e->workspace.barred = slate_bits(e, s);
    return &e->workspace;
}

void slates_apply(struct sotto *e, sotto_session session, enum slate_event event,
                  enum sotto_why why) {
    for (int i = 0; i < SLATES_KEPT; i++) {
        struct slate *s = &e->secrets->slates[i];
        if (s->handle && (session == 0 || s->session == session)) apply(s, event, why);
    }
}

void slates_close(struct sotto *e, sotto_session session) {
    for (int i = 0; i < SLATES_KEPT; i++) {
        struct slate *s = &e->secrets->slates[i];
        if (s->session == session) slate_wipe(e, s);
    }
}

void slates_forget(struct sotto *e, sotto_session session) {
    slates_apply(e, session, SLATE_WITHDRAW, SOTTO_WHY_NO_CONSENT);
    for (int i = 0; i < SLATES_KEPT; i++) {
        struct slate *s = &e->secrets->slates[i];
        if (s->session != session || s->state == SLATE_OPEN_GENERAL) continue;
        wipe(s->hits, sizeof s->hits);
        wipe(s->inputs, sizeof s->inputs);
        wipe(&s->rules, sizeof s->rules);
        wipe(slate_bits(e, s), slate_bitmap_bytes(e->model.n_items));
        s->n_hits = s->n_inputs = 0;
    }
}

void slates_sweep(struct sotto *e) {
    uint64_t now_ms = engine_now_ms(e);
    for (int i = 0; i < SLATES_KEPT; i++) {
        struct slate *s = &e->secrets->slates[i];
        if (s->handle && now_ms - s->made_ms > (uint64_t)e->rules->slate_ttl_s * 1000)
            apply(s, SLATE_TIMEOUT, SOTTO_WHY_EXPIRED);
    }
}

/* Finds a slate whose session still lives, with time already applied to it. */
static struct slate *find(struct sotto *e, sotto_slate handle, struct visit **visit) {
    slates_sweep(e);
    for (int i = 0; i < SLATES_KEPT; i++) {
        struct slate *s = &e->secrets->slates[i];
        if (!handle || s->handle != handle) continue;
        *visit = visit_find(e, s->session);
        return *visit ? s : NULL;
    }
    fail(&e->error, SOTTO_E_STATE, "this slate does not exist or was closed");
    return NULL;
}

struct slate *slate_find(struct sotto *e, sotto_slate handle) {
    struct visit *v;
    return find(e, handle, &v);
}

/* Why a slate for this visit may not be personal now; SOTTO_WHY_PERSONALISED if it may. */
static enum sotto_why why_not(struct sotto *e, const struct visit *v, int is_asking) {
    if (e->rules->consent[SOTTO_PURPOSE_PERSONALISE] == POLICY_NEVER) return SOTTO_WHY_POLICY;
    if (e->model_status != SOTTO_OK) return SOTTO_WHY_MODEL;
    if (!engine_hears_everyone(e)) return SOTTO_WHY_STORAGE;
    if (e->clock.is_blind) return SOTTO_WHY_EXPIRED; /* a yes or a slate may be */
    return people_why_not(e, v, is_asking);
}

/* What may be in a slate of this person's now, or in a general one that they see. */
static void make_rules(struct sotto *e, struct visit *v, struct slate *s, int is_personal) {
    const struct consent *c = &v->person.consent;
    const int64_t now_s = engine_late(e);
    const struct slate_person person = {
        consent_age(c, e->rules), visit_may_use(e, v, SOTTO_PURPOSE_SENSITIVE),
        visit_may_use(e, v, SOTTO_PURPOSE_PAID), is_personal ? &v->seen : NULL, c->years};
    uint8_t *bits = slate_bits(e, s);
    memcpy(bits, e->absent, slate_bitmap_bytes(e->model.n_items));
    people_blocked(e, v, bits);
    s->changes = v->changes;
    if (is_personal) seen_bar(&v->seen, e->rules, now_s, bits);
    slate_rules(&s->rules, &e->model, e->rules, &person, now_s);
}

struct slate *slate_spare(struct sotto *e, int most) {
    struct slate *best = NULL;
    int alive = 0;
    for (int i = 0; i < SLATES_KEPT; i++) {
        struct slate *s = &e->secrets->slates[i];
        alive += s->handle != 0;
        if (!s->handle && (!best || s->decision < best->decision)) best = s;
    }
    if (alive > most) return NULL;
    slate_wipe(e, best);
    return best;
}

int sotto_slate_request(struct sotto *e, sotto_session session,
                        const struct sotto_slate_request *request, sotto_slate *slate) {
    int status = engine_enter(e);
    if (status != SOTTO_OK) return status;
    if (!slate || !request || request->size < sizeof *request ||
        request->count > SOTTO_SLATE_ITEMS_MAX)
        return fail(&e->error, SOTTO_E_ARGUMENT,
                    "a request needs its size and a count of at most %d", SOTTO_SLATE_ITEMS_MAX);
    *slate = 0;
    struct visit *v = visit_find(e, session);
    if (!v) return SOTTO_E_STATE;
    struct slate *s = slate_spare(e, SOTTO_SLATES_MAX - 1);
    if (!s)
        return fail(&e->error, SOTTO_E_LIMIT, "%d slates are alive; close one first",
                    SOTTO_SLATES_MAX);
    s->session = session;
    s->made_ms = engine_now_ms(e);
    s->count = request->count ? request->count : COUNT_DEFAULT;
    s->why = request->general ? SOTTO_WHY_ASKED : why_not(e, v, 1);
    if (s->why == SOTTO_WHY_PERSONALISED) {
        make_rules(e, v, s, 1);
        slate_rank_personal(s, &e->model, &v->person.history, slate_workspace_of(e, s),
                            e->clock.late_s, s->count, request->repeats != 0);
        if (s->n_hits == 0) s->why = SOTTO_WHY_NO_HISTORY;
    }
    s->state = s->why == SOTTO_WHY_PERSONALISED ? SLATE_SEALED : SLATE_GENERAL;
    s->handle = ++e->last_handle;
    *slate = s->handle;
    return SOTTO_OK;
}

/* ---- Disclosure -------------------------------------------------------------------------- */

/* No on the banner is no to being profiled, not only to this slate. It is heard once, also from a
 * session that was idle for too long and ends right after it. */
static int decline(struct sotto *e, struct visit *v) {
    int was_idle = visit_is_idle(e, v, engine_now_ms(e));
    if (!v->is_disclosed) e->banners_shown++;
    v->active_ms = e->clock.mono_ms;
    int status = sotto_consent_set(e, v->handle, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_DENIED);
    int ended = was_idle ? visit_end(e, v) : SOTTO_OK;
    return status == SOTTO_OK ? ended : status;
}

static int settle_receipt(struct sotto *e, struct slate *s, struct visit *v,
                          const struct sotto_banner_receipt *receipt) {
    enum slate_event event = receipt_judge(&s->banner, receipt, s->asked_ms, engine_now_ms(e));
    switch (event) {
    case SLATE_RECEIPT_GOOD:
        apply(s, event, SOTTO_WHY_PERSONALISED);
        if (s->state != SLATE_SHOWN) break; /* the slate ended while the banner was up */
        people_shown(e, v);
        e->banners_shown++;
        return SOTTO_OK;
    case SLATE_DECLINE:
        apply(s, event, SOTTO_WHY_DECLINED);
        s->is_answered = 1;
        v->asked = 0;
        return decline(e, v);
    default: apply(s, SLATE_RECEIPT_BAD, SOTTO_WHY_NOT_DISCLOSED); break;
    }
    return fail(
        &e->error, SOTTO_E_STATE,
        "the banner's receipt does not prove that it was shown long enough, acknowledged and "
        "unchanged; the slate opens as general");
}

static int not_shown(struct sotto *e, struct slate *s, const char *what) {
    apply(s, SLATE_RECEIPT_BAD, SOTTO_WHY_NOT_DISCLOSED);
    return fail(&e->error, SOTTO_E_STATE, "%s; the slate opens as general", what);
}

int sotto_slate_present(struct sotto *e, sotto_slate slate) {
    int status = engine_enter(e);
    struct visit *v;
    if (status != SOTTO_OK) return status;
    struct slate *s = find(e, slate, &v);
    if (!s) return SOTTO_E_STATE;
    if (s->state == SLATE_GENERAL || s->state == SLATE_SHOWN) return SOTTO_OK;
    if (slate_next(s->state, SLATE_ASK) == SLATE_NOT_ALLOWED)
        return fail(&e->error, SOTTO_E_STATE,
                    "this slate was already presented, refused or opened");
    apply(s, SLATE_ASK, SOTTO_WHY_PERSONALISED);
    if (people_disclosed(e, v) && why_not(e, v, 0) == SOTTO_WHY_PERSONALISED) {
        apply(s, SLATE_RECEIPT_GOOD, SOTTO_WHY_PERSONALISED);
        return SOTTO_OK;
    }
    if (!e->port->banner_show) return not_shown(e, s, "the port has no banner hook");
    if (banner_fill(&s->banner, e->rules, e->locale, &e->secrets->rng) != 0)
        return not_shown(e, s, "the random source failed");
    struct sotto_banner_receipt receipt = {.size = sizeof receipt};
    e->banners_asked++;
    s->asked_ms = engine_now_ms(e);
    v->asked = s->handle;
    memcpy(v->asked_hash, s->banner.hash, sizeof v->asked_hash);
    e->is_in_hook = 1;
    int shown = e->port->banner_show(e->port->ctx, &s->banner, &receipt);
    e->is_in_hook = 0;
    v->active_ms = engine_now_ms(e); /* a blocking hook may have waited for long */
    if (shown == 1) return SOTTO_PENDING;
    if (shown != 0) return not_shown(e, s, "the banner hook failed");
    return settle_receipt(e, s, v, &receipt);
}

/* Whom the banner of this slate asked, if `hash` is that banner's. The slate may have timed out,
 * been opened as general or closed since, and other banners may have been shown: a no to what was
 * shown stays a no. */
static struct visit *asked_visit(struct sotto *e, sotto_slate slate, const uint8_t *hash) {
    sotto_session session = 0;
    for (int i = 0; i < SLATES_KEPT; i++) {
        struct slate *s = &e->secrets->slates[i];
        if (!slate || s->handle != slate || !s->banner.size || s->is_answered ||
            !equal_ct(s->banner.hash, hash, HASH_BYTES))
            continue;
        apply(s, SLATE_DECLINE, SOTTO_WHY_DECLINED);
        s->is_answered = 1;
        session = s->session;
    }
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++) {
        struct visit *v = &e->secrets->visits[i];
        int is_last = slate && v->asked == slate && equal_ct(v->asked_hash, hash, HASH_BYTES);
        if (is_last) v->asked = 0;
        if (v->handle && (v->handle == session || is_last)) return v;
    }
    return NULL;
}

int sotto_slate_confirm(struct sotto *e, sotto_slate slate,
                        const struct sotto_banner_receipt *receipt) {
    int status = engine_enter(e);
    struct visit *v;
    if (status != SOTTO_OK) return status;
    if (!receipt) return fail(&e->error, SOTTO_E_ARGUMENT, "receipt must not be NULL");
    if (receipt->size >= sizeof *receipt && receipt->acknowledged == 2 &&
        (v = asked_visit(e, slate, receipt->hash)) != NULL)
        return decline(e, v);
    struct slate *s = find(e, slate, &v);
    if (!s) return SOTTO_E_STATE;
    if (s->state != SLATE_ASKED)
        return fail(&e->error, SOTTO_E_STATE, "no banner is pending for this slate");
    return settle_receipt(e, s, v, receipt);
}

/* ---- Opening ------------------------------------------------------------------------------ */

int view_check(struct sotto *e, const struct sotto_slate_view *view, const struct sotto_item *items,
               size_t cap) {
    if (!view || view->size < sizeof *view || (cap > 0 && !items) ||
        (view->item_size && view->item_size < sizeof *items))
        return fail(&e->error, SOTTO_E_ARGUMENT,
                    "a slate needs a view with its size, items, and their size or 0");
    return SOTTO_OK;
}

void slate_hand_out(const struct sotto *e, const struct slate *s, struct sotto_slate_view *view,
                    struct sotto_item *items, size_t cap) {
    const size_t item_size = view->item_size ? view->item_size : sizeof *items;
    uint32_t n = s->n_hits < cap ? s->n_hits : (uint32_t)cap;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t item = s->hits[i].item;
        const struct model_facts facts = model_facts(&e->model, item);
        const struct sotto_item out = {model_item_id(&e->model, item),
                                       model_item_title(&e->model, item),
                                       s->hits[i].score,
                                       i,
                                       facts.provider,
                                       facts.payer,
                                       facts.flags,
                                       facts.rating};
        uint8_t *to = (uint8_t *)items + i * item_size;
        memset(to, 0, item_size);
        memcpy(to, &out, sizeof out);
    }
    memset(view, 0, sizeof *view);
    view->size = sizeof *view;
    view->item_size = item_size;
    view->personalised = s->state == SLATE_OPEN_PERSONAL;
    view->why = s->why;
    view->count = n;
    view->decision = s->decision;
}

/* A number that this device hardly gives twice: 33 bits of time, 20 of a counter. */
static uint64_t number_of(const struct sotto *e, sotto_slate handle) {
    return ((uint64_t)e->clock.now_s & 0x1ffffffffu) << 20 | (handle & 0xfffff);
}

/* What the person blocked, or saw in another slate, since this one was sealed. */
static void heed_changes(struct sotto *e, struct visit *v, struct slate *s) {
    if (s->changes == v->changes) return;
    make_rules(e, v, s, 1);
    s->n_hits =
        slate_rank(s, &e->model, slate_workspace_of(e, s), SLATE_WITH_ALL, s->hits, &s->moves);
    if (s->n_hits == 0) apply(s, SLATE_WITHDRAW, SOTTO_WHY_NO_HISTORY);
}

/* Nothing personal outlives a slate that opens as general. */
static void make_general(struct sotto *e, struct visit *v, struct slate *s) {
    wipe(s->inputs, sizeof s->inputs);
    wipe(s->hits, sizeof s->hits);
    make_rules(e, v, s, 0);
    slate_rank_general(s, &e->model, slate_workspace_of(e, s), s->count);
}

int sotto_slate_open(struct sotto *e, sotto_slate slate, struct sotto_slate_view *view,
                     struct sotto_item *items, size_t cap) {
    int status = engine_enter(e);
    struct visit *v;
    if (status == SOTTO_OK) status = view_check(e, view, items, cap);
    if (status != SOTTO_OK) return status;
    struct slate *s = find(e, slate, &v);
    if (!s) return SOTTO_E_STATE;
    if (slate_next(s->state, SLATE_OPEN) == SLATE_NOT_ALLOWED)
        return fail(&e->error, SOTTO_E_STATE, "a slate opens once; request another");
    /* What was true at the request need not be true now. */
    enum sotto_why now_not = why_not(e, v, 0);
    if (now_not != SOTTO_WHY_PERSONALISED) apply(s, SLATE_WITHDRAW, now_not);
    if (s->state == SLATE_SEALED || s->state == SLATE_ASKED) s->why = SOTTO_WHY_NOT_DISCLOSED;
    if (s->state == SLATE_SHOWN) heed_changes(e, v, s);
    apply(s, SLATE_OPEN, s->why);
    s->policy_version = e->rules->version;
    s->decision = number_of(e, s->handle);
    if (s->state == SLATE_OPEN_PERSONAL) {
        s->why = SOTTO_WHY_PERSONALISED;
        v->changes++;
        e->slates_personalised++;
    } else {
        make_general(e, v, s);
        e->slates_general++;
    }
    slate_hand_out(e, s, view, items, cap);
    for (uint32_t i = 0; i < view->count && view->personalised; i++)
        seen_show(&v->seen, &e->model, e->rules, s->hits[i].item, engine_late(e));
    return SOTTO_OK;
}

void sotto_slate_close(struct sotto *e, sotto_slate slate) {
    if (!e || e->is_in_hook || !slate) return;
    for (int i = 0; i < SLATES_KEPT; i++) {
        struct slate *s = &e->secrets->slates[i];
        if (s->handle != slate) continue;
        s->handle = 0;
        if (!s->decision) slate_wipe(e, s);
    }
}

const char *sotto_why_text(enum sotto_why why) {
    static const char words[] =           /* from SOTTO_WHY_PERSONALISED, which is 0, up */
        "chosen for this person\0"        /* SOTTO_WHY_PERSONALISED */
        "a general slate was asked for\0" /* SOTTO_WHY_ASKED */
        "the policy in force does not allow personalising\0"        /* SOTTO_WHY_POLICY */
        "there is no consent to personalise\0"                      /* SOTTO_WHY_NO_CONSENT */
        "it was not proven that the banner was shown\0"             /* SOTTO_WHY_NOT_DISCLOSED */
        "the person declined on the banner\0"                       /* SOTTO_WHY_DECLINED */
        "the slate was too old\0"                                   /* SOTTO_WHY_EXPIRED */
        "there is nothing to personalise on yet\0"                  /* SOTTO_WHY_NO_HISTORY */
        "storage fails, so nobody's word can be looked up\0"        /* SOTTO_WHY_STORAGE */
        "the model has expired or is older than one already used\0" /* SOTTO_WHY_MODEL */
        "a child is in front of the screen, or may be\0"            /* SOTTO_WHY_CHILD */
        "personalisation is switched off\0"                         /* SOTTO_WHY_OFF */
        "staff decided so for this session";                        /* SOTTO_WHY_STAFF */
    _Static_assert(SOTTO_WHY_PERSONALISED == 0 && SOTTO_WHY_STAFF == 12, "words for each");
    if (why < SOTTO_WHY_PERSONALISED || why > SOTTO_WHY_STAFF) return "unknown";
    return packed_string(words, (unsigned)why);
}
