import com.fasterxml.jackson.databind.node.ObjectNode;
import org.eclipse.leshan.core.peer.LwM2mPeer;
import org.eclipse.leshan.core.request.BootstrapDownlinkRequest;
import org.eclipse.leshan.core.request.BootstrapRequest;
import org.eclipse.leshan.core.request.ContentFormat;
import org.eclipse.leshan.core.response.BootstrapDiscoverResponse;
import org.eclipse.leshan.core.response.BootstrapReadResponse;
import org.eclipse.leshan.core.response.LwM2mResponse;
import org.eclipse.leshan.server.bootstrap.BootstrapFailureCause;
import org.eclipse.leshan.server.bootstrap.BootstrapSession;
import org.eclipse.leshan.server.bootstrap.BootstrapSessionListener;

/**
 * What Leshan says of its bootstrap sessions: INITIATED, UNAUTHORIZED, AUTHORIZED, NO_CONFIGURATION, then SENT and ANSWERED
 * or UNANSWERED for each request, and FINISHED or FAILED.
 */
final class Sessions extends Feed implements BootstrapSessionListener {
    private void emit(String name, BootstrapSession session, ObjectNode data) {
        emit(name, session.getEndpoint(), data.put("session", session.getId()));
    }

    private static ObjectNode json(BootstrapRequest request, LwM2mPeer peer) {
        ContentFormat preferred = request.getPreferredContentFormat();
        ObjectNode data = Json.object().put("preferred", preferred == null ? null : preferred.getCode());
        ObjectNode more = data.putObject("attributes");
        request.getAdditionalAttributes().forEach(more::put);
        return data.put("identity", String.valueOf(peer.getIdentity()));
    }

    /** {"request": "Write", "path": "/0/1"}. */
    private static ObjectNode json(BootstrapDownlinkRequest<?> request) {
        String kind = request.getClass().getSimpleName().replaceAll("^Bootstrap|Request$", "");
        return Json.object().put("request", kind).put("path", String.valueOf(request.getPath()));
    }

    private static ObjectNode json(BootstrapDownlinkRequest<?> request, LwM2mResponse response) {
        ObjectNode data = json(request).put("code", response.getCode().getCode());
        data.put("message", response.getErrorMessage());
        if (response instanceof BootstrapDiscoverResponse discover && discover.getObjectLinks() != null) {
            data.set("links", Json.of(discover.getObjectLinks()));
        }
        if (response instanceof BootstrapReadResponse read && read.getContent() != null) {
            data.set("content", Json.of(read.getContent()));
        }
        return data;
    }

    @Override
    public void sessionInitiated(BootstrapRequest request, LwM2mPeer peer) {
        emit("INITIATED", request.getEndpointName(), json(request, peer));
    }

    @Override
    public void unAuthorized(BootstrapRequest request, LwM2mPeer peer) {
        emit("UNAUTHORIZED", request.getEndpointName(), json(request, peer));
    }

    @Override
    public void authorized(BootstrapSession session) {
        emit("AUTHORIZED", session, Json.object());
    }

    @Override
    public void noConfig(BootstrapSession session) {
        emit("NO_CONFIGURATION", session, Json.object());
    }

    @Override
    public void sendRequest(BootstrapSession session, BootstrapDownlinkRequest<? extends LwM2mResponse> request) {
        emit("SENT", session, json(request));
    }

    @Override
    public void onResponseSuccess(BootstrapSession session,
            BootstrapDownlinkRequest<? extends LwM2mResponse> request, LwM2mResponse response) {
        emit("ANSWERED", session, json(request, response));
    }

    @Override
    public void onResponseError(BootstrapSession session, BootstrapDownlinkRequest<? extends LwM2mResponse> request,
            LwM2mResponse response) {
        emit("ANSWERED", session, json(request, response));
    }

    @Override
    public void onRequestFailure(BootstrapSession session, BootstrapDownlinkRequest<? extends LwM2mResponse> request,
            Throwable error) {
        emit("UNANSWERED", session, json(request).put("error", String.valueOf(error)));
    }

    @Override
    public void end(BootstrapSession session) {
        emit("FINISHED", session, Json.object());
    }

    @Override
    public void failed(BootstrapSession session, BootstrapFailureCause cause) {
        emit("FAILED", session, Json.object().put("cause", cause.name()));
    }
}
