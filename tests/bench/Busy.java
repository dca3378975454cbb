// SPDX-License-Identifier: ISC
// A server that has to be compiled while it runs before it is quick.
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.util.TreeMap;
import java.util.concurrent.Executors;

public class Busy {
	static String answer(String query) {
		TreeMap<String, Integer> words = new TreeMap<>();
		StringBuilder text = new StringBuilder();

		for (int i = 0; i < 300; i++) {
			String word = Integer.toString(
			    (i * 7919 + query.length()) % 97, 7);
			words.merge(word, 1, Integer::sum);
		}
		words.forEach((word, n) -> text.append(
		    String.format("%s=%d;", word, n)));
		return text.toString();
	}

	public static void main(String[] arguments) throws Exception {
		HttpServer server = HttpServer.create(new InetSocketAddress(
		    "127.0.0.1", Integer.parseInt(arguments[0])), 1024);

		server.createContext("/", exchange -> {
			byte[] body = answer(
			    exchange.getRequestURI().toString()).getBytes();
			exchange.getResponseHeaders().add("X-Version", "java");
			exchange.sendResponseHeaders(200, body.length);
			exchange.getResponseBody().write(body);
			exchange.close();
		});
		server.setExecutor(Executors.newFixedThreadPool(4));
		server.start();
	}
}
