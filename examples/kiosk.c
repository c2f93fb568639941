/* A kiosk in 30 lines: kiosk MODEL.pack MODEL_KEY POLICY.pack POLICY_KEY DATA_DIR ITEM */
#include <sotto.h>
#include <sotto_linux.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Your screen goes here. This one prints the banner and waits; it returns only when it was seen. */
static int show(void *ctx, const struct sotto_banner *b, struct sotto_banner_receipt *r) {
    struct sotto_linux *device = ctx; /* device->user is yours */
    struct timespec wait = {b->min_display_ms / 1000, b->min_display_ms % 1000 * 1000000L + 1};
    printf("[%s] %s [%s] [%s]\n", b->title, b->short_text, b->actions[0].label, b->actions[1].label);
    memcpy(r->hash, b->hash, sizeof r->hash);
    r->channels = SOTTO_CHANNEL_SCREEN;
    r->acknowledged = 1; /* the person pressed the first button */
    ((struct sotto_port *)device->user)->clock_mono_ms(ctx, &r->shown_from_ms);
    nanosleep(&wait, NULL);
    return ((struct sotto_port *)device->user)->clock_mono_ms(ctx, &r->shown_until_ms);
}

int main(int argc, char **argv) {
    struct sotto_linux device;
    struct sotto_port port;
    struct sotto_error err = {0, ""};
    struct sotto *engine;
    char vault[256], keys[256];
    if (argc != 7) return 2;
    snprintf(vault, sizeof vault, "%s/vault.db", argv[5]);
    snprintf(keys, sizeof keys, "%s/keys", argv[5]);
    if (sotto_linux_port(&device, keys, vault, &port, &err) != SOTTO_OK)
        return fprintf(stderr, "%s\n", err.message), 1;
    device.user = &port;
    port.banner_show = show;
    struct sotto_config config = {.size = sizeof config, .port = &port, .model_pack = argv[1],
                                  .model_key = argv[2], .policy_pack = argv[3], .policy_key = argv[4]};
    if (sotto_open(&config, &engine, &err) != SOTTO_OK)
        return fprintf(stderr, "%s\n", err.message), 1;

    sotto_session visit;
    sotto_slate slate;
    struct sotto_event viewed = {sizeof viewed, argv[6], SOTTO_EVENT_VIEW};
    struct sotto_slate_request request = {.size = sizeof request, .count = 5};
    struct sotto_slate_view view = {.size = sizeof view};
    struct sotto_item items[5];
    if (sotto_session_begin(engine, NULL, &visit) != SOTTO_OK ||
        sotto_consent_set(engine, visit, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_GRANTED) ||
        sotto_record(engine, visit, &viewed) || sotto_slate_request(engine, visit, &request, &slate))
        return fprintf(stderr, "%s\n", sotto_last_error(engine)), 1;
    if (sotto_slate_present(engine, slate) < 0) /* then the slate below is the general one */
        fprintf(stderr, "%s\n", sotto_last_error(engine));
    if (sotto_slate_open(engine, slate, &view, items, 5) != SOTTO_OK) return 1;
    printf("%s:\n", sotto_why_text(view.why));
    for (uint32_t i = 0; i < view.count; i++) printf("%u. %s\n", i + 1, items[i].title);
    sotto_session_end(engine, visit);
    sotto_close(engine);
    return 0;
}
