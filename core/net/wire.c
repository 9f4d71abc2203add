/* wire.c: see wire.h. */
#include "net/wire.h"

void wire_credential_clear(struct wire_credential *credential)
{
    sw_secret_free(credential->bearer);
    sw_secret_free(credential->aws_key_id);
    sw_secret_free(credential->aws_secret);
    sw_secret_free(credential->aws_token);
    *credential = (struct wire_credential){0};
}
