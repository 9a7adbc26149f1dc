import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Date;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.leshan.core.link.Link;
import org.eclipse.leshan.core.link.attributes.Attribute;
import org.eclipse.leshan.core.model.ResourceModel.Type;
import org.eclipse.leshan.core.node.LwM2mMultipleResource;
import org.eclipse.leshan.core.node.LwM2mNode;
import org.eclipse.leshan.core.node.LwM2mObject;
import org.eclipse.leshan.core.node.LwM2mObjectInstance;
import org.eclipse.leshan.core.node.LwM2mPath;
import org.eclipse.leshan.core.node.LwM2mResource;
import org.eclipse.leshan.core.node.LwM2mResourceInstance;
import org.eclipse.leshan.core.node.LwM2mSingleResource;
import org.eclipse.leshan.core.node.ObjectLink;
import org.eclipse.leshan.core.request.BindingMode;
import org.eclipse.leshan.core.util.datatype.ULong;
import org.eclipse.leshan.server.registration.Registration;

/**
 * Leshan's nodes, links and registrations as JSON, and nodes back.
 *
 * A single resource is {"type": T, "value": V}, a multiple one {"type": T, "values": {"0": V}}; an instance and an
 * object are plain maps by id. Opaque is hexadecimal, Time is seconds since 1970, Objlnk is "object:instance".
 */
final class Json {
    static final ObjectMapper MAPPER = new ObjectMapper();

    private Json() {}

    static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    static ObjectNode of(LwM2mNode node) {
        ObjectNode out = object();
        if (node instanceof LwM2mObject lwm2mObject) {
            ObjectNode instances = out.putObject("instances");
            lwm2mObject.getInstances().forEach((id, instance) -> instances.set(id.toString(), of(instance)));
        } else if (node instanceof LwM2mObjectInstance instance) {
            ObjectNode resources = out.putObject("resources");
            instance.getResources().forEach((id, resource) -> resources.set(id.toString(), of(resource)));
        } else if (node instanceof LwM2mResource resource) {
            out.put("type", resource.getType().name().toLowerCase());
            if (resource.isMultiInstances()) {
                ObjectNode values = out.putObject("values");
                resource.getInstances().forEach((id, one) -> put(values, id.toString(), one.getType(), one.getValue()));
            } else {
                put(out, "value", resource.getType(), resource.getValue());
            }
        } else if (node instanceof LwM2mResourceInstance one) {
            out.put("type", one.getType().name().toLowerCase());
            put(out, "value", one.getType(), one.getValue());
        }
        return out;
    }

    private static void put(ObjectNode out, String name, Type type, Object value) {
        switch (type) {
            case INTEGER -> out.put(name, (Long) value);
            case UNSIGNED_INTEGER -> out.put(name, ((ULong) value).toString());
            case FLOAT -> out.put(name, (Double) value);
            case BOOLEAN -> out.put(name, (Boolean) value);
            case OPAQUE -> out.put(name, HexFormat.of().formatHex((byte[]) value));
            case TIME -> out.put(name, ((Date) value).getTime() / 1000);
            case OBJLNK -> out.put(name, ((ObjectLink) value).encodeToString());
            case CORELINK -> out.set(name, of((Link[]) value));
            default -> out.put(name, String.valueOf(value));
        }
    }

    static ArrayNode of(Link[] links) {
        ArrayNode out = MAPPER.createArrayNode();
        for (Link link : links) {
            ObjectNode one = out.addObject();
            one.put("url", link.getUriReference());
            ObjectNode attributes = one.putObject("attributes");
            for (Attribute attribute : link.getAttributes().asCollection()) {
                attributes.put(attribute.getName(), attribute.hasValue() ? attribute.getCoreLinkValue() : null);
            }
        }
        return out;
    }

    static ObjectNode of(Registration registration, boolean awake) {
        ObjectNode out = object();
        out.put("endpoint", registration.getEndpoint());
        out.put("registrationId", registration.getId());
        out.put("address", registration.getAddress().getHostAddress() + ":" + registration.getPort());
        out.put("lifetime", registration.getLifeTimeInSec());
        out.put("version", registration.getLwM2mVersion().toString());
        out.put("binding", BindingMode.toString(registration.getBindingMode()));
        out.put("queueMode", registration.usesQueueMode());
        out.put("awake", awake);
        out.put("rootPath", registration.getRootPath());
        out.put("sms", registration.getSmsNumber());
        out.put("lastUpdate", registration.getLastUpdate().getTime());
        out.put("registrationDate", registration.getRegistrationDate().getTime());
        out.set("objectLinks", of(registration.getSortedObjectLinks()));
        ArrayNode instances = out.putArray("instances");
        registration.getAvailableInstances().stream().sorted().forEach(path -> instances.add(path.toString()));
        ObjectNode objects = out.putObject("objects");
        registration.getSupportedObject().forEach((id, version) -> objects.put(id.toString(), version.toString()));
        ArrayNode formats = out.putArray("formats");
        registration.getSupportedContentFormats().stream().sorted().forEach(f -> formats.add(f.getCode()));
        ObjectNode more = out.putObject("attributes");
        registration.getAdditionalRegistrationAttributes().forEach(more::put);
        return out;
    }

    /** The node that a write to this path carries. */
    static LwM2mNode node(LwM2mPath path, JsonNode in) {
        if (path.isResourceInstance()) {
            Type type = type(in);
            return LwM2mResourceInstance.newInstance(path.getResourceInstanceId(), value(type, in.required("value")), type);
        }
        if (path.isResource()) {
            return resource(path.getResourceId(), in);
        }
        if (path.isObjectInstance()) {
            return new LwM2mObjectInstance(path.getObjectInstanceId(), resources(in));
        }
        throw new IllegalArgumentException("no node can be written to " + path);
    }

    static List<LwM2mResource> resources(JsonNode instance) {
        List<LwM2mResource> out = new ArrayList<>();
        instance.required("resources").fields().forEachRemaining(
                field -> out.add(resource(Integer.parseInt(field.getKey()), field.getValue())));
        return out;
    }

    private static LwM2mResource resource(int id, JsonNode in) {
        Type type = type(in);
        if (!in.has("values")) {
            return LwM2mSingleResource.newResource(id, value(type, in.required("value")), type);
        }
        Map<Integer, Object> values = new LinkedHashMap<>();
        in.get("values").fields().forEachRemaining(
                field -> values.put(Integer.parseInt(field.getKey()), value(type, field.getValue())));
        return LwM2mMultipleResource.newResource(id, values, type);
    }

    private static Type type(JsonNode in) {
        return Type.valueOf(in.required("type").asText().toUpperCase());
    }

    private static Object value(Type type, JsonNode in) {
        return switch (type) {
            case STRING -> in.asText();
            case INTEGER -> in.asLong();
            case UNSIGNED_INTEGER -> ULong.valueOf(in.asText());
            case FLOAT -> in.asDouble();
            case BOOLEAN -> in.asBoolean();
            case OPAQUE -> HexFormat.of().parseHex(in.asText());
            case TIME -> new Date(in.asLong() * 1000);
            case OBJLNK -> ObjectLink.decodeFromString(in.asText());
            default -> throw new IllegalArgumentException("cannot write type " + type);
        };
    }
}
