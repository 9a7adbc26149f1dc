import java.util.ArrayList;
import java.util.List;
import org.eclipse.leshan.core.response.LwM2mResponse;
import org.eclipse.leshan.server.bootstrap.BootstrapConfigStoreTaskProvider;
import org.eclipse.leshan.server.bootstrap.BootstrapSession;

/** Leshan's own order of requests (Discover where it needs one, deletes, then 0, 1 and 2), and behind it the test's. */
final class Plan extends BootstrapConfigStoreTaskProvider {
    private final Configurations configurations;

    Plan(Configurations configurations) {
        super(configurations);
        this.configurations = configurations;
    }

    @Override
    public Tasks getTasks(BootstrapSession session, List<LwM2mResponse> previous) {
        Tasks tasks = super.getTasks(session, previous);
        if (tasks != null && tasks.last) {
            tasks.requestsToSend = new ArrayList<>(tasks.requestsToSend);
            tasks.requestsToSend.addAll(configurations.then(session));
            // Leshan takes along the definitions of 0, 1 and 2 only
            tasks.supportedObjects.put(3, "1.0");
            tasks.supportedObjects.put(26241, "1.0");
        }
        return tasks;
    }
}
