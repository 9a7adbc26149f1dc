import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collection;
import org.eclipse.californium.core.coap.Response;
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

/** All that one Leshan server sees: what happened to a client, and each CoAP message. */
final class Events extends Feed implements RegistrationListener, ObservationListener, PresenceListener {
    private final LeshanServer server;

    Events(LeshanServer server) {
        this.server = server;
        server.getRegistrationService().addListener(this);
        server.getObservationService().addListener(this);
        server.getPresenceService().addListener(this);
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
}
