import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
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

/** The frame of both programs: options, HTTP on a loopback port, and an end that does not depend on being asked nicely. */
final class Program {
    private Program() {}

    /** `--name value` pairs over the defaults. */
    static Map<String, String> options(String[] arguments, Map<String, String> defaults) {
        Map<String, String> options = new HashMap<>(Map.of("ack-ms", "400", "retransmissions", "10", "block", "512"));
        options.putAll(defaults);
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            options.put(arguments[i].replaceFirst("^--", ""), arguments[i + 1]);
        }
        return options;
    }

    static HttpServer http() throws IOException {
        HttpServer http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        http.setExecutor(Executors.newCachedThreadPool());
        return http;
    }

    /**
     * Says on one line of JSON where everything is, and ends when standard input does, so that it cannot outlive the test
     * that started it, however that test died.
     */
    static void serve(HttpServer http, ObjectNode ready) throws IOException {
        http.start();
        System.out.println(ready.put("http", http.getAddress().getPort()).put("leshan", version()));
        System.out.flush();
        while (System.in.read() >= 0) {
            continue;
        }
        Runtime.getRuntime().halt(0);
    }

    /**
     * Californium's defaults with few changes: bodies up to 64 KiB (its 8 KiB would stop a firmware push), a shorter but
     * more patient retransmission, so that a run over a lossy path neither takes minutes nor gives up; and DTLS.
     */
    static void tune(Configuration config, Map<String, String> options) {
        config.set(CoapConfig.MAX_RESOURCE_BODY_SIZE, 65536);
        config.set(CoapConfig.PREFERRED_BLOCK_SIZE, Integer.parseInt(options.get("block")));
        config.set(CoapConfig.MAX_MESSAGE_SIZE, Integer.parseInt(options.get("block")));
        config.set(CoapConfig.ACK_TIMEOUT, Long.parseLong(options.get("ack-ms")), TimeUnit.MILLISECONDS);
        config.set(CoapConfig.ACK_TIMEOUT_SCALE, 1.2f);
        config.set(CoapConfig.MAX_RETRANSMIT, Integer.parseInt(options.get("retransmissions")));
        Handshakes.tune(config);
    }

    /** Every version of the core objects that Leshan ships (0 to 7 and 21), and the test objects of our folder. */
    static List<ObjectModel> models(String folder) {
        List<ObjectModel> models = new ArrayList<>(ObjectLoader.loadAllDefault());
        if (folder != null) {
            models.addAll(ObjectLoader.loadObjectsFromDir(new File(folder), true));
        }
        return models;
    }

    /** The version as the JAR that is really on the class path names it. */
    private static String version() {
        String jar = new File(LwM2m.class.getProtectionDomain().getCodeSource().getLocation().getPath()).getName();
        return jar.replaceAll("^leshan-(lwm2m-)?core-|\\.jar$", "");
    }
}
