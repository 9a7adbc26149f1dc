import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.eclipse.californium.core.config.CoapConfig;
import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.leshan.core.LwM2m;
import org.eclipse.leshan.core.model.ObjectLoader;
import org.eclipse.leshan.core.model.ObjectModel;
import org.eclipse.leshan.server.LeshanServer;
import org.eclipse.leshan.server.LeshanServerBuilder;
import org.eclipse.leshan.server.model.VersionedModelProvider;
import org.eclipse.leshan.server.queue.StaticClientAwakeTimeProvider;
import org.eclipse.leshan.servers.security.InMemorySecurityStore;
import org.eclipse.leshan.transport.californium.server.endpoint.CaliforniumServerEndpointsProvider;
import org.eclipse.leshan.transport.californium.server.endpoint.coap.CoapServerProtocolProvider;
import org.eclipse.leshan.transport.californium.server.endpoint.coaps.CoapsServerProtocolProvider;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs Leshan servers (two by default: a second one in the same process costs next to nothing) on loopback ports of the
 * system's choice and opens each to a test over HTTP. It prints one line of JSON with the ports when all answer, and
 * ends when its standard input does, so that it cannot outlive the test that started it, however that test died.
 */
public final class Bridge {
    static final Logger LOG = LoggerFactory.getLogger("bridge");

    private Bridge() {}

    public static void main(String[] arguments) throws Exception {
        Map<String, String> options = new HashMap<>(Map.of("servers", "2", "awake-ms", "2000", "ack-ms", "400",
                "retransmissions", "10", "block", "512"));
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            options.put(arguments[i].replaceFirst("^--", ""), arguments[i + 1]);
        }
        HttpServer http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        http.setExecutor(Executors.newCachedThreadPool());
        List<ObjectModel> models = models(options.get("models"));
        ArrayNode peers = Json.MAPPER.createArrayNode();
        for (int i = 0; i < Integer.parseInt(options.get("servers")); i++) {
            peers.add(start(http, i, models, options));
        }
        http.start();
        JsonNode ready = Json.object().put("http", http.getAddress().getPort())
                .put("leshan", version()).set("servers", peers);
        System.out.println(ready);
        System.out.flush();
        while (System.in.read() >= 0) {
            continue;
        }
        Runtime.getRuntime().halt(0);
    }

    private static JsonNode start(HttpServer http, int index, List<ObjectModel> models, Map<String, String> options)
            throws Exception {
        Path certificates = Path.of(options.get("certificates"));
        // the first server shows every certificate there is, each at a port of its own; the others the first
        String[] names = options.get("identities").split(",");
        var dtls = new Dtls(certificates);
        var builder = new CaliforniumServerEndpointsProvider.Builder(
                new CoapServerProtocolProvider(), new CoapsServerProtocolProvider())
                .setConfiguration((Configuration config) -> tune(config, options)).addEndpoint("coap://127.0.0.1:0");
        for (int i = 0; i < (index == 0 ? names.length : 1); i++) {
            dtls.addEndpoint(builder, names[i]);
        }
        var endpoints = builder.build();
        var security = new InMemorySecurityStore();
        LeshanServer server = new LeshanServerBuilder().setEndpointsProviders(endpoints)
                .setObjectModelProvider(new VersionedModelProvider(models)).setSecurityStore(security)
                .setTrustedCertificates(Dtls.chain(certificates.resolve("trusted.pem")))
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

    /**
     * Californium's defaults with few changes: bodies up to 64 KiB (its 8 KiB would stop a firmware push), a shorter but
     * more patient retransmission, so that a run over a lossy path neither takes minutes nor gives up; and DTLS.
     */
    private static void tune(Configuration config, Map<String, String> options) {
        config.set(CoapConfig.MAX_RESOURCE_BODY_SIZE, 65536);
        config.set(CoapConfig.PREFERRED_BLOCK_SIZE, Integer.parseInt(options.get("block")));
        config.set(CoapConfig.MAX_MESSAGE_SIZE, Integer.parseInt(options.get("block")));
        config.set(CoapConfig.ACK_TIMEOUT, Long.parseLong(options.get("ack-ms")), TimeUnit.MILLISECONDS);
        config.set(CoapConfig.ACK_TIMEOUT_SCALE, 1.2f);
        config.set(CoapConfig.MAX_RETRANSMIT, Integer.parseInt(options.get("retransmissions")));
        Dtls.tune(config);
    }

    /** Every version of the core objects that Leshan ships (0 to 7 and 21), and the test objects of our folder. */
    private static List<ObjectModel> models(String folder) {
        List<ObjectModel> models = new ArrayList<>(ObjectLoader.loadAllDefault());
        if (folder != null) {
            models.addAll(ObjectLoader.loadObjectsFromDir(new File(folder), true));
        }
        return models;
    }

    /** The version as the JAR that is really on the class path names it. */
    private static String version() throws IOException {
        String jar = new File(LwM2m.class.getProtectionDomain().getCodeSource().getLocation().getPath()).getName();
        return jar.replaceAll("^leshan-lwm2m-core-|\\.jar$", "");
    }
}
