import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HexFormat;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.eclipse.californium.core.coap.CoAP;
import org.eclipse.californium.core.coap.EmptyMessage;
import org.eclipse.californium.core.coap.Message;
import org.eclipse.californium.core.coap.Request;
import org.eclipse.californium.core.coap.Response;
import org.eclipse.californium.core.network.interceptors.MessageInterceptor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens at one server, as Server-Sent Events; among it each CoAP message as Leshan itself encoded or decoded it
 * (event COAP), so that a test can ask what was on the wire.
 */
class Feed implements MessageInterceptor {
    static final Logger LOG = LoggerFactory.getLogger("bridge");
    /** Larger payloads are told by their size alone. */
    private static final int SHOWN = 2048;

    private final Collection<BlockingQueue<String>> readers = new CopyOnWriteArrayList<>();

    void emit(String name, String endpoint, ObjectNode data) {
        data.put("endpoint", endpoint).put("at", System.currentTimeMillis());
        String text = "event: " + name + "\ndata: " + data + "\n\n";
        readers.forEach(reader -> reader.add(text));
    }

    /** Holds the HTTP exchange open until the reader goes away; a comment line every few seconds finds that out. */
    void stream(HttpExchange exchange) throws IOException {
        BlockingQueue<String> queue = new LinkedBlockingQueue<>();
        readers.add(queue);
        exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
        exchange.sendResponseHeaders(200, 0);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(": open\n\n".getBytes(StandardCharsets.UTF_8));
            out.flush();
            while (true) {
                String text = queue.poll(5, TimeUnit.SECONDS);
                out.write((text == null ? ": idle\n\n" : text).getBytes(StandardCharsets.UTF_8));
                out.flush();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            readers.remove(queue);
        }
    }

    @Override
    public void sendRequest(Request request) {
        coap("out", CoAP.formatCode(request.getRawCode()), request);
    }

    @Override
    public void sendResponse(Response response) {
        coap("out", CoAP.formatCode(response.getRawCode()), response);
    }

    @Override
    public void sendEmptyMessage(EmptyMessage message) {
        coap("out", "0.00", message);
    }

    @Override
    public void receiveRequest(Request request) {
        coap("in", CoAP.formatCode(request.getRawCode()), request);
    }

    @Override
    public void receiveResponse(Response response) {
        coap("in", CoAP.formatCode(response.getRawCode()), response);
    }

    @Override
    public void receiveEmptyMessage(EmptyMessage message) {
        coap("in", "0.00", message);
    }

    private void coap(String way, String code, Message message) {
        var peer = "in".equals(way) ? message.getSourceContext() : message.getDestinationContext();
        ObjectNode data = Json.object().put("way", way).put("type", String.valueOf(message.getType())).put("code", code);
        data.put("mid", message.getMID()).put("token", message.getTokenString());
        data.put("peer", peer == null ? null : peer.getPeerAddress().getPort());
        data.put("options", message.getOptions().toString()).put("size", message.getPayloadSize());
        byte[] payload = message.getPayload();
        if (payload != null && payload.length <= SHOWN) {
            data.put("payload", HexFormat.of().formatHex(payload));
        }
        LOG.info("coap {}", data);
        emit("COAP", null, data);
    }
}
