// A receiver of webhooks in Java 17 with nothing but the JDK: SECRET=whsec_… PORT=9000 java Receiver.java
// With PUBLIC_KEY=whpk_… in place of SECRET it verifies signatures of the scheme v1a. `com.svix:svix` verifies v1 as well.

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.EdECPoint;
import java.security.spec.EdECPublicKeySpec;
import java.security.spec.NamedParameterSpec;
import java.util.Base64;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Receiver {
    static final long TOLERANCE_SECONDS = 300;
    static final Set<String> SEEN = ConcurrentHashMap.newKeySet(); // in production: a table keyed by the event's id
    static final LinkedBlockingQueue<byte[]> WORK = new LinkedBlockingQueue<>(); // in production: a lasting queue

    public static void main(String[] arguments) throws IOException {
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(System.getenv("PORT"))), 0);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.createContext("/", exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes();
            exchange.sendResponseHeaders(receive(exchange.getRequestHeaders(), body), -1);
            exchange.close();
        });
        server.start();
        System.out.println("listening");
    }

    static int receive(Headers headers, byte[] body) {
        try {
            if (!verified(headers, body)) return 401;
        } catch (GeneralSecurityException | RuntimeException malformed) {
            return 401;
        }
        if (SEEN.add(headers.getFirst("webhook-id"))) { // deliveries are at least once
            WORK.add(body); // parsed and worked on afterwards; what you do not know, you ignore there
        }
        return 204;
    }

    static boolean verified(Headers headers, byte[] body) throws GeneralSecurityException {
        String id = headers.getFirst("webhook-id"), sentAt = headers.getFirst("webhook-timestamp");
        long age = System.currentTimeMillis() / 1000 - Long.parseLong(sentAt);
        if (Math.abs(age) > TOLERANCE_SECONDS) return false;
        byte[] head = (id + "." + sentAt + ".").getBytes(StandardCharsets.UTF_8);
        for (String signature : headers.getFirst("webhook-signature").split(" ")) {
            String[] parts = signature.split(",", 2);
            if (parts.length == 2 && matches(parts[0], Base64.getDecoder().decode(parts[1]), head, body)) return true;
        }
        return false;
    }

    static boolean matches(String scheme, byte[] signature, byte[] head, byte[] body) throws GeneralSecurityException {
        String secret = System.getenv("SECRET"), publicKey = System.getenv("PUBLIC_KEY");
        if (scheme.equals("v1") && secret != null) {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret.replaceFirst("^whsec_", "")), "HmacSHA256"));
            mac.update(head);
            return MessageDigest.isEqual(mac.doFinal(body), signature); // in constant time
        }
        if (scheme.equals("v1a") && publicKey != null) {
            Signature verifier = Signature.getInstance("Ed25519");
            verifier.initVerify(readPublicKey(publicKey));
            verifier.update(head);
            verifier.update(body);
            return verifier.verify(signature);
        }
        return false;
    }

    static PublicKey readPublicKey(String text) throws GeneralSecurityException {
        byte[] raw = Base64.getDecoder().decode(text.replaceFirst("^whpk_", ""));
        boolean odd = (raw[31] & 0x80) != 0; // RFC 8032 5.1.2: little-endian y, the sign of x in the last bit
        raw[31] &= 0x7f;
        byte[] bigEndian = new byte[32];
        for (int i = 0; i < 32; i++) bigEndian[i] = raw[31 - i];
        var point = new EdECPoint(odd, new BigInteger(1, bigEndian));
        return KeyFactory.getInstance("Ed25519").generatePublic(new EdECPublicKeySpec(NamedParameterSpec.ED25519, point));
    }
}
