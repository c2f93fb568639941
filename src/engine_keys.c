/* engine_keys: what the engine has to say about the keys below it. The vault does the work. */
#include "engine.h"

int sotto_keys_rotate(struct sotto *e, struct sotto_rotation *rotation) {
    int status = engine_enter(e);
    if (status != SOTTO_OK) return status;
    if (!rotation || rotation->size < sizeof *rotation)
        return fail(&e->error, SOTTO_E_ARGUMENT, "set sotto_rotation.size to its sizeof");
    engine_now(e);
    return engine_note(e, vault_rotate(e->vault, rotation, &e->error));
}
