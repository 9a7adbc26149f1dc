import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.eclipse.leshan.core.node.LwM2mPath;
import org.eclipse.leshan.core.request.BootstrapDeleteRequest;
import org.eclipse.leshan.core.request.BootstrapDiscoverRequest;
import org.eclipse.leshan.core.request.BootstrapDownlinkRequest;
import org.eclipse.leshan.core.request.BootstrapReadRequest;
import org.eclipse.leshan.core.request.BootstrapWriteRequest;
import org.eclipse.leshan.core.request.ContentFormat;
import org.eclipse.leshan.core.response.LwM2mResponse;
import org.eclipse.leshan.core.util.datatype.ULong;
import org.eclipse.leshan.server.bootstrap.BootstrapConfig;
import org.eclipse.leshan.server.bootstrap.BootstrapConfigStore;
import org.eclipse.leshan.server.bootstrap.BootstrapSession;
import org.eclipse.leshan.server.bootstrap.ConfigurationChecker;
import org.eclipse.leshan.server.bootstrap.InvalidConfigurationException;

/**
 * What each endpoint is given. The JSON is Leshan's BootstrapConfig with the names of its fields, as in the requests of its
 * demo; opaque values are hexadecimal. "then" is ours: requests that follow those of the configuration, each
 * {"verb": "read" | "discover" | "delete" | "write", "path": P}, a write with "node" and "format".
 */
final class Configurations implements BootstrapConfigStore {
    /** A configuration, and what is asked after it was written. */
    private record Entry(BootstrapConfig config, List<BootstrapDownlinkRequest<? extends LwM2mResponse>> then) {}

    private static final ObjectMapper MAPPER = new ObjectMapper().registerModule(new SimpleModule()
            .addDeserializer(byte[].class, text(byte[].class, HexFormat.of()::parseHex))
            .addDeserializer(ContentFormat.class, text(ContentFormat.class, ContentFormat::fromName))
            .addDeserializer(ULong.class, text(ULong.class, ULong::valueOf)));

    private final Map<String, Entry> entries = new ConcurrentHashMap<>();

    void put(String endpoint, JsonNode json, boolean unchecked) throws IOException, InvalidConfigurationException {
        List<BootstrapDownlinkRequest<? extends LwM2mResponse>> then = new ArrayList<>();
        JsonNode more = ((ObjectNode) json).remove("then");
        if (more != null) {
            more.forEach(one -> then.add(request(one)));
        }
        BootstrapConfig config = MAPPER.treeToValue(json, BootstrapConfig.class);
        if (!unchecked) {
            new ConfigurationChecker().verify(config);
        }
        entries.put(endpoint, new Entry(config, then));
    }

    void remove(String endpoint) {
        entries.remove(endpoint);
    }

    @Override
    public BootstrapConfig get(BootstrapSession session) {
        Entry entry = entries.get(session.getEndpoint());
        return entry == null ? null : entry.config;
    }

    List<BootstrapDownlinkRequest<? extends LwM2mResponse>> then(BootstrapSession session) {
        Entry entry = entries.get(session.getEndpoint());
        return entry == null ? List.of() : entry.then;
    }

    private static BootstrapDownlinkRequest<? extends LwM2mResponse> request(JsonNode json) {
        LwM2mPath path = new LwM2mPath(json.required("path").asText());
        ContentFormat format = json.has("format") ? ContentFormat.fromName(json.get("format").asText()) : null;
        return switch (json.required("verb").asText()) {
            case "read" -> new BootstrapReadRequest(format, path, null);
            case "discover" -> new BootstrapDiscoverRequest(path.toString());
            case "delete" -> new BootstrapDeleteRequest(path.toString());
            case "write" -> new BootstrapWriteRequest(path, Json.node(path, json.required("node")), format);
            default -> throw new IllegalArgumentException("unknown verb in " + json);
        };
    }

    private static <T> StdDeserializer<T> text(Class<T> type, Function<String, T> read) {
        return new StdDeserializer<T>(type) {
            private static final long serialVersionUID = 1L;
            private final transient Function<String, T> from = read;

            @Override
            public T deserialize(JsonParser parser, DeserializationContext context) throws IOException {
                return from.apply(parser.getText());
            }
        };
    }
}
