import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.security.KeyFactory;
import java.security.spec.X509EncodedKeySpec;
import java.util.Collection;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.eclipse.californium.core.coap.Response;
import org.eclipse.leshan.core.observation.Observation;
import org.eclipse.leshan.core.observation.SingleObservation;
import org.eclipse.leshan.core.request.CancelObservationRequest;
import org.eclipse.leshan.core.request.DownlinkDeviceManagementRequest;
import org.eclipse.leshan.core.request.exception.ClientSleepingException;
import org.eclipse.leshan.core.response.CreateResponse;
import org.eclipse.leshan.core.response.DiscoverResponse;
import org.eclipse.leshan.core.response.LwM2mResponse;
import org.eclipse.leshan.core.response.ObserveResponse;
import org.eclipse.leshan.core.response.ReadResponse;
import org.eclipse.leshan.server.LeshanServer;
import org.eclipse.leshan.server.registration.Registration;
import org.eclipse.leshan.server.registration.RegistrationListener;
import org.eclipse.leshan.server.registration.RegistrationUpdate;
import org.eclipse.leshan.servers.security.InMemorySecurityStore;
import org.eclipse.leshan.servers.security.SecurityInfo;

/**
 * One Leshan server over HTTP:
 *
 * GET /clients, GET /clients/EP; POST /clients/EP/VERB?path=/o/i/r with VERB one of read discover observe delete execute
 * attributes write create cancel forget; PUT /security/EP?identity=I&key=HEX, PUT /security/EP?raw=HEX (a
 * SubjectPublicKeyInfo), PUT /security/EP (a certificate whose CN is EP), DELETE /security/EP; GET /dtls, the handshakes
 * so far, DELETE /dtls forgets all connections. The answer of a VERB is 200 with what Leshan made of the client's
 * response, 202 if the client sleeps and the request waits for it, 504 if no response came, 502 if Leshan could make
 * nothing of the response, 400 if Leshan refused to send, 404 for an unknown client.
 */
final class Rest extends Web implements RegistrationListener {
    private record Waiting(String id, DownlinkDeviceManagementRequest<? extends LwM2mResponse> request,
            Map<String, String> query) {}

    private final LeshanServer server;
    private final InMemorySecurityStore security;
    private final Events events;
    private final Map<String, ConcurrentLinkedQueue<Waiting>> waiting = new ConcurrentHashMap<>();
    private final ScheduledExecutorService worker = Executors.newSingleThreadScheduledExecutor();
    private long sequence;

    Rest(LeshanServer server, InMemorySecurityStore security, Dtls dtls, Events events, String prefix) {
        super(dtls, prefix);
        this.server = server;
        this.security = security;
        this.events = events;
        server.getRegistrationService().addListener(this);
    }

    @Override
    Answer route(String method, String[] path, Map<String, String> query, String text) throws Exception {
        if (path[0].equals("security")) {
            return admit(method, path[1], query);
        }
        if (!path[0].equals("clients")) {
            return nothing("NoSuchResource");
        }
        if (path.length == 1) {
            ArrayNode all = Json.MAPPER.createArrayNode();
            server.getRegistrationService().getAllRegistrations().forEachRemaining(one -> all.add(json(one)));
            return new Answer(200, all);
        }
        Registration registration = server.getRegistrationService().getByEndpoint(path[1]);
        if (registration == null) {
            return nothing("NoSuchClient");
        }
        if (method.equals("GET") && path.length == 2) {
            return new Answer(200, json(registration));
        }
        String target = query.get("path");
        return switch (path[2]) {
            case "observations" -> new Answer(200, observations(registration));
            case "cancel" -> cancel(registration, target, query);
            case "forget" -> forget(registration);
            default -> {
                boolean hasBody = path[2].equals("write") || path[2].equals("create");
                JsonNode body = hasBody ? Json.MAPPER.readTree(text) : null;
                yield send(registration, Requests.build(path[2], target, query, body, text), query);
            }
        };
    }

    /** Who an endpoint has to prove to be. Leshan closes the connections of those that are no longer let in. */
    private Answer admit(String method, String endpoint, Map<String, String> query) throws Exception {
        if (method.equals("DELETE")) {
            security.remove(endpoint, true);
        } else if (query.containsKey("key")) {
            security.add(SecurityInfo.newPreSharedKeyInfo(endpoint, query.get("identity"),
                    HexFormat.of().parseHex(query.get("key"))));
        } else if (query.containsKey("raw")) {
            security.add(SecurityInfo.newRawPublicKeyInfo(endpoint, KeyFactory.getInstance("EC")
                    .generatePublic(new X509EncodedKeySpec(HexFormat.of().parseHex(query.get("raw"))))));
        } else {
            security.add(SecurityInfo.newX509CertInfo(endpoint));
        }
        return new Answer(200, Json.object());
    }

    private ObjectNode json(Registration registration) {
        return Json.of(registration, server.getPresenceService().isClientAwake(registration));
    }

    private ArrayNode observations(Registration registration) {
        ArrayNode out = Json.MAPPER.createArrayNode();
        for (Observation one : server.getObservationService().getObservations(registration)) {
            if (one instanceof SingleObservation single) {
                out.addObject().put("path", single.getPath().toString()).put("token", one.getId().getAsHexString());
            }
        }
        return out;
    }

    /** Passive: Leshan forgets, and answers the next notification with a Reset. Active: a GET with Observe 1. */
    private Answer cancel(Registration registration, String target, Map<String, String> query) throws Exception {
        if (!"true".equals(query.get("active"))) {
            int count = server.getObservationService().cancelObservations(registration, target);
            return new Answer(200, Json.object().put("cancelled", count));
        }
        Set<Observation> all = server.getObservationService().getObservations(registration);
        for (Observation one : all) {
            if (one instanceof SingleObservation single && single.getPath().toString().equals(target)) {
                return send(registration, new CancelObservationRequest(single), query);
            }
        }
        return nothing("NoSuchObservation");
    }

    /** As a server does that lost its memory: nobody is told, and the next Update is answered with 4.04. */
    private Answer forget(Registration registration) {
        server.getRegistrationStore().removeRegistration(registration.getId());
        return new Answer(200, Json.object().put("forgotten", registration.getId()));
    }

    private Answer send(Registration registration, DownlinkDeviceManagementRequest<? extends LwM2mResponse> request,
            Map<String, String> query) throws InterruptedException {
        long timeout = Long.parseLong(query.getOrDefault("timeout", "10000"));
        try {
            LwM2mResponse response = server.send(registration, request, Requests.raw(query), timeout);
            return response == null
                    ? new Answer(504, Json.object().put("error", "Timeout")) : new Answer(200, json(response));
        } catch (ClientSleepingException e) {
            String id = Long.toString(nextId());
            waiting.computeIfAbsent(registration.getEndpoint(), name -> new ConcurrentLinkedQueue<>())
                    .add(new Waiting(id, request, query));
            return new Answer(202, Json.object().put("delayed", id));
        } catch (RuntimeException e) {
            Feed.LOG.info("failed", e);
            return failure(502, e);
        }
    }

    private synchronized long nextId() {
        return ++sequence;
    }

    private static ObjectNode json(LwM2mResponse response) {
        ObjectNode out = Json.object().put("code", response.getCode().getCode());
        out.put("success", response.isSuccess()).put("message", response.getErrorMessage());
        if (response instanceof ReadResponse read && read.getContent() != null) {
            out.set("content", Json.of(read.getContent()));
        }
        if (response instanceof ObserveResponse observe && observe.getObservation() != null) {
            out.put("token", observe.getObservation().getId().getAsHexString());
        }
        if (response instanceof DiscoverResponse discover && discover.getObjectLinks() != null) {
            out.set("links", Json.of(discover.getObjectLinks()));
        }
        if (response instanceof CreateResponse create) {
            out.put("location", create.getLocation());
        }
        if (response.getCoapResponse() instanceof Response coap && coap.getOptions().hasContentFormat()) {
            out.put("format", coap.getOptions().getContentFormat());
        }
        return out;
    }

    /**
     * A client woke up: what waited for it is sent, in order, and each answer becomes an event. This is not done upon
     * Leshan's own word that it is awake: that comes before Leshan cancels what is on its way to an old address.
     */
    private void awake(Registration registration) {
        ConcurrentLinkedQueue<Waiting> queue = waiting.remove(registration.getEndpoint());
        if (queue == null) {
            return;
        }
        worker.execute(() -> queue.forEach(one -> {
            ObjectNode data = Json.object().put("delayed", one.id);
            try {
                Answer answer = send(registration, one.request, one.query);
                data.put("status", answer.status()).set("answer", answer.body());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            events.emit("DELAYED", registration.getEndpoint(), data);
        }));
    }

    @Override
    public void registered(Registration now, Registration before, Collection<Observation> lost) {
        awake(now);
    }

    @Override
    public void updated(RegistrationUpdate update, Registration now, Registration before) {
        awake(now);
    }

    @Override
    public void unregistered(Registration gone, Collection<Observation> lost, boolean expired, Registration next) {}
}
