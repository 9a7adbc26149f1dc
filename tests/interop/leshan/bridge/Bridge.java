import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.sun.net.httpserver.HttpServer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.leshan.core.model.ObjectModel;
import org.eclipse.leshan.server.LeshanServer;
import org.eclipse.leshan.server.LeshanServerBuilder;
import org.eclipse.leshan.server.model.VersionedModelProvider;
import org.eclipse.leshan.server.queue.StaticClientAwakeTimeProvider;
import org.eclipse.leshan.servers.security.InMemorySecurityStore;
import org.eclipse.leshan.transport.californium.server.endpoint.CaliforniumServerEndpointsProvider;
import org.eclipse.leshan.transport.californium.server.endpoint.coap.CoapServerProtocolProvider;
import org.eclipse.leshan.transport.californium.server.endpoint.coaps.CoapsServerProtocolProvider;

/**
 * Runs Leshan servers (two by default: a second one in the same process costs next to nothing) on loopback ports of the
 * system's choice and opens each to a test over HTTP. It prints one line of JSON with the ports when all answer.
 */
public final class Bridge {
    private Bridge() {}

    public static void main(String[] arguments) throws Exception {
        Map<String, String> options = Program.options(arguments, Map.of("servers", "2", "awake-ms", "2000"));
        HttpServer http = Program.http();
        List<ObjectModel> models = Program.models(options.get("models"));
        ArrayNode peers = Json.MAPPER.createArrayNode();
        for (int i = 0; i < Integer.parseInt(options.get("servers")); i++) {
            peers.add(start(http, i, models, options));
        }
        Program.serve(http, Json.object().set("servers", peers));
    }

    private static JsonNode start(HttpServer http, int index, List<ObjectModel> models, Map<String, String> options)
            throws Exception {
        Path certificates = Path.of(options.get("certificates"));
        // the first server shows every certificate there is, each at a port of its own; the others the first
        String[] names = options.get("identities").split(",");
        var dtls = new Dtls(certificates);
        var builder = new CaliforniumServerEndpointsProvider.Builder(
                new CoapServerProtocolProvider(), new CoapsServerProtocolProvider())
                .setConfiguration((Configuration config) -> Program.tune(config, options))
                .addEndpoint("coap://127.0.0.1:0");
        for (int i = 0; i < (index == 0 ? names.length : 1); i++) {
            dtls.addEndpoint(builder, names[i]);
        }
        var endpoints = builder.build();
        var security = new InMemorySecurityStore();
        LeshanServer server = new LeshanServerBuilder().setEndpointsProviders(endpoints)
                .setObjectModelProvider(new VersionedModelProvider(models)).setSecurityStore(security)
                .setTrustedCertificates(Handshakes.chain(certificates.resolve("trusted.pem")))
                .setClientAwakeTimeProvider(new StaticClientAwakeTimeProvider(Integer.parseInt(options.get("awake-ms"))))
                .build();
        server.start();
        Events events = new Events(server);
        dtls.attach(endpoints.getCoapServer(), events);
        var ports = Json.object();
        var secured = ports.putObject("coaps");
        endpoints.getCoapServer().getEndpoints().forEach(endpoint -> {
            endpoint.addInterceptor(events);
            int port = endpoint.getAddress().getPort();
            if (endpoint.getUri().getScheme().equals("coaps")) {
                secured.put(names[secured.size()], port);
            } else {
                ports.put("coap", port);
            }
        });
        http.createContext("/" + index + "/event", events::stream);
        http.createContext("/" + index + "/", new Rest(server, security, dtls, events, "/" + index));
        return ports;
    }
}
