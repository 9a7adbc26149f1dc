import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.californium.core.CoapServer;
import org.eclipse.californium.core.network.CoapEndpoint;
import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.scandium.DTLSConnector;
import org.eclipse.californium.scandium.config.DtlsConfig;
import org.eclipse.californium.scandium.dtls.CertificateType;
import org.eclipse.californium.scandium.dtls.DTLSContext;
import org.eclipse.californium.scandium.dtls.HandshakeException;
import org.eclipse.californium.scandium.dtls.Handshaker;
import org.eclipse.californium.scandium.dtls.SessionAdapter;
import org.eclipse.californium.scandium.dtls.cipher.CipherSuite;

/**
 * How the secured endpoints of a server are set up, and an account of their handshakes (event HANDSHAKE, GET /dtls), so
 * that a test can say that there was none.
 */
class Handshakes extends SessionAdapter {
    /** What a client may choose from: the suites of TS 1.0 section 7.1, and what 1.1 adds where both ends have it. */
    private static final CipherSuite[] SUITES = {
        CipherSuite.TLS_PSK_WITH_AES_128_CCM_8, CipherSuite.TLS_PSK_WITH_AES_128_CBC_SHA256,
        CipherSuite.TLS_PSK_WITH_AES_128_CCM, CipherSuite.TLS_PSK_WITH_AES_128_GCM_SHA256,
        CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
        CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CCM, CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    };

    private final AtomicInteger full = new AtomicInteger();
    private final AtomicInteger resumed = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();
    private volatile Feed feed;
    private volatile List<DTLSConnector> connectors = List.of();

    static void tune(Configuration config) {
        // as a client it would want its certificates to be for clients too
        config.set(DtlsConfig.DTLS_ROLE, DtlsConfig.DtlsRole.SERVER_ONLY);
        config.set(DtlsConfig.DTLS_CONNECTION_ID_LENGTH, 6);
        config.set(DtlsConfig.DTLS_RECOMMENDED_CIPHER_SUITES_ONLY, false);
        config.setAsList(DtlsConfig.DTLS_CIPHER_SUITES, SUITES);
        config.set(DtlsConfig.DTLS_RETRANSMISSION_TIMEOUT, 400, TimeUnit.MILLISECONDS);
        config.set(DtlsConfig.DTLS_CONNECTOR_THREAD_COUNT, 2);
        config.set(DtlsConfig.DTLS_RECEIVER_THREAD_COUNT, 1);
        config.setAsList(DtlsConfig.DTLS_CERTIFICATE_TYPES, CertificateType.X_509, CertificateType.RAW_PUBLIC_KEY);
    }

    static X509Certificate[] chain(Path file) throws IOException, GeneralSecurityException {
        try (InputStream in = new FileInputStream(file.toFile())) {
            return CertificateFactory.getInstance("X.509").generateCertificates(in).toArray(X509Certificate[]::new);
        }
    }

    /** From a file in PKCS #8. */
    static PrivateKey key(Path file) throws IOException, GeneralSecurityException {
        return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(file)));
    }

    void attach(CoapServer server, Feed to) {
        feed = to;
        connectors = server.getEndpoints().stream()
                .map(endpoint -> ((CoapEndpoint) endpoint).getConnector())
                .filter(DTLSConnector.class::isInstance).map(DTLSConnector.class::cast).toList();
    }

    /** As a server does that was restarted: no connection, no session, and nobody is told. */
    void forget() {
        connectors.forEach(DTLSConnector::clearConnectionState);
    }

    ObjectNode counts() {
        return Json.object().put("full", full.get()).put("resumed", resumed.get()).put("failed", failed.get());
    }

    @Override
    public void contextEstablished(Handshaker handshaker, DTLSContext context) throws HandshakeException {
        (handshaker.isFullHandshake() ? full : resumed).incrementAndGet();
        var session = context.getSession();
        ObjectNode data = tell(handshaker, "established").put("suite", session.getCipherSuite().name());
        data.put("code", session.getCipherSuite().getCode());
        // the server reads by its own Connection ID only if both sides agreed
        data.put("cid", context.getReadConnectionId() != null && handshaker.supportsConnectionId());
        data.put("identity", session.getPeerIdentity() == null ? null : session.getPeerIdentity().getName());
        emit(data);
    }

    @Override
    public void handshakeFailed(Handshaker handshaker, Throwable error) {
        failed.incrementAndGet();
        ObjectNode data = tell(handshaker, "failed").put("error", String.valueOf(error));
        if (error instanceof HandshakeException refused && refused.getAlert() != null) {
            data.put("alert", refused.getAlert().getDescription().getCode());
        }
        emit(data);
    }

    private static ObjectNode tell(Handshaker handshaker, String what) {
        return Json.object().put("what", what).put("full", handshaker.isFullHandshake())
                .put("peer", handshaker.getPeerAddress().getPort());
    }

    private void emit(ObjectNode data) {
        Feed.LOG.info("handshake {}", data);
        feed.emit("HANDSHAKE", null, data);
    }
}
