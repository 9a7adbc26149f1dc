import java.util.HexFormat;
import java.util.Map;
import org.eclipse.leshan.server.security.InMemorySecurityStore;
import org.eclipse.leshan.server.security.SecurityInfo;

/**
 * The bootstrap server over HTTP: PUT /configurations/EP has what the endpoint is given (see Configurations), with
 * ?unchecked=true also what Leshan would not accept, DELETE /configurations/EP takes it away; PUT
 * /security/EP?identity=I&key=HEX and PUT /security/EP (a certificate whose CN is EP) say who it has to prove to be, DELETE
 * /security/EP that it need not; GET and DELETE /dtls as those of the server. 400 with Leshan's own word for a
 * configuration that it refuses.
 */
final class BootstrapRest extends Web {
    private final Configurations configurations;
    private final InMemorySecurityStore security;

    BootstrapRest(Configurations configurations, InMemorySecurityStore security, Handshakes handshakes) {
        super(handshakes, "");
        this.configurations = configurations;
        this.security = security;
    }

    @Override
    Answer route(String method, String[] path, Map<String, String> query, String text) throws Exception {
        boolean gone = method.equals("DELETE");
        switch (path[0]) {
            case "configurations" -> {
                if (gone) {
                    configurations.remove(path[1]);
                } else {
                    configurations.put(path[1], Json.MAPPER.readTree(text), "true".equals(query.get("unchecked")));
                }
            }
            case "security" -> {
                if (gone) {
                    security.remove(path[1], true);
                } else {
                    security.add(identity(path[1], query));
                }
            }
            default -> {
                return nothing("NoSuchResource");
            }
        }
        return new Answer(200, Json.object());
    }

    private static SecurityInfo identity(String endpoint, Map<String, String> query) {
        return query.containsKey("key")
                ? SecurityInfo.newPreSharedKeyInfo(endpoint, query.get("identity"),
                        HexFormat.of().parseHex(query.get("key")))
                : SecurityInfo.newX509CertInfo(endpoint);
    }
}
