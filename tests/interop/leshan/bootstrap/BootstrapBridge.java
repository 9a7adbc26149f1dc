import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import java.nio.file.Path;
import java.util.Map;
import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.scandium.config.DtlsConnectorConfig;
import org.eclipse.leshan.server.bootstrap.LeshanBootstrapServer;
import org.eclipse.leshan.server.bootstrap.LeshanBootstrapServerBuilder;
import org.eclipse.leshan.server.californium.bootstrap.endpoint.CaliforniumBootstrapServerEndpointsProvider;
import org.eclipse.leshan.server.californium.bootstrap.endpoint.coap.CoapBootstrapServerProtocolProvider;
import org.eclipse.leshan.server.californium.bootstrap.endpoint.coaps.CoapsBootstrapServerProtocolProvider;
import org.eclipse.leshan.server.model.VersionedBootstrapModelProvider;
import org.eclipse.leshan.server.security.BootstrapSecurityStoreAdapter;
import org.eclipse.leshan.server.security.InMemorySecurityStore;

/**
 * Runs Leshan's bootstrap server on two loopback ports of the system's choice, coap and coaps, and opens it to a test over
 * HTTP. It prints one line of JSON with the ports when it answers. A program of its own, because the newest bootstrap
 * server to be had is of another version than the server, with classes of the same names.
 */
public final class BootstrapBridge {
    private BootstrapBridge() {}

    public static void main(String[] arguments) throws Exception {
        Map<String, String> options = Program.options(arguments, Map.of());
        HttpServer http = Program.http();
        Program.serve(http, start(http, options));
    }

    private static ObjectNode start(HttpServer http, Map<String, String> options) throws Exception {
        Path certificates = Path.of(options.get("certificates"));
        String identity = options.get("identity");
        var handshakes = new Handshakes();
        var endpoints = new CaliforniumBootstrapServerEndpointsProvider.Builder(
                new CoapBootstrapServerProtocolProvider(),
                new CoapsBootstrapServerProtocolProvider(
                        (DtlsConnectorConfig.Builder config) -> config.setSessionListener(handshakes)))
                .setConfiguration((Configuration config) -> Program.tune(config, options))
                .addEndpoint("coap://127.0.0.1:0").addEndpoint("coaps://127.0.0.1:0").build();
        var security = new InMemorySecurityStore();
        var configurations = new Configurations();
        LeshanBootstrapServer server = new LeshanBootstrapServerBuilder().setEndpointsProviders(endpoints)
                .setObjectModelProvider(new VersionedBootstrapModelProvider(Program.models(options.get("models"))))
                .setTaskProvider(new Plan(configurations))
                .setSecurityStore(new BootstrapSecurityStoreAdapter(security))
                .setCertificateChain(Handshakes.chain(certificates.resolve(identity + ".chain.pem")))
                .setPrivateKey(Handshakes.key(certificates.resolve(identity + ".key.der")))
                .setTrustedCertificates(Handshakes.chain(certificates.resolve("trusted.pem")))
                .build();
        var events = new Sessions();
        server.addListener(events);
        server.start();
        handshakes.attach(endpoints.getCoapServer(), events);
        ObjectNode ready = Json.object();
        endpoints.getCoapServer().getEndpoints().forEach(endpoint -> {
            endpoint.addInterceptor(events);
            ready.put(endpoint.getUri().getScheme(), endpoint.getAddress().getPort());
        });
        http.createContext("/event", events::stream);
        http.createContext("/", new BootstrapRest(configurations, security, handshakes));
        return ready;
    }
}
