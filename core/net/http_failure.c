/* http_failure.c: see http_failure.h.
 *
 * Each way of failing has words of its own, because each has another remedy:
 * an expired certificate is the upstream's matter, an unknown issuer ours, a
 * name that cannot be looked up the network's. */
#include "net/http_failure.h"

#include <errno.h>
#include <openssl/x509_vfy.h>
#include <string.h>

#include "base/error.h"

static const struct {
    long verify_code;
    const char *words;
} certificate_words[] = {
    {X509_V_ERR_HOSTNAME_MISMATCH, "its certificate is for another name"},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, "its certificate is for another address"},
    {X509_V_ERR_CERT_HAS_EXPIRED, "its certificate has expired (or this machine's clock is wrong)"},
    {X509_V_ERR_CERT_NOT_YET_VALID,
     "its certificate is not valid yet (or this machine's clock is wrong)"},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
     "its certificate is self-signed; if that is meant, name it in ca_file"},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
     "its certificate comes from an authority not known here; if it is yours, name it in ca_file"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
     "its certificate comes from an authority not known here; if it is yours, name it in ca_file"},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
     "its certificate cannot be checked: the chain it sends is incomplete"},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, "its certificate was not signed by the authority it names"},
    {X509_V_ERR_CERT_REVOKED, "its certificate was revoked"},
    {X509_V_ERR_CERT_UNTRUSTED, "its certificate is not trusted"},
};

static bool has(const char *words, const char *part)
{
    return words && strstr(words, part);
}

static enum sw_code tell_certificate(const struct http_failure *failure, const char *host,
                                     struct sw_error *err)
{
    /* The name is checked before the chain; then there is no verify result yet. */
    if (has(failure->words, "subject name"))
        return sw_fail(err, SW_E_TLS, "TLS with %s: its certificate is for another name", host);
    for (size_t i = 0; i < SW_ARRAY_LEN(certificate_words); i++)
        if (certificate_words[i].verify_code == failure->verify_code)
            return sw_fail(err, SW_E_TLS, "TLS with %s: %s", host, certificate_words[i].words);
    return sw_fail(err, SW_E_TLS, "TLS with %s: its certificate was not accepted (%s)", host,
                   failure->words ? failure->words : "");
}

static enum sw_code tell_handshake(const struct http_failure *failure, const char *host,
                                   struct sw_error *err)
{
    const char *words = failure->words ? failure->words : "";
    if (failure->verify_code > X509_V_ERR_UNSPECIFIED) /* 1: the chain was not looked at */
        return tell_certificate(failure, host, err);
    if (has(words, "unsupported protocol") || has(words, "protocol version") ||
        has(words, "no protocols available"))
        return sw_fail(err, SW_E_TLS,
                       "TLS with %s: it offers nothing newer than TLS 1.1, which is not safe",
                       host);
    if (has(words, "wrong version number") || has(words, "packet length too long") ||
        has(words, "http request"))
        return sw_fail(err, SW_E_TLS, "TLS with %s: it does not speak TLS on this port", host);
    return sw_fail(err, SW_E_TLS, "TLS with %s: the handshake failed (%s)", host, words);
}

static enum sw_code tell_connect(const struct http_failure *failure, const struct origin *to,
                                 struct sw_error *err)
{
    switch (failure->os_errno) {
    case ECONNREFUSED:
        return sw_fail(err, SW_E_NETWORK, "%s port %d refuses connections: nothing listens there",
                       to->host, to->port);
    case ENETUNREACH:
    case EHOSTUNREACH:
        return sw_fail(err, SW_E_NETWORK, "no route to %s: is the network up?", to->host);
    case EADDRNOTAVAIL:
    case EMFILE:
    case ENFILE:
        return sw_fail(err, SW_E_NETWORK, "no socket left on this machine for %s (%s)", to->host,
                       strerrordesc_np(failure->os_errno));
    case 0:
        return sw_fail(err, SW_E_NETWORK, "no connection to %s port %d (%s)", to->host, to->port,
                       failure->words ? failure->words : "");
    default:
        return sw_fail_errno(err, SW_E_NETWORK, failure->os_errno, "no connection to %s port %d",
                             to->host, to->port);
    }
}

static enum sw_code tell_timeout(const struct http_failure *failure, const struct origin *to,
                                 struct sw_error *err)
{
    double seconds = (double)failure->waited_ms / 1000;
    switch (failure->phase) {
    case HTTP_PHASE_LOOKUP:
        return sw_fail(err, SW_E_TIMEOUT, "looking up the name %s did not end within %.1f s",
                       to->host, seconds);
    case HTTP_PHASE_CONNECT:
        return sw_fail(err, SW_E_TIMEOUT, "%s port %d did not take the connection within %.1f s",
                       to->host, to->port, seconds);
    case HTTP_PHASE_TLS:
        return sw_fail(err, SW_E_TIMEOUT, "the TLS handshake with %s did not end within %.1f s",
                       to->host, seconds);
    case HTTP_PHASE_BODY:
        return sw_fail(err, SW_E_TIMEOUT, "the answer of %s did not end within %.1f s", to->host,
                       seconds);
    case HTTP_PHASE_ANSWER:
        break;
    }
    return sw_fail(err, SW_E_TIMEOUT, "%s is silent: connected, but no answer within %.1f s",
                   to->host, seconds);
}

enum sw_code http_failure_tell(const struct http_failure *failure, const struct wire_call *call,
                               struct sw_error *err)
{
    const struct origin *to = call->origin;
    const char *words = failure->words ? failure->words : "";
    switch (failure->kind) {
    case HTTP_FAILURE_LOOKUP:
        return sw_fail(err, SW_E_NETWORK,
                       "the name %s cannot be looked up: wrong name, or no network", to->host);
    case HTTP_FAILURE_CONNECT:
        return tell_connect(failure, to, err);
    case HTTP_FAILURE_TIMEOUT:
        return tell_timeout(failure, to, err);
    case HTTP_FAILURE_CERTIFICATE:
        return tell_certificate(failure, to->host, err);
    case HTTP_FAILURE_HANDSHAKE:
        return tell_handshake(failure, to->host, err);
    case HTTP_FAILURE_CA_FILE:
        return sw_fail(err, SW_E_TLS, "the ca_file %s for %s cannot be used: not there, or no PEM",
                       call->ca_file ? call->ca_file : "of the system", to->host);
    case HTTP_FAILURE_CLOSED:
        return sw_fail(err, SW_E_NETWORK, "%s closed the connection without an answer", to->host);
    case HTTP_FAILURE_CUT:
        return sw_fail(err, SW_E_NETWORK, "the connection to %s was cut in the middle (%s)",
                       to->host, words);
    case HTTP_FAILURE_NOT_HTTP:
        return sw_fail(err, SW_E_PARSE, "%s does not answer in HTTP (%s)", to->host, words);
    case HTTP_FAILURE_HEADERS_TOO_BIG:
        return sw_fail(err, SW_E_LIMIT, "the headers of %s's answer are too large", to->host);
    case HTTP_FAILURE_BODY_TOO_BIG:
        return sw_fail(err, SW_E_LIMIT, "the answer of %s is larger than %zu bytes", to->host,
                       call->body_max_bytes);
    case HTTP_FAILURE_TOO_SLOW:
        return sw_fail(err, SW_E_TIMEOUT, "the answer of %s comes at less than 100 bytes a second",
                       to->host);
    case HTTP_FAILURE_RESEND_REFUSED:
        return sw_fail(err, SW_E_NETWORK, "the connection to %s died; sending again was not safe",
                       to->host);
    case HTTP_FAILURE_CANCELLED:
        return sw_fail(err, SW_E_CANCELLED, "cancelled while waiting for %s", to->host);
    case HTTP_FAILURE_OTHER:
        break;
    }
    return sw_fail(err, SW_E_NETWORK, "the request to %s failed (%s)", to->host, words);
}
