import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.eclipse.californium.core.coap.CoAP;
import org.eclipse.californium.core.coap.EmptyMessage;
import org.eclipse.californium.core.coap.Message;
import org.eclipse.californium.core.coap.Request;
import org.eclipse.californium.core.coap.Response;
import org.eclipse.californium.core.network.interceptors.MessageInterceptor;
import org.eclipse.leshan.core.observation.CompositeObservation;
import org.eclipse.leshan.core.observation.Observation;
import org.eclipse.leshan.core.observation.SingleObservation;
import org.eclipse.leshan.core.response.ObserveCompositeResponse;
import org.eclipse.leshan.core.response.ObserveResponse;
import org.eclipse.leshan.server.LeshanServer;
import org.eclipse.leshan.server.observation.ObservationListener;
import org.eclipse.leshan.server.queue.PresenceListener;
import org.eclipse.leshan.server.registration.Registration;
import org.eclipse.leshan.server.registration.RegistrationListener;
import org.eclipse.leshan.server.registration.RegistrationUpdate;

/**
 * All that one Leshan server sees, as Server-Sent Events: what happened to a client, and each CoAP message as Leshan
 * itself encoded or decoded it (event COAP), so that a test can ask what was on the wire.
 */
final class Events implements RegistrationListener, ObservationListener, PresenceListener, MessageInterceptor {
    private final Collection<BlockingQueue<String>> readers = new CopyOnWriteArrayList<>();
    private final LeshanServer server;

    Events(LeshanServer server) {
        this.server = server;
        server.getRegistrationService().addListener(this);
        server.getObservationService().addListener(this);
        server.getPresenceService().addListener(this);
    }

    void emit(String name, String endpoint, ObjectNode data) {
        data.put("endpoint", endpoint).put("at", System.currentTimeMillis());
        String text = "event: " + name + "\ndata: " + data + "\n\n";
        readers.forEach(reader -> reader.add(text));
    }

    /** Holds the HTTP exchange open until the reader goes away; a comment line every few seconds finds that out. */
    void stream(HttpExchange exchange) throws IOException {
        BlockingQueue<String> queue = new LinkedBlockingQueue<>();
        readers.add(queue);
        exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
        exchange.sendResponseHeaders(200, 0);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(": open\n\n".getBytes(StandardCharsets.UTF_8));
            out.flush();
            while (true) {
                String text = queue.poll(5, TimeUnit.SECONDS);
                out.write((text == null ? ": idle\n\n" : text).getBytes(StandardCharsets.UTF_8));
                out.flush();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            readers.remove(queue);
        }
    }

    private ObjectNode json(Registration registration) {
        return Json.of(registration, server.getPresenceService().isClientAwake(registration));
    }

    @Override
    public void registered(Registration now, Registration before, Collection<Observation> lost) {
        emit("REGISTRATION", now.getEndpoint(), json(now).put("replaced", before == null ? null : before.getId()));
    }

    @Override
    public void updated(RegistrationUpdate update, Registration now, Registration before) {
        ObjectNode data = json(now);
        // What the Update itself carried, as against what the registration is afterwards.
        ObjectNode sent = data.putObject("update");
        sent.put("lifetime", update.getLifeTimeInSec());
        sent.put("binding", update.getBindingMode() == null ? null : update.getBindingMode().toString());
        sent.set("objectLinks", update.getObjectLinks() == null ? null : Json.of(update.getObjectLinks()));
        emit("UPDATED", now.getEndpoint(), data);
    }

    @Override
    public void unregistered(Registration gone, Collection<Observation> lost, boolean expired, Registration next) {
        emit("DEREGISTRATION", gone.getEndpoint(),
                json(gone).put("expired", expired).put("replacedBy", next == null ? null : next.getId()));
    }

    @Override
    public void onAwake(Registration registration) {
        emit("AWAKE", registration.getEndpoint(), Json.object());
    }

    @Override
    public void onSleeping(Registration registration) {
        emit("SLEEPING", registration.getEndpoint(), Json.object());
    }

    @Override
    public void newObservation(Observation observation, Registration registration) {
        emit("OBSERVATION", registration.getEndpoint(), Json.object().put("token", observation.getId().getAsHexString()));
    }

    @Override
    public void cancelled(Observation observation) {
        Registration owner = server.getRegistrationService().getById(observation.getRegistrationId());
        emit("CANCELLED", owner == null ? null : owner.getEndpoint(),
                Json.object().put("token", observation.getId().getAsHexString()));
    }

    @Override
    public void onResponse(SingleObservation observation, Registration registration, ObserveResponse response) {
        ObjectNode data = Json.object();
        data.put("path", observation.getPath().toString()).put("token", observation.getId().getAsHexString());
        data.put("code", response.getCode().getCode());
        if (response.getContent() != null) {
            data.set("content", Json.of(response.getContent()));
        }
        if (response.getCoapResponse() instanceof Response coap) {
            data.put("format", coap.getOptions().getContentFormat()).put("confirmable", coap.isConfirmable());
        }
        emit("NOTIFICATION", registration.getEndpoint(), data);
    }

    @Override
    public void onResponse(CompositeObservation observation, Registration registration, ObserveCompositeResponse response) {
        ObjectNode data = Json.object().put("token", observation.getId().getAsHexString());
        data.put("code", response.getCode().getCode());
        emit("NOTIFICATION", registration.getEndpoint(), data);
    }

    @Override
    public void onError(Observation observation, Registration registration, Exception error) {
        emit("NOTIFICATION_ERROR", registration == null ? null : registration.getEndpoint(),
                Json.object().put("error", error.toString()));
    }

    @Override
    public void sendRequest(Request request) {
        coap("out", CoAP.formatCode(request.getRawCode()), request);
    }

    @Override
    public void sendResponse(Response response) {
        coap("out", CoAP.formatCode(response.getRawCode()), response);
    }

    @Override
    public void sendEmptyMessage(EmptyMessage message) {
        coap("out", "0.00", message);
    }

    @Override
    public void receiveRequest(Request request) {
        coap("in", CoAP.formatCode(request.getRawCode()), request);
    }

    @Override
    public void receiveResponse(Response response) {
        coap("in", CoAP.formatCode(response.getRawCode()), response);
    }

    @Override
    public void receiveEmptyMessage(EmptyMessage message) {
        coap("in", "0.00", message);
    }

    private void coap(String way, String code, Message message) {
        var peer = "in".equals(way) ? message.getSourceContext() : message.getDestinationContext();
        ObjectNode data = Json.object().put("way", way).put("type", String.valueOf(message.getType())).put("code", code);
        data.put("mid", message.getMID()).put("token", message.getTokenString());
        data.put("peer", peer == null ? null : peer.getPeerAddress().getPort());
        data.put("options", message.getOptions().toString()).put("size", message.getPayloadSize());
        byte[] payload = message.getPayload();
        if (payload != null && payload.length <= 256) {
            data.put("payload", java.util.HexFormat.of().formatHex(payload));
        }
        Bridge.LOG.info("coap {}", data);
        emit("COAP", null, data);
    }
}
