/* Numbers in words, for people who read a terminal. The engine has no text, so that firmware does not pay for it. */
#include "whimbrel_posix.h"

const char *whimbrel_posix_status_text(int32_t status)
{
    switch (status) {
    case WHIMBREL_OK:
        return "done";
    case WHIMBREL_ERR_MALFORMED:
        return "bytes that do not follow their grammar";
    case WHIMBREL_ERR_NOT_FOUND:
        return "there is no such thing";
    case WHIMBREL_ERR_NOT_ALLOWED:
        return "the operation is not supported there";
    case WHIMBREL_ERR_FULL:
        return "a table or a buffer is full: see whimbrel_limits_t";
    case WHIMBREL_ERR_HANDLER:
        return "a handler of the application failed";
    case WHIMBREL_ERR_ARGUMENT:
        return "NULL, or a struct that is not filled as its comments say";
    case WHIMBREL_ERR_REENTERED:
        return "called from inside a handler, an event or a port function";
    case WHIMBREL_ERR_UNAUTHORIZED:
        return "no right to do that";
    case WHIMBREL_ERR_BAD_VALUE:
        return "a value of the wrong type, length or range";
    case WHIMBREL_ERR_NOT_ACCEPTABLE:
        return "no such format to answer in";
    case WHIMBREL_ERR_UNSUPPORTED_FORMAT:
        return "a payload in an unknown format";
    case WHIMBREL_ERR_TOO_LARGE:
        return "a payload larger than can be taken";
    case WHIMBREL_ERR_INCOMPLETE:
        return "a part of a transfer is missing";
    case WHIMBREL_ERR_BUSY:
        return "something else is under way";
    case WHIMBREL_ERR_NOT_SUPPORTED:
        return "not part of this client";
    case WHIMBREL_ERR_BAD_OPTION:
        return "a critical option is not understood";
    case WHIMBREL_ERR_LINK:
        return "the network cannot be used";
    case WHIMBREL_ERR_TRUNCATED:
        return "a datagram was too large for the buffer";
    case WHIMBREL_ERR_STATE:
        return "not a client, or called out of order";
    case WHIMBREL_ERR_EXISTS:
        return "the identifier is in use";
    case WHIMBREL_ERR_TIMEOUT:
        return "no answer in time";
    case WHIMBREL_ERR_REFUSED:
        return "the server refused";
    case WHIMBREL_ERR_SECURITY_MODE:
        return "the security mode is not supported: see whimbrel_client_capabilities()";
    case WHIMBREL_ERR_CREDENTIALS:
        return "the account's keys, certificate or name cannot be used as they are";
    case WHIMBREL_ERR_CIPHERSUITE:
        return "none of the account's cipher suites is supported";
    case WHIMBREL_ERR_HANDSHAKE:
        return "the DTLS handshake failed: no common cipher suite, or a wrong key";
    case WHIMBREL_ERR_CERTIFICATE:
        return "the server's certificate is not the one expected";
    case WHIMBREL_ERR_NAME:
        return "the server's certificate is for another name";
    case WHIMBREL_ERR_EXPIRED:
        return "the server's certificate is not valid now, or there is no clock";
    case WHIMBREL_ERR_CLOSED:
        return "the server closed the session";
    case WHIMBREL_ERR_STORAGE:
        return "stable storage cannot be read or written";
    case WHIMBREL_ERR_INCONSISTENT:
        return "accounts, keys or rights do not fit together";
    case 0x80:
        return "the server says 4.00 Bad Request";
    case 0x81:
        return "the server says 4.01 Unauthorized";
    case 0x83:
        return "the server says 4.03 Forbidden";
    case 0x84:
        return "the server says 4.04 Not Found";
    case 0x85:
        return "the server says 4.05 Method Not Allowed";
    case 0x86:
        return "the server says 4.06 Not Acceptable";
    case 0x8c:
        return "the server says 4.12 Precondition Failed";
    case 0xa0:
        return "the server says 5.00 Internal Server Error";
    case 0xa3:
        return "the server says 5.03 Service Unavailable";
    default:
        return status > 0 ? "the server answered with another error" : "an unknown error";
    }
}

const char *whimbrel_posix_event_text(uint16_t code)
{
    switch (code) {
    case WHIMBREL_EVENT_REGISTERED:
        return "registered";
    case WHIMBREL_EVENT_REGISTER_FAILED:
        return "the registration failed";
    case WHIMBREL_EVENT_UPDATED:
        return "registration updated";
    case WHIMBREL_EVENT_UPDATE_FAILED:
        return "the update of the registration failed";
    case WHIMBREL_EVENT_DEREGISTERED:
        return "de-registered";
    case WHIMBREL_EVENT_DISABLED:
        return "disabled by the server";
    case WHIMBREL_EVENT_OBSERVED:
        return "observed";
    case WHIMBREL_EVENT_OBSERVATION_ENDED:
        return "no longer observed";
    case WHIMBREL_EVENT_WRITTEN:
        return "written";
    case WHIMBREL_EVENT_EXECUTED:
        return "executed";
    case WHIMBREL_EVENT_CREATED:
        return "created";
    case WHIMBREL_EVENT_DELETED:
        return "deleted";
    case WHIMBREL_EVENT_RADIO_OFF:
        return "the radio may be switched off";
    case WHIMBREL_EVENT_RADIO_ON:
        return "the radio is needed";
    case WHIMBREL_EVENT_LINK_FAILED:
        return "the link failed";
    case WHIMBREL_EVENT_STOPPED:
        return "stopped";
    case WHIMBREL_EVENT_ACCOUNT_INVALID:
        return "the account cannot be used";
    case WHIMBREL_EVENT_DROPPED:
        return "a datagram was dropped";
    case WHIMBREL_EVENT_NOTIFY_FAILED:
        return "a notification was not acknowledged";
    case WHIMBREL_EVENT_SECURED:
        return "secured by a new DTLS session";
    case WHIMBREL_EVENT_RESUMED:
        return "secured by a DTLS session that goes on";
    case WHIMBREL_EVENT_SECURITY_FAILED:
        return "there is no DTLS session";
    case WHIMBREL_EVENT_ALERT:
        return "the server sent a DTLS alert";
    case WHIMBREL_EVENT_STORAGE_FAILED:
        return "stable storage failed";
    case WHIMBREL_EVENT_BOOTSTRAP_STARTED:
        return "the bootstrap server configures the client";
    case WHIMBREL_EVENT_BOOTSTRAPPED:
        return "bootstrapped";
    case WHIMBREL_EVENT_BOOTSTRAP_FAILED:
        return "the bootstrap failed";
    case WHIMBREL_EVENT_BOOTSTRAP_PURGED:
        return "the account of the bootstrap server is gone";
    case WHIMBREL_EVENT_ACCOUNT_ADDED:
        return "a server account was added";
    case WHIMBREL_EVENT_ACCOUNT_REMOVED:
        return "a server account was removed";
    case WHIMBREL_EVENT_CARD_READ:
        return "the smartcard was read";
    case WHIMBREL_EVENT_CARD_CHECKED:
        return "the smartcard is as it was";
    case WHIMBREL_EVENT_CARD_GONE:
        return "there is no smartcard with bootstrap data";
    case WHIMBREL_EVENT_CARD_FAILED:
        return "the smartcard cannot be used";
    default:
        return "an unknown event";
    }
}
