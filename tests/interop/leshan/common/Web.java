import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** One server over HTTP: a subclass says what its paths do; GET and DELETE /dtls are everybody's. */
abstract class Web implements HttpHandler {
    record Answer(int status, JsonNode body) {}

    private final Handshakes handshakes;
    private final String prefix;

    Web(Handshakes handshakes, String prefix) {
        this.handshakes = handshakes;
        this.prefix = prefix;
    }

    /** `path` has the parts after the prefix, `text` is the body. What is thrown becomes a 400. */
    abstract Answer route(String method, String[] path, Map<String, String> query, String text) throws Exception;

    @Override
    public void handle(HttpExchange exchange) throws IOException {
        Answer answer;
        try {
            String method = exchange.getRequestMethod();
            String[] path = exchange.getRequestURI().getPath().substring(prefix.length() + 1).split("/");
            String text = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            answer = path[0].equals("dtls") ? dtls(method)
                    : route(method, path, query(exchange.getRequestURI().getRawQuery()), text);
        } catch (Exception e) {
            Feed.LOG.info("refused", e);
            answer = failure(400, e);
        }
        byte[] body = answer.body.toString().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(answer.status, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private Answer dtls(String method) {
        if (method.equals("DELETE")) {
            handshakes.forget();
        }
        return new Answer(200, handshakes.counts());
    }

    private static Map<String, String> query(String raw) {
        Map<String, String> out = new HashMap<>();
        for (String pair : raw == null ? new String[0] : raw.split("&")) {
            String[] parts = pair.split("=", 2);
            out.put(parts[0], parts.length < 2 ? "" : URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
        }
        return out;
    }

    static Answer failure(int status, Exception error) {
        return new Answer(status, Json.object().put("error", error.getClass().getSimpleName())
                .put("message", String.valueOf(error.getMessage())));
    }

    static Answer nothing(String what) {
        return new Answer(404, Json.object().put("error", what));
    }
}
