import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.eclipse.californium.core.coap.Request;
import org.eclipse.leshan.core.link.attributes.InvalidAttributeException;
import org.eclipse.leshan.core.link.lwm2m.attributes.DefaultLwM2mAttributeParser;
import org.eclipse.leshan.core.link.lwm2m.attributes.LwM2mAttributeSet;
import org.eclipse.leshan.core.node.LwM2mObjectInstance;
import org.eclipse.leshan.core.node.LwM2mPath;
import org.eclipse.leshan.core.request.ContentFormat;
import org.eclipse.leshan.core.request.CreateRequest;
import org.eclipse.leshan.core.request.DeleteRequest;
import org.eclipse.leshan.core.request.DiscoverRequest;
import org.eclipse.leshan.core.request.DownlinkDeviceManagementRequest;
import org.eclipse.leshan.core.request.ExecuteRequest;
import org.eclipse.leshan.core.request.ObserveRequest;
import org.eclipse.leshan.core.request.ReadRequest;
import org.eclipse.leshan.core.request.WriteAttributesRequest;
import org.eclipse.leshan.core.request.WriteRequest;
import org.eclipse.leshan.core.response.LwM2mResponse;
import org.eclipse.leshan.server.request.LowerLayerConfig;

/** From an HTTP call to the LwM2M request that Leshan is to send. Query parameters are described in README.md. */
final class Requests {
    private Requests() {}

    static DownlinkDeviceManagementRequest<? extends LwM2mResponse> build(
            String verb, String target, Map<String, String> query, JsonNode body, String text)
            throws InvalidAttributeException {
        LwM2mPath path = new LwM2mPath(target);
        ContentFormat format = query.containsKey("format") ? ContentFormat.fromName(query.get("format")) : null;
        return switch (verb) {
            case "read" -> new ReadRequest(format, target);
            case "discover" -> new DiscoverRequest(target);
            case "observe" -> new ObserveRequest(format, target);
            case "delete" -> new DeleteRequest(target);
            case "execute" -> text.isEmpty() ? new ExecuteRequest(target) : new ExecuteRequest(target, text);
            case "attributes" -> new WriteAttributesRequest(target,
                    new LwM2mAttributeSet(new DefaultLwM2mAttributeParser().parseUriQuery(query.getOrDefault("set", ""))));
            case "write" -> new WriteRequest(
                    "true".equals(query.get("partial")) ? WriteRequest.Mode.UPDATE : WriteRequest.Mode.REPLACE,
                    format, target, Json.node(path, body));
            case "create" -> create(format, target, body);
            default -> throw new IllegalArgumentException("unknown verb " + verb);
        };
    }

    private static CreateRequest create(ContentFormat format, String target, JsonNode body) {
        if (!body.has("instances")) {
            return new CreateRequest(format, target, Json.resources(body));
        }
        List<LwM2mObjectInstance> instances = new ArrayList<>();
        body.get("instances").fields().forEachRemaining(field -> instances.add(
                new LwM2mObjectInstance(Integer.parseInt(field.getKey()), Json.resources(field.getValue()))));
        return new CreateRequest(format, target, instances.toArray(LwM2mObjectInstance[]::new));
    }

    /**
     * Lets a test send what Leshan itself would never send: accept and ct put any number into the option, "none" takes
     * it out, and payload replaces the bytes. Refusals (4.06, 4.15, 4.00) are provoked this way.
     */
    static LowerLayerConfig raw(Map<String, String> query) {
        return lower -> {
            Request request = (Request) lower;
            if (query.containsKey("accept")) {
                request.getOptions().setAccept(Integer.parseInt(query.get("accept")));
            }
            if ("none".equals(query.get("ct"))) {
                request.getOptions().removeContentFormat();
            } else if (query.containsKey("ct")) {
                request.getOptions().setContentFormat(Integer.parseInt(query.get("ct")));
            }
            if (query.containsKey("payload")) {
                request.setPayload(java.util.HexFormat.of().parseHex(query.get("payload")));
            }
        };
    }
}
