/*
 * whimbrel_changed() from eight other threads, and from a signal handler in each of them and in the main one, while the main
 * thread polls and waits: none of the changes may get lost, and a sleeping client must wake. No sleep stands for
 * synchronisation here; the time limit of the runner is the only one. Runs under helgrind too.
 */
#define _POSIX_C_SOURCE 200809L /* signals, in strict C99 */
#include "harness.h"
#include "whimbrel_posix.h"
#include <pthread.h>
#include <signal.h>

/* The last counter is that of the signals. */
enum { THREADS = 8, SIGNALS = THREADS, COUNTERS = THREADS + 1, ROUNDS = 200 };

static struct bench bench;
static whimbrel_posix_t *posix;

/* One integer a thread. The guard is the application's: the engine calls read_counter() in the thread that polls. */
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t seen_more = PTHREAD_COND_INITIALIZER;
static int64_t counters[COUNTERS], seen[COUNTERS];
static int finished, signalled, lost;
static pthread_t threads[COUNTERS], main_thread;

static int32_t read_counter(void *context, whimbrel_call_t *call)
{
    const uint16_t which = whimbrel_call_path(call).instance;
    int64_t value;

    (void)context;
    pthread_mutex_lock(&guard);
    value = seen[which] = counters[which];
    pthread_cond_broadcast(&seen_more);
    pthread_mutex_unlock(&guard);
    return whimbrel_reply_integer(call, value);
}

static const whimbrel_resource_t resources[] = {
    { .id = 1, .data_type = WHIMBREL_INTEGER, .operations = WHIMBREL_READ, .read = read_counter },
};
static const whimbrel_object_t object = {
    .size = sizeof object,
    .id = 33001,
    .flags = WHIMBREL_INSTANCES,
    .resource_count = 1,
    .resources = resources,
};

/* Counts on, tells, and waits until the client has reported it. If a change got lost, this never ends. */
static void *count(void *argument)
{
    const uint16_t which = *(const uint16_t *)argument;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&guard);
        counters[which]++;
        pthread_mutex_unlock(&guard);
        whimbrel_changed(bench.client, WHIMBREL_INSTANCE(33001, which));
        pthread_mutex_lock(&guard);
        while (seen[which] != counters[which])
            pthread_cond_wait(&seen_more, &guard);
        pthread_mutex_unlock(&guard);
    }
    pthread_mutex_lock(&guard);
    /* whoever is signalled has to be there */
    while (!signalled)
        pthread_cond_wait(&seen_more, &guard);
    finished++;
    pthread_mutex_unlock(&guard);
    whimbrel_posix_wake(posix);
    return NULL;
}

static void tell(int number)
{
    (void)number;
    whimbrel_changed(bench.client, WHIMBREL_INSTANCE(33001, SIGNALS));
}

/* Counts on, has another thread told by a signal wherever it is, and waits until the client has reported it. */
static void *send_signals(void *argument)
{
    (void)argument;
    for (int i = 0; i < ROUNDS; i++) {
        const int whom = i % COUNTERS;
        pthread_mutex_lock(&guard);
        counters[SIGNALS]++;
        pthread_mutex_unlock(&guard);
        lost += pthread_kill(whom < THREADS ? threads[whom] : main_thread, SIGUSR1) != 0;
        pthread_mutex_lock(&guard);
        while (seen[SIGNALS] != counters[SIGNALS])
            pthread_cond_wait(&seen_more, &guard);
        pthread_mutex_unlock(&guard);
    }
    pthread_mutex_lock(&guard);
    signalled = 1;
    finished++;
    pthread_cond_broadcast(&seen_more);
    pthread_mutex_unlock(&guard);
    whimbrel_posix_wake(posix);
    return NULL;
}

/* How often the main thread is still to be interrupted while it holds the lock. Of that thread alone. */
static volatile sig_atomic_t interruptions;

/* The lock and the wake of the POSIX port around the links of the bench. */
static uint32_t lock(void *context)
{
    const whimbrel_port_t *port = whimbrel_posix_port(posix);
    const uint32_t state = port->lock(port->context);

    (void)context;
    if (pthread_equal(pthread_self(), main_thread) && interruptions > 0) {
        interruptions--;
        raise(SIGUSR1); /* a handler that ran now would wait for this thread */
    }
    return state;
}

static void unlock(void *context, uint32_t state)
{
    const whimbrel_port_t *port = whimbrel_posix_port(posix);
    (void)context;
    port->unlock(port->context, state);
}

static void wake(void *context)
{
    (void)context;
    whimbrel_posix_wake(posix);
}

static uint64_t now(void *context)
{
    (void)context;
    return whimbrel_posix_now();
}

static void begin(void)
{
    static uint64_t memory[4096];
    const whimbrel_limits_t limits = { .size = sizeof limits, .instances = 16, .observations = COUNTERS };
    whimbrel_config_t config = bench_config(&bench);
    whimbrel_port_t port = bench_port(&bench);

    config.limits = &limits;
    port.now = now;
    port.lock = lock;
    port.unlock = unlock;
    port.wake = wake;
    EQUAL(WHIMBREL_OK, whimbrel_client_init(memory, sizeof memory, &config, &port, &bench.client));
    EQUAL(WHIMBREL_OK, whimbrel_object_add(bench.client, &object, NULL));
    for (uint16_t i = 0; i < COUNTERS; i++)
        EQUAL(WHIMBREL_OK, whimbrel_instance_add(bench.client, 33001, i, NULL));
    EQUAL(WHIMBREL_OK, add_server(&bench, 1));
    after(&bench, 0);
    answer(&bench, 0, 0x41);
    EQUAL(1, whimbrel_account_registered(bench.client, 1));
    for (uint16_t i = 0; i < COUNTERS; i++) {
        char path[16];
        struct extras extras = plain;
        extras.observe = 0;
        snprintf(path, sizeof path, "33001/%u/1", i);
        EQUAL(CONTENT, ask_with(&bench, GET, path, "", 0, extras));
    }
}

int main(void)
{
    struct sigaction action;
    uint16_t which[THREADS];
    uint64_t next = 0;
    int running = 1;

    EQUAL(WHIMBREL_OK, whimbrel_posix_open(&posix));
    begin();
    memset(&action, 0, sizeof action);
    action.sa_handler = tell;
    EQUAL(0, sigaction(SIGUSR1, &action, NULL));
    main_thread = pthread_self();
    interruptions = 20;
    for (uint16_t i = 0; i < THREADS; i++) {
        which[i] = i;
        EQUAL(0, pthread_create(&threads[i], NULL, count, &which[i]));
    }
    EQUAL(0, pthread_create(&threads[SIGNALS], NULL, send_signals, NULL));
    while (running) {
        EQUAL(WHIMBREL_OK, whimbrel_client_poll(bench.client, &next));
        EQUAL(0, whimbrel_posix_wait(posix, next, -1));
        pthread_mutex_lock(&guard);
        running = finished < COUNTERS;
        pthread_mutex_unlock(&guard);
    }
    for (int i = 0; i < COUNTERS; i++) {
        pthread_join(threads[i], NULL);
        EQUAL(ROUNDS, seen[i]);
    }
    EQUAL(0, lost);
    EQUAL(0, interruptions);
    EQUAL(WHIMBREL_OK, whimbrel_client_end(bench.client));
    whimbrel_posix_close(posix);
    return verdict("threads");
}
