import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import org.eclipse.californium.scandium.config.DtlsConnectorConfig;
import org.eclipse.californium.scandium.dtls.CertificateType;
import org.eclipse.californium.scandium.dtls.x509.SingleCertificateProvider;
import org.eclipse.leshan.core.endpoint.DefaultEndPointUriHandler;
import org.eclipse.leshan.transport.californium.server.endpoint.CaliforniumServerEndpointsProvider;
import org.eclipse.leshan.transport.californium.server.endpoint.coaps.CoapsServerEndpointFactory;

/** The secured side of one Leshan server: endpoints that differ only in the certificate that they show. */
final class Dtls extends Handshakes {
    private final Path folder;

    /** In `folder`: NAME.chain.pem, the leaf first, and NAME.key.der (PKCS #8) for each name. */
    Dtls(Path folder) {
        this.folder = folder;
    }

    void addEndpoint(CaliforniumServerEndpointsProvider.Builder to, String name) throws Exception {
        X509Certificate[] chain = chain(folder.resolve(name + ".chain.pem"));
        PrivateKey key = key(folder.resolve(name + ".key.der"));
        var identity = new SingleCertificateProvider(key, chain, CertificateType.X_509, CertificateType.RAW_PUBLIC_KEY);
        // a pair that does not fit would be a fault of the test, and the expired one is to be shown all the same
        identity.setVerifyKeyPair(false);
        var uris = new DefaultEndPointUriHandler();
        to.addEndpoint(new CoapsServerEndpointFactory(uris.createUri("coaps://127.0.0.1:0"), name, null,
                (DtlsConnectorConfig.Builder config) -> config.setCertificateIdentityProvider(identity)
                        .setSessionListener(this),
                null, uris));
    }
}
