/* auth_google.c: access tokens of a Google service account (OAuth 2.0 JWT bearer grant).
 *
 * One token for each account and scope set, shared by all threads. Two minutes
 * before its end one poll fetches the next while the others go on with the old
 * one. Without a valid token polls wait for the one that fetches, and share
 * its failure; an action waits for nobody and fetches for itself, so that a
 * halt never queues behind a poll whose token request hangs.
 *
 * The request's place comes from the key file (token_uri) or the configuration
 * (token_url), never from a reply. Its gate is that one operation; it changes
 * nothing of users', so it leaves in read-only mode too. */
#include "net/auth_kind.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/time.h"
#include "net/google_error.h"
#include "net/google_key.h"
#include "net/percent.h"
#include "net/secret_place.h"

enum {
    ASSERTION_LIFE_S = 3600, /* the most there is; Google gives tokens for an hour anyway */
    BACK_DATED_S = 30,       /* for a clock a little ahead of theirs */
    RENEW_BEFORE_S = 120,
    RENEW_AGAIN_MS = 10000, /* after a renewal that failed while the old one is good */
    LIFE_MAX_S = 24 * 3600,
    ASSERTION_MAX = 8192,
    TOKEN_TIMEOUT_MS = 15000,
};

struct google {
    struct sw_auth auth; /* first */
    struct secret_place place;
    char *scopes;
    char *token_url; /* NULL: as the key file says */
    /* ---- under auth.lock */
    struct google_account *account; /* NULL: key not read; counted, see account_ref */
    char email[256];                /* kept after a refusal: its reader holds a pointer */
    struct sw_secret *token;        /* NULL: none */
    int64_t renew_mono_ms, end_mono_ms;
    bool is_fetching;        /* by a poll */
    unsigned failures;       /* fetches that failed */
    struct sw_error failure; /* the last one */
};

/* The key and the place it is used at; immutable but for the signing. */
struct google_account {
    unsigned references; /* under auth.lock */
    struct google_key key;
    struct origin origin; /* of the token request, without a prefix */
    struct sw_operation operation;
    char path[ORIGIN_PREFIX + 1];
    char audience[512];
    struct sw_mutex signing; /* one at a time */
};

static struct google *of(struct sw_auth *auth)
{
    return (struct google *)(void *)auth;
}

/* ------------------------------------------------------------------- account */

static void account_free(struct google_account *account)
{
    google_key_clear(&account->key);
    sw_mutex_clear(&account->signing);
    free(account);
}

static void account_unref(struct google *google, struct google_account *account)
{
    sw_mutex_lock(&google->auth.lock);
    bool is_last = account && --account->references == 0;
    sw_mutex_unlock(&google->auth.lock);
    if (is_last)
        account_free(account);
}

static enum sw_code set_place(struct google_account *account, const char *url, struct sw_error *err)
{
    enum sw_code code = origin_parse(url, "the token URL", &account->origin, err);
    if (code != SW_OK)
        return code;
    const char *prefix = account->origin.prefix;
    sw_copy(account->path, sizeof(account->path), *prefix ? prefix : "/");
    account->origin.prefix[0] = '\0';
    sw_copy(account->audience, sizeof(account->audience), url);
    account->operation = (struct sw_operation){
        .name = "token",
        .method = SW_POST,
        .path = account->path,
        .effect = SW_EFFECT_EDIT, /* makes a token, which nobody but us ever sees */
        .is_idempotent = true,
        .timeout_ms = TOKEN_TIMEOUT_MS,
    };
    return SW_OK;
}

/* Reads key and place; on the calling thread, without the lock. */
static enum sw_code account_read(struct google *google, const struct auth_context *context,
                                 struct google_account **out, struct sw_error *err)
{
    struct sw_secret *json = NULL;
    enum sw_code code = secret_place_read(&google->place, true, context->is_cancelled, &json, err);
    if (code != SW_OK)
        return code;
    struct google_account *account = sw_xcalloc(1, sizeof(*account));
    sw_mutex_init(&account->signing);
    account->references = 1;
    const char *from = google->place.file ? google->place.file : google->place.name;
    size_t len = 0;
    const char *bytes = sw_secret_bytes(json, &len);
    code = google_key_parse(bytes, len, from, &account->key, err);
    sw_secret_free(json);
    if (code == SW_OK)
        code =
            set_place(account, google->token_url ? google->token_url : account->key.token_uri, err);
    if (code == SW_OK)
        *out = account;
    else
        account_free(account);
    return code;
}

/* The account, read if it was not; give it back with account_unref. */
static enum sw_code account_ref(struct google *google, const struct auth_context *context,
                                struct google_account **out, struct sw_error *err)
{
    sw_mutex_lock(&google->auth.lock);
    *out = google->account;
    if (*out)
        (*out)->references++;
    sw_mutex_unlock(&google->auth.lock);
    if (*out)
        return SW_OK;
    enum sw_code code = account_read(google, context, out, err);
    if (code != SW_OK)
        return code;
    sw_mutex_lock(&google->auth.lock);
    if (!google->account) {
        google->account = *out;
        (*out)->references++;
        if (!google->email[0])
            sw_copy(google->email, sizeof(google->email), (*out)->key.email);
    }
    sw_mutex_unlock(&google->auth.lock);
    return SW_OK;
}

/* ------------------------------------------------------------- token request */

/* "grant_type=...&assertion=<jwt>" */
static enum sw_code make_body(struct google *google, struct google_account *account,
                              struct sw_buf *body, struct sw_error *err)
{
    json_int_t now_s = sw_time_real_ms() / 1000 - BACK_DATED_S;
    SW_JSON json_t *claims =
        json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", account->key.email, "scope", google->scopes,
                  "aud", account->audience, "iat", now_s, "exp", now_s + ASSERTION_LIFE_S);
    if (!claims)
        return sw_fail(err, SW_E_INTERNAL, "making the token request failed");
    sw_buf_add(body, "grant_type=");
    const char *grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    percent_encode(grant, strlen(grant), NULL, body);
    sw_buf_add(body, "&assertion=");
    const char *key_id = account->key.key_id[0] ? account->key.key_id : NULL;
    sw_mutex_lock(&account->signing);
    enum sw_code code = jwt_sign(account->key.key, key_id, claims, body, err);
    sw_mutex_unlock(&account->signing);
    return code;
}

/* Google says `error` as a string here, unlike in its APIs. */
static enum sw_code explain_refusal(const struct sw_reply *reply, enum sw_code code,
                                    struct sw_error *err)
{
    char word[64] = "";
    char text[200] = "";
    SW_JSON json_t *tree = NULL;
    bool is_refusal = reply->status == 400 || reply->status == 401 || reply->status == 403;
    if (!is_refusal || sw_reply_json(reply, &tree, NULL) != SW_OK)
        return code;
    if (sw_json_text(tree, "error", SW_OPTIONAL, word, sizeof(word), NULL) != SW_OK)
        return code;
    sw_ignore(sw_json_text(tree, "error_description", SW_OPTIONAL, text, sizeof(text), NULL));
    const char *hint = "; was the key deleted, or the service account disabled?";
    char skew_text[120];
    long long skew_s =
        reply->date_ms > 0 ? (long long)(reply->date_ms - sw_time_real_ms()) / 1000 : 0;
    if (skew_s > 60 || skew_s < -60) {
        sw_format(skew_text, sizeof(skew_text),
                  "; this machine's clock is %lld s %s Google's: set it right",
                  skew_s < 0 ? -skew_s : skew_s, skew_s < 0 ? "ahead of" : "behind");
        hint = skew_text;
    } else if (strcmp(word, "invalid_scope") == 0) {
        hint = "; is the API enabled for this project?";
    }
    return sw_fail_http(err, SW_E_AUTH, reply->status, false, 0,
                        "Google refused the service account's token request (%s%s%s)%s", word,
                        text[0] ? ": " : "", text, hint);
}

struct fetched {
    struct sw_secret *token;
    int64_t life_s;
};

static enum sw_code read_token(const struct sw_reply *reply, struct fetched *out,
                               struct sw_error *err)
{
    const char *token = NULL, *type = "Bearer";
    SW_JSON json_t *tree = NULL;
    enum sw_code code = sw_reply_json(reply, &tree, err);
    if (code == SW_OK)
        code = sw_json_str(tree, "access_token", SW_REQUIRED, &token, err);
    if (code == SW_OK)
        code = sw_json_int_range(tree, "expires_in", SW_REQUIRED, 1, LIFE_MAX_S, &out->life_s, err);
    if (code == SW_OK)
        sw_ignore(sw_json_str(tree, "token_type", SW_OPTIONAL, &type, NULL));
    if (code != SW_OK)
        return sw_error_prefix(err, "the token reply");
    size_t len = strlen(token);
    if (strcasecmp(type, "Bearer") != 0 || len == 0 || len > SECRET_MAX_BYTES)
        return sw_fail(err, SW_E_PARSE, "the token reply holds no bearer token");
    out->token = secret_new(token, len);
    secret_wipe_json(json_object_get(tree, "access_token"));
    code = auth_check_header(out->token, "access_token", err);
    if (code != SW_OK) {
        sw_secret_free(out->token);
        out->token = NULL;
        return sw_fail(err, SW_E_PARSE, "the token reply's token is not one line of ASCII");
    }
    return SW_OK;
}

static void wipe_reply(struct sw_reply *reply)
{
    if (reply->body)
        explicit_bzero(reply->body, reply->body_len);
    sw_reply_clear(reply);
}

static enum sw_code ask(struct google *google, struct google_account *account,
                        const struct auth_context *context, struct fetched *out,
                        struct sw_error *err)
{
    struct sw_buf body;
    struct sw_reply reply = {0};
    struct sw_request request = {.operation = &account->operation,
                                 .content_type = "application/x-www-form-urlencoded"};
    sw_copy(request.path, sizeof(request.path), account->path);
    sw_buf_init(&body, ASSERTION_MAX);
    enum sw_code code = make_body(google, account, &body, err);
    if (code == SW_OK) {
        request.body = sw_buf_text(&body);
        request.body_len = body.len;
        code = context->send(context->arg, &account->origin, &request, &reply, err);
        code = code == SW_OK ? read_token(&reply, out, err) : explain_refusal(&reply, code, err);
    }
    if (body.data)
        explicit_bzero(body.data, body.len); /* whoever has the assertion can get a token */
    sw_buf_clear(&body);
    wipe_reply(&reply);
    return code;
}

static enum sw_code fetch(struct google *google, const struct auth_context *context,
                          struct fetched *out, struct sw_error *err)
{
    struct google_account *account = NULL;
    enum sw_code code = account_ref(google, context, &account, err);
    if (code != SW_OK)
        return code;
    code = ask(google, account, context, out, err);
    if (code == SW_E_AUTH) { /* read the key again next time: it may have been exchanged */
        sw_mutex_lock(&google->auth.lock);
        bool is_ours = google->account == account;
        if (is_ours)
            google->account = NULL;
        sw_mutex_unlock(&google->auth.lock);
        if (is_ours)
            account_unref(google, account); /* the shared one; ours is given back below */
    }
    account_unref(google, account); /* NOLINT(clang-analyzer-unix.Malloc): counted */
    return code;
}

/* --------------------------------------------------------------- shared token */

/* Lock held. */
static void store(struct google *google, const struct fetched *fetched)
{
    sw_mutex_assert_held(&google->auth.lock);
    int64_t now = sw_time_mono_ms();
    int64_t life_s = fetched->life_s;
    int64_t fresh_s = life_s > 2 * RENEW_BEFORE_S ? life_s - RENEW_BEFORE_S : life_s / 2;
    sw_secret_free(google->token);
    google->token = secret_ref(fetched->token);
    google->renew_mono_ms = now + fresh_s * 1000;
    google->end_mono_ms = now + life_s * 1000;
}

/* Fetches a token with the lock let go meanwhile. Lock held before and after. */
static enum sw_code fetch_and_store(struct google *google, const struct auth_context *context,
                                    struct sw_secret **out, struct sw_error *err)
{
    struct fetched fetched = {0};
    bool is_poll = !context->is_action;
    google->is_fetching |= is_poll;
    sw_mutex_unlock(&google->auth.lock);
    enum sw_code code = fetch(google, context, &fetched, err);
    sw_mutex_lock(&google->auth.lock);
    if (is_poll)
        google->is_fetching = false;
    if (code == SW_OK) {
        store(google, &fetched);
        *out = fetched.token;
    } else if (is_poll && code != SW_E_CANCELLED) {
        google->failures++;
        google->failure = *err;
    }
    sw_cond_broadcast(&google->auth.changed);
    if (code != SW_OK && code != SW_E_CANCELLED && sw_time_mono_ms() < google->end_mono_ms &&
        google->token) {
        google->renew_mono_ms = sw_time_mono_ms() + RENEW_AGAIN_MS;
        *out = secret_ref(google->token);
        return SW_OK;
    }
    return code;
}

static bool is_valid(const struct google *google)
{
    return google->token && sw_time_mono_ms() < google->end_mono_ms;
}

/* Is there a token to use now? Lock held. */
static bool has_token(const struct google *google, const struct auth_context *context)
{
    if (!is_valid(google))
        return false;
    return sw_time_mono_ms() < google->renew_mono_ms || google->is_fetching || context->is_action;
}

/* A poll's wait for the poll that fetches, or for an action that was quicker. Lock held. False:
 * that failed, err says why. */
static bool wait_for_other(struct google *google, struct sw_error *err)
{
    unsigned failures = google->failures;
    while (google->is_fetching && !is_valid(google))
        sw_cond_wait(&google->auth.changed, &google->auth.lock);
    if (google->failures == failures || is_valid(google))
        return true;
    *err = google->failure;
    return false;
}

static enum sw_code apply(struct sw_auth *auth, const struct auth_context *context,
                          struct wire_credential *out, struct sw_error *err)
{
    struct google *google = of(auth);
    enum sw_code code = SW_OK;
    sw_mutex_lock(&auth->lock);
    while (!out->bearer && code == SW_OK) {
        if (has_token(google, context))
            out->bearer = secret_ref(google->token);
        else if (google->is_fetching && !context->is_action)
            code = wait_for_other(google, err) ? SW_OK : err->code;
        else
            code = fetch_and_store(google, context, &out->bearer, err);
    }
    sw_mutex_unlock(&auth->lock);
    return code;
}

static void refused(struct sw_auth *auth, const struct wire_credential *used)
{
    struct google *google = of(auth);
    sw_mutex_lock(&auth->lock);
    if (google->token == used->bearer) {
        sw_secret_free(google->token);
        google->token = NULL;
    }
    sw_mutex_unlock(&auth->lock);
}

/* ------------------------------------------------------------------- the kind */

static void close_google(struct sw_auth *auth)
{
    struct google *google = of(auth);
    sw_secret_free(google->token);
    if (google->account)
        account_free(google->account);
    secret_place_clear(&google->place);
    free(google->scopes);
    free(google->token_url);
}

static const struct auth_kind kind = {
    .name = "google",
    .apply = apply,
    .refused = refused,
    .classify = sw_google_classify,
    .close = close_google,
};

enum sw_code sw_auth_google_open(const struct sw_node *node, const char *scopes,
                                 struct sw_auth **out, struct sw_error *err)
{
    *out = NULL;
    struct secret_place place;
    struct origin ignored;
    const char *token_url = sw_node_str(node, "token_url");
    enum sw_code code = SW_OK;
    if (token_url)
        code = origin_parse(token_url, "token_url", &ignored, err);
    if (code == SW_OK)
        code = secret_place_init(&place, node, "key", err);
    if (code != SW_OK)
        return code;
    struct sw_auth *auth = auth_new(sizeof(struct google), &kind);
    struct google *google = of(auth);
    google->place = place;
    google->scopes = sw_xstrdup(scopes);
    google->token_url = sw_xstrdup(token_url);
    *out = auth;
    return SW_OK;
}

const char *sw_auth_google_email(struct sw_auth *auth)
{
    if (auth->kind != &kind)
        return NULL;
    struct google *google = of(auth);
    sw_mutex_lock(&auth->lock);
    bool is_known = google->email[0] != '\0';
    sw_mutex_unlock(&auth->lock);
    return is_known ? google->email : NULL;
}
