/* A kiosk in 30 lines of C: kiosk MODEL.pack MODEL_KEY POLICY.pack POLICY_KEY KEY_DIR ITEM */
#include <sotto_linux.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* clang-format off */
static struct sotto_port port;
#define TRY(call) if ((call) < 0) return fprintf(stderr, "%s\n", e ? sotto_last_error(e) : err.message), 1

/* Your screen: shows the banner, waits for the person, reports what truly happened. */
static int show(void *ctx, const struct sotto_banner *b, struct sotto_banner_receipt *r) {
    printf("[%s] %s [%s] [%s]\n", b->title, b->short_text, b->actions[0].label, b->actions[1].label);
    memcpy(r->hash, b->hash, sizeof r->hash);
    r->channels = SOTTO_CHANNEL_SCREEN, r->acknowledged = 1; /* the first button was pressed */
    return port.clock_mono_ms(ctx, &r->shown_from_ms) || nanosleep(&(struct timespec){b->min_display_ms / 1000 + 1, 0}, NULL) || port.clock_mono_ms(ctx, &r->shown_until_ms) ? -1 : 0;
}

int main(int argc, char **argv) {
    struct sotto *e = NULL;
    struct sotto_error err;
    struct sotto_linux device;
    if (argc != 7) return 2;
    TRY(sotto_linux_port(&device, argv[5], NULL, &port, &err)); /* NULL: no vault, all stays in RAM */
    port.banner_show = show;
    struct sotto_config config = {.size = sizeof config, .port = &port, .model_pack = argv[1], .model_key = argv[2], .policy_pack = argv[3], .policy_key = argv[4]};
    TRY(sotto_open(&config, &e, &err));
    uint64_t visit, slate;
    struct sotto_event viewed = {sizeof viewed, argv[6], SOTTO_EVENT_VIEW};
    struct sotto_slate_request request = {.size = sizeof request, .count = 5};
    struct sotto_slate_view view = {.size = sizeof view};
    struct sotto_item items[5];
    TRY(sotto_session_begin(e, NULL, &visit)); /* anonymous */
    TRY(sotto_consent_set(e, visit, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_GRANTED)); /* the person said yes */
    TRY(sotto_record(e, visit, &viewed));
    TRY(sotto_slate_request(e, visit, &request, &slate));
    if (sotto_slate_present(e, slate) != SOTTO_OK) puts(sotto_last_error(e)); /* then it opens as general */
    TRY(sotto_slate_open(e, slate, &view, items, 5));
    printf("%s:\n", sotto_why_text(view.why));
    for (uint32_t i = 0; i < view.count; i++) printf("%u. %s\n", i + 1, items[i].title);
    sotto_close(e); /* ends the visit, wipes what it held */
}
